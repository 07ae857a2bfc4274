#ifndef PLD_PAR_REDUCTION_H
#define PLD_PAR_REDUCTION_H

#include "polder/exact.h"
#include "polder/reduction.h"
#include "par/context.h"

/* What a term adds to the message. The parts of all terms lie in arrays, one
 * for each kind, in the order of the terms. */
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

/* How the message is combined. */
enum pld_wire {
    PLD_WIRE_ADD,   /* only integers to add: MPI_SUM */
    PLD_WIRE_PLAIN, /* only doubles to add: MPI_SUM */
    PLD_WIRE_KEYS,  /* only keys, of no place: MPI_MIN */
    PLD_WIRE_MIXED  /* the context's own operation, over the whole record */
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
    double *edges; /* of all histograms */
    char *room;    /* where all parts lie */
    bool scalars;  /* each term is the sum of one double of each rank */
    struct pld_board *board; /* NULL: by messages, of which all below is */

    struct pld_parts parts; /* of all terms */
    pld_exact *sums;        /* of this rank, kept for a second message */
    pld_exact *totals;      /* of all ranks */
    pld_exact_form *forms;  /* of each sum */
    int *windows;           /* of each sum, from the run before */
    int64_t *counts;
    double *plain;
    struct pld_extreme *extremes;
    char *record;   /* this rank's */
    char *gathered; /* those of all ranks */

    bool once;      /* to be run but once, ... */
    bool enveloped; /* ... in an envelope: see envelope.h */
    enum pld_wire wire;
    int64_t *words;
    int64_t nwords[2];       /* in full, in windows */
    MPI_Datatype records[2]; /* as one element each, when mixed */
    MPI_Request requests[2]; /* of the message, and of the records */
    bool in_windows;         /* the message that is under way */
    bool has_windows;        /* there was a run before */
    int nfull;               /* runs to be made in full after a miss */
    int penalty;             /* such runs after the last miss */
    int64_t nshort, nrepeated;
};

/* What a term adds; it has been checked. */
struct pld_parts pld_term_parts(const pld_term *term);
/* The form that the exact sum `i` of a term needs. */
pld_exact_form pld_term_form(const pld_term *term, int64_t i);

/* Where the parts of a term lie: advanced by the parts of the ones before. */
struct pld_cursor {
    pld_exact *sums;
    int64_t *counts;
    double *plain;
    struct pld_extreme *extremes;
    char *record;
};
struct pld_cursor pld_cursor_start(pld_reduction *reduction, pld_exact *sums);
void pld_cursor_advance(struct pld_cursor *cursor, const pld_term *term);

/* The same term with what was left out of it made explicit. */
pld_term pld_term_complete(const pld_term *term);

/* Whether this rank's terms make sense. */
pld_status pld_terms_check(int nterms, const pld_term *terms);
/* What must be the same on all ranks, of terms that have been checked. */
uint64_t pld_terms_digest(int nterms, const pld_term *terms);
/* Whether all ranks ask for the same. Collective, agreed. */
pld_status pld_terms_agree(pld_ctx *ctx, int nterms, const pld_term *terms);

/* The parts of this rank's elements. */
pld_status pld_term_compute(const pld_term *term, struct pld_cursor at);
/* Add the sums of this rank's elements to those that are there already, of a
 * term that consists of exact sums. */
pld_status pld_term_add_sums(const pld_term *term, pld_exact *sums);
/* The result from the parts of all ranks. */
void pld_term_conclude(const pld_term *term, struct pld_cursor at);

/* Choose and size the message of a reduction whose parts are counted. */
pld_status pld_wire_plan(pld_reduction *reduction);
/* Set it up, once there is memory for it, and take it down. */
pld_status pld_wire_create(pld_reduction *reduction);
void pld_wire_destroy(pld_reduction *reduction);
/* Put the parts into the words. */
pld_status pld_wire_pack(pld_reduction *reduction);
/* Send the parts, waiting for the result or not. */
pld_status pld_wire_send(pld_reduction *reduction, bool wait);
/* Wait for what was sent, and put the combined parts in place of the own. */
pld_status pld_wire_receive(pld_reduction *reduction);

/* Combine records of PLD_WIRE_MIXED: see reduction_wire.c. */
MPI_User_function pld_wire_combine;
void pld_wire_combine_words(const int64_t *in, int64_t *inout, int64_t nwords);

/* The nearest element of a floating-point type, ties to even. */
void pld_exact_store(const pld_exact *sum, pld_type type, void *out);

#endif
