#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polder/agree.h"
#include "tool/tool.h"

/* Bytes of a part, of all ranks together. */
#define PART_BYTES ((int64_t)32 << 20)

int64_t tool_steps(pld_file *file, const pld_variable *info)
{
    pld_variable time;
    bool timed = pld_file_inquire(file, "time", &time) == PLD_OK &&
                 time.ndims == 1 && info->ndims >= 2 &&
                 time.size[0] == info->size[0];
    pld_error_clear();
    return timed ? info->size[0] : 0;
}

/* --- One number ----------------------------------------------------------- */

double tool_value(const struct tool_part *part, int64_t i, int imaginary)
{
    if (part->type == PLD_C128)
        return ((const double *)part->data)[2 * i + imaginary];
    if (imaginary)
        return 0;
    switch (part->type) {
    case PLD_I64:
        return (double)((const int64_t *)part->data)[i];
    case PLD_I32:
        return ((const int32_t *)part->data)[i];
    case PLD_F32:
        return ((const float *)part->data)[i];
    default:
        return ((const double *)part->data)[i];
    }
}

static double gap_of(double left, double right)
{
    if (isnan(left) || isnan(right))
        return isnan(left) && isnan(right) ? 0 : INFINITY;
    return left == right ? 0 : fabs(left - right);
}

double tool_gap(const struct tool_part parts[2], int64_t i)
{
    if (parts[0].type == PLD_I64 && parts[1].type == PLD_I64) {
        int64_t left = ((const int64_t *)parts[0].data)[i];
        int64_t right = ((const int64_t *)parts[1].data)[i];
        return left > right ? (double)((uint64_t)left - (uint64_t)right)
                            : (double)((uint64_t)right - (uint64_t)left);
    }
    double gap = 0;
    for (int k = 0; k < 2; k++)
        gap = fmax(gap, gap_of(tool_value(&parts[0], i, k),
                               tool_value(&parts[1], i, k)));
    return gap;
}

/* --- All of them ---------------------------------------------------------- */

struct reading {
    pld_ctx *ctx;
    const char *name;
    int nfiles;
    pld_file *const *files;
    pld_variable info;
    struct tool_part parts[2];
    void *memory[2];
    tool_visit *visit;
    void *data;
};

static pld_type type_for(pld_type type)
{
    return type == PLD_I64 || type == PLD_C128 ? type : PLD_F64;
}

/* The rows of the first dimension from `first` on. */
static pld_box rows_of(const pld_variable *info, int64_t first, int64_t nrows)
{
    pld_box box = {.count = {1, 1, 1}};
    int64_t rest = info->size[0] - first;
    for (int d = 0; d < info->ndims; d++)
        box.count[d] = info->size[d];
    box.first[0] = first;
    box.count[0] = rest < nrows ? (rest > 0 ? rest : 0) : nrows;
    if (box.count[0] == 0)
        box = (pld_box){.count = {0}};
    return box;
}

/* Ranks take turns with a few rows each. */
static pld_status visit_rows(struct reading *reading, int64_t nrows)
{
    int64_t at_once = nrows * pld_ctx_nranks(reading->ctx);
    for (int64_t row = 0; row < reading->info.size[0]; row += at_once) {
        pld_box box = rows_of(&reading->info,
                              row + nrows * pld_ctx_rank(reading->ctx), nrows);
        for (int f = 0; f < reading->nfiles; f++) {
            reading->parts[f].count = pld_box_volume(box);
            PLD_TRY(pld_file_read_box(reading->files[f], reading->name, box,
                                      reading->parts[f].type,
                                      reading->memory[f]));
        }
        reading->visit(reading->parts, reading->data);
    }
    return PLD_OK;
}

static pld_status allocate(struct reading *reading, int64_t bytes)
{
    for (int f = 0; f < reading->nfiles; f++) {
        reading->memory[f] = malloc((size_t)bytes);
        reading->parts[f].data = reading->memory[f];
        PLD_CHECK(reading->memory[f], PLD_ERR_MEMORY, "no memory for %s",
                  reading->name);
    }
    return PLD_OK;
}

static pld_status visit_few(struct reading *reading)
{
    int64_t row = 16;
    for (int d = 1; d < reading->info.ndims; d++)
        row *= reading->info.size[d];
    row = row > 0 ? row : 16;
    int64_t nrows = PART_BYTES / row / pld_ctx_nranks(reading->ctx);
    nrows = nrows > 1 ? nrows : 1;
    pld_status status = pld_agree(reading->ctx, allocate(reading, nrows * row));
    if (status == PLD_OK)
        status = visit_rows(reading, nrows);
    for (int f = 0; f < 2; f++)
        free(reading->memory[f]);
    return status;
}

/* Four dimensions are those of a field of several components. */
static pld_status read_fields(struct reading *reading, pld_grid *grid,
                              pld_field *fields[2])
{
    for (int f = 0; f < reading->nfiles; f++) {
        const pld_field_spec spec = {.name = reading->name,
                                     .type = reading->parts[f].type,
                                     .ncomps = (int)reading->info.size[3],
                                     .layout = PLD_INTERLEAVED};
        PLD_TRY(pld_field_create(grid, &spec, &fields[f]));
        PLD_TRY(pld_file_read(reading->files[f], reading->name, fields[f]));
    }
    return PLD_OK;
}

/* The numbers of a row follow each other; rows need not. */
static void visit_row(struct reading *reading, pld_field *const *fields,
                      int64_t k, int64_t j)
{
    pld_box own = pld_field_owned(fields[0]);
    for (int f = 0; f < reading->nfiles; f++) {
        struct tool_part *part = &reading->parts[f];
        pld_view view = pld_field_view(fields[f]);
        int64_t place = k * view.stride[0] + j * view.stride[1] +
                        own.first[2] * view.stride[2];
        part->count = own.count[2] * reading->info.size[3];
        part->data =
            (char *)view.data + place * (int64_t)pld_type_size(part->type);
    }
    reading->visit(reading->parts, reading->data);
}

static pld_status visit_four(struct reading *reading)
{
    pld_grid_spec spec = {.ndims = 3};
    pld_grid *grid = NULL;
    pld_field *fields[2] = {NULL, NULL};
    for (int d = 0; d < 3; d++)
        spec.size[d] = reading->info.size[d];
    PLD_TRY(pld_grid_create(reading->ctx, &spec, &grid));
    pld_status status = read_fields(reading, grid, fields);
    pld_box own = {.count = {0}};
    if (status == PLD_OK)
        own = pld_field_owned(fields[0]);
    for (int64_t k = own.first[0]; k < own.first[0] + own.count[0]; k++)
        for (int64_t j = own.first[1]; j < own.first[1] + own.count[1]; j++)
            visit_row(reading, fields, k, j);
    PLD_TRY(pld_field_destroy(&fields[1]));
    PLD_TRY(pld_field_destroy(&fields[0]));
    PLD_TRY(pld_grid_destroy(&grid));
    return status;
}

pld_status tool_visit_all(pld_ctx *ctx, int nfiles, pld_file *const *files,
                          const char *name, tool_visit *visit, void *data)
{
    struct reading reading = {.ctx = ctx,
                              .name = name,
                              .nfiles = nfiles,
                              .files = files,
                              .visit = visit,
                              .data = data};
    for (int f = nfiles - 1; f >= 0; f--) {
        PLD_TRY(pld_file_inquire(files[f], name, &reading.info));
        reading.parts[f].type = type_for(reading.info.type);
    }
    int ndims = reading.info.ndims;
    PLD_CHECK(ndims >= 1 && ndims <= 4, PLD_ERR_UNSUPPORTED,
              "%s has %d dimensions", name, ndims);
    for (int d = 0; d < ndims; d++)
        if (reading.info.size[d] == 0)
            return PLD_OK;
    return ndims < 4 ? visit_few(&reading) : visit_four(&reading);
}
