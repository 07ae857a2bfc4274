/* What is known of the BLAS.
 * TEST: ranks=1,2 */

#include "support/harness.h"

#include "polder/blas.h"

#include <string.h>

TEST(blas_texts_are_never_null)
{
    pld_blas blas;
    assert_ok(pld_blas_info(&blas));
    assert_all(blas.library && blas.config && blas.kernels);
    assert_all(blas.threads >= 0);
    assert_all((blas.threads > 0) == (strlen(blas.library) > 0));
}

TEST(blas_without_a_place_for_the_answer_is_an_error)
{
    assert_fails(PLD_ERR_ARG, pld_blas_info(NULL), "out is NULL");
}

TEST(blas_takes_any_number_of_threads_from_1_on)
{
    pld_blas blas;
    pld_blas_set_threads(-3);
    assert_ok(pld_blas_info(&blas));
    assert_all(blas.threads <= 1);
    pld_ctx_share_cores(NULL);
    pld_ctx_share_cores(ctx);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(blas_texts_are_never_null),
    cmocka_unit_test(blas_without_a_place_for_the_answer_is_an_error),
    cmocka_unit_test(blas_takes_any_number_of_threads_from_1_on),
};

PLD_TEST_MAIN(tests)
