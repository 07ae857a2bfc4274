#include "par/reduction.h"
#include "par/elements.h"
#include "base/exact.h"

#include <math.h>
#include <string.h>

/* --- Exact sums ----------------------------------------------------------- */

/* Part `part` of complex numbers, as doubles; others as they are. */
static pld_exact_array part_of(const pld_term *term, const pld_operand *operand,
                               int part)
{
    int64_t step = pld_type_parts(term->type);
    if (operand->data == NULL)
        return (pld_exact_array){.data = NULL};
    return (pld_exact_array){
        .data = (const char *)operand->data + part * (int)sizeof(double),
        .stride = {operand->stride[0] * step, operand->stride[1] * step,
                   operand->stride[2] * step}};
}

static pld_status add(const pld_term *term, pld_exact_term what, int xpart,
                      int ypart, pld_exact *sum)
{
    pld_type type = term->type == PLD_C128 ? PLD_F64 : term->type;
    return pld_exact_add_box(sum, what, type, term->box.count,
                             part_of(term, &term->x, xpart),
                             part_of(term, &term->y, ypart));
}

static void negate(pld_exact *sum)
{
    for (int i = 0; i < PLD_EXACT_LIMBS; i++)
        sum->limb[i] = -sum->limb[i];
    int64_t plus = sum->plus;
    sum->plus = sum->minus;
    sum->minus = plus;
}

/* (a - b i)(c + d i) = a c + b d + (a d - b c) i */
static pld_status add_complex_products(const pld_term *term, pld_exact *sums)
{
    pld_exact minus;
    pld_exact_clear(&minus);
    PLD_TRY(add(term, PLD_EXACT_PRODUCT, 0, 0, &sums[0]));
    PLD_TRY(add(term, PLD_EXACT_PRODUCT, 1, 1, &sums[0]));
    PLD_TRY(add(term, PLD_EXACT_PRODUCT, 0, 1, &sums[1]));
    PLD_TRY(add(term, PLD_EXACT_PRODUCT, 1, 0, &minus));
    negate(&minus);
    pld_exact_merge(&sums[1], &minus);
    return PLD_OK;
}

static pld_status add_parts(const pld_term *term, pld_exact_term what,
                            pld_exact *sums, int step)
{
    for (int part = 0; part < pld_type_parts(term->type); part++)
        PLD_TRY(add(term, what, part, 0, &sums[part * step]));
    return PLD_OK;
}

pld_status pld_term_add_sums(const pld_term *term, pld_exact *sums)
{
    switch (term->what) {
    case PLD_MEASURE_DOT:
        if (term->type == PLD_C128)
            return add_complex_products(term, sums);
        return add(term, PLD_EXACT_PRODUCT, 0, 0, sums);
    case PLD_MEASURE_NORM1:
        return add(term, PLD_EXACT_ABSOLUTE, 0, 0, sums);
    case PLD_MEASURE_NORM2:
        return add_parts(term, PLD_EXACT_SQUARE, sums, 0);
    case PLD_MEASURE_VARIANCE:
    case PLD_MEASURE_DEVIATION:
        PLD_TRY(add(term, PLD_EXACT_VALUE, 0, 0, &sums[0]));
        return add(term, PLD_EXACT_SQUARE, 0, 0, &sums[1]);
    case PLD_MEASURE_COVARIANCE: {
        pld_term second = *term;
        second.x = term->y;
        PLD_TRY(add(term, PLD_EXACT_VALUE, 0, 0, &sums[0]));
        PLD_TRY(add(&second, PLD_EXACT_VALUE, 0, 0, &sums[1]));
        return add(term, PLD_EXACT_PRODUCT, 0, 0, &sums[2]);
    }
    default:
        return add_parts(term, PLD_EXACT_VALUE, sums, 1);
    }
}

/* --- Other sums ----------------------------------------------------------- */

struct work {
    const pld_term *term;
    struct pld_cursor at;
};

static void add_integers(const struct pld_piece *piece, void *data)
{
    struct work *work = data;
    int64_t x[PLD_PIECE];
    int64_t y[PLD_PIECE];
    pld_type type = work->term->type;
    uint64_t sum = 0;
    pld_load_keys(type, piece->n, piece->x, piece->xstride, x);
    if (piece->y != NULL)
        pld_load_keys(type, piece->n, piece->y, piece->ystride, y);
    for (int i = 0; i < piece->n; i++)
        sum += (uint64_t)x[i] * (piece->y != NULL ? (uint64_t)y[i] : 1);
    *work->at.counts = (int64_t)((uint64_t)*work->at.counts + sum);
}

/* Eight sums side by side, as a compiler may do it. */
static double add_plain(int n, const double *x, const double *y)
{
    double lane[8] = {0};
    int i = 0;
    for (; i + 8 <= n; i += 8)
        for (int l = 0; l < 8; l++)
            lane[l] += x[i + l] * y[i + l];
    for (; i < n; i++)
        lane[i % 8] += x[i] * y[i];
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

static void add_fast(const struct pld_piece *piece, void *data)
{
    struct work *work = data;
    double x[PLD_PIECE];
    double y[PLD_PIECE];
    pld_type type = work->term->type;
    pld_measure what = work->term->what;
    pld_load_doubles(type, piece->n, piece->x, piece->xstride, x);
    if (piece->y != NULL)
        pld_load_doubles(type, piece->n, piece->y, piece->ystride, y);
    else
        for (int i = 0; i < piece->n; i++)
            y[i] = what == PLD_MEASURE_NORM2   ? x[i]
                   : what == PLD_MEASURE_NORM1 ? copysign(1, x[i])
                                               : 1;
    *work->at.plain += add_plain(piece->n, x, y);
}

/* The products of parts of c128 that add up to a part of the result. */
static void compute_fast_part(const pld_term *term, int xpart, int ypart,
                              double sign, double *out)
{
    pld_exact_array x = part_of(term, &term->x, xpart);
    pld_exact_array y = part_of(term, &term->y, ypart);
    pld_operand xs = {.data = x.data};
    pld_operand ys = {.data = y.data};
    memcpy(xs.stride, x.stride, sizeof xs.stride);
    memcpy(ys.stride, y.stride, sizeof ys.stride);
    pld_term part = *term;
    part.type = term->type == PLD_C128 ? PLD_F64 : term->type;
    double sum = 0;
    struct work work = {.term = &part, .at = {.plain = &sum}};
    pld_operand_walk(part.type, term->box, &xs,
                     term->what == PLD_MEASURE_DOT ? &ys : NULL, add_fast,
                     &work);
    *out += sign * sum;
}

static void compute_fast(const pld_term *term, double *out)
{
    bool complex = term->type == PLD_C128;
    compute_fast_part(term, 0, 0, 1, &out[0]);
    if (complex && term->what == PLD_MEASURE_DOT) {
        compute_fast_part(term, 1, 1, 1, &out[0]);
        compute_fast_part(term, 0, 1, 1, &out[1]);
        compute_fast_part(term, 1, 0, -1, &out[1]);
    } else if (complex) {
        compute_fast_part(term, 1, 0, 1,
                          &out[term->what == PLD_MEASURE_NORM2 ? 0 : 1]);
    }
}

/* --- Counts, bins, extremes ----------------------------------------------- */

static void count_piece(const struct pld_piece *piece, void *data)
{
    struct work *work = data;
    pld_type type = work->term->type;
    int64_t step = pld_type_parts(type);
    double x[PLD_PIECE];
    double imaginary[PLD_PIECE] = {0};
    pld_type real = type == PLD_C128 ? PLD_F64 : type;
    pld_load_doubles(real, piece->n, piece->x, step * piece->xstride, x);
    if (type == PLD_C128)
        pld_load_doubles(real, piece->n, piece->x + sizeof(double),
                         step * piece->xstride, imaginary);
    int64_t n = 0;
    for (int i = 0; i < piece->n; i++)
        n += x[i] != 0 || imaginary[i] != 0;
    *work->at.counts += work->term->what == PLD_MEASURE_ALL ? piece->n - n : n;
}

/* The bin of x, or -1. */
static int64_t find_bin(const pld_term *term, double x)
{
    const double *edges = term->edges;
    int64_t low = 0;
    int64_t high = term->nbins;
    if (!(x >= edges[0] && x <= edges[high]))
        return -1;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (x >= edges[middle])
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void count_bins(const struct pld_piece *piece, void *data)
{
    struct work *work = data;
    double x[PLD_PIECE];
    pld_load_doubles(work->term->type, piece->n, piece->x, piece->xstride, x);
    for (int i = 0; i < piece->n; i++) {
        int64_t bin = find_bin(work->term, x[i]);
        if (bin >= 0)
            work->at.counts[bin]++;
    }
}

static void weigh_bins(const struct pld_piece *piece, void *data)
{
    struct work *work = data;
    pld_type type = work->term->type;
    double x[PLD_PIECE];
    double weight[PLD_PIECE];
    int64_t whole[PLD_PIECE];
    pld_load_doubles(type, piece->n, piece->x, piece->xstride, x);
    pld_load_doubles(type, piece->n, piece->y, piece->ystride, weight);
    if (pld_type_is_integer(type))
        pld_load_keys(type, piece->n, piece->y, piece->ystride, whole);
    for (int i = 0; i < piece->n; i++) {
        int64_t bin = find_bin(work->term, x[i]);
        if (bin < 0)
            continue;
        if (pld_type_is_integer(type))
            pld_exact_add_integers(&work->at.sums[bin], PLD_EXACT_VALUE,
                                   PLD_I64, 1, &whole[i], 1, NULL, 0);
        else
            pld_exact_deposit_double(&work->at.sums[bin], weight[i]);
    }
}

/* Lowest keys win, and a NaN has the lowest: what is sought highest gets its
 * order turned around. */
static void load_ranked(const struct work *work, const struct pld_piece *piece,
                        int64_t *key)
{
    pld_type type = work->term->type;
    double x[PLD_PIECE];
    if (work->term->what == PLD_MEASURE_NORMMAX) {
        pld_load_doubles(type, piece->n, piece->x, piece->xstride, x);
        for (int i = 0; i < piece->n; i++)
            key[i] = pld_key_of(fabs(x[i]));
        type = PLD_F64;
    } else {
        pld_load_keys(type, piece->n, piece->x, piece->xstride, key);
    }
    if (work->term->what == PLD_MEASURE_MIN)
        return;
    bool integer = pld_type_is_integer(type);
    for (int i = 0; i < piece->n; i++)
        key[i] = integer || key[i] != PLD_KEY_NAN ? ~key[i] : PLD_KEY_NAN;
}

/* Pieces come in the order of places, so that only a lower key is better. */
static void find_lowest(const struct pld_piece *piece, void *data)
{
    struct work *work = data;
    struct pld_extreme *best = work->at.extremes;
    int64_t key[PLD_PIECE];
    load_ranked(work, piece, key);
    int64_t lowest = key[0];
    for (int i = 1; i < piece->n; i++)
        lowest = key[i] < lowest ? key[i] : lowest;
    if (lowest >= best->key && best->place[0] != INT64_MAX)
        return;
    int i = 0;
    while (key[i] != lowest)
        i++;
    *best = (struct pld_extreme){
        .key = lowest,
        .place = {piece->first[0], piece->first[1], piece->first[2] + i}};
}

/* --- Terms ---------------------------------------------------------------- */

static void walk(const pld_term *term, pld_visit_piece *visit, bool two,
                 struct pld_cursor at)
{
    struct work work = {.term = term, .at = at};
    pld_operand_walk(term->type, term->box, &term->x, two ? &term->y : NULL,
                     visit, &work);
}

static void clear_parts(const struct pld_parts *parts, struct pld_cursor at)
{
    for (int64_t i = 0; i < parts->nsums; i++)
        pld_exact_wipe(&at.sums[i]);
    for (int64_t i = 0; i < parts->ncounts; i++)
        at.counts[i] = 0;
    for (int64_t i = 0; i < parts->nplain; i++)
        at.plain[i] = 0;
    for (int64_t i = 0; i < parts->nextremes; i++)
        at.extremes[i] = (struct pld_extreme){
            .key = INT64_MAX, .place = {INT64_MAX, INT64_MAX, INT64_MAX}};
}

static void count_elements(const pld_term *term, const struct pld_parts *parts,
                           int64_t *count)
{
    if (parts->ncounts == 1)
        *count = pld_box_volume(term->box);
}

pld_status pld_term_compute(const pld_term *term, struct pld_cursor at)
{
    struct pld_parts parts = pld_term_parts(term);
    clear_parts(&parts, at);
    switch (term->what) {
    case PLD_MEASURE_COUNT:
    case PLD_MEASURE_ANY:
    case PLD_MEASURE_ALL:
        walk(term, count_piece, false, at);
        return PLD_OK;
    case PLD_MEASURE_HISTOGRAM:
        walk(term, count_bins, false, at);
        return PLD_OK;
    case PLD_MEASURE_WEIGHTED:
        walk(term, weigh_bins, true, at);
        return PLD_OK;
    case PLD_MEASURE_MIN:
    case PLD_MEASURE_MAX:
    case PLD_MEASURE_NORMMAX:
        walk(term, find_lowest, false, at);
        return PLD_OK;
    default:
        break;
    }
    if (parts.nsums == 0 && parts.nplain == 0) {
        walk(term, add_integers, term->what == PLD_MEASURE_DOT, at);
        return PLD_OK;
    }
    count_elements(term, &parts, at.counts);
    if (parts.nplain > 0) {
        compute_fast(term, at.plain);
        return PLD_OK;
    }
    return pld_term_add_sums(term, at.sums);
}
