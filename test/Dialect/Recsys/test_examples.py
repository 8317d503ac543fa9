# SPDX-License-Identifier: Apache-2.0
"""Every op has an example in its documentation; each example parses, verifies, and prints to what it parses from."""
import pytest
from examples import definitions, opt


@pytest.mark.parametrize("name, examples", list(definitions()))
def test_example(name, examples):
    assert examples, f"{name} has no ```mlir example"
    for example in examples:
        assert name in example
        once = opt(example)
        assert once.returncode == 0, once.stderr
        again = opt(once.stdout)
        assert again.returncode == 0 and again.stdout == once.stdout, again.stderr
