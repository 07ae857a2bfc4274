/* Messages of any length. PLD_TEST_BIG=1 sends one beyond 2^31 bytes, too.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "par/message.h"

/* Lengths around one and several pieces of LIMIT bytes. */
enum { LIMIT = 16, ROOM = 200, TAG = 7 };
static const int64_t lengths[] = {0, 1, 15, 16, 17, 32, 48, 53, 160, 199};
enum { NLENGTHS = sizeof lengths / sizeof *lengths };

static unsigned char byte_of(int sender, int64_t i)
{
    return (unsigned char)(31 * sender + 7 * i + 1);
}

static void fill(unsigned char *data, int64_t bytes, int sender)
{
    for (int64_t i = 0; i < bytes; i++)
        data[i] = byte_of(sender, i);
}

/* The sender's bytes, and zeros behind them. */
static bool arrived(const unsigned char *data, int64_t bytes, int sender)
{
    for (int64_t i = 0; i < ROOM; i++)
        if (data[i] != (i < bytes ? byte_of(sender, i) : 0))
            return false;
    return true;
}

static int right(void)
{
    return (rank + 1) % nranks;
}

static int left(void)
{
    return (rank + nranks - 1) % nranks;
}

static void wait_both(MPI_Request requests[2])
{
    MPI_Wait(&requests[0], MPI_STATUS_IGNORE);
    MPI_Wait(&requests[1], MPI_STATUS_IGNORE);
}

TEST(ring_passes_every_length_without_waiting)
{
    pld_message_set_limit(LIMIT);
    for (int k = 0; k < NLENGTHS; k++) {
        unsigned char mine[ROOM];
        unsigned char other[ROOM] = {0};
        MPI_Request requests[2];
        fill(mine, lengths[k], rank);
        assert_ok(
            pld_ireceive(ctx, other, lengths[k], left(), TAG, &requests[0]));
        assert_ok(pld_isend(ctx, mine, lengths[k], right(), TAG, &requests[1]));
        wait_both(requests);
        assert_all(arrived(other, lengths[k], left()));
    }
}

TEST(blocking_messages_carry_every_length)
{
    pld_message_set_limit(LIMIT);
    for (int k = 0; k < NLENGTHS && nranks > 1; k++) {
        unsigned char data[ROOM] = {0};
        if (rank == 0) {
            fill(data, lengths[k], 0);
            assert_ok_here(pld_send(ctx, data, lengths[k], nranks - 1, TAG));
        } else if (rank == nranks - 1) {
            assert_ok_here(pld_receive(ctx, data, lengths[k], 0, TAG));
            assert_true(arrived(data, lengths[k], 0));
        }
    }
    assert_all(true);
}

TEST(persistent_messages_can_be_started_again_and_again)
{
    pld_message_set_limit(LIMIT);
    for (int k = 0; k < NLENGTHS; k++) {
        unsigned char mine[ROOM];
        unsigned char other[ROOM] = {0};
        MPI_Request requests[2];
        assert_ok(pld_receive_init(ctx, other, lengths[k], left(), TAG,
                                   &requests[0]));
        assert_ok(
            pld_send_init(ctx, mine, lengths[k], right(), TAG, &requests[1]));
        for (int turn = 0; turn < 3; turn++) {
            fill(mine, lengths[k], rank + turn);
            MPI_Startall(2, requests);
            wait_both(requests);
            assert_all(arrived(other, lengths[k], left() + turn));
        }
        MPI_Request_free(&requests[0]);
        MPI_Request_free(&requests[1]);
    }
}

TEST(every_root_can_broadcast_every_length)
{
    pld_message_set_limit(LIMIT);
    for (int root = 0; root < nranks; root++)
        for (int k = 0; k < NLENGTHS; k++) {
            unsigned char data[ROOM] = {0};
            if (rank == root)
                fill(data, lengths[k], root);
            assert_ok(pld_broadcast(ctx, data, lengths[k], root));
            assert_all(arrived(data, lengths[k], root));
        }
}

TEST(pieces_and_one_piece_are_the_same_message)
{
    unsigned char mine[ROOM];
    unsigned char other[ROOM] = {0};
    MPI_Request request = MPI_REQUEST_NULL;
    fill(mine, 100, rank);
    pld_message_set_limit(0);
    assert_ok(pld_ireceive(ctx, other, 100, left(), TAG, &request));
    pld_message_set_limit(LIMIT);
    assert_ok(pld_send(ctx, mine, 100, right(), TAG));
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    assert_all(arrived(other, 100, left()));
}

TEST(limit_stays_within_int)
{
    pld_message_set_limit(INT64_MAX);
    assert_all_equal(pld_message_limit(), 2147483647);
    pld_message_set_limit(5);
    assert_all_equal(pld_message_limit(), 5);
    pld_message_set_limit(0);
    assert_all_equal(pld_message_limit(), 2147483647);
}

TEST(too_many_pieces_are_an_overflow)
{
    char data = 0;
    pld_message_set_limit(1);
    assert_fails(PLD_ERR_OVERFLOW,
                 pld_send(ctx, &data, INT64_C(3) << 31, 0, TAG),
                 "a message of 6442450944 bytes is too long");
}

TEST(refusal_by_mpi_names_length_and_rank)
{
    char data[ROOM] = {0};
    char text[80];
    MPI_Request request = MPI_REQUEST_NULL;
    pld_message_set_limit(LIMIT);
    snprintf(text, sizeof text,
             "MPI_Isend of 100 bytes with rank %d failed: ", nranks);
    assert_fails(PLD_ERR_MPI, pld_isend(ctx, data, 100, nranks, TAG, &request),
                 text);
    assert_fails(PLD_ERR_MPI, pld_broadcast(ctx, data, 4, nranks),
                 "MPI_Bcast failed: ");
}

TEST(message_longer_than_expected_is_an_error)
{
    char mine[8] = {0};
    char other[8] = {0};
    MPI_Request request = MPI_REQUEST_NULL;
    pld_message_set_limit(0);
    assert_ok(pld_isend(ctx, mine, 8, rank, TAG, &request));
    assert_fails(PLD_ERR_MPI, pld_receive(ctx, other, 4, rank, TAG),
                 "MPI_Recv of 4 bytes");
    MPI_Wait(&request, MPI_STATUS_IGNORE);
}

TEST(more_than_2_to_the_31_bytes_pass)
{
    const int64_t bytes = (INT64_C(1) << 31) + 8;
    if (getenv("PLD_TEST_BIG") == NULL || nranks != 2) {
        print_message("needs PLD_TEST_BIG=1, 2 ranks and 4 GiB\n");
        skip();
    }
    pld_message_set_limit(0);
    unsigned char *data = malloc((size_t)bytes);
    assert_non_null(data);
    memset(data, rank == 0 ? 0x55 : 0, (size_t)bytes);
    memcpy(data + bytes - 8, rank == 0 ? "the end." : "12345678", 8);
    if (rank == 0)
        assert_ok_here(pld_send(ctx, data, bytes, 1, TAG));
    else
        assert_ok_here(pld_receive(ctx, data, bytes, 0, TAG));
    assert_all(memcmp(data + bytes - 8, "the end.", 8) == 0);
    int64_t good = 0;
    for (int64_t i = 0; i < bytes - 8; i++)
        good += data[i] == 0x55;
    assert_all_equal(good, bytes - 8);

    if (rank == 1)
        memset(data, 0, (size_t)bytes);
    assert_ok(pld_broadcast(ctx, data, bytes, 0));
    assert_all(memcmp(data + bytes - 8, "the end.", 8) == 0);
    free(data);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(ring_passes_every_length_without_waiting),
    cmocka_unit_test(blocking_messages_carry_every_length),
    cmocka_unit_test(persistent_messages_can_be_started_again_and_again),
    cmocka_unit_test(every_root_can_broadcast_every_length),
    cmocka_unit_test(pieces_and_one_piece_are_the_same_message),
    cmocka_unit_test(limit_stays_within_int),
    cmocka_unit_test(too_many_pieces_are_an_overflow),
    cmocka_unit_test(refusal_by_mpi_names_length_and_rank),
    cmocka_unit_test(message_longer_than_expected_is_an_error),
    cmocka_unit_test(more_than_2_to_the_31_bytes_pass)};

PLD_TEST_MAIN(tests)
