/* Tall matrices: Gram matrices and updates against sums of long doubles, and
 * bit by bit against the same on one rank.
 * TEST: ranks=2,7
 * TEST: ranks=4 env=PLD_FAKE_NODES=2 */

#include "support/harness.h"
#include "support/tall.h"

#include "polder/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double complex random_element(int64_t row, int64_t column, void *data)
{
    const pld_random random = {.seed = *(const uint64_t *)data};
    uint64_t at = (uint64_t)(row * 1009 + column) * 2;
    return pld_random_uniform(random, at) - 0.5 +
           I * (pld_random_uniform(random, at + 1) - 0.5);
}

/* What is stored of it. */
static double complex stored(pld_type type, int64_t row, int64_t column,
                             uint64_t seed)
{
    double complex value = random_element(row, column, &seed);
    return type == PLD_C128  ? value
           : type == PLD_F64 ? creal(value)
                             : (double)(float)creal(value);
}

static const struct tall_spec cases[] = {
    {.type = PLD_F64, .size = {3000}, .ncolumns = 7},
    {.type = PLD_F64, .size = {2201}, .ncolumns = 33, .nprocs = {0, 1}},
    {.type = PLD_F64, .size = {997}, .ncolumns = 1, .nprocs = {0, 1}},
    {.type = PLD_F64, .size = {5}, .ncolumns = 9, .nprocs = {0, 1}},
    {.type = PLD_F64, .size = {2000}, .ncolumns = 12, .nprocs = {1}},
    {.type = PLD_F64, .size = {700}, .ncolumns = 5, .turned = true},
    {.type = PLD_F64,
     .size = {3500},
     .ncolumns = 6,
     .nprocs = {0, 1},
     .uneven = true},
    {.type = PLD_F32, .size = {3000}, .ncolumns = 19, .nprocs = {0, 1}},
    {.type = PLD_C128, .size = {2100}, .ncolumns = 10, .nprocs = {0, 1}},
    {.type = PLD_C128, .size = {300}, .ncolumns = 4},
    {.type = PLD_F64, .ndims = 1, .size = {4099}, .ncolumns = 4},
    {.type = PLD_F64, .ndims = 2, .size = {61, 83}, .ncolumns = 3},
    {.type = PLD_F32,
     .ndims = 2,
     .size = {83, 31},
     .ncolumns = 6,
     .ncomps = 3,
     .turned = true},
    {.type = PLD_F64,
     .ndims = 3,
     .size = {23, 17, 29},
     .ncolumns = 5,
     .uneven = true},
    {.type = PLD_C128,
     .ndims = 3,
     .size = {13, 27, 11},
     .ncolumns = 2,
     .ncomps = 2,
     .turned = true},
};
enum { NCASES = sizeof cases / sizeof *cases, MOST = 40 * 40 };

/* The same on one rank, cut nowhere. */
static void create_alone(const struct tall_spec *spec, pld_ctx **alone,
                         struct tall *out)
{
    struct tall_spec single = *spec;
    memset(single.nprocs, 0, sizeof single.nprocs);
    single.uneven = false;
    assert_ok_here(pld_ctx_create(MPI_COMM_SELF, NULL, alone));
    tall_create(*alone, &single, out);
}

/* All elements, row by row; to be freed. */
static double complex *table(const struct tall_spec *spec, int ncolumns,
                             uint64_t seed)
{
    int64_t n = tall_nrows(spec);
    double complex *out = malloc((size_t)(n * ncolumns) * sizeof *out);
    for (int64_t i = 0; i < n * ncolumns; i++)
        out[i] = stored(spec->type, i / ncolumns, i % ncolumns, seed);
    return out;
}

/* Largest error of a^H b in units of rounding. */
static double gram_error(const struct tall_spec *spec, int kb, uint64_t seed_b,
                         const void *found)
{
    int64_t n = tall_nrows(spec);
    double complex *all_a = table(spec, spec->ncolumns, 1);
    double complex *all_b = table(spec, kb, seed_b);
    double worst = 0;
    for (int64_t i = 0; i < spec->ncolumns; i++)
        for (int64_t j = 0; j < kb; j++) {
            long double complex sum = 0;
            long double size = 0;
            for (int64_t r = 0; r < n; r++) {
                long double complex a = all_a[r * spec->ncolumns + i];
                long double complex b = all_b[r * kb + j];
                sum += conjl(a) * b;
                size += (fabsl(creall(a)) + fabsl(cimagl(a))) *
                        (fabsl(creall(b)) + fabsl(cimagl(b)));
            }
            double error = (double)(cabsl(sum - tall_number(spec->type, found,
                                                            i * kb + j)) /
                                    (size * tall_epsilon(spec->type)));
            worst = error > worst ? error : worst;
        }
    free(all_a);
    free(all_b);
    return worst;
}

TEST(tall_gram_is_right_and_the_same_anywhere)
{
    for (int c = 0; c < NCASES; c++) {
        struct tall a;
        struct tall same;
        pld_ctx *alone;
        double complex found[MOST];
        double complex expected[MOST];
        uint64_t seed = 1;
        size_t bytes = (size_t)(cases[c].ncolumns * cases[c].ncolumns) *
                       pld_type_size(cases[c].type);
        tall_create(ctx, &cases[c], &a);
        tall_fill(&a, random_element, &seed);
        create_alone(&cases[c], &alone, &same);
        tall_fill(&same, random_element, &seed);
        assert_ok(pld_tall_gram(&a.tall, NULL, found));
        assert_ok(pld_tall_gram(&same.tall, NULL, expected));
        assert_all(memcmp(found, expected, bytes) == 0);
        if (rank == 0)
            assert_true(gram_error(&cases[c], cases[c].ncolumns, 1, found) <
                        30);
        tall_destroy(&a);
        tall_destroy(&same);
        assert_ok_here(pld_ctx_destroy(&alone));
    }
}

TEST(tall_gram_of_two_takes_other_cuts)
{
    for (int c = 0; c < NCASES; c++) {
        struct tall a, b, same, same_b;
        pld_ctx *alone;
        double complex found[MOST];
        double complex expected[MOST];
        uint64_t seeds[] = {1, 2};
        struct tall_spec other = cases[c];
        other.ncolumns = other.ncomps > 1 ? 2 * other.ncomps : 3;
        other.uneven = !other.uneven;
        memset(other.nprocs, 0, sizeof other.nprocs);
        if (other.ndims == 0)
            other.nprocs[1] = 1;
        tall_create(ctx, &cases[c], &a);
        tall_create(ctx, &other, &b);
        tall_fill(&a, random_element, &seeds[0]);
        tall_fill(&b, random_element, &seeds[1]);
        create_alone(&cases[c], &alone, &same);
        tall_create(alone,
                    &(struct tall_spec){
                        .type = other.type,
                        .ndims = other.ndims,
                        .size = {other.size[0], other.size[1], other.size[2]},
                        .ncolumns = other.ncolumns,
                        .ncomps = other.ncomps},
                    &same_b);
        tall_fill(&same, random_element, &seeds[0]);
        tall_fill(&same_b, random_element, &seeds[1]);
        assert_ok(pld_tall_gram(&a.tall, &b.tall, found));
        assert_ok(pld_tall_gram(&same.tall, &same_b.tall, expected));
        assert_all(memcmp(found, expected,
                          (size_t)(cases[c].ncolumns * other.ncolumns) *
                              pld_type_size(other.type)) == 0);
        if (rank == 0)
            assert_true(gram_error(&cases[c], other.ncolumns, 2, found) < 30);
        tall_destroy(&a);
        tall_destroy(&b);
        tall_destroy(&same);
        tall_destroy(&same_b);
        assert_ok_here(pld_ctx_destroy(&alone));
    }
}

struct product {
    const struct tall_spec *spec;
    const double complex *x;
    double worst;
};

static void check_product(int64_t row, int64_t column, double complex value,
                          void *data)
{
    struct product *product = data;
    int k = product->spec->ncolumns;
    double complex sum = 0;
    double size = 0;
    for (int64_t l = 0; l < k; l++) {
        double complex a = stored(product->spec->type, row, l, 1);
        sum += a * product->x[l * k + column];
        size += cabs(a) * cabs(product->x[l * k + column]);
    }
    double error =
        cabs(sum - value) / (size * tall_epsilon(product->spec->type));
    product->worst = error > product->worst ? error : product->worst;
}

TEST(tall_multiply_is_right_and_the_same_anywhere)
{
    for (int c = 0; c < NCASES; c++) {
        struct tall a;
        struct tall same;
        pld_ctx *alone;
        double complex x[MOST];
        double complex array[MOST];
        uint64_t seed = 1;
        int k = cases[c].ncolumns;
        for (int i = 0; i < k * k; i++) {
            x[i] = stored(cases[c].type, i, 0, 5);
            tall_put(cases[c].type, x[i], array, i);
        }
        tall_create(ctx, &cases[c], &a);
        tall_fill(&a, random_element, &seed);
        create_alone(&cases[c], &alone, &same);
        tall_fill(&same, random_element, &seed);
        assert_ok(pld_tall_multiply(&a.tall, array, &a.tall));
        assert_ok(pld_tall_multiply(&same.tall, array, &same.tall));
        assert_all(tall_digest(&a) == tall_digest(&same));
        struct product product = {&cases[c], x, 0};
        tall_each(&a, check_product, &product);
        assert_all(product.worst < 30);
        tall_destroy(&a);
        tall_destroy(&same);
        assert_ok_here(pld_ctx_destroy(&alone));
    }
}

TEST(tall_says_what_is_wrong)
{
    struct tall a, b, c;
    double out[64];
    const struct tall_spec spec = {
        .type = PLD_F64, .size = {40}, .ncolumns = 4};
    const struct tall_spec longer = {
        .type = PLD_F64, .size = {41}, .ncolumns = 4};
    const struct tall_spec single = {
        .type = PLD_F32, .size = {40}, .ncolumns = 4};
    tall_create(ctx, &spec, &a);
    tall_create(ctx, &longer, &b);
    tall_create(ctx, &single, &c);
    assert_fails(PLD_ERR_ARG, pld_tall_gram(NULL, NULL, out), "a is NULL");
    assert_fails(PLD_ERR_ARG, pld_tall_gram(&(pld_tall){0}, NULL, out),
                 "neither a matrix nor fields");
    assert_fails(PLD_ERR_ARG, pld_tall_gram(&a.tall, NULL, NULL),
                 "out is NULL");
    assert_fails(PLD_ERR_SHAPE, pld_tall_gram(&a.tall, &b.tall, out),
                 "the rows of b, 41");
    assert_fails(PLD_ERR_TYPE, pld_tall_gram(&a.tall, &c.tall, out),
                 "b is f32, but a is f64");
    assert_fails(PLD_ERR_ARG, pld_tall_multiply(&a.tall, NULL, &a.tall),
                 "x is NULL");
    assert_fails(PLD_ERR_SHAPE, pld_tall_multiply(&a.tall, out, &b.tall),
                 "the rows of to, 41");
    tall_destroy(&a);
    tall_destroy(&b);
    tall_destroy(&c);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tall_gram_is_right_and_the_same_anywhere),
    cmocka_unit_test(tall_gram_of_two_takes_other_cuts),
    cmocka_unit_test(tall_multiply_is_right_and_the_same_anywhere),
    cmocka_unit_test(tall_says_what_is_wrong),
};

PLD_TEST_MAIN(tests)
