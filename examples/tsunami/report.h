/* What the user sees: a line of progress on a terminal, a screen at the end. */
#ifndef REPORT_H
#define REPORT_H

#include "model.h"
#include "options.h"

struct report {
    double end;         /* of simulated time */
    bool shows;         /* the line of progress; on rank 0 */
    double began;       /* pld_time() when stepping began */
    double shown;       /* and when the line of progress was last written */
    double first_time;  /* simulated time when stepping began */
    int64_t first_step; /* and step */
    double seconds;     /* that stepping took */
    double shares[3];   /* of exchange, reductions, files; mean of ranks */
};

/* Stepping begins. Local. */
void report_begin(struct report *report, const struct options *options,
                  const struct model *model);

/* Rewrite the line of progress, a few times a second. Local. */
void report_progress(struct report *report, const struct model *model);

/* Stepping has ended. *Collective*. */
pld_status report_end(struct report *report, const struct model *model);

/* Print all but the title, on rank 0. *Collective*. */
pld_status report_print(const struct report *report,
                        const struct options *options, struct model *model);

#endif
