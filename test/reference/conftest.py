# SPDX-License-Identifier: Apache-2.0
"""`program` is a fresh model over each batch of jagged shapes."""
import pytest

from program import BATCHES, Program


@pytest.fixture(params=BATCHES)
def program(request, tmp_path):
    return Program(tmp_path, BATCHES[request.param])


@pytest.fixture
def mixed(tmp_path):
    return Program(tmp_path, BATCHES["mixed"])
