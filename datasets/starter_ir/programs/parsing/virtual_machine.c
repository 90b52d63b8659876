// A byte-code machine with a stack, a checker and a peephole pass.
#include <stdint.h>
#include <string.h>

enum opcode {
  OP_HALT, OP_PUSH, OP_POP, OP_DUP, OP_SWAP, OP_ADD, OP_SUB, OP_MUL, OP_DIV,
  OP_MOD, OP_AND, OP_OR, OP_XOR, OP_SHL, OP_NEG, OP_NOT, OP_LESS, OP_EQUAL,
  OP_LOAD, OP_STORE, OP_JUMP, OP_JUMP_IF, OP_CALL, OP_RETURN, OP_COUNT
};

enum status { RUNNING, HALTED, STACK_FAULT, CODE_FAULT, DIVIDE_FAULT, TIMEOUT };

struct machine {
  int32_t stack[256];
  int32_t memory[64];
  uint32_t calls[32];
  uint32_t program_counter, stack_size, call_size;
  uint64_t steps;
};

static const int8_t takes[OP_COUNT] = {0, 0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2,
                                       2, 2, 1, 1, 2, 2, 0, 1, 0, 1, 0, 0};
static const int8_t gives[OP_COUNT] = {0, 1, 0, 2, 2, 1, 1, 1, 1, 1, 1, 1,
                                       1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0};

int has_operand(uint8_t code) {
  switch (code) {
    case OP_PUSH:
    case OP_LOAD:
    case OP_STORE:
    case OP_JUMP:
    case OP_JUMP_IF:
    case OP_CALL:
      return 1;
    default:
      return 0;
  }
}

enum status check_stack(const struct machine *m, uint8_t code) {
  if (code >= OP_COUNT) return CODE_FAULT;
  if (m->stack_size < (uint32_t)takes[code]) return STACK_FAULT;
  if (m->stack_size + (uint32_t)gives[code] > 256) return STACK_FAULT;
  return RUNNING;
}

int32_t binary(uint8_t code, int32_t left, int32_t right) {
  const uint32_t a = (uint32_t)left, b = (uint32_t)right;
  switch (code) {
    case OP_ADD: return (int32_t)(a + b);
    case OP_SUB: return (int32_t)(a - b);
    case OP_MUL: return (int32_t)(a * b);
    case OP_AND: return left & right;
    case OP_OR: return left | right;
    case OP_XOR: return left ^ right;
    case OP_SHL: return (int32_t)(a << (b & 31));
    case OP_LESS: return left < right;
    case OP_EQUAL: return left == right;
    default: return 0;
  }
}

enum status step(struct machine *m, const uint8_t *code, uint32_t size) {
  if (m->program_counter >= size) return CODE_FAULT;
  const uint8_t op = code[m->program_counter++];
  const enum status checked = check_stack(m, op);
  if (checked != RUNNING) return checked;
  int8_t operand = 0;
  if (has_operand(op)) {
    if (m->program_counter >= size) return CODE_FAULT;
    operand = (int8_t)code[m->program_counter++];
  }
  int32_t *top = m->stack + m->stack_size;
  switch (op) {
    case OP_HALT: return HALTED;
    case OP_PUSH: *top = operand; break;
    case OP_POP: break;
    case OP_DUP: top[0] = top[-1]; break;
    case OP_SWAP: {
      const int32_t kept = top[-1];
      top[-1] = top[-2];
      top[-2] = kept;
      break;
    }
    case OP_DIV:
    case OP_MOD:
      if (top[-1] == 0 || (top[-1] == -1 && top[-2] == INT32_MIN)) {
        return DIVIDE_FAULT;
      }
      top[-2] = op == OP_DIV ? top[-2] / top[-1] : top[-2] % top[-1];
      break;
    case OP_NEG: top[-1] = (int32_t)(0u - (uint32_t)top[-1]); break;
    case OP_NOT: top[-1] = !top[-1]; break;
    case OP_LOAD: *top = m->memory[operand & 63]; break;
    case OP_STORE: m->memory[operand & 63] = top[-1]; break;
    case OP_JUMP: m->program_counter += (uint32_t)operand; break;
    case OP_JUMP_IF:
      if (top[-1]) m->program_counter += (uint32_t)operand;
      break;
    case OP_CALL:
      if (m->call_size == 32) return STACK_FAULT;
      m->calls[m->call_size++] = m->program_counter;
      m->program_counter += (uint32_t)operand;
      break;
    case OP_RETURN:
      if (!m->call_size) return HALTED;
      m->program_counter = m->calls[--m->call_size];
      break;
    default: top[-2] = binary(op, top[-2], top[-1]);
  }
  m->stack_size += (uint32_t)(gives[op] - takes[op]);
  return RUNNING;
}

enum status run(struct machine *m, const uint8_t *code, uint32_t size,
                uint64_t max_steps) {
  memset(m, 0, sizeof *m);
  enum status status = RUNNING;
  while (status == RUNNING) {
    if (m->steps++ == max_steps) return TIMEOUT;
    status = step(m, code, size);
  }
  return status;
}

uint32_t fold_constants(uint8_t *code, uint32_t size) {
  uint32_t out = 0;
  for (uint32_t in = 0; in < size;) {
    if (in + 4 < size && code[in] == OP_PUSH && code[in + 2] == OP_PUSH &&
        (code[in + 4] == OP_ADD || code[in + 4] == OP_XOR)) {
      const int32_t folded = binary(code[in + 4], (int8_t)code[in + 1],
                                    (int8_t)code[in + 3]);
      if (folded >= -128 && folded < 128) {
        code[out++] = OP_PUSH;
        code[out++] = (uint8_t)folded;
        in += 5;
        continue;
      }
    }
    const int length = 1 + has_operand(code[in]);
    for (int i = 0; i < length && in < size; i++) code[out++] = code[in++];
  }
  return out;
}
