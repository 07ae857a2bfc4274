#include "io/stored.h"

#include "base/alloc.h"
#include "par/message.h"
#include "polder/agree.h"

#include <limits.h>
#include <string.h>

/* What stored_find looks at. */
struct look {
    hid_t dataset;
    hid_t list; /* of its creation */
    int skip;   /* leading dimensions, along which it stays at: */
    hsize_t at[H5S_MAX_RANK];
    int ndims;
    int ncomps;  /* of a dimension behind all these; 1: there may be none */
    bool nested; /* there are other dimensions in between or behind */
    hsize_t size[H5S_MAX_RANK];
    hsize_t chunk[H5S_MAX_RANK];
};

static pld_status find_type(const struct look *look, struct pld_stored *out)
{
    pld_status status = PLD_OK;
    size_t length = 0;
    hid_t type = H5Dget_type(look->dataset);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, type, "no type");
    PLD_H5_TO(out, PLD_ERR_INTERNAL, H5Tencode(type, NULL, &length),
              "a type has no description");
    out->bricks.point = (int64_t)H5Tget_size(type) * look->ncomps;
    PLD_CHECK_TO(out, length <= sizeof out->type, PLD_ERR_UNSUPPORTED,
                 "a type takes %zu bytes to describe, and %zu are read", length,
                 sizeof out->type);
    PLD_H5_TO(out, PLD_ERR_INTERNAL, H5Tencode(type, out->type, &length),
              "a type has no description");
out:
    pld_h5_close(type);
    return status;
}

static pld_status find_size(struct look *look, struct pld_bricks *out)
{
    pld_status status = PLD_OK;
    hid_t space = H5Dget_space(look->dataset);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, space, "no shape");
    PLD_H5_TO(out, PLD_ERR_CORRUPT,
              H5Sget_simple_extent_dims(space, look->size, NULL),
              "no dimensions");
    for (int d = 0; d < PLD_MAXDIM; d++)
        out->size[d] =
            d < look->ndims ? (int64_t)look->size[look->skip + d] : 1;
out:
    pld_h5_close(space);
    return status;
}

static pld_status alloc_places(struct pld_stored *out)
{
    PLD_TRY(pld_alloc("places in a file", out->nplaces, sizeof *out->places,
                      &out->places));
    out->bricks.places = out->places;
    return PLD_OK;
}

/* Bytes before the points at the leading indices. */
static int64_t bytes_before(const struct look *look,
                            const struct pld_bricks *bricks)
{
    int64_t n = 0;
    for (int v = 0; v < look->skip; v++)
        n = n * (int64_t)look->size[v] + (int64_t)look->at[v];
    return n * bricks->point * bricks->size[0] * bricks->size[1] *
           bricks->size[2];
}

/* In one piece; space that was never taken, or in another file, has no place.
 */
static pld_status find_piece(const struct look *look, struct pld_stored *out)
{
    haddr_t place = H5Dget_offset(look->dataset);
    if (place == HADDR_UNDEF)
        return PLD_OK;
    memcpy(out->bricks.brick, out->bricks.size, sizeof out->bricks.brick);
    out->nplaces = 1;
    PLD_TRY(alloc_places(out));
    out->places[0] = (int64_t)place + bytes_before(look, &out->bricks);
    out->reachable = true;
    return PLD_OK;
}

/* Chunks one deep in the leading dimensions, all components in each. */
static bool has_bricks(const struct look *look)
{
    bool thin = true;
    for (int v = 0; v < look->skip; v++)
        thin = thin && look->chunk[v] == 1;
    bool whole = look->ncomps == 1 ||
                 look->chunk[look->skip + look->ndims] == (hsize_t)look->ncomps;
    return thin && whole && H5Pget_nfilters(look->list) == 0;
}

/* Where the `n`-th chunk at the leading indices lies; HADDR_UNDEF where
 * nowhere. */
static haddr_t find_chunk(const struct look *look,
                          const struct pld_bricks *bricks, int64_t n)
{
    hsize_t first[H5S_MAX_RANK] = {0};
    haddr_t place = HADDR_UNDEF;
    hsize_t bytes = 0;
    unsigned filters = 0;
    memcpy(first, look->at, (size_t)look->skip * sizeof first[0]);
    for (int d = look->ndims - 1; d >= 0; d--) {
        int64_t along = pld_bricks_along(bricks, d);
        first[look->skip + d] = (hsize_t)(n % along * bricks->brick[d]);
        n /= along;
    }
    if (H5Dget_chunk_info_by_coord(look->dataset, first, &filters, &place,
                                   &bytes) < 0)
        return HADDR_UNDEF;
    return place;
}

static pld_status find_chunks(const struct look *look, struct pld_stored *out)
{
    out->chunked = true;
    if (!has_bricks(look))
        return PLD_OK;
    for (int d = 0; d < PLD_MAXDIM; d++)
        out->bricks.brick[d] =
            d < look->ndims ? (int64_t)look->chunk[look->skip + d] : 1;
    out->nplaces = pld_bricks_count(&out->bricks);
    PLD_TRY(alloc_places(out));
    out->reachable = true;
    for (int64_t i = 0; i < out->nplaces && out->reachable; i++) {
        haddr_t place = find_chunk(look, &out->bricks, i);
        out->reachable = place != HADDR_UNDEF;
        out->places[i] = (int64_t)place;
    }
    return PLD_OK;
}

/* HDF5 counts the places of chunks from the end of a user's own block at the
 * file's beginning, in some versions. */
static bool begins_at_0(hid_t dataset)
{
    hsize_t block = 0;
    hid_t file = H5Iget_file_id(dataset);
    hid_t list = H5Fget_create_plist(file);
    bool good = list >= 0 && H5Pget_userblock(list, &block) >= 0 && block == 0;
    pld_h5_close(list);
    pld_h5_close(file);
    return good;
}

static pld_status find_places(struct look *look, struct pld_stored *out)
{
    H5D_layout_t layout = H5Pget_layout(look->list);
    if (look->nested || out->bricks.size[0] == 0 || out->bricks.size[1] == 0 ||
        out->bricks.size[2] == 0)
        return PLD_OK;
    if (layout == H5D_CONTIGUOUS && H5Pget_external_count(look->list) == 0)
        return find_piece(look, out);
    if (layout != H5D_CHUNKED || !begins_at_0(look->dataset))
        return PLD_OK;
    PLD_H5(PLD_ERR_CORRUPT, H5Pget_chunk(look->list, H5S_MAX_RANK, look->chunk),
           "no chunks");
    return find_chunks(look, out);
}

/* Filters that HDF5 does not have here it would not name. */
static pld_status check_filters(const struct look *look)
{
    int n = H5Pget_nfilters(look->list);
    for (int i = 0; i < n; i++) {
        unsigned flags = 0;
        unsigned config = 0;
        size_t nvalues = 0;
        char name[64] = "";
        H5Z_filter_t id =
            H5Pget_filter2(look->list, (unsigned)i, &flags, &nvalues, NULL,
                           sizeof name, name, &config);
        PLD_CHECK(id < 0 || H5Zfilter_avail(id) > 0, PLD_ERR_UNSUPPORTED,
                  "filter %d (%s), which the numbers went through, is not "
                  "here: HDF5_PLUGIN_PATH names the folder of its plug-in",
                  (int)id, name[0] != '\0' ? name : "it has no name");
    }
    return PLD_OK;
}

static pld_status find(struct look *look, struct pld_stored *out)
{
    pld_status status = PLD_OK;
    *out = (struct pld_stored){.ndims = look->ndims, .ncomps = look->ncomps};
    look->list = H5Dget_create_plist(look->dataset);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, look->list, "no creation list");
    PLD_TRY_TO(out, check_filters(look));
    PLD_TRY_TO(out, find_type(look, out));
    PLD_TRY_TO(out, find_size(look, &out->bricks));
    PLD_TRY_TO(out, find_places(look, out));
out:
    pld_h5_close(look->list);
    return status;
}

pld_status pld_stored_find(hid_t dataset, int64_t step, int ndims, int ncomps,
                           struct pld_stored *out)
{
    return find(&(struct look){.dataset = dataset,
                               .skip = step >= 0,
                               .at = {step >= 0 ? (hsize_t)step : 0},
                               .ndims = ndims,
                               .ncomps = ncomps},
                out);
}

pld_status pld_stored_find_part(hid_t dataset,
                                const struct pld_lattice *lattice,
                                const int64_t *sizes, struct pld_stored *out)
{
    int last = lattice->dim[lattice->npoints - 1];
    struct look look = {.dataset = dataset,
                        .skip = lattice->dim[0],
                        .ndims = lattice->npoints,
                        .ncomps = 1};
    for (int v = 0; v < look.skip; v++)
        look.at[v] = (hsize_t)lattice->first[v];
    bool many = lattice->comps >= 0 && sizes[lattice->comps] > INT_MAX;
    if (lattice->comps >= 0 && !many)
        look.ncomps = (int)sizes[lattice->comps];
    look.nested = many || last - look.skip + 1 != look.ndims ||
                  lattice->ndims - 1 - last > (lattice->comps >= 0);
    return find(&look, out);
}

/* The others know how many places there are, and make room. */
static pld_status make_places(int64_t n, struct pld_stored *stored)
{
    for (int64_t i = 0; i < n; i++)
        stored[i].places = NULL;
    for (int64_t i = 0; i < n; i++)
        PLD_TRY(alloc_places(&stored[i]));
    return PLD_OK;
}

pld_status pld_stored_share(pld_ctx *ctx, pld_status status, int64_t n,
                            struct pld_stored *stored)
{
    PLD_TRY(pld_agree(ctx, status));
    if (ctx->nranks == 1)
        return PLD_OK;
    PLD_TRY(pld_broadcast(ctx, stored, n * (int64_t)sizeof *stored, 0));
    if (ctx->rank != 0)
        status = make_places(n, stored);
    PLD_TRY(pld_agree(ctx, status));
    for (int64_t i = 0; i < n; i++) {
        int64_t bytes = stored[i].nplaces * (int64_t)sizeof(int64_t);
        PLD_TRY(pld_broadcast(ctx, stored[i].places, bytes, 0));
    }
    return PLD_OK;
}

void pld_stored_free(int64_t n, struct pld_stored *stored)
{
    for (int64_t i = 0; i < n; i++) {
        pld_free(stored[i].places);
        stored[i].places = NULL;
    }
}

pld_status pld_stored_type(const struct pld_stored *stored, hid_t *out)
{
    *out = H5Tdecode(stored->type);
    PLD_H5(PLD_ERR_INTERNAL, *out, "no type");
    return PLD_OK;
}
