#include "linalg/work.h"

#include "base/alloc.h"

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t ceiling(int64_t n, int64_t unit)
{
    return (n + unit - 1) / unit;
}

int64_t pld_work_npanels(int64_t k)
{
    int64_t whole = k / PLD_PANEL;
    return whole + (k - whole * PLD_PANEL >= (whole ? PLD_PANEL_LEAST : 1));
}

/* Where a panel begins, of the `npanels` of k. */
static int64_t panel_at(int64_t k, int64_t panel)
{
    return panel < pld_work_npanels(k) ? panel * PLD_PANEL : k;
}

/* The first panel that does not begin before a place. */
static int64_t panel_of(int64_t k, int64_t place)
{
    return smaller(ceiling(place, PLD_PANEL), pld_work_npanels(k));
}

pld_status pld_work_create(struct pld_work *work)
{
    for (int d = 0; d < 3; d++)
        PLD_TRY(pld_alloc("cuts of a product", work->nparts[d] + 1,
                          sizeof *work->cuts[d], &work->cuts[d]));
    return PLD_OK;
}

void pld_work_destroy(struct pld_work *work)
{
    for (int d = 0; d < 3; d++)
        pld_free(work->cuts[d]);
    *work = (struct pld_work){0};
}

void pld_work_count(struct pld_work *work)
{
    int64_t most[3] = {0, 0, 0};
    for (int d = 0; d < 3; d++)
        for (int p = 0; p < work->nparts[d]; p++) {
            int64_t n = work->cuts[d][p + 1] - work->cuts[d][p];
            most[d] = n > most[d] ? n : most[d];
        }
    if (work->lower)
        most[1] = work->size[1];
    work->nsteps = ceiling(most[0], work->tile[0]) *
                   ceiling(most[1], work->tile[1]) *
                   ceiling(most[2], PLD_PANEL);
}

struct pld_step pld_work_of(const struct pld_work *work, int rank)
{
    const int *nparts = work->nparts;
    const int part[] = {rank / nparts[2] / nparts[1],
                        rank / nparts[2] % nparts[1], rank % nparts[2]};
    struct pld_step all = {.count = {0}};
    if (part[0] >= nparts[0])
        return all;
    for (int d = 0; d < 3; d++) {
        all.first[d] = work->cuts[d][part[d]];
        all.count[d] = work->cuts[d][part[d] + 1] - all.first[d];
    }
    if (work->lower) {
        all.first[1] = 0;
        all.count[1] = all.count[0] ? all.first[0] + all.count[0] : 0;
    }
    return all;
}

struct pld_step pld_work_step(const struct pld_work *work, int rank,
                              int64_t step)
{
    const struct pld_step nothing = {.count = {0}};
    struct pld_step all = pld_work_of(work, rank);
    int64_t k = work->size[2];
    int64_t first = panel_of(k, all.first[2]);
    int64_t npanels = panel_of(k, all.first[2] + all.count[2]) - first;
    int64_t across = ceiling(all.count[1], work->tile[1]);
    if (npanels == 0 || across == 0 ||
        step / npanels / across >= ceiling(all.count[0], work->tile[0]))
        return nothing;
    const int64_t at[] = {step / npanels / across, step / npanels % across};
    struct pld_step out = {.opens = step % npanels == 0,
                           .closes = step % npanels == npanels - 1};
    for (int d = 0; d < 2; d++) {
        out.first[d] = all.first[d] + at[d] * work->tile[d];
        out.count[d] =
            smaller(all.count[d] - at[d] * work->tile[d], work->tile[d]);
    }
    out.first[2] = panel_at(k, first + step % npanels);
    out.count[2] = panel_at(k, first + step % npanels + 1) - out.first[2];
    return out;
}
