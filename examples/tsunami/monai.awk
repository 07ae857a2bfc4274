# Compare a run of the Monai benchmark with the experiment, and say whether it
# is good: each gauge within 10 % of its measured range (root mean square) and
# of its measured peak over 0 to 25 s, the highest run-up within what was
# measured in repeats of the experiment.
#
# awk -F , -f monai.awk MEASURED_GAUGES MEASURED_RUNUP GAUGES MAP

FNR == 1 { file++; row = 0 }

# time, and three gauges in centimetres
file == 1 && FNR > 1 && $1 <= 25 {
    n++
    time[n] = $1
    for (g = 1; g <= 3; g++) {
        level[n, g] = $(g + 1)
        if (n == 1 || level[n, g] > high[g]) high[g] = level[n, g]
        if (n == 1 || level[n, g] < low[g]) low[g] = level[n, g]
    }
}

# x, y, and the run-up of each repeat, in metres
file == 2 && FNR > 1 && near($1, $2) {
    for (i = 3; i <= NF; i++) {
        if (!most || $i > most) most = $i
        if (!least || $i < least) least = $i
    }
}

# time, and three gauges in metres at every step
file == 3 && FNR > 1 {
    while (row < n && time[row + 1] <= $1 + 1e-9) {
        row++
        share = $1 > before ? (time[row] - before) / ($1 - before) : 1
        for (g = 1; g <= 3; g++) {
            there = 100 * (last[g] + share * ($(g + 1) - last[g]))
            sum[g] += (there - level[row, g]) ^ 2
            if (row == 1 || there > top[g]) top[g] = there
        }
    }
    before = $1
    for (g = 1; g <= 3; g++) last[g] = $(g + 1)
    seen = row
}

# x y elevation highest arrival, of cells; those on land
file == 4 {
    split($0, cell, " ")
    if (near(cell[1], cell[2]) && cell[3] > 0 && cell[4] != "NaN" && cell[4] + 0 > runup)
        runup = cell[4] + 0
}

function near(x, y) { return (x - 5.16) ^ 2 + (y - 1.88) ^ 2 < 0.15 ^ 2 }

function missed(what) { print "  MISSED: " what; misses++ }

END {
    if (seen < n || n < 2) {
        print "  the gauges hold " seen + 0 " of the " n + 0 " measured times up to 25 s"
        exit 1
    }
    print "           difference, root mean square    highest surface in cm"
    print "  gauge         cm    % of range         measured  simulated     %"
    for (g = 1; g <= 3; g++) {
        rms = sqrt(sum[g] / n)
        share = 100 * rms / (high[g] - low[g])
        off = 100 * (top[g] / high[g] - 1)
        printf "  %d %15.2f %10.1f %19.2f %10.2f %+9.1f\n", \
            3 + 2 * g, rms, share, high[g], top[g], off
        if (share > 10) missed("gauge " 3 + 2 * g " is off by more than 10 % of its range")
        if (off > 10 || off < -10) missed("the peak of gauge " 3 + 2 * g " is off by more than 10 %")
    }
    printf "  Highest run-up near (5.16, 1.88): %.3f m, measured %.2f to %.2f m\n", runup, least, most
    if (runup < least || runup > most) missed("the run-up")
    exit misses > 0
}
