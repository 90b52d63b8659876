// The language of eight signs, its brackets matched beforehand.
#include <string.h>
#include "../../inputs.h"

enum { TAPE = 256 };

static int match(const char *code, int *jumps) {
  int stack[64], depth = 0;
  for (int i = 0; code[i]; i++) {
    if (code[i] == '[') {
      if (depth == 64) return 0;
      stack[depth++] = i;
    } else if (code[i] == ']') {
      if (depth == 0) return 0;
      jumps[i] = stack[--depth];
      jumps[jumps[i]] = i;
    }
  }
  return depth == 0;
}

static unsigned run(const char *code, const int *jumps, long limit) {
  unsigned char tape[TAPE] = {0};
  unsigned at = 0, printed = 0;
  for (long i = 0, steps = 0; code[i] && steps < limit; i++, steps++) {
    switch (code[i]) {
      case '>': at = (at + 1) % TAPE; break;
      case '<': at = at ? at - 1 : TAPE - 1; break;
      case '+': tape[at]++; break;
      case '-': tape[at]--; break;
      case '.': printed = 31 * printed + tape[at]; break;
      case ',': tape[at] = in_below(3); break;
      case '[':
        if (!tape[at]) i = jumps[i];
        break;
      case ']':
        if (tape[at]) i = jumps[i];
        break;
    }
  }
  return printed;
}

int main(void) {
  static const char *const programs[] = {
      "++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]>>.>---.+++++++..+++.",
      "++++++[>+++++++<-]>[->+>+<<]>>[-<<+>>]<.<[>.<-]",
      ",[->,[->+<]<]>>.[-]+[[>]+[<]>-]"};
  unsigned total = 0;
  int jumps[200];
  for (int round = 0; round < 60; round++) {
    const char *code = programs[round % 3];
    if (match(code, jumps)) total += run(code, jumps, 3000);
  }
  for (int round = 0; round < 300; round++) {
    char code[60];
    FILL(code, 59, "><+-.,[]++"[in_below(10)]);
    code[59] = 0;
    if (match(code, jumps)) total += run(code, jumps, 500);
  }
  printf("%u\n", total);
  return 0;
}
