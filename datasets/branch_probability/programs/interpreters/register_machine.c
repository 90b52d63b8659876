// A machine of eight registers runs small loops, and faults.
#include "../../inputs.h"

enum op { SET, ADD, SUB, MUL, DIV, LOAD, STORE, JUMP, IF_LESS, IF_ZERO, HALT };
enum fault { NONE, BAD_DIVIDE, BAD_ADDRESS, BAD_JUMP, TOO_LONG };

struct instruction {
  uint8_t op, a, b;
  int16_t value;
};

static enum fault run(const struct instruction *code, int size, int32_t *r,
                      int32_t *memory, long limit) {
  int pc = 0;
  for (long steps = 0; steps < limit; steps++) {
    if (pc < 0 || pc >= size) return BAD_JUMP;
    const struct instruction i = code[pc++];
    switch ((enum op)i.op) {
      case SET: r[i.a] = i.value; break;
      case ADD: r[i.a] = (uint32_t)r[i.a] + r[i.b]; break;
      case SUB: r[i.a] = (uint32_t)r[i.a] - r[i.b]; break;
      case MUL: r[i.a] = (uint32_t)r[i.a] * r[i.b]; break;
      case DIV:
        if (r[i.b] == 0 || r[i.b] == -1) return BAD_DIVIDE;
        r[i.a] /= r[i.b];
        break;
      case LOAD:
        if (r[i.b] < 0 || r[i.b] >= 64) return BAD_ADDRESS;
        r[i.a] = memory[r[i.b]];
        break;
      case STORE:
        if (r[i.b] < 0 || r[i.b] >= 64) return BAD_ADDRESS;
        memory[r[i.b]] = r[i.a];
        break;
      case JUMP: pc += i.value; break;
      case IF_LESS:
        if (r[i.a] < r[i.b]) pc += i.value;
        break;
      case IF_ZERO:
        if (r[i.a] == 0) pc += i.value;
        break;
      case HALT: return NONE;
    }
  }
  return TOO_LONG;
}

int main(void) {
  // r1 += memory[r2], r2 counts to r3.
  const struct instruction sum[] = {
      {SET, 1, 0, 0}, {SET, 2, 0, 0}, {SET, 4, 0, 1},  {SET, 3, 0, 60},
      {LOAD, 5, 2, 0}, {ADD, 1, 5, 0}, {ADD, 2, 4, 0}, {IF_LESS, 2, 3, -4},
      {HALT, 0, 0, 0}};
  int32_t memory[64], r[8];
  long total = 0;
  int faults[5] = {0};
  for (int round = 0; round < 100; round++) {
    FILL(memory, 64, in_below(1000));
    FILL(r, 8, 0);
    faults[run(sum, 9, r, memory, 1000)]++;
    total += r[1];
    struct instruction code[30];
    for (int i = 0; i < 30; i++)
      code[i] = (struct instruction){in_skewed(11), in_below(8), in_below(8),
                                     (int)in_below(9) - 4};
    faults[run(code, 30, r, memory, 400)]++;
  }
  printf("%ld %d %d %d %d\n", total, faults[0], faults[1], faults[2],
         faults[4]);
  return 0;
}
