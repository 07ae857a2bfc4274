#!/bin/sh
# A file system for shared memory that is too small, as /dev/shm often is in a
# container: a status or another way, never a signal.
#
# TEST: ranks=2 limit=60

work=${PLD_TEST_TMPDIR:-$(mktemp -d)}
cd "$work" || exit 1
fail() { echo "FAILED: $*"; exit 1; }

$MAKE -s -C "$BUILDDIR" build/tests/test_segment >make.log 2>&1 ||
    { echo "the program cannot be built here"; exit 77; }
mkdir disk
unshare -m mount -t tmpfs -o size=2m none disk 2>/dev/null ||
    { echo "a small file system cannot be mounted here"; exit 77; }

export PLD_TEST_SMALL_DISK="$work/disk"
unshare -m sh -c 'mount -t tmpfs -o size=2m none disk && exec "$@"' sh \
    env ${PRELOAD:+LD_PRELOAD=$PRELOAD} \
    $MPIEXEC $MPIEXEC_FLAGS -n 2 "$BUILD/tests/test_segment" >log 2>&1 ||
    { cat log; fail "in 2 MiB"; }
