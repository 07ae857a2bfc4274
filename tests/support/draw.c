#include "support/draw.h"

#include "polder/random.h"

static uint64_t drawn;

int64_t draw(int64_t low, int64_t high)
{
    const pld_random random = {.seed = 1916};
    return low + pld_random_integer(random, drawn++, high - low + 1);
}

bool draw_bool(void)
{
    return draw(0, 1) == 1;
}
