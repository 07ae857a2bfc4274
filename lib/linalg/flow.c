#include "linalg/flow.h"

#include "base/alloc.h"
#include "linalg/flow_mail.h"
#include "par/flag.h"
#include "polder/agree.h"

/* Tags that a flow takes at most. */
enum { MOST_TAGS = 1 << 14 };

/* A piece in work. */
struct work {
    int64_t piece;
    int64_t nsteps;
    int64_t step; /* the next one, as far as is known */
};

struct works {
    int64_t n;
    struct work *list; /* ascending */
    int64_t head;      /* the first that has steps left */
};

/* Where all that an own piece needs is read where it lies, the other ranks of
 * the node help: they make steps of it, but for the last one, when they have
 * none of their own. */
struct run {
    pld_ctx *ctx;
    const struct pld_flow *flow;
    struct works own;
    struct works others; /* of the node */
    bool open;           /* others help with own pieces */
    struct pld_flow_mail mail;
};

/* --- Setting up ----------------------------------------------------------- */

static bool is_mine(const struct run *run, int64_t piece)
{
    struct pld_flow_tile tile = run->flow->tile(run->flow->data, piece);
    return tile.tiles->owner[tile.number] == run->ctx->rank;
}

static bool is_near(const struct run *run, int64_t piece)
{
    struct pld_flow_tile tile = run->flow->tile(run->flow->data, piece);
    return pld_tiles_state(tile.tiles, tile.number) != NULL;
}

/* Pieces with steps of this rank's, or of the others of the node; only counted
 * without a list. */
static void find_works(const struct run *run, bool own, struct works *works)
{
    const struct pld_flow *flow = run->flow;
    works->n = 0;
    for (int64_t p = 0; p < flow->npieces; p++) {
        int64_t nsteps = flow->nsteps(flow->data, p);
        if (nsteps == 0 || is_mine(run, p) != own || !is_near(run, p))
            continue;
        if (works->list)
            works->list[works->n] = (struct work){.piece = p, .nsteps = nsteps};
        works->n++;
    }
}

static pld_status list_works(const struct run *run, bool own,
                             struct works *works)
{
    find_works(run, own, works);
    PLD_TRY(pld_alloc("tiles in work", works->n, sizeof *works->list,
                      &works->list));
    if (works->list)
        find_works(run, own, works);
    return PLD_OK;
}

/* --- States --------------------------------------------------------------- */

/* The state of a piece, when it is open: in which round it is, the step that is
 * next, and whether a rank is making it. Who makes a step claims it first; so
 * what was done to the piece before is seen by who comes next. */
static int64_t state_of(const struct pld_flow_tile *tile, int64_t step,
                        bool busy)
{
    return tile->tiles->round << 32 | step << 1 | (busy ? 1 : 0);
}

static void set_state(const struct run *run, int64_t piece, int64_t step)
{
    struct pld_flow_tile tile = run->flow->tile(run->flow->data, piece);
    atomic_store_explicit(pld_tiles_state(tile.tiles, tile.number),
                          state_of(&tile, step, false), memory_order_release);
}

/* Whether the next step of a piece could be claimed. */
enum sight { CLOSED, BUSY, FREE };

/* Look, and see which step it is. */
static enum sight look(const struct run *run, struct work *work)
{
    struct pld_flow_tile tile = run->flow->tile(run->flow->data, work->piece);
    int64_t state = atomic_load_explicit(
        pld_tiles_state(tile.tiles, tile.number), memory_order_acquire);
    if (state >> 32 != tile.tiles->round)
        return CLOSED;
    work->step = (state & UINT32_MAX) >> 1;
    return state % 2 == 0 ? FREE : BUSY;
}

static bool claim(const struct run *run, const struct work *work)
{
    struct pld_flow_tile tile = run->flow->tile(run->flow->data, work->piece);
    int64_t state = state_of(&tile, work->step, false);
    return atomic_compare_exchange_strong(
        pld_tiles_state(tile.tiles, tile.number), &state,
        state_of(&tile, work->step, true));
}

static void open_own(struct run *run)
{
    run->open = run->mail.nwants == 0 && run->ctx->nranks > 1;
    for (int64_t i = 0; i < run->own.n && run->open; i++)
        set_state(run, run->own.list[i].piece, 0);
}

static pld_status prepare(struct run *run, int tag, int ntags)
{
    PLD_TRY(list_works(run, true, &run->own));
    PLD_TRY(pld_flow_mail_create(run->ctx, run->flow, tag, ntags, &run->mail));
    open_own(run);
    return run->open ? list_works(run, false, &run->others) : PLD_OK;
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
static int find_needs(const struct run *run, const struct work *work,
                      int64_t needs[], char *needed[], int64_t *missing)
{
    const struct pld_flow *flow = run->flow;
    int n = flow->needs(flow->data, work->piece, work->step, needs);
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

/* The next step of a piece, if it can be made now. */
static bool try_step(struct run *run, bool open, struct work *work)
{
    int64_t needs[PLD_FLOW_MOST_NEEDS];
    char *needed[PLD_FLOW_MOST_NEEDS] = {NULL};
    int64_t missing = -1;
    int n = find_needs(run, work, needs, needed, &missing);
    if (missing >= 0 || (open && !claim(run, work)))
        return false;
    run->flow->run(run->flow->data, work->piece, work->step, needed);
    for (int i = 0; i < n; i++)
        pld_flow_mail_used(&run->mail, needs[i]);
    work->step++;
    if (open)
        set_state(run, work->piece, work->step);
    return true;
}

/* One step of the first own piece that has one. */
static pld_status make_step(struct run *run, bool *out)
{
    struct works *own = &run->own;
    *out = false;
    for (int64_t i = own->head; i < own->n && !*out; i++) {
        struct work *work = &own->list[i];
        if (work->step == work->nsteps ||
            (run->open && look(run, work) != FREE))
            continue;
        *out = try_step(run, run->open, work);
        if (*out && work->step == work->nsteps)
            PLD_TRY(publish(run, work->piece));
    }
    while (own->head < own->n &&
           own->list[own->head].step == own->list[own->head].nsteps)
        own->head++;
    return PLD_OK;
}

/* Likewise of the others' pieces, but for their last ones; those that are not
 * open have none. */
static bool help(struct run *run)
{
    struct works *others = &run->others;
    bool made = false;
    bool passed = true; /* those before have no steps left */
    for (int64_t i = others->head; i < others->n && !made; i++) {
        struct work *work = &others->list[i];
        enum sight sight = look(run, work);
        bool has_steps = sight != CLOSED && work->step < work->nsteps - 1;
        if (has_steps && sight == FREE)
            made = try_step(run, true, work);
        passed = passed && !has_steps;
        others->head += passed ? 1 : 0;
    }
    return made;
}

/* The rank that has, or works on, what the first piece waits for. */
static int awaited(const struct run *run)
{
    int64_t needs[PLD_FLOW_MOST_NEEDS];
    char *needed[PLD_FLOW_MOST_NEEDS];
    int64_t missing = -1;
    const struct works *works =
        run->own.head < run->own.n ? &run->own : &run->others;
    int64_t piece = works->list[works->head].piece;
    if (works == &run->own)
        find_needs(run, &works->list[works->head], needs, needed, &missing);
    piece = missing < 0 ? piece : missing;
    struct pld_flow_tile tile = run->flow->tile(run->flow->data, piece);
    return tile.tiles->owner[tile.number];
}

static bool is_done(const struct run *run)
{
    return run->own.head == run->own.n && run->others.head == run->others.n;
}

static pld_status make_steps(struct run *run)
{
    struct pld_wait wait = {.nsteps = 0};
    while (!is_done(run)) {
        bool made = false;
        PLD_TRY(pld_flow_mail_advance(&run->mail));
        PLD_TRY(make_step(run, &made));
        made = made || help(run);
        if (made)
            wait = (struct pld_wait){.nsteps = 0};
        else if (!is_done(run))
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
    pld_free(run.others.list);
    pld_free(run.own.list);
    if (!began || failed)
        return status;
    /* From here on nobody reads the tiles of others. */
    return pld_agree(ctx, second);
}
