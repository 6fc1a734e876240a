# What an author of plugins or of programs over libassay needs: headers, the CMake package, pkg-config files. Programs,
# plugins and the library are installed where they are defined.
include(CMakePackageConfigHelpers)
set(package_directory "${CMAKE_INSTALL_DATADIR}/cmake/assay") # found there whatever a system calls its lib
set(generated "${CMAKE_BINARY_DIR}/package")

configure_package_config_file("${CMAKE_SOURCE_DIR}/cmake/assayConfig.cmake.in" "${generated}/assayConfig.cmake"
  INSTALL_DESTINATION "${package_directory}" PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file("${generated}/assayConfigVersion.cmake" COMPATIBILITY SameMajorVersion)
configure_file("${CMAKE_SOURCE_DIR}/cmake/assay.pc.in" "${generated}/assay.pc" @ONLY)
configure_file("${CMAKE_SOURCE_DIR}/cmake/libassay.pc.in" "${generated}/libassay.pc" @ONLY)

install(DIRECTORY "${CMAKE_SOURCE_DIR}/include/assay" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.h")
install(FILES "${generated}/assayConfig.cmake" "${generated}/assayConfigVersion.cmake"
  "${CMAKE_SOURCE_DIR}/cmake/AssayPlugin.cmake" "${CMAKE_SOURCE_DIR}/cmake/plugin.map"
  DESTINATION "${package_directory}")
install(FILES "${generated}/assay.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
install(FILES "${generated}/libassay.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

# What the programs read beside themselves (assay_spec.asset): the build tree mirrors the installation here as well.
install(DIRECTORY "${CMAKE_SOURCE_DIR}/assets/" DESTINATION "${CMAKE_INSTALL_DATADIR}/assay" USE_SOURCE_PERMISSIONS)
install(PROGRAMS "${CMAKE_SOURCE_DIR}/scripts/setup-nomos-circuits.sh" DESTINATION "${CMAKE_INSTALL_DATADIR}/assay/scripts")
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/share")
file(CREATE_LINK "${CMAKE_SOURCE_DIR}/assets" "${CMAKE_BINARY_DIR}/share/assay" SYMBOLIC)
