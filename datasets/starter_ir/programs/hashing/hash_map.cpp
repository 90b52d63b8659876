// A robin-hood hash map template with string and integer keys, and an LRU.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

struct IntegerHash {
  std::uint64_t operator()(std::uint64_t key) const {
    key ^= key >> 33;
    key *= 0xff51afd7ed558ccdull;
    return key ^ key >> 33;
  }
};

struct TextHash {
  std::uint64_t operator()(const std::string &key) const {
    std::uint64_t hash = 14695981039346656037ull;
    for (const char c : key) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    }
    return hash;
  }
};

template <typename Key, typename Value, typename Hash>
class HashMap {
  struct Slot {
    Key key{};
    Value value{};
    int distance = -1;
  };

 public:
  HashMap() : slots_(new Slot[16]), capacity_(16) {}

  Value *find(const Key &key) {
    std::size_t at = home(key);
    for (int distance = 0; slots_[at].distance >= distance; distance++) {
      if (slots_[at].key == key) return &slots_[at].value;
      at = (at + 1) & (capacity_ - 1);
    }
    return nullptr;
  }

  void put(Key key, Value value) {
    if (Value *found = find(key)) {
      *found = std::move(value);
      return;
    }
    if (8 * (size_ + 1) > 7 * capacity_) grow();
    place(std::move(key), std::move(value));
    size_++;
  }

  bool erase(const Key &key) {
    std::size_t at = home(key);
    for (int distance = 0;; distance++) {
      if (slots_[at].distance < distance) return false;
      if (slots_[at].key == key) break;
      at = (at + 1) & (capacity_ - 1);
    }
    for (;;) {
      const std::size_t next = (at + 1) & (capacity_ - 1);
      if (slots_[next].distance <= 0) break;
      slots_[at] = std::move(slots_[next]);
      slots_[at].distance--;
      at = next;
    }
    slots_[at] = Slot();
    size_--;
    return true;
  }

  template <typename Function>
  void for_each(Function function) {
    for (std::size_t i = 0; i < capacity_; i++) {
      if (slots_[i].distance >= 0) function(slots_[i].key, slots_[i].value);
    }
  }

  std::size_t size() const { return size_; }

 private:
  std::size_t home(const Key &key) const {
    return static_cast<std::size_t>(Hash()(key)) & (capacity_ - 1);
  }

  void place(Key key, Value value) {
    std::size_t at = home(key);
    for (int distance = 0;; distance++) {
      Slot &slot = slots_[at];
      if (slot.distance < 0) {
        slot.key = std::move(key);
        slot.value = std::move(value);
        slot.distance = distance;
        return;
      }
      if (slot.distance < distance) {
        std::swap(slot.key, key);
        std::swap(slot.value, value);
        std::swap(slot.distance, distance);
      }
      at = (at + 1) & (capacity_ - 1);
    }
  }

  void grow() {
    std::unique_ptr<Slot[]> old = std::move(slots_);
    const std::size_t count = capacity_;
    capacity_ *= 2;
    slots_.reset(new Slot[capacity_]);
    for (std::size_t i = 0; i < count; i++) {
      if (old[i].distance >= 0) {
        place(std::move(old[i].key), std::move(old[i].value));
      }
    }
  }

  std::unique_ptr<Slot[]> slots_;
  std::size_t capacity_, size_ = 0;
};

template class HashMap<std::uint64_t, double, IntegerHash>;
template class HashMap<std::string, int, TextHash>;

using WordCounts = HashMap<std::string, int, TextHash>;

int count_words(WordCounts &counts, const std::string &text) {
  int words = 0;
  std::string word;
  for (std::size_t i = 0; i <= text.size(); i++) {
    const char c = i < text.size() ? text[i] : ' ';
    if (c >= 'a' && c <= 'z') {
      word += c;
    } else if (!word.empty()) {
      int *found = counts.find(word);
      counts.put(word, found ? *found + 1 : 1);
      word.clear();
      words++;
    }
  }
  return words;
}

std::string most_common(WordCounts &counts) {
  std::string best;
  int most = 0;
  counts.for_each([&](const std::string &word, int count) {
    if (count > most || (count == most && word < best)) {
      most = count;
      best = word;
    }
  });
  return best;
}

double remember(HashMap<std::uint64_t, double, IntegerHash> &known,
                std::uint64_t n) {
  if (n < 2) return 1.0;
  if (const double *found = known.find(n)) return *found;
  const double value = remember(known, n / 2) + 0.5 * remember(known, n / 3);
  known.put(n, value);
  return value;
}
