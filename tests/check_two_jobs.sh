#!/bin/bash
# Two jobs that write to one file, one series, or checkpoints of one name: the
# second is told on all ranks, and the first does not notice. Reading is fine.
#
# TEST: ranks=2 limit=120

cd "${PLD_TEST_TMPDIR:-$(mktemp -d)}" || exit 1
fail() { echo "FAILED: $*"; exit 1; }
test -x "$BUILD/polder-file" || { echo "no files here: built without HDF5"; exit 77; }
$CC -std=gnu11 -Wall -Wextra -I"$BUILD/include" -I"$SRCDIR/include" \
    "$SRCDIR/tests/peer/writer.c" -L"$BUILD" -lpolder $INSTRUMENT_FLAGS -o writer || exit 1
export LD_LIBRARY_PATH=$BUILD${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
job() { LD_PRELOAD=$PRELOAD timeout 50 $MPIEXEC $MPIEXEC_FLAGS -n "$1" ./writer "$2"; }

# two_jobs FIRST SECOND: what they do; what the second says is in `said`.
two_jobs() {
    rm -f ready go
    job 2 "$1" >first.log 2>&1 &
    for ((i = 0; i < 2000; i++)); do test -e ready && break; sleep 0.01; done
    test -e ready || { cat first.log; fail "the first job, $1, did not begin"; }
    test "$2" != read || touch go
    job 2 "$2" >said 2>&1
    touch go
    wait
    ! grep -q PLD_ first.log || { cat first.log; fail "the first job, $1, noticed $2"; }
}

for jobs in "file file" "file again" "series series" "checkpoint checkpoint"; do
    two_jobs $jobs
    test "$(grep -c 'PLD_ERR_STATE.*is being written by another program' said)" = 2 ||
        { cat said; fail "two jobs, $jobs: not told on both ranks"; }
done
two_jobs file read
! grep -q PLD_ said || { cat said; fail "a file that is being written could not be read"; }
for file in shared.h5 series.h5 folder; do
    "$BUILD/polder-file" info $file | grep -q '^  u ' || fail "$file has no u"
done
