/* Fields whose dimensions lie in memory in another order.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=2 env=PLD_TRANSPORT=message
 * TEST: ranks=3 env=PLD_FAKE_NODES=2 */

#include "support/harness.h"
#include "support/formula.h"
#include "support/index.h"

#include "mesh/block.h"
#include "polder/file.h"
#include "polder/halo.h"
#include "polder/measure.h"
#include "polder/random.h"

#include <string.h>

enum { ORDERS = 8 };

/* Orders of 1, 2 and 3 dimensions. */
static const struct {
    int ndims;
    int order[PLD_MAXDIM];
} orders[ORDERS] = {{1, {0, 0, 0}}, {2, {1, 0, 0}}, {3, {0, 1, 2}},
                    {3, {0, 2, 1}}, {3, {1, 0, 2}}, {3, {1, 2, 0}},
                    {3, {2, 0, 1}}, {3, {2, 1, 0}}};

static const pld_type types[] = {PLD_F64, PLD_F32, PLD_I64, PLD_I32, PLD_C128};

static pld_grid_spec cells_of(int which)
{
    const int64_t size[] = {7, 9, 11};
    pld_grid_spec cells = {.ndims = orders[which].ndims,
                           .periodic = {which % 2 != 0, which % 3 == 1}};
    for (int d = 0; d < cells.ndims; d++)
        cells.size[d] = size[d];
    return cells;
}

static pld_field_spec field_of(int which)
{
    pld_field_spec spec = {.type = types[which % 5],
                           .ncomps = 1 + which % 3,
                           .layout = (pld_layout)(which / 2 % 2),
                           .node = {which % 4 == 0},
                           .halo = {.all = 1, .high = {2}}};
    memcpy(spec.order, orders[which].order, sizeof spec.order);
    return spec;
}

/* A field in some order, and a plain one. */
struct pair {
    struct formula ordered;
    pld_field *plain;
};

static struct pair pair_create(const pld_grid_spec *cells, pld_field_spec spec)
{
    struct pair pair = {.ordered = formula_create(ctx, cells, &spec)};
    memset(spec.order, 0, sizeof spec.order);
    assert_ok(pld_field_create(pair.ordered.grid, &spec, &pair.plain));
    return pair;
}

static void pair_destroy(struct pair *pair)
{
    assert_ok(pld_field_destroy(&pair->plain));
    formula_destroy(&pair->ordered);
}

static void for_all_orders(void (*try)(const struct pair *pair, int which))
{
    for (int which = 0; which < ORDERS; which++) {
        pld_grid_spec cells = cells_of(which);
        struct pair pair = pair_create(&cells, field_of(which));
        try(&pair, which);
        pair_destroy(&pair);
    }
}

/* Each dimension steps over all that the ones behind it in the order hold. */
static bool strides_follow(const pld_field *field, int which)
{
    pld_view view = pld_field_view(field);
    int64_t expected =
        field->layout == PLD_PLANES ? 1 : pld_field_ncomps(field);
    for (int i = orders[which].ndims - 1; i >= 0; i--) {
        int d = orders[which].order[i];
        if (view.stride[d] != expected)
            return false;
        expected *= view.valid.count[d];
    }
    return true;
}

static void try_strides(const struct pair *pair, int which)
{
    assert_all(pld_box_empty(pld_field_owned(pair->plain)) ||
               strides_follow(pair->ordered.field, which));
}

TEST(the_last_dimension_of_the_order_is_dense)
{
    for_all_orders(try_strides);
}

static void try_values(const struct pair *pair, int which)
{
    pld_field *ordered = pair->ordered.field;
    uint64_t digests[2];
    formula_fill(ordered, which);
    assert_all(formula_holds(ordered, which));
    assert_ok(pld_field_copy(ordered, pair->plain));
    assert_all(formula_holds(pair->plain, which));
    assert_ok(pld_field_digest(ordered, &digests[0]));
    assert_ok(pld_field_digest(pair->plain, &digests[1]));
    assert_all(digests[0] == digests[1]);
}

TEST(filling_copying_and_digests_know_no_order)
{
    for_all_orders(try_values);
}

/* Sums that are rounded, of numbers of all magnitudes. */
static void fill_rough(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    const pld_random random = {.seed = 3};
    uint64_t at = (uint64_t)((index[0] * 64 + index[1]) * 64 + index[2]);
    int c = *(const int *)data;
    for (int i = 0; i < c; i++)
        ((double *)value)[i] = pld_random_normal(random, at * 3 + (uint64_t)i);
}

static void compare_measures(const struct pair *pair, int comp)
{
    pld_field *ordered = pair->ordered.field;
    double sum[2];
    double dot[2];
    double least[2];
    int64_t where[2][PLD_MAXDIM];
    assert_ok(pld_field_sum(ordered, comp, &sum[0]));
    assert_ok(pld_field_sum(pair->plain, comp, &sum[1]));
    assert_ok(pld_field_dot(ordered, comp, pair->plain, 0, &dot[0]));
    assert_ok(pld_field_dot(pair->plain, comp, pair->plain, 0, &dot[1]));
    assert_ok(pld_field_min(ordered, comp, &least[0], where[0]));
    assert_ok(pld_field_min(pair->plain, comp, &least[1], where[1]));
    assert_all(memcmp(&sum[0], &sum[1], sizeof *sum) == 0);
    assert_all(memcmp(&dot[0], &dot[1], sizeof *dot) == 0);
    assert_all(memcmp(&least[0], &least[1], sizeof *least) == 0);
    assert_all(memcmp(where[0], where[1], sizeof *where) == 0);
}

TEST(measures_know_no_order)
{
    for (int which = 0; which < ORDERS; which++) {
        pld_grid_spec cells = cells_of(which);
        pld_field_spec spec = field_of(which);
        spec.type = PLD_F64;
        struct pair pair = pair_create(&cells, spec);
        pld_field *ordered = pair.ordered.field;
        assert_ok(pld_field_fill(ordered, fill_rough, &spec.ncomps));
        assert_ok(pld_field_copy(ordered, pair.plain));
        for (int comp = 0; comp < spec.ncomps; comp++)
            compare_measures(&pair, comp);
        pair_destroy(&pair);
    }
}

/* Whether two fields hold the same everywhere, ghosts included. */
static bool are_same(const pld_field *a, const pld_field *b)
{
    struct pld_block x = pld_field_block(a);
    struct pld_block y = pld_field_block(b);
    pld_box box = pld_field_padded(a);
    bool same = true;
    int64_t at[PLD_MAXDIM];
    memcpy(at, box.first, sizeof at);
    if (pld_box_empty(box))
        return true;
    do {
        for (int c = 0; c < x.ncomps; c++)
            same = same && memcmp(pld_block_at(&x, at) + c * x.comp_stride,
                                  pld_block_at(&y, at) + c * y.comp_stride,
                                  x.size) == 0;
    } while (next_index(box, at));
    return same;
}

static void try_halo(const struct pair *pair, int which)
{
    pld_field *fields[] = {pair->ordered.field, pair->plain};
    pld_halo *halo = NULL;
    pld_halo_spec spec = {.nfields = 2, .fields = fields};
    formula_fill(fields[0], which);
    formula_fill(fields[1], which);
    assert_ok(pld_halo_create(&spec, &halo));
    assert_ok(pld_halo_exchange(halo));
    assert_all(are_same(fields[0], fields[1]));
    assert_ok(pld_halo_accumulate(halo, PLD_SUM));
    assert_all(are_same(fields[0], fields[1]));
    assert_ok(pld_halo_destroy(&halo));
}

TEST(ghosts_know_no_order)
{
    for_all_orders(try_halo);
}

static void try_file(const struct pair *pair, int which)
{
    pld_file *file = NULL;
    pld_field *ordered = pair->ordered.field;
    formula_fill(ordered, which);
    assert_ok(pld_file_create(ctx, "order.h5", &file));
    assert_ok(pld_file_write(file, ordered));
    assert_ok(pld_file_read(file, "field", pair->plain));
    assert_all(formula_holds(pair->plain, which));
    formula_fill(ordered, which + 1);
    assert_ok(pld_file_read(file, "field", ordered));
    assert_all(formula_holds(ordered, which));
    assert_ok(pld_file_close(&file));
}

TEST(files_know_no_order)
{
    for_all_orders(try_file);
}

TEST(wrapped_arrays_may_have_an_order)
{
    pld_grid_spec cells = {
        .ndims = 3, .size = {5, 6, 7}, .nprocs = {1, 1, nranks}};
    double array[9][8][7]; /* dimensions 2, 0 and 1 */
    memset(array, 0, sizeof array);
    pld_field_spec spec = {
        .memory = array, .extent = {8, 7, 9}, .order = {2, 0, 1}};
    struct formula made = formula_create(ctx, &cells, &spec);
    formula_fill(made.field, 0);
    pld_box own = pld_field_owned(made.field);
    bool right = true;
    int64_t at[PLD_MAXDIM];
    memcpy(at, own.first, sizeof at);
    do {
        double there = array[at[2] - own.first[2]][at[0] - own.first[0]]
                            [at[1] - own.first[1]];
        right = right && there == formula_value(0, at[0], at[1], at[2], 0);
    } while (next_index(own, at));
    assert_all(right);
    formula_destroy(&made);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_last_dimension_of_the_order_is_dense),
    cmocka_unit_test(filling_copying_and_digests_know_no_order),
    cmocka_unit_test(measures_know_no_order),
    cmocka_unit_test(ghosts_know_no_order),
    cmocka_unit_test(files_know_no_order),
    cmocka_unit_test(wrapped_arrays_may_have_an_order)};
PLD_TEST_MAIN(tests)
