#include "support/tall.h"
#include "support/harness.h"

#include <stdlib.h>
#include <string.h>

#include "mesh/field.h"

double complex tall_number(pld_type type, const void *array, int64_t i)
{
    if (type == PLD_C128)
        return ((const double complex *)array)[i];
    return type == PLD_F64 ? ((const double *)array)[i]
                           : ((const float *)array)[i];
}

void tall_put(pld_type type, double complex value, void *array, int64_t i)
{
    if (type == PLD_C128)
        ((double complex *)array)[i] = value;
    else if (type == PLD_F64)
        ((double *)array)[i] = creal(value);
    else
        ((float *)array)[i] = (float)creal(value);
}

double tall_epsilon(pld_type type)
{
    return type == PLD_F32 ? 0x1p-23 : 0x1p-52;
}

static void make_grid(pld_ctx *team, const struct tall_spec *spec,
                      struct tall *out)
{
    enum { MOST_RANKS = 64 };
    double weights[MOST_RANKS];
    pld_grid_spec cells = {.ndims = spec->ndims ? spec->ndims : 2};
    for (int d = 0; d < cells.ndims; d++) {
        cells.size[d] = spec->size[d];
        cells.nprocs[d] = spec->nprocs[d];
    }
    if (spec->ndims == 0)
        cells.size[1] = spec->ncolumns;
    for (int i = 0; i < pld_ctx_nranks(team); i++)
        weights[i] = (i * 7 + 3) % 4;
    weights[0] = 2;
    if (spec->uneven)
        cells.rank_weights = weights;
    assert_ok_here(pld_grid_create(team, &cells, &out->grid));
}

void tall_create(pld_ctx *team, const struct tall_spec *spec, struct tall *out)
{
    *out = (struct tall){.spec = *spec, .ctx = team};
    make_grid(team, spec, out);
    int ncomps = spec->ncomps > 1 ? spec->ncomps : 1;
    pld_field_spec field = {.type = spec->type, .halo = {.all = 1}};
    if (spec->turned && (spec->ndims == 0 || spec->ndims > 1))
        field.order[0] = (spec->ndims == 3 ? 2 : 1);
    if (spec->turned && spec->ndims == 3)
        field.order[1] = 1;
    if (spec->ndims == 0) {
        assert_ok_here(pld_field_create(out->grid, &field, &out->fields[0]));
        out->tall.matrix = out->fields[0];
        return;
    }
    field.ncomps = ncomps;
    out->tall.nfields = spec->ncolumns / ncomps;
    out->tall.fields = out->fields;
    for (int i = 0; i < out->tall.nfields; i++)
        assert_ok_here(pld_field_create(out->grid, &field, &out->fields[i]));
}

void tall_destroy(struct tall *tall)
{
    for (int i = 0; i < 64; i++)
        assert_ok_here(pld_field_destroy(&tall->fields[i]));
    assert_ok_here(pld_grid_destroy(&tall->grid));
}

int64_t tall_nrows(const struct tall_spec *spec)
{
    int64_t n = spec->size[0];
    for (int d = 1; d < spec->ndims; d++)
        n *= spec->size[d];
    return n;
}

struct filling {
    const struct tall *tall;
    tall_element *element;
    void *data;
    int64_t first_column;
};

static int64_t row_of(const struct tall_spec *spec,
                      const int64_t at[PLD_MAXDIM])
{
    int64_t row = at[0];
    for (int d = 1; d < spec->ndims; d++)
        row = row * spec->size[d] + at[d];
    return row;
}

static void fill_point(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    const struct filling *filling = data;
    const struct tall_spec *spec = &filling->tall->spec;
    int n = spec->ncomps > 1 ? spec->ncomps : 1;
    for (int c = 0; c < n; c++) {
        int64_t column = spec->ndims == 0 ? at[1] : filling->first_column + c;
        tall_put(spec->type,
                 filling->element(row_of(spec, at), column, filling->data),
                 value, c);
    }
}

void tall_fill(struct tall *tall, tall_element *element, void *data)
{
    int ncomps = tall->spec.ncomps > 1 ? tall->spec.ncomps : 1;
    for (int i = 0; i < 64 && tall->fields[i]; i++) {
        struct filling filling = {tall, element, data, (int64_t)i * ncomps};
        assert_ok_here(pld_field_fill(tall->fields[i], fill_point, &filling));
    }
}

void tall_each(const struct tall *tall, tall_visit *visit, void *data)
{
    const struct tall_spec *spec = &tall->spec;
    for (int f = 0; f < 64 && tall->fields[f]; f++) {
        const pld_field *field = tall->fields[f];
        pld_view view = pld_field_view(field);
        pld_box own = pld_field_owned(field);
        int64_t at[PLD_MAXDIM];
        for (at[0] = own.first[0]; at[0] < own.first[0] + own.count[0]; at[0]++)
            for (at[1] = own.first[1]; at[1] < own.first[1] + own.count[1];
                 at[1]++)
                for (at[2] = own.first[2]; at[2] < own.first[2] + own.count[2];
                     at[2]++)
                    for (int c = 0; c < field->ncomps; c++) {
                        int64_t i = c * view.comp_stride;
                        for (int d = 0; d < PLD_MAXDIM; d++)
                            i += at[d] * view.stride[d];
                        visit(row_of(spec, at),
                              spec->ndims == 0 ? at[1] : f * field->ncomps + c,
                              tall_number(spec->type, view.data, i), data);
                    }
    }
}

struct collection {
    double complex *all;
    int64_t k;
};

static void collect(int64_t row, int64_t column, double complex value,
                    void *data)
{
    const struct collection *c = data;
    c->all[row * c->k + column] = value;
}

double complex *tall_all(const struct tall *tall)
{
    int64_t n = tall_nrows(&tall->spec) * tall->spec.ncolumns;
    struct collection c = {calloc((size_t)n, sizeof *c.all),
                           tall->spec.ncolumns};
    tall_each(tall, collect, &c);
    MPI_Allreduce(MPI_IN_PLACE, c.all, (int)(2 * n), MPI_DOUBLE, MPI_SUM,
                  pld_ctx_comm(tall->ctx));
    return c.all;
}

uint64_t tall_digest(struct tall *tall)
{
    uint64_t sum = 0;
    for (int i = 0; i < 64 && tall->fields[i]; i++) {
        uint64_t one = 0;
        assert_ok_here(pld_field_digest(tall->fields[i], &one));
        sum = sum * 1000003 + one;
    }
    return sum;
}
