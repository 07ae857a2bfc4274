#include "polder/types.h"

#include <stdbool.h>

static bool is_type(pld_type type)
{
    return (int)type >= 0 && type < PLD_TYPE_COUNT;
}

size_t pld_type_size(pld_type type)
{
    static const size_t sizes[] = {
#define SIZE(name, bytes, words) bytes,
        PLD_TYPE_LIST(SIZE)
#undef SIZE
    };
    return is_type(type) ? sizes[type] : 0;
}

const char *pld_type_name(pld_type type)
{
    static const char *const names[] = {
#define NAME(name, bytes, words) words,
        PLD_TYPE_LIST(NAME)
#undef NAME
    };
    return is_type(type) ? names[type] : "?";
}
