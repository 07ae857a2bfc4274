#ifndef PLD_VERSION_H
#define PLD_VERSION_H

#include "polder/api.h"

PLD_BEGIN_C

/** @file
 * Which Polder this is. The numbers are written here and nowhere else: the
 * build reads them from this file. */

#define PLD_VERSION_MAJOR 0 /**< first number, in the soname */
#define PLD_VERSION_MINOR 1 /**< second number: new functions */
#define PLD_VERSION_PATCH 0 /**< third number: repairs only */

/** The version of these headers, as text. */
#define PLD_VERSION "0.1.0"

/** Number of the binary interface: raised when a public structure or signature
 * changes. */
#define PLD_ABI 4

/** Version of the library in use, as text. Differs from PLD_VERSION when a
 * program runs with another library than it was compiled for. *Local*. */
PLD_API const char *pld_version(void);

/** PLD_ABI of the library in use. *Local*. */
PLD_API int pld_abi(void);

PLD_END_C

#endif
