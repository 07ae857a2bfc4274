#ifndef PLD_IO_HDF5_H
#define PLD_IO_HDF5_H

#include <hdf5.h>

#include "par/context.h"
#include "polder/types.h"

/* HDF5 as this room sees it: silent, with errors that become statuses, and
 * with our element types. */

/* Every public function of the room works between begin and end: HDF5 prints
 * nothing, whatever the user has set, and the time counts as "file". */
struct pld_io_call {
    pld_ctx *ctx;
    H5E_auto2_t print;
    void *print_data;
};

struct pld_io_call pld_io_begin(pld_ctx *ctx);
/* Returns `status`. */
pld_status pld_io_end(struct pld_io_call *call, pld_status status);

/* Close an object of any kind; an id below 0 was never opened. */
void pld_h5_close(hid_t id);

/* Raise `code` with the text, followed by what HDF5 says. PLD_ERR_SPACE in
 * place of `code` when the disk is full. */
pld_status pld_h5_raise(pld_status code, const char *file, int line,
                        const char *function, const char *format, ...)
    PLD_PRINTF(5, 6);

/* Return `code` from the enclosing function when an HDF5 call fails, that is,
 * gives a negative value. */
#define PLD_H5(code, call, ...)                                                \
    do {                                                                       \
        if ((call) < 0)                                                        \
            return pld_h5_raise((code), __FILE__, __LINE__, __func__,          \
                                __VA_ARGS__);                                  \
    } while (0)

/* The same for a function that owns something. */
#define PLD_H5_TO(label, code, call, ...)                                      \
    do {                                                                       \
        if ((call) < 0) {                                                      \
            status = pld_h5_raise((code), __FILE__, __LINE__, __func__,        \
                                  __VA_ARGS__);                                \
            goto label;                                                        \
        }                                                                      \
    } while (0)

/* Our types in memory and in files: little-endian; complex numbers as a
 * compound of r and i, as h5py has them. To be closed. */
pld_status pld_h5_memory_type(pld_type type, hid_t *out);
pld_status pld_h5_file_type(pld_type type, hid_t *out);

/* Whether `type` holds every number of the HDF5 type `stored`. */
bool pld_h5_holds(pld_type type, hid_t stored);

/* The smallest of our types that does; PLD_TYPE_COUNT when none does. */
pld_type pld_h5_smallest(hid_t stored);

/* An HDF5 type in words, such as "16-bit integers". */
#define PLD_H5_WORDS 48
void pld_h5_words(hid_t stored, char out[PLD_H5_WORDS]);

#endif
