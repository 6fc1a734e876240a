# assay_add_plugin(<file name without .so> SOURCES a.c [LIBRARIES x y] [DIRECTORY dir] [NO_INSTALL])
#
# Makes a plugin library as docs/abi.md asks: one exported symbol, no undefined ones, all bound at load, symbols of
# linked static libraries hidden. The file name is the plugin's id, or the vendor for a library of several.
# It lands in DIRECTORY, by default build/plugins (in assay's own build: where the program looks), and is installed into
# the plugin directory under the prefix unless NO_INSTALL is given. The target is plugin_<file name>, with _ for what is no letter or digit.
#
# This file serves assay's own build and, installed, every project that calls find_package(assay).
set(_assay_plugin_map "${CMAKE_CURRENT_LIST_DIR}/plugin.map")
function(assay_add_plugin name)
  cmake_parse_arguments(arg "NO_INSTALL" "DIRECTORY" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "assay_add_plugin(<file name> SOURCES a.c [LIBRARIES x] [DIRECTORY dir] [NO_INSTALL])")
  endif()
  string(REGEX REPLACE "[^A-Za-z0-9]" "_" target "plugin_${name}")
  add_library(${target} MODULE ${arg_SOURCES})
  if(TARGET assay_warnings)
    target_link_libraries(${target} PRIVATE assay_warnings)
  endif()
  target_link_libraries(${target} PRIVATE assay::abi ${arg_LIBRARIES})
  if(NOT arg_DIRECTORY)
    if(NOT ASSAY_PLUGIN_OUTPUT) # which the installed package sets
      set(ASSAY_PLUGIN_OUTPUT "${ASSAY_PLUGINDIR}")
    endif()
    set(arg_DIRECTORY "${CMAKE_BINARY_DIR}/${ASSAY_PLUGIN_OUTPUT}")
  endif()
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME "${name}" C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
    LIBRARY_OUTPUT_DIRECTORY "${arg_DIRECTORY}" LINK_DEPENDS "${_assay_plugin_map}")
  target_link_options(${target} PRIVATE
    "-Wl,--version-script=${_assay_plugin_map}" -Wl,--exclude-libs,ALL -Wl,-z,now -Wl,-z,relro)
  # A sanitizer's functions are in the program that loads the plugin, so they are undefined here.
  if(NOT ASSAY_SANITIZE AND NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize")
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  if(NOT arg_NO_INSTALL)
    if(TARGET assay_programs)
      add_dependencies(assay_programs ${target})
    endif()
    install(TARGETS ${target} LIBRARY DESTINATION "${ASSAY_PLUGINDIR}")
  endif()
endfunction()
