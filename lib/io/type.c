#include "io/hdf5.h"

#include <stdio.h>
#include <string.h>

static pld_status make_complex(hid_t part, hid_t *out)
{
    pld_status status = PLD_OK;
    hid_t id = H5Tcreate(H5T_COMPOUND, 2 * H5Tget_size(part));
    PLD_H5_TO(out, PLD_ERR_MEMORY, id, "cannot make a complex type");
    PLD_H5_TO(out, PLD_ERR_MEMORY, H5Tinsert(id, "r", 0, part),
              "cannot make a complex type");
    PLD_H5_TO(out, PLD_ERR_MEMORY, H5Tinsert(id, "i", H5Tget_size(part), part),
              "cannot make a complex type");
    *out = id;
    id = H5I_INVALID_HID;
out:
    pld_h5_close(id);
    return status;
}

static pld_status make_type(pld_type type, const hid_t parts[], hid_t *out)
{
    if (type == PLD_C128)
        return make_complex(parts[PLD_F64], out);
    hid_t id = H5Tcopy(parts[type]);
    PLD_H5(PLD_ERR_MEMORY, id, "cannot make a type for %s",
           pld_type_name(type));
    *out = id;
    return PLD_OK;
}

pld_status pld_h5_memory_type(pld_type type, hid_t *out)
{
    const hid_t parts[PLD_TYPE_COUNT] = {[PLD_F64] = H5T_NATIVE_DOUBLE,
                                         [PLD_F32] = H5T_NATIVE_FLOAT,
                                         [PLD_I64] = H5T_NATIVE_INT64,
                                         [PLD_I32] = H5T_NATIVE_INT32};
    return make_type(type, parts, out);
}

pld_status pld_h5_file_type(pld_type type, hid_t *out)
{
    const hid_t parts[PLD_TYPE_COUNT] = {[PLD_F64] = H5T_IEEE_F64LE,
                                         [PLD_F32] = H5T_IEEE_F32LE,
                                         [PLD_I64] = H5T_STD_I64LE,
                                         [PLD_I32] = H5T_STD_I32LE};
    return make_type(type, parts, out);
}

/* What it takes to hold the numbers of a type. */
struct need {
    int exponent; /* bits; 0 for integers */
    int digits;   /* bits of an integer or of a significand, no sign */
};

static struct need need_of_integer(hid_t stored)
{
    int bits = (int)H5Tget_precision(stored);
    return (struct need){0, H5Tget_sign(stored) == H5T_SGN_2 ? bits - 1 : bits};
}

static struct need need_of_float(hid_t stored)
{
    size_t place = 0;
    size_t exponent = 0;
    size_t digits = 0;
    H5Tget_fields(stored, &place, &place, &exponent, &place, &digits);
    bool implied = H5Tget_norm(stored) == H5T_NORM_IMPLIED;
    return (struct need){(int)exponent, (int)digits + implied};
}

static bool number_fits(pld_type type, hid_t stored)
{
    H5T_class_t kind = H5Tget_class(stored);
    if (kind != H5T_INTEGER && kind != H5T_FLOAT)
        return false;
    struct need need =
        kind == H5T_INTEGER ? need_of_integer(stored) : need_of_float(stored);
    switch (type) {
    case PLD_F64:
        return need.exponent <= 11 && need.digits <= 53;
    case PLD_F32:
        return need.exponent <= 8 && need.digits <= 24;
    case PLD_I64:
        return need.exponent == 0 && need.digits <= 63;
    case PLD_I32:
        return need.exponent == 0 && need.digits <= 31;
    default:
        return false;
    }
}

/* HDF5 converts compounds member by member, by name. */
static bool part_fits(hid_t stored, const char *name)
{
    int place = H5Tget_member_index(stored, name);
    if (place < 0)
        return false;
    hid_t part = H5Tget_member_type(stored, (unsigned)place);
    bool fits = number_fits(PLD_F64, part);
    pld_h5_close(part);
    return fits;
}

bool pld_h5_holds(pld_type type, hid_t stored)
{
    if (type != PLD_C128)
        return number_fits(type, stored);
    return H5Tget_class(stored) == H5T_COMPOUND &&
           H5Tget_nmembers(stored) == 2 && part_fits(stored, "r") &&
           part_fits(stored, "i");
}

pld_type pld_h5_smallest(hid_t stored)
{
    static const pld_type ascending[] = {PLD_I32, PLD_I64, PLD_F32, PLD_F64,
                                         PLD_C128};
    for (int i = 0; i < PLD_TYPE_COUNT; i++)
        if (pld_h5_holds(ascending[i], stored))
            return ascending[i];
    return PLD_TYPE_COUNT;
}

void pld_h5_words(hid_t stored, char out[PLD_H5_WORDS])
{
    int bits = (int)H5Tget_precision(stored);
    switch (H5Tget_class(stored)) {
    case H5T_INTEGER:
        snprintf(out, PLD_H5_WORDS, "%d-bit %sintegers", bits,
                 H5Tget_sign(stored) == H5T_SGN_NONE ? "unsigned " : "");
        break;
    case H5T_FLOAT:
        snprintf(out, PLD_H5_WORDS, "%d-bit floating-point numbers", bits);
        break;
    case H5T_STRING:
        snprintf(out, PLD_H5_WORDS, "text");
        break;
    case H5T_COMPOUND:
        snprintf(out, PLD_H5_WORDS, "records of %d members",
                 H5Tget_nmembers(stored));
        break;
    default:
        snprintf(out, PLD_H5_WORDS, "values that are no numbers");
    }
}
