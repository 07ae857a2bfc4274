#include "bowl.h"

#include <math.h>

static const double gravity = 9.81;
static const double half_width = 2.0;  /* of the domain */
static const double radius = 1.0;      /* of the shore at rest */
static const double rest_depth = 0.1;  /* in the middle */
static const double start_shore = 0.8; /* the shore at the start: heaped up */

struct domain bowl_domain(int64_t n)
{
    double step = 2.0 * half_width / (double)n;
    return (struct domain){.nx = n,
                           .ny = n,
                           .x0 = -half_width,
                           .y0 = -half_width,
                           .step_x = step,
                           .step_y = step,
                           .metres_x = 1.0,
                           .metres_y = 1.0};
}

static double frequency(void)
{
    return sqrt(8.0 * gravity * rest_depth) / radius;
}

double bowl_period(void)
{
    return 2.0 * acos(-1.0) / frequency();
}

static double bed_at(double x, double y)
{
    return -rest_depth * (1.0 - (x * x + y * y) / (radius * radius));
}

/* The depth; all water is at rest at time 0. */
static double solution(double x, double y, double time)
{
    double a2 = radius * radius;
    double s2 = start_shore * start_shore;
    double swing = (a2 - s2) / (a2 + s2);
    double phase = 1.0 - swing * cos(frequency() * time);
    double flat = (1.0 - swing * swing) / (phase * phase);
    double level =
        rest_depth * (sqrt(flat) - 1.0 - (x * x + y * y) / a2 * (flat - 1.0));
    return fmax(0.0, level - bed_at(x, y));
}

static double centre(double low, double step, int64_t cell)
{
    return low + ((double)cell + 0.5) * step;
}

void bowl_fill(struct model *model)
{
    const struct domain *domain = &model->domain;
    pld_box own = pld_grid_owned(model->grid);
    for (int64_t j = own.first[0]; j < own.first[0] + own.count[0]; j++)
        for (int64_t i = own.first[1]; i < own.first[1] + own.count[1]; i++) {
            double x = centre(domain->x0, domain->step_x, i);
            double y = centre(domain->y0, domain->step_y, j);
            *model_at(model, BED, j, i) = bed_at(x, y);
            *model_at(model, DEPTH, j, i) = solution(x, y, 0.0);
        }
}

pld_status bowl_error(struct model *model, double *error, double *expected)
{
    const struct domain *domain = &model->domain;
    pld_box own = pld_grid_owned(model->grid);
    double sums[2] = {0.0, 0.0}; /* of differences, of depths */
    for (int64_t j = own.first[0]; j < own.first[0] + own.count[0]; j++)
        for (int64_t i = own.first[1]; i < own.first[1] + own.count[1]; i++) {
            double depth =
                solution(centre(domain->x0, domain->step_x, i),
                         centre(domain->y0, domain->step_y, j), model->time);
            sums[0] += fabs(*model_at(model, DEPTH, j, i) - depth);
            sums[1] += depth;
        }
    PLD_TRY(pld_reduce(model->ctx, PLD_SUM, PLD_F64, sums, 2, sums));
    *error = sums[0] / sums[1];
    *expected = 0.08 * pow(50.0 / (double)domain->nx, 1.5);
    return PLD_OK;
}
