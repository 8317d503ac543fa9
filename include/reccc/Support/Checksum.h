// SPDX-License-Identifier: Apache-2.0
// The checksum of artifacts and weights.
#ifndef RECCC_SUPPORT_CHECKSUM_H
#define RECCC_SUPPORT_CHECKSUM_H

#include <cstddef>
#include <cstdint>

namespace reccc {

/// XXH64 with seed 0: it finds damage at memory speed; it is no protection against intent.
uint64_t checksum64(const void *data, size_t size);

/// The same over data that comes in pieces.
class Checksum64 {
public:
  void update(const void *data, size_t size);
  uint64_t finish() const;

private:
  uint64_t lanes[4] = {0x60ea27eeadc0b5d6u, 0xc2b2ae3d27d4eb4fu, 0, 0x61c8864e7a143579u};
  unsigned char pending[32] = {};
  size_t numPending = 0;
  uint64_t total = 0;
};

} // namespace reccc

#endif // RECCC_SUPPORT_CHECKSUM_H
