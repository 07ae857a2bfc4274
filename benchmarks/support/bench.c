#include "support/bench.h"

#include <stdio.h>
#include <stdlib.h>

enum { NBLOCKS = 7, MIN_CALLS = 5, MAX_CALLS = 400 };
static const double block_seconds = 0.05;

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

double bench_median(int n, double *values)
{
    qsort(values, (size_t)n, sizeof *values, compare);
    return n % 2 == 1 ? values[n / 2]
                      : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

static double time_call(MPI_Comm comm, const struct bench_task *task,
                        const struct bench_way *way)
{
    if (task->touch_way != NULL)
        task->touch_way(task->data, (int)(way - task->ways));
    else
        task->touch(task->data);
    MPI_Barrier(comm);
    double start = MPI_Wtime();
    way->run(task->data);
    return MPI_Wtime() - start;
}

/* Calls that fill a block, warming up on the way. */
static int calls_for(MPI_Comm comm, const struct bench_task *task)
{
    double start = MPI_Wtime();
    for (int i = 0; i < MIN_CALLS; i++)
        for (int w = 0; w < task->nways; w++)
            time_call(comm, task, &task->ways[w]);
    double each = (MPI_Wtime() - start) / (MIN_CALLS * task->nways);
    MPI_Allreduce(MPI_IN_PLACE, &each, 1, MPI_DOUBLE, MPI_MAX, comm);
    double calls = block_seconds / each;
    return calls < MIN_CALLS ? MIN_CALLS
                             : (int)(calls < MAX_CALLS ? calls : MAX_CALLS);
}

static double time_block(MPI_Comm comm, const struct bench_task *task,
                         const struct bench_way *way, int ncalls)
{
    double seconds[MAX_CALLS];
    for (int i = 0; i < ncalls; i++)
        seconds[i] = time_call(comm, task, way);
    MPI_Allreduce(MPI_IN_PLACE, seconds, ncalls, MPI_DOUBLE, MPI_MAX, comm);
    return bench_median(ncalls, seconds);
}

void bench_compare(MPI_Comm comm, const struct bench_task *task,
                   double seconds[BENCH_MAX_WAYS])
{
    double blocks[BENCH_MAX_WAYS][NBLOCKS];
    int ncalls = calls_for(comm, task);
    for (int b = 0; b < NBLOCKS; b++)
        for (int w = 0; w < task->nways; w++)
            blocks[w][b] = time_block(comm, task, &task->ways[w], ncalls);
    for (int w = 0; w < task->nways; w++)
        seconds[w] = bench_median(NBLOCKS, blocks[w]);
}

void bench_alternate(MPI_Comm comm, const struct bench_task *task, int ncalls,
                     double seconds[BENCH_MAX_WAYS])
{
    double calls[BENCH_MAX_WAYS][MAX_CALLS];
    for (int i = -1; i < ncalls; i++)
        for (int w = 0; w < task->nways; w++)
            calls[w][i < 0 ? 0 : i] = time_call(comm, task, &task->ways[w]);
    for (int w = 0; w < task->nways; w++) {
        MPI_Allreduce(MPI_IN_PLACE, calls[w], ncalls, MPI_DOUBLE, MPI_MAX,
                      comm);
        seconds[w] = bench_median(ncalls, calls[w]);
    }
}

static bool is_first(MPI_Comm comm)
{
    int rank = 0;
    MPI_Comm_rank(comm, &rank);
    return rank == 0;
}

void bench_head(MPI_Comm comm)
{
    if (is_first(comm))
        puts("case,ranks,params,median,unit,reference,reference_median,ratio,"
             "check");
}

void bench_row(MPI_Comm comm, const char *name, const char *params,
               double median, const char *unit, const char *reference,
               double reference_median, bool good)
{
    int nranks = 0;
    MPI_Comm_size(comm, &nranks);
    if (!is_first(comm))
        return;
    printf("%s,%d,%s,%.4g,%s,%s,%.4g,%.3f,%s\n", name, nranks, params, median,
           unit, reference, reference_median, median / reference_median,
           good ? "ok" : "FAILED");
    fflush(stdout);
}

bool bench_all(MPI_Comm comm, bool condition)
{
    int all = condition;
    MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_LAND, comm);
    return all != 0;
}
