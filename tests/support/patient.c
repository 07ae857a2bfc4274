/* MPICH waits by looking again and again and never lets go of the core. With
 * more ranks than cores the rank that is waited for then gets its turn only
 * when the kernel takes the core away, and every call lasts milliseconds. Here
 * the blocking calls that Polder and HDF5 use are replaced, through MPI's
 * profiling interface, by calls that sleep a little between two looks; with no
 * more ranks than cores they are the real ones. Open MPI yields by itself. */

#include "polder/mpi.h"

#ifndef OPEN_MPI

#include <stdbool.h>
#include <time.h>
#include <unistd.h>

enum { LOOKS_BEFORE_SLEEP = 20 };

static bool crowded(void)
{
    static int answer = -1;
    if (answer < 0) {
        int nranks = 1;
        PMPI_Comm_size(MPI_COMM_WORLD, &nranks);
        answer = nranks > sysconf(_SC_NPROCESSORS_ONLN);
    }
    return answer;
}

static void let_others_run(int look)
{
    if (look >= LOOKS_BEFORE_SLEEP)
        nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
}

/* End a call that was started with the result `code`. */
static int finish(int code, MPI_Request *request, MPI_Status *status)
{
    int done = 0;
    for (int look = 0; code == MPI_SUCCESS && !done; look++) {
        let_others_run(look);
        code = PMPI_Test(request, &done, status);
    }
    return code;
}

int MPI_Wait(MPI_Request *request, MPI_Status *status)
{
    return crowded() ? finish(MPI_SUCCESS, request, status)
                     : PMPI_Wait(request, status);
}

int MPI_Waitall(int count, MPI_Request requests[], MPI_Status statuses[])
{
    if (!crowded())
        return PMPI_Waitall(count, requests, statuses);
    int done = 0;
    int code = MPI_SUCCESS;
    for (int look = 0; code == MPI_SUCCESS && !done; look++) {
        let_others_run(look);
        code = PMPI_Testall(count, requests, &done, statuses);
    }
    return code;
}

int MPI_Waitany(int count, MPI_Request requests[], int *index,
                MPI_Status *status)
{
    if (!crowded())
        return PMPI_Waitany(count, requests, index, status);
    int done = 0;
    int code = MPI_SUCCESS;
    for (int look = 0; code == MPI_SUCCESS && !done; look++) {
        let_others_run(look);
        code = PMPI_Testany(count, requests, index, &done, status);
    }
    return code;
}

int MPI_Barrier(MPI_Comm comm)
{
    if (!crowded())
        return PMPI_Barrier(comm);
    MPI_Request request = MPI_REQUEST_NULL;
    int code = PMPI_Ibarrier(comm, &request);
    return finish(code, &request, MPI_STATUS_IGNORE);
}

int MPI_Bcast(void *data, int count, MPI_Datatype type, int root, MPI_Comm comm)
{
    if (!crowded())
        return PMPI_Bcast(data, count, type, root, comm);
    MPI_Request request = MPI_REQUEST_NULL;
    int code = PMPI_Ibcast(data, count, type, root, comm, &request);
    return finish(code, &request, MPI_STATUS_IGNORE);
}

int MPI_Allreduce(const void *in, void *out, int count, MPI_Datatype type,
                  MPI_Op op, MPI_Comm comm)
{
    if (!crowded())
        return PMPI_Allreduce(in, out, count, type, op, comm);
    MPI_Request request = MPI_REQUEST_NULL;
    int code = PMPI_Iallreduce(in, out, count, type, op, comm, &request);
    return finish(code, &request, MPI_STATUS_IGNORE);
}

int MPI_Allgather(const void *in, int in_count, MPI_Datatype in_type, void *out,
                  int out_count, MPI_Datatype out_type, MPI_Comm comm)
{
    if (!crowded())
        return PMPI_Allgather(in, in_count, in_type, out, out_count, out_type,
                              comm);
    MPI_Request request = MPI_REQUEST_NULL;
    int code = PMPI_Iallgather(in, in_count, in_type, out, out_count, out_type,
                               comm, &request);
    return finish(code, &request, MPI_STATUS_IGNORE);
}

#endif
