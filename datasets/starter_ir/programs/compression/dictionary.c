// Run lengths, a sliding window with a hash chain, deltas, variable bytes.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t encode_runs(const uint8_t *in, size_t size, uint8_t *out) {
  size_t written = 0;
  for (size_t i = 0; i < size;) {
    size_t run = 1;
    while (run < 255 && i + run < size && in[i + run] == in[i]) run++;
    if (run > 3 || in[i] == 0xff) {
      out[written++] = 0xff;
      out[written++] = (uint8_t)run;
      out[written++] = in[i];
    } else {
      for (size_t k = 0; k < run; k++) out[written++] = in[i];
    }
    i += run;
  }
  return written;
}

size_t decode_runs(const uint8_t *in, size_t size, uint8_t *out, size_t room) {
  size_t written = 0;
  for (size_t i = 0; i < size; i++) {
    size_t run = 1;
    uint8_t value = in[i];
    if (value == 0xff) {
      if (i + 2 >= size) return 0;
      run = in[i + 1];
      value = in[i + 2];
      i += 2;
    }
    if (written + run > room) return 0;
    memset(out + written, value, run);
    written += run;
  }
  return written;
}

enum { HASH_BITS = 12, MIN_MATCH = 4, MAX_MATCH = 66, WINDOW = 65535 };

static uint32_t hash_four(const uint8_t *p) {
  uint32_t word;
  memcpy(&word, p, 4);
  return word * 2654435761u >> (32 - HASH_BITS);
}

int match_length(const uint8_t *a, const uint8_t *b, const uint8_t *end) {
  int length = 0;
  while (length < MAX_MATCH && b + length < end && a[length] == b[length]) {
    length++;
  }
  return length;
}

// Tokens: a byte below 192 copies that many letters + 1; the others are a
// match of their value - 192 + MIN_MATCH, followed by a distance.
size_t encode_window(const uint8_t *in, size_t size, uint8_t *out) {
  int32_t heads[1 << HASH_BITS];
  for (int i = 0; i < 1 << HASH_BITS; i++) heads[i] = -1;
  const uint8_t *end = in + size;
  size_t written = 0, literal_start = 0, at = 0;
  while (at < size) {
    int best = 0;
    size_t distance = 0;
    if (at + MIN_MATCH <= size) {
      const uint32_t hash = hash_four(in + at);
      if (heads[hash] >= 0 && at - (size_t)heads[hash] <= WINDOW) {
        best = match_length(in + heads[hash], in + at, end);
        distance = at - (size_t)heads[hash];
      }
      heads[hash] = (int32_t)at;
    }
    const int is_match = best >= MIN_MATCH;
    if (!is_match) at++;
    const size_t literals = at - literal_start;
    if (literals && (is_match || literals == 192 || at == size)) {
      out[written++] = (uint8_t)(literals - 1);
      memcpy(out + written, in + literal_start, literals);
      written += literals;
      literal_start = at;
    }
    if (is_match) {
      out[written++] = (uint8_t)(192 + best - MIN_MATCH);
      out[written++] = (uint8_t)distance;
      out[written++] = (uint8_t)(distance >> 8);
      at += (size_t)best;
      literal_start = at;
    }
  }
  return written;
}

size_t decode_window(const uint8_t *in, size_t size, uint8_t *out,
                     size_t room) {
  size_t written = 0, at = 0;
  while (at < size) {
    const uint8_t token = in[at++];
    if (token < 192) {
      const size_t count = (size_t)token + 1;
      if (at + count > size || written + count > room) return 0;
      memcpy(out + written, in + at, count);
      at += count;
      written += count;
    } else {
      if (at + 2 > size) return 0;
      const size_t distance = (size_t)in[at] | (size_t)in[at + 1] << 8;
      size_t count = (size_t)token - 192 + MIN_MATCH;
      at += 2;
      if (!distance || distance > written || written + count > room) return 0;
      for (; count; count--, written++) out[written] = out[written - distance];
    }
  }
  return written;
}

int put_varint(uint64_t value, uint8_t *out) {
  int length = 0;
  while (value >= 0x80) {
    out[length++] = (uint8_t)(value | 0x80);
    value >>= 7;
  }
  out[length++] = (uint8_t)value;
  return length;
}

int get_varint(const uint8_t *in, int size, uint64_t *value) {
  *value = 0;
  for (int i = 0; i < size && i < 10; i++) {
    *value |= (uint64_t)(in[i] & 0x7f) << (7 * i);
    if (in[i] < 0x80) return i + 1;
  }
  return -1;
}

int encode_deltas(const int64_t *values, int count, uint8_t *out) {
  int written = 0;
  uint64_t previous = 0;
  for (int i = 0; i < count; i++) {
    const uint64_t delta = (uint64_t)values[i] - previous;
    const uint64_t zigzag = delta << 1 ^ (0u - (delta >> 63));
    written += put_varint(zigzag, out + written);
    previous = (uint64_t)values[i];
  }
  return written;
}

void move_to_front(uint8_t *data, size_t size) {
  uint8_t order[256];
  for (int i = 0; i < 256; i++) order[i] = (uint8_t)i;
  for (size_t i = 0; i < size; i++) {
    const uint8_t value = data[i];
    int place = 0;
    while (order[place] != value) place++;
    memmove(order + 1, order, (size_t)place);
    order[0] = value;
    data[i] = (uint8_t)place;
  }
}
