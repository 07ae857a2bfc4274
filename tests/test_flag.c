/* Flags in shared memory, and waits for them. PLD_TEST_LONG=k makes the stress
 * k times longer.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "par/flag.h"
#include "par/peers.h"
#include "par/segment.h"
#include "polder/agree.h"
#include "polder/reduce.h"

/* What each rank shows the others: the words of the last epochs. */
enum { NSLOTS = 64, NWORDS = 24 };
struct page {
    struct pld_flag written; /* epochs whose words are there */
    struct pld_flag read;    /* epochs of all others that were read here */
    int64_t words[NSLOTS][NWORDS];
};

static struct page *pages[16]; /* of all ranks */

static void open_pages(void)
{
    int64_t offsets[16] = {0};
    bool good = true;
    assert_ok(
        pld_segment_alloc(ctx, "page", 1, sizeof(struct page), &pages[rank]));
    offsets[rank] = pld_segment_offset(ctx, pages[rank]);
    assert_ok(pld_reduce(ctx, PLD_SUM, PLD_I64, offsets, nranks, offsets));
    for (int r = 0; r < nranks; r++)
        good = good && (r == rank ||
                        pld_segment_map(ctx, r, offsets[r], sizeof(struct page),
                                        &pages[r]) == PLD_OK);
    assert_all(good);
}

static void close_pages(void)
{
    assert_ok(pld_agree(ctx, PLD_OK));
    for (int r = 0; r < nranks; r++)
        if (r != rank)
            pld_segment_unmap(ctx, r, pages[r]);
    pld_segment_free(ctx, pages[rank]);
}

/* 32 random bits for each rank and epoch. */
static uint32_t draw(int r, int64_t epoch)
{
    const uint32_t counter[4] = {(uint32_t)epoch, (uint32_t)(epoch >> 32),
                                 (uint32_t)r, 0};
    const uint32_t key[2] = {4711, 17};
    uint32_t out[4];
    pld_philox(counter, key, out);
    return out[0];
}

/* Mostly none, often short, at times for others to run. */
static void delay(uint32_t random)
{
    if (random % 4096 == 0)
        sched_yield();
    uint32_t n = random % 8 == 0 ? random >> 12 & 255 : 0;
    for (uint32_t i = 0; i < n; i++)
        atomic_signal_fence(memory_order_seq_cst);
}

static int64_t word_of(int r, int64_t epoch, int i)
{
    return epoch * 1000 + r * 100 + i;
}

/* In step now and then; otherwise a rank reads what is some epochs old, so that
 * nobody need wait for every other one every time. */
static int64_t lag(int64_t epoch)
{
    return epoch % 1024 < 16 ? 0 : NSLOTS / 2;
}

/* Write the words of an epoch, once all have read those that were there. */
static pld_status write_words(int64_t epoch)
{
    for (int k = 1; k < nranks; k++) {
        int r = (rank + k) % nranks;
        PLD_TRY(pld_flag_wait(ctx, &pages[r]->read, epoch - NSLOTS, r));
    }
    for (int i = 0; i < NWORDS; i++)
        pages[rank]->words[epoch % NSLOTS][i] = word_of(rank, epoch, i);
    delay(draw(rank, epoch));
    pld_flag_set(&pages[rank]->written, epoch);
    return PLD_OK;
}

static pld_status read_words(int64_t epoch, int64_t *nwrong)
{
    for (int k = 1; k < nranks; k++) {
        int r = (rank + k) % nranks;
        PLD_TRY(pld_flag_wait(ctx, &pages[r]->written, epoch, r));
        for (int i = 0; i < NWORDS; i++)
            *nwrong +=
                pages[r]->words[epoch % NSLOTS][i] != word_of(r, epoch, i);
    }
    delay(draw(rank, -epoch));
    pld_flag_set(&pages[rank]->read, epoch);
    return PLD_OK;
}

static pld_status run_epochs(int64_t nepochs, int64_t *nwrong)
{
    int64_t nread = 0;
    for (int64_t epoch = 1; epoch <= nepochs; epoch++) {
        PLD_TRY(write_words(epoch));
        int64_t end = epoch < nepochs ? epoch - lag(epoch) : nepochs;
        while (nread < end)
            PLD_TRY(read_words(++nread, nwrong));
    }
    return PLD_OK;
}

/* A million exchanges on four ranks, counted by pairs. */
TEST(readers_find_what_was_written_before_the_flag)
{
    if (nranks == 1)
        skip();
    const char *text = getenv("PLD_TEST_LONG");
    int64_t times = text != NULL ? atoi(text) : 1;
    int64_t nexchanges = nranks == 4 ? 1020000 : 100000;
    int64_t nwrong = 0;
    open_pages();
    assert_ok(
        run_epochs(times * nexchanges / (nranks * (nranks - 1)), &nwrong));
    assert_all_equal(nwrong, 0);
    close_pages();
}

/* A process that does nothing in place of that of another rank. */
static int start_child(int victim)
{
    int pid = (int)fork();
    while (pid == 0)
        pause();
    struct pld_peer *peer = &ctx->peers->list[victim];
    peer->pid = pid;
    peer->start = pld_process_start(pid);
    return pid;
}

/* No rank sets this one. */
static struct pld_flag never;

/* A wait for `waited` fails and names `victim`. */
static void is_told(int waited, int victim)
{
    char text[40];
    snprintf(text, sizeof text, "rank %d is gone: its process %d", victim,
             ctx->peers->list[victim].pid);
    assert_fails(PLD_ERR_PEER, pld_flag_wait(ctx, &never, 1, waited), text);
}

/* Every rank loses another one, or so it seems. */
TEST(waits_end_when_the_process_has_ended)
{
    if (nranks == 1)
        skip();
    int victim = (rank + 1) % nranks;
    struct pld_peer peer = ctx->peers->list[victim];
    int pid = start_child(victim);
    assert_all(peer.visible && pid > 0);
    assert_ok(pld_peers_check(ctx, victim));
    kill(pid, SIGKILL);
    is_told(victim, victim);
    /* Known from now on, also to those who wait for others. */
    is_told((rank + 2) % nranks, victim);
    ctx->peers->gone = -1;
    is_told((rank + 2) % nranks, victim);

    ctx->peers->gone = -1;
    assert_all(waitpid(pid, NULL, 0) == pid);
    is_told(victim, victim);
    /* Another process has got its number. */
    ctx->peers->gone = -1;
    ctx->peers->list[victim].pid = (int)getpid();
    ctx->peers->list[victim].start = pld_process_start((int)getpid()) - 1;
    is_told(victim, victim);

    ctx->peers->gone = -1;
    ctx->peers->list[victim] = peer;
    assert_ok(pld_peers_check(ctx, victim));
}

/* A message that is too long to leave without its receiver's help. */
TEST(messages_move_on_during_waits)
{
    static char data[1 << 22];
    if (nranks == 1)
        skip();
    open_pages();
    MPI_Request request = MPI_REQUEST_NULL;
    pld_status status = PLD_OK;
    if (rank == 0) {
        MPI_Isend(data, sizeof data, MPI_CHAR, 1, 5, pld_ctx_comm(ctx),
                  &request);
        status = pld_flag_wait(ctx, &pages[1]->read, 1, 1);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    } else if (rank == 1) {
        MPI_Recv(data, sizeof data, MPI_CHAR, 0, 5, pld_ctx_comm(ctx),
                 MPI_STATUS_IGNORE);
        pld_flag_set(&pages[1]->read, 1);
    }
    assert_ok(status);
    close_pages();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(messages_move_on_during_waits),
    cmocka_unit_test(waits_end_when_the_process_has_ended),
    cmocka_unit_test(readers_find_what_was_written_before_the_flag),
};

PLD_TEST_MAIN(tests)
