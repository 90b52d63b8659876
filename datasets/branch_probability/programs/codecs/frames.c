// Bytes stuffed into frames with a check, and a reader that gets in step.
#include <string.h>
#include "../../inputs.h"

enum { END = 0x7e, ESCAPE = 0x7d };

static uint16_t check(const uint8_t *data, int size) {
  uint16_t crc = 0xffff;
  for (int i = 0; i < size; i++) {
    crc ^= data[i];
    for (int k = 0; k < 8; k++) crc = crc & 1 ? crc >> 1 ^ 0x8408 : crc >> 1;
  }
  return crc;
}

static int stuff(const uint8_t *in, int size, uint8_t *out) {
  int n = 0;
  out[n++] = END;
  for (int i = 0; i < size; i++) {
    if (in[i] == END || in[i] == ESCAPE) {
      out[n++] = ESCAPE;
      out[n++] = in[i] ^ 0x20;
    } else {
      out[n++] = in[i];
    }
  }
  out[n++] = END;
  return n;
}

struct reader {
  uint8_t frame[128];
  int size, escaped, inside, good, bad, dropped;
};

static void take(struct reader *r, uint8_t byte) {
  if (byte == END) {
    if (r->inside && r->size > 2) {
      const uint16_t sum = r->frame[r->size - 2] | r->frame[r->size - 1] << 8;
      if (check(r->frame, r->size - 2) == sum) r->good++;
      else r->bad++;
    }
    r->inside = 1;
    r->size = r->escaped = 0;
  } else if (!r->inside) {
    r->dropped++;
  } else if (byte == ESCAPE) {
    r->escaped = 1;
  } else if (r->size == sizeof r->frame) {
    r->inside = 0;
    r->dropped += r->size;
  } else {
    r->frame[r->size++] = r->escaped ? byte ^ 0x20 : byte;
    r->escaped = 0;
  }
}

int main(void) {
  struct reader r = {.size = 0};
  for (int i = 0; i < 600; i++) {
    uint8_t data[130], wire[300];
    const int size = 1 + in_skewed(118);
    FILL(data, size, in_below(5) ? in_below(256) : END);
    const uint16_t sum = check(data, size);
    data[size] = sum;
    data[size + 1] = sum >> 8;
    const int n = stuff(data, size + 2, wire);
    for (int k = 0; k < n; k++) {
      if (in_below(700) == 0) continue;  // lost
      take(&r, in_below(900) ? wire[k] : in_below(256));
    }
  }
  printf("%d %d %d\n", r.good, r.bad, r.dropped);
  return 0;
}
