#include "mesh/copy.h"

#include <string.h>

/* The two inner loops. What is a constant where this is called makes the copy
 * of an element a load and a store, and lets several go into one store. */
static inline void copy_each(const struct pld_copy *copy, const char *from,
                             char *to, size_t bytes, int64_t from_step,
                             int64_t to_step)
{
    const struct pld_loop outer = copy->loops[1];
    int64_t n = copy->loops[0].n;
    for (int64_t j = 0; j < outer.n; j++) {
        for (int64_t i = 0; i < n; i++)
            memcpy(to + i * to_step, from + i * from_step, bytes);
        from += outer.from;
        to += outer.to;
    }
}

/* Elements that lie dense on one side, as in messages, or on none. */
static inline void copy_elements(const struct pld_copy *copy, const char *from,
                                 char *to, int64_t bytes)
{
    const struct pld_loop *inner = &copy->loops[0];
    if (inner->to == bytes)
        copy_each(copy, from, to, (size_t)bytes, inner->from, bytes);
    else if (inner->from == bytes)
        copy_each(copy, from, to, (size_t)bytes, bytes, inner->to);
    else
        copy_each(copy, from, to, (size_t)bytes, inner->from, inner->to);
}

static void copy_strided(const struct pld_copy *copy, const char *from,
                         char *to)
{
    const struct pld_loop *inner = &copy->loops[0];
    switch (copy->bytes) {
    case 4:
        copy_elements(copy, from, to, 4);
        break;
    case 8:
        copy_elements(copy, from, to, 8);
        break;
    case 16:
        copy_elements(copy, from, to, 16);
        break;
    case 24:
        copy_elements(copy, from, to, 24);
        break;
    case 32:
        copy_elements(copy, from, to, 32);
        break;
    default:
        copy_each(copy, from, to, copy->bytes, inner->from, inner->to);
    }
}

/* A row of at least a line, past the caches but for what is left at its ends.
 */
static void stream_row(const struct pld_copy *copy, const char *from, char *to)
{
    int64_t bytes = (int64_t)copy->bytes;
    int64_t head = (int64_t)(-(uintptr_t)to % PLD_LINE);
    int64_t nlines = (bytes - head) / PLD_LINE;
    int64_t done = head + nlines * PLD_LINE;
    memcpy(to, from, (size_t)head);
    copy->tier->lines(to + head, from + head, nlines);
    memcpy(to + done, from + done, (size_t)(bytes - done));
}

static void stream_rows(const struct pld_copy *copy, const char *from, char *to)
{
    const struct pld_loop *inner = &copy->loops[0];
    const struct pld_loop *outer = &copy->loops[1];
    for (int64_t j = 0; j < outer->n; j++)
        for (int64_t i = 0; i < inner->n; i++)
            stream_row(copy, from + j * outer->from + i * inner->from,
                       to + j * outer->to + i * inner->to);
}

/* Elements of any size one by one, in squares that the caches hold. */
static void transpose_slowly(const struct pld_copy *copy, const char *from,
                             char *to)
{
    enum { SIDE = 16 };
    struct pld_copy square = *copy;
    const struct pld_loop *a = &copy->loops[0];
    const struct pld_loop *b = &copy->loops[1];
    for (int64_t i = 0; i < a->n; i += SIDE)
        for (int64_t j = 0; j < b->n; j += SIDE) {
            square.loops[0].n = i + SIDE < a->n ? SIDE : a->n - i;
            square.loops[1].n = j + SIDE < b->n ? SIDE : b->n - j;
            copy_strided(&square, from + i * a->from + j * b->from,
                         to + i * a->to + j * b->to);
        }
}

/* A part of the plane: `na` and `nb` elements from a and b on. */
static void transpose_rest(const struct pld_copy *copy, const char *from,
                           char *to, int64_t a, int64_t na, int64_t b,
                           int64_t nb)
{
    struct pld_copy rest = *copy;
    rest.loops[0].n = na;
    rest.loops[1].n = nb;
    if (na > 0 && nb > 0)
        transpose_slowly(
            &rest, from + a * copy->loops[0].from + b * copy->loops[1].from,
            to + a * copy->loops[0].to + b * copy->loops[1].to);
}

/* Elements before the next line of cache, when it is the same in all rows;
 * else -1. */
static int64_t before_line(const struct pld_copy *copy, const char *to)
{
    int64_t head = (int64_t)(-(uintptr_t)to % PLD_LINE);
    int64_t size = (int64_t)copy->bytes;
    bool same = copy->loops[0].to % PLD_LINE == 0 && head % size == 0;
    return same && head / size < copy->loops[1].n ? head / size : -1;
}

/* The middle in tiles, what is left at the ends one by one. */
static void transpose(const struct pld_copy *copy, const char *from, char *to,
                      int which)
{
    const struct pld_loop *a = &copy->loops[0];
    const struct pld_loop *b = &copy->loops[1];
    int64_t in_line = PLD_LINE / (int64_t)copy->bytes;
    int64_t head = before_line(copy, to);
    bool stream = copy->stream && head >= 0;
    if (!stream)
        head = 0;
    struct pld_tile tile = {.from = from + head * b->from,
                            .to = to + head * b->to,
                            .a = a->n / in_line * in_line,
                            .b = (b->n - head) / in_line * in_line,
                            .from_step = b->from,
                            .to_step = a->to,
                            .stream = stream};
    copy->tier->tiles[which](&tile);
    int64_t done = head + tile.b;
    transpose_rest(copy, from, to, 0, tile.a, 0, head);
    transpose_rest(copy, from, to, 0, tile.a, done, b->n - done);
    transpose_rest(copy, from, to, tile.a, a->n - tile.a, 0, b->n);
}

static void copy_transposed(const struct pld_copy *copy, const char *from,
                            char *to)
{
    switch (copy->bytes) {
    case 4:
        transpose(copy, from, to, 0);
        break;
    case 8:
        transpose(copy, from, to, 1);
        break;
    case 16:
        transpose(copy, from, to, 2);
        break;
    default:
        transpose_slowly(copy, from, to);
    }
}

void pld_copy_plane(const struct pld_copy *copy, const char *from, char *to)
{
    if (copy->transposes)
        copy_transposed(copy, from, to);
    else if (copy->stream)
        stream_rows(copy, from, to);
    else
        copy_strided(copy, from, to);
}
