#include "io/xdmf.h"
#include "io/preflight.h"

#include "base/alloc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- Meshes ----------------------------------------------------------------
 */

/* Fields whose points lie at the same places share a mesh with its nodes
 * there. In three dimensions those in all cells and those on all nodes share
 * one, whose nodes are the corners of the cells. */
struct mesh {
    const char *name;
    int64_t points[PLD_MAXDIM];
    double origin[PLD_MAXDIM];
    double spacing[PLD_MAXDIM];
};

static bool all_cells(const pld_field *field)
{
    return !field->node[0] && !field->node[1] && !field->node[2];
}

static bool on_corners(const pld_field *field)
{
    for (int d = 0; d < PLD_MAXDIM; d++)
        if (pld_field_domain(field).count[d] != field->grid->size[d] + 1)
            return false;
    return true;
}

static bool on_shared_mesh(const pld_field *field)
{
    return field->grid->ndims == PLD_MAXDIM &&
           (all_cells(field) || on_corners(field));
}

static bool same_mesh(const pld_field *a, const pld_field *b)
{
    if (on_shared_mesh(a) || on_shared_mesh(b))
        return on_shared_mesh(a) && on_shared_mesh(b);
    return memcmp(a->node, b->node, sizeof a->node) == 0;
}

static bool begins_mesh(const struct pld_xdmf *xdmf, int i)
{
    for (int j = 0; j < i; j++)
        if (same_mesh(xdmf->fields[j], xdmf->fields[i]))
            return false;
    return true;
}

/* Always of three dimensions, the first ones of one point if need be: readers
 * do not agree on what lies where in two. */
static struct mesh mesh_of(const struct pld_xdmf *xdmf, int i)
{
    const pld_field *field = xdmf->fields[i];
    int ndims = field->grid->ndims;
    int skip = PLD_MAXDIM - ndims;
    struct mesh mesh = {.name = i == 0 ? "mesh" : field->name,
                        .points = {1, 1, 1},
                        .spacing = {1, 1, 1}};
    for (int d = 0; d < ndims; d++) {
        bool corner = on_shared_mesh(field) || field->node[d];
        mesh.points[skip + d] = on_shared_mesh(field)
                                    ? field->grid->size[d] + 1
                                    : pld_field_domain(field).count[d];
        mesh.spacing[skip + d] = xdmf->spacing[d];
        mesh.origin[skip + d] =
            xdmf->origin[d] + (corner ? 0 : 0.5) * xdmf->spacing[d];
    }
    return mesh;
}

/* --- Text ------------------------------------------------------------------
 */

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

static void put_numbers(FILE *out, const double numbers[PLD_MAXDIM])
{
    fprintf(out,
            "<DataItem Format=\"XML\" Dimensions=\"3\">%.17g %.17g %.17g"
            "</DataItem>\n",
            numbers[0], numbers[1], numbers[2]);
}

static void put_mesh(FILE *out, const struct mesh *mesh)
{
    fputs("<Topology TopologyType=\"3DCoRectMesh\" Dimensions=\"", out);
    put_sizes(out, PLD_MAXDIM, mesh->points);
    fputs("\"/>\n<Geometry GeometryType=\"ORIGIN_DXDYDZ\">\n", out);
    put_numbers(out, mesh->origin);
    put_numbers(out, mesh->spacing);
    fputs("</Geometry>\n", out);
}

/* --- Values ----------------------------------------------------------------
 */

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

static void put_number_type(FILE *out, pld_type type)
{
    fprintf(out, " NumberType=\"%s\" Precision=\"%zu\"",
            type == PLD_I64 || type == PLD_I32 ? "Int" : "Float",
            pld_type_size(type));
}

/* The part of the variable, in the shape of the mesh. */
static void put_values(FILE *out, const struct pld_xdmf *xdmf,
                       const pld_field *field, const struct slab *slab)
{
    static const int64_t stride[PLD_MAXDIM + 2] = {1, 1, 1, 1, 1};
    int64_t shape[PLD_MAXDIM + 1] = {1, 1, 1, slab->count[slab->n - 1]};
    int ndims = field->grid->ndims;
    bool vector = field->ncomps > 1 && shape[PLD_MAXDIM] > 1;
    const char *slash = strrchr(xdmf->path, '/');
    for (int d = 0; d < ndims; d++)
        shape[PLD_MAXDIM - ndims + d] = slab->count[d + 1];
    fputs("<DataItem ItemType=\"HyperSlab\" Dimensions=\"", out);
    put_sizes(out, PLD_MAXDIM + vector, shape);
    fputs("\"", out);
    put_number_type(out, field->type);
    fprintf(out, ">\n<DataItem Format=\"XML\" Dimensions=\"3 %d\">", slab->n);
    put_sizes(out, slab->n, slab->start);
    fputs("  ", out);
    put_sizes(out, slab->n, stride);
    fputs("  ", out);
    put_sizes(out, slab->n, slab->count);
    fputs("</DataItem>\n<DataItem Format=\"HDF\" Dimensions=\"", out);
    put_sizes(out, slab->n, slab->whole);
    fputs("\"", out);
    put_number_type(out, field->type);
    fputs(">", out);
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
            on_shared_mesh(field) && all_cells(field) ? "Cell" : "Node");
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

/* --- The file ---------------------------------------------------------------
 */

/* The mesh that field `first` begins, and the fields on it, at a step. */
static void put_step(FILE *out, const struct pld_xdmf *xdmf, int first,
                     int64_t step)
{
    struct mesh mesh = mesh_of(xdmf, first);
    fputs("<Grid Name=\"", out);
    put_escaped(out, mesh.name);
    fprintf(out, "\" GridType=\"Uniform\">\n<Time Value=\"%.17g\"/>\n",
            xdmf->times[step]);
    put_mesh(out, &mesh);
    for (int i = first; i < xdmf->nfields; i++)
        if (same_mesh(xdmf->fields[first], xdmf->fields[i]))
            put_field(out, xdmf, xdmf->fields[i], step);
    fputs("</Grid>\n", out);
}

static void put_collection(FILE *out, const struct pld_xdmf *xdmf, int first)
{
    fputs("<Grid Name=\"", out);
    put_escaped(out, mesh_of(xdmf, first).name);
    fputs("\" GridType=\"Collection\" CollectionType=\"Temporal\">\n", out);
    for (int64_t step = 0; step < xdmf->nsteps; step++)
        put_step(out, xdmf, first, step);
    fputs("</Grid>\n", out);
}

static void put_all(FILE *out, const struct pld_xdmf *xdmf)
{
    fputs("<?xml version=\"1.0\"?>\n<Xdmf Version=\"3.0\">\n<Domain>\n", out);
    for (int i = 0; i < xdmf->nfields; i++)
        if (begins_mesh(xdmf, i))
            put_collection(out, xdmf, i);
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
    pld_status status = PLD_OK;
    bool good = write_text(xdmf, aside);
    PLD_CHECK_TO(out, good, pld_status_of_errno(errno), "cannot write '%s': %s",
                 aside, strerror(errno));
    PLD_CHECK_TO(out, rename(aside, path) == 0, pld_status_of_errno(errno),
                 "cannot rename '%s' to '%s': %s", aside, path,
                 strerror(errno));
    return PLD_OK;
out:
    (void)unlink(aside);
    return status;
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
