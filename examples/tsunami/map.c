#include "map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 800, NCOLUMNS = 3 };

/* Rank 0 reads a row of cells, column by column, while the others look on. */
static pld_status read_row(const struct model *model, pld_file *state,
                           int64_t y, double *row)
{
    static const char *const names[NCOLUMNS] = {"elevation", "highest",
                                                "arrival"};
    int64_t nx = model->domain.nx;
    pld_box box = {{y, 0, 0}, {pld_ctx_rank(model->ctx) == 0, nx, 1}};
    for (int c = 0; c < NCOLUMNS; c++)
        PLD_TRY(pld_file_read_box(state, names[c], box, PLD_F64, row + c * nx));
    return PLD_OK;
}

static void print(FILE *file, double value, bool known)
{
    if (known)
        fprintf(file, " %.9g", value);
    else
        fprintf(file, " NaN");
}

static void write_row(FILE *file, const struct domain *domain, int64_t y,
                      int64_t every, const double *row)
{
    const double *highest = row + domain->nx;
    const double *arrival = highest + domain->nx;
    for (int64_t x = 0; x < domain->nx; x += every) {
        fprintf(file, "%.9g %.9g %.9g",
                domain->x0 + ((double)x + 0.5) * domain->step_x,
                domain->y0 + ((double)y + 0.5) * domain->step_y, row[x]);
        print(file, highest[x], highest[x] != NEVER_WET);
        print(file, arrival[x], arrival[x] >= 0.0);
        fputc('\n', file);
    }
    fputc('\n', file);
}

static pld_status write_rows(const struct model *model, pld_file *state,
                             FILE *file, double *row)
{
    const struct domain *domain = &model->domain;
    int64_t longest = domain->nx > domain->ny ? domain->nx : domain->ny;
    int64_t every = (longest + MOST - 1) / MOST;
    for (int64_t y = 0; y < domain->ny; y += every) {
        PLD_TRY(read_row(model, state, y, row));
        if (file != NULL)
            write_row(file, domain, y, every, row);
    }
    return PLD_OK;
}

static pld_status open_text(const char *path, FILE **out)
{
    *out = fopen(path, "w");
    PLD_CHECK(*out != NULL, PLD_ERR_ACCESS, "%s: %s", path, strerror(errno));
    return PLD_OK;
}

static pld_status close_text(FILE *file, const char *path)
{
    bool written = file == NULL || (!ferror(file) & (fclose(file) == 0));
    PLD_CHECK(written, PLD_ERR_IO, "%s: %s", path, strerror(errno));
    return PLD_OK;
}

pld_status map_write(const struct model *model, const char *state,
                     const char *path)
{
    pld_file *source = NULL;
    FILE *file = NULL;
    double *row = calloc(NCOLUMNS * (size_t)model->domain.nx, sizeof *row);
    pld_status status = PLD_OK;
    if (row != NULL && pld_ctx_rank(model->ctx) == 0)
        status = open_text(path, &file);
    PLD_TRY(pld_agree(model->ctx, row == NULL ? PLD_ERR_MEMORY : status));
    PLD_TRY(pld_file_open(model->ctx, state, false, &source));
    PLD_TRY(write_rows(model, source, file, row));
    PLD_TRY(pld_file_close(&source));
    free(row);
    return pld_agree(model->ctx, close_text(file, path));
}
