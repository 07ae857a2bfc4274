#!/bin/bash
# A run that is killed at random moments, one rank or all or the launcher, goes
# on each time, on other numbers of ranks, and ends with the same bits as one
# that was left alone. PLD_TEST_KILLS says how often (12),
# PLD_TEST_SEED which moments.
#
# TEST: limit=300

cd "$PLD_TEST_TMPDIR" || exit 1
test -x "$BUILD/examples/ex14_checkpoint" || make -C "$BUILDDIR" "$BUILD/examples/ex14_checkpoint" >/dev/null 2>&1
program=$BUILD/examples/ex14_checkpoint
test -x "$program" || { echo "there is no ex14_checkpoint: built without HDF5"; exit 77; }
test -r /proc/self/cmdline || { echo "processes cannot be found here"; exit 77; }
kills=${PLD_TEST_KILLS:-12}
steps=100000
RANDOM=${PLD_TEST_SEED:-4711}
ln -s "$program" killed # a name of its own, to find its processes by
folder=$PWD/restart

start() { # RANKS STEPS: in the background, in a session of its own
    setsid $MPIEXEC $MPIEXEC_FLAGS -n "$1" ./killed "$folder" "$2" 0.0005 >out 2>&1 &
    launcher=$!
}

# The processes of the run, but not those that launch it.
ranks_of() {
    local file first second
    for file in /proc/[0-9]*/cmdline; do
        first= second=
        { IFS= read -r -d '' first && IFS= read -r -d '' second; } 2>/dev/null <"$file"
        test "${first##*/}" = killed && test "$second" = "$folder" || continue
        file=${file%/cmdline}
        echo "${file##*/}"
    done
}

# All of them, or one. The shell's own kill: others need not be installed.
kill_ranks() {
    local pids
    pids=($(ranks_of))
    test ${#pids[@]} = 0 && return
    test -z "${1:-}" || pids=(${pids[RANDOM % ${#pids[@]}]})
    kill -9 "${pids[@]}" 2>/dev/null
}

# Launchers end what is left within a second or two; what then is there still
# has lost its launcher.
end_run() {
    local i
    for ((i = 0; i < 200; i++)); do
        test -n "$(ranks_of)" || break
        test $i -lt 40 || kill_ranks
        sleep 0.05
    done
    kill -9 -- "-$launcher" 2>/dev/null
    wait "$launcher" 2>/dev/null
}

for ((n = 1; n <= kills; n++)); do
    start $((RANDOM % 3 + 1)) $steps
    sleep "0.$(printf %03d $((RANDOM % 500 + 150)))"
    case $((RANDOM % 3)) in
        0) kill_ranks one ;;
        1) kill_ranks ;;
        2) kill -9 -- "-$launcher" 2>/dev/null ;;
    esac
    end_run
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
