"""Ranking metrics of one user's list, in float64 (src/model/metrics.ts; a test compares to the last bit).

Items of equal score stand in no order: a metric is the mean over all orders of what is tied.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

from .wasm import kernels


class Tie(NamedTuple):
    """`size` items of equal score from rank `start` + 1 on, of which some are positives."""

    start: int
    size: int
    positives: int


class Judged(NamedTuple):
    hits: list[float]
    ties: list[Tie]


NAMES = ("recall", "precision", "f1", "ndcg", "map", "mrr", "hitRate")
_discounts: list[float] = []


def discounts(k: int) -> list[float]:
    """1 / log2(j + 2), by the kernels' logarithm."""
    while len(_discounts) < k:
        log = kernels().call
        _discounts.append(log("log_f64", 2.0) / log("log_f64", float(len(_discounts) + 2)))
    return _discounts


def judged_list(items: np.ndarray, scores: np.ndarray, depth: int, positives: set[int]) -> Judged:
    """hits: 1 for a positive, 0 for another, the share of positives where scores are tied."""
    hits = [0.0] * depth
    ties = []
    ids, values = items.tolist(), scores.tolist()
    start = 0
    while start < depth and ids[start] >= 0:
        end, found = start, 0
        while end < len(ids) and ids[end] >= 0 and values[end] == values[start]:
            found += ids[end] in positives
            end += 1
        size = end - start
        for j in range(start, min(end, depth)):
            hits[j] = found / size
        if 0 < found < size:
            ties.append(Tie(start, size, found))
        start = end
    return Judged(hits, ties)


def all_metrics(judged: Judged, k: int, positives: int) -> tuple[float, ...]:
    """The metrics of NAMES, in their order."""
    hits, ties = judged
    n = min(k, len(hits))
    count = 0.0
    for j in range(n):
        count += hits[j]
    most = min(positives, k)
    discount = discounts(max(len(hits), most))
    gain = ideal = 0.0
    for j in range(n):
        gain += discount[j] * hits[j]
    for j in range(most):
        ideal += discount[j]
    mrr, none = _first_hit(hits, ties, n)
    return (
        count / positives,
        count / k,
        2 * count / (k + positives),
        gain / ideal,
        _average_precision(hits, ties, n) / most,
        mrr,
        1 - none,
    )


def _average_precision(hits: Sequence[float], ties: Sequence[Tie], n: int) -> float:
    count: float = 0
    total = 0.0
    at = 0
    for j in range(n):
        tie = ties[at] if at < len(ties) else None
        if tie is None or j < tie.start:
            if hits[j]:
                count += 1
                total += count / (j + 1)
            continue
        # A positive at this place has, of the tie's other positives, as many before it as fall there by chance.
        before = (j - tie.start) * (tie.positives - 1) / (tie.size - 1)
        total += hits[j] * (count + 1 + before) / (j + 1)
        if j + 1 < tie.start + tie.size:
            continue
        count += tie.positives
        at += 1
    return total


def _first_hit(hits: Sequence[float], ties: Sequence[Tie], n: int) -> tuple[float, float]:
    """The mean of 1 / rank of the first hit, and the chance that there is none."""
    total, none = 0.0, 1.0
    at = 0
    for j in range(n):
        if not none > 0:
            break
        tie = ties[at] if at < len(ties) else None
        tied = tie is not None and j >= tie.start
        chance = tie.positives / (tie.size - (j - tie.start)) if tied else hits[j]
        if chance > 0:
            total += none * chance / (j + 1)
        none *= 1 - chance
        if tied and j + 1 == tie.start + tie.size:
            at += 1
    return total, none
