#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums JUnit reports: prints each failure and, as the last line, `N passed, N failed, N skipped`. A suite that
left no report counts as one failure."""
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def read(report):
    """Yields (name, outcome, text) of each test of a report."""
    for case in ElementTree.parse(report).iter("testcase"):
        name = "::".join(filter(None, (case.get("classname"), case.get("name"))))
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        if bad is not None or case.get("status") == "fail":
            output = case.findtext("system-out") or ""
            yield name, "failed", (bad.text or bad.get("message") or "") if bad is not None and bad.text else output
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            yield name, "skipped", ""
        else:
            yield name, "passed", ""


def main(directory, suites):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for suite in suites:
        report = Path(directory) / f"{suite}.xml"
        try:
            results = list(read(report))
        except (OSError, ElementTree.ParseError) as error:
            results = [(suite, "failed", f"no report: {error}")]
        for name, outcome, text in results:
            counts[outcome] += 1
            if outcome == "failed":
                print(f"FAILED {suite}: {name}\n{text[-3000:]}")
        print(f"{suite}: {len(results)} tests")
    line = f"{counts['passed']} passed, {counts['failed']} failed"
    print(line + (f", {counts['skipped']} skipped" if counts["skipped"] else ""))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
