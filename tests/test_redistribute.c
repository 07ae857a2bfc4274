/* Fields moved between any two grids: every point gets its value, and nothing
 * else is touched.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=2,3 env=PLD_TRANSPORT=message
 * TEST: ranks=4,7 env=PLD_FAKE_NODES=2 */

#include "support/harness.h"
#include "support/formula.h"
#include "support/index.h"

#include "mesh/block.h"
#include "polder/random.h"
#include "polder/redistribute.h"

#include <string.h>

enum { MAX_CUTS = 16, MAX_PAIRS = 3 };

static uint64_t drawn;

/* The same on all ranks. */
static int64_t draw(int64_t low, int64_t high)
{
    const pld_random random = {.seed = 1814};
    return low + pld_random_integer(random, drawn++, high - low + 1);
}

/* Ascending cuts from 0 to ncells; empty parts are common. */
static void draw_cuts(int nparts, int64_t ncells, int64_t *cuts)
{
    cuts[0] = 0;
    cuts[nparts] = ncells;
    for (int p = 1; p < nparts; p++) {
        int64_t cut = draw(0, ncells);
        int place = p;
        for (; place > 1 && cuts[place - 1] > cut; place--)
            cuts[place] = cuts[place - 1];
        cuts[place] = cut;
    }
}

/* A process grid: chosen, or all ranks along one dimension, or two of them. */
static void draw_nprocs(pld_grid_spec *cells)
{
    int along = (int)draw(0, cells->ndims - 1);
    int other = (int)draw(0, cells->ndims - 1);
    int divisor = (int)draw(1, nranks);
    if (draw(0, 3) == 0)
        return;
    for (int d = 0; d < cells->ndims; d++)
        cells->nprocs[d] = 1;
    if (nranks % divisor != 0 || other == along)
        divisor = 1;
    cells->nprocs[along] = nranks / divisor;
    if (divisor > 1)
        cells->nprocs[other] = divisor;
}

static pld_grid *draw_grid(const pld_grid_spec *domain)
{
    pld_grid_spec cells = *domain;
    int64_t cuts[PLD_MAXDIM][MAX_CUTS];
    draw_nprocs(&cells);
    for (int d = 0; d < cells.ndims; d++)
        if (cells.nprocs[d] > 0 && draw(0, 1)) {
            draw_cuts(cells.nprocs[d], cells.size[d], cuts[d]);
            cells.cuts[d] = cuts[d];
        }
    pld_grid *grid = NULL;
    assert_ok(pld_grid_create(ctx, &cells, &grid));
    return grid;
}

/* What two fields may differ in. */
static pld_field *draw_field(pld_grid *grid, pld_field_spec spec)
{
    int ndims = pld_grid_ndims(grid);
    pld_field *field = NULL;
    spec.layout = draw(0, 1) ? PLD_INTERLEAVED : PLD_PLANES;
    for (int d = 0; d < ndims; d++) {
        spec.halo.low[d] = draw(0, 2);
        spec.halo.high[d] = draw(0, 2);
        spec.order[d] = d;
    }
    for (int d = ndims - 1; d > 0; d--) {
        int other = (int)draw(0, d);
        int moved = spec.order[d];
        spec.order[d] = spec.order[other];
        spec.order[other] = moved;
    }
    assert_ok(pld_field_create(grid, &spec, &field));
    return field;
}

struct pairs {
    int n;
    pld_grid *grids[2];
    pld_field *from[MAX_PAIRS];
    pld_field *to[MAX_PAIRS];
};

static struct pairs draw_pairs(void)
{
    struct pairs pairs = {.n = (int)draw(1, MAX_PAIRS)};
    pld_grid_spec domain = {.ndims = (int)draw(1, 3)};
    for (int d = 0; d < domain.ndims; d++) {
        domain.size[d] = draw(0, 3) == 0 ? draw(1, 3) : draw(4, 14);
        domain.periodic[d] = draw(0, 1);
    }
    for (int side = 0; side < 2; side++)
        pairs.grids[side] = draw_grid(&domain);
    for (int i = 0; i < pairs.n; i++) {
        pld_field_spec spec = {.type = (pld_type)draw(0, PLD_TYPE_COUNT - 1),
                               .ncomps = (int)draw(1, 3)};
        for (int d = 0; d < domain.ndims; d++)
            spec.node[d] = draw(0, 3) == 0;
        pairs.from[i] = draw_field(pairs.grids[0], spec);
        pairs.to[i] = draw_field(pairs.grids[1], spec);
    }
    return pairs;
}

static void destroy_pairs(struct pairs *pairs)
{
    for (int i = 0; i < pairs->n; i++) {
        assert_ok(pld_field_destroy(&pairs->from[i]));
        assert_ok(pld_field_destroy(&pairs->to[i]));
    }
    for (int side = 0; side < 2; side++)
        assert_ok(pld_grid_destroy(&pairs->grids[side]));
}

/* Bytes that no value of the formula has. */
static void mark(pld_field *field)
{
    char value[3 * 16];
    memset(value, 0x5a, sizeof value);
    assert_ok_here(pld_field_set(field, value));
}

static bool ghosts_are_marked(const pld_field *field)
{
    struct pld_block block = pld_field_block(field);
    pld_box padded = pld_field_padded(field);
    bool marked = true;
    char value[16];
    int64_t at[PLD_MAXDIM];
    memset(value, 0x5a, sizeof value);
    memcpy(at, padded.first, sizeof at);
    if (pld_box_empty(padded))
        return true;
    do {
        pld_box point = {{at[0], at[1], at[2]}, {1, 1, 1}};
        if (pld_box_contains(pld_field_owned(field), point))
            continue;
        for (int c = 0; c < block.ncomps; c++)
            marked = marked &&
                     memcmp(pld_block_at(&block, at) + c * block.comp_stride,
                            value, block.size) == 0;
    } while (next_index(padded, at));
    return marked;
}

static void try_pairs(struct pairs *pairs)
{
    pld_redistribution *move = NULL;
    const pld_redistribution_spec spec = {
        .nfields = pairs->n, .from = pairs->from, .to = pairs->to};
    assert_ok(pld_redistribution_create(&spec, &move));
    for (int round = 0; round < 2; round++) {
        bool right = true;
        for (int i = 0; i < pairs->n; i++) {
            formula_fill(pairs->from[i], round + i);
            mark(pairs->to[i]);
        }
        assert_ok_here(pld_redistribution_run(move));
        for (int i = 0; i < pairs->n; i++)
            right = right && formula_holds(pairs->to[i], round + i) &&
                    formula_holds(pairs->from[i], round + i) &&
                    ghosts_are_marked(pairs->to[i]);
        assert_all(right);
    }
    assert_ok(pld_redistribution_destroy(&move));
}

TEST(every_point_gets_its_value)
{
    for (int trial = 0; trial < (nranks > 4 ? 15 : 40); trial++) {
        struct pairs pairs = draw_pairs();
        try_pairs(&pairs);
        destroy_pairs(&pairs);
    }
}

TEST(one_call_moves_one_field)
{
    struct pairs pairs = draw_pairs();
    formula_fill(pairs.from[0], 3);
    assert_ok(pld_redistribute(pairs.from[0], pairs.to[0]));
    assert_all(formula_holds(pairs.to[0], 3));
    destroy_pairs(&pairs);
}

TEST(one_field_may_go_to_two)
{
    const pld_grid_spec cells = {.ndims = 2, .size = {6, 10}};
    struct formula from = formula_create(ctx, &cells, &(pld_field_spec){0});
    struct formula one = formula_create(ctx, &cells, &(pld_field_spec){0});
    pld_field_spec turned = {.order = {1, 0}, .halo = {.all = 1}};
    struct formula other = formula_create(ctx, &cells, &turned);
    pld_redistribution *move = NULL;
    const pld_redistribution_spec spec = {
        .nfields = 2,
        .from = (pld_field *[]){from.field, from.field},
        .to = (pld_field *[]){one.field, other.field}};
    formula_fill(from.field, 5);
    assert_ok(pld_redistribution_create(&spec, &move));
    assert_ok(pld_redistribution_run(move));
    assert_all(formula_holds(one.field, 5) && formula_holds(other.field, 5));
    assert_ok(pld_redistribution_destroy(&move));
    formula_destroy(&from);
    formula_destroy(&one);
    formula_destroy(&other);
}

TEST(several_may_be_under_way)
{
    struct pairs pairs[2] = {draw_pairs(), draw_pairs()};
    pld_redistribution *moves[2];
    for (int i = 0; i < 2; i++) {
        const pld_redistribution_spec spec = {
            .nfields = 1, .from = pairs[i].from, .to = pairs[i].to};
        assert_ok(pld_redistribution_create(&spec, &moves[i]));
        formula_fill(pairs[i].from[0], i);
    }
    for (int i = 0; i < 2; i++)
        assert_ok(pld_redistribution_begin(moves[i]));
    bool done = false;
    while (!done)
        assert_ok_here(pld_redistribution_test(moves[0], &done));
    for (int i = 0; i < 2; i++)
        assert_ok(pld_redistribution_end(moves[i]));
    for (int i = 0; i < 2; i++) {
        assert_all(formula_holds(pairs[i].to[0], i));
        assert_ok(pld_redistribution_destroy(&moves[i]));
        destroy_pairs(&pairs[i]);
    }
}

/* From slabs along one dimension to slabs along the other, all is moved, of
 * which every rank keeps its share. */
TEST(what_is_moved_is_described)
{
    const pld_grid_spec rows = {
        .ndims = 2, .size = {2 * nranks, 3 * nranks}, .nprocs = {nranks, 1}};
    const pld_grid_spec columns = {
        .ndims = 2, .size = {2 * nranks, 3 * nranks}, .nprocs = {1, nranks}};
    struct formula from = formula_create(ctx, &rows, &(pld_field_spec){0});
    struct formula to = formula_create(ctx, &columns, &(pld_field_spec){0});
    pld_redistribution *move = NULL;
    pld_redistribution_info info;
    const pld_redistribution_spec spec = {
        .nfields = 1, .from = &from.field, .to = &to.field};
    assert_ok(pld_redistribution_create(&spec, &move));
    assert_ok(pld_redistribution_describe(move, &info));
    assert_all_equal(info.own_bytes, 6 * 8);
    int node_nranks = pld_ctx_node_nranks(ctx);
    assert_all_equal(info.node_bytes, (node_nranks - 1) * 6 * 8);
    assert_all_equal(info.far_bytes, (nranks - node_nranks) * 6 * 8);
    assert_ok(pld_redistribution_destroy(&move));
    formula_destroy(&from);
    formula_destroy(&to);
}

/* --- Pencils -------------------------------------------------------------- */

TEST(pencils_are_whole_along_their_dimension)
{
    const pld_grid_spec cells = {.ndims = 3, .size = {8, 9, 10}};
    pld_grid *grid = NULL;
    assert_ok(pld_grid_create(ctx, &cells, &grid));
    for (int dim = 0; dim < 3; dim++) {
        pld_grid *pencils = NULL;
        assert_ok(pld_grid_create_pencil(grid, dim, &pencils));
        pld_box own = pld_grid_owned(pencils);
        assert_all(pld_box_empty(own) || own.count[dim] == cells.size[dim]);
        assert_ok(pld_grid_destroy(&pencils));
    }
    assert_ok(pld_grid_destroy(&grid));
}

/* Ranks from whose part of `a` this rank takes something for its part of `b`
 * have the same place along `dim`. */
static bool moves_within(const pld_grid *a, const pld_grid *b, int dim)
{
    bool within = true;
    int mine[PLD_MAXDIM];
    pld_grid_coords(a, rank, mine);
    for (int r = 0; r < nranks; r++) {
        int theirs[PLD_MAXDIM];
        pld_grid_coords(a, r, theirs);
        pld_box common =
            pld_box_intersect(pld_grid_owned_by(a, r), pld_grid_owned(b));
        within = within && (pld_box_empty(common) || theirs[dim] == mine[dim]);
    }
    return within;
}

static void try_chain(const pld_grid_spec *cells)
{
    pld_grid *grid = NULL;
    pld_grid *pencils[PLD_MAXDIM] = {NULL};
    assert_ok(pld_grid_create(ctx, cells, &grid));
    assert_ok(pld_grid_create_pencil(grid, 2, &pencils[2]));
    assert_ok(pld_grid_create_pencil(pencils[2], 1, &pencils[1]));
    assert_ok(pld_grid_create_pencil(pencils[1], 0, &pencils[0]));
    assert_all(moves_within(pencils[2], pencils[1], 0));
    assert_all(moves_within(pencils[1], pencils[0], 2));
    for (int dim = 0; dim < PLD_MAXDIM; dim++)
        assert_ok(pld_grid_destroy(&pencils[dim]));
    assert_ok(pld_grid_destroy(&grid));
}

TEST(pencils_move_within_rows_and_columns)
{
    const int64_t uneven[] = {0, 1, 5, 5, 6, 7, 7, 12};
    pld_grid_spec cells = {.ndims = 3, .size = {12, 8, 11}};
    try_chain(&cells);
    for (int dim = 0; dim < PLD_MAXDIM; dim++) {
        cells.nprocs[0] = cells.nprocs[1] = cells.nprocs[2] = 1;
        cells.nprocs[dim] = nranks;
        try_chain(&cells);
    }
    cells.nprocs[0] = nranks;
    cells.nprocs[2] = 1;
    if (nranks == 7)
        cells.cuts[0] = uneven;
    try_chain(&cells);
}

TEST(pencils_keep_cuts_that_they_can)
{
    const int64_t cuts[] = {0, 1, 5, 6, 7, 8, 9, 12};
    pld_grid_spec cells = {.ndims = 2, .size = {9, 12}, .nprocs = {1, nranks}};
    int64_t own[MAX_CUTS];
    memcpy(own, cuts, sizeof cuts);
    own[nranks] = 12;
    cells.cuts[1] = own;
    pld_grid *grid = NULL;
    pld_grid *same = NULL;
    assert_ok(pld_grid_create(ctx, &cells, &grid));
    assert_ok(pld_grid_create_pencil(grid, 0, &same));
    for (int p = 0; p <= nranks; p++)
        assert_all_equal(pld_grid_cut(same, 1, p), own[p]);
    assert_ok(pld_grid_destroy(&same));
    assert_ok(pld_grid_destroy(&grid));
}

TEST(bad_pencils_are_refused)
{
    pld_grid *line = NULL;
    pld_grid *plane = NULL;
    pld_grid *none = NULL;
    assert_ok(
        pld_grid_create(ctx, &(pld_grid_spec){.ndims = 1, .size = {9}}, &line));
    assert_ok(pld_grid_create(ctx, &(pld_grid_spec){.ndims = 2, .size = {9, 9}},
                              &plane));
    assert_fails(PLD_ERR_ARG, pld_grid_create_pencil(NULL, 0, &none),
                 "grid is NULL");
    assert_fails(PLD_ERR_ARG, pld_grid_create_pencil(line, 0, &none),
                 "pencils need 2 or 3");
    assert_fails(PLD_ERR_ARG, pld_grid_create_pencil(plane, 2, &none),
                 "dim is 2, but the grid has 2 dimensions");
    assert_fails(PLD_ERR_ARG, pld_grid_create_pencil(plane, -1, &none),
                 "dim is -1");
    assert_fails(PLD_ERR_ARG, pld_grid_create_pencil(plane, 0, NULL),
                 "out is NULL");
    if (nranks > 1)
        assert_fails(PLD_ERR_MISMATCH,
                     pld_grid_create_pencil(plane, rank == 0, &none), "");
    assert_all(none == NULL);
    assert_ok(pld_grid_destroy(&plane));
    assert_ok(pld_grid_destroy(&line));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_point_gets_its_value),
    cmocka_unit_test(one_call_moves_one_field),
    cmocka_unit_test(one_field_may_go_to_two),
    cmocka_unit_test(several_may_be_under_way),
    cmocka_unit_test(what_is_moved_is_described),
    cmocka_unit_test(pencils_are_whole_along_their_dimension),
    cmocka_unit_test(pencils_move_within_rows_and_columns),
    cmocka_unit_test(pencils_keep_cuts_that_they_can),
    cmocka_unit_test(bad_pencils_are_refused)};
PLD_TEST_MAIN(tests)
