#include "io/links.h"
#include "io/attribute.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* A variable that uses a scale, and along which dimension; laid out as HDF5's
 * own library lays it out. */
struct back {
    hobj_ref_t variable;
    int32_t dimension;
    int32_t padding_;
};

struct pld_scale_known {
    struct pld_scale_known *next;
    struct pld_scale_key key; /* `name` is this one's own */
    hobj_ref_t place;
    int64_t nbacks; /* not yet in the file */
    int64_t room;
    struct back *backs;
};

/* --- Marks ---------------------------------------------------------------- */

static pld_status put_word(hid_t object, const char *name, const char *text)
{
    pld_status status = PLD_OK;
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t type = H5Tcopy(H5T_C_S1);
    PLD_H5_TO(out, PLD_ERR_MEMORY, H5Tset_size(type, strlen(text) + 1),
              "no type for a text");
    PLD_TRY_TO(out, pld_attribute_put(object, name, type, space, type, text));
out:
    pld_h5_close(type);
    pld_h5_close(space);
    return status;
}

static const char class_name[] = "DIMENSION_SCALE";

pld_status pld_scale_mark(hid_t dataset, const char *name)
{
    PLD_TRY(put_word(dataset, "CLASS", class_name));
    return put_word(dataset, "NAME", name);
}

/* The beginning of a text of fixed length; "" if there is none. */
static void get_text(hid_t object, const char *name, size_t room, char *out)
{
    memset(out, 0, room);
    if (H5Aexists(object, name) <= 0)
        return;
    hid_t id = H5Aopen(object, name, H5P_DEFAULT);
    hid_t stored = H5Aget_type(id);
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, room);
    H5Tset_cset(type, H5Tget_cset(stored));
    if (H5Tget_class(stored) == H5T_STRING && H5Tis_variable_str(stored) == 0)
        (void)H5Aread(id, type, out);
    out[room - 1] = '\0';
    pld_h5_close(type);
    pld_h5_close(stored);
    pld_h5_close(id);
}

bool pld_scale_is(hid_t dataset)
{
    char class[32];
    get_text(dataset, "CLASS", sizeof class, class);
    return strcmp(class, class_name) == 0;
}

void pld_scale_name(hid_t scale, size_t room, char *out)
{
    get_text(scale, "NAME", room, out);
}

/* --- Scales that are known ------------------------------------------------ */

static bool is_for(const struct pld_scale_known *known,
                   const struct pld_scale_key *key)
{
    const struct pld_scale_key *own = &known->key;
    return strcmp(own->name, key->name) == 0 && own->type == key->type &&
           own->count == key->count && own->exact == key->exact &&
           (!key->exact ||
            (own->origin == key->origin && own->half == key->half &&
             own->spacing == key->spacing));
}

struct pld_scale_known *pld_scale_recall(const pld_file *file,
                                         const struct pld_scale_key *key)
{
    struct pld_scale_known *known = file->scales;
    while (known != NULL && !is_for(known, key))
        known = known->next;
    return known;
}

pld_status pld_scale_remember(pld_file *file, const struct pld_scale_key *key,
                              hid_t dataset, struct pld_scale_known **out)
{
    pld_status status = PLD_OK;
    struct pld_scale_known *known = NULL;
    char *name = NULL;
    PLD_TRY_TO(out, pld_alloc("scale", 1, sizeof *known, &known));
    PLD_TRY_TO(out, pld_alloc_text(key->name, &name));
    PLD_H5_TO(out, PLD_ERR_IO,
              H5Rcreate(&known->place, dataset, ".", H5R_OBJECT, -1),
              "cannot refer to dimension '%s'", key->name);
    known->key = *key;
    known->key.name = name;
    known->next = file->scales;
    file->scales = known;
    *out = known;
    return PLD_OK;
out:
    pld_free(name);
    pld_free(known);
    return status;
}

void pld_links_forget(pld_file *file)
{
    while (file->scales != NULL) {
        struct pld_scale_known *known = file->scales;
        file->scales = known->next;
        pld_free((char *)known->key.name);
        pld_free(known->backs);
        pld_free(known);
    }
}

/* --- Links ---------------------------------------------------------------- */

static pld_status make_room(struct pld_scale_known *known)
{
    struct back *backs = NULL;
    if (known->nbacks < known->room)
        return PLD_OK;
    int64_t room = known->room == 0 ? 16 : 2 * known->room;
    PLD_TRY(pld_alloc("links of a scale", room, sizeof *backs, &backs));
    if (known->nbacks > 0)
        memcpy(backs, known->backs, (size_t)known->nbacks * sizeof *backs);
    pld_free(known->backs);
    known->backs = backs;
    known->room = room;
    return PLD_OK;
}

static pld_status add_back(struct pld_scale_known *known, hobj_ref_t variable,
                           int dimension)
{
    PLD_TRY(make_room(known));
    known->backs[known->nbacks++] =
        (struct back){.variable = variable, .dimension = dimension};
    return PLD_OK;
}

/* One list of one reference for each dimension. */
static pld_status put_list(hid_t dataset, int ndims,
                           struct pld_scale_known *const *scales)
{
    pld_status status = PLD_OK;
    hvl_t lists[H5S_MAX_RANK];
    hsize_t length = (hsize_t)ndims;
    hid_t type = H5Tvlen_create(H5T_STD_REF_OBJ);
    hid_t space = H5Screate_simple(1, &length, NULL);
    for (int d = 0; d < ndims; d++)
        lists[d] = (hvl_t){.len = 1, .p = &scales[d]->place};
    PLD_TRY_TO(out, pld_attribute_put(dataset, "DIMENSION_LIST", type, space,
                                      type, lists));
out:
    pld_h5_close(space);
    pld_h5_close(type);
    return status;
}

pld_status pld_links_make(hid_t dataset, int ndims,
                          struct pld_scale_known *const *scales)
{
    hobj_ref_t own;
    PLD_TRY(put_list(dataset, ndims, scales));
    PLD_H5(PLD_ERR_IO, H5Rcreate(&own, dataset, ".", H5R_OBJECT, -1),
           "cannot refer to a variable");
    for (int d = 0; d < ndims; d++)
        PLD_TRY(add_back(scales[d], own, d));
    return PLD_OK;
}

void pld_links_drop(pld_file *file, const char *name)
{
    hobj_ref_t gone;
    if (H5Rcreate(&gone, file->id, name, H5R_OBJECT, -1) < 0)
        return;
    for (struct pld_scale_known *known = file->scales; known != NULL;
         known = known->next) {
        int64_t kept = 0;
        for (int64_t i = 0; i < known->nbacks; i++)
            if (known->backs[i].variable != gone)
                known->backs[kept++] = known->backs[i];
        known->nbacks = kept;
    }
}

/* --- References ----------------------------------------------------------- */

static hid_t back_type(void)
{
    hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(struct back));
    H5Tinsert(type, "dataset", HOFFSET(struct back, variable), H5T_STD_REF_OBJ);
    H5Tinsert(type, "dimension", HOFFSET(struct back, dimension),
              H5T_STD_I32LE);
    return type;
}

static const char list_name[] = "REFERENCE_LIST";

/* What the list has already, with room for more. */
static pld_status read_list(hid_t scale, int64_t more, int64_t *n,
                            struct back **out)
{
    pld_status status = PLD_OK;
    hid_t id = H5I_INVALID_HID;
    hid_t space = H5I_INVALID_HID;
    hid_t type = back_type();
    *n = 0;
    if (H5Aexists(scale, list_name) > 0) {
        id = H5Aopen(scale, list_name, H5P_DEFAULT);
        space = H5Aget_space(id);
        *n = H5Sget_simple_extent_npoints(space);
        PLD_H5_TO(out, PLD_ERR_CORRUPT, *n, "%s is damaged", list_name);
    }
    PLD_TRY_TO(out,
               pld_alloc("links of a scale", *n + more, sizeof **out, out));
    if (*n > 0)
        PLD_H5_TO(out, PLD_ERR_IO, H5Aread(id, type, *out), "cannot read %s",
                  list_name);
out:
    pld_h5_close(type);
    pld_h5_close(space);
    pld_h5_close(id);
    return status;
}

static pld_status write_list(hid_t scale, int64_t n, const struct back *backs)
{
    hsize_t length = (hsize_t)n;
    hid_t type = back_type();
    hid_t space = H5Screate_simple(1, &length, NULL);
    pld_status status =
        pld_attribute_put(scale, list_name, type, space, type, backs);
    pld_h5_close(space);
    pld_h5_close(type);
    return status;
}

static pld_status settle_one(const pld_file *file,
                             struct pld_scale_known *known)
{
    pld_status status = PLD_OK;
    int64_t n = 0;
    struct back *all = NULL;
    hid_t scale =
        H5Rdereference2(file->id, H5P_DEFAULT, H5R_OBJECT, &known->place);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, scale, "cannot open dimension '%s'",
              known->key.name);
    PLD_TRY_TO(out, read_list(scale, known->nbacks, &n, &all));
    memcpy(all + n, known->backs, (size_t)known->nbacks * sizeof *all);
    PLD_TRY_TO(out, write_list(scale, n + known->nbacks, all));
    known->nbacks = 0;
out:
    pld_free(all);
    pld_h5_close(scale);
    return status;
}

pld_status pld_links_settle(pld_file *file)
{
    if (file->id < 0 || file->broken)
        return PLD_OK;
    for (struct pld_scale_known *known = file->scales; known != NULL;
         known = known->next)
        if (known->nbacks > 0)
            PLD_TRY(settle_one(file, known));
    return PLD_OK;
}
