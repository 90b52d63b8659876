// Strings in place and into buffers: case, words, numbers, UTF-8, base 64.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t length_of(const char *text) {
  const char *end = text;
  while (*end) end++;
  return (size_t)(end - text);
}

void reverse(char *text, size_t length) {
  if (!length) return;
  for (char *low = text, *high = text + length - 1; low < high;) {
    const char kept = *low;
    *low++ = *high;
    *high-- = kept;
  }
}

void to_upper(char *text) {
  for (; *text; text++) {
    if (*text >= 'a' && *text <= 'z') *text = (char)(*text - 'a' + 'A');
  }
}

bool is_palindrome(const char *text) {
  size_t low = 0, high = length_of(text);
  while (low < high) {
    const char a = text[low], b = text[high - 1];
    if ((a | 32) < 'a' || (a | 32) > 'z') {
      low++;
    } else if ((b | 32) < 'a' || (b | 32) > 'z') {
      high--;
    } else if ((a | 32) != (b | 32)) {
      return false;
    } else {
      low++;
      high--;
    }
  }
  return true;
}

struct text_counts {
  unsigned lines, words, bytes, longest;
};

struct text_counts count_text(const char *text) {
  struct text_counts counts = {0, 0, 0, 0};
  unsigned width = 0;
  bool inside = false;
  for (; *text; text++) {
    counts.bytes++;
    switch (*text) {
      case '\n':
        counts.lines++;
        if (width > counts.longest) counts.longest = width;
        width = 0;
        inside = false;
        break;
      case ' ':
      case '\t':
      case '\r':
        width++;
        inside = false;
        break;
      default:
        width++;
        if (!inside) counts.words++;
        inside = true;
    }
  }
  return counts;
}

int format_integer(int64_t value, unsigned base, char *out) {
  static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  uint64_t rest = value < 0 ? 0u - (uint64_t)value : (uint64_t)value;
  int length = 0;
  do {
    out[length++] = digits[rest % base];
    rest /= base;
  } while (rest);
  if (value < 0) out[length++] = '-';
  reverse(out, (size_t)length);
  out[length] = '\0';
  return length;
}

int encode_utf8(uint32_t point, uint8_t out[4]) {
  if (point < 0x80) {
    out[0] = (uint8_t)point;
    return 1;
  }
  if (point < 0x800) {
    out[0] = (uint8_t)(0xc0 | point >> 6);
    out[1] = (uint8_t)(0x80 | (point & 0x3f));
    return 2;
  }
  if (point < 0x10000) {
    if (point >= 0xd800 && point < 0xe000) return 0;
    out[0] = (uint8_t)(0xe0 | point >> 12);
    out[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
    out[2] = (uint8_t)(0x80 | (point & 0x3f));
    return 3;
  }
  if (point > 0x10ffff) return 0;
  out[0] = (uint8_t)(0xf0 | point >> 18);
  for (int i = 1; i < 4; i++) {
    out[i] = (uint8_t)(0x80 | (point >> (6 * (3 - i)) & 0x3f));
  }
  return 4;
}

long count_utf8(const uint8_t *text, size_t size) {
  long points = 0;
  for (size_t i = 0; i < size; points++) {
    const uint8_t lead = text[i++];
    int follow = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2
               : lead >> 3 == 30 ? 3 : -1;
    if (follow < 0) return -(long)i;
    for (; follow; follow--, i++) {
      if (i >= size || text[i] >> 6 != 2) return -(long)i;
    }
  }
  return points;
}

size_t encode_base64(const uint8_t *data, size_t size, char *out) {
  static const char alphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t length = 0;
  for (size_t i = 0; i < size; i += 3) {
    uint32_t word = (uint32_t)data[i] << 16;
    if (i + 1 < size) word |= (uint32_t)data[i + 1] << 8;
    if (i + 2 < size) word |= data[i + 2];
    out[length++] = alphabet[word >> 18];
    out[length++] = alphabet[word >> 12 & 63];
    out[length++] = i + 1 < size ? alphabet[word >> 6 & 63] : '=';
    out[length++] = i + 2 < size ? alphabet[word & 63] : '=';
  }
  out[length] = '\0';
  return length;
}

void substitute(char *text, const char from[], const char to[]) {
  for (; *text; text++) {
    for (int i = 0; from[i]; i++) {
      if (*text == from[i]) {
        *text = to[i];
        break;
      }
    }
  }
}
