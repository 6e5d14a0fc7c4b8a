"""The local pass: only the rows that a forget set touches are solved anew, by the driver, in one memory (src/forget/local-pass.ts)."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from .objective import Objective
from .split import PART
from .sweep import finish_gram
from .wasm import kernels


def local_pass(model: Any, partition: Any) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Factors after one solve of the touched users, then of the touched items; and how many those were."""
    how = Objective.of(model.options)
    train = F.col("part") == PART["train"]
    leaving = partition.gone.where(train).select("u", "i").toArrow()
    u, i = (leaving.column(n).to_numpy() for n in (0, 1))
    # A deleted user's cells touch items only: their users' rows are solved already for item rows that have not moved yet.
    touched = {"users": np.unique(u[~np.isin(u, partition.users)]), "items": np.unique(i[~np.isin(i, partition.items)])}
    remaining = partition.retain.where(train)
    cells = {
        "users": _cells_of(remaining, touched["users"], "u", "i"),
        "items": _cells_of(remaining, touched["items"], "i", "u"),
    }
    live = {"users": model.sizes["items"] - len(partition.items), "items": model.sizes["users"] - len(partition.users)}
    work = LocalProblem(how, model.factors, {side: model.engine.gram(side) if how.base else None for side in ("users", "items")})
    for side, gone in (("users", partition.users), ("items", partition.items)):
        work.clear(side, gone)
    work.solve("users", touched["users"], cells["users"], live["users"], last=False)
    work.solve("items", touched["items"], cells["items"], live["items"], last=True)
    return work.factors, {side: len(touched[side]) for side in ("users", "items")}


def _cells_of(cells: DataFrame, rows: np.ndarray, row: str, column: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """indptr, indices and values of the listed rows."""
    if len(rows) == 0:
        return np.zeros(1, np.int32), np.empty(0, np.int32), np.empty(0, np.float32)
    wanted = cells.sparkSession.createDataFrame([(int(r),) for r in rows], f"{row} int")
    found = cells.join(F.broadcast(wanted), row).select(row, column, "v").toArrow()
    r, c, v = (found.column(n).to_numpy() for n in range(3))
    order = np.lexsort((c, r))
    counts = np.bincount(np.searchsorted(rows, r), minlength=len(rows))
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32), c[order].astype(np.int32), v[order].astype(np.float32)


class LocalProblem:
    """Factors of both sides, and Gram matrices that lose what old rows added and gain what new rows add."""

    def __init__(self, how: Objective, factors: dict[str, np.ndarray], grams: dict[str, np.ndarray | None]) -> None:
        self.how = how
        self.factors = {side: rows.copy() for side, rows in factors.items()}
        self.grams = {side: None if gram is None else gram.copy() for side, gram in grams.items()}

    def clear(self, side: str, rows: np.ndarray) -> None:
        if len(rows):
            self._replace(side, rows, np.zeros((len(rows), self.how.ld), np.float32))

    def _replace(self, side: str, rows: np.ndarray, made: np.ndarray) -> None:
        if self.grams[side] is not None:
            self.grams[side] = self._accumulated(self.grams[side], self.factors[side][rows], -1.0)
        self.factors[side][rows] = made
        if self.grams[side] is not None:
            self.grams[side] = self._accumulated(self.grams[side], made, 1.0)

    def _accumulated(self, gram: np.ndarray, rows: np.ndarray, sign: float) -> np.ndarray:
        memory, ld = kernels(), self.how.ld
        with memory.scope():
            G, Y = memory.upload(gram), memory.upload(rows)
            scratch = memory.alloc(memory.call("gram_accumulate_scratch", ld))
            memory.call("gram_accumulate", 0, len(rows), ld, sign, 0, Y, G, scratch)
            return memory.view(G, np.float64, ld * ld).copy()

    def solve(self, side: str, rows: np.ndarray, cells: tuple, opposite: int, last: bool) -> None:
        if len(rows) == 0:
            return
        from .sweep import Block, Other, solve

        other = "items" if side == "users" else "users"
        gram = finish_gram(self.grams[other], self.how.base, self.how.ld) if self.grams[other] is not None else None
        indptr, indices, values = cells
        block = Block(0, 0, np.zeros((len(rows), 2), np.uint32), indptr, indices, values)
        memory = kernels()
        with memory.scope():
            named = np.unique(indices)
            Y = memory.upload(self.factors[other][named])
            local = np.searchsorted(named, indices).astype(np.int32)
            old = self.factors[side][rows] if self.how.steps is not None else None
            made, failed = solve(block, Other(Y, local), self.how, opposite, gram, old)
        if failed >= 0:
            from .engine import Singular

            raise Singular(side, int(rows[failed]))
        if last:
            self.factors[side][rows] = made
        else:
            self._replace(side, rows, made)
