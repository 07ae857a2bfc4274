/* The full state in one HDF5 file: to go on from, and to look at. */
#ifndef STATE_H
#define STATE_H

#include "model.h"

/* Axes y and x, for files. */
void state_axes(const struct domain *domain, pld_axis out[2]);

/* Save the state, and how many states the series holds, under a path: a file
 * of this name is replaced when the new one is complete. *Collective, agreed*.
 */
pld_status state_save(struct model *model, const char *path, int64_t nframes);

/* Go back to a saved state, also of another number of ranks. It must be of the
 * same cells and bed. *Collective, agreed*. */
pld_status state_restore(struct model *model, const char *path,
                         int64_t *nframes);

#endif
