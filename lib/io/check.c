#include "io/check.h"

#include "polder/agree.h"

#include <string.h>

static pld_status check_pointer(const char *argument, const void *pointer)
{
    PLD_CHECK(pointer != NULL, PLD_ERR_ARG, "%s is NULL", argument);
    return PLD_OK;
}

pld_status pld_io_check_pointer(pld_ctx *ctx, const char *argument,
                                const void *pointer)
{
    return pld_agree(ctx, check_pointer(argument, pointer));
}

static pld_status check_name(const char *what, const char *name, bool inner)
{
    PLD_CHECK(name != NULL, PLD_ERR_ARG, "name of the %s is NULL", what);
    PLD_CHECK(*name != '\0' && strcmp(name, ".") != 0, PLD_ERR_ARG,
              "name of the %s is '%s'", what, name);
    PLD_CHECK(inner || strchr(name, '/') == NULL, PLD_ERR_ARG,
              "%s '%s' has a slash in its name", what, name);
    return PLD_OK;
}

pld_status pld_io_check_name(pld_ctx *ctx, const char *what, const char *name,
                             bool inner)
{
    PLD_TRY(pld_agree(ctx, check_name(what, name, inner)));
    return pld_agree_same(ctx, what, name, strlen(name));
}

static pld_status check_field(const pld_ctx *ctx, const pld_field *field)
{
    PLD_TRY(pld_field_check(field, "field"));
    PLD_CHECK(field->grid->ctx == ctx, PLD_ERR_ARG,
              "field '%s' lives on another context than the file", field->name);
    return PLD_OK;
}

pld_status pld_io_check_field(pld_ctx *ctx, const pld_field *field)
{
    PLD_TRY(pld_agree(ctx, check_field(ctx, field)));
    int64_t like[3 + PLD_MAXDIM] = {field->type, field->ncomps,
                                    field->grid->ndims};
    for (int d = 0; d < PLD_MAXDIM; d++)
        like[3 + d] = pld_field_domain(field).count[d];
    return pld_agree_same(ctx, "type or shape of the field", like, sizeof like);
}
