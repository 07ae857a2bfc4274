#include "linalg/lapack.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>

#include "base/alloc.h"

/* Fortran takes the address of everything and, after all else, the lengths of
 * texts. Elements are of the type that the first letter says. */
typedef void potrf(const char *uplo, const int *n, void *a, const int *ld,
                   int *info, size_t);
typedef void getrf(const int *m, const int *n, void *a, const int *ld,
                   int *pivots, int *info);
typedef void laswp(const int *n, void *a, const int *ld, const int *first,
                   const int *last, const int *pivots, const int *step);
typedef void geqrf(const int *m, const int *n, void *a, const int *ld,
                   void *tau, void *work, const int *lwork, int *info);
typedef void orgqr(const int *m, const int *n, const int *k, void *a,
                   const int *ld, const void *tau, void *work, const int *lwork,
                   int *info);
typedef void gesdd(const char *job, const int *m, const int *n, void *a,
                   const int *ld, void *s, void *u, const int *ldu, void *vt,
                   const int *ldvt, void *work, const int *lwork, int *iwork,
                   int *info, size_t);
typedef void gesdd_complex(const char *job, const int *m, const int *n, void *a,
                           const int *ld, void *s, void *u, const int *ldu,
                           void *vt, const int *ldvt, void *work,
                           const int *lwork, void *rwork, int *iwork, int *info,
                           size_t);
typedef void syevd(const char *job, const char *uplo, const int *n, void *a,
                   const int *ld, void *w, void *work, const int *lwork,
                   int *iwork, const int *liwork, int *info, size_t, size_t);
typedef void heevd(const char *job, const char *uplo, const int *n, void *a,
                   const int *ld, void *w, void *work, const int *lwork,
                   void *rwork, const int *lrwork, int *iwork,
                   const int *liwork, int *info, size_t, size_t);
typedef void trsm(const char *side, const char *uplo, const char *op,
                  const char *diag, const int *m, const int *n,
                  const void *alpha, const void *a, const int *ld, void *b,
                  const int *ldb, size_t, size_t, size_t, size_t);

potrf spotrf_, dpotrf_, zpotrf_;
getrf sgetrf_, dgetrf_, zgetrf_;
laswp slaswp_, dlaswp_, zlaswp_;
geqrf sgeqrf_, dgeqrf_, zgeqrf_;
orgqr sorgqr_, dorgqr_, zungqr_;
gesdd sgesdd_, dgesdd_;
gesdd_complex zgesdd_;
syevd ssyevd_, dsyevd_;
heevd zheevd_;
trsm strsm_, dtrsm_, ztrsm_;

/* --- Types and sizes ------------------------------------------------------ */

enum { F32, F64, C128, NTYPES };

static pld_status check(pld_type type, int nsizes, const int64_t *sizes,
                        int *which)
{
    PLD_CHECK(type == PLD_F32 || type == PLD_F64 || type == PLD_C128,
              PLD_ERR_TYPE, "LAPACK is used for f64, f32 and c128, not %s",
              pld_type_name(type));
    for (int i = 0; i < nsizes; i++)
        PLD_CHECK(sizes[i] >= 0 && sizes[i] <= INT_MAX, PLD_ERR_OVERFLOW,
                  "a small matrix has a size of %" PRId64
                  ", but LAPACK counts in int",
                  sizes[i]);
    *which = type == PLD_F32 ? F32 : type == PLD_F64 ? F64 : C128;
    return PLD_OK;
}

#define CHECK(type, which, ...)                                                \
    PLD_TRY(check(type,                                                        \
                  (int)(sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t)),     \
                  (const int64_t[]){__VA_ARGS__}, which))

/* Leading dimensions must not be 0. */
static int lead(int64_t ld)
{
    return ld > 0 ? (int)ld : 1;
}

/* A wrong argument is our own bug. */
static pld_status check_info(const char *name, int info)
{
    PLD_CHECK(info >= 0, PLD_ERR_INTERNAL, "LAPACK's %s: argument %d is wrong",
              name, -info);
    return PLD_OK;
}

static size_t real_size(int which)
{
    return which == F32 ? sizeof(float) : sizeof(double);
}

static double real_at(int which, const void *values, int64_t at)
{
    if (which == F32)
        return (double)((const float *)values)[at];
    return ((const double *)values)[which == C128 ? 2 * at : at];
}

/* The size that LAPACK answers with, where a float holds it only about. */
static int asked_size(int which, const double answer[2])
{
    double size = real_at(which, answer, 0) * (which == F32 ? 1 + 1e-6 : 1);
    return size < INT_MAX - 1 ? (int)size + 1 : INT_MAX;
}

/* --- Cholesky, LU --------------------------------------------------------- */

/* OpenBLAS takes a NaN for positive. */
static int64_t find_no_number(int which, int64_t n, const void *a, int64_t ld)
{
    for (int64_t i = 0; i < n; i++) {
        double re = real_at(which, a, i * (ld + 1));
        double im =
            which == C128 ? ((const double *)a)[2 * i * (ld + 1) + 1] : 0;
        if (!isfinite(re) || !isfinite(im))
            return i + 1;
    }
    return 0;
}

static int64_t first_of(int64_t info, int64_t nan)
{
    return nan > 0 && (info == 0 || nan < info) ? nan : info;
}

pld_status pld_lapack_potrf(pld_type type, char uplo, int64_t n, void *a,
                            int64_t ld, int64_t *info)
{
    static potrf *const functions[NTYPES] = {spotrf_, dpotrf_, zpotrf_};
    int which = 0;
    int found = 0;
    CHECK(type, &which, n, ld);
    if (n > 0)
        functions[which](&uplo, &(int){(int)n}, a, &(int){lead(ld)}, &found, 1);
    PLD_TRY(check_info("potrf", found));
    int64_t nfactored = found > 0 ? found - 1 : n;
    *info = first_of(found, find_no_number(which, nfactored, a, ld));
    return PLD_OK;
}

pld_status pld_lapack_getrf(pld_type type, int64_t m, int64_t n, void *a,
                            int64_t ld, int *pivots, int64_t *info)
{
    static getrf *const functions[NTYPES] = {sgetrf_, dgetrf_, zgetrf_};
    int which = 0;
    int found = 0;
    int64_t least = m < n ? m : n;
    CHECK(type, &which, m, n, ld);
    if (least > 0)
        functions[which](&(int){(int)m}, &(int){(int)n}, a, &(int){lead(ld)},
                         pivots, &found);
    PLD_TRY(check_info("getrf", found));
    *info = first_of(found, find_no_number(which, least, a, ld));
    return PLD_OK;
}

void pld_lapack_laswp(pld_type type, int64_t n, void *a, int64_t ld,
                      int64_t first, int64_t end, const int *pivots)
{
    static laswp *const functions[NTYPES] = {slaswp_, dlaswp_, zlaswp_};
    int which = type == PLD_F32 ? F32 : type == PLD_F64 ? F64 : C128;
    if (n > 0 && end > first)
        functions[which](&(int){(int)n}, a, &(int){lead(ld)},
                         &(int){(int)first + 1}, &(int){(int)end}, pivots,
                         &(int){1});
}

/* --- QR ------------------------------------------------------------------- */

/* Room for what LAPACK asked for. */
static pld_status take_work(int which, const double answer[2], int *size,
                            void **out)
{
    *size = asked_size(which, answer);
    size_t element = real_size(which) * (which == C128 ? 2 : 1);
    return pld_alloc("workspace of LAPACK", *size, element, out);
}

pld_status pld_lapack_geqrf(pld_type type, int64_t m, int64_t n, void *a,
                            int64_t ld, void *tau)
{
    static geqrf *const functions[NTYPES] = {sgeqrf_, dgeqrf_, zgeqrf_};
    int which = 0;
    int info = 0;
    int size = -1;
    double answer[2] = {0, 0};
    void *work = NULL;
    CHECK(type, &which, m, n, ld);
    if (m == 0 || n == 0)
        return PLD_OK;
    const int sizes[] = {(int)m, (int)n, lead(ld)};
    functions[which](&sizes[0], &sizes[1], a, &sizes[2], tau, answer, &size,
                     &info);
    PLD_TRY(check_info("geqrf", info));
    PLD_TRY(take_work(which, answer, &size, &work));
    functions[which](&sizes[0], &sizes[1], a, &sizes[2], tau, work, &size,
                     &info);
    pld_free(work);
    return check_info("geqrf", info);
}

pld_status pld_lapack_orgqr(pld_type type, int64_t m, int64_t n, int64_t k,
                            void *a, int64_t ld, const void *tau)
{
    static orgqr *const functions[NTYPES] = {sorgqr_, dorgqr_, zungqr_};
    int which = 0;
    int info = 0;
    int size = -1;
    double answer[2] = {0, 0};
    void *work = NULL;
    CHECK(type, &which, m, n, k, ld);
    if (m == 0 || n == 0)
        return PLD_OK;
    const int sizes[] = {(int)m, (int)n, (int)k, lead(ld)};
    functions[which](&sizes[0], &sizes[1], &sizes[2], a, &sizes[3], tau, answer,
                     &size, &info);
    PLD_TRY(check_info("orgqr", info));
    PLD_TRY(take_work(which, answer, &size, &work));
    functions[which](&sizes[0], &sizes[1], &sizes[2], a, &sizes[3], tau, work,
                     &size, &info);
    pld_free(work);
    return check_info("orgqr", info);
}

/* --- Singular values, eigenvalues ----------------------------------------- */

/* Newer versions call a NaN a wrong argument, older ones do not converge. */
static pld_status check_converged(const char *what, int nan, int info)
{
    PLD_CHECK(info <= 0 && info != nan, PLD_ERR_ARG,
              "the %s do not converge: is a NaN or an infinity in the matrix?",
              what);
    return check_info(what, info);
}

struct svd_call {
    int which;
    const char *job;
    const int *sizes; /* m, n, ld, ldu, ldvt */
    void *a;
    const struct pld_lapack_svd *svd;
    void *rwork;
    int *iwork;
};

static int call_gesdd(const struct svd_call *call, void *work, const int *size)
{
    static gesdd *const functions[] = {sgesdd_, dgesdd_};
    const struct pld_lapack_svd *svd = call->svd;
    const int *sizes = call->sizes;
    int info = 0;
    if (call->which == C128)
        zgesdd_(call->job, &sizes[0], &sizes[1], call->a, &sizes[2], svd->s,
                svd->u, &sizes[3], svd->vt, &sizes[4], work, size, call->rwork,
                call->iwork, &info, 1);
    else
        functions[call->which](call->job, &sizes[0], &sizes[1], call->a,
                               &sizes[2], svd->s, svd->u, &sizes[3], svd->vt,
                               &sizes[4], work, size, call->iwork, &info, 1);
    return info;
}

/* Reals that zgesdd wants. */
static int64_t svd_reals(int64_t m, int64_t n)
{
    int64_t least = m < n ? m : n;
    int64_t most = m < n ? n : m;
    int64_t one = 5 * least * least + 7 * least;
    int64_t two = 2 * most * least + 2 * least * least + least;
    return one > two ? one : two;
}

pld_status pld_lapack_gesdd(pld_type type, char job, int64_t m, int64_t n,
                            void *a, int64_t ld,
                            const struct pld_lapack_svd *svd)
{
    pld_status status = PLD_OK;
    int size = -1;
    double answer[2] = {0, 0};
    void *work = NULL;
    struct svd_call call = {.job = &job, .a = a, .svd = svd};
    CHECK(type, &call.which, m, n, ld, svd->ldu, svd->ldvt);
    if (m == 0 || n == 0)
        return PLD_OK;
    call.sizes = (const int[]){(int)m, (int)n, lead(ld), lead(svd->ldu),
                               lead(svd->ldvt)};
    PLD_TRY_TO(out, pld_alloc("workspace of LAPACK", 8 * (m < n ? m : n),
                              sizeof *call.iwork, &call.iwork));
    if (call.which == C128)
        PLD_TRY_TO(out, pld_alloc("workspace of LAPACK", svd_reals(m, n),
                                  sizeof(double), &call.rwork));
    PLD_TRY_TO(out, check_info("gesdd", call_gesdd(&call, answer, &size)));
    PLD_TRY_TO(out, take_work(call.which, answer, &size, &work));
    PLD_TRY_TO(out, check_converged("singular values", -4,
                                    call_gesdd(&call, work, &size)));
out:
    pld_free(work);
    pld_free(call.rwork);
    pld_free(call.iwork);
    return status;
}

struct eigen_call {
    int which;
    const char *job;
    const char *uplo;
    const int *sizes; /* n, ld */
    void *a;
    void *w;
    void *work[2]; /* of elements; of reals, where they are others */
    int *iwork;
    int nwork[3];
};

static int call_syevd(struct eigen_call *call)
{
    static syevd *const functions[] = {ssyevd_, dsyevd_};
    const int *sizes = call->sizes;
    int info = 0;
    if (call->which == C128)
        zheevd_(call->job, call->uplo, &sizes[0], call->a, &sizes[1], call->w,
                call->work[0], &call->nwork[0], call->work[1], &call->nwork[1],
                call->iwork, &call->nwork[2], &info, 1, 1);
    else
        functions[call->which](call->job, call->uplo, &sizes[0], call->a,
                               &sizes[1], call->w, call->work[0],
                               &call->nwork[0], call->iwork, &call->nwork[2],
                               &info, 1, 1);
    return info;
}

static pld_status take_eigen_work(struct eigen_call *call)
{
    double answer[2][2] = {{0, 0}, {0, 0}};
    int nintegers = 0;
    call->work[0] = answer[0];
    call->work[1] = answer[1];
    call->iwork = &nintegers;
    for (int i = 0; i < 3; i++)
        call->nwork[i] = -1;
    int info = call_syevd(call);
    call->work[0] = NULL;
    call->work[1] = NULL;
    call->iwork = NULL;
    PLD_TRY(check_info("syevd", info));
    PLD_TRY(take_work(call->which, answer[0], &call->nwork[0], &call->work[0]));
    call->nwork[2] = nintegers;
    PLD_TRY(pld_alloc("workspace of LAPACK", nintegers, sizeof *call->iwork,
                      &call->iwork));
    if (call->which != C128)
        return PLD_OK;
    return take_work(F64, answer[1], &call->nwork[1], &call->work[1]);
}

pld_status pld_lapack_syevd(pld_type type, char job, char uplo, int64_t n,
                            void *a, int64_t ld, void *w)
{
    pld_status status = PLD_OK;
    struct eigen_call call = {.job = &job, .uplo = &uplo, .a = a, .w = w};
    CHECK(type, &call.which, n, ld);
    if (n == 0)
        return PLD_OK;
    call.sizes = (const int[]){(int)n, lead(ld)};
    PLD_TRY_TO(out, take_eigen_work(&call));
    PLD_TRY_TO(out, check_converged("eigenvalues", -4, call_syevd(&call)));
out:
    pld_free(call.iwork);
    pld_free(call.work[1]);
    pld_free(call.work[0]);
    return status;
}

/* --- Triangles ------------------------------------------------------------ */

pld_status pld_lapack_trsm(pld_type type,
                           const struct pld_lapack_triangle *triangle,
                           double alpha, int64_t m, int64_t n, void *b,
                           int64_t ldb)
{
    static trsm *const functions[NTYPES] = {strsm_, dtrsm_, ztrsm_};
    int which = 0;
    CHECK(type, &which, m, n, triangle->ld, ldb);
    if (m == 0 || n == 0)
        return PLD_OK;
    const double factor[2] = {alpha, 0};
    const float short_factor = (float)alpha;
    const void *by = which == F32 ? (const void *)&short_factor : factor;
    functions[which](&triangle->side, &triangle->uplo, &triangle->op,
                     &triangle->diag, &(int){(int)m}, &(int){(int)n}, by,
                     triangle->a, &(int){lead(triangle->ld)}, b,
                     &(int){lead(ldb)}, 1, 1, 1, 1);
    return PLD_OK;
}
