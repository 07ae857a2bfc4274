#include "io/xdmf.h"

#include "base/alloc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Fields in all cells or on all nodes share one mesh, whose nodes are the
 * cells' corners. Others, staggered in some dimensions or on the nodes of a
 * periodic one, get a mesh of their own, with their points as its nodes. So do
 * fields of one dimension, which XDMF does not know: a plane one point high.
 */
enum place { CELL, NODE, OWN };

struct mesh {
    const char *name;
    int ndims; /* 2 or 3 */
    int64_t points[PLD_MAXDIM];
    double origin[PLD_MAXDIM];
    double spacing[PLD_MAXDIM];
    const pld_field *only; /* NULL: the shared mesh */
};

static enum place place_of(const pld_field *field)
{
    int ndims = field->grid->ndims;
    int nnodes = 0;
    int ncells = 0;
    for (int d = 0; d < ndims; d++) {
        bool more = pld_field_domain(field).count[d] > field->grid->size[d];
        nnodes += more;
        ncells += !field->node[d];
    }
    if (ndims == 1 || (nnodes < ndims && ncells < ndims))
        return OWN;
    return nnodes == ndims ? NODE : CELL;
}

static struct mesh shared_mesh(const struct pld_xdmf *xdmf)
{
    const pld_grid *grid = xdmf->fields[0]->grid;
    struct mesh mesh = {.name = "mesh", .ndims = grid->ndims};
    for (int d = 0; d < grid->ndims; d++) {
        mesh.points[d] = grid->size[d] + 1;
        mesh.origin[d] = xdmf->origin[d];
        mesh.spacing[d] = xdmf->spacing[d];
    }
    return mesh;
}

static struct mesh own_mesh(const struct pld_xdmf *xdmf, const pld_field *field)
{
    int ndims = field->grid->ndims;
    int skip = ndims == 1;
    struct mesh mesh = {.name = field->name,
                        .ndims = ndims + skip,
                        .points = {1, 1, 1},
                        .spacing = {1, 1, 1},
                        .only = field};
    for (int d = 0; d < ndims; d++) {
        double shift = field->node[d] ? 0 : 0.5;
        mesh.points[skip + d] = pld_field_domain(field).count[d];
        mesh.origin[skip + d] = xdmf->origin[d] + shift * xdmf->spacing[d];
        mesh.spacing[skip + d] = xdmf->spacing[d];
    }
    return mesh;
}

/* --- Text ------------------------------------------------------------------ */

static void put_escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *entity = *text == '&'    ? "&amp;"
                             : *text == '<'  ? "&lt;"
                             : *text == '>'  ? "&gt;"
                             : *text == '"'  ? "&quot;"
                             : *text == '\'' ? "&apos;"
                                             : NULL;
        if (entity != NULL)
            fputs(entity, out);
        else
            fputc(*text, out);
    }
}

static void put_sizes(FILE *out, int n, const int64_t *sizes)
{
    for (int i = 0; i < n; i++)
        fprintf(out, "%s%" PRId64, i > 0 ? " " : "", sizes[i]);
}

static void put_numbers(FILE *out, int n, const double *numbers)
{
    fprintf(out, "<DataItem Format=\"XML\" Dimensions=\"%d\">", n);
    for (int i = 0; i < n; i++)
        fprintf(out, "%s%.17g", i > 0 ? " " : "", numbers[i]);
    fputs("</DataItem>\n", out);
}

static void put_mesh(FILE *out, const struct mesh *mesh)
{
    fprintf(out, "<Topology TopologyType=\"%dDCoRectMesh\" Dimensions=\"",
            mesh->ndims);
    put_sizes(out, mesh->ndims, mesh->points);
    fprintf(out, "\"/>\n<Geometry GeometryType=\"%s\">\n",
            mesh->ndims == 3 ? "ORIGIN_DXDYDZ" : "ORIGIN_DXDY");
    put_numbers(out, mesh->ndims, mesh->origin);
    put_numbers(out, mesh->ndims, mesh->spacing);
    fputs("</Geometry>\n", out);
}

/* --- Values ---------------------------------------------------------------- */

/* Indices of a variable along (time, dimensions, component): the array as a
 * whole, and what of it is meant. */
struct slab {
    int n;
    int64_t start[PLD_MAXDIM + 2];
    int64_t count[PLD_MAXDIM + 2];
    int64_t whole[PLD_MAXDIM + 2];
};

static void add_dim(struct slab *slab, int64_t start, int64_t count,
                    int64_t whole)
{
    slab->start[slab->n] = start;
    slab->count[slab->n] = count;
    slab->whole[slab->n++] = whole;
}

/* All components when `comp` is below 0. */
static struct slab slab_of(const struct pld_xdmf *xdmf, const pld_field *field,
                           int64_t step, int comp)
{
    struct slab slab = {0};
    add_dim(&slab, step, 1, xdmf->nsteps);
    for (int d = 0; d < field->grid->ndims; d++) {
        int64_t size = pld_field_domain(field).count[d];
        add_dim(&slab, 0, size, size);
    }
    if (field->ncomps > 1)
        add_dim(&slab, comp < 0 ? 0 : comp, comp < 0 ? field->ncomps : 1,
                field->ncomps);
    return slab;
}

/* The result has the shape of the mesh, without time or a lone component. */
static void put_values(FILE *out, const struct pld_xdmf *xdmf,
                       const pld_field *field, const struct slab *slab)
{
    bool lone = field->ncomps > 1 && slab->count[slab->n - 1] == 1;
    static const int64_t stride[PLD_MAXDIM + 2] = {1, 1, 1, 1, 1};
    bool whole_numbers = field->type == PLD_I64 || field->type == PLD_I32;
    const char *slash = strrchr(xdmf->path, '/');
    fputs("<DataItem ItemType=\"HyperSlab\" Dimensions=\"", out);
    put_sizes(out, slab->n - 1 - lone, slab->count + 1);
    fprintf(out, "\">\n<DataItem Format=\"XML\" Dimensions=\"3 %d\">", slab->n);
    put_sizes(out, slab->n, slab->start);
    fputs("  ", out);
    put_sizes(out, slab->n, stride);
    fputs("  ", out);
    put_sizes(out, slab->n, slab->count);
    fputs("</DataItem>\n<DataItem Format=\"HDF\" Dimensions=\"", out);
    put_sizes(out, slab->n, slab->whole);
    fprintf(out, "\" NumberType=\"%s\" Precision=\"%zu\">",
            whole_numbers ? "Int" : "Float", pld_type_size(field->type));
    put_escaped(out, slash != NULL ? slash + 1 : xdmf->path);
    fputs(":/", out);
    put_escaped(out, field->name);
    fputs("</DataItem>\n</DataItem>\n", out);
}

static void put_attribute(FILE *out, const struct pld_xdmf *xdmf,
                          const pld_field *field, int64_t step, int comp)
{
    struct slab slab = slab_of(xdmf, field, step, comp);
    fputs("<Attribute Name=\"", out);
    put_escaped(out, field->name);
    if (comp >= 0)
        fprintf(out, "_%d", comp);
    fprintf(out, "\" AttributeType=\"%s\" Center=\"%s\">\n",
            field->ncomps > 1 && comp < 0 ? "Vector" : "Scalar",
            place_of(field) == CELL ? "Cell" : "Node");
    put_values(out, xdmf, field, &slab);
    fputs("</Attribute>\n", out);
}

/* XDMF's vectors have three components; it has no complex numbers. */
static void put_field(FILE *out, const struct pld_xdmf *xdmf,
                      const pld_field *field, int64_t step)
{
    if (field->type == PLD_C128)
        return;
    if (field->ncomps == 1 || field->ncomps == 3)
        put_attribute(out, xdmf, field, step, -1);
    else
        for (int c = 0; c < field->ncomps; c++)
            put_attribute(out, xdmf, field, step, c);
}

/* --- The file --------------------------------------------------------------- */

static void put_step(FILE *out, const struct pld_xdmf *xdmf,
                     const struct mesh *mesh, int64_t step)
{
    fputs("<Grid Name=\"", out);
    put_escaped(out, mesh->name);
    fprintf(out, "\" GridType=\"Uniform\">\n<Time Value=\"%.17g\"/>\n",
            xdmf->times[step]);
    put_mesh(out, mesh);
    for (int i = 0; i < xdmf->nfields; i++) {
        const pld_field *field = xdmf->fields[i];
        bool here = mesh->only != NULL ? field == mesh->only
                                       : place_of(field) != OWN;
        if (here)
            put_field(out, xdmf, field, step);
    }
    fputs("</Grid>\n", out);
}

static void put_collection(FILE *out, const struct pld_xdmf *xdmf,
                           const struct mesh *mesh)
{
    fputs("<Grid Name=\"", out);
    put_escaped(out, mesh->name);
    fputs("\" GridType=\"Collection\" CollectionType=\"Temporal\">\n", out);
    for (int64_t step = 0; step < xdmf->nsteps; step++)
        put_step(out, xdmf, mesh, step);
    fputs("</Grid>\n", out);
}

static void put_all(FILE *out, const struct pld_xdmf *xdmf)
{
    bool any_shared = false;
    fputs("<?xml version=\"1.0\"?>\n<Xdmf Version=\"3.0\">\n<Domain>\n", out);
    for (int i = 0; i < xdmf->nfields; i++)
        any_shared = any_shared || place_of(xdmf->fields[i]) != OWN;
    if (any_shared) {
        struct mesh mesh = shared_mesh(xdmf);
        put_collection(out, xdmf, &mesh);
    }
    for (int i = 0; i < xdmf->nfields; i++) {
        const pld_field *field = xdmf->fields[i];
        if (place_of(field) == OWN && field->type != PLD_C128) {
            struct mesh mesh = own_mesh(xdmf, field);
            put_collection(out, xdmf, &mesh);
        }
    }
    fputs("</Domain>\n</Xdmf>\n", out);
}

/* Whether all of it reached the system; errno tells why not. */
static bool write_text(const struct pld_xdmf *xdmf, const char *path)
{
    FILE *out = fopen(path, "w");
    if (out == NULL)
        return false;
    put_all(out, xdmf);
    bool good = ferror(out) == 0;
    return fclose(out) == 0 && good;
}

static pld_status publish(const struct pld_xdmf *xdmf, const char *aside,
                          const char *path)
{
    bool good = write_text(xdmf, aside);
    PLD_CHECK(good, errno == ENOSPC ? PLD_ERR_SPACE : PLD_ERR_IO,
              "cannot write '%s': %s", aside, strerror(errno));
    PLD_CHECK(rename(aside, path) == 0, PLD_ERR_IO,
              "cannot rename '%s' to '%s': %s", aside, path, strerror(errno));
    return PLD_OK;
}

pld_status pld_xdmf_write(const struct pld_xdmf *xdmf)
{
    pld_status status = PLD_OK;
    char *aside = NULL;
    char *path = NULL;
    int64_t room = (int64_t)strlen(xdmf->path) + 16;
    PLD_TRY_TO(out, pld_alloc("path", room, 1, &aside));
    PLD_TRY_TO(out, pld_alloc("path", room, 1, &path));
    snprintf(path, (size_t)room, "%s.xdmf", xdmf->path);
    snprintf(aside, (size_t)room, "%s.xdmf.tmp", xdmf->path);
    PLD_TRY_TO(out, publish(xdmf, aside, path));
out:
    pld_free(path);
    pld_free(aside);
    return status;
}
