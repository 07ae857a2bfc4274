/* Nonlinear shallow-water kernel on one rectangular block of cells.
 *
 * Scheme: second-order hydrostatic reconstruction of
 *   E. Audusse, F. Bouchut, M.-O. Bristeau, R. Klein, B. Perthame,
 *   "A fast and stable well-balanced scheme with hydrostatic
 *   reconstruction for shallow water flows", SIAM J. Sci. Comput. 25(6),
 *   2050-2065, 2004, doi:10.1137/S1064827503431090,
 * with a limited reconstruction of depth, surface and velocity (generalised
 * minmod 1.3, plain minmod in thin films), the HLL flux with an upwinded
 * transverse velocity, and Heun's method (SSP-RK2) in time. The mass fluxes
 * out of a cell are capped so that together they never take more than it
 * holds, which otherwise only a step half as long would ensure.
 *
 * A stage reads a cell's neighbours up to two cells away along x and y and
 * never diagonally, and a cell's arithmetic does not depend on where its
 * block begins: any split of the grid gives the same bits. */
#ifndef SWE_H
#define SWE_H

#include <stddef.h>

enum { SWE_HALO = 2 };

/* The three conserved fields; each points at cell (0, 0) of the block, with
 * SWE_HALO cells before and behind in both directions. */
struct swe_state {
    double *depth;
    double *momentum_x;
    double *momentum_y;
};

struct swe_block {
    ptrdiff_t ny;      /* rows of own cells */
    ptrdiff_t nx;      /* own cells in a row, contiguous */
    ptrdiff_t stride;  /* from a cell to the next row's */
    const double *bed; /* bed elevation, laid out like a state */
};

struct swe_scheme {
    double gravity;
    double dx;
    double dy;
    double dry_depth; /* a shallower cell holds no momentum */
    double manning;   /* bed roughness in s m^(-1/3); 0: none */
};

/* What is kept of the past of each cell, laid out like a state. */
struct swe_record {
    const double *initial; /* surface at the start (bed where dry) */
    double *highest;       /* highest surface while wet */
    double *arrival;       /* first time off the initial surface, or < 0 */
    double threshold;
    double time;
};

/* A step by Heun's method: swe_predict sets guess = now + dt L(now), and
 * swe_correct sets now = (now + guess + dt L(guess)) / 2, then applies the
 * friction of dt. The halo of the state read must be filled; only own cells
 * are written. record may be NULL. swe_correct returns the largest rate
 * (|u| + c) / dx + (|v| + c) / dy of its cells; stable below dt = 1 / rate. */
void swe_predict(const struct swe_scheme *scheme, const struct swe_block *block,
                 struct swe_state now, struct swe_state guess, double dt);
double swe_correct(const struct swe_scheme *scheme,
                   const struct swe_block *block, struct swe_state guess,
                   struct swe_state now, double dt,
                   const struct swe_record *record);

/* The same rate for a state as it stands. */
double swe_rate(const struct swe_scheme *scheme, const struct swe_block *block,
                struct swe_state state);

/* A ghost cell beyond x = 0, from the cell inside: the wave running out
 * keeps its Riemann invariant u - 2c. With imposed, the surface there is
 * level; else level is that of a wave running in, which passes through what
 * runs out, and level 0 lets all waves leave. rest is the still depth. */
void swe_inflow(const struct swe_scheme *scheme, double rest, double level,
                int imposed, double depth, double momentum, double *ghost_depth,
                double *ghost_momentum);

#endif
