#!/bin/sh
# A program compiled with another MPI than the library's is stopped, in words.
#
# TEST: limit=60

cd "${BUILDDIR:-.}" || exit 1
case $MPI_FLAVOUR in
    openmpi) others="mpicc.mpich" remedy="built with Open MPI" ;;
    mpich) others="mpicc.openmpi" remedy="built with MPICH" ;;
    *) others="mpicc.openmpi mpicc.mpich" remedy="was not built with" ;;
esac
tried= message=$(mktemp)
for other in $others; do
    command -v $other >/dev/null || continue
    tried=yes
    echo '#include "polder/context.h"' |
        $other -x c -fsyntax-only -I"$BUILD/include" -I"$SRCDIR/include" - >"$message" 2>&1 &&
        { echo "$other compiles the header of a library for $MPI_FLAVOUR"; exit 1; }
    grep -q "$remedy" "$message" && grep -q 'configure CC=' "$message" ||
        { echo "$other fails without the remedy:"; cat "$message"; exit 1; }
done
rm -f "$message"
test -n "$tried" || { echo "only one MPI is installed here"; exit 77; }
