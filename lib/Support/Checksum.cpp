// SPDX-License-Identifier: Apache-2.0
// XXH64 by its published description: four lanes of multiply and rotate over 32-byte stripes.
#include "reccc/Support/Checksum.h"

#include <algorithm>
#include <cstring>

namespace reccc {

static constexpr uint64_t prime1 = 0x9e3779b185ebca87u;
static constexpr uint64_t prime2 = 0xc2b2ae3d27d4eb4fu;
static constexpr uint64_t prime3 = 0x165667b19e3779f9u;
static constexpr uint64_t prime4 = 0x85ebca77c2b2ae63u;
static constexpr uint64_t prime5 = 0x27d4eb2f165667c5u;

static uint64_t rotate(uint64_t x, int bits) { return (x << bits) | (x >> (64 - bits)); }

static uint64_t step(uint64_t lane, uint64_t word) { return rotate(lane + word * prime2, 31) * prime1; }

template <typename T> static T load(const unsigned char *data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

void Checksum64::update(const void *data, size_t size) {
  const unsigned char *bytes = static_cast<const unsigned char *>(data);
  total += size;
  auto stripe = [&](const unsigned char *at) {
    for (int i = 0; i < 4; ++i)
      lanes[i] = step(lanes[i], load<uint64_t>(at + 8 * i));
  };
  if (numPending > 0) {
    size_t taken = std::min(size, sizeof(pending) - numPending);
    std::memcpy(pending + numPending, bytes, taken);
    numPending += taken;
    bytes += taken;
    size -= taken;
    if (numPending < sizeof(pending))
      return;
    stripe(pending);
    numPending = 0;
  }
  for (; size >= 32; bytes += 32, size -= 32)
    stripe(bytes);
  if (size > 0)
    std::memcpy(pending, bytes, size);
  numPending = size;
}

uint64_t Checksum64::finish() const {
  uint64_t hash = prime5;
  if (total >= 32) {
    hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
    for (uint64_t lane : lanes)
      hash = (hash ^ step(0, lane)) * prime1 + prime4;
  }
  hash += total;
  const unsigned char *tail = pending;
  size_t left = numPending;
  for (; left >= 8; tail += 8, left -= 8)
    hash = rotate(hash ^ step(0, load<uint64_t>(tail)), 27) * prime1 + prime4;
  if (left >= 4) {
    hash = rotate(hash ^ (load<uint32_t>(tail) * prime1), 23) * prime2 + prime3;
    tail += 4;
    left -= 4;
  }
  for (; left > 0; ++tail, --left)
    hash = rotate(hash ^ (*tail * prime5), 11) * prime1;
  hash = (hash ^ (hash >> 33)) * prime2;
  hash = (hash ^ (hash >> 29)) * prime3;
  return hash ^ (hash >> 32);
}

uint64_t checksum64(const void *data, size_t size) {
  Checksum64 checksum;
  checksum.update(data, size);
  return checksum.finish();
}

} // namespace reccc
