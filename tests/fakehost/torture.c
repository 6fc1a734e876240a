/* Lives that are disturbed at each of their calls, one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakehost/fakehost.h"

/* Nothing was disturbed: the plugin has to be good at what it does, or the loop proves nothing. */
static void assert_undisturbed(
    const struct fake_life *life, assay_status status, const assay_verdict *verdict)
{
    assert_int_equal(status, ASSAY_OK);
    if (life->outcome)
        assert_int_equal(verdict->outcome, life->outcome);
}

static void end(const struct fake_life *life, struct fakehost *f)
{
    if (life->check)
        life->check(f);
    fake_free(f);
}

static bool is_spared(const struct fake_life *life, const struct fakehost *f)
{
    return life->spared && strcmp(life->spared, fake_failed_call(f)) == 0;
}

uint64_t fake_fail_each_call(const struct fake_life *life, assay_status status)
{
    for (uint64_t nth = 1;; nth++) {
        struct fakehost *f = life->make();
        assay_verdict verdict = {.struct_size = sizeof(verdict)};
        bool was_hit;
        assay_status s;

        fake_fail_call(f, fake_calls(f) + nth, status);
        s = life->live(f, &verdict);
        was_hit = fake_failed_call(f)[0] != '\0';
        if (!was_hit)
            assert_undisturbed(life, s, &verdict);
        else if (s || !is_spared(life, f))
            assert_int_equal(s, status);
        end(life, f);
        if (!was_hit)
            return nth - 1;
    }
}

uint64_t fake_cancel_each_wait(const struct fake_life *life)
{
    for (uint64_t nth = 1;; nth++) {
        struct fakehost *f = life->make();
        const uint64_t before = fake_blocking_calls(f);
        assay_verdict verdict = {.struct_size = sizeof(verdict)};
        bool was_hit;
        assay_status s;

        fake_cancel_call(f, before + nth);
        s = life->live(f, &verdict);
        was_hit = fake_blocking_calls(f) >= before + nth;
        if (was_hit) {
            assert_int_equal(s, ASSAY_E_CANCELLED);
            assert_int_equal(fake_blocking_calls(f), before + nth); /* at once */
            assert_string_equal(fake_why(f), ""); /* being cancelled is nothing to explain */
        } else {
            assert_undisturbed(life, s, &verdict);
        }
        end(life, f);
        if (!was_hit)
            return nth - 1;
    }
}
