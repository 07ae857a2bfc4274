/* A map for plotting programs, as text: columns x y elevation highest arrival,
 * an empty line after each row of cells, NaN where never wet or reached. */
#ifndef MAP_H
#define MAP_H

#include "model.h"

/* Write it from a saved state: all cells, or every second, third ... so that
 * no side has more than 800. *Collective, agreed*. */
pld_status map_write(const struct model *model, const char *state,
                     const char *path);

#endif
