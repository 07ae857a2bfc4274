/* Memory that the ranks of a node share.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "par/segment.h"
#include "polder/agree.h"
#include "polder/memory.h"
#include "polder/reduce.h"

/* Byte i of a piece of a rank. */
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

/* Where every rank's piece lies in its segment. */
static void tell(int64_t offset, int64_t *offsets)
{
    memset(offsets, 0, (size_t)nranks * sizeof *offsets);
    offsets[rank] = offset;
    assert_ok(pld_reduce(ctx, PLD_SUM, PLD_I64, offsets, nranks, offsets));
}

/* This machine has one node whose ranks can see each other. */
static bool all_reached(void)
{
    bool good = !pld_segment_reaches(ctx, rank);
    for (int r = 0; r < nranks; r++)
        good = good && (r == rank || pld_ctx_shares_memory(ctx, r));
    return good;
}

/* Every rank makes a piece and looks into those of all others, from `from`
 * on. */
static void share(int64_t bytes, int64_t from)
{
    unsigned char *piece = NULL;
    int64_t offsets[16];
    bool good = true;
    assert_ok(pld_segment_alloc(ctx, "piece", bytes, 1, &piece));
    assert_all(is_zero(piece, bytes) && (uintptr_t)piece % 64 == 0);
    fill(piece, bytes);
    tell(pld_segment_offset(ctx, piece + from), offsets);
    for (int r = 0; r < nranks; r++) {
        unsigned char *other = NULL;
        if (r == rank)
            continue;
        good = good && pld_segment_map(ctx, r, offsets[r], bytes - from,
                                       &other) == PLD_OK;
        good = good && holds(other, from, bytes - from, r);
        pld_segment_unmap(ctx, r, other);
    }
    assert_all(good);
    pld_segment_free(ctx, piece);
}

TEST(pieces_are_seen_by_all)
{
    if (nranks == 1)
        skip();
    assert_all(all_reached());
    share(1, 0);
    share(4096, 4095);
    share(100000, 5001);
    share(((int64_t)5 << 20) + 12345, (int64_t)3 << 20);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(pieces_are_seen_by_all),
};

PLD_TEST_MAIN(tests)
