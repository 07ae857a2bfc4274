#include "support/formula.h"
#include "support/harness.h"

#include "mesh/block.h"

#include <string.h>

/* Small whole numbers: every type holds them. */
double formula_value(int shift, int64_t k, int64_t j, int64_t i, int comp)
{
    return (double)(1 + shift + 7 * (i + 41 * (j + 29 * k)) + comp);
}

void formula_put(double value, pld_type type, char *out)
{
    double complex[2] = {value, -value};
    float single = (float)value;
    int64_t wide = (int64_t)value;
    int32_t narrow = (int32_t)value;
    const void *from = type == PLD_F32   ? (const void *)&single
                       : type == PLD_I64 ? (const void *)&wide
                       : type == PLD_I32 ? (const void *)&narrow
                                         : (const void *)complex;
    memcpy(out, from, pld_type_size(type));
}

struct filling {
    const pld_field *field;
    int shift;
};

static void fill_point(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    const struct filling *filling = data;
    size_t size = pld_type_size(filling->field->type);
    for (int c = 0; c < filling->field->ncomps; c++)
        formula_put(
            formula_value(filling->shift, index[0], index[1], index[2], c),
            filling->field->type, (char *)value + (size_t)c * size);
}

void formula_fill(pld_field *field, int shift)
{
    struct filling filling = {field, shift};
    assert_ok_here(pld_field_fill(field, fill_point, &filling));
}

static bool point_holds(const pld_field *field, const struct pld_block *block,
                        int shift, const int64_t at[PLD_MAXDIM])
{
    char expected[16];
    for (int c = 0; c < field->ncomps; c++) {
        const char *there = block->data + at[0] * block->stride[0] +
                            at[1] * block->stride[1] +
                            at[2] * block->stride[2] + c * block->comp_stride;
        formula_put(formula_value(shift, at[0], at[1], at[2], c), field->type,
                    expected);
        if (memcmp(expected, there, block->size) != 0)
            return false;
    }
    return true;
}

bool formula_holds(pld_field *field, int shift)
{
    struct pld_block block = pld_field_block(field);
    pld_box own = pld_field_owned(field);
    bool holds = true;
    int64_t at[PLD_MAXDIM];
    for (int64_t k = 0; k < own.count[0]; k++)
        for (int64_t j = 0; j < own.count[1]; j++)
            for (int64_t i = 0; i < own.count[2]; i++) {
                at[0] = own.first[0] + k;
                at[1] = own.first[1] + j;
                at[2] = own.first[2] + i;
                holds = holds && point_holds(field, &block, shift, at);
            }
    return holds;
}

struct formula formula_create(pld_ctx *team, const pld_grid_spec *cells,
                              const pld_field_spec *spec)
{
    struct formula formula = {NULL, NULL};
    assert_ok_here(pld_grid_create(team, cells, &formula.grid));
    assert_ok_here(pld_field_create(formula.grid, spec, &formula.field));
    return formula;
}

void formula_destroy(struct formula *formula)
{
    assert_ok_here(pld_field_destroy(&formula->field));
    assert_ok_here(pld_grid_destroy(&formula->grid));
}

pld_ctx *team_create(int n)
{
    MPI_Comm comm = MPI_COMM_NULL;
    pld_ctx *team = NULL;
    MPI_Comm_split(pld_ctx_comm(ctx), rank < n ? 0 : MPI_UNDEFINED, rank,
                   &comm);
    if (comm == MPI_COMM_NULL)
        return NULL;
    assert_ok_here(pld_ctx_create(comm, NULL, &team));
    MPI_Comm_free(&comm);
    return team;
}

void team_destroy(pld_ctx **team)
{
    assert_ok_here(pld_ctx_destroy(team));
}
