#include "plugins/systems/nomos/preflight.h"

#include <stdio.h>
#include <string.h>

#include <assay/sdk.h>

enum {
    /* ELF header: where the class, byte order, type and machine are (System V ABI). */
    ELF_CLASS = 4,
    ELF_ORDER = 5,
    ELF_TYPE = 16,
    ELF_MACHINE = 18,
    ELF_HEAD_SIZE = 20,
    ELF_TYPE_EXEC = 2,
    ELF_TYPE_DYN = 3 /* position independent programs too */
};

static const char dev_mode[] = "POL_PROOF_DEV_MODE";

/* Below the root of the source tree, as the predecessor has it. */
static const char kzg_in_workspace[] = "testing-framework/assets/stack/kzgrs_test_params";
/* Below share/assay. */
static const char kzg_asset[] = "stack/kzgrs_test_params";

/* ---- paths ---- */

static assay_path_info look(const struct nomos *self, const char *path)
{
    assay_path_info info = {.struct_size = sizeof(info)};

    (void)self->spec->look(self->host, path, &info); /* on failure it is "nothing" */
    return info;
}

/* "directory/name", false when it does not fit. */
static bool join(char out[NOMOS_PATH_SIZE], const char *directory, const char *name)
{
    const int length = snprintf(out, NOMOS_PATH_SIZE, "%s/%s", directory, name);

    return length > 0 && length < NOMOS_PATH_SIZE;
}

/* What a variable names, made absolute by the host, as programs are; NULL when it is unset. */
static const char *path_in(const struct nomos *self, const char *variable)
{
    return self->spec->program(self->host, revision_called(self->revision, variable).text, NULL);
}

/* Is the variable there, but with nothing in it? That is a slip (an export without a value), and what
   it hides would start something else than was meant. */
static bool is_set_but_empty(const struct nomos *self, const char *variable)
{
    const char *value = nomos_variable(self, variable);

    return value && value[0] == '\0';
}

/* ---- programs ---- */

static const char *machine_name(unsigned machine, char buffer[32])
{
    static const struct {
        unsigned machine;
        const char *name;
    } names[] = {{3, "32-bit x86"}, {8, "MIPS"}, {21, "PowerPC"}, {22, "S/390"}, {40, "32-bit ARM"},
        {62, "x86-64"}, {183, "AArch64"}, {243, "RISC-V"}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].machine == machine)
            return names[i].name;
    }
    (void)snprintf(buffer, 32, "machine type %u", machine);
    return buffer;
}

static unsigned half_at(const assay_path_info *info, size_t offset)
{
    const bool is_big = info->head[ELF_ORDER] == 2;
    const unsigned low = info->head[offset + (is_big ? 1 : 0)];

    return low | (unsigned)info->head[offset + (is_big ? 0 : 1)] << 8;
}

static bool is_elf(const assay_path_info *info)
{
    return info->head_size >= ELF_HEAD_SIZE &&
        memcmp(info->head,
            "\x7f"
            "ELF",
            4) == 0;
}

/* Why this machine cannot run a file with such a beginning; false when it can. */
static bool explain_format(
    const struct nomos *self, const assay_path_info *info, char *out, size_t size)
{
    const assay_path_info own = look(self, "/proc/self/exe");
    char theirs_buffer[32], own_buffer[32];
    unsigned type;

    if (info->head_size >= 2 && memcmp(info->head, "#!", 2) == 0)
        return false;
    if (!is_elf(info)) {
        (void)snprintf(out, size, "is %s",
            info->size == 0 ? "an empty file" : "no program: it begins neither as ELF nor with #!");
        return true;
    }
    type = half_at(info, ELF_TYPE);
    if (type != ELF_TYPE_EXEC && type != ELF_TYPE_DYN) {
        (void)snprintf(out, size, "is an ELF file, but no program");
        return true;
    }
    if (!is_elf(&own) ||
        (info->head[ELF_CLASS] == own.head[ELF_CLASS] &&
            info->head[ELF_ORDER] == own.head[ELF_ORDER] &&
            half_at(info, ELF_MACHINE) == half_at(&own, ELF_MACHINE)))
        return false;
    (void)snprintf(out, size, "is a program for %s, and assay runs on %s",
        machine_name(half_at(info, ELF_MACHINE), theirs_buffer),
        machine_name(half_at(&own, ELF_MACHINE), own_buffer));
    return true;
}

/* Why `path` cannot be run, as the end of a sentence that begins with it; false when it can. */
static bool explain_program(const struct nomos *self, const char *path, char *out, size_t size)
{
    const assay_path_info info = look(self, path);
    const char *why = NULL;

    switch (info.kind) {
    case ASSAY_PATH_NONE:
        why = "does not exist";
        break;
    case ASSAY_PATH_DIRECTORY:
        why = "is a directory";
        break;
    case ASSAY_PATH_FILE:
        if (info.access & ASSAY_PATH_RUN)
            /* A program that may be run but not read has no head to judge. */
            return info.access & ASSAY_PATH_READ ? explain_format(self, &info, out, size) : false;
        why = "may not be executed; chmod +x";
        break;
    default:
        why = "is no file";
        break;
    }
    (void)snprintf(out, size, "%s", why);
    return true;
}

struct role {
    const char *role, *name;
    struct revision_name variable;
};

static struct role role_of(const struct nomos *self, bool is_executor)
{
    const struct revision *revision = self->revision;

    if (!revision->has_roles)
        return (struct role){
            "node", revision->node_program, revision_called(revision, "NOMOS_NODE_BIN")};
    if (is_executor)
        return (struct role){"executor", revision->executor_program,
            revision_called(revision, "NOMOS_EXECUTOR_BIN")};
    return (struct role){
        "validator", revision->node_program, revision_called(revision, "NOMOS_NODE_BIN")};
}

static const char *choose(const struct nomos *self, const struct role *role)
{
    const char *path = self->spec->program(self->host, role->variable.text, role->name);

    return path ? path : self->spec->program(self->host, NULL, "nomos-devnode");
}

/* The program for a role, NULL (and a problem) when there is none that could run. */
static const char *choose_program(
    const struct nomos *self, const struct role *role, struct nomos_problems *problems)
{
    const char *path = choose(self, role), *variable = role->variable.text;
    char why[128];

    if (is_set_but_empty(self, variable)) {
        nomos_problems_add(problems, "%s is set but empty; set it to the path of %s, or unset it",
            variable, role->name);
        return NULL;
    }
    if (!path) {
        nomos_problems_add(problems,
            "no program for %ss: set %s, or put %s on PATH, or install nomos-devnode beside assay",
            role->role, variable, role->name);
        return NULL;
    }
    if (!explain_program(self, path, why, sizeof(why)))
        return path;
    if (self->spec->variable(self->host, variable))
        nomos_problems_add(problems, "%s, which %s names, %s; set %s to the program, or unset it",
            path, variable, why, variable);
    else
        nomos_problems_add(problems, "%s, the program for %ss, %s; set %s to another", path,
            role->role, why, variable);
    return NULL;
}

static bool is_dev_program(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strcmp(slash ? slash + 1 : path, "nomos-devnode") == 0;
}

assay_status preflight_programs(struct nomos *self, struct nomos_problems *problems)
{
    for (int is_executor = 0; is_executor < 2; is_executor++) {
        const struct role role = role_of(self, is_executor);
        const char *path = NULL;
        bool is_looked_for = false;

        for (uint32_t i = 0; i < self->node_count; i++) {
            struct nomos_node *node = &self->nodes[i];
            assay_status s;

            if (node->is_executor != (is_executor != 0))
                continue;
            if (!is_looked_for)
                path = choose_program(self, &role, problems);
            is_looked_for = true;
            if (!path)
                break;
            node->is_dev = is_dev_program(path);
            s = self->spec->binary(self->host, i, path);
            if (s)
                return s;
        }
    }
    return ASSAY_OK;
}

/* ---- circuits ---- */

/* What a real node and the proofs of genesis cannot do without (node contract 3.9). */
static const struct {
    const char *name;
    bool is_program;
} circuit_files[] = {
    {"prover", true},
    {"zksign/witness_generator", true},
    {"zksign/proving_key.zkey", false},
    {"zksign/verification_key.json", false},
};

/* Read inside the node, and by some of its builds only. */
static const char *const inner_circuits[] = {"pol", "poq", "poc"};

static void check_circuit_files(
    const struct nomos *self, const char *directory, struct nomos_problems *problems)
{
    for (size_t i = 0; i < sizeof(circuit_files) / sizeof(circuit_files[0]); i++) {
        char path[NOMOS_PATH_SIZE], why[128];

        if (!join(path, directory, circuit_files[i].name))
            continue;
        if (circuit_files[i].is_program) {
            if (explain_program(self, path, why, sizeof(why)))
                nomos_problems_add(problems, "circuits: %s %s", path, why);
        } else if (look(self, path).size == 0) {
            nomos_problems_add(problems,
                "circuits: %s is missing or empty; install them anew with "
                "scripts/setup-nomos-circuits.sh",
                path);
        }
    }
}

static void notice_inner_circuits(const struct nomos *self, const char *directory)
{
    char text[NOMOS_PATH_SIZE + 128];
    size_t used = (size_t)snprintf(text, sizeof(text), "The circuits in %.2000s lack", directory);
    const size_t empty = used;

    for (size_t i = 0; i < sizeof(inner_circuits) / sizeof(inner_circuits[0]); i++) {
        char path[NOMOS_PATH_SIZE];

        if (join(path, directory, inner_circuits[i]) &&
            look(self, path).kind != ASSAY_PATH_DIRECTORY)
            used += (size_t)snprintf(text + used, sizeof(text) - used, " %s", inner_circuits[i]);
    }
    if (used == empty)
        return;
    (void)snprintf(text + used, sizeof(text) - used,
        ": a node that comes to need one of these panics at that moment.");
    self->spec->notice(self->host, text);
}

static void check_circuits(struct nomos *self, struct nomos_problems *problems)
{
    static const char advice[] = "install them with scripts/setup-nomos-circuits.sh, or set ";
    const struct revision_name variable = revision_called(self->revision, "NOMOS_CIRCUITS");
    const char *home = path_in(self, "HOME");
    const char *named = path_in(self, "NOMOS_CIRCUITS");
    char *out = self->assets.circuits;

    if (is_set_but_empty(self, "NOMOS_CIRCUITS")) {
        nomos_problems_add(problems, "%s is set but empty; unset it, or %s%s to where they are",
            variable.text, advice, variable.text);
        return;
    }
    if (named)
        (void)snprintf(out, sizeof(self->assets.circuits), "%s", named);
    else if (!home || !join(out, home, self->revision->circuits_directory))
        (void)snprintf(
            out, sizeof(self->assets.circuits), "~/%s", self->revision->circuits_directory);
    if (look(self, out).kind == ASSAY_PATH_DIRECTORY) {
        check_circuit_files(self, out, problems);
        notice_inner_circuits(self, out);
        return;
    }
    nomos_problems_add(problems, "no circuits: %s%s%s%s is no directory; %s%s to where they are",
        out, named ? ", which " : "", named ? variable.text : "", named ? " names," : "", advice,
        variable.text);
    out[0] = '\0';
}

/* ---- KZG parameters ---- */

/* In a directory, the first of these (node contract 5.3). */
static bool find_in_directory(
    const struct nomos *self, const char *directory, char out[NOMOS_PATH_SIZE])
{
    static const char *const names[] = {
        "kzgrs_test_params", "pol/proving_key.zkey", "proving_key.zkey"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (join(out, directory, names[i]) && look(self, out).kind == ASSAY_PATH_FILE)
            return true;
    }
    out[0] = '\0';
    return false;
}

/* Where the parameters are when nobody says so; false: there is no such place. */
static bool default_kzg(const struct nomos *self, char out[NOMOS_PATH_SIZE])
{
    const char *root = path_in(self, "CARGO_WORKSPACE_DIR");
    const char *relative = nomos_variable(self, "NOMOS_KZG_DIR_REL");
    const char *asset = self->spec->asset(self->host, kzg_asset);

    if (root)
        return join(out, root, relative && relative[0] != '\0' ? relative : kzg_in_workspace);
    (void)snprintf(out, NOMOS_PATH_SIZE, "%s", asset ? asset : "");
    return asset;
}

/* What to do about missing parameters. They are in the circuits as well, under another name. */
static void advise_kzg(const struct nomos *self, char *out, size_t size)
{
    const char *circuits = self->assets.circuits;
    char path[NOMOS_PATH_SIZE];

    if (circuits[0] != '\0' && join(path, circuits, "pol/proving_key.zkey") &&
        look(self, path).kind == ASSAY_PATH_FILE)
        (void)snprintf(out, size,
            "set NOMOS_KZGRS_PARAMS_PATH=%.150s, whose pol/proving_key.zkey "
            "serves",
            circuits);
    else
        (void)snprintf(
            out, size, "set NOMOS_KZGRS_PARAMS_PATH to the file, or to a directory with it");
}

static void check_kzg(struct nomos *self, struct nomos_problems *problems)
{
    static const char variable[] = "NOMOS_KZGRS_PARAMS_PATH";
    const char *named = path_in(self, variable);
    char where[NOMOS_PATH_SIZE] = "", advice[256];
    char *out = self->assets.kzg_params;
    assay_path_info info;

    advise_kzg(self, advice, sizeof(advice));
    if (is_set_but_empty(self, variable)) {
        nomos_problems_add(problems, "%s is set but empty; %s", variable, advice);
        return;
    }
    if (named)
        (void)snprintf(where, sizeof(where), "%s", named);
    else if (!default_kzg(self, where)) {
        nomos_problems_add(problems, "no KZG parameters; %s", advice);
        return;
    }
    info = look(self, where);
    if (info.kind == ASSAY_PATH_DIRECTORY && !find_in_directory(self, where, out)) {
        nomos_problems_add(problems,
            "no KZG parameters: %.150s has none of kzgrs_test_params, pol/proving_key.zkey, "
            "proving_key.zkey; %s",
            where, advice);
        return;
    }
    if (info.kind != ASSAY_PATH_DIRECTORY)
        (void)snprintf(out, sizeof(self->assets.kzg_params), "%s", where);
    info = look(self, out);
    if (info.kind == ASSAY_PATH_FILE && info.size > 0 && (info.access & ASSAY_PATH_READ))
        return;
    nomos_problems_add(problems, "no KZG parameters: %.150s%s %s; %s", out,
        named ? ", which NOMOS_KZGRS_PARAMS_PATH names," : "",
        info.kind == ASSAY_PATH_NONE       ? "does not exist"
            : info.kind != ASSAY_PATH_FILE ? "is neither a file nor a directory"
            : info.size == 0               ? "is empty"
                                           : "may not be read",
        advice);
    out[0] = '\0';
}

/* ---- development proofs ---- */

static bool has_own_dev_mode(const struct nomos *self, uint32_t node)
{
    const struct nomos_node_options *overrides = self->topology->overrides(self->host, node);
    const size_t length = strlen(dev_mode);

    for (size_t i = 0; overrides && overrides->env && overrides->env[i]; i++) {
        if (strncmp(overrides->env[i], dev_mode, length) == 0 && overrides->env[i][length] == '=')
            return true;
    }
    return false;
}

/* The node asks only whether the variable is there (node contract 1.2). */
static void notice_meant_off(const struct nomos *self, const char *value)
{
    static const char *const offs[] = {"", "0", "false", "no", "off"};
    char text[200];

    for (size_t i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
        if (strcasecmp(value, offs[i]) != 0)
            continue;
        (void)snprintf(text, sizeof(text),
            "%s is set to '%s', but nodes take it as switched on, whatever its value.", dev_mode,
            value);
        self->spec->notice(self->host, text);
    }
}

static void check_dev_mode(const struct nomos *self, struct nomos_problems *problems)
{
    const char *value = self->spec->variable(self->host, dev_mode);

    if (value) {
        notice_meant_off(self, value);
        return;
    }
    for (uint32_t node = 0; node < self->node_count; node++) {
        if (self->nodes[node].is_dev || has_own_dev_mode(self, node))
            continue;
        nomos_problems_add(problems,
            "%s is not set; set it to true: without it a real node proves each block for longer "
            "than a slot lasts",
            dev_mode);
        return;
    }
}

assay_status preflight_environment(struct nomos *self, uint32_t node)
{
    const char *value = self->spec->variable(self->host, dev_mode);
    char assignment[256];

    if (self->nodes[node].is_dev || !value || has_own_dev_mode(self, node))
        return ASSAY_OK;
    (void)snprintf(assignment, sizeof(assignment), "%s=%s", dev_mode, value);
    return self->spec->environment(self->host, node, assignment);
}

/* ---- all of it ---- */

void preflight_assets(struct nomos *self, struct nomos_problems *problems)
{
    bool has_real_node = false;

    for (uint32_t node = 0; node < self->node_count && !self->is_from_image; node++)
        has_real_node = has_real_node || !self->nodes[node].is_dev;
    if (has_real_node || self->proofs == NOMOS_PROOFS_GROTH16)
        check_circuits(self, problems);
    if (!has_real_node)
        return;
    if (self->revision->has_da)
        check_kzg(self, problems);
    check_dev_mode(self, problems);
}
