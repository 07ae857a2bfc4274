#!/bin/sh
# The program in the README compiles without a warning, and runs.
#
# TEST: ranks=2 limit=60

cd "${PLD_TEST_TMPDIR:-$(mktemp -d)}" || exit 1
sed -n '/^A program/,/^    mpicc/s/^    //p' "$SRCDIR/README" | grep -v '^mpicc' >hot.c
grep -q main hot.c || { echo "there is no program in the README"; exit 1; }
$CC -std=c11 -Wall -Wextra -Werror -I"$BUILD/include" -I"$SRCDIR/include" hot.c \
    -L"$BUILD" -lpolder $INSTRUMENT_FLAGS -o hot || exit 1
LD_PRELOAD=$PRELOAD LD_LIBRARY_PATH=$BUILD${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
    $MPIEXEC $MPIEXEC_FLAGS -n 2 ./hot
