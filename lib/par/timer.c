#include "polder/timer.h"
#include "par/context.h"

#include <string.h>
#include <time.h>

double pld_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* What the processor counts all the time: a reading takes a third of one of
 * the clock, by which it is measured when seconds are asked for. */
static inline int64_t count_ticks(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    return (int64_t)__builtin_ia32_rdtsc();
#else
    return (int64_t)(1e9 * pld_time());
#endif
}

static double seconds_of(const pld_ctx *ctx, int64_t ticks)
{
    int64_t all = count_ticks() - ctx->start_ticks;
    double seconds = pld_time() - ctx->start_time;
    return all > 0 && ticks > 0 ? (double)ticks / (double)all * seconds : 0;
}

void pld_phase_init(pld_ctx *ctx)
{
    ctx->start_time = pld_time();
    ctx->start_ticks = count_ticks();
    static const char *const names[PLD_PHASE_OWN] = {
        [PLD_PHASE_EXCHANGE] = "exchange",
        [PLD_PHASE_REDUCE] = "reduce",
        [PLD_PHASE_FILE] = "file"};
    for (int phase = 0; phase < PLD_PHASE_OWN; phase++)
        strcpy(ctx->phases[phase].name, names[phase]);
    ctx->nphases = PLD_PHASE_OWN;
}

void pld_phase_begin(pld_ctx *ctx, int phase)
{
    struct pld_phase *p = &ctx->phases[phase];
    if (p->depth++ == 0)
        p->entered = count_ticks();
}

void pld_phase_end(pld_ctx *ctx, int phase)
{
    struct pld_phase *p = &ctx->phases[phase];
    if (--p->depth > 0)
        return;
    p->ticks += count_ticks() - p->entered;
    p->calls++;
}

/* Its number, or ctx->nphases when there is none of that name. */
static int find_phase(const pld_ctx *ctx, const char *name)
{
    int phase = 0;
    while (phase < ctx->nphases && strcmp(ctx->phases[phase].name, name) != 0)
        phase++;
    return phase;
}

static pld_status check_arguments(const pld_ctx *ctx, const char *phase)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    PLD_CHECK(phase != NULL, PLD_ERR_ARG, "phase is NULL");
    return PLD_OK;
}

static pld_status add_phase(pld_ctx *ctx, const char *name)
{
    PLD_CHECK(strlen(name) < PLD_CTX_PHASE_NAME, PLD_ERR_ARG,
              "phase '%s' has a name of more than %d characters", name,
              PLD_CTX_PHASE_NAME - 1);
    PLD_CHECK(ctx->nphases < PLD_CTX_PHASES, PLD_ERR_ARG,
              "phase '%s' is one too many: a context has room for %d", name,
              PLD_CTX_PHASES);
    strcpy(ctx->phases[ctx->nphases++].name, name);
    return PLD_OK;
}

pld_status pld_timer_begin(pld_ctx *ctx, const char *phase)
{
    PLD_TRY(check_arguments(ctx, phase));
    int number = find_phase(ctx, phase);
    if (number == ctx->nphases)
        PLD_TRY(add_phase(ctx, phase));
    PLD_CHECK(ctx->phases[number].depth == 0, PLD_ERR_STATE,
              "phase '%s' is entered already", phase);
    pld_phase_begin(ctx, number);
    return PLD_OK;
}

pld_status pld_timer_end(pld_ctx *ctx, const char *phase)
{
    PLD_TRY(check_arguments(ctx, phase));
    int number = find_phase(ctx, phase);
    PLD_CHECK(number < ctx->nphases && ctx->phases[number].depth > 0,
              PLD_ERR_STATE, "phase '%s' was not entered", phase);
    pld_phase_end(ctx, number);
    return PLD_OK;
}

/* NULL when there is no such phase. */
static const struct pld_phase *look_up(const pld_ctx *ctx, const char *phase)
{
    if (ctx == NULL || phase == NULL)
        return NULL;
    int number = find_phase(ctx, phase);
    return number < ctx->nphases ? &ctx->phases[number] : NULL;
}

double pld_timer_seconds(const pld_ctx *ctx, const char *phase)
{
    const struct pld_phase *found = look_up(ctx, phase);
    if (found == NULL)
        return 0;
    int64_t running = found->depth > 0 ? count_ticks() - found->entered : 0;
    return seconds_of(ctx, found->ticks + running);
}

int64_t pld_timer_calls(const pld_ctx *ctx, const char *phase)
{
    const struct pld_phase *found = look_up(ctx, phase);
    return found != NULL ? found->calls : 0;
}

void pld_timer_reset(pld_ctx *ctx)
{
    if (ctx == NULL)
        return;
    for (int phase = 0; phase < ctx->nphases; phase++) {
        ctx->phases[phase].ticks = 0;
        ctx->phases[phase].calls = 0;
        ctx->phases[phase].entered = count_ticks();
    }
}
