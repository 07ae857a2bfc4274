#include "move/copies.h"

#include "base/alloc.h"

pld_status pld_copies_create(int64_t ncopies, int64_t ngroups,
                             struct pld_copies *out)
{
    *out = (struct pld_copies){0};
    PLD_TRY(pld_alloc("copies", ncopies, sizeof *out->copies, &out->copies));
    return pld_alloc("groups of copies", ngroups, sizeof *out->ends,
                     &out->ends);
}

void pld_copies_destroy(struct pld_copies *copies)
{
    pld_free(copies->ends);
    pld_free(copies->copies);
    *copies = (struct pld_copies){0};
}

void pld_copies_add(struct pld_copies *copies, struct pld_copy copy)
{
    copies->copies[copies->ncopies++] = copy;
}

void pld_copies_add_bulk(struct pld_copies *copies, struct pld_copy copy,
                         int64_t bulk)
{
    if (bulk > 0)
        pld_copy_choose(&copy, bulk);
    pld_copies_add(copies, copy);
}

void pld_copies_end_group(struct pld_copies *copies)
{
    copies->ends[copies->ngroups++] = copies->ncopies;
}

static int64_t first_of(const struct pld_copies *copies, int64_t group)
{
    return group > 0 ? copies->ends[group - 1] : 0;
}

void pld_copies_run(const struct pld_copies *copies, int64_t group)
{
    for (int64_t i = first_of(copies, group); i < copies->ends[group]; i++)
        pld_copy_run(&copies->copies[i]);
}

void pld_copies_run_moved(const struct pld_copies *copies, int64_t group,
                          int64_t from, int64_t to)
{
    for (int64_t i = first_of(copies, group); i < copies->ends[group]; i++) {
        struct pld_copy copy = copies->copies[i];
        copy.from += from;
        copy.to += to;
        pld_copy_run(&copy);
    }
}

int64_t pld_copies_bytes(const struct pld_copies *copies)
{
    return copies->ncopies * (int64_t)sizeof *copies->copies +
           copies->ngroups * (int64_t)sizeof *copies->ends;
}
