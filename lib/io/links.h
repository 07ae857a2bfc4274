#ifndef PLD_IO_LINKS_H
#define PLD_IO_LINKS_H

#include "io/file.h"

/* Dimension scales and the links between them and variables, as "HDF5 Dimension
 * Scale Specification and Design Notes" (The HDF Group) has them, which
 * netCDF-4 builds on: a scale has a CLASS and a NAME, a variable a
 * DIMENSION_LIST of its scales, and a scale a REFERENCE_LIST of its variables.
 * That one is written when the description is handed over or closed, and not
 * again for each variable. On rank 0, *local*. */

/* A scale that is known: as it was asked for, and where it is. */
struct pld_scale_known;

/* Make a dataset a scale. */
pld_status pld_scale_mark(hid_t dataset, const char *name);
bool pld_scale_is(hid_t dataset);
/* The beginning of its NAME; "" if it has none. */
void pld_scale_name(hid_t scale, size_t room, char *out);

/* What a scale is asked for by. */
struct pld_scale_key {
    const char *name;
    pld_type type;
    int64_t count;
    /* Coordinates are origin + (i + half) * spacing, if they matter. */
    double origin;
    double half;
    double spacing;
    bool exact;
};

/* The one that was remembered for this key, or NULL. */
struct pld_scale_known *pld_scale_recall(const pld_file *file,
                                         const struct pld_scale_key *key);
pld_status pld_scale_remember(pld_file *file, const struct pld_scale_key *key,
                              hid_t dataset, struct pld_scale_known **out);

/* Give each of the dimensions of a new variable its scale. */
pld_status pld_links_make(hid_t dataset, int ndims,
                          struct pld_scale_known *const *scales);

/* Forget those of a variable that is about to be removed. */
void pld_links_drop(pld_file *file, const char *name);

/* Write what scales refer to. */
pld_status pld_links_settle(pld_file *file);

void pld_links_forget(pld_file *file);

#endif
