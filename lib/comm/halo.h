#ifndef PLD_COMM_HALO_H
#define PLD_COMM_HALO_H

#include "move/transport.h"
#include "mesh/field.h"
#include "polder/halo.h"

struct pld_halo {
    uint32_t alive;
    pld_ctx *ctx;
    pld_halo_spec spec; /* its fields are the halo's own list */
    pld_field **fields;
    struct pld_depth *widths; /* of each field */
    struct pld_transport *transport;
    struct pld_adjoint *adjoint; /* NULL until it is needed */
    pld_halo_info info;
    bool under_way;
    int64_t touches; /* of all fields, at the last begin */
};

/* Check that it is a live halo, and that nothing is under way; `argument` names
 * it in errors. */
pld_status pld_halo_check(const pld_halo *halo, const char *argument);
pld_status pld_halo_check_idle(const pld_halo *halo, const char *argument);

#endif
