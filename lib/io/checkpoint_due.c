#include "io/checkpoint.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "polder/reduce.h"

/* Left for what nobody has measured: ending the program, the system's delays.
 */
enum { SPARE_SECONDS = 5 };

/* Seconds until the batch job ends. */
static double rest_of_job(void)
{
    const char *text = getenv("SLURM_JOB_END_TIME");
    double end = text ? strtod(text, NULL) : 0;
    return end > 0 ? end - (double)time(NULL) : INFINITY;
}

void pld_checkpoint_start(pld_checkpoint *checkpoint, double walltime)
{
    double rest = walltime > 0    ? walltime
                  : walltime == 0 ? rest_of_job()
                                  : INFINITY;
    checkpoint->saved = MPI_Wtime();
    checkpoint->asked = checkpoint->saved;
    checkpoint->end = checkpoint->saved + rest;
}

/* Of the last few. */
void pld_checkpoint_spent(pld_checkpoint *checkpoint, double seconds)
{
    double cost = checkpoint->cost;
    checkpoint->cost = cost > 0 ? 0.75 * cost + 0.25 * seconds : seconds;
}

static double cost_of(const pld_checkpoint *checkpoint)
{
    return checkpoint->cost > 0 ? checkpoint->cost : 1;
}

static double advice(const pld_checkpoint *checkpoint)
{
    return sqrt(2 * cost_of(checkpoint) * checkpoint->mtbf);
}

/* --- Asking --------------------------------------------------------------- */

enum { SIGNAL, INTERVAL, END, NREASONS };

/* Rank 0's clock is that of all. */
static void look_at_clock(pld_checkpoint *checkpoint, int64_t reasons[NREASONS])
{
    double now = MPI_Wtime();
    double step = now - checkpoint->asked;
    checkpoint->asked = now;
    checkpoint->step = step > checkpoint->step ? step : checkpoint->step;
    if (checkpoint->ctx->rank != 0)
        return;
    double needed =
        SPARE_SECONDS + 2 * (checkpoint->step + cost_of(checkpoint));
    reasons[INTERVAL] =
        checkpoint->mtbf > 0 && now - checkpoint->saved >= advice(checkpoint);
    reasons[END] = now + needed >= checkpoint->end;
}

pld_status pld_checkpoint_due(pld_checkpoint *checkpoint, bool *out)
{
    PLD_TRY(pld_checkpoint_check(checkpoint));
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    int64_t reasons[NREASONS] = {0};
    if (checkpoint->signals)
        reasons[SIGNAL] = pld_checkpoint_heard();
    look_at_clock(checkpoint, reasons);
    PLD_TRY(pld_reduce(checkpoint->ctx, PLD_MAX, PLD_I64, reasons, NREASONS,
                       reasons));
    if (reasons[SIGNAL] != 0)
        checkpoint->signal = (int)reasons[SIGNAL];
    bool ends_now = reasons[END] != 0 && !checkpoint->ending;
    checkpoint->ending = checkpoint->ending || ends_now;
    *out = reasons[SIGNAL] != 0 || reasons[INTERVAL] != 0 || ends_now;
    return PLD_OK;
}

pld_status pld_checkpoint_describe(const pld_checkpoint *checkpoint,
                                   pld_checkpoint_info *out)
{
    PLD_TRY(pld_checkpoint_check(checkpoint));
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    *out = (pld_checkpoint_info){
        .newest = checkpoint->newest,
        .cost = checkpoint->cost,
        .interval = checkpoint->mtbf > 0 ? advice(checkpoint) : 0,
        .signal = checkpoint->signal,
        .ending = checkpoint->ending};
    return PLD_OK;
}
