#include "support/numbers.h"

#include <string.h>

#include "support/harness.h"
#include "support/index.h"

enum { MAX_SIZE = 16, UNTOUCHED = -77 };

static void element(pld_type type, int64_t number, void *out)
{
    const double c128[2] = {(double)number, -(double)number};
    const float f32 = (float)number;
    const int32_t i32 = (int32_t)number;
    switch (type) {
    case PLD_F32:
        memcpy(out, &f32, sizeof f32);
        return;
    case PLD_I64:
        memcpy(out, &number, sizeof number);
        return;
    case PLD_I32:
        memcpy(out, &i32, sizeof i32);
        return;
    default:
        memcpy(out, c128, pld_type_size(type));
    }
}

/* The number of a point of the domain, or UNTOUCHED outside of it. */
static int64_t number_at(const pld_field *field,
                         const int64_t index[PLD_MAXDIM])
{
    int64_t point[PLD_MAXDIM];
    if (!resolve(field, index, point))
        return UNTOUCHED;
    return offset_in(pld_field_domain(field), point);
}

/* What to fill a field with: numbers moved by `start`. */
struct values {
    const pld_field *field;
    int64_t start;
};

static void fill_point(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    const struct values *values = data;
    int ncomps = pld_field_ncomps(values->field);
    pld_type type = pld_field_type(values->field);
    for (int c = 0; c < ncomps; c++)
        element(type,
                values->start + number_at(values->field, index) * ncomps + c,
                (char *)value + (size_t)c * pld_type_size(type));
}

void numbers_reset(pld_field *field, int64_t start)
{
    struct values values = {.field = field, .start = start};
    char mark[SUBJECT_COMPS * MAX_SIZE];
    pld_type type = pld_field_type(field);
    for (int c = 0; c < pld_field_ncomps(field); c++)
        element(type, UNTOUCHED, mark + (size_t)c * pld_type_size(type));
    assert_ok_here(pld_field_set(field, mark));
    assert_ok_here(pld_field_fill(field, fill_point, &values));
}

static bool holds(const pld_field *field, const int64_t index[PLD_MAXDIM],
                  int64_t number, int64_t start)
{
    pld_type type = pld_field_type(field);
    int ncomps = pld_field_ncomps(field);
    for (int c = 0; c < ncomps; c++) {
        char expected[MAX_SIZE];
        element(type,
                number == UNTOUCHED ? number : start + number * ncomps + c,
                expected);
        if (memcmp(place_of(field, index, c), expected, pld_type_size(type)) !=
            0)
            return false;
    }
    return true;
}

bool numbers_hold(const pld_field *field, const struct reach *reach,
                  int64_t start)
{
    pld_box padded = pld_field_padded(field);
    pld_box own = pld_field_owned(field);
    if (pld_box_empty(padded))
        return true;
    int64_t index[PLD_MAXDIM];
    memcpy(index, padded.first, sizeof index);
    do {
        int64_t number =
            is_reached(own, reach, index) ? number_at(field, index) : UNTOUCHED;
        if (!holds(field, index, number, start))
            return false;
    } while (next_index(padded, index));
    return true;
}

bool numbers_exchange(const pld_halo_spec *spec)
{
    pld_halo *halo = NULL;
    assert_ok_here(pld_halo_create(spec, &halo));
    for (int f = 0; f < spec->nfields; f++)
        numbers_reset(spec->fields[f], 100 * f);
    bool good = pld_halo_exchange(halo) == PLD_OK;
    for (int f = 0; f < spec->nfields; f++) {
        struct reach reach = reach_of(spec->fields[f], spec);
        good = good && numbers_hold(spec->fields[f], &reach, 100 * f);
    }
    return pld_halo_destroy(&halo) == PLD_OK && good && halo == NULL;
}
