#include "polder/exact.h"
#include "base/exact.h"

/* Word 0 counts accumulators that hold a NaN, +infinity, -infinity, in three
 * fields of 20 bits, so that it may be added up too. */
enum { FIELD = 20 };

static int64_t pack_special(const pld_exact *sum)
{
    return (int64_t)(sum->nans != 0) | (int64_t)(sum->plus != 0) << FIELD |
           (int64_t)(sum->minus != 0) << 2 * FIELD;
}

static void unpack_special(int64_t word, pld_exact *sum)
{
    const int64_t mask = (INT64_C(1) << FIELD) - 1;
    sum->nans = word & mask;
    sum->plus = word >> FIELD & mask;
    sum->minus = word >> 2 * FIELD;
}

/* Limbs lie in words[1] ... words[n]; `first` is that of words[1]. */
static void unpack_limbs(const int64_t *words, int first, int n, pld_exact *sum)
{
    pld_exact_clear(sum);
    unpack_special(words[0], sum);
    memcpy(sum->limb + first, words + 1, (size_t)n * sizeof *words);
    sum->first = first;
    sum->last = first + n - 1;
    pld_exact_normalise(sum);
}

static int first_of(pld_exact_form form)
{
    return form == PLD_EXACT_SUMS ? PLD_EXACT_SUM_FIRST : 0;
}

int pld_exact_words(pld_exact_form form)
{
    return form == PLD_EXACT_SUMS ? PLD_EXACT_SUM_WORDS
                                  : PLD_EXACT_PRODUCT_WORDS;
}

/* Whether limbs from `first` on, n of them, hold all of a normalised sum. */
static bool fits(const pld_exact *sum, int first, int n)
{
    return sum->first >= first && sum->last < first + n;
}

/* The words of a normalised sum. */
static void pack_limbs(const pld_exact *sum, int first, int n, int64_t *words)
{
    words[0] = pack_special(sum);
    memcpy(words + 1, sum->limb + first, (size_t)n * sizeof *words);
}

pld_status pld_exact_pack(const pld_exact *sum, pld_exact_form form,
                          int64_t *words)
{
    PLD_CHECK(sum != NULL, PLD_ERR_ARG, "sum is NULL: give an accumulator");
    PLD_CHECK(words != NULL, PLD_ERR_ARG, "words is NULL: give %d int64_t",
              pld_exact_words(form));
    pld_exact small = *sum;
    pld_exact_normalise(&small);
    int first = first_of(form);
    int n = pld_exact_words(form) - 1;
    PLD_CHECK(fits(&small, first, n), PLD_ERR_OVERFLOW,
              "sum uses limbs %d to %d, the form has %d to %d: "
              "use PLD_EXACT_PRODUCTS",
              (int)small.first, (int)small.last, first, first + n - 1);
    pack_limbs(&small, first, n, words);
    return PLD_OK;
}

pld_status pld_exact_unpack(const int64_t *words, pld_exact_form form,
                            pld_exact *sum)
{
    PLD_CHECK(words != NULL, PLD_ERR_ARG,
              "words is NULL: give what pld_exact_pack wrote");
    PLD_CHECK(sum != NULL, PLD_ERR_ARG, "sum is NULL: give an accumulator");
    PLD_CHECK(words[0] >= 0 && words[0] >> 3 * FIELD == 0, PLD_ERR_CORRUPT,
              "word 0 is %lld: these are not words of exact sums",
              (long long)words[0]);
    int n = pld_exact_words(form) - 1;
    for (int i = 1; i <= n; i++)
        PLD_CHECK(words[i] <= INT64_MAX / 2 && words[i] >= -(INT64_MAX / 2),
                  PLD_ERR_CORRUPT,
                  "word %d is %lld: these are not words of exact sums", i,
                  (long long)words[i]);
    unpack_limbs(words, first_of(form), n, sum);
    return PLD_OK;
}

static int clip_window(int first)
{
    const int last = PLD_EXACT_LIMBS - PLD_EXACT_WINDOW_LIMBS;
    return first < 0 ? 0 : first > last ? last : first;
}

/* One limb is left free above, for values that grow. */
int pld_exact_window(const pld_exact *sum)
{
    pld_exact small = *sum;
    pld_exact_normalise(&small);
    int last = small.last >= 0 ? small.last
                               : PLD_EXACT_SUM_FIRST + PLD_EXACT_WINDOW_LIMBS;
    return clip_window(last + 2 - PLD_EXACT_WINDOW_LIMBS);
}

void pld_exact_pack_window(const pld_exact *sum, int first, int64_t *words)
{
    pld_exact small = *sum;
    pld_exact_normalise(&small);
    first = clip_window(first);
    pack_limbs(&small, first, PLD_EXACT_WINDOW_LIMBS, words);
    words[1 + PLD_EXACT_WINDOW_LIMBS] =
        !fits(&small, first, PLD_EXACT_WINDOW_LIMBS);
}

bool pld_exact_unpack_window(const int64_t *words, int first, pld_exact *sum)
{
    if (words[1 + PLD_EXACT_WINDOW_LIMBS] != 0)
        return false;
    unpack_limbs(words, clip_window(first), PLD_EXACT_WINDOW_LIMBS, sum);
    return true;
}
