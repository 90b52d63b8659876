// A validating tokenizer for JSON and a reader of comma separated lines.
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum token_kind {
  TOKEN_OBJECT,
  TOKEN_ARRAY,
  TOKEN_STRING,
  TOKEN_NUMBER,
  TOKEN_WORD
};

struct token {
  enum token_kind kind;
  uint32_t start, end, children;
};

struct reader {
  const char *text;
  uint32_t at, size;
  struct token *tokens;
  int used, room;
};

static char peek(const struct reader *r) {
  return r->at < r->size ? r->text[r->at] : '\0';
}

void skip_space(struct reader *r) {
  for (;;) {
    switch (peek(r)) {
      case ' ':
      case '\t':
      case '\n':
      case '\r':
        r->at++;
        continue;
      default:
        return;
    }
  }
}

int open_token(struct reader *r, enum token_kind kind) {
  if (r->used == r->room) return -1;
  r->tokens[r->used] = (struct token){kind, r->at, r->at, 0};
  return r->used++;
}

bool read_string(struct reader *r) {
  const int token = open_token(r, TOKEN_STRING);
  if (token < 0) return false;
  r->at++;
  while (r->at < r->size) {
    const char c = r->text[r->at++];
    if (c == '"') {
      r->tokens[token].end = r->at;
      return true;
    }
    if ((unsigned char)c < 0x20) return false;
    if (c != '\\') continue;
    const char escaped = peek(r);
    r->at++;
    if (escaped == 'u') {
      for (int i = 0; i < 4; i++, r->at++) {
        const char h = (char)(peek(r) | 32);
        if (!((h >= '0' && h <= '9') || (h >= 'a' && h <= 'f'))) return false;
      }
    } else if (!escaped || !strchr("\"\\/bfnrt", escaped)) {
      return false;
    }
  }
  return false;
}

static bool read_digits(struct reader *r) {
  const uint32_t start = r->at;
  while (peek(r) >= '0' && peek(r) <= '9') r->at++;
  return r->at > start;
}

bool read_number(struct reader *r) {
  const int token = open_token(r, TOKEN_NUMBER);
  if (token < 0) return false;
  if (peek(r) == '-') r->at++;
  if (peek(r) == '0') {
    r->at++;
  } else if (!read_digits(r)) {
    return false;
  }
  if (peek(r) == '.') {
    r->at++;
    if (!read_digits(r)) return false;
  }
  if (peek(r) == 'e' || peek(r) == 'E') {
    r->at++;
    if (peek(r) == '+' || peek(r) == '-') r->at++;
    if (!read_digits(r)) return false;
  }
  r->tokens[token].end = r->at;
  return true;
}

bool read_word(struct reader *r, const char *word) {
  const uint32_t length = (uint32_t)strlen(word);
  const int token = open_token(r, TOKEN_WORD);
  if (token < 0 || r->size - r->at < length) return false;
  if (memcmp(r->text + r->at, word, length) != 0) return false;
  r->at += length;
  r->tokens[token].end = r->at;
  return true;
}

bool read_value(struct reader *r, int depth);

bool read_container(struct reader *r, char closing, int depth) {
  const bool is_object = closing == '}';
  const int token = open_token(r, is_object ? TOKEN_OBJECT : TOKEN_ARRAY);
  if (token < 0 || depth > 100) return false;
  r->at++;
  skip_space(r);
  if (peek(r) != closing) {
    for (;;) {
      if (is_object) {
        skip_space(r);
        if (peek(r) != '"' || !read_string(r)) return false;
        skip_space(r);
        if (peek(r) != ':') return false;
        r->at++;
      }
      if (!read_value(r, depth + 1)) return false;
      r->tokens[token].children++;
      skip_space(r);
      if (peek(r) == closing) break;
      if (peek(r) != ',') return false;
      r->at++;
    }
  }
  r->at++;
  r->tokens[token].end = r->at;
  return true;
}

bool read_value(struct reader *r, int depth) {
  skip_space(r);
  switch (peek(r)) {
    case '{':
      return read_container(r, '}', depth);
    case '[':
      return read_container(r, ']', depth);
    case '"':
      return read_string(r);
    case 't':
      return read_word(r, "true");
    case 'f':
      return read_word(r, "false");
    case 'n':
      return read_word(r, "null");
    default:
      return read_number(r);
  }
}

int tokenize(const char *text, uint32_t size, struct token *tokens, int room) {
  struct reader r = {text, 0, size, tokens, 0, room};
  if (!read_value(&r, 0)) return -(int)r.at - 1;
  skip_space(&r);
  return r.at == size ? r.used : -(int)r.at - 1;
}

int split_record(char *line, char **fields, int max_fields) {
  int count = 0;
  char *out = line;
  bool quoted = false;
  fields[count++] = out;
  for (char *in = line; *in; in++) {
    if (*in == '"') {
      if (quoted && in[1] == '"') {
        *out++ = *in++;
      } else {
        quoted = !quoted;
      }
    } else if (*in == ',' && !quoted) {
      *out++ = '\0';
      if (count == max_fields) return -1;
      fields[count++] = out;
    } else {
      *out++ = *in;
    }
  }
  *out = '\0';
  return quoted ? -1 : count;
}
