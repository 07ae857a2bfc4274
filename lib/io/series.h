#ifndef PLD_IO_SERIES_H
#define PLD_IO_SERIES_H

#include "io/data.h"
#include "polder/series.h"

struct pld_series_field {
    pld_field *field;
    hid_t dataset;
};

struct pld_series {
    pld_file *file;
    hid_t time;
    int nfields;
    struct pld_series_field *fields;
    int64_t step_bytes; /* of all fields in the file, the chunks' rest too */
    int64_t nsteps;
    double *times;
    int64_t times_room;
    double origin[PLD_MAXDIM]; /* of the grid's cell 0, for XDMF */
    double spacing[PLD_MAXDIM];
};

/* What all ranks must have right, and the same, before a file is touched.
 * *Collective, agreed*. */
pld_status pld_series_check_spec(pld_ctx *ctx, const pld_series_spec *spec);

/* Add what a step of the field takes in the file. *Local*. */
pld_status pld_series_add_bytes(const pld_field *field, int64_t *sum);

/* Create what a series has in a new file. *Collective, agreed*. */
pld_status pld_series_lay_out(pld_series *series, const pld_series_spec *spec);

/* Find it in a file that was just opened. *Collective, agreed*. */
pld_status pld_series_find(pld_series *series);

/* Read the times of all steps. *Collective, agreed*. */
pld_status pld_series_read_times(pld_series *series);

/* Close what is open in the file. *Local*. */
void pld_series_let_go(pld_series *series);

/* The variable of the times, to be moved. */
struct pld_target pld_series_times(const pld_series *series);

/* Make room for so many times in memory. *Local*. */
pld_status pld_series_make_room(pld_series *series, int64_t nsteps);

/* Make the variables so long. *Collective, agreed*. */
pld_status pld_series_set_time_length(pld_series *series, int64_t nsteps);
pld_status pld_series_set_field_lengths(pld_series *series, int64_t nsteps);

#endif
