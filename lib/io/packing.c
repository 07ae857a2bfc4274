#include "io/packing.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* --- Attributes ------------------------------------------------------------
 */

/* Numbers of an attribute, up to `most`; 0 when there is none, or it is a text.
 */
static pld_status find_numbers(hid_t dataset, const char *name, int most,
                               double *out, int *n)
{
    pld_status status = PLD_OK;
    hid_t space = H5I_INVALID_HID;
    hid_t type = H5I_INVALID_HID;
    hid_t id = H5I_INVALID_HID;
    *n = 0;
    if (H5Aexists(dataset, name) <= 0)
        return PLD_OK;
    id = H5Aopen(dataset, name, H5P_DEFAULT);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, id, "cannot open attribute '%s'", name);
    space = H5Aget_space(id);
    type = H5Aget_type(id);
    H5T_class_t kind = H5Tget_class(type);
    hssize_t count = H5Sget_simple_extent_npoints(space);
    if ((kind != H5T_INTEGER && kind != H5T_FLOAT) || count < 1)
        goto out;
    PLD_CHECK_TO(out, count <= most, PLD_ERR_UNSUPPORTED,
                 "attribute '%s' has %lld numbers, more than %d", name,
                 (long long)count, most);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, H5Aread(id, H5T_NATIVE_DOUBLE, out),
              "cannot read attribute '%s'", name);
    *n = (int)count;
out:
    pld_h5_close(type);
    pld_h5_close(space);
    pld_h5_close(id);
    return status;
}

static pld_status find_missing(hid_t dataset, struct pld_packing *out)
{
    int n = 0;
    PLD_TRY(find_numbers(dataset, "_FillValue", 1, out->missing, &n));
    out->nmissing = n;
    PLD_TRY(find_numbers(dataset, "missing_value",
                         PLD_PACKING_MISSING - out->nmissing,
                         out->missing + out->nmissing, &n));
    out->nmissing += n;
    return PLD_OK;
}

/* A range goes before its ends; of unsigned numbers these wrap too. */
static pld_status find_range(hid_t dataset, struct pld_packing *out)
{
    double range[2] = {-INFINITY, INFINITY};
    int n = 0;
    PLD_TRY(find_numbers(dataset, "valid_range", 2, range, &n));
    if (n != 2) {
        PLD_TRY(find_numbers(dataset, "valid_min", 1, &range[0], &n));
        PLD_TRY(find_numbers(dataset, "valid_max", 1, &range[1], &n));
    }
    out->least = range[0];
    out->most = range[1];
    return PLD_OK;
}

static bool says_true(hid_t dataset, const char *name)
{
    char text[8] = "";
    if (H5Aexists(dataset, name) <= 0)
        return false;
    hid_t id = H5Aopen(dataset, name, H5P_DEFAULT);
    hid_t stored = H5Aget_type(id);
    hid_t type = H5Tcopy(H5T_C_S1);
    bool fixed =
        H5Tget_class(stored) == H5T_STRING && H5Tis_variable_str(stored) == 0;
    H5Tset_size(type, sizeof text);
    H5Tset_cset(type, H5Tget_cset(stored));
    bool is_true = fixed && H5Aread(id, type, text) >= 0 &&
                   strncasecmp(text, "true", 4) == 0;
    pld_h5_close(type);
    pld_h5_close(stored);
    pld_h5_close(id);
    return is_true;
}

/* Old netCDF had no unsigned numbers, and said so in an attribute. */
static void find_unsigned(hid_t dataset, struct pld_packing *out)
{
    hid_t stored = H5Dget_type(dataset);
    if (H5Tget_class(stored) == H5T_INTEGER &&
        H5Tget_sign(stored) == H5T_SGN_2 && says_true(dataset, "_Unsigned"))
        out->wrap = ldexp(1, (int)H5Tget_precision(stored));
    pld_h5_close(stored);
}

static double unwrap(const struct pld_packing *packing, double value)
{
    return value < 0 ? value + packing->wrap : value;
}

pld_status pld_packing_find(hid_t dataset, const char *name,
                            struct pld_packing *out)
{
    int scales = 0;
    int offsets = 0;
    *out = (struct pld_packing){.scale = 1, .replacement = NAN};
    hid_t stored = H5Dget_type(dataset);
    H5T_class_t kind = H5Tget_class(stored);
    char words[PLD_H5_WORDS];
    pld_h5_words(stored, words);
    pld_h5_close(stored);
    PLD_CHECK(kind == H5T_INTEGER || kind == H5T_FLOAT, PLD_ERR_TYPE,
              "'%s' has %s, which are not packed numbers", name, words);
    PLD_TRY(find_numbers(dataset, "scale_factor", 1, &out->scale, &scales));
    PLD_TRY(find_numbers(dataset, "add_offset", 1, &out->offset, &offsets));
    out->scaled = scales + offsets > 0;
    PLD_TRY(find_missing(dataset, out));
    PLD_TRY(find_range(dataset, out));
    find_unsigned(dataset, out);
    for (int i = 0; i < out->nmissing && out->wrap > 0; i++)
        out->missing[i] = unwrap(out, out->missing[i]);
    if (out->wrap > 0 && isfinite(out->least))
        out->least = unwrap(out, out->least);
    if (out->wrap > 0 && isfinite(out->most))
        out->most = unwrap(out, out->most);
    return PLD_OK;
}

/* --- Numbers ----------------------------------------------------------------
 */

static bool is_missing(const struct pld_packing *packing, double value)
{
    bool missing = value < packing->least || value > packing->most;
    for (int i = 0; i < packing->nmissing; i++)
        missing = missing || value == packing->missing[i] ||
                  (isnan(value) && isnan(packing->missing[i]));
    return missing;
}

static double undo(const struct pld_packing *packing, double value)
{
    if (packing->wrap > 0)
        value = unwrap(packing, value);
    if (is_missing(packing, value))
        return packing->replacement;
    return packing->scaled ? value * packing->scale + packing->offset : value;
}

void pld_packing_undo(const struct pld_packing *packing, pld_type type,
                      int64_t n, void *values)
{
    double *from = values;
    for (int64_t i = 0; i < n; i++) {
        double value = undo(packing, from[i]);
        float narrow = (float)value;
        if (type == PLD_F64)
            from[i] = value;
        else
            memcpy((char *)values + i * (int64_t)sizeof narrow, &narrow,
                   sizeof narrow);
    }
}
