/* Halo exchange over all that can be asked for: every element of every padded
 * block compared with a formula of its global index.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=2,3,4,7 env=PLD_TRANSPORT=message
 * TEST: ranks=3,4,7 env=PLD_FAKE_NODES=2 */

#include "support/draw.h"
#include "support/harness.h"
#include "support/numbers.h"

/* The least halo of the fields at each side, or less. */
static pld_width draw_width(const struct subject *subject)
{
    pld_width width = {0};
    for (int d = 0; d < PLD_MAXDIM; d++)
        for (int side = 0; side < 2; side++) {
            int64_t least = 5;
            for (int f = 0; f < subject->nfields; f++) {
                int64_t halo = pld_field_halo(subject->fields[f], d, side);
                least = halo < least ? halo : least;
            }
            *(side == 0 ? &width.low[d] : &width.high[d]) = draw(0, least);
        }
    return width;
}

/* Over dimensions, periodicity, process grids, empty ranks, types, components,
 * layouts, staggers, stencils and widths up to several times the domain. */
TEST(every_ghost_asked_for_is_filled_and_no_other)
{
    int ncases = nranks <= 2 ? 250 : 80;
    for (int i = 0; i < ncases; i++) {
        struct subject subject;
        bool good = true;
        subject_draw(5, &subject);
        for (int j = 0; j < 4; j++) {
            const pld_halo_spec spec = {
                .nfields = subject.nfields,
                .fields = subject.fields,
                .stencil = j % 2 == 0 ? PLD_BOX : PLD_STAR,
                .width = j < 2 ? (pld_width){0} : draw_width(&subject)};
            good = numbers_exchange(&spec) && good;
        }
        subject_destroy(&subject);
        assert_all(good);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_ghost_asked_for_is_filled_and_no_other)};

PLD_TEST_MAIN(tests)
