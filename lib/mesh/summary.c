#include "mesh/block.h"

#include "par/reduce.h"
#include "polder/digest.h"
#include "polder/measure.h"

#include <string.h>

/* What is said of a whole field in one number. */

pld_status pld_field_reduce(pld_field *field, pld_op op, int comp, void *out)
{
    PLD_TRY(pld_field_check(field, "field"));
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "field \"%s\": out is NULL",
              field->name);
    pld_term at;
    PLD_TRY(pld_field_term(field, comp, NULL, &at));
    PLD_TRY(pld_reduce_check_kind(op, field->type));
    pld_term term = pld_reduce_term(op, field->type, at.box, at.x, out);
    return pld_reduction_once(field->grid->ctx, 1, &term);
}

struct digesting {
    struct pld_block block;
    pld_box domain;
    int64_t stride;
    uint64_t sum;
};

/* The element `number`: one word, or two for 16 bytes. */
static uint64_t digest_one(uint64_t number, const char *element, size_t size)
{
    uint32_t half = 0;
    uint64_t words[2] = {0, 0};
    switch (size) {
    case 4:
        memcpy(&half, element, sizeof half);
        return pld_digest_element(number, half);
    case 8:
        memcpy(words, element, sizeof words[0]);
        return pld_digest_element(number, words[0]);
    default:
        memcpy(words, element, sizeof words);
        return pld_digest_element(2 * number, words[0]) +
               pld_digest_element(2 * number + 1, words[1]);
    }
}

static pld_status digest_row(const int64_t index[PLD_MAXDIM], int64_t n,
                             void *data)
{
    struct digesting *digesting = data;
    const struct pld_block *block = &digesting->block;
    const int64_t *size = digesting->domain.count;
    int64_t point = (index[0] * size[1] + index[1]) * size[2] + index[2];
    const char *at = pld_block_at(block, index);
    uint64_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        for (int c = 0; c < block->ncomps; c++)
            sum +=
                digest_one((uint64_t)((point + i) * block->ncomps + c),
                           at + i * digesting->stride + c * block->comp_stride,
                           block->size);
    digesting->sum += sum;
    return PLD_OK;
}

pld_status pld_field_digest(pld_field *field, uint64_t *out)
{
    PLD_TRY(pld_field_check(field, "field"));
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "field \"%s\": out is NULL",
              field->name);
    int ndims = field->grid->ndims;
    struct digesting digesting = {.block = pld_field_block(field),
                                  .domain = pld_field_domain(field)};
    digesting.stride = digesting.block.stride[ndims - 1];
    PLD_TRY(pld_box_rows(field->owned, ndims, digest_row, &digesting));
    PLD_TRY(pld_reduce(field->grid->ctx, PLD_SUM, PLD_I64, &digesting.sum, 1,
                       &digesting.sum));
    *out = digesting.sum;
    return PLD_OK;
}
