#include "polder/gather.h"

#include "comm/gather_move.h"
#include "mesh/cutting.h"
#include "mesh/field.h"
#include "par/shared.h"
#include "polder/agree.h"

#include <inttypes.h>

/* Two pieces are under way at a time: one travels while the other one is
 * visited. Each has memory of its own, and its messages may take as much. */
enum { NSLOTS = 2, SHARES = 2 * NSLOTS };

static const int64_t default_bytes = INT64_C(64) << 20;

struct slot {
    void *array; /* on roots */
    int tag;
    struct pld_transport *transport;
};

struct stream {
    struct pld_gather_terms terms;
    struct pld_cutting cutting; /* of the places */
    bool is_root;
    pld_gather_visit *visit;
    void *data;
    struct slot slots[NSLOTS];
};

/* --- Pieces --------------------------------------------------------------- */

static struct slot *slot_of(struct stream *stream, int64_t piece)
{
    return &stream->slots[piece % NSLOTS];
}

/* Have the caller look at a piece, or fill it. */
static pld_status visit(struct stream *stream, int64_t piece)
{
    const struct pld_gather_terms *terms = &stream->terms;
    if (!stream->is_root || piece < 0 || piece >= stream->cutting.npieces)
        return PLD_OK;
    pld_box box = pld_cut_piece(&stream->cutting, piece);
    for (int d = 0; d < PLD_MAXDIM; d++)
        box.first[d] = terms->first[d] + box.first[d] * terms->stride[d];
    return stream->visit(box, slot_of(stream, piece)->array, stream->data);
}

static pld_status plan(struct stream *stream, int64_t piece, pld_status before)
{
    struct slot *slot = slot_of(stream, piece);
    pld_gather_info info = {.ncomps = 0};
    PLD_TRY(before);
    return pld_gather_transport(&stream->terms, slot->tag,
                                pld_cut_piece(&stream->cutting, piece),
                                slot->array, &info, &slot->transport);
}

/* Let a piece travel, unless something went wrong before on any rank. */
static pld_status begin(struct stream *stream, int64_t piece, pld_status before)
{
    struct slot *slot = slot_of(stream, piece);
    PLD_TRY(pld_agree(stream->terms.ctx, plan(stream, piece, before)));
    PLD_TRY(pld_transport_connect(slot->transport));
    pld_phase_begin(stream->terms.ctx, PLD_PHASE_EXCHANGE);
    pld_status status = pld_transport_begin(slot->transport);
    pld_phase_end(stream->terms.ctx, PLD_PHASE_EXCHANGE);
    return status;
}

static pld_status end(struct stream *stream, int64_t piece)
{
    pld_phase_begin(stream->terms.ctx, PLD_PHASE_EXCHANGE);
    pld_status status = pld_transport_end(slot_of(stream, piece)->transport);
    pld_phase_end(stream->terms.ctx, PLD_PHASE_EXCHANGE);
    return status;
}

/* The others are on their way with the next piece when a root visits one; what
 * comes of it is agreed on when the piece after that begins. */
static pld_status gather_all(struct stream *stream)
{
    int64_t n = stream->cutting.npieces;
    pld_status visited = PLD_OK;
    PLD_TRY(begin(stream, 0, PLD_OK));
    for (int64_t piece = 0; piece < n; piece++) {
        PLD_TRY(end(stream, piece));
        if (piece + 1 < n)
            PLD_TRY(begin(stream, piece + 1, visited));
        PLD_TRY(pld_transport_destroy(&slot_of(stream, piece)->transport));
        if (visited == PLD_OK)
            visited = visit(stream, piece);
    }
    return pld_agree(stream->terms.ctx, visited);
}

static pld_status scatter_all(struct stream *stream)
{
    int64_t n = stream->cutting.npieces;
    pld_fresh_touch(stream->terms.field);
    pld_status visited = visit(stream, 0);
    for (int64_t piece = 0; piece < n; piece++) {
        PLD_TRY(begin(stream, piece, visited));
        visited = visit(stream, piece + 1);
        PLD_TRY(end(stream, piece));
        PLD_TRY(pld_transport_destroy(&slot_of(stream, piece)->transport));
    }
    return pld_agree(stream->terms.ctx, visited);
}

/* --- All of it ------------------------------------------------------------ */

static pld_status check_arguments(const pld_gather_spec *spec, int64_t bytes,
                                  const struct stream *stream)
{
    int64_t point = pld_gather_point_bytes(&stream->terms);
    PLD_CHECK(!spec->memory, PLD_ERR_ARG,
              "spec->memory is not NULL: a stream has memory of its own");
    PLD_CHECK(bytes >= SHARES * point, PLD_ERR_ARG,
              "bytes is %" PRId64 ": a stream of points of %" PRId64
              " bytes needs %" PRId64,
              bytes, point, SHARES * point);
    PLD_CHECK(stream->visit || !stream->is_root, PLD_ERR_ARG,
              "visit is NULL, but rank %d is a root", stream->terms.ctx->rank);
    return PLD_OK;
}

static pld_status find_stream(const pld_gather_spec *spec, int64_t bytes,
                              struct stream *stream)
{
    PLD_TRY(pld_gather_terms_find(spec, &stream->terms));
    const struct pld_gather_terms *terms = &stream->terms;
    stream->is_root = pld_gather_is_root(terms, terms->ctx->rank);
    PLD_TRY(check_arguments(spec, bytes, stream));
    stream->cutting =
        pld_cut_box(pld_gather_places(terms),
                    bytes / SHARES / pld_gather_point_bytes(terms));
    return PLD_OK;
}

static pld_status allocate(struct stream *stream)
{
    int64_t points = pld_box_volume(pld_cut_piece(&stream->cutting, 0));
    int64_t most = points * pld_gather_point_bytes(&stream->terms);
    for (int i = 0; i < NSLOTS && stream->is_root; i++)
        PLD_TRY(pld_shared_alloc(stream->terms.ctx, "piece of a stream", most,
                                 1, &stream->slots[i].array));
    return PLD_OK;
}

static pld_status destroy(struct stream *stream)
{
    pld_status status = PLD_OK;
    for (int i = 0; i < NSLOTS; i++) {
        pld_status last = pld_transport_destroy(&stream->slots[i].transport);
        status = last == PLD_OK ? status : last;
        pld_shared_free(stream->terms.ctx, stream->slots[i].array);
    }
    pld_gather_terms_drop(&stream->terms);
    return status;
}

static pld_status run(struct stream *stream, int64_t bytes)
{
    pld_ctx *ctx = stream->terms.ctx;
    PLD_TRY(pld_gather_terms_agree(&stream->terms));
    PLD_TRY(pld_agree_same(ctx, "the stream's bytes", &bytes, sizeof bytes));
    for (int i = 0; i < NSLOTS; i++)
        stream->slots[i].tag = pld_ctx_tag(ctx);
    PLD_TRY(pld_agree(ctx, allocate(stream)));
    if (stream->cutting.npieces == 0)
        return PLD_OK;
    return stream->terms.scatter ? scatter_all(stream) : gather_all(stream);
}

pld_status pld_gather_stream(const pld_gather_spec *spec, int64_t bytes,
                             pld_gather_visit *visit_piece, void *data)
{
    PLD_CHECK(spec, PLD_ERR_ARG, "spec is NULL");
    PLD_TRY(pld_field_check(spec->field, "spec->field"));
    pld_ctx *ctx = spec->field->grid->ctx;
    struct stream stream = {
        .terms.ctx = ctx, .visit = visit_piece, .data = data};
    if (bytes == 0)
        bytes = default_bytes;
    pld_status status = pld_agree(ctx, find_stream(spec, bytes, &stream));
    if (status == PLD_OK)
        status = run(&stream, bytes);
    PLD_TRY(destroy(&stream));
    PLD_TRY(status);
    return PLD_OK;
}
