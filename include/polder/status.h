#ifndef PLD_STATUS_H
#define PLD_STATUS_H

#include <stdbool.h>
#include <stdio.h>

#include "polder/api.h"

PLD_BEGIN_C

/** @file
 * Status codes, and the record of what went wrong.
 *
 * Every function that can fail returns a pld_status. When it is not PLD_OK, a
 * record of the calling thread holds a sentence that names the argument and
 * its value, and the calls it came through. */

/** All status codes: X(name, meaning). Append only: the values are stable. */
#define PLD_STATUS_LIST(X)                                                     \
    X(OK, "success")                                                           \
    X(ERR_ARG, "invalid argument")                                             \
    X(ERR_STATE, "call out of order")                                          \
    X(ERR_TYPE, "wrong element type")                                          \
    X(ERR_SHAPE, "wrong shape")                                                \
    X(ERR_MISMATCH, "the ranks disagree")                                      \
    X(ERR_OVERFLOW, "size too large")                                          \
    X(ERR_MEMORY, "out of memory")                                             \
    X(ERR_MPI, "MPI failed")                                                   \
    X(ERR_LAUNCH, "wrong launcher")                                            \
    X(ERR_PEER, "another rank is gone")                                        \
    X(ERR_NOENT, "not there")                                                  \
    X(ERR_EXISTS, "already there")                                             \
    X(ERR_ACCESS, "permission denied")                                         \
    X(ERR_SPACE, "no space left")                                              \
    X(ERR_IO, "input or output failed")                                        \
    X(ERR_FORMAT, "not a file of this kind")                                   \
    X(ERR_CORRUPT, "damaged file")                                             \
    X(ERR_UNSUPPORTED, "not supported here")                                   \
    X(ERR_INTERNAL, "internal error")                                          \
    X(ERR_CONVERGENCE, "did not converge")

/** What a call says: one of PLD_STATUS_LIST. */
typedef enum pld_status {
#define PLD_STATUS_ENUM(name, meaning) PLD_##name,
    PLD_STATUS_LIST(PLD_STATUS_ENUM)
#undef PLD_STATUS_ENUM
        PLD_STATUS_COUNT /**< number of codes, not one of them */
} pld_status;

/** Name of a status, such as "PLD_ERR_ARG"; "PLD_ERR_?" if unknown. *Local*. */
PLD_API const char *pld_status_name(pld_status status);

/** Meaning of a status in a few words. *Local*. */
PLD_API const char *pld_status_text(pld_status status);

/** Frames kept of one error; deeper ones are counted but not kept. */
#define PLD_ERROR_FRAMES 16

/** One call that an error passed through, innermost first. */
typedef struct pld_error_frame {
    const char *file;     /**< source file, as in the source tree */
    const char *function; /**< function that met or passed the error on */
    int line;             /**< line in that file */
} pld_error_frame;

/** The calling thread's last error. */
typedef struct pld_error {
    pld_status status; /**< PLD_OK: there is none */
    bool agreed;       /**< every rank of the context has this error */
    char text[512];    /**< names the argument, its value and the remedy */
    int nframes;       /**< frames kept, at most PLD_ERROR_FRAMES */
    int ndropped;      /**< frames beyond those */
    pld_error_frame frames[PLD_ERROR_FRAMES]; /**< innermost first */
} pld_error;

/** The last error of the calling thread; its status is PLD_OK when there was
 * none since pld_error_clear(). Never NULL; valid until the thread's next
 * error. *Local*. */
PLD_API const pld_error *pld_error_last(void);

/** Forget the calling thread's last error. *Local*. */
PLD_API void pld_error_clear(void);

/** Print the last error with its frames; nothing when there is none. *Local*.
 */
PLD_API void pld_error_print(FILE *stream);

/** Called where an error arises, before it travels up; must not call Polder. */
typedef void pld_error_handler(const pld_error *error, void *data);

/** Set the process-wide handler; NULL removes it. *Local*, not thread-safe. */
PLD_API void pld_error_set_handler(pld_error_handler *handler, void *data);

/** Start a record: used by PLD_RAISE. Returns `status`. *Local*. */
PLD_API pld_status pld_error_raise(pld_status status, const char *file,
                                   int line, const char *function,
                                   const char *format, ...) PLD_PRINTF(5, 6);

/** Add a frame to the record: used by PLD_TRY. Returns `status`. *Local*. */
PLD_API pld_status pld_error_pass(pld_status status, const char *file, int line,
                                  const char *function);

/** Return an error from the enclosing function: PLD_RAISE(PLD_ERR_ARG,
 * "width %d is negative", width). */
#define PLD_RAISE(status, ...)                                                 \
    return pld_error_raise((status), __FILE__, __LINE__, __func__, __VA_ARGS__)

/** Return an error from the enclosing function unless `condition` holds. */
#define PLD_CHECK(condition, status, ...)                                      \
    do {                                                                       \
        if (!(condition))                                                      \
            PLD_RAISE(status, __VA_ARGS__);                                    \
    } while (0)

/** Call something that returns a status; on error return it from here. */
#define PLD_TRY(call)                                                          \
    do {                                                                       \
        pld_status try_status_ = (call);                                       \
        if (try_status_ != PLD_OK)                                             \
            return pld_error_pass(try_status_, __FILE__, __LINE__, __func__);  \
    } while (0)

/** The same for a function that owns something: on error set the variable
 * `status` in scope and go to `label`. */
#define PLD_TRY_TO(label, call)                                                \
    do {                                                                       \
        status = (call);                                                       \
        if (status != PLD_OK) {                                                \
            pld_error_pass(status, __FILE__, __LINE__, __func__);              \
            goto label;                                                        \
        }                                                                      \
    } while (0)

/** PLD_CHECK for a function that owns something. */
#define PLD_CHECK_TO(label, condition, code, ...)                              \
    do {                                                                       \
        if (!(condition)) {                                                    \
            status = pld_error_raise((code), __FILE__, __LINE__, __func__,     \
                                     __VA_ARGS__);                             \
            goto label;                                                        \
        }                                                                      \
    } while (0)

PLD_END_C

#endif
