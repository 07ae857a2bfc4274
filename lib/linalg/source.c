#include "linalg/source.h"

#include "base/alloc.h"
#include "mesh/cuts.h"
#include "par/peers.h"
#include "par/segment.h"
#include "polder/agree.h"

/* --- Who holds what ------------------------------------------------------- */

void pld_source_of_field(const pld_field *field, struct pld_source *out)
{
    *out = (struct pld_source){.ctx = field->grid->ctx,
                               .block = pld_field_block(field),
                               .held = field->owned};
    for (int d = 0; d < 2; d++) {
        out->nprocs[d] = field->grid->nprocs[d];
        out->cuts[d] = field->grid->cuts[d];
        out->size[d] = pld_field_domain(field).count[d];
    }
}

/* Nodes beyond the last cell belong to the part of that cell, the last one that
 * is not empty. */
static int64_t cut_of(const struct pld_source *source, int d, int part)
{
    const int64_t *cuts = source->cuts[d];
    int64_t last = cuts[source->nprocs[d]];
    return part > 0 && cuts[part] == last ? source->size[d] : cuts[part];
}

pld_box pld_source_held_by(const struct pld_source *source, int rank)
{
    const int part[] = {rank / source->nprocs[1], rank % source->nprocs[1]};
    pld_box box = {.count = {0, 0, 1}};
    if (part[0] >= source->nprocs[0])
        return (pld_box){.count = {0}};
    for (int d = 0; d < 2; d++) {
        box.first[d] = cut_of(source, d, part[d]);
        box.count[d] = cut_of(source, d, part[d] + 1) - box.first[d];
    }
    return box;
}

static int part_of(const struct pld_source *source, int d, int64_t index)
{
    const int64_t *cuts = source->cuts[d];
    int nparts = source->nprocs[d];
    int64_t cell = index < cuts[nparts] ? index : cuts[nparts] - 1;
    return pld_cuts_owner(cuts, nparts, cell);
}

struct pld_part_range pld_source_parts(const struct pld_source *source, int d,
                                       int64_t first, int64_t count)
{
    return (struct pld_part_range){part_of(source, d, first),
                                   part_of(source, d, first + count - 1) + 1};
}

/* --- On the node ---------------------------------------------------------- */

static struct pld_source_place place_of(const struct pld_source *source)
{
    struct pld_source_place place = {.offset = -1};
    if (pld_box_empty(source->held))
        return place;
    int64_t bytes = (int64_t)source->block.size;
    for (int d = 0; d < 2; d++) {
        place.stride[d] = source->block.stride[d];
        bytes += (source->held.count[d] - 1) * place.stride[d];
    }
    const char *first = pld_block_at(&source->block, source->held.first);
    int64_t at = pld_segment_offset(source->ctx, first);
    int64_t last = pld_segment_offset(source->ctx, first + bytes - 1);
    if (at < 0 || last != at + bytes - 1)
        return place;
    place.offset = at;
    place.bytes = bytes;
    return place;
}

/* Between all ranks of the node, of all sources. */
static pld_status exchange(pld_ctx *ctx, int n, struct pld_source **sources)
{
    pld_status status = PLD_OK;
    int nranks = ctx->node_nranks;
    int bytes = n * (int)sizeof(struct pld_source_place);
    struct pld_source_place *own = NULL;
    struct pld_source_place *all = NULL;
    PLD_TRY_TO(out, pld_alloc("places of blocks", n, sizeof *own, &own));
    PLD_TRY_TO(out, pld_alloc("places of blocks", (int64_t)n * nranks,
                              sizeof *all, &all));
    for (int i = 0; i < n; i++)
        own[i] = place_of(sources[i]);
    PLD_TRY_MPI_TO(out, MPI_Allgather(own, bytes, MPI_BYTE, all, bytes,
                                      MPI_BYTE, ctx->node_comm));
    for (int i = 0; i < n; i++)
        for (int r = 0; r < nranks; r++)
            sources[i]->places[r] = all[r * n + i];
out:
    pld_free(all);
    pld_free(own);
    return status;
}

static pld_status make_room(struct pld_source *source, int nranks)
{
    PLD_TRY(pld_alloc("places of blocks", nranks, sizeof *source->places,
                      &source->places));
    return pld_alloc("blocks of other ranks", nranks, sizeof *source->mapped,
                     &source->mapped);
}

static pld_status make_rooms(int n, struct pld_source **sources, int nranks)
{
    for (int i = 0; i < n; i++)
        PLD_TRY(make_room(sources[i], nranks));
    return PLD_OK;
}

pld_status pld_source_open(pld_ctx *ctx, int n, struct pld_source **sources)
{
    bool alone = ctx->node_comm == MPI_COMM_NULL;
    PLD_TRY(pld_agree(ctx, alone ? PLD_OK
                                 : make_rooms(n, sources, ctx->node_nranks)));
    if (alone)
        return PLD_OK;
    return exchange(ctx, n, sources);
}

void pld_source_close(struct pld_source *source)
{
    const struct pld_peers *peers = source->ctx ? source->ctx->peers : NULL;
    for (int i = 0; source->mapped && i < peers->n; i++)
        if (source->mapped[i])
            pld_segment_unmap(source->ctx, peers->list[i].rank,
                              source->mapped[i]);
    pld_free(source->mapped);
    pld_free(source->places);
    source->mapped = NULL;
    source->places = NULL;
}

bool pld_source_reaches(const struct pld_source *source, int holder, int reader)
{
    const pld_ctx *ctx = source->ctx;
    int other = holder == ctx->rank ? reader : holder;
    if (!source->places || !pld_segment_reaches(ctx, other))
        return false;
    return source->places[pld_peers_find(ctx, holder)].offset >= 0;
}

pld_status pld_source_block(struct pld_source *source, int rank,
                            struct pld_block *out)
{
    *out = source->block;
    if (rank == source->ctx->rank)
        return PLD_OK;
    int n = pld_peers_find(source->ctx, rank);
    const struct pld_source_place *place = &source->places[n];
    if (!source->mapped[n])
        PLD_TRY(pld_segment_map(source->ctx, rank, place->offset, place->bytes,
                                &source->mapped[n]));
    pld_box held = pld_source_held_by(source, rank);
    uintptr_t at = (uintptr_t)source->mapped[n];
    for (int d = 0; d < 2; d++) {
        out->stride[d] = place->stride[d];
        at -= (uintptr_t)held.first[d] * (uintptr_t)place->stride[d];
    }
    out->data = (char *)at;
    return PLD_OK;
}
