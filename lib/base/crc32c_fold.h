#ifndef PLD_BASE_CRC32C_FOLD_H
#define PLD_BASE_CRC32C_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The CPU multiplies polynomials, 32 bytes in an instruction or 64. *Local*. */
bool pld_crc32c_can_fold(void);

enum { PLD_CRC32C_FOLDED = 256 };

/* Bytes that leave the same remainder as `crc` and the first n of `p` do, n a
 * multiple of as many, 1 of them or more. */
void pld_crc32c_fold(uint32_t crc, const unsigned char *p, size_t n,
                     unsigned char out[PLD_CRC32C_FOLDED]);

#endif
