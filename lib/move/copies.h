#ifndef PLD_MOVE_COPIES_H
#define PLD_MOVE_COPIES_H

#include "mesh/copy.h"
#include "polder/status.h"

/* Copies worked out beforehand, in groups that are made together. */
struct pld_copies {
    int64_t ncopies;
    struct pld_copy *copies;
    int64_t ngroups;
    int64_t *ends; /* of each group in `copies` */
};

/* Room for so many. */
pld_status pld_copies_create(int64_t ncopies, int64_t ngroups,
                             struct pld_copies *out);
void pld_copies_destroy(struct pld_copies *copies);

/* Put a copy into the group that is open; one of several that copy so many
 * bytes in all, unless `bulk` is 0. */
void pld_copies_add(struct pld_copies *copies, struct pld_copy copy);
void pld_copies_add_bulk(struct pld_copies *copies, struct pld_copy copy,
                         int64_t bulk);

/* Close it. */
void pld_copies_end_group(struct pld_copies *copies);

void pld_copies_run(const struct pld_copies *copies, int64_t group);

/* The same so many bytes further on in where it reads or writes. */
void pld_copies_run_moved(const struct pld_copies *copies, int64_t group,
                          int64_t from, int64_t to);

/* Memory that is held. */
int64_t pld_copies_bytes(const struct pld_copies *copies);

#endif
