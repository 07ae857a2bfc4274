#include "comm/directory_book.h"

#include "base/alloc.h"

/* The finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable
 * pseudorandom number generators", OOPSLA 2014): every bit of the name changes
 * half of the bits. The high ones tell the rank, the low ones the line. */
static uint64_t hash(int64_t id)
{
    uint64_t x = (uint64_t)id + UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

int pld_book_home(int64_t id, int nranks)
{
    return (int)((hash(id) >> 32) * (uint64_t)nranks >> 32);
}

pld_status pld_book_create(int64_t n, struct pld_book *out)
{
    int64_t nlines = 8;
    while (nlines / 2 < n)
        nlines *= 2;
    PLD_TRY(pld_alloc("directory", nlines, sizeof *out->lines, &out->lines));
    out->nlines = nlines;
    return PLD_OK;
}

void pld_book_free(struct pld_book *book)
{
    pld_free(book->lines);
    *book = (struct pld_book){0};
}

/* The line that holds a name, or that would. */
static struct pld_book_line *line_of(const struct pld_book *book, int64_t id)
{
    uint64_t mask = (uint64_t)book->nlines - 1;
    uint64_t i = hash(id) & mask;
    while (book->lines[i].used && book->lines[i].id != id)
        i = (i + 1) & mask;
    return &book->lines[i];
}

pld_status pld_book_enter(struct pld_book *book, struct pld_book_line line)
{
    struct pld_book_line *to = line_of(book, line.id);
    PLD_CHECK(!to->used || to->rank != line.rank, PLD_ERR_EXISTS,
              "id %lld is owned twice by rank %d: as roots %lld and %lld",
              (long long)line.id, line.rank, (long long)to->index,
              (long long)line.index);
    PLD_CHECK(!to->used, PLD_ERR_EXISTS,
              "id %lld is owned by rank %d and by rank %d", (long long)line.id,
              to->rank, line.rank);
    *to = line;
    to->used = true;
    return PLD_OK;
}

const struct pld_book_line *pld_book_find(const struct pld_book *book,
                                          int64_t id)
{
    const struct pld_book_line *line = line_of(book, id);
    return line->used ? line : NULL;
}
