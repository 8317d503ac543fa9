# SPDX-License-Identifier: Apache-2.0
"""Amortized scoring: what arXiv 2412.06924 leaves open, each value of it, against NumPy written from the paper, one candidate at a time."""
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import variants
from layers import Block, layer, node, norm, two_layers

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "systems"))
from reference import Weights, sigmoid  # noqa: E402

LENGTHS = [0, 1, 4, 9, 15, *np.random.default_rng(5).integers(0, 16, 59).tolist()]
WIDTH = 12


@dataclass(frozen=True)
class Amortized:
    """The golden case amortized_tiny, and what may differ."""

    causal: bool = False
    sees_itself: bool = False
    from_newest: bool = True
    placed: bool = True  # candidates have a position
    final_norm: bool = False
    mean: bool = False  # the head reads the mean of the history too
    act: str = "RELU"
    layers: int = 2
    block: Block = Block(norm="POST", act="RELU", heads=3)


def amortized(c):
    """Weights, requests and what they must give."""
    w = Weights(31)
    random = w.random
    scored = random.integers(0, 6, len(LENGTHS))
    scored[0] = 3
    requests = {
        "history.offsets": variants.offsets_of(LENGTHS),
        "candidates.offsets": variants.offsets_of(scored),
        "item": random.integers(0, 30, sum(LENGTHS)),
        "action": random.integers(0, 4, sum(LENGTHS)),
        "candidate": random.integers(0, 30, scored.sum()),
        "dense": random.standard_normal((scored.sum(), 3)).astype(np.float32),
    }
    items, actions, places = w.get("item_emb.weight", 30, 7), w.get("action_emb.weight", 4, 3), w.get("pos_emb.weight", 17, WIDTH)

    def rows(ids, acted):
        return w.linear(np.concatenate([items[ids], acted], 1), "in_proj", WIDTH)

    history = variants.cut(rows(requests["item"], actions[requests["action"]]), requests["history.offsets"])
    candidates = rows(requests["candidate"], np.tile(w.get("cand_action", 3), (scored.sum(), 1)))
    expected = {"tokens": [], "states": [], "logits": []}
    for own, asked, dense in zip(history, *(variants.cut(x, requests["candidates.offsets"]) for x in (candidates, requests["dense"]))):
        n = len(own)
        own = own + (places[n - np.arange(n)] if c.from_newest else places[:n])
        asked = asked + places[0 if c.from_newest else n] * c.placed
        expected["tokens"] += [own, asked]
        sees = np.ones((n + 1, n + 1), bool)
        if c.causal:
            sees = np.tril(sees)
        sees[:, n] = False
        sees[n, n] = c.sees_itself

        def encode(x, sees):
            for number in range(c.layers):
                x = layer(w, f"layers.{number}", c.block, x, x, sees)
            return x

        ended = encode(own, sees[:n, :n])
        scores = np.array([encode(np.concatenate([own, row[None]]), sees)[n] for row in asked]).reshape(len(asked), WIDTH)
        expected["states"] += [ended, scores]
        if c.final_norm:
            ended, scores = (norm(w, x, "final_norm", c.block.kind) for x in (ended, scores))
        mean = [np.tile(ended.mean(0) if n else np.zeros(WIDTH), (len(asked), 1))] if c.mean else []
        expected["logits"].append(two_layers(w, np.concatenate([scores, *mean, dense.astype(float)], 1), "head", 9, 1, c.act))
    expected = {name: np.concatenate(parts) for name, parts in expected.items()}
    return w.tensors, requests, expected | {"scores": sigmoid(expected["logits"])}


def describe(c):
    count = f"count: {'FROM_NEWEST' if c.from_newest else 'FROM_OLDEST'}"
    mask = f'{"causal" if c.causal else "full"} {{}} candidates {{ rows: "candidates" see: {"SELF" if c.sees_itself else "NONE"} }}'
    text = variants.description(
        "amortized_tiny",
        ("count: FROM_NEWEST", count),
        ('full {} candidates { rows: "candidates" see: NONE }', mask),
        ("layers: 2   heads: 3   norm: POST   eps: 1e-5   activation: RELU", f"layers: {c.layers} {c.block.settings()}"),
        ('prefix: "layers.{layer}."', f'prefix: "layers.{{layer}}." use_bias: {str(c.block.bias).lower()}'),
        ("[LINEAR, RELU, LINEAR]", f"[LINEAR, {c.act}, LINEAR]"),
    )
    if not c.placed:  # positions of the history alone, before candidates are appended
        text = variants.without(text, "tokens")
        text += node("projected_history", 'select { input: "projected" rows: "history" }')
        text += node("projected_candidates", 'select { input: "projected" rows: "candidates" }')
        text += node("placed", f'positions {{ input: "projected_history" factor: 1 {count} weight: "pos_emb.weight" }}')
        text += node("tokens", 'append { history: "placed" candidates: "projected_candidates" }')
    read = "states"
    if c.final_norm:
        kind, bias = ("rms_norm", "") if c.block.kind == "RMS_NORM" else ("layer_norm", 'bias: "final_norm.bias"')
        text += node("normed", f'{kind} {{ input: "states" weight: "final_norm.weight" {bias} eps: 1e-5 }}')
        read = "normed"
        text = text.replace('select { input: "states"', 'select { input: "normed"')
    if c.mean:
        text = text.replace('{ input: "scored" input: "dense" }', '{ input: ["scored", "means", "dense"] }')
        text += node("ended", f'select {{ input: "{read}" rows: "history" }}') + node("mean", 'pool { input: "ended" kind: MEAN }')
        text += node("means", 'broadcast_rows { input: "mean" rows: "candidates" }')
    return text


BASE = Amortized()
VALUES = {
    "as_stored": BASE,
    "causal": replace(BASE, causal=True),
    "sees_itself": replace(BASE, sees_itself=True),
    "causal_sees_itself": replace(BASE, causal=True, sees_itself=True),
    "from_oldest": replace(BASE, from_newest=False),
    "not_placed": replace(BASE, placed=False),
    "not_placed_from_oldest": replace(BASE, placed=False, from_newest=False),
    "final_norm": replace(BASE, final_norm=True),
    "mean": replace(BASE, mean=True),
    "pre_final_norm_mean": replace(BASE, mean=True, final_norm=True, block=Block(act="GELU")),
    "silu_no_bias": replace(BASE, act="SILU", block=Block(norm="POST", act="SILU", bias=False)),
    "rms": replace(BASE, act="GELU", layers=1, block=Block(kind="RMS_NORM", heads=4)),
}
COMPILED = {
    ("itself", "bf16"): replace(BASE, causal=True, sees_itself=True, placed=False, final_norm=True, mean=True, act="SILU", block=Block(act="GELU", heads=4)),
    ("not_itself", "fp32"): replace(BASE, causal=True, from_newest=False, mean=True, act="GELU", layers=3, block=Block(norm="POST", kind="RMS_NORM", act="SILU", bias=False)),
}


@pytest.mark.parametrize("name", VALUES)
def test_amortized(name, tmp_path):
    c = VALUES[name]
    variants.held(name, describe(c), *amortized(c), tmp_path, compiled=())


@pytest.mark.parametrize("name, precision", COMPILED)
def test_amortized_compiled(name, precision, tmp_path):
    c = COMPILED[name, precision]
    variants.held(name, describe(c), *amortized(c), tmp_path, compiled=(precision,))
