#ifndef PLD_COMM_PATTERN_H
#define PLD_COMM_PATTERN_H

#include <stdint.h>

#include "polder/status.h"

/* A list of indices, held in as little memory as its shape allows: which
 * entries of an array are packed into a message, or unpacked from one. Pure
 * arithmetic. */

enum { PLD_PATTERN_LOOPS = 3, PLD_PATTERN_CHUNK = 512, PLD_PATTERN_RUN = 16 };

typedef enum pld_pattern_kind {
    PLD_PATTERN_BOX,    /* up to three nested loops: contiguous, strided, ... */
    PLD_PATTERN_RUNS,   /* contiguous pieces, of PLD_PATTERN_RUN or more */
    PLD_PATTERN_NARROW, /* 32 bits each, from the lowest one on */
    PLD_PATTERN_WIDE    /* 64 bits each */
} pld_pattern_kind;

struct pld_pattern_loop {
    int64_t n;
    int64_t step;
};

struct pld_pattern_run {
    int64_t first; /* index */
    int64_t end;   /* entries of the list up to and with this run */
};

struct pld_pattern {
    pld_pattern_kind kind;
    int64_t n;
    int64_t base;                                     /* BOX, NARROW */
    struct pld_pattern_loop loops[PLD_PATTERN_LOOPS]; /* innermost first */
    int64_t nruns;
    struct pld_pattern_run *runs;
    uint32_t *narrow;
    int64_t *wide;
};

/* Hold a list of indices, none negative. On failure *out is empty. */
pld_status pld_pattern_create(int64_t n, const int64_t *indices,
                              struct pld_pattern *out);
void pld_pattern_destroy(struct pld_pattern *list);

/* Memory that is held beyond the struct. */
int64_t pld_pattern_bytes(const struct pld_pattern *list);

/* Write the indices first ... first + n - 1 of the list; n is at most
 * PLD_PATTERN_CHUNK. */
void pld_pattern_expand(const struct pld_pattern *list, int64_t first, int n,
                        int64_t *out);

/* Copy entries of so many bytes: entries first ... first + n - 1 of the list to
 * a dense array; from a dense array to those; and from all of one list to those
 * of another one of the same length. */
void pld_pattern_gather(const struct pld_pattern *list, int64_t first,
                        int64_t n, size_t bytes, const char *from, char *to);
void pld_pattern_scatter(const struct pld_pattern *list, int64_t first,
                         int64_t n, size_t bytes, const char *from, char *to);
void pld_pattern_copy(const struct pld_pattern *from_list,
                      const struct pld_pattern *to_list, size_t bytes,
                      const char *from, char *to);

/* The run that holds an entry of a list of runs. */
int64_t pld_pattern_run_of(const struct pld_pattern *list, int64_t entry);

#endif
