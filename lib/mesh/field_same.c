#include "mesh/field.h"

#include "polder/agree.h"
#include "polder/digest.h"

#include <string.h>

/* What must be the same on all ranks, compared byte by byte. */
struct field_terms {
    uint64_t name;
    int64_t size[PLD_MAXDIM];
    int64_t halo[PLD_MAXDIM][2];
    int64_t node[PLD_MAXDIM];
    int64_t type;
    int64_t ncomps;
    int64_t layout;
};

static struct field_terms terms_of(const pld_field *field)
{
    const char *name = pld_field_name(field);
    struct field_terms terms = {.name = pld_digest_bytes(name, strlen(name), 0),
                                .type = field->type,
                                .ncomps = field->ncomps,
                                .layout = field->layout};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        terms.size[d] = pld_field_domain(field).count[d];
        terms.node[d] = field->node[d];
        for (int side = 0; side < 2; side++)
            terms.halo[d][side] = pld_field_halo(field, d, side);
    }
    return terms;
}

pld_status pld_field_agree_same(const char *what, const pld_field *field)
{
    const struct field_terms terms = terms_of(field);
    return pld_agree_same(field->grid->ctx, what, &terms, sizeof terms);
}
