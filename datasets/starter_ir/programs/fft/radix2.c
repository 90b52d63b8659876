// Fourier transforms: recursive, iterative, real, and a convolution.
#include <math.h>
#include <stdlib.h>

typedef struct {
  double re, im;
} cdouble;

static cdouble times(cdouble a, cdouble b) {
  return (cdouble){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

void bit_reverse(cdouble *x, unsigned n) {
  for (unsigned i = 1, j = 0; i < n; i++) {
    unsigned bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      const cdouble kept = x[i];
      x[i] = x[j];
      x[j] = kept;
    }
  }
}

void fft_iterative(cdouble *x, unsigned n, int inverse) {
  bit_reverse(x, n);
  for (unsigned length = 2; length <= n; length <<= 1) {
    const double angle = (inverse ? 2.0 : -2.0) * M_PI / length;
    const cdouble root = {cos(angle), sin(angle)};
    for (unsigned start = 0; start < n; start += length) {
      cdouble w = {1.0, 0.0};
      for (unsigned k = 0; k < length / 2; k++) {
        cdouble *low = &x[start + k], *high = low + length / 2;
        const cdouble odd = times(*high, w);
        *high = (cdouble){low->re - odd.re, low->im - odd.im};
        *low = (cdouble){low->re + odd.re, low->im + odd.im};
        w = times(w, root);
      }
    }
  }
  if (inverse) {
    for (unsigned i = 0; i < n; i++) {
      x[i].re /= n;
      x[i].im /= n;
    }
  }
}

void fft_recursive(const cdouble *in, cdouble *out, unsigned n,
                   unsigned stride) {
  if (n == 1) {
    out[0] = in[0];
    return;
  }
  const unsigned half = n / 2;
  fft_recursive(in, out, half, 2 * stride);
  fft_recursive(in + stride, out + half, half, 2 * stride);
  for (unsigned k = 0; k < half; k++) {
    const double angle = -2.0 * M_PI * k / n;
    const cdouble odd =
        times((cdouble){cos(angle), sin(angle)}, out[k + half]);
    const cdouble even = out[k];
    out[k].re = even.re + odd.re;
    out[k].im = even.im + odd.im;
    out[k + half].re = even.re - odd.re;
    out[k + half].im = even.im - odd.im;
  }
}

double power_spectrum(const cdouble *x, double *power, unsigned n) {
  double total = 0.0;
  for (unsigned k = 0; k < n; k++) {
    power[k] = x[k].re * x[k].re + x[k].im * x[k].im;
    total += power[k];
  }
  return total;
}

int convolve(const double *a, unsigned na, const double *b, unsigned nb,
             double *out) {
  unsigned n = 1;
  while (n < na + nb - 1) n <<= 1;
  cdouble *x = calloc(n, sizeof *x), *y = calloc(n, sizeof *y);
  if (!x || !y) {
    free(x);
    free(y);
    return -1;
  }
  for (unsigned i = 0; i < na; i++) x[i].re = a[i];
  for (unsigned i = 0; i < nb; i++) y[i].re = b[i];
  fft_iterative(x, n, 0);
  fft_iterative(y, n, 0);
  for (unsigned i = 0; i < n; i++) x[i] = times(x[i], y[i]);
  fft_iterative(x, n, 1);
  for (unsigned i = 0; i < na + nb - 1; i++) out[i] = x[i].re;
  free(x);
  free(y);
  return 0;
}

void hann_window(float *samples, int n) {
  for (int i = 0; i < n; i++) {
    samples[i] *= 0.5f * (1.0f - cosf(6.2831853f * (float)i / (float)(n - 1)));
  }
}

double goertzel(const double *samples, int n, double frequency) {
  const double coefficient = 2.0 * cos(2.0 * M_PI * frequency / n);
  double before = 0.0, last = 0.0;
  for (int i = 0; i < n; i++) {
    const double next = samples[i] + coefficient * last - before;
    before = last;
    last = next;
  }
  return last * last + before * before - coefficient * last * before;
}
