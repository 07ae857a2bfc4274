/* What the user asked for. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <polder.h>

struct options {
    bool help;
    const char *bathymetry; /* NULL: the built-in bowl */
    bool positive_down;
    bool degrees;
    const char *incident;
    bool open;
    double source[4]; /* x, y, radius, height; radius 0: none */
    int ngauges;
    double (*gauges)[2];
    double size;
    double resolution; /* 0: that of the bathymetry */
    double manning;
    double end; /* 0: the case's own */
    const char *output;
    double every;      /* 0: only the first and the last state */
    double checkpoint; /* 0: none */
    double arrival;
    const char *restart;
    bool progress; /* shown also where no terminal is seen */
};

/* Read the command line. An error names the word and the remedy. Local. */
pld_status options_read(int argc, char **argv, struct options *out);
void options_free(struct options *options);
void options_print_help(const char *program);

#endif
