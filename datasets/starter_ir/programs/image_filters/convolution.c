// Filters on grey and colour images: convolution, edges, medians, morphology.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

struct image {
  int width, height;
  uint8_t *pixels;
};

struct rgb {
  uint8_t r, g, b;
};

static uint8_t clamp_byte(int value) {
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

uint8_t pixel_at(const struct image *image, int x, int y) {
  if (x < 0) x = 0;
  if (y < 0) y = 0;
  if (x >= image->width) x = image->width - 1;
  if (y >= image->height) y = image->height - 1;
  return image->pixels[(size_t)y * (size_t)image->width + (size_t)x];
}

void convolve_3x3(const struct image *in, struct image *out,
                  const int kernel[3][3], int divisor, int offset) {
  for (int y = 0; y < in->height; y++) {
    for (int x = 0; x < in->width; x++) {
      int sum = 0;
      for (int ky = 0; ky < 3; ky++) {
        for (int kx = 0; kx < 3; kx++) {
          sum += kernel[ky][kx] * pixel_at(in, x + kx - 1, y + ky - 1);
        }
      }
      out->pixels[y * out->width + x] = clamp_byte(sum / divisor + offset);
    }
  }
}

void gaussian_kernel(float *kernel, int radius, float sigma) {
  float total = 0.0f;
  for (int i = -radius; i <= radius; i++) {
    kernel[i + radius] = expf(-(float)(i * i) / (2.0f * sigma * sigma));
    total += kernel[i + radius];
  }
  for (int i = 0; i <= 2 * radius; i++) kernel[i] /= total;
}

void blur_rows(const float *in, float *out, int width, int height,
               const float *kernel, int radius) {
  for (int y = 0; y < height; y++) {
    const float *row = in + y * width;
    for (int x = 0; x < width; x++) {
      float sum = 0.0f;
      for (int k = -radius; k <= radius; k++) {
        int at = x + k;
        at = at < 0 ? -at : at;
        at = at >= width ? 2 * width - 2 - at : at;
        sum += kernel[k + radius] * row[at];
      }
      out[y * width + x] = sum;
    }
  }
}

void sobel(const struct image *in, struct image *out) {
  for (int y = 1; y < in->height - 1; y++) {
    for (int x = 1; x < in->width - 1; x++) {
      const uint8_t *p = in->pixels + y * in->width + x;
      const int w = in->width;
      const int gx = p[-w + 1] + 2 * p[1] + p[w + 1] - p[-w - 1] - 2 * p[-1] -
                     p[w - 1];
      const int gy = p[w - 1] + 2 * p[w] + p[w + 1] - p[-w - 1] - 2 * p[-w] -
                     p[-w + 1];
      out->pixels[y * w + x] = clamp_byte((abs(gx) + abs(gy)) / 2);
    }
  }
}

void to_grey(const struct rgb *in, uint8_t *out, int count) {
  for (int i = 0; i < count; i++) {
    out[i] = (uint8_t)((in[i].r * 77 + in[i].g * 150 + in[i].b * 29) >> 8);
  }
}

void median_3x3(const struct image *in, struct image *out) {
  for (int y = 0; y < in->height; y++) {
    for (int x = 0; x < in->width; x++) {
      uint8_t window[9];
      int count = 0;
      for (int dy = -1; dy <= 1; dy++) {
        for (int dx = -1; dx <= 1; dx++) {
          const uint8_t value = pixel_at(in, x + dx, y + dy);
          int at = count++;
          for (; at > 0 && window[at - 1] > value; at--) {
            window[at] = window[at - 1];
          }
          window[at] = value;
        }
      }
      out->pixels[y * out->width + x] = window[4];
    }
  }
}

void dilate_row(const uint8_t *in, uint8_t *out, int width, int radius) {
  for (int x = 0; x < width; x++) {
    uint8_t largest = 0;
    for (int k = x - radius; k <= x + radius; k++) {
      if (k >= 0 && k < width && in[k] > largest) largest = in[k];
    }
    out[x] = largest;
  }
}

// Error diffusion to black and white, with a row of carried errors.
void dither(const struct image *in, uint8_t *out, int16_t *errors) {
  const int w = in->width;
  for (int x = 0; x < 2 * (w + 2); x++) errors[x] = 0;
  for (int y = 0; y < in->height; y++) {
    int16_t *now = errors + (y & 1) * (w + 2) + 1;
    int16_t *next = errors + (~y & 1) * (w + 2) + 1;
    for (int x = -1; x <= w; x++) next[x] = 0;
    for (int x = 0; x < w; x++) {
      const int value = in->pixels[y * w + x] + now[x] / 16;
      const int white = value > 127;
      const int error = value - (white ? 255 : 0);
      out[y * w + x] = (uint8_t)(white ? 255 : 0);
      now[x + 1] = (int16_t)(now[x + 1] + 7 * error);
      next[x - 1] = (int16_t)(next[x - 1] + 3 * error);
      next[x] = (int16_t)(next[x] + 5 * error);
      next[x + 1] = (int16_t)(next[x + 1] + error);
    }
  }
}

void resize_bilinear(const float *in, int w, int h, float *out, int new_w,
                     int new_h) {
  for (int y = 0; y < new_h; y++) {
    const float sy = (float)y * (float)(h - 1) / (float)(new_h - 1);
    const int y0 = (int)sy, y1 = y0 + 1 < h ? y0 + 1 : y0;
    const float fy = sy - (float)y0;
    for (int x = 0; x < new_w; x++) {
      const float sx = (float)x * (float)(w - 1) / (float)(new_w - 1);
      const int x0 = (int)sx, x1 = x0 + 1 < w ? x0 + 1 : x0;
      const float fx = sx - (float)x0;
      const float top = in[y0 * w + x0] * (1 - fx) + in[y0 * w + x1] * fx;
      const float low = in[y1 * w + x0] * (1 - fx) + in[y1 * w + x1] * fx;
      out[y * new_w + x] = top * (1 - fy) + low * fy;
    }
  }
}
