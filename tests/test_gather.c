/* Gather, scatter and streams of random boxes: every element compared with the
 * formula of its global index.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=2,4 env=PLD_TRANSPORT=message
 * TEST: ranks=4,7 env=PLD_FAKE_NODES=2 */

#include "support/formula.h"
#include "support/harness.h"
#include "support/index.h"

#include "mesh/block.h"
#include "par/message.h"
#include "polder/gather.h"
#include "polder/random.h"

#include <stdlib.h>
#include <string.h>

enum { NCASES = 60, MAX_COMPS = 3, MAX_SIZE = 16, MAX_RANKS = 16 };
enum { BEFORE = 5000, AFTER = 90000 }; /* shifts of the formula */

static uint64_t drawn;

/* The same numbers on all ranks. */
static int64_t draw(int64_t low, int64_t high)
{
    const pld_random random = {.seed = 1953};
    return low + pld_random_integer(random, drawn++, high - low + 1);
}

static bool draw_bool(void)
{
    return draw(0, 1) == 1;
}

/* --- Random fields, boxes, roots ------------------------------------------ */

static struct formula draw_formula(void)
{
    double weights[MAX_RANKS];
    pld_grid_spec grid = {.ndims = (int)draw(1, 3)};
    pld_field_spec field = {.type = (pld_type)draw(0, PLD_TYPE_COUNT - 1),
                            .ncomps = (int)draw(1, MAX_COMPS),
                            .layout =
                                draw_bool() ? PLD_PLANES : PLD_INTERLEAVED};
    for (int d = 0; d < grid.ndims; d++) {
        grid.size[d] = draw(1, grid.ndims == 1 ? 25 : 7);
        grid.periodic[d] = draw_bool();
        field.node[d] = draw_bool();
        field.halo.low[d] = draw(0, 2);
        field.halo.high[d] = draw(0, 2);
    }
    if (draw_bool())
        grid.nprocs[draw(0, grid.ndims - 1)] = nranks;
    for (int r = 0; r < nranks; r++)
        weights[r] = (double)draw(0, 2);
    weights[draw(0, nranks - 1)] = 1.0;
    if (draw_bool())
        grid.rank_weights = weights;
    return formula_create(ctx, &grid, &field);
}

static pld_box draw_box(pld_box domain)
{
    pld_box box = domain;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        box.first[d] = draw(0, domain.count[d] - 1);
        box.count[d] = draw(0, domain.count[d] - box.first[d]);
        if (draw_bool() && box.count[d] == 0)
            box.count[d] = 1;
    }
    return box;
}

struct setting {
    struct formula formula;
    pld_box box;
    int roots[MAX_RANKS];
    pld_gather_spec spec;
};

static void draw_roots(struct setting *setting)
{
    pld_gather_spec *spec = &setting->spec;
    spec->root = (int)draw(PLD_ALL_RANKS, nranks - 1);
    if (draw_bool())
        return;
    spec->nroots = (int)draw(1, nranks);
    spec->roots = setting->roots;
    int64_t from = draw(0, nranks - 1);
    for (int i = 0; i < spec->nroots; i++)
        setting->roots[i] = (int)((from + i) % nranks);
}

static void draw_setting(struct setting *out)
{
    out->formula = draw_formula();
    pld_field *field = out->formula.field;
    out->box = draw_box(pld_field_domain(field));
    int all = pld_field_ncomps(field);
    pld_gather_spec *spec = &out->spec;
    *spec = (pld_gather_spec){
        .field = field, .comp = (int)draw(0, all - 1), .planes = draw_bool()};
    if (draw_bool())
        spec->box = &out->box;
    else
        out->box = pld_field_domain(field);
    spec->ncomps = (int)draw(0, all - spec->comp);
    for (int d = 0; d < PLD_MAXDIM; d++)
        spec->stride[d] = draw_bool() ? 0 : draw(1, 3);
    draw_roots(out);
}

/* --- What arrays and fields should hold ----------------------------------- */

static bool is_root(const pld_gather_spec *spec)
{
    if (spec->nroots == 0)
        return spec->root == rank || spec->root == PLD_ALL_RANKS;
    for (int i = 0; i < spec->nroots; i++)
        if (spec->roots[i] == rank)
            return true;
    return false;
}

static int64_t stride_of(const pld_gather_spec *spec, int d)
{
    return spec->stride[d] > 0 ? spec->stride[d] : 1;
}

static int ncomps_of(const pld_gather_spec *spec)
{
    return spec->ncomps > 0 ? spec->ncomps
                            : pld_field_ncomps(spec->field) - spec->comp;
}

/* The array's points along each dimension, by counting them. */
static pld_box places_of(const struct setting *setting)
{
    pld_box places = {.first = {0}};
    for (int d = 0; d < PLD_MAXDIM; d++)
        for (int64_t i = 0; i < setting->box.count[d]; i++)
            places.count[d] += i % stride_of(&setting->spec, d) == 0;
    if (pld_box_empty(places))
        memset(&places, 0, sizeof places);
    return places;
}

/* Put what the formula says into an array over `piece`, whose first is a global
 * index and whose count are places; or compare. */
static bool visit_array(const pld_gather_spec *spec, pld_box piece, int shift,
                        bool fill, char *array)
{
    size_t size = pld_type_size(pld_field_type(spec->field));
    int ncomps = ncomps_of(spec);
    int64_t volume = pld_box_volume(piece);
    bool good = true;
    for (int64_t n = 0; n < volume * ncomps; n++) {
        int64_t point = spec->planes ? n % volume : n / ncomps;
        int comp = (int)(spec->planes ? n / volume : n % ncomps);
        int64_t at[PLD_MAXDIM];
        for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
            at[d] =
                piece.first[d] + point % piece.count[d] * stride_of(spec, d);
            point /= piece.count[d];
        }
        char element[MAX_SIZE];
        formula_put(
            formula_value(shift, at[0], at[1], at[2], spec->comp + comp),
            pld_field_type(spec->field), element);
        char *there = array + (size_t)n * size;
        if (fill)
            memcpy(there, element, size);
        else
            good = good && memcmp(there, element, size) == 0;
    }
    return good;
}

static pld_box whole_piece(const struct setting *setting)
{
    pld_box piece = places_of(setting);
    memcpy(piece.first, setting->box.first, sizeof piece.first);
    return piece;
}

/* Whether a scatter writes a point. */
static bool is_written(const struct setting *setting,
                       const int64_t at[PLD_MAXDIM])
{
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t ahead = at[d] - setting->box.first[d];
        if (ahead < 0 || ahead >= setting->box.count[d] ||
            ahead % stride_of(&setting->spec, d) != 0)
            return false;
    }
    return !pld_box_empty(setting->box);
}

/* Own points hold AFTER where they were written, all else BEFORE; ghosts 0. */
static bool field_is_right(const struct setting *setting)
{
    const pld_gather_spec *spec = &setting->spec;
    struct pld_block block = pld_field_block(spec->field);
    pld_box padded = pld_field_padded(spec->field);
    int64_t at[PLD_MAXDIM];
    memcpy(at, padded.first, sizeof at);
    bool good = true;
    if (pld_box_empty(padded))
        return true;
    do {
        pld_box point = {.first = {at[0], at[1], at[2]}, .count = {1, 1, 1}};
        bool own = pld_box_contains(pld_field_owned(spec->field), point);
        for (int c = 0; c < block.ncomps; c++) {
            bool written = is_written(setting, at) && c >= spec->comp &&
                           c < spec->comp + ncomps_of(spec);
            char element[MAX_SIZE] = {0};
            if (own)
                formula_put(formula_value(written ? AFTER : BEFORE, at[0],
                                          at[1], at[2], c),
                            pld_field_type(spec->field), element);
            good =
                good && memcmp(pld_block_at(&block, at) + c * block.comp_stride,
                               element, block.size) == 0;
        }
    } while (next_index(padded, at));
    return good;
}

/* --- Gather and scatter --------------------------------------------------- */

static bool run_in_steps(pld_gather *gather)
{
    bool done = false;
    if (pld_gather_begin(gather) != PLD_OK)
        return false;
    if (pld_gather_test(gather, &done) != PLD_OK)
        return false;
    return pld_gather_end(gather) == PLD_OK;
}

static bool describes(const pld_gather *gather, const struct setting *setting)
{
    pld_gather_info info;
    pld_box places = places_of(setting);
    int64_t size = (int64_t)pld_type_size(pld_field_type(setting->spec.field));
    return pld_gather_describe(gather, &info) == PLD_OK &&
           memcmp(info.count, places.count, sizeof info.count) == 0 &&
           info.ncomps == ncomps_of(&setting->spec) &&
           info.array_bytes == pld_box_volume(places) * info.ncomps * size;
}

/* Twice, the second time with other values. */
static bool gather_is_right(pld_gather *gather, const struct setting *setting)
{
    const pld_gather_spec *spec = &setting->spec;
    pld_box piece = whole_piece(setting);
    char *array = pld_gather_array(gather);
    bool good = (array != NULL) == (is_root(spec) && !pld_box_empty(piece));
    for (int time = 0; time < 2; time++) {
        formula_fill(spec->field, BEFORE + time);
        good = (time > 0 ? run_in_steps(gather)
                         : pld_gather_run(gather) == PLD_OK) &&
               good;
        if (array)
            good =
                visit_array(spec, piece, BEFORE + time, false, array) && good;
    }
    return good;
}

static bool scatter_is_right(pld_gather *gather, const struct setting *setting)
{
    const pld_gather_spec *spec = &setting->spec;
    const char zeros[MAX_COMPS * MAX_SIZE] = {0};
    char *array = pld_gather_array(gather);
    assert_ok_here(pld_field_set(spec->field, zeros));
    formula_fill(spec->field, BEFORE);
    if (array)
        visit_array(spec, whole_piece(setting), AFTER, true, array);
    return run_in_steps(gather) && field_is_right(setting);
}

static bool case_is_right(struct setting *setting, bool scatter, bool own)
{
    pld_gather *gather = NULL;
    pld_gather_spec *spec = &setting->spec;
    size_t bytes = (size_t)pld_box_volume(setting->box) * MAX_COMPS * MAX_SIZE;
    spec->scatter = scatter;
    spec->memory = own ? NULL : malloc(bytes + 1);
    assert_ok_here(pld_gather_create(spec, &gather));
    bool good = describes(gather, setting) &&
                (scatter ? scatter_is_right(gather, setting)
                         : gather_is_right(gather, setting));
    assert_ok_here(pld_gather_destroy(&gather));
    free(spec->memory);
    spec->memory = NULL;
    return good;
}

TEST(any_box_moves_either_way)
{
    bool good = true;
    for (int n = 0; n < NCASES; n++) {
        struct setting setting;
        draw_setting(&setting);
        good = case_is_right(&setting, false, n % 2 == 0) && good;
        good = case_is_right(&setting, true, n % 3 == 0) && good;
        formula_destroy(&setting.formula);
    }
    assert_all(good);
}

TEST(messages_longer_than_int_counts_move)
{
    pld_message_set_limit(100);
    bool good = true;
    for (int n = 0; n < 10; n++) {
        struct setting setting;
        draw_setting(&setting);
        good = case_is_right(&setting, n % 2 == 0, true) && good;
        formula_destroy(&setting.formula);
    }
    pld_message_set_limit(0);
    assert_all(good);
}

TEST(one_call_gathers_and_scatters)
{
    const pld_grid_spec cells = {.ndims = 2, .size = {9, 5}};
    struct formula there =
        formula_create(ctx, &cells, &(pld_field_spec){.type = PLD_I64});
    struct formula back =
        formula_create(ctx, &cells, &(pld_field_spec){.type = PLD_I64});
    const pld_box rows = {{2, 0, 0}, {4, 5, 1}};
    int64_t array[45];
    formula_fill(there.field, 3);
    for (int root = PLD_ALL_RANKS; root < nranks; root++) {
        bool has = root == rank || root == PLD_ALL_RANKS;
        assert_ok(
            pld_field_gather(there.field, &rows, root, has ? array : NULL));
        assert_all(!has || array[7] == (int64_t)formula_value(3, 3, 2, 0, 0));
        assert_ok(
            pld_field_gather(there.field, NULL, root, has ? array : NULL));
        formula_fill(back.field, 0);
        assert_ok(
            pld_field_scatter(has ? array : NULL, NULL, root, back.field));
        assert_all(formula_holds(back.field, 3));
    }
    formula_destroy(&back);
    formula_destroy(&there);
}

TEST(two_gathers_are_under_way_at_a_time)
{
    const pld_grid_spec cells = {.ndims = 1, .size = {30}};
    struct formula formula =
        formula_create(ctx, &cells, &(pld_field_spec){.ncomps = 2});
    pld_gather *gather[2] = {NULL, NULL};
    for (int i = 0; i < 2; i++)
        assert_ok(pld_gather_create(&(pld_gather_spec){.field = formula.field,
                                                       .comp = i,
                                                       .ncomps = 1,
                                                       .root = PLD_ALL_RANKS},
                                    &gather[i]));
    formula_fill(formula.field, 1);
    assert_ok(pld_gather_begin(gather[0]));
    assert_ok(pld_gather_begin(gather[1]));
    assert_ok(pld_gather_end(gather[0]));
    assert_ok(pld_gather_end(gather[1]));
    for (int i = 0; i < 2; i++) {
        const double *array = pld_gather_array(gather[i]);
        assert_all(array[29] == formula_value(1, 29, 0, 0, i));
        assert_ok(pld_gather_destroy(&gather[i]));
    }
    formula_destroy(&formula);
}

/* --- Streams -------------------------------------------------------------- */

/* What the callback of a stream looks at. */
struct visitor {
    const struct setting *setting;
    int shift;
    int64_t next; /* place that the next piece begins with */
    int64_t limit;
    int64_t npieces;
    int64_t fail_at; /* piece; -1: none */
    bool good;
};

static pld_status visit(pld_box piece, void *array, void *data)
{
    struct visitor *visitor = data;
    const struct setting *setting = visitor->setting;
    pld_box places = places_of(setting);
    int64_t place = 0;
    for (int d = 0; d < PLD_MAXDIM; d++)
        place =
            place * places.count[d] + (piece.first[d] - setting->box.first[d]) /
                                          stride_of(&setting->spec, d);
    size_t size = pld_type_size(pld_field_type(setting->spec.field));
    int64_t volume = pld_box_volume(piece);
    visitor->good = visitor->good && place == visitor->next &&
                    volume * ncomps_of(&setting->spec) * (int64_t)size <=
                        visitor->limit / 4;
    visitor->next += volume;
    visitor->good = visit_array(&setting->spec, piece, visitor->shift,
                                setting->spec.scatter, array) &&
                    visitor->good;
    PLD_CHECK(visitor->npieces++ != visitor->fail_at, PLD_ERR_SPACE,
              "no room for piece %d", (int)visitor->fail_at);
    return PLD_OK;
}

static struct visitor draw_visitor(const struct setting *setting, int shift)
{
    size_t size = pld_type_size(pld_field_type(setting->spec.field));
    int64_t point = ncomps_of(&setting->spec) * (int64_t)size;
    return (struct visitor){.setting = setting,
                            .shift = shift,
                            .limit = 4 * point * draw(1, 40),
                            .fail_at = -1,
                            .good = true};
}

static bool stream_is_right(struct setting *setting, bool scatter)
{
    const char zeros[MAX_COMPS * MAX_SIZE] = {0};
    struct visitor visitor = draw_visitor(setting, scatter ? AFTER : BEFORE);
    setting->spec.scatter = scatter;
    assert_ok_here(pld_field_set(setting->spec.field, zeros));
    formula_fill(setting->spec.field, BEFORE);
    bool good = pld_gather_stream(&setting->spec, visitor.limit, visit,
                                  &visitor) == PLD_OK;
    int64_t points = pld_box_volume(places_of(setting));
    good = good && visitor.good &&
           visitor.next == (is_root(&setting->spec) ? points : 0);
    return good && (!scatter || field_is_right(setting));
}

TEST(streams_visit_all_points_in_order)
{
    bool good = true;
    for (int n = 0; n < NCASES / 3; n++) {
        struct setting setting;
        draw_setting(&setting);
        good = stream_is_right(&setting, n % 2 == 1) && good;
        formula_destroy(&setting.formula);
    }
    assert_all(good);
}

TEST(failing_visit_ends_a_stream_on_all_ranks)
{
    const pld_grid_spec cells = {.ndims = 2, .size = {10, 4}};
    struct setting setting = {
        .formula = formula_create(ctx, &cells, &(pld_field_spec){.ncomps = 1})};
    setting.box = pld_field_domain(setting.formula.field);
    setting.spec =
        (pld_gather_spec){.field = setting.formula.field, .root = nranks - 1};
    formula_fill(setting.formula.field, BEFORE);
    for (int scatter = 0; scatter < 2; scatter++)
        for (int64_t at = 0; at < 10; at++) {
            struct visitor visitor = draw_visitor(&setting, BEFORE);
            char text[40];
            visitor.limit = 4 * 4 * (int64_t)sizeof(double);
            visitor.fail_at = at;
            setting.spec.scatter = scatter == 1;
            snprintf(text, sizeof text, "rank %d: no room for piece %d",
                     nranks - 1, (int)at);
            assert_fails(PLD_ERR_SPACE,
                         pld_gather_stream(&setting.spec, visitor.limit, visit,
                                           &visitor),
                         text);
            assert_all(visitor.npieces == (rank == nranks - 1 ? at + 1 : 0));
        }
    formula_destroy(&setting.formula);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(any_box_moves_either_way),
    cmocka_unit_test(messages_longer_than_int_counts_move),
    cmocka_unit_test(one_call_gathers_and_scatters),
    cmocka_unit_test(two_gathers_are_under_way_at_a_time),
    cmocka_unit_test(streams_visit_all_points_in_order),
    cmocka_unit_test(failing_visit_ends_a_stream_on_all_ranks)};
PLD_TEST_MAIN(tests)
