/* INI text as sections of settings, each with the place it came from.

   The only user of inih. On top of it:
   - A line longer than the library can take (199 bytes as packaged) is an error
     that names file and line, instead of a value cut in silence.
   - An indented line continues the value above: joined with one space, or
     directly when the line above ends in a backslash. One that looks like a key
     or a section is refused, unless a comma or backslash announced it: it is the
     commonest slip and would vanish inside the value above.
   - `;` or `#` at the start of a line, and `;` behind a blank, begin a comment.
   - ${NAME} and ${NAME:-default} are replaced from the environment (the default
     when unset or empty); $$ is one dollar. An unset variable is an error.
   - Doubled sections and doubled keys, text in front of the first section, NUL and
     control bytes, and what is not UTF-8, are errors. BOM and CRLF are fine.

   Reading goes on behind a problem, so all of them are reported together. A
   struct ini may be fed from several sources: a file, then --set assignments, or
   the builder API. One thread at a time.

       struct ini ini;
       ini_init(&ini);
       ini_read_file(&ini, "smoke.ini", &problems);
       ini_set(&ini, "run.duration=90s", &problems);
       if (problems_status(&problems)) ... */
#ifndef ASSAY_CONFIG_INI_H
#define ASSAY_CONFIG_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "framework/base/file.h"
#include "framework/base/pool.h"
#include "framework/base/vec.h"
#include "framework/config/problems.h"

enum {
    INI_FILE_SIZE_MAX = 4 * 1024 * 1024, /* a manifest is written by people */
    INI_VALUE_SIZE_MAX = 64 * 1024,
    INI_NAME_SIZE_MAX = 48,       /* of a section or key; inih cuts names at 49 bytes */
    INI_SECTIONS_MAX = 16 * 1024, /* one per node, and some */
    INI_SETTINGS_MAX = 1024       /* per section */
};

struct setting {
    const char *key;
    const char *value; /* expanded, joined, trimmed; "" when nothing was written */
    const char *raw;   /* as written, before ${NAME} was expanded */
    struct origin origin;
    bool is_broken; /* a problem with this value has been reported: check it no further */
};

struct section {
    const char *name;
    struct origin origin;
    struct vec settings; /* of struct setting, in order */
};

struct ini {
    struct pool pool;    /* all strings below */
    struct vec sections; /* of struct section, in order of first appearance */
};

void ini_init(struct ini *ini);
void ini_done(struct ini *ini);

/* Reads a file, or size bytes of text that messages call `name`. */
void ini_read_file(struct ini *ini, const char *path, struct problems *problems);
void ini_read_text(
    struct ini *ini, const char *name, const struct file_text *text, struct problems *problems);

/* "section.key=value" as given to --set; the key is what stands behind the last
   dot. Replaces the value that is there, or adds key and section. No ${NAME}. */
void ini_set(struct ini *ini, const char *assignment, struct problems *problems);

/* Adds or replaces one value, literally. origin's strings are copied. */
void ini_put(
    struct ini *ini, const char *section, const struct setting *setting, struct problems *problems);

/* Adds an empty section; fine when it is there already. */
void ini_put_section(
    struct ini *ini, const char *section, const struct origin *origin, struct problems *problems);

struct section *ini_find(const struct ini *ini, const char *section);
struct setting *section_find(const struct section *section, const char *key);

CLEANUP_DEFINE_DONE(auto_ini, struct ini, ini_done)
#define auto_ini CLEANUP(auto_ini)

#endif
