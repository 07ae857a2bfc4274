#include "io/carry.h"

static const int64_t nowhere[PLD_MAXDIM] = {0};

pld_status pld_carry_begin(const struct pld_move *move, struct pld_carry *out)
{
    const struct pld_target *target = move->target;
    int64_t memory = (int64_t)move->block->size * move->block->ncomps;
    int64_t stored =
        target->stored->bricks.point / target->stored->ncomps * target->ncomps;
    *out = (struct pld_carry){.move = move,
                              .stored = H5I_INVALID_HID,
                              .memory = H5I_INVALID_HID,
                              .widest = memory > stored ? memory : stored};
    bool packed = target->packing != NULL;
    int64_t unpacked = target->ncomps * (int64_t)sizeof(double);
    if (packed && out->widest < unpacked)
        out->widest = unpacked;
    PLD_TRY(pld_h5_memory_type(packed ? PLD_F64 : target->type, &out->memory));
    PLD_TRY(pld_stored_type(target->stored, &out->stored));
    out->converts = packed || H5Tequal(out->stored, out->memory) <= 0;
    return PLD_OK;
}

void pld_carry_end(struct pld_carry *carry)
{
    pld_h5_close(carry->stored);
    pld_h5_close(carry->memory);
}

bool pld_carry_dense(const struct pld_carry *carry, pld_box box)
{
    return !carry->converts && pld_lies_dense(carry->move->block, box);
}

int64_t pld_carry_limit(const struct pld_carry *carry, bool dense)
{
    const pld_file *file = carry->move->file;
    int64_t bytes = dense ? file->piece_bytes : file->bounce_bytes;
    return bytes > carry->widest ? bytes / carry->widest : 1;
}

static struct pld_bounce *bounce(const struct pld_carry *carry, int which)
{
    return &carry->move->file->bounces[which];
}

pld_status pld_carry_room(const struct pld_carry *carry, int64_t npoints,
                          char **out)
{
    int64_t bytes = npoints * carry->widest;
    PLD_TRY(pld_bounce_need(bounce(carry, PLD_BOUNCE_FILE), bytes));
    if (carry->converts)
        PLD_TRY(pld_bounce_need(bounce(carry, PLD_BOUNCE_CONVERT), bytes));
    *out = bounce(carry, PLD_BOUNCE_FILE)->data;
    return PLD_OK;
}

/* In place: the buffer has room for the wider type. */
static pld_status convert(const struct pld_carry *carry, hid_t from, hid_t to,
                          int64_t npoints)
{
    if (!carry->converts)
        return PLD_OK;
    size_t n = (size_t)(npoints * carry->move->block->ncomps);
    PLD_H5(PLD_ERR_TYPE,
           H5Tconvert(from, to, n, bounce(carry, PLD_BOUNCE_FILE)->data,
                      bounce(carry, PLD_BOUNCE_CONVERT)->data, H5P_DEFAULT),
           "cannot convert '%s'", carry->move->target->name);
    return PLD_OK;
}

static struct pld_block dense_block(const struct pld_carry *carry,
                                    pld_box piece)
{
    const struct pld_block *block = carry->move->block;
    return pld_block_dense(bounce(carry, PLD_BOUNCE_FILE)->data, piece,
                           PLD_INTERLEAVED, block->ncomps, block->size);
}

pld_status pld_carry_pack(const struct pld_carry *carry, pld_box piece)
{
    struct pld_block dense = dense_block(carry, piece);
    pld_block_copy(carry->move->block, piece, &dense, nowhere);
    return convert(carry, carry->memory, carry->stored, pld_box_volume(piece));
}

pld_status pld_carry_unpack(const struct pld_carry *carry, pld_box piece)
{
    struct pld_block dense = dense_block(carry, piece);
    const struct pld_target *target = carry->move->target;
    int64_t npoints = pld_box_volume(piece);
    PLD_TRY(convert(carry, carry->stored, carry->memory, npoints));
    if (target->packing != NULL)
        pld_packing_undo(target->packing, target->type,
                         npoints * target->ncomps,
                         bounce(carry, PLD_BOUNCE_FILE)->data);
    pld_block_copy(&dense, piece, carry->move->block, nowhere);
    return PLD_OK;
}
