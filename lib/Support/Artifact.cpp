// SPDX-License-Identifier: Apache-2.0
// Writes and checks artifacts.
#include "reccc/Support/Artifact.h"

#include "reccc/Support/AtomicFile.h"
#include "reccc/Support/Checksum.h"

#include <cstring>

namespace reccc {

namespace {
struct Footer {
  char magic[8];
  uint32_t version;
  uint32_t kind;
  uint64_t payloadBytes;
  uint64_t weightsHash;
  uint32_t moduleAbi;
  uint32_t isaLevels;
  char toolVersion[32];
  char reserved[48];
  uint64_t checksum;
};
} // namespace

static_assert(sizeof(Footer) == artifactFooterBytes, "the footer has no padding");
static constexpr char footerMagic[8] = {'R', 'E', 'C', 'C', 'A', 'R', 'T', '\n'};
static constexpr size_t checksumOffset = offsetof(Footer, checksum);

static const char *kindName(ArtifactKind kind) {
  return kind == ArtifactKind::SharedObject ? "a compiled model" : "packed weights";
}

bool writeArtifact(const std::string &path, const void *payload, size_t payloadBytes, const ArtifactInfo &info,
                   FileError &error) {
  Footer footer = {};
  std::memcpy(footer.magic, footerMagic, sizeof(footerMagic));
  footer.version = artifactVersion;
  footer.kind = static_cast<uint32_t>(info.kind);
  footer.payloadBytes = payloadBytes;
  footer.weightsHash = info.weightsHash;
  footer.moduleAbi = info.moduleAbi;
  footer.isaLevels = info.isaLevels;
  info.toolVersion.copy(footer.toolVersion, sizeof(footer.toolVersion) - 1);
  Checksum64 checksum;
  checksum.update(payload, payloadBytes);
  checksum.update(&footer, checksumOffset);
  footer.checksum = checksum.finish();

  std::optional<AtomicFile> file = AtomicFile::create(path, error);
  return file && file->write(payload, payloadBytes, error) && file->write(&footer, sizeof(footer), error) &&
         file->commit(error);
}

std::optional<ArtifactFile> ArtifactFile::open(const std::string &path, ArtifactKind kind, FileError &error,
                                               bool verifyPayload) {
  std::optional<MappedFile> mapped = MappedFile::open(path, error);
  if (!mapped)
    return std::nullopt;
  auto refuse = [&](const std::string &what) {
    error = invalidFile(path, what);
    return std::nullopt;
  };
  if (mapped->size() < artifactFooterBytes)
    return refuse("the file has " + std::to_string(mapped->size()) + " bytes, expected " + kindName(kind) +
                  " that reccc wrote; compile the model again");
  const size_t payloadBytes = mapped->size() - artifactFooterBytes;
  Footer footer;
  std::memcpy(&footer, mapped->data() + payloadBytes, sizeof(footer));
  if (std::memcmp(footer.magic, footerMagic, sizeof(footerMagic)) != 0)
    return refuse(std::string("expected ") + kindName(kind) +
                  " that reccc wrote, got a file without its footer at offset " + std::to_string(payloadBytes) +
                  "; it is cut or of another kind");
  if (verifyPayload) {
    uint64_t checksum = checksum64(mapped->data(), payloadBytes + checksumOffset);
    if (checksum != footer.checksum)
      return refuse("the checksum of the file does not match its content; it is damaged, copy it "
                    "or compile the model again");
  }
  // From here on the footer is as its writer made it.
  std::string tool(footer.toolVersion, strnlen(footer.toolVersion, sizeof(footer.toolVersion)));
  if (footer.version > artifactVersion) {
    error = {FileErrorKind::Incompatible, path + ": error: written by reccc " + quoteForMessage(tool) + " in format " +
                                              std::to_string(footer.version) + ", this runtime reads formats up to " +
                                              std::to_string(artifactVersion) + "; use a newer runtime"};
    return std::nullopt;
  }
  if (footer.version == 0 || footer.payloadBytes != payloadBytes)
    return refuse("the footer states " + std::to_string(footer.payloadBytes) + " bytes of payload in format " +
                  std::to_string(footer.version) + ", the file holds " + std::to_string(payloadBytes));
  if (footer.kind != static_cast<uint32_t>(kind))
    return refuse(std::string("expected ") + kindName(kind) + ", got " +
                  (footer.kind == 1 || footer.kind == 2 ? kindName(static_cast<ArtifactKind>(footer.kind))
                                                        : "an unknown kind of artifact"));
  ArtifactFile artifact(std::move(*mapped));
  artifact.artifactInfo = {kind, footer.weightsHash, footer.moduleAbi, footer.isaLevels, std::move(tool)};
  return artifact;
}

} // namespace reccc
