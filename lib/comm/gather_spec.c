#include "comm/gather_spec.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/overflow.h"
#include "mesh/field.h"
#include "polder/agree.h"
#include "polder/digest.h"

/* --- Points --------------------------------------------------------------- */

static pld_status check_box(const pld_field *field, pld_box box)
{
    pld_box domain = pld_field_domain(field);
    for (int d = 0; d < PLD_MAXDIM; d++)
        PLD_CHECK(box.first[d] >= 0 &&
                      box.count[d] <= domain.count[d] - box.first[d],
                  PLD_ERR_ARG,
                  "the box {%" PRId64 ", %" PRId64 ", %" PRId64 "} + {%" PRId64
                  ", %" PRId64 ", %" PRId64 "} leaves the domain of field "
                  "\"%s\": dimension %d has the indices 0 to %" PRId64,
                  box.first[0], box.first[1], box.first[2], box.count[0],
                  box.count[1], box.count[2], pld_field_name(field), d,
                  domain.count[d] - 1);
    return PLD_OK;
}

static pld_status find_points(const pld_gather_spec *spec,
                              struct pld_gather_terms *out)
{
    pld_box box = spec->box ? *spec->box : pld_field_domain(spec->field);
    bool empty = pld_box_empty(box);
    if (!empty)
        PLD_TRY(check_box(spec->field, box));
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t stride = spec->stride[d];
        PLD_CHECK(stride >= 0, PLD_ERR_ARG,
                  "stride[%d] is %" PRId64
                  ": strides are 1 or more, or 0 for 1",
                  d, stride);
        out->stride[d] = stride > 0 ? stride : 1;
        out->first[d] = empty ? 0 : box.first[d];
        out->count[d] = empty ? 0 : (box.count[d] - 1) / out->stride[d] + 1;
    }
    return PLD_OK;
}

static pld_status find_components(const pld_gather_spec *spec,
                                  struct pld_gather_terms *out)
{
    int all = pld_field_ncomps(spec->field);
    PLD_CHECK(spec->comp >= 0 && spec->comp < all, PLD_ERR_ARG,
              "comp is %d: field \"%s\" has components 0 to %d", spec->comp,
              pld_field_name(spec->field), all - 1);
    PLD_CHECK(spec->ncomps >= 0 && spec->ncomps <= all - spec->comp,
              PLD_ERR_ARG,
              "ncomps is %d from component %d on: field \"%s\" has %d",
              spec->ncomps, spec->comp, pld_field_name(spec->field), all);
    out->comp = spec->comp;
    out->ncomps = spec->ncomps > 0 ? spec->ncomps : all - spec->comp;
    return PLD_OK;
}

/* --- Roots ---------------------------------------------------------------- */

static pld_status check_roots(const pld_gather_spec *spec, int nranks)
{
    PLD_CHECK(spec->nroots >= 0, PLD_ERR_ARG,
              "nroots is %d: it is 0 for `root` alone, or more", spec->nroots);
    PLD_CHECK(spec->nroots == 0 || spec->roots, PLD_ERR_ARG,
              "nroots is %d, but roots is NULL", spec->nroots);
    PLD_CHECK(spec->nroots > 0 || spec->root == PLD_ALL_RANKS ||
                  (spec->root >= 0 && spec->root < nranks),
              PLD_ERR_ARG, "root is %d: ranks are 0 to %d, or PLD_ALL_RANKS",
              spec->root, nranks - 1);
    for (int i = 0; i < spec->nroots; i++)
        PLD_CHECK(spec->roots[i] >= 0 && spec->roots[i] < nranks, PLD_ERR_ARG,
                  "roots[%d] is %d: ranks are 0 to %d", i, spec->roots[i],
                  nranks - 1);
    return PLD_OK;
}

/* A root beside its node, to be sorted. */
struct place {
    int node;
    int rank;
};

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left;
    const struct place *b = right;
    if (a->node != b->node)
        return a->node < b->node ? -1 : 1;
    return (a->rank > b->rank) - (a->rank < b->rank);
}

static int root_at(const pld_gather_spec *spec, int i)
{
    if (spec->nroots > 0)
        return spec->roots[i];
    return spec->root == PLD_ALL_RANKS ? i : spec->root;
}

static pld_status sort_roots(const pld_gather_spec *spec,
                             const struct pld_gather_terms *terms,
                             struct place *places)
{
    for (int i = 0; i < terms->nroots; i++) {
        int rank = root_at(spec, i);
        places[i] = (struct place){terms->ctx->node_of[rank], rank};
    }
    qsort(places, (size_t)terms->nroots, sizeof *places, compare_places);
    for (int i = 0; i < terms->nroots; i++) {
        terms->roots[i] = places[i].rank;
        PLD_CHECK(i == 0 || places[i].rank != places[i - 1].rank, PLD_ERR_ARG,
                  "rank %d is named twice in roots", places[i].rank);
    }
    return PLD_OK;
}

static pld_status find_roots(const pld_gather_spec *spec,
                             struct pld_gather_terms *out)
{
    pld_status status = PLD_OK;
    struct place *places = NULL;
    PLD_TRY(check_roots(spec, out->ctx->nranks));
    out->nroots = spec->nroots > 0              ? spec->nroots
                  : spec->root == PLD_ALL_RANKS ? out->ctx->nranks
                                                : 1;
    PLD_TRY(pld_alloc("roots of a gather", out->nroots, sizeof *out->roots,
                      &out->roots));
    PLD_TRY_TO(out, pld_alloc("nodes of the roots", out->nroots, sizeof *places,
                              &places));
    PLD_TRY_TO(out, sort_roots(spec, out, places));
out:
    pld_free(places);
    return status;
}

/* The first of the roots that does not come before (node, rank). */
static int first_root_from(const struct pld_gather_terms *terms, int node,
                           int rank)
{
    const struct place place = {node, rank};
    int low = 0;
    int high = terms->nroots;
    while (low < high) {
        int middle = low + (high - low) / 2;
        int root = terms->roots[middle];
        const struct place there = {terms->ctx->node_of[root], root};
        if (compare_places(&there, &place) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool pld_gather_is_root(const struct pld_gather_terms *terms, int rank)
{
    int i = first_root_from(terms, terms->ctx->node_of[rank], rank);
    return i < terms->nroots && terms->roots[i] == rank;
}

int pld_gather_root_of(const struct pld_gather_terms *terms, int rank)
{
    if (pld_gather_is_root(terms, rank))
        return rank;
    int node = terms->ctx->node_of[rank];
    int i = first_root_from(terms, node, 0);
    bool near =
        i < terms->nroots && terms->ctx->node_of[terms->roots[i]] == node;
    return terms->roots[near ? i : 0];
}

/* --- All of it ------------------------------------------------------------ */

pld_box pld_gather_places(const struct pld_gather_terms *terms)
{
    pld_box places = {.first = {0}};
    for (int d = 0; d < PLD_MAXDIM; d++)
        places.count[d] = terms->count[d];
    return places;
}

int64_t pld_gather_point_bytes(const struct pld_gather_terms *terms)
{
    return terms->ncomps * (int64_t)pld_type_size(terms->field->type);
}

pld_status pld_gather_terms_find(const pld_gather_spec *spec,
                                 struct pld_gather_terms *out)
{
    *out = (struct pld_gather_terms){.ctx = spec->field->grid->ctx,
                                     .field = spec->field,
                                     .layout = spec->planes ? PLD_PLANES
                                                            : PLD_INTERLEAVED,
                                     .scatter = spec->scatter};
    PLD_TRY(find_points(spec, out));
    PLD_TRY(find_components(spec, out));
    int64_t factors[] = {out->count[0], out->count[1], out->count[2],
                         pld_gather_point_bytes(out)};
    PLD_TRY(pld_size_product("bytes of a gather's array", PLD_MAXDIM + 1,
                             factors, &out->bytes));
    pld_status status = find_roots(spec, out);
    if (status != PLD_OK)
        pld_gather_terms_drop(out);
    return status;
}

void pld_gather_terms_drop(struct pld_gather_terms *terms)
{
    pld_free(terms->roots);
    terms->roots = NULL;
    terms->nroots = 0;
}

/* What must be the same on all ranks, compared byte by byte. */
struct common_terms {
    int64_t first[PLD_MAXDIM];
    int64_t stride[PLD_MAXDIM];
    int64_t count[PLD_MAXDIM];
    int64_t comp;
    int64_t ncomps;
    int64_t layout;
    int64_t scatter;
    int64_t nroots;
    uint64_t roots;
};

pld_status pld_gather_terms_agree(const struct pld_gather_terms *terms)
{
    struct common_terms common = {.comp = terms->comp,
                                  .ncomps = terms->ncomps,
                                  .layout = terms->layout,
                                  .scatter = terms->scatter,
                                  .nroots = terms->nroots};
    common.roots = pld_digest_bytes(
        terms->roots, (size_t)terms->nroots * sizeof *terms->roots, 0);
    for (int d = 0; d < PLD_MAXDIM; d++) {
        common.first[d] = terms->first[d];
        common.stride[d] = terms->stride[d];
        common.count[d] = terms->count[d];
    }
    PLD_TRY(pld_field_agree_same("the gather's field", terms->field));
    return pld_agree_same(
        terms->ctx, "the gather's box, stride, components, direction or roots",
        &common, sizeof common);
}
