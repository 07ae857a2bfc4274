#include "io/data.h"
#include "io/pieces.h"

#include "base/alloc.h"
#include "par/message.h"
#include "polder/agree.h"

/* One call of pld_data_write or pld_data_read. */
struct move {
    const struct pld_file *file;
    const struct pld_target *target;
    const struct pld_block *block;
    struct pld_cutting cutting;
    bool direct;  /* HDF5 works on the block itself */
    char *bounce; /* holds a piece otherwise */
    hid_t memory_type;
    hid_t file_space;
    hid_t list;
};

static const int64_t nowhere[PLD_MAXDIM] = {0};

/* Whether the points of the box lie in memory as they do in the file. */
static bool lies_dense(const struct pld_block *block, pld_box box)
{
    struct pld_block dense = pld_block_dense(block->data, box, PLD_INTERLEAVED,
                                             block->ncomps, block->size);
    for (int d = 0; d < PLD_MAXDIM; d++)
        if (box.count[d] > 1 && block->stride[d] != dense.stride[d])
            return false;
    return block->ncomps == 1 || block->comp_stride == dense.comp_stride;
}

static pld_status begin_move(struct move *move, pld_box box)
{
    const struct pld_file *file = move->file;
    const struct pld_block *block = move->block;
    int64_t point = (int64_t)block->size * block->ncomps;
    move->direct = !pld_box_empty(box) && lies_dense(block, box);
    int64_t limit = move->direct ? file->piece_bytes : file->bounce_bytes;
    move->cutting = pld_cut_box(box, limit > point ? limit / point : 1);
    if (!move->direct) {
        int64_t most = pld_box_volume(pld_cut_piece(&move->cutting, 0));
        PLD_TRY(
            pld_alloc("buffer of a file", most, (size_t)point, &move->bounce));
    }
    PLD_TRY(pld_h5_memory_type(move->target->type, &move->memory_type));
    move->file_space = H5Dget_space(move->target->dataset);
    PLD_H5(PLD_ERR_IO, move->file_space, "no shape of '%s'",
           move->target->name);
    move->list = H5Pcreate(H5P_DATASET_XFER);
    PLD_H5(PLD_ERR_INTERNAL, move->list, "no transfer list");
    return PLD_OK;
}

static void end_move(struct move *move)
{
    pld_free(move->bounce);
    pld_h5_close(move->memory_type);
    pld_h5_close(move->file_space);
    pld_h5_close(move->list);
}

static pld_status select_in_file(const struct move *move, pld_box piece)
{
    const struct pld_target *target = move->target;
    if (pld_box_empty(piece)) {
        PLD_H5(PLD_ERR_IO, H5Sselect_none(move->file_space),
               "cannot select nothing of '%s'", target->name);
        return PLD_OK;
    }
    hsize_t start[PLD_MAXDIM + 2];
    hsize_t count[PLD_MAXDIM + 2];
    int n = 0;
    if (target->step >= 0) {
        start[n] = (hsize_t)target->step;
        count[n++] = 1;
    }
    for (int d = 0; d < target->ndims; d++) {
        start[n] = (hsize_t)piece.first[d];
        count[n++] = (hsize_t)piece.count[d];
    }
    if (target->ncomps > 1) {
        start[n] = 0;
        count[n] = (hsize_t)target->ncomps;
    }
    PLD_H5(PLD_ERR_SHAPE,
           H5Sselect_hyperslab(move->file_space, H5S_SELECT_SET, start, NULL,
                               count, NULL),
           "cannot select a part of '%s'", target->name);
    return PLD_OK;
}

/* Memory is one run of elements, whatever its shape. */
static pld_status describe_memory(const struct move *move, pld_box piece,
                                  hid_t *out)
{
    hsize_t n = (hsize_t)(pld_box_volume(piece) * move->block->ncomps);
    hsize_t length = n > 0 ? n : 1;
    hid_t space = H5Screate_simple(1, &length, NULL);
    PLD_H5(PLD_ERR_MEMORY, space, "no space for a part of '%s'",
           move->target->name);
    if (n == 0)
        H5Sselect_none(space);
    *out = space;
    return PLD_OK;
}

/* In integers: index 0 may lie outside of the memory. */
static void *address(const struct pld_block *block, pld_box piece)
{
    uintptr_t at = (uintptr_t)block->data;
    for (int d = 0; d < PLD_MAXDIM; d++)
        at += (uintptr_t)piece.first[d] * (uintptr_t)block->stride[d];
    return (void *)at;
}

static void *buffer_of(const struct move *move, pld_box piece)
{
    bool own = move->direct && !pld_box_empty(piece);
    return own ? address(move->block, piece) : move->bounce;
}

static struct pld_block bounce_block(const struct move *move, pld_box piece)
{
    return pld_block_dense(move->bounce, piece, PLD_INTERLEAVED,
                           move->block->ncomps, move->block->size);
}

typedef pld_status move_piece(const struct move *move, pld_box piece);

static pld_status write_piece(const struct move *move, pld_box piece)
{
    pld_status status = PLD_OK;
    hid_t memory = H5I_INVALID_HID;
    if (!move->direct && !pld_box_empty(piece)) {
        struct pld_block bounce = bounce_block(move, piece);
        pld_block_copy(move->block, piece, &bounce, nowhere);
    }
    PLD_TRY_TO(out, select_in_file(move, piece));
    PLD_TRY_TO(out, describe_memory(move, piece, &memory));
    PLD_H5_TO(out, PLD_ERR_IO,
              H5Dwrite(move->target->dataset, move->memory_type, memory,
                       move->file_space, move->list, buffer_of(move, piece)),
              "cannot write '%s' to '%s'", move->target->name,
              move->file->path);
out:
    pld_h5_close(memory);
    return status;
}

static pld_status read_piece(const struct move *move, pld_box piece)
{
    pld_status status = PLD_OK;
    hid_t memory = H5I_INVALID_HID;
    PLD_TRY_TO(out, select_in_file(move, piece));
    PLD_TRY_TO(out, describe_memory(move, piece, &memory));
    PLD_H5_TO(out, PLD_ERR_IO,
              H5Dread(move->target->dataset, move->memory_type, memory,
                      move->file_space, move->list, buffer_of(move, piece)),
              "cannot read '%s' from '%s'", move->target->name,
              move->file->path);
    if (!move->direct && !pld_box_empty(piece)) {
        struct pld_block bounce = bounce_block(move, piece);
        pld_block_copy(&bounce, piece, move->block, nowhere);
    }
out:
    pld_h5_close(memory);
    return status;
}

/* Bytes of the box that follow each other in the file. */
static int64_t run_bytes(const struct move *move)
{
    hsize_t size[H5S_MAX_RANK];
    pld_box box = move->cutting.box;
    int skip = move->target->step >= 0;
    if (pld_box_empty(box))
        return INT64_MAX;
    H5Sget_simple_extent_dims(move->file_space, size, NULL);
    int64_t bytes = (int64_t)move->block->size * move->block->ncomps;
    for (int d = move->target->ndims - 1; d >= 0; d--) {
        bytes *= box.count[d];
        if ((hsize_t)box.count[d] != size[skip + d])
            break;
    }
    return bytes;
}

/* Each rank moves long runs by itself; short ones are gathered on the way, by
 * calls that all ranks make together: as many as the one with the most pieces,
 * also when their own have failed. */
static pld_status move_pieces(const struct move *move, move_piece *move_one)
{
    int64_t mine[2] = {move->cutting.npieces, -run_bytes(move)};
    int64_t most[2] = {0, 0};
    PLD_TRY_MPI(MPI_Allreduce(mine, most, 2, MPI_INT64_T, MPI_MAX,
                              move->file->ctx->comm));
    bool together = -most[1] < move->file->long_run;
    H5FD_mpio_xfer_t way =
        together ? H5FD_MPIO_COLLECTIVE : H5FD_MPIO_INDEPENDENT;
    int64_t npieces = together ? most[0] : mine[0];
    pld_status first = PLD_OK;
    H5Pset_dxpl_mpio(move->list, way);
    for (int64_t i = 0; i < npieces; i++) {
        pld_status status = move_one(move, pld_cut_piece(&move->cutting, i));
        first = first == PLD_OK ? status : first;
    }
    return first;
}

static pld_status move_box(pld_file *file, const struct pld_target *target,
                           const struct pld_block *block, pld_box box,
                           move_piece *move_one)
{
    pld_status status = PLD_OK;
    struct move move = {.file = file,
                        .target = target,
                        .block = block,
                        .memory_type = H5I_INVALID_HID,
                        .file_space = H5I_INVALID_HID,
                        .list = H5I_INVALID_HID};
    PLD_TRY_TO(out, pld_agree(file->ctx, begin_move(&move, box)));
    status = pld_agree(file->ctx, move_pieces(&move, move_one));
    file->broken |= move_one == write_piece && status != PLD_OK;
out:
    end_move(&move);
    return status;
}

pld_status pld_data_write(pld_file *file, const struct pld_target *target,
                          const struct pld_block *block, pld_box box)
{
    return move_box(file, target, block, box, write_piece);
}

pld_status pld_data_read(pld_file *file, const struct pld_target *target,
                         const struct pld_block *block, pld_box box)
{
    return move_box(file, target, block, box, read_piece);
}

static pld_box line_box(int64_t first, int64_t count)
{
    return (pld_box){.first = {first}, .count = {count, 1, 1}};
}

pld_status pld_data_write_line(pld_file *file, const struct pld_target *target,
                               int64_t first, int64_t count,
                               const double *values)
{
    pld_box box = line_box(first, file->ctx->rank == 0 ? count : 0);
    struct pld_block block =
        pld_block_dense((void *)values, box, PLD_PLANES, 1, sizeof *values);
    return pld_data_write(file, target, &block, box);
}

pld_status pld_data_read_line(pld_file *file, const struct pld_target *target,
                              int64_t first, int64_t count, double *out)
{
    pld_box box = line_box(first, file->ctx->rank == 0 ? count : 0);
    struct pld_block block =
        pld_block_dense(out, box, PLD_PLANES, 1, sizeof *out);
    PLD_TRY(pld_data_read(file, target, &block, box));
    int64_t bytes = count * (int64_t)sizeof *out;
    return pld_broadcast(file->ctx, out, bytes, 0);
}
