#include "options.h"
#include "numbers.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum kind { FLAG, TEXT, ABOVE_0, FROM_0, GAUGE, SOURCE };

/* One option: how it is written, what it means, where its value goes. */
struct entry {
    const char *name;
    const char *value;
    const char *help;
    enum kind kind;
    size_t place;
};

#define AT(member) offsetof(struct options, member)

static const struct entry entries[] = {
    {"--bathymetry", "FILE", "columns x y z, ESRI ASCII grid or netCDF-4", TEXT,
     AT(bathymetry)},
    {"--positive-down", "", "z is depth, not elevation", FLAG,
     AT(positive_down)},
    {"--degrees", "", "x and y of a text file are longitude and latitude", FLAG,
     AT(degrees)},
    {"--incident", "FILE", "time and level of a wave from the side of lowest x",
     TEXT, AT(incident)},
    {"--open", "", "waves leave through all sides; without: walls", FLAG,
     AT(open)},
    {"--source", "X,Y,R,H", "a hump of water, H exp(-r^2/R^2); R, H in metres",
     SOURCE, AT(source)},
    {"--resolution", "METRES", "cell size; without: the file's spacing",
     ABOVE_0, AT(resolution)},
    {"--size", "N", "cells along the bowl's sides; without: 200", ABOVE_0,
     AT(size)},
    {"--manning", "N", "roughness of the bed in s/m^(1/3); without: 0", FROM_0,
     AT(manning)},
    {"--end", "SECONDS", "without: as long as the wave, or as the bowl swings",
     ABOVE_0, AT(end)},
    {"--output", "DIR", "folder for files; without: none are written", TEXT,
     AT(output)},
    {"--every", "SECONDS", "between states written; without: first and last",
     ABOVE_0, AT(every)},
    {"--gauge", "X,Y", "write the surface there; any number of them", GAUGE,
     AT(gauges)},
    {"--arrival", "METRES", "change that counts as arrival; without: 0.01",
     ABOVE_0, AT(arrival)},
    {"--checkpoint", "SECONDS", "between checkpoints; without: none", ABOVE_0,
     AT(checkpoint)},
    {"--restart", "FILE", "go on from DIR/checkpoint.h5 or DIR/final.h5", TEXT,
     AT(restart)},
    {"--progress", "", "show progress even if no terminal is seen", FLAG,
     AT(progress)},
    {"--help", "", "print this", FLAG, AT(help)},
};

enum { NENTRIES = sizeof entries / sizeof *entries };

static pld_status read_numbers(const char *name, const char *text, int count,
                               double *out)
{
    int64_t n = numbers_in(text, count, out);
    bool finite = n == count;
    for (int i = 0; finite && i < count; i++)
        finite = isfinite(out[i]);
    PLD_CHECK(finite, PLD_ERR_ARG, "%s %s: %s", name, text,
              count == 1   ? "should be a number"
              : count == 2 ? "should be two numbers X,Y without blanks"
                           : "should be four numbers X,Y,RADIUS,HEIGHT");
    return PLD_OK;
}

static pld_status read_value(const struct entry *entry, const char *text,
                             struct options *out)
{
    void *place = (char *)out + entry->place;
    double *numbers = place;
    int count = entry->kind == SOURCE ? 4 : entry->kind == GAUGE ? 2 : 1;
    if (entry->kind == TEXT) {
        *(const char **)place = text;
        return PLD_OK;
    }
    if (entry->kind == GAUGE)
        numbers = out->gauges[out->ngauges++];
    PLD_TRY(read_numbers(entry->name, text, count, numbers));
    PLD_CHECK(entry->kind != ABOVE_0 || *numbers > 0.0, PLD_ERR_ARG,
              "%s %s: should be above 0", entry->name, text);
    PLD_CHECK(entry->kind != FROM_0 || *numbers >= 0.0, PLD_ERR_ARG,
              "%s %s: should not be negative", entry->name, text);
    PLD_CHECK(entry->kind != SOURCE || numbers[2] > 0.0, PLD_ERR_ARG,
              "--source %s: the radius should be above 0", text);
    return PLD_OK;
}

static pld_status find_entry(const char *name, const struct entry **out)
{
    for (int e = 0; e < NENTRIES; e++)
        if (strcmp(entries[e].name, name) == 0) {
            *out = &entries[e];
            return PLD_OK;
        }
    PLD_RAISE(PLD_ERR_ARG, "there is no option %s: see --help", name);
}

/* What one option asks of the others. */
static pld_status check_together(const struct options *o)
{
    bool real = o->bathymetry != NULL;
    PLD_CHECK(real || !o->incident, PLD_ERR_ARG,
              "--incident %s: needs --bathymetry FILE", o->incident);
    PLD_CHECK(real || o->source[2] == 0.0, PLD_ERR_ARG,
              "--source: needs --bathymetry FILE");
    PLD_CHECK(real || o->resolution == 0.0, PLD_ERR_ARG,
              "--resolution %g: needs --bathymetry FILE; the bowl has --size",
              o->resolution);
    PLD_CHECK(o->size <= 1e6, PLD_ERR_ARG, "--size %g: is too large", o->size);
    PLD_CHECK(!real || o->size == 0.0, PLD_ERR_ARG,
              "--size %g: is for the bowl; with --bathymetry use --resolution",
              o->size);
    PLD_CHECK(!real || o->incident || o->source[2] > 0.0 || o->restart,
              PLD_ERR_ARG,
              "nothing would move: give --incident FILE or --source X,Y,R,H");
    PLD_CHECK(!real || o->incident || o->end > 0.0, PLD_ERR_ARG,
              "--end SECONDS is missing");
    PLD_CHECK(o->output || o->ngauges == 0, PLD_ERR_ARG,
              "--gauge: needs --output DIR, for DIR/gauges.csv");
    PLD_CHECK(o->output || (o->every == 0.0 && o->checkpoint == 0.0),
              PLD_ERR_ARG, "--every and --checkpoint: need --output DIR");
    return PLD_OK;
}

pld_status options_read(int argc, char **argv, struct options *out)
{
    *out = (struct options){.arrival = 0.01};
    out->gauges = calloc((size_t)argc, sizeof *out->gauges);
    PLD_CHECK(out->gauges != NULL, PLD_ERR_MEMORY, "no memory for %d gauges",
              argc);
    for (int a = 1; a < argc; a++) {
        const struct entry *entry = NULL;
        PLD_TRY(find_entry(argv[a], &entry));
        if (entry->kind == FLAG) {
            *((bool *)((char *)out + entry->place)) = true;
            continue;
        }
        PLD_CHECK(a + 1 < argc, PLD_ERR_ARG, "%s: its %s is missing", argv[a],
                  entry->value);
        PLD_TRY(read_value(entry, argv[++a], out));
    }
    PLD_TRY(out->help ? PLD_OK : check_together(out));
    if (out->size == 0.0)
        out->size = 200.0;
    return PLD_OK;
}

void options_free(struct options *options)
{
    free(options->gauges);
    options->gauges = NULL;
}

void options_print_help(const char *program)
{
    printf("mpirun -n RANKS %s [OPTION...]\n\n"
           "Shallow water over real bathymetry, with wetting and drying. "
           "Without --bathymetry:\na bowl with a known solution, and the "
           "error against it.\n\n",
           program);
    for (int e = 0; e < NENTRIES; e++)
        printf("  %-15s %-8s %s\n", entries[e].name, entries[e].value,
               entries[e].help);
    printf("\nX and Y are in the units of the bathymetry's coordinates. DIR "
           "gets fields.h5 (and\n.xdmf), final.h5, map.txt, gauges.csv, "
           "checkpoint.h5.\n");
}
