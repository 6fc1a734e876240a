/* What tests of cfgsync start from: a settings file of so many hosts, with changes. */
#ifndef ASSAY_TESTS_CFGSYNC_WORLD_H
#define ASSAY_TESTS_CFGSYNC_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cfgsync/registry.h"
#include "cfgsync/settings.h"
#include "nomos/keys.h"

#define SETTINGS_HEAD                                                                              \
    "port: 0\nn_hosts: %u\ntimeout: 30\nsecurity_param: 10\nactive_slot_coeff: 0.9\n"
#define SETTINGS_WALLET                                                                            \
    "wallet:\n  accounts:\n    - {label: wallet-user-0, value: 100, secret_key: "                  \
    "\"776c000000000000000000000000000000000000000000000000000000000000\"}\n"
/* ids 01 x 32, 02 x 32, 03 x 32 */
#define SETTINGS_IDS                                                                               \
    "ids: [\"0101010101010101010101010101010101010101010101010101010101010101\", "                 \
    "\"0202020202020202020202020202020202020202020202020202020202020202\", "                       \
    "\"0303030303030303030303030303030303030303030303030303030303030303\"]\n"

/* Settings of up to three hosts with these further lines; the test fails when they are refused. */
static inline struct settings settings_of(unsigned hosts, const char *more)
{
    struct settings settings;
    struct reason why = {""};
    char text[4096];

    assert_true(keys_init());
    (void)snprintf(
        text, sizeof(text), SETTINGS_HEAD SETTINGS_WALLET SETTINGS_IDS "%s", hosts, more);
    if (!settings_parse(&settings, "cfgsync.yaml", text, strlen(text), &why))
        fail_msg("%s", why.text);
    return settings;
}

static inline struct announcement host_named(const char *name, const char *ip)
{
    struct announcement host;

    announcement_default(&host);
    (void)snprintf(host.identifier, sizeof(host.identifier), "%s", name);
    (void)snprintf(host.ip, sizeof(host.ip), "%s", ip);
    host.is_executor = strncmp(name, "executor", 8) == 0;
    return host;
}

#endif
