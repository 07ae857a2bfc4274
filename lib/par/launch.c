#include "par/launch.h"
#include "par/context.h"

#include <stdlib.h>
#include <string.h>

pld_status pld_launch_check_running(void)
{
    int initialised = 0;
    int finalised = 0;
    MPI_Initialized(&initialised);
    MPI_Finalized(&finalised);
    PLD_CHECK(initialised, PLD_ERR_STATE,
              "MPI is not initialised: call MPI_Init first");
    PLD_CHECK(!finalised, PLD_ERR_STATE, "MPI is finalised already");
    return PLD_OK;
}

pld_status pld_launch_check_comm(MPI_Comm comm)
{
    PLD_TRY(pld_launch_check_running());
    PLD_CHECK(comm != MPI_COMM_NULL, PLD_ERR_ARG, "comm is MPI_COMM_NULL");

    int between_groups = 0;
    PLD_TRY_MPI(MPI_Comm_test_inter(comm, &between_groups));
    PLD_CHECK(!between_groups, PLD_ERR_ARG,
              "comm is an inter-communicator: merge it with "
              "MPI_Intercomm_merge");
    return PLD_OK;
}

static pld_status check_threads(void)
{
    int provided = MPI_THREAD_SINGLE;
    PLD_TRY_MPI(MPI_Query_thread(&provided));
    PLD_CHECK(provided >= MPI_THREAD_SERIALIZED, PLD_ERR_STATE,
              "spec.threads needs MPI_THREAD_SERIALIZED, and MPI was "
              "initialised with less: call MPI_Init_thread");
    return PLD_OK;
}

/* Ranks that MPI started together. The world is only counted here, never used
 * to communicate: a context on one rank of many is legal, and whether this one
 * is alone by mistake cannot be seen in its own communicator. */
static int started_together(void)
{
    int nranks = 0;
    MPI_Comm_size(MPI_COMM_WORLD, &nranks);
    return nranks;
}

/* The variable by which a launcher says that it started several, or NULL. */
static const char *launcher_variable(void)
{
    static const char *const variables[] = {
        "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS",
        "SLURM_STEP_NUM_TASKS", "PALS_NRANKS"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        if (value != NULL && strtol(value, NULL, 10) > 1)
            return variables[i];
    }
    return NULL;
}

static pld_status check_alone(void)
{
    if (started_together() > 1)
        return PLD_OK;
    const char *variable = launcher_variable();
    if (variable == NULL)
        return PLD_OK;

    char library[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    MPI_Get_library_version(library, &length);
    library[strcspn(library, ",\n")] = '\0';
    char *tab = strchr(library, '\t');
    if (tab != NULL)
        *tab = ' ';
    PLD_RAISE(PLD_ERR_LAUNCH,
              "this is rank 0 of 1, but %s=%s: the launcher belongs to another "
              "MPI than the program (%s); use that one's mpiexec, or set "
              "allow_singletons",
              variable, getenv(variable), library);
}

pld_status pld_launch_check_process(const pld_ctx_spec *spec)
{
    if (spec->threads)
        PLD_TRY(check_threads());
    if (!spec->allow_singletons)
        PLD_TRY(check_alone());
    return PLD_OK;
}
