"""Jobs over blocks: half sweeps, Gram matrices, the objective. What is computed is in sweep.py; this says where and from what.

The other side's rows reach every task by broadcast; over Spark Connect, which has none, inside the function that is shipped.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Iterator, Mapping

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from .blocks import blocks_in
from .errors import DataError, MemoryNeeded, ModelError
from .keys import STREAM
from .objective import Objective
from .plan import SidePlan, summed
from .sweep import Block, Other, finish_gram, gram_inner, gram_pieces, initial_rows, objective_pieces, penalty_pieces, resident, solve

#: What a function shipped over Spark Connect may weigh: the server takes messages of 128 MiB.
MOST_SHIPPED = 96 << 20
RESULT = "block int, failed long, rows binary, parts binary, sums binary"


def is_connect(spark: SparkSession) -> bool:
    return type(spark).__module__.startswith("pyspark.sql.connect")


class Shipped:
    """Arrays that every task reads, under one name for the process that gets them several times."""

    def __init__(self, spark: SparkSession, arrays: Mapping[str, np.ndarray]) -> None:
        #: Never used again: a process must not take other arrays for these.
        self.token = uuid.uuid4().hex
        self._broadcast = self._arrays = None
        size = sum(array.nbytes for array in arrays.values())
        if is_connect(spark):
            if size > MOST_SHIPPED:
                remedy = "lower factors, or run on a classic session (spark-submit), which broadcasts"
                raise MemoryNeeded(f"{size >> 20} MiB of factors do not go over Spark Connect, at most {MOST_SHIPPED >> 20}; {remedy}")
            self._arrays = dict(arrays)
        else:
            self._broadcast = spark.sparkContext.broadcast(dict(arrays))

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        return self._arrays if self._broadcast is None else self._broadcast.value

    def release(self) -> None:
        if self._broadcast is not None:
            self._broadcast.destroy()


@dataclass(frozen=True)
class Side:
    """One side of a problem: how it is cut, its cells, the ids that it has."""

    plan: SidePlan
    blocks: DataFrame
    live: int


class Engine:
    """The least-squares problem of some cells. Factors lie in the driver, f32[rows, ld] a side."""

    def __init__(self, users: Side, items: Side, how: Objective) -> None:
        self.sides = {"users": users, "items": items}
        self.how = how
        self.factors: dict[str, np.ndarray] = {}
        self._grams: dict[str, np.ndarray] = {}
        #: What the largest task of a side takes in its WebAssembly memory.
        self.bytes: dict[str, int] = {}

    @property
    def spark(self) -> SparkSession:
        return self.sides["users"].blocks.sparkSession

    def initialize(self) -> None:
        """Keyed random rows. Those of users are read by conjugate gradients alone."""
        for side, stream in (("items", STREAM["itemFactors"]), ("users", STREAM["userFactors"])):
            if side == "items" or self.how.steps is not None:
                self._take(side, self._job(side, partial(_initialize, stream=stream), {}))
            else:
                self.factors[side] = np.zeros((self.sides[side].plan.rows, self.how.ld), np.float32)

    def start(self, users: np.ndarray, items: np.ndarray) -> None:
        """Takes over factors f32[rows, factors or ld]; rows without cells become zero, which is their solution."""
        for side, given in (("users", users), ("items", items)):
            rows = np.zeros((self.sides[side].plan.rows, self.how.ld), np.float32)
            rows[:, : given.shape[1]] = given
            self.factors[side] = rows
            self._take(side, self._job(side, _clear_empty, {"own": rows}))

    def half_sweep(self, side: str) -> None:
        """Solves all rows of one side for the other side's present rows."""
        other = "items" if side == "users" else "users"
        arrays = {"other": self.factors[other]}
        if self.how.steps is not None:
            arrays["own"] = self.factors[side]
        gram = finish_gram(self.gram(other), self.how.base, self.how.ld) if self.how.base else None
        self._take(side, self._job(side, partial(_solve, opposite=self.sides[other].live, gram=gram), arrays))

    def sweep(self, first: str = "users") -> None:
        for side in (first, "items" if first == "users" else "users"):
            self.half_sweep(side)

    def gram(self, side: str) -> np.ndarray:
        """The side's Gram matrix, f64[ld · ld] in group layout, summed in the one order."""
        if side not in self._grams:
            self._take(side, self._job(side, _grams_of, {"own": self.factors[side]}))
        return self._grams[side]

    def filled(self, side: str) -> np.ndarray:
        """Which rows have cells."""
        found = self.sides[side].blocks.select("block", "indptr").toArrow().to_pylist()
        rows = {row["block"]: np.diff(np.frombuffer(row["indptr"], "<i4")) > 0 for row in found}
        return np.concatenate([rows[block] for block in sorted(rows)])

    def objective(self) -> float:
        """The objective in float64: the constant part included."""
        X, Y = self.factors["users"], self.factors["items"]
        observed = self._sum("users", partial(_objective, opposite=0), {"own": X, "other": Y})
        penalties = [
            self._sum(side, partial(_penalty, opposite=self.sides[other].live), {"own": self.factors[side]})
            for side, other in (("users", "items"), ("items", "users"))
        ]
        background = self.how.base * gram_inner(self.gram("users"), self.gram("items"), self.how.ld) if self.how.base else 0
        return float(background + observed + penalties[0] + penalties[1])

    def _sum(self, side: str, work: Callable, arrays: Mapping[str, np.ndarray]) -> float:
        pieces = [piece for row in self._job(side, work, arrays) for piece in _pieces(row)]
        return float(summed([(part, unit, value[0]) for part, unit, value in pieces]))

    def _job(self, side: str, work: Callable, arrays: Mapping[str, np.ndarray]) -> list[dict]:
        own = self.sides[side]
        shipped = Shipped(self.spark, arrays)
        task = partial(_task, work=work, how=self.how, plan=own.plan, shipped=shipped)
        try:
            return own.blocks.mapInArrow(task, RESULT).toArrow().to_pylist()
        except Exception as error:
            raise plain(error) from error
        finally:
            shipped.release()

    def _take(self, side: str, rows: list[dict]) -> None:
        """Puts the blocks' rows and sums where they belong."""
        plan = self.sides[side].plan
        failed = min((row["failed"] for row in rows if row["failed"] >= 0), default=-1)
        if failed >= 0:
            raise Singular(side, failed)
        if len({row["block"] for row in rows}) != plan.blocks or len(rows) != plan.blocks:
            raise ModelError(f"expected {plan.blocks} blocks of {side}, got {sorted(row['block'] for row in rows)}")
        if rows[0]["rows"]:
            made = np.empty((plan.rows, self.how.ld), np.float32)
            for row in rows:
                first, end = plan.bounds[row["block"]], plan.bounds[row["block"] + 1]
                made[first:end] = np.frombuffer(row["rows"], np.float32).reshape(-1, self.how.ld)
            self.factors[side] = made
        if self.how.base:
            self._grams[side] = summed([piece for row in rows for piece in _pieces(row)])


class Singular(Exception):
    """A row whose equations have no unique solution: (side, row)."""


def plain(error: Exception) -> Exception:
    """An error of ours that was raised in a worker, as itself; any other as it is."""
    text = str(error)
    for kind in (DataError, MemoryNeeded, ModelError):
        mark = f"{kind.__module__}.{kind.__name__}: "
        if mark in text:
            return kind(text.split(mark, 1)[1].split("\n", 1)[0])
    if "No module named 'lethe_spark'" in text:
        return ModelError(
            "the executors do not have the package lethe_spark: ship it with spark.addArtifacts or spark-submit --py-files, or install it there"
        )
    return error


def _pieces(row: dict) -> Iterator[tuple[int, int, np.ndarray]]:
    parts = np.frombuffer(row["parts"], np.int64).reshape(-1, 2)
    if len(parts) == 0:
        return
    sums = np.frombuffer(row["sums"], np.float64).reshape(len(parts), -1)
    for (part, unit), value in zip(parts.tolist(), sums):
        yield part, unit, value


def _task(batches: Iterator[pa.RecordBatch], work: Callable, how: Objective, plan: SidePlan, shipped: Shipped) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for _, block in blocks_in(batch):
            rows, failed, pieces = work(block, how, plan, shipped.token, shipped.arrays)
            parts = np.array([piece[:2] for piece in pieces], np.int64)
            sums = np.array([piece[2] for piece in pieces], np.float64)
            binaries = [b"" if rows is None else rows.tobytes(), parts.tobytes(), sums.tobytes()]
            columns = [pa.array([block.index], pa.int32()), pa.array([failed], pa.int64()), *[pa.array([b], pa.binary()) for b in binaries]]
            yield pa.RecordBatch.from_arrays(columns, [field.split()[0] for field in RESULT.split(", ")])


Work = tuple[np.ndarray | None, int, list[tuple[int, int, Any]]]
Arrays = Mapping[str, np.ndarray]


def _with_gram(rows: np.ndarray, block: Block, how: Objective, plan: SidePlan) -> list:
    return gram_pieces(rows, block.first, plan) if how.base else []


def _initialize(block: Block, how: Objective, plan: SidePlan, token: str, arrays: Arrays, stream: int) -> Work:
    rows = initial_rows(block, how, stream)
    return rows, -1, _with_gram(rows, block, how, plan)


def _clear_empty(block: Block, how: Objective, plan: SidePlan, token: str, arrays: Arrays) -> Work:
    rows = arrays["own"][block.first : block.end].copy()
    rows[np.diff(block.indptr) == 0] = 0
    return rows, -1, _with_gram(rows, block, how, plan)


def _grams_of(block: Block, how: Objective, plan: SidePlan, token: str, arrays: Arrays) -> Work:
    return None, -1, _with_gram(arrays["own"][block.first : block.end], block, how, plan)


def _solve(
    block: Block, how: Objective, plan: SidePlan, token: str, arrays: Arrays, opposite: int, gram: np.ndarray | None
) -> Work:
    (address,) = resident(token, arrays["other"])
    old = arrays["own"][block.first : block.end] if how.steps is not None else None
    rows, failed = solve(block, Other(address, block.indices), how, opposite, gram, old)
    return rows, failed, _with_gram(rows, block, how, plan) if failed < 0 else []


def _objective(block: Block, how: Objective, plan: SidePlan, token: str, arrays: Arrays, opposite: int) -> Work:
    (address,) = resident(token, arrays["other"])
    other = Other(address, block.indices)
    return None, -1, objective_pieces(block, other, arrays["own"][block.first : block.end], how, plan)


def _penalty(block: Block, how: Objective, plan: SidePlan, token: str, arrays: Arrays, opposite: int) -> Work:
    return None, -1, penalty_pieces(block, arrays["own"][block.first : block.end], how, opposite, plan)
