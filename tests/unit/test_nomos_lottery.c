/* The lottery and epochs against the node contract (3.10, 4.1, 4.2). */
#include "test_nomos_support.h"

#include "nomos/lottery.h"

static void next_nonces_give_the_vectors(void **state)
{
    const struct wire wire = test_wire();
    const struct fr at_slot_0 = lottery_next_nonce(&wire, &fr_zero, &fr_zero, 0);
    const struct fr at_slot_5 = lottery_next_nonce(&wire, &fr_zero, &fr_zero, 5);

    (void)state;
    assert_fr(&at_slot_0, "e4e46174cf7ee3dc802b3e3bd944855c5fdb99b4a4a78fa4a9a7c79389294e1f");
    assert_fr(&at_slot_5, "34c6848480f20b42ed46c7afec3028f2141260743780d3e1be1d295c5d35db03");
}

static void padded_revision_gives_another_nonce(void **state)
{
    const struct fr inputs[] = {fr_from_u64(1), fr_from_u64(2), fr_from_u64(3)};
    struct wire wire;
    struct wire padded;

    (void)state;
    wire_init(&wire, &wire_revision_2025_12);
    wire_init(&padded, &wire_revision_2025_12_padded);
    const struct fr a = lottery_next_nonce(&wire, &inputs[0], &inputs[1], 3);
    const struct fr b = lottery_next_nonce(&padded, &inputs[0], &inputs[1], 3);
    assert_false(fr_equal(&a, &b));
}

static void ticket_gives_the_vector(void **state)
{
    const struct lottery_draw draw = {.note_id = fr_from_u64(7),
        .secret_key = fr_from_u64(8),
        .epoch_nonce = fr_from_u64(9),
        .slot = 10};
    const struct fr ticket = lottery_ticket(&draw);

    (void)state;
    assert_fr(&ticket, "eb1baf0f3abefe2098fdb2ea8a12468f48daba2ba6188066c3f4cffcbb437712");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_nonces_give_the_vectors),
        cmocka_unit_test(padded_revision_gives_another_nonce),
        cmocka_unit_test(ticket_gives_the_vector),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
