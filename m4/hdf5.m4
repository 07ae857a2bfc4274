dnl Parallel HDF5 of the same MPI as CC. A mixed pair links without a word and
dnl dies at run time, so each candidate is looked at closely: its hdf5.h must be
dnl parallel and must bring the same mpi.h, and its library no second libmpi.

dnl The MPI libraries that the program just linked would load.
AC_DEFUN([PLD_MPI_LIBS],
[`ldd conftest$EXEEXT 2>/dev/null | sed -n 's/^.*\(libmpi.*\) => .*/\1/p' | sort -u`])

dnl PLD_TRY_HDF5(FROM, CFLAGS, LIBS): take this candidate if none is taken yet
dnl and it is right.
AC_DEFUN([PLD_TRY_HDF5], [
AS_IF([test $HAVE_HDF5 = no], [
  AC_MSG_CHECKING([for parallel HDF5 by $1])
  pld_verdict="not found"
  PLD_TRY_LIB([HDF5], [$2], [$3], [@%:@include <hdf5.h>], [H5open();],
    [pld_verdict="not parallel"])
  PLD_TRY_LIB([HDF5], [$2], [$3], [@%:@include <hdf5.h>
@%:@ifndef H5_HAVE_PARALLEL
@%:@error serial
@%:@endif], [MPI_Init(0, 0); H5Pset_fapl_mpio(0, MPI_COMM_NULL, MPI_INFO_NULL);],
    [pld_verdict="parallel, but for another MPI than $CC"
    AS_IF([test "PLD_MPI_LIBS" = "$pld_own_mpi"], [
      AC_COMPILE_IFELSE([AC_LANG_PROGRAM([@%:@include <hdf5.h>
@%:@ifndef $MPI_MACRO
@%:@error another mpi.h
@%:@endif], [])], [pld_verdict=yes])])])
  AC_MSG_RESULT([$pld_verdict])
  AS_CASE([$pld_verdict],
    [yes], [HAVE_HDF5=yes HDF5_SUMMARY="$1"],
    ["not found"], [],
    [pld_seen="$pld_seen
  $1: $pld_verdict"])])
])

AC_DEFUN([PLD_FIND_HDF5], [
HAVE_HDF5=no HDF5_SUMMARY="none (--without-hdf5)"
HDF5_CFLAGS= HDF5_LIBS= HDF5_PC= pld_seen=
AS_CASE([$with_hdf5],
  [no], [],
  [yes], [
    dnl On Debian hdf5 and hdf5-mpi may point at the other MPI: flavour first.
    for pld_pc in hdf5-$MPI_FLAVOUR hdf5-mpi hdf5; do
      $PKG_CONFIG --exists $pld_pc || continue
      pld_cflags=`$PKG_CONFIG --cflags $pld_pc`
      pld_libs=`$PKG_CONFIG --libs $pld_pc`
      PLD_TRY_HDF5([pkg-config $pld_pc], [$pld_cflags], [$pld_libs])
      AS_IF([test $HAVE_HDF5 = yes], [HDF5_PC=$pld_pc; break])
    done
    dnl h5pcc names archives that may not go into a shared library: only its
    dnl folders are taken.
    for pld_h5pcc in h5pcc.$MPI_FLAVOUR h5pcc; do
      command -v $pld_h5pcc >/dev/null || continue
      pld_words=`$pld_h5pcc -show | tr ' ' '\n'`
      pld_cflags=`echo "$pld_words" | grep '^-I' | tr '\n' ' '`
      pld_libs="`echo "$pld_words" | grep '^-L' | tr '\n' ' '`-lhdf5"
      PLD_TRY_HDF5([$pld_h5pcc], [$pld_cflags], [$pld_libs])
    done
    PLD_TRY_HDF5([-lhdf5], [], [-lhdf5])],
  [PLD_TRY_HDF5([--with-hdf5=$with_hdf5], [-I$with_hdf5/include],
    [-L$with_hdf5/lib -lhdf5])])
AS_IF([test $HAVE_HDF5$with_hdf5 = nono], [],
  [test $HAVE_HDF5 = no], [AC_MSG_ERROR([no parallel HDF5 for $MPI_NAME ($CC).
What was found and refused:${pld_seen:- nothing}
HDF5 and the program must use the same MPI. Install HDF5 for this one (Debian
and Ubuntu: libhdf5-$MPI_FLAVOUR-dev), or name it with --with-hdf5=DIR, or take
the MPI that the HDF5 at hand was built with: ./configure CC=ITS_MPICC, or leave
files out with --without-hdf5])],
  [AC_DEFINE([PLD_HAVE_HDF5], [1])])
AC_SUBST([HAVE_HDF5])
AC_SUBST([HDF5_CFLAGS])
AC_SUBST([HDF5_LIBS])
AC_SUBST([HDF5_PC])
])
