# SPDX-License-Identifier: Apache-2.0
"""ARGUS: what arXiv 2507.15994 leaves open, each value of it in both forms, against NumPy written from the paper."""
import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import variants
from layers import ACTIVATIONS, Block, layer, node, norm, two_layers

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "systems"))
from reference import Weights, sigmoid, softmax, unit  # noqa: E402

LENGTHS = [0, 1, 2, 5, 13, *np.random.default_rng(8).integers(0, 14, 59).tolist()]
WIDTH, CATALOG = 12, 9
CASES = {True: "argus_full_tiny", False: "argus_simplified"}


@dataclass(frozen=True)
class Argus:
    """What may differ."""

    full: bool = True  # three rows for an event
    concat: bool = False  # hashed rows side by side, then a linear layer
    merge: str = "sum"  # of the one row for an event: sum, linear
    start: bool = True  # a learned state before the first event; or zeros
    by_event: bool = False  # all rows of an event have one position
    types: bool = False  # embeddings of context, item, feedback
    final_norm: bool = True
    act: str = "RELU"
    unit: bool = True  # towers are divided by their lengths
    tau: float = -2.5
    block: Block = Block()


# --- NumPy ---


class Model:
    def __init__(self, c):
        self.c, self.w = c, Weights(21)
        self.layers = 2 if c.full else 3
        self.hashes = json.loads((variants.GOLDEN / CASES[c.full] / "config.json").read_text())["hash"]
        self.w.tensors["tau"] = np.array([c.tau], np.float32)
        if c.full and c.types:
            self.w.get("type_emb.weight", 3, WIDTH)

    def hashed(self, feature, ids):
        table = self.w.get("unified.weight", 40, 5)
        rows = [table[[(a * int(i) + b) % (2**31 - 1) % 40 for i in ids]] for a, b in self.hashes[feature]]
        return self.w.linear(np.concatenate(rows, 1), f"hash_proj.{feature}", 5) if self.c.concat else sum(rows)

    def vector(self, kind, **ids):
        return self.w.linear(np.concatenate([self.hashed(feature, values) for feature, values in ids.items()], 1), f"{kind}_proj", WIDTH)

    def mlp(self, x, name, width):
        return two_layers(self.w, x, name, 10, width, self.c.act)

    def encode(self, x, sees):
        for number in range(self.layers):
            x = layer(self.w, f"layers.{number}", self.c.block, x, x, sees)
        return norm(self.w, x, "final_norm", self.c.block.kind) if self.c.final_norm else x

    def three_rows(self, context, item, feedback, now, candidates):
        """Queries, feedback logits of the history and of candidates, and the rows before the layers."""
        events, n = len(item), 3 * len(item) + 1
        rows = np.stack([context, item, feedback], 1).reshape(-1, WIDTH)
        x = np.concatenate([rows, now, candidates])
        place = np.minimum(np.arange(len(x)), n - 1 + (np.arange(len(x)) >= n))
        kind = np.concatenate([np.tile([0, 1, 2], events), [0], np.ones(len(candidates), int)])
        if self.c.by_event:
            place = np.concatenate([np.repeat(np.arange(events), 3), np.full(1 + len(candidates), events)])
        x = x + self.w.get("pos_emb.weight", 42, WIDTH)[place]
        if self.c.types:
            x = x + self.w.get("type_emb.weight", 3, WIDTH)[kind]
        sees = np.tril(np.ones((len(x), len(x)), bool))
        sees[n:, n:] = np.eye(len(candidates), dtype=bool)
        h = self.encode(x, sees)
        return self.mlp(h[0:n:3], "nip", 6), self.mlp(h[1:n:3], "fp", 6), self.mlp(h[n:], "fp", 6), {"positioned": x}

    def one_row(self, context, item, feedback, now, candidates):
        if self.c.merge == "sum":
            z = context + item + feedback
        else:
            z = self.w.linear(np.concatenate([context, item, feedback], 1), "merge", WIDTH)
        z = z + self.w.get("pos_emb.weight", 42, WIDTH)[: len(z)]
        h = self.encode(z, np.tril(np.ones((len(z), len(z)), bool)))
        state = np.concatenate([self.w.get("start_state", WIDTH)[None] if self.c.start else np.zeros((1, WIDTH)), h])
        last = np.tile(state[-1], (len(candidates), 1))
        queries = self.mlp(np.concatenate([state, np.concatenate([context, now])], 1), "nip", 6)
        past = self.mlp(np.concatenate([state[:-1], context, item], 1), "fp", 6)
        logits = self.mlp(np.concatenate([last, np.tile(now, (len(candidates), 1)), candidates], 1), "fp", 6)
        user, items = self.w.linear(state[-1:], "user_proj", 6), self.mlp(candidates, "item_encoder", 6)
        if self.c.unit:
            user, items = unit(user, 1e-8), unit(items, 1e-8)
        return queries, past, logits, {"positioned": z, "user": user, "items": items, "scores": items @ user.T}

    def run(self):
        random, count = self.w.random, len(LENGTHS)
        scored = random.integers(0, 5, count)
        scored[0] = 2
        sizes = {"history": LENGTHS, "candidates": scored, "catalog": [CATALOG] * count, "request": [1] * count}
        requests = {f"{rows}.offsets": variants.offsets_of(lengths) for rows, lengths in sizes.items() if rows != "request"}
        for rows, names in (("history", "item artist surface device liked share"), ("request", "now_surface now_device"),
                            ("candidates", "candidate artist_of")):
            for name in names.split():
                most = {"liked": 2, "share": 5}.get(name, 2**31)
                requests[name] = random.integers(0, most, sum(sizes[rows]))
        requests["catalog_item"] = np.tile(np.arange(CATALOG), count)
        requests["catalog_artist"] = np.tile(np.arange(CATALOG) % 4, count)
        catalog = self.mlp(self.vector("item", item=range(CATALOG), artist=np.arange(CATALOG) % 4), "item_encoder", 6)
        likes, shares = self.w.get("like_emb.weight", 2, WIDTH), self.w.get("share_emb.weight", 5, WIDTH)
        values = {
            "context": (self.vector("context", surface=requests["surface"], device=requests["device"]), "history"),
            "item": (self.vector("item", item=requests["item"], artist=requests["artist"]), "history"),
            "feedback": (likes[requests["liked"]] + shares[requests["share"]], "history"),
            "now": (self.vector("context", surface=requests["now_surface"], device=requests["now_device"]), "request"),
            "candidates": (self.vector("item", item=requests["candidate"], artist=requests["artist_of"]), "candidates"),
        }
        parts = [variants.cut(value, variants.offsets_of(sizes[rows])) for value, rows in values.values()]
        found = [(self.three_rows if self.c.full else self.one_row)(*request) for request in zip(*parts)]
        names = {name: name for name in found[0][3]} | ({} if self.c.full or not self.c.unit else {"items": "item_unit"})
        if not self.c.full and not self.c.unit:
            names |= {"user": "user_out", "items": "item_out"}
        expected = {names[name]: np.concatenate([each[3][name] for each in found]) for name in names}
        expected |= {name: np.concatenate([each[i] for each in found]) for i, name in enumerate(("queries", "past_logits", "candidate_logits"))}
        last = np.stack([each[0][-1] for each in found])
        temperature = np.clip(np.exp(np.float64(self.w.tensors["tau"][0])), 0.01, 100)
        expected["next_item"] = (unit(last, 1e-8) @ unit(catalog, 1e-8).T / temperature).reshape(-1, 1)
        expected["like"], expected["share_classes"] = sigmoid(expected["candidate_logits"][:, :1]), softmax(expected["candidate_logits"][:, 1:])
        return self.w.tensors, requests, expected


# --- The description ---


def summed_parts(c):
    """Nodes from `triples` and candidates to `positioned`, when events have one position or rows have types: a sum over parts."""
    text = 'table { name: "places" weight: "pos_emb.weight" out_of_range: CLAMP }\n' if c.by_event else ""
    text += 'table { name: "types" weight: "type_emb.weight" out_of_range: CLAMP }\n' if c.types else ""
    parts = ["tokens" if c.by_event else "counted"]
    if not c.by_event:
        text += node("counted", 'positions { input: "tokens" factor: 1 count: FROM_OLDEST candidates: "candidates" weight: "pos_emb.weight" }')
    else:
        for rows, least in (("history", "row: 1"), ("request", 'length { of: "history" }'), ("candidates", 'length { of: "history" }')):
            text += node(f"{rows}_number", f'row_index {{ rows: "{rows}" least_of {{ {least} }} }}')
        text += node("event_numbers", 'interleave { input: ["history_number", "history_number", "history_number"] }')
        text += node("numbers", 'concat_rows { input: ["event_numbers", "request_number", "candidates_number"] }')
        text += node("place_rows", 'embedding { ids: "numbers" table: "places" }')
        parts.append("place_rows")
    if c.types:
        for rows, kind in (("history", 0), ("history", 1), ("history", 2), ("request", 0), ("candidates", 1)):
            text += node(f"{rows}_type{kind}", f'row_index {{ rows: "{rows}" least_of {{ constant: {kind} }} }}')
        text += node("event_types", 'interleave { input: ["history_type0", "history_type1", "history_type2"] }')
        text += node("type_ids", 'concat_rows { input: ["event_types", "request_type0", "candidates_type1"] }')
        text += node("type_rows", 'embedding { ids: "type_ids" table: "types" }')
        parts.append("type_rows")
    return text + node("positioned", f"add {{ input: {json.dumps(parts)} }}")


def describe(c):
    text = variants.description(CASES[c.full])
    act = "RELU" if c.full else "GELU"
    text = text.replace(f"[LINEAR, {act}, LINEAR]", f"[LINEAR, {c.act}, LINEAR]")
    text = re.sub(r"layers: (\d)   heads: \d   norm: PRE   eps: 1e-5   activation: GELU", rf"layers: \1 {c.block.settings()}", text)
    text = text.replace('prefix: "layers.{layer}."', f'prefix: "layers.{{layer}}." use_bias: {str(c.block.bias).lower()}')
    if not c.final_norm:
        text = variants.without(text, "h").replace('name: "states"', 'name: "h"')
    elif c.block.kind == "RMS_NORM":
        text = variants.without(text, "h") + node("h", 'rms_norm { input: "states" weight: "final_norm.weight" eps: 1e-5 }')
    for feature in ("item", "artist", "surface", "device"):
        if c.concat and c.full:
            text = text.replace(f'name: "{feature}_row"', f'name: "{feature}_hashes"')
            text += node(f"{feature}_row", f'linear {{ input: "{feature}_hashes" weight: "hash_proj.{feature}.weight" bias: "hash_proj.{feature}.bias" }}')
        elif not c.concat and not c.full:
            text = variants.without(text, f"{feature}_row").replace(f'name: "{feature}_hashes"', f'name: "{feature}_row"')
    text = re.sub("combine: (SUM|CONCAT)", f"combine: {'CONCAT' if c.concat else 'SUM'}", text)
    if c.full:
        if c.by_event or c.types:
            text = variants.without(text, "positioned") + summed_parts(c)
        return text
    if c.merge == "sum":
        text = variants.without(text, "events", "tokens") + node("tokens", 'add { input: ["past_contexts", "past_items", "feedback"] }')
    if not c.start:
        text = variants.without(text, "start") + node("start", 'scale { input: "now" factor: 0 }')
    if not c.unit:
        text = variants.without(text, "user", "item_unit").replace('input: "user" rows', 'input: "user_out" rows').replace('right: "item_unit"', 'right: "item_out"')
        text += 'output { node: "user_out" }\noutput { node: "item_out" }\n'
    return text


# --- Tests ---

FULL, SIMPLE = Argus(), Argus(full=False)
VALUES = {
    "full": FULL,
    "full_concat": replace(FULL, concat=True),
    "full_by_event": replace(FULL, by_event=True),
    "full_types": replace(FULL, types=True),
    "full_by_event_types": replace(FULL, by_event=True, types=True),
    "full_no_final_norm": replace(FULL, final_norm=False, act="SILU"),
    "full_post": replace(FULL, block=Block(norm="POST", act="RELU", heads=4)),
    "full_rms": replace(FULL, block=Block(kind="RMS_NORM", act="SILU", bias=False), act="GELU"),
    "tau_clipped_low": replace(FULL, tau=-6.0),
    "tau_clipped_high": replace(FULL, tau=7.0),
    "simple": SIMPLE,
    "simple_linear": replace(SIMPLE, merge="linear"),
    "simple_concat": replace(SIMPLE, concat=True),
    "simple_zero_start": replace(SIMPLE, start=False),
    "simple_plain_towers": replace(SIMPLE, unit=False),
    "simple_no_final_norm": replace(SIMPLE, final_norm=False, act="GELU"),
    "simple_post": replace(SIMPLE, block=Block(norm="POST", act="SILU", bias=False)),
    "simple_rms": replace(SIMPLE, block=Block(kind="RMS_NORM"), act="SILU"),
}
COMPILED = {
    ("full", "fp32"): replace(FULL, concat=True, by_event=True, types=True, final_norm=False, act="SILU", block=Block(norm="POST", kind="RMS_NORM", bias=False)),
    ("simple", "bf16"): replace(SIMPLE, start=False, unit=False, block=Block(norm="POST", act="RELU")),
}


@pytest.mark.parametrize("name", VALUES)
def test_argus(name, tmp_path):
    c = VALUES[name]
    variants.held(name, describe(c), *Model(c).run(), tmp_path, compiled=())


@pytest.mark.parametrize("name, precision", COMPILED)
def test_argus_compiled(name, precision, tmp_path):
    c = COMPILED[name, precision]
    variants.held(name, describe(c), *Model(c).run(), tmp_path, compiled=(precision,))
