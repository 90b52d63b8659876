// Quoted fields, totals of the numeric columns, the widest of each.
#include <stdlib.h>
#include <string.h>
#include "../../inputs.h"

enum { COLUMNS = 6 };

static int split(char *line, char **fields) {
  int n = 0;
  char *out = line;
  fields[n++] = out;
  for (int quoted = 0; *line; line++) {
    if (*line == '"') {
      if (quoted && line[1] == '"') *out++ = *line++;
      else quoted = !quoted;
    } else if (*line == ',' && !quoted) {
      *out++ = 0;
      if (n == COLUMNS) return -1;
      fields[n++] = out;
    } else {
      *out++ = *line;
    }
  }
  *out = 0;
  return n;
}

static int is_number(const char *text) {
  if (*text == '-') text++;
  int digits = 0, points = 0;
  for (; *text; text++) {
    if (*text >= '0' && *text <= '9') digits++;
    else if (*text == '.' && !points) points++;
    else return 0;
  }
  return digits > 0;
}

int main(void) {
  double sums[COLUMNS] = {0};
  size_t widest[COLUMNS] = {0};
  int bad = 0, empty = 0, words = 0;
  for (int row = 0; row < 2000; row++) {
    char line[300], *fields[COLUMNS];
    int n = 0;
    const uint32_t columns = in_below(50) ? COLUMNS : in_below(9) + 1;
    for (uint32_t c = 0; c < columns; c++) {
      if (c) line[n++] = ',';
      const uint32_t kind = in_below(8);
      if (kind < 4) n += sprintf(line + n, "%u.%02u", in_below(999), c);
      else if (kind < 6) n += sprintf(line + n, "item %u", in_below(99));
      else if (kind < 7) n += sprintf(line + n, "\"a, \"\"%u\"\"\"", c);
    }
    line[n] = 0;
    const int found = split(line, fields);
    if (found != COLUMNS) {
      bad++;
      continue;
    }
    for (int c = 0; c < COLUMNS; c++) {
      const size_t width = strlen(fields[c]);
      if (width > widest[c]) widest[c] = width;
      if (width == 0) empty++;
      else if (is_number(fields[c])) sums[c] += strtod(fields[c], 0);
      else words++;
    }
  }
  printf("%d %d %d %g %zu\n", bad, empty, words, sums[1], widest[2]);
  return 0;
}
