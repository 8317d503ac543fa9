# SPDX-License-Identifier: Apache-2.0
"""Visibility as the sources define it (spec/hstu.md 1.4), one element at a time; and the same as masks of the IR.

A sequence is [prefix of `context` rows, history, candidates]. `visible` gives [rows, columns] of booleans.
"""
import numpy as np


def meta(context, history, candidates, window=0):
    """The reference of Meta's code, literally: positions are renumbered, then distances compared."""
    length = context + history + candidates
    position, last = np.arange(length), length
    if context:
        position, last = np.maximum(position - context + 1, 0), length - context + 1
    last -= candidates
    position = np.minimum(position, last)
    distance = position[:, None] - position[None, :]
    visible = np.eye(length, dtype=bool) | (distance > 0)
    if window:
        visible &= distance <= window
    if context:
        visible |= (position[:, None] == 0) & (position[None, :] < last)
    return visible


def meta_ir(history, window=0, context=0):
    """Masks for the segments (prefix,) history, candidates; `history` is the row space. `context` is 0 or 3."""
    lengths = f", lengths = [{history}]"
    low = f"(d0) -> (d0 - {window})" if window else "(d0) -> ()"
    own = f"#recsys.interval<{low}, (d0) -> (d0 + 1)>"
    low = f"(d0)[s0] -> (s0 - {window})" if window else "(d0)[s0] -> ()"
    candidate = f"#recsys.interval<{low}, (d0)[s0] -> (){lengths}>"
    if not context:
        return f"[[{own}, #recsys.none], [{candidate}, #recsys.self]]"
    # A prefix column counts as position 2 of the sequence: visible to history row d while d + 1 <= window. When it leaves the window for
    # row d, the upper bound sinks below all of the prefix; a bound that is 3 up to row window - 1 and at most 0 from there on.
    prefix = f"#recsys.interval<(d0) -> (), (d0) -> ({3 * window} - d0 * 3)>" if window else "#recsys.full"
    far = f"#recsys.interval<(d0)[s0] -> (), (d0)[s0] -> ({3 * window} - s0 * 3){lengths}>" if window else "#recsys.full"
    return f"[[#recsys.full, #recsys.full, #recsys.none], [{prefix}, {own}, #recsys.none], [{far}, {candidate}, #recsys.self]]"


def nvidia_groups(context, history, candidates, group):
    """Candidates in groups; causal inside of a group."""
    total = context + history
    length = total + candidates
    position = np.arange(length)
    number = np.floor_divide(np.maximum(position - total, -1), group)
    visible = position[:, None] >= position[None, :]
    return visible & ((number[:, None] == number[None, :]) | (number[:, None] < 0) | (number[None, :] < 0))


def semi_local(history, candidates, first, near):
    """TorchEasyRec's: the first `first` and the last `near` rows, itself included; candidates see the history and not themselves."""
    length = history + candidates
    visible = np.zeros((length, length), bool)
    for p in range(history):
        visible[p, : min(first, p + 1)] = True
        visible[p, max(first, p - near + 1) : p + 1] = True
    visible[history:, :history] = True
    return visible
