#!/bin/sh
# Valgrind keeps no inexact flag: kernels that trust it would take any sum for
# exact. The self-test finds that out, and the bits stay the same.
#
# TEST: limit=120

cd "$PLD_TEST_TMPDIR" || exit 1
test -z "$INSTRUMENT_FLAGS" || { echo "sanitizers and Valgrind do not mix"; exit 77; }
command -v valgrind >/dev/null || { echo "there is no valgrind"; exit 77; }

cat >prog.c <<'END'
#include <polder.h>
#include <stdio.h>
static double x[5000];
int main(int argc, char **argv)
{
    pld_random random = {.seed = 3};
    for (int i = 0; i < 5000; i++)
        x[i] = pld_random_normal(random, i);
    pld_exact sum, squares;
    pld_exact_clear(&sum);
    pld_exact_clear(&squares);
    if (pld_exact_add(&sum, PLD_F64, 5000, x, 1) != PLD_OK ||
        pld_exact_add_squares(&squares, PLD_F64, 5000, x, 1) != PLD_OK)
        return 1;
    fprintf(stderr, "%s\n", pld_exact_tier());
    printf("%a %a\n", pld_exact_round(&sum), pld_exact_sqrt(&squares));
    return 0;
}
END
$CC -I"$BUILD/include" -I"$SRCDIR/include" prog.c -L"$BUILD" -lpolder \
    -Wl,-rpath,"$BUILD" -o prog || exit 1

./prog >native 2>tier || exit 1
valgrind -q --error-exitcode=9 ./prog >emulated 2>emulated_tier ||
    { cat emulated_tier; exit 1; }
grep -qx c11 emulated_tier ||
    { echo "Valgrind ran kernels that need flags: $(cat emulated_tier)"; exit 1; }
cmp native emulated
