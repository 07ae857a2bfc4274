#include "linalg/product.h"

#include <inttypes.h>
#include <limits.h>

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

static pld_status check_sizes(const struct pld_product *product)
{
    const int64_t *a = product->a.size;
    const int64_t *b = product->b.size;
    const int64_t *c = product->c.size;
    PLD_CHECK(a[0] == c[0] && b[1] == c[1] && a[1] == b[0], PLD_ERR_SHAPE,
              "a is %" PRId64 " x %" PRId64 ", b is %" PRId64 " x %" PRId64
              ", c is %" PRId64 " x %" PRId64
              " (after their form): they do not multiply",
              a[0], a[1], b[0], b[1], c[0], c[1]);
    return PLD_OK;
}

/* Without b, it is the transpose of a. */
static pld_status turn_a(struct pld_product *product)
{
    bool complex = product->a.field->type == PLD_C128;
    PLD_CHECK(!complex || product->a.form != PLD_TRANSPOSED, PLD_ERR_ARG,
              "a->form is PLD_TRANSPOSED, but without b a c128 matrix is taken "
              "PLD_PLAIN or PLD_CONJUGATED");
    product->b = product->a;
    product->b.size[0] = product->a.size[1];
    product->b.size[1] = product->a.size[0];
    product->b.form = product->a.form != PLD_PLAIN ? PLD_PLAIN
                      : complex                    ? PLD_CONJUGATED
                                                   : PLD_TRANSPOSED;
    return PLD_OK;
}

static pld_status check_counts(const struct pld_product *product)
{
    const int64_t most = INT_MAX / 2;
    const int64_t *c = product->c.size;
    bool fits = true;
    for (int d = 0; d < 2; d++)
        fits = fits && product->a.field->stride[d] <= INT_MAX &&
               product->b.field->stride[d] <= INT_MAX &&
               product->c.field->stride[d] <= INT_MAX;
    PLD_CHECK(fits && c[0] <= most && c[1] <= most, PLD_ERR_OVERFLOW,
              "c is %" PRId64 " x %" PRId64
              ": more along a dimension than the BLAS counts",
              c[0], c[1]);
    return PLD_OK;
}

pld_status pld_product_check(const pld_product_spec *spec,
                             struct pld_product *out)
{
    PLD_TRY(pld_operand_create(&spec->a, "a", &out->a));
    PLD_TRY(pld_operand_create(&spec->c, "c", &out->c));
    if (!out->symmetric)
        PLD_TRY(pld_operand_create(&spec->b, "b", &out->b));
    else
        PLD_TRY(turn_a(out));
    PLD_CHECK(out->c.form == PLD_PLAIN, PLD_ERR_ARG,
              "c->form is %d: c is taken as it is, exchange a and b",
              (int)out->c.form);
    PLD_CHECK(spec->half == PLD_BOTH || spec->half == PLD_LOWER, PLD_ERR_ARG,
              "half is %d: there is no such half", (int)spec->half);
    PLD_CHECK(spec->half == PLD_BOTH || out->symmetric, PLD_ERR_ARG,
              "half is PLD_LOWER, but b is given: then c is not symmetric");
    PLD_CHECK(spec->memory >= 0, PLD_ERR_ARG, "memory is %" PRId64,
              spec->memory);
    PLD_TRY(pld_operand_check_pair(&out->c, "c", &out->a, "a"));
    PLD_TRY(pld_operand_check_pair(&out->c, "c", &out->b, "b"));
    PLD_TRY(check_apart(&out->c, &out->a, "a"));
    PLD_TRY(check_apart(&out->c, &out->b, "b"));
    PLD_TRY(check_sizes(out));
    return check_counts(out);
}

pld_status pld_product_find_ctx(const pld_product_spec *spec, pld_ctx **out)
{
    PLD_CHECK(spec, PLD_ERR_ARG, "spec is NULL");
    const pld_matrix *const matrices[] = {&spec->a, &spec->b, &spec->c};
    for (int i = 0; i < 3; i++) {
        const pld_field *field = matrices[i]->field;
        if (field && field->alive == PLD_FIELD_ALIVE) {
            *out = field->grid->ctx;
            return PLD_OK;
        }
    }
    PLD_RAISE(PLD_ERR_ARG, "none of a, b, c has a live field");
}
