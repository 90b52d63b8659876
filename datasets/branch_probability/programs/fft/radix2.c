#include "../../../starter_ir/programs/fft/radix2.c"
#include "../../inputs.h"

int main(void) {
  static cdouble x[2048], out[2048];
  static double power[2048], a[300], b[90], c[400], samples[500];
  static float window[500];
  double total = 0;
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < 2048; i++) x[i] = (cdouble){in_unit(), in_unit()};
    fft_iterative(x, 2048, 0);
    fft_iterative(x, 1024, 1);
    fft_recursive(x, out, 512, 1);
    total += power_spectrum(x, power, 512) + out[7].re;
    FILL(a, 300, in_unit());
    FILL(b, 90, in_unit());
    total += convolve(a, 300, b, 90, c) + c[50];
    FILL(window, 500, 1);
    hann_window(window, 500);
    FILL(samples, 500, in_unit());
    total += goertzel(samples, 500, 0.03) + window[100];
  }
  printf("%g\n", total);
  return 0;
}
