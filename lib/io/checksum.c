#include "io/checksum.h"
#include "io/attribute.h"
#include "io/variable.h"

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/overflow.h"
#include "polder/agree.h"

#include <limits.h>
#include <string.h>

#define FOLDER "polder/crc"

/* --- Adding up ---------------------------------------------------------------
 */

static const int64_t zero = 0;

pld_status pld_checksum_begin(const struct pld_stored *stored, int64_t block,
                              struct pld_checksum *out)
{
    const struct pld_bricks *bricks = &stored->bricks;
    *out = (struct pld_checksum){.whole = *bricks, .block = block};
    memcpy(out->whole.brick, bricks->size, sizeof out->whole.brick);
    out->whole.places = &zero;
    PLD_TRY(pld_size_product("bytes of a variable", PLD_MAXDIM + 1,
                             (const int64_t[]){bricks->size[0], bricks->size[1],
                                               bricks->size[2], bricks->point},
                             &out->bytes));
    out->nblocks = (out->bytes + block - 1) / block;
    PLD_CHECK(out->nblocks <= INT_MAX, PLD_ERR_OVERFLOW,
              "%lld blocks are too many for checksums",
              (long long)out->nblocks);
    return pld_alloc("checksums", out->nblocks, sizeof *out->blocks,
                     &out->blocks);
}

void pld_checksum_free(struct pld_checksum *checksum)
{
    pld_free(checksum->blocks);
    checksum->blocks = NULL;
}

static int64_t length_of(const struct pld_checksum *checksum, int64_t i)
{
    int64_t rest = checksum->bytes - i * checksum->block;
    return rest < checksum->block ? rest : checksum->block;
}

static void add_run(struct pld_checksum *checksum, int64_t place,
                    const char *data, int64_t bytes)
{
    while (bytes > 0) {
        int64_t i = place / checksum->block;
        int64_t rest = i * checksum->block + length_of(checksum, i) - place;
        int64_t n = bytes < rest ? bytes : rest;
        uint32_t part = pld_crc32c_part(data, (size_t)n);
        checksum->blocks[i] ^= pld_crc32c_move(part, rest - n);
        place += n;
        data += n;
        bytes -= n;
    }
}

void pld_checksum_add(struct pld_checksum *checksum, pld_box piece,
                      const void *data)
{
    if (checksum == NULL || pld_box_empty(piece))
        return;
    struct pld_brick brick = {.part = piece};
    struct pld_runs runs = pld_brick_runs(&checksum->whole, piece);
    for (int64_t i = 0; i < runs.count; i++)
        add_run(checksum, pld_brick_run(&checksum->whole, &brick, piece, i),
                (const char *)data + i * runs.bytes, runs.bytes);
}

pld_status pld_checksum_join(pld_ctx *ctx, struct pld_checksum *checksum)
{
    bool first = ctx->rank == 0;
    PLD_TRY_MPI(MPI_Reduce(first ? MPI_IN_PLACE : checksum->blocks,
                           first ? checksum->blocks : NULL,
                           (int)checksum->nblocks, MPI_UINT32_T, MPI_BXOR, 0,
                           ctx->comm));
    for (int64_t i = 0; i < checksum->nblocks && first; i++)
        checksum->blocks[i] =
            pld_crc32c_whole(checksum->blocks[i], length_of(checksum, i));
    return PLD_OK;
}

/* --- In the file -------------------------------------------------------------
 */

/* Of `name`, to be freed. */
static pld_status path_of(const char *name, char **out)
{
    size_t room = sizeof FOLDER "/" + strlen(name);
    PLD_TRY(pld_alloc("name", (int64_t)room, 1, out));
    strcpy(*out, FOLDER "/");
    strcat(*out, name);
    return PLD_OK;
}

/* Each group on the way is looked for: HDF5 asks for the last name alone. */
static pld_status exists(const pld_file *file, const char *path, bool *out)
{
    const char *const names[] = {"polder", FOLDER, path};
    *out = false;
    for (int i = 0; i < 3; i++) {
        htri_t there = H5Lexists(file->id, names[i], H5P_DEFAULT);
        PLD_H5(PLD_ERR_CORRUPT, there, "cannot look for '%s' in '%s'", names[i],
               file->path);
        if (there == 0)
            return PLD_OK;
    }
    *out = true;
    return PLD_OK;
}

/* Below 0 when there are none. */
static pld_status open_blocks(const pld_file *file, const char *name,
                              hid_t *out)
{
    pld_status status = PLD_OK;
    char *path = NULL;
    bool there = false;
    *out = H5I_INVALID_HID;
    PLD_TRY_TO(out, path_of(name, &path));
    PLD_TRY_TO(out, exists(file, path, &there));
    if (there)
        *out = H5Dopen2(file->id, path, H5P_DEFAULT);
    PLD_CHECK_TO(out, !there || *out >= 0, PLD_ERR_CORRUPT,
                 "cannot open the checksums of '%s' in '%s'", name, file->path);
out:
    pld_free(path);
    return status;
}

static pld_status read_block(const pld_file *file, const char *name,
                             hid_t dataset, int64_t *block)
{
    hid_t id = H5Aopen(dataset, "block_bytes", H5P_DEFAULT);
    herr_t result = id < 0 ? -1 : H5Aread(id, H5T_NATIVE_INT64, block);
    pld_h5_close(id);
    PLD_H5(PLD_ERR_CORRUPT, result,
           "checksums of '%s' in '%s' have no block_bytes", name, file->path);
    PLD_CHECK(*block > 0, PLD_ERR_CORRUPT,
              "checksums of '%s' in '%s' are of %lld bytes", name, file->path,
              (long long)*block);
    return PLD_OK;
}

pld_status pld_checksum_look(const pld_file *file, const char *name,
                             int64_t *block)
{
    hid_t dataset = H5I_INVALID_HID;
    pld_status status = PLD_OK;
    *block = 0;
    PLD_TRY(open_blocks(file, name, &dataset));
    if (dataset >= 0)
        status = read_block(file, name, dataset, block);
    pld_h5_close(dataset);
    return status;
}

pld_status pld_checksum_count(const pld_file *file, int64_t *count)
{
    bool there = false;
    H5G_info_t info;
    *count = 0;
    PLD_TRY(exists(file, FOLDER, &there));
    if (!there)
        return PLD_OK;
    PLD_H5(PLD_ERR_CORRUPT,
           H5Gget_info_by_name(file->id, FOLDER, &info, H5P_DEFAULT),
           "cannot count the checksums in '%s'", file->path);
    *count = (int64_t)info.nlinks;
    return PLD_OK;
}

pld_status pld_checksum_name(const pld_file *file, int64_t i, char *out,
                             int64_t *bytes)
{
    ssize_t length = H5Lget_name_by_idx(file->id, FOLDER, H5_INDEX_NAME,
                                        H5_ITER_INC, (hsize_t)i, out,
                                        out ? (size_t)*bytes : 0, H5P_DEFAULT);
    PLD_H5(PLD_ERR_CORRUPT, length, "cannot list the checksums in '%s'",
           file->path);
    *bytes = (int64_t)length + 1;
    return PLD_OK;
}

static pld_status make_folder(const pld_file *file, const char *path)
{
    pld_status status = PLD_OK;
    hid_t group = H5I_INVALID_HID;
    const unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    if (H5Lexists(file->id, path, H5P_DEFAULT) > 0)
        return PLD_OK;
    hid_t list = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_obj_track_times(list, false);
    H5Pset_link_creation_order(list, order);
    H5Pset_attr_creation_order(list, order);
    group = H5Gcreate2(file->id, path, H5P_DEFAULT, list, H5P_DEFAULT);
    PLD_H5_TO(out, PLD_ERR_IO, group, "cannot create '%s' in '%s'", path,
              file->path);
out:
    pld_h5_close(group);
    pld_h5_close(list);
    return status;
}

static pld_status create_blocks(const pld_file *file, const char *name,
                                const struct pld_checksum *checksum, hid_t *out)
{
    pld_status status = PLD_OK;
    char *path = NULL;
    struct pld_variable_plan plan = {
        .stored = H5T_STD_U32LE,
        .shape = {.ndims = 1, .size = {(hsize_t)checksum->nblocks}}};
    PLD_TRY(make_folder(file, "polder"));
    PLD_TRY(make_folder(file, FOLDER));
    PLD_TRY(path_of(name, &path));
    PLD_TRY_TO(out, pld_variable_create(file, path, &plan, out));
    PLD_TRY_TO(out, pld_attribute_put_numbers(*out, "block_bytes", PLD_I64, 1,
                                              &checksum->block));
    PLD_TRY_TO(out, pld_attribute_put_text(*out, "algorithm", "crc32c"));
out:
    pld_free(path);
    return status;
}

pld_status pld_checksum_put(const pld_file *file, const char *name,
                            const struct pld_checksum *checksum)
{
    pld_status status = PLD_OK;
    hid_t dataset = H5I_INVALID_HID;
    PLD_TRY(open_blocks(file, name, &dataset));
    if (dataset < 0)
        PLD_TRY_TO(out, create_blocks(file, name, checksum, &dataset));
    PLD_H5_TO(out, PLD_ERR_IO,
              H5Dwrite(dataset, H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL,
                       H5P_DEFAULT, checksum->blocks),
              "cannot write the checksums of '%s' to '%s'", name, file->path);
out:
    pld_h5_close(dataset);
    return status;
}

pld_status pld_checksum_drop(const pld_file *file, const char *name)
{
    pld_status status = PLD_OK;
    char *path = NULL;
    bool there = false;
    PLD_TRY_TO(out, path_of(name, &path));
    PLD_TRY_TO(out, exists(file, path, &there));
    if (there)
        PLD_H5_TO(out, PLD_ERR_IO, H5Ldelete(file->id, path, H5P_DEFAULT),
                  "cannot remove the checksums of '%s'", name);
out:
    pld_free(path);
    return status;
}

/* --- Comparing ---------------------------------------------------------------
 */

static pld_status read_blocks(const pld_file *file, const char *name,
                              int64_t nblocks, uint32_t *blocks)
{
    pld_status status = PLD_OK;
    struct pld_shape shape;
    hid_t dataset = H5I_INVALID_HID;
    PLD_TRY_TO(out, open_blocks(file, name, &dataset));
    PLD_TRY_TO(out, pld_variable_shape(dataset, &shape));
    PLD_CHECK_TO(out, shape.ndims == 1 && shape.size[0] == (hsize_t)nblocks,
                 PLD_ERR_CORRUPT, "'%s' in '%s' has checksums of another size",
                 name, file->path);
    PLD_H5_TO(out, PLD_ERR_CORRUPT,
              H5Dread(dataset, H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                      blocks),
              "cannot read the checksums of '%s' in '%s'", name, file->path);
out:
    pld_h5_close(dataset);
    return status;
}

static pld_status compare(const pld_file *file, const char *name,
                          const struct pld_checksum *checksum,
                          const uint32_t *there)
{
    int64_t slice = checksum->bytes / checksum->whole.size[0];
    for (int64_t i = 0; i < checksum->nblocks; i++) {
        int64_t first = i * checksum->block;
        int64_t last = first + length_of(checksum, i) - 1;
        PLD_CHECK(there[i] == checksum->blocks[i], PLD_ERR_CORRUPT,
                  "'%s' in '%s' is damaged: block %lld, in which its slices "
                  "%lld to %lld lie, is not what was written",
                  name, file->path, (long long)i, (long long)(first / slice),
                  (long long)(last / slice));
    }
    return PLD_OK;
}

static pld_status compare_with_file(const pld_file *file, const char *name,
                                    const struct pld_checksum *checksum)
{
    pld_status status = PLD_OK;
    uint32_t *there = NULL;
    PLD_TRY_TO(
        out, pld_alloc("checksums", checksum->nblocks, sizeof *there, &there));
    PLD_TRY_TO(out, read_blocks(file, name, checksum->nblocks, there));
    PLD_TRY_TO(out, compare(file, name, checksum, there));
out:
    pld_free(there);
    return status;
}

pld_status pld_checksum_agree(pld_file *file, const char *name,
                              struct pld_checksum *checksum)
{
    pld_status status = PLD_OK;
    PLD_TRY(pld_checksum_join(file->ctx, checksum));
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = compare_with_file(file, name, checksum);
    return pld_agree(file->ctx, status);
}
