# assay_warnings: an interface target that every target of ours links privately.
add_library(assay_warnings INTERFACE)
target_compile_options(assay_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
  -Wvla -Wformat=2 -Wwrite-strings -Wundef -fno-omit-frame-pointer
  "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
if(ASSAY_WERROR)
  target_compile_options(assay_warnings INTERFACE -Werror)
endif()
target_compile_definitions(assay_warnings INTERFACE _GNU_SOURCE)

if(ASSAY_FUZZ)
  set(ASSAY_SANITIZE address)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(ASSAY_SANITIZE STREQUAL "address")
  set(sanitizers address,undefined)
elseif(ASSAY_SANITIZE)
  set(sanitizers ${ASSAY_SANITIZE})
endif()
if(sanitizers)
  add_compile_options(-fsanitize=${sanitizers} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${sanitizers})
endif()
