/* Halo exchange over all that can be asked for: every element of every padded
 * block compared with a formula of its global index.
 * TEST: ranks=1,2,3,4,6,7
 * TEST: ranks=2,3,4 env=PLD_TRANSPORT=message
 * TEST: ranks=2,3,4,6 env=PLD_FAKE_NODES=2
 *
 * Swept through, each with each: dimensions, process grids, periodic or not,
 * ranks that own nothing or not (in turn on more than 3), widths from 1 to two
 * blocks the same or another at each side, the whole halo or less of it, box or
 * star. Types, components, layouts, orders in memory, staggers, numbers of
 * fields and the caller's own memory take turns. The number of cases is
 * printed: 16 000 in all runs together. */

#include "support/draw.h"
#include "support/harness.h"
#include "support/numbers.h"

#include <stdio.h>

static int64_t ncases;

/* --- Grids -----------------------------------------------------------------
 */

enum { BLOCK = 2, MAX_PARTS = 16 };

/* Cuts with some parts empty, not all of them. */
static void draw_cuts(int nparts, int64_t size, int64_t cuts[MAX_PARTS + 1])
{
    int filled = (int)draw(0, nparts - 1);
    cuts[0] = 0;
    for (int p = 0; p < nparts; p++) {
        bool keeps = p == filled || draw(0, 2) > 0;
        int64_t end = size * (p + 1) / nparts;
        cuts[p + 1] = keeps ? end : cuts[p];
    }
    for (int p = nparts; p > 0 && cuts[p] == cuts[nparts]; p--)
        if (cuts[p - 1] < cuts[nparts])
            for (int q = p; q <= nparts; q++)
                cuts[q] = size;
}

static void make_grid(int ndims, const int nprocs[PLD_MAXDIM], int periodic,
                      bool empties, pld_grid **out)
{
    int64_t cuts[PLD_MAXDIM][MAX_PARTS + 1];
    pld_grid_spec spec = {.ndims = ndims};
    for (int d = 0; d < ndims; d++) {
        spec.nprocs[d] = nprocs[d];
        spec.size[d] = BLOCK * nprocs[d] + d % 2;
        spec.periodic[d] = periodic >> d & 1;
        draw_cuts(nprocs[d], spec.size[d], cuts[d]);
        if (empties)
            spec.cuts[d] = cuts[d];
    }
    assert_ok_here(pld_grid_create(ctx, &spec, out));
}

/* --- Fields ----------------------------------------------------------------
 */

enum { ONE, BLOCKS, TWO_BLOCKS, SIDES, OTHER_SIDES, NWIDTHS };

static pld_width make_width(int which, int ndims)
{
    static const int64_t given[] = {1, BLOCK, 2 * BLOCK};
    static const int64_t some[] = {0, 1, 0, BLOCK, BLOCK + 1, 2 * BLOCK};
    pld_width width = {0};
    for (int d = 0; d < ndims; d++) {
        width.low[d] = which < SIDES ? given[which] : some[draw(0, 5)];
        width.high[d] = which < SIDES ? given[which] : some[draw(0, 5)];
    }
    return width;
}

static char memory[SUBJECT_COMPS * 16 * 13 * 13 * 13];

/* What is not swept through takes turns. */
static void make_field(pld_grid *grid, const pld_width *halo, bool wraps,
                       pld_field **out)
{
    static int turn;
    static const int orders[][PLD_MAXDIM][PLD_MAXDIM] = {
        {{0}}, {{0}, {1, 0}}, {{0}, {1, 2, 0}, {2, 0, 1}}};
    int ndims = pld_grid_ndims(grid);
    int t = turn++;
    pld_field_spec spec = {.type = (pld_type)(t % PLD_TYPE_COUNT),
                           .ncomps = 1 + t % SUBJECT_COMPS,
                           .layout = (pld_layout)(t / 5 % 2),
                           .halo = *halo,
                           .memory = wraps ? memory : NULL};
    for (int d = 0; d < ndims; d++) {
        spec.node[d] = t / 3 >> d & 1;
        spec.order[d] = orders[ndims - 1][t / 7 % ndims][d];
    }
    assert_ok_here(pld_field_create(grid, &spec, out));
}

/* A part of the halo. */
static pld_width draw_part(const pld_width *halo)
{
    pld_width width = {0};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        width.low[d] = draw(0, halo->low[d]);
        width.high[d] = draw(0, halo->high[d]);
    }
    return width;
}

/* Box and star, of all ghosts or some; whether all is right on this rank. */
static bool sweep_fields(pld_grid *grid, const pld_width *halo)
{
    struct subject subject = {.grid = grid,
                              .nfields = 1 + (int)(ncases / 4 % 2)};
    bool good = true;
    for (int f = 0; f < subject.nfields; f++)
        make_field(grid, halo, f == 0 && ncases / 12 % 3 == 0,
                   &subject.fields[f]);
    for (int i = 0; i < 4; i++) {
        const pld_halo_spec spec = {.nfields = subject.nfields,
                                    .fields = subject.fields,
                                    .stencil = i % 2 == 0 ? PLD_BOX : PLD_STAR,
                                    .width = i < 2 ? (pld_width){0}
                                                   : draw_part(halo)};
        good = numbers_exchange(&spec) && good;
        ncases++;
    }
    for (int f = 0; f < subject.nfields; f++)
        assert_ok_here(pld_field_destroy(&subject.fields[f]));
    return good;
}

static void sweep_grid(int ndims, const int nprocs[PLD_MAXDIM], int periodic,
                       bool empties)
{
    pld_grid *grid = NULL;
    bool good = true;
    make_grid(ndims, nprocs, periodic, empties, &grid);
    for (int which = 0; which < NWIDTHS; which++) {
        const pld_width halo = make_width(which, ndims);
        good = sweep_fields(grid, &halo) && good;
    }
    assert_ok_here(pld_grid_destroy(&grid));
    assert_all(good);
}

static void sweep_grids(int ndims, const int nprocs[PLD_MAXDIM])
{
    bool one_in_turn = nranks > 3;
    for (int periodic = 0; periodic < 1 << ndims; periodic++)
        for (int empties = 0; empties < 2; empties++)
            if (!one_in_turn || (periodic + nprocs[0] + empties) % 2 == 0)
                sweep_grid(ndims, nprocs, periodic, empties);
}

TEST(every_ghost_asked_for_is_filled_and_no_other)
{
    for (int ndims = 1; ndims <= PLD_MAXDIM; ndims++)
        for (int i = 1; i <= nranks; i++)
            for (int j = 1; i * j <= nranks; j++) {
                const int nprocs[] = {i, j, nranks / (i * j)};
                if (i * j * nprocs[2] != nranks ||
                    (ndims < 3 && nprocs[2] > 1) || (ndims < 2 && j > 1))
                    continue;
                sweep_grids(ndims, nprocs);
            }
    if (rank == 0)
        printf("%lld cases\n", (long long)ncases);
}

/* --- What is beyond the sweep ----------------------------------------------
 */

/* The least halo of the fields at each side, or less. */
static pld_width draw_width(const struct subject *subject)
{
    pld_width least = {0};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        least.low[d] = least.high[d] = INT64_MAX;
        for (int f = 0; f < subject->nfields; f++) {
            int64_t low = pld_field_halo(subject->fields[f], d, 0);
            int64_t high = pld_field_halo(subject->fields[f], d, 1);
            least.low[d] = low < least.low[d] ? low : least.low[d];
            least.high[d] = high < least.high[d] ? high : least.high[d];
        }
    }
    return draw_part(&least);
}

/* Fields of different halos, more ranks than cells, widths of several times the
 * domain. */
TEST(fields_of_any_kind_travel_together)
{
    int n = nranks <= 2 ? 100 : 30;
    for (int i = 0; i < n; i++) {
        struct subject subject;
        bool good = true;
        subject_draw(5, &subject);
        for (int j = 0; j < 4; j++) {
            const pld_halo_spec spec = {
                .nfields = subject.nfields,
                .fields = subject.fields,
                .stencil = j % 2 == 0 ? PLD_BOX : PLD_STAR,
                .width = j < 2 ? (pld_width){0} : draw_width(&subject)};
            good = numbers_exchange(&spec) && good;
        }
        subject_destroy(&subject);
        assert_all(good);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_ghost_asked_for_is_filled_and_no_other),
    cmocka_unit_test(fields_of_any_kind_travel_together)};

PLD_TEST_MAIN(tests)
