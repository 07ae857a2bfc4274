#ifndef PLD_POLDER_H
#define PLD_POLDER_H

/** @file
 * The whole of Polder. Each module has a header of its own in polder/. */

#include "polder/config.h"
#include "polder/version.h"

#include "polder/blas.h"
#include "polder/box.h"
#include "polder/digest.h"
#include "polder/exact.h"
#include "polder/log.h"
#include "polder/memory.h"
#include "polder/random.h"
#include "polder/status.h"
#include "polder/types.h"

#include "polder/agree.h"
#include "polder/context.h"
#include "polder/reduce.h"
#include "polder/reduction.h"
#include "polder/timer.h"

#include "polder/field.h"
#include "polder/grid.h"
#include "polder/measure.h"

#include "polder/deposit.h"
#include "polder/gather.h"
#include "polder/halo.h"
#include "polder/map.h"
#include "polder/particles.h"
#include "polder/redistribute.h"
#include "polder/sample.h"

#include "polder/batch.h"
#include "polder/vector.h"
#ifdef PLD_HAVE_CBLAS
#include "polder/factor.h"
#include "polder/matrix.h"
#include "polder/tall.h"
#include "polder/eigen.h"
#endif

#ifdef PLD_HAVE_HDF5
#include "polder/checkpoint.h"
#include "polder/file.h"
#include "polder/series.h"
#endif

#endif
