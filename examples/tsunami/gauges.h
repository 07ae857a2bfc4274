/* Gauges: the surface at points, between the cells around them, as CSV. */
#ifndef GAUGES_H
#define GAUGES_H

#include "model.h"
#include "options.h"

struct gauges {
    int count;
    pld_sample *sample; /* of the depth */
    double *depth;      /* on rank 0, as the others */
    double *bed;
    FILE *file;
};

/* Find the gauges on the model's bed. *Collective, agreed*. */
pld_status gauges_create(const struct options *options,
                         const struct model *model, struct gauges *out);

/* Begin DIR/gauges.csv; or go on in it after the row of the model's step.
 * *Collective, agreed*. */
pld_status gauges_open(struct gauges *gauges, const struct options *options,
                       const struct model *model);

/* Write the row of a step. *Collective*. */
pld_status gauges_write(struct gauges *gauges, const struct model *model);

/* Have what was written in the file. *Collective, agreed*. */
pld_status gauges_flush(struct gauges *gauges, const struct model *model);
pld_status gauges_close(struct gauges *gauges, const struct model *model);

#endif
