// Search trees and queues on pointers: AVL, a trie, a pairing of both ends.
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

struct node {
  struct node *left, *right;
  int key, height;
  void *value;
};

static int height_of(const struct node *n) { return n ? n->height : 0; }

static void refresh(struct node *n) {
  const int left = height_of(n->left), right = height_of(n->right);
  n->height = 1 + (left > right ? left : right);
}

struct node *rotate_right(struct node *n) {
  struct node *top = n->left;
  n->left = top->right;
  top->right = n;
  refresh(n);
  refresh(top);
  return top;
}

struct node *rotate_left(struct node *n) {
  struct node *top = n->right;
  n->right = top->left;
  top->left = n;
  refresh(n);
  refresh(top);
  return top;
}

struct node *balance(struct node *n) {
  refresh(n);
  const int lean = height_of(n->left) - height_of(n->right);
  if (lean > 1) {
    if (height_of(n->left->left) < height_of(n->left->right)) {
      n->left = rotate_left(n->left);
    }
    return rotate_right(n);
  }
  if (lean < -1) {
    if (height_of(n->right->right) < height_of(n->right->left)) {
      n->right = rotate_right(n->right);
    }
    return rotate_left(n);
  }
  return n;
}

struct node *tree_insert(struct node *root, int key, void *value) {
  if (!root) {
    struct node *n = calloc(1, sizeof *n);
    if (!n) return NULL;
    n->key = key;
    n->value = value;
    n->height = 1;
    return n;
  }
  if (key < root->key) {
    root->left = tree_insert(root->left, key, value);
  } else if (key > root->key) {
    root->right = tree_insert(root->right, key, value);
  } else {
    root->value = value;
  }
  return balance(root);
}

struct node *take_least(struct node *root, struct node **least) {
  if (!root->left) {
    *least = root;
    return root->right;
  }
  root->left = take_least(root->left, least);
  return balance(root);
}

struct node *tree_remove(struct node *root, int key) {
  if (!root) return NULL;
  if (key < root->key) {
    root->left = tree_remove(root->left, key);
  } else if (key > root->key) {
    root->right = tree_remove(root->right, key);
  } else {
    struct node *left = root->left, *right = root->right;
    free(root);
    if (!right) return left;
    struct node *least;
    right = take_least(right, &least);
    least->left = left;
    least->right = right;
    return balance(least);
  }
  return balance(root);
}

void *tree_find(const struct node *root, int key) {
  while (root && root->key != key) root = key < root->key ? root->left
                                                          : root->right;
  return root ? root->value : NULL;
}

typedef bool (*visitor)(int key, void *value, void *context);

bool tree_walk(const struct node *root, visitor visit, void *context) {
  return !root || (tree_walk(root->left, visit, context) &&
                   visit(root->key, root->value, context) &&
                   tree_walk(root->right, visit, context));
}

bool sum_keys(int key, void *value, void *context) {
  (void)value;
  *(long *)context += key;
  return true;
}

long tree_sum(const struct node *root) {
  long sum = 0;
  tree_walk(root, sum_keys, &sum);
  return sum;
}

struct trie {
  struct trie *children[26];
  unsigned short words;
};

bool trie_add(struct trie *t, const char *word) {
  for (; *word; word++) {
    const int letter = (*word | 32) - 'a';
    if (letter < 0 || letter >= 26) return false;
    if (!t->children[letter]) {
      t->children[letter] = calloc(1, sizeof *t);
      if (!t->children[letter]) return false;
    }
    t = t->children[letter];
  }
  t->words++;
  return true;
}

int trie_count(const struct trie *t, const char *prefix) {
  for (; *prefix && t; prefix++) {
    const int letter = (*prefix | 32) - 'a';
    t = letter >= 0 && letter < 26 ? t->children[letter] : NULL;
  }
  if (!t) return 0;
  int total = t->words;
  for (int letter = 0; letter < 26; letter++) {
    if (t->children[letter]) total += trie_count(t->children[letter], "");
  }
  return total;
}

struct link {
  struct link *next;
  double value;
};

struct link *list_reverse(struct link *head) {
  struct link *result = NULL;
  while (head) {
    struct link *next = head->next;
    head->next = result;
    result = head;
    head = next;
  }
  return result;
}

struct link *list_sort(struct link *head) {
  if (!head || !head->next) return head;
  struct link *slow = head, *fast = head->next;
  while (fast && fast->next) {
    slow = slow->next;
    fast = fast->next->next;
  }
  struct link *b = list_sort(slow->next), *result = NULL, **tail = &result;
  slow->next = NULL;
  struct link *a = list_sort(head);
  while (a && b) {
    struct link **from = b->value < a->value ? &b : &a;
    *tail = *from;
    tail = &(*from)->next;
    *from = *tail;
  }
  *tail = a ? a : b;
  return result;
}

bool list_has_cycle(const struct link *head) {
  const struct link *slow = head, *fast = head;
  while (fast && fast->next) {
    slow = slow->next;
    fast = fast->next->next;
    if (slow == fast) return true;
  }
  return false;
}
