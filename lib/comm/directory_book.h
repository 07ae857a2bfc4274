#ifndef PLD_COMM_DIRECTORY_BOOK_H
#define PLD_COMM_DIRECTORY_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "polder/status.h"

/* What one rank keeps of a directory: which root has a name. A hash table with
 * open addressing. Pure arithmetic. */

struct pld_book_line {
    int64_t id;
    int64_t index;
    int rank;
    bool used;
};

struct pld_book {
    int64_t nlines; /* a power of two, more than is entered */
    struct pld_book_line *lines;
};

/* The rank where those meet who own or need a name. */
int pld_book_home(int64_t id, int nranks);

/* Room for n names. */
pld_status pld_book_create(int64_t n, struct pld_book *out);
void pld_book_free(struct pld_book *book);

/* Enter one; PLD_ERR_EXISTS when the name is there. */
pld_status pld_book_enter(struct pld_book *book, struct pld_book_line line);

/* NULL: not there. */
const struct pld_book_line *pld_book_find(const struct pld_book *book,
                                          int64_t id);

#endif
