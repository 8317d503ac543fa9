# SPDX-License-Identifier: Apache-2.0
"""LONGER: what arXiv 2505.04421 leaves open, each value of it, against NumPy written from the paper: every candidate has all rows of its own there."""
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import variants
from layers import ACTIVATIONS, Block, layer, node, norm

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "systems"))
from reference import Weights, sigmoid  # noqa: E402

LENGTHS = [0, 1, 2, 3, 7, 11, 16, 15, *np.random.default_rng(4).integers(0, 17, 56).tolist()]
EDGES = [1, 60, 600, 3600, 86400, 604800]


@dataclass(frozen=True)
class Longer:
    """The golden case longer_tiny, and what may differ."""

    size: int = 3
    recent: int = 2
    layers: int = 3
    rows: tuple = ("target", "cls", "uid")  # global ones, in order
    full: bool = False  # global rows see all global rows
    inner: Block = None  # groups pass a Transformer layer
    pad: str = None  # instead of dropping the oldest rows: zero, learned
    from_oldest: bool = False
    stages: int = 1  # linear layers of the input
    act: str = "RELU"
    final_norm: bool = True
    block: Block = Block()

    @property
    def per_candidate(self):
        """Global rows that differ between candidates: those up to the last one that is a candidate's or, where all see all, every one."""
        return len(self.rows) if self.full else 1 + max(self.rows.index(name) for name in ("target", "cross") if name in self.rows)


# --- NumPy ---


def mlp(w, x, name, widths, act):
    for i, width in enumerate(widths):
        x = w.linear(ACTIVATIONS[act](x) if i else x, f"{name}.{i}", width)
    return x


def merged(w, c, h):
    """Groups from the newest row on, side by side."""
    tokens = []
    for first in range(0, len(h), c.size):
        group = h[first : first + c.size]
        real = len(group)
        if real < c.size:
            if not c.pad:
                break
            fill = w.get("pad_token", h.shape[1]) if c.pad == "learned" else np.zeros(h.shape[1])
            group = np.concatenate([group, np.tile(fill, (c.size - real, 1))])
        if c.inner:
            there = np.arange(c.size) < (c.size if c.pad == "learned" else real)
            group = layer(w, "inner.0", c.inner, group, group, np.tile(there, (c.size, 1))) * there[:, None]
        tokens.append(group.ravel())
    return np.array(tokens).reshape(len(tokens), c.size * h.shape[1])


def longer(c):
    """Weights, requests and what they must give."""
    w = Weights(11)
    random = w.random
    count = len(LENGTHS)
    candidates = random.integers(0, 9, count)
    total, scored = sum(LENGTHS), candidates.sum()
    requests = {
        "history.offsets": variants.offsets_of(LENGTHS),
        "candidates.offsets": variants.offsets_of(candidates),
        "item": random.integers(0, 30, total),
        "cate": random.integers(0, 7, total),
        "time": 10**6 - np.exp(random.uniform(0, 14, total)).astype(np.int64),
        "candidate": random.integers(0, 30, scored),
        "candidate_cate": random.integers(0, 7, scored),
        "dense": random.standard_normal((scored, 3)).astype(np.float32),
        "cross": random.standard_normal((scored, 4)).astype(np.float32),
        "now": np.full(count, 10**6),
        "user": random.integers(0, 9, count),
    }
    if "cross" not in c.rows:
        del requests["cross"]
    items, cates, users = w.get("item_emb.weight", 30, 5), w.get("cate_emb.weight", 7, 3), w.get("user_emb.weight", 9, 6)
    times, places = w.get("time_emb.weight", len(EDGES) + 1, 4), w.get("pos_emb.weight", 16, 12)
    width = 8 * c.size
    ages = np.searchsorted(EDGES, 10**6 - requests["time"], side="right")
    events = np.concatenate([items[requests["item"]], cates[requests["cate"]], times[ages]], 1)
    part = lambda name, rows: variants.cut(requests[name] if isinstance(name, str) else name, requests[f"{rows}.offsets"])
    expected = {name: [] for name in ("h", "merged", "recent_states", "target_states", "logits")}
    per_request = zip(part(events, "history"), *(part(name, "candidates") for name in ("candidate", "candidate_cate", "dense")),
                      part("cross", "candidates") if "cross" in requests else [None] * count, requests["user"])
    w.get("cls_token", width)
    for rows, item, cate, dense, cross, user in per_request:
        n = len(rows)
        h = mlp(w, rows + places[:n][::-1 if c.from_oldest else 1], "mlp_in", [8] * c.stages, c.act)
        history = merged(w, c, h)
        recent = min(c.recent, len(history))
        g = len(c.rows)
        end = g + len(history)
        sees = np.arange(end)[:, None] <= np.arange(end)
        sees[:g, :g] |= c.full
        kept = slice(0, g + recent)
        x = np.zeros((g + recent, width))
        for j in range(max(len(item), 1)):  # without candidates for the history's sake
            there = j < len(item)
            tokens = {
                "target": w.linear(np.concatenate([items[item[j]], cates[cate[j]]])[None] if there else np.zeros((1, 8)), "proj_target", width),
                "cls": w.get("cls_token", width)[None],
                "uid": w.linear(users[user][None], "proj_user", width),
            }
            if cross is not None:
                tokens["cross"] = w.linear(cross[j : j + 1].astype(float) if there else np.zeros((1, 4)), "proj_cross", width)
            sequence = np.concatenate([*(tokens[name] for name in c.rows), history])
            x = sequence[kept]
            for number in range(c.layers):
                x = layer(w, f"layers.{number}", c.block, x, sequence if number == 0 else x, sees[kept] if number == 0 else sees[kept, kept])
            if not there:
                break
            last = norm(w, x[:g], "final_norm", c.block.kind) if c.final_norm else x[:g]
            target, cls = c.rows.index("target"), c.rows.index("cls")
            expected["target_states"].append(x[target])
            expected["logits"].append(mlp(w, np.concatenate([last[target], last[cls], dense[j].astype(float)])[None], "head", [11, 1], c.act)[0])
        expected["h"].append(h)
        expected["merged"].append(history)
        expected["recent_states"].append(x[g:])
    result = {name: np.concatenate(expected[name]) for name in ("h", "merged", "recent_states")}
    result |= {name: np.array(expected[name]) for name in ("target_states", "logits")}
    result["scores"] = sigmoid(result["logits"])
    return w.tensors, requests, result


# --- The description ---


def names(parts):
    return "[" + ", ".join(f'"{part}"' for part in parts) + "]"


def inner_nodes(c):
    """From `grouped` to `folded`."""
    if not c.inner:
        return node("folded", 'fold_rows { input: "grouped" }')
    text, mask, result = "", "", "inner"
    if c.pad == "zero":  # rows that are no events are read by nobody, and stay zeros
        text += node("one", 'row_index { rows: "history" least_of { constant: 1 } }')
        text += node("real", f'group_rows {{ input: "one" size: {c.size} remainder: PAD_LAST }}')
        mask, result = 'key_mask: "real"', "inner_real"
    text += node("inner", f"""transformer {{ input: "grouped" layers: 1 {c.inner.settings()} {mask}
      mask {{ full {{}} }} score {{ softmax {{}} inverse_sqrt_width {{}} }} {c.inner.weights("inner.{layer}.")} }}""")
    if mask:
        text += node(result, 'mask_rows { input: "inner" ids: "real" value: 0 }')
    return text + node("folded", f'fold_rows {{ input: "{result}" }}')


def global_nodes(c):
    """`user_globals`, one for each user, and `asking`, one or more for each candidate, later rows first."""
    first = c.per_candidate
    text = node("uid", 'linear { input: "user_emb" weight: "proj_user.weight" bias: "proj_user.bias" }')
    text += node("cls", 'splat_rows { weight: "cls_token" rows: "request" }')
    if "cross" in c.rows:
        text += node("cross_row", 'linear { input: "cross" weight: "proj_cross.weight" bias: "proj_cross.bias" }')
    if len(c.rows) - first > 1:
        text += node("user_globals", f"concat_rows {{ input: {names(c.rows[first:])} }}")
    own = []
    for name in c.rows[:first]:
        if name in ("cls", "uid"):
            text += node(f"{name}_each", f'broadcast_rows {{ input: "{name}" rows: "candidates" }}')
        own.append({"cross": "cross_row", "cls": "cls_each", "uid": "uid_each"}.get(name, name))
    asking = "target"
    if first > 1:
        text, asking = text + node("asking", f"interleave {{ input: {names(own)} }}"), "asking"
    users = ["user_globals"] if len(c.rows) - first > 1 else list(c.rows[first:])
    text += node("tokens", f"concat_rows {{ input: {names([*users, 'merged', asking])} }}")
    return text + node("queries", f"concat_rows {{ input: {names([*users, 'recent_tokens', asking])} }}")


def head_nodes(c):
    """`target_states`, and `target_normed` and `cls_of_target`, what the head reads."""
    first = c.per_candidate
    text = node("recent_states", 'select { input: "states" rows: "recent" }')
    normed = "states"
    if c.final_norm:
        block = "rms_norm" if c.block.kind == "RMS_NORM" else 'layer_norm'
        bias = "" if block == "rms_norm" else 'bias: "final_norm.bias"'
        normed, text = "normed", text + node("normed", f'{block} {{ input: "states" weight: "final_norm.weight" {bias} eps: 1e-5 }}')
    rows = "candidates" if first == 1 else "asking_rows"
    for source, name in (("states", "target_states"), (normed, "target_normed")):
        if first == 1:
            text += node(name, f'select {{ input: "{source}" rows: "candidates" }}')
        else:
            text += node(f"{name}_rows", f'select {{ input: "{source}" rows: "{rows}" }}')
            text += node(name, f'deinterleave {{ input: "{name}_rows" phase: {c.rows.index("target")} }}')
    if c.rows.index("cls") < first:
        return text + node("cls_of_target", f'deinterleave {{ input: "target_normed_rows" phase: {c.rows.index("cls")} }}')
    text += node("globals_out", f'select {{ input: "{normed}" rows: "globals" }}')
    text += node("cls_normed", f'pool {{ input: "globals_out" kind: {"FIRST" if c.rows.index("cls") == first else "LAST"} }}')
    return text + node("cls_of_target", 'broadcast_rows { input: "cls_normed" rows: "candidates" }')


def describe(c):
    remainder = "PAD_LAST" if c.pad else "DROP_LAST"
    first = c.per_candidate
    asking = "candidates" if first == 1 else "asking_rows"
    see = "SELF" if first == 1 else f"{'WHOLE_GROUP' if c.full else 'GROUP'} group: {first}"
    stages = ", ".join(["LINEAR"] + [c.act, "LINEAR"] * (c.stages - 1))
    place = 'constant: -1 row: -1 length { of: "history" }' if c.from_oldest else "row: 1"
    text = variants.description(
        "longer_tiny",
        ("size: 3 remainder: DROP_LAST", f"size: {c.size} remainder: {remainder}"),
        ("count: 2 } }  # the first ones", f"count: {c.recent} }} }}  # the first ones"),
        ("least_of { row: 1 }", f"least_of {{ {place} }}"),
        ("stage: LINEAR ", f"stage: [{stages}] "),
        ("dims: 24", f"dims: {8 * c.size}"),
        ("stage: [LINEAR, RELU, LINEAR]", f"stage: [LINEAR, {c.act}, LINEAR]"),
        ('{ input: "h" ', '{ input: "h" ' + 'fill: "pad_token" ' * (c.pad == "learned")),
    )
    text = variants.without(text, "globals", "folded", "cls", "uid", "user_globals", "tokens", "queries", "states", "recent_states",
                            "target_states", "normed", "target_normed", "globals_out", "cls_normed", "cls_of_target")
    if len(c.rows) > first:
        text += f'rows {{ name: "globals" count: {len(c.rows) - first} }}\n'
    if first > 1:
        text += f'rows {{ name: "asking_rows" interleaved {{ of: "candidates" times: {first} }} }}\n'
    if "cross" in c.rows:
        text += 'input { name: "cross" rows: "candidates" type: FLOAT32 dims: 4 }\n'
    text += inner_nodes(c) + global_nodes(c)
    text += node("states", f"""transformer {{ input: "tokens" query: "queries" layers: {c.layers} {c.block.settings()}
      mask {{ reverse_causal {{}} candidates {{ rows: "{asking}" see: {see} }} }} score {{ softmax {{}} inverse_sqrt_width {{}} }}
      {c.block.weights("layers.{layer}.")} }}""")
    return text + head_nodes(c)


# --- Tests ---

BASE = Longer()
PADDED = replace(BASE, pad="zero", inner=Block())
VALUES = {
    "as_stored": BASE,
    "pad_zero": replace(BASE, pad="zero"),
    "pad_learned": replace(BASE, pad="learned"),
    "inner": replace(BASE, inner=Block()),
    "inner_pad_zero": PADDED,
    "inner_pad_learned": replace(PADDED, pad="learned"),
    "inner_post": replace(BASE, inner=Block(norm="POST", act="RELU", bias=False, heads=4)),
    "from_oldest": replace(BASE, from_oldest=True),
    "full_globals": replace(BASE, full=True),
    "cross": replace(BASE, rows=("target", "cross", "cls", "uid")),
    "cross_first": replace(BASE, rows=("cross", "target", "uid", "cls")),
    "target_last": replace(BASE, rows=("cls", "uid", "target")),
    "no_uid": replace(BASE, rows=("target", "cls")),
    "cross_full": replace(BASE, rows=("target", "cls", "cross", "uid"), full=True),
    "input_layers": replace(BASE, stages=2, act="GELU"),
    "input_silu": replace(BASE, stages=3, act="SILU"),
    "no_final_norm": replace(BASE, final_norm=False),
    "post": replace(BASE, block=Block(norm="POST")),
    "rms": replace(BASE, block=Block(kind="RMS_NORM")),
    "no_bias": replace(BASE, block=Block(bias=False)),
    "relu": replace(BASE, block=Block(act="RELU", heads=4)),
    "silu": replace(BASE, block=Block(act="SILU", heads=1)),
    "all_recent": replace(BASE, recent=6),
    "pairs": replace(BASE, size=2, recent=4, layers=1),
    "fours": replace(BASE, size=4, pad="learned", layers=2),
}
# Values of all choices in few models, whose machine code is compared too.
COMPILED = {
    ("full", "bf16"): replace(PADDED, layers=2, size=4, recent=3, rows=("target", "cls", "cross", "uid"), full=True, from_oldest=True, stages=2, act="SILU",
                    block=Block(norm="POST", act="RELU", heads=4)),
    ("grouped", "fp32"): replace(BASE, rows=("cls", "cross", "target", "uid"), pad="learned", inner=Block(norm="POST", act="SILU"), final_norm=False,
                       act="GELU", layers=2, block=Block(kind="RMS_NORM", act="SILU", bias=False)),
}


@pytest.mark.parametrize("name", VALUES)
def test_longer(name, tmp_path):
    c = VALUES[name]
    variants.held(name, describe(c), *longer(c), tmp_path, compiled=())


@pytest.mark.parametrize("name, precision", COMPILED)
def test_longer_compiled(name, precision, tmp_path):
    c = COMPILED[name, precision]
    variants.held(name, describe(c), *longer(c), tmp_path, compiled=(precision,))
