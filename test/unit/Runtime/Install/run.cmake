# Installs the runtime, builds a C program against it with find_package and with pkg-config, runs
# both, and looks at what they need at run time.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN}\nfailed with ${code}:\n${out}${err}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

function(check_program program)
  run(${program})
  # User 0 has seen 1 and 2, user 1 has seen 3.
  if(NOT out STREQUAL "9 6 3 5 0 7 ")
    message(FATAL_ERROR "${program} printed '${out}'")
  endif()
  run(ldd ${program})
  if(out MATCHES "LLVM|MLIR|protobuf|python")
    message(FATAL_ERROR "${program} needs more than it should:\n${out}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --component recrt --prefix ${WORK}/prefix)
file(GLOB_RECURSE installed ${WORK}/prefix/*.cmake ${WORK}/prefix/*.pc ${WORK}/prefix/*.h)
foreach(name ${installed})
  file(READ ${name} text)
  string(FIND "${text}" ${BUILD} position)
  if(NOT position EQUAL -1)
    message(FATAL_ERROR "${name} names the build tree")
  endif()
endforeach()
# The tree may be moved.
file(RENAME ${WORK}/prefix ${WORK}/moved)

file(MAKE_DIRECTORY ${WORK}/source)
file(COPY_FILE ${PROJECT_FILE} ${WORK}/source/CMakeLists.txt)
run(${CMAKE_COMMAND} -S ${WORK}/source -B ${WORK}/build -DCMAKE_PREFIX_PATH=${WORK}/moved
  -DCMAKE_C_COMPILER=${C_COMPILER})
run(${CMAKE_COMMAND} --build ${WORK}/build)
check_program(${WORK}/build/serve)

file(GLOB_RECURSE package ${WORK}/moved/*/recrt.pc)
get_filename_component(package ${package} DIRECTORY)
set(ENV{PKG_CONFIG_PATH} ${package})
run(pkg-config --cflags --libs recrt)
separate_arguments(flags UNIX_COMMAND "${out}")
run(${C_COMPILER} -std=c11 -I${SOURCE} ${SOURCE}/Install/serve.c ${SOURCE}/tiny_module.c ${flags}
  -o ${WORK}/serve)
check_program(${WORK}/serve)
file(REMOVE_RECURSE ${WORK})
