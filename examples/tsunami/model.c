#include "model.h"

#include <inttypes.h>
#include <math.h>

/* Of the largest stable step. */
static const double courant = 0.9;

static const char *const names[NFIELDS] = {
    "depth",   "momentum_x", "momentum_y",  "elevation", "initial",
    "highest", "arrival",    "guess_depth", "guess_x",   "guess_y"};

static pld_status create_halo(struct model *model, enum field first,
                              pld_halo **out)
{
    pld_halo_spec spec = {
        .nfields = 3, .fields = &model->field[first], .stencil = PLD_STAR};
    return pld_halo_create(&spec, out);
}

static pld_status check_size(const struct domain *domain)
{
    PLD_CHECK(domain->nx >= 4 && domain->ny >= 4, PLD_ERR_ARG,
              "%" PRId64 " x %" PRId64 " cells are too few: each side needs "
              "4; take a finer --resolution",
              domain->nx, domain->ny);
    return PLD_OK;
}

pld_status model_create(pld_ctx *ctx, const struct domain *domain,
                        struct model *out)
{
    PLD_TRY(pld_agree(ctx, check_size(domain)));
    *out = (struct model){.ctx = ctx, .domain = *domain};
    out->scheme.gravity = 9.81;
    out->scheme.dx = domain->step_x * domain->metres_x;
    out->scheme.dy = domain->step_y * domain->metres_y;
    pld_grid_spec cells = {
        .ndims = 2, .size = {domain->ny, domain->nx}, .halo = SWE_HALO};
    PLD_TRY(pld_grid_create(ctx, &cells, &out->grid));
    for (int f = 0; f < NFIELDS; f++) {
        pld_field_spec spec = {.name = names[f], .halo = {.all = SWE_HALO}};
        PLD_TRY(pld_field_create(out->grid, &spec, &out->field[f]));
    }
    PLD_TRY(create_halo(out, DEPTH, &out->halo[0]));
    PLD_TRY(create_halo(out, GUESS_DEPTH, &out->halo[1]));
    return PLD_OK;
}

pld_status model_destroy(struct model *model)
{
    wave_free(&model->wave);
    for (int h = 0; h < 2; h++)
        PLD_TRY(pld_halo_destroy(&model->halo[h]));
    for (int f = 0; f < NFIELDS; f++)
        PLD_TRY(pld_field_destroy(&model->field[f]));
    return pld_grid_destroy(&model->grid);
}

/* The kernel counts from the first own cell. */
static double *first_own(const struct model *model, enum field field)
{
    pld_box own = pld_grid_owned(model->grid);
    return model_at(model, field, own.first[0], own.first[1]);
}

static struct swe_state state_of(const struct model *model, enum field first)
{
    return (struct swe_state){first_own(model, first),
                              first_own(model, first + 1),
                              first_own(model, first + 2)};
}

static struct swe_block block_of(const struct model *model)
{
    pld_box own = pld_grid_owned(model->grid);
    return (struct swe_block){.ny = own.count[0],
                              .nx = own.count[1],
                              .stride =
                                  pld_field_view(model->field[BED]).stride[0],
                              .bed = first_own(model, BED)};
}

/* The largest rate of all ranks. */
static pld_status share(struct model *model, double rate)
{
    return pld_reduce(model->ctx, PLD_MAX, PLD_F64, &rate, 1, &model->rate);
}

/* Depths are compared with that of the sea: 4 mm in the ocean and a thousandth
 * of a hair in a wave tank are dry. */
static pld_status choose_dry_depth(struct model *model)
{
    double lowest = 0.0;
    PLD_TRY(pld_field_reduce(model->field[BED], PLD_MIN, 0, &lowest));
    model->scheme.dry_depth = lowest < 0.0 ? -1e-6 * lowest : 1e-6;
    return PLD_OK;
}

static void start_records(struct model *model)
{
    pld_box own = pld_grid_owned(model->grid);
    for (int64_t y = own.first[0]; y < own.first[0] + own.count[0]; y++)
        for (int64_t x = own.first[1]; x < own.first[1] + own.count[1]; x++) {
            double depth = *model_at(model, DEPTH, y, x);
            double level = depth + *model_at(model, BED, y, x);
            bool wet = depth > model->scheme.dry_depth;
            *model_at(model, INITIAL, y, x) = level;
            *model_at(model, HIGHEST, y, x) = wet ? level : NEVER_WET;
            *model_at(model, ARRIVAL, y, x) = -1.0;
        }
}

static pld_status exchange_bed(struct model *model)
{
    pld_halo_spec spec = {
        .nfields = 1, .fields = &model->field[BED], .stencil = PLD_STAR};
    pld_halo *halo = NULL;
    PLD_TRY(pld_halo_create(&spec, &halo));
    PLD_TRY(pld_halo_exchange(halo));
    PLD_TRY(pld_halo_destroy(&halo));
    boundary_of_bed(model);
    return PLD_OK;
}

pld_status model_start(struct model *model)
{
    PLD_TRY(choose_dry_depth(model));
    PLD_TRY(exchange_bed(model));
    start_records(model);
    double rate = 0.0;
    if (!pld_box_empty(pld_grid_owned(model->grid))) {
        struct swe_block block = block_of(model);
        rate = swe_rate(&model->scheme, &block, state_of(model, DEPTH));
    }
    return share(model, rate);
}

static pld_status fill_ghosts(struct model *model, enum field first,
                              double time)
{
    PLD_TRY(pld_halo_exchange(model->halo[first == GUESS_DEPTH]));
    boundary_of_state(model, first, time);
    return PLD_OK;
}

static void predict(struct model *model, double dt)
{
    struct swe_block block = block_of(model);
    swe_predict(&model->scheme, &block, state_of(model, DEPTH),
                state_of(model, GUESS_DEPTH), dt);
}

static double correct(struct model *model, double dt)
{
    struct swe_block block = block_of(model);
    struct swe_record record = {.initial = first_own(model, INITIAL),
                                .highest = first_own(model, HIGHEST),
                                .arrival = first_own(model, ARRIVAL),
                                .threshold = model->arrival,
                                .time = model->time + dt};
    return swe_correct(&model->scheme, &block, state_of(model, GUESS_DEPTH),
                       state_of(model, DEPTH), dt, &record);
}

pld_status model_step(struct model *model, double until)
{
    bool idle = pld_box_empty(pld_grid_owned(model->grid));
    double dt = courant / model->rate;
    bool lands = model->time + dt * (1.0 + 1e-9) >= until;
    if (lands)
        dt = until - model->time;

    PLD_TRY(fill_ghosts(model, DEPTH, model->time));
    if (!idle)
        predict(model, dt);
    PLD_TRY(fill_ghosts(model, GUESS_DEPTH, model->time + dt));
    double rate = idle ? 0.0 : correct(model, dt);
    model->time = lands ? until : model->time + dt;
    model->step++;
    return share(model, rate);
}

pld_status model_digest(struct model *model, uint64_t *out)
{
    uint64_t parts[3];
    for (int f = 0; f < 3; f++)
        PLD_TRY(pld_field_digest(model->field[DEPTH + f], &parts[f]));
    *out = pld_digest_bytes(parts, sizeof parts, 0);
    return PLD_OK;
}

pld_status model_volume(const struct model *model, double out[2])
{
    double cell = model->scheme.dx * model->scheme.dy;
    double surface = 0.0;
    double bed = 0.0;
    double depth = 0.0;
    PLD_TRY(pld_field_sum(model->field[INITIAL], 0, &surface));
    PLD_TRY(pld_field_sum(model->field[BED], 0, &bed));
    PLD_TRY(pld_field_sum(model->field[DEPTH], 0, &depth));
    out[0] = cell * (surface - bed);
    out[1] = cell * depth;
    PLD_CHECK(isfinite(out[1]), PLD_ERR_ARG,
              "after step %" PRId64 " there are %g m^3 of water: is the "
              "incident wave in metres, the bed the right way up?",
              model->step, out[1]);
    return PLD_OK;
}
