/* What a run writes into its folder, and when. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "gauges.h"

struct output {
    const struct options *options;
    struct gauges gauges;
    pld_series *series;
    int64_t nframes; /* states in the series */
    double last_frame;
    int64_t frames_due; /* intervals that are over */
    int64_t saves_due;
};

/* Begin, or go on in, the files of options->output; write the start. Without
 * a folder nothing is written by any of these. *Collective, agreed*. */
pld_status output_open(const struct options *options, struct model *model,
                       struct output *output);

/* When the next state is due, so that a step can end there. Local. */
double output_next(const struct output *output);

/* Write what is due after a step. *Collective, agreed*. */
pld_status output_step(struct output *output, struct model *model);

/* Write the final state and the map. *Collective, agreed*. */
pld_status output_close(struct output *output, struct model *model);

#endif
