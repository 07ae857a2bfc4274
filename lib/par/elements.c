#include "par/elements.h"

#include <math.h>
#include <string.h>

pld_operand pld_operand_strides(pld_operand operand, pld_box box)
{
    for (int d = 0; d < PLD_MAXDIM; d++)
        if (operand.stride[d] != 0)
            return operand;
    operand.stride[2] = 1;
    operand.stride[1] = box.count[2];
    operand.stride[0] = box.count[1] * box.count[2];
    return operand;
}

static const char *row_of(const pld_operand *operand, int64_t k, int64_t j,
                          int64_t size)
{
    if (operand == NULL)
        return NULL;
    return (const char *)operand->data +
           (k * operand->stride[0] + j * operand->stride[1]) * size;
}

static void walk_row(struct pld_piece piece, int64_t n, int64_t size,
                     pld_visit_piece *visit, void *data)
{
    while (n > 0) {
        piece.n = (int)(n < PLD_PIECE ? n : PLD_PIECE);
        visit(&piece, data);
        n -= piece.n;
        piece.first[2] += piece.n;
        piece.x += piece.n * piece.xstride * size;
        if (piece.y != NULL)
            piece.y += piece.n * piece.ystride * size;
    }
}

void pld_operand_walk(pld_type type, pld_box box, const pld_operand *x,
                      const pld_operand *y, pld_visit_piece *visit, void *data)
{
    int64_t size = (int64_t)pld_type_size(type);
    for (int64_t k = 0; k < box.count[0]; k++)
        for (int64_t j = 0; j < box.count[1]; j++) {
            struct pld_piece piece = {
                .first = {box.first[0] + k, box.first[1] + j, box.first[2]},
                .x = row_of(x, k, j, size),
                .y = row_of(y, k, j, size),
                .xstride = x->stride[2],
                .ystride = y != NULL ? y->stride[2] : 0};
            walk_row(piece, box.count[2], size, visit, data);
        }
}

void pld_load_doubles(pld_type type, int n, const char *from, int64_t stride,
                      double *out)
{
    const double *f64 = (const void *)from;
    const float *f32 = (const void *)from;
    const int64_t *i64 = (const void *)from;
    const int32_t *i32 = (const void *)from;
    switch (type) {
    case PLD_F32:
        for (int i = 0; i < n; i++)
            out[i] = (double)f32[i * stride];
        break;
    case PLD_I64:
        for (int i = 0; i < n; i++)
            out[i] = (double)i64[i * stride];
        break;
    case PLD_I32:
        for (int i = 0; i < n; i++)
            out[i] = i32[i * stride];
        break;
    default:
        for (int i = 0; i < n; i++)
            out[i] = f64[i * stride];
    }
}

/* The bits of a positive double, taken as an integer, are in its order; those
 * of a negative one are once the other bits are turned. */
int64_t pld_key_of(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t key = bits ^ (bits >> 63 & INT64_MAX);
    return isnan(x) ? PLD_KEY_NAN : key;
}

double pld_key_double(int64_t key)
{
    if (key == PLD_KEY_NAN)
        return (double)NAN;
    int64_t bits = key ^ (key >> 63 & INT64_MAX);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

void pld_load_keys(pld_type type, int n, const char *from, int64_t stride,
                   int64_t *out)
{
    const int64_t *i64 = (const void *)from;
    const int32_t *i32 = (const void *)from;
    double x[PLD_PIECE];
    switch (type) {
    case PLD_I64:
        for (int i = 0; i < n; i++)
            out[i] = i64[i * stride];
        break;
    case PLD_I32:
        for (int i = 0; i < n; i++)
            out[i] = i32[i * stride];
        break;
    default:
        pld_load_doubles(type, n, from, stride, x);
        for (int i = 0; i < n; i++)
            out[i] = pld_key_of(x[i]);
    }
}

void pld_store_key(pld_type type, int64_t key, void *out)
{
    double f64 = pld_key_double(key);
    float f32 = (float)f64;
    int32_t i32 = (int32_t)key;
    switch (type) {
    case PLD_I64:
        memcpy(out, &key, sizeof key);
        break;
    case PLD_I32:
        memcpy(out, &i32, sizeof i32);
        break;
    case PLD_F32:
        memcpy(out, &f32, sizeof f32);
        break;
    default:
        memcpy(out, &f64, sizeof f64);
    }
}
