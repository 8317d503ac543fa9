# SPDX-License-Identifier: Apache-2.0
"""HSTU that scores candidates: all of them behind one history, or each in a sequence of its own. NumPy computes the latter, from spec/hstu.md: Meta's
production layer and, with its biases of position and time, the one of the paper's experiments."""
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import variants
from layers import node

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "systems"))
from reference import Weights, offsets  # noqa: E402

MOST = 16
LENGTHS = [5, 0, 1, 7, MOST - 1, *np.random.default_rng(7).integers(0, MOST, 59).tolist()]
HEADS, QK, V = 2, 4, 6


@dataclass(frozen=True)
class Hstu:
    """The golden case hstu_naive_tiny, and what may differ."""

    research: bool = False
    window: int = 0
    context: int = 0  # rows before the history, which see all of it but no candidate
    alpha: float = 0
    per_head: bool = False  # the norm of the result
    joined: bool = True  # research: the output reads [u, a, u * a], not u * a alone
    layers: int = 2
    naive: bool = False


def silu(x):
    return x / (1 + np.exp(-x))


def plain(x):
    centered = x - x.mean(-1, keepdims=True)
    return centered / np.sqrt((centered**2).mean(-1, keepdims=True) + 1e-6)


def bucket(seconds):
    return np.minimum((np.log(np.maximum(seconds, 1)).astype(np.float32) / np.float32(0.301)).astype(int), 128)


def attend(uvqk, sees, bias, alpha):
    """u and what is read of v, both [rows, heads, V]."""
    u, v, q, k = (part.reshape(len(uvqk), HEADS, -1) for part in np.split(uvqk, [HEADS * V, 2 * HEADS * V, HEADS * (2 * V + QK)], 1))
    scores = alpha * np.einsum("ihd,jhd->hij", q, k) + bias
    return u, np.einsum("hij,jhd->ihd", silu(scores) / MOST * sees, v)


def production(w, c, x):
    width = x.shape[1]
    places = np.maximum(np.arange(len(x)) - c.context, -1)  # that of all context rows is -1
    sees = places[:, None] >= places
    if c.window:
        sees &= places[:, None] - places <= c.window
    sees[: c.context, :-1] = True
    for number in range(c.layers):
        get = lambda name, *shape, number=number: w.get(f"_stu_layers.{number}.{name}", *shape)
        normed = plain(x) * get("_input_norm_weight", width) + get("_input_norm_bias", width)
        uvqk = normed @ get("_uvqk_weight", width, 2 * HEADS * (QK + V)) + get("_uvqk_beta", 2 * HEADS * (QK + V))
        u, read = attend(uvqk, sees, 0, c.alpha or 1 / math.sqrt(QK))
        u, read = silu(u).reshape(len(x), -1), read if c.per_head else read.reshape(len(x), -1)
        size = HEADS if c.per_head else HEADS * V
        gain, shift = (get(f"_output_norm_{part}", size).reshape(-1, *[1] * c.per_head) for part in ("weight", "bias"))
        a = (plain(read) * gain + shift).reshape(len(x), -1)
        x = x + np.concatenate([u, read.reshape(len(x), -1), u * a], 1) @ get("_output_weight", 3 * HEADS * V, width)
    return x


def experimental(w, c, x, times, now):
    width, rows = x.shape[1], np.arange(len(x))
    ahead = np.append(times[1:], now)
    for number in range(c.layers):
        get = lambda name, *shape, number=number: w.get(f"_hstu._attention_layers.{number}.{name}", *shape)
        bias = get("_rel_attn_bias._pos_w", 2 * MOST - 1)[MOST - 1 + rows - rows[:, None]]
        bias = bias + get("_rel_attn_bias._ts_w", 129)[bucket(np.abs(ahead[:, None] - times))]
        u, read = attend(silu(plain(x) @ get("_uvqk", width, 2 * HEADS * (QK + V))), rows[:, None] >= rows, bias, 1)
        u, a = u.reshape(len(x), -1), plain(read.reshape(len(x), -1))
        z = np.concatenate([u, a, u * a], 1) if c.joined else u * a
        x = x + z @ get("_o.weight", width, z.shape[1]).T + get("_o.bias", width)
    return x


def hstu(c):
    """Weights, requests and what they must give."""
    # With other seeds a row whose attention is as small as the eps of its norm may carry all of the greatest error.
    w = Weights(52)
    random = w.random
    scored = random.integers(0, 5, len(LENGTHS))
    scored[1] = 2
    requests = {"history.offsets": offsets(LENGTHS), "candidates.offsets": offsets(scored)}
    for name, count in (("history", sum(LENGTHS)), ("candidate", scored.sum())):
        if c.research:
            requests["item" if name == "history" else name] = random.integers(0, 30, count)
        else:
            requests[f"{name}_x"] = random.standard_normal((count, 8)).astype(np.float32)
    if c.research:
        requests["time"] = np.concatenate([np.sort(random.integers(0, 10**7, n)) for n in LENGTHS])
        requests["now"] = 10**7 + random.integers(0, 10**6, len(LENGTHS))
        items, places = w.get("_embedding_module._item_emb.weight", 30, 8) * math.sqrt(8), w.get("_input_features_preproc._pos_emb.weight", MOST, 8)
        history, candidates = items[requests["item"]], items[requests["candidate"]]
    else:
        history, candidates = requests["history_x"].astype(float), requests["candidate_x"].astype(float)
    if c.context:
        requests["prefix.offsets"] = offsets([c.context] * len(LENGTHS))
        requests["context_x"] = random.standard_normal((c.context * len(LENGTHS), 8)).astype(np.float32)
    found = []
    cut = zip(variants.cut(history, offsets(LENGTHS)), variants.cut(candidates, offsets(scored)))
    for request, (own, asked) in enumerate(cut):
        for row in asked:
            x = np.concatenate([own, row[None]])
            if c.research:
                now = requests["now"][request]
                times = np.append(variants.cut(requests["time"], offsets(LENGTHS))[request], now)
                found.append(experimental(w, c, x + places[: len(x)], times, now)[-1])
            else:
                before = requests["context_x"][c.context * request :][: c.context].astype(float) if c.context else x[:0]
                found.append(production(w, c, np.concatenate([before, x]))[-1])
    scored = np.array(found)
    if not c.research:
        return w.tensors, requests, {"scored": scored}
    return w.tensors, requests, {"scored": scored, "logits": w.linear(scored, "score", 1)}


PRODUCTION = """rows { name: "history"    max: 15 }
rows { name: "candidates" max: 16 }
input { name: "history_x"   rows: "history"    type: FLOAT32 dims: 8 }
input { name: "candidate_x" rows: "candidates" type: FLOAT32 dims: 8 }
"""

# Positions stand before the history is repeated; candidates all have the one behind it.
EXPERIMENTAL = """rows { name: "history"    max: 15 }
rows { name: "candidates" max: 16 }
input { name: "item"      rows: "history"    type: INT64 }
input { name: "time"      rows: "history"    type: INT64 }
input { name: "candidate" rows: "candidates" type: INT64 }
input { name: "now"       rows: "request"    type: INT64 }
table { name: "items" weight: "_embedding_module._item_emb.weight" out_of_range: REJECT_REQUEST }
node { name: "ids"    append    { history: "item" candidates: "candidate" } }
node { name: "rows"   embedding { ids: "ids" table: "items" } }
node { name: "placed" positions {
  input: "rows" preset: META_RESEARCH_HSTU candidates: "candidates" weight: "_input_features_preproc._pos_emb.weight" } }
node { name: "history_x"    select { input: "placed" rows: "history" } }
node { name: "candidate_x"  select { input: "placed" rows: "candidates" } }
node { name: "times"        append { history: "time" candidates: "asked" } }
node { name: "asked"        broadcast_rows { input: "now" rows: "candidates" } }
node { name: "logits"       linear { input: "scored" weight: "score.weight" bias: "score.bias" } }
output { node: "logits" }
"""


def describe(c):
    text = 'name: "hstu"\n' + (EXPERIMENTAL if c.research else PRODUCTION)
    history, context, bias, times = "history_x", "", "", "times"
    if c.context:
        text += f'rows {{ name: "prefix" max: {c.context} }}\nrows {{ name: "context" count: {c.context} }}\n'
        text += 'input { name: "context_x" rows: "prefix" type: FLOAT32 dims: 8 }\n'
        text += node("padded", f'pad_rows {{ input: "context_x" count: {c.context} }}')
        text += node("contexts", 'repeat_rows { input: "padded" rows: "candidates" }') if c.naive else ""
        context = f'context: "{"contexts" if c.naive else "padded"}"'
    if c.naive:
        text += node("histories", 'repeat_rows { input: "history_x" rows: "candidates" }')
        history = "histories"
        if c.research:
            text += node("repeated_times", 'repeat_rows { input: "time" rows: "candidates" }')
            text += node("own_times", 'append { history: "repeated_times" candidates: "asked" }')
            times = "own_times"
    text += node("tokens", f'append {{ {context} history: "{history}" candidates: "candidate_x" }}')
    # In a sequence of its own the candidate is one row, as a request is.
    mask = f'candidates {{ rows: "{"request" if c.naive else "candidates"}" see: SELF }}'
    if c.context:
        mask += ' context { rows: "context" }'
    if c.window:
        mask += f" window {{ past: {c.window} candidates: FROM_HISTORY_END }}"
    score = f"factor: {c.alpha}" if c.alpha else ""
    if c.research:
        bias = f'bias {{ timestamps: "{times}" request_time: "now" }} {"output: U_NORMED_ATTENTION_GATED" if c.joined else ""}'
    text += node("states", f"""hstu {{
      input: "tokens" preset: {'META_RESEARCH_HSTU' if c.research else 'META_STU'} layers: {c.layers} heads: {HEADS}
      mask {{ {mask} }} score {{ silu {{ divisor: {MOST} }} {score} }} {bias} {'output_norm { per_head: true }' if c.per_head else ''}
      weights {{ prefix: "{'_hstu._attention_layers' if c.research else '_stu_layers'}.{{layer}}." }} }}""")
    return text + node("scored", 'select { input: "states" rows: "candidates" }') + 'output { node: "scored" }\n'


BASE, RESEARCH = Hstu(), Hstu(research=True)
VALUES = {
    "as_stored": BASE,
    "window": replace(BASE, window=3),
    "alpha": replace(BASE, alpha=0.7, layers=3),
    "context": replace(BASE, context=2),
    "context_window": replace(BASE, context=3, window=4),
    "per_head": replace(BASE, per_head=True, window=5),
    "research": RESEARCH,
    "research_gated": replace(RESEARCH, joined=False),
}
COMPILED = {
    ("per_head", "bf16"): replace(BASE, per_head=True, context=2, window=3, alpha=0.7),
    ("research", "fp32"): RESEARCH,
    ("research_naive", "bf16"): replace(RESEARCH, joined=False, naive=True),
}


@pytest.mark.parametrize("naive", [False, True], ids=["appended", "naive"])
@pytest.mark.parametrize("name", VALUES)
def test_hstu(name, naive, tmp_path):
    c = replace(VALUES[name], naive=naive)
    variants.held(name, describe(c), *hstu(c), tmp_path, compiled=())


@pytest.mark.parametrize("name, precision", COMPILED)
def test_hstu_compiled(name, precision, tmp_path):
    c = COMPILED[name, precision]
    variants.held(name, describe(c), *hstu(c), tmp_path, compiled=(precision,))
