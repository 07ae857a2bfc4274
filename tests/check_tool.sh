#!/bin/sh
# polder-file: what it says of good, damaged, different and missing files.
#
# TEST: limit=120

cd "$PLD_TEST_TMPDIR" || exit 1
tool=$BUILD/polder-file
test -x "$tool" || { echo "there is no polder-file: built without HDF5"; exit 77; }
program=$BUILD/examples/ex14_checkpoint
test -x "$program" || make -C "$BUILDDIR" "$program" >/dev/null 2>&1
"$program" a 20 >/dev/null && "$program" b 40 >/dev/null || exit 1
first=a/checkpoint_000000000020.h5
second=b/checkpoint_000000000040.h5

# expect CODE PATTERN WORDS...: what the tool returns and says.
expect() {
    code=$1 pattern=$2
    shift 2
    "$@" >said 2>&1
    found=$?
    test $found = "$code" && grep -q "$pattern" said && return
    echo "$*: returned $found and not $code, or did not say '$pattern':"
    cat said
    exit 1
}
many="$MPIEXEC $MPIEXEC_FLAGS -n 3 $tool"
expect 2 '^usage:' "$tool"
expect 0 '^usage:' "$tool" --help
expect 2 'no command nonsense' "$tool" nonsense
expect 0 '^heat *f64 *48 x 48 ' "$tool" info $first
expect 0 '^heat *f64 *48 x 48 ' $many info $first
expect 2 'No such file' "$tool" info nowhere.h5
expect 0 '1 variables are what was written' "$tool" verify $first
expect 0 'heat: largest difference 0 of' "$tool" compare $first $first
expect 1 'heat: .*DIFFERS' $many compare $first $second
expect 0 'heat: largest' "$tool" compare $first $second --tolerance 1e9
expect 2 'its value is missing' "$tool" compare $first $second --tolerance

# One byte in the middle, where the numbers are.
cp $first damaged.h5
size=$(wc -c <damaged.h5)
printf '\125' | dd of=damaged.h5 bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
expect 1 'heat' "$tool" verify $second damaged.h5

if command -v gnuplot >/dev/null; then
    expect 0 'heat.png: 48 x 48 of heat' $many picture $first heat -o heat.png
    head -c 4 heat.png | grep -q PNG || { echo "heat.png is no picture"; exit 1; }
    expect 0 'x.png' "$tool" picture $first x -o x.png
    expect 2 "no variable 'nothing'" "$tool" picture $first nothing
fi
