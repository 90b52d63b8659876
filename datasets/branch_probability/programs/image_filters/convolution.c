#include "../../../starter_ir/programs/image_filters/convolution.c"
#include "../../inputs.h"

enum { W = 64, H = 48 };

int main(void) {
  static uint8_t a[W * H], b[W * H];
  static struct rgb colours[W * H];
  static float f[W * H], g[W * H], big[4 * W * H], kernel[9];
  static int16_t errors[2 * (W + 2)];
  const int sharpen[3][3] = {{0, -1, 0}, {-1, 5, -1}, {0, -1, 0}};
  struct image in = {W, H, a}, out = {W, H, b};
  double total = 0;
  for (int i = 0; i < W * H; i++) {
    const int shade = i % W * 3 + in_below(40);
    colours[i] = (struct rgb){shade, shade / 2, in_below(256)};
    f[i] = shade;
  }
  to_grey(colours, a, W * H);
  convolve_3x3(&in, &out, sharpen, 1, 0);
  gaussian_kernel(kernel, 4, 1.5f);
  blur_rows(f, g, W, H, kernel, 4);
  sobel(&in, &out);
  total += b[1000];
  median_3x3(&in, &out);
  for (int y = 0; y < H; y++) dilate_row(a + y * W, b + y * W, W, 3);
  dither(&in, b, errors);
  resize_bilinear(g, W, H, big, 2 * W, 2 * H);
  printf("%g %d\n", total + big[99], b[500]);
  return 0;
}
