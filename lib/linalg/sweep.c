#include "linalg/sweep.h"

#include "linalg/flow.h"

/* The rows of tiles are solved for in turns: the first to the last one if op(t)
 * is lower, otherwise the other way round. The pieces of turn t are
 *
 *     the diagonal tile or the panel    x of each column of tiles    the tiles
 *     of that row                       in that row                  of t that
 *                                                                    multiply
 *                                                                    them
 *
 * and a piece of x takes a step for each turn before its own, and one to solve.
 */

struct place {
    int64_t turn;
    int64_t at; /* among the pieces of the turn */
};

static int64_t rows_of(const struct pld_sweep *sweep)
{
    return sweep->x->count[0];
}

static int64_t columns_of(const struct pld_sweep *sweep)
{
    return sweep->x->count[1];
}

static bool in_panels(const struct pld_sweep *sweep)
{
    return !sweep->t->spec.lower;
}

static int64_t row_of_turn(const struct pld_sweep *sweep, int64_t turn)
{
    bool is_lower = (sweep->uplo == 'L') == (sweep->op == 'N');
    return is_lower ? turn : rows_of(sweep) - 1 - turn;
}

/* The first piece of a turn. */
static int64_t start_of(const struct pld_sweep *sweep, int64_t turn)
{
    int64_t start = turn * (1 + columns_of(sweep));
    if (!in_panels(sweep))
        start += turn * (rows_of(sweep) - 1) - turn * (turn - 1) / 2;
    return start;
}

static struct place place_of(const struct pld_sweep *sweep, int64_t piece)
{
    int64_t low = 0;
    int64_t high = rows_of(sweep);
    while (high - low > 1) {
        int64_t middle = (low + high) / 2;
        if (start_of(sweep, middle) <= piece)
            low = middle;
        else
            high = middle;
    }
    return (struct place){low, piece - start_of(sweep, low)};
}

static bool is_x(const struct pld_sweep *sweep, struct place place)
{
    return place.at >= 1 && place.at <= columns_of(sweep);
}

static int64_t piece_of_x(const struct pld_sweep *sweep, int64_t turn,
                          int64_t column)
{
    return start_of(sweep, turn) + 1 + column;
}

/* What multiplies x of turn `from` for x of turn `to`. */
static int64_t piece_of_t(const struct pld_sweep *sweep, int64_t to,
                          int64_t from)
{
    if (in_panels(sweep))
        return start_of(sweep, sweep->op == 'N' ? from : to);
    return start_of(sweep, from) +
           (to == from ? 0 : columns_of(sweep) + to - from);
}

/* --- The flow ------------------------------------------------------------- */

static struct pld_flow_tile tile_of(const void *data, int64_t piece)
{
    const struct pld_sweep *sweep = data;
    struct place place = place_of(sweep, piece);
    int64_t from = row_of_turn(sweep, place.turn);
    if (is_x(sweep, place))
        return (struct pld_flow_tile){
            sweep->x, pld_tiles_number(sweep->x, from, place.at - 1)};
    if (in_panels(sweep))
        return (struct pld_flow_tile){sweep->t,
                                      pld_tiles_number(sweep->t, 0, from)};
    int64_t turns = place.at == 0 ? 0 : place.at - columns_of(sweep);
    int64_t to = row_of_turn(sweep, place.turn + turns);
    bool plain = sweep->op == 'N';
    return (struct pld_flow_tile){
        sweep->t,
        pld_tiles_number(sweep->t, plain ? to : from, plain ? from : to)};
}

static int64_t nsteps_of(const void *data, int64_t piece)
{
    const struct pld_sweep *sweep = data;
    struct place place = place_of(sweep, piece);
    return is_x(sweep, place) ? place.turn + 1 : 0;
}

static int64_t group_of(const void *data, int64_t piece)
{
    return place_of(data, piece).turn;
}

static int needs_of(const void *data, int64_t piece, int64_t step,
                    int64_t needs[PLD_FLOW_MOST_NEEDS])
{
    const struct pld_sweep *sweep = data;
    struct place place = place_of(sweep, piece);
    needs[0] = piece_of_t(sweep, place.turn, step);
    if (step == place.turn)
        return 1;
    needs[1] = piece_of_x(sweep, step, place.at - 1);
    return 2;
}

/* A panel multiplies one x for all later ones, or transposed all earlier ones
 * for one; in the end it solves. */
static int64_t user_of_panel(const struct pld_sweep *sweep, int64_t turn,
                             int64_t at)
{
    int64_t columns = columns_of(sweep);
    bool plain = sweep->op == 'N';
    int64_t steps = plain ? rows_of(sweep) - turn : turn + 1;
    if (at >= steps * columns)
        return -1;
    return piece_of_x(sweep, plain ? turn + at / columns : turn, at % columns);
}

static int64_t user_of(const void *data, int64_t piece, int64_t at)
{
    const struct pld_sweep *sweep = data;
    struct place place = place_of(sweep, piece);
    int64_t columns = columns_of(sweep);
    int64_t later = rows_of(sweep) - place.turn;
    if (is_x(sweep, place))
        return at < later - 1
                   ? piece_of_x(sweep, place.turn + 1 + at, place.at - 1)
                   : -1;
    if (in_panels(sweep))
        return user_of_panel(sweep, place.turn, at);
    int64_t turns = place.at == 0 ? 0 : place.at - columns;
    return at < columns ? piece_of_x(sweep, place.turn + turns, at) : -1;
}

/* The tile of t, in its panel if it is one. */
static struct pld_tile found_tile(const struct pld_sweep *sweep, char *data,
                                  int64_t row)
{
    const struct pld_tiles *t = sweep->t;
    struct pld_tile tile = {data, t->ld};
    return in_panels(sweep)
               ? pld_tile_from(t->spec.type, tile, row * t->spec.edge[1], 0)
               : tile;
}

static void run_step(const void *data, int64_t piece, int64_t step,
                     char *const needed[PLD_FLOW_MOST_NEEDS])
{
    const struct pld_sweep *sweep = data;
    const struct pld_tiles *x = sweep->x;
    struct place place = place_of(sweep, piece);
    pld_type type = x->spec.type;
    int64_t row = row_of_turn(sweep, place.turn);
    int64_t from = row_of_turn(sweep, step);
    struct pld_tile own = {
        pld_tiles_at(x, pld_tiles_number(x, row, place.at - 1)), x->ld};
    struct pld_tile t =
        found_tile(sweep, needed[0], sweep->op == 'N' ? row : from);
    const struct pld_tile_sizes sizes = {pld_tiles_extent(x, 0, row),
                                         pld_tiles_extent(x, 1, place.at - 1),
                                         pld_tiles_extent(x, 0, from)};
    if (step < place.turn)
        pld_tile_subtract(type, &sizes, sweep->op, t, 'N',
                          (struct pld_tile){needed[1], x->ld}, own);
    else
        pld_tile_solve_left(
            type,
            &(struct pld_tile_triangle){t, sweep->uplo, sweep->op, sweep->diag},
            sizes.m, sizes.n, own);
}

pld_status pld_sweep_run(const struct pld_sweep *sweep)
{
    const struct pld_flow flow = {.npieces = start_of(sweep, rows_of(sweep)),
                                  .data = sweep,
                                  .tile = tile_of,
                                  .nsteps = nsteps_of,
                                  .group = group_of,
                                  .needs = needs_of,
                                  .user = user_of,
                                  .run = run_step};
    sweep->x->round++;
    return pld_flow_run(sweep->x->ctx, &flow);
}
