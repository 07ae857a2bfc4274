#ifndef PLD_FILE_H
#define PLD_FILE_H

#include "polder/field.h"

PLD_BEGIN_C

/** @file
 * HDF5 files: fields by global index, with attributes and coordinates. What N
 * ranks wrote, M ranks read, with any decomposition, and the bytes of the file
 * are the same. Files are good netCDF-4 too: every dimension has a dimension
 * scale. A rank holds no more than 20 MiB for a file, whatever is moved: five
 * buffers of 4 MiB, kept until it is closed, but for the checksums, 4 bytes for
 * each MiB of a variable, and what filters of HDF5 and MPI-IO take. */

/** Opaque: an open file. */
typedef struct pld_file pld_file;

/** Create a file, in place of one that is there. Errors: PLD_ERR_NOENT (no
 * such folder), PLD_ERR_ACCESS, PLD_ERR_SPACE, PLD_ERR_ARG (path empty, too
 * long, a folder), PLD_ERR_STATE (being written, by another program or by this
 * one; a program of another library is not noticed). *Collective, agreed*. */
PLD_CALL pld_file_create(pld_ctx *ctx, const char *path, pld_file **out);

/** Open a file that is there, for reading or for reading and writing. Errors:
 * PLD_ERR_NOENT, PLD_ERR_ACCESS, PLD_ERR_FORMAT (not HDF5), PLD_ERR_CORRUPT
 * (cut short), PLD_ERR_STATE (to be written, but another does). *Collective,
 * agreed*. */
PLD_CALL pld_file_open(pld_ctx *ctx, const char *path, bool writable,
                       pld_file **out);

/** Close it and set *file to NULL; *file may be NULL. What was written is in
 * the file when this returns PLD_OK. *Collective, agreed*. */
PLD_CALL pld_file_close(pld_file **file);

/** Coordinates along one dimension of a grid. */
typedef struct pld_axis {
    const char *name;  /**< such as "x"; NULL: "x", "y", "z" from the last */
    const char *units; /**< such as "m"; NULL: none */
    double origin;     /**< coordinate of the low face of cell 0 */
    double spacing;    /**< cell size; 0: 1 */
} pld_axis;

/** Describe the coordinates of the fields written after this call: `naxes`
 * axes for grids of as many dimensions. Cells get origin + (i + 1/2) spacing,
 * nodes origin + i spacing. Without it indices are the coordinates.
 * *Collective, agreed*. */
PLD_CALL pld_file_set_axes(pld_file *file, int naxes, const pld_axis *axes);

/** How numbers get from memory to a file and back. */
typedef enum pld_io {
    /** Direct where it can be done, HDF5 otherwise; or what PLD_IO in the
     * environment says: auto, direct or hdf5. */
    PLD_IO_AUTO,
    /** Rank 0 lays the file out, and each rank reads and writes its points at
     * their places, as fast as the file system: for variables that are not
     * compressed. Ranks of several nodes need a file system that shows each
     * what the others have written, which NFS does not. */
    PLD_IO_DIRECT,
    /** HDF5 through MPI-IO on all ranks: for compressed variables always. */
    PLD_IO_HDF5
} pld_io;

/** Most parameters of a filter. */
#define PLD_FILTER_PARAMS 16

/** How variables are stored. Zero is the default: the numbers as they are, in
 * one piece. */
typedef struct pld_storage {
    pld_io way;    /**< how numbers are moved, reading too */
    bool convert;  /**< store numbers as `type`, rounded as C does */
    pld_type type; /**< where they are converted */
    int deflate;   /**< 1 to 9: compress as gzip does, bytes shuffled before */
    /** Store in chunks of so many points; 0: whole where nothing is compressed,
     * otherwise chosen so that they divide the size where they can. */
    int64_t chunk[PLD_MAXDIM];
    /** Number of a filter of HDF5, of its own or a plug-in that it finds (see
     * HDF5_PLUGIN_PATH), that chunks go through, after what `deflate` does; 0:
     * none. PLD_ERR_UNSUPPORTED when it is not there, or only reads. */
    int filter;
    int nparams;                        /**< parameters of that filter */
    unsigned params[PLD_FILTER_PARAMS]; /**< what it makes of them it says */
    /** Keep a checksum (CRC-32C) of each MiB of new variables, and check those
     * that are there when whole fields are read: PLD_ERR_CORRUPT names file,
     * variable and block. */
    bool checksums;
} pld_storage;

/** Say how fields are stored that are written after this call as new variables;
 * NULL: by default. *Collective, agreed*. */
PLD_CALL pld_file_set_storage(pld_file *file, const pld_storage *storage);

/** Compare a variable with its checksums, or all that have some when `name` is
 * NULL, without keeping the numbers: PLD_ERR_CORRUPT names the block that is
 * not what was written, PLD_ERR_NOENT a variable that has no checksums.
 * *Collective, agreed*. */
PLD_CALL pld_file_verify(pld_file *file, const char *name);

/** Write a field under its name, with dimensions (z, y, x, component), the
 * last only when it has several. Over a variable of that name when shape and
 * type agree; otherwise PLD_ERR_SHAPE or PLD_ERR_TYPE. PLD_ERR_SPACE is told
 * before anything is written. *Collective, agreed*. */
PLD_CALL pld_file_write(pld_file *file, pld_field *field);

/** Write several fields as pld_file_write does, the description of all of them
 * before the numbers: either none is new in the file, or all are. *Collective,
 * agreed*. */
PLD_CALL pld_file_write_fields(pld_file *file, int nfields,
                               pld_field *const *fields);

/** Read the variable `name` into the own points of a field. Numbers convert
 * when the field's type holds them all (integers to wider ones, and those of up
 * to 53 bits to f64, f32 to f64, any byte order), otherwise PLD_ERR_TYPE.
 * PLD_ERR_NOENT tells the names that are there. *Collective, agreed*. */
PLD_CALL pld_file_read(pld_file *file, const char *name, pld_field *field);

/** Most dimensions of a variable that parts are of. */
#define PLD_VARIABLE_MAXDIM 8

/** A part of a field and its place in a variable; the same on all ranks. Zero
 * is the whole field, in a variable of its shape.
 *
 * The field's dimensions, and one more when several components are moved, are
 * those of the variable, or its last ones when it has more: along the others
 * it stays at index `at`. So {.at = {7}} is step 7 of a variable (time, y, x)
 * for a field (y, x), and {.comp = 1, .ncomps = 1} the second component as a
 * variable of its own. */
typedef struct pld_part {
    pld_box box;                /**< points of the field; all 0: all of them */
    int64_t stride[PLD_MAXDIM]; /**< every so many-th of these, from the first
                                     on; 0: 1 */
    int comp;                   /**< the first component */
    int ncomps;                 /**< how many; 0: all from `comp` on */
    /** The variable's dimension, from 1 on, that each dimension of the field
     * is, then that of the components when several are moved; all 0: the last
     * ones in their order. {3, 2, 1} transposes. */
    int dims[PLD_MAXDIM + 1];
    /** In the variable, for each of its dimensions: index of the part's first
     * point. */
    int64_t at[PLD_VARIABLE_MAXDIM];
    /** Every so many-th point, from `at` on; 0: 1. */
    int64_t every[PLD_VARIABLE_MAXDIM];
    /** The variable's points follow each other the other way round, as
     * latitudes often do: `at` is that of the part's last point. */
    bool reversed[PLD_VARIABLE_MAXDIM];
    /** Convert numbers also where the other type does not hold them all:
     * rounded or cut as C does, those out of range to the nearest there is. */
    bool convert;
    /** Reading into f64 or f32: make numbers of what is packed, as netCDF's
     * conventions say by the variable's attributes scale_factor and add_offset,
     * and take _FillValue, missing_value, valid_min, valid_max and valid_range
     * for missing numbers (_Unsigned is heeded). */
    bool unpack;
    bool replace;   /**< missing numbers become `missing` and not NaN */
    double missing; /**< where it is replaced */
} pld_part;

/** Write a part of a field to the variable `name`; NULL is all of it. If there
 * is none, it is made, of the part's shape and with the coordinates of its
 * points; `at`, `every`, `dims` and `reversed` are to be 0 then. Otherwise the
 * rest of it stays as it is, and checksums are no longer kept for it.
 * PLD_ERR_SHAPE when the part is not within field or variable, PLD_ERR_TYPE
 * when types differ and `convert` is not set. What lies at distances in the
 * file is read and written together with what is between. *Collective,
 * agreed*. */
PLD_CALL pld_file_write_part(pld_file *file, const char *name, pld_field *field,
                             const pld_part *part);

/** Read a part of a field from the variable `name`, own or foreign; the other
 * points stay as they are. No rank reads all of a variable because of that.
 * Numbers convert as pld_file_read() says unless `convert` or `unpack` is set.
 * *Collective, agreed*. */
PLD_CALL pld_file_read_part(pld_file *file, const char *name, pld_field *field,
                            const pld_part *part);

/** Read several fields, each from the variable of its name, as pld_file_read()
 * does. *Collective, agreed*. */
PLD_CALL pld_file_read_fields(pld_file *file, int nfields,
                              pld_field *const *fields);

/** Let ParaView and VTK open the file as well, as VTKHDF ImageData: add what
 * they look for, with links to the variables of these fields, which must have
 * been written; in place of what an earlier call has added. All on one grid of
 * three dimensions with the same stagger and of real numbers, as readers of VTK
 * 9.1 fail at others: give a grid of two a third one of size 1. Points are
 * where pld_file_set_axes() says, so cells appear as points in their centres.
 * Name such files so that they end in .vtkhdf or .hdf. PLD_ERR_NOENT when a
 * field has not been written, PLD_ERR_UNSUPPORTED. *Collective, agreed*. */
PLD_CALL pld_file_write_vtk(pld_file *file, int nfields,
                            pld_field *const *fields);

/** What a file says of a variable. */
typedef struct pld_variable {
    pld_type type; /**< smallest of our types that holds its numbers */
    int ndims;     /**< 0 to PLD_VARIABLE_MAXDIM */
    int64_t size[PLD_VARIABLE_MAXDIM]; /**< slowest first */
} pld_variable;

/** Make a variable of type, dimensions and size as `like` says, all 0, for
 * parts to be written to; stored as pld_file_set_storage() says, but for its
 * `type`. *Collective, agreed*. */
PLD_CALL pld_file_create_variable(pld_file *file, const char *name,
                                  const pld_variable *like);

/** Look up a variable; PLD_ERR_NOENT tells the names that are there.
 * *Collective, agreed*. */
PLD_CALL pld_file_inquire(pld_file *file, const char *name, pld_variable *out);

/** Most bytes of a dimension's name, with its zero. */
#define PLD_DIMENSION_NAME 256

/** What a file says of a dimension of a variable. */
typedef struct pld_dimension {
    int64_t size;                  /**< points */
    bool grows;                    /**< it is unlimited */
    bool coordinates;              /**< there are some: the variable `name` */
    char name[PLD_DIMENSION_NAME]; /**< of its dimension scale, from the root
                                        on; empty when it has none */
} pld_dimension;

/** Look up dimension `dim`, from 0 on, of a variable. *Collective, agreed*. */
PLD_CALL pld_file_inquire_dimension(pld_file *file, const char *variable,
                                    int dim, pld_dimension *out);

/** What a file says of an attribute. */
typedef struct pld_attribute {
    const char *name; /**< valid during the visit */
    bool text;        /**< a text, for pld_file_read_text() */
    pld_type type;    /**< otherwise the smallest of our types that holds its
                           numbers; PLD_TYPE_COUNT: none does */
    int64_t count;    /**< numbers, or texts */
} pld_attribute;

/** Told an attribute. */
typedef pld_status pld_file_visit_attribute(const pld_attribute *attribute,
                                            void *data);

/** Call `visit` on all ranks for each attribute of a variable, or of the file
 * when `variable` is NULL, in the order of names; it may read from the file.
 * Stops at the first error, which it returns. *Collective, agreed* but for what
 * `visit` does. */
PLD_CALL pld_file_attributes(pld_file *file, const char *variable,
                             pld_file_visit_attribute *visit, void *data);

/** Told the name of a variable; "group/name" of one in a group. */
typedef pld_status pld_file_visit(const char *name, void *data);

/** Call `visit` on all ranks for each variable, in the order of names; it may
 * read from the file. Stops at the first error, which it returns.
 * *Collective, agreed* but for what `visit` does. */
PLD_CALL pld_file_variables(pld_file *file, pld_file_visit *visit, void *data);

/** Read a box of a variable of 1 to 3 dimensions, own or foreign, into an
 * array of the box's shape. Each rank gives its own box; an empty one reads
 * nothing. Each rank reads no more than its box. Conversion as
 * pld_file_read. *Collective, agreed*. */
PLD_CALL pld_file_read_box(pld_file *file, const char *name, pld_box box,
                           pld_type type, void *out);

/** Set an attribute of `count` numbers on a variable, or on the file when
 * `variable` is NULL; in place of one that is there. The same on all ranks.
 * *Collective, agreed*. */
PLD_CALL pld_file_write_attribute(pld_file *file, const char *variable,
                                  const char *name, pld_type type,
                                  int64_t count, const void *values);

/** Read an attribute of exactly `count` numbers (PLD_ERR_SHAPE), converted as
 * pld_file_read does. *Collective, agreed*. */
PLD_CALL pld_file_read_attribute(pld_file *file, const char *variable,
                                 const char *name, pld_type type, int64_t count,
                                 void *out);

/** Set an attribute that is a text. *Collective, agreed*. */
PLD_CALL pld_file_write_text(pld_file *file, const char *variable,
                             const char *name, const char *text);

/** Read a text attribute into `size` bytes, ended by a zero; PLD_ERR_OVERFLOW
 * tells the size that is needed. *Collective, agreed*. */
PLD_CALL pld_file_read_text(pld_file *file, const char *variable,
                            const char *name, int64_t size, char *out);

/** What pld_file_write_info() adds to what it finds out. */
typedef struct pld_info {
    const pld_grid *grid; /**< its size and its ranks are told; NULL: none */
    const char *notes;    /**< any text; rank 0's counts; NULL: none */
} pld_info;

/** Write where the data of a file come from into a text file beside it,
 * PATH.info, in place of one that is there: versions of Polder, MPI and HDF5,
 * the command line, ranks, nodes, host and time (UTC), then what `info` adds,
 * NULL for nothing; a line "what: value" for each, the notes last. It is whole
 * or not there. The file itself, which need not exist and may be open, does not
 * change: its bytes are the same wherever it is written. Errors: PLD_ERR_NOENT
 * (no such folder), PLD_ERR_ACCESS, PLD_ERR_SPACE. *Collective, agreed*. */
PLD_CALL pld_file_write_info(pld_ctx *ctx, const char *path,
                             const pld_info *info);

PLD_END_C

#endif
