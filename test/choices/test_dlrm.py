# SPDX-License-Identifier: Apache-2.0
"""What DLRM's flags choose: which pairs of vectors meet and in which order, how bags are joined and weighted."""
import numpy as np
import pytest

import variants

CASE, WIDTH = "dlrm_tiny", 5
TABLES = {"t0": 9, "t1": 4, "t2": 11, "t3": 6}
PAIRS = {
    "LOWER": [(i, j) for i in range(5) for j in range(i)],
    "LOWER_DIAGONAL": [(i, j) for i in range(5) for j in range(i + 1)],
    "UPPER": [(i, j) for i in range(5) for j in range(i + 1, 5)],
    "UPPER_DIAGONAL": [(i, j) for i in range(5) for j in range(i, 5)],
    "ALL": [(i, j) for i in range(5) for j in range(5)],
    "cat": None,  # the vectors side by side
}
# What joins the bags of each table, and what their rows are multiplied with.
BAGS = {
    "as it is": dict(t0=("SUM", ""), t1=("MEAN", ""), t2=("SUM", "request"), t3=("SUM", "row")),
    "other": dict(t0=("MAX", ""), t1=("SUM", ""), t2=("MEAN", "request"), t3=("MEAN", "row")),
}


def describe(pairs, bags):
    text = variants.description(CASE, ("pairs: LOWER_DIAGONAL", f"pairs: {'ALL' if pairs == 'cat' else pairs}"))
    for name, (kind, _) in BAGS["as it is"].items():
        given = "weighted" if name in ("t2", "t3") else "emb"
        old = f'input: "{name}_{given}" kind: {kind}'
        assert old in text
        text = text.replace(old, f'input: "{name}_{given}" kind: {BAGS[bags][name][0]}')
    if pairs == "ALL":
        text = text.replace('input: ["bottom", "dots"]', 'input: ["bottom", "flat"]')
        text = text.replace('node { name: "interaction"', 'node { name: "flat" reshape_features { input: "dots" dims: 25 } }\nnode { name: "interaction"')
    if pairs == "cat":
        text = variants.without(text, "vectors", "dots", "interaction").replace('node { name: "all"', 'node { name: "interaction"')
    return text


def make_weights(pairs, seed):
    rng = np.random.default_rng(seed)
    weights = variants.golden_weights(CASE)
    inputs = WIDTH + len(PAIRS[pairs]) if pairs != "cat" else WIDTH * 5
    weights["top_l.0.weight"] = (rng.standard_normal((8, inputs)) * 0.3).astype(np.float32)
    return weights


def make_requests(seed, users=64):
    rng = np.random.default_rng(seed)
    requests = {"dense": rng.standard_normal((users, 3)).astype(np.float32)}
    for name, rows in TABLES.items():
        lengths = rng.integers(0, 5, users)
        requests |= {f"{name}.offsets": variants.offsets_of(lengths), f"{name}_id": rng.integers(0, rows, lengths.sum())}
    return requests | {"t2_weight": rng.standard_normal(len(requests["t2_id"])).astype(np.float32)}


def reference(pairs, bags, weights, requests):
    w = {name: value.astype(np.float64) for name, value in weights.items()}

    def mlp(x, name, stages):
        for stage in stages:
            x = x @ w[f"{name}.{stage}.weight"].T + w[f"{name}.{stage}.bias"]
            x = np.maximum(x, 0) if (name, stage) != ("top_l", 4) else 1 / (1 + np.exp(-x))
        return x

    vectors = [mlp(requests["dense"].astype(np.float64), "bot_l", (0, 2))]
    for i, name in enumerate(TABLES):
        kind, weighted = BAGS[bags][name]
        ids = requests[f"{name}_id"]
        rows = w[f"emb_l.{i}.weight"][ids]
        if weighted:
            rows = rows * (requests["t2_weight"] if weighted == "request" else w[f"v_W.{i}"].reshape(-1)[ids])[:, None]
        join = {"SUM": np.sum, "MEAN": np.mean, "MAX": np.max}[kind]
        vectors.append(np.array([join(bag, axis=0) if len(bag) else np.zeros(WIDTH) for bag in variants.cut(rows, requests[f"{name}.offsets"])]))
    if pairs == "cat":
        interaction = np.concatenate(vectors, 1)
    else:
        interaction = np.concatenate([vectors[0], *((vectors[i] * vectors[j]).sum(1, keepdims=True) for i, j in PAIRS[pairs])], 1)
    return {"pooled": np.stack(vectors[1:], 1), "interaction": interaction, "score": mlp(interaction, "top_l", (0, 2, 4))}


@pytest.mark.parametrize("pairs, bags", [*((pairs, "as it is") for pairs in PAIRS), ("LOWER", "other")])
def test_choice(pairs, bags, tmp_path):
    weights, requests = make_weights(pairs, len(pairs)), make_requests(len(pairs))
    expected = reference(pairs, bags, weights, requests)
    text = describe(pairs, bags)
    if pairs == "cat":
        expected.pop("pooled")
        text = variants.without(text, "pooled")
    variants.held(f"{pairs} {bags}", text, weights, requests, expected, tmp_path, ("fp32",) if bags == "other" else ())
