// Normalises paths, joins them, and matches globs against them.
#include <string.h>
#include "../../inputs.h"

static int normalise(const char *path, char *out) {
  const int absolute = *path == '/';
  int n = 0, depth = 0;
  if (absolute) out[n++] = '/';
  while (*path) {
    while (*path == '/') path++;
    const char *end = path;
    while (*end && *end != '/') end++;
    const int length = end - path;
    if (length == 0) break;
    if (length == 1 && *path == '.') {
      // nothing
    } else if (length == 2 && path[0] == '.' && path[1] == '.') {
      if (depth > 0) {
        while (n > 0 && out[n - 1] != '/') n--;
        if (n > absolute) n--;
        depth--;
      } else if (!absolute) {
        if (n > 0) out[n++] = '/';
        out[n++] = '.';
        out[n++] = '.';
      }
    } else {
      if (n > absolute) out[n++] = '/';
      memcpy(out + n, path, length);
      n += length;
      depth++;
    }
    path = end;
  }
  if (n == 0) out[n++] = '.';
  out[n] = 0;
  return n;
}

static int matches(const char *glob, const char *text) {
  for (; *glob; glob++, text++) {
    if (*glob == '*') {
      const int deep = glob[1] == '*';
      glob += 1 + deep;
      for (;; text++) {
        if (matches(glob, text)) return 1;
        if (!*text || (*text == '/' && !deep)) return 0;
      }
    }
    if (!*text) return 0;
    if (*glob == '?' ? *text == '/' : *glob != *text) return 0;
  }
  return !*text;
}

int main(void) {
  static const char *const parts[] = {"src", "a.c", "..", ".", "", "lib", "b.h"};
  static const char *const globs[] = {"*.c", "src/*", "/**/a.c", "l?b/*.h",
                                      "**lib**"};
  long total = 0, matched = 0;
  for (int i = 0; i < 4000; i++) {
    char path[80], out[80];
    int n = 0;
    path[0] = 0;
    if (in_below(2)) path[n++] = '/', path[n] = 0;
    for (int k = 1 + in_below(7); k > 0; k--)
      n += sprintf(path + n, "%s/", parts[in_below(7)]);
    if (in_below(2)) path[n - 1] = 0;
    total += normalise(path, out);
    for (int k = 0; k < 5; k++) matched += matches(globs[k], out);
  }
  printf("%ld %ld\n", total, matched);
  return 0;
}
