#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a script can hold of the house rules. Each function yields complaints; run alone it prints them all and exits with 1 if there are any."""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = {".cpp", ".h", ".c", ".td", ".py", ".proto", ".cmake"}
BUDGETS = {"_pass": 400, ".td": 400, ".mlir": 180, "": 600}
LABEL = re.compile(r"\b([a-z][a-z0-9_]*_c\d+)\b")
PASS = re.compile(r'^def (\w+) : Pass<"([^"]+)".*?^}', re.M | re.S)
OPERATION = re.compile(r"^def (\w+)Op *:\s*Rec\w+<\"(\w+)\".*?^}", re.M | re.S)
# Binary data and what others wrote.
FOREIGN = ("test/golden/", "LICENSE", "docs/reference/")


def tracked():
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [name for name in names if name and (ROOT / name).is_file() and not (ROOT / name).is_symlink()]


def texts(*suffixes):
    """(name, text) of the files with one of the suffixes; of all code without one."""
    for name in tracked():
        path = ROOT / name
        if path.suffix in (suffixes or CODE) and not name.startswith(FOREIGN):
            yield name, path.read_text(encoding="utf-8")


def kebab(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def passes():
    """(file, class, flag, text) of each pass definition."""
    for name, text in texts(".td"):
        for match in PASS.finditer(text):
            yield name, match[1], match[2], match[0]


def check_passes():
    """A pass has one .cpp of its name, a test of its name, and a description."""
    names = tracked()
    for file, pass_name, flag, text in passes():
        stem = pass_name.removesuffix("Pass")
        if not re.fullmatch(r"(recsys|reccc)-[a-z0-9-]+", flag):
            yield f"{file}: {flag}: a flag begins with recsys- or reccc-"
        if not any(Path(name).name == f"{stem}.cpp" and name.startswith("lib/") for name in names):
            yield f"{file}: {pass_name}: no lib/**/{stem}.cpp"
        if not any(name.startswith("test/") and re.match(rf"{re.escape(kebab(stem))}(-[a-z0-9-]+)?\.mlir$", Path(name).name) for name in names):
            yield f"{file}: {pass_name}: no test/**/{kebab(stem)}.mlir"
        if "let summary" not in text or "let description" not in text:
            yield f"{file}: {pass_name}: no summary or description"
        for example in re.findall(r"\(\* example: (\S+) \*\)", text):
            if example not in names:
                yield f"{file}: {pass_name}: no {example}"


def check_pass_files():
    """No pass hides in a file that declares none."""
    stems = {pass_name.removesuffix("Pass") for _, pass_name, _, _ in passes()}
    for name, text in texts(".cpp"):
        for base in re.findall(r"impl::(\w+)PassBase<", text):
            if base not in stems or Path(name).stem != base:
                yield f"{name}: pass {base} is not defined in a .td, or not in {base}.cpp"


def check_sizes():
    pass_files = {pass_name.removesuffix("Pass") + ".cpp" for _, pass_name, _, _ in passes()}
    for name, text in texts(*CODE - {".proto"}, ".mlir"):
        path, lines = Path(name), text.count("\n")
        limit = BUDGETS["_pass"] if path.name in pass_files else BUDGETS.get(path.suffix, BUDGETS[""])
        if lines > limit:
            yield f"{name}: {lines} lines, at most {limit}"


def check_headers():
    """Licence first; include guards as the path; no file names or authors."""
    for name, text in texts():
        head = "\n".join(text.split("\n")[:6])
        if "SPDX-License-Identifier: Apache-2.0" not in head and Path(name).suffix != ".cmake":
            yield f"{name}: no SPDX-License-Identifier in the first lines"
        if Path(name).suffix in {".cpp", ".h", ".c", ".td"} and re.search(rf"^(//|/\*).*\b{re.escape(Path(name).name)}\b", head, re.M):
            yield f"{name}: the header names the file"
        if Path(name).suffix in {".h", ".td"} and not name.startswith("cmake/"):
            inner = name.removeprefix("include/")
            guard = re.sub(r"[^A-Za-z0-9]", "_", inner).upper()
            accepted = {guard, f"RECCC_{guard}", f"RECRT_{guard}"}
            found = re.search(r"^#ifndef (\w+)\n#define (\w+)$", text, re.M)
            if Path(name).name == "Passes.td":
                continue  # never included
            if not found or found[1] != found[2] or found[1] not in accepted:
                yield f"{name}: expected the include guard {guard}, got {found[1] if found else 'none'}"


def check_test_names():
    """pytest imports tests by the names of their files alone."""
    first = {}
    for name in tracked():
        path = Path(name)
        if path.match("test_*.py") and first.setdefault(path.name, name) != name:
            yield f"{name}: {first[path.name]} has this name too"


def check_operations():
    """Ops have a summary without a period, and a description with an example."""
    for name, text in texts(".td"):
        for match in OPERATION.finditer(text):
            summary = re.search(r'let summary = "([^"]*)"', match[0])
            if not summary or summary[1].endswith(".") or not summary[1][:1].isupper() and not summary[1].startswith(("x ", "acc")):
                yield f"{name}: {match[2]}: expected a summary that begins with a capital and ends without a period"
            if "```mlir" not in match[0]:
                yield f"{name}: {match[2]}: no example"


def check_labels():
    """The labels of constraints are the same in documentation, verifiers and tests."""
    for dialect in ("Recsys", "RecTile"):
        places = {
            "documentation": f"include/reccc/Dialect/{dialect}/", "verifiers": f"lib/Dialect/{dialect}/", "tests": f"test/Dialect/{dialect}/",
        }
        labels = {place: {} for place in places}
        for name, text in texts(".td", ".cpp", ".h", ".mlir"):
            for place, prefix in places.items():
                if name.startswith(prefix):
                    # A test may have several cases of one label: linear_c1, linear_c1_transposed.
                    for label in re.findall(r"([a-z][a-z0-9_]*?_c\d+)", text) if place == "tests" else LABEL.findall(text):
                        labels[place].setdefault(label, name)
        for place, found in labels.items():
            for other, where in labels.items():
                for label in sorted(found.keys() - where.keys()):
                    yield f"{found[label]}: {label} stands in the {place} but not in the {other}"


FORBIDDEN = [
    (r"\(void\) *apply\w*Patterns", "lib/", "the result of applying patterns is dropped"),
    (r"\bcl::opt\b", "lib/", "flags are the tools' business"),
    (r"\bllvm::errs\(\)|\bstd::cerr\b|\bgetenv\(", "lib/", "a library neither prints nor reads the environment"),
    (r"\b(TODO|FIXME|XXX|HACK)\b", "", "no marks: an issue, or now"),
    (r"(?<![\w.])/(work|farm|root|home)/\w", "", "a path of one machine"),
    (r"(?<![\w.])/tmp/\w", "", "a path of one machine"),
    (r"\busing namespace std\b", "", "using namespace std"),
]


def check_forbidden():
    for name, text in texts(*CODE, ".md", ".mlir", ".txt", ".textproto"):
        if name == "test/check_tree.py":
            continue
        for pattern, folder, why in FORBIDDEN:
            if name.startswith(folder):
                for match in re.finditer(pattern, text):
                    yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}: {why}"


def check_links():
    """Every file that a page links to or names with its path exists."""
    for name, text in texts(".md"):
        here = (ROOT / name).parent
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if not re.match(r"\w+:", target) and not (here / target).exists():
                yield f"{name}: links to {target}, which does not exist"
        for path in re.findall(r"`((?:lib|include|test|tools|docs|examples|proto|scripts|benchmarks|cmake)/[\w./-]+)`", text):
            if not (ROOT / path).exists() and "*" not in path:
                yield f"{name}: names {path}, which does not exist"


CHECKS = [check_passes, check_pass_files, check_sizes, check_headers, check_test_names, check_operations, check_labels, check_forbidden, check_links]


def main():
    complaints = [complaint for check in CHECKS for complaint in check()]
    print("\n".join(complaints) or "the tree is in order")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
