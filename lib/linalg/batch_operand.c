#include "linalg/batch_operand.h"

#include "linalg/walk.h"

#include <stdio.h>

static const char *const names[] = {"a", "b", "c"};

/* Rows and columns as stored, where they were left out. */
static void complete(pld_batch *batch, int ncomps)
{
    for (int n = 1; batch->rows == 0 && (int64_t)n * n <= ncomps; n++)
        if ((int64_t)n * n == ncomps)
            batch->rows = n;
    if (batch->columns == 0 && batch->rows > 0)
        batch->columns = ncomps / batch->rows;
}

static pld_status check_size(const pld_batch *batch, const char *name)
{
    const pld_field *field = batch->field;
    PLD_CHECK(batch->rows > 0, PLD_ERR_SHAPE,
              "%s: the %d components of field \"%s\" are no square matrix: "
              "give rows",
              name, field->ncomps, field->name);
    PLD_CHECK((int64_t)batch->rows * batch->columns == field->ncomps,
              PLD_ERR_SHAPE,
              "%s is %d x %d, but field \"%s\" has %d components", name,
              batch->rows, batch->columns, field->name, field->ncomps);
    return PLD_OK;
}

static pld_status check_operand(const pld_batch *batch, const char *name,
                                const pld_field *first)
{
    char argument[32];
    PLD_CHECK(batch, PLD_ERR_ARG, "%s is NULL", name);
    snprintf(argument, sizeof argument, "%s->field", name);
    PLD_TRY(pld_walk_check_points(first ? first : batch->field, batch->field,
                                  argument));
    PLD_CHECK(batch->rows >= 0 && batch->columns >= 0, PLD_ERR_ARG,
              "%s: rows is %d and columns %d: 1 or more, or 0 to be found",
              name, batch->rows, batch->columns);
    PLD_CHECK(batch->form >= PLD_PLAIN && batch->form <= PLD_CONJUGATED,
              PLD_ERR_ARG, "%s->form is %d: there is no such form", name,
              (int)batch->form);
    return PLD_OK;
}

static pld_status make_operand(const pld_batch *batch, int which,
                               const pld_field *first,
                               struct pld_batch_operand *out)
{
    PLD_TRY(check_operand(batch, names[which], first));
    PLD_CHECK(which != PLD_BATCH_C || batch->form == PLD_PLAIN, PLD_ERR_ARG,
              "c->form is %d: c is taken as it is, exchange a and b",
              (int)batch->form);
    pld_batch all = *batch;
    complete(&all, batch->field->ncomps);
    PLD_TRY(check_size(&all, names[which]));
    int64_t step = batch->field->comp_stride;
    bool turned = batch->form != PLD_PLAIN;
    *out =
        (struct pld_batch_operand){.field = batch->field,
                                   .rows = turned ? all.columns : all.rows,
                                   .columns = turned ? all.rows : all.columns,
                                   .row = turned ? step : all.columns * step,
                                   .column = turned ? all.columns * step : step,
                                   .conjugate = batch->form == PLD_CONJUGATED};
    return PLD_OK;
}

static pld_status check_together(const struct pld_batch_operand *operands)
{
    const struct pld_batch_operand *a = &operands[PLD_BATCH_A];
    const struct pld_batch_operand *b = &operands[PLD_BATCH_B];
    const struct pld_batch_operand *c = &operands[PLD_BATCH_C];
    PLD_CHECK(a->rows == c->rows && b->columns == c->columns &&
                  a->columns == b->rows,
              PLD_ERR_SHAPE,
              "a is %d x %d, b is %d x %d, c is %d x %d (after their form): "
              "they do not multiply",
              a->rows, a->columns, b->rows, b->columns, c->rows, c->columns);
    PLD_CHECK(a->field != c->field && b->field != c->field, PLD_ERR_ARG,
              "c and %s are one field \"%s\": give c a field of its own",
              a->field == c->field ? "a" : "b", c->field->name);
    return PLD_OK;
}

pld_status pld_batch_operands(const pld_batch *const batches[],
                              struct pld_batch_operand out[])
{
    const pld_field *first = NULL;
    for (int i = 0; i < PLD_BATCH_OPERANDS; i++) {
        PLD_TRY(make_operand(batches[i], i, first, &out[i]));
        first = out[PLD_BATCH_A].field;
    }
    return check_together(out);
}
