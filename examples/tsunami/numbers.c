#include "numbers.h"

#include <stdlib.h>
#include <string.h>

static const char separators[] = " \t,;\r\n";

int64_t numbers_in(const char *line, int64_t most, double *out)
{
    int64_t n = 0;
    line += strspn(line, separators);
    while (*line != '\0') {
        char *end;
        double number = strtod(line, &end);
        if (end == line || (*end != '\0' && strchr(separators, *end) == NULL))
            return -1;
        if (n < most)
            out[n] = number;
        n++;
        line = end + strspn(end, separators);
    }
    return n;
}
