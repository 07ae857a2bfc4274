/* Halo exchange: every ghost compared with a formula of its global index.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"
#include "support/index.h"

#include "par/message.h"
#include "polder/halo.h"
#include "polder/random.h"
#include "polder/timer.h"

#include <string.h>

static uint64_t drawn;

/* The same numbers on all ranks. */
static int64_t draw(int64_t low, int64_t high)
{
    const pld_random random = {.seed = 1916};
    return low + pld_random_integer(random, drawn++, high - low + 1);
}

static bool draw_bool(void)
{
    return draw(0, 1) == 1;
}

/* --- Values and what ghosts should hold ----------------------------------- */

enum { MAX_COMPS = 3, MAX_SIZE = 16, UNTOUCHED = -77 };

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
    pld_grid *grid = pld_field_grid(field);
    pld_box domain = pld_field_domain(field);
    int64_t number = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t size = domain.count[d];
        int64_t at = index[d];
        if (d < pld_grid_ndims(grid) && pld_grid_periodic(grid, d))
            at = (at % size + size) % size;
        if (at < 0 || at >= size)
            return UNTOUCHED;
        number = number * size + at;
    }
    return number;
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

/* Own points by formula, ghosts with a mark. */
static void reset(pld_field *field, int64_t start)
{
    struct values values = {.field = field, .start = start};
    char mark[MAX_COMPS * MAX_SIZE];
    pld_type type = pld_field_type(field);
    for (int c = 0; c < pld_field_ncomps(field); c++)
        element(type, UNTOUCHED, mark + (size_t)c * pld_type_size(type));
    assert_ok_here(pld_field_set(field, mark));
    assert_ok_here(pld_field_fill(field, fill_point, &values));
}

/* How far a field is exchanged. */
struct reach {
    pld_stencil stencil;
    int64_t low[PLD_MAXDIM];
    int64_t high[PLD_MAXDIM];
};

/* Whether a point is one's own or a ghost to be filled. */
static bool is_reached(const pld_field *field, const struct reach *reach,
                       const int64_t index[PLD_MAXDIM])
{
    pld_box own = pld_field_owned(field);
    int nghosts = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t below = own.first[d] - index[d];
        int64_t above = index[d] - (own.first[d] + own.count[d] - 1);
        if (below > reach->low[d] || above > reach->high[d])
            return false;
        nghosts += below > 0 || above > 0;
    }
    return nghosts <= 1 || reach->stencil == PLD_BOX;
}

static bool holds(const pld_field *field, const int64_t index[PLD_MAXDIM],
                  int64_t number, int64_t start)
{
    pld_view view = pld_field_view(field);
    pld_type type = pld_field_type(field);
    size_t size = pld_type_size(type);
    int ncomps = pld_field_ncomps(field);
    for (int c = 0; c < ncomps; c++) {
        int64_t at = c * view.comp_stride;
        for (int d = 0; d < PLD_MAXDIM; d++)
            at += index[d] * view.stride[d];
        char expected[MAX_SIZE];
        element(type,
                number == UNTOUCHED ? number : start + number * ncomps + c,
                expected);
        if (memcmp((char *)view.data + at * (int64_t)size, expected, size) != 0)
            return false;
    }
    return true;
}

/* All own points and ghosts are as they should be. */
static bool is_exchanged(const pld_field *field, const struct reach *reach,
                         int64_t start)
{
    pld_box padded = pld_field_padded(field);
    if (pld_box_empty(padded))
        return true;
    int64_t index[PLD_MAXDIM];
    memcpy(index, padded.first, sizeof index);
    do {
        int64_t number = is_reached(field, reach, index)
                             ? number_at(field, index)
                             : UNTOUCHED;
        if (!holds(field, index, number, start))
            return false;
    } while (next_index(padded, index));
    return true;
}

static struct reach full_reach(const pld_field *field, pld_stencil stencil)
{
    struct reach reach = {.stencil = stencil};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        reach.low[d] = pld_field_halo(field, d, 0);
        reach.high[d] = pld_field_halo(field, d, 1);
    }
    return reach;
}

/* --- Random grids and fields ---------------------------------------------- */

enum { MAX_FIELDS = 3 };

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
        spec.periodic[d] = draw_bool();
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
    for (int d = 0; d < pld_grid_ndims(grid); d++) {
        spec.node[d] = draw_bool();
        spec.halo.low[d] = draw(0, draw_bool() ? 2 : 5);
        spec.halo.high[d] = draw(0, draw_bool() ? 2 : 5);
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

/* The least halo of the fields at each side, or less. */
static pld_width draw_width(const struct subject *subject)
{
    pld_width width = {0};
    for (int d = 0; d < PLD_MAXDIM; d++)
        for (int side = 0; side < 2; side++) {
            int64_t least = 5;
            for (int f = 0; f < subject->nfields; f++) {
                int64_t halo = pld_field_halo(subject->fields[f], d, side);
                least = halo < least ? halo : least;
            }
            *(side == 0 ? &width.low[d] : &width.high[d]) = draw(0, least);
        }
    return width;
}

static bool is_zero(const pld_width *width)
{
    const pld_width zero = {0};
    return memcmp(width, &zero, sizeof zero) == 0;
}

/* One reduction for many facts: what is agreed needs none. */
static void exchange_and_check(const struct subject *subject,
                               const pld_halo_spec *spec)
{
    pld_halo *halo = NULL;
    assert_ok_here(pld_halo_create(spec, &halo));
    for (int f = 0; f < subject->nfields; f++)
        reset(subject->fields[f], 100 * f);
    bool good = pld_halo_exchange(halo) == PLD_OK;
    for (int f = 0; f < subject->nfields; f++) {
        struct reach reach = full_reach(subject->fields[f], spec->stencil);
        if (!is_zero(&spec->width)) {
            memcpy(reach.low, spec->width.low, sizeof reach.low);
            memcpy(reach.high, spec->width.high, sizeof reach.high);
        }
        good = good && is_exchanged(subject->fields[f], &reach, 100 * f);
    }
    good = pld_halo_destroy(&halo) == PLD_OK && good;
    assert_all(good && halo == NULL);
}

/* Over dimensions, periodicity, process grids, empty ranks, types, components,
 * layouts, staggers, stencils and widths up to several times the domain. */
TEST(every_ghost_asked_for_is_filled_and_no_other)
{
    int ncases = nranks <= 2 ? 250 : 80;
    for (int i = 0; i < ncases; i++) {
        struct subject subject;
        draw_subject(&subject);
        for (int j = 0; j < 4; j++) {
            const pld_halo_spec spec = {
                .nfields = subject.nfields,
                .fields = subject.fields,
                .stencil = j % 2 == 0 ? PLD_BOX : PLD_STAR,
                .width = j < 2 ? (pld_width){0} : draw_width(&subject)};
            exchange_and_check(&subject, &spec);
        }
        destroy_subject(&subject);
    }
}

/* --- Single facts --------------------------------------------------------- */

/* A square on all ranks, periodic, with fields of halo 2. */
static void make_square(struct subject *out, int nfields)
{
    const pld_grid_spec grid = {.ndims = 2,
                                .size = {4 * nranks, 6},
                                .periodic = {true, true},
                                .nprocs = {nranks, 1}};
    *out = (struct subject){.nfields = nfields};
    assert_ok(pld_grid_create(ctx, &grid, &out->grid));
    for (int f = 0; f < nfields; f++) {
        const pld_field_spec field = {.name = f == 0 ? "depth" : "speed",
                                      .type = f == 0 ? PLD_F64 : PLD_I32,
                                      .halo = {.all = 2}};
        assert_ok(pld_field_create(out->grid, &field, &out->fields[f]));
    }
}

static void make_halo(const struct subject *subject, pld_halo **out)
{
    const pld_halo_spec spec = {.nfields = subject->nfields,
                                .fields = subject->fields};
    assert_ok(pld_halo_create(&spec, out));
}

TEST(exchange_can_be_repeated)
{
    struct subject square;
    pld_halo *halo = NULL;
    make_square(&square, 2);
    make_halo(&square, &halo);
    for (int step = 0; step < 5; step++) {
        for (int f = 0; f < 2; f++)
            reset(square.fields[f], 1000 * step);
        assert_ok(pld_halo_exchange(halo));
        for (int f = 0; f < 2; f++) {
            struct reach reach = full_reach(square.fields[f], PLD_BOX);
            assert_all(is_exchanged(square.fields[f], &reach, 1000 * step));
        }
    }
    assert_ok(pld_halo_destroy(&halo));
    destroy_subject(&square);
}

TEST(several_halos_may_be_under_way)
{
    enum { N = 3 };
    struct subject squares[N];
    pld_halo *halos[N] = {NULL};
    for (int i = 0; i < N; i++) {
        make_square(&squares[i], 1);
        make_halo(&squares[i], &halos[i]);
        reset(squares[i].fields[0], 1000 * i);
    }
    for (int i = 0; i < N; i++)
        assert_ok(pld_halo_begin(halos[i]));
    for (int i = 0; i < N; i++)
        assert_ok(pld_halo_end(halos[N - 1 - i]));
    for (int i = 0; i < N; i++) {
        struct reach reach = full_reach(squares[i].fields[0], PLD_BOX);
        assert_all(is_exchanged(squares[i].fields[0], &reach, 1000 * i));
        assert_ok(pld_halo_destroy(&halos[i]));
        destroy_subject(&squares[i]);
    }
}

TEST(fields_of_several_grids_travel_together)
{
    struct subject square;
    struct subject line = {.nfields = 1};
    make_square(&square, 1);
    const pld_grid_spec grid = {.ndims = 1, .size = {3 * nranks + 1}};
    const pld_field_spec field = {.type = PLD_C128, .halo = {.all = 2}};
    assert_ok(pld_grid_create(ctx, &grid, &line.grid));
    assert_ok(pld_field_create(line.grid, &field, &line.fields[0]));
    struct subject both = {.nfields = 2,
                           .fields = {square.fields[0], line.fields[0]}};
    pld_halo_spec spec = {.nfields = 2, .fields = both.fields};
    exchange_and_check(&both, &spec);
    destroy_subject(&line);
    destroy_subject(&square);
}

TEST(messages_may_exceed_what_mpi_counts)
{
    struct subject square;
    make_square(&square, 2);
    const pld_halo_spec spec = {.nfields = 2, .fields = square.fields};
    pld_message_set_limit(32);
    exchange_and_check(&square, &spec);
    pld_message_set_limit(0);
    destroy_subject(&square);
}

TEST(wrapped_memory_with_longer_rows_is_left_alone_between_them)
{
    enum { ROWS = 8, WIDTH = 13 };
    static int64_t memory[ROWS * WIDTH];
    const pld_grid_spec grid_spec = {.ndims = 2,
                                     .size = {4 * nranks, 6},
                                     .periodic = {true, true},
                                     .nprocs = {nranks, 1}};
    pld_field_spec field_spec = {.type = PLD_I64,
                                 .halo = {.all = 2},
                                 .memory = memory,
                                 .extent = {ROWS, WIDTH}};
    struct subject square = {.nfields = 1};
    for (int i = 0; i < ROWS * WIDTH; i++)
        memory[i] = -5;
    assert_ok(pld_grid_create(ctx, &grid_spec, &square.grid));
    assert_ok(pld_field_create(square.grid, &field_spec, &square.fields[0]));
    exchange_and_check(&square,
                       &(pld_halo_spec){.nfields = 1, .fields = square.fields});
    bool untouched = true;
    for (int row = 0; row < ROWS; row++)
        for (int i = 10; i < WIDTH; i++)
            untouched = untouched && memory[row * WIDTH + i] == -5;
    assert_all(untouched);
    destroy_subject(&square);
}

TEST(describe_counts_what_one_exchange_moves)
{
    struct subject square;
    pld_halo *halo = NULL;
    pld_halo_info info;
    make_square(&square, 2);
    make_halo(&square, &halo);
    assert_ok(pld_halo_describe(halo, &info));
    int64_t all_ghosts = 8 * 10 - 4 * 6;
    int64_t wrapped = 8 * 4;
    int64_t copied = nranks == 1 ? all_ghosts : wrapped;
    int64_t bytes = 8 + 4;
    assert_all_equal(info.npeers, nranks == 1 ? 0 : nranks == 2 ? 1 : 2);
    assert_all_equal(info.copied_bytes, copied * bytes);
    assert_all_equal(info.received_bytes, (all_ghosts - copied) * bytes);
    assert_all_equal(info.sent_bytes, info.received_bytes);
    assert_all(info.buffer_bytes >= info.sent_bytes + info.received_bytes);
    assert_all(info.plan_bytes > 0 && info.plan_bytes <= 64 * 1024);
    assert_ok(pld_halo_destroy(&halo));
    destroy_subject(&square);
}

TEST(one_sided_width_sends_one_way)
{
    struct subject square;
    pld_halo *halo = NULL;
    pld_halo_info info;
    make_square(&square, 1);
    const pld_halo_spec spec = {
        .nfields = 1, .fields = square.fields, .width = {.low = {1, 0}}};
    assert_ok(pld_halo_create(&spec, &halo));
    assert_ok(pld_halo_describe(halo, &info));
    assert_all_equal(info.npeers, nranks <= 2 ? nranks - 1 : 2);
    assert_all_equal(info.sent_bytes, nranks == 1 ? 0 : 6 * 8);
    assert_all_equal(info.copied_bytes, nranks == 1 ? 6 * 8 : 0);
    assert_ok(pld_halo_destroy(&halo));
    destroy_subject(&square);
}

TEST(exchange_counts_as_that_phase)
{
    struct subject square;
    pld_halo *halo = NULL;
    make_square(&square, 1);
    make_halo(&square, &halo);
    int64_t before = pld_timer_calls(ctx, "exchange");
    assert_ok(pld_halo_exchange(halo));
    assert_all(pld_timer_calls(ctx, "exchange") > before);
    assert_ok(pld_halo_destroy(&halo));
    destroy_subject(&square);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_ghost_asked_for_is_filled_and_no_other),
    cmocka_unit_test(exchange_can_be_repeated),
    cmocka_unit_test(several_halos_may_be_under_way),
    cmocka_unit_test(fields_of_several_grids_travel_together),
    cmocka_unit_test(messages_may_exceed_what_mpi_counts),
    cmocka_unit_test(
        wrapped_memory_with_longer_rows_is_left_alone_between_them),
    cmocka_unit_test(describe_counts_what_one_exchange_moves),
    cmocka_unit_test(one_sided_width_sends_one_way),
    cmocka_unit_test(exchange_counts_as_that_phase)};

PLD_TEST_MAIN(tests)
