#!/bin/sh
# The tsunami simulation ends with the same bits on any number of ranks, after a
# restart on another number, and from the same bed in any format; a lake at rest
# stays so; wrong input is refused in words, on all ranks; and Monai Valley comes
# out as measured, where PLD_MONAI_DATA or a folder data/monai nearby has it.
#
# TEST: ranks=2 limit=300

program=$BUILD/examples/tsunami/tsunami
source=$SRCDIR/examples/tsunami
test -x "$program" || { echo "there is no HDF5, hence no tsunami"; exit 77; }
cd "${PLD_TEST_TMPDIR:-$(mktemp -d)}" || exit 1

fail() { echo "FAILED: $*"; exit 1; }

# tsunami RANKS OPTION...
tsunami() {
    ranks=$1
    shift
    env ${PRELOAD:+LD_PRELOAD=$PRELOAD} timeout 60 \
        $MPIEXEC $MPIEXEC_FLAGS -n "$ranks" "$program" "$@" >log 2>&1
}

# ends_with DIGEST WHAT: or remembers it, if it is empty.
ends_with() {
    found=$(sed -n 's/^  digest *//p' log)
    test -n "$found" || { cat log; fail "$2"; }
    test "${1:-$found}" = "$found" || fail "$2: digest $found, not $1"
}

# --- The same bed in all formats ---------------------------------------------
# A beach of 65 x 9 points, 0.5 m apart. All numbers are multiples of 1/1024.

# points RULE: print the bed by a rule of awk.
points() {
    awk -v nx=65 -v ny=9 "
        function z(i, j) { return -2 + i * i / 1024 + j / 64 }
        BEGIN { OFMT = CONVFMT = \"%.15g\"; $1 }"
}

write_beds() {
    rows='for (j = ny - 1; j >= 0; j--) { for (i = 0; i < nx; i++) printf "%s ", z(i, j); print "" }'
    points 'print "ncols", nx "\nnrows", ny "\nxllcorner -0.25\nyllcorner -0.25\ncellsize 0.5\nNODATA_value -9999";'"$rows" >corner.asc
    points 'print "NCOLS", nx "\nNROWS", ny "\nXLLCENTER 0\nYLLCENTER 0\nCELLSIZE 0.5";'"$rows" >centre.asc
    points 'print "x(m) y(m) z(m)"; for (i = 0; i < nx; i++) for (j = 0; j < ny; j++) print i / 2, j / 2, z(i, j)' >columns.txt
    points 'print "# lon, lat, depth"; for (j = ny - 1; j >= 0; j--) for (i = nx - 1; i >= 0; i--) print i / 2 "," j / 2 "," (-z(i, j))' >depths.csv
}

# The netCDF files are written by Polder: one as usual, one from the north, in
# degrees and whole numbers to be scaled.
write_netcdf() {
    cat >write.c <<'END'
#include <polder.h>
#include <polder/main.h>

static void bed(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    bool north_first = *(bool *)data;
    int64_t j = north_first ? 8 - at[0] : at[0];
    int64_t z = -2048 + at[1] * at[1] + 16 * j;
    if (north_first)
        *(int32_t *)value = (int32_t)z;
    else
        *(float *)value = (float)z / 1024.0f;
}

static pld_status write(pld_ctx *ctx, const char *path, bool degrees)
{
    pld_grid *grid = NULL;
    pld_field *field = NULL;
    pld_file *file = NULL;
    double scale = 1.0 / 1024.0;
    pld_axis axes[] = {{"y", "m", -0.25, 0.5}, {"x", "m", -0.25, 0.5}};
    pld_axis globe[] = {{"lat", "degrees_north", 4.25, -0.5},
                        {"lon", "degrees_east", -0.25, 0.5}};
    PLD_TRY(pld_grid_create(ctx,
        &(pld_grid_spec){.ndims = 2, .size = {9, 65}}, &grid));
    PLD_TRY(pld_field_create(grid, &(pld_field_spec){
        .name = degrees ? "elevation" : "z",
        .type = degrees ? PLD_I32 : PLD_F32}, &field));
    PLD_TRY(pld_field_fill(field, bed, &degrees));
    PLD_TRY(pld_file_create(ctx, path, &file));
    PLD_TRY(pld_file_set_axes(file, 2, degrees ? globe : axes));
    PLD_TRY(pld_file_write(file, field));
    if (degrees)
        PLD_TRY(pld_file_write_attribute(file, "elevation", "scale_factor",
                                         PLD_F64, 1, &scale));
    PLD_TRY(pld_file_close(&file));
    PLD_TRY(pld_field_destroy(&field));
    return pld_grid_destroy(&grid);
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    (void)argc, (void)argv;
    PLD_TRY(write(ctx, "metres.nc", false));
    return write(ctx, "degrees.nc", true);
}

int main(int argc, char **argv) { return pld_main(argc, argv, run); }
END
    $CC -std=gnu11 $INSTRUMENT_FLAGS write.c -I"$BUILD/include" -I"$SRCDIR/include" \
        -L"$BUILD" -Wl,-rpath,"$BUILD" -lpolder -o write >log 2>&1 &&
        $MPIEXEC $MPIEXEC_FLAGS -n 1 ./write >>log 2>&1 ||
        { cat log; fail "to write netCDF files"; }
}

formats_agree() {
    write_beds
    write_netcdf
    hump="--source 14,2,2,0.3 --end 4 --open"
    tsunami 2 --bathymetry corner.asc $hump
    ends_with "" "the bed as corner.asc"
    digest=$found
    for bed in centre.asc columns.txt metres.nc "depths.csv --positive-down"; do
        tsunami 3 --bathymetry $bed $hump
        ends_with "$digest" "the bed as $bed"
    done
    globe="--source 14,2,2e5,0.3 --end 3e4 --open"
    tsunami 2 --bathymetry degrees.nc $globe
    ends_with "" "the bed as degrees.nc"
    digest=$found
    tsunami 1 --bathymetry corner.asc --degrees $globe
    ends_with "$digest" "the bed as corner.asc --degrees"
    sed 's/-1\.9375 /-9999 /' corner.asc >gaps.asc
    tsunami 2 --bathymetry gaps.asc $hump
    grep -q 'cells without elevation are land' log || fail "gaps are not told of"
    echo "ok: the same bed in six formats"
}

# --- Ranks and restarts ------------------------------------------------------

same_files() { # FOLDER
    for file in fields.h5 fields.h5.xdmf final.h5 map.txt gauges.csv; do
        cmp ranks-1/$file "$1/$file" || fail "$1 has another $file"
    done
}

ranks_agree() {
    printf 'time level\n0 0\n1 0.2\n3 -0.1\n4 0\n' >wave.txt
    case="--bathymetry columns.txt --incident wave.txt --resolution 0.2 --end 6
        --manning 0.01 --gauge 14,2 --gauge 31.9,0.1 --every 1.5 --checkpoint 2.2"
    digest=
    for n in 1 2 3 4 7; do
        tsunami $n $case --output ranks-$n
        ends_with "$digest" "on $n ranks"
        digest=$found
        test $n = 1 || same_files ranks-$n
    done
    for n in 1 2 7; do
        cp -r ranks-3 restart-$n
        tsunami $n $case --output restart-$n --restart restart-$n/checkpoint.h5
        ends_with "$digest" "restarted from 3 ranks on $n"
        same_files restart-$n
    done
    square="--bathymetry columns.txt --incident wave.txt --resolution 0.05 --end 0.5"
    tsunami 1 $square
    ends_with "" "at a finer resolution"
    digest=$found
    tsunami 4 $square
    grep -q '4, along x and y 2 x 2' log || echo "not cut along both x and y"
    ends_with "$digest" "on 2 x 2 ranks"
    echo "ok: the same bits, and files, on 1, 2, 3, 4, 7 ranks and after restarts"
}

# A lake at rest over sea and land stays so, but for rounding.
rest_stays() {
    tsunami 3 --bathymetry columns.txt --source 14,2,2,0 --end 20 \
        --arrival 1e-12 --output rest
    ends_with "" "a lake at rest"
    awk '$5 != "NaN" && NF { exit 1 }' rest/map.txt || fail "a lake at rest moves"
    awk '$4 != "NaN" && NF { wet++ } END { exit !(wet > 100 && wet < NR - 100) }' \
        rest/map.txt || fail "the lake has no shore"
    echo "ok: a lake at rest stays at rest"
}

# --- What is refused ---------------------------------------------------------

# refuses TEXT OPTION...: two ranks, so that a lone error would hang.
refuses() {
    text=$1
    shift
    tsunami 2 "$@" && fail "accepted: $*"
    grep -qF -- "$text" log || { cat log; fail "$*: does not say: $text"; }
    test "$(grep -c '^polder:' log)" = 1 || { cat log; fail "$*: not said once"; }
}

refusals() {
    hump="--source 14,2,2,0.3 --end 1"
    refuses "there is no option --bathimetry" --bathimetry columns.txt
    refuses "its FILE is missing" --bathymetry
    refuses "should be above 0" --bathymetry columns.txt $hump --resolution 0
    refuses "too few" --bathymetry columns.txt $hump --resolution 9
    refuses "nothing would move" --bathymetry columns.txt
    refuses "--end SECONDS is missing" --bathymetry columns.txt --source 14,2,2,1
    refuses "two numbers" --gauge 3
    refuses "lies outside" --bathymetry columns.txt $hump --gauge 40,1 --output x
    refuses "absent.txt: No such file" --bathymetry absent.txt $hump
    refuses "No such file" --bathymetry columns.txt --incident absent.txt
    : >empty
    refuses "empty is empty" --bathymetry empty $hump
    refuses "not the 2" --bathymetry columns.txt --incident empty
    refuses "not a bathymetry that is known" --bathymetry write.c $hump
    refuses "not a bathymetry that is known" --bathymetry write $hump
    head -n 10 corner.asc >short.asc
    refuses "its header says 9 rows of 65" --bathymetry short.asc $hump
    sed '100d' columns.txt >gap.txt
    refuses "no multiple of the 9" --bathymetry gap.txt $hump
    sed '100s/^[0-9.]*/7/' columns.txt >off.txt
    refuses "not regular: point 98" --bathymetry off.txt $hump
    sed '100s/ [^ ]*$//' columns.txt >two.txt
    refuses "should be x y z" --bathymetry two.txt $hump
    refuses "but this run has" --size 20 --restart ranks-1/final.h5
    refuses "over another bed" --bathymetry depths.csv --source 14,2,2,0.3 --end 1 \
        --resolution 0.2 --restart ranks-1/final.h5
    echo "ok: wrong input is refused in words"
}

# --- Monai Valley ------------------------------------------------------------

monai() {
    for data in "$PLD_MONAI_DATA" "$SRCDIR"/../*/data/monai; do
        test -r "$data/runup.csv" && break
    done
    test -r "$data/runup.csv" || { echo "left out: Monai Valley: PLD_MONAI_DATA is not set"; return; }
    # Sanitizers make it 20 times slower: they see its first second.
    end=25
    test -z "$INSTRUMENT_FLAGS" || end=1
    tsunami 2 --bathymetry "$data/bathymetry.txt" --positive-down \
        --incident "$data/incident_wave.txt" --end "$end" --resolution 0.028 \
        --output monai --gauge 4.521,1.196 --gauge 4.521,1.696 --gauge 4.521,2.196
    ends_with "" "Monai Valley"
    test -z "$INSTRUMENT_FLAGS" || { echo "ok: Monai Valley starts"; return; }
    awk -F , -f "$source/monai.awk" "$data/gauges.csv" "$data/runup.csv" \
        monai/gauges.csv monai/map.txt || fail "Monai Valley"
    echo "ok: Monai Valley, at half of its resolution"
}

formats_agree
ranks_agree
rest_stays
refusals
monai
