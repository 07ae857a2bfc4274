#ifndef PLD_COMM_RECORDS_H
#define PLD_COMM_RECORDS_H

#include "base/sort.h"

/* Records in an order of their own. An item stands for a record in memory. */

static inline struct pld_keyed pld_record_item(uint64_t key, const char *record)
{
    return (struct pld_keyed){.key = key, .value = (int64_t)(intptr_t)record};
}

static inline const char *pld_item_record(const struct pld_keyed *item)
{
    return (const char *)(intptr_t)item->value;
}

/* Sort them by the key of the item; then by the int64_t at byte `key` of the
 * record; then by its bytes, in words of the machine. So the order depends on
 * nothing else. Pure arithmetic. */
pld_status pld_records_sort(int64_t n, struct pld_keyed *items, size_t bytes,
                            size_t key);

#endif
