/* Memory that the ranks of a node share.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "mesh/field.h"
#include "par/segment.h"
#include "polder/agree.h"
#include "polder/field.h"
#include "polder/grid.h"
#include "polder/log.h"
#include "polder/memory.h"
#include "polder/reduce.h"

enum { MEGA = 1 << 20, MAX_RANKS = 16 };

/* Byte i of the pieces of a rank. */
static unsigned char byte_of(int owner, int64_t i)
{
    return (unsigned char)(17 * owner + 3 * i + i / 251 + 1);
}

static void fill(unsigned char *piece, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i++)
        piece[i] = byte_of(rank, i);
}

static bool holds(const unsigned char *piece, int64_t first, int64_t bytes,
                  int owner)
{
    for (int64_t i = 0; i < bytes; i++)
        if (piece[i] != byte_of(owner, first + i))
            return false;
    return true;
}

static bool is_zero(const unsigned char *piece, int64_t bytes)
{
    for (int64_t i = 0; i < bytes; i++)
        if (piece[i] != 0)
            return false;
    return true;
}

/* Tell all ranks where a rank's piece lies in its segment. */
static void tell(int64_t offset, int64_t *offsets)
{
    memset(offsets, 0, MAX_RANKS * sizeof *offsets);
    offsets[rank] = offset;
    assert_ok(pld_reduce(ctx, PLD_SUM, PLD_I64, offsets, nranks, offsets));
}

/* What is seen of the others' bytes, from the first one on. */
static bool sees_others(const int64_t *offsets, int64_t first, int64_t bytes)
{
    bool good = true;
    for (int r = 0; r < nranks; r++) {
        unsigned char *other = NULL;
        unsigned char *again = NULL;
        if (r == rank)
            continue;
        good = good && pld_segment_map(ctx, r, offsets[r] + first, bytes,
                                       &other) == PLD_OK;
        good = good && holds(other, first, bytes, r);
        good = good && pld_segment_map(ctx, r, offsets[r] + first, bytes,
                                       &again) == PLD_OK;
        good = good && again == other;
        pld_segment_unmap(ctx, r, other);
        good = good && holds(again, first, bytes, r);
        pld_segment_unmap(ctx, r, again);
    }
    return good;
}

static void share(int64_t bytes)
{
    unsigned char *piece = NULL;
    int64_t offsets[MAX_RANKS];
    assert_ok(pld_segment_alloc(ctx, "piece", bytes, 1, &piece));
    assert_all(is_zero(piece, bytes) && (uintptr_t)piece % 64 == 0);
    fill(piece, bytes);
    tell(pld_segment_offset(ctx, piece), offsets);
    assert_all(sees_others(offsets, 0, bytes));
    assert_all(sees_others(offsets, bytes / 2, bytes - bytes / 2));
    assert_all(pld_segment_offset(ctx, piece + bytes - 1) ==
               offsets[rank] + bytes - 1);
    assert_all(pld_segment_offset(ctx, offsets) == -1);
    pld_segment_free(ctx, piece);
}

TEST(pieces_are_seen_by_all)
{
    if (nranks == 1)
        skip();
    share(1);
    share(4097);
    share(100000);
    share(5 * (int64_t)MEGA + 12345);
}

/* All ranks of this machine reach each other, and nobody else. */
TEST(ranks_of_a_node_share_memory)
{
    bool good =
        !pld_ctx_shares_memory(ctx, rank) && !pld_ctx_shares_memory(ctx, -1) &&
        !pld_ctx_shares_memory(ctx, nranks) && !pld_ctx_shares_memory(NULL, 0);
    for (int r = 0; r < nranks; r++)
        good = good && (r == rank || pld_ctx_shares_memory(ctx, r));
    assert_all(good);
    assert_all((ctx->segment != NULL) == (nranks > 1));
}

/* What one rank writes into another's piece arrives there. */
TEST(pieces_can_be_written_by_others)
{
    if (nranks == 1)
        skip();
    int64_t *piece = NULL;
    int64_t *other = NULL;
    int64_t offsets[MAX_RANKS];
    int right = (rank + 1) % nranks;
    assert_ok(pld_segment_alloc(ctx, "piece", 3, sizeof *piece, &piece));
    tell(pld_segment_offset(ctx, piece), offsets);
    assert_ok(pld_segment_map(ctx, right, offsets[right], 24, &other));
    other[1] = 1000 + rank;
    assert_ok(pld_agree(ctx, PLD_OK));
    assert_all_equal(piece[1], 1000 + (rank + nranks - 1) % nranks);
    assert_all(piece[0] == 0 && piece[2] == 0);
    pld_segment_unmap(ctx, right, other);
    pld_segment_free(ctx, piece);
}

/* Sizes of all kinds, freed in another order; what is taken again is zero. */
TEST(freed_memory_is_used_again)
{
    enum { NPIECES = 200 };
    static unsigned char *pieces[NPIECES];
    int64_t highest[2] = {0, 0};
    int64_t blocks = pld_memory_live_blocks();
    int64_t bytes[2];
    bool good = true;
    if (nranks == 1)
        skip();
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < NPIECES; i++) {
            int64_t size = 1 + 977 * i % 20000 + (i % 50 == 0 ? 2 * MEGA : 0);
            good = good && pld_segment_alloc(ctx, "piece", size, 1,
                                             &pieces[i]) == PLD_OK;
            good = good && is_zero(pieces[i], size);
            memset(pieces[i], 255, (size_t)size);
            int64_t end = pld_segment_offset(ctx, pieces[i]) + size;
            highest[round] = end > highest[round] ? end : highest[round];
        }
        assert_all(good);
        assert_all_equal(pld_memory_live_blocks(), blocks + NPIECES);
        for (int i = 0; i < NPIECES; i++)
            pld_segment_free(ctx, pieces[7 * i % NPIECES]);
        assert_all_equal(pld_memory_live_blocks(), blocks);
        bytes[round] = pld_memory_live_bytes();
    }
    assert_all_equal(bytes[1], bytes[0]);
    assert_all(highest[1] < highest[0] + 64 * 64);
}

TEST(bad_sizes_are_named)
{
    void *piece = &piece;
    if (nranks == 1) {
        assert_fails(PLD_ERR_UNSUPPORTED,
                     pld_segment_alloc(ctx, "u", 1, 8, &piece),
                     "u: no memory is shared");
        assert_fails(PLD_ERR_UNSUPPORTED, pld_segment_map(ctx, 0, 0, 8, &piece),
                     "rank 0");
        return;
    }
    assert_fails(PLD_ERR_ARG, pld_segment_alloc(ctx, "u", -1, 8, &piece),
                 "u: count -1");
    assert_all(piece == NULL);
    assert_fails(PLD_ERR_OVERFLOW,
                 pld_segment_alloc(ctx, "u", INT64_MAX / 8, 8, &piece),
                 "too many");
    assert_fails(PLD_ERR_MEMORY,
                 pld_segment_alloc(ctx, "u", (int64_t)1 << 50, 1, &piece),
                 "u: no memory for 11258999068");
    pld_alloc_fail(1);
    assert_fails(PLD_ERR_MEMORY, pld_segment_alloc(ctx, "u", 7, 1, &piece),
                 "u: no memory for 7 bytes");
    int other = (rank + 1) % nranks;
    assert_fails(PLD_ERR_INTERNAL,
                 pld_segment_map(ctx, other, (int64_t)1 << 50, 8, &piece),
                 "has no 4096 bytes from");
    assert_ok(pld_segment_alloc(ctx, "u", 0, 8, &piece));
    assert_all(piece == NULL);
    pld_segment_free(ctx, NULL);
    pld_segment_unmap(ctx, other, NULL);
}

/* Lines of the log on this rank. */
static char logged[2000];

static void keep_line(pld_log_level level, int from, const char *line,
                      void *data)
{
    (void)level, (void)from, (void)data;
    snprintf(logged, sizeof logged, "%s", line);
}

static void listen(bool on)
{
    logged[0] = '\0';
    pld_log_set_sink(on ? keep_line : NULL, NULL);
    pld_log_configure(on ? PLD_LOG_WARNING : PLD_LOG_SILENT, on);
}

/* 3 MB for each rank, and in them the numbers of all points. */
static void make_field(pld_ctx *where, pld_grid **grid, pld_field **field)
{
    pld_grid_spec cells = {.ndims = 2, .size = {400 * nranks, 1000}};
    assert_ok(pld_grid_create(where, &cells, grid));
    assert_ok(pld_field_create(*grid, &(pld_field_spec){.name = "u"}, field));
}

/* There is another way, so nothing is wrong. */
static void never_called(const pld_error *error, void *data)
{
    (void)data;
    fail_msg("%s", error->text);
}

/* In little room small pieces are found, large ones are refused in words, and
 * fields lie elsewhere. */
static void try_little_room(pld_ctx *little, const char *words)
{
    char *small = NULL;
    char *large = NULL;
    pld_grid *grid = NULL;
    pld_field *field = NULL;
    assert_all(little->segment != NULL);
    assert_ok(pld_segment_alloc(little, "small", 10000, 1, &small));
    assert_fails(PLD_ERR_MEMORY,
                 pld_segment_alloc(little, "large", 5 * MEGA, 1, &large),
                 words);
    listen(true);
    pld_error_set_handler(never_called, NULL);
    make_field(little, &grid, &field);
    pld_error_set_handler(NULL, NULL);
    assert_all(pld_error_last()->status == PLD_OK);
    assert_all(strstr(logged, "u: no memory for") != NULL);
    listen(false);
    assert_all(pld_segment_offset(little, field->memory) == -1);
    assert_ok(pld_field_destroy(&field));
    assert_ok(pld_grid_destroy(&grid));
    memset(small, 1, 10000);
    pld_segment_free(little, small);
    assert_ok(pld_segment_alloc(little, "again", MEGA / 2, 1, &large));
    assert_all(is_zero((unsigned char *)large, MEGA / 2));
    pld_segment_free(little, large);
}

TEST(limits_of_files_are_a_status)
{
    struct rlimit before;
    pld_ctx *little = NULL;
    if (nranks == 1)
        skip();
    assert_ok(pld_ctx_create(MPI_COMM_WORLD, NULL, &little));
    getrlimit(RLIMIT_FSIZE, &before);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){MEGA, before.rlim_max});
    try_little_room(little, "may grow to 1048576 bytes only");
    setrlimit(RLIMIT_FSIZE, &before);
    assert_ok(pld_ctx_destroy(&little));
}

/* A folder of a megabyte, made by check_segment.sh. */
TEST(full_file_systems_are_a_status)
{
    pld_ctx *little = NULL;
    if (nranks == 1 || getenv("PLD_TEST_SMALL_DISK") == NULL)
        skip();
    setenv("PLD_SEGMENT_DIR", getenv("PLD_TEST_SMALL_DISK"), 1);
    assert_ok(pld_ctx_create(MPI_COMM_WORLD, NULL, &little));
    try_little_room(little, "No space left on device");
    assert_ok(pld_ctx_destroy(&little));
    unsetenv("PLD_SEGMENT_DIR");
}

static pld_status create_with(const char *transport, pld_ctx **out)
{
    setenv("PLD_TRANSPORT", transport, 1);
    pld_status status = pld_ctx_create(MPI_COMM_WORLD, NULL, out);
    unsetenv("PLD_TRANSPORT");
    return status;
}

TEST(transports_can_be_chosen)
{
    static const char *const names[] = {"", "auto", "segment", "message"};
    pld_ctx *own = NULL;
    int other = (rank + 1) % nranks;
    for (int i = 0; i < 4; i++) {
        assert_ok(create_with(names[i], &own));
        assert_all(pld_ctx_shares_memory(own, other) == (i < 3 && nranks > 1));
        assert_ok(pld_ctx_destroy(&own));
    }
    assert_fails(PLD_ERR_ARG, create_with("pigeon", &own),
                 "PLD_TRANSPORT=pigeon is not auto, segment or message");
    assert_all(own == NULL);
    if (nranks == 1)
        return;
    assert_fails(PLD_ERR_MISMATCH,
                 create_with(rank == 0 ? "message" : "auto", &own),
                 "PLD_TRANSPORT differs");
    assert_fails(PLD_ERR_ARG, create_with(rank == 0 ? "auto" : "x", &own),
                 "rank 1: PLD_TRANSPORT=x");
}

/* Where one rank can share nothing, the others still do. */
TEST(ranks_without_segments_use_messages)
{
    pld_ctx *own = NULL;
    if (nranks == 1)
        skip();
    setenv("PLD_SEGMENT_DIR", rank == 1 ? "/nowhere" : "", 1);
    listen(true);
    assert_ok(create_with("auto", &own));
    bool told = strstr(logged, rank == 1 ? "PLD_SEGMENT_DIR=/nowhere"
                                         : "rank 1 has no segment") != NULL;
    listen(false);
    assert_all(told && pld_error_last()->status == PLD_OK);
    bool good = true;
    for (int r = 0; r < nranks; r++)
        good = good && pld_ctx_shares_memory(own, r) ==
                           (r != rank && r != 1 && rank != 1);
    assert_all(good);
    assert_all((own->segment != NULL) == (rank != 1 && nranks > 2));
    assert_ok(pld_ctx_destroy(&own));
    assert_fails(PLD_ERR_UNSUPPORTED, create_with("segment", &own),
                 "PLD_TRANSPORT=segment: memory cannot be shared");
    unsetenv("PLD_SEGMENT_DIR");
}

TEST(fake_nodes_share_nothing)
{
    pld_ctx *own = NULL;
    setenv("PLD_FAKE_NODES", "2", 1);
    assert_ok(create_with("segment", &own));
    unsetenv("PLD_FAKE_NODES");
    bool good = true;
    for (int r = 0; r < nranks; r++)
        good = good && pld_ctx_shares_memory(own, r) ==
                           (r != rank && own->node_of[r] == own->node);
    assert_all(good);
    assert_ok(pld_ctx_destroy(&own));
}

TEST(fields_lie_in_the_segment)
{
    pld_grid *grid = NULL;
    pld_field *field = NULL;
    make_field(ctx, &grid, &field);
    assert_all((pld_segment_offset(ctx, field->memory) >= 0) == (nranks > 1));
    assert_ok(pld_field_destroy(&field));
    assert_ok(pld_grid_destroy(&grid));
}

/* Every allocation of a context's making fails once. */
TEST(missing_memory_is_told_to_all)
{
    pld_status status = PLD_ERR_MEMORY;
    for (int nth = 1; status == PLD_ERR_MEMORY; nth++) {
        pld_ctx *own = NULL;
        int64_t blocks = pld_memory_live_blocks();
        pld_alloc_fail(rank == nranks - 1 ? nth : 0);
        status = pld_ctx_create(MPI_COMM_WORLD, NULL, &own);
        pld_alloc_fail(0);
        assert_all(status == PLD_OK || status == PLD_ERR_MEMORY);
        assert_all((own != NULL) == (status == PLD_OK));
        assert_ok(pld_ctx_destroy(&own));
        assert_all_equal(pld_memory_live_blocks(), blocks);
        assert_all(nth < 50);
    }
    pld_error_clear();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(pieces_are_seen_by_all),
    cmocka_unit_test(ranks_of_a_node_share_memory),
    cmocka_unit_test(pieces_can_be_written_by_others),
    cmocka_unit_test(freed_memory_is_used_again),
    cmocka_unit_test(bad_sizes_are_named),
    cmocka_unit_test(limits_of_files_are_a_status),
    cmocka_unit_test(full_file_systems_are_a_status),
    cmocka_unit_test(transports_can_be_chosen),
    cmocka_unit_test(ranks_without_segments_use_messages),
    cmocka_unit_test(fake_nodes_share_nothing),
    cmocka_unit_test(fields_lie_in_the_segment),
    cmocka_unit_test(missing_memory_is_told_to_all),
};

PLD_TEST_MAIN(tests)
