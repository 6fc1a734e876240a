# assay_add_plugin(<file name without .so> SOURCES a.c [LIBRARIES x y])
#
# Makes a plugin library as docs/abi.md asks: one exported symbol, no undefined ones, all bound at load, symbols of
# linked static libraries hidden. The file lands in the plugin directory of the build tree and of the install tree.
set(_assay_plugin_map "${CMAKE_CURRENT_LIST_DIR}/plugin.map")
function(assay_add_plugin name)
  cmake_parse_arguments(arg "NO_INSTALL" "DIRECTORY" "SOURCES;LIBRARIES" ${ARGN})
  string(REPLACE "." "_" target "plugin_${name}")
  string(REPLACE "-" "_" target "${target}")
  add_library(${target} MODULE ${arg_SOURCES})
  if(TARGET assay_warnings)
    target_link_libraries(${target} PRIVATE assay_warnings)
  endif()
  target_link_libraries(${target} PRIVATE assay::abi ${arg_LIBRARIES})
  if(NOT arg_DIRECTORY)
    set(arg_DIRECTORY "${CMAKE_BINARY_DIR}/${ASSAY_PLUGINDIR}")
  endif()
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME "${name}" C_VISIBILITY_PRESET hidden
    LIBRARY_OUTPUT_DIRECTORY "${arg_DIRECTORY}" LINK_DEPENDS "${_assay_plugin_map}")
  target_link_options(${target} PRIVATE
    -Wl,--version-script=${_assay_plugin_map} -Wl,--exclude-libs,ALL -Wl,-z,now -Wl,-z,relro)
  if(NOT ASSAY_SANITIZE)
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  if(NOT arg_NO_INSTALL)
    install(TARGETS ${target} LIBRARY DESTINATION "${ASSAY_PLUGINDIR}")
  endif()
endfunction()
