dnl The checks of configure. None of them runs an MPI program.

dnl PLD_SWITCH(NAME, WHAT): --enable-NAME, off unless asked for.
AC_DEFUN([PLD_SWITCH], [
AC_ARG_ENABLE([$1], [AS_HELP_STRING([--enable-$1], [$2])], [], [enable_$1=no])
AC_SUBST([enable_$1])
])

dnl PLD_FLAGS(VARIABLE, FLAGS): append those that the compiler knows.
AC_DEFUN([PLD_FLAGS], [
for pld_flag in m4_normalize([$2]); do
  AC_MSG_CHECKING([whether $CC knows $pld_flag])
  pld_save_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS -Werror $pld_flag"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
    [AC_MSG_RESULT([yes]); $1="$$1 $pld_flag"], [AC_MSG_RESULT([no])])
  CFLAGS=$pld_save_CFLAGS
done
AC_SUBST([$1])
])

AC_DEFUN([PLD_CHOOSE_MPICC], [
AS_IF([test -z "$CC"],
  [AC_CHECK_PROGS([CC], [mpicc mpicc.openmpi mpicc.mpich mpiicx])])
AS_IF([test -z "$CC"], [AC_MSG_ERROR([no MPI compiler wrapper found: searched
PATH for mpicc, mpicc.openmpi, mpicc.mpich and mpiicx. Install an MPI (on Debian
and Ubuntu: make deps), or name the wrapper: ./configure CC=/path/to/mpicc])])
])

dnl The flavour of MPI leads everything that follows: HDF5, launcher, .pc file.
AC_DEFUN([PLD_CHECK_MPI], [
AC_MSG_CHECKING([whether $CC compiles and links MPI])
AC_LINK_IFELSE([AC_LANG_PROGRAM([@%:@include <mpi.h>], [MPI_Init(0, 0);])],
  [AC_MSG_RESULT([yes]); pld_own_mpi="PLD_MPI_LIBS"], [AC_MSG_RESULT([no])
  AC_MSG_ERROR([$CC does not compile and link MPI programs. Name an MPI
compiler wrapper: ./configure CC=mpicc])])
AC_MSG_CHECKING([for MPI 3.1 or newer])
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([@%:@include <mpi.h>
@%:@if MPI_VERSION * 100 + MPI_SUBVERSION < 301
@%:@error older
@%:@endif], [])], [AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no])
  AC_MSG_ERROR([the MPI of $CC is older than MPI 3.1 of 2015. Name a newer
one: ./configure CC=/path/to/mpicc])])
AC_MSG_CHECKING([which MPI it is])
MPI_FLAVOUR=other MPI_MACRO=MPI_VERSION MPI_PC=
MPI_NAME="neither Open MPI nor MPICH"
PLD_IF_MACRO([OPEN_MPI], [MPI_FLAVOUR=openmpi MPI_MACRO=OPEN_MPI MPI_NAME="Open MPI"
  MPI_PC=ompi-c
  AC_DEFINE([PLD_MPI_FLAVOUR_OPENMPI], [1])])
PLD_IF_MACRO([MPICH_VERSION], [MPI_FLAVOUR=mpich MPI_MACRO=MPICH_VERSION MPI_NAME=MPICH
  MPI_PC=mpich
  AC_DEFINE([PLD_MPI_FLAVOUR_MPICH], [1])])
AS_IF([test $MPI_FLAVOUR = other], [AC_DEFINE([PLD_MPI_FLAVOUR_OTHER], [1])])
AC_MSG_RESULT([$MPI_NAME])
AS_IF([test -n "$MPI_PC" && $PKG_CONFIG --exists $MPI_PC], [], [MPI_PC=])
AC_SUBST([MPI_FLAVOUR])
AC_SUBST([MPI_PC])
AC_SUBST([MPI_NAME])
])

AC_DEFUN([PLD_IF_MACRO], [
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([@%:@include <mpi.h>
@%:@ifndef $1
@%:@error not this one
@%:@endif], [])], [$2])
])

dnl The launcher is asked for its version, which every launcher answers without
dnl starting anything. Beside the wrapper first, then in PATH.
AC_DEFUN([PLD_FIND_MPIEXEC], [
AC_MSG_CHECKING([for the launcher of $MPI_NAME])
AS_CASE([$MPI_FLAVOUR],
  [openmpi], [pld_names="mpiexec.openmpi mpirun.openmpi" pld_says='Open MPI|OpenRTE|prterun'],
  [mpich], [pld_names="mpiexec.mpich mpirun.mpich mpiexec.hydra" pld_says='HYDRA|mpich|Intel'],
  [pld_names= pld_says=.])
set -- $CC
pld_dir=`command -v "$[1]"`
pld_dir=`AS_DIRNAME(["$pld_dir"])`
for pld_name in $pld_names mpiexec mpirun; do
  for pld_candidate in "$pld_dir/$pld_name" "$pld_name"; do
    test -z "$MPIEXEC" || break 2
    pld_candidate=`command -v "$pld_candidate"` || continue
    "$pld_candidate" --version </dev/null 2>&1 | grep -E "$pld_says" >/dev/null &&
      MPIEXEC=$pld_candidate
  done
done
AC_MSG_RESULT([${MPIEXEC:-none, set MPIEXEC= to run tests}])
])

dnl PLD_TRY_LIB(VARIABLE, CFLAGS, LIBS, HEADER, BODY, IF-GOOD): compile and link.
AC_DEFUN([PLD_TRY_LIB], [
pld_save_CPPFLAGS=$CPPFLAGS pld_save_LIBS=$LIBS
CPPFLAGS="$2 $CPPFLAGS" LIBS="$3 $LIBS"
AC_LINK_IFELSE([AC_LANG_PROGRAM([$4], [$5])], [$1_CFLAGS="$2" $1_LIBS="$3"
$6])
CPPFLAGS=$pld_save_CPPFLAGS LIBS=$pld_save_LIBS
])

dnl PLD_FIND_LIB(VARIABLE, PACKAGES, FALLBACKS, HEADER, BODY): first through
dnl pkg-config, then by plain options. Sets VARIABLE_CFLAGS, _LIBS, _PC, _FROM.
AC_DEFUN([PLD_FIND_LIB], [
$1_CFLAGS= $1_LIBS= $1_PC= $1_FROM=
for pld_pc in $2; do
  test -z "$$1_FROM" && $PKG_CONFIG --exists $pld_pc || continue
  pld_cflags=`$PKG_CONFIG --cflags $pld_pc`
  pld_libs=`$PKG_CONFIG --libs $pld_pc`
  PLD_TRY_LIB([$1], [$pld_cflags], [$pld_libs], [$4], [$5],
    [$1_PC=$pld_pc $1_FROM="$pld_pc `$PKG_CONFIG --modversion $pld_pc`"])
done
for pld_libs in $3; do
  test -z "$$1_FROM" || break
  PLD_TRY_LIB([$1], [], [$pld_libs], [$4], [$5], [$1_FROM="$pld_libs"])
done
AC_SUBST([$1_CFLAGS])
AC_SUBST([$1_LIBS])
AC_SUBST([$1_PC])
])

AC_DEFUN([PLD_FIND_XXHASH], [
AC_MSG_CHECKING([for xxHash with XXH3])
PLD_FIND_LIB([XXHASH], [libxxhash], [-lxxhash], [@%:@include <xxhash.h>],
  [return (int)XXH3_64bits("", 0);])
AC_MSG_RESULT([${XXHASH_FROM:-no}])
AS_IF([test -z "$XXHASH_FROM"], [AC_MSG_ERROR([xxHash 0.8 or newer was not
found, neither by pkg-config libxxhash nor as -lxxhash. Install it (Debian and
Ubuntu: libxxhash-dev), or add CPPFLAGS=-I... LDFLAGS=-L...])])
])

AC_DEFUN([PLD_FIND_CBLAS], [
BLAS_SUMMARY="none (--without-blas)" HAVE_CBLAS=no BLAS_CFLAGS= BLAS_LIBS= BLAS_PC=
AS_IF([test "$with_blas" != no], [
  AC_MSG_CHECKING([for a BLAS with cblas.h])
  pld_packages="openblas cblas blas" pld_plain='-lopenblas|-lcblas -lblas'
  AS_IF([test "$with_blas" != yes], [pld_packages= pld_plain=$with_blas])
  pld_save_IFS=$IFS; IFS='|'; set -- $pld_plain; IFS=$pld_save_IFS
  PLD_FIND_LIB([BLAS], [$pld_packages], ["$[@]"], [@%:@include <cblas.h>],
    [cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, 0, 0, 0, 0., 0, 1, 0, 1, 0., 0, 1);])
  AC_MSG_RESULT([${BLAS_FROM:-no}])
  AS_IF([test -z "$BLAS_FROM"], [AC_MSG_ERROR([no BLAS with cblas.h was found:
tried pkg-config openblas, cblas, blas, then -lopenblas, then -lcblas -lblas.
Install one (Debian and Ubuntu: libopenblas-dev), name it with
--with-blas="-L... -l...", or leave dense algebra out with --without-blas])])
  BLAS_SUMMARY=$BLAS_FROM HAVE_CBLAS=yes
  AC_DEFINE([PLD_HAVE_CBLAS], [1])])
AC_SUBST([HAVE_CBLAS])
])

dnl Fortran's names: a C interface to LAPACK is often not there. Most BLAS
dnl libraries hold LAPACK too.
AC_DEFUN([PLD_FIND_LAPACK], [
LAPACK_LIBS=
AS_IF([test "$HAVE_CBLAS" = yes], [
  AC_MSG_CHECKING([for LAPACK])
  LAPACK_FROM= pld_plain='|-llapack'
  pld_save_IFS=$IFS; IFS='|'; set -- $pld_plain; IFS=$pld_save_IFS
  for pld_libs in "$[@]"; do
    test -z "$LAPACK_FROM" || break
    PLD_TRY_LIB([pld_lapack], [], [$pld_libs $BLAS_LIBS],
      [void dpotrf_(void), dgetrf_(void), dgeqrf_(void), dsyevd_(void),
       dgesdd_(void), zungqr_(void), zheevd_(void), zgetrf_(void);],
      [dpotrf_(); dgetrf_(); dgeqrf_(); dsyevd_(); dgesdd_(); zungqr_();
       zheevd_(); zgetrf_();],
      [LAPACK_LIBS=$pld_libs LAPACK_FROM=${pld_libs:-"the same library"}])
  done
  AC_MSG_RESULT([${LAPACK_FROM:-no}])
  AS_IF([test -z "$LAPACK_FROM"], [AC_MSG_ERROR([no LAPACK was found, neither
in the BLAS ($BLAS_LIBS) nor as -llapack. Install one (Debian and Ubuntu:
libopenblas-dev holds it, or liblapack-dev), name both with
--with-blas="-L... -l...", or leave dense algebra out with --without-blas])])
  BLAS_SUMMARY="$BLAS_SUMMARY, LAPACK in $LAPACK_FROM"])
AC_SUBST([LAPACK_LIBS])
])

dnl Only benchmarks/peers uses it. Its header refuses an MPI that is not its own.
AC_DEFUN([PLD_FIND_PETSC], [
PETSC_SUMMARY="not found: make bench-peers has nothing to compare with" HAVE_PETSC=no
AC_MSG_CHECKING([for PETSc with real numbers in double precision])
PLD_FIND_LIB([PETSC], [PETSc petsc], [], [@%:@include <petscdmda.h>
@%:@if defined PETSC_USE_COMPLEX || !defined PETSC_USE_REAL_DOUBLE
@%:@error other numbers
@%:@endif], [PetscInitializeNoArguments();])
AC_MSG_RESULT([${PETSC_FROM:-no}])
AS_IF([test -n "$PETSC_FROM"], [HAVE_PETSC=yes PETSC_SUMMARY=$PETSC_FROM])
AC_SUBST([HAVE_PETSC])
])

dnl Only benchmarks/peers uses it. Nothing in its header or library tells which
dnl MPI it was built for; distributions build it for Open MPI.
AC_DEFUN([PLD_FIND_FFTW], [
FFTW_SUMMARY="not found: make bench-peers leaves out transpositions by FFTW" HAVE_FFTW=no
FFTW_CFLAGS= FFTW_LIBS=
AS_IF([test "$MPI_FLAVOUR" = openmpi], [
  AC_MSG_CHECKING([for FFTW with MPI])
  PLD_FIND_LIB([FFTW], [], ["-lfftw3_mpi -lfftw3"],
    [@%:@include <fftw3-mpi.h>], [fftw_mpi_init();])
  AC_MSG_RESULT([${FFTW_FROM:-no}])
  AS_IF([test -n "$FFTW_FROM"], [HAVE_FFTW=yes FFTW_SUMMARY=$FFTW_FROM])])
AC_SUBST([HAVE_FFTW])
])

dnl Only benchmarks/peers uses them. Distributions build PnetCDF for Open MPI,
dnl and netCDF for both under names of their own.
AC_DEFUN([PLD_FIND_PNETCDF], [
PNETCDF_SUMMARY="not found: make bench-peers leaves out files by PnetCDF" HAVE_PNETCDF=no
PNETCDF_CFLAGS= PNETCDF_LIBS=
AS_IF([test "$MPI_FLAVOUR" = openmpi], [
  AC_MSG_CHECKING([for PnetCDF])
  PLD_FIND_LIB([PNETCDF], [pnetcdf], [-lpnetcdf],
    [@%:@include <pnetcdf.h>], [ncmpi_strerror(0);])
  AC_MSG_RESULT([${PNETCDF_FROM:-no}])
  AS_IF([test -n "$PNETCDF_FROM"], [HAVE_PNETCDF=yes PNETCDF_SUMMARY=$PNETCDF_FROM])])
AC_SUBST([HAVE_PNETCDF])
])

AC_DEFUN([PLD_FIND_NETCDF], [
NETCDF_SUMMARY="not found: make bench-peers leaves out files by netCDF-4" HAVE_NETCDF=no
NETCDF_CFLAGS= NETCDF_LIBS=
AS_IF([test "$MPI_FLAVOUR" = openmpi], [
  AC_MSG_CHECKING([for netCDF-4 with MPI])
  dnl Debian keeps the headers beside the prefix, and does not tell.
  pld_prefix=`$PKG_CONFIG --variable=prefix netcdf-mpi 2>/dev/null`
  NETCDF_FROM=
  PLD_TRY_LIB([NETCDF], [-I$pld_prefix/include `$PKG_CONFIG --cflags netcdf-mpi 2>/dev/null`],
    [`$PKG_CONFIG --libs netcdf-mpi 2>/dev/null`], [@%:@include <netcdf.h>
@%:@include <netcdf_par.h>],
    [nc_create_par("", 0, MPI_COMM_WORLD, MPI_INFO_NULL, 0);],
    [NETCDF_FROM="netcdf-mpi `$PKG_CONFIG --modversion netcdf-mpi`"])
  AC_MSG_RESULT([${NETCDF_FROM:-no}])
  AS_IF([test -n "$NETCDF_FROM"], [HAVE_NETCDF=yes NETCDF_SUMMARY=$NETCDF_FROM])])
AC_SUBST([NETCDF_CFLAGS])
AC_SUBST([NETCDF_LIBS])
AC_SUBST([HAVE_NETCDF])
])

dnl Only benchmarks/peers uses it. It has no header of its own; distributions
dnl build one library for each MPI.
AC_DEFUN([PLD_FIND_SCALAPACK], [
SCALAPACK_SUMMARY="not found: make bench-peers leaves out dense algebra by ScaLAPACK" HAVE_SCALAPACK=no
AC_MSG_CHECKING([for ScaLAPACK])
PLD_FIND_LIB([SCALAPACK], [], [-lscalapack-$MPI_FLAVOUR -lscalapack],
  [void pdgemm_(void);], [pdgemm_();])
AC_MSG_RESULT([${SCALAPACK_FROM:-no}])
AS_IF([test -n "$SCALAPACK_FROM"], [HAVE_SCALAPACK=yes SCALAPACK_SUMMARY=$SCALAPACK_FROM])
AC_SUBST([HAVE_SCALAPACK])
])

AC_DEFUN([PLD_FIND_CMOCKA], [
CMOCKA_SUMMARY="left out, there is no CMocka" HAVE_CMOCKA=no
CMOCKA_CFLAGS= CMOCKA_LIBS=
AS_IF([test "$with_cmocka" != no], [
  AC_MSG_CHECKING([for CMocka])
  PLD_FIND_LIB([CMOCKA], [cmocka], [-lcmocka], [@%:@include <stdarg.h>
@%:@include <stddef.h>
@%:@include <setjmp.h>
@%:@include <stdint.h>
@%:@include <cmocka.h>], [_assert_true(1, "", "", 1);])
  AC_MSG_RESULT([${CMOCKA_FROM:-no}])
  AS_IF([test -n "$CMOCKA_FROM"], [HAVE_CMOCKA=yes CMOCKA_SUMMARY=$CMOCKA_FROM])])
AC_SUBST([HAVE_CMOCKA])
])
