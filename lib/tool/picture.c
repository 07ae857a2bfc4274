#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "polder/agree.h"
#include "polder/gather.h"
#include "polder/series.h"
#include "tool/tool.h"

/* More points than a screen has are left out. */
enum { MOST_ACROSS = 2000 };

struct slice {
    const char *path;
    const char *name;
    const char *to;
    int64_t step;  /* -1: the last, if it is a series */
    int64_t plane; /* -1: the middle */
    pld_type type;
    pld_box box;
    int64_t rows;
    int64_t columns;
    double *values;
    char title[400];
};

/* --- Drawing, on rank 0 --------------------------------------------------- */

/* Names may hold what gnuplot would take for the end of a text. */
static void write_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text == '\n' ? ' ' : *text, out);
    }
    fputc('"', out);
}

static void write_script(FILE *out, const struct slice *slice)
{
    fputs("set terminal png size 960,840\nset output ", out);
    write_quoted(out, slice->to);
    fputs("\nset title ", out);
    write_quoted(out, slice->title);
    fputs(" noenhanced\nset tics out nomirror\n", out);
    if (slice->rows == 1) {
        fprintf(out,
                "plot '-' binary array=(%" PRId64
                ") format='%%float64' using 0:1 with lines notitle\n",
                slice->columns);
        return;
    }
    fprintf(out,
            "set size ratio -1\nset autoscale fix\nset palette defined (0 "
            "'#440154', 1 '#3b528b', 2 '#21918c', 3 '#5ec962', 4 '#fde725')\n"
            "plot '-' binary array=(%" PRId64 ",%" PRId64
            ") format='%%float64' with image notitle\n",
            slice->columns, slice->rows);
}

/* Gnuplot would go on without it, and write to the screen. */
static pld_status check_output(const char *path)
{
    FILE *out = fopen(path, "wb");
    PLD_CHECK(out, PLD_ERR_ACCESS, "cannot write '%s': %s", path,
              strerror(errno));
    fclose(out);
    return PLD_OK;
}

static pld_status draw(const struct slice *slice)
{
    PLD_TRY(check_output(slice->to));
    FILE *out = popen("gnuplot", "w");
    PLD_CHECK(out, PLD_ERR_IO, "cannot start gnuplot: %s", strerror(errno));
    write_script(out, slice);
    size_t count = (size_t)(slice->rows * slice->columns);
    bool written = fwrite(slice->values, sizeof(double), count, out) == count;
    int code = pclose(out);
    if (written && code == 0)
        return PLD_OK;
    (void)unlink(slice->to);
    PLD_RAISE(PLD_ERR_IO, "gnuplot failed (is it installed?), code %d", code);
}

/* --- The slice ------------------------------------------------------------ */

/* Choose one of `size`, by default that one, along dimension `d` of the box. */
static pld_status choose(struct slice *slice, const char *what, int64_t size,
                         int64_t *wanted, int64_t usual, int d)
{
    size_t used = strlen(slice->title);
    *wanted = *wanted < 0 ? usual : *wanted;
    PLD_CHECK(*wanted < size, PLD_ERR_ARG,
              "%s %" PRId64 " of %s, which has %" PRId64, what, *wanted,
              slice->name, size);
    if (d >= 0) {
        slice->box.first[d] = *wanted;
        slice->box.count[d] = 1;
    }
    snprintf(slice->title + used, sizeof slice->title - used,
             ", %s %" PRId64 " of %" PRId64, what, *wanted, size);
    return PLD_OK;
}

static pld_status check_kind(const struct slice *slice,
                             const pld_variable *info, int ndims, bool timed)
{
    PLD_CHECK(ndims >= 1 && ndims <= 3, PLD_ERR_UNSUPPORTED,
              "%s has %d dimensions: 1 to 3 can be drawn, and one of time",
              slice->name, info->ndims);
    PLD_CHECK(info->type != PLD_C128, PLD_ERR_UNSUPPORTED,
              "%s is complex: real numbers can be drawn", slice->name);
    PLD_CHECK(timed || slice->step < 0, PLD_ERR_ARG,
              "%s is no time series: leave out --step", slice->name);
    PLD_CHECK(ndims == 3 || slice->plane < 0, PLD_ERR_ARG,
              "%s has no planes: leave out --plane", slice->name);
    return PLD_OK;
}

/* Which part of the variable, or of its step if it has four dimensions. */
static pld_status cut(struct slice *slice, const pld_variable *info,
                      int64_t steps)
{
    int skip = info->ndims == 4;
    int ndims = info->ndims - (steps > 0);
    PLD_TRY(check_kind(slice, info, ndims, steps > 0));
    slice->type =
        info->ndims == 4 || info->type == PLD_I64 ? info->type : PLD_F64;
    slice->box = (pld_box){.count = {1, 1, 1}};
    for (int d = skip; d < info->ndims; d++)
        slice->box.count[d - skip] = info->size[d];
    int last = info->ndims - skip - 1;
    slice->columns = slice->box.count[last];
    slice->rows = ndims > 1 ? slice->box.count[last - 1] : 1;
    PLD_CHECK(slice->rows > 0 && slice->columns > 0, PLD_ERR_ARG,
              "%s has no numbers", slice->name);
    if (steps > 0)
        PLD_TRY(choose(slice, "step", steps, &slice->step, steps - 1,
                       skip ? -1 : 0));
    if (ndims == 3)
        PLD_TRY(choose(slice, "plane", slice->box.count[0], &slice->plane,
                       slice->box.count[0] / 2, 0));
    return PLD_OK;
}

/* Numbers as doubles, every few of them. */
static pld_status thin(struct slice *slice)
{
    int64_t down = (slice->rows + MOST_ACROSS - 1) / MOST_ACROSS;
    int64_t across = (slice->columns + MOST_ACROSS - 1) / MOST_ACROSS;
    const struct tool_part all = {.type = slice->type, .data = slice->values};
    int64_t rows = (slice->rows + down - 1) / down;
    int64_t columns = (slice->columns + across - 1) / across;
    double *few = malloc((size_t)(rows * columns) * sizeof *few);
    PLD_CHECK(few, PLD_ERR_MEMORY, "no memory for the picture");
    for (int64_t j = 0; j < rows; j++)
        for (int64_t i = 0; i < columns; i++)
            few[j * columns + i] =
                tool_value(&all, j * down * slice->columns + i * across, 0);
    free(slice->values);
    slice->values = few;
    slice->rows = rows;
    slice->columns = columns;
    return PLD_OK;
}

static pld_status gather_step(pld_ctx *ctx, struct slice *slice,
                              pld_field *field)
{
    pld_series *series = NULL;
    const pld_series_spec spec = {.nfields = 1, .fields = &field};
    PLD_TRY(pld_series_open(ctx, slice->path, false, &spec, &series));
    pld_status status = pld_series_read(series, slice->step);
    if (status == PLD_OK)
        status = pld_field_gather(field, &slice->box, 0, slice->values);
    PLD_TRY(pld_series_close(&series));
    return status;
}

/* Of four dimensions all ranks read the step. */
static pld_status read_step(pld_ctx *ctx, const pld_variable *info,
                            struct slice *slice)
{
    pld_grid_spec cells = {.ndims = 3};
    pld_grid *grid = NULL;
    pld_field *field = NULL;
    for (int d = 0; d < 3; d++)
        cells.size[d] = info->size[d + 1];
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    pld_status status = pld_field_create(
        grid, &(pld_field_spec){.name = slice->name, .type = slice->type},
        &field);
    if (status == PLD_OK)
        status = gather_step(ctx, slice, field);
    PLD_TRY(pld_field_destroy(&field));
    PLD_TRY(pld_grid_destroy(&grid));
    return status;
}

/* Otherwise rank 0 reads the slice, and nothing else is read. */
static pld_status read_slice(pld_ctx *ctx, pld_file *file,
                             const pld_variable *info, struct slice *slice)
{
    bool leads = pld_ctx_rank(ctx) == 0;
    size_t count = (size_t)(slice->rows * slice->columns);
    if (leads)
        slice->values = malloc(count * sizeof *slice->values);
    PLD_TRY(pld_agree(ctx, leads && !slice->values ? PLD_ERR_MEMORY : PLD_OK));
    if (info->ndims == 4)
        return read_step(ctx, info, slice);
    pld_box box = leads ? slice->box : (pld_box){.count = {0}};
    return pld_file_read_box(file, slice->name, box, slice->type,
                             slice->values);
}

static pld_status look(pld_file *file, struct slice *slice, pld_variable *info)
{
    char units[64];
    PLD_TRY(pld_file_inquire(file, slice->name, info));
    snprintf(slice->title, sizeof slice->title, "%.200s", slice->name);
    if (pld_file_read_text(file, slice->name, "units", sizeof units, units) ==
        PLD_OK)
        snprintf(slice->title, sizeof slice->title, "%.200s (%s)", slice->name,
                 units);
    pld_error_clear();
    return cut(slice, info, tool_steps(file, info));
}

static pld_status thin_and_draw(struct slice *slice)
{
    PLD_TRY(thin(slice));
    return draw(slice);
}

static pld_status open_and_draw(pld_ctx *ctx, struct slice *slice)
{
    pld_status status = PLD_OK;
    pld_file *file = NULL;
    pld_variable info;
    PLD_TRY(pld_file_open(ctx, slice->path, false, &file));
    PLD_TRY_TO(out, pld_agree(ctx, look(file, slice, &info)));
    PLD_TRY_TO(out, read_slice(ctx, file, &info, slice));
    if (pld_ctx_rank(ctx) == 0)
        status = thin_and_draw(slice);
    status = pld_agree(ctx, status);
out:
    free(slice->values);
    PLD_TRY(pld_file_close(&file));
    return status;
}

static pld_status parse(int nwords, char **words, struct slice *slice)
{
    const char *to = NULL;
    const char *step = NULL;
    const char *plane = NULL;
    double numbers[2];
    PLD_TRY(tool_option(&nwords, words, "-o", &to));
    PLD_TRY(tool_option(&nwords, words, "--step", &step));
    PLD_TRY(tool_option(&nwords, words, "--plane", &plane));
    PLD_TRY(tool_number("--step", step, -1, true, &numbers[0]));
    PLD_TRY(tool_number("--plane", plane, -1, true, &numbers[1]));
    PLD_TRY(tool_check_words(
        nwords, words, 2, 2,
        "picture FILE VARIABLE [-o FILE.png] [--step N] [--plane K]"));
    *slice = (struct slice){.path = words[0],
                            .name = words[1],
                            .to = to ? to : "picture.png",
                            .step = (int64_t)numbers[0],
                            .plane = (int64_t)numbers[1]};
    return PLD_OK;
}

pld_status tool_picture(pld_ctx *ctx, int nwords, char **words, bool *out)
{
    struct slice slice;
    PLD_TRY(pld_agree(ctx, parse(nwords, words, &slice)));
    PLD_TRY(open_and_draw(ctx, &slice));
    tool_say(ctx, "%s: %" PRId64 " x %" PRId64 " of %s\n", slice.to, slice.rows,
             slice.columns, slice.title);
    *out = true;
    return PLD_OK;
}
