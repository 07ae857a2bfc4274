#ifndef PLD_PAR_LAUNCH_H
#define PLD_PAR_LAUNCH_H

#include "polder/context.h"

/* MPI has been initialised and not yet finalised. */
pld_status pld_launch_check_running(void);

/* What must hold before ranks can agree on anything: MPI is running, and `comm`
 * is a communicator within one group. */
pld_status pld_launch_check_comm(MPI_Comm comm);

/* What this process can find wrong by itself with the way it was started: the
 * thread level, and being alone by mistake. */
pld_status pld_launch_check_process(const pld_ctx_spec *spec);

#endif
