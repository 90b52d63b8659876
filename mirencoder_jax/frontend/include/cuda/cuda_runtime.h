// All of it is in cuda_stub.h, which is read before each file.
