#include "io/driver.h"
#include "io/preflight.h"
#include "io/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

/* What HDF5 copies along with the access list. */
struct choice {
    struct pld_trouble *trouble;
};

struct opened {
    H5FD_t open; /* HDF5's part, first */
    struct pld_trouble *trouble;
    int fd;
    haddr_t end_used; /* of what HDF5 has given out */
    haddr_t end;      /* of the file */
    dev_t device;
    ino_t inode;
};

static void note(struct opened *file, int code)
{
    if (code != 0 && file->trouble->code == 0)
        file->trouble->code = code;
}

/* --- Opening and closing ---------------------------------------------------
 */

static int posix_flags(unsigned flags)
{
    int mode = flags & H5F_ACC_RDWR ? O_RDWR : O_RDONLY;
    mode |= flags & H5F_ACC_TRUNC ? O_TRUNC : 0;
    mode |= flags & H5F_ACC_CREAT ? O_CREAT : 0;
    return mode | (flags & H5F_ACC_EXCL ? O_EXCL : 0) | O_CLOEXEC;
}

static H5FD_t *say_why(const char *what)
{
    H5Epush2(H5E_DEFAULT, __FILE__, __func__, __LINE__, H5E_ERR_CLS, H5E_IO,
             H5E_NONE_MINOR, "%s: %s", what, strerror(errno));
    return NULL;
}

static H5FD_t *open_file(const char *name, unsigned flags, hid_t access,
                         haddr_t most)
{
    const struct choice *choice = H5Pget_driver_info(access);
    struct opened *file = NULL;
    struct stat info;
    (void)most;
    if (!choice || pld_alloc("file", 1, sizeof *file, &file) != PLD_OK)
        return NULL;
    file->trouble = choice->trouble;
    file->fd = open(name, posix_flags(flags), 0666);
    if (file->fd < 0 || fstat(file->fd, &info) != 0) {
        H5FD_t *none = say_why("cannot open");
        if (file->fd >= 0)
            close(file->fd);
        pld_free(file);
        return none;
    }
    file->end = (haddr_t)info.st_size;
    file->device = info.st_dev;
    file->inode = info.st_ino;
    return &file->open;
}

static herr_t close_file(H5FD_t *open)
{
    struct opened *file = (struct opened *)open;
    note(file, close(file->fd) == 0 ? 0 : errno);
    pld_free(file);
    return 0;
}

static int compare(const H5FD_t *left, const H5FD_t *right)
{
    const struct opened *a = (const struct opened *)left;
    const struct opened *b = (const struct opened *)right;
    if (a->device != b->device)
        return a->device < b->device ? -1 : 1;
    return (a->inode > b->inode) - (a->inode < b->inode);
}

/* Those of HDF5's own driver, for the files to be the same. */
static herr_t query(const H5FD_t *open, unsigned long *flags)
{
    (void)open;
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA |
             H5FD_FEAT_DATA_SIEVE | H5FD_FEAT_AGGREGATE_SMALLDATA;
    return 0;
}

/* --- Lengths ----------------------------------------------------------------
 */

static haddr_t get_end_used(const H5FD_t *open, H5FD_mem_t type)
{
    (void)type;
    return ((const struct opened *)open)->end_used;
}

static herr_t set_end_used(H5FD_t *open, H5FD_mem_t type, haddr_t end)
{
    (void)type;
    ((struct opened *)open)->end_used = end;
    return 0;
}

static haddr_t get_end(const H5FD_t *open, H5FD_mem_t type)
{
    (void)type;
    return ((const struct opened *)open)->end;
}

static herr_t get_handle(H5FD_t *open, hid_t access, void **handle)
{
    (void)access;
    *handle = &((struct opened *)open)->fd;
    return 0;
}

static herr_t cut(H5FD_t *open, hid_t list, hbool_t closing)
{
    struct opened *file = (struct opened *)open;
    (void)list;
    (void)closing;
    if (file->end == file->end_used)
        return 0;
    note(file, ftruncate(file->fd, (off_t)file->end_used) == 0 ? 0 : errno);
    file->end = file->end_used;
    return 0;
}

/* --- Bytes ------------------------------------------------------------------
 */

/* What lies beyond the end is zero. */
static herr_t read_bytes(H5FD_t *open, H5FD_mem_t type, hid_t list,
                         haddr_t place, size_t bytes, void *out)
{
    const struct opened *file = (const struct opened *)open;
    (void)type;
    (void)list;
    int64_t n = pld_raw_get(file->fd, out, (int64_t)bytes, (int64_t)place);
    if (n < 0) {
        say_why("cannot read");
        return -1;
    }
    memset((char *)out + n, 0, bytes - (size_t)n);
    return 0;
}

static herr_t write_bytes(H5FD_t *open, H5FD_mem_t type, hid_t list,
                          haddr_t place, size_t bytes, const void *data)
{
    struct opened *file = (struct opened *)open;
    haddr_t last = place + bytes;
    (void)type;
    (void)list;
    note(file, pld_raw_put(file->fd, data, (int64_t)bytes, (int64_t)place));
    file->end = last > file->end ? last : file->end;
    return 0;
}

/* --- Using it ---------------------------------------------------------------
 */

/* Numbers from 512 on are free for all to use. */
static const H5FD_class_t driver = {
#ifdef H5FD_CLASS_VERSION
    .version = H5FD_CLASS_VERSION,
    .value = (H5FD_class_value_t)741,
#endif
    .name = "polder",
    .maxaddr = ((haddr_t)1 << 62) - 1,
    .fc_degree = H5F_CLOSE_WEAK,
    .fapl_size = sizeof(struct choice),
    .open = open_file,
    .close = close_file,
    .cmp = compare,
    .query = query,
    .get_eoa = get_end_used,
    .set_eoa = set_end_used,
    .get_eof = get_end,
    .get_handle = get_handle,
    .read = read_bytes,
    .write = write_bytes,
    .truncate = cut,
    .fl_map = H5FD_FLMAP_DICHOTOMY};

pld_status pld_driver_choose(hid_t access, struct pld_trouble *trouble)
{
    static hid_t id = H5I_INVALID_HID;
    const struct choice choice = {.trouble = trouble};
    /* HDF5 may have been ended and begun anew by the program. */
    if (id < 0 || H5Iis_valid(id) <= 0)
        id = H5FDregister(&driver);
    PLD_H5(PLD_ERR_INTERNAL, id, "HDF5 does not take a driver");
    PLD_H5(PLD_ERR_INTERNAL, H5Pset_driver(access, id, &choice),
           "HDF5 does not use the driver");
    return PLD_OK;
}

pld_status pld_trouble_check(const struct pld_trouble *trouble,
                             const char *path)
{
    PLD_CHECK(trouble->code == 0, pld_status_of_errno(trouble->code),
              "cannot write '%s': %s", path, strerror(trouble->code));
    return PLD_OK;
}
