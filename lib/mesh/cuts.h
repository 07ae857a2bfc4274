#ifndef PLD_MESH_CUTS_H
#define PLD_MESH_CUTS_H

#include <stdbool.h>
#include <stdint.h>

/* Cuts of one dimension, as pure functions of numbers: part p of `nparts` gets
 * the cells cuts[p] up to cuts[p + 1], so there are nparts + 1 cuts, ascending
 * from 0 to `size`. Parts may be empty. No randomness and no order of
 * arrival: the same arguments give the same cuts on every rank. */

/* Parts that differ by at most one cell. The cuts of k parts are among those
 * of any multiple of k parts. */
void pld_cuts_equal(int64_t size, int nparts, int64_t *cuts);

/* Whether all values are the same. */
bool pld_all_equal(int n, const double *values);

/* Cells in proportion to `weights` (nparts values, finite, none negative,
 * their sum above 0 and finite): no part is more than a cell away from its
 * share. Weight 0 gives an empty part. Equal weights cut like none. */
void pld_cuts_by_weight(int64_t size, int nparts, const double *weights,
                        int64_t *cuts);

/* Cut where the cost is even: `cost_before` has size + 1 entries, ascending
 * from 0, the cost of all cells before one. `weights` as above; NULL: all
 * equal. The largest ratio of cost to weight of a part is the least possible
 * one, exactly in the arithmetic of doubles; where that leaves a choice, cuts
 * are near the ideal shares. */
void pld_cuts_by_cost(int64_t size, const double *cost_before, int nparts,
                      const double *weights, int64_t *cuts);

/* The part that has cell `index` (0 <= index < size); never an empty one. */
int pld_cuts_owner(const int64_t *cuts, int nparts, int64_t index);

#endif
