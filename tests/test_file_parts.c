/* Parts of fields to and from places in variables, against HDF5 in a program
 * without MPI and a loop over all points.
 * TEST: ranks=1,3,4
 * TEST: ranks=2 env=PLD_IO=hdf5 */

#include "support/draw.h"
#include "support/formula.h"
#include "support/harness.h"

#include "io/file.h"
#include "polder/agree.h"
#include "polder/file.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 40000 };

/* A part, and the variable that it goes to. */
struct setting {
    pld_grid_spec cells;
    pld_field_spec spec;
    pld_part part;
    pld_variable like;
    int dims[PLD_MAXDIM + 1]; /* the variable's of each of the field's, last
                                 the components', or -1 */
    int64_t count[PLD_MAXDIM + 1];
};

static pld_file *file;

/* --- Drawing one -------------------------------------------------------------
 */

static void draw_box(struct setting *setting)
{
    pld_part *part = &setting->part;
    for (int d = 0; d < setting->cells.ndims; d++) {
        int64_t points = setting->cells.size[d] + setting->spec.node[d];
        part->box.first[d] = draw(0, points - 1);
        part->box.count[d] = draw(1, points - part->box.first[d]);
        part->stride[d] = draw(1, 3);
        setting->count[d] = (part->box.count[d] - 1) / part->stride[d] + 1;
    }
    part->comp = (int)draw(0, setting->spec.ncomps - 1);
    part->ncomps = (int)draw(1, setting->spec.ncomps - part->comp);
    setting->count[setting->cells.ndims] = part->ncomps;
}

static void shuffle(int n, int *values)
{
    for (int i = n - 1; i > 0; i--) {
        int j = (int)draw(0, i);
        int kept = values[i];
        values[i] = values[j];
        values[j] = kept;
    }
}

/* Dimensions in any order, others between. */
static void draw_dims(struct setting *setting)
{
    pld_part *part = &setting->part;
    int n = setting->cells.ndims + (part->ncomps > 1);
    int all[PLD_VARIABLE_MAXDIM];
    int ndims = n + (int)draw(0, 2);
    for (int v = 0; v < ndims; v++)
        all[v] = v;
    bool sorted = draw_bool();
    if (!sorted)
        shuffle(ndims, all);
    setting->like.ndims = ndims;
    setting->dims[PLD_MAXDIM] = -1;
    setting->dims[setting->cells.ndims] = -1;
    for (int d = 0; d < n; d++) {
        setting->dims[d] = sorted ? ndims - n + d : all[d];
        part->dims[d] = sorted ? 0 : all[d] + 1;
    }
}

static void draw_place(struct setting *setting)
{
    pld_part *part = &setting->part;
    bool dense = draw_bool();
    for (int v = 0; v < setting->like.ndims; v++) {
        int64_t count = 1;
        for (int d = 0; d <= setting->cells.ndims; d++)
            if (setting->dims[d] == v)
                count = setting->count[d];
        part->every[v] = dense ? 0 : draw(1, 3);
        part->at[v] = draw(0, 2);
        part->reversed[v] = !dense && draw_bool();
        int64_t every = part->every[v] > 0 ? part->every[v] : 1;
        setting->like.size[v] =
            part->at[v] + (count - 1) * every + 1 + draw(0, 2);
    }
}

static void draw_setting(struct setting *setting)
{
    *setting = (struct setting){.cells.ndims = (int)draw(1, 3)};
    for (int d = 0; d < setting->cells.ndims; d++) {
        setting->cells.size[d] = draw(1, 7);
        setting->spec.node[d] = draw(0, 3) == 0;
    }
    setting->spec.ncomps = (int)draw(1, 3);
    setting->spec.halo.all = draw(0, 1);
    setting->spec.layout = draw_bool() ? PLD_PLANES : PLD_INTERLEAVED;
    setting->spec.type = (pld_type)draw(0, PLD_I32);
    setting->like.type = setting->spec.type;
    if (draw_bool()) {
        setting->part.convert = true;
        setting->like.type = (pld_type)draw(0, PLD_I32);
    }
    draw_box(setting);
    draw_dims(setting);
    draw_place(setting);
}

static pld_storage draw_storage(void)
{
    pld_storage storage = {.deflate = (int)draw(0, 1)};
    bool chunked = draw_bool();
    for (int d = 0; d < PLD_MAXDIM; d++)
        storage.chunk[d] = chunked ? draw(1, 4) : 0;
    return storage;
}

/* --- What should be there ----------------------------------------------------
 */

/* Place in the variable, row-major, of a point of the part. */
static int64_t place_of(const struct setting *setting,
                        const int64_t index[PLD_MAXDIM + 1])
{
    const pld_part *part = &setting->part;
    int64_t place = 0;
    for (int v = 0; v < setting->like.ndims; v++) {
        int64_t i = 0;
        int64_t count = 1;
        for (int d = 0; d <= setting->cells.ndims; d++)
            if (setting->dims[d] == v) {
                i = index[d];
                count = setting->count[d];
            }
        i = part->reversed[v] ? count - 1 - i : i;
        int64_t every = part->every[v] > 0 ? part->every[v] : 1;
        place = place * setting->like.size[v] + part->at[v] + every * i;
    }
    return place;
}

/* For each point of the part: `what` is told its index in the part, and in the
 * field. */
typedef void do_point(const struct setting *setting, int64_t place,
                      double value, void *data);

static void for_points(const struct setting *setting, int shift, do_point *what,
                       void *data)
{
    const pld_part *part = &setting->part;
    int ndims = setting->cells.ndims;
    int64_t n = 1;
    for (int d = 0; d <= ndims; d++)
        n *= setting->count[d];
    for (int64_t i = 0; i < n; i++) {
        int64_t index[PLD_MAXDIM + 1] = {0};
        int64_t at[PLD_MAXDIM] = {0};
        int64_t rest = i;
        for (int d = ndims; d >= 0; d--) {
            index[d] = rest % setting->count[d];
            rest /= setting->count[d];
        }
        for (int d = 0; d < ndims; d++)
            at[d] = part->box.first[d] + part->stride[d] * index[d];
        what(setting, place_of(setting, index),
             formula_value(shift, at[0], at[1], at[2],
                           part->comp + (int)index[ndims]),
             data);
    }
}

static void put_point(const struct setting *setting, int64_t place,
                      double value, void *data)
{
    (void)setting;
    ((double *)data)[place] = value;
}

static int64_t volume(const pld_variable *like)
{
    int64_t n = 1;
    for (int v = 0; v < like->ndims; v++)
        n *= like->size[v];
    return n;
}

/* The whole variable as HDF5 has it, on one rank. */
static bool variable_is(const char *path, const double *wanted, int64_t n)
{
    static double there[MOST];
    bool right = true;
    if (rank == 0) {
        hid_t id = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
        hid_t dataset = H5Dopen2(id, "place", H5P_DEFAULT);
        right = H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL,
                        H5P_DEFAULT, there) >= 0;
        H5Dclose(dataset);
        H5Fclose(id);
        right = right && memcmp(there, wanted, (size_t)n * sizeof *there) == 0;
    }
    return right;
}

/* --- Moving it ---------------------------------------------------------------
 */

static void write_it(const struct setting *setting)
{
    struct formula made = formula_create(ctx, &setting->cells, &setting->spec);
    const pld_storage storage = draw_storage();
    bool small = draw_bool();
    formula_fill(made.field, 0);
    assert_ok(pld_file_create(ctx, "parts.h5", &file));
    if (small)
        file->bounce_bytes = file->piece_bytes = 64;
    assert_ok(pld_file_set_storage(file, &storage));
    assert_ok(pld_file_create_variable(file, "place", &setting->like));
    assert_ok(pld_file_write_part(file, "place", made.field, &setting->part));
    assert_ok(pld_file_close(&file));
    formula_destroy(&made);
}

static double number_at(const pld_view *view, pld_type type, int64_t at)
{
    switch (type) {
    case PLD_F64:
        return view->f64[at];
    case PLD_F32:
        return view->f32[at];
    case PLD_I64:
        return (double)view->i64[at];
    default:
        return view->i32[at];
    }
}

/* Of all own points of all ranks: small whole numbers. */
static double sum_of(pld_field *field)
{
    double sum = 0;
    pld_view view = pld_field_view(field);
    pld_box own = pld_field_owned(field);
    for (int64_t n = 0; n < pld_box_volume(own); n++) {
        int64_t k = own.first[0] + n / (own.count[1] * own.count[2]);
        int64_t j = own.first[1] + n / own.count[2] % own.count[1];
        int64_t i = own.first[2] + n % own.count[2];
        int64_t at =
            k * view.stride[0] + j * view.stride[1] + i * view.stride[2];
        for (int c = 0; c < pld_field_ncomps(field); c++)
            sum += number_at(&view, pld_field_type(field),
                             at + c * view.comp_stride);
    }
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM,
                  pld_ctx_comm(ctx));
    return sum;
}

static void get_variable(hid_t id, const char *name, double *out)
{
    hid_t dataset = H5Dopen2(id, name, H5P_DEFAULT);
    assert_true(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL,
                        H5P_DEFAULT, out) >= 0);
    H5Dclose(dataset);
}

/* What was written as variables of their own is the same, none of it is 0, and
 * that is all there is in the field. */
static bool is_back(const struct setting *setting, double sum)
{
    static double same[MOST];
    static double again[MOST];
    int64_t n = 1;
    for (int d = 0; d <= setting->cells.ndims; d++)
        n *= setting->count[d];
    hid_t id = H5Fopen("parts.h5", H5F_ACC_RDONLY, H5P_DEFAULT);
    get_variable(id, "same", same);
    get_variable(id, "again", again);
    H5Fclose(id);
    for (int64_t i = 0; i < n; i++) {
        if (same[i] != again[i] || same[i] == 0)
            return false;
        sum -= same[i];
    }
    return sum == 0;
}

/* Own points of another field, cut otherwise: the part has the values, the rest
 * is as it was. */
static void read_it(const struct setting *setting)
{
    pld_grid_spec cells = setting->cells;
    pld_field_spec spec = setting->spec;
    cells.nprocs[cells.ndims - 1] = nranks;
    spec.layout = spec.layout == PLD_PLANES ? PLD_INTERLEAVED : PLD_PLANES;
    struct formula made = formula_create(ctx, &cells, &spec);
    pld_part part = setting->part;
    formula_fill(made.field, 0);
    pld_part alone = {
        .box = part.box, .comp = part.comp, .ncomps = part.ncomps};
    memcpy(alone.stride, part.stride, sizeof alone.stride);
    assert_ok(pld_file_open(ctx, "parts.h5", true, &file));
    assert_ok(pld_file_write_part(file, "same", made.field, &alone));
    assert_ok(pld_field_set(made.field, (char[64]){0}));
    assert_ok(pld_file_read_part(file, "place", made.field, &part));
    assert_ok(pld_file_write_part(file, "again", made.field, &alone));
    double sum = sum_of(made.field);
    assert_ok(pld_file_close(&file));
    assert_all(rank > 0 || is_back(setting, sum));
    formula_destroy(&made);
}

TEST(parts_land_in_their_places_and_come_back)
{
    static double wanted[MOST];
    const char *cases = getenv("PLD_TEST_CASES");
    int ncases = cases != NULL ? atoi(cases) : 20;
    for (int i = 0; i < ncases; i++) {
        struct setting setting;
        draw_setting(&setting);
        int64_t n = volume(&setting.like);
        if (n > MOST)
            continue;
        memset(wanted, 0, sizeof wanted);
        for_points(&setting, 0, put_point, wanted);
        write_it(&setting);
        assert_all(variable_is("parts.h5", wanted, n));
        read_it(&setting);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(parts_land_in_their_places_and_come_back),
};

PLD_TEST_MAIN(tests)
