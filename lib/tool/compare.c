#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polder/measure.h"
#include "polder/vector.h"
#include "tool/tool.h"

struct work {
    pld_ctx *ctx;
    const char *path[2];
    pld_file *file[2];
    double tolerance;
    bool same;
};

static void differ(struct work *work, const char *name, const char *how)
{
    tool_say(work->ctx, "%s: %s\n", name, how);
    work->same = false;
}

/* The largest difference of two fields on grids alike. A NaN in one alone is a
 * difference without bounds. */
static pld_status largest(pld_field *a, pld_field *b, double *out, double *size)
{
    PLD_TRY(pld_field_normmax(a, 0, size));
    pld_view x = pld_field_view(a);
    pld_view y = pld_field_view(b);
    pld_box own = pld_field_owned(a);
    double most = 0;
    for (int64_t k = own.first[0]; k < own.first[0] + own.count[0]; k++)
        for (int64_t j = own.first[1]; j < own.first[1] + own.count[1]; j++)
            for (int64_t i = own.first[2]; i < own.first[2] + own.count[2];
                 i++) {
                double left =
                    x.f64[k * x.stride[0] + j * x.stride[1] + i * x.stride[2]];
                double right =
                    y.f64[k * y.stride[0] + j * y.stride[1] + i * y.stride[2]];
                double gap = isnan(left) && isnan(right)   ? 0
                             : isnan(left) || isnan(right) ? INFINITY
                             : left == right               ? 0
                                                           : fabs(left - right);
                most = gap > most ? gap : most;
            }
    return pld_reduce_f64(pld_grid_ctx(pld_field_grid(a)), PLD_MAX, most, out);
}

static pld_status compare_step(struct work *work, const char *name,
                               int64_t step, double *most, double *size)
{
    struct tool_field a;
    struct tool_field b;
    double gap = 0;
    double height = 0;
    PLD_TRY(tool_read(work->ctx, work->file[0], work->path[0], name, step, &a));
    PLD_TRY(tool_read(work->ctx, work->file[1], work->path[1], name, step, &b));
    PLD_CHECK(pld_field_type(a.field) == PLD_F64, PLD_ERR_UNSUPPORTED,
              "%s: only f64 of series can be compared", name);
    PLD_TRY(largest(a.field, b.field, &gap, &height));
    *most = gap > *most ? gap : *most;
    *size = height > *size ? height : *size;
    PLD_TRY(tool_free(&b));
    return tool_free(&a);
}

static bool is_alike(const pld_variable *a, const pld_variable *b)
{
    return a->ndims == b->ndims &&
           memcmp(a->size, b->size, (size_t)a->ndims * sizeof a->size[0]) == 0;
}

static pld_status compare_numbers(struct work *work, const char *name,
                                  const pld_variable *info)
{
    double most = 0;
    double size = 0;
    int64_t steps = tool_steps(work->file[0], info);
    if (steps < 0 || info->type == PLD_C128) {
        tool_say(work->ctx, "%s: not compared: %d dimensions of %s\n", name,
                 info->ndims, pld_type_name(info->type));
        return PLD_OK;
    }
    if (steps == 0)
        PLD_TRY(compare_step(work, name, -1, &most, &size));
    for (int64_t step = 0; step < steps; step++)
        PLD_TRY(compare_step(work, name, step, &most, &size));
    tool_say(work->ctx, "%s: largest difference %.3g of %.3g%s\n", name, most,
             size, most > work->tolerance ? "  DIFFERS" : "");
    work->same = work->same && most <= work->tolerance;
    return PLD_OK;
}

static pld_status compare_variable(const char *name, void *data)
{
    struct work *work = data;
    pld_variable a;
    pld_variable b;
    PLD_TRY(pld_file_inquire(work->file[0], name, &a));
    if (pld_file_inquire(work->file[1], name, &b) != PLD_OK) {
        pld_error_clear();
        differ(work, name, "only in the first file");
        return PLD_OK;
    }
    if (!is_alike(&a, &b)) {
        differ(work, name, "of different sizes");
        return PLD_OK;
    }
    return compare_numbers(work, name, &a);
}

static pld_status find_missing(const char *name, void *data)
{
    struct work *work = data;
    pld_variable info;
    if (pld_file_inquire(work->file[0], name, &info) == PLD_OK)
        return PLD_OK;
    pld_error_clear();
    differ(work, name, "only in the second file");
    return PLD_OK;
}

static pld_status compare_files(struct work *work)
{
    PLD_TRY(pld_file_variables(work->file[0], compare_variable, work));
    return pld_file_variables(work->file[1], find_missing, work);
}

pld_status tool_compare(pld_ctx *ctx, int nwords, char **words, bool *out)
{
    const char *tolerance = NULL;
    PLD_TRY(tool_option(&nwords, words, "--tolerance", &tolerance));
    PLD_CHECK(nwords == 2, PLD_ERR_ARG,
              "usage: polder-file compare A B [--tolerance T]");
    struct work work = {.ctx = ctx, .path = {words[0], words[1]}, .same = true};
    work.tolerance = tolerance ? strtod(tolerance, NULL) : 0;
    PLD_TRY(pld_file_open(ctx, words[0], false, &work.file[0]));
    pld_status status = pld_file_open(ctx, words[1], false, &work.file[1]);
    if (status == PLD_OK)
        status = compare_files(&work);
    pld_error error = *pld_error_last();
    PLD_TRY(pld_file_close(&work.file[1]));
    PLD_TRY(pld_file_close(&work.file[0]));
    if (status != PLD_OK)
        PLD_RAISE(status, "%s", error.text);
    *out = work.same;
    return PLD_OK;
}
