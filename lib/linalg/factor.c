#include "linalg/factor.h"

#include <inttypes.h>
#include <limits.h>

#include "base/alloc.h"
#include "linalg/tile_kernel.h"
#include "polder/agree.h"
#include "polder/reduce.h"

/* Right sides go in tiles of so many columns. */
enum { SIDES = 128 };

/* Large tiles are worked on faster where they come from memory, small ones
 * share the work out better. */
int64_t pld_factor_edge(int64_t n)
{
    return n <= 512 ? 64 : n <= 1024 ? 96 : n < 3072 ? 192 : 384;
}

/* --- Checks --------------------------------------------------------------- */

pld_status pld_factor_check(const pld_ctx *ctx, const pld_matrix *matrix,
                            const char *name, struct pld_operand_matrix *out)
{
    PLD_TRY(pld_operand_create(matrix, name, out));
    PLD_CHECK(out->field->grid->ctx == ctx, PLD_ERR_ARG,
              "%s is of another context", name);
    PLD_CHECK(out->form == PLD_PLAIN, PLD_ERR_ARG,
              "%s->form is %d: it is taken as it is, PLD_PLAIN", name,
              (int)out->form);
    return PLD_OK;
}

pld_status pld_factor_check_square(const pld_ctx *ctx, const pld_matrix *matrix,
                                   const char *name,
                                   struct pld_operand_matrix *out)
{
    PLD_TRY(pld_factor_check(ctx, matrix, name, out));
    PLD_CHECK(out->size[0] == out->size[1], PLD_ERR_SHAPE,
              "%s is %" PRId64 " x %" PRId64 ", but must be square", name,
              out->size[0], out->size[1]);
    return PLD_OK;
}

pld_status pld_factor_check_sides(const pld_ctx *ctx, const pld_matrix *b,
                                  int64_t n, pld_type type,
                                  struct pld_operand_matrix *out)
{
    PLD_TRY(pld_factor_check(ctx, b, "b", out));
    PLD_CHECK(out->size[0] == n, PLD_ERR_SHAPE,
              "b has %" PRId64 " rows, but a has %" PRId64, out->size[0], n);
    PLD_CHECK(out->field->type == type, PLD_ERR_TYPE, "b is %s, but a is %s",
              pld_type_name(out->field->type), pld_type_name(type));
    return PLD_OK;
}

pld_status pld_factor_ctx(int n, const pld_matrix *const matrices[],
                          pld_ctx **out)
{
    for (int i = 0; i < n; i++) {
        const pld_field *field = matrices[i] ? matrices[i]->field : NULL;
        if (field && field->alive == PLD_FIELD_ALIVE) {
            *out = field->grid->ctx;
            return PLD_OK;
        }
    }
    PLD_RAISE(PLD_ERR_ARG, "a has no live field");
}

enum { MOST_MATRICES = 2 };

struct terms {
    int64_t number;
    pld_box boxes[MOST_MATRICES];
};

pld_status pld_factor_agree(pld_ctx *ctx, const char *what, int nmatrices,
                            const struct pld_operand_matrix *matrices,
                            int64_t number)
{
    struct terms terms = {.number = number};
    for (int i = 0; i < nmatrices; i++)
        terms.boxes[i] = matrices[i].box;
    return pld_agree_same(ctx, what, &terms, sizeof terms);
}

/* --- Tiles ---------------------------------------------------------------- */

pld_status pld_factor_take_sides(pld_ctx *ctx, pld_type type, int64_t rows,
                                 int64_t columns, int64_t edge,
                                 struct pld_tiles *out)
{
    int64_t width = columns < SIDES ? columns : SIDES;
    const struct pld_tiles_spec spec = {.type = type,
                                        .size = {rows, columns},
                                        .edge = {edge, width > 0 ? width : 1}};
    return pld_tiles_create(ctx, &spec, out);
}

pld_status pld_factor_check_same(const struct pld_tiles *tiles,
                                 const pld_matrix *matrix, const char *name,
                                 struct pld_operand_matrix *out)
{
    PLD_TRY(pld_factor_check_square(tiles->ctx, matrix, name, out));
    PLD_CHECK(out->size[0] == tiles->spec.size[0], PLD_ERR_SHAPE,
              "%s has %" PRId64 " rows, but the factor %" PRId64, name,
              out->size[0], tiles->spec.size[0]);
    PLD_CHECK(out->field->type == tiles->spec.type, PLD_ERR_TYPE,
              "%s is %s, but the factor %s", name,
              pld_type_name(out->field->type), pld_type_name(tiles->spec.type));
    return PLD_OK;
}

/* Own elements of the diagonal; 0 where it is another rank's. */
static void find_diagonal(const struct pld_tiles *tiles, double *out)
{
    pld_type type = tiles->spec.type;
    int64_t edge = tiles->spec.edge[1];
    bool panels = !tiles->spec.lower;
    for (int64_t j = 0; j < tiles->count[1]; j++) {
        int64_t number = pld_tiles_number(tiles, panels ? 0 : j, j);
        if (tiles->owner[number] != tiles->ctx->rank)
            continue;
        struct pld_tile tile = {pld_tiles_at(tiles, number), tiles->ld};
        for (int64_t i = 0; i < pld_tiles_extent(tiles, 1, j); i++) {
            int64_t row = panels ? j * edge + i : i;
            const void *at = pld_tile_from(type, tile, row, i).data;
            double *parts = out + 2 * (j * edge + i);
            parts[0] = type == PLD_F32 ? (double)*(const float *)at
                                       : *(const double *)at;
            parts[1] = type == PLD_C128 ? ((const double *)at)[1] : 0;
        }
    }
}

pld_status pld_factor_diagonal(const struct pld_tiles *tiles, double **out)
{
    int64_t n = tiles->spec.size[0];
    PLD_CHECK(n < INT_MAX / 2, PLD_ERR_OVERFLOW, "too many rows");
    pld_status status =
        pld_alloc("diagonal of a factor", 2 * n, sizeof **out, out);
    PLD_TRY(pld_agree(tiles->ctx, status));
    if (n > 0)
        find_diagonal(tiles, *out);
    PLD_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, *out, (int)(2 * n), MPI_DOUBLE,
                              MPI_SUM, tiles->ctx->comm));
    return PLD_OK;
}

void pld_factor_conjugate(const struct pld_tiles *tiles)
{
    if (tiles->spec.type != PLD_C128)
        return;
    for (int64_t s = 0; s < tiles->nown; s++) {
        int64_t place[2];
        pld_tiles_place(tiles, tiles->own[s], place);
        pld_tile_conjugate(
            pld_tiles_extent(tiles, 0, place[0]),
            pld_tiles_extent(tiles, 1, place[1]),
            (struct pld_tile){pld_tiles_at(tiles, tiles->own[s]), tiles->ld});
    }
}

pld_status pld_factor_least(pld_ctx *ctx, int64_t *number)
{
    int64_t own = *number < 0 ? INT64_MAX : *number;
    int64_t least = own;
    PLD_TRY(pld_reduce(ctx, PLD_MIN, PLD_I64, &own, 1, &least));
    *number = least == INT64_MAX ? -1 : least;
    return PLD_OK;
}
