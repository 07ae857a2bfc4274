#include "support/slabs.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct slab slab_in(double *memory, pld_box box, const int order[PLD_MAXDIM])
{
    struct slab slab = {.box = box, .at = memory};
    int64_t stride = 1;
    for (int i = PLD_MAXDIM - 1; i >= 0; i--) {
        slab.stride[order[i]] = stride;
        slab.at -= box.first[order[i]] * stride;
        stride *= box.count[order[i]];
    }
    return slab;
}

struct slab slab_of_field(const pld_field *field)
{
    pld_view view = pld_field_view(field);
    struct slab slab = {.box = pld_field_owned(field), .at = view.f64};
    memcpy(slab.stride, view.stride, sizeof slab.stride);
    return slab;
}

static int64_t offset(const struct slab *slab, int64_t k, int64_t j, int64_t i)
{
    return k * slab->stride[0] + j * slab->stride[1] + i * slab->stride[2];
}

double *slab_first(const struct slab *slab)
{
    const int64_t *first = slab->box.first;
    return slab->at + offset(slab, first[0], first[1], first[2]);
}

static double value_of(int64_t edge, int64_t k, int64_t j, int64_t i)
{
    return (double)((k * edge + j) * edge + i + 1);
}

static int64_t end_of(pld_box box, int d)
{
    return box.first[d] + box.count[d];
}

void slab_fill(const struct slab *slab, int64_t edge)
{
    pld_box box = slab->box;
    for (int64_t k = box.first[0]; k < end_of(box, 0); k++)
        for (int64_t j = box.first[1]; j < end_of(box, 1); j++)
            for (int64_t i = box.first[2]; i < end_of(box, 2); i++)
                slab->at[offset(slab, k, j, i)] = value_of(edge, k, j, i);
}

bool slab_is_filled(const struct slab *slab, int64_t edge)
{
    pld_box box = slab->box;
    for (int64_t k = box.first[0]; k < end_of(box, 0); k++)
        for (int64_t j = box.first[1]; j < end_of(box, 1); j++)
            for (int64_t i = box.first[2]; i < end_of(box, 2); i++)
                if (slab->at[offset(slab, k, j, i)] != value_of(edge, k, j, i))
                    return false;
    return true;
}

void slab_negate(const struct slab *slab)
{
    double *values = slab_first(slab);
    for (int64_t n = 0; n < pld_box_volume(slab->box); n++)
        values[n] = -values[n];
}

void slab_clear(const struct slab *slab)
{
    size_t bytes = (size_t)pld_box_volume(slab->box) * sizeof(double);
    memset(slab_first(slab), 0, bytes);
}

/* --- Copies --------------------------------------------------------------- */

static void copy_rows(const struct slab *from, const struct slab *to,
                      pld_box box)
{
    for (int64_t k = box.first[0]; k < end_of(box, 0); k++)
        for (int64_t j = box.first[1]; j < end_of(box, 1); j++)
            memcpy(to->at + offset(to, k, j, box.first[2]),
                   from->at + offset(from, k, j, box.first[2]),
                   (size_t)box.count[2] * sizeof(double));
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A square of dimensions a and b from their indices on. */
static void copy_square(const struct slab *from, const struct slab *to,
                        pld_box box, int a, int b, int64_t index[PLD_MAXDIM],
                        int64_t side)
{
    int64_t na = least(end_of(box, a) - index[a], side);
    int64_t nb = least(end_of(box, b) - index[b], side);
    const double *source =
        from->at + offset(from, index[0], index[1], index[2]);
    double *target = to->at + offset(to, index[0], index[1], index[2]);
    for (int64_t i = 0; i < na; i++)
        for (int64_t j = 0; j < nb; j++)
            target[i * to->stride[a] + j * to->stride[b]] =
                source[i * from->stride[a] + j * from->stride[b]];
}

void slab_copy(const struct slab *from, const struct slab *to, pld_box box)
{
    const int64_t side = 16;
    int a = 2;
    int b = to->stride[0] == 1 ? 0 : to->stride[1] == 1 ? 1 : 2;
    int c = 3 - a - b;
    if (b == 2) {
        copy_rows(from, to, box);
        return;
    }
    int64_t index[PLD_MAXDIM];
    for (index[c] = box.first[c]; index[c] < end_of(box, c); index[c]++)
        for (index[a] = box.first[a]; index[a] < end_of(box, a);
             index[a] += side)
            for (index[b] = box.first[b]; index[b] < end_of(box, b);
                 index[b] += side)
                copy_square(from, to, box, a, b, index, side);
}

static void stream_row(const void *from, void *to, int64_t bytes)
{
#ifdef __SSE2__
    const char *source = from;
    char *target = to;
    int64_t head = least((64 - (intptr_t)to % 64) % 64, bytes);
    memcpy(target, source, (size_t)head);
    int64_t i = head;
    for (; i + 64 <= bytes; i += 64)
        for (int64_t j = i; j < i + 64; j += 16)
            _mm_stream_si128((void *)(target + j),
                             _mm_loadu_si128((const void *)(source + j)));
    memcpy(target + i, source + i, (size_t)(bytes - i));
#else
    memcpy(to, from, (size_t)bytes);
#endif
}

static void fence(void)
{
#ifdef __SSE2__
    _mm_sfence();
#endif
}

void stream_bytes(const void *from, void *to, int64_t bytes)
{
    stream_row(from, to, bytes);
    fence();
}

void slab_stream(const struct slab *from, const struct slab *to, pld_box box)
{
    int64_t row = box.count[2] * (int64_t)sizeof(double);
    for (int64_t k = box.first[0]; k < end_of(box, 0); k++)
        for (int64_t j = box.first[1]; j < end_of(box, 1); j++)
            stream_row(from->at + offset(from, k, j, box.first[2]),
                       to->at + offset(to, k, j, box.first[2]), row);
    fence();
}

/* --- Polder's way --------------------------------------------------------- */

static pld_status make_side(pld_ctx *ctx, int cut, const int order[PLD_MAXDIM],
                            int64_t edge, pld_grid **grid, pld_field **field)
{
    pld_grid_spec cells = {.ndims = PLD_MAXDIM};
    pld_field_spec spec = {.name = "cube"};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        cells.size[d] = edge;
        cells.nprocs[d] = d == cut ? pld_ctx_nranks(ctx) : 1;
        spec.order[d] = order[d];
    }
    PLD_TRY(pld_grid_create(ctx, &cells, grid));
    return pld_field_create(*grid, &spec, field);
}

pld_status slab_move_create(pld_ctx *ctx, const struct slab_setting *setting,
                            int64_t edge, struct slab_move *out)
{
    const int plain[PLD_MAXDIM] = {0, 1, 2};
    PLD_TRY(make_side(ctx, setting->from_cut, plain, edge, &out->grids[0],
                      &out->fields[0]));
    PLD_TRY(make_side(ctx, setting->to_cut, setting->order, edge,
                      &out->grids[1], &out->fields[1]));
    const pld_redistribution_spec spec = {
        .nfields = 1, .from = &out->fields[0], .to = &out->fields[1]};
    return pld_redistribution_create(&spec, &out->redistribution);
}

pld_status slab_move_destroy(struct slab_move *move)
{
    PLD_TRY(pld_redistribution_destroy(&move->redistribution));
    for (int side = 0; side < 2; side++) {
        PLD_TRY(pld_field_destroy(&move->fields[side]));
        PLD_TRY(pld_grid_destroy(&move->grids[side]));
    }
    return PLD_OK;
}
