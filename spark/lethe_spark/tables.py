"""Ids and their positions: a DataFrame (id, position, key) in the canonical order that every other host of the library has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from .keys import keys_of, uniforms

#: monotonically_increasing_id: the partition in the upper bits, the row within it in the lower 33.
ROW_BITS = 33
SCHEMA = "id string, position int, key long, held boolean"


@dataclass(frozen=True)
class Hold:
    """Ids that are held out as a whole: each by its own draw."""

    share: float = 0.0
    seed: int = 0
    draw: int = 0


def id_table(ids: DataFrame, partitions: int, hold: Hold = Hold()) -> tuple[DataFrame, int]:
    """The table of a DataFrame with one string column, and its number of ids. Persisted.

    Whole numbers first, by value, then all others by UTF-16 code units: sorted by ranges, so that no task and no driver
    holds all ids.
    """
    (column,) = ids.columns
    whole = F.col("id").rlike(r"^(0|[1-9][0-9]*)\z")
    order = ["kind", "length", "units"]
    numbered = (
        ids.select(F.col(column).alias("id"))
        .distinct()
        .select(
            "id",
            F.when(whole, 0).otherwise(1).alias("kind"),
            F.when(whole, F.length("id")).otherwise(0).alias("length"),
            F.encode("id", "UTF-16BE").alias("units"),
        )
        .repartitionByRange(max(1, partitions), *order)
        .sortWithinPartitions(*order)
        .select("id", F.monotonically_increasing_id().alias("at"))
        .persist()
    )
    counts = dict(numbered.groupBy(F.shiftright("at", ROW_BITS).cast("int")).count().collect())
    starts, total = {}, 0
    for part in sorted(counts):
        starts[part] = total
        total += counts[part]
    table = numbered.mapInArrow(partial(_with_keys, starts=starts, hold=hold), SCHEMA).persist()
    table.count()
    numbered.unpersist()
    return table, total


def _with_keys(batches: Iterator[pa.RecordBatch], starts: dict[int, int], hold: Hold) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        ids = batch.column(0)
        at = batch.column(1).to_numpy()
        firsts = np.array([starts[part] for part in (at >> ROW_BITS).tolist()], np.int64)
        keys = keys_of(ids.to_pylist())
        held = uniforms(keys, hold.seed, hold.draw) < hold.share if hold.share > 0 else np.zeros(len(keys), bool)
        position = (firsts + (at & ((1 << ROW_BITS) - 1))).astype(np.int32)
        yield pa.RecordBatch.from_arrays(
            [ids, pa.array(position), pa.array(packed(keys)), pa.array(held)], ["id", "position", "key", "held"]
        )


def packed(keys: np.ndarray) -> np.ndarray:
    """Keys u32[n, 2] as i64[n]."""
    return np.ascontiguousarray(keys, "<u4").view("<i8").reshape(-1)


def unpacked(keys: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(keys, "<i8").view("<u4").reshape(-1, 2)


def column_keys(table: DataFrame, total: int) -> np.ndarray:
    """Keys by position, u32[total, 2], in the driver."""
    rows = table.select("position", "key").toArrow()
    keys = np.zeros(total, np.int64)
    keys[rows.column(0).to_numpy()] = rows.column(1).to_numpy()
    return unpacked(keys)


def ids_in_order(table: DataFrame, total: int) -> list[str | None]:
    """Ids by position, in the driver; None where a position is empty."""
    rows = table.select("position", "id").toArrow()
    ids = np.full(total, None, object)
    ids[rows.column(0).to_numpy()] = rows.column(1).to_pylist()
    return ids.tolist()


def table_of(spark: SparkSession, ids: Sequence[str | None]) -> DataFrame:
    """The table of ids by position; None marks an empty position."""
    at = np.array([position for position, name in enumerate(ids) if name is not None], np.int32)
    names = [ids[position] for position in at.tolist()]
    rows = pa.table({"id": pa.array(names, pa.string()), "position": pa.array(at), "key": pa.array(packed(keys_of(names))), "held": pa.array(np.zeros(len(at), bool))})
    return spark.createDataFrame(rows).persist()
