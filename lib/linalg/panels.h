#ifndef PLD_LINALG_PANELS_H
#define PLD_LINALG_PANELS_H

#include "linalg/fetch.h"
#include "linalg/kernel.h"
#include "linalg/operand.h"
#include "linalg/work.h"

/* What one rank needs of an operand of c = a b, step by step: read where it is
 * if one rank that is reached has it all, else brought into one of two buffers,
 * the next one while this one is worked on. */

/* Which one: of a the step's rows, of b its columns. */
enum pld_side { PLD_SIDE_A, PLD_SIDE_B };

struct pld_panels;

/* One of the two that are looked after at a time. */
struct pld_panel {
    const struct pld_panels *panels;
    int64_t step;
    int tag;
    char *buffer;
    struct pld_fetch fetch;
    struct pld_dense dense;
};

struct pld_panels {
    enum pld_side side;
    const struct pld_operand_matrix *operand;
    const struct pld_work *work;
    struct pld_source *source;
    struct pld_panel panel[2]; /* of even and of odd steps */
};

/* Local. The operand, its source and the work must stay. */
void pld_panels_create(enum pld_side side,
                       const struct pld_operand_matrix *operand,
                       struct pld_source *source, const struct pld_work *work,
                       struct pld_panels *out);
void pld_panels_destroy(struct pld_panels *panels);

/* Bytes that this rank takes for buffers, and at most for messages. Local,
 * after the source is opened. */
int64_t pld_panels_buffer_bytes(const struct pld_panels *panels);
int64_t pld_panels_message_bytes(const struct pld_panels *panels);

/* Take the buffers. Local, after the source is opened. */
pld_status pld_panels_make_room(struct pld_panels *panels);

/* Steps are begun in order, each after the end of the last but one. */
pld_status pld_panels_begin(struct pld_panels *panels, int64_t step);
/* Whether messages of it are under way: let them move on. */
pld_status pld_panels_progress(struct pld_panels *panels, int64_t step);
bool pld_panels_is_far(const struct pld_panels *panels, int64_t step);
/* *out is for nothing where the step is none of this rank's. */
pld_status pld_panels_end(struct pld_panels *panels, int64_t step,
                          struct pld_dense *out);

#endif
