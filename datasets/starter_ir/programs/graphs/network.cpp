// Graphs with standard containers: paths, flows, cuts, and orders.
#include <algorithm>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

class Network {
 public:
  explicit Network(int nodes) : out_(nodes) {}

  void connect(int from, int to, long capacity, long cost) {
    out_[from].push_back(static_cast<int>(arcs_.size()));
    arcs_.push_back({to, capacity, cost});
    out_[to].push_back(static_cast<int>(arcs_.size()));
    arcs_.push_back({from, 0, -cost});
  }

  int size() const { return static_cast<int>(out_.size()); }
  std::vector<long> distances(int source) const;
  long maximum_flow(int source, int sink);
  std::vector<bool> reachable(int source) const;
  std::vector<int> strong_components() const;

 private:
  struct Arc {
    int to;
    long room, cost;
  };

  bool layer(int source, int sink, std::vector<int> &level) const;
  long push(int node, int sink, long limit, const std::vector<int> &level,
            std::vector<std::size_t> &next);
  void visit(int node, std::vector<int> &index, std::vector<int> &low,
             std::vector<int> &stack, std::vector<int> &component,
             int &counter) const;

  std::vector<Arc> arcs_;
  std::vector<std::vector<int>> out_;
};

std::vector<long> Network::distances(int source) const {
  using Entry = std::pair<long, int>;
  std::vector<long> best(out_.size(), std::numeric_limits<long>::max());
  std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> queue;
  best[source] = 0;
  queue.push({0, source});
  while (!queue.empty()) {
    const auto [distance, node] = queue.top();
    queue.pop();
    if (distance != best[node]) continue;
    for (const int a : out_[node]) {
      const Arc &arc = arcs_[a];
      if (arc.room <= 0 || arc.cost < 0) continue;
      if (distance + arc.cost < best[arc.to]) {
        best[arc.to] = distance + arc.cost;
        queue.push({best[arc.to], arc.to});
      }
    }
  }
  return best;
}

bool Network::layer(int source, int sink, std::vector<int> &level) const {
  std::fill(level.begin(), level.end(), -1);
  std::vector<int> queue{source};
  level[source] = 0;
  for (std::size_t head = 0; head < queue.size(); head++) {
    const int node = queue[head];
    for (const int a : out_[node]) {
      if (arcs_[a].room > 0 && level[arcs_[a].to] < 0) {
        level[arcs_[a].to] = level[node] + 1;
        queue.push_back(arcs_[a].to);
      }
    }
  }
  return level[sink] >= 0;
}

long Network::push(int node, int sink, long limit,
                   const std::vector<int> &level,
                   std::vector<std::size_t> &next) {
  if (node == sink) return limit;
  for (; next[node] < out_[node].size(); next[node]++) {
    const int a = out_[node][next[node]];
    Arc &arc = arcs_[a];
    if (arc.room <= 0 || level[arc.to] != level[node] + 1) continue;
    const long sent = push(arc.to, sink, std::min(limit, arc.room), level, next);
    if (sent > 0) {
      arc.room -= sent;
      arcs_[a ^ 1].room += sent;
      return sent;
    }
  }
  return 0;
}

long Network::maximum_flow(int source, int sink) {
  std::vector<int> level(out_.size());
  long total = 0;
  while (layer(source, sink, level)) {
    std::vector<std::size_t> next(out_.size(), 0);
    while (const long sent = push(source, sink, std::numeric_limits<long>::max(),
                                  level, next)) {
      total += sent;
    }
  }
  return total;
}

std::vector<bool> Network::reachable(int source) const {
  std::vector<bool> seen(out_.size(), false);
  std::vector<int> stack{source};
  seen[source] = true;
  while (!stack.empty()) {
    const int node = stack.back();
    stack.pop_back();
    for (const int a : out_[node]) {
      if (arcs_[a].room > 0 && !seen[arcs_[a].to]) {
        seen[arcs_[a].to] = true;
        stack.push_back(arcs_[a].to);
      }
    }
  }
  return seen;
}

void Network::visit(int node, std::vector<int> &index, std::vector<int> &low,
                    std::vector<int> &stack, std::vector<int> &component,
                    int &counter) const {
  index[node] = low[node] = ++counter;
  stack.push_back(node);
  for (const int a : out_[node]) {
    if (a & 1) continue;
    const int to = arcs_[a].to;
    if (!index[to]) {
      visit(to, index, low, stack, component, counter);
      low[node] = std::min(low[node], low[to]);
    } else if (component[to] < 0) {
      low[node] = std::min(low[node], index[to]);
    }
  }
  if (low[node] != index[node]) return;
  for (int popped = -1; popped != node;) {
    popped = stack.back();
    stack.pop_back();
    component[popped] = node;
  }
}

std::vector<int> Network::strong_components() const {
  std::vector<int> index(out_.size(), 0), low(out_.size(), 0), stack;
  std::vector<int> component(out_.size(), -1);
  int counter = 0;
  for (int node = 0; node < size(); node++) {
    if (!index[node]) visit(node, index, low, stack, component, counter);
  }
  return component;
}
