/* Accumulation of ghosts, compared with what every rank's ghosts hold.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"
#include "support/index.h"

#include "base/alloc.h"
#include "par/message.h"
#include "par/reduction.h"
#include "polder/digest.h"
#include "polder/halo.h"
#include "polder/memory.h"
#include "polder/random.h"

#include <math.h>
#include <string.h>

static uint64_t drawn;

/* The same numbers on all ranks. */
static int64_t draw(int64_t low, int64_t high)
{
    const pld_random random = {.seed = 1918};
    return low + pld_random_integer(random, drawn++, high - low + 1);
}

static bool draw_bool(void)
{
    return draw(0, 1) == 1;
}

/* --- Values: a function of rank, index and component ---------------------- */

enum { MAX_COMPS = 2, MAX_SIZE = 16 };

static uint64_t number_at(int seed, int of_rank,
                          const int64_t index[PLD_MAXDIM], int comp)
{
    const int64_t place[] = {of_rank, index[0], index[1], index[2], comp};
    return pld_digest_bytes(place, sizeof place, (uint64_t)seed);
}

/* Of all magnitudes, so that plain sums would lose something; and now and then
 * what is no number. */
static double real_of(uint64_t number)
{
    static const double special[] = {NAN, INFINITY, -INFINITY, -0.0, 0.0};
    if (number % 97 < 5)
        return special[number % 97];
    double mantissa = (double)(int32_t)(number >> 32);
    return ldexp(mantissa, (int)(number >> 8 & 127) - 80);
}

static void element(pld_type type, uint64_t number, void *out)
{
    const double c128[2] = {real_of(number), real_of(~number)};
    const float f32 = (float)c128[0];
    const int32_t i32 = (int32_t)number;
    if (type == PLD_F32)
        memcpy(out, &f32, sizeof f32);
    else if (type == PLD_I64)
        memcpy(out, &number, sizeof number);
    else if (type == PLD_I32)
        memcpy(out, &i32, sizeof i32);
    else
        memcpy(out, c128, pld_type_size(type));
}

static char *place_of(const pld_field *field, const int64_t index[PLD_MAXDIM],
                      int comp)
{
    pld_view view = pld_field_view(field);
    int64_t at = comp * view.comp_stride;
    for (int d = 0; d < PLD_MAXDIM; d++)
        at += index[d] * view.stride[d];
    return (char *)view.data +
           at * (int64_t)pld_type_size(pld_field_type(field));
}

static void fill(const pld_field *field, int seed)
{
    pld_box padded = pld_field_padded(field);
    int64_t at[PLD_MAXDIM];
    memcpy(at, padded.first, sizeof at);
    if (pld_box_empty(padded))
        return;
    do
        for (int c = 0; c < pld_field_ncomps(field); c++)
            element(pld_field_type(field), number_at(seed, rank, at, c),
                    place_of(field, at, c));
    while (next_index(padded, at));
}

/* --- What should come out ------------------------------------------------- */

/* All that meets in one real part of an element. */
struct meeting {
    int64_t n;
    pld_exact sum;
    double least;
    double greatest;
    int64_t isum;
    int64_t ileast;
    int64_t igreatest;
};

static bool below(double a, double b)
{
    return a < b || (a == b && signbit(a) && !signbit(b));
}

static void meet(struct meeting *meeting, double real, int64_t integer)
{
    bool first = meeting->n++ == 0;
    if (first)
        pld_exact_clear(&meeting->sum);
    assert_ok_here(pld_exact_add(&meeting->sum, PLD_F64, 1, &real, 1));
    bool nan = !first && isnan(meeting->least);
    if (first || isnan(real) || (!nan && below(real, meeting->least)))
        meeting->least = real;
    if (first || isnan(real) || (!nan && below(meeting->greatest, real)))
        meeting->greatest = real;
    meeting->isum = (int64_t)((uint64_t)meeting->isum + (uint64_t)integer);
    if (first || integer < meeting->ileast)
        meeting->ileast = integer;
    if (first || integer > meeting->igreatest)
        meeting->igreatest = integer;
}

static void meet_element(struct meeting meetings[2], pld_type type,
                         uint64_t number)
{
    char value[MAX_SIZE];
    double f64[2] = {0.0, 0.0};
    float f32 = 0.0f;
    int32_t i32 = 0;
    element(type, number, value);
    memcpy(type == PLD_F32 ? (void *)&f32 : (void *)f64, value,
           pld_type_size(type));
    memcpy(&i32, value, sizeof i32);
    meet(&meetings[0], type == PLD_F32 ? (double)f32 : f64[0],
         type == PLD_I32 ? i32 : (int64_t)number);
    if (type == PLD_C128)
        meet(&meetings[1], f64[1], 0);
}

static void outcome(const struct meeting *meeting, pld_op op, pld_type type,
                    char *out)
{
    const int64_t integers[] = {meeting->isum, meeting->ileast,
                                meeting->igreatest};
    double real = op == PLD_MIN ? meeting->least : meeting->greatest;
    float f32 = (float)real;
    int32_t i32 = (int32_t)integers[op];
    if (type == PLD_I64)
        memcpy(out, &integers[op], sizeof integers[op]);
    else if (type == PLD_I32)
        memcpy(out, &i32, sizeof i32);
    else if (op == PLD_SUM)
        pld_exact_store(&meeting->sum, type, out);
    else if (type == PLD_F32)
        memcpy(out, &f32, sizeof f32);
    else
        memcpy(out, &real, sizeof real);
}

/* What is exchanged. */
struct reach {
    pld_stencil stencil;
    int64_t low[PLD_MAXDIM];
    int64_t high[PLD_MAXDIM];
};

static bool is_reached(pld_box own, const struct reach *reach,
                       const int64_t index[PLD_MAXDIM])
{
    int nghosts = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t under = own.first[d] - index[d];
        int64_t over = index[d] - (own.first[d] + own.count[d] - 1);
        if (under > reach->low[d] || over > reach->high[d])
            return false;
        nghosts += under > 0 || over > 0;
    }
    return nghosts <= 1 || reach->stencil == PLD_BOX;
}

/* The point that an index stands for; false when it is outside. */
static bool resolve(const pld_field *field, const int64_t index[PLD_MAXDIM],
                    int64_t point[PLD_MAXDIM])
{
    const pld_grid *grid = pld_field_grid(field);
    pld_box domain = pld_field_domain(field);
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t size = domain.count[d];
        bool wraps = d < pld_grid_ndims(grid) && pld_grid_periodic(grid, d);
        point[d] = wraps ? (index[d] % size + size) % size : index[d];
        if (point[d] < 0 || point[d] >= size)
            return false;
    }
    return true;
}

static int64_t offset_in(pld_box box, const int64_t index[PLD_MAXDIM])
{
    int64_t offset = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t i = index[d] - box.first[d];
        if (i < 0 || i >= box.count[d])
            return -1;
        offset = offset * box.count[d] + i;
    }
    return offset;
}

/* Let all that rank `of_rank` holds meet in the own points of this one. */
static void meet_rank(const pld_field *field, const struct reach *reach,
                      int seed, int of_rank, struct meeting *meetings)
{
    pld_box theirs = pld_field_owned_by(field, of_rank);
    pld_box mine = pld_field_owned(field);
    pld_box padded = theirs;
    if (pld_box_empty(theirs))
        return;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        padded.first[d] -= reach->low[d];
        padded.count[d] += reach->low[d] + reach->high[d];
    }
    int ncomps = pld_field_ncomps(field);
    int64_t at[PLD_MAXDIM];
    memcpy(at, padded.first, sizeof at);
    do {
        int64_t point[PLD_MAXDIM];
        if (!is_reached(theirs, reach, at) || !resolve(field, at, point))
            continue;
        int64_t offset = offset_in(mine, point);
        for (int c = 0; offset >= 0 && c < ncomps; c++)
            meet_element(meetings + 2 * (offset * ncomps + c),
                         pld_field_type(field),
                         number_at(seed, of_rank, at, c));
    } while (next_index(padded, at));
}

static bool part_is_right(const struct meeting *meeting, pld_op op,
                          pld_type type, const char *untouched,
                          const char *found)
{
    char expected[MAX_SIZE];
    double value = 0.0;
    if (meeting->n == 1)
        return memcmp(found, untouched, pld_type_size(type)) == 0;
    outcome(meeting, op, type, expected);
    if (memcmp(found, expected, pld_type_size(type)) == 0)
        return true;
    /* Which NaN does not matter here; there is a test of its own. */
    memcpy(&value, found, type == PLD_F64 ? sizeof value : 0);
    float f32 = 0.0f;
    memcpy(&f32, found, type == PLD_F32 ? sizeof f32 : 0);
    return (isnan(value) || isnan(f32)) &&
           isnan(op == PLD_SUM ? pld_exact_round(&meeting->sum)
                               : meeting->least);
}

static bool element_is_right(const struct meeting meetings[2], pld_op op,
                             pld_type type, uint64_t number, const char *found)
{
    char untouched[MAX_SIZE];
    element(type, number, untouched);
    if (type != PLD_C128)
        return part_is_right(meetings, op, type, untouched, found);
    size_t part = sizeof(double);
    return part_is_right(&meetings[0], op, PLD_F64, untouched, found) &&
           part_is_right(&meetings[1], op, PLD_F64, untouched + part,
                         found + part);
}

/* Own points are what met, ghosts are as they were. */
static bool is_right(const pld_field *field, pld_op op, int seed,
                     const struct meeting *meetings)
{
    pld_box padded = pld_field_padded(field);
    pld_box own = pld_field_owned(field);
    pld_type type = pld_field_type(field);
    int ncomps = pld_field_ncomps(field);
    int64_t at[PLD_MAXDIM];
    memcpy(at, padded.first, sizeof at);
    if (pld_box_empty(padded))
        return true;
    do
        for (int c = 0; c < ncomps; c++) {
            int64_t offset = offset_in(own, at);
            uint64_t number = number_at(seed, rank, at, c);
            char ghost[MAX_SIZE];
            const char *found = place_of(field, at, c);
            element(type, number, ghost);
            bool right =
                offset < 0
                    ? memcmp(found, ghost, pld_type_size(type)) == 0
                    : element_is_right(meetings + 2 * (offset * ncomps + c), op,
                                       type, number, found);
            if (!right)
                return false;
        }
    while (next_index(padded, at));
    return true;
}

/* --- Random grids and fields ---------------------------------------------- */

enum { MAX_FIELDS = 2 };

struct subject {
    pld_grid *grid;
    int nfields;
    pld_field *fields[MAX_FIELDS];
};

static void draw_grid(pld_grid **out)
{
    double weights[16];
    pld_grid_spec spec = {.ndims = (int)draw(1, 3)};
    for (int d = 0; d < spec.ndims; d++) {
        spec.size[d] = draw(1, spec.ndims == 1 ? 20 : 6);
        spec.periodic[d] = draw(0, 3) > 0;
    }
    if (draw_bool())
        spec.nprocs[draw(0, spec.ndims - 1)] = nranks;
    for (int r = 0; r < nranks; r++)
        weights[r] = (double)draw(0, 2);
    weights[draw(0, nranks - 1)] = 1.0;
    if (draw_bool())
        spec.rank_weights = weights;
    assert_ok_here(pld_grid_create(ctx, &spec, out));
}

static void draw_field(pld_grid *grid, pld_field **out)
{
    pld_field_spec spec = {.type = (pld_type)draw(0, PLD_TYPE_COUNT - 1),
                           .ncomps = (int)draw(1, MAX_COMPS),
                           .layout =
                               draw_bool() ? PLD_PLANES : PLD_INTERLEAVED};
    int64_t most = pld_grid_ndims(grid) == 3 ? 3 : 8;
    for (int d = 0; d < pld_grid_ndims(grid); d++) {
        spec.node[d] = draw_bool();
        spec.halo.low[d] = draw(0, draw_bool() ? 2 : most);
        spec.halo.high[d] = draw(0, draw_bool() ? 2 : most);
    }
    assert_ok_here(pld_field_create(grid, &spec, out));
}

static void draw_subject(struct subject *out)
{
    draw_grid(&out->grid);
    out->nfields = (int)draw(1, MAX_FIELDS);
    for (int f = 0; f < out->nfields; f++)
        draw_field(out->grid, &out->fields[f]);
}

static void destroy_subject(struct subject *subject)
{
    for (int f = 0; f < subject->nfields; f++)
        assert_ok_here(pld_field_destroy(&subject->fields[f]));
    assert_ok_here(pld_grid_destroy(&subject->grid));
}

/* A width is given for each side, or none. */
static struct reach reach_of(const pld_field *field, const pld_halo_spec *spec)
{
    struct reach reach = {.stencil = spec->stencil};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        bool full = spec->width.low[0] == 0;
        reach.low[d] = full ? pld_field_halo(field, d, 0) : spec->width.low[d];
        reach.high[d] =
            full ? pld_field_halo(field, d, 1) : spec->width.high[d];
    }
    return reach;
}

static bool has_complex(const struct subject *subject)
{
    for (int f = 0; f < subject->nfields; f++)
        if (pld_field_type(subject->fields[f]) == PLD_C128)
            return true;
    return false;
}

/* What meets in the own points of a field; to be freed. */
static struct meeting *find_meetings(const pld_field *field,
                                     const pld_halo_spec *spec, int seed)
{
    struct meeting *meetings = NULL;
    int64_t n = pld_box_volume(pld_field_owned(field));
    struct reach reach = reach_of(field, spec);
    assert_ok_here(pld_alloc("meetings", 2 * n * pld_field_ncomps(field),
                             sizeof *meetings, &meetings));
    for (int r = 0; r < nranks; r++)
        meet_rank(field, &reach, seed, r, meetings);
    return meetings;
}

/* Every operation, one after the other, with one plan. */
static void accumulate_and_check(const struct subject *subject,
                                 const pld_halo_spec *spec)
{
    pld_halo *halo = NULL;
    struct meeting *meetings[MAX_FIELDS] = {NULL};
    bool good = pld_halo_create(spec, &halo) == PLD_OK;
    for (int f = 0; f < subject->nfields; f++)
        meetings[f] = find_meetings(subject->fields[f], spec, f);
    pld_op end = has_complex(subject) ? PLD_MIN : PLD_FAST_SUM;
    for (pld_op op = PLD_SUM; op < end; op++) {
        for (int f = 0; f < subject->nfields; f++)
            fill(subject->fields[f], f);
        good = pld_halo_accumulate(halo, op) == PLD_OK && good;
        for (int f = 0; f < subject->nfields; f++)
            good = good && is_right(subject->fields[f], op, f, meetings[f]);
    }
    for (int f = 0; f < subject->nfields; f++)
        pld_free(meetings[f]);
    good = pld_halo_destroy(&halo) == PLD_OK && good;
    assert_all(good);
}

/* Over dimensions, periodicity, process grids, empty ranks, types, components,
 * layouts, staggers, stencils and widths up to several times the domain. */
TEST(every_ghost_meets_its_owner_and_no_other)
{
    int ncases = nranks <= 2 ? 150 : nranks <= 4 ? 60 : 30;
    for (int i = 0; i < ncases; i++) {
        struct subject subject;
        draw_subject(&subject);
        for (int stencil = 0; stencil < 2; stencil++) {
            const pld_halo_spec spec = {.nfields = subject.nfields,
                                        .fields = subject.fields,
                                        .stencil =
                                            stencil == 0 ? PLD_BOX : PLD_STAR};
            accumulate_and_check(&subject, &spec);
        }
        destroy_subject(&subject);
    }
}

/* --- Single facts --------------------------------------------------------- */

static void make_square(struct subject *out, pld_type type)
{
    const pld_grid_spec grid = {.ndims = 2,
                                .size = {4 * nranks, 6},
                                .periodic = {true, true},
                                .nprocs = {nranks, 1}};
    const pld_field_spec field = {
        .name = "charge", .type = type, .halo = {.all = 2}};
    *out = (struct subject){.nfields = 1};
    assert_ok(pld_grid_create(ctx, &grid, &out->grid));
    assert_ok(pld_field_create(out->grid, &field, &out->fields[0]));
}

static void make_halo(const struct subject *subject, pld_halo **out)
{
    const pld_halo_spec spec = {.nfields = subject->nfields,
                                .fields = subject->fields};
    assert_ok(pld_halo_create(&spec, out));
}

TEST(narrower_width_takes_only_those_ghosts)
{
    struct subject square;
    make_square(&square, PLD_F64);
    const pld_halo_spec spec = {.nfields = 1,
                                .fields = square.fields,
                                .width = {.low = {1, 2}, .high = {2, 0}}};
    accumulate_and_check(&square, &spec);
    destroy_subject(&square);
}

TEST(messages_may_exceed_what_mpi_counts)
{
    struct subject square;
    make_square(&square, PLD_F32);
    const pld_halo_spec spec = {.nfields = 1, .fields = square.fields};
    pld_message_set_limit(32);
    accumulate_and_check(&square, &spec);
    pld_message_set_limit(0);
    destroy_subject(&square);
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
        int64_t value = small(number_at(seed, rank, at, 0));
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
        draw_grid(&subject.grid);
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
        destroy_subject(&subject);
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
    make_square(&square, PLD_F64);
    make_halo(&square, &halo);
    for (pld_op op = PLD_SUM; op < PLD_OP_COUNT; op++) {
        double minus = -NAN;
        assert_ok(pld_field_set(square.fields[0], &minus));
        assert_ok(pld_halo_accumulate(halo, op));
        assert_all(
            all_bits_are(square.fields[0], UINT64_C(0x7ff8000000000000)));
    }
    assert_ok(pld_halo_destroy(&halo));
    destroy_subject(&square);
}

TEST(fast_sum_of_whole_numbers_is_the_sum)
{
    struct subject square;
    pld_halo *halo = NULL;
    make_square(&square, PLD_F64);
    make_halo(&square, &halo);
    double one = 1.0;
    double sums[2];
    for (int i = 0; i < 2; i++) {
        assert_ok(pld_field_set(square.fields[0], &one));
        assert_ok(pld_halo_accumulate(halo, i == 0 ? PLD_SUM : PLD_FAST_SUM));
        assert_ok(pld_field_reduce(square.fields[0], PLD_SUM, 0, &sums[i]));
    }
    assert_all(sums[0] == (double)nranks * 8 * 10 && sums[1] == sums[0]);
    assert_ok(pld_halo_destroy(&halo));
    destroy_subject(&square);
}

/* --- Misuse --------------------------------------------------------------- */

TEST(misuse_is_refused)
{
    struct subject square;
    pld_halo *halo = NULL;
    int64_t something[32] = {0};
    make_square(&square, PLD_C128);
    make_halo(&square, &halo);
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
    destroy_subject(&square);
}

TEST(memory_that_fails_on_one_rank_fails_on_all)
{
    struct subject square;
    pld_halo *halo = NULL;
    make_square(&square, PLD_F64);
    make_halo(&square, &halo);
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
    destroy_subject(&square);
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
