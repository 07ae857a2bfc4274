#ifndef PLD_IO_CHECKPOINT_H
#define PLD_IO_CHECKPOINT_H

#include "mesh/field.h"
#include "par/context.h"
#include "polder/checkpoint.h"
#include "polder/file.h"

/* Numbers, or with a count of 0 a text of less than `size` bytes. */
struct pld_checkpoint_value {
    char *name;
    pld_type type;
    int64_t count;
    int64_t size;
    void *memory;
    bool optional;
};

struct pld_checkpoint_field {
    pld_field *field;
    bool optional;
};

/* First word of a live checkpoint, cleared when it is destroyed. */
#define PLD_CHECKPOINT_ALIVE 0x6368636bu

struct pld_checkpoint {
    uint32_t alive;
    pld_ctx *ctx;
    char *folder;
    char *name;
    int keep;
    double mtbf;
    bool signals;
    int lock; /* on rank 0: of this name in this folder */
    int nfields;
    struct pld_checkpoint_field *fields;
    int nvalues;
    struct pld_checkpoint_value *values;
    int64_t newest;
    double cost;  /* seconds to save, 0: not known */
    double saved; /* moment of the last one, or of the beginning */
    double end;   /* of the run, on rank 0; INFINITY: none */
    double asked; /* moment of the last question whether it is time, or saved */
    double step;  /* longest time between such moments */
    int signal;
    bool ending;
    bool
        went_back; /* there may be later ones that are not to be gone on from */
    int64_t nbad;  /* numbers that were passed over */
    int64_t *bad;
    char *report;
};

/* The version of what is in the files. */
enum { PLD_CHECKPOINT_VERSION = 1 };

/* --- Names in the folder; all for rank 0, *local* ------------------------- */

/* The path of a checkpoint, or that of one that is being written. Of so many
 * bytes; fits when the checks at creation were passed. */
enum { PLD_CHECKPOINT_PATH = 4096 };
void pld_checkpoint_path(const pld_checkpoint *checkpoint, int64_t number,
                         char path[PLD_CHECKPOINT_PATH]);
void pld_checkpoint_aside(const pld_checkpoint *checkpoint, int64_t number,
                          char path[PLD_CHECKPOINT_PATH]);

/* Make the folder, lock the name, remove what others left unfinished. */
pld_status pld_checkpoint_occupy(pld_checkpoint *checkpoint);

/* The numbers that are there, the highest first, to be freed. */
pld_status pld_checkpoint_list(const pld_checkpoint *checkpoint, int64_t *count,
                               int64_t **numbers);

/* Give what was written aside its name, all of it and the name on the disk. */
pld_status pld_checkpoint_publish(const pld_checkpoint *checkpoint,
                                  int64_t number);

/* A number is good again. */
void pld_checkpoint_mend(pld_checkpoint *checkpoint, int64_t number);

/* Remove all but the newest good ones, and when the run has gone back those
 * that came later. */
pld_status pld_checkpoint_thin(const pld_checkpoint *checkpoint);

/* --- One file ------------------------------------------------------------- */

/* Whether it is a good checkpoint, all of it. *Collective, agreed*. */
pld_status pld_checkpoint_look(pld_file *file);

/* Read a good one. What does not fit is found before anything is changed.
 * *Collective, agreed*. */
pld_status pld_checkpoint_read(pld_checkpoint *checkpoint, int64_t number,
                               pld_file *file);

/* Add a line to the report. *Local*. */
pld_status pld_checkpoint_tell(pld_checkpoint *checkpoint, int64_t number,
                               const char *text);

/* --- When ----------------------------------------------------------------- */

/* Begin to count time; count what saving took; or that something else took. */
void pld_checkpoint_start(pld_checkpoint *checkpoint, double walltime);
void pld_checkpoint_spent(pld_checkpoint *checkpoint, double seconds);

/* --- Signals -------------------------------------------------------------- */

/* Let signals be heard, or as they were before. PLD_ERR_STATE when another
 * checkpoint of the process does. */
pld_status pld_checkpoint_listen(void);
void pld_checkpoint_ignore(void);

/* The last one that has come since this was called; 0: none. */
int pld_checkpoint_heard(void);

/* --- Checks --------------------------------------------------------------- */

pld_status pld_checkpoint_check(const pld_checkpoint *checkpoint);

#endif
