/* Checkpoints of one f64 field, to the disk and back.
 *
 *     mpirun -n 2 --bind-to core bench_checkpoint [EDGE [FOLDER...]]
 *
 * EDGE^3 points (256) in slabs, in each FOLDER (the current one and /dev/shm).
 * In turn, in the same run:
 *   save      pld_checkpoint_save: checksums, sync, rename, sync of the folder;
 *             the one before the last is removed
 *   posix     fallocate, pwrite in calls of 8 MiB and fsync of as many bytes to
 *             a new file; the one before the last is removed
 *   tiny      the same of 1000 numbers: what publishing costs beyond bytes
 *   restore   every byte is checked before it is taken, that is, read twice
 *   posix     pread in calls of 8 MiB
 *   checksum  processor time of a file in the page cache with checksums, and
 *             without */
#define _GNU_SOURCE
#include <polder.h>
#include <polder/main.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/bench.h"

enum { CALL_BYTES = 8 << 20, NCALLS = 7 };

struct bench {
    pld_ctx *ctx;
    MPI_Comm comm;
    const char *folder;
    pld_grid *grid;
    pld_field *field;
    pld_checkpoint *checkpoint;
    int64_t number;
    int64_t bytes; /* of this rank */
    int64_t first;
    int64_t total;
    char *dense;
    bool checksums;
};

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench_checkpoint: %s failed\n", what);
    pld_error_print(stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static bool leads(const struct bench *bench)
{
    return pld_ctx_rank(bench->ctx) == 0;
}

/* --- Ways ----------------------------------------------------------------- */

static void save(void *data)
{
    struct bench *bench = data;
    must(pld_checkpoint_save(bench->checkpoint, ++bench->number) == PLD_OK,
         "saving");
}

static void restore(void *data)
{
    struct bench *bench = data;
    int64_t number = 0;
    must(pld_checkpoint_restore(bench->checkpoint, &number) == PLD_OK,
         "restoring");
}

static void name_file(const struct bench *bench, int64_t number, char path[512])
{
    snprintf(path, 512, "%s/bench_checkpoint_%lld", bench->folder,
             (long long)number);
}

/* Rank 0 makes the file before the others open it. */
static int posix_open(struct bench *bench, bool writes)
{
    char path[512];
    int fd = -1;
    name_file(bench, writes ? ++bench->number : bench->number, path);
    if (writes && leads(bench)) {
        fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
        must(fd >= 0 && fallocate(fd, 0, 0, bench->total) == 0, "fallocate");
    }
    if (writes)
        MPI_Barrier(bench->comm);
    if (fd < 0)
        fd = open(path, writes ? O_RDWR : O_RDONLY);
    must(fd >= 0, "open");
    return fd;
}

static void posix_pass(struct bench *bench, bool writes)
{
    int fd = posix_open(bench, writes);
    for (int64_t done = 0; done < bench->bytes; done += CALL_BYTES) {
        int64_t rest = bench->bytes - done;
        size_t n = (size_t)(rest < CALL_BYTES ? rest : CALL_BYTES);
        int64_t place = bench->first + done;
        ssize_t moved = writes ? pwrite(fd, bench->dense + done, n, place)
                               : pread(fd, bench->dense + done, n, place);
        must(moved == (ssize_t)n, writes ? "pwrite" : "pread");
    }
    must(!writes || fsync(fd) == 0, "fsync");
    close(fd);
    MPI_Barrier(bench->comm);
}

static void posix_save(void *data)
{
    struct bench *bench = data;
    char path[512];
    posix_pass(bench, true);
    name_file(bench, bench->number - 4, path);
    if (leads(bench))
        (void)unlink(path);
}

static void posix_restore(void *data)
{
    posix_pass(data, false);
}

static void write_file(void *data)
{
    struct bench *bench = data;
    char path[512];
    pld_file *file = NULL;
    const pld_storage storage = {.checksums = bench->checksums};
    name_file(bench, 0, path);
    must(pld_file_create(bench->ctx, path, &file) == PLD_OK &&
             pld_file_set_storage(file, &storage) == PLD_OK &&
             pld_file_write(file, bench->field) == PLD_OK &&
             pld_file_close(&file) == PLD_OK,
         "writing");
}

/* --- Cases ---------------------------------------------------------------- */

/* What a step of the program changes. */
static void step(void *data)
{
    struct bench *bench = data;
    must(pld_field_set(bench->field, &(double){(double)bench->number}) ==
             PLD_OK,
         "setting");
    memset(bench->dense, (int)bench->number, (size_t)bench->bytes);
}

static void time_two(struct bench *bench, const char *name, const char *params,
                     void (*ours)(void *), void (*posix)(void *))
{
    double seconds[BENCH_MAX_WAYS];
    const struct bench_way ways[] = {{"polder", ours}, {"posix", posix}};
    const struct bench_task task = {
        .touch = step, .data = bench, .nways = 2, .ways = ways};
    bench_alternate(bench->comm, &task, NCALLS, seconds);
    bench_row(bench->comm, name, params, 1e3 * seconds[0], "ms", "posix",
              1e3 * seconds[1], true);
}

/* Of all ranks, system time too. */
static double cpu_seconds(struct bench *bench)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double seconds =
        (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
        1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_SUM, bench->comm);
    return seconds;
}

static void compare_checksums(struct bench *bench, const char *params)
{
    double cpu[2][NCALLS];
    char path[512];
    name_file(bench, 0, path);
    for (int i = -1; i < NCALLS; i++)
        for (int with = 0; with < 2; with++) {
            if (leads(bench))
                (void)unlink(path);
            bench->checksums = with == 1;
            double start = cpu_seconds(bench);
            write_file(bench);
            cpu[with][i < 0 ? 0 : i] = cpu_seconds(bench) - start;
        }
    if (leads(bench))
        (void)unlink(path);
    bench_row(bench->comm, "checksum cpu", params,
              1e3 * bench_median(NCALLS, cpu[1]), "ms", "without",
              1e3 * bench_median(NCALLS, cpu[0]), true);
}

static pld_status begin(struct bench *bench, pld_grid_spec grid)
{
    const pld_checkpoint_spec spec = {.folder = bench->folder,
                                      .name = "bench_checkpoint"};
    grid.nprocs[0] = pld_ctx_nranks(bench->ctx);
    PLD_TRY(pld_grid_create(bench->ctx, &grid, &bench->grid));
    PLD_TRY(pld_field_create(bench->grid, &(pld_field_spec){.name = "u"},
                             &bench->field));
    PLD_TRY(pld_checkpoint_create(bench->ctx, &spec, &bench->checkpoint));
    PLD_TRY(pld_checkpoint_add_field(bench->checkpoint, bench->field));
    bench->bytes = pld_box_volume(pld_field_owned(bench->field)) * 8;
    bench->total = grid.size[0] * grid.size[1] * grid.size[2] * 8;
    bench->first = 0;
    MPI_Exscan(&bench->bytes, &bench->first, 1, MPI_INT64_T, MPI_SUM,
               bench->comm);
    bench->first = leads(bench) ? 0 : bench->first;
    bench->dense = aligned_alloc(4096, (size_t)bench->bytes + 4096);
    must(bench->dense != NULL, "memory");
    return PLD_OK;
}

static pld_status end(struct bench *bench)
{
    char path[600];
    for (int64_t n = 0; n <= bench->number && leads(bench); n++) {
        name_file(bench, n, path);
        (void)unlink(path);
        snprintf(path, sizeof path, "%s/bench_checkpoint_%012lld.h5",
                 bench->folder, (long long)n);
        (void)unlink(path);
    }
    snprintf(path, sizeof path, "%s/.bench_checkpoint.lock", bench->folder);
    if (leads(bench))
        (void)unlink(path);
    free(bench->dense);
    PLD_TRY(pld_checkpoint_destroy(&bench->checkpoint));
    PLD_TRY(pld_field_destroy(&bench->field));
    return pld_grid_destroy(&bench->grid);
}

static pld_status check(struct bench *bench)
{
    uint64_t wanted = 0;
    uint64_t got = 0;
    step(bench);
    PLD_TRY(pld_field_digest(bench->field, &wanted));
    save(bench);
    PLD_TRY(pld_field_set(bench->field, &(double){-1}));
    restore(bench);
    PLD_TRY(pld_field_digest(bench->field, &got));
    must(got == wanted, "restoring what was saved");
    return PLD_OK;
}

static pld_status run_folder(struct bench *bench, const char *folder,
                             int64_t edge)
{
    char params[600];
    bench->folder = folder;
    bench->number = 0;
    PLD_TRY(
        begin(bench, (pld_grid_spec){.ndims = 3, .size = {edge, edge, edge}}));
    PLD_TRY(check(bench));
    snprintf(params, sizeof params, "%lld^3 %s", (long long)edge, folder);
    time_two(bench, "save", params, save, posix_save);
    posix_save(bench);
    time_two(bench, "restore", params, restore, posix_restore);
    compare_checksums(bench, params);
    PLD_TRY(end(bench));
    PLD_TRY(begin(bench, (pld_grid_spec){.ndims = 3, .size = {10, 10, 10}}));
    snprintf(params, sizeof params, "1000 numbers %s", folder);
    time_two(bench, "tiny", params, save, posix_save);
    return end(bench);
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    struct bench bench = {.ctx = ctx, .comm = pld_ctx_comm(ctx)};
    int64_t edge = argc > 1 ? strtoll(argv[1], NULL, 10) : 256;
    bench_head(bench.comm);
    for (int i = 2; i < argc; i++)
        PLD_TRY(run_folder(&bench, argv[i], edge));
    if (argc > 2)
        return PLD_OK;
    PLD_TRY(run_folder(&bench, ".", edge));
    return run_folder(&bench, "/dev/shm", edge);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
