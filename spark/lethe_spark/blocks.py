"""Blocks of rows as DataFrames: built by one shuffle, one block to a partition, kept in memory and on disk."""

from __future__ import annotations

import math
from functools import partial
from typing import Iterator

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from .errors import DataError, MemoryNeeded
from .plan import SidePlan, part_rows, plan_side, unit_of, units
from .objective import Objective
from .sweep import Block
from .tables import unpacked

SCHEMA = "slot int, block int, first long, keys binary, indptr binary, indices binary, data binary, cells long, sum long"
#: A record that crosses from the JVM to Python has fewer bytes than 2 GiB; half of that leaves room for what comes beside it.
MOST_CELLS = (1 << 30) // 8


def slots(spark: SparkSession, partitions: int) -> list[int]:
    """A number for each partition that Spark's hash deals to it: two blocks in one partition would wait for each other."""
    if partitions in _slots:
        return _slots[partitions]
    tried = int(partitions * (math.log(partitions + 1) + 12))
    dealt = spark.range(tried).select(
        F.col("id").cast("int").alias("slot"), F.pmod(F.hash(F.col("id").cast("int")), F.lit(partitions)).alias("partition")
    )
    found = {row["partition"]: row["slot"] for row in dealt.groupBy("partition").agg(F.min("slot").alias("slot")).collect()}
    if len(found) < partitions:
        raise RuntimeError(f"found numbers for {len(found)} of {partitions} partitions only")
    _slots[partitions] = [found[partition] for partition in range(partitions)]
    return _slots[partitions]


#: Found once: how Spark hashes depends on no session.
_slots: dict[int, list[int]] = {}


def plan_blocks(cells: DataFrame, side: str, row: str, rows: int, how: Objective, blocks: int) -> SidePlan:
    """Where the blocks of a side begin, by what the solver has to do for their rows."""
    each, ld = part_rows(rows, how.ld), how.ld
    per_part = -(-each // 256)
    at = F.col(row)
    unit = F.floor(at / each).cast("int") * per_part + F.floor((at % each) / 256).cast("int")
    found = cells.groupBy(unit.alias("unit")).count().collect()
    starts = units(rows, each)
    entries = np.zeros(len(starts))
    place = {int(unit): n for n, unit in enumerate(unit_of(starts, each))}
    for unit_index, count in found:
        entries[place[unit_index]] = count
    heights = np.diff(np.concatenate([starts, [rows]]))
    if how.steps is None:
        costs = entries * (ld * ld + 4 * ld) / 2 + heights * ld**3 / 6
    else:
        costs = (2 * how.steps + 3) * entries * ld + heights * (how.steps + 1) * ld * ld
    fewest = math.ceil(entries.sum() / MOST_CELLS)
    return plan_side(side, rows, ld, max(blocks, fewest), costs)


def build_blocks(cells: DataFrame, table: DataFrame, row: str, column: str, plan: SidePlan) -> DataFrame:
    """(slot, block, …) of cells (row, column, v) and the rows' keys. Persisted; see `SCHEMA`."""
    names = slots(cells.sparkSession, plan.blocks)
    keys = table.select(F.col("position").alias("row"), F.lit(-1).alias("col"), F.lit(0.0).cast("float").alias("v"), "key")
    entries = cells.select(F.col(row).alias("row"), F.col(column).alias("col"), "v", F.lit(0).cast("long").alias("key"))
    dealt = keys.unionByName(entries).mapInArrow(partial(_deal, plan=plan, names=names), "slot int, row int, col int, v float, key long")
    build = partial(_build, plan=plan, names=names, by_user=plan.side == "users")
    return dealt.repartition(plan.blocks, "slot").mapInArrow(build, SCHEMA).persist()


def _deal(batches: Iterator[pa.RecordBatch], plan: SidePlan, names: list[int]) -> Iterator[pa.RecordBatch]:
    by_block = np.asarray(names, np.int32)
    for batch in batches:
        if batch.column(0).null_count or batch.column(1).null_count:
            raise DataError("the DataFrame gave other rows when it was read again; write it to a table first, or cache it")
        slot = by_block[plan.block_of(batch.column(0).to_numpy())]
        yield pa.RecordBatch.from_arrays([pa.array(slot), *batch.columns], ["slot", *batch.schema.names])


def _build(batches: Iterator[pa.RecordBatch], plan: SidePlan, names: list[int], by_user: bool) -> Iterator[pa.RecordBatch]:
    columns: list[list[np.ndarray]] = [[] for _ in range(5)]
    for batch in batches:
        for into, column in zip(columns, batch.columns):
            into.append(column.to_numpy(zero_copy_only=False).copy())
    if not columns[0]:
        return
    slot, row, col, value, key = (np.concatenate(parts) for parts in columns)
    for name in np.unique(slot):  # one, unless somebody has changed how Spark hashes
        mine = slot == name
        index = names.index(int(name))
        first, end = plan.bounds[index], plan.bounds[index + 1]
        yield _one(index, int(name), first, end - first, row[mine], col[mine], value[mine], key[mine], by_user)


def _one(
    index: int, slot: int, first: int, rows: int, row: np.ndarray, col: np.ndarray, value: np.ndarray, key: np.ndarray, by_user: bool
) -> pa.RecordBatch:
    is_key = col < 0
    keys = np.zeros(rows, np.int64)
    keys[row[is_key] - first] = key[is_key]
    row, col, value = row[~is_key], col[~is_key], value[~is_key]
    if len(row) > MOST_CELLS:
        raise MemoryNeeded(f"a block of {rows} rows has {len(row)} cells, at most {MOST_CELLS} travel at once; raise blocks")
    order = np.argsort(((row - first).astype(np.int64) << 32) | col)
    row, col, value = row[order], col[order], value[order]
    counts = np.bincount(row - first, minlength=rows)
    keys[counts == 0] = 0
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    total = checksum(row, col, value) if by_user else checksum(col, row, value)
    arrays = [keys, indptr, col.astype(np.int32), value.astype(np.float32)]
    made = [pa.array([slot], pa.int32()), pa.array([index], pa.int32()), pa.array([first], pa.int64())]
    made += [pa.array([array.tobytes()], pa.binary()) for array in arrays]
    made += [pa.array([len(row)], pa.int64()), pa.array([total], pa.int64())]
    return pa.RecordBatch.from_arrays(made, [field.split()[0] for field in SCHEMA.split(", ")])


def checksum(users: np.ndarray, items: np.ndarray, values: np.ndarray) -> int:
    """A sum over cells that does not depend on their order: the two sides must have the same."""
    h = users.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ items.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    h ^= values.astype(np.float32).view(np.uint32).astype(np.uint64) * np.uint64(0x165667B19E3779F9)
    h ^= h >> np.uint64(29)
    h *= np.uint64(0xBF58476D1CE4E5B9)
    h ^= h >> np.uint64(32)
    return int(h.sum(dtype=np.uint64).astype(np.int64))


def blocks_in(batch: pa.RecordBatch) -> Iterator[tuple[int, Block]]:
    """The blocks of a batch with their slots, read where they lie."""

    def bytes_of(name: str, n: int, dtype: str) -> np.ndarray:
        return np.frombuffer(batch.column(name)[n].as_buffer(), dtype)

    for n in range(batch.num_rows):
        keys = unpacked(bytes_of("keys", n, "<i8"))
        cells = bytes_of("indptr", n, "<i4"), bytes_of("indices", n, "<i4"), bytes_of("data", n, "<f4")
        yield batch.column("slot")[n].as_py(), Block(batch.column("block")[n].as_py(), batch.column("first")[n].as_py(), keys, *cells)
