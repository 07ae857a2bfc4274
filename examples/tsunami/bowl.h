/* The built-in case: water swinging in a parabolic bowl, wetting and drying its
 * rim, for which W. C. Thacker, "Some exact solutions to the nonlinear
 * shallow-water wave equations", J. Fluid Mech. 107 (1981) 499-508, gives the
 * solution: the surface stays a paraboloid. */
#ifndef BOWL_H
#define BOWL_H

#include "model.h"

/* The domain in n x n cells. Local. */
struct domain bowl_domain(int64_t n);

/* After this time the water is back at its start. */
double bowl_period(void);

/* Fill bed and depth with the start, all at rest. Local. */
void bowl_fill(struct model *model);

/* Error of the depth at the model's time, as a share of the water, and
 * what may be expected of cells of this size. *Collective*. */
pld_status bowl_error(struct model *model, double *error, double *expected);

#endif
