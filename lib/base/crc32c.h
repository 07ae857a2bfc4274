#ifndef PLD_BASE_CRC32C_H
#define PLD_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli, RFC 3720 section 12.1): found by hardware at the speed
 * of memory, and made of parts: what it is of a whole follows from what it is
 * of the parts, in any order. Local. */

/* Of some bytes behind those whose CRC is `crc`; 0 for none. */
uint32_t pld_crc32c(uint32_t crc, const void *data, size_t bytes);

/* The linear part: the remainder of the bytes alone. That of a whole is the
 * exclusive or of its parts', each moved by the bytes behind the part. */
uint32_t pld_crc32c_part(const void *data, size_t bytes);
uint32_t pld_crc32c_move(uint32_t part, int64_t bytes);

/* The CRC of `bytes` bytes with this linear part. */
uint32_t pld_crc32c_whole(uint32_t part, int64_t bytes);

/* For tests: compute without some of the CPU's instructions. */
enum pld_crc32c_way { PLD_CRC32C_BEST, PLD_CRC32C_STEPS, PLD_CRC32C_PORTABLE };
void pld_crc32c_set_way(enum pld_crc32c_way wanted);

#endif
