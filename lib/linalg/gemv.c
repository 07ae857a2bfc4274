#include "polder/matrix.h"

#include <string.h>

#include "base/alloc.h"
#include "base/exact.h"
#include "linalg/fetch.h"
#include "linalg/operand.h"
#include "linalg/product.h"
#include "par/sparse.h"
#include "polder/agree.h"

/* Each rank multiplies what it has of the matrix, where it is, by the part of x
 * that belongs to it. What comes of a row are exact sums, which the owner of
 * the element of y adds up and rounds once: who has which columns does not
 * matter. Rows go in batches, that there be room for their sums. */

enum { BATCH = 4096, GROUP = 128, CHUNK = 512 };

struct gemv {
    pld_ctx *ctx;
    double alpha, beta;
    pld_type type;
    int nparts; /* sums of an element: real and imaginary part */
    struct pld_operand_matrix a, x, y;
    struct pld_source from[2]; /* a, x */
    struct pld_source to;      /* y: never read, for its owners alone */
    int64_t first[2];          /* rows and columns of a here, after its form */
    int64_t count[2];
    /* By what a row is multiplied, as real numbers: for the real part, and for
     * the imaginary one. */
    char *factors[2];
    char *turned;    /* a chunk of a group of rows, made dense */
    pld_exact *sums; /* of a group, and of a batch that is received */
    int64_t *words;  /* to be sent */
    struct pld_parcel *parcels;
    struct pld_post post;
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* --- Arguments ------------------------------------------------------------ */

static pld_status check_vector(const struct gemv *all,
                               const struct pld_operand_matrix *vector,
                               const char *name, int64_t n)
{
    int64_t rows = vector->size[0];
    int64_t columns = vector->size[1];
    PLD_CHECK(vector->form == PLD_PLAIN, PLD_ERR_ARG,
              "%s->form is %d: a vector is taken as it is", name,
              (int)vector->form);
    PLD_CHECK((rows == n && columns == 1) || (rows == 1 && columns == n),
              PLD_ERR_SHAPE,
              "a is %lld x %lld after its form, but %s is %lld x %lld",
              (long long)all->a.size[0], (long long)all->a.size[1], name,
              (long long)rows, (long long)columns);
    return PLD_OK;
}

static pld_status check_apart(const struct gemv *all,
                              const struct pld_operand_matrix *other,
                              const char *name)
{
    PLD_CHECK(all->y.field != other->field ||
                  pld_box_empty(pld_box_intersect(all->y.box, other->box)),
              PLD_ERR_ARG,
              "y and %s share elements of field \"%s\": give y a field of its "
              "own",
              name, other->field->name);
    return PLD_OK;
}

static pld_status check(const pld_matrix *a, const pld_matrix *x,
                        const pld_matrix *y, struct gemv *all)
{
    PLD_TRY(pld_operand_create(a, "a", &all->a));
    PLD_TRY(pld_operand_create_vector(x, "x", &all->x));
    PLD_TRY(pld_operand_create_vector(y, "y", &all->y));
    PLD_TRY(pld_operand_check_pair(&all->y, "y", &all->a, "a"));
    PLD_TRY(pld_operand_check_pair(&all->y, "y", &all->x, "x"));
    PLD_TRY(check_vector(all, &all->x, "x", all->a.size[1]));
    PLD_TRY(check_vector(all, &all->y, "y", all->a.size[0]));
    PLD_TRY(check_apart(all, &all->a, "a"));
    return check_apart(all, &all->x, "x");
}

/* What must be the same on all ranks. */
struct terms {
    double alpha;
    double beta;
    pld_box box[3];
    int64_t form;
};

static pld_status agree(const struct gemv *all)
{
    const struct terms terms = {.alpha = all->alpha,
                                .beta = all->beta,
                                .box = {all->a.box, all->x.box, all->y.box},
                                .form = all->a.form};
    return pld_agree_same(all->ctx,
                          "alpha, beta, boxes or form of a matrix and vectors",
                          &terms, sizeof terms);
}

/* --- Indices -------------------------------------------------------------- */

/* Rows and columns of a, after its form, that a rank has. */
static void have(const struct gemv *all, int rank, int64_t first[2],
                 int64_t count[2])
{
    bool is_turned = all->a.form != PLD_PLAIN;
    pld_box held =
        pld_box_intersect(all->a.box, pld_source_held_by(&all->from[0], rank));
    bool empty = pld_box_empty(held);
    for (int d = 0; d < 2; d++) {
        int of = is_turned ? 1 - d : d;
        first[d] = empty ? 0 : held.first[of] - all->a.box.first[of];
        count[d] = empty ? 0 : held.count[of];
    }
}

static int along(const struct pld_operand_matrix *vector)
{
    return vector->size[1] == 1 ? 0 : 1;
}

/* Elements of a vector, in its field. */
static pld_box elements(const struct pld_operand_matrix *vector, int64_t first,
                        int64_t count)
{
    pld_box box = vector->box;
    int d = along(vector);
    box.first[d] += first;
    box.count[d] = count;
    return box;
}

/* --- x -------------------------------------------------------------------- */

static pld_box part_of(const void *data, int holder, int reader)
{
    const struct gemv *all = data;
    int64_t first[2];
    int64_t count[2];
    have(all, reader, first, count);
    return pld_box_intersect(elements(&all->x, first[1], count[1]),
                             pld_source_held_by(&all->from[1], holder));
}

static pld_status fetch_x(struct gemv *all, int tag)
{
    struct pld_fetch fetch = {.source = NULL};
    int64_t size = (int64_t)pld_type_size(all->type);
    struct pld_block to = {.data = all->factors[0],
                           .stride = {size, size},
                           .ncomps = 1,
                           .size = (size_t)size};
    pld_box box = elements(&all->x, all->first[1], all->count[1]);
    to.data = (char *)((uintptr_t)to.data - (uintptr_t)(box.first[0] * size) -
                       (uintptr_t)(box.first[1] * size));
    const struct pld_demand demand = {.part = part_of,
                                      .data = all,
                                      .end_holder = all->ctx->nranks,
                                      .end_reader = all->ctx->nranks};
    pld_status status =
        pld_fetch_begin(&fetch, &all->from[1], &demand, &to, tag);
    if (status == PLD_OK)
        status = pld_fetch_end(&fetch);
    pld_fetch_destroy(&fetch);
    return status;
}

/* (p + i q) (u + i v) = (p u - q v) + i (p v + q u); with q turned, of a
 * conjugated one. */
static void make_factors(const struct gemv *all)
{
    double *re = (void *)all->factors[0];
    double *im = (void *)all->factors[1];
    double sign = all->a.form == PLD_CONJUGATED ? -1 : 1;
    for (int64_t i = 0; all->nparts == 2 && i < all->count[1]; i++) {
        double u = re[2 * i];
        double v = re[2 * i + 1];
        re[2 * i + 1] = -sign * v;
        im[2 * i] = v;
        im[2 * i + 1] = sign * u;
    }
}

/* --- Sums ----------------------------------------------------------------- */

/* A run of a row: `at`, and its place among the columns. */
static pld_status add_run(const struct gemv *all, const char *at, int64_t first,
                          int64_t n, pld_exact *sums)
{
    int64_t offset = first * (int64_t)pld_type_size(all->type);
    pld_type type = all->type == PLD_F32 ? PLD_F32 : PLD_F64;
    for (int part = 0; part < all->nparts; part++)
        PLD_TRY(pld_exact_add_products(&sums[part], type, n * all->nparts, at,
                                       1, all->factors[part] + offset, 1));
    return PLD_OK;
}

/* The own block by rows and columns after the form. */
static struct pld_block block_of(const struct gemv *all)
{
    struct pld_block block = all->from[0].block;
    struct pld_block out = block;
    bool is_turned = all->a.form != PLD_PLAIN;
    uintptr_t at = (uintptr_t)block.data;
    for (int d = 0; d < 2; d++) {
        int of = is_turned ? 1 - d : d;
        out.stride[d] = block.stride[of];
        at += (uintptr_t)(all->a.box.first[of] * block.stride[of]);
    }
    out.data = (char *)at;
    return out;
}

/* A piece of a group of rows, turned so that they are dense. */
static pld_status add_turned(const struct gemv *all,
                             const struct pld_block *block, pld_box box)
{
    const int64_t unmoved[PLD_MAXDIM] = {0};
    struct pld_block to =
        pld_block_dense(all->turned, box, PLD_PLANES, 1, block->size);
    pld_block_copy(block, box, &to, unmoved);
    for (int64_t i = 0; i < box.count[0]; i++) {
        const int64_t at[] = {box.first[0] + i, box.first[1], 0};
        PLD_TRY(add_run(all, pld_block_at(&to, at),
                        box.first[1] - all->first[1], box.count[1],
                        &all->sums[i * all->nparts]));
    }
    return PLD_OK;
}

static pld_status add_rows(const struct gemv *all, int64_t row, int64_t nrows)
{
    struct pld_block block = block_of(all);
    int64_t column = all->first[1];
    int64_t end = column + all->count[1];
    bool dense = block.stride[1] == (int64_t)block.size;
    for (int64_t i = 0; dense && i < nrows; i++) {
        const int64_t at[] = {row + i, column, 0};
        PLD_TRY(add_run(all, pld_block_at(&block, at), 0, all->count[1],
                        &all->sums[i * all->nparts]));
    }
    for (; !dense && column < end; column += CHUNK)
        PLD_TRY(
            add_turned(all, &block,
                       (pld_box){{row, column, 0},
                                 {nrows, smaller(end - column, CHUNK), 1}}));
    return PLD_OK;
}

/* Rows whose sums are written to `words`; *nwords is how many. */
static pld_status add_group(const struct gemv *all, int64_t row, int64_t nrows,
                            int64_t *words, int64_t *nwords)
{
    for (int64_t i = 0; i < nrows * all->nparts; i++)
        pld_exact_clear(&all->sums[i]);
    PLD_TRY(add_rows(all, row, nrows));
    *nwords = 0;
    for (int64_t i = 0; i < nrows * all->nparts; i++)
        *nwords += pld_exact_write(&all->sums[i], words + *nwords);
    return PLD_OK;
}

/* --- y -------------------------------------------------------------------- */

/* The rank that owns an element of y, and the end of what it owns. */
static int owner_of(const struct gemv *all, int64_t i, int64_t *end)
{
    int d = along(&all->y);
    pld_box box = elements(&all->y, i, 1);
    int part[2];
    for (int k = 0; k < 2; k++)
        part[k] = pld_source_parts(&all->to, k, box.first[k], 1).first;
    int rank = part[0] * all->to.nprocs[1] + part[1];
    pld_box held = pld_source_held_by(&all->to, rank);
    *end = held.first[d] + held.count[d] - all->y.box.first[d];
    return rank;
}

/* A parcel: its first row, how many, and their sums. */
static pld_status fill_parcels(struct gemv *all, int64_t first, int64_t end,
                               int *nparcels)
{
    int64_t used = 0;
    *nparcels = 0;
    for (int64_t row = first; row < end;) {
        int64_t until = 0;
        int owner = owner_of(all, row, &until);
        int64_t *head = all->words + used;
        until = smaller(until, end);
        head[0] = row;
        head[1] = until - row;
        used += 2;
        for (; row < until; row += GROUP) {
            int64_t nwords = 0;
            PLD_TRY(add_group(all, row, smaller(until - row, GROUP),
                              all->words + used, &nwords));
            used += nwords;
        }
        row = until;
        all->parcels[(*nparcels)++] = (struct pld_parcel){
            .peer = owner,
            .bytes = (char *)(all->words + used) - (char *)head,
            .data = (char *)head};
    }
    return PLD_OK;
}

static void read_parcel(const struct gemv *all, const struct pld_parcel *parcel,
                        int64_t first)
{
    const int64_t *words = (const void *)parcel->data;
    int64_t row = words[0] - first;
    int64_t n = words[1] * all->nparts;
    words += 2;
    for (int64_t i = 0; i < n; i++)
        words += pld_exact_read(&all->sums[row * all->nparts + i], words);
}

static void write_element(const struct gemv *all, char *at,
                          const pld_exact *sums)
{
    for (int part = 0; part < all->nparts; part++) {
        double value =
            all->alpha == 0 ? 0 : all->alpha * pld_exact_round(&sums[part]);
        if (all->type == PLD_F32) {
            float *y = (void *)at;
            *y = (float)(all->beta == 0 ? value
                                        : value + all->beta * (double)*y);
        } else {
            double *y = (double *)(void *)at + part;
            *y = all->beta == 0 ? value : value + all->beta * *y;
        }
    }
}

/* Own elements `first` up to `end` of y, from sums that begin at `batch`. */
static void write_elements(const struct gemv *all, int64_t batch, int64_t first,
                           int64_t end)
{
    struct pld_block block = pld_field_block(all->y.field);
    for (int64_t i = first; i < end; i++)
        write_element(all, pld_block_at(&block, elements(&all->y, i, 1).first),
                      &all->sums[(i - batch) * all->nparts]);
}

/* --- All of it ------------------------------------------------------------ */

static pld_status run_batch(struct gemv *all, int64_t batch)
{
    int nparcels = 0;
    int64_t most = all->first[0] + all->count[0];
    int64_t first = batch > all->first[0] ? batch : all->first[0];
    int64_t end = smaller(batch + BATCH, most);
    PLD_TRY(pld_agree(all->ctx, fill_parcels(all, first, end, &nparcels)));
    PLD_TRY(pld_sparse_exchange(all->ctx, nparcels, all->parcels, &all->post));
    int64_t nsums = smaller(all->a.size[0] - batch, BATCH) * all->nparts;
    for (int64_t i = 0; i < nsums; i++)
        pld_exact_clear(&all->sums[i]);
    for (int i = 0; i < all->post.nparcels; i++)
        read_parcel(all, &all->post.parcels[i], batch);
    int64_t own[2];
    int64_t count[2];
    int d = along(&all->y);
    pld_operand_owned(&all->y, all->ctx->rank, own, count);
    write_elements(
        all, batch, own[d] > batch ? own[d] : batch,
        smaller(own[d] + (count[1 - d] > 0 ? count[d] : 0), batch + BATCH));
    return PLD_OK;
}

static pld_status take_memory(struct gemv *all)
{
    size_t size = pld_type_size(all->type);
    int64_t rows = smaller(all->a.size[0], BATCH);
    int64_t sent = smaller(all->count[0], BATCH) * all->nparts;
    for (int part = 0; part < all->nparts; part++)
        PLD_TRY(pld_alloc("vector", all->count[1], size, &all->factors[part]));
    PLD_TRY(pld_alloc("rows of a matrix", GROUP * CHUNK, size, &all->turned));
    PLD_TRY(pld_alloc("exact sums", (rows > GROUP ? rows : GROUP) * all->nparts,
                      sizeof *all->sums, &all->sums));
    int64_t nparcels = smaller(sent, all->ctx->nranks);
    PLD_TRY(
        pld_alloc("parcels", nparcels, sizeof *all->parcels, &all->parcels));
    return pld_alloc("exact sums", sent * PLD_EXACT_RECORD_WORDS + 2 * nparcels,
                     sizeof *all->words, &all->words);
}

static pld_status multiply(struct gemv *all)
{
    int tag = pld_ctx_tag(all->ctx);
    struct pld_source *sources[] = {&all->from[0], &all->from[1]};
    pld_source_of_field(all->a.field, sources[0]);
    pld_source_of_field(all->x.field, sources[1]);
    pld_source_of_field(all->y.field, &all->to);
    have(all, all->ctx->rank, all->first, all->count);
    PLD_TRY(pld_source_open(all->ctx, 1, sources + 1));
    PLD_TRY(pld_agree(all->ctx, take_memory(all)));
    PLD_TRY(pld_agree(all->ctx, fetch_x(all, tag)));
    make_factors(all);
    for (int64_t row = 0; row < all->a.size[0]; row += BATCH)
        PLD_TRY(run_batch(all, row));
    return pld_field_touch(all->y.field);
}

static void release(struct gemv *all)
{
    pld_source_close(&all->from[1]);
    pld_post_free(&all->post);
    pld_free(all->words);
    pld_free(all->parcels);
    pld_free(all->sums);
    pld_free(all->turned);
    pld_free(all->factors[1]);
    pld_free(all->factors[0]);
}

pld_status pld_matrix_gemv(double alpha, const pld_matrix *a,
                           const pld_matrix *x, double beta,
                           const pld_matrix *y)
{
    static const pld_matrix none;
    struct gemv all = {.alpha = alpha, .beta = beta};
    const pld_product_spec spec = {
        .a = a ? *a : none, .b = x ? *x : none, .c = y ? *y : none};
    PLD_TRY(pld_product_find_ctx(&spec, &all.ctx));
    PLD_TRY(pld_agree(all.ctx, check(a, x, y, &all)));
    PLD_TRY(agree(&all));
    all.type = all.a.field->type;
    all.nparts = all.type == PLD_C128 ? 2 : 1;
    pld_status status = multiply(&all);
    release(&all);
    PLD_TRY(status);
    return PLD_OK;
}
