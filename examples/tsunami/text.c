/* Bathymetry as text: columns x y z, or an ESRI ASCII grid.
 *
 * Each rank reads its own share of the file. When the values are wanted, every
 * share goes round in pieces and each rank keeps what lies in its box: no rank
 * holds more than its share and its box. */
#include "text.h"
#include "numbers.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Values sent at a time: 1 MiB of them. */
enum { PIECE = 1 << 17 };

static pld_status make_room(struct raster *raster, int64_t more, int64_t *room)
{
    if (raster->count + more <= *room)
        return PLD_OK;
    *room = 2 * (raster->count + more);
    size_t bytes = (size_t)*room * sizeof(double);
    double *values = realloc(raster->values, bytes);
    PLD_CHECK(values != NULL, PLD_ERR_MEMORY, "%s: no memory for %zu bytes",
              raster->path, bytes);
    raster->values = values;
    return PLD_OK;
}

/* Append the numbers of all lines: `each` of a line, or any number if 0. */
static pld_status read_values(struct lines *lines, int each,
                              struct raster *raster)
{
    int64_t room = 0;
    while (lines_next(lines)) {
        const char *line = lines->line;
        if (line[0] == '#')
            continue;
        int64_t most = each > 0 ? each : (int64_t)strlen(line) / 2 + 1;
        PLD_TRY(make_room(raster, most, &room));
        int64_t n = numbers_in(line, most, raster->values + raster->count);
        PLD_CHECK(n == 0 || n >= (each > 0 ? each : 1), PLD_ERR_FORMAT,
                  "%s: '%.*s' should be %s", raster->path,
                  (int)strcspn(line, "\r\n"), line,
                  each > 0 ? "x y z" : "numbers");
        raster->count += n < most ? n : most;
    }
    return PLD_OK;
}

static pld_status read_share(struct raster *raster, struct lines *lines,
                             bool *columns)
{
    int64_t start = 0;
    PLD_TRY(lines_open(raster->path, lines));
    PLD_CHECK(lines_next(lines), PLD_ERR_IO, "%s: cannot be read",
              raster->path);
    *columns = strncasecmp(lines->line, "ncols", 5) != 0;
    PLD_TRY(lines_share(lines, 0, 0, 1));
    PLD_TRY(*columns ? columns_skip_headings(lines, raster, &start)
                     : esri_read_header(lines, raster, &start));
    PLD_TRY(lines_share(lines, start, pld_ctx_rank(raster->ctx),
                        pld_ctx_nranks(raster->ctx)));
    return read_values(lines, *columns ? 3 : 0, raster);
}

static pld_status arrange(struct raster *raster, bool columns)
{
    int64_t total = 0;
    PLD_TRY(
        pld_reduce(raster->ctx, PLD_SUM, PLD_I64, &raster->count, 1, &total));
    if (columns)
        return columns_arrange(raster, total / 3);
    PLD_CHECK(total == raster->nx * raster->ny, PLD_ERR_FORMAT,
              "%s holds %" PRId64 " values, but its header says %" PRId64
              " rows of %" PRId64 ": a row is too short or too long, or the "
              "file is cut",
              raster->path, total, raster->ny, raster->nx);
    return PLD_OK;
}

pld_status text_open(struct raster *raster)
{
    bool columns = false;
    struct lines lines = {0};
    pld_status status = read_share(raster, &lines, &columns);
    lines_close(&lines);
    PLD_TRY(pld_agree(raster->ctx, status));
    MPI_Exscan(&raster->count, &raster->first, 1, MPI_INT64_T, MPI_SUM,
               pld_ctx_comm(raster->ctx));
    if (pld_ctx_rank(raster->ctx) == 0)
        raster->first = 0;
    return pld_agree(raster->ctx, arrange(raster, columns));
}

/* Keep those of a piece of the file that lie in the box. */
static void keep(const struct raster *raster, int64_t first, int count,
                 const double *piece, pld_box box, double *out)
{
    for (int n = 0; n < count; n++) {
        int64_t y;
        int64_t x;
        text_point(raster, first + n, &y, &x);
        y = (raster->y_down ? raster->ny - 1 - y : y) - box.first[0];
        x = (raster->x_down ? raster->nx - 1 - x : x) - box.first[1];
        if (y >= 0 && y < box.count[0] && x >= 0 && x < box.count[1])
            out[y * box.count[1] + x] =
                piece[n] == raster->nodata ? NAN : piece[n];
    }
}

/* The share of one rank goes to all. */
static pld_status go_round(const struct raster *raster, int root, pld_box box,
                           double *out)
{
    static double piece[PIECE];
    MPI_Comm comm = pld_ctx_comm(raster->ctx);
    int64_t share[2] = {raster->first, raster->count};
    MPI_Bcast(share, 2, MPI_INT64_T, root, comm);
    for (int64_t at = 0; at < share[1]; at += PIECE) {
        int count = (int)(share[1] - at < PIECE ? share[1] - at : PIECE);
        if (pld_ctx_rank(raster->ctx) == root)
            memcpy(piece, raster->values + at, sizeof *piece * (size_t)count);
        PLD_CHECK(
            MPI_Bcast(piece, count, MPI_DOUBLE, root, comm) == MPI_SUCCESS,
            PLD_ERR_MPI, "%s: could not pass on its values", raster->path);
        keep(raster, share[0] + at, count, piece, box, out);
    }
    return PLD_OK;
}

pld_status text_read(struct raster *raster, pld_box box, double *out)
{
    for (int root = 0; root < pld_ctx_nranks(raster->ctx); root++)
        PLD_TRY(go_round(raster, root, box, out));
    return PLD_OK;
}
