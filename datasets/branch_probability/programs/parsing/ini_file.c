// Sections, keys and values of a configuration file, with comments.
#include <string.h>
#include "../../inputs.h"

struct pair {
  char section[16], key[16], value[24];
};

static char *trim(char *text) {
  while (*text == ' ' || *text == '\t') text++;
  size_t n = strlen(text);
  while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t')) text[--n] = 0;
  return text;
}

static int parse_line(char *line, char *section, struct pair *out) {
  char *text = trim(line);
  if (*text == 0 || *text == ';' || *text == '#') return 0;
  if (*text == '[') {
    char *end = strchr(text, ']');
    if (!end || end - text > 15) return -1;
    *end = 0;
    strcpy(section, text + 1);
    return 0;
  }
  char *equals = strchr(text, '=');
  if (!equals || equals == text) return -1;
  *equals = 0;
  snprintf(out->section, sizeof out->section, "%s", section);
  snprintf(out->key, sizeof out->key, "%s", trim(text));
  snprintf(out->value, sizeof out->value, "%s", trim(equals + 1));
  return 1;
}

static const char *look_up(const struct pair *pairs, int count,
                           const char *section, const char *key) {
  for (int i = count - 1; i >= 0; i--)
    if (!strcmp(pairs[i].key, key) && !strcmp(pairs[i].section, section))
      return pairs[i].value;
  return 0;
}

int main(void) {
  static struct pair pairs[400];
  char section[16] = "", line[80];
  int count = 0, errors = 0, hits = 0;
  for (int i = 0; i < 700 && count < 400; i++) {
    const uint32_t what = in_below(20);
    if (what < 3) snprintf(line, 80, "[section%u]", in_below(8));
    else if (what < 6) snprintf(line, 80, "  # note %u", what);
    else if (what == 6) snprintf(line, 80, " ");
    else if (what == 7) snprintf(line, 80, "no value here");
    else snprintf(line, 80, "  key%u = %u  ", in_below(30), in_bits());
    const int found = parse_line(line, section, &pairs[count]);
    if (found < 0) errors++;
    else count += found;
  }
  for (int i = 0; i < 500; i++) {
    char key[16], name[16];
    snprintf(key, 16, "key%u", in_below(40));
    snprintf(name, 16, "section%u", in_below(9));
    if (look_up(pairs, count, name, key)) hits++;
  }
  printf("%d %d %d\n", count, errors, hits);
  return 0;
}
