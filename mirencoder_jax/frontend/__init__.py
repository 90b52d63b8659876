"""Sources to IR: compilers, slicing, extraction of kernels and regions."""
