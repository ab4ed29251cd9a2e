# How folders become targets, and why a build takes minutes.
#
# A module compiles as a few unity units: all .cpp files of one folder are one translation unit, as
# most of a small file's compile time is the headers it includes. Names in anonymous namespaces are
# therefore unique within their namespace.

# Small folders that share a unit: what every unit costs anew is more than they are.
set(ECR_UNIT_OF_api/pull_through api images)
set(ECR_UNIT_OF_api/sts api registry)
set(ECR_UNIT_OF_api/organizations api iam)
set(ECR_UNIT_OF_server/faults server runtime)
set(ECR_UNIT_OF_server/tls server runtime)
set(ECR_UNIT_OF_server/client server runtime)

# The same for Debug builds, where a unit is a folder, so that touching one file rebuilds in seconds.
set(ECR_DEBUG_UNIT_OF_api/images/scan api images)
set(ECR_DEBUG_UNIT_OF_api/images/lifecycle api images push)
set(ECR_DEBUG_UNIT_OF_api/admin/decisions api admin seed)
set(ECR_DEBUG_UNIT_OF_api/iam/simulation api iam shared)
set(ECR_DEBUG_UNIT_OF_api/core/dispatch api core wire)
set(ECR_DEBUG_UNIT_OF_api/core api core wire)
set(ECR_DEBUG_UNIT_OF_api/organizations api iam shared)
set(ECR_DEBUG_UNIT_OF_api/core/access api core wire)
set(ECR_DEBUG_UNIT_OF_api/iam api iam shared)
set(ECR_DEBUG_UNIT_OF_api/iam/reports api iam credentials)
set(ECR_DEBUG_UNIT_OF_api/sts api registry)
set(ECR_DEBUG_UNIT_OF_tests/api tests api core access)
set(ECR_DEBUG_UNIT_OF_tests/api/core tests api core access)
set(ECR_DEBUG_UNIT_OF_tests/api/core/dispatch tests api core access)
set(ECR_DEBUG_UNIT_OF_tests/api/organizations tests api images)
set(ECR_DEBUG_UNIT_OF_tests/api/images/push tests api images)
set(ECR_DEBUG_UNIT_OF_server/faults server runtime)
set(ECR_DEBUG_UNIT_OF_server/tls server client)

# ecr_unity(target depth files...): the files of one folder are one unit of the target; folders below
# the first `depth` names of a path join their parent's unit, except in Debug builds.
function(ecr_unity target depth)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${ECR_UNITY} UNITY_BUILD_MODE GROUP)
  foreach(file IN LISTS ARGN)
    get_filename_component(folder ${file} DIRECTORY)
    file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${folder})
    string(REPLACE "/" ";" names "${folder}")
    if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" OR ECR_SANITIZE)
      list(SUBLIST names 0 ${depth} names)
      list(JOIN names "/" folder)
      if(DEFINED ECR_UNIT_OF_${folder})
        set(names ${ECR_UNIT_OF_${folder}})
      endif()
    elseif(DEFINED ECR_DEBUG_UNIT_OF_${folder})
      set(names ${ECR_DEBUG_UNIT_OF_${folder}})
    endif()
    list(JOIN names "_" group)
    set_source_files_properties(${file} TARGET_DIRECTORY ${target} PROPERTIES UNITY_GROUP ${group})
  endforeach()
endfunction()

# ecr_module(name [DEPTH n] [LINK libs...] [EXCLUDE files...]): the static library ecr_<name> of all .cpp files
# below this folder.
function(ecr_module name)
  cmake_parse_arguments(ARG "" "DEPTH" "LINK;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(file IN LISTS ARG_EXCLUDE)
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  add_library(ecr_${name} STATIC ${sources})
  target_link_libraries(ecr_${name} PUBLIC ecr_options ${ARG_LINK})
  ecr_unity(ecr_${name} ${ARG_DEPTH} ${sources})
  # Two passes over long functions are an eighth of the time at -O2. The evaluator and signatures keep
  # them.
  if(NOT name STREQUAL "auth" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(ecr_${name} PRIVATE $<$<CONFIG:Release>:-fno-tree-pre>
                                               $<$<CONFIG:Release>:-fno-tree-pta>)
  endif()
  # One precompiled header for all modules: it needs the same options in each.
  if(name STREQUAL "schemas")
    target_precompile_headers(ecr_schemas PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.h)
  else()
    target_precompile_headers(ecr_${name} REUSE_FROM ecr_schemas)
  endif()
endfunction()

# ecr_made_small(target): its code is made small, not fast, and passes that cost much of the compile
# time and save little are left out. The precompiled header of the others is made for speed in
# Release, and does not fit.
function(ecr_made_small target)
  if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Os -fno-expensive-optimizations -fno-gcse -fno-ivopts
                           -fno-schedule-insns2 -fno-tree-pre -fno-tree-pta -fno-tree-vrp)
  else()
    target_precompile_headers(${target} REUSE_FROM ecr_schemas)
  endif()
endfunction()

# ecr_test(name [LINK libs...]): the executable <name>_tests of all .cpp files below tests/<name>,
# registered with CTest test by test.
function(ecr_test name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  add_executable(${name}_tests ${sources})
  # Optimizing the tests themselves is a third of their compile time, and shows no more.
  target_compile_options(${name}_tests PRIVATE $<$<CONFIG:Release>:-O0>)
  target_link_libraries(${name}_tests PRIVATE ecr_options ${ARG_LINK} GTest::gtest
                                              GTest::gtest_main GTest::gmock)
  ecr_unity(${name}_tests 3 ${sources})
  if(name STREQUAL "schemas")
    target_precompile_headers(schemas_tests PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.h
                                                    <gmock/gmock.h> <gtest/gtest.h>)
  else()
    target_precompile_headers(${name}_tests REUSE_FROM schemas_tests)
  endif()
  gtest_discover_tests(${name}_tests DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 300)
endfunction()
