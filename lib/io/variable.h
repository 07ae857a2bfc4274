#ifndef PLD_IO_VARIABLE_H
#define PLD_IO_VARIABLE_H

#include "io/file.h"
#include "mesh/field.h"

/* Variables: the datasets of a file. All for rank 0, which has the description;
 * local. */

struct pld_shape {
    int ndims;
    hsize_t size[H5S_MAX_RANK];
};

/* Whether there is an object of this name. */
bool pld_variable_exists(const pld_file *file, const char *name);

/* Open one; PLD_ERR_NOENT tells the names that are there. */
pld_status pld_variable_open(const pld_file *file, const char *name,
                             hid_t *out);

pld_status pld_variable_shape(hid_t dataset, struct pld_shape *out);

/* Check that a stored type may be read as, or is just, `type`. */
pld_status pld_variable_check_read(hid_t dataset, const char *name,
                                   pld_type type);
pld_status pld_variable_check_type(hid_t dataset, const char *name,
                                   pld_type type);

/* What a new one is like. */
struct pld_variable_plan {
    pld_type type;
    hid_t stored; /* instead of `type`, above 0 */
    struct pld_shape shape;
    const hsize_t *chunk; /* NULL: in one piece */
    bool grows;           /* along the first dimension */
    int deflate;          /* 0: not compressed */
    int filter;           /* of HDF5, after that; 0: none */
    int nparams;
    const unsigned *params;
    bool zeroed; /* not all of it will be written */
};

pld_status pld_variable_create(const pld_file *file, const char *name,
                               const struct pld_variable_plan *plan,
                               hid_t *out);

/* Dimensions of a field in a file: its points', and one for several
 * components. */
struct pld_shape pld_shape_of(const pld_field *field);

/* Check that a variable has this shape, behind `skip` leading dimensions. */
pld_status pld_variable_check_shape(hid_t dataset, const char *name, int skip,
                                    const struct pld_shape *shape);

#endif
