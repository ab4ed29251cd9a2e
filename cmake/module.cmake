# ecr_module(name [LINK libs...]): the static library ecr_<name> of all .cpp files below this folder.
function(ecr_module name)
  cmake_parse_arguments(ARG "" "" "LINK;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(file IN LISTS ARG_EXCLUDE)
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  if(NOT sources)
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp "")
    set(sources ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp)
  endif()
  add_library(ecr_${name} STATIC ${sources})
  target_link_libraries(ecr_${name} PUBLIC ecr_options ${ARG_LINK})
endfunction()

# ecr_test(name [LINK libs...]): the executable <name>_tests of all .cpp files below tests/<name>,
# registered with CTest test by test.
function(ecr_test name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_tests ${sources})
  # Optimizing the tests themselves is a third of their compile time, and shows no more.
  target_compile_options(${name}_tests PRIVATE $<$<CONFIG:Release>:-O0>)
  target_link_libraries(${name}_tests PRIVATE ecr_options ${ARG_LINK} GTest::gtest
                                              GTest::gtest_main GTest::gmock)
  gtest_discover_tests(${name}_tests DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 300)
endfunction()
