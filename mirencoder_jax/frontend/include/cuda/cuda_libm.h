// CUDA includes the mathematics of C unasked, and sources rely on it.
#if __has_include(<math.h>)
#include <math.h>
#endif
