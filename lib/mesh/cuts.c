#include "mesh/cuts.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

void pld_cuts_equal(int64_t size, int nparts, int64_t *cuts)
{
    int64_t quotient = size / nparts;
    int64_t remainder = size % nparts;
    for (int p = 0; p <= nparts; p++)
        cuts[p] = p * quotient + (p * remainder + nparts - 1) / nparts;
}

bool pld_all_equal(int n, const double *values)
{
    for (int i = 1; i < n; i++)
        if (values[i] != values[0])
            return false;
    return true;
}

static double sum_of(int n, const double *values)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++)
        sum += values[i];
    return sum;
}

/* size * share to the nearest cell; from share 1 on all cells, also where a
 * double cannot tell `size` from its neighbours. */
static int64_t nearest_cell(int64_t size, double share)
{
    double cell = floor((double)size * share + 0.5);
    return share >= 1.0 || cell >= (double)size ? size : (int64_t)cell;
}

void pld_cuts_by_weight(int64_t size, int nparts, const double *weights,
                        int64_t *cuts)
{
    if (pld_all_equal(nparts, weights)) {
        pld_cuts_equal(size, nparts, cuts);
        return;
    }
    double total = sum_of(nparts, weights);
    double before = 0.0;
    cuts[0] = 0;
    for (int p = 0; p < nparts; p++) {
        before += weights[p];
        cuts[p + 1] = nearest_cell(size, before / total);
    }
}

static double weight_of(const double *weights, int part)
{
    return weights == NULL ? 1.0 : weights[part];
}

/* The lowest cell from which on the cells before `last` cost at most `limit`.
 */
static int64_t lowest_within(const double *cost_before, int64_t last,
                             double limit)
{
    int64_t low = 0;
    int64_t high = last;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (cost_before[last] - cost_before[middle] <= limit)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The highest cell such that those before it, from `first` on, cost at most
 * `limit`. */
static int64_t highest_within(const double *cost_before, int64_t size,
                              int64_t first, double limit)
{
    int64_t low = first;
    int64_t high = size;
    while (low < high) {
        int64_t middle = high - (high - low) / 2;
        if (cost_before[middle] - cost_before[first] <= limit)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* The lowest cuts that give no part more than `ratio` times its weight, found
 * from the last part down; it is possible when they begin at 0. A double is
 * monotone in all operations here, so more is possible with a larger ratio. */
static bool lowest_cuts(int64_t size, const double *cost_before, int nparts,
                        const double *weights, double ratio, int64_t *cuts)
{
    cuts[nparts] = size;
    for (int p = nparts - 1; p >= 0; p--) {
        double weight = weight_of(weights, p);
        cuts[p] = weight > 0.0
                      ? lowest_within(cost_before, cuts[p + 1], ratio * weight)
                      : cuts[p + 1];
    }
    return cuts[0] == 0;
}

/* The positive doubles are in the order of their bits: halving the bits finds
 * the least possible ratio itself in 63 steps. */
static double least_ratio(int64_t size, const double *cost_before, int nparts,
                          const double *weights, int64_t *cuts)
{
    uint64_t low = 0;
    uint64_t high = 0;
    double ratio = INFINITY;
    memcpy(&high, &ratio, sizeof high);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        memcpy(&ratio, &middle, sizeof ratio);
        if (lowest_cuts(size, cost_before, nparts, weights, ratio, cuts))
            high = middle;
        else
            low = middle + 1;
    }
    memcpy(&ratio, &high, sizeof ratio);
    return ratio;
}

/* The cut before which the cost is nearest to `cost`. */
static int64_t nearest_cut(int64_t size, const double *cost_before, double cost)
{
    int64_t cut = highest_within(cost_before, size, 0, cost);
    if (cut < size && cost_before[cut + 1] - cost < cost - cost_before[cut])
        cut++;
    return cut;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

void pld_cuts_by_cost(int64_t size, const double *cost_before, int nparts,
                      const double *weights, int64_t *cuts)
{
    double ratio = least_ratio(size, cost_before, nparts, weights, cuts);
    lowest_cuts(size, cost_before, nparts, weights, ratio, cuts);
    /* From a cut at or above the lowest one a part reaches the next lowest:
     * the least ratio stays possible whatever is chosen in between. */
    double total = weights == NULL ? nparts : sum_of(nparts, weights);
    double before = 0.0;
    for (int p = 0; p < nparts - 1; p++) {
        double weight = weight_of(weights, p);
        before += weight;
        int64_t ideal = nearest_cut(size, cost_before,
                                    cost_before[size] * (before / total));
        int64_t reach = weight > 0.0 ? highest_within(cost_before, size,
                                                      cuts[p], ratio * weight)
                                     : cuts[p];
        int64_t lowest = cuts[p + 1] > cuts[p] ? cuts[p + 1] : cuts[p];
        cuts[p + 1] = clamp(ideal, lowest, reach);
    }
}

int pld_cuts_owner(const int64_t *cuts, int nparts, int64_t index)
{
    int low = 0;
    int high = nparts - 1;
    while (low < high) {
        int middle = high - (high - low) / 2;
        if (cuts[middle] <= index)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}
