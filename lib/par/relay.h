#ifndef PLD_PAR_RELAY_H
#define PLD_PAR_RELAY_H

#include "par/board.h"

/* A record as boards keep it and messages carry it. */
struct pld_record {
    int32_t error;  /* 0, or the status of a failure: words are a verdict */
    int32_t nwords; /* that follow */
    uint64_t call;
    int64_t words[];
};

/* Make it say that a rank failed. */
void pld_record_fail(struct pld_record *record, int rank, pld_status status);
/* Take over the error it says; `own` is this rank's or PLD_OK. */
pld_status pld_record_share(const struct pld_record *record, pld_status own);
/* Words that a failure takes. */
int64_t pld_record_verdict_words(void);

/* What is merged, and whose: `rank` is the one named when calls differ. */
struct pld_record_of {
    const struct pld_record *record;
    int rank;
};

/* Merge up to PLD_BOARD_MOST_RECORDS of them, in ascending order of ranks. */
void pld_records_merge(pld_merge *merge, const void *how, int n,
                       const struct pld_record_of *of, struct pld_record *out);

/* The exchange of records between leaders: one message each to the partners of
 * a tree in which all end up with the same, log2(leaders) of them. */
struct pld_relay;

/* `leaders` are ranks in ascending order, or NULL: all ranks; this rank's is
 * number `index`. Records of up to so many words. Local. */
pld_status pld_relay_create(pld_ctx *ctx, int nleaders, int index,
                            const int *leaders, int64_t nwords, int tag,
                            struct pld_relay **out);
void pld_relay_destroy(struct pld_relay *relay);

/* Send the first message, or make ready for it: `own` must stay as it is until
 * the end. */
pld_status pld_relay_begin(struct pld_relay *relay,
                           const struct pld_record *own);
/* The record of all, until the next begin. */
pld_status pld_relay_end(struct pld_relay *relay, pld_merge *merge,
                         const void *how, const struct pld_record **out);

/* Where the record of a node can be merged before it is sent. */
struct pld_record *pld_relay_room(struct pld_relay *relay, int which);

#endif
