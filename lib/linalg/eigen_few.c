#include "polder/eigen.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "linalg/lapack.h"
#include "linalg/share.h"
#include "linalg/small.h"
#include "linalg/tall.h"
#include "mesh/block.h"
#include "polder/agree.h"
#include "polder/random.h"

/* The space in which the next block is sought: the block, its residuals after
 * preconditioning, and its last steps; and A applied to each. */
enum { BLOCK, RESIDUAL, STEP, NPARTS };

struct search {
    const pld_eigen_spec *spec;
    pld_ctx *ctx;
    pld_type type;
    int m;       /* vectors of the block */
    int all;     /* of the space */
    size_t size; /* of an element */
    pld_field *space[NPARTS];
    pld_field *images[NPARTS];
    double *values;  /* of the block, the outermost first */
    double *lengths; /* of its residuals */
    double largest;  /* absolute value of any in the space */
    char *projected; /* all x all: S^H A S, then its eigenvectors by rows */
    char *mix;       /* all x all: the next block and steps, from the space */
    void *spectrum;
    int64_t napplied;
};

static pld_tall whole_of(pld_field *const *parts)
{
    return (pld_tall){.nfields = NPARTS, .fields = parts};
}

/* --- Checks --------------------------------------------------------------- */

static pld_status check_fields(const pld_eigen_spec *spec)
{
    const pld_field *x = spec->x;
    const pld_field *y = spec->y;
    PLD_TRY(pld_field_check(x, "spec->x"));
    PLD_TRY(pld_field_check(y, "spec->y"));
    PLD_CHECK(x != y, PLD_ERR_ARG, "spec->x and spec->y are the same field");
    PLD_CHECK(x->grid == y->grid, PLD_ERR_ARG,
              "spec->x and spec->y live on different grids");
    PLD_CHECK(x->type == y->type && (x->type == PLD_F64 || x->type == PLD_F32 ||
                                     x->type == PLD_C128),
              PLD_ERR_TYPE,
              "spec->x is %s and spec->y %s: both must be f64, f32 or c128",
              pld_type_name(x->type), pld_type_name(y->type));
    PLD_CHECK(x->ncomps == 1 && y->ncomps == 1, PLD_ERR_SHAPE,
              "spec->x and spec->y have %d and %d components: they must have 1",
              x->ncomps, y->ncomps);
    for (int d = 0; d < PLD_MAXDIM; d++)
        PLD_CHECK(x->node[d] == y->node[d], PLD_ERR_SHAPE,
                  "spec->x and spec->y are staggered otherwise");
    return PLD_OK;
}

static pld_status check_vectors(const pld_eigen_spec *spec,
                                const pld_field *vectors)
{
    PLD_TRY(pld_field_check(vectors, "vectors"));
    PLD_CHECK(
        vectors->grid == spec->x->grid && vectors->type == spec->x->type &&
            memcmp(vectors->node, spec->x->node, sizeof vectors->node) == 0,
        PLD_ERR_SHAPE,
        "vectors is not of the grid, type and stagger of spec->x");
    PLD_CHECK(vectors->ncomps == spec->npairs, PLD_ERR_SHAPE,
              "vectors has %d components, but spec->npairs is %d",
              vectors->ncomps, spec->npairs);
    return PLD_OK;
}

static pld_status check_numbers(const pld_eigen_spec *spec)
{
    PLD_CHECK(spec->npairs > 0, PLD_ERR_ARG,
              "spec->npairs is %d: it must be at least 1", spec->npairs);
    PLD_CHECK(spec->nguards >= 0 && spec->most_steps >= 0 &&
                  spec->tolerance >= 0,
              PLD_ERR_ARG,
              "spec->nguards is %d, most_steps %d, tolerance %g: none may be "
              "negative",
              spec->nguards, spec->most_steps, spec->tolerance);
    PLD_CHECK(spec->apply != NULL, PLD_ERR_ARG, "spec->apply is NULL");
    return PLD_OK;
}

static int block_of(const pld_eigen_spec *spec)
{
    int chosen = spec->npairs / 4 + 2;
    return spec->npairs + (spec->nguards > 0 ? spec->nguards : chosen);
}

static pld_status check(const pld_eigen_spec *spec, const double *values,
                        const pld_field *vectors)
{
    PLD_TRY(check_fields(spec));
    PLD_TRY(check_numbers(spec));
    PLD_TRY(pld_small_check(values, "values"));
    PLD_TRY(check_vectors(spec, vectors));
    int64_t npoints = pld_box_volume(pld_field_domain(spec->x));
    int64_t least = NPARTS * (int64_t)block_of(spec);
    PLD_CHECK(npoints >= least, PLD_ERR_SHAPE,
              "spec->x has %" PRId64 " points, but %d pairs and %d guards need "
              "%" PRId64 ": take pld_matrix_eigen()",
              npoints, spec->npairs, block_of(spec) - spec->npairs, least);
    return PLD_OK;
}

/* --- Setting up ----------------------------------------------------------- */

static pld_status make_arrays(struct search *search)
{
    int64_t square = (int64_t)search->all * search->all;
    PLD_TRY(pld_alloc("eigenvalues", search->m, sizeof *search->values,
                      &search->values));
    PLD_TRY(pld_alloc("residuals", search->m, sizeof *search->lengths,
                      &search->lengths));
    PLD_TRY(
        pld_alloc("spectrum", search->all, sizeof(double), &search->spectrum));
    PLD_TRY(pld_alloc("projected matrix", square, search->size,
                      &search->projected));
    return pld_alloc("mixing matrix", square, search->size, &search->mix);
}

static pld_status make_fields(struct search *search)
{
    const pld_field *x = search->spec->x;
    pld_field_spec spec = {
        .name = "eigen", .type = search->type, .ncomps = search->m};
    memcpy(spec.node, x->node, sizeof spec.node);
    for (int d = 0; d < x->grid->ndims; d++)
        spec.order[d] = x->order[d];
    for (int i = 0; i < NPARTS; i++) {
        PLD_TRY(pld_field_create(x->grid, &spec, &search->space[i]));
        PLD_TRY(pld_field_create(x->grid, &spec, &search->images[i]));
    }
    return PLD_OK;
}

static pld_status release(struct search *search, pld_status status)
{
    for (int i = 0; i < NPARTS; i++) {
        pld_status first = pld_field_destroy(&search->space[i]);
        pld_status second = pld_field_destroy(&search->images[i]);
        status = status == PLD_OK ? first : status;
        status = status == PLD_OK ? second : status;
    }
    pld_free(search->mix);
    pld_free(search->projected);
    pld_free(search->spectrum);
    pld_free(search->lengths);
    pld_free(search->values);
    return status;
}

/* Random vectors: a function of seed and global index. */
struct start {
    const struct search *search;
    int part;
};

static void start_point(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    const struct start *start = data;
    const struct search *search = start->search;
    pld_box all = pld_field_domain(search->spec->x);
    uint64_t point =
        (uint64_t)((at[0] * all.count[1] + at[1]) * all.count[2] + at[2]);
    for (int i = 0; i < search->m; i++) {
        const pld_random random = {.seed = search->spec->seed,
                                   .stream =
                                       (uint64_t)(start->part * search->m + i)};
        double number[2] = {pld_random_uniform(random, 2 * point) - 0.5,
                            pld_random_uniform(random, 2 * point + 1) - 0.5};
        if (search->type == PLD_F32)
            ((float *)value)[i] = (float)number[0];
        else
            memcpy((char *)value + (size_t)i * search->size, number,
                   search->size);
    }
}

static pld_status start_at_random(const struct search *search)
{
    for (int part = 0; part < NPARTS; part++) {
        struct start start = {search, part};
        PLD_TRY(pld_field_fill(search->space[part], start_point, &start));
    }
    return PLD_OK;
}

/* --- Applying what the caller gave ---------------------------------------- */

static const int64_t unmoved[PLD_MAXDIM];

static void copy(const pld_field *from, int from_comp, pld_field *to,
                 int to_comp)
{
    struct pld_block source =
        pld_block_components(pld_field_block(from), from_comp, 1);
    struct pld_block target =
        pld_block_components(pld_field_block(to), to_comp, 1);
    if (!pld_box_empty(from->owned))
        pld_block_copy(&source, from->owned, &target, unmoved);
}

/* Component j of `to` = the function applied to that of `from`. */
static pld_status apply_one(struct search *search, pld_eigen_apply *function,
                            const pld_field *from, int j, pld_field *to)
{
    const pld_eigen_spec *spec = search->spec;
    copy(from, j, spec->x, 0);
    pld_status status = pld_field_touch(spec->x);
    if (status == PLD_OK)
        status = function(spec->data);
    PLD_TRY(pld_agree(search->ctx, status));
    copy(spec->y, 0, to, j);
    return PLD_OK;
}

static pld_status apply_to(struct search *search, int part)
{
    for (int j = 0; j < search->m; j++)
        PLD_TRY(apply_one(search, search->spec->apply, search->space[part], j,
                          search->images[part]));
    search->napplied += search->m;
    return PLD_OK;
}

static pld_status precondition(struct search *search)
{
    pld_field *residual = search->space[RESIDUAL];
    for (int j = 0; j < search->m && search->spec->precondition; j++)
        PLD_TRY(apply_one(search, search->spec->precondition, residual, j,
                          residual));
    return PLD_OK;
}

/* --- One step ------------------------------------------------------------- */

/* Eigenvectors of S^H A S by rows, from the wanted end on, in `mix`: in rows,
 * the matrix is its conjugate to LAPACK, and so are its vectors. */
static pld_status solve_projected(struct search *search)
{
    pld_type real = search->type == PLD_F32 ? PLD_F32 : PLD_F64;
    int n = search->all;
    PLD_TRY(pld_lapack_syevd(search->type, 'V', 'L', n, search->projected, n,
                             search->spectrum));
    double low = pld_small_real(real, search->spectrum, 0);
    double high = pld_small_real(real, search->spectrum, n - 1);
    search->largest = fmax(fabs(low), fabs(high));
    for (int j = 0; j < search->m; j++)
        search->values[j] = pld_small_real(
            real, search->spectrum, search->spec->largest ? n - 1 - j : j);
    return PLD_OK;
}

/* Element i of vector j. */
static const char *vector_at(const struct search *search, int i, int j)
{
    int from = search->spec->largest ? search->all - 1 - j : j;
    return search->projected + (size_t)(from * search->all + i) * search->size;
}

static void put(const struct search *search, const char *from, int i, int j)
{
    char *to = search->mix + (size_t)(i * search->all + j) * search->size;
    memcpy(to, from, search->size);
    if (search->type == PLD_C128)
        ((double *)to)[1] = -((double *)to)[1];
}

/* The space becomes (next block, nothing, what led there besides the block);
 * its image the block's alone. */
static void set_mix(const struct search *search, bool steps)
{
    memset(search->mix, 0,
           (size_t)search->all * (size_t)search->all * search->size);
    for (int j = 0; j < search->m; j++)
        for (int i = 0; i < search->all; i++) {
            put(search, vector_at(search, i, j), i, j);
            if (steps && i >= search->m)
                put(search, vector_at(search, i, j), i, STEP * search->m + j);
        }
}

static pld_status project(struct search *search)
{
    const pld_tall space = whole_of(search->space);
    const pld_tall images = whole_of(search->images);
    int64_t bytes = (int64_t)search->all * search->all * (int64_t)search->size;
    PLD_TRY(pld_tall_gram(&space, &images, search->projected));
    PLD_TRY(pld_agree(search->ctx, search->ctx->rank == 0
                                       ? solve_projected(search)
                                       : PLD_OK));
    PLD_TRY(pld_share(search->ctx, search->projected, bytes, 0));
    PLD_TRY(pld_share(search->ctx, search->values,
                      search->m * (int64_t)sizeof *search->values, 0));
    PLD_TRY(
        pld_share(search->ctx, &search->largest, sizeof search->largest, 0));
    set_mix(search, true);
    PLD_TRY(pld_tall_multiply(&space, search->mix, &space));
    set_mix(search, false);
    return pld_tall_multiply(&images, search->mix, &images);
}

/* A row of points: y = image - value x, element by element. */
struct residual {
    struct pld_block x, image, out;
    double value;
    pld_type type;
    int ndims;
};

static pld_status subtract_row(const int64_t index[PLD_MAXDIM], int64_t n,
                               void *data)
{
    const struct residual *r = data;
    int64_t at[PLD_MAXDIM] = {index[0], index[1], index[2]};
    int parts = r->type == PLD_C128 ? 2 : 1;
    for (int64_t i = 0; i < n; i++, at[r->ndims - 1]++) {
        const char *x = pld_block_at(&r->x, at);
        const char *image = pld_block_at(&r->image, at);
        char *out = pld_block_at(&r->out, at);
        for (int p = 0; p < parts; p++)
            if (r->type == PLD_F32)
                *(float *)out =
                    *(const float *)image - (float)r->value * *(const float *)x;
            else
                ((double *)out)[p] = ((const double *)image)[p] -
                                     r->value * ((const double *)x)[p];
    }
    return PLD_OK;
}

static pld_status find_residuals(struct search *search)
{
    pld_field *out = search->space[RESIDUAL];
    for (int j = 0; j < search->m; j++) {
        struct residual r = {
            .x = pld_block_components(pld_field_block(search->space[BLOCK]), j,
                                      1),
            .image = pld_block_components(
                pld_field_block(search->images[BLOCK]), j, 1),
            .out = pld_block_components(pld_field_block(out), j, 1),
            .value = search->values[j],
            .type = search->type,
            .ndims = out->grid->ndims};
        PLD_TRY(pld_box_rows(out->owned, r.ndims, subtract_row, &r));
    }
    const pld_tall residuals = {.nfields = 1,
                                .fields = &search->space[RESIDUAL]};
    PLD_TRY(pld_tall_gram(&residuals, NULL, search->mix));
    for (int j = 0; j < search->m; j++)
        search->lengths[j] = sqrt(pld_small_real(search->type, search->mix,
                                                 (int64_t)j * (search->m + 1)));
    return PLD_OK;
}

/* How far a pair is: below 1 it is found. */
static double distance(const struct search *search, int j)
{
    bool single = search->type == PLD_F32;
    double spacing = single ? 0x1p-23 : 0x1p-52;
    double tolerance = search->spec->tolerance > 0 ? search->spec->tolerance
                       : single                    ? 1e-3
                                                   : 1e-8;
    double lost = 10 * spacing * search->largest;
    return search->lengths[j] / fmax(tolerance * fabs(search->values[j]), lost);
}

static int count_found(const struct search *search)
{
    int n = 0;
    for (int j = 0; j < search->spec->npairs; j++)
        n += distance(search, j) <= 1;
    return n;
}

/* --- All of it ------------------------------------------------------------ */

/* The block is orthonormal by itself, and its image known but for rounding,
 * which adds up. */
enum { STEPS_BETWEEN = 8 };

static pld_status take_step(struct search *search, int nsteps)
{
    const pld_tall space = whole_of(search->space);
    PLD_TRY(pld_tall_qr(&space, PLD_QR_AUTO, NULL));
    int first = nsteps % STEPS_BETWEEN == 0 ? BLOCK : RESIDUAL;
    for (int part = first; part < NPARTS; part++)
        PLD_TRY(apply_to(search, part));
    PLD_TRY(project(search));
    return find_residuals(search);
}

static void conclude(const struct search *search, int nsteps, double *values,
                     pld_field *vectors, pld_eigen_info *info)
{
    double residual = 0;
    for (int j = 0; j < search->spec->npairs; j++) {
        values[j] = search->values[j];
        copy(search->space[BLOCK], j, vectors, j);
        residual = fmax(residual, search->lengths[j] / fabs(search->values[j]));
    }
    if (info)
        *info = (pld_eigen_info){.nsteps = nsteps,
                                 .napplied = search->napplied,
                                 .residual = residual};
}

static pld_status check_found(const struct search *search, int nsteps)
{
    int nfound = count_found(search);
    int missing = 0;
    while (missing < search->spec->npairs && distance(search, missing) <= 1)
        missing++;
    PLD_CHECK(nfound == search->spec->npairs, PLD_ERR_CONVERGENCE,
              "after %d steps %d of %d pairs are found: pair %d has eigenvalue "
              "%g and a residual of %.2g",
              nsteps, nfound, search->spec->npairs, missing,
              search->values[missing], search->lengths[missing]);
    return PLD_OK;
}

static pld_status run(struct search *search, double *values, pld_field *vectors,
                      pld_eigen_info *info)
{
    int most = search->spec->most_steps > 0 ? search->spec->most_steps : 500;
    int nsteps = 0;
    PLD_TRY(start_at_random(search));
    do {
        PLD_TRY(take_step(search, nsteps));
        nsteps++;
        if (count_found(search) == search->spec->npairs)
            break;
        PLD_TRY(precondition(search));
    } while (nsteps < most);
    conclude(search, nsteps, values, vectors, info);
    PLD_TRY(pld_field_touch(vectors));
    return check_found(search, nsteps);
}

pld_status pld_eigen_few(const pld_eigen_spec *spec, double *values,
                         pld_field *vectors, pld_eigen_info *info)
{
    pld_status status = PLD_OK;
    PLD_CHECK(spec != NULL, PLD_ERR_ARG, "spec is NULL");
    PLD_TRY(pld_field_check(spec->x, "spec->x"));
    struct search search = {.spec = spec,
                            .ctx = spec->x->grid->ctx,
                            .type = spec->x->type,
                            .size = pld_type_size(spec->x->type)};
    PLD_TRY(pld_agree(search.ctx, check(spec, values, vectors)));
    search.m = block_of(spec);
    search.all = NPARTS * search.m;
    const double facts[] = {spec->npairs,      spec->nguards,
                            spec->largest,     spec->tolerance,
                            spec->most_steps,  spec->precondition != NULL,
                            (double)spec->seed};
    PLD_TRY_TO(out, pld_share_same(search.ctx, "the spec of an eigen-problem",
                                   facts, sizeof facts));
    PLD_TRY_TO(out, pld_agree(search.ctx, make_arrays(&search)));
    PLD_TRY_TO(out, make_fields(&search));
    PLD_TRY_TO(out, run(&search, values, vectors, info));
out:
    return release(&search, status);
}
