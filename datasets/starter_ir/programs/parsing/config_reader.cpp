// A reader of `name = value` settings that reports errors as exceptions.
#include <cstdlib>
#include <exception>
#include <map>
#include <string>

class ParseError : public std::exception {
 public:
  ParseError(int line, std::string reason)
      : line_(line), message_("line " + std::to_string(line) + ": " + reason) {}
  const char *what() const noexcept override { return message_.c_str(); }
  int line() const { return line_; }

 private:
  int line_;
  std::string message_;
};

class MissingSetting : public std::exception {
 public:
  explicit MissingSetting(std::string name) : name_(std::move(name)) {}
  const char *what() const noexcept override { return name_.c_str(); }

 private:
  std::string name_;
};

std::string trim(const std::string &text) {
  std::size_t first = 0, last = text.size();
  while (first < last && (text[first] == ' ' || text[first] == '\t')) first++;
  while (last > first && (text[last - 1] == ' ' || text[last - 1] == '\r')) {
    last--;
  }
  return text.substr(first, last - first);
}

std::string unquote(const std::string &text, int line) {
  if (text.empty() || text[0] != '"') return text;
  std::string result;
  for (std::size_t i = 1; i < text.size(); i++) {
    if (text[i] == '"') {
      if (i + 1 != text.size()) throw ParseError(line, "text after a quote");
      return result;
    }
    if (text[i] == '\\' && i + 1 < text.size()) {
      const char c = text[++i];
      result += c == 'n' ? '\n' : c == 't' ? '\t' : c;
    } else {
      result += text[i];
    }
  }
  throw ParseError(line, "open quote");
}

class Settings {
 public:
  void read(const std::string &text);
  const std::string &text(const std::string &name) const;
  long integer(const std::string &name) const;
  bool flag(const std::string &name, bool otherwise) const;
  int size() const { return static_cast<int>(values_.size()); }

 private:
  void read_line(const std::string &line, int number, std::string &section);
  std::map<std::string, std::string> values_;
};

void Settings::read_line(const std::string &line, int number,
                         std::string &section) {
  if (line.empty() || line[0] == '#') return;
  if (line[0] == '[') {
    if (line[line.size() - 1] != ']') throw ParseError(number, "open section");
    section = line.substr(1, line.size() - 2) + ".";
    return;
  }
  const std::size_t equals = line.find('=');
  if (equals == std::string::npos) throw ParseError(number, "no equals sign");
  const std::string name = trim(line.substr(0, equals));
  if (name.empty()) throw ParseError(number, "no name");
  values_[section + name] = unquote(trim(line.substr(equals + 1)), number);
}

void Settings::read(const std::string &text) {
  std::string section;
  std::size_t start = 0;
  for (int number = 1; start < text.size(); number++) {
    std::size_t end = text.find('\n', start);
    if (end == std::string::npos) end = text.size();
    read_line(trim(text.substr(start, end - start)), number, section);
    start = end + 1;
  }
}

const std::string &Settings::text(const std::string &name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw MissingSetting(name);
  return found->second;
}

long Settings::integer(const std::string &name) const {
  const std::string &value = text(name);
  char *end = nullptr;
  const long result = std::strtol(value.c_str(), &end, 0);
  if (end == value.c_str() || *end) throw ParseError(0, "no integer: " + value);
  return result;
}

bool Settings::flag(const std::string &name, bool otherwise) const {
  try {
    const std::string &value = text(name);
    return value == "true" || value == "yes" || value == "1";
  } catch (const MissingSetting &) {
    return otherwise;
  }
}

int first_bad_line(const char *text) {
  Settings settings;
  try {
    settings.read(text);
  } catch (const ParseError &error) {
    return error.line();
  } catch (...) {
    return -1;
  }
  return 0;
}
