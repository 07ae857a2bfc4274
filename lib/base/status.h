#ifndef PLD_BASE_STATUS_H
#define PLD_BASE_STATUS_H

#include "polder/status.h"

/* For pld_agree: make the calling thread's record the one that all ranks
 * share. If the record is this rank's own error, its frames are kept, so that
 * the trace still leads to where it arose; otherwise a record starts here. */
void pld_error_share(pld_status status, const char *text, bool own,
                     const char *file, int line, const char *function);

/* Try something whose failure is no error, as there is another way: no handler
 * is told of what arises until the end, which brings back the record that was
 * there before. One at a time. */
pld_error pld_error_begin_try(void);
void pld_error_end_try(const pld_error *before);

#endif
