#ifndef PLD_PAR_RANGES_H
#define PLD_PAR_RANGES_H

#include <stdint.h>

#include "polder/status.h"

/* Parts of a file that are mapped, in the order of their offsets. */
struct pld_range {
    int64_t offset;
    int64_t bytes;
    char *address;
    int64_t users; /* how often it was asked for */
};

struct pld_ranges {
    int64_t n;
    int64_t room;
    struct pld_range *list;
};

/* Make room for one more, which pld_ranges_add takes; what is returned is valid
 * until the next change. Nothing is held by an empty list. */
pld_status pld_ranges_prepare(struct pld_ranges *ranges);
struct pld_range *pld_ranges_add(struct pld_ranges *ranges,
                                 struct pld_range range);
void pld_ranges_remove(struct pld_ranges *ranges, struct pld_range *range);
void pld_ranges_free(struct pld_ranges *ranges);

/* One that holds all of these bytes of the file, or this address; or NULL. */
struct pld_range *pld_ranges_holding(const struct pld_ranges *ranges,
                                     int64_t offset, int64_t bytes);
struct pld_range *pld_ranges_at(const struct pld_ranges *ranges,
                                const void *address);

/* Lowest multiple of `align` from which `bytes` bytes overlap with none. */
int64_t pld_ranges_gap(const struct pld_ranges *ranges, int64_t bytes,
                       int64_t align);

#endif
