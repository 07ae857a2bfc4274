#!/bin/sh
# A BLAS that takes the CPU for an old one is found out, told of, and cured by
# starting anew; one that was chosen by the user is left alone.
#
# TEST: limit=120

cd "$PLD_TEST_TMPDIR" || exit 1
test -z "$INSTRUMENT_FLAGS" || { echo "sanitizers let nothing be preloaded"; exit 77; }
grep -qm1 avx2 /proc/cpuinfo 2>/dev/null || { echo "this CPU is an old one"; exit 77; }

# Stands for an OpenBLAS that is older than the CPU.
cat >old.c <<'END'
#include <stdlib.h>
char *openblas_get_corename(void)
{
    char *chosen = getenv("OPENBLAS_CORETYPE");
    return chosen ? chosen : "Prescott";
}
char *openblas_get_config(void) { return "OpenBLAS 0.0 USE64BITINT"; }
static int threads = 64;
int openblas_get_num_threads(void) { return threads; }
void openblas_set_num_threads(int n) { threads = n; }
END
cat >prog.c <<'END'
#include <polder.h>
#include <polder/main.h>
static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    pld_blas blas;
    PLD_TRY(pld_blas_info(&blas));
    if (pld_ctx_rank(ctx) == 0)
        printf("%s %s %s %d %d %s %d\n", blas.library, blas.kernels,
               blas.better_kernels ? blas.better_kernels : "fine", blas.threads,
               blas.wide_sizes, argv[1], argc);
    return PLD_OK;
}
int main(int argc, char **argv) { return pld_main(argc, argv, run); }
END
cat >plain.c <<'END'
#include <polder.h>
int main(int argc, char **argv)
{
    pld_ctx *ctx;
    MPI_Init(&argc, &argv);
    if (pld_ctx_create(MPI_COMM_WORLD, NULL, &ctx) || pld_ctx_destroy(&ctx))
        return 1;
    return MPI_Finalize();
}
END
includes="-I$BUILD/include -I$SRCDIR/include"
link="-L$BUILD -lpolder -Wl,-rpath,$BUILD"
$CC -shared -fPIC old.c -o old.so && $CC $includes prog.c $link -o prog &&
    $CC $includes plain.c $link -o plain || exit 1

# expect WHAT VARIABLES...: what the program prints with them.
expect() {
    wanted=$1
    shift
    found=$(env LD_PRELOAD=./old.so "$@" $MPIEXEC $MPIEXEC_FLAGS -n 2 ./prog word) || exit 1
    echo "$found" | grep -q "^OpenBLAS $wanted 1 word 2\$" ||
        { echo "with $*: $found, and not $wanted"; exit 1; }
}
unset OPENBLAS_NUM_THREADS OMP_NUM_THREADS
kernels=$(grep -qm1 avx512vl /proc/cpuinfo && echo SkylakeX || echo Haswell)
share=$(($(nproc) / 2 > 1 ? $(nproc) / 2 : 1))
expect "$kernels fine $share"
expect "$kernels fine 64" OPENBLAS_NUM_THREADS=64
expect "Nehalem $kernels $share" OPENBLAS_CORETYPE=Nehalem

env LD_PRELOAD=./old.so PLD_LOG=warning $MPIEXEC $MPIEXEC_FLAGS -n 2 ./plain 2>log || exit 1
grep -q "for Prescott .* OPENBLAS_CORETYPE=$kernels" log &&
    grep -q "64 threads in each of 2 ranks .* OPENBLAS_NUM_THREADS=$share" log &&
    test "$(grep -c OPENBLAS_ log)" = 2 ||
    { echo "not warned of, or more than once:"; cat log; exit 1; }
