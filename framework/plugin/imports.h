/* What a plugin may use of the C library: a lint against accidents.

   A plugin gets time, chance, network, processes and files from the host's services; that is what
   makes its runs repeatable and its clean-up certain. Imports that go around the services are
   named, with the service to use instead. Functions of libc and libm are judged by name, other
   libraries as a whole. It is no sandbox: a plugin is trusted code (see trust.h).

   Any thread; the tables are constant. */
#ifndef ASSAY_PLUGIN_IMPORTS_H
#define ASSAY_PLUGIN_IMPORTS_H

#include "framework/plugin/elf.h"

/* For a function of libc, and for a library. NULL: fine. Else constant text that ends the sentence
   "<name>: ...", such as "use assay.clock/1 sleep_until". */
const char *imports_advice(const char *function);
const char *imports_library_advice(const char *soname);

/* Adds a char * for the caller to free to `findings` for each import of info that is not fine,
   "nanosleep: use assay.clock/1 sleep_until". At most the vec's maximum: the last then says how
   many more there are. */
assay_status imports_lint(const struct elf_info *info, struct vec *findings, struct error *err);

#endif
