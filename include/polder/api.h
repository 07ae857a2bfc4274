#ifndef PLD_API_H
#define PLD_API_H

/** @file
 * Linkage and warning attributes of the public functions. */

#ifdef __cplusplus
#define PLD_BEGIN_C extern "C" {
#define PLD_END_C }
#else
#define PLD_BEGIN_C
#define PLD_END_C
#endif

#if defined(__GNUC__)
/** A public function that cannot fail. */
#define PLD_API __attribute__((visibility("default")))
/** A public function whose status must be looked at. */
#define PLD_CALL                                                               \
    __attribute__((visibility("default"), warn_unused_result)) pld_status
/** printf-like checking of argument `text` against those from `first`. */
#define PLD_PRINTF(text, first)                                                \
    __attribute__((__format__(__printf__, text, first)))
#else
#define PLD_API
#define PLD_CALL pld_status
#define PLD_PRINTF(text, first)
#endif

#endif
