#ifndef PLD_LINALG_CHOLESKY_QR_H
#define PLD_LINALG_CHOLESKY_QR_H

#include "linalg/tall.h"

/* QR by Cholesky factors of Gram matrices, pass after pass until the columns
 * are nearly orthonormal; shifted where they depend too much on each other.
 *
 * Algorithms: CholeskyQR2, Yamamoto, Nakatsukasa, Yanagisawa and Fukaya, ETNA
 * 44 (2015); shifted, Fukaya, Kannan, Nakatsukasa, Yamamoto and Yanagisawa,
 * SIAM J. Sci. Comput. 42 (2020), doi:10.1137/18M1218212. */

/* Make `a`, open to read tiles and write rows, Q, and r (k x k) R. *done is
 * false when the passes come to no end, or elements are of such sizes that
 * their squares are lost: then A = Q r still holds for what `a` is now.
 * *Collective, agreed*. */
pld_status pld_cholesky_qr(struct pld_tiled *a, void *r, bool *done);

/* R alone, with two passes; `a` is open to read tiles. When not *done, r holds
 * nothing. *Collective, agreed*. */
pld_status pld_cholesky_r(struct pld_tiled *a, void *r, bool *done);

#endif
