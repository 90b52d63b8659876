// Numbers to words, to Roman figures, to fixed decimals, and back.
#include <string.h>
#include "../../inputs.h"

static int roman(int n, char *out) {
  static const struct {
    int value;
    const char *text;
  } signs[] = {{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"},
               {90, "XC"},  {50, "L"},   {40, "XL"}, {10, "X"},   {9, "IX"},
               {5, "V"},    {4, "IV"},   {1, "I"}};
  int used = 0;
  for (int i = 0; i < 13; i++)
    for (; n >= signs[i].value; n -= signs[i].value)
      for (const char *c = signs[i].text; *c; c++) out[used++] = *c;
  out[used] = 0;
  return used;
}

static int digit_of(char c) {
  switch (c) {
    case 'M': return 1000;
    case 'D': return 500;
    case 'C': return 100;
    case 'L': return 50;
    case 'X': return 10;
    case 'V': return 5;
    case 'I': return 1;
    default: return 0;
  }
}

static int from_roman(const char *text) {
  int total = 0;
  for (; *text; text++) {
    const int value = digit_of(*text);
    if (!value) return -1;
    total += value < digit_of(text[1]) ? -value : value;
  }
  return total;
}

static int count_letters(int n) {
  static const int ones[] = {0, 3, 3, 5, 4, 4, 3, 5, 5, 4,
                             3, 6, 6, 8, 8, 7, 7, 9, 8, 8};
  static const int tens[] = {0, 0, 6, 6, 5, 5, 5, 7, 6, 6};
  int letters = 0;
  if (n >= 1000) letters += count_letters(n / 1000) + 8, n %= 1000;
  if (n >= 100) {
    letters += ones[n / 100] + 7;
    n %= 100;
    if (n) letters += 3;
  }
  if (n < 20) return letters + ones[n];
  return letters + tens[n / 10] + ones[n % 10];
}

static int read_fixed(const char *text, long *out) {
  int sign = 1, places = -1;
  long value = 0;
  if (*text == '-' || *text == '+') sign = *text++ == '-' ? -1 : 1;
  if (!*text) return 0;
  for (; *text; text++) {
    if (*text == '.') {
      if (places >= 0) return 0;
      places = 0;
    } else if (*text < '0' || *text > '9') {
      return 0;
    } else if (places < 2) {
      value = 10 * value + *text - '0';
      if (places >= 0) places++;
    }
  }
  for (places = places < 0 ? 0 : places; places < 2; places++) value *= 10;
  *out = sign * value;
  return 1;
}

int main(void) {
  long total = 0, bad = 0;
  for (int i = 0; i < 3000; i++) {
    char text[40];
    const int n = 1 + in_skewed(3999);
    total += roman(n, text);
    if (in_below(30) == 0) text[0] = '?';
    if (from_roman(text) != n) bad++;
    total += count_letters(in_below(30000));
    long value;
    sprintf(text, in_below(3) ? "%d.%u" : in_below(20) ? "-%d" : "%d.%u.1", n,
            in_below(1000));
    if (read_fixed(text, &value)) total += value & 7;
    else bad++;
  }
  printf("%ld %ld\n", total, bad);
  return 0;
}
