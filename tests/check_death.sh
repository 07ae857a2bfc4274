#!/bin/sh
# A rank is killed while the others exchange halos with it, or with ranks that
# wait for it: each is told which rank is gone, soon, and nothing is left in the
# file system that they shared memory in, nor in /dev/shm.
#
# TEST: ranks=2 limit=120

work=${PLD_TEST_TMPDIR:-$(mktemp -d)}
cd "$work" || exit 1
fail() { echo "FAILED: $*"; exit 1; }

$MAKE -s -C "$BUILDDIR" build/tests/test_death >make.log 2>&1 ||
    { echo "the program cannot be built here"; exit 77; }

# die RANKS VICTIM: all others are told. Launchers end all ranks when one of them
# is killed; here they see only the shell that started it.
die() {
    rm -f told.*
    PLD_TEST_VICTIM=$2 timeout 50 env ${PRELOAD:+LD_PRELOAD=$PRELOAD} \
        $MPIEXEC $MPIEXEC_FLAGS -n "$1" sh -c '"$0" || sleep 2' \
        "$BUILD/tests/test_death" >log 2>&1
    rank=0
    while test $rank -lt "$1"; do
        test $rank = "$2" || grep "PLD_ERR_PEER: rank $2 is gone" told.$rank >/dev/null 2>&1 ||
            { cat log; tail told.*; fail "rank $rank of $1 was not told that $2 is gone"; }
        rank=$((rank + 1))
    done
    cat told.* | sed "s/^/$1 ranks, /; s/: its process.*//"
}

die 4 0

# --- Nothing is left ------------------------------------------------------------
mkdir shared
export PLD_SEGMENT_DIR="$work/shared"
die 3 2
test -z "$(ls -A shared)" || fail "left behind: $(ls -A shared)"
test -z "$(ls -A /dev/shm | grep -i -e polder -e pld)" || fail "left behind in /dev/shm"
