# SPDX-License-Identifier: Apache-2.0
"""The house rules hold."""
import check_tree
import pytest


@pytest.mark.parametrize("check", check_tree.CHECKS, ids=lambda check: check.__name__)
def test_tree(check):
    complaints = list(check())
    assert not complaints, "\n".join(complaints)
