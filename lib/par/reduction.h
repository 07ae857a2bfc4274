#ifndef PLD_PAR_REDUCTION_H
#define PLD_PAR_REDUCTION_H

#include "polder/exact.h"
#include "polder/reduction.h"
#include "par/context.h"

/* What a term adds to the record of a rank. */
struct pld_parts {
    int64_t nsums;     /* exact sums */
    int64_t ncounts;   /* integers that are added up, modulo 2^64 */
    int64_t nplain;    /* doubles that are added up as MPI likes */
    int64_t nextremes; /* lowest keys with their place */
    int64_t nbytes;    /* of a record that the caller's function combines */
};

/* The lowest key, and of its places the lowest. INT64_MAX for a place: there
 * is none. */
struct pld_extreme {
    int64_t key;
    int64_t place[PLD_MAXDIM];
};

/* First word of a live reduction, cleared when it is destroyed. */
#define PLD_REDUCTION_ALIVE 0x72656475u

struct pld_board;
struct pld_reduction {
    uint32_t alive;
    bool begun;
    pld_ctx *ctx;
    int nterms;
    pld_term *terms;
    double *edges;   /* of all histograms */
    bool scalars;    /* each term is the sum of one double of each rank */
    pld_exact *sums; /* of a term */
    struct pld_board *board;
};

/* What a term adds; it has been checked. */
struct pld_parts pld_term_parts(const pld_term *term);

/* Where the parts of a term lie. */
struct pld_cursor {
    pld_exact *sums;
    int64_t *counts;
    double *plain;
    struct pld_extreme *extremes;
};

/* The same term with what was left out of it made explicit. */
pld_term pld_term_complete(const pld_term *term);

/* Whether this rank's terms make sense. */
pld_status pld_terms_check(int nterms, const pld_term *terms);
/* Whether all ranks ask for the same. Collective, agreed. */
pld_status pld_terms_agree(pld_ctx *ctx, int nterms, const pld_term *terms);

/* The parts of this rank's elements. */
pld_status pld_term_compute(const pld_term *term, struct pld_cursor at);
/* Add the sums of this rank's elements to those that are there already, of a
 * term that consists of exact sums. */
pld_status pld_term_add_sums(const pld_term *term, pld_exact *sums);
/* The result from the parts of all ranks. */
void pld_term_conclude(const pld_term *term, struct pld_cursor at);

/* The nearest element of a floating-point type, ties to even. */
void pld_exact_store(const pld_exact *sum, pld_type type, void *out);

#endif
