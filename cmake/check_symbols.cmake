# cmake -DNM=nm -DARCHIVES="a.a;b.a" -P check_symbols.cmake: fails where these archives refer to a C++
# symbol that none of them defines and that is weak. A linker gives such a symbol the address 0
# without a word, and the program crashes at its first use. (C's weak symbols, as __gmon_start__ and
# _ITM_*, may be absent: glibc and gcc ask before they use them.)
execute_process(COMMAND ${NM} --format=posix ${ARCHIVES}
                OUTPUT_VARIABLE symbols ERROR_QUIET RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${NM} fails on ${ARCHIVES}")
endif()
# "name type ...": w and v are weak and undefined.
string(REGEX MATCHALL "\n_Z[^ \n]* [wv]" undefined "${symbols}")
list(REMOVE_DUPLICATES undefined)
set(missing "")
foreach(line IN LISTS undefined)
  string(REGEX REPLACE "^\n(.*) [wv]$" "\\1" name "${line}")
  string(FIND "${symbols}" "\n${name} T " function)
  string(FIND "${symbols}" "\n${name} W " inline)
  string(FIND "${symbols}" "\n${name} V " object)
  if(function EQUAL -1 AND inline EQUAL -1 AND object EQUAL -1)
    string(APPEND missing "\n  ${name}")
  endif()
endforeach()
if(missing)
  message(FATAL_ERROR "weak symbols that nothing defines, and that would be null:${missing}")
endif()
