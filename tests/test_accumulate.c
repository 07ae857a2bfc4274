/* Accumulation of ghosts, compared with what every rank's ghosts hold.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=2,4,7 env=PLD_TRANSPORT=message
 * TEST: ranks=3,4,6 env=PLD_FAKE_NODES=2 */

#include "support/draw.h"
#include "support/gifts.h"
#include "support/harness.h"
#include "support/index.h"

#include "base/alloc.h"
#include "par/message.h"
#include "polder/memory.h"

#include <math.h>
#include <string.h>

/* Over dimensions, periodicity, process grids, empty ranks, types, components,
 * layouts, staggers, stencils and widths up to several times the domain. */
TEST(every_ghost_meets_its_owner_and_no_other)
{
    int ncases = nranks <= 2 ? 150 : nranks <= 4 ? 60 : 30;
    for (int i = 0; i < ncases; i++) {
        struct subject subject;
        subject_draw(4, &subject);
        for (int stencil = 0; stencil < 2; stencil++) {
            const pld_halo_spec spec = {.nfields = subject.nfields,
                                        .fields = subject.fields,
                                        .stencil =
                                            stencil == 0 ? PLD_BOX : PLD_STAR};
            assert_all(gifts_accumulate(&subject, &spec));
        }
        subject_destroy(&subject);
    }
}

/* --- Single facts --------------------------------------------------------- */

TEST(narrower_width_takes_only_those_ghosts)
{
    struct subject square;
    subject_square(PLD_F64, 1, &square);
    const pld_halo_spec spec = {.nfields = 1,
                                .fields = square.fields,
                                .width = {.low = {1, 2}, .high = {2, 0}}};
    assert_all(gifts_accumulate(&square, &spec));
    subject_destroy(&square);
}

TEST(messages_may_exceed_what_mpi_counts)
{
    struct subject square;
    subject_square(PLD_F32, 1, &square);
    const pld_halo_spec spec = {.nfields = 1, .fields = square.fields};
    pld_message_set_limit(32);
    assert_all(gifts_accumulate(&square, &spec));
    pld_message_set_limit(0);
    subject_destroy(&square);
}

static int64_t small(uint64_t number)
{
    return (int64_t)(number % 2001) - 1000;
}

/* The sum over a box of i64 fields' products. */
static int64_t dot(const pld_field *x, const pld_field *y, pld_box box)
{
    int64_t sum = 0;
    int64_t total = 0;
    int64_t at[PLD_MAXDIM];
    memcpy(at, box.first, sizeof at);
    if (!pld_box_empty(box))
        do {
            int64_t a;
            int64_t b;
            memcpy(&a, place_of(x, at, 0), sizeof a);
            memcpy(&b, place_of(y, at, 0), sizeof b);
            sum += a * b;
        } while (next_index(box, at));
    assert_ok_here(pld_reduce(ctx, PLD_SUM, PLD_I64, &sum, 1, &total));
    return total;
}

static void fill_small(const pld_field *field, pld_box box, int seed)
{
    int64_t at[PLD_MAXDIM];
    memcpy(at, box.first, sizeof at);
    if (pld_box_empty(box))
        return;
    do {
        int64_t value = small(gifts_number(seed, rank, at, 0));
        memcpy(place_of(field, at, 0), &value, sizeof value);
    } while (next_index(box, at));
}

/* <Hx, y> = <x, H'y>, where H fills ghosts and H' accumulates them. */
TEST(accumulate_is_the_adjoint_of_exchange)
{
    for (int i = 0; i < 30; i++) {
        struct subject subject = {.nfields = 2};
        pld_field_spec spec = {.type = PLD_I64};
        pld_halo *halos[2] = {NULL};
        subject_draw_grid(&subject.grid);
        for (int d = 0; d < pld_grid_ndims(subject.grid); d++) {
            spec.halo.low[d] = draw(0, 3);
            spec.halo.high[d] = draw(0, 3);
        }
        for (int f = 0; f < 2; f++) {
            const pld_halo_spec one = {.nfields = 1,
                                       .fields = &subject.fields[f],
                                       .stencil =
                                           i % 2 == 0 ? PLD_BOX : PLD_STAR};
            assert_ok_here(
                pld_field_create(subject.grid, &spec, &subject.fields[f]));
            assert_ok_here(pld_halo_create(&one, &halos[f]));
        }
        pld_field *x = subject.fields[0];
        pld_field *y = subject.fields[1];
        fill_small(x, pld_field_owned(x), 1);
        fill_small(y, pld_field_padded(y), 2);
        assert_ok_here(pld_halo_exchange(halos[0]));
        int64_t left = dot(x, y, pld_field_padded(x));
        assert_ok_here(pld_halo_accumulate(halos[1], PLD_SUM));
        assert_all_equal(left, dot(x, y, pld_field_owned(x)));
        for (int f = 0; f < 2; f++)
            assert_ok_here(pld_halo_destroy(&halos[f]));
        subject_destroy(&subject);
    }
}

static bool all_bits_are(const pld_field *field, uint64_t expected)
{
    pld_box own = pld_field_owned(field);
    int64_t at[PLD_MAXDIM];
    memcpy(at, own.first, sizeof at);
    do
        if (memcmp(place_of(field, at, 0), &expected, sizeof expected) != 0)
            return false;
    while (next_index(own, at));
    return true;
}

TEST(every_nan_comes_out_as_the_same)
{
    struct subject square;
    pld_halo *halo = NULL;
    subject_square(PLD_F64, 1, &square);
    subject_halo(&square, &halo);
    for (pld_op op = PLD_SUM; op < PLD_OP_COUNT; op++) {
        double minus = -NAN;
        assert_ok(pld_field_set(square.fields[0], &minus));
        assert_ok(pld_halo_accumulate(halo, op));
        assert_all(
            all_bits_are(square.fields[0], UINT64_C(0x7ff8000000000000)));
    }
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&square);
}

TEST(fast_sum_of_whole_numbers_is_the_sum)
{
    struct subject square;
    pld_halo *halo = NULL;
    subject_square(PLD_F64, 1, &square);
    subject_halo(&square, &halo);
    double one = 1.0;
    double sums[2];
    for (int i = 0; i < 2; i++) {
        assert_ok(pld_field_set(square.fields[0], &one));
        assert_ok(pld_halo_accumulate(halo, i == 0 ? PLD_SUM : PLD_FAST_SUM));
        assert_ok(pld_field_reduce(square.fields[0], PLD_SUM, 0, &sums[i]));
    }
    assert_all(sums[0] == (double)nranks * 8 * 10 && sums[1] == sums[0]);
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&square);
}

/* --- Misuse --------------------------------------------------------------- */

TEST(misuse_is_refused)
{
    struct subject square;
    pld_halo *halo = NULL;
    int64_t something[32] = {0};
    subject_square(PLD_C128, 1, &square);
    subject_halo(&square, &halo);
    assert_fails(PLD_ERR_ARG, pld_halo_accumulate(NULL, PLD_SUM),
                 "halo is NULL");
    assert_fails(PLD_ERR_STATE,
                 pld_halo_accumulate((pld_halo *)(void *)something, PLD_SUM),
                 "not a live halo");
    assert_fails(PLD_ERR_ARG, pld_halo_accumulate(halo, (pld_op)9), "op 9");
    assert_fails(PLD_ERR_TYPE, pld_halo_accumulate(halo, PLD_MAX),
                 "c128 has no minimum or maximum");
    assert_ok(pld_halo_begin(halo));
    assert_fails(PLD_ERR_STATE, pld_halo_accumulate(halo, PLD_SUM),
                 "an exchange is under way");
    assert_ok(pld_halo_end(halo));
    assert_ok(pld_halo_accumulate(halo, PLD_SUM));
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&square);
}

TEST(memory_that_fails_on_one_rank_fails_on_all)
{
    struct subject square;
    pld_halo *halo = NULL;
    subject_square(PLD_F64, 1, &square);
    subject_halo(&square, &halo);
    int64_t before = pld_memory_live_blocks();
    for (int nth = 1; nth <= 20; nth++) {
        if (rank == nth % nranks)
            pld_alloc_fail(nth);
        assert_fails(PLD_ERR_MEMORY, pld_halo_accumulate(halo, PLD_SUM),
                     "no memory");
        pld_alloc_fail(0);
        assert_all_equal(pld_memory_live_blocks(), before);
    }
    assert_ok(pld_halo_accumulate(halo, PLD_SUM));
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&square);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_ghost_meets_its_owner_and_no_other),
    cmocka_unit_test(narrower_width_takes_only_those_ghosts),
    cmocka_unit_test(messages_may_exceed_what_mpi_counts),
    cmocka_unit_test(accumulate_is_the_adjoint_of_exchange),
    cmocka_unit_test(every_nan_comes_out_as_the_same),
    cmocka_unit_test(fast_sum_of_whole_numbers_is_the_sum),
    cmocka_unit_test(misuse_is_refused),
    cmocka_unit_test(memory_that_fails_on_one_rank_fails_on_all)};

PLD_TEST_MAIN(tests)
