#ifndef PLD_IO_SUPERBLOCK_H
#define PLD_IO_SUPERBLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "polder/status.h"

/* What an HDF5 file says of itself in its first bytes, read without HDF5: a
 * file that is not one, or is cut short, is found before any rank opens it.
 * `path` is for errors. */

/* Bytes of a superblock that are looked at. */
#define PLD_SUPERBLOCK_BYTES 96

/* The bytes that begin every superblock; its place is 0, or a power of two
 * from 512 on. */
bool pld_superblock_here(const unsigned char *bytes, size_t n);

/* The length that the file should have. */
pld_status pld_superblock_length(const char *path, const unsigned char *bytes,
                                 size_t n, int64_t *out);

#endif
