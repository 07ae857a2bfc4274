# The highest surface as a map, with the coast and the land that stayed dry.
# gnuplot -e "dir='DIR'; heading='...'" map.gp
# reads DIR/map.txt and DIR/places.txt (x y name), writes DIR/map.png

map = dir."/map.txt"
stats map using 1 nooutput name "X"
stats map using 2 nooutput name "Y"
stats map using 3 nooutput name "BED"
stats map using 4 nooutput name "TOP"

# The coast at rest, as lines.
set contour base
unset surface
set cntrparam levels discrete 0
set table dir."/coast.txt"
splot map using 1:2:3
unset table
unset contour
set surface

ratio = (Y_max - Y_min) / (X_max - X_min)
set terminal pngcairo size 1300, int(970 * ratio + 170) font "sans,14"
set output dir."/map.png"
set lmargin at screen 0.085
set rmargin at screen 0.83
set title heading font ",18" offset 0, 0.3
set xlabel "x (m)"
set ylabel "y (m)"
set cblabel "highest surface (m above still water)" offset 1.5, 0
set size ratio -1
set xrange [X_min:X_max]
set yrange [Y_min:Y_max]
set tics out nomirror
set palette defined (0 "#f2f8fd", 0.15 "#c6dbef", 0.35 "#6baed6", \
    0.55 "#2171b5", 0.75 "#46389b", 0.9 "#a02c80", 1 "#d7301f")
set cbrange [(TOP_min < 0 ? 0 : TOP_min):TOP_max]
set key bottom left Left reverse samplen 2.5 width -1 opaque box lw 0.5 \
    font ",12"

set style textbox opaque noborder fillcolor "#80ffffff" margins 0.3, 0.3

# Dry land is grey, the higher the lighter.
grey(z) = 140 + 85 * (z < 0 || BED_max <= 0 ? 0 : (z / BED_max) ** 0.7)
plot map using 1:2:(grey($3)):(grey($3)):(grey($3)) with rgbimage notitle, \
     map using 1:2:4 with image notitle, \
     dir."/coast.txt" using 1:2 with lines lw 2 lc rgb "#202020" \
        title "coast at rest", \
     dir."/places.txt" using 1:2 with points pt 7 ps 1.6 lc rgb "white" \
        notitle, \
     dir."/places.txt" using 1:2 with points pt 7 ps 1.1 lc rgb "black" \
        title "gauges", \
     dir."/places.txt" using 1:2:3 with labels boxed \
        offset 0, 1 font ",12" notitle
