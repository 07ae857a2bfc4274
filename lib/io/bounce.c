#include "io/bounce.h"

#include "base/alloc.h"

pld_status pld_bounce_need(struct pld_bounce *bounce, int64_t bytes)
{
    if (bytes <= bounce->bytes)
        return PLD_OK;
    pld_bounce_free(bounce);
    PLD_TRY(pld_alloc("buffer of a file", bytes, 1, &bounce->data));
    bounce->bytes = bytes;
    return PLD_OK;
}

void pld_bounce_free(struct pld_bounce *bounce)
{
    pld_free(bounce->data);
    *bounce = (struct pld_bounce){0};
}
