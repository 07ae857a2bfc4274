#include "polder/file.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/check.h"
#include "io/file.h"
#include "par/message.h"
#include "polder/agree.h"

/* Names one after the other, each ended by a zero. */
struct names {
    char *text;
    int64_t used;
    int64_t room;
    pld_status status;
};

static pld_status make_room(struct names *names, int64_t bytes)
{
    if (names->used + bytes <= names->room)
        return PLD_OK;
    char *larger = NULL;
    int64_t room = 2 * (names->used + bytes);
    PLD_TRY(pld_alloc("names of variables", room, 1, &larger));
    if (names->used > 0)
        memcpy(larger, names->text, (size_t)names->used);
    pld_free(names->text);
    names->text = larger;
    names->room = room;
    return PLD_OK;
}

/* What the library itself keeps in a file is no variable of the user's: tables,
 * and links for VTK to variables that are listed anyway. */
static bool is_own(const char *name, H5L_type_t link)
{
    return strncmp(name, "polder/", 7) == 0 ||
           (link == H5L_TYPE_SOFT && strncmp(name, "VTKHDF/", 7) == 0);
}

static herr_t add_object(hid_t file, const char *name, const H5L_info_t *link,
                         void *data)
{
    struct names *names = data;
    hid_t object = H5Oopen(file, name, H5P_DEFAULT);
    bool is_variable = object >= 0 && H5Iget_type(object) == H5I_DATASET;
    pld_h5_close(object);
    if (!is_variable || is_own(name, link->type))
        return 0;
    int64_t bytes = (int64_t)strlen(name) + 1;
    names->status = make_room(names, bytes);
    if (names->status != PLD_OK)
        return -1;
    memcpy(names->text + names->used, name, (size_t)bytes);
    names->used += bytes;
    return 0;
}

/* On rank 0. */
static pld_status collect(const pld_file *file, struct names *names)
{
    herr_t code =
        H5Lvisit(file->id, H5_INDEX_NAME, H5_ITER_INC, add_object, names);
    PLD_TRY(names->status);
    PLD_H5(PLD_ERR_CORRUPT, code, "cannot list the variables of '%s'",
           file->path);
    return PLD_OK;
}

static pld_status share(pld_file *file, struct names *names)
{
    pld_ctx *ctx = file->ctx;
    bool leads = pld_file_leads(file);
    PLD_TRY(pld_agree(ctx, leads ? collect(file, names) : PLD_OK));
    PLD_TRY_MPI(MPI_Bcast(&names->used, 1, MPI_INT64_T, 0, ctx->comm));
    PLD_TRY(pld_agree(ctx, leads ? PLD_OK
                                 : pld_alloc("names of variables", names->used,
                                             1, &names->text)));
    return pld_broadcast(ctx, names->text, names->used, 0);
}

static pld_status visit_all(const struct names *names, pld_file_visit *visit,
                            void *data)
{
    for (int64_t at = 0; at < names->used;) {
        PLD_TRY(visit(names->text + at, data));
        at += (int64_t)strlen(names->text + at) + 1;
    }
    return PLD_OK;
}

pld_status pld_file_variables(pld_file *file, pld_file_visit *visit, void *data)
{
    struct names names = {.status = PLD_OK};
    PLD_TRY(pld_file_check(file));
    PLD_TRY(pld_io_check_pointer(file->ctx, "visit", (const void *)&visit));
    PLD_TRY(pld_file_describe(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    pld_status status = share(file, &names);
    if (pld_io_end(&call, status) == PLD_OK)
        status = visit_all(&names, visit, data);
    pld_free(names.text);
    PLD_TRY(status);
    return PLD_OK;
}
