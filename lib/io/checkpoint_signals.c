#include "io/checkpoint.h"

#include <signal.h>
#include <stdatomic.h>

/* Handlers belong to the process, so what they tell does too. */
static const int wanted[] = {SIGUSR1, SIGTERM};
enum { NSIGNALS = sizeof wanted / sizeof *wanted };

static volatile sig_atomic_t heard;
static atomic_flag in_use = ATOMIC_FLAG_INIT;
static struct sigaction before[NSIGNALS];

static void hear(int number)
{
    heard = number;
}

pld_status pld_checkpoint_listen(void)
{
    PLD_CHECK(!atomic_flag_test_and_set(&in_use), PLD_ERR_STATE,
              "another checkpoint of this process listens to signals");
    struct sigaction action = {.sa_handler = hear, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    heard = 0;
    for (int i = 0; i < NSIGNALS; i++)
        sigaction(wanted[i], &action, &before[i]);
    return PLD_OK;
}

void pld_checkpoint_ignore(void)
{
    for (int i = 0; i < NSIGNALS; i++)
        sigaction(wanted[i], &before[i], NULL);
    atomic_flag_clear(&in_use);
}

int pld_checkpoint_heard(void)
{
    int number = heard;
    heard = 0;
    return number;
}
