#ifndef EQUATIONS_H
#define EQUATIONS_H

#include <polder.h>

/* Systems of equations a x = b with one right side, for benchmarks of factors.
 */
enum equations_kind {
    EQUATIONS_POSITIVE, /* symmetric, the diagonal outweighs each row */
    EQUATIONS_GENERAL   /* needs pivots */
};

struct equations {
    enum equations_kind kind;
    int64_t n;
    pld_ctx *ctx;
    pld_grid *grids[2];
    pld_field *a;
    pld_field *b;
};

/* One element of a, and of b. */
double equations_a(enum equations_kind kind, int64_t n, int64_t i, int64_t j);
double equations_b(int64_t i);

pld_status equations_create(pld_ctx *ctx, enum equations_kind kind, int64_t n,
                            struct equations *out);
pld_status equations_destroy(struct equations *equations);

/* Set b again, after it has become x. */
pld_status equations_renew(struct equations *equations);

/* Whether x, whole on each rank, solves them; and whether field b does. */
bool equations_hold(enum equations_kind kind, int64_t n, const double *x);
bool equations_solved(const struct equations *equations);

#endif
