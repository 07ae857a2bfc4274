/* The incident wave: the level of the surface over time at the side of
 * lowest x. */
#ifndef WAVE_H
#define WAVE_H

#include <polder.h>

struct wave {
    int64_t count; /* 0: there is none */
    double *time;  /* s, ascending */
    double *level; /* m above still water */
};

/* Read lines of time and level, after any header lines. Local. */
pld_status wave_read(const char *path, struct wave *out);
void wave_free(struct wave *wave);

/* The level at a time: linear between the given ones, 0 after the last. */
double wave_level(const struct wave *wave, double time);
/* The last time given. */
double wave_end(const struct wave *wave);

#endif
