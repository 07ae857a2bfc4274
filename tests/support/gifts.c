#include "support/gifts.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "par/reduction.h"
#include "polder/digest.h"
#include "support/harness.h"
#include "support/index.h"

/* --- Values: a function of rank, index and component ---------------------- */

enum { MAX_SIZE = 16 };

uint64_t gifts_number(int seed, int of_rank, const int64_t index[PLD_MAXDIM],
                      int comp)
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

static void fill(const pld_field *field, int seed)
{
    pld_box padded = pld_field_padded(field);
    int64_t at[PLD_MAXDIM];
    memcpy(at, padded.first, sizeof at);
    if (pld_box_empty(padded))
        return;
    do
        for (int c = 0; c < pld_field_ncomps(field); c++)
            element(pld_field_type(field), gifts_number(seed, rank, at, c),
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
                         gifts_number(seed, of_rank, at, c));
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
            uint64_t number = gifts_number(seed, rank, at, c);
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
bool gifts_accumulate(const struct subject *subject, const pld_halo_spec *spec)
{
    pld_halo *halo = NULL;
    struct meeting *meetings[SUBJECT_FIELDS] = {NULL};
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
    return good;
}
