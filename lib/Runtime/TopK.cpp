// SPDX-License-Identifier: Apache-2.0
// A heap of the k best so far, kept in the result itself, the worst on top.
#include "TopK.h"

#include <cmath>
#include <limits>
#include <utility>

namespace recrt {

namespace {
class Heap {
public:
  Heap(int64_t *ids, float *scores) : ids(ids), scores(scores) {}

  /// Whether a (score, id) is worse than another one.
  static bool worse(float scoreA, int64_t idA, float scoreB, int64_t idB) {
    if (scoreA == scoreB || (std::isnan(scoreA) && std::isnan(scoreB)))
      return idA > idB;
    return scoreA < scoreB || std::isnan(scoreA);
  }

  void push(float score, int64_t id) {
    int64_t at = size++;
    while (at > 0) {
      const int64_t parent = (at - 1) / 2;
      if (!worse(score, id, scores[parent], ids[parent]))
        break;
      move(parent, at);
      at = parent;
    }
    set(at, score, id);
  }

  void replaceWorst(float score, int64_t id) { sink(score, id); }

  /// Turns the heap into a list, best first.
  void sort() {
    while (size > 1) {
      const int64_t last = --size;
      const float score = scores[last];
      const int64_t id = ids[last];
      move(0, last);
      sink(score, id);
    }
  }

  int64_t size = 0;

private:
  void set(int64_t at, float score, int64_t id) {
    scores[at] = score;
    ids[at] = id;
  }
  void move(int64_t from, int64_t to) { set(to, scores[from], ids[from]); }
  bool worseAt(int64_t a, int64_t b) const { return worse(scores[a], ids[a], scores[b], ids[b]); }

  void sink(float score, int64_t id) {
    int64_t at = 0;
    while (2 * at + 1 < size) {
      int64_t child = 2 * at + 1;
      if (child + 1 < size && worseAt(child + 1, child))
        ++child;
      if (!worse(scores[child], ids[child], score, id))
        break;
      move(child, at);
      at = child;
    }
    set(at, score, id);
  }

  int64_t *ids;
  float *scores;
};
} // namespace

void selectTopK(const TopKRow &row, const uint64_t *excluded) {
  Heap heap(row.ids, row.best);
  auto isExcluded = [&](int64_t j) { return excluded && (excluded[j / 64] >> (j % 64) & 1); };
  int64_t j = 0;
  for (; j < row.numColumns && heap.size < row.k; ++j)
    if (!isExcluded(j))
      heap.push(row.scores[j], j + row.firstId);
  // Later columns have higher ids: an equal score does not replace. A worst of NaN yields to any
  // number.
  for (; j < row.numColumns; ++j) {
    const float score = row.scores[j], worst = row.best[0];
    if (!(score > worst) && !(std::isnan(worst) && !std::isnan(score)))
      continue;
    if (!isExcluded(j))
      heap.replaceWorst(score, j + row.firstId);
  }
  const int64_t found = heap.size;
  heap.sort();
  for (int64_t i = found; i < row.k; ++i) {
    row.ids[i] = -1;
    row.best[i] = -std::numeric_limits<float>::infinity();
  }
}

} // namespace recrt
