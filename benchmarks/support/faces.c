#include "support/faces.h"

#include <stdlib.h>
#include <string.h>

#include "support/bench.h"
#include "support/ghosts.h"

/* --- Boxes copied by hand --------------------------------------------------
 */

static inline void copy_rows(struct face_block from, struct face_block to,
                             const int64_t count[PLD_MAXDIM], int64_t row)
{
    for (int64_t k = 0; k < count[0]; k++)
        for (int64_t j = 0; j < count[1]; j++)
            memcpy(to.at + k * to.stride[0] + j * to.stride[1],
                   from.at + k * from.stride[0] + j * from.stride[1],
                   (size_t)row * sizeof(double));
}

/* Short rows by loops of their own, others by memcpy. */
static void copy_box(struct face_block from, struct face_block to,
                     const int64_t count[PLD_MAXDIM], int ncomps)
{
    int64_t row = count[2] * ncomps;
    switch (row) {
    case 1:
        copy_rows(from, to, count, 1);
        break;
    case 2:
        copy_rows(from, to, count, 2);
        break;
    case 4:
        copy_rows(from, to, count, 4);
        break;
    case 8:
        copy_rows(from, to, count, 8);
        break;
    default:
        copy_rows(from, to, count, row);
    }
}

static struct face_block at(struct face_block block,
                            const int64_t first[PLD_MAXDIM])
{
    for (int d = 0; d < PLD_MAXDIM; d++)
        block.at += first[d] * block.stride[d];
    return block;
}

/* The layer of `width` at one side of dimension `dim`: own points, or the
 * ghosts beyond them. With PLD_BOX a layer spans the ghosts of the dimensions
 * that are exchanged before: first the one that is cut. */
static pld_box layer(const struct cube_setting *setting, int dim, int side,
                     bool ghosts)
{
    int64_t edge = setting->edge;
    int64_t width = setting->width;
    pld_box box;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        bool done = dim != setting->cut && (d == setting->cut || d < dim);
        bool wide = setting->stencil == PLD_BOX && done;
        box.first[d] = wide ? -width : 0;
        box.count[d] = wide ? edge + 2 * width : edge;
    }
    int64_t outward = ghosts ? width : 0;
    box.first[dim] = side == 0 ? -outward : edge - width + outward;
    box.count[dim] = width;
    return box;
}

static pld_box face(const struct faces *faces, int side, bool ghosts)
{
    return layer(&faces->setting, faces->setting.cut, side, ghosts);
}

/* Periodic images within the block, in the dimensions that are not cut. */
static void wrap(const struct faces *faces)
{
    const struct cube_setting *setting = &faces->setting;
    for (int d = 0; d < PLD_MAXDIM && setting->periodic; d++)
        for (int side = 0; d != setting->cut && side < 2; side++) {
            pld_box to = layer(setting, d, side, true);
            pld_box from = layer(setting, d, 1 - side, false);
            for (int f = 0; f < setting->nfields; f++)
                copy_box(at(faces->own[f], from.first),
                         at(faces->own[f], to.first), to.count,
                         setting->ncomps);
        }
}

/* --- The ways ---------------------------------------------------------------
 */

void faces_copy(struct faces *faces)
{
    const struct cube_setting *setting = &faces->setting;
    for (int side = 0; side < 2; side++) {
        pld_box to = face(faces, side, true);
        pld_box from = face(faces, 1 - side, false);
        if (faces->neighbour[side] == MPI_PROC_NULL)
            continue;
        for (int f = 0; f < setting->nfields; f++)
            copy_box(at(faces->beside[side][f], from.first),
                     at(faces->own[f], to.first), to.count, setting->ncomps);
    }
    wrap(faces);
}

/* The part of a message that is of one field. */
static struct face_block packed(const struct faces *faces, int message,
                                pld_box box, int field)
{
    int64_t row = box.count[2] * faces->setting.ncomps;
    return (struct face_block){.at = faces->packed[message] +
                                     field * row * box.count[1] * box.count[0],
                               .stride = {box.count[1] * row, row, 1}};
}

static void pack(const struct faces *faces, int side)
{
    pld_box box = face(faces, side, false);
    for (int f = 0; f < faces->setting.nfields; f++)
        copy_box(at(faces->own[f], box.first), packed(faces, 2 + side, box, f),
                 box.count, faces->setting.ncomps);
}

static void unpack(const struct faces *faces, int side)
{
    pld_box box = face(faces, side, true);
    for (int f = 0; f < faces->setting.nfields; f++)
        copy_box(packed(faces, side, box, f), at(faces->own[f], box.first),
                 box.count, faces->setting.ncomps);
}

void faces_persistent(struct faces *faces)
{
    int n = faces->nmessages;
    MPI_Startall(n, faces->receives);
    for (int i = 0; i < n; i++) {
        pack(faces, faces->sides[i]);
        MPI_Start(&faces->sends[i]);
    }
    if (faces->setting.stencil == PLD_STAR)
        wrap(faces);
    for (int done = 0; done < n; done++) {
        int i = 0;
        MPI_Waitany(n, faces->receives, &i, MPI_STATUS_IGNORE);
        unpack(faces, faces->sides[i]);
    }
    if (faces->setting.stencil == PLD_BOX)
        wrap(faces);
    MPI_Waitall(n, faces->sends, MPI_STATUSES_IGNORE);
}

void faces_subarray(struct faces *faces)
{
    MPI_Startall(faces->ntyped, faces->typed);
    if (faces->setting.stencil == PLD_STAR)
        wrap(faces);
    MPI_Waitall(faces->ntyped, faces->typed, MPI_STATUSES_IGNORE);
    if (faces->setting.stencil == PLD_BOX)
        wrap(faces);
}

void faces_alltoallw(struct faces *faces)
{
    static const int ones[] = {1, 1};
    static const MPI_Aint zeros[] = {0, 0};
    MPI_Neighbor_alltoallw(faces->memory, ones, zeros, faces->graph_types + 2,
                           faces->memory, ones, zeros, faces->graph_types,
                           faces->graph);
    wrap(faces);
}

/* --- Setting up -------------------------------------------------------------
 */

static int neighbour(MPI_Comm comm, bool periodic, int step)
{
    int nranks = 0;
    int rank = 0;
    MPI_Comm_size(comm, &nranks);
    MPI_Comm_rank(comm, &rank);
    rank += step;
    if (rank < 0 || rank >= nranks)
        return periodic ? (rank + nranks) % nranks : MPI_PROC_NULL;
    return rank;
}

/* The start of a rank's memory in the window, aligned to 64 bytes. */
static double *memory_of(MPI_Win window, int rank)
{
    MPI_Aint bytes = 0;
    int unit = 0;
    char *start = NULL;
    MPI_Win_shared_query(window, rank, &bytes, &unit, &start);
    return (double *)(start + (64 - (uintptr_t)start % 64) % 64);
}

static int64_t padded_edge(const struct cube_setting *setting)
{
    return setting->edge + 2 * setting->width;
}

/* A rank's block of one field; rows of cache lines apart. */
static struct face_block block_in(const struct faces *faces, double *memory,
                                  int field)
{
    const struct cube_setting *setting = &faces->setting;
    int64_t padded = padded_edge(setting);
    const int64_t corner[] = {setting->width, setting->width, setting->width};
    struct face_block block = {.at = memory + field * faces->nvalues,
                               .stride = {padded * padded * setting->ncomps,
                                          padded * setting->ncomps,
                                          setting->ncomps}};
    return at(block, corner);
}

static void share_memory(struct faces *faces)
{
    void *start = NULL;
    int rank = 0;
    const struct cube_setting *setting = &faces->setting;
    int64_t padded = padded_edge(setting);
    int64_t n = padded * padded * padded * setting->ncomps;
    faces->nvalues = (n + 7) / 8 * 8;
    int64_t all = faces->nvalues * setting->nfields;
    MPI_Win_allocate_shared(all * 8 + 64, 1, MPI_INFO_NULL, faces->comm, &start,
                            &faces->window);
    MPI_Comm_rank(faces->comm, &rank);
    faces->memory = memory_of(faces->window, rank);
    memset(faces->memory, 0, (size_t)all * sizeof(double));
    for (int f = 0; f < setting->nfields; f++) {
        faces->own[f] = block_in(faces, faces->memory, f);
        for (int side = 0; side < 2; side++)
            if (faces->neighbour[side] != MPI_PROC_NULL)
                faces->beside[side][f] = block_in(
                    faces, memory_of(faces->window, faces->neighbour[side]), f);
    }
}

/* The tag says at which side of the receiver a message arrives. */
static void set_up_messages(struct faces *faces)
{
    int64_t count = pld_box_volume(face(faces, 0, false)) *
                    faces->setting.ncomps * faces->setting.nfields;
    size_t bytes = (size_t)(count * 8 + 63) / 64 * 64;
    for (int i = 0; i < 4; i++) {
        faces->packed[i] = aligned_alloc(64, bytes);
        memset(faces->packed[i], 0, bytes);
    }
    for (int side = 0; side < 2; side++) {
        int peer = faces->neighbour[side];
        int i = faces->nmessages;
        if (peer == MPI_PROC_NULL)
            continue;
        faces->sides[faces->nmessages++] = side;
        MPI_Recv_init(faces->packed[side], (int)count, MPI_DOUBLE, peer, side,
                      faces->comm, &faces->receives[i]);
        MPI_Send_init(faces->packed[2 + side], (int)count, MPI_DOUBLE, peer,
                      1 - side, faces->comm, &faces->sends[i]);
    }
}

static MPI_Datatype subarray(const struct faces *faces, int side, bool ghosts)
{
    MPI_Datatype point;
    MPI_Datatype type;
    int64_t width = faces->setting.width;
    pld_box box = face(faces, side, ghosts);
    int sizes[PLD_MAXDIM];
    int counts[PLD_MAXDIM];
    int starts[PLD_MAXDIM];
    for (int d = 0; d < PLD_MAXDIM; d++) {
        sizes[d] = (int)padded_edge(&faces->setting);
        counts[d] = (int)box.count[d];
        starts[d] = (int)(box.first[d] + width);
    }
    MPI_Type_contiguous(faces->setting.ncomps, MPI_DOUBLE, &point);
    MPI_Type_create_subarray(PLD_MAXDIM, sizes, counts, starts, MPI_ORDER_C,
                             point, &type);
    MPI_Type_commit(&type);
    MPI_Type_free(&point);
    return type;
}

static void set_up_types(struct faces *faces)
{
    for (int i = 0; i < 2; i++) {
        faces->types[i] = subarray(faces, 1 - i, true);
        faces->types[2 + i] = subarray(faces, i, false);
    }
    for (int f = 0; f < faces->setting.nfields; f++)
        for (int side = 0; side < 2; side++) {
            double *memory = faces->memory + f * faces->nvalues;
            int peer = faces->neighbour[side];
            if (peer == MPI_PROC_NULL)
                continue;
            MPI_Recv_init(memory, 1, faces->types[1 - side], peer,
                          10 + 2 * f + side, faces->comm,
                          &faces->typed[faces->ntyped++]);
            MPI_Send_init(memory, 1, faces->types[2 + side], peer,
                          10 + 2 * f + 1 - side, faces->comm,
                          &faces->typed[faces->ntyped++]);
        }
}

/* What goes to the low side arrives at the high one: that order also when both
 * are one rank. */
static void set_up_graph(struct faces *faces)
{
    static const int weights[] = {1, 1};
    int sources[2] = {0, 0};
    int targets[2] = {0, 0};
    int nsources = 0;
    int ntargets = 0;
    for (int i = 0; i < 2; i++) {
        if (faces->neighbour[1 - i] != MPI_PROC_NULL) {
            faces->graph_types[nsources] = faces->types[i];
            sources[nsources++] = faces->neighbour[1 - i];
        }
        if (faces->neighbour[i] != MPI_PROC_NULL) {
            faces->graph_types[2 + ntargets] = faces->types[2 + i];
            targets[ntargets++] = faces->neighbour[i];
        }
    }
    MPI_Dist_graph_create_adjacent(faces->comm, nsources, sources, weights,
                                   ntargets, targets, weights, MPI_INFO_NULL, 0,
                                   &faces->graph);
}

pld_status faces_create(const struct cube *cube, struct faces *out)
{
    const struct cube_setting *setting = &cube->setting;
    *out = (struct faces){.setting = *setting,
                          .comm = pld_ctx_comm(pld_grid_ctx(cube->grid))};
    for (int side = 0; side < 2; side++)
        out->neighbour[side] =
            neighbour(out->comm, setting->periodic, 2 * side - 1);
    share_memory(out);
    set_up_messages(out);
    set_up_types(out);
    set_up_graph(out);
    for (int f = 0; f < setting->nfields; f++)
        PLD_TRY(pld_field_create(
            cube->grid,
            &(pld_field_spec){.ncomps = setting->ncomps,
                              .layout = PLD_INTERLEAVED,
                              .halo = {.all = setting->width},
                              .memory = out->memory + f * out->nvalues},
            &out->fields[f]));
    return PLD_OK;
}

pld_status faces_destroy(struct faces *faces)
{
    for (int f = 0; f < faces->setting.nfields; f++)
        PLD_TRY(pld_field_destroy(&faces->fields[f]));
    MPI_Comm_free(&faces->graph);
    for (int i = 0; i < faces->ntyped; i++)
        MPI_Request_free(&faces->typed[i]);
    for (int i = 0; i < faces->nmessages; i++) {
        MPI_Request_free(&faces->receives[i]);
        MPI_Request_free(&faces->sends[i]);
    }
    for (int i = 0; i < 4; i++) {
        MPI_Type_free(&faces->types[i]);
        free(faces->packed[i]);
    }
    MPI_Win_free(&faces->window);
    return PLD_OK;
}

void faces_touch(const struct faces *faces)
{
    int64_t n = faces->nvalues * faces->setting.nfields;
    for (int64_t i = 0; i < n; i++)
        faces->memory[i] = -faces->memory[i];
}

bool faces_are_right(struct faces *faces, void (*way)(struct faces *faces))
{
    bool good = true;
    for (int f = 0; f < faces->setting.nfields; f++)
        ghosts_reset(faces->fields[f]);
    MPI_Barrier(faces->comm);
    way(faces);
    MPI_Barrier(faces->comm); /* faces_copy reads the neighbour's memory */
    for (int f = 0; f < faces->setting.nfields; f++)
        good =
            ghosts_are_right(faces->fields[f], faces->setting.stencil) && good;
    return bench_all(faces->comm, good);
}
