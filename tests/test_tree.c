/* Trees over tiles: which are joined with which depends on the tiles alone.
 * TEST: ranks=1,3,6
 * TEST: ranks=4 env=PLD_FAKE_NODES=2 */

#include "support/draw.h"
#include "support/formula.h"
#include "support/harness.h"

#include "base/alloc.h"
#include "linalg/tree.h"
#include "mesh/cuts.h"

#include <string.h>

/* A hash of a tile or of two results, in order: tells any two trees apart. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = a * 0x9e3779b97f4a7c15u + b;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    return x ^ (x >> 27);
}

struct record {
    uint64_t hash;
    int64_t count;    /* of tiles */
    char rest[10000]; /* beyond what MPI sends at once */
};

enum { MOST = 9 };

struct job {
    int64_t ntiles[PLD_MAXDIM];
    int64_t cuts[PLD_MAXDIM][8];
    struct pld_tree tree;
    int ncalls;
    int fail_at;   /* this call; 0: none */
    uint64_t seen; /* at tiles */
};

static pld_status count_call(struct job *job)
{
    PLD_CHECK(++job->ncalls != job->fail_at, PLD_ERR_ARG, "call %d fails",
              job->ncalls);
    return PLD_OK;
}

static pld_status leaf(const int64_t tile[PLD_MAXDIM], void *out, void *data)
{
    struct record *record = out;
    *record =
        (struct record){.hash = mix(mix((uint64_t)tile[0], (uint64_t)tile[1]),
                                    (uint64_t)tile[2]),
                        .count = 1};
    return count_call(data);
}

static pld_status join(void *low, const void *high, void *data)
{
    struct record *a = low;
    const struct record *b = high;
    a->hash = mix(a->hash, b->hash);
    a->count += b->count;
    return count_call(data);
}

/* Of a number make two, which tell what way was gone. */
static pld_status split(void *low, void *high, void *data)
{
    struct record *a = low;
    struct record *b = high;
    b->hash = mix(a->hash, 2);
    a->hash = mix(a->hash, 1);
    return count_call(data);
}

static pld_status take(const int64_t tile[PLD_MAXDIM], void *value, void *data)
{
    struct job *job = data;
    const struct record *record = value;
    uint64_t place =
        mix(mix((uint64_t)tile[0], (uint64_t)tile[1]), (uint64_t)tile[2]);
    job->seen += mix(record->hash, place);
    return count_call(job);
}

/* Random cuts over the ranks of a process grid. */
static void make_job(const int64_t ntiles[PLD_MAXDIM],
                     const int nparts[PLD_MAXDIM], struct job *out)
{
    *out = (struct job){.ncalls = 0};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        out->tree.ntiles[d] = ntiles[d];
        out->tree.nparts[d] = nparts[d];
        out->tree.cuts[d] = out->cuts[d];
        pld_cuts_equal(ntiles[d], nparts[d], out->cuts[d]);
        for (int p = 1; p < nparts[d]; p++)
            out->cuts[d][p] = draw(out->cuts[d][p - 1], ntiles[d]);
    }
}

static struct pld_tree_up up_of(struct job *job)
{
    return (struct pld_tree_up){.bytes = sizeof(struct record),
                                .leaf = leaf,
                                .join = join,
                                .data = job};
}

static struct pld_tree_down down_of(struct job *job)
{
    return (struct pld_tree_down){.bytes = sizeof(struct record),
                                  .leaf = take,
                                  .split = split,
                                  .data = job};
}

/* What one rank finds alone. */
static struct record expected(pld_ctx *alone, const int64_t ntiles[PLD_MAXDIM],
                              uint64_t *seen)
{
    struct job job;
    struct record record;
    make_job(ntiles, (const int[]){1, 1, 1}, &job);
    struct pld_tree_up up = up_of(&job);
    struct pld_tree_down down = down_of(&job);
    assert_ok_here(pld_tree_reduce(alone, &job.tree, &up, &record));
    assert_ok_here(pld_tree_spread(alone, &job.tree, &down, &record));
    *seen = job.seen;
    return record;
}

static void check(const int64_t ntiles[PLD_MAXDIM],
                  const int nparts[PLD_MAXDIM])
{
    struct job job;
    struct record record;
    make_job(ntiles, nparts, &job);
    struct pld_tree_up up = up_of(&job);
    struct pld_tree_down down = down_of(&job);
    assert_ok(pld_tree_reduce(ctx, &job.tree, &up, &record));
    assert_ok(pld_tree_spread(ctx, &job.tree, &down, &record));
    uint64_t total = 0;
    MPI_Allreduce(&job.seen, &total, 1, MPI_UINT64_T, MPI_SUM,
                  pld_ctx_comm(ctx));
    pld_ctx *alone = NULL;
    assert_ok_here(pld_ctx_create(MPI_COMM_SELF, NULL, &alone));
    uint64_t seen = 0;
    struct record same = expected(alone, ntiles, &seen);
    assert_ok_here(pld_ctx_destroy(&alone));
    assert_all(record.count == ntiles[0] * ntiles[1] * ntiles[2]);
    assert_all(record.hash == same.hash && total == seen);
}

TEST(tree_of_a_list_is_the_same_wherever_it_is_cut)
{
    for (int64_t n = 1; n <= 40; n += n < 10 ? 1 : 7)
        for (int again = 0; again < 3; again++)
            check((const int64_t[]){n, 1, 1}, (const int[]){nranks, 1, 1});
}

TEST(tree_of_a_box_is_the_same_on_any_process_grid)
{
    for (int again = 0; again < 5; again++) {
        const int64_t n[] = {draw(1, MOST), draw(1, MOST), draw(1, MOST)};
        check(n, (const int[]){1, nranks, 1});
        if (nranks % 2 == 0)
            check(n, (const int[]){nranks / 2, 1, 2});
        if (nranks % 3 == 0)
            check(n, (const int[]){1, 3, nranks / 3});
    }
}

TEST(tree_calls_down_as_often_as_up)
{
    struct job job;
    struct record record;
    make_job((const int64_t[]){13, 1, 1}, (const int[]){nranks, 1, 1}, &job);
    struct pld_tree_up up = up_of(&job);
    struct pld_tree_down down = down_of(&job);
    assert_ok(pld_tree_join(ctx, &job.tree, &up, &record));
    int ncalls = job.ncalls;
    assert_ok(pld_tree_spread(ctx, &job.tree, &down, &record));
    assert_all(job.ncalls == 2 * ncalls);
}

TEST(tree_error_of_one_rank_is_everybodys)
{
    for (int from = 0; from < nranks; from++) {
        struct job job;
        struct record record;
        make_job((const int64_t[]){3 * nranks, 1, 1},
                 (const int[]){nranks, 1, 1}, &job);
        pld_cuts_equal(3 * nranks, nranks, job.cuts[0]);
        job.fail_at = rank == from ? 2 : 0;
        struct pld_tree_up up = up_of(&job);
        struct pld_tree_down down = down_of(&job);
        assert_fails(PLD_ERR_ARG, pld_tree_reduce(ctx, &job.tree, &up, &record),
                     "call 2 fails");
        job.ncalls = 0;
        assert_fails(PLD_ERR_ARG,
                     pld_tree_spread(ctx, &job.tree, &down, &record),
                     "call 2 fails");
    }
}

TEST(tree_without_memory_is_an_error_and_never_a_hang)
{
    for (int nth = 1; nth <= 8; nth++) {
        struct job job;
        struct record record;
        make_job((const int64_t[]){64, 1, 1}, (const int[]){nranks, 1, 1},
                 &job);
        pld_cuts_equal(64, nranks, job.cuts[0]);
        job.cuts[0][1] += nranks > 1 ? 3 : 0;
        struct pld_tree_up up = up_of(&job);
        if (rank == nranks - 1)
            pld_alloc_fail(nth);
        pld_status status = pld_tree_join(ctx, &job.tree, &up, &record);
        pld_alloc_fail(0);
        assert_all(status == PLD_ERR_MEMORY);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tree_of_a_list_is_the_same_wherever_it_is_cut),
    cmocka_unit_test(tree_of_a_box_is_the_same_on_any_process_grid),
    cmocka_unit_test(tree_calls_down_as_often_as_up),
    cmocka_unit_test(tree_error_of_one_rank_is_everybodys),
    cmocka_unit_test(tree_without_memory_is_an_error_and_never_a_hang),
};

PLD_TEST_MAIN(tests)
