/* A stand-in for the programs of the zero-knowledge circuits (node contract 3.9): under the name
   witness_generator and under the name prover. It checks what it is given as strictly as the real ones
   would (and says what is wrong, with exit code 1), computes the public inputs, and gives a proof
   that is three points of the curve and proves nothing.

   CIRCUITS_LOG names a file that gets a line for each call; CIRCUITS_FAULT is "fail", "hang",
   "garbage" or "mute" for the prover. */
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nomos/keys.h"

#define OWNERS 32

/* 5 G1, 11 G2, -9 G1. */
static const char proof[] =
    "{\"pi_a\":[\"10744596414106452074759370245733544594153395043370666422502510773307029471145\","
    "\"848677436511517736191562425154572367705380862894644942948681172815252343932\",\"1\"],"
    "\"pi_b\":[[\"8472151341754925747860535367990505955708751825377817860727104273184244800723\","
    "\"15624790064206502667756020446826209080711344272800176518784649088946231692936\"],"
    "[\"1196137947243150610106053819405501111182787323156221967342356892090037828244\","
    "\"19488077321171448217727198730828487286865984357780136663388739985720647978898\"],"
    "[\"1\",\"0\"]],"
    "\"pi_c\":[\"1624070059937464756887933993293429854168590106605707304006200119738501412969\","
    "\"18618913321234062147203172888436554457094375499307366159911936496838155747247\",\"1\"],"
    "\"protocol\":\"groth16\",\"curve\":\"bn128\"}";

__attribute__((format(printf, 1, 2), noreturn)) static void refuse(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fputs("stand-in: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static void write_log(const char *line)
{
    const char *path = getenv("CIRCUITS_LOG");
    FILE *file = path ? fopen(path, "ae") : NULL;

    if (!file)
        return;
    (void)fprintf(file, "%s\n", line);
    (void)fclose(file);
}

/* What is given must be there, and in the circuits' directory where it belongs to them. */
static void expect_file(const char *path, const char *ending)
{
    const size_t length = strlen(path), end = strlen(ending);

    if (length < end || strcmp(path + length - end, ending) != 0)
        refuse("%s does not end in %s", path, ending);
    if (access(path, R_OK) != 0)
        refuse("%s cannot be read", path);
}

static struct fr element(struct json_object *value, const char *what)
{
    struct fr out;

    if (!json_object_is_type(value, json_type_string) ||
        !fr_from_decimal(json_object_get_string(value), &out))
        refuse("%s is no element in decimal: %s", what, json_object_to_json_string(value));
    return out;
}

/* The public inputs, which stand for the witness here. */
static struct json_object *public_inputs(struct json_object *input)
{
    struct json_object *keys = json_object_object_get(input, "secret_keys");
    struct json_object *out = json_object_new_array();
    struct json_object *message = json_object_object_get(input, "msg");
    struct wire wire;

    wire_init(&wire, &wire_revision_2025_12);
    if (json_object_object_length(input) != 2)
        refuse("the input has other members than msg and secret_keys");
    if (!json_object_is_type(keys, json_type_array) || json_object_array_length(keys) != OWNERS)
        refuse("secret_keys is no list of %d", OWNERS);
    for (size_t i = 0; i < OWNERS; i++) {
        const struct fr secret = element(json_object_array_get_idx(keys, i), "a secret key");
        const struct fr public = zk_public_key(&wire, &secret);
        char decimal[FR_DECIMAL_SIZE];

        fr_to_decimal(&public, decimal);
        (void)json_object_array_add(out, json_object_new_string(decimal));
    }
    (void)element(message, "msg");
    (void)json_object_array_add(out, json_object_get(message));
    return out;
}

static void write_text(const char *path, const char *text, size_t nuls)
{
    FILE *file = fopen(path, "we");

    if (!file || fputs(text, file) < 0)
        refuse("%s cannot be written", path);
    for (size_t i = 0; i < nuls; i++)
        (void)fputc('\0', file);
    if (fclose(file) != 0)
        refuse("%s cannot be written", path);
}

static int generate(int argc, char **argv)
{
    struct json_object *input, *out;

    write_log("generate");
    if (argc != 3)
        refuse("witness_generator takes an input and an output, not %d words", argc - 1);
    expect_file(argv[1], ".json");
    input = json_object_from_file(argv[1]);
    if (!input)
        refuse("%s is no JSON", argv[1]);
    out = public_inputs(input);
    write_text(argv[2], json_object_to_json_string_ext(out, JSON_C_TO_STRING_PLAIN), 0);
    json_object_put(out);
    json_object_put(input);
    return 0;
}

static int prove(int argc, char **argv)
{
    const char *fault = getenv("CIRCUITS_FAULT");
    struct json_object *public;

    write_log("prove");
    if (argc != 5)
        refuse("prover takes a key, a witness and two outputs, not %d words", argc - 1);
    expect_file(argv[1], "/zksign/proving_key.zkey");
    public = json_object_from_file(argv[2]);
    if (!public)
        refuse("%s is no witness", argv[2]);
    if (fault && strcmp(fault, "hang") == 0)
        for (;;)
            (void)pause();
    if (fault && strcmp(fault, "fail") == 0)
        refuse("no memory for the proof");
    if (fault && strcmp(fault, "mute") == 0)
        return 0;
    write_text(argv[3], fault ? "out of luck" : proof, 7);
    write_text(argv[4], json_object_to_json_string_ext(public, JSON_C_TO_STRING_PLAIN), 7);
    json_object_put(public);
    return 0;
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash ? slash + 1 : argv[0];

    if (!keys_init())
        refuse("libsodium does not start");
    if (strcmp(name, "witness_generator") == 0)
        return generate(argc, argv);
    if (strcmp(name, "prover") == 0)
        return prove(argc, argv);
    refuse("%s is neither witness_generator nor prover", name);
}
