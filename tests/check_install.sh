#!/bin/sh
# An installed copy serves programs outside of the tree: C11 and C++, through
# the MPI wrapper, a plain compiler, statically, after the prefix has moved,
# and through CMake. INSTALLED=PREFIX tries that copy instead of a new one.
#
# TEST: ranks=2 limit=240

test -z "$INSTRUMENT_FLAGS" || { echo "instrumented builds are not installed"; exit 77; }
command -v ${PKG_CONFIG:-pkg-config} >/dev/null ||
    { echo "pkg-config is not installed"; exit 77; }
work=${PLD_TEST_TMPDIR:-$(mktemp -d)}
cd "$work" || exit 1

fail() { echo "FAILED: $*"; exit 1; }

if test -n "$INSTALLED"; then
    prefix=$INSTALLED
else
    prefix=$work/prefix
    $MAKE -C "$BUILDDIR" install prefix="$prefix" exec_prefix="$prefix" libdir="$prefix/lib" \
        includedir="$prefix/include" >install.log 2>&1 || { cat install.log; fail "make install"; }
fi

cat >program.c <<'END'
#include <polder.h>
#include <polder/version.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    pld_ctx *ctx = NULL;
    MPI_Init(&argc, &argv);
    pld_status status = pld_ctx_create(MPI_COMM_WORLD, NULL, &ctx);
    int nranks = pld_ctx_nranks(ctx), rank = pld_ctx_rank(ctx);
    if (status == PLD_OK)
        status = pld_ctx_destroy(&ctx);
    if (status != PLD_OK)
        pld_error_print(stderr);
    MPI_Finalize();
    if (rank == 0)
        printf("version %s on %d ranks\n", pld_version(), nranks);
    return status != PLD_OK || strcmp(pld_version(), PLD_VERSION) != 0;
}
END
cp program.c program.cc

# built WAY COMMAND...: build ./program, run it on two ranks.
built() {
    way=$1
    shift
    rm -f program
    "$@" >build.log 2>&1 || { echo "$*"; cat build.log; fail "to build $way"; }
    LD_PRELOAD=$PRELOAD LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
        $MPIEXEC $MPIEXEC_FLAGS -n 2 ./program >run.log 2>&1 &&
        grep "^version $VERSION on 2 ranks$" run.log >/dev/null ||
        { cat run.log; fail "to run $way"; }
    echo "ok: $way"
}

skipped() { echo "left out: $*"; }

# every_way: all the ways to use what is installed under $prefix.
every_way() {
    pc=$(find "$prefix" -name polder.pc) && test -n "$pc" || fail "no polder.pc under $prefix"
    libdir=$(dirname "$(dirname "$pc")")
    export PKG_CONFIG_PATH="$libdir/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
    flags=$($PKG_CONFIG --cflags --libs polder) || fail "pkg-config polder"
    test "$($PKG_CONFIG --modversion polder)" = "$VERSION" || fail "version in polder.pc"

    built "C11 by the MPI wrapper" $CC -std=c11 program.c $flags -o program
    if ! grep -q '^Requires: .' "$pc"; then
        skipped "plain compilers: this MPI has no .pc file"
    else
        built "C11 by plain cc" cc -std=c11 program.c $flags -o program
        if command -v c++ >/dev/null; then
            built "C++ by plain c++" c++ -std=c++17 program.cc $flags -o program
        else
            skipped "C++: there is no c++"
        fi
    fi
}

by_cmake() {
    command -v cmake >/dev/null || { skipped "CMake: there is none"; return; }
    cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.13)
project(outside C)
find_package(Polder 0.1 REQUIRED)
add_executable(program program.c)
target_link_libraries(program PRIVATE Polder::polder)
set_target_properties(program PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_SOURCE_DIR}")
END
    rm -rf cmake && mkdir cmake
    built "C through CMake" sh -c "cd cmake && cmake .. -DCMAKE_PREFIX_PATH='$prefix' \
        ${INSTALLED:+-DPolder_DIR='$libdir/cmake/Polder'} -DMPI_C_COMPILER='$(command -v $CC)' && cmake --build ."
}

every_way
by_cmake
test -z "$INSTALLED" || exit 0

mv prefix moved && prefix=$work/moved
echo "after moving the prefix:"
every_way
by_cmake

echo "without the shared library:"
rm "$libdir"/libpolder.so*
flags=$($PKG_CONFIG --static --cflags --libs polder) || fail "pkg-config --static polder"
built "C11, static Polder" $CC -std=c11 program.c $flags -o program
