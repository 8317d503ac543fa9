#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A request's outputs are the same bits whoever shares the batch, in whatever order, on however many threads; and a neighbour full of NaN
changes nobody.

    invariance.py [--build DIR] [--interpreter] [CASE…]

Uses the requests of the golden cases. Prints one line for each way to batch them; exits with 1 when a bit differs.
"""
import argparse
import dataclasses
import pathlib
import re
import sys
import tempfile

import numpy as np
from safetensors.numpy import load_file, save_file

import run

INPUT = re.compile(r'^input\s*{\s*name:\s*"([^"]+)"\s*rows:\s*"([^"]+)"', re.M)
CONSTANT = re.compile(r'^rows\s*{\s*name:\s*"([^"]+)"\s*count:\s*(\d+)', re.M)
# Tables of which a request alone can read a row, and the inputs with their ids, first one that is read whole. Where all rows of a table
# are scored for everyone there is no such row.
TABLES = {"ml100k_hstu_ranker": ("item_table.weight", ["candidate", "item"])}


class Batch:
    """Requests that can be put in another order, or in other groups."""

    def __init__(self, description, tensors):
        spaces = dict(INPUT.findall(description))
        constants = {"request": 1, **{name: int(count) for name, count in CONSTANT.findall(description)}}
        self.lengths = {n.removesuffix(".offsets"): np.diff(t) for n, t in tensors.items() if n.endswith(".offsets")}
        # Without rows of their own, requests are the rows of any input.
        self.size = len(next(iter(self.lengths.values()), tensors[next(iter(spaces))]))
        self.inputs = {}
        for name, space in spaces.items():
            lengths = np.full(self.size, constants[space]) if space in constants else self.lengths[space]
            self.inputs[name] = np.split(tensors[name], np.cumsum(lengths)[:-1])

    def tensors(self, order):
        """The requests of these numbers, as one batch."""
        order = list(order)
        offsets = {f"{space}.offsets": np.concatenate([[0], np.cumsum(lengths[order])]).astype(np.int64) for space, lengths in self.lengths.items()}
        return {**offsets, **{name: np.concatenate([rows[r] for r in order]) for name, rows in self.inputs.items()}}

    def poisoned(self, victim):
        """A copy in which all floats of one request are NaN; None when it has none."""
        floats = [name for name, rows in self.inputs.items() if rows[victim].dtype.kind == "f" and rows[victim].size]
        if not floats:
            return None
        copy = object.__new__(Batch)
        copy.__dict__ = {**self.__dict__, "inputs": {name: list(rows) for name, rows in self.inputs.items()}}
        for name in floats:
            copy.inputs[name][victim] = np.full_like(self.inputs[name][victim], np.nan)
        return copy


def by_request(outputs, size):
    """outputs[name][request]: its rows."""
    values = {name: value for name, value in outputs.items() if not name.endswith(".offsets")}
    if not values:
        raise RuntimeError("no outputs to compare")
    ends = {name: outputs.get(f"{name}.offsets", np.arange(size + 1) * (len(value) // size)) for name, value in values.items()}
    return {name: [value[ends[name][r] : ends[name][r + 1]] for r in range(size)] for name, value in values.items()}


class Device:
    """Runs batches of one model."""

    def __init__(self, case, directory):
        self.run, self.directory = case, directory

    def outputs(self, tensors, size, threads=1):
        requests = self.directory / "requests.safetensors"
        save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, requests)
        return by_request(self.execute(requests, threads), size)


class Interpreter(Device):
    name = "interpreter"

    def __init__(self, case, directory, tools, mode="f32"):
        super().__init__(case, directory)
        self.tools, self.mode = tools, mode

    def with_weights(self, weights):
        return Interpreter(dataclasses.replace(self.run, weights=weights), self.directory, self.tools, self.mode)

    def execute(self, requests, threads):
        return dataclasses.replace(self.run, requests=requests).interpret(self.tools, self.directory, self.mode, also=False)


class Compiled(Device):
    def __init__(self, case, directory, tools, precision, level):
        super().__init__(case, directory)
        self.name, self.tools, self.precision, self.level = f"{precision} {level}", tools, precision, level
        self.model = run.compile_model(case, tools, precision)

    def with_weights(self, weights):
        return Compiled(dataclasses.replace(self.run, weights=weights), self.directory, self.tools, self.precision, self.level)

    def execute(self, requests, threads):
        return run.execute(self.tools, self.model, requests, self.directory / "out.safetensors", self.level, threads)


def differences(expected, given, order, skip=()):
    """Requests some of whose bits differ. given[name][i] is that of request order[i]."""
    return [r for i, r in enumerate(order) if r not in skip
            and any(expected[name][r].tobytes() != given[name][i].tobytes() for name in expected)]


def regroupings(size):
    """(what, groups of requests, threads)"""
    everyone = list(range(size))
    random = np.random.default_rng(0)
    yield "2 threads", [everyone], 2
    yield "3 threads", [everyone], 3
    yield "reversed", [everyone[::-1]], 1
    for number in range(2):
        yield f"shuffled {number}", [random.permutation(size).tolist()], 1 + number
    yield "one by one", [[r] for r in everyone], 1
    yield "one by one, 2 threads", [[r] for r in everyone], 2
    yield "in pairs", [everyone[i : i + 2] for i in range(0, size, 2)], 2
    yield "three times each", [everyone * 3], 2
    yield "shuffled in thirds", np.array_split(random.permutation(size), min(3, size)), 1


def check_regroupings(device, batch, expected):
    for what, groups, threads in regroupings(batch.size):
        wrong = []
        for group in groups:
            wrong += differences(expected, device.outputs(batch.tensors(group), len(group), threads), group)
        yield what, wrong


def has_nan(outputs, request):
    return any(np.isnan(rows[request]).any() for rows in outputs.values() if rows[request].dtype.kind == "f")


def check_poisoned_inputs(device, batch, expected):
    everyone = range(batch.size)
    for victim in everyone:
        poisoned = batch.poisoned(victim)
        if poisoned is None:
            continue
        given = device.outputs(poisoned.tensors(everyone), batch.size, 2)
        rows = sum(len(values[victim]) for values in given.values())
        if rows and not has_nan(given, victim):
            raise RuntimeError(f"NaN in all inputs of request {victim} did not reach its outputs: nothing is shown")
        yield f"NaN in request {victim}", differences(expected, given, everyone, [victim])


def find_own_id(batch, inputs):
    """(request, id) of an id that only this request has."""
    ids = [np.concatenate([batch.inputs[name][r] for name in inputs]).tolist() for r in range(batch.size)]
    for request, own in enumerate(ids):
        others = {i for r, part in enumerate(ids) if r != request for i in part}
        for candidate in own:
            if candidate not in others:
                return request, candidate
    raise RuntimeError("no request has an id of its own")


def check_poisoned_table(device, batch, expected, table, inputs):
    victim, row = find_own_id(batch, inputs)
    weights = load_file(device.run.weights)
    weights[table] = weights[table].copy()
    weights[table][row] = np.nan
    path = device.directory / "poisoned.safetensors"
    save_file(weights, path)
    given = device.with_weights(path).outputs(batch.tensors(range(batch.size)), batch.size, 2)
    if not has_nan(given, victim):
        raise RuntimeError(f"NaN in row {row} of '{table}' did not reach request {victim}: nothing is shown")
    yield f"NaN in a row of request {victim}", differences(expected, given, range(batch.size), [victim])


def devices(case, tools, directory, interpreter):
    if interpreter:
        yield Interpreter(case, directory, tools)
        return
    for precision in run.PRECISIONS:
        for level in run.LEVELS:
            yield Compiled(case, directory, tools, precision, level)


def check(name, tools, interpreter=False):
    """(device, what, requests that differ) for everything that is tried; an error when nothing is."""
    lines = 0
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary)
        case = next(iter(run.runs_of(name, directory)))
        batch = Batch(case.model.read_text(), load_file(case.requests))
        for device in devices(case, tools, directory, interpreter):
            expected = device.outputs(batch.tensors(range(batch.size)), batch.size)
            checks = [check_regroupings(device, batch, expected), check_poisoned_inputs(device, batch, expected)]
            if name in TABLES:
                checks.append(check_poisoned_table(device, batch, expected, *TABLES[name]))
            for each in checks:
                for what, wrong in each:
                    lines += 1
                    yield device.name, what, wrong
    if not lines:
        raise RuntimeError(f"{name}: nothing was compared")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=run.ROOT / "build")
    parser.add_argument("--interpreter", action="store_true", help="the interpreter, not compiled code")
    parser.add_argument("case", nargs="*", default=run.cases())
    arguments = parser.parse_args()
    wrong = 0
    for name in arguments.case:
        try:
            for device, what, requests in check(name, run.Tools(arguments.build), arguments.interpreter):
                verdict = f"requests {requests} DIFFER" if requests else "same bits"
                print(f"{name:26} {device:12} {what:28} {verdict}", flush=True)
                wrong += bool(requests)
        except RuntimeError as error:
            print(f"{name}: {error}")
            wrong += 1
    print(f"{wrong} wrong" if wrong else "all right")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
