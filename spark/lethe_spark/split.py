"""The split of cells into parts, by the rules and the draws of src/data/split.ts: forgetting anybody moves nobody else's rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Iterator

import math
import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from .contract import CONTRACT, js_number
from .errors import DataError
from .keys import DRAW, pair_uniforms
from .tables import unpacked

PART = CONTRACT["parts"]
RULES = "per-user:0.8,0.1,0.1; leave-one-out; by-time:0.8,0.1,0.1; given; all"


@dataclass(frozen=True)
class Rule:
    kind: str
    shares: tuple[float, float, float] = (1.0, 0.0, 0.0)
    points: tuple[float, float] | None = None

    @staticmethod
    def of(text: str) -> "Rule":
        wrong = ValueError(f'"split" expected one of: {RULES}; got {text!r}')
        kind, colon, rest = text.partition(":") if isinstance(text, str) else ("", "", "")
        if kind in ("leave-one-out", "given", "all") and not colon:
            return Rule(kind)
        if kind not in ("per-user", "by-time") or not colon:
            raise wrong
        absolute = kind == "by-time" and rest.startswith("@")
        try:
            numbers = [float(word) for word in rest[absolute:].split(",")]
        except ValueError:
            raise wrong from None
        if absolute:
            if len(numbers) != 2 or not numbers[0] <= numbers[1]:
                raise wrong
            return Rule(kind, points=(numbers[0], numbers[1]))
        if len(numbers) != 3 or min(numbers) < 0 or not numbers[0] > 0 or not abs(sum(numbers) - 1) <= 1e-9:
            raise ValueError(f'"split" expected three shares, train above 0, that add up to 1, as in {kind}:0.8,0.1,0.1; got {text!r}')
        return Rule(kind, tuple(numbers))


def split_cells(cells: DataFrame, rule: Rule, seed: int, timed: bool, parted: bool) -> tuple[DataFrame, dict]:
    """Cells (u, ukey, uheld, i, ikey, iheld, v, time, part) with their parts, and the record that draws them again."""
    if rule.kind == "all":
        return cells.withColumn("part", F.lit(PART["train"])), {"rule": "all", "seed": 0}
    if rule.kind == "given":
        if not parted:
            raise DataError("expected data that bring a split (a part column), found none; name it, or choose another split")
        return cells, {"rule": "given", "seed": 0}
    if rule.kind == "by-time":
        if not timed:
            raise DataError('"by-time" expected data with a time column, found none; name it')
        validation, test = rule.points or time_points(cells, rule.shares)
        part = F.when(F.col("time") >= test, PART["test"]).when(F.col("time") >= validation, PART["validation"]).otherwise(PART["train"])
        text = f"by-time:@{_number(validation)},{_number(test)}"
        return cells.withColumn("part", part), {"rule": text, "seed": 0}
    if rule.kind == "per-user":
        train, validation, test = rule.shares
        # Shares that add up to 1 but for rounding leave no test entry behind.
        end = 1.0 if test == 0 else train + validation
        draw = F.col("draw")
        part = F.when(draw >= end, PART["test"]).when(draw >= train, PART["validation"]).otherwise(PART["train"])
        text = f"per-user:{','.join(map(_number, rule.shares))}"
        return drawn(cells, seed, DRAW["part"]).withColumn("part", part).drop("draw"), {"rule": text, "seed": seed}
    order = [*([F.desc("time")] if timed else []), F.desc("draw"), F.asc("i")]
    latest, degree = F.row_number().over(Window.partitionBy("u").orderBy(*order)), F.count("*").over(Window.partitionBy("u"))
    ranked = drawn(cells, seed, DRAW["order"]).withColumn("latest", latest).withColumn("degree", degree)
    test, validation = (F.col("latest") == 1) & (F.col("degree") >= 2), (F.col("latest") == 2) & (F.col("degree") >= 3)
    part = F.when(test, PART["test"]).when(validation, PART["validation"]).otherwise(PART["train"])
    return ranked.withColumn("part", part).drop("draw", "latest", "degree"), {"rule": "leave-one-out", "seed": seed}


def _number(value: float) -> str:
    return "Infinity" if value == math.inf else js_number(value)


def drawn(cells: DataFrame, seed: int, draw: int) -> DataFrame:
    """The cells with a column `draw`: a uniform number of each cell's own."""
    return cells.mapInArrow(partial(_with_draws, seed=seed, draw=draw), f"{_ddl(cells)}, draw double")


def _ddl(df: DataFrame) -> str:
    return ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in df.schema.fields)


def _with_draws(batches: Iterator[pa.RecordBatch], seed: int, draw: int) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        users, items = (unpacked(batch.column(name).to_numpy()) for name in ("ukey", "ikey"))
        draws = pa.array(pair_uniforms(users, items, seed, draw))
        yield pa.RecordBatch.from_arrays([*batch.columns, draws], [*batch.schema.names, "draw"])


def time_points(cells: DataFrame, shares: tuple[float, float, float]) -> tuple[float, float]:
    """The times from which on cells are validation and test: those of the cells that stand first in their shares."""
    total = cells.count()
    wanted = [math.floor(share * total + 1e-6) for share in (shares[0], shares[0] + shares[1])]
    found, seen = [math.inf, math.inf], 0
    for time, count in cells.groupBy("time").count().orderBy("time").toLocalIterator():
        for n in (0, 1):
            if seen <= wanted[n] < seen + count:
                found[n] = time
        seen += count
        if seen > wanted[1]:
            break
    return found[0], found[1]
