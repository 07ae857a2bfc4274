#include "comm/pattern.h"

#include "base/alloc.h"

/* --- Finding the shape ---------------------------------------------------- */

/* How many entries, `apart` from each other in the list, are `step` apart. */
static int64_t length_of(int64_t n, const int64_t *indices, int64_t apart,
                         int64_t step)
{
    int64_t length = 1;
    while ((length + 1) * apart <= n &&
           indices[length * apart] == indices[(length - 1) * apart] + step)
        length++;
    return length;
}

/* The loops that the first entries suggest; whether they make up the length. */
static bool guess_loops(int64_t n, const int64_t *indices,
                        struct pld_pattern *out)
{
    int64_t inner = 1;
    out->base = n > 0 ? indices[0] : 0;
    for (int k = 0; k < PLD_PATTERN_LOOPS; k++) {
        struct pld_pattern_loop *loop = &out->loops[k];
        *loop = (struct pld_pattern_loop){.n = 1};
        if (inner < n) {
            loop->step = indices[inner] - indices[0];
            loop->n = length_of(n, indices, inner, loop->step);
        }
        inner *= loop->n;
    }
    return inner == n;
}

static bool is_box(int64_t n, const int64_t *indices, struct pld_pattern *out)
{
    if (n > 0 && !guess_loops(n, indices, out))
        return false;
    const struct pld_pattern_loop *loops = out->loops;
    int64_t at = 0;
    for (int64_t k = 0; k < loops[2].n && n > 0; k++)
        for (int64_t j = 0; j < loops[1].n; j++)
            for (int64_t i = 0; i < loops[0].n; i++)
                if (indices[at++] != out->base + k * loops[2].step +
                                         j * loops[1].step + i * loops[0].step)
                    return false;
    return true;
}

static int64_t count_runs(int64_t n, const int64_t *indices)
{
    int64_t nruns = n > 0;
    for (int64_t i = 1; i < n; i++)
        nruns += indices[i] != indices[i - 1] + 1;
    return nruns;
}

/* --- Holding it ----------------------------------------------------------- */

static pld_status make_runs(int64_t nruns, const int64_t *indices,
                            struct pld_pattern *out)
{
    PLD_TRY(pld_alloc("runs of indices", nruns, sizeof *out->runs, &out->runs));
    out->kind = PLD_PATTERN_RUNS;
    for (int64_t i = 0; i < out->n; i++) {
        if (i == 0 || indices[i] != indices[i - 1] + 1)
            out->runs[out->nruns++].first = indices[i];
        out->runs[out->nruns - 1].end = i + 1;
    }
    return PLD_OK;
}

static pld_status make_narrow(int64_t lowest, const int64_t *indices,
                              struct pld_pattern *out)
{
    PLD_TRY(pld_alloc("indices", out->n, sizeof *out->narrow, &out->narrow));
    out->kind = PLD_PATTERN_NARROW;
    out->base = lowest;
    for (int64_t i = 0; i < out->n; i++)
        out->narrow[i] = (uint32_t)(indices[i] - lowest);
    return PLD_OK;
}

static pld_status make_wide(const int64_t *indices, struct pld_pattern *out)
{
    PLD_TRY(pld_alloc("indices", out->n, sizeof *out->wide, &out->wide));
    out->kind = PLD_PATTERN_WIDE;
    for (int64_t i = 0; i < out->n; i++)
        out->wide[i] = indices[i];
    return PLD_OK;
}

pld_status pld_pattern_create(int64_t n, const int64_t *indices,
                              struct pld_pattern *out)
{
    *out = (struct pld_pattern){.n = n};
    if (is_box(n, indices, out))
        return PLD_OK;
    int64_t nruns = count_runs(n, indices);
    if (nruns <= n / PLD_PATTERN_RUN)
        return make_runs(nruns, indices, out);
    int64_t lowest = indices[0];
    int64_t highest = indices[0];
    for (int64_t i = 1; i < n; i++) {
        lowest = indices[i] < lowest ? indices[i] : lowest;
        highest = indices[i] > highest ? indices[i] : highest;
    }
    if (highest - lowest <= UINT32_MAX)
        return make_narrow(lowest, indices, out);
    return make_wide(indices, out);
}

void pld_pattern_destroy(struct pld_pattern *list)
{
    pld_free(list->wide);
    pld_free(list->narrow);
    pld_free(list->runs);
    *list = (struct pld_pattern){0};
}

int64_t pld_pattern_bytes(const struct pld_pattern *list)
{
    switch (list->kind) {
    case PLD_PATTERN_RUNS:
        return list->nruns * (int64_t)sizeof *list->runs;
    case PLD_PATTERN_NARROW:
        return list->n * (int64_t)sizeof *list->narrow;
    case PLD_PATTERN_WIDE:
        return list->n * (int64_t)sizeof *list->wide;
    default:
        return 0;
    }
}

/* --- Indices -------------------------------------------------------------- */

static void expand_box(const struct pld_pattern *list, int64_t first, int n,
                       int64_t *out)
{
    const struct pld_pattern_loop *loops = list->loops;
    int64_t i = first % loops[0].n;
    int64_t j = first / loops[0].n % loops[1].n;
    int64_t k = first / loops[0].n / loops[1].n;
    for (int m = 0; m < n; m++) {
        out[m] = list->base + k * loops[2].step + j * loops[1].step +
                 i * loops[0].step;
        i++;
        if (i == loops[0].n) {
            i = 0;
            j++;
        }
        if (j == loops[1].n) {
            j = 0;
            k++;
        }
    }
}

int64_t pld_pattern_run_of(const struct pld_pattern *list, int64_t entry)
{
    int64_t low = 0;
    int64_t high = list->nruns - 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (list->runs[middle].end > entry)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void expand_runs(const struct pld_pattern *list, int64_t first, int n,
                        int64_t *out)
{
    int64_t r = pld_pattern_run_of(list, first);
    int64_t start = r > 0 ? list->runs[r - 1].end : 0;
    for (int m = 0; m < n; m++) {
        if (first + m == list->runs[r].end)
            start = list->runs[r++].end;
        out[m] = list->runs[r].first + first + m - start;
    }
}

void pld_pattern_expand(const struct pld_pattern *list, int64_t first, int n,
                        int64_t *out)
{
    switch (list->kind) {
    case PLD_PATTERN_BOX:
        expand_box(list, first, n, out);
        break;
    case PLD_PATTERN_RUNS:
        expand_runs(list, first, n, out);
        break;
    case PLD_PATTERN_NARROW:
        for (int m = 0; m < n; m++)
            out[m] = list->base + list->narrow[first + m];
        break;
    case PLD_PATTERN_WIDE:
        for (int m = 0; m < n; m++)
            out[m] = list->wide[first + m];
        break;
    }
}
