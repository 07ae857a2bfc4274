#include "io/pieces.h"

static int64_t divide_up(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

/* Length of the parts of `n` slices when a part may have `most`: a divisor if
 * there is a good one, otherwise parts as even as possible. */
static int64_t part_length(int64_t n, int64_t most)
{
    if (most >= n)
        return n;
    for (int64_t length = most; length > most / 2; length--)
        if (n % length == 0)
            return length;
    return divide_up(n, divide_up(n, most));
}

void pld_chunk_shape(int ndims, const int64_t size[], int64_t limit,
                     int64_t chunk[])
{
    int64_t slice = 1;
    for (int d = ndims - 1; d >= 0; d--) {
        int64_t most = limit / slice;
        chunk[d] = part_length(size[d], most < 1 ? 1 : most);
        slice *= chunk[d];
    }
}
