#include "par/reduction.h"
#include "par/elements.h"

static struct pld_parts parts_of_sum(const pld_term *term)
{
    int n = pld_type_parts(term->type);
    if ((term->flags & PLD_FAST) != 0 && !pld_type_is_integer(term->type))
        return (struct pld_parts){.nplain = n};
    return (struct pld_parts){.nsums = n};
}

static struct pld_parts parts_of_mean(const pld_term *term)
{
    struct pld_parts parts = parts_of_sum(term);
    parts.ncounts = 1;
    return parts;
}

struct pld_parts pld_term_parts(const pld_term *term)
{
    switch (term->what) {
    case PLD_MEASURE_SUM:
    case PLD_MEASURE_DOT:
        if (pld_type_is_integer(term->type))
            return (struct pld_parts){.ncounts = 1};
        return parts_of_sum(term);
    case PLD_MEASURE_NORM1:
    case PLD_MEASURE_NORM2:
        if (parts_of_sum(term).nplain > 0)
            return (struct pld_parts){.nplain = 1};
        return (struct pld_parts){.nsums = 1};
    case PLD_MEASURE_MEAN:
        return parts_of_mean(term);
    case PLD_MEASURE_VARIANCE:
    case PLD_MEASURE_DEVIATION:
        return (struct pld_parts){.nsums = 2, .ncounts = 1};
    case PLD_MEASURE_COVARIANCE:
        return (struct pld_parts){.nsums = 3, .ncounts = 1};
    case PLD_MEASURE_COUNT:
    case PLD_MEASURE_ANY:
    case PLD_MEASURE_ALL:
        return (struct pld_parts){.ncounts = 1};
    case PLD_MEASURE_HISTOGRAM:
        return (struct pld_parts){.ncounts = term->nbins};
    case PLD_MEASURE_WEIGHTED:
        return (struct pld_parts){.nsums = term->nbins};
    case PLD_MEASURE_CUSTOM:
        return (struct pld_parts){.nbytes = term->bytes};
    default:
        return (struct pld_parts){.nextremes = 1};
    }
}

pld_term pld_term_complete(const pld_term *term)
{
    pld_term full = *term;
    bool bins = term->what == PLD_MEASURE_HISTOGRAM ||
                term->what == PLD_MEASURE_WEIGHTED;
    if (!bins)
        full.edges = NULL;
    if (pld_box_empty(term->box))
        full.box = (pld_box){{0}, {0}};
    full.x = pld_operand_strides(full.x, full.box);
    full.y = pld_operand_strides(full.y, full.box);
    return full;
}
