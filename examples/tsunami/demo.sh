#!/bin/sh
# Run the tsunami simulation on one rank and on all cores, show that the bits
# are the same, compare with what is known, and draw pictures: `make demo`.
#
# DATA is a folder with the Monai Valley benchmark: bathymetry.txt (columns
# x y depth), incident_wave.txt (time, level), gauges.csv (time and gauges 5, 7,
# 9 in cm) and runup.csv (x, y, run-up of each repeat in m). Without it: water
# swinging in a bowl, which has a known solution.

here=$(cd "$(dirname "$0")" && pwd)
program=$BUILD/examples/tsunami/tsunami
folder=$(basename "$BUILD")/demo
cd "$BUILD/.." || exit 1
cores=${CORES:-2}
test "$cores" -gt 1 || cores=2

fail() { echo "FAILED: $*" >&2; exit 1; }

# field NAME FILE: the rest of a line of a report.
field() { sed -n "s/^  $1 *//p" "$2"; }

test -t 2 && progress=--progress || progress=

# simulate OPTION...: on one rank and on all cores, into $folder/1 and /all.
simulate() {
    rm -rf "$folder" && mkdir -p "$folder" || fail "no folder $folder"
    for name in 1 all; do
        ranks=$cores
        test $name = all || ranks=1
        $MPIEXEC $MPIEXEC_FLAGS -n $ranks "$program" "$@" $progress \
            --output "$folder/$name" >"$folder/report-$name.txt" ||
            { cat "$folder/report-$name.txt"; fail "to simulate on $ranks ranks"; }
    done
    cat "$folder/report-all.txt"
    one=$folder/report-1.txt
    echo
    echo "On one rank: $(field speed "$one")"
    digest=$(field digest "$one")
    test "$digest" = "$(field digest "$folder/report-all.txt")" ||
        fail "one rank ends with other bits: $digest"
    echo "The final fields of 1 rank and of $cores ranks are the same bits: $digest"
}

# draw SCRIPT SETTING...: one picture.
draw() {
    script=$1
    shift
    gnuplot -e "dir='$folder/all'; $*" "$here/$script.gp" &&
        echo "  $folder/all/$script.png"
}

# draw_all TITLE KNOWN END
draw_all() {
    echo
    command -v gnuplot >/dev/null ||
        { echo "No pictures: gnuplot is not installed."; return; }
    echo "Pictures:"
    draw map "heading='$1: the highest surface'" &&
        draw gauges "heading='$1: the surface at the gauges'; known='$2'; end=$3" ||
        fail "gnuplot could not draw"
}

# The surface at y = 0, over the bed, for each place (see bowl.c).
bowl_known() {
    awk -v end="$1" 'BEGIN {
        x[1] = 0; x[2] = 0.5; x[3] = 0.85
        w = sqrt(8 * 9.81 * 0.1); swing = (1 - 0.8 ^ 2) / (1 + 0.8 ^ 2)
        for (t = 0; t <= end; t += end / 500) {
            phase = 1 - swing * cos(w * t); flat = (1 - swing ^ 2) / phase ^ 2
            printf "%g", t
            for (g = 1; g <= 3; g++) {
                level = 0.1 * (sqrt(flat) - 1 - x[g] ^ 2 * (flat - 1))
                bed = 0.1 * (x[g] ^ 2 - 1)
                printf " %g", (level > bed ? level : bed)
            }
            print ""
        }
    }'
}

bowl() {
    folder=$folder/bowl
    echo "Thacker's bowl on 1 and $cores ranks: about 15 seconds."
    echo "(make demo DATA=folder simulates the Monai Valley benchmark)"
    echo
    simulate --size 600 --gauge 0,0 --gauge 0.5,0 --gauge 0.85,0
    printf '0 0 centre\n0.5 0 halfway\n0.85 0 shore\n' >"$folder/all/places.txt"
    bowl_known 2.24 >"$folder/all/known.txt"
    draw_all "Water swinging in a bowl" "known solution" 2.24
}

monai() {
    folder=$folder/monai
    for file in bathymetry.txt incident_wave.txt gauges.csv runup.csv; do
        test -r "$DATA/$file" || fail "DATA: there is no $DATA/$file"
    done
    echo "Monai Valley, 25 s, on 1 and $cores ranks: about half a minute."
    echo
    simulate --bathymetry "$DATA/bathymetry.txt" --positive-down \
        --incident "$DATA/incident_wave.txt" --end 25 --arrival 0.001 \
        --gauge 4.521,1.196 --gauge 4.521,1.696 --gauge 4.521,2.196
    printf '4.521 1.196 5\n4.521 1.696 7\n4.521 2.196 9\n' >"$folder/all/places.txt"
    awk -F , 'FNR > 1 && $1 <= 25 { print $1, $2 / 100, $3 / 100, $4 / 100 }' \
        "$DATA/gauges.csv" >"$folder/all/known.txt"
    draw_all "Monai Valley" "measured" 25
    echo
    echo "Simulated against measured, 0 to 25 s:"
    awk -F , -f "$here/monai.awk" "$DATA/gauges.csv" "$DATA/runup.csv" \
        "$folder/all/gauges.csv" "$folder/all/map.txt" ||
        fail "the simulation misses the experiment"
}

test -x "$program" || fail "there is no $program: it needs HDF5, see ./configure"
if test -n "$DATA"; then monai; else bowl; fi
