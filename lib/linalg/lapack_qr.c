#include "linalg/lapack_qr.h"

/* Fortran takes the address of everything and, after all else, the lengths of
 * texts. */
typedef void geqrt(const int *m, const int *n, const int *nb, void *a,
                   const int *lda, void *t, const int *ldt, void *work,
                   int *info);
typedef void gemqrt(const char *side, const char *op, const int *m,
                    const int *n, const int *k, const int *nb, const void *v,
                    const int *ldv, const void *t, const int *ldt, void *c,
                    const int *ldc, void *work, int *info, size_t, size_t);
typedef void tpqrt(const int *m, const int *n, const int *l, const int *nb,
                   void *a, const int *lda, void *b, const int *ldb, void *t,
                   const int *ldt, void *work, int *info);
typedef void tpmqrt(const char *side, const char *op, const int *m,
                    const int *n, const int *k, const int *l, const int *nb,
                    const void *v, const int *ldv, const void *t,
                    const int *ldt, void *a, const int *lda, void *b,
                    const int *ldb, void *work, int *info, size_t, size_t);

geqrt sgeqrt_, dgeqrt_, zgeqrt_;
gemqrt sgemqrt_, dgemqrt_, zgemqrt_;
tpqrt stpqrt_, dtpqrt_, ztpqrt_;
tpmqrt stpmqrt_, dtpmqrt_, ztpmqrt_;

enum { F32, F64, C128, NTYPES };

static int which(pld_type type)
{
    return type == PLD_F32 ? F32 : type == PLD_F64 ? F64 : C128;
}

/* Real matrices are transposed, complex ones conjugated too. */
static char op_of(pld_type type, char op)
{
    return op == 'C' && type != PLD_C128 ? 'T' : op;
}

static int block_of(int64_t k)
{
    return k < PLD_QR_BLOCK ? (int)k : PLD_QR_BLOCK;
}

static const int block_ld = PLD_QR_BLOCK;

static pld_status check_info(const char *name, int info)
{
    PLD_CHECK(info == 0, PLD_ERR_INTERNAL, "LAPACK's %s: argument %d is wrong",
              name, -info);
    return PLD_OK;
}

pld_status pld_lapack_geqrt(pld_type type, int64_t m, int64_t k, void *a,
                            void *t, void *work)
{
    static geqrt *const functions[NTYPES] = {sgeqrt_, dgeqrt_, zgeqrt_};
    int info = 0;
    functions[which(type)](&(int){(int)m}, &(int){(int)k}, &(int){block_of(k)},
                           a, &(int){(int)m}, t, &block_ld, work, &info);
    return check_info("geqrt", info);
}

pld_status pld_lapack_gemqrt(pld_type type, char op, int64_t m, int64_t n,
                             int64_t k, const void *v, const void *t, void *c,
                             int64_t ldc, void *work)
{
    static gemqrt *const functions[NTYPES] = {sgemqrt_, dgemqrt_, zgemqrt_};
    int info = 0;
    functions[which(type)]("L", &(char){op_of(type, op)}, &(int){(int)m},
                           &(int){(int)n}, &(int){(int)k}, &(int){block_of(k)},
                           v, &(int){(int)m}, t, &block_ld, c, &(int){(int)ldc},
                           work, &info, 1, 1);
    return check_info("gemqrt", info);
}

pld_status pld_lapack_tpqrt(pld_type type, int64_t k, void *upper, void *lower,
                            void *t, void *work)
{
    static tpqrt *const functions[NTYPES] = {stpqrt_, dtpqrt_, ztpqrt_};
    int info = 0;
    int n = (int)k;
    functions[which(type)](&n, &n, &n, &(int){block_of(k)}, upper, &n, lower,
                           &n, t, &block_ld, work, &info);
    return check_info("tpqrt", info);
}

pld_status pld_lapack_tpmqrt(pld_type type, char op, int64_t n, int64_t k,
                             const void *v, const void *t, void *upper,
                             void *lower, void *work)
{
    static tpmqrt *const functions[NTYPES] = {stpmqrt_, dtpmqrt_, ztpmqrt_};
    int info = 0;
    int size = (int)k;
    functions[which(type)]("L", &(char){op_of(type, op)}, &size, &(int){(int)n},
                           &size, &size, &(int){block_of(k)}, v, &size, t,
                           &block_ld, upper, &size, lower, &size, work, &info,
                           1, 1);
    return check_info("tpmqrt", info);
}
