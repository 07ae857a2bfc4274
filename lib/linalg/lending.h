#ifndef PLD_LINALG_LENDING_H
#define PLD_LINALG_LENDING_H

#include "linalg/tall.h"

/* Rows of tiles that straddle ranks, borrowed by the one that goes through
 * them; or, where columns are cut too, all rows of a rank's tiles, on a stage.
 */
struct pld_lending;

/* Borrow what `tiled` wants and does not own, if it reads; *out is NULL when no
 * rank needs any. *Collective, agreed*. */
pld_status pld_lending_create(const struct pld_tiled *tiled,
                              struct pld_lending **out);
pld_status pld_lending_destroy(struct pld_lending **lending);

/* Copy the borrowed rows among those of `box` to a tile, and from there to
 * where they are kept. */
void pld_lending_load(const struct pld_lending *lending,
                      const struct pld_block *to, pld_box box);
void pld_lending_store(const struct pld_lending *lending,
                       const struct pld_block *from, pld_box box);

/* Give all that was borrowed back, as it is now. *Collective*. */
pld_status pld_lending_return(struct pld_lending *lending);

/* The rows on the stage. */
struct pld_block pld_lending_stage(const struct pld_lending *lending);

#endif
