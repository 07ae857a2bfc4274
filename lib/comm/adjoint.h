#ifndef PLD_COMM_ADJOINT_H
#define PLD_COMM_ADJOINT_H

#include "move/plan.h"
#include "mesh/field.h"
#include "polder/reduce.h"

/* A plan run backwards: what an exchange would fill is combined into where it
 * would come from. Messages go from wants to holds through a transport, to a
 * place of their own each; then every own point takes all that is meant for it
 * at once, so that sums are rounded once. */
struct pld_adjoint;

/* Of the fields' exchange that `items` describe; they must be direct. Local:
 * it sends nothing. `tag` belongs to this adjoint alone. */
pld_status pld_adjoint_create(pld_ctx *ctx, int tag, int nfields,
                              pld_field *const *fields,
                              const struct pld_plan_item *items,
                              struct pld_adjoint **out);
/* Once all ranks have created theirs, as a transport. *Collective, agreed*. */
pld_status pld_adjoint_connect(struct pld_adjoint *adjoint);
/* *adjoint may be NULL. */
pld_status pld_adjoint_destroy(struct pld_adjoint **adjoint);

/* Combine. To each own point come first what this rank itself wants, then what
 * others do, by ascending rank, each in the order of the plan. The operation
 * suits the fields' types. */
pld_status pld_adjoint_run(struct pld_adjoint *adjoint, pld_op op);

#endif
