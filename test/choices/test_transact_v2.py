# SPDX-License-Identifier: Apache-2.0
"""TransAct V2's open choices: what the nearest rows are measured with and how they are ordered, unit items, empty slots, the mask, the pool."""
from dataclasses import dataclass

import numpy as np
import pytest

import variants

CASE = "transactv2_tiny"
STREAMS, DIM, WIDTH = {"ll": 4, "rt": 3, "imp": 2}, 5, 10
NEWEST = 2  # rows of `rt` that are always there
STEP = 0.65 / 127


@dataclass
class Choice:
    measure: str = "int8"  # the candidate that keys are multiplied with; or fp16
    best_first: bool = False
    unit: bool = False
    later: bool = True  # a slot sees what stands behind it; or before it
    empty: str = "zeros"  # or candidate: an empty slot has the candidate and its place
    pool_all: bool = False
    linear_first: bool = False


CHOICES = {
    "fp16": Choice(measure="fp16"),
    "best_first": Choice(best_first=True),
    "unit_items": Choice(unit=True),
    "causal": Choice(later=False),
    "empty_slots_have_the_candidate": Choice(empty="candidate"),
    "pool_all": Choice(pool_all=True),
    "linear_first": Choice(linear_first=True),
    "linear_first_pool_all_causal": Choice(linear_first=True, pool_all=True, later=False),
    "fp16_best_first_unit_candidate": Choice(measure="fp16", best_first=True, unit=True, empty="candidate"),
    "all_others": Choice("fp16", True, True, False, "candidate", True, True),
}
COMPILED = {"fp16_best_first_unit_candidate": ("bf16",), "linear_first": ("fp32",)}


def describe(choice):
    changes = []
    if choice.measure == "fp16":
        changes.append(("order: BY_PLACE", "order: BY_PLACE half_scale: 0.00511811023622047244"))
    if choice.best_first:
        changes.append(("order: BY_PLACE", "order: BEST_FIRST"))
    if choice.unit:
        for name in (*STREAMS, "candidate"):
            changes += [(f'node {{ name: "{name}_item"', f'node {{ name: "{name}_item" l2_norm {{ input: "{name}_scaled" eps: 1e-12 }} }}\n'
                         f'node {{ name: "{name}_scaled"')]
    if not choice.later:
        changes.append(("reverse_causal {}", "causal {}"))
    text = variants.description(CASE, *changes)
    if choice.empty == "candidate":
        text = variants.without(text, "tokens").replace('name: "placed"', 'name: "tokens"')
    pooled = 'input: "states1"'
    if choice.linear_first:
        text = variants.without(text, "pooled").replace('node { name: "low" ', 'node { name: "slots_out" linear { input: "states1" weight: "out_linear.weight" '
                                                        'bias: "out_linear.bias" } }\nnode { name: "low" ')
        for name in ("low", "states_here"):
            text = text.replace(f'name: "{name}"', f'name: "{name}"').replace('clamp     { input: "states1"', 'clamp { input: "slots_out"')
        text = text.replace('mask_rows { input: "states1" ids: "here"', 'mask_rows { input: "slots_out" ids: "here"')
        text = text.replace('name: "some_greatest"', 'name: "pooled"')
        pooled = 'input: "slots_out"'
    if choice.pool_all:
        text = variants.without(text, "low", "low_elsewhere", "states_here", "either", "some_greatest")
        if choice.linear_first:
            text = variants.without(text, "pooled").replace('name: "greatest"', 'name: "pooled"')
        text = text.replace('input: "either"', pooled).replace('"some_greatest"', '"greatest"')
    return text


def make_requests(seed, users=64):
    rng = np.random.default_rng(seed)
    requests, candidates = {}, rng.integers(0, 4, users)
    candidates[:3] = [3, 2, 0]
    for name in STREAMS:
        rows = rng.integers(0, 9, users)
        rows[0] = 0  # a user who did nothing
        count = rows.sum()
        requests |= {f"{name}.offsets": variants.offsets_of(rows), f"{name}_items": rng.integers(-127, 128, (count, DIM)).astype(np.int8),
                     f"{name}_actions": rng.integers(0, 8, count), f"{name}_surface": rng.integers(0, 4, count)}
    count = candidates.sum()
    return requests | {
        "candidates.offsets": variants.offsets_of(candidates),
        "candidate": rng.integers(-127, 128, (count, DIM)).astype(np.int8),
        "item_features": rng.standard_normal((count, 2)).astype(np.float32),
        "user_features": rng.standard_normal((users, 3)).astype(np.float32),
    }


def vectors(choice, numbers):
    x = numbers * STEP
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12) if choice.unit else x


def nearest(choice, keys, candidate, count):
    """Places of the nearest keys, and -1 where there are fewer."""
    if choice.measure == "fp16":
        candidate = (candidate.astype(np.float32) * np.float32(STEP)).astype(np.float16).astype(np.float64)
    score = keys.astype(np.float64) @ candidate
    best = sorted(range(len(keys)), key=lambda place: (-score[place], place))[:count]
    return (best if choice.best_first else sorted(best)) + [-1] * (count - len(best))


def norm(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def encode(choice, w, x, here):
    slots = np.arange(len(x))
    seen = (slots[None] >= slots[:, None] if choice.later else slots[None] <= slots[:, None]) & here[None]
    for layer in range(2):
        q, k, v, w1, w2 = (w[f"encoder.layers.{layer}.{part}"] for part in ("q", "k", "v", "w1", "w2"))
        logits = np.where(seen, (x @ q) @ (x @ k).T / np.sqrt(WIDTH), -np.inf)
        p = np.exp(logits - np.where(seen.any(1), logits.max(1), 0)[:, None])
        p /= np.maximum(p.sum(1, keepdims=True), 1e-300)
        x = norm(x + p @ (x @ v))
        x = norm(x + np.maximum(x @ w1, 0) @ w2)
    return x


def reference(choice, weights, requests):
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    linear = lambda x, name: x @ w[f"{name}.weight"].T + w[f"{name}.bias"]
    streams = {name: list(zip(*(variants.cut(requests[f"{name}_{part}"], requests[f"{name}.offsets"]) for part in ("items", "actions", "surface"))))
               for name in STREAMS}
    result = {name: [] for name in ("ll_places", "rt_places", "imp_places", "pooled", "heads", "score")}
    for user, (candidates, about) in enumerate(zip(*(variants.cut(requests[name], requests["candidates.offsets"]) for name in ("candidate", "item_features")))):
        for candidate, features in zip(candidates, about):
            slots = []
            for name, count in STREAMS.items():
                items = streams[name][user][0]
                if name == "rt":
                    slots += [(name, place if place < len(items) else -1) for place in range(NEWEST)]
                first = NEWEST if name == "rt" else 0
                places = [place + first if place >= 0 else -1 for place in nearest(choice, items[first:], candidate, count)]
                result[f"{name}_places"].append(places)
                slots += [(name, place) for place in places]
            here = np.array([place >= 0 for _, place in slots])
            rows = []
            for slot, (name, place) in enumerate(slots):
                kind, item = np.zeros(WIDTH), np.zeros(DIM)
                if place >= 0:
                    items, actions, surface = (part[place] for part in streams[name][user])
                    item = vectors(choice, items)
                    kind = sum(w["action_embedding.weight"][bit] for bit in range(3) if actions >> bit & 1) + w["surface_embedding.weight"][surface]
                rows.append(np.concatenate([item, vectors(choice, candidate)]) + kind + w["position_embedding.weight"][slot])
                if place < 0 and choice.empty == "zeros":
                    rows[-1] = np.zeros(WIDTH)
            states = encode(choice, w, np.array(rows), here)
            if choice.linear_first:
                states = linear(states, "out_linear")
            kept = states if choice.pool_all else states[here]
            pooled = kept.max(0) if len(kept) else np.zeros(states.shape[1])
            pooled = pooled if choice.linear_first else linear(pooled, "out_linear")
            base = x = np.concatenate([pooled, requests["user_features"][user], features])
            for layer in range(2):
                x = base * linear(x, f"cross.layers.{layer}") + x
            deep = x
            for stage in (0, 2):
                deep = np.maximum(linear(deep, f"mlp.{stage}"), 0)
            heads = 1 / (1 + np.exp(-linear(np.concatenate([x, deep]), "heads")))
            for name, value in (("pooled", pooled), ("heads", heads), ("score", [heads @ w["head_weights"]])):
                result[name].append(value)
    return {name: np.array(value) for name, value in result.items()}


@pytest.mark.parametrize("name", CHOICES)
def test_choice(name, tmp_path):
    choice, weights, requests = CHOICES[name], variants.golden_weights(CASE), make_requests(len(name))
    variants.held(name, describe(choice), weights, requests, reference(choice, weights, requests), tmp_path, COMPILED.get(name, ()))
