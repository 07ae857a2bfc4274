/* How data is cut for files, and what a file's first bytes say.
 * TEST: ranks=1 */

#include "support/harness.h"

#include "io/bricks.h"
#include "io/pieces.h"
#include "io/superblock.h"

#include <string.h>

/* The pieces, one after the other, are the box in row-major order. */
static void check_cutting(pld_box box, int64_t limit)
{
    struct pld_cutting cutting = pld_cut_box(box, limit);
    int64_t next = 0;
    for (int64_t i = 0; i < cutting.npieces; i++) {
        pld_box piece = pld_cut_piece(&cutting, i);
        assert_true(pld_box_volume(piece) <= limit);
        assert_true(pld_box_contains(box, piece));
        int64_t place = 0;
        for (int d = 0; d < PLD_MAXDIM; d++)
            place = place * box.count[d] + piece.first[d] - box.first[d];
        assert_true(place == next);
        next += pld_box_volume(piece);
    }
    assert_true(next == pld_box_volume(box));
    assert_true(pld_box_empty(pld_cut_piece(&cutting, cutting.npieces)));
}

TEST(pieces_follow_each_other)
{
    for (int64_t n = 0; n < 5 * 5 * 5; n++)
        for (int64_t limit = 1; limit <= 70; limit++) {
            pld_box box = {.first = {2, -3, 4},
                           .count = {n / 25, n / 5 % 5, n % 5}};
            check_cutting(box, limit);
        }
}

TEST(pieces_are_as_large_as_they_may)
{
    const pld_box box = {.count = {10, 20, 30}};
    assert_true(pld_cut_box(box, 6000).npieces == 1);
    assert_true(pld_cut_box(box, 5999).npieces == 2);
    assert_true(pld_cut_box(box, 600).npieces == 10);
    assert_true(pld_cut_box(box, 599).npieces == 20);
    assert_true(pld_cut_box(box, 1).npieces == 6000);
}

TEST(chunks_are_small_and_waste_little)
{
    for (int64_t n = 1; n < 300; n++)
        for (int64_t limit = 1; limit < 40; limit++) {
            const int64_t size[2] = {n, 1 + n % 3};
            int64_t chunk[2];
            pld_chunk_shape(2, size, limit, chunk);
            assert_true(chunk[0] >= 1 && chunk[0] <= size[0]);
            assert_true(chunk[1] >= 1 && chunk[1] <= size[1]);
            assert_true(chunk[0] * chunk[1] <= limit);
            int64_t nchunks = (n + chunk[0] - 1) / chunk[0];
            assert_true(nchunks * chunk[0] - n < nchunks);
        }
}

TEST(chunks_divide_where_they_can)
{
    const int64_t size[3] = {512, 512, 512};
    int64_t chunk[3];
    pld_chunk_shape(3, size, 524288, chunk);
    assert_true(chunk[0] == 2 && chunk[1] == 512 && chunk[2] == 512);
    pld_chunk_shape(3, size, 300000, chunk);
    assert_true(chunk[0] == 1 && chunk[1] == 512 && chunk[2] == 512);
    const int64_t hundred[1] = {100};
    pld_chunk_shape(1, hundred, 30, chunk);
    assert_true(chunk[0] == 25);
    const int64_t prime[1] = {101};
    pld_chunk_shape(1, prime, 30, chunk);
    assert_true(chunk[0] == 26);
}

TEST(superblocks_of_every_version_tell_the_length)
{
    static const size_t places[4] = {40, 44, 28, 28};
    for (int version = 0; version < 4; version++) {
        unsigned char bytes[PLD_SUPERBLOCK_BYTES] = "\x89HDF\r\n\x1a\n";
        int64_t length = 0;
        bytes[8] = (unsigned char)version;
        bytes[version < 2 ? 13 : 9] = 8;
        bytes[places[version]] = 0x34;
        bytes[places[version] + 1] = 0x12;
        assert_true(pld_superblock_here(bytes, sizeof bytes));
        assert_ok(pld_superblock_length("a", bytes, sizeof bytes, &length));
        assert_true(length == 0x1234);
        memset(bytes + places[version], 0xff, 8);
        assert_fails(PLD_ERR_CORRUPT,
                     pld_superblock_length("a", bytes, sizeof bytes, &length),
                     "never closed");
    }
}

TEST(strange_superblocks_are_damaged)
{
    unsigned char bytes[PLD_SUPERBLOCK_BYTES] = "\x89HDF\r\n\x1a\n\x09";
    int64_t length = 0;
    assert_fails(PLD_ERR_CORRUPT,
                 pld_superblock_length("a", bytes, sizeof bytes, &length),
                 "make no sense");
    bytes[8] = 2;
    bytes[9] = 200;
    assert_fails(PLD_ERR_CORRUPT,
                 pld_superblock_length("a", bytes, sizeof bytes, &length),
                 "make no sense");
    bytes[9] = 8;
    assert_fails(PLD_ERR_CORRUPT,
                 pld_superblock_length("a", bytes, 30, &length),
                 "ends after 30 bytes");
    assert_true(!pld_superblock_here(bytes, 7));
}

/* --- Bricks ------------------------------------------------------------------
 */

enum { BRICK_BYTES = 1 << 12 };

/* Where a point lies, worked out point by point. */
static int64_t place_of(const struct pld_bricks *bricks,
                        const int64_t index[PLD_MAXDIM])
{
    int64_t number = 0;
    int64_t inside = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t brick = bricks->brick[d];
        int64_t along = (bricks->size[d] + brick - 1) / brick;
        number = number * along + index[d] / brick;
        inside = inside * brick + index[d] % brick;
    }
    return bricks->places[number] + inside * bricks->point;
}

/* The runs of a part are its points, in order. */
static int64_t check_runs(const struct pld_bricks *bricks,
                          const struct pld_brick *brick)
{
    pld_box part = brick->part;
    struct pld_runs runs = pld_brick_runs(bricks, part);
    int64_t npoints = pld_box_volume(part);
    assert_true(runs.count * runs.bytes == npoints * bricks->point);
    for (int64_t n = 0; n < npoints; n++) {
        int64_t index[PLD_MAXDIM] = {
            part.first[0] + n / part.count[2] / part.count[1],
            part.first[1] + n / part.count[2] % part.count[1],
            part.first[2] + n % part.count[2]};
        int64_t byte = n * bricks->point;
        int64_t run = pld_brick_run(bricks, brick, part, byte / runs.bytes);
        assert_true(run + byte % runs.bytes == place_of(bricks, index));
    }
    return npoints;
}

static void check_bricks(const struct pld_bricks *bricks, pld_box box)
{
    int64_t next = 0;
    int64_t npoints = 0;
    struct pld_brick brick;
    while (pld_bricks_next(bricks, box, &next, &brick)) {
        assert_true(pld_box_contains(box, brick.part));
        npoints += check_runs(bricks, &brick);
    }
    assert_true(npoints == pld_box_volume(box));
}

/* All shapes of bricks for a variable of 3 x 4 x 5 points, and some boxes. */
TEST(bricks_place_every_point)
{
    int64_t places[3 * 4 * 5];
    for (int i = 0; i < 3 * 4 * 5; i++)
        places[i] = 1000 + BRICK_BYTES * (i * 37 % 60);
    for (int n = 0; n < 3 * 4 * 5; n++) {
        struct pld_bricks bricks = {
            .size = {3, 4, 5},
            .brick = {1 + n / 20, 1 + n / 5 % 4, 1 + n % 5},
            .point = 8 + n,
            .places = places};
        check_bricks(&bricks, (pld_box){.count = {3, 4, 5}});
        check_bricks(&bricks, (pld_box){{1, 0, 2}, {2, 3, 3}});
        check_bricks(&bricks, (pld_box){{0, 3, 0}, {3, 1, 5}});
        check_bricks(&bricks, (pld_box){.count = {3, 0, 5}});
    }
}

TEST(one_brick_is_one_run_for_a_slab)
{
    int64_t place = 512;
    struct pld_bricks bricks = {
        .size = {4, 5, 6}, .brick = {4, 5, 6}, .point = 8, .places = &place};
    struct pld_runs runs =
        pld_brick_runs(&bricks, (pld_box){{1, 0, 0}, {2, 5, 6}});
    assert_true(runs.count == 1 && runs.bytes == 2 * 5 * 6 * 8);
    runs = pld_brick_runs(&bricks, (pld_box){{0, 2, 0}, {4, 2, 6}});
    assert_true(runs.count == 4 && runs.bytes == 2 * 6 * 8);
    runs = pld_brick_runs(&bricks, (pld_box){{0, 0, 3}, {4, 5, 3}});
    assert_true(runs.count == 20 && runs.bytes == 3 * 8);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(bricks_place_every_point),
    cmocka_unit_test(one_brick_is_one_run_for_a_slab),
    cmocka_unit_test(pieces_follow_each_other),
    cmocka_unit_test(pieces_are_as_large_as_they_may),
    cmocka_unit_test(chunks_are_small_and_waste_little),
    cmocka_unit_test(chunks_divide_where_they_can),
    cmocka_unit_test(superblocks_of_every_version_tell_the_length),
    cmocka_unit_test(strange_superblocks_are_damaged),
};

PLD_TEST_MAIN(tests)
