#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "polder/agree.h"
#include "polder/reduce.h"
#include "tool/tool.h"

struct work {
    pld_ctx *ctx;
    pld_file *files[2];
    double tolerance;
    bool same;
};

static void differ(struct work *work, const char *name, const char *how)
{
    tool_say(work->ctx, "%s: %s  DIFFERS\n", name, how);
    work->same = false;
}

/* The largest difference, and the largest number. */
enum { GAP, SIZE, NFOUND };

static void add_gaps(const struct tool_part parts[2], void *data)
{
    double *found = data;
    for (int64_t i = 0; i < parts[0].count; i++) {
        double size = fabs(tool_value(&parts[0], i, 0));
        found[GAP] = fmax(found[GAP], tool_gap(parts, i));
        found[SIZE] = fmax(found[SIZE], size);
    }
}

static pld_status compare_numbers(struct work *work, const char *name)
{
    double found[NFOUND] = {0, 0};
    pld_status status =
        tool_visit_all(work->ctx, 2, work->files, name, add_gaps, found);
    if (status != PLD_OK) {
        tool_say(work->ctx, "%s: %s  NOT COMPARED\n", name, tool_error());
        pld_error_clear();
        work->same = false;
        return PLD_OK;
    }
    PLD_TRY(pld_reduce(work->ctx, PLD_MAX, PLD_F64, found, NFOUND, found));
    bool same = found[GAP] <= work->tolerance;
    tool_say(work->ctx, "%s: largest difference %.3g of %.3g%s\n", name,
             found[GAP], found[SIZE], same ? "" : "  DIFFERS");
    work->same = work->same && same;
    return PLD_OK;
}

static bool is_alike(const pld_variable *a, const pld_variable *b)
{
    return a->ndims == b->ndims &&
           memcmp(a->size, b->size, (size_t)a->ndims * sizeof a->size[0]) == 0;
}

static pld_status compare_variable(const char *name, void *data)
{
    struct work *work = data;
    pld_variable a = {.ndims = 0};
    pld_variable b = {.ndims = 0};
    pld_status first = pld_file_inquire(work->files[0], name, &a);
    pld_status second = pld_file_inquire(work->files[1], name, &b);
    pld_error_clear();
    if (second == PLD_ERR_NOENT)
        differ(work, name, "only in the first file");
    else if (first != PLD_OK || second != PLD_OK)
        differ(work, name, "not numbers, NOT COMPARED");
    else if (!is_alike(&a, &b))
        differ(work, name, "of different sizes");
    else
        return compare_numbers(work, name);
    return PLD_OK;
}

static pld_status find_missing(const char *name, void *data)
{
    struct work *work = data;
    pld_variable info;
    if (pld_file_inquire(work->files[0], name, &info) == PLD_ERR_NOENT)
        differ(work, name, "only in the second file");
    pld_error_clear();
    return PLD_OK;
}

static pld_status compare_files(struct work *work)
{
    PLD_TRY(pld_file_variables(work->files[0], compare_variable, work));
    return pld_file_variables(work->files[1], find_missing, work);
}

static pld_status parse(int *nwords, char **words, double *tolerance)
{
    const char *word = NULL;
    PLD_TRY(tool_option(nwords, words, "--tolerance", &word));
    PLD_TRY(tool_number("--tolerance", word, 0, false, tolerance));
    return tool_check_words(*nwords, words, 2, 2,
                            "compare A B [--tolerance T]");
}

pld_status tool_compare(pld_ctx *ctx, int nwords, char **words, bool *out)
{
    struct work work = {.ctx = ctx, .same = true};
    PLD_TRY(pld_agree(ctx, parse(&nwords, words, &work.tolerance)));
    PLD_TRY(pld_file_open(ctx, words[0], false, &work.files[0]));
    pld_status status = pld_file_open(ctx, words[1], false, &work.files[1]);
    if (status == PLD_OK)
        status = compare_files(&work);
    pld_error error = *pld_error_last();
    PLD_TRY(pld_file_close(&work.files[1]));
    PLD_TRY(pld_file_close(&work.files[0]));
    if (status != PLD_OK)
        PLD_TRY(pld_agree(ctx, pld_error_raise(status, __FILE__, __LINE__,
                                               __func__, "%s", error.text)));
    *out = work.same;
    return PLD_OK;
}
