#include "linalg/flow.h"

#include "base/alloc.h"
#include "linalg/flow_mail.h"
#include "par/flag.h"
#include "polder/agree.h"

/* Tags that a flow takes at most. */
enum { MOST_TAGS = 1 << 14 };

/* A piece of this rank's. */
struct own {
    int64_t piece;
    int64_t nsteps;
    int64_t step; /* the next one */
};

struct run {
    pld_ctx *ctx;
    const struct pld_flow *flow;
    int64_t nown;
    struct own *own; /* those with steps, ascending */
    int64_t head;    /* the first that is not done */
    struct pld_flow_mail mail;
};

/* --- Setting up ----------------------------------------------------------- */

static bool is_mine(const struct run *run, int64_t piece)
{
    struct pld_flow_tile tile = run->flow->tile(run->flow->data, piece);
    return tile.tiles->owner[tile.number] == run->ctx->rank;
}

/* Own pieces with steps; only counted without a list. */
static void find_own(struct run *run)
{
    const struct pld_flow *flow = run->flow;
    run->nown = 0;
    for (int64_t p = 0; p < flow->npieces; p++) {
        int64_t nsteps = flow->nsteps(flow->data, p);
        if (nsteps == 0 || !is_mine(run, p))
            continue;
        if (run->own)
            run->own[run->nown] = (struct own){.piece = p, .nsteps = nsteps};
        run->nown++;
    }
}

static pld_status prepare(struct run *run, int tag, int ntags)
{
    find_own(run);
    PLD_TRY(pld_alloc("own tiles", run->nown, sizeof *run->own, &run->own));
    if (run->own)
        find_own(run);
    return pld_flow_mail_create(run->ctx, run->flow, tag, ntags, &run->mail);
}

/* Tags in a row; the same on all ranks. */
static int take_tags(pld_ctx *ctx, int64_t npieces, int *ntags)
{
    int64_t most = ctx->max_tag / 4 < MOST_TAGS ? ctx->max_tag / 4 : MOST_TAGS;
    int64_t n = npieces < most ? npieces : most;
    *ntags = n > 0 ? (int)n : 1;
    if (ctx->next_tag > ctx->max_tag - *ntags)
        ctx->next_tag = 0;
    int tag = ctx->next_tag;
    ctx->next_tag += *ntags;
    return tag;
}

/* --- Steps ---------------------------------------------------------------- */

/* Its elements if it is done; NULL: not yet. */
static char *find(const struct run *run, int64_t piece)
{
    const struct pld_flow *flow = run->flow;
    struct pld_flow_tile tile = flow->tile(flow->data, piece);
    pld_tile_flag *flag = pld_tiles_flag(tile.tiles, tile.number);
    if (flag == NULL)
        return pld_flow_mail_at(&run->mail, piece);
    if (flow->nsteps(flow->data, piece) > 0 &&
        atomic_load_explicit(flag, memory_order_acquire) < tile.tiles->round)
        return NULL;
    return pld_tiles_at(tile.tiles, tile.number);
}

/* What the next step of a piece needs; `*missing`: a piece that is not done,
 * -1: none. Returns how many. */
static int find_needs(const struct run *run, const struct own *own,
                      int64_t needs[], char *needed[], int64_t *missing)
{
    const struct pld_flow *flow = run->flow;
    int n = flow->needs(flow->data, own->piece, own->step, needs);
    *missing = -1;
    for (int i = 0; i < n && *missing < 0; i++) {
        needed[i] = find(run, needs[i]);
        if (needed[i] == NULL)
            *missing = needs[i];
    }
    return n;
}

static pld_status publish(struct run *run, int64_t piece)
{
    struct pld_flow_tile tile = run->flow->tile(run->flow->data, piece);
    atomic_store_explicit(pld_tiles_flag(tile.tiles, tile.number),
                          tile.tiles->round, memory_order_release);
    return pld_flow_mail_send(&run->mail, piece);
}

/* The next step of a piece, if it can be made. */
static pld_status try_step(struct run *run, struct own *own, bool *out)
{
    int64_t needs[PLD_FLOW_MOST_NEEDS];
    char *needed[PLD_FLOW_MOST_NEEDS] = {NULL};
    int64_t missing = -1;
    int n = find_needs(run, own, needs, needed, &missing);
    *out = missing < 0;
    if (missing >= 0)
        return PLD_OK;
    run->flow->run(run->flow->data, own->piece, own->step, needed);
    for (int i = 0; i < n; i++)
        pld_flow_mail_used(&run->mail, needs[i]);
    own->step++;
    return own->step == own->nsteps ? publish(run, own->piece) : PLD_OK;
}

/* One step of the first piece that has one. */
static pld_status make_step(struct run *run, bool *out)
{
    *out = false;
    for (int64_t i = run->head; i < run->nown && !*out; i++)
        if (run->own[i].step < run->own[i].nsteps)
            PLD_TRY(try_step(run, &run->own[i], out));
    while (run->head < run->nown &&
           run->own[run->head].step == run->own[run->head].nsteps)
        run->head++;
    return PLD_OK;
}

/* The owner of what the first piece waits for. */
static int awaited(const struct run *run)
{
    int64_t needs[PLD_FLOW_MOST_NEEDS];
    char *needed[PLD_FLOW_MOST_NEEDS];
    int64_t missing = -1;
    find_needs(run, &run->own[run->head], needs, needed, &missing);
    if (missing < 0)
        return run->ctx->rank;
    struct pld_flow_tile tile = run->flow->tile(run->flow->data, missing);
    return tile.tiles->owner[tile.number];
}

static pld_status make_steps(struct run *run)
{
    struct pld_wait wait = {.nsteps = 0};
    while (run->head < run->nown) {
        bool made = false;
        PLD_TRY(pld_flow_mail_advance(&run->mail));
        PLD_TRY(make_step(run, &made));
        if (made)
            wait = (struct pld_wait){.nsteps = 0};
        else
            PLD_TRY(pld_wait_step(run->ctx, &wait, awaited(run)));
    }
    return PLD_OK;
}

/* --- All of it ------------------------------------------------------------ */

static pld_status send_first(struct run *run)
{
    const struct pld_flow *flow = run->flow;
    for (int64_t p = 0; p < flow->npieces && run->mail.nsends > 0; p++)
        if (flow->nsteps(flow->data, p) == 0 && is_mine(run, p))
            PLD_TRY(pld_flow_mail_send(&run->mail, p));
    return PLD_OK;
}

static pld_status wait_sent(struct run *run)
{
    struct pld_wait wait = {.nsteps = 0};
    bool gone = false;
    PLD_TRY(pld_flow_mail_is_gone(&run->mail, &gone));
    while (!gone) {
        PLD_TRY(pld_wait_step(run->ctx, &wait, run->ctx->rank));
        PLD_TRY(pld_flow_mail_is_gone(&run->mail, &gone));
    }
    return PLD_OK;
}

static pld_status work(struct run *run)
{
    PLD_TRY(pld_flow_mail_advance(&run->mail));
    PLD_TRY(send_first(run));
    PLD_TRY(make_steps(run));
    return wait_sent(run);
}

pld_status pld_flow_run(pld_ctx *ctx, const struct pld_flow *flow)
{
    struct run run = {.ctx = ctx, .flow = flow};
    int ntags = 0;
    int tag = take_tags(ctx, flow->npieces, &ntags);
    pld_status status = pld_agree(ctx, prepare(&run, tag, ntags));
    bool began = status == PLD_OK;
    if (began)
        status = work(&run);
    bool failed = began && status != PLD_OK;
    pld_status second = pld_flow_mail_destroy(&run.mail, failed);
    pld_free(run.own);
    if (!began || failed)
        return status;
    /* From here on nobody reads the tiles of others. */
    return pld_agree(ctx, second);
}
