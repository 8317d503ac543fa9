# SPDX-License-Identifier: Apache-2.0
"""BST: what arXiv 1905.06874 leaves open and what FuxiCTR's code does, each value of it, against NumPy, one candidate at a time."""
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import variants
from layers import node

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "systems"))
from reference import Weights, offsets, relu, sigmoid, softmax  # noqa: E402

PLACES = 6
LENGTHS = [0, 1, PLACES, PLACES - 1, *np.random.default_rng(6).integers(0, PLACES + 1, 60).tolist()]
EDGES = [1, 60, 600, 3600, 21600, 86400, 604800]


def leaky(x):
    return np.where(x > 0, x, 0.01 * x)


def block(w, name, x, heads, sees):
    """Post-norm layer of torch.nn.MultiheadAttention and a LeakyReLU network of the same width."""
    width = x.shape[1]

    def norm(x, part):
        centered = x - x.mean(1, keepdims=True)
        scaled = centered / np.sqrt((centered**2).mean(1, keepdims=True) + 1e-5)
        return scaled * w.get(f"{name}.{part}.weight", width) + w.get(f"{name}.{part}.bias", width)

    packed = x @ w.get(f"{name}.attention.in_proj_weight", 3 * width, width).T + w.get(f"{name}.attention.in_proj_bias", 3 * width)
    q, k, v = (part.reshape(len(x), heads, width // heads) for part in np.split(packed, 3, 1))
    read = [softmax(np.where(sees, q[:, h] @ k[:, h].T / np.sqrt(width // heads), -np.inf)) @ v[:, h] for h in range(heads)]
    x = norm(x + w.linear(np.concatenate(read, 1), f"{name}.attention.out_proj", width), "layer_norm1")
    return norm(x + w.linear(leaky(w.linear(x, f"{name}.ffn.0", width)), f"{name}.ffn.2", width), "layer_norm2")


def head(w, x, name, widths, act):
    for i, width in enumerate(widths):
        x = w.linear(act(x) if i else x, f"{name}.{2 * i}", width)
    return x


def ids(random, names, count):
    return {name: random.integers(0, 20, count) for name in names.split()}


# --- The paper's ---


@dataclass(frozen=True)
class Bst:
    """The golden case bst_20x6, and what may differ."""

    mean: bool = False  # pooled by the mean instead of side by side
    layers: int = 1
    heads: int = 4
    hidden: tuple = (9, 7, 5)


def bst(c):
    """Weights, requests and what they must give."""
    w = Weights(41)
    scored = w.random.integers(0, 4, len(LENGTHS))
    scored[0] = 2
    requests = {
        "history.offsets": offsets(LENGTHS),
        "candidates.offsets": offsets(scored),
        **ids(w.random, "item cate", sum(LENGTHS)),
        **ids(w.random, "candidate candidate_cate", scored.sum()),
        "time": 10**6 - np.exp(w.random.uniform(0, 14, sum(LENGTHS))).astype(np.int64),
        "dense": w.random.standard_normal((scored.sum(), 4)).astype(np.float32),
        "now": np.full(len(LENGTHS), 10**6),
        **ids(w.random, "user", len(LENGTHS)),
    }
    items, cates, times, users = (w.get(f"{name}_emb.weight", 20, width) for name, width in (("item", 4), ("cate", 2), ("time", 2), ("user", 3)))
    ages = np.searchsorted(EDGES, 10**6 - requests["time"], side="right")
    events = np.concatenate([items[requests["item"]], cates[requests["cate"]], times[ages]], 1)
    targets = np.concatenate([items[requests["candidate"]], cates[requests["candidate_cate"]], times[np.zeros(scored.sum(), int)]], 1)
    expected = {"tokens": [], "states": [], "logits": []}
    parts = (variants.cut(events, offsets(LENGTHS)), variants.cut(targets, offsets(scored)), variants.cut(requests["dense"], offsets(scored)))
    for history, candidates, dense, user in zip(*parts, requests["user"]):
        for row, numbers in zip(candidates, dense):
            x = np.concatenate([history, row[None]])
            expected["tokens"].append(x)
            for number in range(c.layers):
                x = block(w, f"transformer_blocks.{number}", x, c.heads, np.ones((len(x), len(x)), bool))
            expected["states"].append(x)
            slots = np.concatenate([x[:-1], np.zeros((PLACES - len(history), 8)), x[-1:]])
            pooled = x.mean(0) if c.mean else slots.ravel()
            z = np.concatenate([pooled, users[user], numbers.astype(float)])[None]
            expected["logits"].append(head(w, z, "mlp", [*c.hidden, 1], leaky))
    expected = {name: np.concatenate(rows) for name, rows in expected.items()}
    return w.tensors, requests, expected | {"scores": sigmoid(expected["logits"])}


def describe(c):
    text = variants.description(
        "bst_20x6",
        ("max: 20 ", f"max: {PLACES} "),
        ("layers: 1 heads: 8", f"layers: {c.layers} heads: {c.heads}"),
        ("count: 20", f"count: {PLACES}"),
        ("dims: 640", f"dims: {8 * PLACES}"),
        ("[LINEAR, LEAKY_RELU, LINEAR, LEAKY_RELU, LINEAR, LEAKY_RELU, LINEAR]", f"[{'LINEAR, LEAKY_RELU, ' * len(c.hidden)}LINEAR]"),
    )
    if c.mean:
        text = variants.without(text, "past_states", "past_padded", "past_folded", "past_slots", "target_state", "pooled")
        text += node("pooled", 'pool { input: "states" kind: MEAN }')
    return text


# --- FuxiCTR's: padded places take part ---


@dataclass(frozen=True)
class Fuxi:
    """model_zoo/BST/src/BST.py of reczoo/FuxiCTR. A row of padding is read by itself alone."""

    front: bool = False  # padding before the history
    causal: bool = False
    pooling: str = "CONCAT"  # or MEAN, SUM over all places; TARGET: the candidate's own row
    layers: int = 2
    heads: int = 3


def fuxi(c):
    """Weights, requests and what they must give."""
    w = Weights(42)
    scored = w.random.integers(0, 4, len(LENGTHS))
    scored[0] = 2
    requests = {
        "history.offsets": offsets(LENGTHS),
        "candidates.offsets": offsets(scored),
        **ids(w.random, "item cate", sum(LENGTHS)),
        **ids(w.random, "candidate candidate_cate", scored.sum()),
        **ids(w.random, "user", len(LENGTHS)),
    }
    items, cates, users = (w.get(f"embedding_layer.tables.{name}_id.weight", 20, 4) for name in ("item", "cate", "user"))
    positions = w.get("transformer_encoders.0.position_emb", PLACES + 1, 4)
    events = np.concatenate([items[requests["item"]], cates[requests["cate"]]], 1)
    targets = np.concatenate([items[requests["candidate"]], cates[requests["candidate_cate"]]], 1)
    expected = {"states": [], "logits": []}
    for history, candidates, user in zip(variants.cut(events, offsets(LENGTHS)), variants.cut(targets, offsets(scored)), requests["user"]):
        first = PLACES - len(history) if c.front else 0
        real = np.zeros(PLACES + 1, bool)
        real[first : first + len(history)] = real[PLACES] = True
        sees = real[None] | np.eye(PLACES + 1, dtype=bool)
        sees = np.tril(sees) if c.causal else sees
        for row in candidates:
            x = np.zeros((PLACES + 1, 8))
            x[first : first + len(history)], x[PLACES] = history, row
            x = np.concatenate([x, positions], 1)
            for number in range(c.layers):
                x = block(w, f"transformer_encoders.0.transformer_blocks.{number}", x, c.heads, sees)
            expected["states"].append(x)
            pooled = {"CONCAT": x.ravel(), "MEAN": x.mean(0), "SUM": x.sum(0), "TARGET": x[-1]}[c.pooling]
            expected["logits"].append(head(w, np.concatenate([users[user], row, pooled])[None], "dnn.mlp", [9, 7, 1], relu))
    expected = {name: np.concatenate(rows) for name, rows in expected.items()}
    return w.tensors, requests, expected | {"scores": sigmoid(expected["logits"])}


def describe_fuxi(c):
    shift = f'constant: -{PLACES} length {{ of: "history" }}' if c.front else ""
    pooled = f'pool {{ input: "states" kind: {c.pooling} }}'
    if c.pooling == "CONCAT":
        pooled = f'reshape_features {{ input: "places" dims: {12 * (PLACES + 1)} }}'
    if c.pooling == "TARGET":
        pooled = 'pool { input: "states" kind: LAST }'
    return f"""name: "bst_fuxictr"
rows {{ name: "history"    max: {PLACES} }}
rows {{ name: "candidates" max: 64 }}
rows {{ name: "slots"      count: {PLACES} }}
input {{ name: "item"           rows: "history"    type: INT64 }}
input {{ name: "cate"           rows: "history"    type: INT64 }}
input {{ name: "candidate"      rows: "candidates" type: INT64 }}
input {{ name: "candidate_cate" rows: "candidates" type: INT64 }}
input {{ name: "user"           rows: "request"    type: INT64 }}
table {{ name: "items" weight: "embedding_layer.tables.item_id.weight" out_of_range: REJECT_REQUEST }}
table {{ name: "cates" weight: "embedding_layer.tables.cate_id.weight" out_of_range: REJECT_REQUEST }}
table {{ name: "users" weight: "embedding_layer.tables.user_id.weight" out_of_range: REJECT_REQUEST }}
table {{ name: "positions" weight: "transformer_encoders.0.position_emb" out_of_range: CLAMP }}

# The history at its end of the places, zeros elsewhere.
node {{ name: "item_emb" embedding {{ ids: "item" table: "items" }} }}
node {{ name: "cate_emb" embedding {{ ids: "cate" table: "cates" }} }}
node {{ name: "events"   concat_features {{ input: ["item_emb", "cate_emb"] }} }}
node {{ name: "from"     row_index {{ rows: "slots" least_of {{ row: 1 {shift} }} }} }}
node {{ name: "padded"   gather_rows {{ input: "events" places: "from" }} }}
node {{ name: "one"      row_index {{ rows: "history" least_of {{ constant: 1 }} }} }}
node {{ name: "real"     gather_rows {{ input: "one" places: "from" }} }}
node {{ name: "place"    row_index {{ rows: "slots" least_of {{ row: 1 }} }} }}
node {{ name: "pos"      embedding {{ ids: "place" table: "positions" }} }}
node {{ name: "past"     concat_features {{ input: ["padded", "pos"] }} }}
node {{ name: "pasts"    repeat_rows {{ input: "past" rows: "candidates" }} }}
node {{ name: "reals"    repeat_rows {{ input: "real" rows: "candidates" }} }}

node {{ name: "candidate_item_emb" embedding {{ ids: "candidate" table: "items" }} }}
node {{ name: "candidate_cate_emb" embedding {{ ids: "candidate_cate" table: "cates" }} }}
node {{ name: "target"       concat_features {{ input: ["candidate_item_emb", "candidate_cate_emb"] }} }}
node {{ name: "target_place" row_index {{ rows: "candidates" least_of {{ constant: {PLACES} }} }} }}
node {{ name: "target_one"   row_index {{ rows: "candidates" least_of {{ constant: 1 }} }} }}
node {{ name: "target_pos"   embedding {{ ids: "target_place" table: "positions" }} }}
node {{ name: "now"          concat_features {{ input: ["target", "target_pos"] }} }}

node {{ name: "tokens" append {{ history: "pasts" candidates: "now" }} }}
node {{ name: "seen"   append {{ history: "reals" candidates: "target_one" }} }}
node {{ name: "states" transformer {{
  input: "tokens" layers: {c.layers} heads: {c.heads} norm: POST eps: 1e-5 activation: LEAKY_RELU slope: 0.01
  key_mask: "seen" masked_see_themselves: true
  mask {{ {"causal" if c.causal else "full"} {{}} }} score {{ softmax {{}} inverse_sqrt_width {{}} }}
  weights {{
    prefix: "transformer_encoders.0.transformer_blocks.{{layer}}." packed: "attention.in_proj" attention_output: "attention.out_proj"
    attention_norm: "layer_norm1" inner: "ffn.0" inner_output: "ffn.2" output_norm: "layer_norm2"
  }}
}} }}
{node("places", 'fold_rows { input: "states" }') if c.pooling == "CONCAT" else ""}
node {{ name: "pooled" {pooled} }}
node {{ name: "user_emb" embedding {{ ids: "user" table: "users" }} }}
node {{ name: "asking"   broadcast_rows {{ input: "user_emb" rows: "candidates" }} }}
node {{ name: "features" concat_features {{ input: ["asking", "target", "pooled"] }} }}
node {{ name: "logits"   mlp {{ input: "features" weights: "dnn.mlp.{{stage}}." stage: [LINEAR, RELU, LINEAR, RELU, LINEAR] }} }}
node {{ name: "scores"   sigmoid {{ input: "logits" }} }}
output {{ node: "logits" }}
output {{ node: "scores" }}
"""


BASE, FUXI = Bst(), Fuxi()
VALUES = {
    "as_stored": BASE,
    "mean": replace(BASE, mean=True),
    "two_layers": replace(BASE, layers=2, heads=1),
    "head": replace(BASE, hidden=(6,), heads=8),
    "mean_two_layers": replace(BASE, mean=True, layers=2, heads=2),
    "fuxi": FUXI,
    "fuxi_front": replace(FUXI, front=True),
    "fuxi_causal": replace(FUXI, causal=True),
    "fuxi_front_causal": replace(FUXI, front=True, causal=True, layers=1, heads=4),
    "fuxi_mean": replace(FUXI, pooling="MEAN"),
    "fuxi_sum": replace(FUXI, pooling="SUM", front=True),
    "fuxi_target": replace(FUXI, pooling="TARGET", causal=True),
}
COMPILED = {("mean", "fp32"): replace(BASE, mean=True), ("fuxi", "bf16"): replace(FUXI, front=True, causal=True, layers=1), ("fuxi_target", "fp32"): replace(FUXI, pooling="TARGET")}


def described(c):
    return (describe(c), *bst(c)) if isinstance(c, Bst) else (describe_fuxi(c), *fuxi(c))


@pytest.mark.parametrize("name", VALUES)
def test_bst(name, tmp_path):
    variants.held(name, *described(VALUES[name]), tmp_path, compiled=())


@pytest.mark.parametrize("name, precision", COMPILED)
def test_bst_compiled(name, precision, tmp_path):
    variants.held(name, *described(COMPILED[name, precision]), tmp_path, compiled=(precision,))
