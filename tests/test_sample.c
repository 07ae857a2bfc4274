/* Samples at random points: compared, bit by bit, with the same interpolation
 * of a formula of the global index.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=3 env=PLD_TRANSPORT=message
 * TEST: ranks=4 env=PLD_FAKE_NODES=2 */

#include "support/formula.h"
#include "support/harness.h"
#include "support/index.h"

#include "mesh/block.h"
#include "polder/random.h"
#include "polder/sample.h"

#include <math.h>
#include <string.h>

enum { NCASES = 60, MAX_POINTS = 12, MAX_COMPS = 3, MAX_SIZE = 16 };
enum { MAX_RANKS = 16, MOST = 4 };

static uint64_t drawn;

/* The same numbers on all ranks. */
static int64_t draw(int64_t low, int64_t high)
{
    const pld_random random = {.seed = 1687};
    return low + pld_random_integer(random, drawn++, high - low + 1);
}

static double draw_real(void)
{
    const pld_random random = {.seed = 1687, .stream = 1};
    return pld_random_uniform(random, drawn++);
}

static bool draw_bool(void)
{
    return draw(0, 1) == 1;
}

/* --- An independent answer ------------------------------------------------ */

struct setting {
    struct formula formula;
    bool periodic[PLD_MAXDIM];
    bool node[PLD_MAXDIM];
    int64_t size[PLD_MAXDIM];
    int ndims;
    pld_sample_spec spec;
    int64_t counts[MAX_RANKS]; /* points that each rank names */
    double points[MAX_RANKS][MAX_POINTS * PLD_MAXDIM];
};

/* Rough on purpose: no polynomial goes through it. */
static double rough(double number)
{
    return fmod(number * number, 101.0) - number;
}

static double value_at(const struct setting *setting,
                       const int64_t at[PLD_MAXDIM], int comp)
{
    int64_t index[PLD_MAXDIM] = {0};
    for (int d = 0; d < setting->ndims; d++) {
        int64_t n = setting->size[d];
        index[d] = setting->periodic[d] ? ((at[d] % n) + n) % n : at[d];
    }
    return rough(formula_value(0, index[0], index[1], index[2], comp));
}

/* The polynomial of order n - 1 through values at 0, 1 ... n - 1, written as
 * it is defined. */
static double through(int n, const double *values, int from, double t)
{
    if (n == 1)
        return values[from];
    double lower = through(n - 1, values, from, t);
    double upper = through(n - 1, values, from + 1, t);
    return lower + (t - from) / (n - 1) * (upper - lower);
}

/* The value between the points of dimension d and those behind it; `at` holds
 * what is fixed before. */
static double between(const struct setting *setting, const double *point, int d,
                      int64_t at[PLD_MAXDIM], int comp)
{
    if (d == PLD_MAXDIM || d == setting->ndims)
        return value_at(setting, at, comp);
    int64_t n = setting->size[d];
    int64_t npoints = n + (setting->node[d] && !setting->periodic[d]);
    double place = point[d];
    if (setting->periodic[d])
        place -= floor(place / (double)n) * (double)n;
    place -= setting->node[d] ? 0.0 : 0.5;
    if (!setting->periodic[d])
        place = fmax(0.0, fmin(place, (double)(npoints - 1)));
    int64_t first = (int64_t)floor(place);
    int64_t count = place > (double)first ? 2 : 1;
    if (setting->spec.interpolation == PLD_NEAREST) {
        first += place - (double)first >= 0.5;
        count = 1;
    } else if (setting->spec.interpolation == PLD_CUBIC && count > 1) {
        first -= 1;
        count = MOST;
        while (!setting->periodic[d] && first + count > npoints)
            first--;
        while (!setting->periodic[d] && first < 0)
            first++;
        while (!setting->periodic[d] && first + count > npoints)
            count--;
    }
    double values[MOST];
    for (int64_t i = 0; i < count; i++) {
        at[d] = first + i;
        values[i] = between(setting, point, d + 1, at, comp);
    }
    return through((int)count, values, 0, place - (double)first);
}

static void fill(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    const struct setting *setting = data;
    pld_type type = pld_field_type(setting->formula.field);
    int ncomps = pld_field_ncomps(setting->formula.field);
    for (int c = 0; c < ncomps; c++)
        formula_put(value_at(setting, index, c), type,
                    (char *)value + (size_t)c * pld_type_size(type));
}

/* --- Random settings ------------------------------------------------------ */

static void draw_field(struct setting *out)
{
    double weights[MAX_RANKS];
    pld_grid_spec grid = {.ndims = (int)draw(1, 3)};
    pld_field_spec field = {.ncomps = (int)draw(1, MAX_COMPS),
                            .layout =
                                draw_bool() ? PLD_PLANES : PLD_INTERLEAVED};
    pld_sample_spec *spec = &out->spec;
    spec->interpolation = (pld_interpolation)draw(0, 2);
    field.type = (pld_type)draw(0, PLD_TYPE_COUNT - 1);
    if (spec->interpolation != PLD_NEAREST && field.type != PLD_C128)
        field.type = draw_bool() ? PLD_F64 : PLD_F32;
    out->ndims = grid.ndims;
    for (int d = 0; d < grid.ndims; d++) {
        out->size[d] = grid.size[d] = draw(1, grid.ndims == 1 ? 20 : 6);
        out->periodic[d] = grid.periodic[d] = draw_bool();
        out->node[d] = field.node[d] = draw_bool();
        field.halo.low[d] = draw(0, 1);
    }
    for (int r = 0; r < nranks; r++)
        weights[r] = (double)draw(0, 2);
    weights[draw(0, nranks - 1)] = 1.0;
    if (draw_bool())
        grid.rank_weights = weights;
    out->formula = formula_create(ctx, &grid, &field);
    assert_ok_here(pld_field_fill(out->formula.field, fill, out));
}

static double draw_position(const struct setting *setting, int d)
{
    double size = (double)setting->size[d];
    double x = draw_bool() ? draw_real() * size
                           : 0.5 * (double)draw(0, 2 * setting->size[d]);
    return setting->periodic[d] ? x + size * (double)draw(-2, 2) : x;
}

static void draw_setting(struct setting *out)
{
    *out = (struct setting){.size = {1, 1, 1}};
    draw_field(out);
    pld_sample_spec *spec = &out->spec;
    spec->field = out->formula.field;
    spec->comp = (int)draw(0, pld_field_ncomps(spec->field) - 1);
    spec->ncomps = (int)draw(0, pld_field_ncomps(spec->field) - spec->comp);
    spec->values = (pld_sample_for)draw(0, 2);
    spec->root = (int)draw(0, nranks - 1);
    for (int r = 0; r < nranks; r++) {
        out->counts[r] = draw(0, 2) == 0 ? 0 : draw(1, MAX_POINTS);
        for (int64_t i = 0; i < out->counts[r] * out->ndims; i++)
            out->points[r][i] = draw_position(out, (int)(i % out->ndims));
    }
    spec->npoints = out->counts[rank];
    spec->points = out->points[rank];
}

/* --- Comparing ------------------------------------------------------------ */

static int ncomps_of(const pld_sample_spec *spec)
{
    return spec->ncomps > 0 ? spec->ncomps
                            : pld_field_ncomps(spec->field) - spec->comp;
}

/* The same bits; but the zero between opposite values is +0 in both parts of a
 * complex number, and the formula's are opposite. */
static bool is_element(pld_type type, double value, const char *there)
{
    char element[MAX_SIZE];
    formula_put(value, type, element);
    const double *parts = (const double *)(const void *)there;
    if (type == PLD_C128 && value == 0.0)
        return parts[0] == 0.0 && parts[1] == 0.0;
    return memcmp(there, element, pld_type_size(type)) == 0;
}

/* Whether the values of the points of one rank are right; steps behind them. */
static bool values_are_right(const struct setting *setting, int of_rank,
                             const char **values)
{
    const pld_sample_spec *spec = &setting->spec;
    pld_type type = pld_field_type(spec->field);
    size_t size = pld_type_size(type);
    bool good = true;
    for (int64_t i = 0; i < setting->counts[of_rank]; i++)
        for (int c = 0; c < ncomps_of(spec); c++, *values += size) {
            int64_t at[PLD_MAXDIM] = {0};
            const double *point = setting->points[of_rank] + i * setting->ndims;
            double value = between(setting, point, 0, at, spec->comp + c);
            good = good && is_element(type, value, *values);
        }
    return good;
}

static bool sample_is_right(const struct setting *setting, pld_sample *sample)
{
    static char values[MAX_RANKS * MAX_POINTS * MAX_COMPS * MAX_SIZE];
    const char *next = values;
    const pld_sample_spec *spec = &setting->spec;
    bool has_all = spec->values == PLD_SAMPLE_ALL ||
                   (spec->values == PLD_SAMPLE_ROOT && spec->root == rank);
    bool done = false;
    bool good = pld_sample_begin(sample) == PLD_OK &&
                pld_sample_test(sample, &done) == PLD_OK &&
                pld_sample_end(sample, values) == PLD_OK;
    int64_t npoints = 0;
    for (int r = 0; r < nranks; r++)
        if (has_all || (spec->values == PLD_SAMPLE_OWN && r == rank)) {
            good = values_are_right(setting, r, &next) && good;
            npoints += setting->counts[r];
        }
    return good && npoints == pld_sample_npoints(sample);
}

TEST(any_points_are_sampled)
{
    bool good = true;
    for (int n = 0; n < NCASES; n++) {
        struct setting setting;
        pld_sample *sample = NULL;
        draw_setting(&setting);
        assert_ok_here(pld_sample_create(&setting.spec, &sample));
        for (int time = 0; time < 2; time++)
            good = sample_is_right(&setting, sample) && good;
        assert_ok_here(pld_sample_destroy(&sample));
        formula_destroy(&setting.formula);
    }
    assert_all(good);
}

/* --- Single facts --------------------------------------------------------- */

static void polynomial(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    int order = *(int *)data;
    double y = (double)index[0] + 0.5;
    double x = (double)index[1];
    *(double *)value = order == 1 ? 3.0 + 2.0 * y - x
                                  : x * x * x - 2.0 * y * y * y + x * y - 1.0;
}

static double polynomial_at(int order, const double *point)
{
    double y = point[0];
    double x = point[1];
    return order == 1 ? 3.0 + 2.0 * y - x
                      : x * x * x - 2.0 * y * y * y + x * y - 1.0;
}

TEST(polynomials_of_their_order_come_out)
{
    const pld_grid_spec cells = {.ndims = 2, .size = {9, 7}};
    struct formula formula =
        formula_create(ctx, &cells, &(pld_field_spec){.node = {false, true}});
    const double points[] = {0.5, 0.0, 8.5, 7.0, 4.3, 2.9,
                             0.7, 6.9, 8.1, 0.1, 3.0, 3.5};
    for (int order = 1; order <= 3; order += 2) {
        double values[6];
        bool good = true;
        assert_ok(pld_field_fill(formula.field, polynomial, &order));
        assert_ok(pld_field_sample(formula.field,
                                   order == 1 ? PLD_LINEAR : PLD_CUBIC, 6,
                                   points, values));
        for (int i = 0; i < 6; i++)
            good = good && fabs(values[i] -
                                polynomial_at(order, points + 2 * i)) < 1e-11;
        assert_all(good);
    }
    formula_destroy(&formula);
}

static void spike(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value = index[0] == 3 ? 7.5 : NAN;
}

TEST(sample_at_a_point_does_not_see_its_neighbours)
{
    const pld_grid_spec cells = {.ndims = 1, .size = {10}};
    struct formula formula =
        formula_create(ctx, &cells, &(pld_field_spec){.ncomps = 1});
    const double points[] = {3.5, 3.6};
    assert_ok(pld_field_fill(formula.field, spike, NULL));
    for (int i = 0; i < 3; i++) {
        double values[2] = {0.0, 0.0};
        assert_ok(pld_field_sample(formula.field, (pld_interpolation)i, 2,
                                   points, values));
        assert_all(values[0] == 7.5);
        assert_all(isnan(values[1]) == (i != PLD_NEAREST));
    }
    formula_destroy(&formula);
}

TEST(border_has_the_value_of_its_cell)
{
    const pld_grid_spec cells = {.ndims = 1, .size = {10}};
    struct formula formula =
        formula_create(ctx, &cells, &(pld_field_spec){.ncomps = 1});
    const double points[] = {0.0, 0.25, 10.0};
    double values[3];
    formula_fill(formula.field, 0);
    assert_ok(pld_field_sample(formula.field, PLD_LINEAR, 3, points, values));
    assert_all(values[0] == formula_value(0, 0, 0, 0, 0));
    assert_all(values[1] == formula_value(0, 0, 0, 0, 0));
    assert_all(values[2] == formula_value(0, 9, 0, 0, 0));
    formula_destroy(&formula);
}

/* A gauge costs one message from each rank that owns a point around it. */
TEST(gauges_are_lean)
{
    const pld_grid_spec cells = {
        .ndims = 1, .size = {10 * nranks}, .nprocs = {nranks}};
    struct formula formula =
        formula_create(ctx, &cells, &(pld_field_spec){.ncomps = 1});
    double points[MAX_RANKS];
    pld_sample *sample = NULL;
    pld_sample_info info;
    for (int r = 0; r < nranks; r++)
        points[r] = 10.0 * r + 5.2;
    assert_ok(pld_sample_create(
        &(pld_sample_spec){.field = formula.field,
                           .values = PLD_SAMPLE_ROOT,
                           .npoints = rank == nranks - 1 ? nranks : 0,
                           .points = points},
        &sample));
    assert_ok(pld_sample_describe(sample, &info));
    assert_all(info.npoints == (rank == 0 ? nranks : 0));
    assert_all(info.npeers == (rank == 0 ? nranks - 1 : 1));
    assert_all(info.sent_bytes == (rank == 0 ? 0 : 16));
    assert_all(info.copied_bytes == (rank == 0 ? 16 : 0));
    assert_ok(pld_sample_destroy(&sample));
    formula_destroy(&formula);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(any_points_are_sampled),
    cmocka_unit_test(polynomials_of_their_order_come_out),
    cmocka_unit_test(sample_at_a_point_does_not_see_its_neighbours),
    cmocka_unit_test(border_has_the_value_of_its_cell),
    cmocka_unit_test(gauges_are_lean)};
PLD_TEST_MAIN(tests)
