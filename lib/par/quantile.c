#include "polder/reduction.h"
#include "par/context.h"
#include "par/elements.h"
#include "base/alloc.h"
#include "polder/agree.h"

#include <math.h>

/* Selection by digits. Elements become integers in the same order; from the
 * highest 8 bits to the lowest, all ranks count together how many elements have
 * each next digit behind the digits that are known already. Only elements with
 * known digits of some quantile are kept for the next round. */

enum { DIGIT_BITS = 8, NDIGITS = 1 << DIGIT_BITS };

/* One quantile that is sought. */
struct sought {
    uint64_t prefix; /* digits known so far */
    int64_t below;   /* elements to skip among those of that prefix */
    int leader;      /* the first quantile of the same prefix */
};

struct selection {
    pld_ctx *ctx;
    pld_type type;
    uint64_t *keys;
    int64_t nkeys;
    int bits; /* of a key */
    int64_t nnans;
    int n;
    struct sought *sought;
    int64_t *counts; /* NDIGITS for each */
};

/* Keys that are in order without a sign, as digits need them: 32 bits of i32,
 * 64 bits of all others. */
static uint64_t key_of(pld_type type, int64_t ordered)
{
    if (type == PLD_I32)
        return (uint64_t)(ordered - INT32_MIN);
    return (uint64_t)ordered ^ UINT64_C(1) << 63;
}

static int64_t ordered_of(pld_type type, uint64_t key)
{
    if (type == PLD_I32)
        return (int64_t)key + INT32_MIN;
    return (int64_t)(key ^ UINT64_C(1) << 63);
}

static void take_keys(const struct pld_piece *piece, void *data)
{
    struct selection *selection = data;
    pld_type type = selection->type;
    int64_t ordered[PLD_PIECE];
    pld_load_keys(type, piece->n, piece->x, piece->xstride, ordered);
    for (int i = 0; i < piece->n; i++) {
        bool nan = !pld_type_is_integer(type) && ordered[i] == PLD_KEY_NAN;
        selection->nnans += nan;
        selection->keys[selection->nkeys++] = key_of(type, ordered[i]);
    }
}

static void find_leaders(struct selection *selection)
{
    for (int q = 0; q < selection->n; q++) {
        struct sought *sought = selection->sought;
        sought[q].leader = q;
        for (int p = 0; p < q && sought[q].leader == q; p++)
            if (sought[p].prefix == sought[q].prefix)
                sought[q].leader = p;
    }
}

/* Count the next digits of the keys, and keep those that may be sought. */
static void count_digits(struct selection *selection, int shift)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < (int64_t)selection->n * NDIGITS; i++)
        selection->counts[i] = 0;
    for (int64_t i = 0; i < selection->nkeys; i++) {
        uint64_t key = selection->keys[i];
        uint64_t next = key >> shift;
        for (int q = 0; q < selection->n; q++) {
            if (selection->sought[q].leader != q ||
                selection->sought[q].prefix != next >> DIGIT_BITS)
                continue;
            selection->counts[q * NDIGITS + (int)(next % NDIGITS)]++;
            selection->keys[kept++] = key;
            break;
        }
    }
    selection->nkeys = kept;
}

static void take_digits(struct selection *selection)
{
    for (int q = 0; q < selection->n; q++) {
        struct sought *sought = &selection->sought[q];
        const int64_t *counts = selection->counts + sought->leader * NDIGITS;
        uint64_t digit = 0;
        while (digit < NDIGITS - 1 && sought->below >= counts[digit])
            sought->below -= counts[digit++];
        sought->prefix = sought->prefix << DIGIT_BITS | digit;
    }
}

static pld_status select_all(struct selection *selection)
{
    for (int shift = selection->bits - DIGIT_BITS; shift >= 0;
         shift -= DIGIT_BITS) {
        find_leaders(selection);
        count_digits(selection, shift);
        PLD_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, selection->counts,
                                  selection->n * NDIGITS, MPI_INT64_T, MPI_SUM,
                                  selection->ctx->comm));
        take_digits(selection);
    }
    return PLD_OK;
}

static pld_status start(struct selection *selection, const double *fractions,
                        bool *nan)
{
    int64_t found[2] = {selection->nkeys, selection->nnans};
    PLD_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, found, 2, MPI_INT64_T, MPI_SUM,
                              selection->ctx->comm));
    PLD_CHECK(found[0] > 0, PLD_ERR_ARG,
              "no rank has an element: there are no quantiles");
    *nan = found[1] > 0;
    for (int q = 0; q < selection->n; q++) {
        double place = ceil(fractions[q] * (double)found[0]);
        int64_t below = place < 1 ? 0 : (int64_t)place - 1;
        if (below > found[0] - 1)
            below = found[0] - 1;
        selection->sought[q] = (struct sought){.below = below};
    }
    return PLD_OK;
}

static void store(const struct selection *selection, bool nan, char *out)
{
    size_t size = pld_type_size(selection->type);
    for (int q = 0; q < selection->n; q++) {
        int64_t key =
            nan ? PLD_KEY_NAN
                : ordered_of(selection->type, selection->sought[q].prefix);
        pld_store_key(selection->type, key, out + (size_t)q * size);
    }
}

static pld_status check(pld_type type, pld_box box, const pld_operand *x, int n,
                        const double *fractions, const void *out)
{
    PLD_CHECK(pld_type_size(type) > 0, PLD_ERR_TYPE,
              "type %d is not an element type", (int)type);
    PLD_CHECK(type != PLD_C128, PLD_ERR_TYPE, "c128 has no order");
    PLD_CHECK(n > 0 && n <= 1024, PLD_ERR_ARG,
              "n is %d: ask for 1 to 1024 quantiles", n);
    PLD_CHECK(fractions != NULL, PLD_ERR_ARG, "fractions is NULL");
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "out is NULL");
    PLD_CHECK(pld_box_empty(box) || x->data != NULL, PLD_ERR_ARG,
              "x is NULL, but its box is not empty");
    for (int q = 0; q < n; q++)
        PLD_CHECK(fractions[q] >= 0 && fractions[q] <= 1, PLD_ERR_ARG,
                  "fractions[%d] is %g, not within 0 and 1", q, fractions[q]);
    return PLD_OK;
}

static pld_status run(struct selection *selection, pld_box box, pld_operand x,
                      const double *fractions, void *out)
{
    pld_status status = PLD_OK;
    bool nan = false;
    int n = selection->n;
    PLD_TRY_TO(out, pld_alloc("keys", pld_box_volume(box),
                              sizeof *selection->keys, &selection->keys));
    PLD_TRY_TO(out, pld_alloc("quantiles", n, sizeof *selection->sought,
                              &selection->sought));
    PLD_TRY_TO(out, pld_alloc("counts", (int64_t)n * NDIGITS,
                              sizeof *selection->counts, &selection->counts));
    pld_operand_walk(selection->type, box, &x, NULL, take_keys, selection);
    PLD_TRY_TO(out, start(selection, fractions, &nan));
    if (!nan)
        PLD_TRY_TO(out, select_all(selection));
    store(selection, nan, out);
out:
    pld_free(selection->counts);
    pld_free(selection->sought);
    pld_free(selection->keys);
    return status;
}

pld_status pld_quantiles(pld_ctx *ctx, pld_type type, pld_box box,
                         pld_operand x, int n, const double *fractions,
                         void *out)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    PLD_TRY(pld_agree(ctx, check(type, box, &x, n, fractions, out)));
    PLD_TRY(pld_agree_same(ctx, "fractions of quantiles", fractions,
                           (size_t)n * sizeof *fractions));
    if (pld_box_empty(box))
        box = (pld_box){{0}, {0}};
    struct selection selection = {
        .ctx = ctx, .type = type, .bits = type == PLD_I32 ? 32 : 64, .n = n};
    pld_phase_begin(ctx, PLD_PHASE_REDUCE);
    pld_status status =
        run(&selection, box, pld_operand_strides(x, box), fractions, out);
    pld_phase_end(ctx, PLD_PHASE_REDUCE);
    return status;
}
