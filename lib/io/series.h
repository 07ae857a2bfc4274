#ifndef PLD_IO_SERIES_H
#define PLD_IO_SERIES_H

#include "io/data.h"
#include "polder/series.h"

struct pld_series {
    pld_file *file;
    int nfields;
    pld_field **fields;
    struct pld_stored *stored; /* how each is, at the step that is moved */
    int64_t step_bytes; /* of all fields in the file, the chunks' rest too */
    int64_t nsteps;
    int64_t told; /* steps that the XDMF file tells of */
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

/* Find it in a file that was just opened, with the times of all steps; what a
 * crash has left behind them is removed from one that is written.
 * *Collective, agreed*. */
pld_status pld_series_find(pld_series *series);

/* Make room for so many times in memory. *Local*. */
pld_status pld_series_make_room(pld_series *series, int64_t nsteps);

/* On rank 0, *local*: make the variable of the times, or all the others, so
 * long; write a time. */
pld_status pld_series_set_time_length(pld_series *series, int64_t nsteps);
pld_status pld_series_set_field_lengths(pld_series *series, int64_t nsteps);
pld_status pld_series_put_time(pld_series *series, int64_t step, double time);

/* On rank 0, *local*: find out how a step is stored, and take its space. */
pld_status pld_series_find_step(pld_series *series, int64_t step);
pld_status pld_series_take_step(pld_series *series);

/* For tests: bytes of a chunk, at most; 0: as many as it is good for. */
void pld_series_set_chunk_bytes(int64_t bytes);

#endif
