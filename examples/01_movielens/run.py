#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Example 01: five recommenders trained on MovieLens 100K, compiled, linked into a C program, and compared with PyTorch.

Compiles the descriptions beside this file with their weights, links serve.c with the objects and librecrt, scores the test split, and prints
the metrics beside those of PyTorch. Exits with 1 when a stored rank, score or logit differs. Without the data set it compares the stored
outputs of the synthetic requests instead.
"""
import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

import checks
import movielens
import progress

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
GOLDEN = ROOT / "test" / "golden"
CASES = {
    "sasrec": "rb_sasrec", "hstu_retrieval": "ml100k_hstu_retrieval", "hstu_ranker": "ml100k_hstu_ranker", "din": "rb_din", "dcnv2": "rb_dcnv2",
}
TITLES = {"sasrec": "SASRec", "hstu_retrieval": "HSTU retrieval", "hstu_ranker": "HSTU ranker", "din": "DIN", "dcnv2": "DCN-v2"}


class Example:
    def __init__(self, build, batch, threads):
        self.build, self.work = build, build / "examples" / "01_movielens"
        self.work.mkdir(parents=True, exist_ok=True)
        self.batch, self.threads = batch, threads
        self.rows, self.notes, self.failures = [], [], 0

    def compile(self):
        """description + weights -> object + header, for each model; then the serving program."""
        reccc, objects = self.build / "bin" / "reccc", []
        for model, case in CASES.items():
            description, weights, target = HERE / f"{model}.textproto", GOLDEN / case / "weights.safetensors", self.work / f"{model}.o"
            objects.append(target)
            if not newer(target, [reccc, description, weights]):
                progress.run(f"compiling {model}", [reccc, description, "--weights", weights, "-o", target])
        library = self.build / "lib" / "Runtime" / "librecrt.a"
        library = library if library.exists() else self.build / "lib" / "librecrt.a"
        compiler = os.environ.get("CC", "cc")
        self.program = self.work / "serve"
        progress.run("linking serve", [
            compiler, "-std=gnu11", "-O2", "-Wall", f"-I{self.work}", f"-I{ROOT / 'include'}", HERE / "serve.c", HERE / "safetensors.c",
            *objects, library, "-lpthreadpool", "-lstdc++", "-lm", "-ldl", "-lpthread", "-o", self.program])

    def serve(self, model, requests):
        """Runs the serving program; returns its outputs by name, and what it said about time."""
        path, results = self.work / f"{model}.requests.safetensors", self.work / f"{model}.outputs.safetensors"
        if isinstance(requests, Path):
            path = requests
        else:
            save_file({name: np.ascontiguousarray(value) for name, value in requests.items()}, path)
        times = progress.run(f"serving {model}", [self.program, model, path, results, self.batch, self.threads])
        return load_file(results), times.strip()

    def metric(self, model, name, value, pytorch):
        self.rows.append((TITLES[model], name, f"{value:.4f}", f"{pytorch:.4f}"))
        # Ranks and logits are compared one by one; this catches labels or requests in the wrong order.
        self.compare(model, name, int(not abs(value - pytorch) < 5e-4), 1)

    def compare(self, model, what, wrong, count):
        if wrong:
            self.failures += 1
            print(f"{TITLES[model]}: {what}: {wrong} of {count} differ from PyTorch", file=sys.stderr)

    def test_split(self, data):
        for model, times in (("sasrec", False), ("hstu_retrieval", True)):
            self.next_item(model, *movielens.next_item(data, times))
        self.ranker("hstu_ranker", "logits", "test.logits", *movielens.ranking(data))
        self.ranker("din", "logit", "test.logit", *movielens.target_history(data))
        self.ranker("dcnv2", "logit", "test.pred", *movielens.context(data))

    def next_item(self, model, requests, items):
        expected, config = stored(model)
        outputs, times = self.serve(model, requests)
        scores = outputs["scores"].astype(np.float64)
        first = 1683 - scores.shape[1]  # SASRec scores the padding item too
        values, targets = scores[:48], items - first
        self.compare(model, "scores of users 1 to 48", checks.wrong_values(values, expected["test.scores_users_1_48"]), values.size)
        if not first:
            scores[:, 0] = -np.inf
        rank = checks.ranks(scores, targets)
        self.compare_ranks(model, scores, targets, expected["test.rank_users_49_943"], "ranks")
        unseen = scores.copy()
        unseen[np.repeat(np.arange(len(items)), np.diff(requests["history.offsets"])), requests["item"] - first] = -np.inf
        # A film that the user has seen before is ranked by the score it had.
        np.put_along_axis(unseen, targets[:, None], np.take_along_axis(scores, targets[:, None], 1), 1)
        self.compare_ranks(model, unseen, targets, expected["test.rank_seen_removed_users_49_943"], "ranks without seen items")
        if "test.topk_ids_users_1_48" in expected:
            wrong = checks.wrong_ids(outputs["topk.ids"][:48], outputs["topk.scores"][:48], expected["test.topk_ids_users_1_48"],
                                     expected["test.topk_scores_users_1_48"])
            self.compare(model, "best ten of users 1 to 48", wrong, 480)
        best = np.take_along_axis(scores, outputs["topk.ids"] - first, 1)
        self.compare(model, "scores of the best ten", checks.wrong_values(outputs["topk.scores"], best), best.size)
        for name, value in zip(("HR@10", "NDCG@10"), checks.hit_and_gain(rank)):
            self.metric(model, name, value, config["metrics_fp32_pytorch"]["all_items"][name])
        self.notes.append(f"{TITLES[model]}: {times}")

    def compare_ranks(self, model, scores, targets, ranks, what):
        self.compare(model, f"{what} of users 49 to 943", checks.wrong_ranks(scores[48:], targets[48:], ranks), len(ranks))

    def ranker(self, model, output, stored_output, requests, labels):
        """Logits, or probabilities where these are what is stored, and the metrics."""
        expected, config = stored(model)
        outputs, times = self.serve(model, requests)
        logits, right = outputs[output].astype(np.float64), expected[stored_output]
        given = 1 / (1 + np.exp(-logits)) if stored_output.endswith("pred") else logits
        # One task: a row of as many numbers as requests. Several: a row for each.
        self.compare(model, output, checks.wrong_values(given, right.reshape(-1, len(given)).T), given.size)
        self.metric(model, "AUC", checks.auc(logits[:, 0], labels), config["metrics_fp32_pytorch"]["AUC"])
        self.metric(model, "logloss", checks.logloss(logits[:, 0], labels), config["metrics_fp32_pytorch"]["logloss"])
        self.notes.append(f"{TITLES[model]}: {times}")

    def synthetic(self):
        """Every stored output of the synthetic requests."""
        for model, case in CASES.items():
            adapted = self.work / "synthetic" / model
            subprocess.run([sys.executable, GOLDEN / "adapt.py", GOLDEN / case, adapted], check=True, capture_output=True)
            compared = 0
            for run in json.loads((adapted / "runs.json").read_text()):
                outputs, times = self.serve(model, adapted / run["name"] / "requests.safetensors")
                expected = load_file(adapted / run["name"] / "expected.safetensors")
                for name in sorted(outputs.keys() & expected.keys()):
                    compared += expected[name].size
                    if name.endswith(".ids"):
                        scores = name.replace(".ids", ".scores")
                        wrong = checks.wrong_ids(outputs[name], outputs[scores], expected[name], expected[scores])
                    else:
                        wrong = checks.wrong_values(outputs[name], expected[name])
                    self.compare(model, f"{name} of synthetic requests", wrong, expected[name].size)
            self.compare(model, "stored outputs", int(compared == 0), 1)
            self.notes.append(f"{TITLES[model]}: {compared} stored numbers compared")

    def report(self):
        if self.rows:
            print(f"{'':16} {'':10} {'reccc':>8} {'PyTorch':>8}")
        for model, name, value, pytorch in self.rows:
            print(f"{model:16} {name:10} {value:>8} {pytorch:>8}")
        print("\n".join(self.notes))
        print(f"{self.failures} comparisons FAILED" if self.failures else "all stored results agree")
        return 1 if self.failures else 0


def newer(target, sources):
    return target.exists() and target.with_suffix(".h").exists() and all(target.stat().st_mtime > source.stat().st_mtime for source in sources)


def stored(model):
    directory = GOLDEN / CASES[model]
    return load_file(directory / "expected.safetensors"), json.loads((directory / "config.json").read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="where reccc and librecrt were built")
    parser.add_argument("--batch", type=int, default=8, help="requests that run at once")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--synthetic", action="store_true", help="compare the synthetic requests, without the data set")
    options = parser.parse_args()
    example = Example(options.build.resolve(), options.batch, options.threads)
    try:
        example.compile()
        data = None
        if not options.synthetic:
            try:
                data = example.work / "data"
                movielens.fetch(data)
            except RuntimeError as error:
                print(f"MovieLens 100K cannot be had ({error}): comparing the synthetic requests instead", file=sys.stderr)
                data = None
        example.test_split(data) if data else example.synthetic()
    except RuntimeError as error:
        sys.exit(str(error))
    return example.report()


if __name__ == "__main__":
    sys.exit(main())
