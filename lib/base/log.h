#ifndef PLD_BASE_LOG_H
#define PLD_BASE_LOG_H

#include "polder/log.h"

/* Which rank this process is in the log: that in the first context it creates.
 * Later calls change nothing; before, it counts as rank 0. */
void pld_log_set_rank(int rank);

#endif
