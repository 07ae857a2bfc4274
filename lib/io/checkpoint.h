#ifndef PLD_IO_CHECKPOINT_H
#define PLD_IO_CHECKPOINT_H

#include "mesh/field.h"
#include "par/context.h"
#include "polder/checkpoint.h"

/* Numbers, or with a count of 0 a text of less than `size` bytes. */
struct pld_checkpoint_value {
    char *name;
    pld_type type;
    int64_t count;
    int64_t size;
    void *memory;
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
    pld_field **fields;
    int nvalues;
    struct pld_checkpoint_value *values;
    int64_t newest;
    double cost;  /* seconds to save, 0: not known */
    double saved; /* moment of the last one, or of the beginning */
    int signal;
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

/* Remove all but the newest ones. */
pld_status pld_checkpoint_thin(const pld_checkpoint *checkpoint);

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
