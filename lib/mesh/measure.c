#include "polder/measure.h"
#include "mesh/block.h"
#include "polder/agree.h"

static pld_status check_comp(const pld_field *field, int comp)
{
    PLD_TRY(pld_field_check(field, "field"));
    PLD_CHECK(comp >= 0 && comp < field->ncomps, PLD_ERR_ARG,
              "field \"%s\": comp is %d, but there are %d components",
              field->name, comp, field->ncomps);
    return PLD_OK;
}

/* The elements of a component from the box's lower corner on. */
static pld_operand operand_of(const pld_field *field, int comp, pld_box box)
{
    if (pld_box_empty(box))
        return (pld_operand){.data = NULL};
    struct pld_block block = pld_field_block(field);
    pld_operand operand = {.data = pld_block_at(&block, box.first) +
                                   comp * block.comp_stride};
    for (int d = 0; d < PLD_MAXDIM; d++)
        operand.stride[d] = field->stride[d];
    return operand;
}

pld_status pld_field_term(const pld_field *field, int comp, const pld_box *box,
                          pld_term *out)
{
    PLD_TRY(check_comp(field, comp));
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "field \"%s\": out is NULL",
              field->name);
    PLD_CHECK(box == NULL || pld_box_contains(pld_field_domain(field), *box),
              PLD_ERR_SHAPE, "field \"%s\": the box reaches beyond the domain",
              field->name);
    pld_box mine =
        box == NULL ? field->owned : pld_box_intersect(field->owned, *box);
    *out = (pld_term){
        .type = field->type, .box = mine, .x = operand_of(field, comp, mine)};
    return PLD_OK;
}

pld_status pld_field_term_second(const pld_field *field, int comp,
                                 pld_term *term)
{
    PLD_TRY(check_comp(field, comp));
    PLD_CHECK(term != NULL, PLD_ERR_ARG, "field \"%s\": term is NULL",
              field->name);
    PLD_CHECK(field->type == term->type, PLD_ERR_TYPE,
              "field \"%s\" is %s, but the first field is %s", field->name,
              pld_type_name(field->type), pld_type_name(term->type));
    PLD_CHECK(pld_box_contains(field->owned, term->box), PLD_ERR_SHAPE,
              "field \"%s\" does not own the points of the first field: it "
              "must have the same grid and stagger",
              field->name);
    term->y = operand_of(field, comp, term->box);
    return PLD_OK;
}

/* What is wrong on this rank the others are told, who wait for its terms; that
 * there is no field tells no context either. */
static pld_status refuse(const pld_field *field, pld_status status)
{
    if (field == NULL || field->alive != PLD_FIELD_ALIVE)
        return status;
    return pld_agree(field->grid->ctx, status);
}

static pld_status run(const pld_field *field, pld_term *term, pld_measure what,
                      void *out)
{
    term->what = what;
    term->out = out;
    return pld_reduction_once(field->grid->ctx, 1, term);
}

pld_status pld_field_measure(const pld_field *field, int comp, pld_measure what,
                             void *out)
{
    pld_term term;
    pld_status status = pld_field_term(field, comp, NULL, &term);
    if (status != PLD_OK)
        return refuse(field, status);
    return run(field, &term, what, out);
}

/* Ranks with equal boxes on different grids would not notice by themselves. */
static pld_status check_pair(const pld_field *x, const pld_field *y)
{
    PLD_TRY(pld_field_check(x, "x"));
    PLD_TRY(pld_field_check(y, "y"));
    PLD_CHECK(x->grid == y->grid, PLD_ERR_SHAPE,
              "fields \"%s\" and \"%s\" live on different grids", x->name,
              y->name);
    for (int d = 0; d < x->grid->ndims; d++)
        PLD_CHECK(x->node[d] == y->node[d], PLD_ERR_SHAPE,
                  "fields \"%s\" and \"%s\" differ in stagger in dimension %d",
                  x->name, y->name, d);
    return PLD_OK;
}

static pld_status terms_of_two(const pld_field *x, int xcomp,
                               const pld_field *y, int ycomp, pld_term *term)
{
    PLD_TRY(check_pair(x, y));
    PLD_TRY(pld_field_term(x, xcomp, NULL, term));
    return pld_field_term_second(y, ycomp, term);
}

pld_status pld_field_measure_two(const pld_field *x, int xcomp,
                                 const pld_field *y, int ycomp,
                                 pld_measure what, void *out)
{
    pld_term term;
    pld_status status = terms_of_two(x, xcomp, y, ycomp, &term);
    if (status != PLD_OK)
        return refuse(x, status);
    return run(x, &term, what, out);
}

pld_status pld_field_sum(const pld_field *field, int comp, void *out)
{
    return pld_field_measure(field, comp, PLD_MEASURE_SUM, out);
}

pld_status pld_field_dot(const pld_field *x, int xcomp, const pld_field *y,
                         int ycomp, void *out)
{
    return pld_field_measure_two(x, xcomp, y, ycomp, PLD_MEASURE_DOT, out);
}

pld_status pld_field_norm2(const pld_field *field, int comp, double *out)
{
    return pld_field_measure(field, comp, PLD_MEASURE_NORM2, out);
}

pld_status pld_field_normmax(const pld_field *field, int comp, double *out)
{
    return pld_field_measure(field, comp, PLD_MEASURE_NORMMAX, out);
}

pld_status pld_field_mean(const pld_field *field, int comp, double *out)
{
    return pld_field_measure(field, comp, PLD_MEASURE_MEAN, out);
}

pld_status pld_field_variance(const pld_field *field, int comp, double *out)
{
    return pld_field_measure(field, comp, PLD_MEASURE_VARIANCE, out);
}

static pld_status find(const pld_field *field, int comp, pld_measure what,
                       void *out, int64_t *where)
{
    pld_term term;
    pld_status status = pld_field_term(field, comp, NULL, &term);
    if (status != PLD_OK)
        return refuse(field, status);
    term.where = where;
    return run(field, &term, what, out);
}

pld_status pld_field_min(const pld_field *field, int comp, void *out,
                         int64_t where[PLD_MAXDIM])
{
    return find(field, comp, PLD_MEASURE_MIN, out, where);
}

pld_status pld_field_max(const pld_field *field, int comp, void *out,
                         int64_t where[PLD_MAXDIM])
{
    return find(field, comp, PLD_MEASURE_MAX, out, where);
}

pld_status pld_field_histogram(const pld_field *field, int comp, int64_t nbins,
                               const double *edges, int64_t *out)
{
    pld_term term;
    pld_status status = pld_field_term(field, comp, NULL, &term);
    if (status != PLD_OK)
        return refuse(field, status);
    term.nbins = nbins;
    term.edges = edges;
    return run(field, &term, PLD_MEASURE_HISTOGRAM, out);
}

pld_status pld_field_quantiles(const pld_field *field, int comp, int n,
                               const double *fractions, void *out)
{
    pld_term term;
    pld_status status = pld_field_term(field, comp, NULL, &term);
    if (status != PLD_OK)
        return refuse(field, status);
    return pld_quantiles(field->grid->ctx, term.type, term.box, term.x, n,
                         fractions, out);
}
