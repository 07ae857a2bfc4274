/* Several steps for one exchange: every point that is computed, ghosts
 * included, compared with a serial run.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=3 env=PLD_TRANSPORT=message
 * TEST: ranks=4 env=PLD_FAKE_NODES=2 */

#include "support/draw.h"
#include "support/harness.h"
#include "support/index.h"
#include "support/subject.h"

#include "base/alloc.h"
#include "polder/timer.h"

#include <string.h>

/* --- A scheme for any fields, in whole numbers -----------------------------
 */

enum { MAX_FIELDS = 2, MAX_POINTS = 21 * 21 * 21, BOUNDARY = 17 };

struct scheme {
    int nfields;
    pld_box offsets; /* that the stencil reads */
    bool star;
};

static int64_t weight(const int64_t offset[PLD_MAXDIM], int to, int from)
{
    return 1 + 2 * (offset[0] + 3 * offset[1] + 9 * offset[2]) + 5 * to -
           7 * from;
}

static bool is_read(const struct scheme *scheme,
                    const int64_t offset[PLD_MAXDIM])
{
    int n = 0;
    for (int d = 0; d < PLD_MAXDIM; d++)
        n += offset[d] != 0;
    return !scheme->star || n <= 1;
}

/* The value of field `from` at an index. */
typedef int64_t read_value(const void *state, int from,
                           const int64_t index[PLD_MAXDIM]);

static int64_t next_value(const struct scheme *scheme, int to,
                          const int64_t at[PLD_MAXDIM], read_value *read,
                          const void *state)
{
    uint64_t sum = 0;
    int64_t offset[PLD_MAXDIM];
    memcpy(offset, scheme->offsets.first, sizeof offset);
    do
        for (int f = 0; is_read(scheme, offset) && f < scheme->nfields; f++) {
            const int64_t there[] = {at[0] + offset[0], at[1] + offset[1],
                                     at[2] + offset[2]};
            sum += (uint64_t)weight(offset, to, f) *
                   (uint64_t)read(state, f, there);
        }
    while (next_index(scheme->offsets, offset));
    return (int64_t)(sum ^ sum >> 29);
}

/* --- All of it on one rank --------------------------------------------------
 */

struct serial {
    pld_field *const *fields; /* for their domains */
    int now;
    int64_t values[2][MAX_FIELDS][MAX_POINTS];
};

static struct serial serial;

static int64_t read_serial(const void *state, int from,
                           const int64_t index[PLD_MAXDIM])
{
    const struct serial *s = state;
    int64_t point[PLD_MAXDIM];
    if (!resolve(s->fields[from], index, point))
        return BOUNDARY;
    pld_box domain = pld_field_domain(s->fields[from]);
    return s->values[s->now][from][offset_in(domain, point)];
}

static void start_serial(int nfields, pld_field *const *fields)
{
    serial.fields = fields;
    serial.now = 0;
    for (int f = 0; f < nfields; f++) {
        int64_t n = pld_box_volume(pld_field_domain(fields[f]));
        for (int64_t i = 0; i < n; i++)
            serial.values[0][f][i] = i * i + f;
    }
}

static void step_serial(const struct scheme *scheme)
{
    for (int f = 0; f < scheme->nfields; f++) {
        pld_box domain = pld_field_domain(serial.fields[f]);
        int64_t at[PLD_MAXDIM] = {0, 0, 0};
        do
            serial.values[1 - serial.now][f][offset_in(domain, at)] =
                next_value(scheme, f, at, read_serial, &serial);
        while (next_index(domain, at));
    }
    serial.now = 1 - serial.now;
}

/* --- With ghosts ------------------------------------------------------------
 */

static int64_t read_field(const void *state, int from,
                          const int64_t index[PLD_MAXDIM])
{
    pld_field *const *fields = state;
    int64_t point[PLD_MAXDIM];
    int64_t value;
    if (!resolve(fields[from], index, point))
        return BOUNDARY;
    memcpy(&value, place_of(fields[from], index, 0), sizeof value);
    return value;
}

static void start_point(const int64_t index[PLD_MAXDIM], void *value,
                        void *data)
{
    *(int64_t *)value = read_serial(&serial, *(int *)data, index);
}

/* Whether all that is written is as in the serial run. */
static bool step(const struct scheme *scheme, pld_field *const *from,
                 pld_field *const *to, const pld_box *boxes)
{
    bool good = true;
    for (int f = 0; f < scheme->nfields; f++) {
        int64_t at[PLD_MAXDIM];
        memcpy(at, boxes[f].first, sizeof at);
        if (pld_box_empty(boxes[f]))
            continue;
        good = good && pld_box_contains(boxes[f], pld_field_owned(to[f]));
        do {
            int64_t value = next_value(scheme, f, at, read_field, from);
            memcpy(place_of(to[f], at, 0), &value, sizeof value);
            good = good && value == read_serial(&serial, f, at);
        } while (next_index(boxes[f], at));
    }
    return good;
}

/* --- Cases ------------------------------------------------------------------
 */

struct deep {
    struct scheme scheme;
    int64_t radius;
    pld_grid *grid;
    pld_field *fields[2][MAX_FIELDS];
    pld_halo *halos[2];
};

static void make_field(const struct deep *deep, pld_field **out,
                       const pld_field_spec *spec)
{
    const int64_t boundary = BOUNDARY;
    assert_ok_here(pld_field_create(deep->grid, spec, out));
    assert_ok_here(pld_field_set(*out, &boundary));
}

static void draw_fields(struct deep *deep)
{
    int ndims = pld_grid_ndims(deep->grid);
    bool sides[PLD_MAXDIM][2] = {{false}};
    deep->scheme.offsets = (pld_box){{0}, {1, 1, 1}};
    for (int d = 0; d < ndims; d++)
        for (int side = 0; side < 2; side++) {
            sides[d][side] = draw(0, 4) > 0;
            int64_t reach = sides[d][side] ? deep->radius : 0;
            deep->scheme.offsets.first[d] -= side == 0 ? reach : 0;
            deep->scheme.offsets.count[d] += reach;
        }
    for (int f = 0; f < deep->scheme.nfields; f++) {
        pld_field_spec spec = {.type = PLD_I64};
        for (int d = 0; d < ndims; d++) {
            int64_t most = deep->scheme.star ? 1 : ndims == 3 ? 3 : 5;
            int64_t extra = deep->scheme.star ? 0 : 1;
            spec.node[d] = draw_bool();
            spec.halo.low[d] =
                (sides[d][0] ? deep->radius : 0) * draw(1, most) +
                sides[d][0] * draw(0, extra);
            spec.halo.high[d] =
                (sides[d][1] ? deep->radius : 0) * draw(1, most) +
                sides[d][1] * draw(0, extra);
        }
        for (int i = 0; i < 2; i++)
            make_field(deep, &deep->fields[i][f], &spec);
    }
}

static void draw_deep(struct deep *out)
{
    *out = (struct deep){.radius = draw(1, 2)};
    out->scheme.nfields = (int)draw(1, MAX_FIELDS);
    out->scheme.star = draw(0, 3) == 0;
    subject_draw_grid(&out->grid);
    draw_fields(out);
    for (int i = 0; i < 2; i++) {
        const pld_halo_spec spec = {.nfields = out->scheme.nfields,
                                    .fields = out->fields[i],
                                    .stencil =
                                        out->scheme.star ? PLD_STAR : PLD_BOX};
        assert_ok_here(pld_halo_create(&spec, &out->halos[i]));
    }
}

static void destroy_deep(struct deep *deep)
{
    for (int i = 0; i < 2; i++) {
        assert_ok_here(pld_halo_destroy(&deep->halos[i]));
        for (int f = 0; f < deep->scheme.nfields; f++)
            assert_ok_here(pld_field_destroy(&deep->fields[i][f]));
    }
    assert_ok_here(pld_grid_destroy(&deep->grid));
}

TEST(steps_have_the_same_bits_as_a_serial_run)
{
    for (int i = 0; i < 40; i++) {
        struct deep deep;
        pld_box boxes[MAX_FIELDS];
        bool good = true;
        draw_deep(&deep);
        start_serial(deep.scheme.nfields, deep.fields[0]);
        for (int f = 0; f < deep.scheme.nfields; f++)
            assert_ok_here(pld_field_fill(deep.fields[0][f], start_point, &f));
        for (int s = 0; s < 6; s++) {
            int now = s % 2;
            assert_ok_here(pld_halo_next(deep.halos[now], deep.radius,
                                         deep.fields[1 - now], boxes));
            step_serial(&deep.scheme);
            good = step(&deep.scheme, deep.fields[now], deep.fields[1 - now],
                        boxes) &&
                   good;
        }
        destroy_deep(&deep);
        assert_all(good);
    }
}

/* Two fields that take turns within a step: the wave equation. */
static void step_in_place(pld_field *const *fields, const pld_box *boxes)
{
    int64_t at[PLD_MAXDIM];
    for (int f = 1; f >= 0; f--) {
        memcpy(at, boxes[f].first, sizeof at);
        if (pld_box_empty(boxes[f]))
            return;
        do {
            const int64_t above[] = {at[0] - 1, at[1], at[2]};
            const int64_t below[] = {at[0] + 1, at[1], at[2]};
            int64_t change = f == 1 ? read_field(fields, 0, above) +
                                          read_field(fields, 0, below) -
                                          2 * read_field(fields, 0, at)
                                    : read_field(fields, 1, at);
            int64_t value = read_field(fields, f, at) + change;
            memcpy(place_of(fields[f], at, 0), &value, sizeof value);
        } while (next_index(boxes[f], at));
    }
}

/* What remains of a wave of two fields whose halos are so wide. */
static uint64_t run_wave(pld_width halo, int64_t *nexchanges)
{
    const pld_grid_spec cells = {
        .ndims = 2, .size = {3 * nranks + 1, 4}, .periodic = {true}};
    const pld_field_spec spec = {.type = PLD_I64, .halo = halo};
    struct subject wave = {.nfields = 2};
    pld_halo *exchange = NULL;
    pld_box boxes[2];
    uint64_t digest = 0;
    assert_ok(pld_grid_create(ctx, &cells, &wave.grid));
    for (int f = 0; f < 2; f++)
        assert_ok(pld_field_create(wave.grid, &spec, &wave.fields[f]));
    start_serial(2, wave.fields);
    for (int f = 0; f < 2; f++)
        assert_ok(pld_field_fill(wave.fields[f], start_point, &f));
    subject_halo(&wave, &exchange);
    int64_t before = pld_timer_calls(ctx, "exchange");
    for (int s = 0; s < 12; s++) {
        assert_ok(pld_halo_next(exchange, 1, NULL, boxes));
        step_in_place(wave.fields, boxes);
    }
    *nexchanges = pld_timer_calls(ctx, "exchange") - before;
    assert_ok(pld_field_digest(wave.fields[0], &digest));
    assert_ok(pld_halo_destroy(&exchange));
    subject_destroy(&wave);
    return digest;
}

TEST(wave_in_place_is_the_same_with_fewer_exchanges)
{
    int64_t each = 0;
    uint64_t digest = run_wave((pld_width){.low = {1}, .high = {1}}, &each);
    for (int64_t k = 2; k <= 6; k++) {
        int64_t n = 0;
        const pld_width width = {.low = {k}, .high = {k}};
        assert_all(run_wave(width, &n) == digest);
        assert_all_equal(n * 12, each * ((12 + k - 1) / k));
    }
}

TEST(boxes_shrink_from_exchange_to_exchange)
{
    const pld_grid_spec cells = {.ndims = 1, .size = {10 * nranks}};
    const pld_field_spec spec = {.halo = {.low = {7}, .high = {6}}};
    struct subject line = {.nfields = 1};
    pld_halo *halo = NULL;
    assert_ok(pld_grid_create(ctx, &cells, &line.grid));
    assert_ok(pld_field_create(line.grid, &spec, &line.fields[0]));
    subject_halo(&line, &halo);
    const int64_t radius[] = {2, 2, 0, 2, 2, 1, 3};
    const int64_t low[] = {5, 3, 3, 1, 5, 4, 1};
    const int64_t high[] = {4, 2, 2, 0, 4, 3, 0};
    for (int s = 0; s < 7; s++) {
        pld_box box;
        assert_ok(pld_halo_next(halo, radius[s], NULL, &box));
        pld_box own = pld_field_owned(line.fields[0]);
        int64_t below = rank == 0 ? 0 : low[s];
        int64_t above = rank == nranks - 1 ? 0 : high[s];
        assert_all_equal(box.first[0], own.first[0] - below);
        assert_all_equal(box.count[0], own.count[0] + below + above);
    }
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&line);
}

/* --- Misuse -----------------------------------------------------------------
 */

TEST(misuse_is_refused_by_name)
{
    struct subject square;
    pld_field *others[3] = {NULL};
    pld_halo *halo = NULL;
    pld_halo *star = NULL;
    pld_box box;
    subject_square(PLD_F64, 1, &square);
    subject_halo(&square, &halo);
    assert_ok(pld_halo_create(&(pld_halo_spec){.nfields = 1,
                                               .fields = square.fields,
                                               .stencil = PLD_STAR},
                              &star));
    const pld_field_spec specs[] = {
        {.name = "narrow"},
        {.name = "shifted", .node = {true}, .halo = {.all = 2}}};
    for (int i = 0; i < 2; i++)
        assert_ok(pld_field_create(square.grid, &specs[i], &others[i]));
    assert_fails(PLD_ERR_ARG, pld_halo_next(NULL, 1, NULL, &box),
                 "halo is NULL");
    assert_fails(PLD_ERR_ARG, pld_halo_next(halo, 1, NULL, NULL),
                 "out is NULL");
    assert_fails(PLD_ERR_ARG, pld_halo_next(halo, -1, NULL, &box),
                 "radius is -1");
    assert_fails(PLD_ERR_ARG, pld_halo_next(halo, 3, NULL, &box),
                 "radius 3 exceeds the width 2 of field \"depth\" at the low "
                 "side of dimension 0");
    assert_fails(PLD_ERR_ARG, pld_halo_next(star, 1, NULL, &box),
                 "create the halo with PLD_BOX");
    assert_ok(pld_halo_next(star, 2, NULL, &box));
    assert_fails(PLD_ERR_ARG, pld_halo_next(halo, 1, &others[2], &box),
                 "to[0] is NULL");
    assert_fails(PLD_ERR_ARG, pld_halo_next(halo, 1, &others[0], &box),
                 "to[0] \"narrow\" has halo 0 at the low side of dimension 0");
    assert_fails(PLD_ERR_ARG, pld_halo_next(halo, 1, &others[1], &box),
                 "to[0] \"shifted\" does not have the points");
    assert_ok(pld_halo_begin(halo));
    assert_fails(PLD_ERR_STATE, pld_halo_next(halo, 1, NULL, &box),
                 "an exchange is under way");
    assert_ok(pld_halo_end(halo));
    for (int i = 0; i < 2; i++)
        assert_ok(pld_field_destroy(&others[i]));
    assert_ok(pld_halo_destroy(&star));
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&square);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(steps_have_the_same_bits_as_a_serial_run),
    cmocka_unit_test(wave_in_place_is_the_same_with_fewer_exchanges),
    cmocka_unit_test(boxes_shrink_from_exchange_to_exchange),
    cmocka_unit_test(misuse_is_refused_by_name)};

PLD_TEST_MAIN(tests)
