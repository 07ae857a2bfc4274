#include "linalg/operand.h"

#include <inttypes.h>

static bool is_all(pld_box box)
{
    return box.count[0] == 0 && box.count[1] == 0 && box.count[2] == 0;
}

static pld_status check_box(const pld_field *field, pld_box box,
                            const char *name)
{
    pld_box domain = pld_field_domain(field);
    for (int d = 0; d < 2; d++) {
        int64_t size = domain.count[d];
        PLD_CHECK(box.count[d] >= 0 && box.first[d] >= 0 &&
                      box.count[d] <= size &&
                      box.first[d] <= size - box.count[d],
                  PLD_ERR_SHAPE,
                  "%s: the box has %" PRId64 " %s from %" PRId64
                  " on, but field \"%s\" has %" PRId64,
                  name, box.count[d], d == 0 ? "rows" : "columns", box.first[d],
                  field->name, size);
    }
    return PLD_OK;
}

static pld_status check_field(const pld_field *field, const char *name)
{
    char argument[32];
    snprintf(argument, sizeof argument, "%s->field", name);
    PLD_TRY(pld_field_check(field, argument));
    PLD_CHECK(field->ncomps == 1, PLD_ERR_SHAPE,
              "%s: field \"%s\" has %d components, but a matrix has 1", name,
              field->name, field->ncomps);
    PLD_CHECK(field->type == PLD_F64 || field->type == PLD_F32 ||
                  field->type == PLD_C128,
              PLD_ERR_TYPE,
              "%s: field \"%s\" is %s, but matrices are f64, f32 or c128", name,
              field->name, pld_type_name(field->type));
    return PLD_OK;
}

static pld_status create(const pld_matrix *matrix, const char *name,
                         struct pld_operand_matrix *out)
{
    PLD_CHECK(matrix->form >= PLD_PLAIN && matrix->form <= PLD_CONJUGATED,
              PLD_ERR_ARG, "%s->form is %d: there is no such form", name,
              (int)matrix->form);
    pld_box box = matrix->box;
    if (is_all(box))
        box = pld_field_domain(matrix->field);
    PLD_TRY(check_box(matrix->field, box, name));
    box.first[2] = 0;
    box.count[2] = 1;
    bool turned = matrix->form != PLD_PLAIN;
    *out = (struct pld_operand_matrix){
        .field = matrix->field,
        .box = box,
        .form = matrix->form,
        .size = {box.count[turned ? 1 : 0], box.count[turned ? 0 : 1]}};
    return PLD_OK;
}

pld_status pld_operand_create(const pld_matrix *matrix, const char *name,
                              struct pld_operand_matrix *out)
{
    PLD_CHECK(matrix, PLD_ERR_ARG, "%s is NULL", name);
    PLD_TRY(check_field(matrix->field, name));
    PLD_CHECK(matrix->field->grid->ndims == 2, PLD_ERR_SHAPE,
              "%s: field \"%s\" has %d dimensions, but a matrix has 2", name,
              matrix->field->name, matrix->field->grid->ndims);
    return create(matrix, name, out);
}

/* In one dimension, a column. */
pld_status pld_operand_create_vector(const pld_matrix *vector, const char *name,
                                     struct pld_operand_matrix *out)
{
    PLD_CHECK(vector, PLD_ERR_ARG, "%s is NULL", name);
    PLD_TRY(check_field(vector->field, name));
    pld_matrix column = *vector;
    PLD_CHECK(vector->field->grid->ndims <= 2, PLD_ERR_SHAPE,
              "%s: field \"%s\" has %d dimensions, but a vector has 1 or 2",
              name, vector->field->name, vector->field->grid->ndims);
    if (vector->field->grid->ndims == 1 && !is_all(column.box)) {
        column.box.first[1] = 0;
        column.box.count[1] = 1;
    }
    return create(&column, name, out);
}

pld_status pld_operand_check_pair(const struct pld_operand_matrix *c,
                                  const char *c_name,
                                  const struct pld_operand_matrix *other,
                                  const char *name)
{
    PLD_CHECK(other->field->type == c->field->type, PLD_ERR_TYPE,
              "%s is %s, but %s is %s", name, pld_type_name(other->field->type),
              c_name, pld_type_name(c->field->type));
    PLD_CHECK(other->field->grid->ctx == c->field->grid->ctx, PLD_ERR_ARG,
              "%s is of another context than %s", name, c_name);
    return PLD_OK;
}

pld_box pld_operand_box(const struct pld_operand_matrix *operand,
                        const int64_t first[2], const int64_t count[2])
{
    bool turned = operand->form != PLD_PLAIN;
    pld_box box = operand->box;
    for (int d = 0; d < 2; d++) {
        int from = turned ? 1 - d : d;
        box.first[d] += first[from];
        box.count[d] = count[from];
    }
    return box;
}

void pld_operand_owned(const struct pld_operand_matrix *operand, int rank,
                       int64_t first[2], int64_t count[2])
{
    pld_box own = pld_box_intersect(operand->box,
                                    pld_field_owned_by(operand->field, rank));
    bool empty = pld_box_empty(own);
    for (int d = 0; d < 2; d++) {
        first[d] = empty ? 0 : own.first[d] - operand->box.first[d];
        count[d] = empty ? 0 : own.count[d];
    }
}
