#ifndef PLD_PAR_SEGMENT_H
#define PLD_PAR_SEGMENT_H

#include "par/context.h"

/* Memory that the ranks of a node share. Each rank owns one segment: a file
 * without a name, so that nothing is left behind by a crash. It takes pieces
 * of it for itself; the other ranks of its node map them to look in.
 *
 * Every piece is reserved before it is handed out: a lack of memory is a
 * status and never a signal. */
struct pld_segment;

/* Open the segments of a context whose topology is known, and find out which
 * ranks of the node reach each other. Where there can be none, ctx->segment
 * stays NULL and the log says why; with PLD_TRANSPORT=segment that is an
 * error. *Collective, agreed*. */
pld_status pld_segment_open(pld_ctx *ctx);
void pld_segment_close(pld_ctx *ctx);

/* Whether this rank and `rank`, another one, can map each other's segments:
 * the same answer on both. False with PLD_TRANSPORT=message. */
bool pld_segment_reaches(const pld_ctx *ctx, int rank);

/* Take a piece: zeroed, at least 64-byte aligned, first touched by this rank,
 * with pages of 2 MiB where it is large enough and the system gives them.
 * `what` names it in errors. PLD_ERR_MEMORY when there is no room;
 * PLD_ERR_UNSUPPORTED without a segment. Local. */
pld_status pld_segment_alloc(pld_ctx *ctx, const char *what, int64_t count,
                             size_t size, void *out);

/* Give a piece back; NULL is fine. Others must not look into it any more. */
void pld_segment_free(pld_ctx *ctx, void *piece);

/* Where an address lies in this rank's segment; -1: outside. Tells other
 * ranks where to look. */
int64_t pld_segment_offset(const pld_ctx *ctx, const void *address);

/* Make `bytes` bytes at `offset` of the segment of `rank` visible here, for
 * reading and writing, until they are released. The same pages asked for again
 * are mapped once. Local. */
pld_status pld_segment_map(pld_ctx *ctx, int rank, int64_t offset,
                           int64_t bytes, void *out);
void pld_segment_unmap(pld_ctx *ctx, int rank, void *address);

#endif
