/* What fields know of their ghosts, and exchanging only when they are stale.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"
#include "support/subject.h"

#include "polder/deposit.h"
#include "polder/timer.h"

#include <math.h>
#include <string.h>

/* Whether pld_halo_need exchanged. */
static bool needed(pld_halo *halo)
{
    bool stale = !pld_halo_fresh(halo);
    int64_t before = pld_timer_calls(ctx, "exchange");
    assert_ok(pld_halo_need(halo));
    bool exchanged = pld_timer_calls(ctx, "exchange") > before;
    assert_all(exchanged == stale && pld_halo_fresh(halo));
    return exchanged;
}

static void fill_point(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value = (double)(index[0] * 100 + index[1]);
}

static void write_nothing(pld_field *field, pld_halo *halo)
{
    (void)field;
    (void)halo;
}

static void write_by_touch(pld_field *field, pld_halo *halo)
{
    (void)halo;
    assert_ok(pld_field_touch(field));
}

static void write_by_fill(pld_field *field, pld_halo *halo)
{
    (void)halo;
    assert_ok(pld_field_fill(field, fill_point, NULL));
}

static void write_by_set(pld_field *field, pld_halo *halo)
{
    (void)halo;
    assert_ok(pld_field_set(field, &(double){rank}));
}

static void write_by_accumulate(pld_field *field, pld_halo *halo)
{
    (void)field;
    assert_ok(pld_halo_accumulate(halo, PLD_SUM));
}

static void write_by_deposit(pld_field *field, pld_halo *halo)
{
    pld_deposit *deposit = NULL;
    (void)halo;
    assert_ok(pld_deposit_create(field, &deposit));
    assert_ok(pld_deposit_finish(deposit));
    assert_ok(pld_deposit_destroy(&deposit));
}

TEST(need_exchanges_after_every_call_that_writes)
{
    static void (*const write[])(pld_field *, pld_halo *) = {
        write_by_touch, write_by_fill,       write_by_set,
        write_nothing,  write_by_accumulate, write_by_deposit};
    struct subject square;
    pld_halo *halo = NULL;
    subject_square(PLD_F64, 2, &square);
    subject_halo(&square, &halo);
    assert_all(needed(halo) && !needed(halo));
    for (size_t i = 0; i < sizeof write / sizeof *write; i++) {
        write[i](square.fields[0], halo);
        assert_all(needed(halo) == (write[i] != write_nothing));
    }
    assert_ok(pld_field_touch(square.fields[1]));
    assert_all(needed(halo));
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&square);
}

/* A halo over the first field of a square. */
static pld_halo *make_halo(const struct subject *square, pld_stencil stencil,
                           pld_width width)
{
    pld_halo *halo = NULL;
    const pld_halo_spec spec = {.nfields = 1,
                                .fields = square->fields,
                                .stencil = stencil,
                                .width = width};
    assert_ok(pld_halo_create(&spec, &halo));
    return halo;
}

TEST(wider_ghosts_and_corners_serve_halos_that_need_less)
{
    enum { STAR_1, STAR_2, BOX_1, BOX_2, LOW, ROWS, COUNT };
    struct subject square;
    subject_square(PLD_F64, 1, &square);
    pld_halo *halos[COUNT] = {
        [STAR_1] = make_halo(&square, PLD_STAR, (pld_width){.all = 1}),
        [STAR_2] = make_halo(&square, PLD_STAR, (pld_width){.all = 2}),
        [BOX_1] = make_halo(&square, PLD_BOX, (pld_width){.all = 1}),
        [BOX_2] = make_halo(&square, PLD_BOX, (pld_width){.all = 2}),
        [LOW] = make_halo(&square, PLD_STAR, (pld_width){.low = {1, 1}}),
        [ROWS] =
            make_halo(&square, PLD_BOX, (pld_width){.low = {1}, .high = {1}})};
    static const bool serves[COUNT][COUNT] = {
        [STAR_1] = {[STAR_1] = true, [LOW] = true, [ROWS] = true},
        [STAR_2] =
            {[STAR_1] = true, [STAR_2] = true, [LOW] = true, [ROWS] = true},
        [BOX_1] =
            {[STAR_1] = true, [BOX_1] = true, [LOW] = true, [ROWS] = true},
        [BOX_2] = {true, true, true, true, true, true},
        [LOW] = {[LOW] = true},
        [ROWS] = {[ROWS] = true}};
    for (int i = 0; i < COUNT; i++) {
        assert_ok(pld_field_touch(square.fields[0]));
        assert_ok(pld_halo_exchange(halos[i]));
        for (int j = 0; j < COUNT; j++)
            assert_all(pld_halo_fresh(halos[j]) == serves[i][j]);
    }
    assert_ok(pld_field_touch(square.fields[0]));
    assert_ok(pld_halo_exchange(halos[BOX_1]));
    assert_ok(pld_halo_exchange(halos[STAR_2]));
    assert_all(pld_halo_fresh(halos[BOX_1]) && pld_halo_fresh(halos[STAR_2]));
    assert_all(!pld_halo_fresh(halos[BOX_2]));
    for (int i = 0; i < COUNT; i++)
        assert_ok(pld_halo_destroy(&halos[i]));
    subject_destroy(&square);
}

TEST(copy_knows_what_the_original_knows)
{
    struct subject square;
    pld_field *copy = NULL;
    pld_halo *halos[2] = {NULL};
    subject_square(PLD_F64, 1, &square);
    assert_ok(pld_field_create(square.grid,
                               &(pld_field_spec){.halo = {.all = 1}}, &copy));
    subject_halo(&square, &halos[0]);
    assert_ok(pld_halo_create(&(pld_halo_spec){.nfields = 1, .fields = &copy},
                              &halos[1]));
    assert_ok(pld_field_copy(square.fields[0], copy));
    assert_all(!pld_halo_fresh(halos[1]));
    assert_ok(pld_halo_exchange(halos[0]));
    assert_ok(pld_field_copy(square.fields[0], copy));
    assert_all(!needed(halos[1]));
    assert_ok(pld_field_copy(copy, square.fields[0]));
    assert_all(needed(halos[0]));
    for (int i = 0; i < 2; i++)
        assert_ok(pld_halo_destroy(&halos[i]));
    assert_ok(pld_field_destroy(&copy));
    subject_destroy(&square);
}

TEST(what_changes_under_way_is_stale_at_the_end)
{
    struct subject square;
    pld_halo *halo = NULL;
    subject_square(PLD_F64, 1, &square);
    subject_halo(&square, &halo);
    assert_ok(pld_halo_begin(halo));
    assert_ok(pld_field_touch(square.fields[0]));
    assert_ok(pld_halo_end(halo));
    assert_all(!pld_halo_fresh(halo));
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&square);
}

TEST(null_and_what_is_under_way_are_named)
{
    struct subject square;
    pld_halo *halo = NULL;
    assert_fails(PLD_ERR_ARG, pld_field_touch(NULL), "field is NULL");
    assert_fails(PLD_ERR_ARG, pld_halo_need(NULL), "halo is NULL");
    assert_all(!pld_halo_fresh(NULL));
    pld_error_clear();
    subject_square(PLD_F64, 1, &square);
    subject_halo(&square, &halo);
    assert_ok(pld_halo_begin(halo));
    assert_fails(PLD_ERR_STATE, pld_halo_need(halo),
                 "an exchange is under way");
    assert_ok(pld_halo_end(halo));
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&square);
}

#ifdef PLD_DEBUG
/* The ghost above the first own point, and one outside of the corner. */
static bool ghosts_are_nan(const pld_field *field, bool corner)
{
    pld_box own = pld_field_owned(field);
    const int64_t above[] = {own.first[0] - 1, own.first[1], 0};
    const int64_t beside[] = {own.first[0] - 1, own.first[1] - 1, 0};
    double values[2];
    memcpy(&values[0], place_of(field, above, 0), sizeof *values);
    memcpy(&values[1], place_of(field, beside, 0), sizeof *values);
    return isnan(values[0]) && isnan(values[1]) == corner;
}

TEST(touch_poisons_what_an_exchange_filled)
{
    struct subject square;
    subject_square(PLD_F64, 1, &square);
    pld_field *field = square.fields[0];
    for (pld_stencil stencil = PLD_BOX; stencil <= PLD_STAR; stencil++) {
        pld_halo *halo = make_halo(&square, stencil, (pld_width){.all = 2});
        assert_ok(pld_field_set(field, &(double){1.0}));
        assert_ok(pld_halo_exchange(halo));
        assert_ok(pld_field_touch(field));
        assert_all(ghosts_are_nan(field, stencil == PLD_BOX));
        assert_ok(pld_halo_need(halo));
        assert_all(!isnan(*(double *)(void *)place_of(
            field, pld_field_owned(field).first, 0)));
        assert_ok(pld_halo_destroy(&halo));
    }
    subject_destroy(&square);
}

TEST(ghosts_outside_the_domain_are_never_poisoned)
{
    const pld_grid_spec cells = {.ndims = 1, .size = {5 * nranks}};
    const pld_field_spec spec = {.type = PLD_I32, .halo = {.all = 1}};
    struct subject line = {.nfields = 1};
    pld_halo *halo = NULL;
    assert_ok(pld_grid_create(ctx, &cells, &line.grid));
    assert_ok(pld_field_create(line.grid, &spec, &line.fields[0]));
    subject_halo(&line, &halo);
    assert_ok(pld_field_set(line.fields[0], &(int32_t){5}));
    assert_ok(pld_halo_exchange(halo));
    assert_ok(pld_field_touch(line.fields[0]));
    for (int side = 0; side < 2; side++) {
        pld_box own = pld_field_owned(line.fields[0]);
        bool outer = rank == (side == 0 ? 0 : nranks - 1);
        const int64_t at[PLD_MAXDIM] = {
            side == 0 ? own.first[0] - 1 : own.first[0] + own.count[0]};
        int32_t value;
        memcpy(&value, place_of(line.fields[0], at, 0), sizeof value);
        assert_all(value == (outer ? 5 : INT32_MAX));
    }
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&line);
}

TEST(change_without_a_touch_is_named)
{
    struct subject square;
    pld_halo *halo = NULL;
    subject_square(PLD_F64, 2, &square);
    subject_halo(&square, &halo);
    assert_ok(pld_halo_need(halo));
    pld_field *field = square.fields[0];
    if (rank == nranks - 1)
        *(double *)(void *)place_of(field, pld_field_owned(field).first, 0) = 3;
    assert_fails(PLD_ERR_STATE, pld_halo_need(halo),
                 "field \"depth\": own points changed");
    assert_ok(pld_field_touch(field));
    assert_all(needed(halo));
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&square);
}

TEST(ranks_that_would_decide_differently_are_told_so)
{
    struct subject square;
    pld_halo *halo = NULL;
    if (nranks == 1)
        return;
    subject_square(PLD_F64, 1, &square);
    subject_halo(&square, &halo);
    assert_ok(pld_halo_need(halo));
    if (rank == nranks - 1)
        assert_ok_here(pld_field_touch(square.fields[0]));
    assert_fails(PLD_ERR_MISMATCH, pld_halo_need(halo), "are stale");
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&square);
}
#endif

static const struct CMUnitTest tests[] = {
#ifdef PLD_DEBUG
    cmocka_unit_test(touch_poisons_what_an_exchange_filled),
    cmocka_unit_test(ghosts_outside_the_domain_are_never_poisoned),
    cmocka_unit_test(change_without_a_touch_is_named),
    cmocka_unit_test(ranks_that_would_decide_differently_are_told_so),
#endif
    cmocka_unit_test(need_exchanges_after_every_call_that_writes),
    cmocka_unit_test(wider_ghosts_and_corners_serve_halos_that_need_less),
    cmocka_unit_test(copy_knows_what_the_original_knows),
    cmocka_unit_test(what_changes_under_way_is_stale_at_the_end),
    cmocka_unit_test(null_and_what_is_under_way_are_named)};

PLD_TEST_MAIN(tests)
