#include "par/message.h"
#include "par/context.h"

#include <assert.h>
#include <limits.h>

static int64_t limit = INT_MAX;

void pld_message_set_limit(int64_t bytes)
{
    limit = bytes > 0 && bytes < INT_MAX ? bytes : INT_MAX;
}

int64_t pld_message_limit(void)
{
    return limit;
}

/* How MPI is told about a number of bytes. */
struct payload {
    int count;
    MPI_Datatype type;
    bool derived; /* to be freed */
};

/* n pieces of `limit` bytes and the rest behind them, as one datatype. */
static pld_status make_large_type(int64_t bytes, MPI_Datatype *out)
{
    MPI_Datatype parts[2] = {MPI_DATATYPE_NULL, MPI_BYTE};
    int lengths[2] = {(int)(bytes / limit), (int)(bytes % limit)};
    MPI_Aint places[2] = {0, (MPI_Aint)(bytes - bytes % limit)};
    PLD_TRY_MPI(MPI_Type_contiguous((int)limit, MPI_BYTE, &parts[0]));
    int code = MPI_Type_create_struct(2, lengths, places, parts, out);
    MPI_Type_free(&parts[0]);
    PLD_TRY_MPI(code);
    PLD_TRY_MPI(MPI_Type_commit(out));
    return PLD_OK;
}

static pld_status describe(int64_t bytes, struct payload *out)
{
    assert(bytes >= 0);
    if (bytes <= limit) {
        *out = (struct payload){.count = (int)bytes, .type = MPI_BYTE};
        return PLD_OK;
    }
    PLD_CHECK(bytes / limit <= INT_MAX, PLD_ERR_OVERFLOW,
              "a message of %lld bytes is too long", (long long)bytes);
    *out = (struct payload){.count = 1, .derived = true};
    return make_large_type(bytes, &out->type);
}

/* Forget the type, which MPI keeps as long as it needs it, and look at what
 * the call returned. */
static pld_status conclude(struct payload *payload, int code, const char *call,
                           int64_t bytes, int peer)
{
    if (payload->derived)
        MPI_Type_free(&payload->type);
    if (code == MPI_SUCCESS)
        return PLD_OK;
    char text[MPI_MAX_ERROR_STRING];
    pld_mpi_text(code, text);
    PLD_RAISE(PLD_ERR_MPI, "%s of %lld bytes with rank %d failed: %s", call,
              (long long)bytes, peer, text);
}

pld_status pld_send(pld_ctx *ctx, const void *data, int64_t bytes, int peer,
                    int tag)
{
    struct payload load;
    PLD_TRY(describe(bytes, &load));
    int code = MPI_Send(data, load.count, load.type, peer, tag, ctx->comm);
    return conclude(&load, code, "MPI_Send", bytes, peer);
}

pld_status pld_receive(pld_ctx *ctx, void *data, int64_t bytes, int peer,
                       int tag)
{
    struct payload load;
    PLD_TRY(describe(bytes, &load));
    int code = MPI_Recv(data, load.count, load.type, peer, tag, ctx->comm,
                        MPI_STATUS_IGNORE);
    return conclude(&load, code, "MPI_Recv", bytes, peer);
}

pld_status pld_isend(pld_ctx *ctx, const void *data, int64_t bytes, int peer,
                     int tag, MPI_Request *out)
{
    struct payload load;
    PLD_TRY(describe(bytes, &load));
    int code =
        MPI_Isend(data, load.count, load.type, peer, tag, ctx->comm, out);
    return conclude(&load, code, "MPI_Isend", bytes, peer);
}

pld_status pld_ireceive(pld_ctx *ctx, void *data, int64_t bytes, int peer,
                        int tag, MPI_Request *out)
{
    struct payload load;
    PLD_TRY(describe(bytes, &load));
    int code =
        MPI_Irecv(data, load.count, load.type, peer, tag, ctx->comm, out);
    return conclude(&load, code, "MPI_Irecv", bytes, peer);
}

pld_status pld_send_init(pld_ctx *ctx, const void *data, int64_t bytes,
                         int peer, int tag, MPI_Request *out)
{
    struct payload load;
    PLD_TRY(describe(bytes, &load));
    int code =
        MPI_Send_init(data, load.count, load.type, peer, tag, ctx->comm, out);
    return conclude(&load, code, "MPI_Send_init", bytes, peer);
}

pld_status pld_receive_init(pld_ctx *ctx, void *data, int64_t bytes, int peer,
                            int tag, MPI_Request *out)
{
    struct payload load;
    PLD_TRY(describe(bytes, &load));
    int code =
        MPI_Recv_init(data, load.count, load.type, peer, tag, ctx->comm, out);
    return conclude(&load, code, "MPI_Recv_init", bytes, peer);
}

pld_status pld_broadcast(pld_ctx *ctx, void *data, int64_t bytes, int root)
{
    char *next = data;
    while (bytes > 0) {
        int piece = (int)(bytes < limit ? bytes : limit);
        PLD_TRY_MPI(MPI_Bcast(next, piece, MPI_BYTE, root, ctx->comm));
        next += piece;
        bytes -= piece;
    }
    return PLD_OK;
}
