# The surface at the gauges over time, and what is known of it.
# gnuplot -e "dir='DIR'; heading='...'; known='measured'; end=SECONDS" gauges.gp
# reads DIR/gauges.csv, DIR/known.txt (time and levels in m) and DIR/places.txt
# (x y name), writes DIR/gauges.png

places = dir."/places.txt"
set datafile separator " ,"
stats places using 1 nooutput name "N"
n = int(N_records)

set terminal pngcairo size 1300, 120 + 260 * n font "sans,14"
set output dir."/gauges.png"
set multiplot layout n, 1 title heading font ",18" margins 0.085, 0.97, \
    80.0 / (160 + 260 * n), 1 - 90.0 / (160 + 260 * n) spacing 0.055
set xrange [0:end]
set offsets graph 0, 0, 0.08, 0.12
set grid lc rgb "#dddddd"
set border 3
set tics out nomirror
set key at graph 1, 1.13 right horizontal samplen 3
set format x ""
do for [g = 1:n] {
    if (g == n) {
        set format x "%g"
        set xlabel "time (s)"
    }
    place = system(sprintf("awk 'NR == %d { printf \"gauge %%s (%%g, %%g)\", $3, $1, $2 }' '%s'", g, places))
    set label 1 place at graph 0, 1.07 left font ",15"
    set ylabel "surface (cm)"
    plot dir."/known.txt" using 1:(100 * column(g + 1)) with lines lw 5 \
            lc rgb "#c4c4c4" title (g == 1 ? known : ""), \
         dir."/gauges.csv" using 1:(100 * column(g + 1)) skip 1 with lines \
            lw 2 lc rgb "#2171b5" title (g == 1 ? "simulated" : "")
}
unset multiplot
