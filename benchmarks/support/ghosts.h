#ifndef GHOSTS_H
#define GHOSTS_H

#include <polder.h>

/* Whether an exchange filled the right ghosts of an f64 field. */

/* Set own points to a function of their global index, ghosts to 0. */
void ghosts_reset(pld_field *field);

/* Whether own points and the ghosts that `stencil` needs hold that function of
 * the index they stand for, and all others 0. */
bool ghosts_are_right(const pld_field *field, pld_stencil stencil);

#endif
