/* Contexts: who we are, and where.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=2 env=PLD_TEST_THREADS=1 */

#include "support/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "par/context.h"
#include "polder/memory.h"

static pld_status create(const pld_ctx_spec *spec, pld_ctx **out)
{
    return pld_ctx_create(MPI_COMM_WORLD, spec, out);
}

TEST(rank_and_size_are_those_of_the_communicator)
{
    int result = 0;
    assert_all_equal(pld_ctx_rank(ctx), rank);
    assert_all_equal(pld_ctx_nranks(ctx), nranks);
    MPI_Comm_compare(pld_ctx_comm(ctx), MPI_COMM_WORLD, &result);
    assert_all(result == MPI_CONGRUENT);
}

TEST(null_has_no_ranks)
{
    assert_all_equal(pld_ctx_rank(NULL), -1);
    assert_all_equal(pld_ctx_nranks(NULL), 0);
    assert_all_equal(pld_ctx_node(NULL), -1);
    assert_all_equal(pld_ctx_nnodes(NULL), 0);
    assert_all_equal(pld_ctx_node_rank(NULL), -1);
    assert_all_equal(pld_ctx_node_nranks(NULL), 0);
    assert_all(pld_ctx_comm(NULL) == MPI_COMM_NULL);
}

TEST(real_nodes_are_numbered_by_their_lowest_rank)
{
    int highest = -1;
    for (int r = 0; r < nranks; r++) {
        assert_all(ctx->node_of[r] <= highest + 1);
        highest = ctx->node_of[r] > highest ? ctx->node_of[r] : highest;
    }
    assert_all_equal(pld_ctx_nnodes(ctx), highest + 1);
    assert_all_equal(pld_ctx_node(ctx), ctx->node_of[rank]);
}

TEST(fake_nodes_are_groups_of_neighbours)
{
    for (int k = 1; k < 10; k++) {
        int nnodes = k < nranks ? k : nranks;
        int node = rank * nnodes / nranks;
        int before = 0;
        int beside = 0;
        for (int r = 0; r < nranks; r++) {
            bool same = r * nnodes / nranks == node;
            before += same && r < rank;
            beside += same;
        }
        char text[20];
        snprintf(text, sizeof text, "%d", k);
        setenv("PLD_FAKE_NODES", text, 1);
        pld_ctx *fake = NULL;
        assert_ok(create(NULL, &fake));
        assert_all_equal(pld_ctx_nnodes(fake), nnodes);
        assert_all_equal(pld_ctx_node(fake), node);
        assert_all_equal(pld_ctx_node_rank(fake), before);
        assert_all_equal(pld_ctx_node_nranks(fake), beside);
        assert_ok(pld_ctx_destroy(&fake));
    }
    unsetenv("PLD_FAKE_NODES");
}

TEST(fake_nodes_that_are_no_number_are_refused)
{
    static const char *const values[] = {"0",  "-1",  "two",
                                         "3x", "1e9", "99999999999"};
    int64_t blocks = pld_memory_live_blocks();
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char text[80];
        snprintf(text, sizeof text, "rank 0: PLD_FAKE_NODES=%s is", values[i]);
        setenv("PLD_FAKE_NODES", values[i], 1);
        pld_ctx *none = NULL;
        assert_fails(PLD_ERR_ARG, create(NULL, &none), text);
        assert_all(none == NULL);
    }
    unsetenv("PLD_FAKE_NODES");
    assert_all_equal(pld_memory_live_blocks(), blocks);
}

TEST(fake_nodes_must_agree)
{
    if (nranks == 1)
        return;
    setenv("PLD_FAKE_NODES", rank == 1 ? "2" : "1", 1);
    pld_ctx *none = NULL;
    assert_fails(PLD_ERR_MISMATCH, create(NULL, &none),
                 "rank 1: PLD_FAKE_NODES differs from rank 0's");
    unsetenv("PLD_FAKE_NODES");
}

static pld_error early;

TEST(mpi_must_have_been_initialised)
{
    assert_all_equal(early.status, PLD_ERR_STATE);
    assert_string_equal(early.text,
                        "MPI is not initialised: call MPI_Init first");
}

TEST(unusable_communicators_are_refused)
{
    pld_ctx *none = NULL;
    assert_fails(PLD_ERR_ARG, pld_ctx_create(MPI_COMM_NULL, NULL, &none),
                 "comm is MPI_COMM_NULL");
    if (nranks == 1)
        return;
    MPI_Comm half = MPI_COMM_NULL;
    MPI_Comm both = MPI_COMM_NULL;
    MPI_Comm_split(MPI_COMM_WORLD, rank > 0, rank, &half);
    MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, rank > 0 ? 0 : 1, 5, &both);
    assert_fails(PLD_ERR_ARG, pld_ctx_create(both, NULL, &none),
                 "comm is an inter-communicator");
    MPI_Comm_free(&both);
    MPI_Comm_free(&half);
}

TEST(missing_result_on_one_rank_is_told_to_all)
{
    int64_t blocks = pld_memory_live_blocks();
    pld_ctx *none = NULL;
    char text[40];
    snprintf(text, sizeof text, "rank %d: out is NULL", nranks - 1);
    assert_fails(PLD_ERR_ARG, create(NULL, rank == nranks - 1 ? NULL : &none),
                 text);
    assert_all(none == NULL);
    assert_all_equal(pld_memory_live_blocks(), blocks);
}

TEST(missing_memory_on_one_rank_is_told_to_all)
{
    int64_t blocks = pld_memory_live_blocks();
    for (int nth = 1; nth <= 2; nth++) {
        pld_ctx *none = NULL;
        if (rank == nranks - 1)
            pld_alloc_fail(nth);
        assert_fails(PLD_ERR_MEMORY, create(NULL, &none), "no memory for");
        assert_all(none == NULL);
    }
    assert_all_equal(pld_memory_live_blocks(), blocks);
}

TEST(callers_communicator_keeps_its_error_handler)
{
    MPI_Comm mine = MPI_COMM_NULL;
    MPI_Comm_dup(MPI_COMM_WORLD, &mine);
    MPI_Comm_set_errhandler(mine, MPI_ERRORS_ARE_FATAL);
    pld_ctx *other = NULL;
    assert_ok(pld_ctx_create(mine, NULL, &other));

    MPI_Errhandler before = MPI_ERRHANDLER_NULL;
    MPI_Errhandler inside = MPI_ERRHANDLER_NULL;
    MPI_Comm_get_errhandler(mine, &before);
    MPI_Comm_get_errhandler(pld_ctx_comm(other), &inside);
    assert_all(before == MPI_ERRORS_ARE_FATAL);
    assert_all(inside == MPI_ERRORS_RETURN);
    MPI_Errhandler_free(&before);
    MPI_Errhandler_free(&inside);
    MPI_Comm_free(&mine);
    assert_all_equal(pld_ctx_nranks(other), nranks);
    assert_ok(pld_ctx_destroy(&other));
}

/* Even and odd ranks, in reversed order. */
TEST(parts_of_the_ranks_can_have_contexts_of_their_own)
{
    MPI_Comm part = MPI_COMM_NULL;
    MPI_Comm_split(MPI_COMM_WORLD, rank % 2, -rank, &part);
    pld_ctx *own = NULL;
    assert_ok(pld_ctx_create(part, NULL, &own));
    int size = (nranks + 1 - rank % 2) / 2;
    assert_all_equal(pld_ctx_nranks(own), size);
    assert_all_equal(pld_ctx_rank(own), size - 1 - rank / 2);
    assert_ok(pld_ctx_destroy(&own));
    MPI_Comm_free(&part);
}

TEST(some_ranks_can_have_a_context_without_the_others)
{
    MPI_Comm part = MPI_COMM_NULL;
    MPI_Comm_split(MPI_COMM_WORLD, rank == 0 ? 0 : MPI_UNDEFINED, 0, &part);
    if (rank == 0) {
        pld_ctx *own = NULL;
        assert_ok_here(pld_ctx_create(part, NULL, &own));
        assert_int_equal(pld_ctx_nranks(own), 1);
        assert_ok_here(pld_ctx_destroy(&own));
        MPI_Comm_free(&part);
    }
    assert_all(true);
}

/* Create a context over `comm` while a variable of the environment is set. */
static pld_status create_with(const char *variable, const char *value,
                              MPI_Comm comm, bool allow)
{
    const char *old = getenv(variable);
    char kept[40] = "";
    snprintf(kept, sizeof kept, "%s", old != NULL ? old : "");
    setenv(variable, value, 1);
    pld_ctx *other = NULL;
    pld_ctx_spec spec = {.allow_singletons = allow};
    pld_status status = pld_ctx_create(comm, &spec, &other);
    if (old != NULL)
        setenv(variable, kept, 1);
    else
        unsetenv(variable);
    return status == PLD_OK ? pld_ctx_destroy(&other) : status;
}

TEST(being_alone_by_mistake_is_noticed)
{
    static const char *const variables[] = {
        "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS",
        "SLURM_STEP_NUM_TASKS", "PALS_NRANKS"};
    if (nranks > 1)
        return;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        char text[100];
        snprintf(text, sizeof text, "this is rank 0 of 1, but %s=4",
                 variables[i]);
        assert_fails(PLD_ERR_LAUNCH,
                     create_with(variables[i], "4", MPI_COMM_WORLD, false),
                     text);
        assert_ok(create_with(variables[i], "4", MPI_COMM_WORLD, true));
        assert_ok(create_with(variables[i], "1", MPI_COMM_WORLD, false));
        assert_ok(create_with(variables[i], "?", MPI_COMM_WORLD, false));
    }
}

TEST(one_rank_of_many_is_not_alone)
{
    if (nranks > 1)
        assert_ok(create_with("PMI_SIZE", "4", MPI_COMM_SELF, false));
}

TEST(threads_need_their_level)
{
    int provided = MPI_THREAD_SINGLE;
    MPI_Query_thread(&provided);
    pld_ctx_spec spec = {.threads = true};
    pld_ctx *other = NULL;
    if (provided >= MPI_THREAD_SERIALIZED)
        assert_ok(create(&spec, &other));
    else
        assert_fails(PLD_ERR_STATE, create(&spec, &other),
                     "spec.threads needs MPI_THREAD_SERIALIZED");
    assert_ok(pld_ctx_destroy(&other));
}

TEST(nothing_can_be_destroyed_twice)
{
    pld_ctx *other = NULL;
    assert_ok(create(NULL, &other));
    assert_ok(pld_ctx_destroy(&other));
    assert_all(other == NULL);
    assert_ok(pld_ctx_destroy(&other));
    assert_fails(PLD_ERR_ARG, pld_ctx_destroy(NULL), "ctx is NULL");
}

TEST(context_outlives_what_lives_on_it)
{
    pld_ctx *other = NULL;
    assert_ok(create(NULL, &other));
    pld_ctx_retain(other, PLD_KIND_FIELD);
    assert_fails(PLD_ERR_STATE, pld_ctx_destroy(&other),
                 "rank 0: 1 field still live on the context");
    pld_ctx_retain(other, PLD_KIND_FIELD);
    pld_ctx_retain(other, PLD_KIND_HALO);
    assert_fails(PLD_ERR_STATE, pld_ctx_destroy(&other),
                 "rank 0: 2 fields and 1 halo still live on the context");
    pld_ctx_retain(other, PLD_KIND_GRID);
    assert_fails(PLD_ERR_STATE, pld_ctx_destroy(&other),
                 "rank 0: 1 grid, 2 fields and 1 halo still live");
    pld_ctx_release(other, PLD_KIND_GRID);
    pld_ctx_release(other, PLD_KIND_HALO);
    pld_ctx_release(other, PLD_KIND_FIELD);
    pld_ctx_release(other, PLD_KIND_FIELD);
    assert_ok(pld_ctx_destroy(&other));
}

TEST(what_lives_on_one_rank_keeps_the_context_on_all)
{
    pld_ctx *other = NULL;
    assert_ok(create(NULL, &other));
    if (rank == nranks - 1)
        pld_ctx_retain(other, PLD_KIND_FILE);
    assert_fails(PLD_ERR_STATE, pld_ctx_destroy(&other), "1 file still live");
    assert_all(other != NULL);
    if (rank == nranks - 1)
        pld_ctx_release(other, PLD_KIND_FILE);
    assert_ok(pld_ctx_destroy(&other));
}

TEST(tags_differ_until_they_wrap)
{
    int first = pld_ctx_tag(ctx);
    assert_all_equal(pld_ctx_tag(ctx), first + 1);
    assert_all(ctx->max_tag >= 32767);
    ctx->next_tag = ctx->max_tag;
    assert_all_equal(pld_ctx_tag(ctx), ctx->max_tag);
    assert_all_equal(pld_ctx_tag(ctx), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rank_and_size_are_those_of_the_communicator),
    cmocka_unit_test(null_has_no_ranks),
    cmocka_unit_test(real_nodes_are_numbered_by_their_lowest_rank),
    cmocka_unit_test(fake_nodes_are_groups_of_neighbours),
    cmocka_unit_test(fake_nodes_that_are_no_number_are_refused),
    cmocka_unit_test(fake_nodes_must_agree),
    cmocka_unit_test(mpi_must_have_been_initialised),
    cmocka_unit_test(unusable_communicators_are_refused),
    cmocka_unit_test(missing_result_on_one_rank_is_told_to_all),
    cmocka_unit_test(missing_memory_on_one_rank_is_told_to_all),
    cmocka_unit_test(callers_communicator_keeps_its_error_handler),
    cmocka_unit_test(parts_of_the_ranks_can_have_contexts_of_their_own),
    cmocka_unit_test(some_ranks_can_have_a_context_without_the_others),
    cmocka_unit_test(being_alone_by_mistake_is_noticed),
    cmocka_unit_test(one_rank_of_many_is_not_alone),
    cmocka_unit_test(threads_need_their_level),
    cmocka_unit_test(nothing_can_be_destroyed_twice),
    cmocka_unit_test(context_outlives_what_lives_on_it),
    cmocka_unit_test(what_lives_on_one_rank_keeps_the_context_on_all),
    cmocka_unit_test(tags_differ_until_they_wrap)};

/* A main of its own, to call before MPI_Init and after MPI_Finalize. */
int main(int argc, char **argv)
{
    pld_ctx *none = NULL;
    if (create(NULL, &none) != PLD_OK)
        early = *pld_error_last();
    test_begin(&argc, &argv);
    int code =
        test_end(cmocka_run_group_tests(tests, test_setup, test_teardown));
    bool late = create(NULL, &none) == PLD_ERR_STATE &&
                strcmp(pld_error_last()->text, "MPI is finalised already") == 0;
    return late ? code : 1;
}
