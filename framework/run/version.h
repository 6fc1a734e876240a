/* The release, as the build system says it. */
#ifndef ASSAY_RUN_VERSION_H
#define ASSAY_RUN_VERSION_H

#ifndef ASSAY_VERSION
#error "the build defines ASSAY_VERSION"
#endif

#endif
