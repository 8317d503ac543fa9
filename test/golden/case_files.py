# SPDX-License-Identifier: Apache-2.0
#
# The files of a golden case, and how their rows are split and joined: what the rules of adapt.py are written with.
import json
import struct

import numpy as np

TYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "I8": "<i1"}
NAMES = {np.dtype(v): k for k, v in TYPES.items()}


def load(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    return {
        name: np.frombuffer(data[8 + size + t["data_offsets"][0] : 8 + size + t["data_offsets"][1]], TYPES[t["dtype"]]).reshape(t["shape"])
        for name, t in header.items()
        if name != "__metadata__"
    }


def save(path, tensors):
    header, blobs, end = {}, [], 0
    # Widest elements first, so that each tensor is aligned.
    for name, value in sorted(tensors.items(), key=lambda item: -item[1].dtype.itemsize):
        blob = np.ascontiguousarray(value).tobytes()
        header[name] = {"dtype": NAMES[value.dtype], "shape": list(value.shape), "data_offsets": [end, end + len(blob)]}
        blobs.append(blob)
        end += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def offsets_of(lengths):
    return np.concatenate([[0], np.cumsum(lengths)]).astype("<i8")


def split_rows(values, offsets, parts):
    """parts[k][b] rows of request b go to result k, in the order of k."""
    results = [[] for _ in parts]
    for b in range(len(offsets) - 1):
        at = offsets[b]
        for k, lengths in enumerate(parts):
            results[k].append(values[at : at + lengths[b]])
            at += lengths[b]
        assert at == offsets[b + 1]
    return [np.concatenate(rows) for rows in results]


def join_rows(*parts):
    """The inverse: parts are (values, offsets); the rows of each request, part after part."""
    requests = len(parts[0][1]) - 1
    return np.concatenate([values[offsets[b] : offsets[b + 1]] for b in range(requests) for values, offsets in parts])


def column(values):
    """One number a row, as records of one number."""
    return values.reshape(-1, 1)


class Case:
    def __init__(self, directory):
        self.config = json.loads((directory / "config.json").read_text())
        self.requests = load(directory / "requests.safetensors")
        self.expected = load(directory / "expected.safetensors")

    def layers(self, suffixes, prefix="", values=""):
        """layers.I.X of the case as states.layers.I.X."""
        count = self.config.get("num_layers", self.config.get("num_blocks"))
        return {
            f"states.layers.{i}.{suffix}": self.expected[f"{prefix}layers.{i}.{suffix}{values}"] for i in range(count) for suffix in suffixes
        }

    def appended(self, name):
        """Values of history and candidates, stored apart under a name with {}, as one sequence."""
        parts = [(self.expected[f"{name.format(rows)}.values"], self.requests[f"{rows}.offsets"]) for rows in ("hist", "cand")]
        return join_rows(*parts)
