#include "io/data.h"

#include "polder/agree.h"

bool pld_lies_dense(const struct pld_block *block, pld_box box)
{
    struct pld_block dense = pld_block_dense(block->data, box, PLD_INTERLEAVED,
                                             block->ncomps, block->size);
    for (int d = 0; d < PLD_MAXDIM; d++)
        if (box.count[d] > 1 && block->stride[d] != dense.stride[d])
            return false;
    return block->ncomps == 1 || block->comp_stride == dense.comp_stride;
}

/* Bytes of the shortest run that this rank would move by itself. */
static int64_t shortest_run(const struct pld_move *move)
{
    const struct pld_target *target = move->target;
    const struct pld_bricks *bricks = &target->stored->bricks;
    pld_box there = pld_lattice_bound(target->lattice, move->box);
    int64_t shortest = INT64_MAX;
    int64_t next = 0;
    struct pld_brick brick;
    if (pld_lattice_sparse(target->lattice, target->stored->ncomps))
        return 0;
    while (pld_bricks_next(bricks, there, &next, &brick)) {
        int64_t bytes = pld_brick_runs(bricks, brick.part).bytes;
        shortest = bytes < shortest ? bytes : shortest;
    }
    return shortest;
}

/* Whether some rank's runs are too short to be worth a call of the system
 * each. The same on all ranks. */
static pld_status is_gathered(const struct pld_move *move, bool *out)
{
    pld_ctx *ctx = move->file->ctx;
    int64_t shortest = INT64_MAX;
    *out = false;
    if (!move->target->whole || ctx->nranks == 1)
        return PLD_OK;
    int64_t own = shortest_run(move);
    PLD_TRY_MPI(
        MPI_Allreduce(&own, &shortest, 1, MPI_INT64_T, MPI_MIN, ctx->comm));
    *out = shortest < move->file->long_run;
    return PLD_OK;
}

static pld_status move_by_itself(const struct pld_move *move)
{
    pld_file *file = move->file;
    bool gathered = false;
    PLD_TRY(is_gathered(move, &gathered));
    pld_status status = pld_agree(file->ctx, gathered ? pld_move_gathered(move)
                                                      : pld_move_direct(move));
    file->broken |= move->direction == PLD_TO_FILE && status != PLD_OK &&
                    status != PLD_ERR_MEMORY;
    return status;
}

static pld_status move_box(const struct pld_move *move)
{
    if (pld_file_is_direct(move->file) && move->target->stored->reachable)
        return move_by_itself(move);
    PLD_TRY(pld_file_share(move->file));
    return pld_move_shared(move);
}

pld_status pld_data_write(pld_file *file, const struct pld_target *target,
                          const struct pld_block *block, pld_box box)
{
    return move_box(&(struct pld_move){file, target, PLD_TO_FILE, block, box});
}

pld_status pld_data_read(pld_file *file, const struct pld_target *target,
                         const struct pld_block *block, pld_box box)
{
    return move_box(
        &(struct pld_move){file, target, PLD_FROM_FILE, block, box});
}
