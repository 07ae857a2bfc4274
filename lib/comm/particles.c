#include "polder/particles.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/overflow.h"
#include "base/sort.h"
#include "comm/records.h"
#include "mesh/grid.h"
#include "par/sparse.h"
#include "polder/agree.h"

#define PARTICLES_ALIVE 0x70617274u

/* Room that grows and is kept. */
struct store {
    int64_t nroom;
    char *records;
    int64_t *cells; /* of the grid's dimensions each */
};

struct pld_particles {
    uint32_t alive;
    pld_grid *grid;
    size_t bytes;
    size_t key;
    int64_t n;
    struct store now;
    struct store next;
    int64_t nitems; /* room for those that were passed */
    struct pld_keyed *items;
    int64_t norder; /* room for those that will be held */
    struct pld_keyed *order;
    char *outgoing;
    int64_t nroom; /* bytes of `outgoing` */
    struct pld_post post;
};

/* What one move has to do. */
struct move {
    int64_t n;
    const char *records;
    const int64_t *cells;
    int64_t nstay; /* the first of `items` */
    int64_t ngo;   /* the rest of them */
    int nparcels;
    struct pld_parcel *parcels;
};

/* --- Cells ---------------------------------------------------------------- */

/* The number of a cell in the domain, the last dimension fastest. */
static int64_t number_of(const pld_grid *grid, const int64_t *cell)
{
    int64_t number = 0;
    for (int d = 0; d < grid->ndims; d++)
        number = number * grid->size[d] + cell[d];
    return number;
}

static void cell_of(const pld_grid *grid, int64_t number, int64_t *cell)
{
    for (int d = grid->ndims - 1; d >= 0; d--) {
        cell[d] = number % grid->size[d];
        number /= grid->size[d];
    }
}

/* The cell within the domain that is meant; false: there is none. */
static bool find_cell(const pld_grid *grid, const int64_t *from,
                      int64_t cell[PLD_MAXDIM])
{
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t size = grid->size[d];
        cell[d] = d < grid->ndims ? from[d] : 0;
        if (cell[d] >= 0 && cell[d] < size)
            continue;
        if (!grid->periodic[d])
            return false;
        cell[d] = (cell[d] % size + size) % size;
    }
    return true;
}

static bool lies_in(pld_box box, const int64_t cell[PLD_MAXDIM])
{
    for (int d = 0; d < PLD_MAXDIM; d++)
        if (cell[d] < box.first[d] || cell[d] >= box.first[d] + box.count[d])
            return false;
    return true;
}

static pld_status raise_outside(const pld_grid *grid, int64_t i,
                                const int64_t *cell)
{
    char text[80] = "";
    size_t used = 0;
    for (int d = 0; d < grid->ndims; d++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%lld",
                                 d > 0 ? ", " : "", (long long)cell[d]);
    PLD_RAISE(PLD_ERR_ARG,
              "the cell (%s) of particle %lld is outside of the domain", text,
              (long long)i);
}

/* --- Room ----------------------------------------------------------------- */

/* Room for n things of a size, half as much again as is needed; what it held is
 * lost. */
static pld_status grow(const char *what, int64_t n, size_t size, int64_t *nroom,
                       void *pointer)
{
    void *block = NULL;
    if (n <= *nroom)
        return PLD_OK;
    PLD_TRY(pld_alloc(what, n + n / 2, size, &block));
    void *old = NULL;
    memcpy(&old, pointer, sizeof old);
    pld_free(old);
    memcpy(pointer, &block, sizeof block);
    *nroom = n + n / 2;
    return PLD_OK;
}

static void free_store(struct store *store)
{
    pld_free(store->cells);
    pld_free(store->records);
    *store = (struct store){0};
}

static pld_status grow_store(const pld_particles *particles, int64_t n,
                             struct store *store)
{
    if (n <= store->nroom)
        return PLD_OK;
    free_store(store);
    PLD_TRY(
        pld_alloc("particles", n + n / 2, particles->bytes, &store->records));
    PLD_TRY(pld_alloc("cells of particles", n + n / 2,
                      (size_t)particles->grid->ndims * sizeof *store->cells,
                      &store->cells));
    store->nroom = n + n / 2;
    return PLD_OK;
}

/* --- Leaving -------------------------------------------------------------- */

/* Those that stay come first, by the number of their cells; then those that go,
 * by the rank where they go. */
static pld_status part(pld_particles *particles, struct move *move)
{
    const pld_grid *grid = particles->grid;
    pld_box own = pld_grid_owned(grid);
    struct pld_keyed *items = particles->items;
    for (int64_t i = 0; i < move->n; i++) {
        int64_t cell[PLD_MAXDIM];
        const int64_t *given = move->cells + i * grid->ndims;
        if (!find_cell(grid, given, cell))
            return raise_outside(grid, i, given);
        if (lies_in(own, cell))
            items[move->nstay++] =
                (struct pld_keyed){(uint64_t)number_of(grid, cell), i};
        else
            items[move->n - ++move->ngo] =
                (struct pld_keyed){(uint64_t)pld_grid_owner(grid, cell), i};
    }
    return pld_sort(move->ngo, items + move->nstay);
}

static int count_targets(const struct move *move, const struct pld_keyed *items)
{
    int n = move->ngo > 0;
    for (int64_t i = 1; i < move->ngo; i++)
        n += items[i].key != items[i - 1].key;
    return n;
}

/* A parcel holds the numbers of the cells, then the records. */
static void pack(const pld_particles *particles, const struct move *move,
                 const struct pld_keyed *items, int64_t n, char *data)
{
    const pld_grid *grid = particles->grid;
    char *records = data + n * (int64_t)sizeof(int64_t);
    int64_t bytes = (int64_t)particles->bytes;
    for (int64_t i = 0; i < n; i++) {
        int64_t from = items[i].value;
        int64_t cell[PLD_MAXDIM];
        find_cell(grid, move->cells + from * grid->ndims, cell);
        int64_t number = number_of(grid, cell);
        memcpy(data + i * (int64_t)sizeof number, &number, sizeof number);
        memcpy(records + i * bytes, move->records + from * bytes,
               particles->bytes);
    }
}

static pld_status pack_all(pld_particles *particles, struct move *move)
{
    const struct pld_keyed *items = particles->items + move->nstay;
    int64_t size = (int64_t)(particles->bytes + sizeof(int64_t));
    int64_t bytes = 0;
    PLD_CHECK(pld_mul_fits(move->ngo, size, &bytes), PLD_ERR_OVERFLOW,
              "%lld particles are too many to move", (long long)move->ngo);
    PLD_TRY(grow("particles that move", bytes, 1, &particles->nroom,
                 &particles->outgoing));
    PLD_TRY(pld_alloc("parcels of particles", count_targets(move, items),
                      sizeof *move->parcels, &move->parcels));
    int64_t end = 0;
    for (int64_t first = 0; first < move->ngo; first = end) {
        while (end < move->ngo && items[end].key == items[first].key)
            end++;
        char *data = particles->outgoing + first * size;
        pack(particles, move, items + first, end - first, data);
        move->parcels[move->nparcels++] =
            (struct pld_parcel){.peer = (int)items[first].key,
                                .bytes = (end - first) * size,
                                .data = data};
    }
    return PLD_OK;
}

static pld_status check_move(const pld_particles *particles, int64_t n,
                             const void *records, const int64_t *cells)
{
    int64_t bytes = 0;
    PLD_CHECK(n >= 0, PLD_ERR_ARG, "n %lld is negative", (long long)n);
    PLD_CHECK(records || n == 0, PLD_ERR_ARG, "records is NULL, but n is %lld",
              (long long)n);
    PLD_CHECK(cells || n == 0, PLD_ERR_ARG, "cells is NULL, but n is %lld",
              (long long)n);
    PLD_CHECK(pld_mul_fits(n, 2 * (int64_t)particles->bytes, &bytes),
              PLD_ERR_OVERFLOW, "n %lld is too large", (long long)n);
    return PLD_OK;
}

static pld_status leave(pld_particles *particles, struct move *move)
{
    PLD_TRY(check_move(particles, move->n, move->records, move->cells));
    PLD_TRY(grow("particles to sort", move->n, sizeof *particles->items,
                 &particles->nitems, &particles->items));
    PLD_TRY(part(particles, move));
    return pack_all(particles, move);
}

/* --- Arriving ------------------------------------------------------------- */

static int64_t count_arrived(const pld_particles *particles)
{
    int64_t bytes = 0;
    for (int p = 0; p < particles->post.nparcels; p++)
        bytes += particles->post.parcels[p].bytes;
    return bytes / (int64_t)(particles->bytes + sizeof(int64_t));
}

/* The records that will be held, by the numbers of their cells: those that
 * stay, and those that came. */
static int64_t list_records(const pld_particles *particles,
                            const struct move *move, struct pld_keyed *out)
{
    int64_t bytes = (int64_t)particles->bytes;
    int64_t size = bytes + (int64_t)sizeof(int64_t);
    int64_t n = 0;
    for (; n < move->nstay; n++)
        out[n] =
            pld_record_item(particles->items[n].key,
                            move->records + particles->items[n].value * bytes);
    for (int p = 0; p < particles->post.nparcels; p++) {
        const struct pld_parcel *parcel = &particles->post.parcels[p];
        int64_t count = parcel->bytes / size;
        const char *record = parcel->data + count * (int64_t)sizeof(int64_t);
        for (int64_t i = 0; i < count; i++) {
            uint64_t number;
            memcpy(&number, parcel->data + i * (int64_t)sizeof number,
                   sizeof number);
            out[n++] = pld_record_item(number, record + i * bytes);
        }
    }
    return n;
}

/* Put them in order in the other store. */
static pld_status arrive(pld_particles *particles, const struct move *move)
{
    struct store *next = &particles->next;
    int64_t bytes = (int64_t)particles->bytes;
    int ndims = particles->grid->ndims;
    int64_t n = move->nstay + count_arrived(particles);
    PLD_TRY(grow("particles to sort", n, sizeof *particles->order,
                 &particles->norder, &particles->order));
    PLD_TRY(grow_store(particles, n, next));
    list_records(particles, move, particles->order);
    PLD_TRY(pld_records_sort(n, particles->order, particles->bytes,
                             particles->key));
    for (int64_t i = 0; i < n; i++) {
        const struct pld_keyed *item = &particles->order[i];
        memcpy(next->records + i * bytes, pld_item_record(item),
               particles->bytes);
        cell_of(particles->grid, (int64_t)item->key, next->cells + i * ndims);
    }
    return PLD_OK;
}

/* --- What others call ----------------------------------------------------- */

static pld_status check_particles(const pld_particles *particles,
                                  const char *argument)
{
    PLD_CHECK(particles, PLD_ERR_ARG, "%s is NULL", argument);
    PLD_CHECK(particles->alive == PARTICLES_ALIVE, PLD_ERR_STATE,
              "%s are not live particles: destroyed, or something else",
              argument);
    return PLD_OK;
}

pld_status pld_particles_move(pld_particles *particles, int64_t n,
                              const void *records, const int64_t *cells)
{
    pld_status status = PLD_OK;
    PLD_TRY(check_particles(particles, "particles"));
    pld_ctx *ctx = particles->grid->ctx;
    struct move move = {.n = n, .records = records, .cells = cells};
    pld_phase_begin(ctx, PLD_PHASE_EXCHANGE);
    PLD_TRY_TO(out, pld_agree(ctx, leave(particles, &move)));
    PLD_TRY_TO(out, pld_sparse_exchange(ctx, move.nparcels, move.parcels,
                                        &particles->post));
    PLD_TRY_TO(out, pld_agree(ctx, arrive(particles, &move)));
    struct store now = particles->now;
    particles->now = particles->next;
    particles->next = now;
    particles->n = move.nstay + count_arrived(particles);
out:
    pld_free(move.parcels);
    pld_phase_end(ctx, PLD_PHASE_EXCHANGE);
    return status;
}

int64_t pld_particles_count(const pld_particles *particles)
{
    return particles ? particles->n : 0;
}

void *pld_particles_records(pld_particles *particles)
{
    return particles && particles->n > 0 ? particles->now.records : NULL;
}

int64_t *pld_particles_cells(pld_particles *particles)
{
    return particles && particles->n > 0 ? particles->now.cells : NULL;
}

static pld_status check_spec(const pld_grid *grid,
                             const pld_particles_spec *spec,
                             pld_particles **out)
{
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    PLD_CHECK(spec, PLD_ERR_ARG, "spec is NULL");
    PLD_CHECK(spec->bytes >= sizeof(int64_t) && spec->bytes <= INT32_MAX,
              PLD_ERR_ARG, "spec.bytes %zu is not within 8 and 2^31 - 1",
              spec->bytes);
    PLD_CHECK(spec->key <= spec->bytes - sizeof(int64_t), PLD_ERR_ARG,
              "spec.key %zu: no int64_t fits there into %zu bytes", spec->key,
              spec->bytes);
    int64_t ncells = 0;
    return pld_size_product("cells of a grid", grid->ndims, grid->size,
                            &ncells);
}

static pld_status make(pld_grid *grid, const pld_particles_spec *spec,
                       pld_particles **out)
{
    pld_particles *particles = NULL;
    PLD_TRY(pld_alloc("particles", 1, sizeof *particles, &particles));
    *particles = (pld_particles){.alive = PARTICLES_ALIVE,
                                 .grid = grid,
                                 .bytes = spec->bytes,
                                 .key = spec->key};
    *out = particles;
    return PLD_OK;
}

pld_status pld_particles_create(pld_grid *grid, const pld_particles_spec *spec,
                                pld_particles **out)
{
    pld_particles *particles = NULL;
    PLD_TRY(pld_grid_check(grid, "grid"));
    PLD_TRY(pld_agree(grid->ctx, check_spec(grid, spec, out)));
    const int64_t sizes[] = {(int64_t)spec->bytes, (int64_t)spec->key};
    PLD_TRY(pld_agree_same(grid->ctx, "spec.bytes or spec.key", sizes,
                           sizeof sizes));
    pld_status status = pld_agree(grid->ctx, make(grid, spec, &particles));
    if (status != PLD_OK)
        pld_free(particles);
    PLD_TRY(status);
    pld_ctx_retain(grid->ctx, PLD_KIND_PARTICLES);
    *out = particles;
    return PLD_OK;
}

pld_status pld_particles_destroy(pld_particles **particles)
{
    PLD_CHECK(particles, PLD_ERR_ARG, "particles is NULL");
    pld_particles *old = *particles;
    if (!old)
        return PLD_OK;
    PLD_TRY(check_particles(old, "*particles"));
    pld_post_free(&old->post);
    pld_free(old->outgoing);
    pld_free(old->order);
    pld_free(old->items);
    free_store(&old->next);
    free_store(&old->now);
    pld_ctx_release(old->grid->ctx, PLD_KIND_PARTICLES);
    old->alive = 0;
    pld_free(old);
    *particles = NULL;
    return PLD_OK;
}
