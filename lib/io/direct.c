#include "io/carry.h"
#include "io/pieces.h"
#include "io/raw.h"
#include "io/sieve.h"

/* A rank's own box, read or written by that rank itself. */

/* A piece lies dense in `data`; the runs of it follow each other there. */
static pld_status pass_runs(const struct pld_move *move,
                            const struct pld_brick *brick, pld_box piece,
                            char *data)
{
    const struct pld_target *target = move->target;
    const struct pld_bricks *bricks = &target->stored->bricks;
    const char *name = target->name;
    if (pld_lattice_sparse(target->lattice, target->stored->ncomps))
        return pld_sieve_pass(move, brick, piece, data);
    pld_box there = pld_lattice_bound(target->lattice, piece);
    struct pld_runs runs = pld_brick_runs(bricks, there);
    for (int64_t i = 0; i < runs.count; i++) {
        int64_t place = pld_brick_run(bricks, brick, there, i);
        char *at = data + i * runs.bytes;
        if (move->direction == PLD_TO_FILE)
            PLD_TRY(pld_raw_write(move->file, name, at, runs.bytes, place));
        else
            PLD_TRY(pld_raw_read(move->file, name, at, runs.bytes, place));
    }
    return PLD_OK;
}

/* Checksums are of what has just been read, or is to be written next: it is
 * in the cache either way. */
static pld_status move_runs(const struct pld_move *move,
                            const struct pld_brick *brick, pld_box piece,
                            char *data)
{
    struct pld_checksum *checksum = move->target->checksum;
    if (move->direction == PLD_TO_FILE)
        pld_checksum_add(checksum, piece, data);
    PLD_TRY(pass_runs(move, brick, piece, data));
    if (move->direction == PLD_FROM_FILE)
        pld_checksum_add(checksum, piece, data);
    return PLD_OK;
}

static pld_status move_through(const struct pld_carry *carry,
                               const struct pld_brick *brick, pld_box piece)
{
    char *data = NULL;
    PLD_TRY(pld_carry_room(carry, pld_box_volume(piece), &data));
    if (carry->move->direction == PLD_TO_FILE) {
        PLD_TRY(pld_carry_pack(carry, piece));
        return move_runs(carry->move, brick, piece, data);
    }
    PLD_TRY(move_runs(carry->move, brick, piece, data));
    return pld_carry_unpack(carry, piece);
}

static pld_status move_brick(const struct pld_carry *carry,
                             const struct pld_brick *brick)
{
    const struct pld_move *move = carry->move;
    pld_box part =
        pld_lattice_inside(move->target->lattice, move->box, brick->part);
    bool dense = pld_carry_dense(carry, part);
    bool small = !dense || move->target->checksum != NULL;
    struct pld_cutting cutting =
        pld_cut_box(part, pld_carry_limit(carry, !small));
    for (int64_t i = 0; i < cutting.npieces; i++) {
        pld_box piece = pld_cut_piece(&cutting, i);
        if (dense)
            PLD_TRY(move_runs(move, brick, piece,
                              pld_block_at(move->block, piece.first)));
        else
            PLD_TRY(move_through(carry, brick, piece));
    }
    return PLD_OK;
}

pld_status pld_move_direct(const struct pld_move *move)
{
    pld_status status = PLD_OK;
    struct pld_carry carry;
    struct pld_brick brick;
    int64_t next = 0;
    PLD_TRY_TO(out, pld_carry_begin(move, &carry));
    PLD_TRY_TO(out, pld_file_reach(move->file));
    pld_box there = pld_lattice_bound(move->target->lattice, move->box);
    while (pld_bricks_next(&move->target->stored->bricks, there, &next, &brick))
        PLD_TRY_TO(out, move_brick(&carry, &brick));
out:
    pld_carry_end(&carry);
    return status;
}
