// Checks packets of a small network: versions, lengths, sums, routes.
#include <string.h>
#include "../../inputs.h"

enum { ROUTES = 40 };

struct route {
  uint32_t network;
  int bits, port;
};

static struct route routes[ROUTES];

static uint16_t checksum(const uint8_t *data, int size) {
  uint32_t sum = 0;
  for (int i = 0; i + 1 < size; i += 2) sum += data[i] << 8 | data[i + 1];
  if (size & 1) sum += data[size - 1] << 8;
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

static int look_up(uint32_t address) {
  int best = -1;
  for (int i = 0; i < ROUTES; i++) {
    const uint32_t mask = routes[i].bits ? ~0u << (32 - routes[i].bits) : 0;
    if ((address & mask) != (routes[i].network & mask)) continue;
    if (best < 0 || routes[i].bits > routes[best].bits) best = i;
  }
  return best < 0 ? -1 : routes[best].port;
}

static int forward(uint8_t *packet, int size, int *reason) {
  *reason = 0;
  if (size < 20) return *reason = 1, -1;
  if (packet[0] >> 4 != 4) return *reason = 2, -1;
  const int header = (packet[0] & 15) * 4;
  if (header < 20 || header > size) return *reason = 3, -1;
  if (checksum(packet, header) != 0) return *reason = 4, -1;
  if (packet[8] <= 1) return *reason = 5, -1;
  packet[8]--;
  packet[10] = packet[11] = 0;
  const uint16_t sum = checksum(packet, header);
  packet[10] = sum >> 8;
  packet[11] = sum;
  const uint32_t to = (uint32_t)packet[16] << 24 | packet[17] << 16 |
                      packet[18] << 8 | packet[19];
  if (to >> 28 == 14) return 99;  // to many
  const int port = look_up(to);
  if (port < 0) *reason = 6;
  return port;
}

int main(void) {
  int reasons[7] = {0};
  long total = 0;
  for (int i = 0; i < ROUTES; i++)
    routes[i] = (struct route){in_bits(), i ? 1 + in_below(16) : 2, i % 6};
  for (int i = 0; i < 6000; i++) {
    uint8_t packet[80];
    int reason;
    FILL(packet, 80, in_below(256));
    const int words = in_below(8) ? 5 : 5 + in_below(4);
    packet[0] = (in_below(90) ? 4 : 6) << 4 | words;
    packet[8] = in_below(64);
    packet[10] = packet[11] = 0;
    const uint16_t sum = checksum(packet, 4 * words);
    packet[10] = sum >> 8;
    packet[11] = in_below(50) ? sum : ~sum;
    total += forward(packet, in_below(100) ? 40 + in_below(40) : 12, &reason);
    reasons[reason]++;
  }
  printf("%ld %d %d %d\n", total, reasons[0], reasons[4], reasons[6]);
  return 0;
}
