/* How data is cut for files, and what a file's first bytes say.
 * TEST: ranks=1 */

#include "support/harness.h"

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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(pieces_follow_each_other),
    cmocka_unit_test(pieces_are_as_large_as_they_may),
    cmocka_unit_test(chunks_are_small_and_waste_little),
    cmocka_unit_test(chunks_divide_where_they_can),
    cmocka_unit_test(superblocks_of_every_version_tell_the_length),
    cmocka_unit_test(strange_superblocks_are_damaged),
};

PLD_TEST_MAIN(tests)
