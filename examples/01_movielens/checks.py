# SPDX-License-Identifier: Apache-2.0
"""Metrics of a test split, and comparisons with what PyTorch gave. Scores closer than TOLERANCE count as ties."""
import numpy as np

TOLERANCE = 1e-5


def auc(logits, labels):
    """The chance that a liked item has the greater logit; ties count half."""
    _, place, counts = np.unique(logits, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    liked = labels.sum()
    return (ranks[labels > 0].sum() - liked * (liked + 1) / 2) / (liked * (len(labels) - liked))


def logloss(logits, labels):
    return (np.log1p(np.exp(-np.abs(logits))) + np.maximum(logits, 0) - labels * logits).mean()


def ranks(scores, targets):
    """1 + the number of columns that score more than the target's."""
    return 1 + (scores > np.take_along_axis(scores, targets[:, None], 1)).sum(1)


def hit_and_gain(rank):
    """HR@10 and NDCG@10."""
    return (rank <= 10).mean(), np.where(rank <= 10, 1 / np.log2(rank + 1.0), 0).mean()


def wrong_ranks(scores, targets, stored):
    """How many stored ranks are not among those that the target can have when near scores are ties."""
    target = np.take_along_axis(scores, targets[:, None], 1)
    best = 1 + (scores > target + TOLERANCE).sum(1)
    worst = (scores >= target - TOLERANCE).sum(1)
    return int(((stored < best) | (stored > worst)).sum())


def wrong_values(values, stored):
    """How many values are further from the stored ones than the tolerance; NaN is."""
    if values.shape != stored.shape:
        return max(values.size, stored.size, 1)
    return int((~(np.abs(values.astype(np.float64) - stored) <= TOLERANCE)).sum())


def wrong_ids(ids, scores, stored_ids, stored_scores):
    """How many places of lists of best items hold another item than stored, though its score is no tie with the stored one's."""
    if ids.shape != stored_ids.shape:
        return max(ids.size, stored_ids.size, 1)
    return int(((ids != stored_ids) & ~(np.abs(scores - stored_scores) <= TOLERANCE)).sum())
