# SPDX-License-Identifier: Apache-2.0
"""Wrong IR in generic form gives an error, never a crash: the examples of all ops with operands, attributes, types and regions
dropped, doubled and exchanged. Pieces run together, one process for each op; a crash takes the process down."""
import os
import random
import re

import pytest
from examples import definitions, opt

VALUES = ["-9223372036854775808 : i64", "9223372036854775807 : i64", "-1 : i64", "0 : i64", "4294967296 : i64", "1 : i32", "1.0 : f32",
          "0x7FF0000000000000 : f64", "0xFFF8000000000000 : f64", "-1.0 : f64", "0.0 : f64", "unit", '"text"', "[]", "[[]]", "[unit]",
          "array<i64>", "array<i64: -1>", "array<f64: 0x7FF8000000000000>", "affine_map<() -> ()>", "affine_map<(d0) -> (d0 mod 0)>",
          "affine_map<(d0)[s0] -> (s0 * d0)>", "@nobody", "{}", "f32", "#recsys.none", "#recsys.self", "#recsys.request",
          "[[#recsys.none]]", "[[#recsys.self]]", "[#recsys.request]", "#recsys.edges<[]>", "dense<1> : tensor<2xi64>"]
TYPES = ["f32", "i64", "index", "none", "tensor<f32>", "tensor<0xf32>", "tensor<?x8xf32>", "tensor<*xf32>", "tensor<8x8xi1>", "tensor<8x8xf32>",
         "tensor<3x2x8xf32>", "!recsys.jagged<#recsys.request x f32>", "!recsys.jagged<#recsys.request x i64>",
         "!recsys.jagged<#recsys.request x 8xf32>", "!recsys.jagged<#recsys.rows<4> x 2x4xbf16>",
         "!recsys.jagged<#recsys.rows<0> x 1x1x1xf64>", "!recsys.jagged<#recsys.space<\"z\", max = 1> x 8xi64>"]


def split_top(text):
    """Splits at commas outside of brackets; -> is no bracket."""
    parts, depth, current, quoted = [], 0, "", False
    for place, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        if not quoted:
            if char in "([{<":
                depth += 1
            elif char in ")]}" or (char == ">" and text[place - 1] != "-"):
                depth -= 1
            elif char == "," and depth == 0:
                parts.append(current)
                current = ""
                continue
        current += char
    return parts + [current] if current.strip() else parts


OP = re.compile(r'^(?P<lead> *(?:%[\w:]+ = )?)"(?P<name>rec\w+\.\w+)"\((?P<operands>[^)]*)\)(?: <\{(?P<properties>.*)\}>)? : '
                r'\((?P<types>.*)\) -> (?P<result>.*)$', re.M)


def regroup(text, operands, rng):
    """Other sizes of the operand groups, mostly such that they still add up."""
    if rng.random() < 0.3:
        return "array<i32" + rng.choice([">", ": -1>", ": 1, 1>", ": 2147483647, 2147483647>"])
    groups = text.count(",") + 1
    cuts = sorted(rng.randint(0, operands) for _ in range(groups - 1))
    return "array<i32: " + ", ".join(str(b - a) for a, b in zip([0] + cuts, cuts + [operands])) + ">"


def mutants(generic, name, rng, count):
    """Texts of the module with the op of that name changed in one place or two."""
    found = [match for match in OP.finditer(generic) if match["name"] == name]
    for _ in range(count if found else 0):
        match = rng.choice(found)
        operands, types = split_top(match["operands"]), split_top(match["types"])
        properties = split_top(match["properties"] or "")
        result, tail = match["result"], ""
        arguments = ""
        for _ in range(rng.choice([1, 1, 2])):
            kind = rng.choice(["drop", "double", "retype", "swap", "undo", "replace", "replace", "replace", "result", "region", "segments", "segments"])
            if kind == "drop" and operands:
                place = rng.randrange(len(operands))
                del operands[place], types[place]
            elif kind == "double" and operands:
                place = rng.randrange(len(operands))
                operands.insert(place, operands[place])
                types.insert(place, types[place])
            elif kind == "retype" and operands:
                place = rng.randrange(len(operands))
                types[place] = rng.choice(TYPES)
                operands[place] = f"%fuzz{len(arguments)}"
                arguments += f'{operands[place]} = "test.make"() : () -> {types[place]}\n'
            elif kind == "swap" and len(operands) > 1:
                order = rng.sample(range(len(operands)), len(operands))
                operands, types = [operands[i] for i in order], [types[i] for i in order]
            elif kind == "undo" and properties:
                del properties[rng.randrange(len(properties))]
            elif kind == "replace" and properties:
                place = rng.randrange(len(properties))
                properties[place] = properties[place].split("=")[0] + "= " + rng.choice(VALUES)
            elif kind == "segments":
                for place, text in enumerate(properties):
                    if "operandSegmentSizes" in text:
                        properties[place] = "operandSegmentSizes = " + regroup(text, len(operands), rng)
            elif kind == "result":
                result = rng.choice(TYPES + ["()", "(i64, i64)"])
            elif kind == "region":
                tail = rng.choice([" ({})", ' ({ "test.end"() : () -> () })', "[^bb0]"])
        lead = match["lead"] if result != "()" else ""
        body = f' <{{{",".join(properties)}}}>' if properties else ""
        inside, after = ("", tail) if tail.startswith("[") else (tail, "")
        changed = f'{arguments}{lead}"{name}"({",".join(operands)}){after}{body}{inside} : ({",".join(types)}) -> {result}'
        yield generic[:match.start()] + changed + generic[match.end():]


@pytest.mark.parametrize("name, examples", list(definitions()))
def test_abuse(name, examples):
    assert examples, f"{name} has no example"
    rng = random.Random(name)
    generic = opt(examples[0], "--mlir-print-op-generic").stdout
    texts = list(mutants(generic, name, rng, int(os.environ.get("RECCC_FUZZ", 60))))
    run = opt("\n// -----\n".join(texts), "--split-input-file", "--canonicalize", "--cse")
    if run.returncode in (0, 1):
        return
    for text in texts:
        run = opt(text, "--canonicalize", "--cse")
        assert run.returncode in (0, 1), f"{run.stderr[-3000:]}\n{text}"
