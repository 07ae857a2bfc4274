#include "io/handle.h"
#include "io/driver.h"
#include "io/links.h"
#include "io/preflight.h"

/* Numbers of this size and more begin at a page, so that ranks of two nodes
 * need not write to the same one. */
#define ALIGNED_BYTES ((hsize_t)64 << 10)
#define PAGE_BYTES ((hsize_t)4 << 10)

/* Version 1.8 of the format is read everywhere and is the oldest with checksums
 * of metadata; `newest` is for files that others wrote. */
static pld_status make_access(H5F_libver_t newest, hid_t *out)
{
    pld_status status = PLD_OK;
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    PLD_H5_TO(out, PLD_ERR_INTERNAL, list, "no file access list");
    PLD_H5_TO(out, PLD_ERR_INTERNAL,
              H5Pset_libver_bounds(list, H5F_LIBVER_V18, newest),
              "HDF5 cannot write version 1.8 files");
    PLD_H5_TO(out, PLD_ERR_INTERNAL,
              H5Pset_alignment(list, ALIGNED_BYTES, PAGE_BYTES),
              "HDF5 cannot align numbers to pages");
    *out = list;
    list = H5I_INVALID_HID;
out:
    pld_h5_close(list);
    return status;
}

/* There is no lock of HDF5's own: it would keep others from looking, and is not
 * heeded by MPI-IO. See lock.h for ours. */
static pld_status make_serial_access(pld_file *file, H5F_libver_t newest,
                                     hid_t *out)
{
    pld_status status = PLD_OK;
    hid_t list = H5I_INVALID_HID;
    PLD_TRY(make_access(newest, &list));
    PLD_TRY_TO(out, pld_driver_choose(list, &file->trouble));
    *out = list;
    return PLD_OK;
out:
    pld_h5_close(list);
    return status;
}

/* Metadata is read by one rank for all. It is not written together: MPI-IO's
 * buffers then leave in the gaps what memory held. */
static pld_status make_shared_access(pld_ctx *ctx, hid_t *out)
{
    pld_status status = PLD_OK;
    hid_t list = H5I_INVALID_HID;
    PLD_TRY_TO(out, make_access(H5F_LIBVER_LATEST, &list));
    PLD_H5_TO(out, PLD_ERR_INTERNAL,
              H5Pset_fapl_mpio(list, ctx->comm, MPI_INFO_NULL),
              "HDF5 cannot use MPI");
    PLD_H5_TO(out, PLD_ERR_INTERNAL, H5Pset_all_coll_metadata_ops(list, true),
              "HDF5 cannot read metadata together");
    *out = list;
    list = H5I_INVALID_HID;
out:
    pld_h5_close(list);
    return status;
}

/* netCDF-4 wants the order of creation; time stamps would make every file
 * another one. */
static pld_status make_creation(hid_t *out)
{
    pld_status status = PLD_OK;
    const unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t list = H5Pcreate(H5P_FILE_CREATE);
    PLD_H5_TO(out, PLD_ERR_INTERNAL, list, "no file creation list");
    PLD_H5_TO(out, PLD_ERR_INTERNAL, H5Pset_obj_track_times(list, false),
              "HDF5 cannot leave out time stamps");
    PLD_H5_TO(out, PLD_ERR_INTERNAL, H5Pset_link_creation_order(list, order),
              "HDF5 cannot keep the order of variables");
    PLD_H5_TO(out, PLD_ERR_INTERNAL, H5Pset_attr_creation_order(list, order),
              "HDF5 cannot keep the order of attributes");
    *out = list;
    list = H5I_INVALID_HID;
out:
    pld_h5_close(list);
    return status;
}

pld_status pld_handle_create(pld_file *file)
{
    pld_status status = PLD_OK;
    hid_t access = H5I_INVALID_HID;
    hid_t creation = H5I_INVALID_HID;
    PLD_TRY_TO(out, make_serial_access(file, H5F_LIBVER_V18, &access));
    PLD_TRY_TO(out, make_creation(&creation));
    file->id = H5Fcreate(file->path, H5F_ACC_TRUNC, creation, access);
    PLD_H5_TO(out, PLD_ERR_IO, file->id, "cannot create '%s'", file->path);
    PLD_TRY_TO(out, pld_trouble_check(&file->trouble, file->path));
out:
    pld_h5_close(creation);
    pld_h5_close(access);
    return status;
}

static unsigned mode_of(const pld_file *file)
{
    return file->writable ? H5F_ACC_RDWR : H5F_ACC_RDONLY;
}

/* What POSIX finds wrong is told before; what is left is damage. */
pld_status pld_handle_open(pld_file *file)
{
    pld_status status = PLD_OK;
    hid_t access = H5I_INVALID_HID;
    PLD_TRY_TO(out, make_serial_access(file, H5F_LIBVER_LATEST, &access));
    file->id = H5Fopen(file->path, mode_of(file), access);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, file->id, "cannot open '%s'", file->path);
out:
    pld_h5_close(access);
    return status;
}

static pld_status close_one(pld_file *file, hid_t *id)
{
    hid_t old = *id;
    *id = H5I_INVALID_HID;
    if (old >= 0)
        PLD_H5(PLD_ERR_IO, H5Fclose(old), "cannot close '%s'", file->path);
    return PLD_OK;
}

pld_status pld_handle_close(pld_file *file)
{
    pld_status settled = pld_links_settle(file);
    if (file->id >= 0)
        pld_reserve_let_go(&file->reserve);
    PLD_TRY(close_one(file, &file->id));
    PLD_TRY(settled);
    return pld_trouble_check(&file->trouble, file->path);
}

pld_status pld_handle_share(pld_file *file)
{
    pld_status status = PLD_OK;
    hid_t access = H5I_INVALID_HID;
    PLD_TRY_TO(out, make_shared_access(file->ctx, &access));
    file->shared = H5Fopen(file->path, mode_of(file), access);
    PLD_H5_TO(out, PLD_ERR_IO, file->shared, "cannot open '%s' through MPI",
              file->path);
out:
    pld_h5_close(access);
    return status;
}

/* When writing has failed, HDF5 does not come back from closing: what is open
 * stays so. */
pld_status pld_handle_unshare(pld_file *file)
{
    if (file->broken)
        file->shared = H5I_INVALID_HID;
    return close_one(file, &file->shared);
}
