#include "swe.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* The row loops below are compiled several times and the widest version the
 * processor can run is chosen when the program starts. All versions give the
 * same bits as long as nothing is contracted (-ffp-contract=off). Sanitizers
 * run too late for the choosing, and other compilers get the plain loop. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) &&         \
    defined(__GLIBC__) && !defined(__SANITIZE_THREAD__) &&                     \
    !defined(__SANITIZE_ADDRESS__) && !defined(SWE_PLAIN)
#define SWE_CLONES                                                             \
    __attribute__((noinline, target_clones("avx512f", "avx2", "default")))
#else
#define SWE_CLONES
#endif

/* Threading jumps through pairs of maxima breaks them up into masks. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-thread-jumps")
#endif

#if defined(__GNUC__)
#define SWE_INLINE static inline __attribute__((always_inline))
#else
#define SWE_INLINE static inline
#endif

/* The block is worked through in vertical strips so that the row buffers of
 * a strip stay in the first-level cache. */
enum {
    STRIP = 128,
    LEAD = 8, /* buffer index of the first own cell */
    WIDTH = STRIP + 2 * LEAD
};

struct cells { /* one row of cells in primitive variables */
    _Alignas(64) double depth[WIDTH];
    double level[WIDTH];
    double u[WIDTH];
    double v[WIDTH];
    double spare[WIDTH]; /* water for each side beyond what flows */
};

struct fluxes { /* one row of faces */
    _Alignas(64) double mass[WIDTH];
    double before[WIDTH]; /* normal momentum, less the pressure, as */
    double behind[WIDTH]; /* seen from the cell before and behind */
    double across[WIDTH]; /* transverse momentum */
};

struct side { /* the state on one side of a face */
    double depth;
    double level;
    double normal;
    double transverse;
};

struct cap { /* bounds of the mass flux through a face */
    double ahead;
    double back;
};

struct flux {
    double mass;
    double before;
    double behind;
    double across;
};

SWE_INLINE double smaller(double a, double b)
{
    return a < b ? a : b;
}

SWE_INLINE double larger(double a, double b)
{
    return a > b ? a : b;
}

/* How many times the smaller of two differences half a slope may be: 1.3 / 2
 * in general, but 1 / 2 (minmod) where the surface falls by more than the
 * depth, as in a thin film on a slope. There a sharper slope could make the
 * reconstructed bed rise across a face although it falls from cell to cell;
 * that dams up the film, which its weight then accelerates without end. */
SWE_INLINE double sharpness(double depth, double back, double ahead)
{
    return fabs(back) + fabs(ahead) < depth ? 0.65 : 0.5;
}

/* Half the limited difference over a cell, from those to its two neighbours.
 * Here and below, zero is a variable because GCC makes two masked operations
 * of a maximum with a literal 0. */
SWE_INLINE double limited(double back, double ahead, double bound, double zero)
{
    double rise = bound * larger(smaller(back, ahead), zero);
    double fall = bound * smaller(larger(back, ahead), zero);

    return larger(smaller(0.25 * (back + ahead), rise), fall);
}

/* The flux through a face between two reconstructed sides. The bed of both
 * sides is lifted to the higher one, so water at rest has equal depths on
 * both sides and the momentum parts vanish exactly; the pressure a cell has
 * too little or too much is made up for by its own surface slope. cap keeps a
 * cell from losing more water in a step than it has. */
SWE_INLINE struct flux face_flux(struct side a, struct side b, struct cap cap,
                                 double gravity, double zero)
{
    double bed_a = a.level - a.depth;
    double bed_b = b.level - b.depth;
    double bed = larger(bed_a, bed_b);
    double depth_a = larger(a.depth - (bed - bed_a), zero);
    double depth_b = larger(b.depth - (bed - bed_b), zero);
    double flow_a = depth_a * a.normal;
    double flow_b = depth_b * b.normal;
    double speed = sqrt(gravity * larger(depth_a, depth_b));
    double slowest = smaller(smaller(a.normal, b.normal) - speed, zero);
    double fastest = larger(larger(a.normal, b.normal) + speed, zero);
    double share_a = fastest / (fastest - slowest + 1e-300);
    double share_b = 1.0 - share_a;
    double mixing = slowest * share_a;
    double thrust = 0.5 * gravity * (depth_a - depth_b) * (depth_a + depth_b);
    struct flux flux;

    flux.mass =
        share_a * flow_a + share_b * flow_b + mixing * (depth_b - depth_a);
    flux.mass = larger(smaller(flux.mass, cap.ahead), cap.back);
    flux.before = share_a * (flow_a * a.normal) +
                  share_b * (flow_b * b.normal - thrust) +
                  mixing * (flow_b - flow_a);
    flux.behind = flux.before + thrust;
    flux.across = flux.mass * (flux.mass > 0.0 ? a.transverse : b.transverse);
    return flux;
}

/* Primitive variables of one row; all pointers at the strip's first ghost.
 * Of its water a cell may lose through each side what its velocity carries
 * there, and a quarter of what that leaves: together no more than it has. */
SWE_CLONES
static void row_cells(ptrdiff_t n, double dry_depth, double rate_x,
                      double rate_y, const double *restrict depth,
                      const double *restrict momentum_x,
                      const double *restrict momentum_y,
                      const double *restrict bed, struct cells *restrict row)
{
    for (ptrdiff_t i = 0; i < n + 2 * SWE_HALO; i++) {
        double inverse = 1.0 / larger(depth[i], dry_depth);
        ptrdiff_t k = i + LEAD - SWE_HALO;

        row->depth[k] = larger(depth[i], 0.0);
        row->level[k] = depth[i] + bed[i];
        row->u[k] = momentum_x[i] * inverse;
        row->v[k] = momentum_y[i] * inverse;
        row->spare[k] = 0.25 * depth[i] *
                        larger(0.0, 1.0 - fabs(row->u[k]) * rate_x -
                                        fabs(row->v[k]) * rate_y);
    }
}

/* Fluxes through the faces between the cells of a row; face i lies before
 * cell i. slope gets the differences over the cells; that of the surface is
 * needed again for the pressure. */
SWE_CLONES
static void row_fluxes_x(ptrdiff_t n, const struct swe_scheme *restrict scheme,
                         double room, const struct cells *restrict row,
                         struct cells *restrict slope,
                         struct fluxes *restrict flux)
{
    const double gravity = scheme->gravity, zero = 0.0 * gravity;

    for (ptrdiff_t i = LEAD - 1; i < LEAD + n + 1; i++) {
        double back = row->level[i] - row->level[i - 1];
        double ahead = row->level[i + 1] - row->level[i];
        double bound = sharpness(row->depth[i], back, ahead);

        slope->level[i] = limited(back, ahead, bound, zero);
        slope->depth[i] =
            limited(row->depth[i] - row->depth[i - 1],
                    row->depth[i + 1] - row->depth[i], bound, zero);
        slope->u[i] = limited(row->u[i] - row->u[i - 1],
                              row->u[i + 1] - row->u[i], bound, zero);
        slope->v[i] = limited(row->v[i] - row->v[i - 1],
                              row->v[i + 1] - row->v[i], bound, zero);
    }
    for (ptrdiff_t i = LEAD; i < LEAD + n + 1; i++) {
        struct side a = {row->depth[i - 1] + slope->depth[i - 1],
                         row->level[i - 1] + slope->level[i - 1],
                         row->u[i - 1] + slope->u[i - 1],
                         row->v[i - 1] + slope->v[i - 1]};
        struct side b = {row->depth[i] - slope->depth[i],
                         row->level[i] - slope->level[i],
                         row->u[i] - slope->u[i], row->v[i] - slope->v[i]};
        struct cap cap = {row->spare[i - 1] * room +
                              row->depth[i - 1] * larger(row->u[i - 1], zero),
                          row->depth[i] * smaller(row->u[i], zero) -
                              row->spare[i] * room};
        struct flux f = face_flux(a, b, cap, gravity, zero);

        flux->mass[i] = f.mass;
        flux->before[i] = f.before;
        flux->behind[i] = f.behind;
        flux->across[i] = f.across;
    }
}

/* Fluxes through the faces between row and the one below it. side holds the
 * upper sides of the row below and is replaced by those of row; slope gets
 * the surface differences over the cells of row. */
SWE_CLONES
static void row_fluxes_y(ptrdiff_t n, const struct swe_scheme *restrict scheme,
                         double room, const struct cells *restrict below,
                         const struct cells *restrict row,
                         const struct cells *restrict above,
                         struct cells *restrict side, double *restrict slope,
                         struct fluxes *restrict flux)
{
    const double gravity = scheme->gravity, zero = 0.0 * scheme->gravity;

    for (ptrdiff_t i = LEAD; i < LEAD + n; i++) {
        double back = row->level[i] - below->level[i];
        double ahead = above->level[i] - row->level[i];
        double bound = sharpness(row->depth[i], back, ahead);
        double level = limited(back, ahead, bound, zero);
        double depth = limited(row->depth[i] - below->depth[i],
                               above->depth[i] - row->depth[i], bound, zero);
        double u = limited(row->u[i] - below->u[i], above->u[i] - row->u[i],
                           bound, zero);
        double v = limited(row->v[i] - below->v[i], above->v[i] - row->v[i],
                           bound, zero);
        struct side a = {side->depth[i], side->level[i], side->v[i],
                         side->u[i]};
        struct side b = {row->depth[i] - depth, row->level[i] - level,
                         row->v[i] - v, row->u[i] - u};
        struct cap cap = {below->spare[i] * room +
                              below->depth[i] * larger(below->v[i], zero),
                          row->depth[i] * smaller(row->v[i], zero) -
                              row->spare[i] * room};
        struct flux f = face_flux(a, b, cap, gravity, zero);

        flux->mass[i] = f.mass;
        flux->before[i] = f.before;
        flux->behind[i] = f.behind;
        flux->across[i] = f.across;
        slope[i] = level;
        side->depth[i] = row->depth[i] + depth;
        side->level[i] = row->level[i] + level;
        side->u[i] = row->u[i] + u;
        side->v[i] = row->v[i] + v;
    }
}

/* The row's cells after a step dt, without friction: all that their faces
 * let in and out, and the weight of the water on its surface slope. */
SWE_CLONES
static void
row_advance(ptrdiff_t n, double rate_x, double rate_y, double gravity,
            const struct cells *restrict row, const double *restrict slope_x,
            const double *restrict slope_y, const struct fluxes *restrict x,
            const struct fluxes *restrict below,
            const struct fluxes *restrict above,
            const double *restrict momentum_x,
            const double *restrict momentum_y, struct cells *restrict next)
{
    for (ptrdiff_t i = LEAD; i < LEAD + n; i++) {
        double weight = 2.0 * gravity * row->depth[i];
        double depth = row->depth[i] - rate_x * (x->mass[i + 1] - x->mass[i]) -
                       rate_y * (above->mass[i] - below->mass[i]);

        /* Only the rounding of an emptied cell can be negative. */
        next->depth[i] = larger(0.0, depth);
        next->u[i] =
            momentum_x[i - LEAD] -
            rate_x * (x->before[i + 1] - x->behind[i] + weight * slope_x[i]) -
            rate_y * (above->across[i] - below->across[i]);
        next->v[i] =
            momentum_y[i - LEAD] - rate_x * (x->across[i + 1] - x->across[i]) -
            rate_y *
                (above->before[i] - below->behind[i] + weight * slope_y[i]);
    }
}

/* A first guess of the cube root, 4 % off at most, by dividing the exponent
 * by three: x / 3 = x (1/4 + 1/16)(1 + 1/16)(1 + 1/256)(1 + 1/65536) .... */
SWE_INLINE double cube_root_guess(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    bits = (bits >> 2) + (bits >> 4);
    bits += bits >> 4;
    bits += bits >> 8;
    bits += bits >> 16;
    bits += bits >> 32;
    bits += UINT64_C(0x2a9f789300000000);
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Manning friction over a step, semi-implicit so that it can only slow the
 * flow down: u' = u / (1 + dt g n^2 |u| / h^(4/3)). One step of Halley's
 * iteration, r (r^3 + 2 h) / (2 r^3 + h), makes the cube root good to 1e-4,
 * better than any roughness is known, and joins the one division. */
SWE_CLONES
static void row_friction(ptrdiff_t n, double dry_depth, double factor,
                         double *restrict depth, double *restrict momentum_x,
                         double *restrict momentum_y)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        double h = larger(depth[i], dry_depth);
        double root = cube_root_guess(h);
        double cube = root * root * root;
        double power = h * h * root * (cube + 2.0 * h);
        double drag =
            factor * (2.0 * cube + h) *
            sqrt(momentum_x[i] * momentum_x[i] + momentum_y[i] * momentum_y[i]);
        double left = power / (power + drag);

        momentum_x[i] *= left;
        momentum_y[i] *= left;
    }
}

/* First stage: the row as it is after an Euler step. */
SWE_CLONES
static void row_predict(ptrdiff_t n, double dry_depth,
                        const struct cells *restrict next,
                        double *restrict depth, double *restrict momentum_x,
                        double *restrict momentum_y)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        double h = next->depth[i + LEAD];

        depth[i] = h;
        momentum_x[i] = h > dry_depth ? next->u[i + LEAD] : 0.0;
        momentum_y[i] = h > dry_depth ? next->v[i + LEAD] : 0.0;
    }
}

/* Second stage: the mean of the row before the step and after two Euler
 * steps, in place; raises fastest to the rates of the outcome. */
SWE_CLONES
static void row_correct(ptrdiff_t n, const struct swe_scheme *restrict scheme,
                        const struct cells *restrict next,
                        double *restrict depth, double *restrict momentum_x,
                        double *restrict momentum_y, double *restrict fastest)
{
    const double dry_depth = scheme->dry_depth, gravity = scheme->gravity;
    const double per_x = 1.0 / scheme->dx, per_y = 1.0 / scheme->dy;

    for (ptrdiff_t i = 0; i < n; i++) {
        double h = 0.5 * (depth[i] + next->depth[i + LEAD]);
        double qx = 0.5 * (momentum_x[i] + next->u[i + LEAD]);
        double qy = 0.5 * (momentum_y[i] + next->v[i + LEAD]);
        double inverse = 1.0 / larger(h, dry_depth);
        double speed = sqrt(gravity * h);

        qx = h > dry_depth ? qx : 0.0;
        qy = h > dry_depth ? qy : 0.0;
        depth[i] = h;
        momentum_x[i] = qx;
        momentum_y[i] = qy;
        fastest[i] =
            larger(fastest[i], (fabs(qx) * inverse + speed) * per_x +
                                   (fabs(qy) * inverse + speed) * per_y);
    }
}

SWE_CLONES
static void row_record(ptrdiff_t n, double dry_depth, double threshold,
                       double time, const double *restrict depth,
                       const double *restrict bed,
                       const double *restrict initial, double *restrict highest,
                       double *restrict arrival)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        double level = depth[i] + bed[i];
        double seen = depth[i] > dry_depth ? level : highest[i];
        double when = fabs(level - initial[i]) > threshold ? time : -1.0;

        highest[i] = larger(seen, highest[i]);
        arrival[i] = arrival[i] < 0.0 ? when : arrival[i];
    }
}

/* All that one strip of a block needs while its rows go by. */
struct strip {
    struct cells rows[3]; /* row j in rows[(j + 3) % 3] */
    struct cells slope;
    struct cells side;
    struct cells next;
    struct fluxes x;
    struct fluxes y[2];       /* faces below row j in y[j & 1] */
    double slope_y[2][WIDTH]; /* surface differences of row j in [j & 1] */
    double fastest[WIDTH];
};

struct job {
    const struct swe_scheme *scheme;
    const struct swe_block *block;
    struct swe_state in;
    struct swe_state out;
    const struct swe_record *record;
    double dt;
    int second;
    ptrdiff_t first; /* columns of the strip */
    ptrdiff_t count;
};

static void load_row(const struct job *job, struct strip *strip, ptrdiff_t j)
{
    const ptrdiff_t at = j * job->block->stride + job->first - SWE_HALO;

    row_cells(job->count, job->scheme->dry_depth, job->dt / job->scheme->dx,
              job->dt / job->scheme->dy, job->in.depth + at,
              job->in.momentum_x + at, job->in.momentum_y + at,
              job->block->bed + at, &strip->rows[(j + 3) % 3]);
}

/* Needs rows j - 1 to j + 1; leaves the fluxes below row j. */
static void fluxes_below(const struct job *job, struct strip *strip,
                         ptrdiff_t j)
{
    row_fluxes_y(job->count, job->scheme, job->scheme->dy / job->dt,
                 &strip->rows[(j + 2) % 3], &strip->rows[(j + 3) % 3],
                 &strip->rows[(j + 4) % 3], &strip->side, strip->slope_y[j & 1],
                 &strip->y[j & 1]);
}

/* What the second stage does to a row beyond its fluxes. */
static void correct_row(const struct job *job, struct strip *strip,
                        ptrdiff_t at)
{
    const struct swe_scheme *scheme = job->scheme;
    const struct swe_record *record = job->record;
    double *depth = job->out.depth + at;

    row_correct(job->count, scheme, &strip->next, depth,
                job->out.momentum_x + at, job->out.momentum_y + at,
                strip->fastest);
    if (scheme->manning > 0.0) {
        row_friction(job->count, scheme->dry_depth,
                     job->dt * scheme->gravity * scheme->manning *
                         scheme->manning,
                     depth, job->out.momentum_x + at, job->out.momentum_y + at);
    }
    if (record) {
        row_record(job->count, scheme->dry_depth, record->threshold,
                   record->time, depth, job->block->bed + at,
                   record->initial + at, record->highest + at,
                   record->arrival + at);
    }
}

/* Needs row j and the fluxes below and above it. */
static void finish_row(const struct job *job, struct strip *strip, ptrdiff_t j)
{
    const struct swe_scheme *scheme = job->scheme;
    const ptrdiff_t n = job->count;
    const ptrdiff_t at = j * job->block->stride + job->first;
    const struct cells *row = &strip->rows[(j + 3) % 3];

    row_fluxes_x(n, scheme, scheme->dx / job->dt, row, &strip->slope,
                 &strip->x);
    row_advance(n, job->dt / scheme->dx, job->dt / scheme->dy, scheme->gravity,
                row, strip->slope.level, strip->slope_y[j & 1], &strip->x,
                &strip->y[j & 1], &strip->y[(j + 1) & 1],
                job->in.momentum_x + at, job->in.momentum_y + at, &strip->next);
    if (job->second) {
        correct_row(job, strip, at);
    } else {
        row_predict(job->count, scheme->dry_depth, &strip->next,
                    job->out.depth + at, job->out.momentum_x + at,
                    job->out.momentum_y + at);
    }
}

static double run_strip(const struct job *job)
{
    const ptrdiff_t ny = job->block->ny;
    struct strip strip;
    double rate = 0.0;

    memset(&strip.side, 0, sizeof strip.side);
    memset(strip.fastest, 0, sizeof strip.fastest);
    load_row(job, &strip, -2);
    load_row(job, &strip, -1);
    for (ptrdiff_t j = -1; j <= ny; j++) {
        load_row(job, &strip, j + 1);
        fluxes_below(job, &strip, j);
        if (j > 0) {
            finish_row(job, &strip, j - 1);
        }
    }
    for (ptrdiff_t i = 0; i < job->count; i++) {
        rate = larger(rate, strip.fastest[i]);
    }
    return rate;
}

static double run_block(struct job *job)
{
    double rate = 0.0;

    for (job->first = 0; job->first < job->block->nx; job->first += STRIP) {
        const ptrdiff_t rest = job->block->nx - job->first;

        job->count = rest < STRIP ? rest : STRIP;
        rate = larger(rate, run_strip(job));
    }
    return rate;
}

void swe_predict(const struct swe_scheme *scheme, const struct swe_block *block,
                 struct swe_state now, struct swe_state guess, double dt)
{
    struct job job = {scheme, block, now, guess, NULL, dt, 0, 0, 0};

    run_block(&job);
}

double swe_correct(const struct swe_scheme *scheme,
                   const struct swe_block *block, struct swe_state guess,
                   struct swe_state now, double dt,
                   const struct swe_record *record)
{
    struct job job = {scheme, block, guess, now, record, dt, 1, 0, 0};

    return run_block(&job);
}

double swe_rate(const struct swe_scheme *scheme, const struct swe_block *block,
                struct swe_state state)
{
    double rate = 0.0;

    for (ptrdiff_t j = 0; j < block->ny; j++) {
        for (ptrdiff_t i = 0; i < block->nx; i++) {
            const ptrdiff_t at = j * block->stride + i;
            double depth = state.depth[at];
            double inverse = 1.0 / larger(depth, scheme->dry_depth);
            double speed = sqrt(scheme->gravity * depth);

            rate = larger(rate,
                          (fabs(state.momentum_x[at]) * inverse + speed) /
                                  scheme->dx +
                              (fabs(state.momentum_y[at]) * inverse + speed) /
                                  scheme->dy);
        }
    }
    return rate;
}

void swe_inflow(const struct swe_scheme *scheme, double rest, double level,
                int imposed, double depth, double momentum, double *ghost_depth,
                double *ghost_momentum)
{
    const double gravity = scheme->gravity;
    double u = momentum / larger(depth, scheme->dry_depth);
    double leaving = u - 2.0 * sqrt(gravity * depth);
    double speed = sqrt(gravity * larger(rest + level, 0.0));

    if (!imposed) {
        double entering = 4.0 * speed - 2.0 * sqrt(gravity * rest);

        speed = larger(0.25 * (entering - leaving), 0.0);
    }
    *ghost_depth = speed * speed / gravity;
    *ghost_momentum = *ghost_depth * (leaving + 2.0 * speed);
}
