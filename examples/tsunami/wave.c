#include "wave.h"
#include "numbers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static pld_status append(struct wave *wave, double time, double level)
{
    int64_t n = wave->count;
    if (n % 1024 == 0) {
        size_t bytes = sizeof(double) * ((size_t)n + 1024);
        wave->time = realloc(wave->time, bytes);
        wave->level = realloc(wave->level, bytes);
        PLD_CHECK(wave->time != NULL && wave->level != NULL, PLD_ERR_MEMORY,
                  "no memory for %zu bytes", 2 * bytes);
    }
    wave->time[n] = time;
    wave->level[n] = level;
    wave->count++;
    return PLD_OK;
}

static pld_status read_lines(FILE *file, const char *path, struct wave *wave)
{
    char line[512];
    double pair[2];
    for (int number = 1; fgets(line, sizeof line, file) != NULL; number++) {
        int64_t n = numbers_in(line, 2, pair);
        if (n == 0 || (n < 0 && wave->count == 0))
            continue;
        PLD_CHECK(n >= 2, PLD_ERR_FORMAT,
                  "%s, line %d: there should be a time and a level", path,
                  number);
        PLD_CHECK(wave->count == 0 || pair[0] > wave->time[wave->count - 1],
                  PLD_ERR_FORMAT, "%s, line %d: time %g does not come after %g",
                  path, number, pair[0], wave->time[wave->count - 1]);
        PLD_TRY(append(wave, pair[0], pair[1]));
    }
    PLD_CHECK(wave->count >= 2, PLD_ERR_FORMAT,
              "%s holds %" PRId64 " lines of time and level, not the 2 that an "
              "incident wave needs",
              path, wave->count);
    return PLD_OK;
}

pld_status wave_read(const char *path, struct wave *out)
{
    *out = (struct wave){0};
    FILE *file = fopen(path, "r");
    PLD_CHECK(file != NULL, errno == ENOENT ? PLD_ERR_NOENT : PLD_ERR_ACCESS,
              "incident wave %s: %s", path, strerror(errno));
    pld_status status = read_lines(file, path, out);
    fclose(file);
    return status;
}

void wave_free(struct wave *wave)
{
    free(wave->time);
    free(wave->level);
    *wave = (struct wave){0};
}

double wave_level(const struct wave *wave, double time)
{
    if (time <= wave->time[0])
        return wave->level[0];
    if (time >= wave_end(wave))
        return 0.0;
    int64_t low = 0;
    int64_t high = wave->count - 1;
    while (high - low > 1) {
        int64_t middle = (low + high) / 2;
        if (wave->time[middle] <= time)
            low = middle;
        else
            high = middle;
    }
    double share =
        (time - wave->time[low]) / (wave->time[high] - wave->time[low]);
    return wave->level[low] + share * (wave->level[high] - wave->level[low]);
}

double wave_end(const struct wave *wave)
{
    return wave->time[wave->count - 1];
}
