#include "polder/vector.h"

#include "base/alloc.h"
#include "mesh/field.h"

static pld_status update(const pld_update *one)
{
    return pld_vector_run(1, one, 0, NULL);
}

static pld_status product(const pld_product *one)
{
    return pld_vector_run(0, NULL, 1, one);
}

/* Where NULL stands for 1, or for another operand, it is no field here. */
static pld_status check_given(const void *field, const char *name)
{
    PLD_CHECK(field, PLD_ERR_ARG, "%s is NULL", name);
    return PLD_OK;
}

pld_status pld_vector_copy(const pld_field *x, pld_field *y)
{
    PLD_TRY(check_given(x, "x"));
    return update(&(pld_update){.y = y, .x = x, .alpha = 1});
}

pld_status pld_vector_scale(double alpha, pld_field *x)
{
    PLD_TRY(check_given(x, "x"));
    return update(&(pld_update){.y = x, .x = x, .alpha = alpha});
}

pld_status pld_vector_axpy(double alpha, const pld_field *x, pld_field *y)
{
    return pld_vector_axpby(alpha, x, 1, y);
}

pld_status pld_vector_axpby(double alpha, const pld_field *x, double beta,
                            pld_field *y)
{
    PLD_TRY(check_given(x, "x"));
    return update(&(pld_update){.y = y, .beta = beta, .x = x, .alpha = alpha});
}

pld_status pld_vector_waxpby(double alpha, const pld_field *x, double beta,
                             const pld_field *y, pld_field *w)
{
    PLD_TRY(check_given(x, "x"));
    PLD_TRY(check_given(y, "y"));
    /* The one that is w itself must be read before it is written. */
    if (w == y)
        return pld_vector_axpby(alpha, x, beta, w);
    if (w == x)
        return pld_vector_axpby(beta, y, alpha, w);
    const pld_update updates[] = {{.y = w, .x = y, .alpha = beta},
                                  {.y = w, .beta = 1, .x = x, .alpha = alpha}};
    return pld_vector_run(2, updates, 0, NULL);
}

pld_status pld_vector_multiply(const pld_field *x, const pld_field *y,
                               pld_field *w)
{
    PLD_TRY(check_given(x, "x"));
    PLD_TRY(check_given(y, "y"));
    return update(&(pld_update){.y = w, .x = x, .alpha = 1, .times = y});
}

pld_status pld_vector_divide(const pld_field *x, const pld_field *y,
                             pld_field *w)
{
    PLD_TRY(check_given(x, "x"));
    PLD_TRY(check_given(y, "y"));
    return update(&(pld_update){.y = w, .x = x, .alpha = 1, .over = y});
}

pld_status pld_vector_multi_axpy(int n, const double *alpha,
                                 const pld_field *const *x, pld_field *y)
{
    pld_status status = PLD_OK;
    pld_update *updates = NULL;
    PLD_CHECK((alpha && x) || n == 0, PLD_ERR_ARG, "%s is NULL, but n is %d",
              alpha ? "x" : "alpha", n);
    PLD_TRY(pld_alloc("updates of vectors", n, sizeof *updates, &updates));
    for (int k = 0; k < n; k++) {
        PLD_TRY_TO(out, check_given(x[k], "one of x"));
        updates[k] =
            (pld_update){.y = y, .beta = 1, .x = x[k], .alpha = alpha[k]};
    }
    PLD_TRY_TO(out, pld_vector_run(n, updates, 0, NULL));
out:
    pld_free(updates);
    return status;
}

pld_status pld_vector_dot(const pld_field *x, const pld_field *y, double *out)
{
    PLD_TRY(check_given(y, "y"));
    return product(&(pld_product){.x = x, .y = y, .out = out});
}

pld_status pld_vector_norm2(const pld_field *x, double *out)
{
    return product(&(pld_product){.x = x, .root = true, .out = out});
}

pld_status pld_vector_multi_dot(int n, const pld_field *const *x,
                                const pld_field *y, double *out)
{
    pld_status status = PLD_OK;
    pld_product *products = NULL;
    PLD_TRY(check_given(y, "y"));
    PLD_CHECK((x && out) || n == 0, PLD_ERR_ARG, "%s is NULL, but n is %d",
              x ? "out" : "x", n);
    PLD_TRY(pld_field_check(y, "y"));
    PLD_CHECK(y->type != PLD_C128, PLD_ERR_TYPE,
              "field \"%s\" is c128: give a list of products", y->name);
    PLD_TRY(pld_alloc("products of vectors", n, sizeof *products, &products));
    for (int k = 0; k < n; k++)
        products[k] = (pld_product){.x = x[k], .y = y, .out = &out[k]};
    PLD_TRY_TO(out, pld_vector_run(0, NULL, n, products));
out:
    pld_free(products);
    return status;
}

pld_status pld_vector_axpy_norm2(double alpha, const pld_field *x, pld_field *y,
                                 double *out)
{
    PLD_TRY(check_given(x, "x"));
    const pld_update one = {.y = y, .beta = 1, .x = x, .alpha = alpha};
    return pld_vector_run(1, &one, 1,
                          &(pld_product){.x = y, .root = true, .out = out});
}

pld_status pld_vector_axpby_dot(double alpha, const pld_field *x, double beta,
                                pld_field *y, const pld_field *z, double *out)
{
    PLD_TRY(check_given(x, "x"));
    PLD_TRY(check_given(z, "z"));
    const pld_update one = {.y = y, .beta = beta, .x = x, .alpha = alpha};
    return pld_vector_run(1, &one, 1,
                          &(pld_product){.x = y, .y = z, .out = out});
}

pld_status pld_vector_cg_step(double alpha, const pld_field *p,
                              const pld_field *q, pld_field *x, pld_field *r,
                              double *out)
{
    PLD_TRY(check_given(p, "p"));
    PLD_TRY(check_given(q, "q"));
    const pld_update updates[] = {{.y = x, .beta = 1, .x = p, .alpha = alpha},
                                  {.y = r, .beta = 1, .x = q, .alpha = -alpha}};
    return pld_vector_run(2, updates, 1, &(pld_product){.x = r, .out = out});
}
