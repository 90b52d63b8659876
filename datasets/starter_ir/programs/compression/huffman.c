// Huffman codes: counts to lengths to canonical codes, and bits in and out.
#include <stdint.h>
#include <string.h>

struct bit_writer {
  uint8_t *out;
  size_t size, room;
  uint64_t bits;
  int count;
};

struct bit_reader {
  const uint8_t *in;
  size_t size, at;
  uint32_t bits;
  int count;
};

void put_bits(struct bit_writer *w, uint32_t value, int width) {
  w->bits = w->bits << width | value;
  w->count += width;
  while (w->count >= 8) {
    w->count -= 8;
    if (w->size < w->room) w->out[w->size] = (uint8_t)(w->bits >> w->count);
    w->size++;
  }
}

void flush_bits(struct bit_writer *w) {
  if (w->count) put_bits(w, 0, 8 - w->count);
}

int get_bit(struct bit_reader *r) {
  if (!r->count) {
    if (r->at == r->size) return -1;
    r->bits = r->in[r->at++];
    r->count = 8;
  }
  return (int)(r->bits >> --r->count & 1u);
}

// Joins the two lightest trees until one is left; depth of each leaf.
int code_lengths(const uint32_t counts[256], uint8_t lengths[256]) {
  uint64_t weights[512];
  int parents[512], used = 0, alive[512];
  memset(lengths, 0, 256);
  for (int s = 0; s < 256; s++) {
    weights[s] = counts[s];
    alive[s] = counts[s] > 0;
    used += alive[s];
  }
  if (used < 2) {
    for (int s = 0; s < 256; s++) lengths[s] = counts[s] > 0;
    return used;
  }
  int next = 256;
  for (int joins = used - 1; joins > 0; joins--) {
    int first = -1, second = -1;
    for (int t = 0; t < next; t++) {
      if (!alive[t]) continue;
      if (first < 0 || weights[t] < weights[first]) {
        second = first;
        first = t;
      } else if (second < 0 || weights[t] < weights[second]) {
        second = t;
      }
    }
    weights[next] = weights[first] + weights[second];
    alive[first] = alive[second] = 0;
    alive[next] = 1;
    parents[first] = parents[second] = next++;
  }
  for (int s = 0; s < 256; s++) {
    if (!counts[s]) continue;
    for (int t = s; t != next - 1; t = parents[t]) lengths[s]++;
  }
  return used;
}

void canonical_codes(const uint8_t lengths[256], uint32_t codes[256]) {
  uint32_t code = 0;
  for (int length = 1; length <= 32; length++) {
    for (int s = 0; s < 256; s++) {
      if (lengths[s] == length) codes[s] = code++;
    }
    code <<= 1;
  }
}

size_t encode(const uint8_t *data, size_t size, const uint8_t lengths[256],
              const uint32_t codes[256], uint8_t *out, size_t room) {
  struct bit_writer w = {out, 0, room, 0, 0};
  for (size_t i = 0; i < size; i++) {
    put_bits(&w, codes[data[i]], lengths[data[i]]);
  }
  flush_bits(&w);
  return w.size;
}

size_t decode(const uint8_t *in, size_t in_size, const uint8_t lengths[256],
              uint8_t *out, size_t size) {
  uint16_t per_length[33] = {0}, symbols[256];
  int total = 0;
  for (int length = 1; length <= 32; length++) {
    for (int s = 0; s < 256; s++) {
      if (lengths[s] != length) continue;
      per_length[length]++;
      symbols[total++] = (uint16_t)s;
    }
  }
  struct bit_reader r = {in, in_size, 0, 0, 0};
  for (size_t i = 0; i < size; i++) {
    uint32_t code = 0, first = 0, index = 0;
    for (int length = 1;; length++) {
      const int bit = get_bit(&r);
      if (bit < 0 || length > 32) return i;
      code |= (uint32_t)bit;
      if (code - first < per_length[length]) {
        out[i] = (uint8_t)symbols[index + code - first];
        break;
      }
      index += per_length[length];
      first = (first + per_length[length]) << 1;
      code <<= 1;
    }
  }
  return size;
}

uint64_t encoded_bits(const uint32_t counts[256], const uint8_t lengths[256]) {
  uint64_t bits = 0;
  for (int s = 0; s < 256; s++) bits += (uint64_t)counts[s] * lengths[s];
  return bits;
}
