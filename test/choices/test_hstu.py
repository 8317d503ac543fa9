# SPDX-License-Identifier: Apache-2.0
"""What public HSTU code leaves to its configuration: windows, contextual rows, groups of candidates, norms, scales, outputs, biases."""
from dataclasses import dataclass

import numpy as np
import pytest

import variants

WIDTH, HEADS, QK, V, LAYERS, CONTEXT = 12, 2, 5, 4, 2, 3
DIVISOR = 23

# A mask by the distance of rows, as Meta's and NVIDIA's PyTorch code has it: (row, column, history with context, contextual rows) -> seen.


def order(row, history, context, clamp):
    """Contextual rows share the first place; with `clamp` all candidates share the one behind the history."""
    place = max(row - context + 1, 0) if context else row
    return min(place, history - context + 1 if context else history) if clamp else place


@dataclass
class Choice:
    mask: str  # of the description
    past: int = 0
    reach: str = "history end"  # where a candidate's window begins; or all, own row
    full_last: int = 0  # history rows without a window
    context: int = 0  # contextual rows that see the history
    varying: bool = False  # requests have 0 to CONTEXT contextual rows
    group: int = 1
    own: bool = True  # candidates see themselves
    both_ways: bool = False
    whole_group: bool = False
    candidates_seen: bool = False
    no_candidates: bool = False  # candidates are rows like all others
    fields: str = ""
    per_head: bool = False
    affine: bool = True
    alpha: float = 0
    output: str = "U_ATTENTION_GATED"
    activate: str = "u"
    residual: bool = True
    bias: bool = True
    softmax: bool = False
    row_length: bool = False

    def sees(self, row, column, history, context, length):
        """Rows and columns of a request's sequence of `history` rows, `context` of them contextual, and then candidates."""
        context = context if self.context else 0
        if self.no_candidates:
            history = length
        if row < context:
            return column < history or self.candidates_seen
        if column == row:
            return row < history or self.own
        if row >= history and column >= history:
            same = (row - history) // self.group == (column - history) // self.group
            return same and (self.whole_group or column < row) and (not self.past or self.reach != "own row" or row - column <= self.past)
        if column >= history:
            return self.candidates_seen
        if row < history and column > row:
            return self.both_ways
        if not self.past or (self.full_last and row >= history - self.full_last) or (row >= history and self.reach == "all"):
            return True
        return order(row, history, context, self.reach != "own row") - order(column, history, context, False) <= self.past


CANDIDATES, CONTEXTUAL = 'candidates { rows: "candidates" %s }', 'context { rows: "context" }'
SELF = CANDIDATES % "see: SELF"
CHOICES = {
    "not_target_aware": Choice("causal {}", no_candidates=True),
    "window": Choice(f"causal {{}} window {{ past: 3 candidates: FROM_HISTORY_END }} {SELF}", past=3),
    "window_all_history": Choice(f"causal {{}} window {{ past: 2 candidates: ALL_HISTORY }} {SELF}", past=2, reach="all"),
    "window_own_row": Choice(f"causal {{}} window {{ past: 3 candidates: FROM_OWN_ROW }} {SELF}", past=3, reach="own row"),
    "window_full_last": Choice(f"causal {{}} window {{ past: 1 candidates: FROM_HISTORY_END min_full: 2 }} {SELF}", past=1, full_last=2),
    "context": Choice(f"causal {{}} {CONTEXTUAL} {SELF}", context=1),
    "context_window_full_last": Choice(f"causal {{}} {CONTEXTUAL} window {{ past: 4 candidates: FROM_HISTORY_END min_full: 1 }} {SELF}", context=1, past=4, full_last=1),
    "varying_context": Choice(f"causal {{}} {CONTEXTUAL} {SELF}", context=1, varying=True),
    "varying_context_window": Choice(f"causal {{}} {CONTEXTUAL} window {{ past: 2 candidates: FROM_HISTORY_END }} {SELF}", context=1, varying=True, past=2),
    "varying_context_window_own_row_group": Choice(
        f"causal {{}} {CONTEXTUAL} window {{ past: 1 candidates: FROM_OWN_ROW }} {CANDIDATES % 'see: GROUP group: 3'}", context=1, varying=True, past=1,
        reach="own row", group=3),
    "group": Choice(f"causal {{}} {CANDIDATES % 'see: GROUP group: 2'}", group=2),
    "whole_group": Choice(f"causal {{}} {CANDIDATES % 'see: WHOLE_GROUP group: 3'}", group=3, whole_group=True),
    "candidates_see_history_alone": Choice(f"causal {{}} {CANDIDATES % 'see: NONE'}", own=False),
    "both_ways": Choice(f"full {{}} {SELF}", both_ways=True),
    "not_causal": Choice(f"full {{}} {CANDIDATES % 'see: WHOLE_GROUP group: 2 seen: true'}", both_ways=True, group=2, whole_group=True, candidates_seen=True),
    "norm_per_head": Choice(f"causal {{}} {SELF}", fields="output_norm { per_head: true }", per_head=True),
    "alpha": Choice(f"causal {{}} {SELF}", alpha=0.3),
    "row_length": Choice(f"causal {{}} {SELF}", row_length=True),
    "softmax": Choice(f"causal {{}} {CANDIDATES % 'see: NONE'}", softmax=True, own=False),
    "gated_all_active": Choice(f"causal {{}} {SELF}", fields="silu { v: true q: true k: true } output: GATED", output="GATED", activate="uvqk"),
    "normed_attention_no_residual": Choice(f"causal {{}} {SELF}", fields="output: U_NORMED_ATTENTION_GATED residual: false", output="U_NORMED_ATTENTION_GATED", residual=False),
    "no_bias_no_gain": Choice(f"causal {{}} {SELF}", fields="input_norm { affine: false } output_norm { affine: false }", affine=False, bias=False),
}
COMPILED = {"varying_context_window_own_row_group": ("fp32",), "not_causal": ("bf16",)}


def describe(choice):
    score = "softmax {}" if choice.softmax else "silu { row_length {} }" if choice.row_length else f"silu {{ divisor: {DIVISOR} }}"
    scale = f"factor: {choice.alpha}" if choice.alpha else "inverse_sqrt_width {}"
    first = 'context: "contexts" ' if choice.context else ""
    return f"""# proto-file: recsys/v1/model.proto
# proto-message: recsys.v1.Model
name: "hstu_choices"
rows {{ name: "{'context' if choice.varying else 'prefix'}" max: {CONTEXT} }}
{'' if choice.varying else f'rows {{ name: "context" count: {CONTEXT} }}'}
rows {{ name: "history"    max: 64 }}
rows {{ name: "candidates" max: 16 }}
input {{ name: "context_x"   rows: "{'context' if choice.varying else 'prefix'}" type: FLOAT32 dims: {WIDTH} }}
input {{ name: "history_x"   rows: "history"    type: FLOAT32 dims: {WIDTH} }}
input {{ name: "candidate_x" rows: "candidates" type: FLOAT32 dims: {WIDTH} }}
node {{ name: "contexts" {'scale { input: "context_x" factor: 1 }' if choice.varying else f'pad_rows {{ input: "context_x" count: {CONTEXT} }}'} }}
node {{ name: "tokens" append {{ {first}history: "history_x" candidates: "candidate_x" }} }}
node {{
  name: "states"
  hstu {{
    input: "tokens" preset: META_STU layers: {LAYERS} heads: {HEADS} {choice.fields}
    mask {{ {choice.mask} }}
    score {{ {score} {scale} }}
    weights {{ prefix: "{{layer}}." use_uvqk_bias: {str(choice.bias).lower()} }}
  }}
}}
node {{ name: "scored" select {{ input: "states" rows: "candidates" }} }}
output {{ node: "states" }}
output {{ node: "scored" }}
"""


def make_weights(choice, seed):
    rng = np.random.default_rng(seed)
    parts = 1 if choice.output == "GATED" else 3
    shapes = {"_uvqk_weight": (WIDTH, 2 * HEADS * (QK + V)), "_output_weight": (parts * HEADS * V, WIDTH)}
    if choice.bias:
        shapes["_uvqk_beta"] = (2 * HEADS * (QK + V),)
    if choice.affine:
        for part in ("weight", "bias"):
            shapes |= {f"_input_norm_{part}": (WIDTH,), f"_output_norm_{part}": (HEADS if choice.per_head else HEADS * V,)}
    return {f"{layer}.{name}": rng.standard_normal(shape).astype(np.float32) * np.float32(0.5) for layer in range(LAYERS) for name, shape in shapes.items()}


def make_requests(choice, seed, users=64):
    rng = np.random.default_rng(seed)
    context = rng.integers(0, CONTEXT + 1, users) if choice.varying else np.full(users, CONTEXT)
    history, candidates = rng.integers(0, 12, users), rng.integers(0, 7, users)
    history[:4], candidates[:4] = [0, 0, 1, 11], [0, 3, 0, 6]
    rows = {"context" if choice.varying else "prefix": ("context_x", context), "history": ("history_x", history), "candidates": ("candidate_x", candidates)}
    requests = {}
    for name, (value, lengths) in rows.items():
        requests[f"{name}.offsets"] = variants.offsets_of(lengths)
        requests[value] = rng.standard_normal((lengths.sum(), WIDTH)).astype(np.float32)
    return requests


def reference(choice, weights, requests):
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    silu = lambda x: x / 2 * (1 + np.tanh(x / 2))

    def norm(x, gain=1, shift=0):
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6) * gain + shift

    def affine(name):
        return (w[f"{name}_weight"], w[f"{name}_bias"]) if choice.affine else ()

    def layer(x, prefix, seen):
        z = norm(x, *affine(f"{prefix}_input_norm")) @ w[f"{prefix}_uvqk_weight"] + (w[f"{prefix}_uvqk_beta"] if choice.bias else 0)
        parts = dict(zip("uvqk", np.split(z, np.cumsum([HEADS * V, HEADS * V, HEADS * QK]), axis=1)))
        for part in choice.activate:
            parts[part] = silu(parts[part])
        heads = []
        for q, k, v in zip(*(np.split(parts[part], HEADS, axis=1) for part in "qkv")):
            s = q @ k.T * (choice.alpha or QK**-0.5)
            if choice.softmax:
                s = np.where(seen, s, -np.inf)
                p = np.exp(s - s.max(1, keepdims=True, initial=-1e30))
                p = p / np.maximum(p.sum(1, keepdims=True), 1e-300)
            else:
                p = silu(s) / (len(x) if choice.row_length else DIVISOR) * seen
            heads.append(p @ v)
        a = np.concatenate(heads, 1)
        if choice.per_head:
            gain, shift = affine(f"{prefix}_output_norm")
            normed = np.concatenate([norm(one, gain[h], shift[h]) for h, one in enumerate(heads)], 1)
        else:
            normed = norm(a, *affine(f"{prefix}_output_norm"))
        joined = {"GATED": [], "U_ATTENTION_GATED": [parts["u"], a], "U_NORMED_ATTENTION_GATED": [parts["u"], normed]}[choice.output]
        return x * choice.residual + np.concatenate([*joined, parts["u"] * normed], 1) @ w[f"{prefix}_output_weight"]

    states, scored = [], []
    named = {"context_x": "context" if choice.varying else "prefix", "history_x": "history", "candidate_x": "candidates"}
    for context, history, candidates in zip(*(variants.cut(requests[value].astype(np.float64), requests[f"{name}.offsets"]) for value, name in named.items())):
        if not choice.context:
            context = context[:0]
        x, seen_rows = np.concatenate([context, history, candidates]), len(context) + len(history)
        seen = np.array([[choice.sees(row, column, seen_rows, len(context), len(x)) for column in range(len(x))] for row in range(len(x))], bool)
        for i in range(LAYERS):
            x = layer(x, f"{i}.", seen.reshape(len(x), len(x)))
        states.append(x)
        scored.append(x[seen_rows:])
    return {"states": np.concatenate(states), "scored": np.concatenate(scored)}


@pytest.mark.parametrize("name", CHOICES)
def test_choice(name, tmp_path):
    choice = CHOICES[name]
    weights, requests = make_weights(choice, len(name)), make_requests(choice, len(name))
    variants.held(name, describe(choice), weights, requests, reference(choice, weights, requests), tmp_path, COMPILED.get(name, ()))
