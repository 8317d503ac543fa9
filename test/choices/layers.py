# SPDX-License-Identifier: Apache-2.0
"""Transformer layers of the systems of this folder, in NumPy and as text of a description."""
import math
from dataclasses import dataclass

import numpy as np

EPS = 1e-5
ERF = np.vectorize(math.erf, otypes=[float])
ACTIVATIONS = {
    "RELU": lambda x: np.maximum(x, 0),
    "GELU": lambda x: x * (1 + ERF(x / math.sqrt(2))) / 2,
    "SILU": lambda x: x / (1 + np.exp(-x)),
}
WEIGHTS = """query: "attn.q_proj" key: "attn.k_proj" value: "attn.v_proj" attention_output: "attn.o_proj"
    attention_norm: "norm1" inner: "ffn.fc1" inner_output: "ffn.fc2" output_norm: "norm2\""""


@dataclass(frozen=True)
class Block:
    """A Transformer layer."""

    norm: str = "PRE"
    kind: str = "LAYER_NORM"
    act: str = "GELU"
    bias: bool = True
    heads: int = 2

    def settings(self):
        return f"heads: {self.heads} norm: {self.norm} norm_kind: {self.kind} eps: {EPS} activation: {self.act}"

    def weights(self, prefix):
        return f'weights {{ prefix: "{prefix}" use_bias: {str(self.bias).lower()} {WEIGHTS} }}'


def node(name, block):
    return f'node {{ name: "{name}" {block} }}\n'


def norm(w, x, name, kind="LAYER_NORM"):
    width = x.shape[1]
    if kind == "RMS_NORM":
        return x / np.sqrt((x * x).mean(1, keepdims=True) + EPS) * w.get(f"{name}.weight", width)
    centered = x - x.mean(1, keepdims=True)
    scaled = centered / np.sqrt((centered**2).mean(1, keepdims=True) + EPS)
    return scaled * w.get(f"{name}.weight", width) + w.get(f"{name}.bias", width)


def layer(w, name, block, query, key, sees):
    """sees[i, j]: row i of `query` reads row j of `key`. A row that sees nothing attends to 0."""
    width, heads = query.shape[1], block.heads

    def linear(x, part, outputs):
        return w.linear(x, f"{name}.{part}", outputs, block.bias)

    def split(x):
        return x.reshape(len(x), heads, width // heads).transpose(1, 0, 2)

    pre = block.norm == "PRE"
    rows, columns = [norm(w, x, f"{name}.norm1", block.kind) if pre else x for x in (query, key)]
    q = split(linear(rows, "attn.q_proj", width))
    k, v = (split(linear(columns, f"attn.{part}_proj", width)) for part in "kv")
    scores = np.where(sees, q @ k.transpose(0, 2, 1) / math.sqrt(width // heads), -np.inf)
    greatest = scores.max(2, keepdims=True, initial=-np.inf)
    shares = np.exp(scores - np.where(np.isinf(greatest), 0, greatest))
    attended = shares / np.maximum(shares.sum(2, keepdims=True), 1e-300) @ v
    x = query + linear(attended.transpose(1, 0, 2).reshape(len(query), width), "attn.o_proj", width)
    x = x if pre else norm(w, x, f"{name}.norm1", block.kind)
    hidden = linear(norm(w, x, f"{name}.norm2", block.kind) if pre else x, "ffn.fc1", 2 * width)
    x = x + linear(ACTIVATIONS[block.act](hidden), "ffn.fc2", width)
    return x if pre else norm(w, x, f"{name}.norm2", block.kind)


def two_layers(w, x, name, hidden, outputs, act):
    return w.linear(ACTIVATIONS[act](w.linear(x, f"{name}.0", hidden)), f"{name}.1", outputs)
