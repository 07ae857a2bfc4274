#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <mpi.h>

/* What every benchmark uses. Ways of doing one thing are timed in one run, in
 * step mode: before each timed call all ranks touch their data, as a time step
 * of a simulation would, and meet at a barrier; only the call is timed. Ways
 * take turns in blocks, so that what disturbs the machine disturbs them all. */

/* One way of doing it. */
struct bench_way {
    const char *name;
    void (*run)(void *data);
};

struct bench_task {
    void (*touch)(void *data); /* between timed calls */
    /* Or, when ways work on data of their own: before a call of that way. */
    void (*touch_way)(void *data, int way);
    void *data; /* for touch and all ways */
    int nways;
    const struct bench_way *ways;
};

enum { BENCH_MAX_WAYS = 8 };

/* Seconds of each way: the slowest rank of each call, the median of a block,
 * the median of the blocks. The same on all ranks. */
void bench_compare(MPI_Comm comm, const struct bench_task *task,
                   double seconds[BENCH_MAX_WAYS]);

/* The same for calls that take long: ways take turns call by call, `ncalls`
 * each after one that is not counted. */
void bench_alternate(MPI_Comm comm, const struct bench_task *task, int ncalls,
                     double seconds[BENCH_MAX_WAYS]);

/* The middle value; sorts them. */
double bench_median(int n, double *values);

/* Lines of CSV, on rank 0. A row compares a median with that of a reference;
 * `good` says whether the results were found right before. */
void bench_head(MPI_Comm comm);
void bench_row(MPI_Comm comm, const char *name, const char *params,
               double median, const char *unit, const char *reference,
               double reference_median, bool good);

/* Whether a condition holds on all ranks. */
bool bench_all(MPI_Comm comm, bool condition);

#endif
