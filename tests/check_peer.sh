#!/bin/bash
# When a rank of the node is killed, those who wait for it are told so.
#
# TEST: ranks=2 limit=120

cd "${PLD_TEST_TMPDIR:-$(mktemp -d)}" || exit 1
fail() { echo "FAILED: $*"; exit 1; }
programs=killed ways="exchange test accumulate"
grep -q 'define PLD_HAVE_CBLAS' "$BUILD/include/polder/config.h" &&
    programs="killed killed_factor killed_tall" ways="$ways cholesky tall"
for program in $programs; do
    $CC -std=c11 -D_XOPEN_SOURCE=600 -Wall -Wextra -I"$BUILD/include" -I"$SRCDIR/include" \
        "$SRCDIR/tests/peer/$program.c" -L"$BUILD" -lpolder $INSTRUMENT_FLAGS -o $program || exit 1
done
export LD_LIBRARY_PATH=$BUILD${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

# The launcher would end the others too: it gets to see a shell that lives on.
for how in $ways; do
    program=killed
    case $how in cholesky) program=killed_factor ;; tall) program=killed_tall ;; esac
    LD_PRELOAD=$PRELOAD timeout 30 $MPIEXEC $MPIEXEC_FLAGS -n 3 \
        sh -c "./$program $how; for i in 1 2 3 4 5 6 7 8 9 10; do
            test -e $how.0 && test -e $how.2 && break; sleep 1; done; sleep 1" >log 2>&1
    for rank in 0 2; do
        test -s $how.$rank || { cat log; fail "$how: rank $rank was told nothing"; }
        read -r status seconds text <$how.$rank
        case "$status $text" in
        "PLD_ERR_PEER rank 1 is gone"*"; ended") ;;
        *) cat $how.$rank; fail "$how: rank $rank was not told that rank 1 is gone" ;;
        esac
        echo "$how: rank $rank was told after $seconds s"
        # A second on a machine with cores to spare.
        test "${seconds%.*}" -lt 5 || fail "$how: that is late"
    done
done
