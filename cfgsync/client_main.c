/* cfgsync-client: fetches this node's configuration and writes it to a file.
 *
 * Exit status: 1 not now, 2 wrong command line, 3 the server refuses for good: asking again would be
 * in vain. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cfgsync/client.h"

enum exit_status {
    EXIT_SAVED = 0,
    EXIT_LATER = 1,
    EXIT_USAGE = 2,
    EXIT_REFUSED = 3,
};

static int cannot(const char *why, enum exit_status status)
{
    (void)fprintf(stderr, "Error: %s\n", why);
    return (int)status;
}

/* There are no words but --help. */
static int explain(const char *word)
{
    const bool is_asked = strcmp(word, "--help") == 0;

    (void)fprintf(is_asked ? stdout : stderr,
        "usage: cfgsync-client\n"
        "Fetches this node's configuration from cfgsync-server and writes it to a file. "
        "Environment:\n"
        "CFG_SERVER_ADDR (http://127.0.0.1:4400), CFG_FILE_PATH (config.yaml), CFG_HOST_KIND\n"
        "(validator or executor), CFG_HOST_IDENTIFIER, CFG_HOST_IP, CFG_NETWORK_PORT, "
        "CFG_DA_PORT,\n"
        "CFG_BLEND_PORT, CFG_API_PORT, CFG_TESTING_HTTP_PORT.\n"
        "exit status: 0 saved; 1 not now; 2 wrong command line; 3 the server refuses for good\n");
    return is_asked ? EXIT_SAVED : EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct client_options options;
    struct text config = {.bytes = NULL};
    struct reason why = {""};
    enum client_result result;
    bool is_saved;

    if (argc > 1)
        return explain(argv[1]);
    (void)signal(SIGPIPE, SIG_IGN);
    client_options_read(&options);
    result = client_fetch(&options, &config, &why);
    is_saved = result == CLIENT_OK && client_save(options.path, &config, &why);
    text_done(&config);
    if (!is_saved)
        return cannot(why.text, result == CLIENT_LATER ? EXIT_LATER : EXIT_REFUSED);
    (void)printf("Config saved to %s\n", options.path);
    return EXIT_SAVED;
}
