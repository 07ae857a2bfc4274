/* Numbers out of lines of text. */
#ifndef NUMBERS_H
#define NUMBERS_H

#include <stdint.h>

/* Read up to `most` numbers from a line into `out`; they are separated by
 * blanks, commas or semicolons. Returns how many there are, also beyond
 * `most`; or -1 when there is something that is no number. */
int64_t numbers_in(const char *line, int64_t most, double *out);

#endif
