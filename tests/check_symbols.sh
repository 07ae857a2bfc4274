#!/bin/sh
# The shared library exports pld_* and nothing else; it names no search path.
#
# TEST: limit=30

library=${BUILD:-build}/libpolder.so
test -z "$INSTRUMENT_FLAGS" ||
    { echo "instrumented builds export symbols of the compiler's"; exit 77; }

symbols=$(${NM:-nm} -D --defined-only "$library" | awk '{ print $3 }') || exit 1
test -n "$symbols" || { echo "$library exports nothing"; exit 1; }
others=$(echo "$symbols" | grep -v '^pld_')
test -z "$others" || { echo "exported, but not pld_*:"; echo "$others"; exit 1; }
echo "$(echo "$symbols" | wc -l) symbols, all pld_*"

if command -v readelf >/dev/null; then
    readelf -d "$library" | grep -E 'RPATH|RUNPATH' && exit 1
fi
exit 0
