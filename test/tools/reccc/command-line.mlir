// Exit codes and messages of the command line: 1 input, 2 usage, 3 files.
// RUN: not reccc 2>&1 | FileCheck %s --check-prefix=NOTHING
// NOTHING: reccc: error: no model given; try `reccc --help`
// RUN: not reccc --no-such-flag %s 2>&1 | FileCheck %s --check-prefix=FLAG
// FLAG: Unknown command line argument '--no-such-flag'
// RUN: not reccc %s --stop-after=middle 2>&1 | FileCheck %s --check-prefix=STAGE
// STAGE: reccc: error: unknown stage 'middle' after --stop-after, expected one of: model, optimized, quantized, kernels, tiles, target
// RUN: not reccc %s -o %t.xyz 2>&1 | FileCheck %s --check-prefix=KIND
// KIND: reccc: error: cannot tell from the name '{{.*}}.xyz' what to write, expected a name that ends in .so, .o, .s, .ll or .mlir, or --emit
// RUN: not reccc %s --emit=elf 2>&1 | FileCheck %s --check-prefix=EMIT
// EMIT: reccc: error: unknown kind 'elf' after --emit, expected one of: mlir, llvm, asm, obj, so
// RUN: not reccc %s --emit=obj --stop-after=kernels 2>&1 | FileCheck %s --check-prefix=EARLY
// EARLY: reccc: error: --emit=obj needs stage target, and --stop-after stops before it
// RUN: not reccc %s --emit=so 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: reccc: error: expected -o with the name of the shared object
// RUN: not reccc %s --cpu=z80 -o %t.so 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: reccc: error: unknown level 'z80' after --cpu, expected some of: native, x86-64-v3, x86-64-v4
// RUN: not reccc %s -o %t.so 2>&1 | FileCheck %s --check-prefix=WEIGHTS
// WEIGHTS: reccc: error: machine code holds the weights: name them with --weights, or make some up with --random-weights
// RUN: not reccc %s --random-weights --weights=%s 2>&1 | FileCheck %s --check-prefix=BOTH
// BOTH: reccc: error: --random-weights does not go with --weights
// RUN: not reccc %s --mode=f32 2>&1 | FileCheck %s --check-prefix=MODE
// MODE: reccc: error: --mode goes with --run
// RUN: not reccc %s --run=%s --device=gpu 2>&1 | FileCheck %s --check-prefix=DEVICE
// DEVICE: reccc: error: unknown device 'gpu' after --device, expected one of: cpu, interpreter
// RUN: not reccc %s --run=%s --device=interpreter --mode=exact 2>&1 | FileCheck %s --check-prefix=ROUND
// ROUND: reccc: error: unknown mode 'exact' after --mode, expected one of: double, f32, bf16, typed
// RUN: not reccc %s --also=y 2>&1 | FileCheck %s --check-prefix=ALSO
// ALSO: reccc: error: --also goes with a description, and {{.*}} is IR
// RUN: not reccc %s --explain-lengths=history=2 2>&1 | FileCheck %s --check-prefix=LENGTHS
// LENGTHS: reccc: error: --explain-lengths goes with --explain
// RUN: not reccc %s --explain --explain-lengths=history 2>&1 | FileCheck %s --check-prefix=LENGTH
// LENGTH: reccc: error: expected --explain-lengths=rows=n with n of at least 0, got 'history'
// RUN: not reccc %s --explain --explain-lengths=history=2 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: reccc: error: --explain-lengths: no base rows are named 'history', expected some of: s
// RUN: not reccc %s --skip-pass=recsys-split-linear,recsys-verify-model 2>&1 | FileCheck %s --check-prefix=SKIP
// RUN: not reccc %s --skip-pass= 2>&1 | FileCheck %s --check-prefix=SKIP
// SKIP: reccc: error: cannot skip '{{.*}}', expected one of: recsys-

// The codes themselves.
// RUN: sh -c 'reccc; test $? = 2'
// RUN: sh -c 'reccc %s --emit=elf; test $? = 2'
// RUN: sh -c 'reccc %t.no-such-file.mlir; test $? = 3' 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: error: cannot open the file: No such file or directory
// RUN: sh -c 'reccc %root/test; test $? = 1 -o $? = 3'
// RUN: sh -c 'reccc %s > /dev/full; test $? = 3' 2>&1 | FileCheck %s --check-prefix=FULL
// FULL: reccc: error: cannot write to standard output: No space left on device
// RUN: sh -c 'reccc %s -o %t.no-such-directory/x.mlir; test $? = 3'
// RUN: sh -c 'reccc %s --explain --explain-lengths=history=2; test $? = 2'
// RUN: sh -c 'reccc %s --skip-pass=no-such; test $? = 2'
// What is no file is not replaced by one.
// RUN: rm -rf %t.pipe %t.folder && mkfifo %t.pipe && mkdir %t.folder
// RUN: sh -c 'reccc %s -o %t.pipe --emit=mlir; test $? = 3 -a -p %t.pipe' 2>&1 | FileCheck %s --check-prefix=PIPE
// RUN: sh -c 'reccc %s --explain=%t.folder -o %t.mlir; test $? = 3 -a -d %t.folder' 2>&1 | FileCheck %s --check-prefix=PIPE
// PIPE: error: expected a new name or that of a regular file, got a directory, a device or a pipe
// RUN: sh -c 'reccc %s --weights=%t.no-such-file --stop-after=model; test $? = 3'
#s = #recsys.space<"s", max = 8>
recsys.model @rank(%x: !recsys.jagged<#s x 4xf32> {recsys.name = "x"}) -> (!recsys.jagged<#s x 4xf32> {recsys.name = "y"}) {
  %y = recsys.silu %x : (!recsys.jagged<#s x 4xf32>) -> !recsys.jagged<#s x 4xf32>
  recsys.output %y : !recsys.jagged<#s x 4xf32>
}
