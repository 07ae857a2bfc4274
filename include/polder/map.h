#ifndef PLD_MAP_H
#define PLD_MAP_H

#include "polder/reduce.h"

PLD_BEGIN_C

/** @file
 * Maps: irregular gather and scatter between arrays that lie across the ranks.
 *
 * Every rank has an array of roots, the entries that it owns, and an array of
 * leaves, the entries that it wants to see: copies of roots of any rank, its
 * own included. Any number of leaves may have the same root, and a root no
 * leaf. The map says which is whose; it is made once and used often, with
 * arrays of whatever type:
 *
 *     PLD_TRY(pld_map_create_ids(ctx, &ids, &map));
 *     PLD_TRY(pld_map_broadcast(map, (pld_entry){0}, roots, leaves));
 *     ...
 *     PLD_TRY(pld_map_reduce(map, PLD_SUM, (pld_entry){0}, leaves, roots));
 *
 * Where the order of leaves matters it is by rank, and on each rank by the
 * place in the array. Where it depends on this order only, as everything here
 * does, a result is the same on any number of ranks that share out the same
 * leaves in the same order.
 *
 * Memory: of each list of entries, for each peer, what its shape needs: nothing
 * for boxes and for what is contiguous or evenly spaced, 16 bytes for each
 * contiguous piece, else 4 bytes an index, or 8 where they span more than 2^32.
 * And, from the first use of entries of a size, room for those that travel. */

/** Opaque. */
typedef struct pld_map pld_map;

/** What one entry of an array is: `ncomps` numbers of a type, or raw bytes.
 * Zero is one double. The same on all ranks. */
typedef struct pld_entry {
    pld_type type; /**< of each number */
    int ncomps;    /**< numbers; 0: 1 */
    size_t bytes;  /**< if not 0: so many bytes of any kind instead */
} pld_entry;

/** @name Making maps */
/**@{*/

/** A map given by the place of each leaf's root. */
typedef struct pld_map_spec {
    int64_t nroots;         /**< entries of this rank's root array */
    int64_t nleaves;        /**< entries of this rank's leaf array */
    const int *ranks;       /**< of each leaf's root; -1: none, the leaf is
                               neither read nor written */
    const int64_t *indices; /**< of each leaf's root in the array there */
} pld_map_spec;

/** Make a map from places. PLD_ERR_ARG names a leaf whose root does not exist.
 * *Collective, agreed*. */
PLD_CALL pld_map_create(pld_ctx *ctx, const pld_map_spec *spec, pld_map **out);

/** A map given by names: any numbers, no two roots with the same. */
typedef struct pld_map_ids {
    int64_t nroots;        /**< entries of this rank's root array */
    const int64_t *roots;  /**< their names: "these are mine" */
    int64_t nleaves;       /**< entries of this rank's leaf array */
    const int64_t *leaves; /**< names of their roots: "these I need" */
} pld_map_ids;

/** Make a map from names, without knowing who owns what. Every name has a rank
 * where owners and seekers meet, found by hashing; so no rank needs memory for
 * more than its share of the names and its own (Pinar and Hendrickson,
 * "Communication support for adaptive computation", 2001; as in Zoltan and
 * Tpetra). PLD_ERR_EXISTS names an id that two roots have and their ranks,
 * PLD_ERR_NOENT one that no root has and who needs it. *Collective, agreed*. */
PLD_CALL pld_map_create_ids(pld_ctx *ctx, const pld_map_ids *ids,
                            pld_map **out);

/** Make a map of `nids` roots, named 0 to nids - 1, that lie in order over the
 * ranks in blocks of equal size: see pld_map_block(). `leaves` holds the names
 * of this rank's `nleaves` roots, -1 for none. Needs no meeting place.
 * *Collective, agreed*. */
PLD_CALL pld_map_create_blocks(pld_ctx *ctx, int64_t nids, int64_t nleaves,
                               const int64_t *leaves, pld_map **out);

/** The first name of the block of `rank`; the next rank's is its end. Blocks
 * differ by one at most, larger ones first. *Local*. */
PLD_API int64_t pld_map_block(int64_t nids, int nranks, int rank);

/** Destroy it and set *map to NULL; *map may be NULL. PLD_ERR_STATE between
 * begin and end. *Collective*. */
PLD_CALL pld_map_destroy(pld_map **map);
/**@}*/

/** @name Moving data
 * The first call with entries of a size allocates room for them, on all ranks
 * or on none; later ones don't allocate. Arrays may be NULL where they have no
 * entries. All are *collective*, with the same entry and operation on all ranks
 * (PLD_ERR_MISMATCH where this is checked: at the first call, in debug builds
 * at all).
 *
 * With begin and end, other work can be done in between; one operation at a
 * time on a map, PLD_ERR_STATE otherwise; several maps may be under way, begun
 * and ended in the same order on all ranks. Until the end, arrays that are
 * read must not be written, those that are written neither read nor written. */
/**@{*/

/** Copy every root to its leaves. */
PLD_CALL pld_map_broadcast(pld_map *map, pld_entry entry, const void *roots,
                           void *leaves);
/** Start to. */
PLD_CALL pld_map_broadcast_begin(pld_map *map, pld_entry entry,
                                 const void *roots, void *leaves);

/** Combine every root with all its leaves, number by number: roots become the
 * PLD_SUM, PLD_MIN or PLD_MAX of their own value and of those. Sums of
 * floating-point numbers are exact and rounded once. PLD_FAST_SUM adds plainly
 * in the order of leaves. Of least and greatest NaN wins, -0 counts below +0; a
 * sum that is zero is +0; integer sums wrap. Roots without leaves keep their
 * bits. PLD_ERR_TYPE for raw bytes, and for the least or greatest of c128. */
PLD_CALL pld_map_reduce(pld_map *map, pld_op op, pld_entry entry,
                        const void *leaves, void *roots);
/** Start to. */
PLD_CALL pld_map_reduce_begin(pld_map *map, pld_op op, pld_entry entry,
                              const void *leaves, void *roots);

/** Replace every root that has leaves by its last leaf. */
PLD_CALL pld_map_replace(pld_map *map, pld_entry entry, const void *leaves,
                         void *roots);
/** Start to. */
PLD_CALL pld_map_replace_begin(pld_map *map, pld_entry entry,
                               const void *leaves, void *roots);

/** Add every leaf to its root, one after the other in their order, and set
 * `before` at the leaf to what the root was before that; `before` may be
 * `leaves`. Hands out places in a common array, say. Of i64 and i32, which
 * wrap; PLD_ERR_TYPE for others. */
PLD_CALL pld_map_fetch_add(pld_map *map, pld_entry entry, const void *leaves,
                           void *roots, void *before);
/** Start to. */
PLD_CALL pld_map_fetch_add_begin(pld_map *map, pld_entry entry,
                                 const void *leaves, void *roots, void *before);

/** Collect at every root what its leaves hold, all of it: `all` gets the leaves
 * of root 0, then those of root 1, and so on, each in their order; see
 * pld_map_degrees(). */
PLD_CALL pld_map_collect(pld_map *map, pld_entry entry, const void *leaves,
                         void *all);
/** Start to. */
PLD_CALL pld_map_collect_begin(pld_map *map, pld_entry entry,
                               const void *leaves, void *all);

/** The reverse of collecting: give each leaf an entry of its own. */
PLD_CALL pld_map_deal(pld_map *map, pld_entry entry, const void *all,
                      void *leaves);
/** Start to. */
PLD_CALL pld_map_deal_begin(pld_map *map, pld_entry entry, const void *all,
                            void *leaves);

/** Move on with what is under way; `*out` says whether end would return at
 * once. PLD_ERR_STATE without a begin. *Local*. */
PLD_CALL pld_map_test(pld_map *map, bool *out);

/** Wait until it is done. PLD_ERR_STATE without a begin. */
PLD_CALL pld_map_end(pld_map *map);
/**@}*/

/** The number of leaves of each root: `degrees` has as many entries as the root
 * array. Their sum is the number of entries that pld_map_collect() gives.
 * *Local*. */
PLD_CALL pld_map_degrees(const pld_map *map, int64_t *degrees);

/** What a map is made of, on this rank. */
typedef struct pld_map_info {
    int64_t nroots;       /**< entries of the root array */
    int64_t nleaves;      /**< entries of the leaf array */
    int64_t nowned;       /**< leaves whose root is of this rank */
    int64_t nreceived;    /**< leaves whose root is of another rank */
    int64_t nsent;        /**< leaves of other ranks with roots of this one */
    int npeers;           /**< other ranks that have roots or leaves of ours */
    int64_t list_bytes;   /**< memory of the lists */
    int64_t buffer_bytes; /**< memory for entries that travel, so far */
} pld_map_info;

/** See there. *Local*. */
PLD_CALL pld_map_describe(const pld_map *map, pld_map_info *out);

PLD_END_C

#endif
