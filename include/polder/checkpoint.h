#ifndef PLD_CHECKPOINT_H
#define PLD_CHECKPOINT_H

#include "polder/field.h"

PLD_BEGIN_C

/** @file
 * Checkpoints: what a program needs to go on after it was ended at any moment,
 * on any number of ranks and with any decomposition.
 *
 *     spec = (pld_checkpoint_spec){.folder = "restart", .mtbf = 24 * 3600};
 *     PLD_TRY(pld_checkpoint_create(ctx, &spec, &checkpoint));
 *     PLD_TRY(pld_checkpoint_add_field(checkpoint, u));
 *     PLD_TRY(pld_checkpoint_add_numbers(checkpoint, "time", PLD_F64, 1,
 *                                        &time));
 *     status = pld_checkpoint_restore(checkpoint, &step);  // PLD_ERR_NOENT:
 *     ...                                                  // start anew
 *         PLD_TRY(pld_checkpoint_due(checkpoint, &due));
 *         if (due)
 *             PLD_TRY(pld_checkpoint_save(checkpoint, step));
 *
 * Each is a file of its own, FOLDER/NAME_NUMBER.h5, which any HDF5 or netCDF-4
 * tool opens. It is written aside with a checksum for each MiB, handed to the
 * disk, and only then given its name, which is handed to the disk too: so
 * whatever happens and whenever, what has the name is complete, and the one
 * before it is still there. */

/** Opaque: a place for checkpoints, and what goes into them. */
typedef struct pld_checkpoint pld_checkpoint;

/** Where and how. Zero is the default, but for the folder. */
typedef struct pld_checkpoint_spec {
    const char *folder; /**< made if it is not there; its parent must be */
    const char *name;   /**< without '/'; NULL: "checkpoint" */
    int keep;           /**< how many of the newest to keep; 0: 2 */
    /** Mean time between failures of the whole run in seconds: how often
     * pld_checkpoint_due() says so follows from it. 0: never by itself. */
    double mtbf;
    /** Seconds that the run may take from the creation of this on:
     * pld_checkpoint_due() says so while there is still time. 0: up to the end
     * of the batch job, where SLURM_JOB_END_TIME tells it; below 0: as long as
     * it likes. */
    double walltime;
    /** SIGUSR1 and SIGTERM on any rank ask for a checkpoint: batch systems
     * send them before they end a job. The handlers that were there are put
     * back when this is destroyed. One checkpoint of a process may. */
    bool signals;
} pld_checkpoint_spec;

/** Prepare. Removes what runs that were ended while saving have left behind.
 * PLD_ERR_STATE while another program uses this name in this folder,
 * PLD_ERR_NOENT, PLD_ERR_ACCESS as for files. *Collective, agreed*. */
PLD_CALL pld_checkpoint_create(pld_ctx *ctx, const pld_checkpoint_spec *spec,
                               pld_checkpoint **out);
/** Destroy it and set *checkpoint to NULL; *checkpoint may be NULL. Files stay.
 * *Collective*. */
PLD_CALL pld_checkpoint_destroy(pld_checkpoint **checkpoint);

/** Save and restore a field, by its name, which no other may have. It must
 * outlive the checkpoint. *Collective, agreed*. */
PLD_CALL pld_checkpoint_add_field(pld_checkpoint *checkpoint, pld_field *field);
/** Save and restore `count` numbers that are the same on all ranks: times,
 * steps, seeds and indices of random numbers. `values` must stay; rank 0's are
 * saved, all ranks' restored. *Collective, agreed*. */
PLD_CALL pld_checkpoint_add_numbers(pld_checkpoint *checkpoint,
                                    const char *name, pld_type type,
                                    int64_t count, void *values);
/** Likewise a text of less than `size` bytes. *Collective, agreed*. */
PLD_CALL pld_checkpoint_add_text(pld_checkpoint *checkpoint, const char *name,
                                 int64_t size, char *text);

/** Let what has been added under this name be missing in files, such as those
 * of older versions of the program: then it stays as it is, and the report says
 * so. Otherwise it is an error. *Collective, agreed*. */
PLD_CALL pld_checkpoint_set_optional(pld_checkpoint *checkpoint,
                                     const char *name);

/** Save all under this number, 0 or more: that of a step, say. Takes the place
 * of one of the same number. On any failure what was there before stays and
 * nothing else is left: PLD_ERR_SPACE, PLD_ERR_IO. *Collective, agreed*. */
PLD_CALL pld_checkpoint_save(pld_checkpoint *checkpoint, int64_t number);

/** Restore from the newest that is good: complete, and every MiB as its
 * checksum says. Damaged ones are passed over, and named, with the reason, by
 * pld_checkpoint_report() and in the log. PLD_ERR_NOENT when there is none: a
 * new run may begin; when none is good, the error of the newest. What is not
 * damage is an error at once, and the file is named: PLD_ERR_SHAPE and
 * PLD_ERR_TYPE of a field or numbers, PLD_ERR_OVERFLOW of a text,
 * PLD_ERR_ARG when something is not in the file, PLD_ERR_UNSUPPORTED when a
 * later version of this library has written it, PLD_ERR_ACCESS. All this is
 * looked at before anything is changed. *Collective, agreed*. */
PLD_CALL pld_checkpoint_restore(pld_checkpoint *checkpoint, int64_t *number);

/** Likewise from the one of this number: PLD_ERR_NOENT when it is not there.
 * Those of higher numbers go when the next is saved: the run has gone back
 * before them. *Collective, agreed*. */
PLD_CALL pld_checkpoint_restore_number(pld_checkpoint *checkpoint,
                                       int64_t number);

/** What the last restore passed over and why, and what was missing, a line
 * each; "" if nothing. *Local*. */
PLD_API const char *pld_checkpoint_report(const pld_checkpoint *checkpoint);

/** Check a file without keeping what is in it. PLD_ERR_FORMAT when it is no
 * checkpoint, PLD_ERR_UNSUPPORTED when it is of a later version of this
 * library, PLD_ERR_CORRUPT. *Collective, agreed*. */
PLD_CALL pld_checkpoint_verify(pld_ctx *ctx, const char *path);

/** Whether it is time: a signal has asked for it on any rank; or, with an mtbf,
 * sqrt(2 * cost * mtbf) seconds have passed since the last one, where cost is
 * what saving has taken so far (Young, CACM 17 (1974) 530; Daly, Future
 * Generation Computer Systems 22 (2006) 303); or the time that the run may take
 * is running out: there are 5 seconds left and twice the time of the longest
 * step, from one call to the next, and of saving. Until one was saved, the cost
 * is taken to be a second. Of a signal and of the end it is told once.
 * *Collective*: the answer is the same on all ranks. */
PLD_CALL pld_checkpoint_due(pld_checkpoint *checkpoint, bool *out);

/** How it goes; the same on all ranks. */
typedef struct pld_checkpoint_info {
    int64_t newest;  /**< number of the last one saved or restored; -1: none */
    double cost;     /**< seconds that saving takes, as far as is known; 0 */
    double interval; /**< seconds between them, as advised; 0: no advice */
    int signal;      /**< the last signal that asked for one, or 0 */
    bool ending;     /**< time is running out: save, and end the run */
} pld_checkpoint_info;

/** See there. *Local*. */
PLD_CALL pld_checkpoint_describe(const pld_checkpoint *checkpoint,
                                 pld_checkpoint_info *out);

PLD_END_C

#endif
