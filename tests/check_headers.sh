#!/bin/sh
# Each public header compiles alone, as C11 and as C++17, without a warning;
# and each private one as C11.
#
# TEST: limit=120

cd "${BUILDDIR:-.}" || exit 1
failures=0
strict="-Wall -Wextra -Wpedantic -Werror -fsyntax-only"

# compile HEADER LANGUAGE FLAGS: a declaration is added, since a header of
# macros only would be an empty file, which C does not know.
compile() {
    printf '#include "%s"\nextern int pld_not_empty;\n' "$1" |
        $CC -x $2 $3 $strict -I"$BUILD/include" -I"$SRCDIR/include" - ||
        { echo "$1 does not compile alone as $2"; failures=$((failures + 1)); }
}

cplusplus=yes
echo 'int x;' | $CC -x c++ -fsyntax-only - 2>/dev/null ||
    { cplusplus=; echo "no C++ compiler here: tried as C only"; }

for header in $(cd "$SRCDIR/include" && echo polder.h polder/*.h); do
    compile $header c -std=c11
    test -z "$cplusplus" || compile $header c++ -std=c++17
done
for header in $(cd "$SRCDIR/lib" && ls */*.h 2>/dev/null); do
    case $header in io/*) grep -q 'define PLD_HAVE_HDF5' "$BUILD/include/polder/config.h" || continue ;; esac
    compile $header c "-std=c11 -D_POSIX_C_SOURCE=200809L -Ilib -I$SRCDIR/lib $PRIVATE_FLAGS"
done
test $failures = 0 && echo "every header compiles alone"
