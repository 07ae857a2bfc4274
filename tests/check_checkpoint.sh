#!/bin/bash
# A run that is killed at random moments, one rank or all or the launcher, goes
# on each time, on other numbers of ranks, and ends with the same bits as one
# that was left alone. PLD_TEST_KILLS says how often (12).
#
# TEST: limit=300

cd "$PLD_TEST_TMPDIR" || exit 1
test -x "$BUILD/examples/ex14_checkpoint" || make -C "$BUILDDIR" "$BUILD/examples/ex14_checkpoint" >/dev/null 2>&1
program=$BUILD/examples/ex14_checkpoint
test -x "$program" || { echo "there is no ex14_checkpoint: built without HDF5"; exit 77; }
test -r /proc/self/cmdline || { echo "processes cannot be found here"; exit 77; }
kills=${PLD_TEST_KILLS:-12}
steps=100000
RANDOM=4711
ln -s "$program" killed # a name of its own, to find its processes by
folder=$PWD/restart

start() { # RANKS STEPS: in the background, in a session of its own
    setsid $MPIEXEC $MPIEXEC_FLAGS -n "$1" ./killed "$folder" "$2" 0.0005 >out 2>&1 &
    launcher=$!
}

# The processes of the run, but not those that launch it.
ranks_of() {
    local file first
    for file in /proc/[0-9]*/cmdline; do
        first=
        { IFS= read -r -d '' first <"$file"; } 2>/dev/null
        test "$first" = ./killed || continue
        file=${file%/cmdline}
        echo "${file##*/}"
    done
}

for ((n = 1; n <= kills; n++)); do
    start $((RANDOM % 3 + 1)) $steps
    sleep "0.$(printf %03d $((RANDOM % 500 + 150)))"
    case $((RANDOM % 3)) in
        0) ranks_of | shuf -n 1 --random-source=<(yes $RANDOM) | xargs -r kill -9 ;;
        1) ranks_of | xargs -r kill -9 ;;
        2) kill -9 -- "-$launcher" ;;
    esac 2>/dev/null
    for ((i = 0; i < 100; i++)); do
        test -n "$(ranks_of)" || break
        sleep 0.05
    done
    ranks_of | xargs -r kill -9 2>/dev/null
    kill -9 -- "-$launcher" 2>/dev/null
    wait "$launcher" 2>/dev/null
    if grep -q 'is not\|none of\|damaged\|passed' out; then
        echo "after kill $n something was wrong:"; cat out; exit 1
    fi
done
newest=$(ls "$folder" | tail -n 1)
test -n "$newest" || { echo "no run got to its first checkpoint"; exit 1; }
reached=$((10#$(echo "$newest" | tr -dc 0-9 | sed 's/5$//')))
test "$(ls "$folder"/*.h5 | wc -l)" -le 3 || { echo "more were kept than should be:"; ls "$folder"; exit 1; }
end=$((reached + 10))

$MPIEXEC $MPIEXEC_FLAGS -n 2 ./killed "$folder" $end >killed.out || { cat killed.out; exit 1; }
$MPIEXEC $MPIEXEC_FLAGS -n 3 ./killed "$PWD/alone" $end >alone.out || { cat alone.out; exit 1; }
test -z "$(ls -A "$folder" | grep tmp)" || { echo "unfinished files were left:"; ls -A "$folder"; exit 1; }
grep -q "going on from step $reached" killed.out || { echo "not from the newest, $reached:"; cat killed.out; exit 1; }
test "$(grep digest killed.out)" = "$(grep digest alone.out)" ||
    { echo "another end after $kills kills:"; cat killed.out alone.out; exit 1; }
