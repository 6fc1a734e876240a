# Programs of the container image: those of the same names beside assay, linked statically since the image has no
# libraries. They lie in libexec/assay/image, where assets/stack/scripts/build_test_image.sh finds them when there are no
# sources. Where the system has no archives of the libraries, and with sanitizers, they are left out.
include(CheckCSourceCompiles)
include(CheckLinkerFlag)
add_custom_target(image_programs)

set(ASSAY_IMAGE_PROGRAMS NO)
if(NOT ASSAY_SANITIZE)
  set(CMAKE_REQUIRED_LINK_OPTIONS -static)
  set(CMAKE_REQUIRED_LIBRARIES event_extra event_core lmdb yaml json-c sodium m)
  check_c_source_compiles("int main(void) { return 0; }" ASSAY_HAS_ARCHIVES)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
  unset(CMAKE_REQUIRED_LIBRARIES)
  # Else the linker warns of functions of the C library that libevent could call, and these programs never do.
  check_linker_flag(C -Wl,--no-warnings ASSAY_LINKER_HAS_NO_WARNINGS)
  if(ASSAY_HAS_ARCHIVES)
    set(ASSAY_IMAGE_PROGRAMS YES)
  else()
    message(STATUS "Without programs for container images: the libraries' archives (lib*.a) are not installed")
  endif()
endif()

# assay_add_image_program(<name> SOURCE main.c ARCHIVES a b LIBRARIES x y): archives are targets of ours, each before
# those that it uses; libraries are those of the system, of which targets would bring in the shared ones.
function(assay_add_image_program name)
  if(NOT ASSAY_IMAGE_PROGRAMS)
    return()
  endif()
  cmake_parse_arguments(arg "" "SOURCE" "ARCHIVES;LIBRARIES" ${ARGN})
  set(target ${name}-static)
  add_executable(${target} ${arg_SOURCE})
  target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE assay_warnings -static
    $<$<BOOL:${ASSAY_LINKER_HAS_NO_WARNINGS}>:-Wl,--no-warnings>)
  foreach(archive IN LISTS arg_ARCHIVES)
    target_link_libraries(${target} PRIVATE $<TARGET_FILE:${archive}>)
    add_dependencies(${target} ${archive})
  endforeach()
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} m Threads::Threads)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/${ASSAY_LIBEXECDIR}/image")
  add_dependencies(image_programs ${target})
  add_dependencies(assay_programs ${target})
  install(TARGETS ${target} RUNTIME DESTINATION "${ASSAY_LIBEXECDIR}/image")
endfunction()
