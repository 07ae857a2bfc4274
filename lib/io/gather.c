#include "io/data.h"
#include "io/pieces.h"

#include "base/alloc.h"
#include "par/message.h"
#include "polder/agree.h"

/* Two phases: ranks hand the points of a slab to the one that writes it, or
 * get them from the one that has read it. A slab is a piece of the variable
 * that follows itself in the file; round by round each of the gathering ranks
 * has one, so that no rank ever holds more than a few buffers. Each looks up
 * the others' parts in their boxes, 48 bytes a rank.
 *
 * R. Thakur, W. Gropp, E. Lusk: "Data sieving and collective I/O in ROMIO",
 * Frontiers 1999, doi:10.1109/FMPC.1999.750599. */

static const int64_t nowhere[PLD_MAXDIM] = {0};

struct gather {
    const struct pld_move *move;
    pld_ctx *ctx;
    struct pld_cutting slabs;
    int ngatherers;
    int64_t nrounds; /* slabs of a gathering rank, at most */
    int own;         /* number of this rank among them, or -1 */
    int tag;
    pld_box *boxes;        /* of all ranks */
    MPI_Request *requests; /* one for each rank */
    pld_box slab;          /* that this rank gathers now */
    struct pld_block data; /* of the slab */
    char *buffer;          /* of the slab */
    char *parts;           /* of it: from the others, or for them */
    char *part;            /* of this rank, for or from another */
    pld_status first;      /* what went wrong */
};

static void note(struct gather *gather, pld_status status)
{
    if (gather->first == PLD_OK)
        gather->first = status;
}

/* --- Who has what ------------------------------------------------------------
 */

/* The gathering ranks are spread evenly, so that all nodes take part. */
static int rank_of(const struct gather *gather, int gatherer)
{
    return (int)((int64_t)gatherer * gather->ctx->nranks / gather->ngatherers);
}

/* Slabs of a gathering rank follow each other; empty when it has no more. */
static pld_box slab_of(const struct gather *gather, int gatherer, int64_t round)
{
    return pld_cut_piece(&gather->slabs, gatherer * gather->nrounds + round);
}

static int64_t bytes_of(const struct gather *gather, pld_box box)
{
    const struct pld_block *block = gather->move->block;
    return pld_box_volume(box) * (int64_t)block->size * block->ncomps;
}

static struct pld_block dense(const struct gather *gather, char *data,
                              pld_box box)
{
    const struct pld_block *block = gather->move->block;
    return pld_block_dense(data, box, PLD_INTERLEAVED, block->ncomps,
                           block->size);
}

static pld_status need(pld_file *file, int which, int64_t bytes, char **out)
{
    PLD_TRY(pld_bounce_need(&file->bounces[which], bytes));
    *out = file->bounces[which].data;
    return PLD_OK;
}

/* All memory, so that nothing fails on the way. */
static pld_status allocate(struct gather *gather)
{
    pld_file *file = gather->move->file;
    int n = gather->ctx->nranks;
    int64_t bytes = bytes_of(gather, pld_cut_piece(&gather->slabs, 0));
    PLD_TRY(
        pld_alloc("boxes of ranks", n, sizeof *gather->boxes, &gather->boxes));
    PLD_TRY(pld_alloc("messages of a file", n, sizeof(MPI_Request),
                      &gather->requests));
    PLD_TRY(need(file, PLD_BOUNCE_SLAB, bytes, &gather->buffer));
    PLD_TRY(need(file, PLD_BOUNCE_PARTS, bytes, &gather->parts));
    return need(file, PLD_BOUNCE_OWN, bytes, &gather->part);
}

static pld_status begin(const struct pld_move *move, struct gather *gather)
{
    const struct pld_bricks *bricks = &move->target->stored->bricks;
    pld_ctx *ctx = move->file->ctx;
    int64_t point = (int64_t)move->block->size * move->block->ncomps;
    int64_t limit = move->file->bounce_bytes / point;
    const struct pld_lattice *lattice = move->target->lattice;
    pld_box whole = {.first = {0}};
    for (int d = 0; d < PLD_MAXDIM; d++)
        whole.count[d] = lattice != NULL ? lattice->count[d] : bricks->size[d];
    *gather =
        (struct gather){.move = move,
                        .ctx = ctx,
                        .slabs = pld_cut_box(whole, limit > 1 ? limit : 1),
                        .own = -1,
                        .tag = pld_ctx_tag(ctx)};
    int64_t nslabs = gather->slabs.npieces;
    gather->ngatherers = nslabs < ctx->nranks ? (int)nslabs : ctx->nranks;
    gather->nrounds = (nslabs + gather->ngatherers - 1) / gather->ngatherers;
    for (int i = 0; i < gather->ngatherers; i++)
        if (rank_of(gather, i) == ctx->rank)
            gather->own = i;
    PLD_TRY(pld_agree(ctx, allocate(gather)));
    PLD_TRY_MPI(MPI_Allgather(&move->box, (int)sizeof(pld_box), MPI_BYTE,
                              gather->boxes, (int)sizeof(pld_box), MPI_BYTE,
                              ctx->comm));
    return PLD_OK;
}

static void end(struct gather *gather)
{
    pld_free(gather->requests);
    pld_free(gather->boxes);
}

/* --- The parts of a slab, on the rank that gathers it
 * -------------------------
 */

typedef pld_status do_part(struct gather *gather, int peer, pld_box part,
                           char *data);

/* Those of other ranks lie dense, one behind the other. */
static void for_parts(struct gather *gather, do_part *what)
{
    char *data = gather->parts;
    for (int peer = 0; peer < gather->ctx->nranks; peer++) {
        pld_box part = pld_box_intersect(gather->boxes[peer], gather->slab);
        if (pld_box_empty(part) || peer == gather->ctx->rank)
            continue;
        note(gather, what(gather, peer, part, data));
        data += bytes_of(gather, part);
    }
}

static pld_status receive_part(struct gather *gather, int peer, pld_box part,
                               char *data)
{
    return pld_ireceive(gather->ctx, data, bytes_of(gather, part), peer,
                        gather->tag, &gather->requests[peer]);
}

static pld_status unpack_part(struct gather *gather, int peer, pld_box part,
                              char *data)
{
    (void)peer;
    struct pld_block from = dense(gather, data, part);
    pld_block_copy(&from, part, &gather->data, nowhere);
    return PLD_OK;
}

static pld_status send_part(struct gather *gather, int peer, pld_box part,
                            char *data)
{
    struct pld_block to = dense(gather, data, part);
    pld_block_copy(&gather->data, part, &to, nowhere);
    return pld_isend(gather->ctx, data, bytes_of(gather, part), peer,
                     gather->tag, &gather->requests[peer]);
}

static pld_status wait_for_parts(struct gather *gather)
{
    for (int i = 0; i < gather->ctx->nranks; i++)
        PLD_TRY_MPI(MPI_Wait(&gather->requests[i], MPI_STATUS_IGNORE));
    return PLD_OK;
}

static void move_slab(struct gather *gather)
{
    struct pld_move move = *gather->move;
    move.block = &gather->data;
    move.box = gather->slab;
    note(gather, pld_move_direct(&move));
}

/* --- This rank's points of the others' slabs ---------------------------------
 */

static pld_status give(struct gather *gather, int gatherer, pld_box part)
{
    const struct pld_block *block = gather->move->block;
    if (gatherer == gather->own) {
        pld_block_copy(block, part, &gather->data, nowhere);
        return PLD_OK;
    }
    struct pld_block to = dense(gather, gather->part, part);
    pld_block_copy(block, part, &to, nowhere);
    return pld_send(gather->ctx, gather->part, bytes_of(gather, part),
                    rank_of(gather, gatherer), gather->tag);
}

static pld_status get(struct gather *gather, int gatherer, pld_box part)
{
    const struct pld_block *block = gather->move->block;
    if (gatherer == gather->own) {
        pld_block_copy(&gather->data, part, block, nowhere);
        return PLD_OK;
    }
    PLD_TRY(pld_receive(gather->ctx, gather->part, bytes_of(gather, part),
                        rank_of(gather, gatherer), gather->tag));
    struct pld_block from = dense(gather, gather->part, part);
    pld_block_copy(&from, part, block, nowhere);
    return PLD_OK;
}

/* Each rank begins with the slab of another one. */
static void for_slabs(struct gather *gather, int64_t round)
{
    bool gives = gather->move->direction == PLD_TO_FILE;
    int n = gather->ngatherers;
    int first = (int)((int64_t)gather->ctx->rank * n / gather->ctx->nranks);
    for (int i = 0; i < n; i++) {
        int gatherer = (first + i) % n;
        pld_box part = pld_box_intersect(gather->move->box,
                                         slab_of(gather, gatherer, round));
        if (pld_box_empty(part))
            continue;
        note(gather, gives ? give(gather, gatherer, part)
                           : get(gather, gatherer, part));
    }
}

/* --- Rounds ------------------------------------------------------------------
 */

static void begin_round(struct gather *gather, int64_t round)
{
    gather->slab = (pld_box){.count = {0}};
    if (gather->own >= 0)
        gather->slab = slab_of(gather, gather->own, round);
    gather->data = dense(gather, gather->buffer, gather->slab);
    for (int i = 0; i < gather->ctx->nranks; i++)
        gather->requests[i] = MPI_REQUEST_NULL;
}

/* What is received is asked for before anything is sent, and what is sent is
 * on its way before anything is waited for: no rank waits for itself. */
static void write_round(struct gather *gather, int64_t round)
{
    begin_round(gather, round);
    for_parts(gather, receive_part);
    for_slabs(gather, round);
    note(gather, wait_for_parts(gather));
    for_parts(gather, unpack_part);
    move_slab(gather);
}

static void read_round(struct gather *gather, int64_t round)
{
    begin_round(gather, round);
    move_slab(gather);
    for_parts(gather, send_part);
    for_slabs(gather, round);
    note(gather, wait_for_parts(gather));
}

pld_status pld_move_gathered(const struct pld_move *move)
{
    pld_status status = PLD_OK;
    struct gather gather;
    PLD_TRY_TO(out, begin(move, &gather));
    for (int64_t round = 0; round < gather.nrounds; round++) {
        if (move->direction == PLD_TO_FILE)
            write_round(&gather, round);
        else
            read_round(&gather, round);
    }
    status = gather.first;
out:
    end(&gather);
    return status;
}
