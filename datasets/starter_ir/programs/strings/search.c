// Substring search in four ways and wildcard matching.
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

long find_naive(const char *text, const char *pattern) {
  for (long i = 0; text[i]; i++) {
    long j = 0;
    while (pattern[j] && text[i + j] == pattern[j]) j++;
    if (!pattern[j]) return i;
  }
  return pattern[0] ? -1 : 0;
}

void failure_table(const char *pattern, int length, int *failure) {
  failure[0] = 0;
  for (int i = 1, matched = 0; i < length; i++) {
    while (matched && pattern[i] != pattern[matched]) {
      matched = failure[matched - 1];
    }
    if (pattern[i] == pattern[matched]) matched++;
    failure[i] = matched;
  }
}

int count_occurrences(const char *text, const char *pattern, int length,
                      const int *failure) {
  int count = 0, matched = 0;
  for (; *text; text++) {
    while (matched && *text != pattern[matched]) {
      matched = failure[matched - 1];
    }
    if (*text == pattern[matched]) matched++;
    if (matched == length) {
      count++;
      matched = failure[matched - 1];
    }
  }
  return count;
}

ptrdiff_t find_horspool(const unsigned char *text, size_t size,
                        const unsigned char *pattern, size_t length) {
  size_t skip[256];
  if (!length || length > size) return length ? -1 : 0;
  for (int c = 0; c < 256; c++) skip[c] = length;
  for (size_t i = 0; i + 1 < length; i++) skip[pattern[i]] = length - 1 - i;
  size_t at = 0;
  while (at + length <= size) {
    size_t i = length - 1;
    while (text[at + i] == pattern[i]) {
      if (i-- == 0) return (ptrdiff_t)at;
    }
    at += skip[text[at + length - 1]];
  }
  return -1;
}

ptrdiff_t find_rolling(const char *text, size_t size, const char *pattern,
                       size_t length) {
  if (length > size) return -1;
  unsigned wanted = 0, hash = 0, power = 1;
  for (size_t i = 0; i < length; i++) {
    wanted = wanted * 257u + (unsigned char)pattern[i];
    hash = hash * 257u + (unsigned char)text[i];
    if (i) power *= 257u;
  }
  for (size_t i = 0;; i++) {
    if (hash == wanted && memcmp(text + i, pattern, length) == 0) {
      return (ptrdiff_t)i;
    }
    if (i + length >= size) return -1;
    hash -= power * (unsigned char)text[i];
    hash = hash * 257u + (unsigned char)text[i + length];
  }
}

bool match_wildcards(const char *pattern, const char *text) {
  const char *star = NULL, *retry = NULL;
  while (*text) {
    if (*pattern == '*') {
      star = pattern++;
      retry = text;
    } else if (*pattern == '?' || *pattern == *text) {
      pattern++;
      text++;
    } else if (star) {
      pattern = star + 1;
      text = ++retry;
    } else {
      return false;
    }
  }
  while (*pattern == '*') pattern++;
  return !*pattern;
}

static bool match_here(const char *pattern, const char *text);

static bool match_star(char c, const char *pattern, const char *text) {
  do {
    if (match_here(pattern, text)) return true;
  } while (*text && (*text++ == c || c == '.'));
  return false;
}

static bool match_here(const char *pattern, const char *text) {
  if (!pattern[0]) return true;
  if (pattern[1] == '*') return match_star(pattern[0], pattern + 2, text);
  if (pattern[0] == '$' && !pattern[1]) return !*text;
  if (*text && (pattern[0] == '.' || pattern[0] == *text)) {
    return match_here(pattern + 1, text + 1);
  }
  return false;
}

bool match_regular(const char *pattern, const char *text) {
  if (pattern[0] == '^') return match_here(pattern + 1, text);
  do {
    if (match_here(pattern, text)) return true;
  } while (*text++);
  return false;
}
