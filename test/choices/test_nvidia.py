# SPDX-License-Identifier: Apache-2.0
"""NVIDIA's HSTU ranker as its configuration chooses: several contextual features of their own lengths, actions between items, MLPs, positions, groups."""
from dataclasses import dataclass

import numpy as np
import pytest

import variants

WIDTH, HEADS, HEAD, LAYERS, ROWS, DIVISOR = 12, 3, 4, 2, 20, 33
PLACES = 9  # fewer than a sequence has rows
LENGTHS = {"country": 2, "interest": 3}  # contextual features, each with a number of rows of its own


@dataclass
class Choice:
    context: tuple = tuple(LENGTHS)
    context_mask: bool = True  # contextual rows see the history
    context_mlp: bool = False
    item_mlp: bool = False  # of actions too
    inference: bool = True  # candidates have no actions
    lone_action: bool = False  # of an item that a cache has
    positions: bool = True
    start: bool = False  # rows before these
    group: int = 1
    by_head: bool = True  # how u, v, q, k are stored
    bias: bool = True
    affine: bool = True
    residual: bool = True


CHOICES = {
    "two_contexts": Choice(),
    "plain_contexts": Choice(context_mask=False),
    "one_context_mlp": Choice(context=("country",), context_mlp=True),
    "no_context_item_mlp": Choice(context=(), item_mlp=True),
    "training_form": Choice(inference=False, group=2),
    "training_form_groups": Choice(inference=False, group=4, context=(), item_mlp=True),
    "lone_action": Choice(lone_action=True, context=()),
    "start": Choice(start=True, context=(), lone_action=True),
    "blocks_no_bias": Choice(by_head=False, bias=False, positions=False),
    "no_gain_no_residual": Choice(affine=False, residual=False, group=3),
}
COMPILED = {"two_contexts": ("bf16",)}


def mlp(name, input_, weights):
    return f'node {{ name: "{name}" mlp {{ input: "{input_}" stage: [LINEAR, RELU, LINEAR] weights: "{weights}{{stage}}." }} }}\n'


def describe(choice):
    text = '# proto-file: recsys/v1/model.proto\n# proto-message: recsys.v1.Model\nname: "nvidia"\n'
    text += 'rows { name: "history" max: 64 }\nrows { name: "candidates" max: 16 }\n'
    text += "".join(f'rows {{ name: "{name}" max: {length} }}\n' for name, length in LENGTHS.items() if name in choice.context)
    tables = {"item": ROWS, "action": ROWS} | {name: ROWS for name in choice.context}
    text += "".join(f'table {{ name: "{name}s" weight: "{name}.weight" out_of_range: REJECT_REQUEST }}\n' for name in tables)
    ids = [("past", "history", "item"), ("done", "history", "action"), ("candidate", "candidates", "item")]
    ids += [] if choice.inference else [("doing", "candidates", "action")]
    if choice.lone_action:
        text += 'rows { name: "lone" max: 1 }\n'
        ids.append(("first_action", "lone", "action"))
    ids += [(name, name, name) for name in choice.context]
    for name, rows, table in ids:
        text += f'input {{ name: "{name}_id" rows: "{rows}" type: INT64 }}\nnode {{ name: "{name}_emb" embedding {{ ids: "{name}_id" table: "{table}s" }} }}\n'
    candidates, rows = "candidate_emb", "candidates"
    text += 'rows { name: "pairs" interleaved { of: "history" times: 2 } }\n'
    text += 'node { name: "events" interleave { input: ["past_emb", "done_emb"] } }\n'
    if not choice.inference:
        candidates, rows = "targets", "target_pairs"
        text += f'rows {{ name: "{rows}" interleaved {{ of: "candidates" times: 2 }} }}\n'
        text += 'node { name: "targets" interleave { input: ["candidate_emb", "doing_emb"] } }\n'
    history = "events"
    if choice.lone_action:
        history = "all_events"
        text += 'node { name: "all_events" concat_rows { input: ["first_action_emb", "events"] } }\n'
    text += f'node {{ name: "rows" append {{ history: "{history}" candidates: "{candidates}" }} }}\n'
    last = "rows"
    if choice.item_mlp:
        text += mlp("encoded", last, "item_mlp.")
        last = "encoded"
    if choice.context:
        context = [f"{name}_emb" for name in choice.context]
        if choice.context_mlp:
            text += "".join(mlp(f"{name}_ctx", f"{name}_emb", "context_mlp.") for name in choice.context)
            context = [f"{name}_ctx" for name in choice.context]
        text += f'node {{ name: "tokens" concat_rows {{ input: {context + [last]} }} }}\n'.replace("'", '"')
        last = "tokens"
    if choice.start:
        # The place of a row, or of the first candidate, behind the rows that a cache has; places past the last one read its row.
        text += 'input { name: "start" rows: "request" type: INT64 }\n'
        text += 'table { name: "places" weight: "position.weight" out_of_range: CLAMP }\n'
        lengths = 'length { of: "lone" } length { of: "pairs" }'
        text += f'node {{ name: "lone_place"    row_index {{ rows: "lone" least_of {{ row: 1 }} }} }}\n'
        text += 'node { name: "event_place"   row_index { rows: "pairs" least_of { row: 1 length { of: "lone" } } } }\n'
        text += f'node {{ name: "target_place"  row_index {{ rows: "candidates" least_of {{ {lengths} }} }} }}\n'
        text += 'node { name: "place"         concat_rows { input: ["lone_place", "event_place", "target_place"] } }\n'
        text += 'node { name: "starts"        broadcast_rows { input: "start" like: "place" } }\nnode { name: "placed" add { input: ["place", "starts"] } }\n'
        text += 'node { name: "place_emb"     embedding { ids: "placed" table: "places" } }\n'
        text += f'node {{ name: "scaled" scale {{ input: "{last}" factor: {WIDTH**0.5!r} }} }}\nnode {{ name: "positioned" add {{ input: ["scaled", "place_emb"] }} }}\n'
        last = "positioned"
    elif choice.positions:
        context = f"context: {list(choice.context)} ".replace("'", '"') if choice.context else ""
        text += f'node {{ name: "positioned" positions {{ input: "{last}" sqrt_width {{}} count: FROM_OLDEST {context}candidates: "{rows}" weight: "position.weight" }} }}\n'
        last = "positioned"
    context = f"context {{ rows: {list(choice.context)} }} ".replace("'", '"') if choice.context and choice.context_mask else ""
    see = f"see: GROUP group: {choice.group}" if choice.group > 1 else "see: SELF"
    stored = "" if choice.by_head else 'order: BLOCKS_UVQK uvqk_layout: IN_OUT uvqk: "_linear_uvqk_weight" output: "_linear_proj_weight" output_layout: IN_OUT'
    text += f"""node {{
  name: "states"
  hstu {{
    input: "{last}" preset: NVIDIA_HSTU layers: {LAYERS} heads: {HEADS}
    mask {{ {context}candidates {{ rows: "{rows}" {see} }} }} score {{ silu {{ divisor: {DIVISOR} }} }}
    weights {{ prefix: "{{layer}}." use_uvqk_bias: {str(choice.bias).lower()} {stored} }}
    input_norm {{ affine: {str(choice.affine).lower()} }} output_norm {{ affine: {str(choice.affine).lower()} }} residual: {str(choice.residual).lower()}
  }}
}}
node {{ name: "scored" select {{ input: "states" rows: "{rows}" }} }}
"""
    last = "scored"
    if not choice.inference:
        text += 'node { name: "items_scored" deinterleave { input: "scored" phase: 0 } }\n'
        last = "items_scored"
    return text + f'node {{ name: "out" l2_norm {{ input: "{last}" eps: 1e-6 }} }}\n' + mlp("logits", "out", "head.") + 'output { node: "out" }\noutput { node: "logits" }\n'


def make_weights(choice, seed):
    rng, shapes = np.random.default_rng(seed), {}
    for name in ("item", "action", *choice.context):
        shapes[f"{name}.weight"] = (ROWS, WIDTH)
    for name, inner, out in (("item_mlp", 8, WIDTH), ("context_mlp", 7, WIDTH), ("head", 9, 2)):
        if name == "head" or getattr(choice, name):
            shapes |= {f"{name}.0.weight": (inner, WIDTH), f"{name}.0.bias": (inner,), f"{name}.2.weight": (out, inner), f"{name}.2.bias": (out,)}
    if choice.positions or choice.start:
        shapes["position.weight"] = (PLACES, WIDTH)
    inner = HEADS * HEAD
    for p in (f"{layer}." for layer in range(LAYERS)):
        if choice.by_head:
            shapes |= {p + "_linear_uvqk.weight": (4 * inner, WIDTH), p + "_linear_proj.weight": (WIDTH, inner)}
        else:
            shapes |= {p + "_linear_uvqk_weight": (WIDTH, 4 * inner), p + "_linear_proj_weight": (inner, WIDTH)}
        if choice.bias:
            shapes[p + "_linear_uvqk.bias"] = (4 * inner,)
        if choice.affine:
            for part in ("weight", "bias"):
                shapes |= {f"{p}_input_layernorm_{part}": (WIDTH,), f"{p}_output_ln_dropout_mul.{part}": (inner,)}
    return {name: (rng.standard_normal(shape) * 0.5).astype(np.float32) for name, shape in shapes.items()}


def make_requests(choice, seed, users=64):
    rng = np.random.default_rng(seed)
    lengths = {name: rng.integers(0, most + 1, users) for name, most in LENGTHS.items() if name in choice.context}
    lengths |= {"history": rng.integers(0, 8, users), "candidates": rng.integers(0, 6, users)}
    if choice.lone_action:
        lengths["lone"] = rng.integers(0, 2, users)
    rows = {"past": "history", "done": "history", "candidate": "candidates", "doing": "candidates", "first_action": "lone"} | {name: name for name in choice.context}
    if choice.inference:
        rows.pop("doing")
    requests = {f"{name}.offsets": variants.offsets_of(length) for name, length in lengths.items()}
    requests |= {f"{name}_id": rng.integers(0, ROWS, lengths[of].sum()) for name, of in rows.items() if of in lengths}
    return requests | ({"start": rng.integers(0, 5, users)} if choice.start else {})


def reference(choice, weights, requests):
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    silu = lambda x: x / (1 + np.exp(-x))
    net = lambda x, name: np.maximum(x @ w[f"{name}.0.weight"].T + w[f"{name}.0.bias"], 0) @ w[f"{name}.2.weight"].T + w[f"{name}.2.bias"]

    def norm(x, name, part):
        y = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return y * w[f"{name}{part}weight"] + w[f"{name}{part}bias"] if choice.affine else y

    def layer(x, p, seen):
        z = norm(x, p, "_input_layernorm_") @ (w[p + "_linear_uvqk.weight"].T if choice.by_head else w[p + "_linear_uvqk_weight"])
        z = silu(z + w[p + "_linear_uvqk.bias"] if choice.bias else z)
        shape, axis = ((len(x), HEADS, 4, HEAD), 2) if choice.by_head else ((len(x), 4, HEADS, HEAD), 1)
        u, v, q, k = np.moveaxis(z.reshape(shape), axis, 0)
        p_ = silu(np.einsum("rhd,chd->hrc", q, k) / np.sqrt(HEAD)) / DIVISOR * seen
        a = np.einsum("hrc,chd->rhd", p_, v).reshape(len(x), HEADS * HEAD)
        y = u.reshape(len(x), HEADS * HEAD) * norm(a, p, "_output_ln_dropout_mul.")
        return y @ (w[p + "_linear_proj.weight"].T if choice.by_head else w[p + "_linear_proj_weight"]) + x * choice.residual

    users = len(requests["history.offsets"]) - 1
    rows_of = {"past": "history", "done": "history", "candidate": "candidates", "doing": "candidates", "first_action": "lone"} | {name: name for name in choice.context}
    table_of = {"past": "item", "candidate": "item"} | {name: "action" for name in ("done", "doing", "first_action")} | {name: name for name in choice.context}
    embedded = {name: variants.cut(w[f"{table_of[name]}.weight"][requests[f"{name}_id"]], requests[f"{of}.offsets"]) for name, of in rows_of.items() if f"{name}_id" in requests}
    outs = []
    for b in range(users):
        e = {name: value[b] for name, value in embedded.items()}
        pairs = lambda items, actions: np.stack([items, actions], 1).reshape(-1, WIDTH)
        past = pairs(e["past"], e["done"])
        if choice.lone_action:
            past = np.concatenate([e["first_action"], past])
        targets = e["candidate"] if choice.inference else pairs(e["candidate"], e["doing"])
        x, context = np.concatenate([past, targets]), np.concatenate([np.zeros((0, WIDTH)), *(e[name] for name in choice.context)])
        x = net(x, "item_mlp") if choice.item_mlp else x
        x = np.concatenate([net(context, "context_mlp") if choice.context_mlp else context, x])
        history = len(x) - len(targets)
        if choice.positions or choice.start:
            start = requests["start"][b] if choice.start else 0
            x = x * np.sqrt(WIDTH) + w["position.weight"][np.minimum(np.minimum(np.arange(len(x)), history) + start, PLACES - 1)]
        row, column = np.arange(len(x))[:, None], np.arange(len(x))[None]
        seen = np.where(row < history, column <= row, (column < history) | ((column <= row) & ((row - history) // choice.group == (column - history) // choice.group)))
        if choice.context_mask:
            seen |= (row < len(context)) & (column < history)
        for i in range(LAYERS):
            x = layer(x, f"{i}.", seen)
        out = x[history:] if choice.inference else x[history:][::2]
        outs.append(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6))
    out = np.concatenate(outs)
    return {"out": out, "logits": net(out, "head")}


@pytest.mark.parametrize("name", CHOICES)
def test_choice(name, tmp_path):
    choice = CHOICES[name]
    weights, requests = make_weights(choice, len(name)), make_requests(choice, len(name))
    variants.held(name, describe(choice), weights, requests, reference(choice, weights, requests), tmp_path, COMPILED.get(name, ()))
