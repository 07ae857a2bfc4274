#ifndef PLD_PAR_ACTIVITY_H
#define PLD_PAR_ACTIVITY_H

#include "par/context.h"

/* Something under way on a context that can move on while this rank waits for
 * something else: another rank may wait for it. Part of what moves. */
struct pld_activity {
    void (*advance)(struct pld_activity *activity); /* never waits */
    struct pld_activity *previous;
    struct pld_activity *next;
};

/* It is under way, and is no more. Local. */
static inline void pld_activity_begin(pld_ctx *ctx,
                                      struct pld_activity *activity)
{
    activity->previous = NULL;
    activity->next = ctx->activities;
    if (activity->next)
        activity->next->previous = activity;
    ctx->activities = activity;
}

static inline void pld_activity_end(pld_ctx *ctx, struct pld_activity *activity)
{
    if (activity->next)
        activity->next->previous = activity->previous;
    if (activity->previous)
        activity->previous->next = activity->next;
    else
        ctx->activities = activity->next;
}

/* Let all move on. Local. */
static inline void pld_activities_advance(const pld_ctx *ctx)
{
    struct pld_activity *activity = ctx->activities;
    for (; activity; activity = activity->next)
        activity->advance(activity);
}

#endif
