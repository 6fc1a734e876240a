#include "nomos/node_config_env.h"

#include <stdlib.h>
#include <string.h>

/* A year: longer than any test, and far from overflowing in nanoseconds. */
#define SECONDS_MAX UINT64_C(31536000)

struct setting {
    const char *name;
    size_t offset; /* of the duration in struct node_config_times */
};

#define SETTING(name, field)                                                                       \
    {                                                                                              \
        name, offsetof(struct node_config_times, field)                                            \
    }

static const struct setting settings[] = {
    SETTING("NOMOS_DISPERSAL_TIMEOUT_SECS", dispersal_timeout),
    SETTING("NOMOS_RETRY_COOLDOWN_SECS", retry_cooldown),
    SETTING("NOMOS_GRACE_PERIOD_SECS", grace_period),
    SETTING("NOMOS_PRUNE_DURATION_SECS", prune_duration),
    SETTING("NOMOS_PRUNE_INTERVAL_SECS", prune_interval),
    SETTING("NOMOS_SHARE_DURATION_SECS", share_duration),
    SETTING("NOMOS_COMMITMENTS_WAIT_SECS", commitments_wait),
    SETTING("NOMOS_SDP_TRIGGER_DELAY_SECS", sdp_trigger_delay),
};

/* Eight digits are enough for the largest, and cannot overflow. */
static bool read_seconds(const char *text, uint64_t *out_ns)
{
    const size_t length = strlen(text);
    uint64_t seconds;

    if (length == 0 || length > 8 || strspn(text, "0123456789") != length)
        return false;
    seconds = strtoull(text, NULL, 10);
    if (seconds > SECONDS_MAX)
        return false;
    *out_ns = seconds * NODE_CONFIG_SECOND;
    return true;
}

enum nomos_status node_config_times_read(node_config_variable variable, void *self,
    struct node_config_times *out, struct nomos_error *err)
{
    const char *slow = variable(self, "SLOW_TEST_ENV");
    struct node_config_times times;

    node_config_times_default(&times);
    for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
        const char *text = variable(self, settings[i].name);

        if (text && text[0] && !read_seconds(text, (void *)((char *)&times + settings[i].offset)))
            return nomos_fail(err, NOMOS_E_DATA,
                "%s is '%.40s'; it must be whole seconds, at most %llu", settings[i].name, text,
                (unsigned long long)SECONDS_MAX);
    }
    if (slow && strcmp(slow, "true") == 0)
        times.sdp_trigger_delay *= 2;
    *out = times;
    return NOMOS_OK;
}
