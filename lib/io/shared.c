#include "io/carry.h"
#include "io/pieces.h"

#include "polder/agree.h"

/* HDF5 through MPI-IO: for what lies at no fixed place, because it is filtered
 * or never had any, and for file systems whose clients do not see each
 * other's pages. */

struct way {
    const struct pld_move *move;
    struct pld_carry carry;
    struct pld_cutting cutting;
    bool dense;   /* HDF5 works on the block itself */
    char *bounce; /* otherwise on a piece here */
    hid_t dataset;
    hid_t file_space;
    hid_t list;
};

static pld_status begin(const struct pld_move *move, struct way *way)
{
    PLD_TRY(pld_carry_begin(move, &way->carry));
    way->dense =
        !pld_box_empty(move->box) && pld_carry_dense(&way->carry, move->box);
    way->cutting =
        pld_cut_box(move->box, pld_carry_limit(&way->carry, way->dense));
    int64_t most = pld_box_volume(pld_cut_piece(&way->cutting, 0));
    if (!way->dense)
        PLD_TRY(pld_carry_room(&way->carry, most, &way->bounce));
    way->list = H5Pcreate(H5P_DATASET_XFER);
    PLD_H5(PLD_ERR_INTERNAL, way->list, "no transfer list");
    return PLD_OK;
}

/* Done by all together. */
static pld_status open_dataset(struct way *way)
{
    const struct pld_move *move = way->move;
    const char *name = move->target->name;
    way->dataset = H5Dopen2(move->file->shared, name, H5P_DEFAULT);
    PLD_H5(PLD_ERR_CORRUPT, way->dataset, "cannot open '%s' in '%s'", name,
           move->file->path);
    way->file_space = H5Dget_space(way->dataset);
    PLD_H5(PLD_ERR_IO, way->file_space, "no shape of '%s'", name);
    return PLD_OK;
}

/* Closing what could not be written is what HDF5 does not come back from. */
static void end(struct way *way)
{
    if (!way->move->file->broken)
        pld_h5_close(way->dataset);
    pld_h5_close(way->file_space);
    pld_h5_close(way->list);
    pld_carry_end(&way->carry);
}

/* Not empty. */
static pld_status select_lattice(const struct way *way, pld_box piece)
{
    const struct pld_lattice *lattice = way->move->target->lattice;
    hsize_t start[PLD_VARIABLE_MAXDIM];
    hsize_t stride[PLD_VARIABLE_MAXDIM];
    hsize_t count[PLD_VARIABLE_MAXDIM];
    for (int v = 0; v < lattice->ndims; v++) {
        int role = lattice->role[v];
        bool along = role != PLD_ROLE_FIXED && role != PLD_ROLE_COMPONENTS;
        int64_t n = role == PLD_ROLE_COMPONENTS ? lattice->ncomps : 1;
        int64_t skip = along ? lattice->step[v] * piece.first[role] : 0;
        start[v] = (hsize_t)(lattice->first[v] + skip);
        stride[v] = (hsize_t)lattice->step[v];
        count[v] = (hsize_t)(along ? piece.count[role] : n);
    }
    PLD_H5(PLD_ERR_SHAPE,
           H5Sselect_hyperslab(way->file_space, H5S_SELECT_SET, start, stride,
                               count, NULL),
           "cannot select a part of '%s'", way->move->target->name);
    return PLD_OK;
}

static pld_status select_in_file(const struct way *way, pld_box piece)
{
    const struct pld_target *target = way->move->target;
    if (pld_box_empty(piece)) {
        PLD_H5(PLD_ERR_IO, H5Sselect_none(way->file_space),
               "cannot select nothing of '%s'", target->name);
        return PLD_OK;
    }
    hsize_t start[PLD_VARIABLE_MAXDIM];
    hsize_t count[PLD_VARIABLE_MAXDIM];
    int n = 0;
    if (target->lattice != NULL)
        return select_lattice(way, piece);
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
           H5Sselect_hyperslab(way->file_space, H5S_SELECT_SET, start, NULL,
                               count, NULL),
           "cannot select a part of '%s'", target->name);
    return PLD_OK;
}

/* Memory is one run of elements, whatever its shape. */
static pld_status describe_memory(const struct way *way, pld_box piece,
                                  hid_t *out)
{
    hsize_t n = (hsize_t)(pld_box_volume(piece) * way->move->block->ncomps);
    hsize_t length = n > 0 ? n : 1;
    hid_t space = H5Screate_simple(1, &length, NULL);
    PLD_H5(PLD_ERR_MEMORY, space, "no space for a part of '%s'",
           way->move->target->name);
    if (n == 0)
        H5Sselect_none(space);
    *out = space;
    return PLD_OK;
}

static pld_status pass(const struct way *way, hid_t memory, void *data)
{
    const struct pld_move *move = way->move;
    bool writes = move->direction == PLD_TO_FILE;
    hid_t type = way->carry.stored;
    herr_t result = writes ? H5Dwrite(way->dataset, type, memory,
                                      way->file_space, way->list, data)
                           : H5Dread(way->dataset, type, memory,
                                     way->file_space, way->list, data);
    PLD_H5(PLD_ERR_IO, result, "cannot %s '%s' %s '%s'",
           writes ? "write" : "read", move->target->name,
           writes ? "to" : "from", move->file->path);
    return PLD_OK;
}

/* A piece may be empty: HDF5 is to be called all the same. */
static pld_status move_piece(const struct way *way, pld_box piece)
{
    pld_status status = PLD_OK;
    const struct pld_move *move = way->move;
    bool through = !way->dense && !pld_box_empty(piece);
    hid_t memory = H5I_INVALID_HID;
    void *data = way->bounce;
    if (way->dense && !pld_box_empty(piece))
        data = pld_block_at(move->block, piece.first);
    if (through && move->direction == PLD_TO_FILE)
        PLD_TRY_TO(out, pld_carry_pack(&way->carry, piece));
    PLD_TRY_TO(out, select_in_file(way, piece));
    PLD_TRY_TO(out, describe_memory(way, piece, &memory));
    if (move->direction == PLD_TO_FILE)
        pld_checksum_add(move->target->checksum, piece, data);
    PLD_TRY_TO(out, pass(way, memory, data));
    if (move->direction == PLD_FROM_FILE)
        pld_checksum_add(move->target->checksum, piece, data);
    if (through && move->direction == PLD_FROM_FILE)
        PLD_TRY_TO(out, pld_carry_unpack(&way->carry, piece));
out:
    pld_h5_close(memory);
    return status;
}

/* Bytes of the box that follow each other in the file. */
static int64_t run_bytes(const struct way *way)
{
    hsize_t size[H5S_MAX_RANK];
    const struct pld_move *move = way->move;
    int skip = move->target->step >= 0;
    if (move->target->lattice != NULL)
        return 0;
    if (pld_box_empty(move->box))
        return INT64_MAX;
    H5Sget_simple_extent_dims(way->file_space, size, NULL);
    int64_t bytes = (int64_t)move->block->size * move->block->ncomps;
    for (int d = move->target->ndims - 1; d >= 0; d--) {
        bytes *= move->box.count[d];
        if ((hsize_t)move->box.count[d] != size[skip + d])
            break;
    }
    return bytes;
}

/* Each rank moves long runs by itself; short ones are gathered on the way, and
 * chunks that may be filtered belong to nobody: both by calls that all ranks
 * make together, as many as the one with the most pieces, also when their own
 * have failed. */
static pld_status move_pieces(const struct way *way)
{
    const struct pld_file *file = way->move->file;
    int64_t mine[2] = {way->cutting.npieces, -run_bytes(way)};
    int64_t most[2] = {0, 0};
    PLD_TRY_MPI(
        MPI_Allreduce(mine, most, 2, MPI_INT64_T, MPI_MAX, file->ctx->comm));
    bool together =
        way->move->target->stored->chunked || -most[1] < file->long_run;
    int64_t npieces = together ? most[0] : mine[0];
    pld_status first = PLD_OK;
    H5Pset_dxpl_mpio(way->list,
                     together ? H5FD_MPIO_COLLECTIVE : H5FD_MPIO_INDEPENDENT);
    for (int64_t i = 0; i < npieces; i++) {
        pld_status status = move_piece(way, pld_cut_piece(&way->cutting, i));
        first = first == PLD_OK ? status : first;
    }
    return first;
}

pld_status pld_move_shared(const struct pld_move *move)
{
    pld_status status = PLD_OK;
    pld_ctx *ctx = move->file->ctx;
    struct way way = {.move = move,
                      .dataset = H5I_INVALID_HID,
                      .file_space = H5I_INVALID_HID,
                      .list = H5I_INVALID_HID};
    PLD_TRY_TO(out, pld_agree(ctx, begin(move, &way)));
    PLD_TRY_TO(out, pld_agree(ctx, open_dataset(&way)));
    status = pld_agree(ctx, move_pieces(&way));
    move->file->broken |= status != PLD_OK && move->direction == PLD_TO_FILE;
out:
    end(&way);
    return status;
}
