# SPDX-License-Identifier: Apache-2.0
#
# Rules of adapt.py for rankers whose candidates meet the history in one sequence.
import numpy as np

from case_files import column


def scored_history(case):
    """The requests of BST and LONGER."""
    r = case.requests
    return {
        "history.offsets": r["hist.offsets"],
        "candidates.offsets": r["cand.offsets"],
        "item": r["hist.item.values"],
        "cate": r["hist.cate.values"],
        "time": r["hist.time.values"],
        "candidate": r["cand.item.values"],
        "candidate_cate": r["cand.cate.values"],
        "dense": r["cand.dense.values"],
        "now": r["request.time"],
        "user": r["user.id"],
    }


def bst(case):
    e = case.expected
    expected = {"tokens": e["in.values"], "states": e["layers.0.values"], "pooled": e["pooled"]}
    expected |= {name: column(e[name]) for name in ("logits", "scores")}
    return [("all", "model.textproto", scored_history(case), expected)]


def longer(case):
    e, requests = case.expected, scored_history(case)
    last = f"layers.{case.config['layers'] - 1}"
    expected = {
        "h": e["in.h.values"],
        "merged": e["merged.values"],
        "recent_states": e[f"{last}.seq.values"],
        "target_states": e[f"{last}.global"][:, 0],
        "logits": column(e["logits"]),
        "scores": column(e["scores"]),
    }
    staged = {name: column(e[f"two_stage.{name}"]) for name in ("logits", "scores")}
    staged["target_states"] = e[f"two_stage.{last}.cand_rows"][:, 0]
    return [("all", "model.textproto", requests, expected), ("two_stage", "model.textproto", requests, staged)]


def transact(case):
    """One candidate a request; the rows of a traced layer are those of the first requests."""
    r, e, config = case.requests, case.expected, case.config
    requests, rows = r["action_type_seq"].shape
    names = {"action": "action_type_seq", "time": "action_time_seq", "item": "item_embedding_seq"}
    values = {
        "history.offsets": np.arange(requests + 1) * rows,
        "candidates.offsets": np.arange(requests + 1),
        **{name: r[source].reshape(requests * rows, *r[source].shape[2:]) for name, source in names.items()},
        "request_time": r["request_time"],
        "candidate": r["item_embedding"],
    }
    expected = {"output": e["output"], "masked_rows_zeroed": e["output_masked_rows_zeroed"]}
    for i in range(config["num_layer"]):
        for name, source in (("projected", f"layer{i}.attn"), ("attn", f"layer{i}.norm1"), ("out", f"layer{i}")):
            traced = e[source]
            assert len(traced) == requests
            expected[f"states.layers.{i}.{name}"] = traced.reshape(-1, traced.shape[-1])
    return [("all", "model.textproto", values, expected)]


def transact_v2(case):
    """The int8 vectors as INT64; padded places and slots as they are."""
    r, e = case.requests, case.expected
    requests = {
        "candidates.offsets": r["cand.offsets"],
        "candidate": r["cand.items"].astype("<i8"),
        "user_features": r["user.features"],
        "item_features": r["cand.features"],
    }
    for stream in ("ll", "rt", "imp"):
        requests[f"{stream}.offsets"] = r[f"{stream}.offsets"]
        requests[f"{stream}_items"] = r[f"{stream}.items"].astype("<i8")
        requests[f"{stream}_actions"], requests[f"{stream}_surface"] = r[f"{stream}.action_bits"], r[f"{stream}.surface"]
    slots = lambda name: e[name].reshape(-1, e[name].shape[-1])
    expected = {
        "ll_places": e["select.ll"],
        "rt_places": e["select.rt"][:, case.config["slots"]["rt_head"] :],
        "imp_places": e["select.imp"],
        "tokens": slots("tokens"),
        **{f"states{i}": slots(f"layers.{i}.out") for i in range(case.config["num_layers"])},
        "pooled": e["pooled"],
        "crossed": e["cross"],
        "heads": e["heads"],
        "score": column(e["score"]),
    }
    return [("all", "model.textproto", requests, expected)]


CASES = {
    "bst_20x6": bst,
    "longer_serving": longer,
    "longer_tiny": longer,
    "transact_small": transact,
    "transactv2_tiny": transact_v2,
}
