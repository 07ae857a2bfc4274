#include <inttypes.h>
#include <string.h>

#include "polder/series.h"
#include "tool/tool.h"

int64_t tool_steps(pld_file *file, const pld_variable *info)
{
    pld_variable time;
    bool timed = pld_file_inquire(file, "time", &time) == PLD_OK &&
                 time.ndims == 1 && info->ndims >= 2 &&
                 time.size[0] == info->size[0];
    pld_error_clear();
    return timed ? info->size[0] : info->ndims <= 3 && info->ndims > 0 ? 0 : -1;
}

static pld_status create(pld_ctx *ctx, const char *name,
                         const pld_variable *info, int skip,
                         struct tool_field *out)
{
    pld_grid_spec cells = {.ndims = info->ndims - skip};
    PLD_CHECK(cells.ndims >= 1 && cells.ndims <= 3, PLD_ERR_UNSUPPORTED,
              "%s has %d dimensions: 1 to 3 can be read, and one of time", name,
              info->ndims);
    for (int d = 0; d < cells.ndims; d++)
        cells.size[d] = info->size[d + skip];
    PLD_TRY(pld_grid_create(ctx, &cells, &out->grid));
    /* Of a series the type must be that of the file. */
    pld_type type = skip > 0 ? info->type : PLD_F64;
    PLD_TRY(pld_field_create(
        out->grid, &(pld_field_spec){.name = name, .type = type}, &out->field));
    return PLD_OK;
}

static pld_status read_step(pld_ctx *ctx, const char *path, int64_t step,
                            struct tool_field *out)
{
    pld_series *series = NULL;
    const pld_series_spec spec = {.nfields = 1, .fields = &out->field};
    PLD_TRY(pld_series_open(ctx, path, false, &spec, &series));
    pld_status status = pld_series_read(series, step);
    PLD_TRY(pld_series_close(&series));
    return status;
}

pld_status tool_read(pld_ctx *ctx, pld_file *file, const char *path,
                     const char *name, int64_t step, struct tool_field *out)
{
    pld_status status = PLD_OK;
    pld_variable info;
    *out = (struct tool_field){.grid = NULL};
    PLD_TRY(pld_file_inquire(file, name, &info));
    PLD_TRY_TO(out, create(ctx, name, &info, step >= 0 ? 1 : 0, out));
    PLD_TRY_TO(out, step >= 0 ? read_step(ctx, path, step, out)
                              : pld_file_read(file, name, out->field));
    return PLD_OK;
out:
    PLD_TRY(tool_free(out));
    return status;
}

pld_status tool_free(struct tool_field *field)
{
    PLD_TRY(pld_field_destroy(&field->field));
    return pld_grid_destroy(&field->grid);
}
