"""What a task does to rank items for users of a block: the best k of each, and metrics of held-out cells, as the library does."""

from __future__ import annotations

from typing import Callable, NamedTuple

import numpy as np

from .sweep import Block
from .wasm import kernels

#: Users ranked in one call of the kernel.
USERS = 1024
#: How much deeper a list is ranked at a time, to find the end of a tie.
DEEPER = 4


class Lists(NamedTuple):
    items: np.ndarray  # i32[users, k]; −1 where items have run out
    scores: np.ndarray  # f32[users, k]


def packed_items(address: int, items: int, ld: int) -> int:
    """The ranking kernel's copy of item rows that lie in the memory."""
    memory = kernels()
    packed = memory.alloc(memory.call("packed_items_bytes", items, ld) & 0xFFFFFFFF)
    with memory.scope():
        memory.call("pack_items", items, ld, address, packed, memory.alloc(memory.call("pack_items_scratch", items) & 0xFFFFFFFF))
    return packed


def allowed_words(items: int, allowed: np.ndarray | None) -> np.ndarray:
    """A bit for each item that may be ranked."""
    bits = np.zeros(-(-items // 32) * 32, np.uint8)
    bits[:items] = 1 if allowed is None else allowed
    return np.packbits(bits, bitorder="little").view("<u4")


class Items(NamedTuple):
    """Item rows in the memory, and their copy for ranking."""

    rows: int
    ld: int
    address: int
    packed: int


def best(rows: np.ndarray, k: int, items: Items, words: np.ndarray, seen: tuple[np.ndarray, np.ndarray] | None) -> Lists:
    """The best k items for each row of users' factors. seen: indptr and indices of what each is not offered."""
    memory = kernels()
    ids, scores = np.empty((len(rows), k), np.int32), np.empty((len(rows), k), np.float32)
    for start in range(0, len(rows), USERS):
        block = rows[start : start + USERS]
        n = len(block)
        with memory.scope():
            own = (0, 0)
            if seen is not None:
                indptr, indices = seen
                begin, end = indptr[start], indptr[start + n]
                own = memory.upload((indptr[start : start + n + 1] - begin).astype(np.int32)), memory.upload(indices[begin:end].astype(np.int32))
            X, users = memory.upload(block), memory.upload(np.arange(n, dtype=np.int32))
            allowed = memory.upload(words)
            out, found = memory.alloc(n * k * 4), memory.alloc(n * k * 4)
            scratch = memory.alloc(memory.call("topk_scratch", k, items.rows, items.ld) & 0xFFFFFFFF)
            memory.call("topk", 0, n, k, items.rows, items.ld, users, X, items.address, items.packed, *own, allowed, out, found, scratch)
            ids[start : start + n] = memory.view(out, np.int32, n * k).reshape(n, k)
            scores[start : start + n] = memory.view(found, np.float32, n * k).reshape(n, k)
    return Lists(ids, scores)


def scores_of(X: np.ndarray, Y_address: int, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """f32: the score of each pair."""
    memory = kernels()
    with memory.scope():
        out = memory.alloc(len(users) * 4)
        given = [memory.upload(users.astype(np.int32)), memory.upload(items.astype(np.int32)), memory.upload(X)]
        memory.call("score_pairs", len(users), X.shape[1], *given, Y_address, out)
        return memory.view(out, np.float32, len(users)).copy()


def picked(block: Block, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cells of some rows of a block, rows numbered as listed: indptr, indices."""
    lengths = np.diff(block.indptr)[rows]
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    starts = np.repeat(block.indptr[:-1][rows] - indptr[:-1], lengths)
    return indptr, block.indices[starts + np.arange(indptr[-1])]


def whole_lists(rank: Callable[[np.ndarray, int], Lists], users: int, depth: int, most: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Lists that go on to the end of the tie at their depth. rank: of listed rows, k deep."""
    lists: list = [None] * users
    open_rows, k = np.arange(users), min(depth + 1, most)
    while len(open_rows):
        found = rank(open_rows, k)
        for n, row in enumerate(open_rows.tolist()):
            lists[row] = (found.items[n], found.scores[n])
        if k == most:
            break
        tied = (found.items[:, k - 1] >= 0) & (found.scores[:, k - 1] == found.scores[:, depth - 1])
        open_rows, k = open_rows[tied], min(k * DEEPER, most)
    return lists
