#include "polder/batch.h"

#include "linalg/batch_kernel.h"
#include "linalg/batch_operand.h"
#include "linalg/walk.h"

#include "base/alloc.h"

#include <string.h>

enum { A = PLD_BATCH_A, B = PLD_BATCH_B, C = PLD_BATCH_C };
enum { OPERANDS = PLD_BATCH_OPERANDS };

/* From how many multiplications on the BLAS wins over kernels of one point. */
enum { BLAS_FROM = 16 * 16 * 16 };

struct work {
    pld_type type;
    int64_t size; /* bytes of an element */
    struct pld_batch_shape shape;
    struct pld_batch_operand operand[OPERANDS];
    struct pld_batch_kernel kernel;
    char *room[OPERANDS]; /* for matrices of a strip of points */
    int64_t strip;
    bool scattered; /* worth to be brought together in any case */
    struct pld_walk walk;
};

/* --- Matrices that lie otherwise than kernels need them ------------------- */

/* Elements of `npoints` points, `step` elements apart at `at`, to or from room
 * for `most` of each element, row by row. */
struct strip {
    const struct pld_batch_operand *operand;
    int64_t size;
    char *at;
    int64_t step;
    int64_t npoints;
    int64_t most;
};

/* Ask for what is to be carried next: such runs are too short for the processor
 * to foresee. */
static void fetch(const char *at, int64_t bytes)
{
    enum { LINE = 64 };
#ifdef __GNUC__
    for (int64_t i = 0; i < bytes; i += LINE)
        __builtin_prefetch(at + i, 0, 2);
#else
    (void)at, (void)bytes;
#endif
}

static void carry_element(const struct strip *strip, char *at, char *room,
                          bool out)
{
    size_t size = (size_t)strip->size;
    if (strip->step == 1) {
        memcpy(out ? at : room, out ? room : at, (size_t)strip->npoints * size);
        return;
    }
    for (int64_t p = 0; p < strip->npoints; p++) {
        char *point = at + p * strip->step * strip->size;
        char *lane = room + p * strip->size;
        memcpy(out ? point : lane, out ? lane : point, size);
    }
}

static char *element_at(const struct strip *strip, int64_t element)
{
    const struct pld_batch_operand *operand = strip->operand;
    int64_t i = element / operand->columns;
    int64_t j = element % operand->columns;
    return strip->at + (i * operand->row + j * operand->column) * strip->size;
}

static void carry(const struct strip *strip, char *room, bool out)
{
    int64_t elements = (int64_t)strip->operand->rows * strip->operand->columns;
    for (int64_t e = 0; e < elements; e++) {
        if (strip->step == 1 && e + 1 < elements)
            fetch(element_at(strip, e + 1), strip->npoints * strip->size);
        carry_element(strip, element_at(strip, e),
                      room + e * strip->most * strip->size, out);
    }
}

static struct pld_batch_side side_of(const struct pld_batch_operand *operand,
                                     char *at, int64_t next)
{
    return (struct pld_batch_side){at, operand->row, operand->column, next};
}

static struct pld_batch_side room_of(const struct pld_batch_operand *operand,
                                     char *room, int64_t most, int64_t next)
{
    return (struct pld_batch_side){room, (int64_t)operand->columns * most, most,
                                   next};
}

/* --- Groups of points ----------------------------------------------------- */

/* Points that fill whole vectors where they are. */
static void multiply_neighbours(const struct work *work, int64_t ngroups,
                                char *const at[OPERANDS])
{
    struct pld_batch_side sides[OPERANDS];
    for (int i = 0; i < OPERANDS; i++)
        sides[i] = side_of(&work->operand[i], at[i], work->kernel.lanes);
    work->kernel.groups(&work->shape, ngroups, &sides[A], &sides[B], &sides[C]);
}

/* Any others, brought together before. */
static void multiply_strip(const struct work *work, char *const at[OPERANDS],
                           const int64_t step[OPERANDS], int64_t npoints)
{
    struct pld_batch_side sides[OPERANDS];
    struct strip strips[OPERANDS];
    int64_t lanes = work->kernel.lanes;
    for (int i = 0; i < OPERANDS; i++) {
        strips[i] = (struct strip){&work->operand[i], work->size, at[i],
                                   step[i],           npoints,    work->strip};
        sides[i] =
            room_of(&work->operand[i], work->room[i], work->strip, lanes);
        if (i != C || work->shape.beta != 0)
            carry(&strips[i], work->room[i], false);
    }
    work->kernel.groups(&work->shape, (npoints + lanes - 1) / lanes, &sides[A],
                        &sides[B], &sides[C]);
    carry(&strips[C], work->room[C], true);
}

static void move_on(const struct work *work, int64_t n,
                    const int64_t step[OPERANDS], char *at[OPERANDS])
{
    for (int i = 0; i < OPERANDS; i++)
        at[i] += n * step[i] * work->size;
}

static void multiply_groups(const struct work *work, int64_t n,
                            char *at[OPERANDS], const int64_t step[OPERANDS])
{
    int64_t lanes = work->kernel.lanes;
    bool neighbours = step[A] == 1 && step[B] == 1 && step[C] == 1;
    if (neighbours && n >= lanes && !work->scattered) {
        int64_t whole = n / lanes * lanes;
        multiply_neighbours(work, n / lanes, at);
        move_on(work, whole, step, at);
        n -= whole;
    }
    for (; n > 0; n -= work->strip) {
        multiply_strip(work, at, step, n < work->strip ? n : work->strip);
        move_on(work, work->strip, step, at);
    }
}

/* --- Point by point ------------------------------------------------------- */

/* A matrix whose columns are neighbours: where it is, or a copy. */
static struct pld_batch_side by_rows(const struct work *work, int which,
                                     char *at)
{
    const struct pld_batch_operand *operand = &work->operand[which];
    if (operand->column == 1)
        return side_of(operand, at, 0);
    carry(&(struct strip){operand, work->size, at, 1, 1, 1}, work->room[which],
          false);
    return room_of(operand, work->room[which], 1, 0);
}

#ifdef PLD_HAVE_CBLAS
/* Whether its columns, or `turned` its rows, are dense where they are. */
static bool is_dense(const struct pld_batch_operand *operand, bool turned)
{
    return turned ? operand->row == 1 && operand->column >= operand->rows
                  : operand->column == 1 && operand->row >= operand->columns;
}

/* What must be conjugated must lie so that it is turned as well. */
static bool can_conjugate(const struct pld_batch_operand *operand)
{
    return !operand->conjugate || is_dense(operand, true);
}

/* Products that need neither alpha nor beta. */
static bool suits_blas(const struct work *work)
{
    const struct pld_batch_shape *shape = &work->shape;
    return (int64_t)shape->m * shape->n * shape->k >= BLAS_FROM &&
           shape->alpha == 1 && shape->beta == 0 &&
           can_conjugate(&work->operand[A]) && can_conjugate(&work->operand[B]);
}

static struct pld_batch_side for_blas(const struct work *work, int which,
                                      char *at)
{
    const struct pld_batch_operand *operand = &work->operand[which];
    return is_dense(operand, true) ? side_of(operand, at, 0)
                                   : by_rows(work, which, at);
}

static void multiply_large(const struct work *work, char *const at[OPERANDS])
{
    struct pld_batch_side a = for_blas(work, A, at[A]);
    struct pld_batch_side b = for_blas(work, B, at[B]);
    struct pld_batch_side c = side_of(&work->operand[C], at[C], 0);
    pld_batch_blas(work->type, &work->shape, &a, &b, &c);
}
#endif

static void multiply_one(const struct work *work, char *const at[OPERANDS])
{
    struct pld_batch_side a = side_of(&work->operand[A], at[A], 0);
    struct pld_batch_side b = by_rows(work, B, at[B]);
    struct pld_batch_side c = side_of(&work->operand[C], at[C], 0);
#ifdef PLD_HAVE_CBLAS
    if (suits_blas(work)) {
        multiply_large(work, at);
        return;
    }
#endif
    work->kernel.points(&work->shape, 1, &a, &b, &c);
}

static void multiply_points(const struct work *work, int64_t n,
                            char *at[OPERANDS], const int64_t step[OPERANDS])
{
    bool direct = work->operand[B].column == 1;
#ifdef PLD_HAVE_CBLAS
    direct = direct && !suits_blas(work);
#endif
    if (direct) {
        struct pld_batch_side sides[OPERANDS];
        for (int i = 0; i < OPERANDS; i++)
            sides[i] = side_of(&work->operand[i], at[i], step[i]);
        work->kernel.points(&work->shape, n, &sides[A], &sides[B], &sides[C]);
        return;
    }
    for (; n > 0; n--) {
        multiply_one(work, at);
        move_on(work, 1, step, at);
    }
}

/* --- All of it ------------------------------------------------------------ */

static pld_status visit(const struct pld_tile *tile, void *data)
{
    const struct work *work = data;
    bool by_point = work->operand[C].column == 1 && tile->step[C] != 1;
    for (int64_t row = 0; row < tile->nrows; row++) {
        char *at[OPERANDS];
        for (int i = 0; i < OPERANDS; i++)
            at[i] = tile->at[i] + row * tile->row_step[i] * work->size;
        (by_point ? multiply_points : multiply_groups)(work, tile->n, at,
                                                       tile->step);
    }
    return PLD_OK;
}

/* As many points as the second cache holds; each element an odd number of lines
 * from the next, so that they fill all of it. Many elements, far away from each
 * other and not in the caches, are read and written in such strips: one line of
 * each after the other took up to 5 times longer. */
static void choose_strip(struct work *work)
{
    enum { CACHE = 384 << 10, LINE = 64, FEW = 24 };
    int64_t elements = 0;
    for (int i = 0; i < OPERANDS; i++)
        elements += work->operand[i].field->ncomps;
    pld_box own = work->operand[C].field->owned;
    int64_t points = own.count[0] * own.count[1] * own.count[2];
    int64_t cached = CACHE / (elements * work->size);
    work->scattered = elements > FEW && points > 2 * cached;
    work->strip = work->kernel.lanes;
    if (work->scattered && cached > work->strip)
        work->strip = (cached * work->size / LINE | 1) * LINE / work->size;
}

static pld_status prepare(struct work *work)
{
    const pld_field *fields[OPERANDS];
    const struct pld_batch_operand *c = &work->operand[C];
    work->type = c->field->type;
    work->size = (int64_t)pld_type_size(work->type);
    work->shape.m = c->rows;
    work->shape.n = c->columns;
    work->shape.k = work->operand[A].columns;
    work->shape.conjugate_a = work->operand[A].conjugate;
    work->shape.conjugate_b = work->operand[B].conjugate;
    work->kernel = pld_batch_kernel_find(work->type, c->columns);
    choose_strip(work);
    for (int i = 0; i < OPERANDS; i++) {
        fields[i] = work->operand[i].field;
        PLD_TRY(pld_alloc("matrices of some points",
                          fields[i]->ncomps * work->strip, (size_t)work->size,
                          &work->room[i]));
    }
    return pld_walk_create_points(OPERANDS, fields, &work->walk);
}

static void release(struct work *work)
{
    pld_walk_destroy(&work->walk);
    for (int i = 0; i < OPERANDS; i++)
        pld_free(work->room[i]);
}

pld_status pld_batch_multiply(double alpha, const pld_batch *a,
                              const pld_batch *b, double beta,
                              const pld_batch *c)
{
    pld_status status = PLD_OK;
    struct work work = {.shape = {.alpha = alpha, .beta = beta}};
    PLD_TRY(
        pld_batch_operands((const pld_batch *const[]){a, b, c}, work.operand));
    PLD_TRY_TO(out, prepare(&work));
    PLD_TRY_TO(out, pld_field_touch(work.operand[C].field));
    PLD_TRY_TO(out, pld_walk_run(&work.walk, visit, &work));
out:
    release(&work);
    return status;
}
