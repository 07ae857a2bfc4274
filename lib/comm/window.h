#ifndef PLD_COMM_WINDOW_H
#define PLD_COMM_WINDOW_H

#include "polder/field.h"
#include "polder/sample.h"

/* Points around a position, and the value between them: pure arithmetic. */

enum { PLD_MOST_AROUND = 4 };

struct pld_window {
    pld_box box;           /* points; images where a dimension is periodic */
    double at[PLD_MAXDIM]; /* the position, from the first one on */
};

/* Whether a position, of as many numbers as the grid has dimensions, lies in
 * the domain; `*dim` becomes the dimension in which it does not. */
bool pld_window_fits(const pld_field *field, const double *position, int *dim);

/* The points of the field around a position that does. */
struct pld_window pld_window_find(const pld_field *field,
                                  pld_interpolation interpolation,
                                  const double *position);

/* The value between those of the box, `step` doubles apart. Changes them. */
double pld_window_value(const struct pld_window *window, double *values,
                        int64_t step);

#endif
