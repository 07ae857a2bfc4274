#include "io/checkpoint.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "io/check.h"
#include "io/lock.h"
#include "polder/agree.h"

pld_status pld_checkpoint_check(const pld_checkpoint *checkpoint)
{
    PLD_CHECK(checkpoint, PLD_ERR_ARG, "checkpoint is NULL");
    PLD_CHECK(checkpoint->alive == PLD_CHECKPOINT_ALIVE, PLD_ERR_STATE,
              "checkpoint is not a live one: destroyed, or something else");
    return PLD_OK;
}

/* --- Creating ------------------------------------------------------------- */

static const char *name_of(const pld_checkpoint_spec *spec)
{
    return spec->name ? spec->name : "checkpoint";
}

static pld_status check_spec(const pld_checkpoint_spec *spec,
                             pld_checkpoint **out)
{
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    PLD_CHECK(spec, PLD_ERR_ARG, "spec is NULL");
    PLD_CHECK(spec->folder && *spec->folder, PLD_ERR_ARG,
              "spec->folder is %s: name where checkpoints go",
              spec->folder ? "empty" : "NULL");
    PLD_CHECK(*name_of(spec) && !strchr(name_of(spec), '/'), PLD_ERR_ARG,
              "spec->name is '%s': a name without '/'", name_of(spec));
    PLD_CHECK(spec->keep >= 0, PLD_ERR_ARG, "spec->keep is %d: 1 or more",
              spec->keep);
    PLD_CHECK(spec->mtbf >= 0 && spec->mtbf < INFINITY, PLD_ERR_ARG,
              "spec->mtbf is %g: seconds, 0 or more", spec->mtbf);
    PLD_CHECK(spec->walltime < INFINITY, PLD_ERR_ARG,
              "spec->walltime is %g: seconds, or below 0 for no end",
              spec->walltime);
    return PLD_OK;
}

static pld_status agree_on_spec(pld_ctx *ctx, const pld_checkpoint_spec *spec)
{
    const double numbers[] = {spec->keep, spec->mtbf, spec->walltime,
                              spec->signals};
    PLD_TRY(pld_agree_same(ctx, "spec->folder", spec->folder,
                           (int64_t)strlen(spec->folder)));
    PLD_TRY(pld_agree_same(ctx, "spec->name", name_of(spec),
                           (int64_t)strlen(name_of(spec))));
    return pld_agree_same(ctx, "spec->keep, mtbf, walltime or signals", numbers,
                          sizeof numbers);
}

static void free_all(pld_checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    for (int i = 0; i < checkpoint->nfields; i++)
        pld_field_release(checkpoint->fields[i].field);
    for (int i = 0; i < checkpoint->nvalues; i++)
        pld_free(checkpoint->values[i].name);
    pld_free(checkpoint->fields);
    pld_free(checkpoint->values);
    if (checkpoint->signals)
        pld_checkpoint_ignore();
    pld_lock_let_go(&checkpoint->lock);
    pld_free(checkpoint->bad);
    pld_free(checkpoint->report);
    pld_free(checkpoint->name);
    pld_free(checkpoint->folder);
    checkpoint->alive = 0;
    pld_free(checkpoint);
}

/* All that one rank does alone; what is made by then stays in *out. */
static pld_status create_alone(pld_ctx *ctx, const pld_checkpoint_spec *spec,
                               pld_checkpoint **out)
{
    pld_checkpoint *checkpoint = NULL;
    PLD_TRY(pld_alloc("checkpoint", 1, sizeof *checkpoint, &checkpoint));
    *out = checkpoint;
    checkpoint->alive = PLD_CHECKPOINT_ALIVE;
    checkpoint->ctx = ctx;
    checkpoint->lock = -1;
    checkpoint->newest = -1;
    checkpoint->keep = spec->keep > 0 ? spec->keep : 2;
    checkpoint->mtbf = spec->mtbf;
    pld_checkpoint_start(checkpoint, spec->walltime);
    PLD_TRY(pld_alloc_text(spec->folder, &checkpoint->folder));
    PLD_TRY(pld_alloc_text(name_of(spec), &checkpoint->name));
    if (ctx->rank == 0)
        PLD_TRY(pld_checkpoint_occupy(checkpoint));
    if (spec->signals)
        PLD_TRY(pld_checkpoint_listen());
    checkpoint->signals = spec->signals;
    return PLD_OK;
}

pld_status pld_checkpoint_create(pld_ctx *ctx, const pld_checkpoint_spec *spec,
                                 pld_checkpoint **out)
{
    pld_status status = PLD_OK;
    pld_checkpoint *checkpoint = NULL;
    PLD_CHECK(ctx, PLD_ERR_ARG, "ctx is NULL");
    PLD_TRY(pld_agree(ctx, check_spec(spec, out)));
    PLD_TRY(agree_on_spec(ctx, spec));
    PLD_TRY_TO(out, pld_agree(ctx, create_alone(ctx, spec, &checkpoint)));
    pld_ctx_retain(ctx, PLD_KIND_CHECKPOINT);
    *out = checkpoint;
    return PLD_OK;
out:
    free_all(checkpoint);
    return status;
}

pld_status pld_checkpoint_destroy(pld_checkpoint **checkpoint)
{
    PLD_CHECK(checkpoint, PLD_ERR_ARG, "checkpoint is NULL");
    if (!*checkpoint)
        return PLD_OK;
    PLD_TRY(pld_checkpoint_check(*checkpoint));
    pld_ctx_release((*checkpoint)->ctx, PLD_KIND_CHECKPOINT);
    free_all(*checkpoint);
    *checkpoint = NULL;
    return PLD_OK;
}

/* --- What goes into it ---------------------------------------------------- */

#define OWN "polder"

/* Fields are variables and numbers attributes, but one name is one thing. */
static pld_status check_new_name(const pld_checkpoint *checkpoint,
                                 const char *name)
{
    PLD_CHECK(strncmp(name, OWN, strlen(OWN)) != 0, PLD_ERR_ARG,
              "\"%s\": names that begin with " OWN " are the library's own",
              name);
    for (int i = 0; i < checkpoint->nfields; i++)
        PLD_CHECK(strcmp(pld_field_name(checkpoint->fields[i].field), name) !=
                      0,
                  PLD_ERR_EXISTS, "there is a field \"%s\" already", name);
    for (int i = 0; i < checkpoint->nvalues; i++)
        PLD_CHECK(strcmp(checkpoint->values[i].name, name) != 0, PLD_ERR_EXISTS,
                  "there is a value \"%s\" already", name);
    return PLD_OK;
}

/* Room for one more in a list of `count`. */
static pld_status grow(int count, size_t size, void *list)
{
    void *old = NULL;
    void *larger = NULL;
    memcpy(&old, list, sizeof old);
    PLD_TRY(pld_alloc("list of a checkpoint", count + 1, size, &larger));
    if (count > 0)
        memcpy(larger, old, (size_t)count * size);
    pld_free(old);
    memcpy(list, &larger, sizeof larger);
    return PLD_OK;
}

static pld_status add_field(pld_checkpoint *checkpoint, pld_field *field)
{
    PLD_TRY(check_new_name(checkpoint, pld_field_name(field)));
    return grow(checkpoint->nfields, sizeof *checkpoint->fields,
                &checkpoint->fields);
}

pld_status pld_checkpoint_add_field(pld_checkpoint *checkpoint,
                                    pld_field *field)
{
    PLD_TRY(pld_checkpoint_check(checkpoint));
    PLD_TRY(pld_io_check_field(checkpoint->ctx, field));
    PLD_TRY(pld_agree(checkpoint->ctx, add_field(checkpoint, field)));
    checkpoint->fields[checkpoint->nfields++] =
        (struct pld_checkpoint_field){.field = field};
    pld_field_retain(field);
    return PLD_OK;
}

static pld_status add_value(pld_checkpoint *checkpoint,
                            const struct pld_checkpoint_value *value)
{
    PLD_CHECK(value->memory, PLD_ERR_ARG, "the memory of \"%s\" is NULL",
              value->name);
    PLD_CHECK(value->count > 0 || value->size > 0, PLD_ERR_ARG,
              "\"%s\" has no elements: give 1 or more", value->name);
    PLD_TRY(check_new_name(checkpoint, value->name));
    PLD_TRY(grow(checkpoint->nvalues, sizeof *checkpoint->values,
                 &checkpoint->values));
    struct pld_checkpoint_value *kept =
        &checkpoint->values[checkpoint->nvalues];
    *kept = *value;
    return pld_alloc_text(value->name, &kept->name);
}

static pld_status agree_to_add(pld_checkpoint *checkpoint,
                               const struct pld_checkpoint_value *value)
{
    PLD_TRY(pld_io_check_name(checkpoint->ctx, "name", value->name, false));
    PLD_TRY(pld_agree(checkpoint->ctx, add_value(checkpoint, value)));
    checkpoint->nvalues++;
    return PLD_OK;
}

pld_status pld_checkpoint_add_numbers(pld_checkpoint *checkpoint,
                                      const char *name, pld_type type,
                                      int64_t count, void *values)
{
    PLD_TRY(pld_checkpoint_check(checkpoint));
    return agree_to_add(checkpoint,
                        &(struct pld_checkpoint_value){.name = (char *)name,
                                                       .type = type,
                                                       .count = count,
                                                       .memory = values});
}

pld_status pld_checkpoint_add_text(pld_checkpoint *checkpoint, const char *name,
                                   int64_t size, char *text)
{
    PLD_TRY(pld_checkpoint_check(checkpoint));
    return agree_to_add(
        checkpoint, &(struct pld_checkpoint_value){
                        .name = (char *)name, .size = size, .memory = text});
}

static pld_status set_optional(pld_checkpoint *checkpoint, const char *name)
{
    for (int i = 0; i < checkpoint->nfields; i++)
        if (strcmp(pld_field_name(checkpoint->fields[i].field), name) == 0) {
            checkpoint->fields[i].optional = true;
            return PLD_OK;
        }
    for (int i = 0; i < checkpoint->nvalues; i++)
        if (strcmp(checkpoint->values[i].name, name) == 0) {
            checkpoint->values[i].optional = true;
            return PLD_OK;
        }
    PLD_RAISE(PLD_ERR_NOENT, "nothing was added under the name \"%s\"", name);
}

pld_status pld_checkpoint_set_optional(pld_checkpoint *checkpoint,
                                       const char *name)
{
    PLD_TRY(pld_checkpoint_check(checkpoint));
    PLD_TRY(pld_io_check_name(checkpoint->ctx, "name", name, false));
    return pld_agree(checkpoint->ctx, set_optional(checkpoint, name));
}

/* --- Looking at it -------------------------------------------------------- */

const char *pld_checkpoint_report(const pld_checkpoint *checkpoint)
{
    return checkpoint && checkpoint->report ? checkpoint->report : "";
}
