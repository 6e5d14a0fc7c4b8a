"""Lists and metrics by jobs over blocks of users."""

from __future__ import annotations

from functools import partial
from typing import Any, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from .blocks import blocks_in
from .engine import Shipped, plain
from .metrics import NAMES, all_metrics, judged_list
from .ranking import Items, Lists, allowed_words, best, packed_items, picked, scores_of, whole_lists
from .sweep import Block, derived, resident

LISTS = "u int, rank int, i int, score float, cold boolean"
FIGURES = "block int, warm binary, cold binary, squares binary, absolutes binary"


def _items(token: str, Y: np.ndarray) -> Items:
    """The item rows and their copy for ranking: made once in a process."""
    (address,) = resident(token, Y)
    if "packed" not in derived:
        derived["packed"] = packed_items(address, *Y.shape)
    return Items(*Y.shape, address, derived["packed"])


def recommended(blocks: DataFrame, arrays: Mapping[str, np.ndarray], k: int, include_seen: bool, on_cold: str) -> DataFrame:
    """(u, rank, i, score, cold) for the users at the positions `wanted` (all, where there are none)."""
    shipped = Shipped(blocks.sparkSession, arrays)
    return blocks.mapInArrow(partial(_recommend, shipped=shipped, k=k, include_seen=include_seen, on_cold=on_cold), LISTS)


def _recommend(batches: Iterator[pa.RecordBatch], shipped: Shipped, k: int, include_seen: bool, on_cold: str) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for _, block in blocks_in(batch):
            yield from _lists_of(block, shipped.token, shipped.arrays, k, include_seen, on_cold)


def _lists_of(block: Block, token: str, arrays: Mapping[str, np.ndarray], k: int, include_seen: bool, on_cold: str) -> Iterator[pa.RecordBatch]:
    wanted = arrays.get("wanted")
    rows = np.arange(block.rows) if wanted is None else wanted[(wanted >= block.first) & (wanted < block.end)] - block.first
    if len(rows) == 0:
        return
    X, Y = arrays["X"], arrays["Y"]
    items = _items(token, Y)
    seen = None if include_seen else picked(block, rows)
    found = best(X[block.first + rows], k, items, allowed_words(len(Y), arrays["allowed"]), seen)
    cold = np.diff(block.indptr)[rows] == 0
    if cold.any():
        found = _served_cold(found, cold, arrays, on_cold)
    place = found.items >= 0
    user = np.repeat((block.first + rows).astype(np.int32)[:, None], k, axis=1)[place]
    rank = np.tile(np.arange(1, k + 1, dtype=np.int32), (len(rows), 1))[place]
    columns = [user, rank, found.items[place], found.scores[place], np.repeat(cold[:, None], k, axis=1)[place]]
    yield pa.RecordBatch.from_arrays([pa.array(column) for column in columns], [field.split()[0] for field in LISTS.split(", ")])


def _served_cold(found: Lists, cold: np.ndarray, arrays: Mapping[str, np.ndarray], on_cold: str) -> Lists:
    items, scores = found.items.copy(), found.scores.copy()
    items[cold] = -1
    if on_cold == "popular":
        popular = arrays["popular"][: items.shape[1]]
        for row in np.flatnonzero(cold):
            items[row, : len(popular)] = popular
            scores[row, : len(popular)] = arrays["counts"][popular]
    return Lists(items, scores)


def popular_first(counts: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Item positions, most popular first, ties by position."""
    order = np.argsort(-counts, kind="stable")
    return order[allowed[order] != 0].astype(np.int32)


def figures(
    train: DataFrame, held: DataFrame, mask: DataFrame | None, arrays: Mapping[str, np.ndarray], cutoffs: Sequence[int], errors: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Metrics of warm and of cold users, a row each in the order of positions, and errors of predicted values.

    train, held, mask: blocks of users, cut alike.
    """
    names = ("indptr", "indices", "data")
    joined = train.join(held.select("block", *[F.col(name).alias(f"held_{name}") for name in names]), "block")
    if mask is not None:
        joined = joined.join(mask.select("block", *[F.col(name).alias(f"mask_{name}") for name in names]), "block")
    shipped = Shipped(train.sparkSession, arrays)
    try:
        rows = joined.mapInArrow(partial(_figures, shipped=shipped, cutoffs=tuple(cutoffs), errors=errors), FIGURES).toArrow().to_pylist()
    except Exception as error:
        raise plain(error) from error
    finally:
        shipped.release()
    rows.sort(key=lambda row: row["block"])
    width = len(cutoffs) * len(NAMES)
    gathered = [np.frombuffer(b"".join(row[name] for row in rows), np.float64) for name in ("warm", "cold", "squares", "absolutes")]
    return gathered[0].reshape(-1, width), gathered[1].reshape(-1, width), gathered[2], gathered[3]


def _figures(batches: Iterator[pa.RecordBatch], shipped: Shipped, cutoffs: Sequence[int], errors: bool) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for n, (_, block) in enumerate(blocks_in(batch)):

            def beside(prefix: str) -> Block:
                indptr, indices, data = (
                    np.frombuffer(batch.column(f"{prefix}_{name}")[n].as_buffer(), dtype)
                    for name, dtype in (("indptr", "<i4"), ("indices", "<i4"), ("data", "<f4"))
                )
                return Block(block.index, block.first, block.keys, indptr, indices, data)

            mask = beside("mask") if "mask_indptr" in batch.schema.names else None
            found = _judge(block, beside("held"), mask, shipped.token, shipped.arrays, cutoffs, errors)
            columns = [pa.array([block.index], pa.int32()), *[pa.array([array.tobytes()], pa.binary()) for array in found]]
            yield pa.RecordBatch.from_arrays(columns, [field.split()[0] for field in FIGURES.split(", ")])


def _judge(
    block: Block, held: Block, mask: Block | None, token: str, arrays: Mapping[str, np.ndarray], cutoffs: Sequence[int], errors: bool
) -> tuple[np.ndarray, ...]:
    X, Y = arrays["X"], arrays["Y"]
    items = _items(token, Y)
    words = allowed_words(len(Y), None)
    # Rows that are no likes are no hits.
    likes = held.values > 0 if arrays["positive"][0] else np.ones(len(held.values), bool)
    positives = [set(held.indices[a:b][likes[a:b]].tolist()) for a, b in zip(held.indptr[:-1], held.indptr[1:])]
    trained = np.diff(block.indptr) > 0
    judged = np.array([len(each) > 0 for each in positives], bool)
    depth = min(max(cutoffs), len(Y))
    warm = np.flatnonzero(judged & trained)

    def rank(rows: np.ndarray, k: int) -> Lists:
        mine = warm[rows]
        return best(X[block.first + mine], k, items, words, _union(block, mask, mine))

    warm_rows = _means(whole_lists(rank, len(warm), depth, len(Y)), [positives[row] for row in warm.tolist()], depth, cutoffs)
    cold = np.flatnonzero(judged & ~trained)

    def by_popularity(rows: np.ndarray, k: int) -> Lists:
        return _in_order(arrays["popular"], arrays["counts"], _union(block, mask, cold[rows]), len(rows), k)

    cold_rows = _means(whole_lists(by_popularity, len(cold), depth, len(Y)), [positives[row] for row in cold.tolist()], depth, cutoffs)
    off = np.empty(0)
    if errors:
        user = np.repeat(np.arange(block.rows), np.diff(held.indptr))
        known = trained[user] & (arrays["counts"][held.indices] > 0)
        scores = scores_of(X[block.first : block.end], items.address, user[known], held.indices[known])
        off = scores.astype(np.float64) - held.values[known].astype(np.float64)
    return warm_rows, cold_rows, off * off, np.abs(off)


def _union(block: Block, mask: Block | None, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What users have, in training or in the mask, ascending."""
    if mask is None:
        return picked(block, rows)
    each = [
        np.union1d(block.indices[block.indptr[r] : block.indptr[r + 1]], mask.indices[mask.indptr[r] : mask.indptr[r + 1]]) for r in rows
    ]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in each])]).astype(np.int64)
    return indptr, np.concatenate([*each, np.empty(0, np.int32)]).astype(np.int32)


def _in_order(order: np.ndarray, counts: np.ndarray, seen: tuple[np.ndarray, np.ndarray], rows: int, k: int) -> Lists:
    items, scores = np.full((rows, k), -1, np.int32), np.full((rows, k), -np.inf, np.float32)
    indptr, indices = seen
    for row in range(rows):
        own = set(indices[indptr[row] : indptr[row + 1]].tolist())
        listed = np.array([item for item in order.tolist() if item not in own][:k], np.int32)
        items[row, : len(listed)] = listed
        scores[row, : len(listed)] = counts[listed]
    return Lists(items, scores)


def _means(lists: Sequence[tuple[np.ndarray, np.ndarray]], positives: Sequence[set[int]], depth: int, cutoffs: Sequence[int]) -> np.ndarray:
    made = np.empty((len(lists), len(NAMES) * len(cutoffs)))
    for n, ((items, scores), own) in enumerate(zip(lists, positives)):
        judged = judged_list(items, scores, depth, own)
        made[n] = [value for k in cutoffs for value in all_metrics(judged, k, len(own))]
    return made


def in_turn(values: np.ndarray) -> Any:
    """A sum over the first axis from the first on, as one loop adds: numpy's own sums go by halves."""
    return np.add.accumulate(values, axis=0)[-1] if len(values) else np.zeros(values.shape[1:])
