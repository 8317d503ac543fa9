# SPDX-License-Identifier: Apache-2.0
"""PinFM's open choices: a full window that drops its oldest row for the candidate, where a candidate stands, one or two rows for each, and the block."""
import math
from dataclasses import dataclass

import numpy as np
import pytest

import variants

CASE = "pinfm_tiny"
WIDTH, LENGTH, CLASSES = 16, 8, {"action": 5, "surface": 3}
HASHES = [(261577842, 1388269422), (1233462372, 1180077540), (1216026467, 1863058425), (475826722, 129958459)]


@dataclass
class Choice:
    rotate: bool = False  # the candidate takes the place of the oldest row of a full history
    position: str = "next"  # or none
    rows: int = 1  # of a candidate: id and content together, or one after the other
    norm: str = "PRE"
    kind: str = "LAYER_NORM"
    activation: str = "GELU_TANH"
    biases: bool = True


CHOICES = {
    "rotate": Choice(rotate=True),
    "no_position": Choice(position="none"),
    "two_rows": Choice(rows=2),
    "rotate_no_position": Choice(rotate=True, position="none"),
    "rotate_two_rows": Choice(rotate=True, rows=2),
    "post_norm_relu": Choice(norm="POST", activation="RELU"),
    "rms_no_biases_silu": Choice(kind="RMS_NORM", biases=False, activation="SILU"),
    "rotate_two_rows_rms_gelu": Choice(rotate=True, rows=2, kind="RMS_NORM", activation="GELU"),
}
COMPILED = {"rotate": ("fp32",), "rotate_two_rows": ("bf16",)}


def describe(choice):
    changes = [('rows { name: "history"    max: 23 }', f'rows {{ name: "history"    max: {LENGTH} }}')]
    if choice.rotate:
        changes += [("causal {}", f"causal {{}} window {{ past: {LENGTH - 1} candidates: FROM_HISTORY_END }}"),
                    ('candidates: "candidates" weight: "pos_emb.weight"', f'candidates: "candidates" last: {LENGTH - 1} weight: "pos_emb.weight"')]
    if choice.position == "none":
        changes += [('node { name: "positioned" positions { input: "tokens"', 'node { name: "placed" positions { input: "past_phi"'),
                    (f'candidates: "candidates" {"last: 7 " * choice.rotate}weight: "pos_emb.weight"', 'weight: "pos_emb.weight"'),
                    ('append { history: "past_phi" candidates: "candidate_token" }', 'append { history: "placed" candidates: "candidate_token" }'),
                    ('input: "positioned"', 'input: "tokens"')]
    if choice.rows == 2:
        changes += [('name: "candidates" max: 16 }', 'name: "candidates" max: 16 }\nrows { name: "pairs" interleaved { of: "candidates" times: 2 } }'),
                    ('add { input: "candidate_phi" input: "candidate_mark" input: "content_row" }', 'add { input: "candidate_mark" input: "content_row" }'),
                    ('node { name: "tokens"          append { history: "past_phi" candidates: "candidate_token" } }',
                     'node { name: "pair" interleave { input: "candidate_phi" input: "candidate_token" } }\n'
                     'node { name: "tokens"          append { history: "past_phi" candidates: "pair" } }'),
                    ('count: FROM_OLDEST candidates: "candidates"', 'count: FROM_OLDEST candidates: "pairs" group: 2'),
                    ('candidates { rows: "candidates" see: SELF }', 'candidates { rows: "pairs" see: GROUP group: 2 }'),
                    ('node { name: "candidate_out" select { input: "unit" rows: "candidates" } }',
                     'node { name: "pair_out"      select { input: "unit" rows: "pairs" } }\n'
                     'node { name: "candidate_out" deinterleave { input: "pair_out" phase: 1 } }')]
    changes += [("norm: PRE", f"norm: {choice.norm} norm_kind: {choice.kind}"), ("activation: GELU_TANH", f"activation: {choice.activation}")]
    if choice.kind == "RMS_NORM":
        changes.append(('layer_norm { input: "states" weight: "ln_f.weight" bias: "ln_f.bias" eps: 1e-5 }',
                        'rms_norm { input: "states" weight: "ln_f.weight" eps: 1e-5 }'))
    if not choice.biases:
        changes.append(('output_norm: "norm2"', 'output_norm: "norm2" use_bias: false'))
    return variants.description(CASE, *changes)


def make_requests(seed, users=64):
    rng = np.random.default_rng(seed)
    history = rng.integers(0, LENGTH + 1, users)
    history[:4], candidates = [LENGTH, 0, 1, LENGTH], rng.integers(0, 4, users)
    candidates[:4] = [3, 2, 1, 0]
    n, m = history.sum(), candidates.sum()
    return {
        "history.offsets": variants.offsets_of(history),
        "candidates.offsets": variants.offsets_of(candidates),
        "item": rng.integers(0, 1 << 30, n),
        "candidate": rng.integers(0, 1 << 30, m),
        "content": rng.standard_normal((m, 6)).astype(np.float32),
        "now_surface": rng.integers(0, CLASSES["surface"], users),
        **{name: rng.integers(0, classes, n) for name, classes in CLASSES.items()},
    }


ACTIVATIONS = {
    "RELU": lambda x: np.maximum(x, 0),
    "SILU": lambda x: x / (1 + np.exp(-x)),
    "GELU": lambda x: x / 2 * (1 + np.vectorize(math.erf, otypes=[float])(x / np.sqrt(2))),
    "GELU_TANH": lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
}


class Network:
    def __init__(self, choice, weights):
        self.choice, self.weights = choice, {name: value.astype(np.float64) for name, value in weights.items()}

    def linear(self, x, name, bias=True):
        y = x @ self.weights[f"{name}.weight"].T
        return y + self.weights[f"{name}.bias"] if bias else y

    def mlp(self, x, name):
        return self.linear(ACTIVATIONS["GELU_TANH"](self.linear(x, f"{name}.0")), f"{name}.1")

    def norm(self, x, name):
        weight = self.weights[f"{name}.weight"]
        if self.choice.kind == "RMS_NORM":
            return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * weight
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * weight + self.weights[f"{name}.bias"]

    def items(self, ids):
        rows = [[(a * int(item) + b) % 2147483647 % 40 for item in ids] for a, b in HASHES]
        return np.concatenate([self.weights[f"tables.{j}.weight"][row] for j, row in enumerate(rows)], axis=1).reshape(len(ids), 20)

    def attend(self, x, layer, seen):
        q, k, v = (self.linear(x, f"layers.{layer}.attn.{part}_proj", self.choice.biases) for part in "qkv")
        result = []
        for head in np.split(np.arange(WIDTH), 2):
            logits = np.where(seen, q[:, head] @ k[:, head].T / np.sqrt(len(head)), -np.inf)
            p = np.exp(logits - logits.max(-1, keepdims=True, initial=-1e300))
            result.append(p / p.sum(-1, keepdims=True) @ v[:, head])
        return self.linear(np.concatenate(result, 1), f"layers.{layer}.attn.o_proj", self.choice.biases)

    def stack(self, x, seen):
        activation, biases = ACTIVATIONS[self.choice.activation], self.choice.biases
        for layer in range(2):
            p = f"layers.{layer}"
            inner = lambda y: self.linear(activation(self.linear(y, f"{p}.ffn.fc1", biases)), f"{p}.ffn.fc2", biases)
            if self.choice.norm == "PRE":
                x = x + self.attend(self.norm(x, f"{p}.norm1"), layer, seen)
                x = x + inner(self.norm(x, f"{p}.norm2"))
            else:
                x = self.norm(x + self.attend(x, layer, seen), f"{p}.norm1")
                x = self.norm(x + inner(x), f"{p}.norm2")
        y = self.norm(x, "ln_f")
        return y / np.maximum(np.linalg.norm(y, axis=-1, keepdims=True), 1e-12)

    def run(self, requests):
        w, choice = self.weights, self.choice
        of = lambda name, rows: variants.cut(requests[name], requests[f"{rows}.offsets"])
        outs, logits = [], []
        parts = zip(*(of(name, "history") for name in ("item", *CLASSES)), of("candidate", "candidates"), of("content", "candidates"),
                    requests["now_surface"])
        for item, action, surface, candidate, content, now in parts:
            n = len(item)
            past = self.mlp(self.items(item) + w["action_emb.weight"][action] + w["surface_emb.weight"][surface], "phi_in") + w["pos_emb.weight"][:n]
            user = self.stack(past, np.tril(np.ones((n, n), bool)))
            mean, last = (user.mean(0), user[-1]) if n else (np.zeros(WIDTH), np.zeros(WIDTH))
            dropped = int(choice.rotate and n == LENGTH)
            # The naive form: each candidate behind a history of its own.
            for one, about in zip(candidate, content):
                identity = self.mlp(self.items([one])[0] + w["surface_emb.weight"][now], "phi_in")
                mark = w["cand_token"] + self.linear(about.astype(np.float64), "content_proj")
                own = np.array([identity, mark] if choice.rows == 2 else [identity + mark])
                if choice.position == "next":
                    own = own + w["pos_emb.weight"][n - dropped:][: len(own)]
                seen = np.tril(np.ones((n + len(own),) * 2, bool))
                seen[n:, :dropped] = False
                out = self.stack(np.concatenate([past, own]), seen)[-1]
                outs.append(out)
                logits.append(self.mlp(np.concatenate([out, mean, last, [out @ last]]), "head"))
        return {"candidate_out": np.array(outs), "logits": np.array(logits), "scores": 1 / (1 + np.exp(-np.array(logits)))}


@pytest.mark.parametrize("name", CHOICES)
def test_choice(name, tmp_path):
    choice, weights, requests = CHOICES[name], variants.golden_weights(CASE), make_requests(len(name))
    expected = Network(choice, weights).run(requests)
    unused = [] if choice.biases else [key for key in weights if key.startswith("layers.") and key.endswith(".bias") and "norm" not in key]
    if choice.kind == "RMS_NORM":
        unused += [key for key in weights if "norm" in key and key.endswith(".bias")] + ["ln_f.bias"]
    weights = {key: value for key, value in weights.items() if key not in unused}
    variants.held(name, describe(choice), weights, requests, expected, tmp_path, COMPILED.get(name, ()))
