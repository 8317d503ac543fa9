// RUN: reccc-opt %s --reccc-verify-target --verify-diagnostics

// expected-error@+1 {{is not allowed after stage `target`, expected ops of the llvm dialect}}
func.func private @left_over()
