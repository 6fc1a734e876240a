/* The preflight against a machine of the test's own: which variables are set, and what is at which
   path, is a table. */
#include "plugins/systems/nomos/preflight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    ENTRIES_MAX = 64,
    TEXT_SIZE = 8192
};

#define ELF_X86_64                                                                                 \
    "\x7f"                                                                                         \
    "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\x3e\0"
#define ELF_AARCH64                                                                                \
    "\x7f"                                                                                         \
    "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\xb7\0"
#define ELF_X86_32                                                                                 \
    "\x7f"                                                                                         \
    "ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\3\0"
#define ELF_BIG                                                                                    \
    "\x7f"                                                                                         \
    "ELF\2\2\1\0\0\0\0\0\0\0\0\0\0\2\0\x15"
#define ELF_OBJECT                                                                                 \
    "\x7f"                                                                                         \
    "ELF\2\1\1\0\0\0\0\0\0\0\0\0\1\0\x3e\0"
#define ELF_SIZE 20

struct entry {
    char name[128];
    const char *value; /* of a variable */
    assay_path_info info;
};

static struct machine {
    assay_host host;
    assay_spec spec;
    assay_topology topology;
    struct entry variables[ENTRIES_MAX], paths[ENTRIES_MAX];
    size_t variable_count, path_count;
    struct nomos_node_options overrides;
    struct nomos_node nodes[4];
    struct nomos self;
    struct nomos_problems problems;
    char notices[TEXT_SIZE], why[TEXT_SIZE], log[TEXT_SIZE], env[TEXT_SIZE];
    char binaries[4][128];
    assay_status fail_binary;
} m;

static void append(char text[TEXT_SIZE], const char *more)
{
    const size_t used = strlen(text);

    (void)snprintf(text + used, TEXT_SIZE - used, "%s\n", more);
}

/* ---- the host ---- */

static assay_status fake_fail(const assay_host *host, assay_status s, const char *why)
{
    (void)host;
    append(m.why, why);
    return s;
}

static void fake_log(const assay_host *host, uint32_t level, const char *text)
{
    (void)host;
    assert_int_equal(level, ASSAY_ERROR);
    append(m.log, text);
}

static const char *fake_variable(const assay_host *host, const char *name)
{
    (void)host;
    for (size_t i = 0; i < m.variable_count; i++) {
        if (strcmp(m.variables[i].name, name) == 0)
            return m.variables[i].value;
    }
    return NULL;
}

static const char *fake_program(const assay_host *host, const char *variable, const char *name)
{
    const char *value = variable ? fake_variable(host, variable) : NULL;
    static char path[8][128];
    static size_t next;
    char *out = path[next++ % 8];

    if (value && value[0] != '\0')
        return value;
    if (!name)
        return NULL;
    (void)snprintf(out, 128, "/bin/%s", name);
    for (size_t i = 0; i < m.path_count; i++) {
        if (strcmp(m.paths[i].name, out) == 0)
            return out;
    }
    return NULL;
}

static assay_status fake_look(const assay_host *host, const char *path, assay_path_info *out)
{
    (void)host;
    *out = (assay_path_info){.struct_size = sizeof(*out)};
    for (size_t i = 0; i < m.path_count; i++) {
        if (strcmp(m.paths[i].name, path) == 0)
            *out = m.paths[i].info;
    }
    return ASSAY_OK;
}

static const char *fake_asset(const assay_host *host, const char *name)
{
    (void)host;
    return strcmp(name, "stack/kzgrs_test_params") == 0 ? fake_variable(host, "(asset)") : NULL;
}

static void fake_notice(const assay_host *host, const char *text)
{
    (void)host;
    append(m.notices, text);
}

static assay_status fake_binary(const assay_host *host, uint32_t node, const char *path)
{
    (void)host;
    (void)snprintf(m.binaries[node], sizeof(m.binaries[node]), "%s", path);
    return m.fail_binary;
}

static assay_status fake_environment(const assay_host *host, uint32_t node, const char *assignment)
{
    (void)host;
    (void)node;
    append(m.env, assignment);
    return ASSAY_OK;
}

static const void *fake_overrides(const assay_host *host, uint32_t node)
{
    (void)host;
    return node == 0 ? &m.overrides : NULL;
}

/* ---- the machine ---- */

static void set(const char *name, const char *value)
{
    struct entry *variable = NULL;

    for (size_t i = 0; i < m.variable_count; i++) {
        if (strcmp(m.variables[i].name, name) == 0)
            variable = &m.variables[i];
    }
    if (!variable)
        variable = &m.variables[m.variable_count++];
    assert_true(m.variable_count <= ENTRIES_MAX);
    (void)snprintf(variable->name, sizeof(variable->name), "%s", name);
    variable->value = value;
}

static assay_path_info *put(const char *path, uint32_t kind)
{
    struct entry *entry = NULL;

    for (size_t i = 0; i < m.path_count; i++) {
        if (strcmp(m.paths[i].name, path) == 0)
            entry = &m.paths[i];
    }
    if (!entry)
        entry = &m.paths[m.path_count++];
    assert_true(m.path_count <= ENTRIES_MAX);
    (void)snprintf(entry->name, sizeof(entry->name), "%s", path);
    entry->info = (assay_path_info){
        .struct_size = sizeof(entry->info), .kind = kind, .access = ASSAY_PATH_READ};
    return &entry->info;
}

static assay_path_info *put_file(const char *path, const char *head, size_t size)
{
    assay_path_info *info = put(path, ASSAY_PATH_FILE);

    info->size = info->head_size = size;
    memcpy(info->head, head, size);
    return info;
}

static assay_path_info *put_program(const char *path, const char *head, size_t size)
{
    assay_path_info *info = put_file(path, head, size);

    info->access |= ASSAY_PATH_RUN;
    return info;
}

/* One validator and one executor that are real, on an x86-64 machine that has everything. */
static int setup(void **state)
{
    (void)state;
    m = (struct machine){
        .host = {.struct_size = sizeof(assay_host), .fail = fake_fail, .log = fake_log},
        .spec = {.struct_size = sizeof(assay_spec),
            .variable = fake_variable,
            .program = fake_program,
            .look = fake_look,
            .asset = fake_asset,
            .notice = fake_notice,
            .binary = fake_binary,
            .environment = fake_environment},
        .topology = {.struct_size = sizeof(assay_topology), .overrides = fake_overrides},
        .nodes = {{.is_executor = false}, {.is_executor = true}},
    };
    m.self = (struct nomos){.host = &m.host,
        .revision = &revision_2025_12,
        .spec = &m.spec,
        .topology = &m.topology,
        .node_count = 2,
        .nodes = m.nodes};
    (void)put_program("/proc/self/exe", ELF_X86_64, ELF_SIZE);
    (void)put_program("/opt/nomos-node", ELF_X86_64, ELF_SIZE);
    (void)put_program("/opt/nomos-executor", "#!/bin/sh\n", 10);
    (void)put("/circuits", ASSAY_PATH_DIRECTORY);
    (void)put_program("/circuits/prover", ELF_X86_64, ELF_SIZE);
    (void)put_program("/circuits/zksign/witness_generator", ELF_X86_64, ELF_SIZE);
    (void)put_file("/circuits/zksign/proving_key.zkey", "zkey", 4);
    (void)put_file("/circuits/zksign/verification_key.json", "{}", 2);
    (void)put("/circuits/pol", ASSAY_PATH_DIRECTORY);
    (void)put("/circuits/poq", ASSAY_PATH_DIRECTORY);
    (void)put("/circuits/poc", ASSAY_PATH_DIRECTORY);
    (void)put_file("/kzg", "kzg", 3);
    set("NOMOS_NODE_BIN", "/opt/nomos-node");
    set("NOMOS_EXECUTOR_BIN", "/opt/nomos-executor");
    set("NOMOS_CIRCUITS", "/circuits");
    set("NOMOS_KZGRS_PARAMS_PATH", "/kzg");
    set("POL_PROOF_DEV_MODE", "true");
    set("HOME", "/home/me");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    text_done(&m.problems.text);
    return 0;
}

static void check(void)
{
    assert_int_equal(preflight_programs(&m.self, &m.problems), ASSAY_OK);
    preflight_assets(&m.self, &m.problems);
}

/* One problem, and its text has all the parts (NULL at the end). */
#define assert_problem(...) check_problem((const char *const[]){__VA_ARGS__, NULL})
static void check_problem(const char *const *parts)
{
    check();
    if (m.problems.count != 1)
        fail_msg(
            "%u problems:%s", m.problems.count, m.problems.text.bytes ? m.problems.text.bytes : "");
    for (; *parts; parts++) {
        if (!strstr(m.problems.text.bytes, *parts))
            fail_msg("'%s' is not in:%s", *parts, m.problems.text.bytes);
    }
}

/* ---- tests ---- */

static void a_machine_with_everything_has_no_problems(void **state)
{
    (void)state;
    check();
    assert_int_equal(m.problems.count, 0);
    assert_int_equal(nomos_problems_report(&m.problems, &m.host), ASSAY_OK);
    assert_string_equal(m.self.assets.circuits, "/circuits");
    assert_string_equal(m.self.assets.kzg_params, "/kzg");
    assert_string_equal(m.binaries[0], "/opt/nomos-node");
    assert_string_equal(m.binaries[1], "/opt/nomos-executor");
    assert_false(m.nodes[0].is_dev);
    assert_string_equal(m.notices, "");
}

static void development_nodes_need_none_of_it(void **state)
{
    (void)state;
    (void)put_program("/bin/nomos-devnode", ELF_X86_64, ELF_SIZE);
    for (size_t i = 0; i < m.variable_count; i++)
        m.variables[i].value = NULL;
    check();
    assert_int_equal(m.problems.count, 0);
    assert_true(m.nodes[0].is_dev && m.nodes[1].is_dev);
    assert_string_equal(m.binaries[1], "/bin/nomos-devnode");
    assert_string_equal(m.self.assets.circuits, "");
    assert_string_equal(m.self.assets.kzg_params, "");
}

static void a_role_without_nodes_needs_no_program(void **state)
{
    (void)state;
    set("NOMOS_EXECUTOR_BIN", "/nowhere");
    m.self.node_count = 1;
    check();
    assert_int_equal(m.problems.count, 0);
}

static void everything_that_is_missing_is_said_at_once(void **state)
{
    (void)state;
    set("NOMOS_EXECUTOR_BIN", "");
    set("NOMOS_CIRCUITS", "/nowhere");
    set("NOMOS_KZGRS_PARAMS_PATH", "/nothing");
    set("POL_PROOF_DEV_MODE", NULL);
    check();
    assert_int_equal(m.problems.count, 4);
    assert_int_equal(nomos_problems_report(&m.problems, &m.host), ASSAY_E_INVALID);
    assert_non_null(strstr(m.why, "4 things are to be mended before anything can start:\n  - "));
    assert_non_null(strstr(m.why, "NOMOS_EXECUTOR_BIN is set but empty"));
    assert_non_null(strstr(m.why, "/nowhere, which NOMOS_CIRCUITS names, is no directory"));
    assert_non_null(strstr(m.why, "setup-nomos-circuits.sh"));
    assert_non_null(strstr(m.why, "/nothing, which NOMOS_KZGRS_PARAMS_PATH names, does not exist"));
    assert_non_null(strstr(m.why, "POL_PROOF_DEV_MODE is not set"));
    assert_string_equal(m.log, "");
    assert_int_equal(m.problems.count, 0); /* and forgotten */
}

static void more_problems_than_a_failure_can_hold_are_in_the_log_too(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++)
        nomos_problems_add(&m.problems, "problem %d: %0120d", i, 0);
    assert_int_equal(nomos_problems_report(&m.problems, &m.host), ASSAY_E_INVALID);
    assert_non_null(strstr(m.why, "12 things"));
    assert_non_null(strstr(m.why, "(the log has them in full)"));
    assert_int_equal(strncmp(m.log, "problem 0: ", 11), 0);
    assert_non_null(strstr(m.log, "problem 11: "));
    assert_null(strstr(m.log, "- "));
}

static void a_single_problem_stands_by_itself(void **state)
{
    (void)state;
    nomos_problems_add(&m.problems, "the disk is on fire");
    assert_int_equal(nomos_problems_report(&m.problems, &m.host), ASSAY_E_INVALID);
    assert_string_equal(m.why, "the disk is on fire\n");
}

static void a_program_that_is_nowhere_is_a_problem(void **state)
{
    (void)state;
    set("NOMOS_NODE_BIN", NULL);
    assert_problem("no program for validators", "NOMOS_NODE_BIN", "nomos-node", "nomos-devnode");
}

static void a_variable_that_names_nothing_is_a_problem(void **state)
{
    (void)state;
    set("NOMOS_NODE_BIN", "/nosuch/nomos-node");
    assert_problem("/nosuch/nomos-node, which NOMOS_NODE_BIN names, does not exist", "unset it");
}

static void an_empty_override_is_a_problem_even_when_there_is_another_program(void **state)
{
    (void)state;
    (void)put_program("/bin/nomos-node", ELF_X86_64, ELF_SIZE);
    set("NOMOS_NODE_BIN", "");
    assert_problem("NOMOS_NODE_BIN is set but empty", "nomos-node");
}

static void a_directory_is_no_program(void **state)
{
    (void)state;
    set("NOMOS_NODE_BIN", "/circuits");
    assert_problem("/circuits, which NOMOS_NODE_BIN names, is a directory");
}

static void a_device_is_no_program(void **state)
{
    (void)state;
    (void)put("/dev/null", ASSAY_PATH_OTHER);
    set("NOMOS_NODE_BIN", "/dev/null");
    assert_problem("/dev/null", "is no file");
}

static void a_file_that_may_not_be_executed_is_no_program(void **state)
{
    (void)state;
    set("NOMOS_NODE_BIN", "/kzg");
    assert_problem("/kzg", "may not be executed", "chmod +x");
}

static void a_program_on_the_path_is_looked_at_as_well(void **state)
{
    (void)state;
    set("NOMOS_NODE_BIN", NULL);
    (void)put_program("/bin/nomos-node", ELF_AARCH64, ELF_SIZE);
    assert_problem("/bin/nomos-node, the program for validators", "AArch64", "NOMOS_NODE_BIN");
}

static void programs_of_other_machines_are_told_by_their_header(void **state)
{
    static const struct {
        const char *head, *name;
    } others[] = {{ELF_AARCH64, "AArch64"}, {ELF_X86_32, "32-bit x86"}, {ELF_BIG, "PowerPC"}};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(setup(state), 0);
        (void)put_program("/opt/nomos-node", others[i].head, ELF_SIZE);
        assert_problem("is a program for", others[i].name, "assay runs on x86-64");
        assert_int_equal(teardown(state), 0);
    }
}

static void an_unknown_machine_is_told_by_its_number(void **state)
{
    char head[ELF_SIZE];

    (void)state;
    memcpy(head, ELF_X86_64, ELF_SIZE);
    head[18] = (char)0xEF;
    head[19] = (char)0x7D;
    (void)put_program("/opt/nomos-node", head, ELF_SIZE);
    assert_problem("machine type 32239");
}

static void files_that_are_no_programs_are_told_by_their_beginning(void **state)
{
    static const struct {
        const char *head;
        size_t size;
        const char *why;
    } files[] = {{"", 0, "is an empty file"}, {"hello", 5, "is no program"},
        {"\x7f"
         "ELF\2\1",
            6, "is no program"},
        {ELF_OBJECT, ELF_SIZE, "is an ELF file, but no program"}, {"#", 1, "is no program"}};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        assert_int_equal(setup(state), 0);
        (void)put_program("/opt/nomos-node", files[i].head, files[i].size);
        assert_problem("/opt/nomos-node", files[i].why);
        assert_int_equal(teardown(state), 0);
    }
}

static void a_program_that_cannot_be_read_is_given_the_benefit_of_the_doubt(void **state)
{
    assay_path_info *info = put_program("/opt/nomos-node", "", 0);

    (void)state;
    info->access = ASSAY_PATH_RUN;
    info->size = 100;
    check();
    assert_int_equal(m.problems.count, 0);
}

static void circuits_are_in_the_home_directory_unless_told(void **state)
{
    (void)state;
    set("NOMOS_CIRCUITS", NULL);
    assert_problem("no circuits: /home/me/.nomos-circuits is no directory", "NOMOS_CIRCUITS");
    assert_string_equal(m.self.assets.circuits, "");
}

static void no_home_and_no_variable_is_one_problem(void **state)
{
    (void)state;
    set("NOMOS_CIRCUITS", NULL);
    set("HOME", NULL);
    assert_problem("no circuits: ~/.nomos-circuits");
}

static void circuits_that_are_a_file_are_a_problem(void **state)
{
    (void)state;
    set("NOMOS_CIRCUITS", "/kzg");
    assert_problem("/kzg, which NOMOS_CIRCUITS names, is no directory");
}

static void an_empty_variable_for_circuits_is_a_problem(void **state)
{
    (void)state;
    set("NOMOS_CIRCUITS", "");
    assert_problem("NOMOS_CIRCUITS is set but empty");
}

static void each_file_of_the_circuits_is_looked_for(void **state)
{
    static const char *const files[] = {"/circuits/prover", "/circuits/zksign/witness_generator",
        "/circuits/zksign/proving_key.zkey", "/circuits/zksign/verification_key.json"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        assert_int_equal(setup(state), 0);
        put(files[i], ASSAY_PATH_NONE)->access = 0;
        assert_problem("circuits: ", files[i]);
        assert_int_equal(teardown(state), 0);
    }
}

static void a_prover_for_another_machine_is_found_out(void **state)
{
    (void)state;
    (void)put_program("/circuits/prover", ELF_AARCH64, ELF_SIZE);
    assert_problem("/circuits/prover is a program for AArch64");
}

static void circuits_that_only_the_node_needs_are_noticed(void **state)
{
    (void)state;
    put("/circuits/poq", ASSAY_PATH_NONE)->access = 0;
    check();
    assert_int_equal(m.problems.count, 0);
    assert_non_null(strstr(m.notices, "The circuits in /circuits lack poq:"));
    assert_null(strstr(m.notices, "pol"));
}

static void parameters_in_a_directory_have_one_of_three_names(void **state)
{
    (void)state;
    set("NOMOS_KZGRS_PARAMS_PATH", "/circuits");
    assert_problem("/circuits has none of kzgrs_test_params, pol/proving_key.zkey");
    m.problems.count = 0;

    (void)put_file("/circuits/proving_key.zkey", "3", 1);
    check();
    assert_string_equal(m.self.assets.kzg_params, "/circuits/proving_key.zkey");
    (void)put_file("/circuits/pol/proving_key.zkey", "2", 1);
    check();
    assert_string_equal(m.self.assets.kzg_params, "/circuits/pol/proving_key.zkey");
    (void)put_file("/circuits/kzgrs_test_params", "1", 1);
    check();
    assert_string_equal(m.self.assets.kzg_params, "/circuits/kzgrs_test_params");
    assert_int_equal(m.problems.count, 0);
}

static void parameters_that_are_empty_unreadable_or_no_file_are_a_problem(void **state)
{
    (void)state;
    (void)put_file("/kzg", "", 0);
    assert_problem("/kzg", "is empty");

    assert_int_equal(teardown(state) + setup(state), 0);
    put_file("/kzg", "x", 1)->access = 0;
    assert_problem("/kzg", "may not be read");

    assert_int_equal(teardown(state) + setup(state), 0);
    (void)put("/kzg", ASSAY_PATH_OTHER);
    assert_problem("/kzg", "is neither a file nor a directory");

    assert_int_equal(teardown(state) + setup(state), 0);
    set("NOMOS_KZGRS_PARAMS_PATH", "");
    assert_problem("NOMOS_KZGRS_PARAMS_PATH is set but empty");
}

static void missing_parameters_point_at_those_in_the_circuits(void **state)
{
    (void)state;
    set("NOMOS_KZGRS_PARAMS_PATH", NULL);
    (void)put_file("/circuits/pol/proving_key.zkey", "x", 1);
    assert_problem("no KZG parameters", "NOMOS_KZGRS_PARAMS_PATH=/circuits");
}

static void parameters_are_looked_for_in_the_workspace_and_then_beside_assay(void **state)
{
    (void)state;
    set("NOMOS_KZGRS_PARAMS_PATH", NULL);
    set("(asset)", "/share/kzg");
    (void)put_file("/share/kzg", "x", 1);
    check();
    assert_string_equal(m.self.assets.kzg_params, "/share/kzg");

    set("CARGO_WORKSPACE_DIR", "/src");
    (void)put("/src/testing-framework/assets/stack/kzgrs_test_params", ASSAY_PATH_DIRECTORY);
    (void)put_file(
        "/src/testing-framework/assets/stack/kzgrs_test_params/kzgrs_test_params", "x", 1);
    check();
    assert_string_equal(m.self.assets.kzg_params,
        "/src/testing-framework/assets/stack/kzgrs_test_params/kzgrs_test_params");

    set("NOMOS_KZG_DIR_REL", "elsewhere");
    (void)put_file("/src/elsewhere", "x", 1);
    check();
    assert_string_equal(m.self.assets.kzg_params, "/src/elsewhere");
    assert_int_equal(m.problems.count, 0);
}

static void development_proofs_are_wanted_of_every_real_node(void **state)
{
    static const char *const env[] = {"A=1", "POL_PROOF_DEV_MODE=1", NULL};

    (void)state;
    set("POL_PROOF_DEV_MODE", NULL);
    m.overrides.env = env; /* node 0 has it by itself, node 1 has not */
    assert_problem("POL_PROOF_DEV_MODE is not set");
    m.problems.count = 0;
    m.self.node_count = 1;
    check();
    assert_int_equal(m.problems.count, 0);
}

static void a_value_that_was_meant_as_off_is_noticed(void **state)
{
    (void)state;
    set("POL_PROOF_DEV_MODE", "False");
    check();
    assert_int_equal(m.problems.count, 0);
    assert_non_null(strstr(m.notices, "'False'"));
}

static void real_nodes_are_given_the_variable(void **state)
{
    static const char *const env[] = {"POL_PROOF_DEV_MODE=mine", NULL};

    (void)state;
    check();
    assert_int_equal(preflight_environment(&m.self, 1), ASSAY_OK);
    assert_string_equal(m.env, "POL_PROOF_DEV_MODE=true\n");
    m.overrides.env = env;
    m.nodes[1].is_dev = true;
    assert_int_equal(preflight_environment(&m.self, 0), ASSAY_OK);
    assert_int_equal(preflight_environment(&m.self, 1), ASSAY_OK);
    assert_string_equal(m.env, "POL_PROOF_DEV_MODE=true\n");
}

static void proofs_of_circuits_need_them_for_development_nodes_too(void **state)
{
    (void)state;
    (void)put_program("/bin/nomos-devnode", ELF_X86_64, ELF_SIZE);
    for (size_t i = 0; i < m.variable_count; i++)
        m.variables[i].value = NULL;
    m.self.proofs = NOMOS_PROOFS_GROTH16;
    assert_problem("no circuits: ~/.nomos-circuits is no directory", "setup-nomos-circuits.sh");
}

static void development_nodes_on_circuits_need_nothing_else(void **state)
{
    (void)state;
    (void)put_program("/bin/nomos-devnode", ELF_X86_64, ELF_SIZE);
    for (size_t i = 0; i < m.variable_count; i++)
        m.variables[i].value = NULL;
    set("NOMOS_CIRCUITS", "/circuits");
    m.self.proofs = NOMOS_PROOFS_GROTH16;
    check();
    assert_int_equal(m.problems.count, 0);
    assert_string_equal(m.self.assets.circuits, "/circuits");
}

/* The later revision on a machine that has everything under its names. */
static void rename_everything(void)
{
    m.self.revision = &revision_2026_01;
    m.self.node_count = 1;
    for (size_t i = 0; i < m.variable_count; i++)
        m.variables[i].value = NULL;
    set("LOGOS_BLOCKCHAIN_NODE_BIN", "/opt/nomos-node");
    set("LOGOS_BLOCKCHAIN_CIRCUITS", "/circuits");
    set("POL_PROOF_DEV_MODE", "true");
    set("HOME", "/home/me");
}

static void a_later_revision_is_looked_for_under_its_names_and_needs_no_parameters(void **state)
{
    (void)state;
    rename_everything();
    check();
    assert_int_equal(m.problems.count, 0);
    assert_string_equal(m.binaries[0], "/opt/nomos-node");
    assert_string_equal(m.self.assets.circuits, "/circuits");
    assert_string_equal(m.self.assets.kzg_params, "");
}

static void what_a_later_revision_lacks_is_said_in_its_names(void **state)
{
    (void)state;
    rename_everything();
    set("LOGOS_BLOCKCHAIN_CIRCUITS", NULL);
    assert_problem("no circuits: /home/me/.logos-blockchain-circuits is no directory",
        "or set LOGOS_BLOCKCHAIN_CIRCUITS to where they are");
}

static void the_program_of_a_later_revision_is_named(void **state)
{
    (void)state;
    rename_everything();
    set("LOGOS_BLOCKCHAIN_NODE_BIN", NULL);
    assert_problem("no program for nodes: set LOGOS_BLOCKCHAIN_NODE_BIN, or put "
                   "logos-blockchain-node on PATH");
}

static void a_failing_host_is_passed_on(void **state)
{
    (void)state;
    m.fail_binary = ASSAY_E_NOMEM;
    assert_int_equal(preflight_programs(&m.self, &m.problems), ASSAY_E_NOMEM);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_machine_with_everything_has_no_problems),
        TEST(development_nodes_need_none_of_it),
        TEST(a_role_without_nodes_needs_no_program),
        TEST(everything_that_is_missing_is_said_at_once),
        TEST(more_problems_than_a_failure_can_hold_are_in_the_log_too),
        TEST(a_single_problem_stands_by_itself),
        TEST(a_program_that_is_nowhere_is_a_problem),
        TEST(a_variable_that_names_nothing_is_a_problem),
        TEST(an_empty_override_is_a_problem_even_when_there_is_another_program),
        TEST(a_directory_is_no_program),
        TEST(a_device_is_no_program),
        TEST(a_file_that_may_not_be_executed_is_no_program),
        TEST(a_program_on_the_path_is_looked_at_as_well),
        TEST(programs_of_other_machines_are_told_by_their_header),
        TEST(an_unknown_machine_is_told_by_its_number),
        TEST(files_that_are_no_programs_are_told_by_their_beginning),
        TEST(a_program_that_cannot_be_read_is_given_the_benefit_of_the_doubt),
        TEST(circuits_are_in_the_home_directory_unless_told),
        TEST(no_home_and_no_variable_is_one_problem),
        TEST(circuits_that_are_a_file_are_a_problem),
        TEST(an_empty_variable_for_circuits_is_a_problem),
        TEST(each_file_of_the_circuits_is_looked_for),
        TEST(a_prover_for_another_machine_is_found_out),
        TEST(circuits_that_only_the_node_needs_are_noticed),
        TEST(parameters_in_a_directory_have_one_of_three_names),
        TEST(parameters_that_are_empty_unreadable_or_no_file_are_a_problem),
        TEST(missing_parameters_point_at_those_in_the_circuits),
        TEST(parameters_are_looked_for_in_the_workspace_and_then_beside_assay),
        TEST(development_proofs_are_wanted_of_every_real_node),
        TEST(a_value_that_was_meant_as_off_is_noticed),
        TEST(real_nodes_are_given_the_variable),
        TEST(proofs_of_circuits_need_them_for_development_nodes_too),
        TEST(development_nodes_on_circuits_need_nothing_else),
        TEST(a_later_revision_is_looked_for_under_its_names_and_needs_no_parameters),
        TEST(what_a_later_revision_lacks_is_said_in_its_names),
        TEST(the_program_of_a_later_revision_is_named),
        TEST(a_failing_host_is_passed_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
