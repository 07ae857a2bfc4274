#include "polder/file.h"
#include "io/file.h"

#include "polder/agree.h"

/* A plug-in may be on some nodes only. */
static pld_status check_filter(const pld_storage *storage)
{
    unsigned config = 0;
    PLD_CHECK(storage->filter >= 0 && storage->filter <= H5Z_FILTER_MAX,
              PLD_ERR_ARG, "filter is %d: 0 to %d", storage->filter,
              H5Z_FILTER_MAX);
    PLD_CHECK(storage->nparams >= 0 && storage->nparams <= PLD_FILTER_PARAMS,
              PLD_ERR_ARG, "nparams is %d: 0 to %d", storage->nparams,
              PLD_FILTER_PARAMS);
    if (storage->filter == 0)
        return PLD_OK;
    PLD_CHECK(H5Zfilter_avail(storage->filter) > 0, PLD_ERR_UNSUPPORTED,
              "HDF5 has no filter %d: HDF5_PLUGIN_PATH names the folder of its "
              "plug-in",
              storage->filter);
    PLD_H5(PLD_ERR_UNSUPPORTED, H5Zget_filter_info(storage->filter, &config),
           "HDF5 knows nothing of filter %d", storage->filter);
    PLD_CHECK(config & H5Z_FILTER_CONFIG_ENCODE_ENABLED, PLD_ERR_UNSUPPORTED,
              "filter %d can read here, but not write", storage->filter);
    return PLD_OK;
}

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
    return check_filter(storage);
}

static pld_status agree_storage(pld_ctx *ctx, const pld_storage *storage)
{
    PLD_TRY(pld_agree(ctx, check_storage(storage)));
    int64_t numbers[7 + PLD_MAXDIM + PLD_FILTER_PARAMS] = {
        storage->way,       storage->convert, storage->type,   storage->deflate,
        storage->checksums, storage->filter,  storage->nparams};
    for (int d = 0; d < PLD_MAXDIM; d++)
        numbers[7 + d] = storage->chunk[d];
    for (int i = 0; i < storage->nparams; i++)
        numbers[7 + PLD_MAXDIM + i] = storage->params[i];
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
