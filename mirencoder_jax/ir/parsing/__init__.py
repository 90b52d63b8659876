"""The line parser of `ir.reader`: LLVM's text to functions."""
