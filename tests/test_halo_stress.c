/* Very many exchanges in a row, ranks being late at random: a flag that is seen
 * too early, or a buffer that is written again too early, shows as a ghost of
 * another step.
 * TEST: ranks=2,4
 * TEST: ranks=4 env=PLD_TRANSPORT=message
 * TEST: ranks=4 env=PLD_FAKE_NODES=2
 *
 * Ends after so many exchanges as PLD_TEST_EXCHANGES says; by default after
 * 200 000, or a few seconds on a machine that is busy with other things. */

#include "support/draw.h"
#include "support/harness.h"
#include "support/index.h"
#include "support/subject.h"

#include "base/alloc.h"
#include "polder/random.h"
#include "polder/reduce.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NLINES = 3, BATCH = 500, DEFAULT_EXCHANGES = 200000 };

/* An element that is set, or filled by an exchange. */
struct spot {
    int64_t *at;
    int64_t number; /* of the point that it stands for */
};

/* One field with its exchange. */
struct line {
    struct subject subject;
    pld_halo *halo;
    int64_t nown;
    int64_t nspots;
    struct spot *spots; /* own points first */
    int64_t round;      /* of the values that they hold */
};

static void add_spots(struct line *line, const struct reach *reach, bool own)
{
    pld_field *field = line->subject.fields[0];
    pld_box domain = pld_field_domain(field);
    pld_box owned = pld_field_owned(field);
    pld_box padded = pld_field_padded(field);
    int64_t at[PLD_MAXDIM];
    int64_t point[PLD_MAXDIM];
    memcpy(at, padded.first, sizeof at);
    if (pld_box_empty(padded))
        return;
    do
        if ((offset_in(owned, at) >= 0) == own &&
            is_reached(owned, reach, at) && resolve(field, at, point))
            line->spots[line->nspots++] =
                (struct spot){(int64_t *)(void *)place_of(field, at, 0),
                              offset_in(domain, point)};
    while (next_index(padded, at));
}

static void make_line(const pld_grid_spec *grid, const pld_field_spec *field,
                      pld_stencil stencil, struct line *out)
{
    *out = (struct line){.subject = {.nfields = 1}};
    assert_ok(pld_grid_create(ctx, grid, &out->subject.grid));
    assert_ok(
        pld_field_create(out->subject.grid, field, &out->subject.fields[0]));
    const pld_halo_spec spec = {
        .nfields = 1, .fields = out->subject.fields, .stencil = stencil};
    assert_ok(pld_halo_create(&spec, &out->halo));
    struct reach reach = reach_of(out->subject.fields[0], &spec);
    int64_t n = pld_box_volume(pld_field_padded(out->subject.fields[0]));
    assert_ok(pld_alloc("spots", n, sizeof *out->spots, &out->spots));
    add_spots(out, &reach, true);
    out->nown = out->nspots;
    add_spots(out, &reach, false);
}

/* Contiguous and strided faces; a message of several kinds of boxes; one that
 * fills more than a slot of a ring. */
static void make_lines(struct line lines[NLINES])
{
    const int n = nranks;
    const pld_grid_spec grids[NLINES] = {
        {.ndims = 2, .size = {2 * n, 2 * n}, .periodic = {true, true}},
        {.ndims = 3, .size = {n, n, 3}, .periodic = {true, false, true}},
        {.ndims = 3,
         .size = {8, 40, 2 * n},
         .periodic = {false, true, true},
         .nprocs = {1, 1, n}}};
    const pld_field_spec fields[NLINES] = {
        {.type = PLD_I64, .halo = {.all = 1}},
        {.type = PLD_I64, .halo = {.all = 2}},
        {.type = PLD_I64, .halo = {.low = {0, 0, 1}, .high = {0, 0, 1}}}};
    const pld_stencil stencils[NLINES] = {PLD_STAR, PLD_BOX, PLD_STAR};
    for (int i = 0; i < NLINES; i++)
        make_line(&grids[i], &fields[i], stencils[i], &lines[i]);
}

/* --- One exchange ----------------------------------------------------------
 */

/* Other numbers on each rank. */
static int64_t choose(int64_t n)
{
    static uint64_t chosen;
    const pld_random random = {.seed = 5, .stream = (uint64_t)rank};
    return pld_random_integer(random, chosen++, n);
}

static void idle(int64_t n)
{
    for (volatile int64_t i = 0; i < n; i++)
        continue;
}

/* Mostly no time at all, now and then a long one. */
static void be_late(void)
{
    int64_t which = choose(256);
    if (which < 64)
        idle(choose(200));
    else if (which < 68)
        idle(choose(20000));
    else if (which < 72)
        for (int64_t i = choose(4); i >= 0; i--)
            sched_yield();
}

static int64_t value_of(const struct line *line, const struct spot *spot)
{
    return 1000000 * line->round + spot->number;
}

static void begin(struct line *line)
{
    line->round++;
    for (int64_t i = 0; i < line->nown; i++)
        *line->spots[i].at = value_of(line, &line->spots[i]);
    be_late();
    assert_ok_here(pld_halo_begin(line->halo));
}

static bool is_right(const struct line *line)
{
    bool good = true;
    for (int64_t i = 0; i < line->nspots; i++)
        good = good && *line->spots[i].at == value_of(line, &line->spots[i]);
    return good;
}

static void end(struct line *line)
{
    bool done;
    for (int64_t i = choose(8); i > 6; i--)
        assert_ok_here(pld_halo_test(line->halo, &done));
    be_late();
    assert_ok_here(pld_halo_end(line->halo));
    if (!is_right(line)) {
        fprintf(stderr, "rank %d: wrong ghosts in round %lld\n", rank,
                (long long)line->round);
        assert_true(false);
    }
}

/* One or two at a time, each rank ending them in its own order. */
static int64_t exchange(struct line lines[NLINES])
{
    int one = (int)draw(0, 2 * NLINES - 1) % NLINES;
    int two = (int)draw(0, 3 * NLINES - 1);
    bool both = two < NLINES && two != one;
    begin(&lines[one]);
    if (both)
        begin(&lines[two]);
    bool first = !both || choose(2) == 0;
    end(&lines[first ? one : two]);
    if (both)
        end(&lines[first ? two : one]);
    return 1 + both;
}

/* --- Many ------------------------------------------------------------------
 */

static bool is_time_up(double start)
{
    double seconds = MPI_Wtime() - start;
    assert_ok_here(pld_reduce_f64(ctx, PLD_MAX, seconds, &seconds));
    return seconds > 4.0;
}

TEST(no_ghost_is_of_another_step)
{
    struct line lines[NLINES];
    const char *asked = getenv("PLD_TEST_EXCHANGES");
    int64_t most = asked ? atoll(asked) : DEFAULT_EXCHANGES;
    int64_t n = 0;
    double start = MPI_Wtime();
    make_lines(lines);
    do
        for (int i = 0; i < BATCH && n < most; i++)
            n += exchange(lines);
    while (n < most && (asked || !is_time_up(start)));
    for (int i = 0; i < NLINES; i++) {
        assert_ok(pld_halo_destroy(&lines[i].halo));
        pld_free(lines[i].spots);
        subject_destroy(&lines[i].subject);
    }
    if (rank == 0)
        printf("%lld exchanges\n", (long long)n);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(no_ghost_is_of_another_step)};

PLD_TEST_MAIN(tests)
