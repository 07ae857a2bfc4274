#include "polder/exact.h"
#include "base/exact.h"
#include "base/exact_environment.h"

/* One term of a call: what to add, of which elements. */
struct request {
    pld_exact_term term;
    pld_type type;
    int64_t count[3];
    pld_exact_array x;
    pld_exact_array y;
};

/* --- Rows that kernels cannot read: strided ones, and floats ------------- */

enum { CHUNK = 1024 };

static void load_chunk(pld_type type, const void *data, int64_t first,
                       int64_t stride, int64_t n, double *out)
{
    if (type == PLD_F64) {
        const double *x = (const double *)data + first;
        for (int64_t i = 0; i < n; i++)
            out[i] = x[i * stride];
    } else if (stride == 1) {
        const float *x = (const float *)data + first;
        for (int64_t i = 0; i < n; i++)
            out[i] = (double)x[i];
    } else {
        const float *x = (const float *)data + first;
        for (int64_t i = 0; i < n; i++)
            out[i] = (double)x[i * stride];
    }
}

/* Products of floats are exact in double, so they are but values to add. */
static pld_exact_term multiply_floats(pld_exact_term term, int64_t n, double *x,
                                      const double *y)
{
    if (term != PLD_EXACT_SQUARE && term != PLD_EXACT_PRODUCT)
        return term;
    if (term == PLD_EXACT_SQUARE)
        y = x;
    for (int64_t i = 0; i < n; i++)
        x[i] *= y[i];
    return PLD_EXACT_VALUE;
}

static void add_chunks(pld_exact *sum, const struct request *request,
                       int64_t xfirst, int64_t yfirst)
{
    double x[CHUNK];
    double y[CHUNK];
    int64_t n = request->count[2];
    int64_t xstride = request->x.stride[2];
    int64_t ystride = request->y.stride[2];
    for (int64_t done = 0; done < n; done += CHUNK) {
        int64_t some = n - done < CHUNK ? n - done : CHUNK;
        pld_exact_term term = request->term;
        load_chunk(request->type, request->x.data, xfirst + done * xstride,
                   xstride, some, x);
        if (term == PLD_EXACT_PRODUCT)
            load_chunk(request->type, request->y.data, yfirst + done * ystride,
                       ystride, some, y);
        if (request->type == PLD_F32)
            term = multiply_floats(term, some, x, y);
        pld_exact_chosen()(
            sum, term,
            &(struct pld_exact_tile){.x = x,
                                     .y = term == PLD_EXACT_PRODUCT ? y : x,
                                     .nrows = 1,
                                     .n = some});
    }
}

/* --- Boxes -------------------------------------------------------------------
 */

/* How far apart elements are; what is not along the way is far. */
static int64_t distance(int64_t stride)
{
    if (stride == 0)
        return INT64_MAX;
    return stride < 0 ? -stride : stride;
}

/* Let rows lie along the shortest steps of x: an exact sum has no order. */
static void sort_dimensions(struct request *r)
{
    for (int end = 2; end > 0; end--)
        for (int d = 0; d < end; d++) {
            struct request old = *r;
            if (distance(old.x.stride[d]) >= distance(old.x.stride[d + 1]))
                continue;
            r->count[d] = old.count[d + 1];
            r->count[d + 1] = old.count[d];
            r->x.stride[d] = old.x.stride[d + 1];
            r->x.stride[d + 1] = old.x.stride[d];
            r->y.stride[d] = old.y.stride[d + 1];
            r->y.stride[d + 1] = old.y.stride[d];
        }
}

/* Let rows be as long as can be: leave out dimensions of one index, and join
 * those whose elements follow each other in both arrays. */
static void join_dimensions(struct request *r)
{
    if (r->count[0] == 1 && r->count[1] == 1)
        return;
    for (int d = 1; d >= 0; d--)
        for (int low = d; low < 2; low++) {
            int64_t n = r->count[low + 1];
            bool follow = r->x.stride[low] == n * r->x.stride[low + 1] &&
                          r->y.stride[low] == n * r->y.stride[low + 1];
            if (n != 1 && r->count[low] != 1 && !follow)
                break;
            if (n == 1) {
                r->x.stride[low + 1] = r->x.stride[low];
                r->y.stride[low + 1] = r->y.stride[low];
            }
            r->count[low + 1] *= r->count[low];
            r->count[low] = 1;
        }
}

static const void *element(const struct request *request,
                           const pld_exact_array *array, int64_t at)
{
    return (const char *)array->data +
           at * (int64_t)pld_type_size(request->type);
}

static void add_plane(pld_exact *sum, const struct request *request,
                      int64_t xat, int64_t yat)
{
    bool neighbours =
        request->x.stride[2] == 1 &&
        (request->term != PLD_EXACT_PRODUCT || request->y.stride[2] == 1);
    if (request->type == PLD_F64 && neighbours) {
        pld_exact_chosen()(
            sum, request->term,
            &(struct pld_exact_tile){.x = element(request, &request->x, xat),
                                     .y = element(request, &request->y, yat),
                                     .nrows = request->count[1],
                                     .n = request->count[2],
                                     .xrow = request->x.stride[1],
                                     .yrow = request->y.stride[1]});
        return;
    }
    for (int64_t j = 0; j < request->count[1]; j++) {
        int64_t xfirst = xat + j * request->x.stride[1];
        int64_t yfirst = yat + j * request->y.stride[1];
        if (request->type == PLD_I64 || request->type == PLD_I32)
            pld_exact_add_integers(
                sum, request->term, request->type, request->count[2],
                element(request, &request->x, xfirst), request->x.stride[2],
                element(request, &request->y, yfirst), request->y.stride[2]);
        else
            add_chunks(sum, request, xfirst, yfirst);
    }
}

/* Not inlined: see exact_environment.h. */
static __attribute__((noinline)) void add_planes(pld_exact *sum,
                                                 const struct request *request)
{
    for (int64_t k = 0; k < request->count[0]; k++)
        add_plane(sum, request, k * request->x.stride[0],
                  k * request->y.stride[0]);
}

static pld_status check(const pld_exact *sum, const struct request *request)
{
    const int64_t *count = request->count;
    PLD_CHECK(sum != NULL, PLD_ERR_ARG, "sum is NULL: give an accumulator");
    PLD_CHECK((int)request->term >= 0 && request->term <= PLD_EXACT_PRODUCT,
              PLD_ERR_ARG, "term %d: there is no such term",
              (int)request->term);
    PLD_CHECK(request->type == PLD_F64 || request->type == PLD_F32 ||
                  request->type == PLD_I64 || request->type == PLD_I32,
              PLD_ERR_TYPE, "type %s: give the parts of c128 as f64",
              pld_type_name(request->type));
    for (int d = 0; d < 3; d++)
        PLD_CHECK(count[d] >= 0, PLD_ERR_ARG,
                  "count %lld in dimension %d is negative", (long long)count[d],
                  d);
    if (count[0] == 0 || count[1] == 0 || count[2] == 0)
        return PLD_OK;
    PLD_CHECK(request->x.data != NULL, PLD_ERR_ARG,
              "x is NULL, but there are elements");
    PLD_CHECK(request->term != PLD_EXACT_PRODUCT || request->y.data != NULL,
              PLD_ERR_ARG, "y is NULL, but products need it");
    return PLD_OK;
}

/* In integers, for which the environment does not matter. */
static void add_few(pld_exact *sum, const struct request *r)
{
    pld_exact_scalar(sum, r->term,
                     &(struct pld_exact_tile){.x = r->x.data,
                                              .y = r->y.data,
                                              .nrows = r->count[2],
                                              .n = 1,
                                              .xrow = r->x.stride[2],
                                              .yrow = r->y.stride[2]});
}

static pld_status add(pld_exact *sum, struct request *request)
{
    enum { FEW = 6 };
    PLD_TRY(check(sum, request));
    if (request->type == PLD_F64 && request->count[2] <= FEW &&
        request->count[0] == 1 && request->count[1] == 1) {
        add_few(sum, request);
        return PLD_OK;
    }
    if (request->count[0] == 0 || request->count[1] == 0 ||
        request->count[2] == 0)
        return PLD_OK;
    if (request->term != PLD_EXACT_PRODUCT)
        request->y = request->x;
    sort_dimensions(request);
    join_dimensions(request);
    pld_environment saved = pld_environment_enter();
    add_planes(sum, request);
    pld_environment_leave(saved);
    return PLD_OK;
}

/* --- Public ------------------------------------------------------------------
 */

pld_status pld_exact_add_box(pld_exact *sum, pld_exact_term term, pld_type type,
                             const int64_t count[3], pld_exact_array x,
                             pld_exact_array y)
{
    PLD_CHECK(count != NULL, PLD_ERR_ARG, "count is NULL: give three counts");
    struct request request = {.term = term,
                              .type = type,
                              .count = {count[0], count[1], count[2]},
                              .x = x,
                              .y = y};
    return add(sum, &request);
}

static pld_status add_row(pld_exact *sum, pld_exact_term term, pld_type type,
                          int64_t n, const void *x, int64_t xstride,
                          const void *y, int64_t ystride)
{
    struct request request = {.term = term,
                              .type = type,
                              .count = {1, 1, n},
                              .x = {.data = x, .stride = {0, 0, xstride}},
                              .y = {.data = y, .stride = {0, 0, ystride}}};
    return add(sum, &request);
}

pld_status pld_exact_add(pld_exact *sum, pld_type type, int64_t n,
                         const void *x, int64_t stride)
{
    return add_row(sum, PLD_EXACT_VALUE, type, n, x, stride, NULL, 0);
}

pld_status pld_exact_add_absolute(pld_exact *sum, pld_type type, int64_t n,
                                  const void *x, int64_t stride)
{
    return add_row(sum, PLD_EXACT_ABSOLUTE, type, n, x, stride, NULL, 0);
}

pld_status pld_exact_add_squares(pld_exact *sum, pld_type type, int64_t n,
                                 const void *x, int64_t stride)
{
    return add_row(sum, PLD_EXACT_SQUARE, type, n, x, stride, NULL, 0);
}

pld_status pld_exact_add_products(pld_exact *sum, pld_type type, int64_t n,
                                  const void *x, int64_t xstride, const void *y,
                                  int64_t ystride)
{
    return add_row(sum, PLD_EXACT_PRODUCT, type, n, x, xstride, y, ystride);
}
