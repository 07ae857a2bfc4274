#include "polder/file.h"
#include "io/axes.h"

#include "base/alloc.h"
#include "polder/agree.h"

#include <math.h>
#include <string.h>

static pld_status check_axes(int naxes, const pld_axis *axes)
{
    PLD_CHECK(naxes >= 1 && naxes <= PLD_MAXDIM, PLD_ERR_ARG,
              "naxes is %d: 1 to %d dimensions have axes", naxes, PLD_MAXDIM);
    PLD_CHECK(axes != NULL, PLD_ERR_ARG, "axes is NULL");
    for (int d = 0; d < naxes; d++) {
        const char *name = axes[d].name;
        PLD_CHECK(isfinite(axes[d].origin) && isfinite(axes[d].spacing),
                  PLD_ERR_ARG, "axis %d: origin %g, spacing %g", d,
                  axes[d].origin, axes[d].spacing);
        PLD_CHECK(name == NULL || (*name != '\0' && !strchr(name, '/') &&
                                   strlen(name) <= PLD_AXIS_NAME),
                  PLD_ERR_ARG,
                  "axis %d: name '%.40s' is empty, too long or has a slash", d,
                  name);
    }
    return PLD_OK;
}

static pld_status agree_text(pld_ctx *ctx, const char *what, const char *text)
{
    /* With its zero: an empty text is not NULL. */
    return pld_agree_same(ctx, what, text, text != NULL ? strlen(text) + 1 : 0);
}

pld_status pld_axes_check(pld_ctx *ctx, int naxes, const pld_axis *axes)
{
    PLD_TRY(pld_agree(ctx, check_axes(naxes, axes)));
    PLD_TRY(pld_agree_same(ctx, "naxes", &naxes, sizeof naxes));
    for (int d = 0; d < naxes; d++) {
        double numbers[2] = {axes[d].origin, axes[d].spacing};
        PLD_TRY(agree_text(ctx, "name of an axis", axes[d].name));
        PLD_TRY(agree_text(ctx, "units of an axis", axes[d].units));
        PLD_TRY(pld_agree_same(ctx, "origin or spacing of an axis", numbers,
                               sizeof numbers));
    }
    return PLD_OK;
}

static const char *default_name(int naxes, int dim)
{
    static const char *const names[PLD_MAXDIM] = {"z", "y", "x"};
    return names[PLD_MAXDIM - naxes + dim];
}

static pld_status copy_axes(int naxes, const pld_axis *axes,
                            struct pld_file_axis *out)
{
    for (int d = 0; d < naxes; d++) {
        const char *name = axes[d].name;
        name = name != NULL ? name : default_name(naxes, d);
        PLD_TRY(pld_alloc_text(name, &out[d].name));
        if (axes[d].units != NULL)
            PLD_TRY(pld_alloc_text(axes[d].units, &out[d].units));
        out[d].origin = axes[d].origin;
        out[d].spacing = axes[d].spacing != 0 ? axes[d].spacing : 1;
    }
    return PLD_OK;
}

void pld_axes_free(struct pld_file_axis axes[PLD_MAXDIM])
{
    for (int d = 0; d < PLD_MAXDIM; d++) {
        pld_free(axes[d].name);
        pld_free(axes[d].units);
    }
}

static pld_status set_axes(pld_file *file, int naxes, const pld_axis *axes)
{
    pld_status status = PLD_OK;
    struct pld_file_axis copy[PLD_MAXDIM] = {{0}};
    PLD_TRY_TO(out, pld_agree(file->ctx, pld_file_check_writable(file)));
    PLD_TRY_TO(out, pld_axes_check(file->ctx, naxes, axes));
    PLD_TRY_TO(out, pld_agree(file->ctx, copy_axes(naxes, axes, copy)));
    struct pld_file_axis old[PLD_MAXDIM];
    memcpy(old, file->axes, sizeof old);
    memcpy(file->axes, copy, sizeof copy);
    memcpy(copy, old, sizeof copy);
    file->naxes = naxes;
out:
    pld_axes_free(copy);
    return status;
}

pld_status pld_file_set_axes(pld_file *file, int naxes, const pld_axis *axes)
{
    PLD_TRY(pld_file_check(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, set_axes(file, naxes, axes)));
    return PLD_OK;
}

const char *pld_axes_name(const pld_file *file, int ndims, int dim)
{
    return file->naxes == ndims ? file->axes[dim].name
                                : default_name(ndims, dim);
}
