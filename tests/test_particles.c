/* Particles, compared with all particles of all ranks in order.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=4 env=PLD_FAKE_NODES=2 */

#include "support/harness.h"

#include "base/alloc.h"
#include "base/sort.h"
#include "par/message.h"
#include "polder/memory.h"
#include "polder/particles.h"
#include "polder/random.h"

#include <stdlib.h>
#include <string.h>

/* --- Sorting ---------------------------------------------------------------
 */

TEST(keys_are_sorted_and_equals_stay_in_order)
{
    static const int64_t bounds[] = {1, 5, 300, 100000, INT64_MAX};
    enum { MOST = 1000 };
    struct pld_keyed items[MOST];
    for (int b = 0; b < 5; b++)
        for (int64_t n = 0; n <= MOST; n = 3 * n + 1) {
            const pld_random random = {.seed = 9, .stream = (uint64_t)b};
            bool right = true;
            for (int64_t i = 0; i < n; i++)
                items[i] =
                    (struct pld_keyed){(uint64_t)pld_random_integer(
                                           random, (uint64_t)i, bounds[b]),
                                       i};
            assert_ok(pld_sort(n, items));
            for (int64_t i = 1; i < n; i++)
                right = right && (items[i - 1].key < items[i].key ||
                                  (items[i - 1].key == items[i].key &&
                                   items[i - 1].value < items[i].value));
            assert_all(right);
        }
    assert_all(pld_sort_key(-5) < pld_sort_key(-4));
    assert_all(pld_sort_key(-1) < pld_sort_key(0));
    assert_all(pld_sort_key(INT64_MIN) < pld_sort_key(INT64_MAX));
}

/* --- Particles: a function of number and step ------------------------------
 */

enum { PARTICLES = 500 };

struct record {
    double mass;
    int64_t number;
    char name[3];
};

typedef enum crowd { SPREAD, ONE_CELL, DRIFT, FAR, NCROWDS } crowd;

static const pld_particles_spec spec = {.bytes = sizeof(struct record),
                                        .key = offsetof(struct record, number)};

static struct record record_of(int64_t p)
{
    struct record record;
    memset(&record, 0, sizeof record);
    record.mass = 1.0 / (double)(p + 1);
    record.number = p * 7919 % PARTICLES - PARTICLES / 2;
    record.name[2] = (char)p;
    return record;
}

static void cell_of(crowd kind, const pld_grid *grid, int64_t p, int64_t step,
                    int64_t *cell)
{
    pld_box domain = pld_grid_domain(grid);
    for (int d = 0; d < pld_grid_ndims(grid); d++) {
        const pld_random random = {.seed = 4, .stream = (uint64_t)d};
        int64_t size = domain.count[d];
        bool periodic = pld_grid_periodic(grid, d);
        cell[d] = pld_random_integer(random, (uint64_t)p, size);
        if (kind == SPREAD)
            cell[d] = pld_random_integer(
                random, (uint64_t)(p + PARTICLES * step), size);
        if (kind == ONE_CELL)
            cell[d] = step % size;
        if (kind == DRIFT && periodic)
            cell[d] += p % 3 == 0 ? step : 0;
        if (kind == FAR && periodic)
            cell[d] += (p % 5 - 2) * size;
    }
}

static int64_t wrapped(const pld_grid *grid, const int64_t *cell, int64_t *out)
{
    pld_box domain = pld_grid_domain(grid);
    int64_t number = 0;
    for (int d = 0; d < pld_grid_ndims(grid); d++) {
        int64_t size = domain.count[d];
        out[d] = (cell[d] % size + size) % size;
        number = number * size + out[d];
    }
    return number;
}

struct expected {
    int64_t number; /* of the cell */
    int64_t cell[PLD_MAXDIM];
    struct record record;
};

static int compare(const void *left, const void *right)
{
    const struct expected *a = left;
    const struct expected *b = right;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return (a->record.number > b->record.number) -
           (a->record.number < b->record.number);
}

static bool is_right(crowd kind, const pld_grid *grid, int64_t step,
                     pld_particles *particles)
{
    struct expected expected[PARTICLES];
    int ndims = pld_grid_ndims(grid);
    int64_t n = 0;
    for (int64_t p = 0; p < PARTICLES; p++) {
        int64_t cell[PLD_MAXDIM];
        struct expected *item = &expected[n];
        cell_of(kind, grid, p, step, cell);
        memset(item, 0, sizeof *item);
        item->number = wrapped(grid, cell, item->cell);
        item->record = record_of(p);
        n += pld_grid_owner(grid, item->cell) == rank;
    }
    qsort(expected, (size_t)n, sizeof *expected, compare);
    const struct record *records = pld_particles_records(particles);
    const int64_t *cells = pld_particles_cells(particles);
    bool right = pld_particles_count(particles) == n;
    for (int64_t i = 0; right && i < n; i++)
        right =
            memcmp(&records[i], &expected[i].record, sizeof *records) == 0 &&
            memcmp(&cells[i * ndims], expected[i].cell,
                   (size_t)ndims * sizeof *cells) == 0;
    return right;
}

/* The particle that a record is of. */
static int64_t particle_of(const struct record *record)
{
    for (int64_t p = 0; p < PARTICLES; p++)
        if (record_of(p).number == record->number)
            return p;
    return -1;
}

/* The cells of the records held, a step on; in place. */
static void push(crowd kind, const pld_grid *grid, int64_t step,
                 pld_particles *particles)
{
    const struct record *records = pld_particles_records(particles);
    int64_t *cells = pld_particles_cells(particles);
    for (int64_t i = 0; i < pld_particles_count(particles); i++)
        cell_of(kind, grid, particle_of(&records[i]), step,
                cells + i * pld_grid_ndims(grid));
}

/* Rank 0, or the rank of its number, brings each particle in. */
static void bring_in(crowd kind, const pld_grid *grid, bool at_root,
                     pld_particles *particles)
{
    struct record records[PARTICLES];
    int64_t cells[PARTICLES * PLD_MAXDIM];
    int64_t n = 0;
    for (int64_t p = PARTICLES - 1; p >= 0; p--)
        if ((at_root ? 0 : p % nranks) == rank) {
            records[n] = record_of(p);
            cell_of(kind, grid, p, 0, cells + n * pld_grid_ndims(grid));
            n++;
        }
    assert_ok(pld_particles_move(particles, n, records, cells));
}

static void run(crowd kind, const pld_grid_spec *cells)
{
    enum { STEPS = 4 };
    pld_grid *grid = NULL;
    pld_particles *particles = NULL;
    assert_ok(pld_grid_create(ctx, cells, &grid));
    assert_ok(pld_particles_create(grid, &spec, &particles));
    assert_all_equal(pld_particles_count(particles), 0);
    bring_in(kind, grid, kind % 2 == 0, particles);
    assert_all(is_right(kind, grid, 0, particles));
    for (int64_t step = 1; step <= STEPS; step++) {
        push(kind, grid, step, particles);
        assert_ok(pld_particles_move(particles, pld_particles_count(particles),
                                     pld_particles_records(particles),
                                     pld_particles_cells(particles)));
        assert_all(is_right(kind, grid, step, particles));
    }
    assert_ok(pld_particles_destroy(&particles));
    assert_ok(pld_grid_destroy(&grid));
}

TEST(particles_come_to_their_cells_in_order)
{
    static const pld_grid_spec grids[] = {
        {.ndims = 1, .size = {2}, .periodic = {true}},
        {.ndims = 1, .size = {40}},
        {.ndims = 2, .size = {9, 13}, .periodic = {true, false}},
        {.ndims = 3, .size = {5, 4, 6}, .periodic = {true, true, true}}};
    for (int kind = 0; kind < NCROWDS; kind++)
        for (int g = 0; g < 4; g++)
            run((crowd)kind, &grids[g]);
}

TEST(long_messages_are_cut)
{
    static const pld_grid_spec cells = {.ndims = 1, .size = {64}};
    pld_message_set_limit(100);
    run(SPREAD, &cells);
    pld_message_set_limit(0);
}

/* Same key: the bytes decide, on any number of ranks. */
TEST(equal_keys_are_sorted_by_bytes)
{
    enum { EACH = 60 };
    static const pld_grid_spec cells = {.ndims = 1, .size = {8}};
    struct record records[EACH];
    int64_t at[EACH] = {0};
    pld_grid *grid = NULL;
    pld_particles *particles = NULL;
    bool right = true;
    for (int i = 0; i < EACH; i++) {
        records[i] = record_of(i);
        records[i].number = 5;
        records[i].mass = (double)((i * 7 + rank * 13) % 64);
        records[i].name[2] = 0;
        memset(records[i].name, (i + rank) % 3, 2);
    }
    assert_ok(pld_grid_create(ctx, &cells, &grid));
    assert_ok(pld_particles_create(grid, &spec, &particles));
    assert_ok(pld_particles_move(particles, EACH, records, at));
    const struct record *held = pld_particles_records(particles);
    int64_t n = pld_particles_count(particles);
    assert_all_equal(n, rank == 0 ? (int64_t)EACH * nranks : 0);
    for (int64_t i = 1; i < n; i++)
        right = right && (held[i - 1].mass < held[i].mass ||
                          (held[i - 1].mass == held[i].mass &&
                           held[i - 1].name[0] <= held[i].name[0]));
    assert_all(right);
    assert_ok(pld_particles_destroy(&particles));
    assert_ok(pld_grid_destroy(&grid));
}

TEST(there_may_be_none)
{
    static const pld_grid_spec cells = {.ndims = 2, .size = {3, 3}};
    pld_grid *grid = NULL;
    pld_particles *particles = NULL;
    assert_ok(pld_grid_create(ctx, &cells, &grid));
    assert_ok(pld_particles_create(grid, &spec, &particles));
    assert_ok(pld_particles_move(particles, 0, NULL, NULL));
    assert_all(pld_particles_records(particles) == NULL);
    assert_all(pld_particles_cells(particles) == NULL);
    assert_ok(pld_particles_destroy(&particles));
    assert_ok(pld_particles_destroy(&particles));
    assert_ok(pld_grid_destroy(&grid));
}

/* --- What goes wrong -------------------------------------------------------
 */

TEST(arguments_are_checked)
{
    static const pld_grid_spec cells = {
        .ndims = 2, .size = {9, 13}, .periodic = {true, false}};
    pld_particles_spec wrong = spec;
    struct record record = record_of(0);
    int64_t cell[2] = {100, 12};
    pld_grid *grid = NULL;
    pld_particles *particles = NULL;
    assert_ok(pld_grid_create(ctx, &cells, &grid));
    assert_fails(PLD_ERR_ARG, pld_particles_create(NULL, &spec, &particles),
                 "grid is NULL");
    assert_fails(PLD_ERR_ARG, pld_particles_create(grid, NULL, &particles),
                 "spec is NULL");
    assert_fails(PLD_ERR_ARG, pld_particles_create(grid, &spec, NULL),
                 "out is NULL");
    wrong.bytes = 7;
    assert_fails(PLD_ERR_ARG, pld_particles_create(grid, &wrong, &particles),
                 "spec.bytes 7");
    wrong.bytes = 16;
    wrong.key = 9;
    assert_fails(PLD_ERR_ARG, pld_particles_create(grid, &wrong, &particles),
                 "spec.key 9");
    wrong.key = (size_t)rank % 2;
    if (nranks > 1)
        assert_fails(PLD_ERR_MISMATCH,
                     pld_particles_create(grid, &wrong, &particles),
                     "spec.bytes or spec.key");
    assert_ok(pld_particles_create(grid, &spec, &particles));
    assert_ok(pld_particles_move(particles, 1, &record, cell));
    assert_fails(PLD_ERR_ARG, pld_particles_move(NULL, 1, &record, cell),
                 "particles is NULL");
    assert_fails(PLD_ERR_ARG, pld_particles_move(particles, -1, &record, cell),
                 "n -1");
    assert_fails(PLD_ERR_ARG, pld_particles_move(particles, 1, NULL, cell),
                 "records is NULL");
    assert_fails(PLD_ERR_ARG, pld_particles_move(particles, 1, &record, NULL),
                 "cells is NULL");
    assert_fails(PLD_ERR_OVERFLOW,
                 pld_particles_move(particles, INT64_MAX, &record, cell),
                 "is too large");
    cell[1] = rank == nranks - 1 ? 13 : 12;
    assert_fails(PLD_ERR_ARG, pld_particles_move(particles, 1, &record, cell),
                 "the cell (100, 13) of particle 0 is outside");
    const int64_t total = pld_particles_count(particles);
    assert_all(total == 0 || total == nranks);
    assert_fails(PLD_ERR_ARG, pld_particles_destroy(NULL), "particles is NULL");
    assert_ok(pld_particles_destroy(&particles));
    assert_ok(pld_grid_destroy(&grid));
}

TEST(a_lack_of_memory_is_agreed_and_moves_nothing)
{
    static const pld_grid_spec cells = {.ndims = 1, .size = {64}};
    pld_grid *grid = NULL;
    pld_particles *particles = NULL;
    bool worked = false;
    assert_ok(pld_grid_create(ctx, &cells, &grid));
    for (int64_t nth = 1; nth < 40 && !worked; nth++) {
        assert_ok(pld_particles_create(grid, &spec, &particles));
        bring_in(SPREAD, grid, false, particles);
        int64_t n = pld_particles_count(particles);
        struct record *records = pld_particles_records(particles);
        int64_t at[PARTICLES];
        for (int64_t i = 0; i < n; i++)
            cell_of(SPREAD, grid, particle_of(&records[i]), 1, at + i);
        pld_alloc_fail(rank == nranks - 1 ? nth : 0);
        pld_status status = pld_particles_move(particles, n, records, at);
        pld_alloc_fail(0);
        assert_all(status == PLD_OK || status == PLD_ERR_MEMORY);
        worked = status == PLD_OK;
        assert_all(is_right(SPREAD, grid, worked ? 1 : 0, particles));
        assert_ok(pld_particles_destroy(&particles));
    }
    assert_all(worked);
    assert_ok(pld_grid_destroy(&grid));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(keys_are_sorted_and_equals_stay_in_order),
    cmocka_unit_test(particles_come_to_their_cells_in_order),
    cmocka_unit_test(long_messages_are_cut),
    cmocka_unit_test(equal_keys_are_sorted_by_bytes),
    cmocka_unit_test(there_may_be_none),
    cmocka_unit_test(arguments_are_checked),
    cmocka_unit_test(a_lack_of_memory_is_agreed_and_moves_nothing)};
PLD_TEST_MAIN(tests)
