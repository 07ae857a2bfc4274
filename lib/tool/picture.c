#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polder/agree.h"
#include "polder/gather.h"
#include "tool/tool.h"

struct slice {
    const char *path;
    const char *name;
    const char *to;
    int64_t step;  /* -1: the last, if it is a series */
    int64_t plane; /* -1: the middle */
    int64_t rows;
    int64_t columns;
    double *values;
};

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
    write_quoted(out, slice->name);
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

/* On rank 0. */
static pld_status draw(const struct slice *slice)
{
    FILE *out = popen("gnuplot", "w");
    PLD_CHECK(out, PLD_ERR_IO, "cannot start gnuplot: %s", strerror(errno));
    write_script(out, slice);
    size_t count = (size_t)(slice->rows * slice->columns);
    bool written = fwrite(slice->values, sizeof(double), count, out) == count;
    int code = pclose(out);
    PLD_CHECK(written && code == 0, PLD_ERR_IO,
              "gnuplot failed (is it installed?), code %d", code);
    return PLD_OK;
}

/* The slice as a box of the field. */
static pld_status choose(const pld_field *field, struct slice *slice,
                         pld_box *out)
{
    pld_box box = pld_field_domain(field);
    int ndims = pld_grid_ndims(pld_field_grid(field));
    if (ndims == 3) {
        int64_t plane = slice->plane >= 0 ? slice->plane : box.count[0] / 2;
        PLD_CHECK(plane < box.count[0], PLD_ERR_ARG,
                  "plane %" PRId64 " of %s, which has %" PRId64, plane,
                  slice->name, box.count[0]);
        box.first[0] = plane;
        box.count[0] = 1;
    }
    slice->columns = box.count[ndims - 1];
    slice->rows = ndims == 1 ? 1 : box.count[ndims - 2];
    *out = box;
    return PLD_OK;
}

static pld_status picture(pld_ctx *ctx, pld_field *field, struct slice *slice)
{
    pld_status status = PLD_OK;
    pld_box box;
    bool leads = pld_ctx_rank(ctx) == 0;
    PLD_TRY(choose(field, slice, &box));
    PLD_CHECK(pld_field_type(field) == PLD_F64, PLD_ERR_UNSUPPORTED,
              "%s: only f64 of series can be drawn", slice->name);
    if (leads)
        slice->values = malloc((size_t)(slice->rows * slice->columns) *
                               sizeof *slice->values);
    PLD_TRY(pld_agree(ctx, leads && !slice->values ? PLD_ERR_MEMORY : PLD_OK));
    status = pld_field_gather(field, &box, 0, slice->values);
    if (status == PLD_OK)
        status = pld_agree(ctx, leads ? draw(slice) : PLD_OK);
    free(slice->values);
    return status;
}

static pld_status open_and_draw(pld_ctx *ctx, struct slice *slice)
{
    pld_status status = PLD_OK;
    pld_file *file = NULL;
    pld_variable info;
    struct tool_field read;
    PLD_TRY(pld_file_open(ctx, slice->path, false, &file));
    PLD_TRY_TO(out, pld_file_inquire(file, slice->name, &info));
    int64_t steps = tool_steps(file, &info);
    int64_t step = slice->step >= 0 ? slice->step : steps > 0 ? steps - 1 : -1;
    PLD_TRY_TO(out,
               tool_read(ctx, file, slice->path, slice->name, step, &read));
    status = picture(ctx, read.field, slice);
    PLD_TRY(tool_free(&read));
out:
    PLD_TRY(pld_file_close(&file));
    return status;
}

static int64_t number_of(const char *word)
{
    return word ? strtoll(word, NULL, 10) : -1;
}

pld_status tool_picture(pld_ctx *ctx, int nwords, char **words, bool *out)
{
    const char *to = NULL;
    const char *step = NULL;
    const char *plane = NULL;
    PLD_TRY(tool_option(&nwords, words, "-o", &to));
    PLD_TRY(tool_option(&nwords, words, "--step", &step));
    PLD_TRY(tool_option(&nwords, words, "--plane", &plane));
    PLD_CHECK(
        nwords == 2, PLD_ERR_ARG,
        "usage: polder-file picture FILE VARIABLE [-o FILE.png] [--step N] "
        "[--plane K]");
    struct slice slice = {.path = words[0],
                          .name = words[1],
                          .to = to ? to : "picture.png",
                          .step = number_of(step),
                          .plane = number_of(plane)};
    PLD_TRY(open_and_draw(ctx, &slice));
    tool_say(ctx, "%s: %" PRId64 " x %" PRId64 " of %s\n", slice.to, slice.rows,
             slice.columns, slice.name);
    *out = true;
    return PLD_OK;
}
