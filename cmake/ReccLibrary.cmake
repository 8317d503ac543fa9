# reccc_library(NAME sources… [LINK libs…] [DEPENDS targets…]): a static library of the compiler. All of them share one precompiled
# header, and a few sources are compiled together: what the headers instantiate costs more than the code between. Who edits one file
# all day configures with -DRECCC_UNITY=OFF.
option(RECCC_UNITY "Compile sources of a library together" ON)

function(reccc_library name)
  cmake_parse_arguments(ARG "" "" "LINK;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC MLIR LLVM ${ARG_LINK})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  reccc_precompile(${name})
  set_target_properties(${name} PROPERTIES UNITY_BUILD ${RECCC_UNITY} UNITY_BUILD_BATCH_SIZE 5)
endfunction()

# The header is compiled once, by the target that owns it, and reused by all others. ccache needs -fpch-preprocess to see through it.
function(reccc_precompile name)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${name} PRIVATE -fpch-preprocess)
  endif()
  if(NOT TARGET reccc_pch)
    file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp "")
    add_library(reccc_pch STATIC ${CMAKE_BINARY_DIR}/pch.cpp)
    target_precompile_headers(reccc_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/Precompiled.h)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(reccc_pch PRIVATE -fpch-preprocess)
    endif()
  endif()
  # The header is compiled with -fPIC; an executable would be with -fPIE and could not use it.
  get_target_property(type ${name} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${name} PRIVATE -fPIC)
  endif()
  target_precompile_headers(${name} REUSE_FROM reccc_pch)
endfunction()
