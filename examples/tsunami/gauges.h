/* Gauges: the surface at points, between the cells around them, as CSV. */
#ifndef GAUGES_H
#define GAUGES_H

#include "model.h"
#include "options.h"

struct gauges {
    int count;
    double (*share)[2]; /* of the upper and right cells of its four */
    FILE *file;         /* on rank 0 */
};

/* Have the model watch the four cells around each gauge. Local. */
pld_status gauges_watch(const struct options *options, struct model *model,
                        struct gauges *out);

/* Begin DIR/gauges.csv; or go on in it after the row of the model's step.
 * *Collective, agreed*. */
pld_status gauges_open(struct gauges *gauges, const struct options *options,
                       const struct model *model);

/* Write the row of a step. Local; rank 0 writes. */
void gauges_write(struct gauges *gauges, const struct model *model);

/* Have what was written in the file. *Collective, agreed*. */
pld_status gauges_flush(struct gauges *gauges, const struct model *model);
pld_status gauges_close(struct gauges *gauges, const struct model *model);

#endif
