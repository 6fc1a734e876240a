/* Runs a fuzz target once over every file of a directory: what was found once stays fixed. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"

enum {
    INPUT_MAX = 1 << 20,
    PATH_SIZE = 4096
};

/* A buffer of just the file's size, so that sanitizers see reading beyond it. */
static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    static uint8_t buffer[INPUT_MAX];
    uint8_t *input;
    size_t size;

    if (!file) {
        perror(path);
        return -1;
    }
    size = fread(buffer, 1, sizeof buffer, file);
    (void)fclose(file);
    input = malloc(size > 0 ? size : 1);
    if (!input)
        return -1;
    memcpy(input, buffer, size);
    (void)LLVMFuzzerTestOneInput(input, size);
    free(input);
    return 0;
}

int main(int argc, char **argv)
{
    DIR *directory = argc == 2 ? opendir(argv[1]) : NULL;
    const struct dirent *entry;
    unsigned count = 0;

    if (!directory) {
        (void)fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    while ((entry = readdir(directory))) {
        char path[PATH_SIZE];

        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        if (replay(path) != 0)
            return 1;
        count++;
    }
    (void)closedir(directory);
    (void)printf("%u inputs\n", count);
    return count > 0 ? 0 : 1;
}
