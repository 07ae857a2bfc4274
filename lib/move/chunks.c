#include "move/chunks.h"

#include "base/alloc.h"

/* A chunk is small enough to stay in the first cache and large enough not to
 * feel the flag; but a message has so many at most. */
enum { CHUNK_BYTES = 8192, MAX_CHUNKS = 64 };

static int64_t bytes_of(const struct pld_lane_box *from, pld_box box)
{
    return pld_box_volume(box) * from->block.ncomps * (int64_t)from->block.size;
}

static int64_t chunk_bytes(int64_t nboxes, const struct pld_lane_box *boxes)
{
    int64_t total = 0;
    for (int64_t i = 0; i < nboxes; i++)
        total += bytes_of(&boxes[i], boxes[i].box);
    return total / MAX_CHUNKS > CHUNK_BYTES ? total / MAX_CHUNKS : CHUNK_BYTES;
}

/* Boxes are cut across the first dimension that can be. */
static int cut_dim(pld_box box)
{
    int dim = 0;
    while (dim < PLD_MAXDIM - 1 && box.count[dim] == 1)
        dim++;
    return dim;
}

/* Layers of a box that go into one piece. */
static int64_t layers_of(const struct pld_lane_box *from, int64_t limit)
{
    int64_t layer =
        bytes_of(from, from->box) / from->box.count[cut_dim(from->box)];
    return layer < limit ? limit / layer : 1;
}

static int64_t count_pieces(int64_t nboxes, const struct pld_lane_box *boxes,
                            int64_t limit)
{
    int64_t n = 0;
    for (int64_t i = 0; i < nboxes; i++) {
        int64_t layers = layers_of(&boxes[i], limit);
        n += (boxes[i].box.count[cut_dim(boxes[i].box)] + layers - 1) / layers;
    }
    return n;
}

/* Put a piece into the chunk that is open, or into a new one when that is
 * full; `used`: its bytes. */
static void add(struct pld_chunks *chunks, int64_t which, pld_box box,
                int64_t bytes, int64_t limit, int64_t *used)
{
    int64_t rounded = (bytes + 63) / 64 * 64;
    if (chunks->nchunks == 0 || *used + bytes > limit) {
        chunks->nchunks++;
        *used = 0;
    }
    chunks->boxes[chunks->nboxes++] =
        (struct pld_chunk_box){.which = which, .box = box, .offset = *used};
    *used += rounded;
    chunks->ends[chunks->nchunks - 1] = chunks->nboxes;
    chunks->most = *used > chunks->most ? *used : chunks->most;
}

static void cut(const struct pld_lane_box *from, int64_t which, int64_t limit,
                int64_t *used, struct pld_chunks *chunks)
{
    int dim = cut_dim(from->box);
    int64_t layers = layers_of(from, limit);
    int64_t end = from->box.first[dim] + from->box.count[dim];
    for (int64_t at = from->box.first[dim]; at < end; at += layers) {
        pld_box piece = from->box;
        piece.first[dim] = at;
        piece.count[dim] = end - at < layers ? end - at : layers;
        add(chunks, which, piece, bytes_of(from, piece), limit, used);
    }
}

pld_status pld_chunks_create(int64_t nboxes, const struct pld_lane_box *boxes,
                             struct pld_chunks *out)
{
    int64_t limit = chunk_bytes(nboxes, boxes);
    int64_t npieces = count_pieces(nboxes, boxes, limit);
    int64_t used = 0;
    *out = (struct pld_chunks){0};
    PLD_TRY(pld_alloc("pieces of a message", npieces, sizeof *out->boxes,
                      &out->boxes));
    PLD_TRY(pld_alloc("chunks of a message", npieces, sizeof *out->ends,
                      &out->ends));
    for (int64_t i = 0; i < nboxes; i++)
        cut(&boxes[i], i, limit, &used, out);
    return PLD_OK;
}

void pld_chunks_destroy(struct pld_chunks *chunks)
{
    pld_free(chunks->ends);
    pld_free(chunks->boxes);
    *chunks = (struct pld_chunks){0};
}
