#ifndef PLD_PARTICLES_H
#define PLD_PARTICLES_H

#include "polder/grid.h"

PLD_BEGIN_C

/** @file
 * Particles: records that live on the rank that owns their cell, and move to
 * another one when they leave it.
 *
 *     PLD_TRY(pld_particles_create(grid, &spec, &particles));
 *     for (each step) {
 *         for (each record of pld_particles_records(particles))
 *             push it, and find its cell;
 *         PLD_TRY(pld_particles_move(particles, n, records, cells));
 *     }
 *
 * After each move a rank holds the records of its own cells, in an order that
 * depends on the records alone: not on the number of ranks, nor on where they
 * were before. So whatever is computed from them in their order has the same
 * bits in any decomposition. */

/** Opaque. */
typedef struct pld_particles pld_particles;

/** What a particle is. */
typedef struct pld_particles_spec {
    size_t bytes; /**< of a record, such as sizeof(struct); at least 8 */
    /** Where in a record an int64_t lies that tells it from others of its cell:
     * its number, say. Records are sorted by it. 0: the first member. */
    size_t key;
} pld_particles_spec;

/** Prepare for particles on the cells of a grid, which must outlive it. None
 * are there yet. *Collective, agreed*. */
PLD_CALL pld_particles_create(pld_grid *grid, const pld_particles_spec *spec,
                              pld_particles **out);

/** Destroy it, with its records, and set *particles to NULL; *particles may be
 * NULL. *Collective*. */
PLD_CALL pld_particles_destroy(pld_particles **particles);

/** Take n records and bring each to the owner of its cell. `cells` holds n
 * times as many global indices as the grid has dimensions; in periodic
 * dimensions any index will do. Afterwards the records held are just those that
 * any rank passed: `records` is mostly what pld_particles_records() gave, with
 * new positions, but may be any array, and so may `cells`.
 *
 * Records are sorted by cell, with the last dimension fastest; in a cell by
 * key, and with equal keys by their bytes. PLD_ERR_ARG names a particle whose
 * cell is outside of the domain. On failure nothing has moved. Memory: twice
 * the most records held so far, and those that travel. *Collective, agreed*. */
PLD_CALL pld_particles_move(pld_particles *particles, int64_t n,
                            const void *records, const int64_t *cells);

/** The number of records held. *Local*. */
PLD_API int64_t pld_particles_count(const pld_particles *particles);
/** The records held, to be read and written until the next move; NULL when
 * there are none. *Local*. */
PLD_API void *pld_particles_records(pld_particles *particles);
/** Their cells, within the domain: as many indices each as the grid has
 * dimensions; until the next move. *Local*. */
PLD_API int64_t *pld_particles_cells(pld_particles *particles);

PLD_END_C

#endif
