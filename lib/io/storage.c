#include "polder/file.h"
#include "io/file.h"

#include "polder/agree.h"

static pld_status check_storage(const pld_storage *storage)
{
    PLD_CHECK(storage->way >= PLD_IO_AUTO && storage->way <= PLD_IO_HDF5,
              PLD_ERR_ARG, "way %d is not a way", (int)storage->way);
    PLD_CHECK(!storage->convert || pld_type_size(storage->type) > 0,
              PLD_ERR_ARG, "type %d is not a type", (int)storage->type);
    PLD_CHECK(storage->deflate >= 0 && storage->deflate <= 9, PLD_ERR_ARG,
              "deflate is %d: 0 to 9", storage->deflate);
    for (int d = 0; d < PLD_MAXDIM; d++)
        PLD_CHECK(storage->chunk[d] >= 0, PLD_ERR_ARG, "chunk[%d] is %lld", d,
                  (long long)storage->chunk[d]);
    return PLD_OK;
}

static pld_status agree_storage(pld_ctx *ctx, const pld_storage *storage)
{
    int64_t numbers[5 + PLD_MAXDIM] = {storage->way, storage->convert,
                                       storage->type, storage->deflate,
                                       storage->checksums};
    for (int d = 0; d < PLD_MAXDIM; d++)
        numbers[5 + d] = storage->chunk[d];
    PLD_TRY(pld_agree(ctx, check_storage(storage)));
    return pld_agree_same(ctx, "storage", numbers, sizeof numbers);
}

pld_status pld_file_set_storage(pld_file *file, const pld_storage *storage)
{
    static const pld_storage plain = {.way = PLD_IO_AUTO};
    PLD_TRY(pld_file_check(file));
    if (storage == NULL)
        storage = &plain;
    PLD_TRY(agree_storage(file->ctx, storage));
    file->storage = *storage;
    return PLD_OK;
}
