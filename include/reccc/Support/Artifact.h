// SPDX-License-Identifier: Apache-2.0
// The files that the compiler writes and the runtime loads: a payload and a footer that vouches for
// it. Needs no LLVM.
//
//     payload                        a shared object, or packed weights
//     footer, 128 bytes, little-endian
//        0  char[8]   "RECCART\n"
//        8  u32       version of this format
//       12  u32       kind: 1 shared object, 2 weights
//       16  u64       bytes of the payload
//       24  u64       hash of the weights that belong to it
//       32  u32       RECRT_MODULE_ABI of the payload
//       36  u32       ISA levels of the payload, a bit set of 1 << recrt_isa
//       40  char[32]  version of the tool, padded with zeros
//       72  char[48]  zeros
//      120  u64       checksum64 of everything before
//
// An ELF loader ignores bytes behind a shared object, so an artifact can still be given to dlopen.
#ifndef RECCC_SUPPORT_ARTIFACT_H
#define RECCC_SUPPORT_ARTIFACT_H

#include "reccc/Support/FileError.h"
#include "reccc/Support/MappedFile.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace reccc {

inline constexpr uint32_t artifactVersion = 1;
inline constexpr size_t artifactFooterBytes = 128;

enum class ArtifactKind : uint32_t { SharedObject = 1, Weights = 2 };

struct ArtifactInfo {
  ArtifactKind kind = ArtifactKind::SharedObject;
  uint64_t weightsHash = 0;
  uint32_t moduleAbi = 0;
  uint32_t isaLevels = 0;
  /// At most 31 bytes are kept.
  std::string toolVersion;
};

/// Writes an artifact atomically: `path` holds its old content or the whole new one. The same
/// arguments give the same bytes.
bool writeArtifact(const std::string &path, const void *payload, size_t payloadBytes, const ArtifactInfo &info,
                   FileError &error);

/// An artifact that was opened once and checked: what is mapped, and what is opened again through
/// the descriptor, is the file that was checked.
class ArtifactFile {
public:
  /// `verifyPayload` off trusts the payload of a weights file too large to be read at load; the
  /// footer and the size are still checked.
  static std::optional<ArtifactFile> open(const std::string &path, ArtifactKind kind, FileError &error,
                                          bool verifyPayload = true);

  const ArtifactInfo &info() const { return artifactInfo; }
  const std::byte *payload() const { return file.data(); }
  size_t payloadBytes() const { return file.size() - artifactFooterBytes; }
  int descriptor() const { return file.descriptor(); }

private:
  explicit ArtifactFile(MappedFile file) : file(std::move(file)) {}

  MappedFile file;
  ArtifactInfo artifactInfo;
};

} // namespace reccc

#endif // RECCC_SUPPORT_ARTIFACT_H
