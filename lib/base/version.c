#include "polder/version.h"

const char *pld_version(void)
{
    return PLD_VERSION;
}

int pld_abi(void)
{
    return PLD_ABI;
}
