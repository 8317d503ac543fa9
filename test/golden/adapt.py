#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Renames and splits the requests and expected values of a golden case for the description beside it: rows are split, selected,
# repeated and transposed, and ids that a case's README gives as a rule instead of a file are written out. It never computes a value
# that a model should compute.
#
#   adapt.py CASE_DIRECTORY OUTPUT_DIRECTORY
#
# writes OUTPUT_DIRECTORY/RUN/requests.safetensors and expected.safetensors for each run of the case, and runs.json:
#   [{"name": RUN, "model": description, "also": [inner values to return], "double_only": [those that compiled code need not match]}, …]
# Tensors of expected.safetensors are called as the outputs, declared or `also`. Inner values that only the interpreter in double is held to
# are those where rounding says nothing about the code: the rule of the case says why.
import json
import pathlib
import sys

import numpy as np

import fused_cases
from case_files import Case, column, join_rows, offsets_of, save, split_rows

def stu(case, context):
    r, e = case.requests, case.expected
    lengths = np.diff(r["x.offsets"])
    candidates = r["num_targets"]
    parts = [lengths - candidates, candidates]
    names = ["history", "candidates"]
    if context:
        parts = [np.full_like(lengths, context), parts[0] - context, candidates]
        names = ["prefix", "history", "candidates"]
    values = split_rows(r["x.values"], r["x.offsets"], parts)
    inputs = {"prefix": "context_x", "history": "history_x", "candidates": "candidate_x"}
    requests = {inputs[name]: value for name, value in zip(names, values)}
    requests.update({f"{name}.offsets": offsets_of(part) for name, part in zip(names, parts)})
    expected = {"states": e["out"], "scored": e["out_targets.values"], **case.layers(["u", "attn", "out"])}
    return [("all", "model.textproto", requests, expected)]


def ranker(case):
    r, e = case.requests, case.expected
    requests = {
        "history.offsets": r["hist.offsets"],
        "candidates.offsets": r["cand.offsets"],
        "item": r["hist.item_id"],
        "rating": r["hist.rating"],
        "timestamp": r["hist.timestamp"],
        "candidate": r["cand.item_id"],
        "query_time": r["query_time"],
        **{name: r["ctx"][:, column] for column, name in enumerate(case.config["contextual"])},
    }
    expected = {
        "tokens": e["pre.x.values"],
        "positioned": e["pos.x.values"],
        "user_emb": e["user_emb"],
        "item_emb": e["item_emb"],
        "logits": e["logits"].T,
        "preds": e["preds"].T,
        **case.layers(["out"], values=".values"),
    }
    return [("all", "model.textproto", requests, expected)]


def retrieval(case):
    r, e = case.requests, case.expected
    requests = {
        "history.offsets": r["ids.offsets"],
        "item": r["ids.values"],
        "timestamp": r["timestamps.values"],
        "query_time": r["query_time"],
    }
    assert (r["timestamps.offsets"] == r["ids.offsets"]).all()
    names = ["user_emb", "topk.ids", "topk.scores", "topk_unseen.ids", "topk_unseen.scores"] + (["scores"] if "scores" in e else [])
    expected = {
        "tokens": e["input.values"],
        "encoded": e["encoded.values"],
        **{name: e[name] for name in names},
        **case.layers(["out"], values=".values"),
    }
    return [("all", "model.textproto", requests, expected)]


def sasrec(case):
    r, e = case.requests, case.expected
    offsets = r["hist.offsets"]
    everything = {"history.offsets": offsets, "item": r["hist.values"]}
    # Inner values are stored for the first requests only, padded.
    count = len(e["input_ln"])
    first = {"history.offsets": offsets[: count + 1], "item": r["hist.values"][: offsets[count]]}
    kept = np.minimum(np.diff(offsets)[:count], case.config["max_seq_length"])

    def rows(padded):
        return np.concatenate([padded[b, : kept[b]] for b in range(count)])

    inner = {"tokens": rows(e["input_ln"])}
    for layer in range(case.config["n_layers"]):
        inner[f"states.layers.{layer}.attn"] = rows(e[f"layer{layer}.attn"])
        inner[f"states.layers.{layer}.out"] = rows(e[f"layer{layer}"])
    return [("all", "model.textproto", everything, {"scores": e["scores"]}), ("inner", "model.textproto", first, inner)]


def interleave(case):
    r, e = case.requests, case.expected
    offsets, candidates = r["seq.offsets"], r["num_targets"]
    history = np.diff(offsets) - candidates
    parts = [history, candidates]
    assert (np.diff(r["action.offsets"]) == history).all()
    requests = {
        "history.offsets": offsets_of(history),
        "candidates.offsets": offsets_of(candidates),
        "a_rows.offsets": r["ctx.ctx_a.offsets"],
        "b_rows.offsets": r["ctx.ctx_b.offsets"],
        "ctx_a": r["ctx.ctx_a.values"],
        "ctx_b": r["ctx.ctx_b.values"],
        "action_taken": r["action.values"],
        "watch_time": r["watchtime.values"],
        "candidate_enrich": r["enrich.values"],
        # The source takes the time of the last row as the request's.
        "query_time": r["timestamps.values"][offsets[1:] - 1],
    }
    for source, names in (
        ("seq", ("item", "candidate")),
        ("cat_emb", ("category", "candidate_category")),
        ("timestamps", ("timestamp", "candidate_timestamp")),
    ):
        requests.update(zip(names, split_rows(r[source + ".values"], offsets, parts)))
    content, candidate_content = split_rows(e["content.values"], offsets, parts)
    action, _ = split_rows(e["action_emb.values"], offsets, parts)  # candidates have no action token
    before = {"content": content, "candidate_content": candidate_content, "action": action, "tokens": e["pre.x.values"]}
    after = {"positioned": e["pos.x.values"], "scored": e["post.in"], "user_emb": e["user_emb"], **case.layers(["out"])}
    fixed = {"positioned": e["fixed.pos.x.values"], "user_emb": e["fixed.user_emb"], **case.layers(["out"], prefix="fixed.")}
    return [("all", "model.textproto", requests, {**before, **after}), ("fixed", "fixed.textproto", requests, {**before, **fixed})]


def kuairand(case):
    r, e = case.requests, case.expected
    offsets, candidates = r["uih.video_id.offsets"], r["cand.item_video_id.offsets"]
    values = lambda *names: {name.split(".")[1]: r[f"{name}.values"] for name in names}
    requests = {
        "history.offsets": offsets,
        "candidates.offsets": candidates,
        **values("uih.video_id", "uih.action_weight", "uih.action_timestamp", "cand.item_video_id", "cand.item_query_time"),
        # The source takes the time of the last candidate as the request's.
        "query_time": r["cand.item_query_time.values"][candidates[1:] - 1],
    }
    for name in case.config["hstu_configs"]["contextual_feature_to_max_length"]:
        requests[f"{name}_rows.offsets"], requests[name] = r[f"uih.{name}.offsets"], r[f"uih.{name}.values"]
    before = {"tokens": e["pre.x.values"], "item_emb": e["item_emb"]}

    def after(prefix):
        layers = {f"states.layers.{i}.out": e[f"{prefix}layers.{i}.out"] for i in range(case.config["hstu_configs"]["hstu_attn_num_layers"])}
        return {
            "positioned": e[f"{prefix}pos.x.values"],
            "user_emb": e[f"{prefix}user_emb"],
            "logits": e[f"{prefix}logits"].T,
            "preds": e[f"{prefix}preds"].T,
            **layers,
        }

    return [
        ("all", "model.textproto", requests, {**before, **after(""), "scored": e["post.in"]}),
        ("fixed", "fixed.textproto", requests, {**before, **after("fixed.")}),
    ]


def mfalcon(case):
    """The one pass over everything; the prefill is a request without candidates; a micro-batch is a request with these candidates only."""
    r, e = case.requests, case.expected
    history, offsets = r["prefill.x.values"], r["prefill.x.offsets"]
    layers = range(case.config["num_layers"])

    def request(candidates, rows):
        return {"history.offsets": offsets, "candidates.offsets": rows, "history_x": history, "candidate_x": candidates}

    full, lengths = r["full.x.offsets"], np.diff(offsets)
    _, candidates = split_rows(r["full.x.values"], full, [lengths, np.diff(full) - lengths])
    caches = {f"states.layers.{i}.{part}": e[f"prefill.{part}_cache.{i}"] for i in layers for part in "kv"}
    runs = [
        ("all", request(candidates, full - offsets), {"states": e["full.out"]}),
        ("prefill", request(candidates[:0], np.zeros_like(offsets)), {"states": e["prefill.out"], **caches}),
    ]
    for step in ("mb0", "mb1", "mb2"):
        runs.append((step, request(r[f"{step}.x.values"], r[f"{step}.x.offsets"]), {"scored": e[f"{step}.out"]}))
    return [(run, "model.textproto", requests, expected) for run, requests, expected in runs]


def nvidia(case):
    r, e = case.requests, case.expected
    lengths, context, candidates = np.diff(r["x.offsets"]), r["contextual_seqlen"], r["num_candidates"]
    parts = [context, lengths - context - candidates, candidates]
    names = ["context", "history", "candidates"]
    requests = {f"{name}_x": value for name, value in zip(names, split_rows(r["x.values"], r["x.offsets"], parts))}
    requests.update({f"{name}.offsets": offsets_of(part) for name, part in zip(names, parts)})
    expected = {"states": e["output"]}
    for i in range(case.config["num_layers"]):
        for inner, name in (("attn", "attn"), ("gated", "u_ln_attn"), ("out", "out")):
            expected[f"states.layers.{i}.{inner}"] = e[f"layer{i}.{name}"]
    return [("all", "model.textproto", requests, expected)]


def appended(case):
    r, e = case.requests, case.expected
    requests = {
        "history.offsets": r["hist.offsets"],
        "candidates.offsets": r["cand.offsets"],
        "history_x": r["hist.x.values"],
        "candidate_x": r["cand.x.values"],
    }
    layers = {f"states.layers.{i}.out": case.appended(f"layers.{i}.{{}}") for i in range(case.config["num_layers"])}
    # The naive form gives the same numbers, once for each candidate.
    naive = {"scored": e["naive.out_targets.values"]}
    return [
        ("all", "model.textproto", requests, {"scored": e["out_targets.values"], **layers}),
        ("naive", "naive.textproto", requests, naive),
    ]


def easy_rec(case):
    r, e = case.requests, case.expected
    offsets = {"history.offsets": r["uih.offsets"], "candidates.offsets": r["candidate.offsets"]}
    assert all((r[f"uih_{name}.offsets"] == r["uih.offsets"]).all() for name in ("action", "timestamp", "watchtime"))
    requests = {
        **offsets,
        "profile": r["contextual"],
        # The source takes the time of the last row as the request's.
        "query_time": r["candidate_timestamp.values"][r["candidate.offsets"][1:] - 1],
        "item": r["uih.values"],
        "action_taken": r["uih_action.values"],
        "watch_time": r["uih_watchtime.values"],
        "timestamp": r["uih_timestamp.values"],
        "candidate": r["candidate.values"],
        "candidate_timestamp": r["candidate_timestamp.values"],
    }
    expected = {
        "tokens": e["pre.values"],
        "positioned": e["pos.values"],
        "early.layers.0.out": e["layer0.out"],
        "late.layers.1.out": e["layer1.out"],
        "late.layers.2.out": e["layer2.out"],
        "user": e["user"],
        "item_emb": e["item"],
        "tasks": np.concatenate([e["task.click"], e["task.like"]], axis=1),
    }
    # The first contextual row of request 0 sees itself alone, with a score near 0: the deviation that its norm divides by is that of eps, so
    # that rounding q and k to bf16 shows tenfold.
    return [("all", "model.textproto", requests, expected, "late.layers.1.out")]


def ultra(case):
    r, e = case.requests, case.expected
    requests = {
        "candidates.offsets": r["candidate.offsets"],
        "profile": r["contextual"],
        "query_time": r["candidate_timestamp.values"][r["candidate.offsets"][1:] - 1],
        "candidate": r["candidate.values"],
        "candidate_timestamp": r["candidate_timestamp.values"],
    }
    expected = {"user": e["user"], "item_emb": e["item"], "click_task": e["task.click"], "like_task": e["task.like"]}
    for channel in case.config["channels"]:
        name, split = channel["name"], channel["attn_truncation_split_layer"]
        requests[f"{name}.offsets"], requests[f"{name}_item"] = r[f"{name}.offsets"], r[f"{name}.values"]
        for part in ("action", "timestamp", "watchtime"):
            if f"{name}_{part}" != "click_watchtime":  # no thresholds there
                requests[f"{name}_{part}"] = r[f"{name}_{part}.values"]
        expected.update({f"{name}_tokens": e[f"{name}.pre.values"], f"{name}_positioned": e[f"{name}.pos.values"], f"{name}_user": e[f"{name}.candidates"]})
        for i in range(channel["attn_num_layers"]):
            expected[f"{name}_{'early' if i < split else 'late'}.layers.{i}.out"] = e[f"{name}.layers.{i}.out"]
    return [("all", "model.textproto", requests, expected)]


def dlrm(case):
    r, e = case.requests, case.expected
    tables = [table["name"] for table in case.config["tables"]]
    requests = {"dense": r["dense"], "t2_weight": r["t2.weights"]}
    for table in tables:
        requests |= {f"{table}.offsets": r[f"{table}.offsets"], f"{table}_id": r[f"{table}.values"]}
    return [("all", "model.textproto", requests, {name: e[name] for name in ("bottom", "pooled", "interaction", "score")})]


def dcnv2(case):
    e = case.expected
    return [("all", "model.textproto", case.requests, {"deep": e["mlp_layers"], "pred": column(e["pred"])})]


def din(case):
    r, e = case.requests, case.expected
    requests = {"history.offsets": r["hist.offsets"]}
    for source, name in (("item_id", "item"), ("release_year", "year"), ("class", "class")):
        requests[name] = r[f"hist.{source}.values"]
    for source, name in (("item_id", "target"), ("release_year", "target_year"), ("class", "target_class")):
        requests[name] = r[f"target.{source}"]
    expected = {"user_emb": e["user_emb"], "dnn_out": e["dnn_out"], "logit": column(e["logit"])}
    return [("all", "model.textproto", requests, expected)]


def interactrank(case):
    r, e = case.requests, case.expected
    requests = {
        "items.offsets": r["item.offsets"],
        "actions.offsets": r["user_seq.offsets"],
        "action_type": r["user_seq.action"],
        "action_gs": r["user_seq.gs_v5"],
        "gs": r["1/gs_v5"],
        "item_category": r["1/item_category"],
        "head_weights": r["head_weights"].astype("<i8"),
        **{name: r["2/" + name] for name in ("searchsage_query", "nav_a", "nav_b")},
        "searchsage_item": r["1/searchsage_item"],
        **{name: column(r["2/" + name]) for name in ("category_count", "is_long")},
        "sig_count": column(r["1/sig_count"]),
    }
    for counter in ("click_country", "click_gender"):
        requests[f"{counter}_pairs"] = column(r[f"iqp.4/{counter}.pair_count"])
        requests[f"{counter}_queries"] = column(r[f"iqp.4/{counter}.query_count"])
    names = ["continuous", "searchsage", "concat_norm", "masknet"]
    expected = {f"{side}_{name}": e[f"{side}.{name}"] for side in ("query", "item") for name in names}
    expected |= {"query_heads": e["query.heads"], "query_collapsed": e["query.collapsed"], "item_embedding": e["item.embedding"]}
    expected |= {name: e[name] for name in ("iqp", "dots", "logits", "scores")}
    expected["collapsed_logit"] = column(e["collapsed_logit"])
    return [("all", "model.textproto", requests, expected)]


def amortized(case):
    r, e = case.requests, case.expected
    requests = {
        "history.offsets": r["hist.offsets"],
        "candidates.offsets": r["cand.offsets"],
        "item": r["hist.item.values"],
        "action": r["hist.action.values"],
        "candidate": r["cand.item.values"],
        "dense": r["cand.dense.values"],
    }
    expected = {
        "tokens": case.appended("in.{}"),
        **{f"states.layers.{i}.out": case.appended(f"layers.{i}.{{}}") for i in range(case.config["layers"])},
        "logits": column(e["logits"]),
        "scores": column(e["scores"]),
    }
    naive = {"logits": column(e["naive.logits"]), "scores": column(e["naive.scores"]), "scored": e["naive.layers.1.cand.values"]}
    return [("all", "model.textproto", requests, expected), ("naive", "model.textproto", requests, naive)]


def argus(case):
    r, e, config = case.requests, case.expected, case.config
    users, catalog = len(r["hist.offsets"]) - 1, np.arange(config["catalog"])
    names = {"liked": "like", "artist": "artist", "item": "item", "surface": "surface", "device": "device", "share": "share"}
    requests = {
        "history.offsets": r["hist.offsets"],
        "candidates.offsets": r["cand.offsets"],
        **{name: r[f"hist.{source}.values"] for name, source in names.items()},
        "now_surface": r["now.surface"],
        "now_device": r["now.device"],
        "candidate": r["cand.item.values"],
        "artist_of": r["cand.artist.values"],
        # The catalog of the case, by its README: items 0, 1, 2, … and their artists, for every user.
        "catalog.offsets": offsets_of(np.full(users, len(catalog))),
        "catalog_item": np.tile(catalog, users),
        "catalog_artist": np.tile(catalog % config["n_artists"], users),
    }
    full = config["form"] == "full"
    layers = {f"states.layers.{i}.out": e[f"layers.{i}.hist.values"] for i in range(config["layers"])}
    if full:
        rows = lambda i: join_rows((e[f"layers.{i}.hist.values"], e["hist_rows.offsets"]), (e[f"layers.{i}.cand.values"], r["cand.offsets"]))
        layers = {f"states.layers.{i}.out": rows(i) for i in range(config["layers"])}
    expected = {
        "positioned": e["in.values"],
        **layers,
        "queries": e["nip.query.values"],
        "catalog_vec": np.tile(e["catalog.vec"], (users, 1)),
        "next_item": column(e["nip.scores"]),
        "past_logits": e["fp.hist.logits"],
        "candidate_logits": e["fp.cand.logits"],
        "like": column(e["fp.cand.like"]),
        "share_classes": e["fp.cand.share"],
    }
    if not full:
        expected.update({"state": e["state.values"], "user": e["two_tower.user"], "item_unit": e["two_tower.item"], "scores": column(e["two_tower.scores"])})
    for feature in ("surface", "device"):
        now = (r[f"now.{feature}.rows"], np.arange(users + 1))
        rows = join_rows((r[f"hist.{feature}.rows.values"], r["hist.offsets"]), now)
        node = f"{feature}_row" if config["hash_combine"] == "sum" else f"{feature}_hashes"
        expected.update({f"{node}.rows.{j}": rows[:, j] for j in range(rows.shape[1])})
    # 48 numbers, of which one row carries the error of both layers: the greatest rounding errors of two right computations differ more than
    # twofold. What it is computed from, and the same network on the candidates, are held to the contract.
    runs = [("all", "model.textproto", requests, expected, *(["past_logits"] if full else []))]
    if full:
        runs.append(("naive", "model.textproto", requests, {"candidate_logits": e["naive.fp.cand.logits"]}))
    return runs


def pinfm(case):
    """A request for each group, with the rows of its user; and one for each user, without candidates."""
    r, e = case.requests, case.expected
    users, offsets = r["group.user_index"], r["hist.offsets"]
    history = {name: r[f"hist.{name}.values"] for name in ("item", "action", "surface")}

    def of_groups(values, offsets=offsets):
        return np.concatenate([values[offsets[user] : offsets[user + 1]] for user in users])

    lengths = np.diff(offsets)
    by_group = {
        "history.offsets": offsets_of(lengths[users]),
        "candidates.offsets": r["cand.offsets"],
        **{name: of_groups(values) for name, values in history.items()},
        "now_surface": r["group.surface"],
        "candidate": r["cand.item.values"],
        "content": r["cand.content.values"],
    }
    by_user = {
        "history.offsets": offsets,
        "candidates.offsets": np.zeros_like(offsets),
        **history,
        "now_surface": np.zeros_like(lengths),
        "candidate": r["cand.item.values"][:0],
        "content": r["cand.content.values"][:0],
    }

    def rows(name):
        past = (of_groups(e[f"{name}.hist.values"]), by_group["history.offsets"])
        return join_rows(past, (e[f"{name}.cand.values"], r["cand.offsets"]))

    layers = range(case.config["layers"])
    hashes = join_rows((of_groups(r["hist.item.rows.values"]), by_group["history.offsets"]), (r["cand.item.rows.values"], r["cand.offsets"]))
    groups = {
        "positioned": rows("in"),
        **{f"states.layers.{i}.out": rows(f"layers.{i}") for i in layers},
        **{f"item_row.rows.{j}": hashes[:, j] for j in range(case.config["tables"])},
        "user_rows": of_groups(e["user.rows.values"]),
        "user_mean": e["user.mean"][users],
        "user_last": e["user.last"][users],
        "candidate_out": e["cand.out.values"],
        "logits": e["logits"],
        "scores": e["scores"],
    }
    context = {"user_rows": e["user.rows.values"], "user_mean": e["user.mean"], "user_last": e["user.last"]}
    for i in layers:
        context.update({f"states.layers.{i}.{part}": e[f"layers.{i}.{part[0]}_cache.values"] for part in ("key", "value")})
    naive = {"candidate_out": e["naive.cand.out.values"], "scores": e["naive.scores"]}
    # Three vectors are so few that the greatest rounding errors of two right computations differ more than twofold; `user_rows` has them all.
    return [
        ("all", "model.textproto", by_group, groups, "user_last", "user_mean"),
        ("users", "model.textproto", by_user, context, "user_last", "user_mean"),
        ("naive", "model.textproto", by_group, naive),
    ]


CASES = {
    **fused_cases.CASES,
    "interactrank_tiny": interactrank,
    "dlrm_tiny": dlrm,
    "rb_dcnv2": dcnv2,
    "rb_din": din,
    "amortized_tiny": amortized,
    "argus_full_tiny": argus,
    "argus_simplified": argus,
    "gr_stu_tiny": lambda case: stu(case, 0),
    "gr_stu_context_window": lambda case: stu(case, case.config["layer"]["contextual_seq_len"]),
    "gr_dlrm_hstu_interleave": interleave,
    "gr_dlrm_hstu_kuairand": kuairand,
    "gr_hstu_retrieval_ml1m": retrieval,
    "gr_mfalcon_kv": mfalcon,
    "hstu_naive_tiny": appended,
    "ml100k_hstu_retrieval": retrieval,
    "ml100k_hstu_ranker": ranker,
    "nv_hstu_layer_tiny": nvidia,
    "pinfm_tiny": pinfm,
    "rb_sasrec": sasrec,
    "tzrec_dlrm_hstu_add_sla": easy_rec,
    "ultra_tiny": ultra,
}


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: adapt.py CASE_DIRECTORY OUTPUT_DIRECTORY")
    directory, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    name = directory.resolve().name
    if name not in CASES:
        sys.exit(f"adapt.py: no rule for case '{name}', expected one of {', '.join(sorted(CASES))}")
    runs = []
    for run, model, requests, expected, *double_only in CASES[name](Case(directory)):
        (out / run).mkdir(parents=True, exist_ok=True)
        save(out / run / "requests.safetensors", requests)
        save(out / run / "expected.safetensors", expected)
        runs.append({"name": run, "model": model, "also": sorted(expected), "double_only": double_only})
    (out / "runs.json").write_text(json.dumps(runs, indent=1) + "\n")


if __name__ == "__main__":
    main()
