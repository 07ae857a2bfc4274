#include "polder/file.h"
#include "io/attribute.h"
#include "io/check.h"
#include "io/variable.h"

#include "base/alloc.h"
#include "base/overflow.h"
#include "par/message.h"
#include "polder/agree.h"

#include <stdlib.h>
#include <string.h>

/* What an attribute call is about. */
struct subject {
    const char *variable; /* NULL: the file */
    const char *name;
};

static const char *owner(const struct subject *subject)
{
    return subject->variable != NULL ? subject->variable : "/";
}

static pld_status check_subject(pld_file *file, const struct subject *subject)
{
    int whole = subject->variable == NULL;
    PLD_TRY(pld_agree_same(file->ctx, "variable", &whole, sizeof whole));
    if (!whole)
        PLD_TRY(
            pld_io_check_name(file->ctx, "variable", subject->variable, true));
    return pld_io_check_name(file->ctx, "attribute", subject->name, true);
}

static pld_status open_owner(const pld_file *file,
                             const struct subject *subject, hid_t *out)
{
    if (subject->variable != NULL)
        return pld_variable_open(file, subject->variable, out);
    *out = H5Oopen(file->id, "/", H5P_DEFAULT);
    PLD_H5(PLD_ERR_CORRUPT, *out, "cannot open '%s'", file->path);
    return PLD_OK;
}

/* --- Writing -------------------------------------------------------------- */

pld_status pld_attribute_put(hid_t object, const char *name, hid_t stored,
                             hid_t space, hid_t memory, const void *values)
{
    pld_status status = PLD_OK;
    hid_t id = H5I_INVALID_HID;
    if (H5Aexists(object, name) > 0)
        PLD_H5(PLD_ERR_IO, H5Adelete(object, name),
               "cannot replace attribute '%s'", name);
    id = H5Acreate2(object, name, stored, space, H5P_DEFAULT, H5P_DEFAULT);
    PLD_H5_TO(out, PLD_ERR_IO, id, "cannot create attribute '%s'", name);
    PLD_H5_TO(out, PLD_ERR_IO, H5Awrite(id, memory, values),
              "cannot write attribute '%s'", name);
out:
    pld_h5_close(id);
    return status;
}

/* A text of fixed length, ended by a zero: every reader knows these. */
pld_status pld_attribute_put_text(hid_t object, const char *name,
                                  const char *text)
{
    pld_status status = PLD_OK;
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t type = H5Tcopy(H5T_C_S1);
    PLD_H5_TO(out, PLD_ERR_MEMORY, H5Tset_size(type, strlen(text) + 1),
              "no type for a text");
    PLD_H5_TO(out, PLD_ERR_MEMORY, H5Tset_cset(type, H5T_CSET_UTF8),
              "no type for a text");
    PLD_TRY_TO(out, pld_attribute_put(object, name, type, space, type, text));
out:
    pld_h5_close(type);
    pld_h5_close(space);
    return status;
}

pld_status pld_attribute_put_numbers(hid_t object, const char *name,
                                     pld_type type, int64_t count,
                                     const void *values)
{
    pld_status status = PLD_OK;
    hid_t stored = H5I_INVALID_HID;
    hid_t memory = H5I_INVALID_HID;
    hsize_t length = (hsize_t)count;
    hid_t space =
        count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &length, NULL);
    PLD_TRY_TO(out, pld_h5_file_type(type, &stored));
    PLD_TRY_TO(out, pld_h5_memory_type(type, &memory));
    PLD_TRY_TO(out,
               pld_attribute_put(object, name, stored, space, memory, values));
out:
    pld_h5_close(memory);
    pld_h5_close(stored);
    pld_h5_close(space);
    return status;
}

static pld_status check_numbers(pld_type type, int64_t count,
                                const void *values, int64_t *bytes)
{
    PLD_CHECK(pld_type_size(type) > 0, PLD_ERR_ARG, "type %d is not a type",
              (int)type);
    PLD_CHECK(count >= 1, PLD_ERR_ARG,
              "count is %lld: an attribute has at least 1 number",
              (long long)count);
    PLD_CHECK(values != NULL, PLD_ERR_ARG, "the numbers are NULL");
    PLD_CHECK(pld_mul_fits(count, (int64_t)pld_type_size(type), bytes),
              PLD_ERR_OVERFLOW, "count is %lld: too many for an attribute",
              (long long)count);
    return PLD_OK;
}

static pld_status agree_numbers(pld_file *file, pld_type type, int64_t count,
                                const void *values, int64_t *bytes)
{
    pld_status status = check_numbers(type, count, values, bytes);
    PLD_TRY(pld_agree(file->ctx, status));
    PLD_TRY(pld_agree_same(file->ctx, "type", &type, sizeof type));
    return pld_agree_same(file->ctx, "count", &count, sizeof count);
}

static pld_status put_numbers_of(pld_file *file, const struct subject *subject,
                                 pld_type type, int64_t count, int64_t bytes,
                                 const void *values)
{
    hid_t object = H5I_INVALID_HID;
    PLD_TRY(pld_file_check_space(file, bytes));
    PLD_TRY(open_owner(file, subject, &object));
    pld_status status =
        pld_attribute_put_numbers(object, subject->name, type, count, values);
    pld_h5_close(object);
    return status;
}

static pld_status write_numbers(pld_file *file, const struct subject *subject,
                                pld_type type, int64_t count,
                                const void *values)
{
    pld_status status = PLD_OK;
    int64_t bytes = 0;
    PLD_TRY(pld_agree(file->ctx, pld_file_check_writable(file)));
    PLD_TRY(check_subject(file, subject));
    PLD_TRY(agree_numbers(file, type, count, values, &bytes));
    PLD_TRY(pld_agree_same(file->ctx, "values of the attribute", values,
                           (size_t)bytes));
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = put_numbers_of(file, subject, type, count, bytes, values);
    return pld_agree(file->ctx, status);
}

pld_status pld_file_write_attribute(pld_file *file, const char *variable,
                                    const char *name, pld_type type,
                                    int64_t count, const void *values)
{
    PLD_TRY(pld_file_check(file));
    struct subject subject = {variable, name};
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(
        pld_io_end(&call, write_numbers(file, &subject, type, count, values)));
    return PLD_OK;
}

static pld_status put_text_of(pld_file *file, const struct subject *subject,
                              const char *text)
{
    hid_t object = H5I_INVALID_HID;
    PLD_TRY(pld_file_check_space(file, (int64_t)strlen(text)));
    PLD_TRY(open_owner(file, subject, &object));
    pld_status status = pld_attribute_put_text(object, subject->name, text);
    pld_h5_close(object);
    return status;
}

static pld_status write_text(pld_file *file, const struct subject *subject,
                             const char *text)
{
    pld_status status = PLD_OK;
    PLD_TRY(pld_agree(file->ctx, pld_file_check_writable(file)));
    PLD_TRY(check_subject(file, subject));
    PLD_TRY(pld_io_check_pointer(file->ctx, "text", text));
    PLD_TRY(pld_agree_same(file->ctx, "text", text, strlen(text)));
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = put_text_of(file, subject, text);
    return pld_agree(file->ctx, status);
}

pld_status pld_file_write_text(pld_file *file, const char *variable,
                               const char *name, const char *text)
{
    PLD_TRY(pld_file_check(file));
    struct subject subject = {variable, name};
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, write_text(file, &subject, text)));
    return PLD_OK;
}

/* --- Reading -------------------------------------------------------------- */

/* An attribute that is there, opened. */
struct found {
    hid_t id;
    hid_t stored;
    int64_t count;
    char words[PLD_H5_WORDS];
};

static pld_status find(const pld_file *file, const struct subject *subject,
                       struct found *found)
{
    pld_status status = PLD_OK;
    hid_t object = H5I_INVALID_HID;
    hid_t space = H5I_INVALID_HID;
    *found = (struct found){H5I_INVALID_HID, H5I_INVALID_HID, 0, ""};
    PLD_TRY_TO(out, open_owner(file, subject, &object));
    htri_t there = H5Aexists(object, subject->name);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, there,
              "cannot look for attribute '%s' of '%s' in '%s'", subject->name,
              owner(subject), file->path);
    PLD_CHECK_TO(out, there > 0, PLD_ERR_NOENT,
                 "'%s' in '%s' has no attribute '%s'", owner(subject),
                 file->path, subject->name);
    found->id = H5Aopen(object, subject->name, H5P_DEFAULT);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, found->id, "cannot open attribute '%s'",
              subject->name);
    found->stored = H5Aget_type(found->id);
    space = H5Aget_space(found->id);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, space, "attribute '%s' has no shape",
              subject->name);
    found->count = H5Sget_simple_extent_npoints(space);
    pld_h5_words(found->stored, found->words);
out:
    pld_h5_close(space);
    pld_h5_close(object);
    return status;
}

static void let_go(struct found *found)
{
    pld_h5_close(found->stored);
    pld_h5_close(found->id);
}

static pld_status get_numbers(const pld_file *file,
                              const struct subject *subject, pld_type type,
                              int64_t count, void *out_values)
{
    pld_status status = PLD_OK;
    struct found found;
    hid_t memory = H5I_INVALID_HID;
    PLD_TRY_TO(out, find(file, subject, &found));
    PLD_CHECK_TO(out, found.count == count, PLD_ERR_SHAPE,
                 "attribute '%s' of '%s' has %lld numbers, %lld are asked for",
                 subject->name, owner(subject), (long long)found.count,
                 (long long)count);
    PLD_CHECK_TO(out, pld_h5_holds(type, found.stored), PLD_ERR_TYPE,
                 "attribute '%s' of '%s' has %s, which %s does not hold",
                 subject->name, owner(subject), found.words,
                 pld_type_name(type));
    PLD_TRY_TO(out, pld_h5_memory_type(type, &memory));
    PLD_H5_TO(out, PLD_ERR_IO, H5Aread(found.id, memory, out_values),
              "cannot read attribute '%s'", subject->name);
out:
    pld_h5_close(memory);
    let_go(&found);
    return status;
}

static pld_status read_numbers(pld_file *file, const struct subject *subject,
                               pld_type type, int64_t count, void *values)
{
    pld_status status = PLD_OK;
    int64_t bytes = 0;
    PLD_TRY(check_subject(file, subject));
    PLD_TRY(agree_numbers(file, type, count, values, &bytes));
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = get_numbers(file, subject, type, count, values);
    PLD_TRY(pld_agree(file->ctx, status));
    return pld_broadcast(file->ctx, values, bytes, 0);
}

pld_status pld_file_read_attribute(pld_file *file, const char *variable,
                                   const char *name, pld_type type,
                                   int64_t count, void *out)
{
    PLD_TRY(pld_file_check(file));
    struct subject subject = {variable, name};
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, read_numbers(file, &subject, type, count, out)));
    return PLD_OK;
}

static pld_status hand_over(const struct subject *subject, const char *text,
                            int64_t size, char *out)
{
    int64_t needed = (int64_t)strlen(text) + 1;
    PLD_CHECK(needed <= size, PLD_ERR_OVERFLOW,
              "attribute '%s' of '%s' needs %lld bytes, size is %lld",
              subject->name, owner(subject), (long long)needed,
              (long long)size);
    memcpy(out, text, (size_t)needed);
    return PLD_OK;
}

/* A type for reading texts of a stored type into memory. */
static pld_status make_text_type(hid_t stored, size_t size, hid_t *out)
{
    *out = H5Tcopy(H5T_C_S1);
    PLD_H5(PLD_ERR_MEMORY, H5Tset_size(*out, size), "no type for a text");
    PLD_H5(PLD_ERR_MEMORY, H5Tset_cset(*out, H5Tget_cset(stored)),
           "no type for a text");
    return PLD_OK;
}

static pld_status get_fixed(const struct found *found,
                            const struct subject *subject, int64_t size,
                            char *out_text)
{
    pld_status status = PLD_OK;
    char *text = NULL;
    hid_t memory = H5I_INVALID_HID;
    size_t room = H5Tget_size(found->stored) + 1;
    PLD_TRY_TO(out, pld_alloc("text", (int64_t)room, 1, &text));
    PLD_TRY_TO(out, make_text_type(found->stored, room, &memory));
    PLD_H5_TO(out, PLD_ERR_IO, H5Aread(found->id, memory, text),
              "cannot read attribute '%s'", subject->name);
    PLD_TRY_TO(out, hand_over(subject, text, size, out_text));
out:
    pld_h5_close(memory);
    pld_free(text);
    return status;
}

/* HDF5 allocates these with malloc. */
static pld_status get_variable(const struct found *found,
                               const struct subject *subject, int64_t size,
                               char *out_text)
{
    pld_status status = PLD_OK;
    char *text = NULL;
    hid_t memory = H5I_INVALID_HID;
    PLD_TRY_TO(out, make_text_type(found->stored, H5T_VARIABLE, &memory));
    PLD_H5_TO(out, PLD_ERR_IO, H5Aread(found->id, memory, &text),
              "cannot read attribute '%s'", subject->name);
    PLD_TRY_TO(out,
               hand_over(subject, text != NULL ? text : "", size, out_text));
out:
    pld_h5_close(memory);
    free(text);
    return status;
}

static pld_status get_text(const pld_file *file, const struct subject *subject,
                           int64_t size, char *out_text)
{
    pld_status status = PLD_OK;
    struct found found;
    PLD_TRY_TO(out, find(file, subject, &found));
    PLD_CHECK_TO(out, H5Tget_class(found.stored) == H5T_STRING, PLD_ERR_TYPE,
                 "attribute '%s' of '%s' has %s, not a text", subject->name,
                 owner(subject), found.words);
    PLD_CHECK_TO(out, found.count == 1, PLD_ERR_SHAPE,
                 "attribute '%s' of '%s' has %lld texts, not one",
                 subject->name, owner(subject), (long long)found.count);
    bool fixed = H5Tis_variable_str(found.stored) == 0;
    status = fixed ? get_fixed(&found, subject, size, out_text)
                   : get_variable(&found, subject, size, out_text);
out:
    let_go(&found);
    return status;
}

static pld_status read_text(pld_file *file, const struct subject *subject,
                            int64_t size, char *text)
{
    pld_status status = PLD_OK;
    int64_t bytes = 0;
    PLD_TRY(check_subject(file, subject));
    PLD_TRY(pld_io_check_pointer(file->ctx, "out", text));
    PLD_TRY(pld_agree_same(file->ctx, "size", &size, sizeof size));
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = get_text(file, subject, size, text);
    PLD_TRY(pld_agree(file->ctx, status));
    bytes = pld_file_leads(file) ? (int64_t)strlen(text) + 1 : 0;
    PLD_TRY(pld_broadcast(file->ctx, &bytes, (int64_t)sizeof bytes, 0));
    return pld_broadcast(file->ctx, text, bytes, 0);
}

pld_status pld_file_read_text(pld_file *file, const char *variable,
                              const char *name, int64_t size, char *out)
{
    PLD_TRY(pld_file_check(file));
    struct subject subject = {variable, name};
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, read_text(file, &subject, size, out)));
    return PLD_OK;
}
