#include "move/parts.h"

#include "mesh/cuts.h"

#include <stddef.h>

/* What a part wants has three segments, each contiguous:
 *
 *      low ghosts | own | high ghosts
 *
 * Their ends ascend from part to part, so those of the parts that meet a
 * given interval are neighbours. */
enum { LOW, OWN, HIGH, NSEGMENTS };

struct interval {
    int64_t first;
    int64_t end;
};

struct list {
    int64_t n;
    struct pld_piece *pieces; /* NULL: only count */
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t pld_part_first(const struct pld_parts *parts, int part)
{
    int64_t cut = parts->cuts[part];
    return cut == parts->cuts[parts->nparts] ? parts->size : cut;
}

int64_t pld_part_end(const struct pld_parts *parts, int part)
{
    return pld_part_first(parts, part + 1);
}

static struct interval segment(const struct pld_wants *wants, int part,
                               int which)
{
    int64_t first = pld_part_first(&wants->parts, part);
    int64_t end = pld_part_end(&wants->parts, part);
    switch (which) {
    case LOW:
        return (struct interval){first - wants->low, first};
    case HIGH:
        return (struct interval){end, end + wants->high};
    default:
        return (struct interval){first, end};
    }
}

static bool owns_nothing(const struct pld_parts *parts, int part)
{
    return pld_part_first(parts, part) == pld_part_end(parts, part);
}

/* The first part whose interval (segment `which`) ends beyond `index`; nparts
 * if there is none. */
static int first_part_beyond(const struct pld_wants *wants, int which,
                             int64_t index)
{
    int low = 0;
    int high = wants->parts.nparts;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (segment(wants, middle, which).end > index)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void append(struct list *list, struct pld_piece piece)
{
    if (list->pieces)
        list->pieces[list->n] = piece;
    list->n++;
}

/* Walk along the wanted indices from owner to owner. */
static void append_owners(struct list *list, struct interval wanted,
                          bool is_ghost, const struct pld_parts *holds)
{
    int64_t last_cell = holds->cuts[holds->nparts] - 1;
    int64_t index = holds->periodic ? wanted.first : max(wanted.first, 0);
    int64_t end = holds->periodic ? wanted.end : min(wanted.end, holds->size);
    while (index < end) {
        int64_t shift = floor_div(index, holds->size) * holds->size;
        int part = pld_cuts_owner(holds->cuts, holds->nparts,
                                  min(index - shift, last_cell));
        int64_t next = min(pld_part_end(holds, part) + shift, end);
        append(list, (struct pld_piece){.part = part,
                                        .is_ghost = is_ghost,
                                        .first = index,
                                        .count = next - index,
                                        .shift = shift});
        index = next;
    }
}

int64_t pld_pieces_wanted(const struct pld_wants *wants, int part,
                          const struct pld_parts *holds, struct pld_piece *out)
{
    struct list list = {.pieces = out};
    if (owns_nothing(&wants->parts, part))
        return 0;
    for (int which = LOW; which < NSEGMENTS; which++)
        append_owners(&list, segment(wants, part, which), which != OWN, holds);
    return list.n;
}

/* Those who want points of `held`, which has been moved by `shift`. */
static void append_takers(struct list *list, struct interval held,
                          int64_t shift, const struct pld_wants *wants,
                          int which)
{
    int nparts = wants->parts.nparts;
    for (int part = first_part_beyond(wants, which, held.first); part < nparts;
         part++) {
        struct interval wanted = segment(wants, part, which);
        if (wanted.first >= held.end)
            break;
        int64_t first = max(wanted.first, held.first);
        int64_t end = min(wanted.end, held.end);
        if (first >= end || owns_nothing(&wants->parts, part))
            continue;
        append(list, (struct pld_piece){.part = part,
                                        .is_ghost = which != OWN,
                                        .first = first - shift,
                                        .count = end - first,
                                        .shift = shift});
    }
}

int64_t pld_pieces_held(const struct pld_parts *holds, int part,
                        const struct pld_wants *wants, struct pld_piece *out)
{
    struct list list = {.pieces = out};
    struct interval held = {pld_part_first(holds, part),
                            pld_part_end(holds, part)};
    if (held.first == held.end)
        return 0;
    int64_t size = holds->size;
    int64_t below = holds->periodic ? floor_div(-wants->low, size) : 0;
    int64_t above = holds->periodic ? -floor_div(-wants->high, size) : 0;
    for (int which = LOW; which < NSEGMENTS; which++)
        for (int64_t image = below; image <= above; image++) {
            int64_t shift = image * size;
            append_takers(
                &list, (struct interval){held.first + shift, held.end + shift},
                shift, wants, which);
        }
    return list.n;
}

int64_t pld_pieces_of(const struct pld_parts *holds, int64_t first,
                      int64_t count, struct pld_piece *out)
{
    struct list list = {.pieces = out};
    append_owners(&list, (struct interval){first, first + count}, false, holds);
    return list.n;
}

int64_t pld_pieces_of_part(const struct pld_parts *holds, int part,
                           int64_t first, int64_t count, struct pld_piece *out)
{
    struct list list = {.pieces = out};
    int64_t end = first + count;
    bool periodic = holds->periodic && count > 0;
    int64_t below = periodic ? floor_div(first, holds->size) : 0;
    int64_t above = periodic ? floor_div(end - 1, holds->size) : 0;
    for (int64_t image = below; image <= above; image++) {
        int64_t shift = image * holds->size;
        int64_t from = max(first, pld_part_first(holds, part) + shift);
        int64_t to = min(end, pld_part_end(holds, part) + shift);
        if (from < to)
            append(&list, (struct pld_piece){.part = part,
                                             .first = from - shift,
                                             .count = to - from,
                                             .shift = shift});
    }
    return list.n;
}
