#!/bin/sh
# polder-file: what it says of good, damaged, different, foreign and missing
# files, and of wrong words.
#
# TEST: limit=120

cd "$PLD_TEST_TMPDIR" || exit 1
tool=$BUILD/polder-file
test -x "$tool" || { echo "there is no polder-file: built without HDF5"; exit 77; }
program=$BUILD/examples/ex14_checkpoint
$MAKE -s -C "$BUILDDIR" build/examples/ex14_checkpoint >make.log 2>&1
mkdir a b && "$program" a 20 >/dev/null && "$program" b 40 >/dev/null || exit 1
first=a/checkpoint_000000000020.h5
second=b/checkpoint_000000000040.h5

# expect CODE PATTERN WORDS...: what the tool returns and says.
expect() {
    code=$1 pattern=$2
    shift 2
    "$@" >said 2>&1
    found=$?
    test $found = "$code" && grep -q -e "$pattern" said && return
    echo "$*: returned $found and not $code, or did not say '$pattern':"
    cat said
    exit 1
}
many="$MPIEXEC $MPIEXEC_FLAGS -n 3 $tool"

# --- Words --------------------------------------------------------------------
expect 2 '^usage:' "$tool"
expect 0 '^usage:' "$tool" --help
expect 0 '^polder-file [0-9]' "$tool" --version
expect 2 'no command nonsense' "$tool" nonsense
expect 2 'usage: polder-file info' "$tool" info
expect 2 'no option --x' "$tool" info --x $first
expect 2 'usage: polder-file compare' "$tool" compare $first
expect 2 'its value is missing' "$tool" compare $first $second --tolerance
expect 2 "is 'much'" "$tool" compare $first $second --tolerance much
grep -q MPI_ABORT said && { echo "wrong words end in MPI_Abort"; exit 1; }

# --- Files --------------------------------------------------------------------
expect 0 "^  heat *f64 *48 x 48 " "$tool" info $first
expect 0 "^$second: .*, checkpoint 40" "$tool" info a b
expect 2 'No such file' "$tool" info nowhere.h5 $first
grep -q heat said || { echo "it stopped at a missing file"; exit 1; }
expect 2 'not an HDF5 file' "$tool" info said
expect 0 "good: 1 variables with checksums" "$tool" verify a b
expect 2 'No such file' "$tool" verify nowhere.h5
expect 1 'not an HDF5 file' "$tool" verify said
expect 0 'heat: largest difference 0 of' "$tool" compare $first $first
expect 1 "heat: .*DIFFERS" "$tool" compare $first $second
expect 0 'heat: largest' "$tool" compare $first $second --tolerance 1e9
expect 2 'is a folder' "$tool" compare a b

# One byte in the middle, where the numbers are; and half of a file.
cp $first damaged.h5
size=$(wc -c <damaged.h5)
printf '\125' | dd of=damaged.h5 bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
expect 1 "DAMAGED: 'heat' in 'damaged.h5'" $many verify $second damaged.h5
head -c $((size / 2)) $first >half.h5
expect 1 'is cut short' "$tool" verify half.h5

# --- Files of others ----------------------------------------------------------
for python in python3 /usr/bin/python3; do
    "$python" -c 'import h5py' 2>/dev/null && break
    python=
done
test -z "$python" || "$python" - <<'EOF' || exit 1
import h5py, numpy
for name, change in ("one.nc", 0), ("two.nc", 1):
    with h5py.File(name, "w") as f:
        f["time"] = numpy.arange(2.0)
        f["deep"] = numpy.arange(2 * 3 * 8 * 9, dtype="f4").reshape(2, 3, 8, 9)
        f["vector"] = numpy.full((4, 5, 6, 3), 0.5) + change * numpy.eye(6, 3) * 1e-3
        f["large"] = numpy.array([2**62 + change, -5])
        f["complex"] = numpy.array([1, 2 + change * 1j])
        f["gap"] = numpy.array([1, numpy.nan, 3])
        f["text"] = numpy.array([b"abc"])
        f["group/small"] = numpy.arange(6, dtype=">i2")
EOF
if test -n "$python"; then
    expect 0 '^  deep *f32 *2 x 3 x 8 x 9  (2 steps)  from 0 to 431$' $many info one.nc
    expect 0 '^  gap .* from 1 to 3  with NaN$' "$tool" info one.nc
    expect 0 '^text: .*no type here' "$tool" info one.nc
    expect 1 'text: .*NOT COMPARED' "$tool" compare one.nc one.nc
    grep -q 'difference [^0]' said && { cat said; exit 1; }
    expect 1 'vector: largest difference 0.001 of 0.5  DIFFERS' $many compare one.nc two.nc
    for what in 'large: largest difference 1 of' 'complex: largest difference 1 of' \
        'group/small: largest difference 0 of 5'; do
        grep -q "$what" said || { echo "not said: $what"; cat said; exit 1; }
    done
    expect 1 'not known' "$tool" verify one.nc
fi

# --- Pictures -----------------------------------------------------------------
expect 2 "no variable 'nothing'" "$tool" picture $first nothing
expect 2 'is no time series' "$tool" picture $first heat --step 1
expect 2 "is '1.5'" "$tool" picture $first heat --plane 1.5
command -v gnuplot >/dev/null || exit 0
expect 0 "heat.png: 48 x 48 of heat" "$tool" picture $first heat -o heat.png
head -c 4 heat.png | grep -q PNG || { echo "heat.png is no picture"; exit 1; }
expect 0 'x.png' "$tool" picture $first x -o x.png
expect 2 'cannot write' "$tool" picture $first heat -o no/such/folder.png
test -z "$python" ||
    expect 0 'd.png: 8 x 9 of deep, step 1 of 2, plane 1 of 3' $many picture one.nc deep -o d.png
