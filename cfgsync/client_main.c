/* cfgsync-client: fetches this node's configuration and writes it to a file.
 *
 * Exit status: 1 not now, 3 the server refuses for good: asking again would be in vain. */
#include <signal.h>
#include <stdio.h>

#include "cfgsync/client.h"

enum exit_status {
    EXIT_SAVED = 0,
    EXIT_LATER = 1,
    EXIT_REFUSED = 3,
};

static int cannot(const char *why, enum exit_status status)
{
    (void)fprintf(stderr, "Error: %s\n", why);
    return (int)status;
}

int main(void)
{
    struct client_options options;
    struct text config = {.bytes = NULL};
    struct reason why = {""};
    enum client_result result;
    bool is_saved;

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
