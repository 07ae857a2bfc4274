#ifndef PLD_TYPES_H
#define PLD_TYPES_H

#include <stddef.h>

#include "polder/api.h"

PLD_BEGIN_C

/** @file
 * Element types of arrays and fields. */

/** All element types: X(name, bytes, words). Append only. */
#define PLD_TYPE_LIST(X)                                                       \
    X(F64, 8, "f64")                                                           \
    X(F32, 4, "f32")                                                           \
    X(I64, 8, "i64")                                                           \
    X(I32, 4, "i32")                                                           \
    X(C128, 16, "c128")

/** One of PLD_TYPE_LIST. */
typedef enum pld_type {
#define PLD_TYPE_ENUM(name, bytes, words) PLD_##name,
    PLD_TYPE_LIST(PLD_TYPE_ENUM)
#undef PLD_TYPE_ENUM
        PLD_TYPE_COUNT /**< number of types, not one of them */
} pld_type;

/** Bytes of an element; 0 for what is not a type. *Local*. */
PLD_API size_t pld_type_size(pld_type type);

/** Name such as "f64"; "?" for what is not a type. *Local*. */
PLD_API const char *pld_type_name(pld_type type);

PLD_END_C

#endif
