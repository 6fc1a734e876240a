/* May this file be loaded? Trust is the chain of directories.

   A plugin runs with all rights of the user who runs assay. So nobody may be able to change the
   file, or to put another in its place, who could not change assay itself. Every component of the
   path, from / down to the file, must be owned by root, the effective user, or the owner of the
   assay program, and be writable by nobody else: neither by others nor by a group (unless the
   program itself is writable by that group; systems with a group per user make it so). A sticky
   directory such as /tmp is not safe: there, anybody may be first to make a name.

   Directories above the assay program are not judged: whoever can write there can replace assay.

   Access control lists count too: their mask shows in the group bits that are looked at here.
   One thread at a time per struct trust. */
#ifndef ASSAY_PLUGIN_TRUST_H
#define ASSAY_PLUGIN_TRUST_H

#include <stdbool.h>
#include <sys/types.h>

#include "framework/base/cleanup.h"
#include "framework/base/error.h"

/* Who can change assay anyway. Tests fill it in by hand. */
struct trust {
    char *program; /* canonical path of the running program; owned */
    uid_t user;    /* effective */
    uid_t program_owner;
    gid_t program_group;    /* that may write the program... */
    bool has_program_group; /* ...if this is true */
    char *safe;             /* directory that the latest check found to be safe; owned; or NULL */

    /* The directory that was resolved last, as it was given and canonical; owned; or NULL. */
    char *given, *canonical;
};

/* Looks at /proc/self/exe and the effective user. */
assay_status trust_init(struct trust *trust, struct error *err);
void trust_done(struct trust *trust);
CLEANUP_DEFINE_DONE(auto_trust, struct trust, trust_done)
#define auto_trust CLEANUP(auto_trust)

/* The canonical path of a plugin file, for the caller to free. The file itself must be a regular
   file under its own name: ASSAY_E_DENIED for a symbolic link, ASSAY_E_INVALID for a directory, a
   pipe and the like, ASSAY_E_NOTFOUND. Directories on the way may be links; an absolute one that is
   asked for again and again is followed once. */
assay_status trust_resolve(struct trust *trust, const char *path, char **out, struct error *err);

/* Whether the name itself is fine, with the codes of trust_resolve. For a path whose directories
   are canonical already. */
assay_status trust_is_file(const char *path, struct error *err);

/* Judges a canonical path. A directory that was found safe is not looked at again by the checks
   that follow: only those who are trusted could have changed it meanwhile. ASSAY_E_DENIED: the text
   names the component, what is wrong with it, and the command that mends it. */
assay_status trust_check(struct trust *trust, const char *canonical, struct error *err);

#endif
