#include "support/wants.h"

#include <math.h>
#include <stdlib.h>

#include <polder.h>

static void want_random(int percent, int nranks, struct wants *out)
{
    const pld_random random = {.seed = 3, .stream = (uint64_t)out->rank};
    for (int64_t i = 0; i < out->n; i++) {
        uint64_t place = 3 * (uint64_t)i;
        bool remote = pld_random_integer(random, place, 100) < percent;
        int64_t other = pld_random_integer(random, place + 1, nranks - 1);
        out->ranks[i] = remote && nranks > 1
                            ? (out->rank + 1 + (int)other) % nranks
                            : out->rank;
        out->indices[i] = pld_random_integer(random, place + 2, out->n);
    }
}

static void want_next(int percent, int nranks, struct wants *out)
{
    int64_t own = out->n - out->n * percent / 100;
    for (int64_t i = 0; i < out->n; i++) {
        bool remote = i >= own;
        out->ranks[i] = (out->rank + remote) % nranks;
        out->indices[i] = remote ? i - own : (i + 1) % out->n;
    }
}

static double value_of(int rank, int64_t index)
{
    return (double)(rank + 1) * 1e9 + (double)index;
}

void wants_make(int64_t n, int percent, bool random, int rank, int nranks,
                struct wants *out)
{
    size_t bytes = ((size_t)n * sizeof(double) + 63) / 64 * 64;
    *out = (struct wants){.n = n,
                          .rank = rank,
                          .ranks = calloc((size_t)n, sizeof *out->ranks),
                          .indices = calloc((size_t)n, sizeof *out->indices),
                          .roots = aligned_alloc(64, bytes),
                          .leaves = aligned_alloc(64, bytes)};
    if (random)
        want_random(percent, nranks, out);
    else
        want_next(percent, nranks, out);
    wants_reset(out);
}

void wants_free(struct wants *wants)
{
    free(wants->leaves);
    free(wants->roots);
    free(wants->indices);
    free(wants->ranks);
}

void wants_reset(struct wants *wants)
{
    for (int64_t i = 0; i < wants->n; i++) {
        wants->roots[i] = value_of(wants->rank, i);
        wants->leaves[i] = NAN;
    }
}

bool wants_are_right(const struct wants *wants)
{
    for (int64_t i = 0; i < wants->n; i++)
        if (wants->leaves[i] != value_of(wants->ranks[i], wants->indices[i]))
            return false;
    return true;
}

void wants_touch(struct wants *wants)
{
    for (int64_t i = 0; i < wants->n; i++) {
        wants->roots[i] = -wants->roots[i];
        wants->leaves[i] = -wants->leaves[i];
    }
}
