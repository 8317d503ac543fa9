# SPDX-License-Identifier: Apache-2.0
"""TransAct's open choices: the candidate in every token, the pool, the newest rows, the vocabulary, and the encoder."""
import math
from dataclasses import dataclass

import numpy as np
import pytest

import variants

CASE = "transact_small"
VOCABULARY, OTHER_VOCABULARY = [1, 2, 5, 7, 30, 98], [0, 3, 4, 60]
ROWS, ACTION, ITEM = 12, 6, 7


@dataclass
class Choice:
    candidate: bool = True  # in every token
    pool: bool = True
    newest: int = 3  # 0: all rows
    vocabulary: tuple = tuple(VOCABULARY)
    heads: int = 2
    layers: int = 2
    pre: bool = False
    activation: str = "RELU"
    causal: bool = False


CHOICES = {
    "no_candidate": Choice(candidate=False, heads=13),
    "no_pool": Choice(pool=False),
    "all_rows": Choice(newest=0),
    "no_pool_all_rows": Choice(pool=False, newest=0, heads=1),
    "other_vocabulary": Choice(vocabulary=tuple(OTHER_VOCABULARY)),
    "one_layer_one_head": Choice(layers=1, heads=1),
    "norm_first_gelu": Choice(pre=True, activation="GELU"),
    "causal": Choice(causal=True),
    "no_candidate_causal_norm_first_all_rows": Choice(candidate=False, causal=True, pre=True, newest=0, heads=1, vocabulary=(30,)),
}
COMPILED = {"causal": ("bf16",)}


def width(choice):
    return ACTION + ITEM * (1 + choice.candidate)


def describe(choice):
    count = choice.newest or ROWS
    changes = [(f"id: {VOCABULARY}", f"id: {list(choice.vocabulary)}"), ("layers: 2 heads: 2", f"layers: {choice.layers} heads: {choice.heads}"),
               ('"states" count: 3', f'"states" count: {count}'), ("dims: 60", f"dims: {count * width(choice)}"),
               ("norm: POST", f"norm: {'PRE' if choice.pre else 'POST'}"), ("activation: RELU", f"activation: {choice.activation}"),
               ("full {}", "causal {}" if choice.causal else "full {}")]
    text = variants.description(CASE, *changes)
    text = text[: text.index("# What torch gives")]
    if not choice.candidate:
        text = text.replace('["event_rows", "candidate_rows"]', '"event_rows"')
        text = variants.without(text, "candidate_rows")
    if not choice.pool:
        text = variants.without(text, "greatest", "pooled").replace('["pooled", "newest_slots"]', '"newest_slots"')
    return text


def make_weights(choice, seed):
    rng = np.random.default_rng(seed)
    d, inner = width(choice), 9
    shapes = {"action_emb_module.weight": (6, ACTION)}
    for layer in range(choice.layers):
        shapes |= {f"transformer_encoder.layers.{layer}.{name}": shape for name, shape in {
            "self_attn.in_proj_weight": (3 * d, d), "self_attn.in_proj_bias": (3 * d,), "self_attn.out_proj.weight": (d, d), "self_attn.out_proj.bias": (d,),
            "linear1.weight": (inner, d), "linear1.bias": (inner,), "linear2.weight": (d, inner), "linear2.bias": (d,),
            "norm1.weight": (d,), "norm1.bias": (d,), "norm2.weight": (d,), "norm2.bias": (d,)}.items()}
    if choice.pool:
        shapes |= {"out_linear.weight": (d, d), "out_linear.bias": (d,)}
    return {name: (rng.standard_normal(shape) * 0.4 + ("norm" in name and "weight" in name)).astype(np.float32) for name, shape in shapes.items()}


def make_requests(seed, users=24):
    rng = np.random.default_rng(seed)
    history, candidates = rng.integers(ROWS, ROWS + 4, users), rng.integers(0, 4, users)
    asked, n, m = rng.integers(10**12, 2 * 10**12, users), history.sum(), candidates.sum()
    time = np.repeat(asked, history) - rng.integers(-20, 60, n)
    time[::7] = np.repeat(asked, history)[::7]  # at the time of the request: seen
    return {
        "history.offsets": variants.offsets_of(history),
        "candidates.offsets": variants.offsets_of(candidates),
        "action": rng.choice([-1, 9, *VOCABULARY, *OTHER_VOCABULARY], n),
        "time": time,
        "item": rng.standard_normal((n, ITEM)).astype(np.float32),
        "request_time": asked,
        "candidate": rng.standard_normal((m, ITEM)).astype(np.float32),
    }


def reference(choice, weights, requests):
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    linear = lambda x, name: x @ w[f"{name}weight"].T + w[f"{name}bias"]
    norm = lambda x, name: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * w[f"{name}.weight"] + w[f"{name}.bias"]
    act = {"RELU": lambda x: np.maximum(x, 0), "GELU": lambda x: x / 2 * (1 + np.vectorize(math.erf, otypes=[float])(x / np.sqrt(2)))}[choice.activation]
    known = sorted(choice.vocabulary)
    outputs = []
    for action, time, item, asked, candidates in zip(*(variants.cut(requests[name], requests["history.offsets"]) for name in ("action", "time", "item")),
                                                     requests["request_time"], variants.cut(requests["candidate"], requests["candidates.offsets"])):
        ids = np.array([known.index(one) if one in known else 0 for one in action[:ROWS]])
        seen = (ids > 0) & (time[:ROWS] <= asked)
        seen[0] = True
        seen = np.repeat(seen[None], ROWS, 0) & (np.tril(np.ones((ROWS, ROWS), bool)) if choice.causal else True)
        for candidate in candidates:
            x = np.concatenate([w["action_emb_module.weight"][ids], item[:ROWS]] + [np.repeat(candidate[None], ROWS, 0)] * choice.candidate, 1)
            for layer in range(choice.layers):
                p = f"transformer_encoder.layers.{layer}."

                def attend(y):
                    q, k, v = np.split(linear(y, p + "self_attn.in_proj_"), 3, 1)
                    heads = []
                    for h in np.split(np.arange(width(choice)), choice.heads):
                        logits = np.where(seen, q[:, h] @ k[:, h].T / np.sqrt(len(h)), -np.inf)
                        share = np.exp(logits - logits.max(1, keepdims=True))
                        heads.append(share / share.sum(1, keepdims=True) @ v[:, h])
                    return linear(np.concatenate(heads, 1), p + "self_attn.out_proj.")

                inner = lambda y: linear(act(linear(y, p + "linear1.")), p + "linear2.")
                if choice.pre:
                    x = x + attend(norm(x, p + "norm1"))
                    x = x + inner(norm(x, p + "norm2"))
                else:
                    x = norm(x + attend(x), p + "norm1")
                    x = norm(x + inner(x), p + "norm2")
            pooled = [linear(x.max(0), "out_linear.")] if choice.pool else []
            outputs.append(np.concatenate([*pooled, x[: choice.newest or ROWS].reshape(-1)]))
    return {"output": np.array(outputs)}


@pytest.mark.parametrize("name", CHOICES)
def test_choice(name, tmp_path):
    choice = CHOICES[name]
    weights, requests = make_weights(choice, len(name)), make_requests(len(name))
    variants.held(name, describe(choice), weights, requests, reference(choice, weights, requests), tmp_path, COMPILED.get(name, ()))
