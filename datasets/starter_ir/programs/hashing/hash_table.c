// An open-addressing table with tombstones, a chained set, a Bloom filter.
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum slot_state { SLOT_FREE, SLOT_USED, SLOT_DELETED };

struct slot {
  uint64_t key;
  int32_t value;
  uint8_t state;
};

struct table {
  struct slot *slots;
  size_t capacity, used, deleted;
};

static uint64_t scramble(uint64_t x) {
  x ^= x >> 31;
  x *= 0x7fb5d329728ea185u;
  x ^= x >> 27;
  return x;
}

bool table_init(struct table *t, size_t capacity) {
  t->slots = calloc(capacity, sizeof *t->slots);
  t->capacity = capacity;
  t->used = t->deleted = 0;
  return t->slots != NULL;
}

struct slot *table_find(const struct table *t, uint64_t key) {
  const size_t mask = t->capacity - 1;
  size_t at = scramble(key) & mask;
  while (t->slots[at].state != SLOT_FREE) {
    if (t->slots[at].state == SLOT_USED && t->slots[at].key == key) {
      return &t->slots[at];
    }
    at = (at + 1) & mask;
  }
  return NULL;
}

bool table_grow(struct table *t);

bool table_put(struct table *t, uint64_t key, int32_t value) {
  struct slot *found = table_find(t, key);
  if (found) {
    found->value = value;
    return true;
  }
  if ((t->used + t->deleted + 1) * 4 > t->capacity * 3 && !table_grow(t)) {
    return false;
  }
  const size_t mask = t->capacity - 1;
  size_t at = scramble(key) & mask;
  while (t->slots[at].state == SLOT_USED) at = (at + 1) & mask;
  if (t->slots[at].state == SLOT_DELETED) t->deleted--;
  t->slots[at] = (struct slot){key, value, SLOT_USED};
  t->used++;
  return true;
}

bool table_grow(struct table *t) {
  struct table bigger;
  if (!table_init(&bigger, t->capacity * 2)) return false;
  for (size_t i = 0; i < t->capacity; i++) {
    const struct slot *slot = &t->slots[i];
    if (slot->state == SLOT_USED) table_put(&bigger, slot->key, slot->value);
  }
  free(t->slots);
  *t = bigger;
  return true;
}

bool table_remove(struct table *t, uint64_t key) {
  struct slot *found = table_find(t, key);
  if (!found) return false;
  found->state = SLOT_DELETED;
  t->used--;
  t->deleted++;
  return true;
}

struct node {
  struct node *next;
  char key[];
};

bool set_insert(struct node **buckets, unsigned num_buckets, const char *key) {
  unsigned hash = 0;
  for (const char *p = key; *p; p++) hash = hash * 131u + (unsigned char)*p;
  struct node **link = &buckets[hash % num_buckets];
  for (; *link; link = &(*link)->next) {
    if (strcmp((*link)->key, key) == 0) return false;
  }
  const size_t length = strlen(key) + 1;
  struct node *fresh = malloc(sizeof *fresh + length);
  if (!fresh) return false;
  fresh->next = NULL;
  memcpy(fresh->key, key, length);
  *link = fresh;
  return true;
}

void bloom_add(uint8_t *bits, uint32_t num_bits, uint64_t key, int hashes) {
  const uint64_t mixed = scramble(key);
  const uint32_t first = (uint32_t)mixed, second = (uint32_t)(mixed >> 32) | 1u;
  for (int i = 0; i < hashes; i++) {
    const uint32_t bit = (first + (uint32_t)i * second) % num_bits;
    bits[bit >> 3] |= (uint8_t)(1u << (bit & 7));
  }
}

bool bloom_test(const uint8_t *bits, uint32_t num_bits, uint64_t key,
                int hashes) {
  const uint64_t mixed = scramble(key);
  const uint32_t first = (uint32_t)mixed, second = (uint32_t)(mixed >> 32) | 1u;
  for (int i = 0; i < hashes; i++) {
    const uint32_t bit = (first + (uint32_t)i * second) % num_bits;
    if (!(bits[bit >> 3] >> (bit & 7) & 1)) return false;
  }
  return true;
}
