"""From a DataFrame to a problem: rows, ids, cells, split, blocks, and what a model remembers of all that."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from .attach import attach
from .blocks import build_blocks, plan_blocks
from .contract import CONTRACT
from .engine import Engine, Side, is_connect, plain
from .errors import DataError
from .fingerprint import fingerprint
from .keys import DRAW
from .memory import require_room
from .objective import Objective
from .reading import Columns, Likes, check_rows, read_rows
from .split import PART, Rule, split_cells
from .tables import Hold, column_keys, id_table


@dataclass(frozen=True)
class How:
    """How data are read: what a model remembers of it, so that later actions read the same data alike."""

    columns: Columns = Columns()
    duplicates: str = "last"
    likes: str | None = None
    split: str | None = None
    split_seed: int = 1
    unseen_users: float = 0.0
    unseen_items: float = 0.0
    fingerprint_key: str | None = None
    blocks: int | None = None


@dataclass
class Prepared:
    """Tables of ids, cells (u, i, v, part) over them, and how many there are."""

    users: DataFrame
    items: DataFrame
    cells: DataFrame
    sizes: tuple[int, int]
    record: dict
    interactions: int
    duplicates: int
    held: list[DataFrame] = field(default_factory=list)

    @property
    def train(self) -> DataFrame:
        return self.cells.where(F.col("part") == PART["train"])

    def release(self) -> None:
        for frame in (self.users, self.items, self.cells, *self.held):
            frame.unpersist()


def parallelism(spark: SparkSession) -> int:
    """Tasks that run at once, as far as it can be told."""
    if not is_connect(spark):
        return spark.sparkContext.defaultParallelism
    found = spark.conf.get("spark.default.parallelism", None)
    return int(found) if found else 8


def tasks_for(rows: int, parallel: int) -> int:
    """Tasks for so many rows: few for little data, since each costs tens of milliseconds."""
    return max(-(-rows // 250_000), min(parallel, -(-rows // 20_000)))


def prepare(df: DataFrame, how: How) -> Prepared:
    """Reads a DataFrame once, and settles everything that does not depend on the model."""
    likes = Likes.of(how.likes) if how.likes is not None else None
    rule = Rule.of(how.split or ("given" if how.columns.part else "all"))
    attach(df.sparkSession)
    rows = read_rows(df, how.columns, likes).persist()
    try:
        given = check_rows(rows, how.columns)
        partitions = tasks_for(given, parallelism(df.sparkSession))
        hold = [Hold(how.unseen_users, how.split_seed, DRAW["unseenUser"]), Hold(how.unseen_items, how.split_seed, DRAW["unseenItem"])]
        users, n_users = id_table(rows.select("user"), partitions, hold[0])
        items, n_items = id_table(rows.select("item"), partitions, hold[1])
        settled = settle(_placed(rows, users, items).repartition(partitions, "u", "i"), how.duplicates)
        if likes is not None and likes.column in ("value", how.columns.value):
            settled = settled.where(likes.passes(F.col("v").cast("double")))
        cells, record = split_cells(settled, rule, how.split_seed, how.columns.time is not None, how.columns.part is not None)
        if how.unseen_users > 0 or how.unseen_items > 0:
            held = F.col("uheld") | F.col("iheld")
            cells = cells.withColumn("part", F.when(held, PART["unseen"]).otherwise(F.col("part")))
            unseen = {name: share for name, share in (("users", how.unseen_users), ("items", how.unseen_items)) if share > 0}
            record = {**record, "seed": how.split_seed, "unseen": unseen}
        cells = cells.select("u", "i", "v", F.col("part").cast("byte").alias("part")).persist()
        counts = dict(cells.groupBy("part").count().collect())
        total = sum(counts.values())
        if total == 0:
            raise DataError(f"no row is a like by the rule {how.likes}")
        if not counts.get(PART["train"]):
            raise DataError(f'model "als" needs interactions to train on, found none: the split {record["rule"]} leaves none in the train part')
        return Prepared(users, items, cells, (n_users, n_items), record, counts[PART["train"]], given - total if likes is None else 0)
    except PairFault as fault:
        u, i, words = fault.args
        raise DataError(f"user {name_at(users, u)!r} and item {name_at(items, i)!r} {words}") from None
    except Exception as error:
        raise plain(error) from error
    finally:
        rows.unpersist()


def _placed(rows: DataFrame, users: DataFrame, items: DataFrame) -> DataFrame:
    """Rows by position. An id that the tables lack gives a null, which building the blocks refuses."""
    by_user = users.select(F.col("id").alias("user"), F.col("position").alias("u"), F.col("key").alias("ukey"), F.col("held").alias("uheld"))
    by_item = items.select(F.col("id").alias("item"), F.col("position").alias("i"), F.col("key").alias("ikey"), F.col("held").alias("iheld"))
    return rows.join(by_user, "user", "left").join(by_item, "item", "left").drop("user", "item")


def settle(placed: DataFrame, policy: str) -> DataFrame:
    """One cell for each pair. What stands does not depend on the order of rows: the first part, then the latest, then the largest."""
    if policy not in CONTRACT["duplicates"]:
        raise ValueError(f'"duplicates" expected one of {", ".join(CONTRACT["duplicates"])}; got {policy!r}')
    pair = ["u", "ukey", "uheld", "i", "ikey", "iheld"]
    if policy == "error":
        twice = placed.groupBy("u", "i").count().where("count > 1").first()
        if twice is not None:
            raise PairFault(twice["u"], twice["i"], 'occur together more than once; choose duplicates "last" or "sum"')
    latest = F.max(F.struct(-F.col("part"), F.col("time"), F.col("value"))).alias("last")
    if policy != "sum":
        cells = placed.groupBy(*pair).agg(latest)
        return cells.select(*pair, F.col("last.value").alias("v"), F.col("last.time").alias("time"), (-F.col("last.col1")).alias("part"))
    every = F.collect_list(F.struct("part", "value")).alias("every")
    cells = placed.groupBy(*pair).agg(latest, every).withColumn("first", -F.col("last.col1"))
    # In float64, from the smallest on: one order, whatever the order of rows.
    mine = F.transform(F.filter("every", lambda each: each["part"] == F.col("first")), lambda each: each["value"].cast("double"))
    total = F.aggregate(F.sort_array(mine), F.lit(0.0).cast("double"), lambda sum, value: sum + value).cast("float")
    cells = cells.select(*pair, total.alias("v"), F.col("last.time").alias("time"), F.col("first").alias("part"))
    over = cells.where(F.abs("v") == float("inf")).first()
    if over is not None:
        raise PairFault(over["u"], over["i"], "have values that add up to more than float32 holds")
    return cells


class PairFault(Exception):
    """What is wrong with a pair: (position of the user, of the item, words)."""


def name_at(table: DataFrame, position: int) -> str:
    """The id at a position."""
    return table.where(F.col("position") == int(position)).first()["id"]


def problem_of(
    prepared: Prepared, how: Objective, blocks: int | None, live: tuple[int, int], key: str | None = None, with_fingerprint: bool = True
) -> tuple[Engine, str]:
    """The problem of the training cells, and their fingerprint. Refuses cells that differ between two looks at them."""
    wanted = blocks or parallelism(prepared.cells.sparkSession)
    try:
        sides = []
        for n, (side, row, column, table) in enumerate((("users", "u", "i", prepared.users), ("items", "i", "u", prepared.items))):
            plan = plan_blocks(prepared.train, side, row, prepared.sizes[n], how, wanted)
            sides.append(Side(plan, build_blocks(prepared.train, table, row, column, plan), live[n]))
        totals = [side.blocks.agg(F.sum("cells"), F.collect_list("sum"), F.max("cells")).first() for side in sides]
        counts, sums = [row[0] for row in totals], [sum(row[1]) % (1 << 64) for row in totals]
        if counts[0] != counts[1] or counts[0] != prepared.interactions or sums[0] != sums[1]:
            raise DataError("the DataFrame gave other rows when it was read again; write it to a table first, or cache it")
        engine = Engine(*sides, how)
        for n, side in enumerate(sides):
            tallest = max(b - a for a, b in zip(side.plan.bounds, side.plan.bounds[1:]))
            engine.bytes[side.plan.side] = require_room(side.plan.side, how, prepared.sizes[1 - n], tallest, totals[n][2])
        found = fingerprint(sides[0].blocks, column_keys(prepared.items, prepared.sizes[1]), key) if with_fingerprint else ""
        return engine, found
    except Exception as error:
        raise plain(error) from error
