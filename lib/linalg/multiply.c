#include "polder/matrix.h"

#include <inttypes.h>
#include <limits.h>

#include "linalg/panels.h"

#include "base/alloc.h"
#include "linalg/strip.h"
#include "polder/agree.h"

/* c = alpha a b + beta c on one rank. */
struct multiply {
    pld_ctx *ctx;
    double alpha;
    double beta;
    struct pld_operand_matrix a, b, c;
    struct pld_panels panels[2];
    pld_box own; /* of c, in its field */
    int64_t m, n;
    struct pld_dense product; /* where a b comes to be: padded */
    bool in_place;            /* in c itself */
    char *room;               /* or here */
};

/* --- Checks --------------------------------------------------------------- */

static pld_status check_apart(const struct pld_operand_matrix *c,
                              const struct pld_operand_matrix *other,
                              const char *name)
{
    PLD_CHECK(c->field != other->field ||
                  pld_box_empty(pld_box_intersect(c->box, other->box)),
              PLD_ERR_ARG,
              "c and %s share elements of field \"%s\": give c a field of its "
              "own",
              name, c->field->name);
    return PLD_OK;
}

static pld_status check_pair(const struct pld_operand_matrix *c,
                             const struct pld_operand_matrix *other,
                             const char *name)
{
    PLD_CHECK(other->field->type == c->field->type, PLD_ERR_TYPE,
              "%s is %s, but c is %s", name, pld_type_name(other->field->type),
              pld_type_name(c->field->type));
    PLD_CHECK(other->field->grid->ctx == c->field->grid->ctx, PLD_ERR_ARG,
              "%s is of another context than c", name);
    return check_apart(c, other, name);
}

static pld_status check_sizes(const struct multiply *all)
{
    const int64_t *a = all->a.size;
    const int64_t *b = all->b.size;
    const int64_t *c = all->c.size;
    PLD_CHECK(a[0] == c[0] && b[1] == c[1] && a[1] == b[0], PLD_ERR_SHAPE,
              "a is %" PRId64 " x %" PRId64 ", b is %" PRId64 " x %" PRId64
              ", c is %" PRId64 " x %" PRId64
              " (after their form): they do not multiply",
              a[0], a[1], b[0], b[1], c[0], c[1]);
    return PLD_OK;
}

static pld_status prepare_operands(const pld_matrix *a, const pld_matrix *b,
                                   const pld_matrix *c, struct multiply *all)
{
    PLD_TRY(pld_operand_create(a, "a", &all->a));
    PLD_TRY(pld_operand_create(b, "b", &all->b));
    PLD_TRY(pld_operand_create(c, "c", &all->c));
    PLD_CHECK(all->c.form == PLD_PLAIN, PLD_ERR_ARG,
              "c->form is %d: c is taken as it is, exchange a and b",
              (int)all->c.form);
    PLD_TRY(check_pair(&all->c, &all->a, "a"));
    PLD_TRY(check_pair(&all->c, &all->b, "b"));
    return check_sizes(all);
}

/* What must be the same on all ranks. */
struct terms {
    double alpha;
    double beta;
    pld_box box[3];
    int64_t form[3];
};

static pld_status agree(const struct multiply *all)
{
    const struct terms terms = {
        .alpha = all->alpha,
        .beta = all->beta,
        .box = {all->a.box, all->b.box, all->c.box},
        .form = {all->a.form, all->b.form, all->c.form}};
    return pld_agree_same(
        all->ctx, "alpha, beta, boxes or forms of a product of matrices",
        &terms, sizeof terms);
}

/* --- Where the product comes to be ---------------------------------------- */

static pld_status check_counts(const struct multiply *all)
{
    PLD_CHECK(all->m <= INT_MAX / 2 && all->n <= INT_MAX / 2 &&
                  all->a.field->stride[0] <= INT_MAX &&
                  all->b.field->stride[0] <= INT_MAX &&
                  all->c.field->stride[0] <= INT_MAX,
              PLD_ERR_OVERFLOW,
              "this rank has %" PRId64 " x %" PRId64
              " elements of c: more along a dimension than the BLAS counts, "
              "use more ranks",
              all->m, all->n);
    return PLD_OK;
}

/* Straight in c when it need not be kept and has sizes that suit the kernels.
 */
static pld_status place_product(struct multiply *all)
{
    const pld_field *field = all->c.field;
    int64_t rows = pld_kernel_padded(all->c.field->type, all->m);
    int64_t columns = pld_kernel_padded(all->c.field->type, all->n);
    all->in_place = all->beta == 0 && field->order[1] == 1 && rows == all->m &&
                    columns == all->n;
    if (all->in_place) {
        struct pld_block block = pld_field_block(field);
        all->product =
            (struct pld_dense){.data = pld_block_at(&block, all->own.first),
                               .ld = field->stride[0]};
        return PLD_OK;
    }
    PLD_TRY(pld_alloc("product of matrices", rows * columns,
                      pld_type_size(field->type), &all->room));
    all->product = (struct pld_dense){.data = all->room, .ld = columns};
    return PLD_OK;
}

static pld_status create_alone(struct multiply *all)
{
    all->own = pld_box_intersect(all->c.box, all->c.field->owned);
    bool empty = pld_box_empty(all->own);
    all->m = empty ? 0 : all->own.count[0];
    all->n = empty ? 0 : all->own.count[1];
    PLD_TRY(check_counts(all));
    if (!empty)
        PLD_TRY(place_product(all));
    PLD_TRY(pld_panels_create(all->ctx, PLD_SIDE_A, &all->a, &all->c,
                              &all->panels[PLD_SIDE_A]));
    return pld_panels_create(all->ctx, PLD_SIDE_B, &all->b, &all->c,
                             &all->panels[PLD_SIDE_B]);
}

/* --- Computing ------------------------------------------------------------ */

static pld_status begin(struct multiply *all, int panel)
{
    PLD_TRY(pld_panels_begin(&all->panels[PLD_SIDE_A], panel));
    return pld_panels_begin(&all->panels[PLD_SIDE_B], panel);
}

static pld_status add_panel(struct multiply *all, int panel)
{
    struct pld_dense a;
    struct pld_dense b;
    int64_t k = pld_panels_depth(&all->panels[PLD_SIDE_A], panel);
    PLD_TRY(pld_panels_end(&all->panels[PLD_SIDE_A], panel, &a));
    PLD_TRY(pld_panels_end(&all->panels[PLD_SIDE_B], panel, &b));
    if (panel + 1 < all->panels[PLD_SIDE_A].npanels)
        PLD_TRY(begin(all, panel + 1));
    if (all->m > 0)
        pld_kernel_multiply(
            all->c.field->type, pld_kernel_padded(all->c.field->type, all->m),
            pld_kernel_padded(all->c.field->type, all->n), pld_kernel_deep(k),
            &a, &b, panel == 0, &all->product);
    return PLD_OK;
}

static pld_status add_panels(struct multiply *all)
{
    int npanels = all->panels[PLD_SIDE_A].npanels;
    if (npanels > 0)
        PLD_TRY(begin(all, 0));
    for (int p = 0; p < npanels; p++)
        PLD_TRY(add_panel(all, p));
    return PLD_OK;
}

/* c = alpha product + beta c, row by row. */
static void conclude(const struct multiply *all)
{
    const pld_field *field = all->c.field;
    struct pld_block block = pld_field_block(field);
    struct pld_factors by = {.alpha = {all->alpha}, .beta = {all->beta}};
    bool none = all->panels[PLD_SIDE_A].npanels == 0;
    if (none)
        by.alpha[0] = 0;
    if (all->in_place && !none && all->alpha == 1)
        return;
    for (int64_t i = 0; i < all->m; i++) {
        const int64_t at[] = {all->own.first[0] + i, all->own.first[1], 0};
        struct pld_strip c = {pld_block_at(&block, at), field->stride[1]};
        struct pld_strip product = {(char *)all->product.data +
                                        i * all->product.ld *
                                            (int64_t)pld_type_size(field->type),
                                    1};
        if (none)
            product.at = NULL;
        pld_strip_update(field->type, all->n, &by,
                         &(struct pld_strips){.y = c, .x = product});
    }
}

/* --- All of it ------------------------------------------------------------ */

static pld_status run(struct multiply *all)
{
    PLD_TRY(pld_agree(all->ctx, create_alone(all)));
    PLD_TRY(pld_panels_connect(&all->panels[PLD_SIDE_A]));
    PLD_TRY(pld_panels_connect(&all->panels[PLD_SIDE_B]));
    PLD_TRY(add_panels(all));
    conclude(all);
    return pld_field_touch(all->c.field);
}

static pld_status release(struct multiply *all)
{
    pld_status status = pld_panels_destroy(all->ctx, &all->panels[PLD_SIDE_A]);
    pld_status second = pld_panels_destroy(all->ctx, &all->panels[PLD_SIDE_B]);
    pld_free(all->room);
    return status == PLD_OK ? second : status;
}

/* The context of the first live field; none: nobody to agree with. */
static pld_status find_ctx(const pld_matrix *const matrices[3], pld_ctx **out)
{
    for (int i = 0; i < 3; i++) {
        const pld_field *field = matrices[i] ? matrices[i]->field : NULL;
        if (field && field->alive == PLD_FIELD_ALIVE) {
            *out = field->grid->ctx;
            return PLD_OK;
        }
    }
    PLD_RAISE(PLD_ERR_ARG, "none of a, b, c has a live field");
}

pld_status pld_matrix_multiply(double alpha, const pld_matrix *a,
                               const pld_matrix *b, double beta,
                               const pld_matrix *c)
{
    struct multiply all = {.alpha = alpha, .beta = beta};
    PLD_TRY(find_ctx((const pld_matrix *const[]){a, b, c}, &all.ctx));
    PLD_TRY(pld_agree(all.ctx, prepare_operands(a, b, c, &all)));
    PLD_TRY(agree(&all));
    pld_status status = run(&all);
    pld_status second = release(&all);
    return status == PLD_OK ? second : status;
}
