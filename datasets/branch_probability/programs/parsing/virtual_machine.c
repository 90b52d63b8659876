#include "../../../starter_ir/programs/parsing/virtual_machine.c"
#include "../../inputs.h"

int main(void) {
  static struct machine m;
  static uint8_t code[256];
  long total = 0;
  for (int round = 0; round < 3000; round++) {
    memset(&m, 0, sizeof m);
    for (int i = 0; i < 256; i++) {
      const uint32_t what = in_below(10);
      code[i] = what < 5 ? OP_PUSH : what < 9 ? in_below(OP_COUNT) : in_bits();
    }
    const uint32_t size = fold_constants(code, 100 + in_below(150));
    total += run(&m, code, size, 2000) + m.steps;
  }
  printf("%ld\n", total);
  return 0;
}
