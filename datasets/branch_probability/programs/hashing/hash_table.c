#include "../../../starter_ir/programs/hashing/hash_table.c"
#include "../../inputs.h"

int main(void) {
  struct table t;
  static struct node *buckets[512];
  static uint8_t bits[8192];
  uint64_t total = table_init(&t, 64);
  for (int i = 0; i < 20000; i++) {
    const uint64_t key = in_skewed(5000);
    const uint32_t what = in_below(10);
    if (what < 4) {
      total += table_put(&t, key, i);
    } else if (what < 5) {
      total += table_remove(&t, key);
    } else {
      const struct slot *found = table_find(&t, key);
      total += found && found->state == SLOT_USED;
    }
  }
  for (int i = 0; i < 4000; i++) {
    char key[8] = {0};
    FILL(key, 1 + in_below(3), 'a' + in_below(12));
    total += set_insert(buckets, 512, key);
  }
  for (int i = 0; i < 3000; i++) bloom_add(bits, 65536, in_bits(), 4);
  for (int i = 0; i < 6000; i++) total += bloom_test(bits, 65536, in_bits(), 4);
  printf("%llu\n", (unsigned long long)total);
  return 0;
}
