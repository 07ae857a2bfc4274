#include "io/superblock.h"

#include <string.h>

static const unsigned char signature[8] = {0x89, 'H',  'D',  'F',
                                           '\r', '\n', 0x1a, '\n'};

bool pld_superblock_here(const unsigned char *bytes, size_t n)
{
    return n >= sizeof signature &&
           memcmp(bytes, signature, sizeof signature) == 0;
}

/* Where the address of the end of the file lies, and how wide it is. Versions
 * 0 and 1 have: signature, 5 bytes of versions, width, ..., then the addresses
 * of base, free space and end; versions 2 and 3: signature, version, width,
 * ..., then base, extension and end. */
struct place {
    size_t offset;
    size_t width;
};

static struct place place_of_end(const unsigned char *bytes)
{
    static const size_t first_address[4] = {24, 28, 12, 12};
    unsigned version = bytes[8];
    if (version > 3)
        return (struct place){0, 0};
    size_t width = bytes[version < 2 ? 13 : 9];
    return (struct place){first_address[version] + 2 * width, width};
}

pld_status pld_superblock_length(const char *path, const unsigned char *bytes,
                                 size_t n, int64_t *out)
{
    PLD_CHECK(n >= 16, PLD_ERR_CORRUPT,
              "'%s' is cut short: it ends after %zu bytes", path, n);
    struct place place = place_of_end(bytes);
    PLD_CHECK(place.width == 2 || place.width == 4 || place.width == 8,
              PLD_ERR_CORRUPT,
              "'%s' is damaged: the first bytes of the file make no sense",
              path);
    PLD_CHECK(place.offset + place.width <= n, PLD_ERR_CORRUPT,
              "'%s' is cut short: it ends after %zu bytes", path, n);
    uint64_t length = 0;
    for (size_t i = place.width; i-- > 0;)
        length = length << 8 | bytes[place.offset + i];
    PLD_CHECK(length <= INT64_MAX, PLD_ERR_CORRUPT,
              "'%s' was never closed: its length was not written", path);
    *out = (int64_t)length;
    return PLD_OK;
}
