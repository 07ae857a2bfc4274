#ifndef PLD_PAR_MESSAGE_H
#define PLD_PAR_MESSAGE_H

#include <stdint.h>

#include "polder/context.h"

/* Messages of any number of bytes. MPI counts are int: beyond INT_MAX bytes a
 * derived datatype made of large pieces carries them, in one message. */

pld_status pld_send(pld_ctx *ctx, const void *data, int64_t bytes, int peer,
                    int tag);
pld_status pld_receive(pld_ctx *ctx, void *data, int64_t bytes, int peer,
                       int tag);
pld_status pld_isend(pld_ctx *ctx, const void *data, int64_t bytes, int peer,
                     int tag, MPI_Request *out);
pld_status pld_ireceive(pld_ctx *ctx, void *data, int64_t bytes, int peer,
                        int tag, MPI_Request *out);

/* Persistent: made once, started with MPI_Start, freed with
 * MPI_Request_free. */
pld_status pld_send_init(pld_ctx *ctx, const void *data, int64_t bytes,
                         int peer, int tag, MPI_Request *out);
pld_status pld_receive_init(pld_ctx *ctx, void *data, int64_t bytes, int peer,
                            int tag, MPI_Request *out);

/* Collective. */
pld_status pld_broadcast(pld_ctx *ctx, void *data, int64_t bytes, int root);

/* For tests: bytes above which the derived datatype is used; 0: INT_MAX. */
void pld_message_set_limit(int64_t bytes);

/* That limit. */
int64_t pld_message_limit(void);

#endif
