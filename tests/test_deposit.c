/* Exact deposit, compared with exact sums over all particles.
 * TEST: ranks=1,2,3,4,5,7 */

#include "support/classes.h"
#include "support/formula.h"
#include "support/draw.h"
#include "support/harness.h"

#include "base/alloc.h"
#include "polder/deposit.h"
#include "polder/exact.h"
#include "polder/memory.h"
#include "polder/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- Particles: a function of their global number ------------------------- */

enum { PARTICLES = 400, MAX_COMPS = 2 };

struct particles {
    pld_grid_spec cells;
    pld_field_spec spec;
    uint64_t seed;
    double values[PARTICLES * MAX_COMPS];
};

/* The cell where a particle is, and the one that it adds to, no further away
 * than the halo is wide. */
static void place(const struct particles *particles, const pld_field *field,
                  int64_t p, int64_t home[PLD_MAXDIM],
                  int64_t target[PLD_MAXDIM])
{
    pld_box domain = pld_field_domain(field);
    for (int d = 0; d < PLD_MAXDIM; d++) {
        const pld_random random = {particles->seed, (uint64_t)d};
        uint64_t index = 2 * (uint64_t)p;
        int64_t low = pld_field_halo(field, d, 0);
        int64_t high = pld_field_halo(field, d, 1);
        home[d] = pld_random_integer(random, index, domain.count[d]);
        target[d] = home[d] - low +
                    pld_random_integer(random, index + 1, low + high + 1);
        bool inside = target[d] >= 0 && target[d] < domain.count[d];
        if (!inside && !particles->cells.periodic[d])
            target[d] = home[d];
    }
}

static bool lies_in(pld_box box, const int64_t index[PLD_MAXDIM])
{
    for (int d = 0; d < PLD_MAXDIM; d++)
        if (index[d] < box.first[d] || index[d] >= box.first[d] + box.count[d])
            return false;
    return true;
}

/* Deposit what is at home here, from the first particle to the last or the
 * other way round, in pieces of `most`. */
static void deposit_own(const struct particles *particles, pld_field *field,
                        pld_deposit *deposit, bool backwards, int most)
{
    int64_t cells[PARTICLES * PLD_MAXDIM];
    double values[PARTICLES * MAX_COMPS];
    int ndims = particles->cells.ndims;
    int ncomps = pld_field_ncomps(field);
    int n = 0;
    for (int64_t i = 0; i < PARTICLES; i++) {
        int64_t home[PLD_MAXDIM];
        int64_t target[PLD_MAXDIM];
        int64_t p = backwards ? PARTICLES - 1 - i : i;
        place(particles, field, p, home, target);
        if (!lies_in(pld_field_owned(field), home))
            continue;
        memcpy(cells + n * ndims, target, (size_t)ndims * sizeof *cells);
        memcpy(values + n * ncomps, particles->values + p * ncomps,
               (size_t)ncomps * sizeof *values);
        n++;
    }
    for (int done = 0; done < n; done += most) {
        int some = n - done < most ? n - done : most;
        assert_ok_here(pld_deposit_add(deposit, some, cells + done * ndims,
                                       values + done * ncomps));
    }
}

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* Every own point is the exact sum of all that was meant for it. */
static bool is_right(const struct particles *particles, const pld_field *field)
{
    pld_box own = pld_field_owned(field);
    pld_box domain = pld_field_domain(field);
    pld_view view = pld_field_view(field);
    int64_t n = pld_box_volume(own);
    int ncomps = pld_field_ncomps(field);
    pld_exact *sums = NULL;
    assert_ok_here(pld_alloc("sums", n * ncomps, sizeof *sums, &sums));
    for (int64_t i = 0; i < n * ncomps; i++)
        pld_exact_clear(&sums[i]);
    for (int64_t p = 0; p < PARTICLES; p++) {
        int64_t home[PLD_MAXDIM];
        int64_t at[PLD_MAXDIM];
        place(particles, field, p, home, at);
        for (int d = 0; d < PLD_MAXDIM; d++)
            at[d] =
                (at[d] % domain.count[d] + domain.count[d]) % domain.count[d];
        if (!lies_in(own, at))
            continue;
        int64_t number =
            ((at[0] - own.first[0]) * own.count[1] + at[1] - own.first[1]) *
                own.count[2] +
            at[2] - own.first[2];
        for (int c = 0; c < ncomps; c++)
            assert_ok_here(pld_exact_add(&sums[number * ncomps + c], PLD_F64, 1,
                                         &particles->values[p * ncomps + c],
                                         1));
    }
    bool right = true;
    for (int64_t i = 0; i < n; i++)
        for (int c = 0; c < ncomps; c++) {
            int64_t k = own.first[0] + i / (own.count[1] * own.count[2]);
            int64_t j = own.first[1] + i / own.count[2] % own.count[1];
            int64_t at = own.first[2] + i % own.count[2];
            double found = view.f64[k * view.stride[0] + j * view.stride[1] +
                                    at * view.stride[2] + c * view.comp_stride];
            right = right &&
                    same_bits(found, pld_exact_round(&sums[i * ncomps + c]));
        }
    pld_free(sums);
    return right;
}

static void draw_particles(struct particles *out, int class)
{
    static double weights[16];
    *out = (struct particles){.cells = {.ndims = 1 + class % 3},
                              .spec = {.ncomps = (int)draw(1, MAX_COMPS),
                                       .layout = (pld_layout)draw(0, 1)},
                              .seed = (uint64_t)draw(0, 1000)};
    for (int d = 0; d < out->cells.ndims; d++) {
        out->cells.size[d] = draw(1, out->cells.ndims == 1 ? 20 : 5);
        out->cells.periodic[d] = draw(0, 2) > 0;
        out->spec.node[d] = draw(0, 2) == 0;
        out->spec.halo.low[d] = draw(0, 2);
        out->spec.halo.high[d] = draw(0, 3);
    }
    for (int r = 0; r < nranks; r++)
        weights[r] = (double)draw(0, 2);
    weights[draw(0, nranks - 1)] = 1.0;
    out->cells.rank_weights = draw(0, 1) == 0 ? weights : NULL;
    classes_fill(class, out->seed, PARTICLES * MAX_COMPS, out->values);
}

/* On the ranks of a team; the digest of the field. */
static uint64_t digest_on(pld_ctx *team, const struct particles *particles)
{
    uint64_t digest = 0;
    struct formula formula =
        formula_create(team, &particles->cells, &particles->spec);
    pld_deposit *deposit = NULL;
    assert_ok_here(pld_deposit_create(formula.field, &deposit));
    deposit_own(particles, formula.field, deposit, true, 7);
    assert_ok_here(pld_deposit_finish(deposit));
    assert_ok_here(pld_field_digest(formula.field, &digest));
    assert_ok_here(pld_deposit_destroy(&deposit));
    formula_destroy(&formula);
    return digest;
}

static uint64_t digest_on_one_rank(const struct particles *particles)
{
    uint64_t digest = 0;
    struct particles alone = *particles;
    alone.cells.rank_weights = NULL;
    pld_ctx *team = team_create(1);
    if (team != NULL) {
        digest = digest_on(team, &alone);
        team_destroy(&team);
    }
    MPI_Bcast(&digest, 1, MPI_UINT64_T, 0, pld_ctx_comm(ctx));
    return digest;
}

/* Over dimensions, periodicity, staggers, layouts, halos and empty ranks. */
TEST(every_point_is_the_exact_sum_on_any_number_of_ranks)
{
    struct particles particles;
    for (int class = 0; class < classes_count(); class ++) {
        draw_particles(&particles, class);
        uint64_t digest = 0;
        struct formula formula =
            formula_create(ctx, &particles.cells, &particles.spec);
        pld_deposit *deposit = NULL;
        bool good = pld_deposit_create(formula.field, &deposit) == PLD_OK;
        deposit_own(&particles, formula.field, deposit, false, PARTICLES);
        good = pld_deposit_finish(deposit) == PLD_OK && good;
        good = good && is_right(&particles, formula.field);
        good = pld_field_digest(formula.field, &digest) == PLD_OK && good;
        good = pld_deposit_destroy(&deposit) == PLD_OK && good;
        formula_destroy(&formula);
        assert_all(good);
        assert_all(digest == digest_on_one_rank(&particles));
    }
}

/* --- Single facts --------------------------------------------------------- */

/* A ring of four cells on each rank, each reaching into its neighbours'. */
static struct formula make_ring(pld_deposit **deposit)
{
    const pld_grid_spec cells = {
        .ndims = 1, .size = {4 * nranks}, .periodic = {true}};
    const pld_field_spec spec = {.name = "charge", .halo = {.all = 1}};
    struct formula ring = formula_create(ctx, &cells, &spec);
    assert_ok(pld_deposit_create(ring.field, deposit));
    return ring;
}

static void destroy_ring(struct formula *ring, pld_deposit **deposit)
{
    assert_ok(pld_deposit_destroy(deposit));
    formula_destroy(ring);
}

/* The value of the `n`-th own point. */
static double value_at(const struct formula *ring, int n)
{
    pld_view view = pld_field_view(ring->field);
    return view
        .f64[(pld_field_owned(ring->field).first[0] + n) * view.stride[0]];
}

/* Add one value to the `n`-th own point, -1 and 4 being the neighbours'. */
static void add(const struct formula *ring, pld_deposit *deposit, int n,
                double value)
{
    int64_t cell = pld_field_owned(ring->field).first[0] + n;
    assert_ok_here(pld_deposit_add(deposit, 1, &cell, &value));
}

TEST(values_of_any_magnitude_meet_in_a_cell)
{
    pld_deposit *deposit = NULL;
    struct formula ring = make_ring(&deposit);
    add(&ring, deposit, 1, 1e300);
    add(&ring, deposit, 1, 1e-300);
    add(&ring, deposit, 1, 5e-324);
    add(&ring, deposit, 2, 1.7e308);
    add(&ring, deposit, 2, 1.7e308);
    add(&ring, deposit, 4, 1e300);
    add(&ring, deposit, 0, 1e-300);
    add(&ring, deposit, -1, -1e-300);
    assert_ok(pld_deposit_finish(deposit));
    assert_all(value_at(&ring, 0) == 1e300 && value_at(&ring, 1) == 1e300);
    assert_all(value_at(&ring, 2) == INFINITY);
    assert_all(value_at(&ring, 3) == -1e-300);

    add(&ring, deposit, 1, 1e300);
    add(&ring, deposit, 1, 1e-300);
    add(&ring, deposit, 1, -1e300);
    assert_ok(pld_deposit_finish(deposit));
    assert_all(value_at(&ring, 1) == 1e-300);
    destroy_ring(&ring, &deposit);
}

TEST(what_is_no_number_reaches_its_owner)
{
    pld_deposit *deposit = NULL;
    struct formula ring = make_ring(&deposit);
    add(&ring, deposit, -1, NAN);
    add(&ring, deposit, 1, -INFINITY);
    add(&ring, deposit, 1, 1e308);
    add(&ring, deposit, 4, INFINITY);
    assert_ok(pld_deposit_finish(deposit));
    assert_all(value_at(&ring, 0) == INFINITY);
    assert_all(value_at(&ring, 1) == -INFINITY);
    assert_all(same_bits(value_at(&ring, 2), 0.0));
    assert_all(isnan(value_at(&ring, 3)));

    add(&ring, deposit, 0, -INFINITY);
    add(&ring, deposit, 4, INFINITY);
    assert_ok(pld_deposit_finish(deposit));
    assert_all(isnan(value_at(&ring, 0)) && value_at(&ring, 3) == 0);
    destroy_ring(&ring, &deposit);
}

TEST(finish_of_nothing_is_zero_and_leaves_ghosts)
{
    pld_deposit *deposit = NULL;
    struct formula ring = make_ring(&deposit);
    double mark = -7;
    assert_ok(pld_field_set(ring.field, &mark));
    add(&ring, deposit, 0, -0.0);
    assert_ok(pld_deposit_finish(deposit));
    for (int n = 0; n < 4; n++)
        assert_all(same_bits(value_at(&ring, n), 0.0));
    assert_all(value_at(&ring, -1) == mark && value_at(&ring, 4) == mark);
    destroy_ring(&ring, &deposit);
}

TEST(finish_gives_the_memory_back)
{
    pld_deposit *deposit = NULL;
    struct formula ring = make_ring(&deposit);
    int64_t before = pld_memory_live_blocks();
    add(&ring, deposit, 0, 1);
    assert_all_equal(pld_memory_live_blocks(), before + 1);
    assert_ok(pld_deposit_finish(deposit));
    assert_all_equal(pld_memory_live_blocks(), before);
    destroy_ring(&ring, &deposit);
}

TEST(ranks_that_own_nothing_take_part)
{
    pld_deposit *deposit = NULL;
    const pld_grid_spec cells = {.ndims = 1, .size = {1}, .periodic = {true}};
    struct formula point =
        formula_create(ctx, &cells, &(pld_field_spec){.halo = {.all = 3}});
    bool owner = !pld_box_empty(pld_field_owned(point.field));
    assert_ok(pld_deposit_create(point.field, &deposit));
    assert_ok(pld_deposit_add(deposit, 0, NULL, NULL));
    for (int n = -3; owner && n <= 3; n++)
        add(&point, deposit, n, 1);
    assert_ok(pld_deposit_finish(deposit));
    assert_all(!owner || value_at(&point, 0) == 7);
    destroy_ring(&point, &deposit);
}

/* --- Misuse --------------------------------------------------------------- */

TEST(misuse_is_refused)
{
    pld_deposit *deposit = NULL;
    pld_deposit *none = NULL;
    int64_t something[512] = {0};
    int64_t cell = 0;
    double value = 1;
    struct formula ring = make_ring(&deposit);
    assert_fails(PLD_ERR_ARG, pld_deposit_create(NULL, &none), "field is NULL");
    assert_fails(PLD_ERR_ARG, pld_deposit_create(ring.field, NULL),
                 "out is NULL");
    assert_fails(PLD_ERR_ARG, pld_deposit_add(NULL, 1, &cell, &value),
                 "deposit is NULL");
    assert_fails(PLD_ERR_ARG, pld_deposit_add(deposit, -1, &cell, &value),
                 "n is -1");
    assert_fails(PLD_ERR_ARG, pld_deposit_add(deposit, 1, NULL, &value),
                 "cells is NULL, but n is 1");
    assert_fails(PLD_ERR_ARG, pld_deposit_add(deposit, 1, &cell, NULL),
                 "values is NULL, but n is 1");
    assert_fails(PLD_ERR_ARG, pld_deposit_finish(NULL), "deposit is NULL");
    assert_fails(PLD_ERR_ARG, pld_deposit_destroy(NULL), "deposit is NULL");
    assert_ok(pld_deposit_destroy(&none));
    none = (pld_deposit *)(void *)something;
    const char *text = "not a live deposit";
    assert_fails(PLD_ERR_STATE, pld_deposit_add(none, 1, &cell, &value), text);
    assert_fails(PLD_ERR_STATE, pld_deposit_finish(none), text);
    assert_fails(PLD_ERR_STATE, pld_deposit_destroy(&none), text);
    assert_fails(PLD_ERR_STATE, pld_field_destroy(&ring.field), "charge");
    destroy_ring(&ring, &deposit);
}

TEST(other_types_are_refused)
{
    pld_deposit *deposit = NULL;
    struct formula count =
        formula_create(ctx, &(pld_grid_spec){.ndims = 1, .size = {9}},
                       &(pld_field_spec){.name = "count", .type = PLD_I64});
    assert_fails(PLD_ERR_TYPE, pld_deposit_create(count.field, &deposit),
                 "field \"count\" holds i64");
    assert_all(deposit == NULL);
    formula_destroy(&count);
}

TEST(cell_out_of_reach_is_named_and_nothing_is_deposited)
{
    const pld_grid_spec spec = {.ndims = 2, .size = {4 * nranks, 6}};
    pld_deposit *deposit = NULL;
    struct formula square = formula_create(
        ctx, &spec, &(pld_field_spec){.name = "charge", .halo = {.all = 1}});
    pld_box own = pld_field_owned(square.field);
    int64_t cells[] = {own.first[0], own.first[1], own.first[0], 77};
    const double values[] = {1, 2};
    double greatest = -1;
    assert_ok(pld_deposit_create(square.field, &deposit));
    assert_fails(PLD_ERR_ARG, pld_deposit_add(deposit, 2, cells, values),
                 "particle 1: cell (");
    assert_fails(PLD_ERR_ARG, pld_deposit_add(deposit, 2, cells, values),
                 ", 77) lies outside the padded block of this rank; the halo "
                 "of field \"charge\"");
    cells[2] = rank == 0 ? -1 : 4 * nranks;
    cells[3] = own.first[1];
    if (rank == 0 || rank == nranks - 1)
        assert_fails_here(PLD_ERR_ARG,
                          pld_deposit_add(deposit, 2, cells, values),
                          "lies outside the domain along a dimension that is "
                          "not periodic");
    assert_ok(pld_deposit_finish(deposit));
    assert_ok(pld_field_reduce(square.field, PLD_MAX, 0, &greatest));
    assert_all(greatest == 0);
    destroy_ring(&square, &deposit);
}

TEST(memory_that_fails_on_one_rank_fails_on_all_and_loses_nothing)
{
    pld_deposit *deposit = NULL;
    struct formula ring = make_ring(&deposit);
    pld_deposit *other = NULL;
    if (rank == nranks - 1)
        pld_alloc_fail(1);
    assert_fails(PLD_ERR_MEMORY, pld_deposit_create(ring.field, &other),
                 "no memory");
    pld_alloc_fail(0);
    assert_all(other == NULL);
    add(&ring, deposit, 1, 1);
    add(&ring, deposit, 4, 3);
    int64_t before = pld_memory_live_blocks();
    for (int nth = 1; nth <= 20; nth++) {
        if (rank == nth % nranks)
            pld_alloc_fail(nth);
        assert_fails(PLD_ERR_MEMORY, pld_deposit_finish(deposit), "no memory");
        pld_alloc_fail(0);
        assert_all_equal(pld_memory_live_blocks(), before);
    }
    assert_ok(pld_deposit_finish(deposit));
    assert_all(value_at(&ring, 1) == 1 && value_at(&ring, 0) == 3);
    destroy_ring(&ring, &deposit);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_point_is_the_exact_sum_on_any_number_of_ranks),
    cmocka_unit_test(values_of_any_magnitude_meet_in_a_cell),
    cmocka_unit_test(what_is_no_number_reaches_its_owner),
    cmocka_unit_test(finish_of_nothing_is_zero_and_leaves_ghosts),
    cmocka_unit_test(finish_gives_the_memory_back),
    cmocka_unit_test(ranks_that_own_nothing_take_part),
    cmocka_unit_test(misuse_is_refused),
    cmocka_unit_test(other_types_are_refused),
    cmocka_unit_test(cell_out_of_reach_is_named_and_nothing_is_deposited),
    cmocka_unit_test(
        memory_that_fails_on_one_rank_fails_on_all_and_loses_nothing)};

PLD_TEST_MAIN(tests)
