# SPDX-License-Identifier: Apache-2.0
"""What Meta's research HSTU chooses: position and time biases, the output's parts, heads, the fixed length, unit items, seen items."""
from dataclasses import dataclass

import numpy as np
import pytest

import variants

CASE, ITEMS, WIDTH, LAYERS, QK, V, ROWS, K = "gr_hstu_retrieval_ml1m", 40, 12, 2, 5, 4, 10, 6


@dataclass
class Choice:
    position: bool = True
    time: bool = True
    concat: bool = False
    heads: int = 1
    divisor: int = 21
    scale: float = 1
    scale_last: bool = False  # after the biases
    unit: bool = True  # items
    padding: bool = True  # rows of item 0 are zeros
    softmax: bool = False  # over all columns of the padded batch


CHOICES = {
    "no_bias": Choice(position=False, time=False),
    "position_bias": Choice(time=False),
    "time_bias": Choice(position=False),
    "concat": Choice(concat=True, heads=2),
    "scaled_before_the_bias": Choice(scale=0.3),
    "scaled_with_the_bias": Choice(scale=0.3, scale_last=True, heads=3),
    "no_unit_items_no_padding": Choice(unit=False, padding=False, divisor=100),
    "softmax": Choice(softmax=True),
    "softmax_no_bias": Choice(softmax=True, position=False, time=False, concat=True),
    "softmax_time_bias": Choice(softmax=True, position=False),
}
COMPILED = {"scaled_with_the_bias": ("fp32",), "softmax": ("fp32", "bf16")}


def describe(choice):
    order = f"order: {'ADD_THEN_SCALE' if choice.scale_last or choice.softmax else 'SCALE_THEN_ADD'}" if choice.scale != 1 or choice.softmax else ""
    bias = 'timestamps: "timestamp" request_time: "query_time"' if choice.time else ""
    bias += ("" if choice.position else " use_position: false") + ("" if choice.time else " use_time: false")
    changes = [("max: 200", f"max: {ROWS}"), ("heads: 1", f"heads: {choice.heads}"), ("k: 20", f"k: {K}"),
               ("divisor: 211 } }", f"divisor: {choice.divisor} }} factor: {choice.scale} }}"),
               ('bias { timestamps: "timestamp" request_time: "query_time" }', f"bias {{ {bias} {order} }}" if choice.position or choice.time else "")]
    if choice.softmax:
        changes.append((f"score {{ silu {{ divisor: {choice.divisor} }} factor: {choice.scale} }}", f"score {{ softmax {{ padded_rows: {choice.divisor} }} inverse_sqrt_width {{}} }}"))
    if choice.concat:
        changes.append(("layers: 2", "output: U_NORMED_ATTENTION_GATED layers: 2"))
    if not choice.unit:
        changes.append((" unit_rows { eps: 1e-6 }", ""))
    text = variants.description(CASE, *changes)
    if not choice.padding:
        text = variants.without(text, "tokens").replace('input: "tokens"', 'input: "positioned"')
    return text if choice.time else variants.without(text, "timestamp", "query_time")


def make_weights(choice, seed):
    rng = np.random.default_rng(seed)
    shapes = {"_embedding_module._item_emb.weight": (ITEMS, WIDTH), "_input_features_preproc._pos_emb.weight": (21, WIDTH)}
    for layer in range(LAYERS):
        p = f"_hstu._attention_layers.{layer}."
        shapes |= {p + "_uvqk": (WIDTH, 2 * choice.heads * (V + QK)), p + "_o.weight": (WIDTH, (3 if choice.concat else 1) * choice.heads * V), p + "_o.bias": (WIDTH,)}
        shapes |= {p + "_rel_attn_bias._pos_w": (41,)} if choice.position else {}
        shapes |= {p + "_rel_attn_bias._ts_w": (129,)} if choice.time else {}
    return {name: (rng.standard_normal(shape) * 0.5).astype(np.float32) for name, shape in shapes.items()}


def make_requests(choice, seed, users=64):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, ROWS + 1, users)
    lengths[:3] = [ROWS, 1, 2]
    n, now = lengths.sum(), rng.integers(10**9, 2 * 10**9, users)
    requests = {"history.offsets": variants.offsets_of(lengths), "item": rng.integers(0, ITEMS, n)}
    if choice.time:
        requests |= {"timestamp": np.repeat(now, lengths) - (7.0 ** rng.uniform(0, 7, n)).astype(np.int64), "query_time": now}
    return requests


def reference(choice, weights, requests):
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    table, places = w["_embedding_module._item_emb.weight"], w["_input_features_preproc._pos_emb.weight"]
    silu = lambda x: x / (1 + np.exp(-x))
    norm = lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
    unit = lambda x: x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-6)

    def bias(layer, times, now, n):
        i, j = np.arange(n)[:, None], np.arange(n)[None]
        total = np.zeros((n, n))
        if choice.position:
            total = total + w[f"_hstu._attention_layers.{layer}._rel_attn_bias._pos_w"][20 + j - i]
        if choice.time:
            apart = np.abs(np.append(times[1:], now)[:, None] - times[None])
            buckets = (np.log(np.maximum(apart, 1).astype(np.float32)) / np.float32(0.301)).astype(int)
            total = total + w[f"_hstu._attention_layers.{layer}._rel_attn_bias._ts_w"][np.minimum(buckets, 128)]
        return total

    result = {"user_emb": [], "topk.ids": [], "topk.scores": [], "topk_unseen.ids": [], "topk_unseen.scores": []}
    items = unit(table[1:]) if choice.unit else table[1:]
    cut = lambda name: variants.cut(requests[name], requests["history.offsets"])
    times, nows = (cut("timestamp"), requests["query_time"]) if choice.time else (cut("item"), np.zeros(len(cut("item"))))
    for ids, time, now in zip(cut("item"), times, nows):
        n = len(ids)
        x = table[ids] * np.sqrt(WIDTH) + places[:n]
        if choice.padding:
            x[ids == 0] = 0
        for layer in range(LAYERS):
            p = f"_hstu._attention_layers.{layer}."
            u, v, q, k = np.split(silu(norm(x) @ w[p + "_uvqk"]), choice.heads * np.cumsum([V, V, QK]), axis=1)
            heads = []
            for h in range(choice.heads):
                if choice.softmax:
                    # Keys, and times behind the request's own, are padded with zeros.
                    size, zeros = choice.divisor, np.zeros((choice.divisor - n, QK))
                    s = np.concatenate([q, zeros]) @ np.concatenate([k, zeros]).T + bias(layer, np.concatenate([time, [now], np.zeros(size)])[:size], 0, size)
                    e = np.exp(s / np.sqrt(QK))
                    heads.append(((e / e.sum(1, keepdims=True))[:n, :n] * np.tril(np.ones((n, n)))) @ v)
                    continue
                s, b = q[:, h * QK : (h + 1) * QK] @ k[:, h * QK : (h + 1) * QK].T, bias(layer, time, now, n)
                s = (s + b) * choice.scale if choice.scale_last else s * choice.scale + b
                heads.append(silu(s) / choice.divisor * np.tril(np.ones((n, n))) @ v[:, h * V : (h + 1) * V])
            a = norm(np.concatenate(heads, 1))
            x = x + np.concatenate(([u, a] if choice.concat else []) + [u * a], 1) @ w[p + "_o.weight"].T + w[p + "_o.bias"]
        user = unit(x[-1]) if n else np.zeros(WIDTH)
        scores = items @ user
        result["user_emb"].append(user)
        for name, left_out in (("topk", []), ("topk_unseen", ids)):
            best = sorted((one for one in range(1, ITEMS) if one not in left_out), key=lambda one: (-scores[one - 1], one))[:K]
            result[f"{name}.ids"].append(best)
            result[f"{name}.scores"].append(scores[np.array(best) - 1])
    return {name: np.array(value) for name, value in result.items()}


@pytest.mark.parametrize("name", CHOICES)
def test_choice(name, tmp_path):
    choice = CHOICES[name]
    weights, requests = make_weights(choice, len(name)), make_requests(choice, len(name))
    variants.held(name, describe(choice), weights, requests, reference(choice, weights, requests), tmp_path, COMPILED.get(name, ()))
