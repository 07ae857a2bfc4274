#include "polder/eigen.h"

#include <inttypes.h>
#include <math.h>

#include "base/alloc.h"
#include "linalg/lapack.h"
#include "linalg/share.h"
#include "linalg/small.h"
#include "mesh/block.h"
#include "mesh/field.h"
#include "move/plan_boxes.h"
#include "move/transport.h"
#include "polder/agree.h"

/* The whole matrix on rank 0, column by column. */
struct whole {
    pld_ctx *ctx;
    int64_t n;
    char *memory;
    void *values; /* as LAPACK gives them */
};

enum { ROOT = 0 };

static bool is_root(const struct whole *whole)
{
    return whole->ctx->rank == ROOT;
}

/* --- Checks --------------------------------------------------------------- */

static pld_status check_matrix(const pld_field *a, const char *name)
{
    PLD_TRY(pld_field_check(a, name));
    PLD_CHECK(a->grid->ndims == 2 && a->ncomps == 1, PLD_ERR_SHAPE,
              "%s: field \"%s\" has %d dimensions and %d components, but a "
              "matrix has 2 and 1",
              name, a->name, a->grid->ndims, a->ncomps);
    pld_box all = pld_field_domain(a);
    PLD_CHECK(all.count[0] == all.count[1], PLD_ERR_SHAPE,
              "%s is %" PRId64 " x %" PRId64 ": it must be square", name,
              all.count[0], all.count[1]);
    PLD_CHECK(all.count[0] <= PLD_EIGEN_MOST_ROWS, PLD_ERR_OVERFLOW,
              "%s has %" PRId64 " rows: all eigenvalues are found on one rank, "
              "of at most %d; for a few of them take pld_eigen_few()",
              name, all.count[0], PLD_EIGEN_MOST_ROWS);
    PLD_CHECK(a->type == PLD_F64 || a->type == PLD_F32 || a->type == PLD_C128,
              PLD_ERR_TYPE, "%s is %s, but matrices are f64, f32 or c128", name,
              pld_type_name(a->type));
    return PLD_OK;
}

static pld_status check(const pld_field *a, const double *values,
                        const pld_field *vectors)
{
    PLD_TRY(check_matrix(a, "a"));
    PLD_TRY(pld_small_check(values, "values"));
    if (vectors == NULL)
        return PLD_OK;
    PLD_TRY(check_matrix(vectors, "vectors"));
    PLD_CHECK(vectors->type == a->type, PLD_ERR_TYPE,
              "vectors is %s, but a is %s", pld_type_name(vectors->type),
              pld_type_name(a->type));
    PLD_CHECK(pld_box_equal(pld_field_domain(vectors), pld_field_domain(a)),
              PLD_ERR_SHAPE, "vectors has not the size of a");
    PLD_CHECK(vectors->grid->ctx == a->grid->ctx, PLD_ERR_ARG,
              "vectors is of another context than a");
    return PLD_OK;
}

/* --- Between a field and the root ----------------------------------------- */

static pld_status make_plan(const struct whole *whole, const pld_field *field,
                            struct pld_plan *out)
{
    pld_box all = pld_field_domain(field);
    const struct pld_ask ask = {.rank = ROOT, .nboxes = 1, .boxes = &all};
    struct pld_plan_boxes what = {
        .element = {.ncomps = 1, .size = pld_type_size(field->type)},
        .nasks = 1,
        .asks = &ask};
    for (int d = 0; d < PLD_MAXDIM; d++)
        what.holds[d] = (struct pld_parts){.nparts = field->grid->nprocs[d],
                                           .cuts = field->grid->cuts[d],
                                           .size = all.count[d]};
    return pld_plan_create_boxes(&what, whole->ctx->rank, out);
}

static struct pld_block columns_of(const struct whole *whole,
                                   const pld_field *field)
{
    int64_t size = (int64_t)pld_type_size(field->type);
    struct pld_block block = pld_field_block(field);
    if (!is_root(whole))
        return block;
    block.data = whole->memory;
    block.stride[0] = size;
    block.stride[1] = whole->n * size;
    return block;
}

/* To the root, or back: what it received it sends. */
static pld_status make_transport(const struct whole *whole,
                                 const pld_field *field, bool back,
                                 struct pld_transport **out)
{
    struct pld_plan plan;
    struct pld_block columns = columns_of(whole, field);
    struct pld_block own = pld_field_block(field);
    const struct pld_transport_item item = {.from = back ? columns : own,
                                            .to = back ? own : columns};
    PLD_TRY(make_plan(whole, field, &plan));
    if (back) {
        struct pld_transfers sends = plan.sends;
        plan.sends = plan.receives;
        plan.receives = sends;
    }
    pld_status status = pld_transport_create(
        whole->ctx, pld_ctx_tag(whole->ctx), &plan, &item, out);
    pld_plan_destroy(&plan);
    return status;
}

static pld_status move(const struct whole *whole, const pld_field *field,
                       bool back)
{
    pld_status status = PLD_OK;
    struct pld_transport *transport = NULL;
    PLD_TRY_TO(out, pld_agree(whole->ctx,
                              make_transport(whole, field, back, &transport)));
    PLD_TRY_TO(out, pld_transport_connect(transport));
    status = pld_transport_begin(transport);
    if (status == PLD_OK)
        status = pld_transport_end(transport);
    status = pld_agree(whole->ctx, status);
out:;
    pld_status second = pld_transport_destroy(&transport);
    return status == PLD_OK ? second : status;
}

/* --- All of it ------------------------------------------------------------ */

static pld_status prepare(const pld_field *a, struct whole *out)
{
    out->n = pld_field_domain(a).count[0];
    PLD_TRY(pld_alloc("eigenvalues", out->n, sizeof(double), &out->values));
    if (is_root(out))
        PLD_TRY(pld_alloc("the whole of a matrix", out->n * out->n,
                          pld_type_size(a->type), &out->memory));
    return PLD_OK;
}

/* LAPACK may not come back from a NaN. */
static pld_status check_numbers(const struct whole *whole, pld_type type)
{
    int64_t parts = type == PLD_C128 ? 2 : 1;
    pld_type real = type == PLD_F32 ? PLD_F32 : PLD_F64;
    for (int64_t j = 0; j < whole->n; j++)
        for (int64_t i = j * parts; i < whole->n * parts; i++)
            PLD_CHECK(isfinite(pld_small_real(real, whole->memory,
                                              j * whole->n * parts + i)),
                      PLD_ERR_ARG,
                      "a: element (%" PRId64 ", %" PRId64 ") is not finite",
                      i / parts, j);
    return PLD_OK;
}

static pld_status solve(struct whole *whole, pld_type type, bool with_vectors)
{
    PLD_TRY(check_numbers(whole, type));
    return pld_lapack_syevd(type, with_vectors ? 'V' : 'N', 'L', whole->n,
                            whole->memory, whole->n, whole->values);
}

static pld_status run(pld_field *a, pld_field *vectors, struct whole *whole)
{
    pld_type type = a->type;
    PLD_TRY(move(whole, a, false));
    PLD_TRY(pld_agree(whole->ctx, is_root(whole)
                                      ? solve(whole, type, vectors != NULL)
                                      : PLD_OK));
    PLD_TRY(pld_share(whole->ctx, whole->values,
                      whole->n * (int64_t)sizeof(double), ROOT));
    if (vectors == NULL)
        return PLD_OK;
    PLD_TRY(move(whole, vectors, true));
    return pld_field_touch(vectors);
}

pld_status pld_matrix_eigen(pld_field *a, double *values, pld_field *vectors)
{
    pld_status status = PLD_OK;
    struct whole whole = {.memory = NULL};
    PLD_TRY(pld_field_check(a, "a"));
    whole.ctx = a->grid->ctx;
    PLD_TRY_TO(out, pld_agree(whole.ctx, check(a, values, vectors)));
    PLD_TRY_TO(out, pld_agree(whole.ctx, prepare(a, &whole)));
    PLD_TRY_TO(out, run(a, vectors, &whole));
    for (int64_t i = 0; i < whole.n; i++)
        values[i] = pld_small_real(a->type == PLD_F32 ? PLD_F32 : PLD_F64,
                                   whole.values, i);
out:
    pld_free(whole.memory);
    pld_free(whole.values);
    return status;
}
