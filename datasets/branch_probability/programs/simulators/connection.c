// The states of a connection, driven by packets, timers and calls.
#include "../../inputs.h"

enum state { CLOSED, LISTEN, SYN_SENT, SYN_SEEN, OPEN, FIN_WAIT, CLOSE_WAIT,
             LAST_ACK, TIME_WAIT, STATES };
enum { SYN = 1, ACK = 2, FIN = 4, RESET = 8 };

struct connection {
  enum state state;
  int timer, resets, timeouts, opened;
};

static void on_packet(struct connection *c, int flags) {
  if (flags & RESET) {
    if (c->state != CLOSED && c->state != LISTEN) {
      c->resets++;
      c->state = CLOSED;
    }
    return;
  }
  switch (c->state) {
    case LISTEN:
      if (flags & SYN) c->state = SYN_SEEN;
      break;
    case SYN_SENT:
      if ((flags & (SYN | ACK)) == (SYN | ACK)) c->state = OPEN, c->opened++;
      else if (flags & SYN) c->state = SYN_SEEN;
      break;
    case SYN_SEEN:
      if (flags & ACK) c->state = OPEN, c->opened++;
      break;
    case OPEN:
      if (flags & FIN) c->state = CLOSE_WAIT;
      break;
    case FIN_WAIT:
      if (flags & FIN) c->state = TIME_WAIT;
      break;
    case LAST_ACK:
      if (flags & ACK) c->state = CLOSED;
      break;
    default: break;
  }
  c->timer = 0;
}

static void on_tick(struct connection *c) {
  static const int limits[STATES] = {0, 0, 8, 8, 200, 20, 30, 8, 4};
  if (limits[c->state] == 0 || ++c->timer <= limits[c->state]) return;
  if (c->state != TIME_WAIT) c->timeouts++;
  c->state = CLOSED;
  c->timer = 0;
}

int main(void) {
  struct connection c[16] = {{CLOSED, 0, 0, 0, 0}};
  int seen[STATES] = {0}, opened = 0, resets = 0, timeouts = 0;
  for (int i = 0; i < 30000; i++) {
    struct connection *now = &c[in_below(16)];
    if (now->state == CLOSED) {
      now->state = in_below(3) ? LISTEN : SYN_SENT;
    } else if (now->state == CLOSE_WAIT && in_below(4) == 0) {
      now->state = LAST_ACK;
    } else if (now->state == OPEN && in_below(30) == 0) {
      now->state = FIN_WAIT;
    } else if (in_below(3)) {
      int flags = in_below(10) ? ACK : 0;
      if (now->state < OPEN && in_below(2)) flags |= SYN;
      if (in_below(25) == 0) flags |= FIN;
      if (in_below(300) == 0) flags |= RESET;
      on_packet(now, flags);
    }
    on_tick(now);
    seen[now->state]++;
  }
  for (int i = 0; i < 16; i++)
    opened += c[i].opened, resets += c[i].resets, timeouts += c[i].timeouts;
  printf("%d %d %d %d\n", opened, resets, timeouts, seen[OPEN]);
  return 0;
}
