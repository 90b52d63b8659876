#include "../../../starter_ir/programs/containers/trees.c"
#include "../../inputs.h"

int main(void) {
  struct node *root = 0;
  static struct link links[3000];
  static struct trie words;
  static int value = 1;
  long total = 0;
  for (int i = 0; i < 4000; i++)
    root = tree_insert(root, in_below(3000), &value);
  for (int i = 0; i < 6000; i++) total += tree_find(root, in_below(6000)) != 0;
  for (int i = 0; i < 2000; i++) root = tree_remove(root, in_below(3000));
  total += tree_sum(root);
  for (int i = 0; i < 3000; i++) {
    links[i].value = in_unit();
    links[i].next = i + 1 < 3000 ? &links[i + 1] : 0;
  }
  total += list_has_cycle(links);
  struct link *sorted = list_reverse(list_sort(links));
  total += sorted->value > 0.5;
  for (int i = 0; i < 2000; i++) {
    char word[9] = {0};
    const int length = 1 + in_skewed(8);
    for (int k = 0; k < length; k++) word[k] = 'a' + in_skewed(26);
    if (i % 97 == 0) word[0] = '-';
    total += trie_add(&words, word);
    word[length / 2] = 0;
    total += trie_count(&words, word);
  }
  printf("%ld\n", total);
  return 0;
}
