#include "io/sieve.h"
#include "io/raw.h"

#include <string.h>

/* Bytes between points that are worth a call of the system. */
#define WIDE_GAP ((int64_t)4 << 10)

/* Rows of cells: bytes of a point that are moved. */
struct sieve {
    const struct pld_move *move;
    const struct pld_brick *brick;
    pld_box piece;
    int64_t cell;   /* bytes */
    int64_t stride; /* from a cell to the next of a row */
    int64_t ncells; /* of a row */
    int64_t skip;   /* bytes of a point before its cell */
    char *data;     /* cells of all rows, dense */
    char *room;     /* for what is between them too */
    int64_t bytes;  /* of the room */
};

/* Rows go along the last dimension there is. */
static int last_dim(const struct sieve *sieve)
{
    return sieve->move->target->lattice->npoints - 1;
}

static int64_t rows(const struct sieve *sieve)
{
    return pld_box_volume(sieve->piece) / sieve->ncells;
}

/* Where a row begins in the file. */
static int64_t place_of(const struct sieve *sieve, int64_t row)
{
    const struct pld_target *target = sieve->move->target;
    const struct pld_bricks *bricks = &target->stored->bricks;
    pld_box point = sieve->piece;
    for (int d = 0; d < PLD_MAXDIM; d++)
        point.count[d] = 1;
    for (int d = last_dim(sieve) - 1; d >= 0; d--) {
        point.first[d] += row % sieve->piece.count[d];
        row /= sieve->piece.count[d];
    }
    pld_box there = pld_lattice_bound(target->lattice, point);
    int64_t index = 0;
    for (int d = 0; d < PLD_MAXDIM; d++)
        index =
            index * bricks->brick[d] + there.first[d] - sieve->brick->first[d];
    return sieve->brick->place + index * bricks->point + sieve->skip;
}

static pld_status begin(const struct pld_move *move,
                        const struct pld_brick *brick, pld_box piece,
                        char *data, struct sieve *out)
{
    const struct pld_target *target = move->target;
    const struct pld_lattice *lattice = target->lattice;
    const struct pld_bricks *bricks = &target->stored->bricks;
    int64_t element = bricks->point / target->stored->ncomps;
    /* Conversion does not need its buffer while this works. */
    struct pld_bounce *bounce = &move->file->bounces[PLD_BOUNCE_CONVERT];
    int last = lattice->npoints - 1;
    int64_t step = lattice->step[lattice->dim[last]];
    *out = (struct sieve){.move = move,
                          .brick = brick,
                          .piece = piece,
                          .cell = element * lattice->ncomps,
                          .stride = bricks->point * step,
                          .ncells = piece.count[last],
                          .data = data};
    if (lattice->comps >= 0)
        out->skip = element * lattice->first[lattice->comps];
    out->bytes = move->file->bounce_bytes;
    if (out->bytes < out->cell)
        out->bytes = out->cell;
    PLD_TRY(pld_bounce_need(bounce, out->bytes));
    out->room = bounce->data;
    return PLD_OK;
}

static pld_status pass(const struct sieve *sieve, char *at, int64_t bytes,
                       int64_t place)
{
    pld_file *file = sieve->move->file;
    const char *name = sieve->move->target->name;
    if (sieve->move->direction == PLD_TO_FILE)
        return pld_raw_write(file, name, at, bytes, place);
    return pld_raw_read(file, name, at, bytes, place);
}

static void copy_cells(const struct sieve *sieve, char *there, char *data,
                       int64_t n)
{
    size_t bytes = (size_t)sieve->cell;
    bool writes = sieve->move->direction == PLD_TO_FILE;
    for (int64_t i = 0; i < n; i++) {
        char *at = there + i * sieve->stride;
        char *cell = data + i * sieve->cell;
        memcpy(writes ? at : cell, writes ? cell : at, bytes);
    }
}

static int64_t span(const struct sieve *sieve, int64_t ncells)
{
    return (ncells - 1) * sieve->stride + sieve->cell;
}

/* Cells of one row through the room. */
static pld_status pass_cells(const struct sieve *sieve, char *data, int64_t n,
                             int64_t place)
{
    pld_file *file = sieve->move->file;
    const char *name = sieve->move->target->name;
    int64_t bytes = span(sieve, n);
    if (n == 1)
        return pass(sieve, data, bytes, place);
    PLD_TRY(pld_raw_read(file, name, sieve->room, bytes, place));
    copy_cells(sieve, sieve->room, data, n);
    if (sieve->move->direction == PLD_TO_FILE)
        PLD_TRY(pld_raw_write(file, name, sieve->room, bytes, place));
    return PLD_OK;
}

/* As many cells together as there is room for, but one where they are far
 * apart. */
static pld_status pass_row(const struct sieve *sieve, int64_t row)
{
    int64_t place = place_of(sieve, row);
    char *data = sieve->data + row * sieve->ncells * sieve->cell;
    int64_t most = (sieve->bytes - sieve->cell) / sieve->stride + 1;
    if (sieve->stride - sieve->cell >= WIDE_GAP)
        most = 1;
    for (int64_t i = 0; i < sieve->ncells; i += most) {
        int64_t rest = sieve->ncells - i;
        PLD_TRY(pass_cells(sieve, data + i * sieve->cell,
                           rest < most ? rest : most,
                           place + i * sieve->stride));
    }
    return PLD_OK;
}

/* Rows from `row` on that are read at once, for there is little between them.
 * Between rows lie the points of other ranks: those are not written. */
static int64_t rows_together(const struct sieve *sieve, int64_t row)
{
    int64_t bytes = span(sieve, sieve->ncells);
    int64_t begin = place_of(sieve, row);
    int64_t end = begin + bytes;
    int64_t n = 1;
    if (sieve->move->direction == PLD_TO_FILE)
        return 1;
    for (; row + n < rows(sieve); n++) {
        int64_t next = place_of(sieve, row + n);
        if (next - end >= WIDE_GAP || next + bytes - begin > sieve->bytes)
            break;
        end = next + bytes;
    }
    return n;
}

static pld_status read_rows(const struct sieve *sieve, int64_t row, int64_t n)
{
    int64_t begin = place_of(sieve, row);
    int64_t end = place_of(sieve, row + n - 1) + span(sieve, sieve->ncells);
    PLD_TRY(pld_raw_read(sieve->move->file, sieve->move->target->name,
                         sieve->room, end - begin, begin));
    for (int64_t i = row; i < row + n; i++)
        copy_cells(sieve, sieve->room + place_of(sieve, i) - begin,
                   sieve->data + i * sieve->ncells * sieve->cell,
                   sieve->ncells);
    return PLD_OK;
}

pld_status pld_sieve_pass(const struct pld_move *move,
                          const struct pld_brick *brick, pld_box piece,
                          char *data)
{
    struct sieve sieve;
    PLD_TRY(begin(move, brick, piece, data, &sieve));
    int64_t n = 0;
    for (int64_t row = 0; row < rows(&sieve); row += n) {
        n = rows_together(&sieve, row);
        PLD_TRY(n > 1 ? read_rows(&sieve, row, n) : pass_row(&sieve, row));
    }
    return PLD_OK;
}
