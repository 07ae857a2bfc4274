#ifndef PLD_IO_CHECK_H
#define PLD_IO_CHECK_H

#include "mesh/field.h"

/* Arguments of this room's calls. All *collective, agreed*: right on every
 * rank, and where it matters the same. */

pld_status pld_io_check_pointer(pld_ctx *ctx, const char *argument,
                                const void *pointer);

/* A name of a variable or an attribute; a path of names where `inner`. */
pld_status pld_io_check_name(pld_ctx *ctx, const char *what, const char *name,
                             bool inner);

/* A field to be written or read: there, and of this context. */
pld_status pld_io_check_field(pld_ctx *ctx, const pld_field *field);

#endif
