#include "io/hdf5.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Said before anything else to HDF5, or without effect: on its way out of a
 * program it closes what is open, and does not come back where MPI-IO has met a
 * full disk. Polder closes its files by itself. */
static void leave_exit_alone(void)
{
    static bool said;
    if (!said)
        (void)H5dont_atexit();
    said = true;
}

struct pld_io_call pld_io_begin(pld_ctx *ctx)
{
    leave_exit_alone();
    struct pld_io_call call = {.ctx = ctx};
    pld_phase_begin(ctx, PLD_PHASE_FILE);
    H5Eget_auto2(H5E_DEFAULT, &call.print, &call.print_data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return call;
}

pld_status pld_io_end(struct pld_io_call *call, pld_status status)
{
    H5Eset_auto2(H5E_DEFAULT, call->print, call->print_data);
    pld_phase_end(call->ctx, PLD_PHASE_FILE);
    return status;
}

void pld_h5_close(hid_t id)
{
    if (id >= 0)
        H5Idec_ref(id);
}

#define SENTENCE 256

/* The innermost frame is the one that says something to a user. */
static herr_t keep_innermost(unsigned n, const H5E_error2_t *frame, void *data)
{
    if (n == 0 && frame->desc != NULL)
        snprintf(data, SENTENCE, "%s", frame->desc);
    return 0;
}

static pld_status refine(pld_status code, const char *sentence)
{
    if (strstr(sentence, "o space left") != NULL ||
        strstr(sentence, "MPI_ERR_NO_SPACE") != NULL)
        return PLD_ERR_SPACE;
    return code;
}

pld_status pld_h5_raise(pld_status code, const char *file, int line,
                        const char *function, const char *format, ...)
{
    char text[SENTENCE] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    char sentence[SENTENCE] = "nothing";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, sentence);
    return pld_error_raise(refine(code, sentence), file, line, function,
                           "%s; HDF5 says: %s", text, sentence);
}
