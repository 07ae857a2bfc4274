#ifndef PLD_IO_PACKING_H
#define PLD_IO_PACKING_H

#include "io/hdf5.h"

/* Numbers that were packed into small integers, as netCDF's conventions have
 * it: value = stored * scale_factor + add_offset, and some stored numbers stand
 * for none. */

/* Numbers for missing ones, at most. */
#define PLD_PACKING_MISSING 8

struct pld_packing {
    double scale;
    double offset;
    bool scaled; /* by a factor or an offset */
    int nmissing;
    double missing[PLD_PACKING_MISSING]; /* as they are stored */
    double least;                        /* that is valid, as it is stored */
    double most;
    double wrap;        /* added to what is below 0: it is unsigned */
    double replacement; /* of what is missing */
};

/* What the attributes of a variable say. On rank 0, *local*. */
pld_status pld_packing_find(hid_t dataset, const char *name,
                            struct pld_packing *out);

/* Make of `n` numbers, f64, those that they mean, in place: as `type`, f64 or
 * f32, one behind the other. */
void pld_packing_undo(const struct pld_packing *packing, pld_type type,
                      int64_t n, void *values);

#endif
