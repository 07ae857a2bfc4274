#include "polder/deposit.h"

#include "base/alloc.h"
#include "base/overflow.h"
#include "comm/cells.h"
#include "mesh/block.h"
#include "mesh/field.h"
#include "polder/agree.h"
#include "polder/halo.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

/* First word of a live deposit, cleared when it is destroyed. */
#define DEPOSIT_ALIVE 0x6465706fu

/* Additions between two looks at whether the window has room: see cells.h. */
enum { AT_ONCE = 1 << 20 };

struct pld_deposit {
    uint32_t alive;
    pld_field *field;
    pld_box allowed;        /* the padded block, without what no rank owns */
    struct pld_cells cells; /* sums as in an interleaved field */
};

/* --- Life ----------------------------------------------------------------- */

static pld_box find_allowed(const pld_field *field)
{
    pld_box allowed = field->padded;
    pld_box inside = pld_box_intersect(field->padded, pld_field_domain(field));
    for (int d = 0; d < field->grid->ndims; d++)
        if (!field->grid->periodic[d]) {
            allowed.first[d] = inside.first[d];
            allowed.count[d] = inside.count[d];
        }
    return allowed;
}

static pld_status create_alone(pld_field *field, pld_deposit **out)
{
    int64_t nsums = 0;
    pld_box padded = field->padded;
    int64_t factors[] = {padded.count[0], padded.count[1], padded.count[2],
                         field->ncomps};
    PLD_TRY(pld_size_product("sums of a deposit", 4, factors, &nsums));
    PLD_TRY(pld_alloc("deposit", 1, sizeof **out, out));
    pld_field_retain(field);
    **out =
        (pld_deposit){.alive = DEPOSIT_ALIVE,
                      .field = field,
                      .allowed = find_allowed(field),
                      .cells = {.nsums = nsums, .window = pld_window_empty()}};
    return PLD_OK;
}

static pld_status check_field(const pld_field *field, pld_deposit **out)
{
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    PLD_CHECK(field->type == PLD_F64, PLD_ERR_TYPE,
              "field \"%s\" holds %s: deposits go into f64",
              pld_field_name(field), pld_type_name(field->type));
    PLD_CHECK(field->ncomps <= INT_MAX / (PLD_EXACT_SUM_LIMBS + 2),
              PLD_ERR_OVERFLOW, "field \"%s\" has %d components: at most %d",
              pld_field_name(field), field->ncomps,
              INT_MAX / (PLD_EXACT_SUM_LIMBS + 2));
    return PLD_OK;
}

static void destroy_alone(pld_deposit **deposit)
{
    pld_deposit *old = *deposit;
    if (!old)
        return;
    pld_cells_clear(&old->cells);
    pld_field_release(old->field);
    old->alive = 0;
    pld_free(old);
    *deposit = NULL;
}

pld_status pld_deposit_create(pld_field *field, pld_deposit **out)
{
    pld_deposit *deposit = NULL;
    PLD_TRY(pld_field_check(field, "field"));
    pld_ctx *ctx = field->grid->ctx;
    PLD_TRY(pld_agree(ctx, check_field(field, out)));
    pld_status status = pld_agree(ctx, create_alone(field, &deposit));
    if (status != PLD_OK)
        destroy_alone(&deposit);
    PLD_TRY(status);
    *out = deposit;
    return PLD_OK;
}

static pld_status check_deposit(const pld_deposit *deposit,
                                const char *argument)
{
    PLD_CHECK(deposit, PLD_ERR_ARG, "%s is NULL", argument);
    PLD_CHECK(deposit->alive == DEPOSIT_ALIVE, PLD_ERR_STATE,
              "%s is not a live deposit: destroyed, or something else",
              argument);
    return PLD_OK;
}

pld_status pld_deposit_destroy(pld_deposit **deposit)
{
    PLD_CHECK(deposit, PLD_ERR_ARG, "deposit is NULL");
    if (!*deposit)
        return PLD_OK;
    PLD_TRY(check_deposit(*deposit, "*deposit"));
    destroy_alone(deposit);
    return PLD_OK;
}

/* --- Adding --------------------------------------------------------------- */

static bool lies_in(pld_box box, int ndims, const int64_t *cell)
{
    for (int d = 0; d < ndims; d++)
        if (cell[d] < box.first[d] || cell[d] - box.first[d] >= box.count[d])
            return false;
    return !pld_box_empty(box);
}

static void cell_text(int ndims, const int64_t *cell, char text[80])
{
    int n = 0;
    for (int d = 0; d < ndims; d++)
        n += snprintf(text + n, 80 - (size_t)n, "%s%" PRId64, d > 0 ? ", " : "",
                      cell[d]);
}

static pld_status refuse(const pld_deposit *deposit, int64_t particle,
                         const int64_t *cell)
{
    const pld_field *field = deposit->field;
    char text[80];
    cell_text(field->grid->ndims, cell, text);
    PLD_CHECK(!lies_in(field->padded, field->grid->ndims, cell), PLD_ERR_ARG,
              "particle %" PRId64 ": cell (%s) of field \"%s\" lies outside "
              "the domain along a dimension that is not periodic",
              particle, text, pld_field_name(field));
    PLD_RAISE(PLD_ERR_ARG,
              "particle %" PRId64 ": cell (%s) lies outside the padded block "
              "of this rank; the halo of field \"%s\" is how far particles "
              "may reach",
              particle, text, pld_field_name(field));
}

static pld_status check_particles(const pld_deposit *deposit, int64_t n,
                                  const int64_t *cells, const double *values)
{
    PLD_TRY(check_deposit(deposit, "deposit"));
    PLD_CHECK(n >= 0, PLD_ERR_ARG, "n is %" PRId64 ": 0 or more", n);
    PLD_CHECK(cells || n == 0, PLD_ERR_ARG, "cells is NULL, but n is %" PRId64,
              n);
    PLD_CHECK(values || n == 0, PLD_ERR_ARG,
              "values is NULL, but n is %" PRId64, n);
    int ndims = deposit->field->grid->ndims;
    for (int64_t i = 0; i < n; i++)
        if (!lies_in(deposit->allowed, ndims, cells + i * ndims))
            return refuse(deposit, i, cells + i * ndims);
    return PLD_OK;
}

/* Number of a cell's first sum. */
static int64_t sum_of(const pld_field *field, const int64_t *cell)
{
    int64_t number = 0;
    for (int d = 0; d < field->grid->ndims; d++)
        number = number * field->padded.count[d] +
                 (cell[d] - field->padded.first[d]);
    return number * field->ncomps;
}

static void add_particles(pld_deposit *deposit, int64_t n, const int64_t *cells,
                          const double *values)
{
    int ncomps = deposit->field->ncomps;
    for (int64_t i = 0; i < n; i++) {
        int64_t sum =
            sum_of(deposit->field, cells + i * deposit->field->grid->ndims);
        for (int c = 0; c < ncomps; c++)
            pld_cells_add(&deposit->cells, sum + c, values[i * ncomps + c]);
    }
}

static pld_status make_room(struct pld_cells *cells)
{
    struct pld_window window = cells->window;
    window.end++;
    return cells->full ? pld_cells_widen(cells, window) : PLD_OK;
}

pld_status pld_deposit_add(pld_deposit *deposit, int64_t n,
                           const int64_t *cells, const double *values)
{
    PLD_TRY(check_particles(deposit, n, cells, values));
    int ndims = deposit->field->grid->ndims;
    int ncomps = deposit->field->ncomps;
    struct pld_window window = pld_window_of(n * ncomps, values);
    PLD_TRY(pld_cells_widen(&deposit->cells, window));
    int64_t most = AT_ONCE / ncomps > 0 ? AT_ONCE / ncomps : 1;
    for (int64_t done = 0; done < n; done += most) {
        int64_t some = n - done < most ? n - done : most;
        PLD_TRY(make_room(&deposit->cells));
        add_particles(deposit, some, cells + done * ndims,
                      values + done * ncomps);
    }
    return PLD_OK;
}

/* --- Finishing ------------------------------------------------------------ */

/* The window that all ranks need together. */
static pld_status agree_on_window(pld_deposit *deposit, struct pld_window *out)
{
    struct pld_window own = pld_cells_needed(&deposit->cells);
    int64_t mine[] = {-own.first, own.end, own.special};
    int64_t most[3];
    PLD_TRY(
        pld_reduce(deposit->field->grid->ctx, PLD_MAX, PLD_I64, mine, 3, most));
    *out = (struct pld_window){
        .first = (int)-most[0], .end = (int)most[1], .special = most[2] != 0};
    return PLD_OK;
}

/* The words of the sums as a field, for its ghosts to be accumulated. */
static pld_status create_words(pld_deposit *deposit, pld_field **out)
{
    const pld_field *field = deposit->field;
    pld_field_spec spec = {.name = "exact sums of a deposit",
                           .type = PLD_I64,
                           .ncomps = field->ncomps * deposit->cells.nwords,
                           .layout = PLD_INTERLEAVED,
                           .memory = deposit->cells.words};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        spec.node[d] = field->node[d];
        spec.halo.low[d] = field->low[d];
        spec.halo.high[d] = field->high[d];
    }
    PLD_TRY(pld_field_create(field->grid, &spec, out));
    return PLD_OK;
}

static pld_status add_ghosts(pld_deposit *deposit)
{
    pld_status status = PLD_OK;
    pld_field *words = NULL;
    pld_halo *halo = NULL;
    PLD_TRY(create_words(deposit, &words));
    const pld_halo_spec spec = {.nfields = 1, .fields = &words};
    PLD_TRY_TO(out, pld_halo_create(&spec, &halo));
    PLD_TRY_TO(out, pld_halo_accumulate(halo, PLD_SUM));
out:
    PLD_TRY(pld_halo_destroy(&halo));
    PLD_TRY(pld_field_destroy(&words));
    return status;
}

struct rounding {
    const pld_deposit *deposit;
    pld_exact room;
};

static pld_status round_row(const int64_t index[PLD_MAXDIM], int64_t n,
                            void *data)
{
    struct rounding *rounding = data;
    const pld_field *field = rounding->deposit->field;
    struct pld_block block = pld_field_block(field);
    char *row = pld_block_at(&block, index);
    int64_t step = block.stride[field->grid->ndims - 1];
    int64_t sum = sum_of(field, index);
    for (int64_t i = 0; i < n; i++)
        for (int c = 0; c < field->ncomps; c++) {
            double *to = (void *)(row + i * step + c * block.comp_stride);
            *to = pld_cells_round(&rounding->deposit->cells,
                                  sum + i * field->ncomps + c, &rounding->room);
        }
    return PLD_OK;
}

pld_status pld_deposit_finish(pld_deposit *deposit)
{
    PLD_TRY(check_deposit(deposit, "deposit"));
    struct pld_window window;
    struct pld_cells *cells = &deposit->cells;
    pld_ctx *ctx = deposit->field->grid->ctx;
    PLD_TRY(agree_on_window(deposit, &window));
    PLD_TRY(pld_agree(ctx, pld_cells_widen(cells, window)));
    pld_cells_settle(cells);
    if (cells->nwords > 0)
        PLD_TRY(add_ghosts(deposit));
    struct rounding rounding = {.deposit = deposit};
    pld_exact_clear(&rounding.room);
    pld_fresh_touch(deposit->field);
    PLD_TRY(pld_box_rows(deposit->field->owned, deposit->field->grid->ndims,
                         round_row, &rounding));
    pld_cells_clear(cells);
    return PLD_OK;
}
