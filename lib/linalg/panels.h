#ifndef PLD_LINALG_PANELS_H
#define PLD_LINALG_PANELS_H

#include "linalg/kernel.h"
#include "linalg/operand.h"
#include "move/transport.h"

/* What one rank needs of an operand of c = a b, panel by panel along k: read
 * where it is if this rank has it all, else brought by a transport into one of
 * two buffers, the next panel while this one is worked on. */

enum { PLD_PANEL = 512 };

/* Which one: of a the rows that are the rank's rows of c, of b the columns. */
enum pld_side { PLD_SIDE_A, PLD_SIDE_B };

struct pld_panels {
    enum pld_side side;
    const struct pld_operand_matrix *operand;
    const struct pld_operand_matrix *c;
    int64_t depth; /* all of k */
    int npanels;
    pld_box owned; /* of this rank, in the operand's field */
    struct pld_panel *list;
    char *buffers[2];
    bool shared; /* the buffers lie in the segment */
};

/* Local; to be destroyed also when it failed. The operands must stay. */
pld_status pld_panels_create(pld_ctx *ctx, enum pld_side side,
                             const struct pld_operand_matrix *operand,
                             const struct pld_operand_matrix *c,
                             struct pld_panels *out);
/* After all ranks have created theirs. *Collective, agreed*. */
pld_status pld_panels_connect(struct pld_panels *panels);
/* Collective. */
pld_status pld_panels_destroy(pld_ctx *ctx, struct pld_panels *panels);

/* Panels are begun in order, each after the end of the last but one. */
pld_status pld_panels_begin(struct pld_panels *panels, int panel);
pld_status pld_panels_end(struct pld_panels *panels, int panel,
                          struct pld_dense *out);

/* The length of a panel along k. */
int64_t pld_panels_depth(const struct pld_panels *panels, int panel);

#endif
