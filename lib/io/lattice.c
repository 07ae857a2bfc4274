#include "io/lattice.h"

/* --- Dimensions ------------------------------------------------------------
 */

/* Which dimension of the variable each dimension of the field is, and last the
 * components, from 0 on; -1: none. */
static void default_dims(const pld_part *part, int ndims, int nsizes,
                         int dims[PLD_MAXDIM + 1])
{
    bool with = part->ncomps > 1;
    for (int d = 0; d < ndims; d++)
        dims[d] = nsizes - ndims - with + d;
    dims[ndims] = with ? nsizes - 1 : -1;
}

static pld_status given_dims(const pld_part *part, int ndims, int nsizes,
                             int dims[PLD_MAXDIM + 1])
{
    bool taken[PLD_VARIABLE_MAXDIM] = {false};
    int n = ndims + (part->ncomps > 1);
    dims[ndims] = -1;
    for (int d = 0; d < n; d++) {
        int dim = part->dims[d] - 1;
        PLD_CHECK(dim >= 0 && dim < nsizes && !taken[dim], PLD_ERR_ARG,
                  "part.dims[%d] is %d: each 1 to %d, no two the same", d,
                  part->dims[d], nsizes);
        taken[dim] = true;
        dims[d] = dim;
    }
    return PLD_OK;
}

static pld_status find_dims(const char *name, const pld_part *part, int ndims,
                            int nsizes, int dims[PLD_MAXDIM + 1])
{
    int needed = ndims + (part->ncomps > 1);
    bool given = false;
    PLD_CHECK(nsizes <= PLD_VARIABLE_MAXDIM, PLD_ERR_UNSUPPORTED,
              "'%s' has %d dimensions, more than %d", name, nsizes,
              PLD_VARIABLE_MAXDIM);
    PLD_CHECK(nsizes >= needed, PLD_ERR_SHAPE,
              "'%s' has %d dimensions, the part %d", name, nsizes, needed);
    for (int d = 0; d <= PLD_MAXDIM; d++)
        given = given || part->dims[d] != 0;
    if (given)
        return given_dims(part, ndims, nsizes, dims);
    default_dims(part, ndims, nsizes, dims);
    return PLD_OK;
}

/* --- Making one ------------------------------------------------------------
 */

static int64_t points(int64_t count, int64_t stride)
{
    return count > 0 ? (count - 1) / stride + 1 : 0;
}

static pld_status check_extent(const char *name, const pld_part *part, int dim,
                               int64_t count, int64_t size)
{
    int64_t at = part->at[dim];
    int64_t every = part->every[dim];
    PLD_CHECK(at >= 0 && at < size && (count - 1) <= (size - 1 - at) / every,
              PLD_ERR_SHAPE,
              "the part wants %lld points, every %lld from %lld on, along "
              "dimension %d of '%s', which has %lld",
              (long long)count, (long long)every, (long long)at, dim, name,
              (long long)size);
    return PLD_OK;
}

static void add_point_dims(const pld_part *part, int ndims,
                           const int dims[PLD_MAXDIM + 1],
                           struct pld_lattice *out)
{
    for (int v = 0; v < out->ndims; v++)
        for (int d = 0; d < ndims; d++) {
            if (dims[d] != v)
                continue;
            int n = out->npoints++;
            out->role[v] = n;
            out->dim[n] = v;
            out->from[n] = d;
            out->reversed[n] = part->reversed[v];
            out->count[n] = points(part->box.count[d], part->stride[d]);
        }
}

/* Components are moved together when they are neighbours. One that stands
 * alone behind the points is like one of several. */
static void add_components(const pld_part *part, int comps, int comp,
                           struct pld_lattice *out, bool *split)
{
    int last = out->ndims - 1;
    *split = comps >= 0 &&
             (comps != last || part->every[last] != 1 || part->reversed[last]);
    out->ncomps = part->ncomps;
    out->comps = -1;
    if (*split) {
        int64_t i = part->reversed[comps] ? part->ncomps - 1 - comp : comp;
        out->first[comps] += i * part->every[comps];
        out->ncomps = 1;
    }
    if (out->role[last] != PLD_ROLE_FIXED)
        return;
    out->role[last] = PLD_ROLE_COMPONENTS;
    out->comps = last;
}

pld_status pld_lattice_make(const char *name, const pld_part *part, int ndims,
                            int nsizes, const int64_t *sizes, int comp,
                            struct pld_lattice *out, bool *split)
{
    int dims[PLD_MAXDIM + 1] = {0};
    struct pld_lattice made = {.ndims = nsizes};
    PLD_TRY(find_dims(name, part, ndims, nsizes, dims));
    for (int v = 0; v < nsizes; v++) {
        made.role[v] = PLD_ROLE_FIXED;
        made.first[v] = part->at[v];
        made.step[v] = part->every[v];
    }
    for (int d = 0; d < PLD_MAXDIM; d++)
        made.count[d] = 1;
    add_point_dims(part, ndims, dims, &made);
    for (int v = 0; v < nsizes; v++) {
        int64_t count = v == dims[ndims] ? part->ncomps : 1;
        count = made.role[v] >= 0 ? made.count[made.role[v]] : count;
        PLD_TRY(check_extent(name, part, v, count, sizes[v]));
    }
    add_components(part, dims[ndims], comp, &made, split);
    *out = made;
    return PLD_OK;
}

/* --- Boxes ------------------------------------------------------------------
 */

static int64_t divide_down(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

/* Indices i with low <= first + step * i < high, of `count` from `begin` on. */
static void clip(int64_t first, int64_t step, int64_t low, int64_t high,
                 int64_t *begin, int64_t *count)
{
    int64_t from = divide_down(low - first + step - 1, step);
    int64_t to = divide_down(high - first + step - 1, step);
    int64_t end = *begin + *count;
    from = from > *begin ? from : *begin;
    to = to < end ? to : end;
    *begin = from;
    *count = to > from ? to - from : 0;
}

pld_box pld_lattice_own(const struct pld_lattice *lattice, const pld_part *part,
                        pld_box owned)
{
    pld_box own = {.first = {0}, .count = {1, 1, 1}};
    if (pld_box_empty(owned))
        return (pld_box){.count = {0}};
    for (int n = 0; n < lattice->npoints; n++) {
        int d = lattice->from[n];
        own.count[n] = lattice->count[n];
        clip(part->box.first[d], part->stride[d], owned.first[d],
             owned.first[d] + owned.count[d], &own.first[n], &own.count[n]);
        if (lattice->reversed[n])
            own.first[n] = lattice->count[n] - own.first[n] - own.count[n];
    }
    return pld_box_empty(own) ? (pld_box){.count = {0}} : own;
}

bool pld_lattice_sparse(const struct pld_lattice *lattice, int ncomps)
{
    if (lattice == NULL)
        return false;
    for (int n = 0; n < lattice->npoints; n++)
        if (lattice->step[lattice->dim[n]] != 1)
            return true;
    return lattice->ncomps != ncomps;
}

pld_box pld_lattice_bound(const struct pld_lattice *lattice, pld_box box)
{
    if (lattice == NULL || pld_box_empty(box))
        return box;
    for (int n = 0; n < lattice->npoints; n++) {
        int v = lattice->dim[n];
        box.first[n] = lattice->first[v] + lattice->step[v] * box.first[n];
        box.count[n] = lattice->step[v] * (box.count[n] - 1) + 1;
    }
    return box;
}

pld_box pld_lattice_inside(const struct pld_lattice *lattice, pld_box box,
                           pld_box there)
{
    if (lattice == NULL)
        return there;
    for (int n = 0; n < lattice->npoints; n++) {
        int v = lattice->dim[n];
        clip(lattice->first[v], lattice->step[v], there.first[n],
             there.first[n] + there.count[n], &box.first[n], &box.count[n]);
    }
    return box;
}
