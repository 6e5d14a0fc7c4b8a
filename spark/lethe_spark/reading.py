"""A DataFrame of interactions as rows of one kind: typed, checked, read once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from .contract import js_number
from .errors import DataError

WHOLE = (T.ByteType, T.ShortType, T.IntegerType, T.LongType)
NUMBERS = (*WHOLE, T.FloatType, T.DoubleType, T.DecimalType)
NUL = "\0"


@dataclass(frozen=True)
class Columns:
    """Names of the columns of a DataFrame of interactions."""

    user: str = "user"
    item: str = "item"
    value: str | None = None
    time: str | None = None
    part: str | None = None


@dataclass(frozen=True)
class Likes:
    """Which rows are likes: a column, a comparison, a threshold."""

    column: str
    strict: bool
    threshold: float

    @staticmethod
    def of(text: str) -> "Likes":
        found = re.match(r"^\s*(.*?)\s*(>=|>)\s*(\S+)\s*$", text) if isinstance(text, str) else None
        try:
            if found and found[1]:
                return Likes(found[1], found[2] == ">", float(found[3]))
        except ValueError:
            pass
        raise ValueError(f'"likes" expected a column, > or >=, and a number, as in value>=4; got {text!r}')

    def __str__(self) -> str:
        return f"{self.column}{'>' if self.strict else '>='}{js_number(self.threshold)}"

    def passes(self, value: Column) -> Column:
        return value > self.threshold if self.strict else value >= self.threshold


def read_rows(df: DataFrame, columns: Columns, likes: Likes | None) -> DataFrame:
    """(user, item: string, value: float, time: double, part: int). Refuses columns that are not there or of another kind.

    A rule about another column than the value leaves rows out here: their ids are then nowhere, as when a file is read.
    """
    fields = {field.name: field.dataType for field in df.schema.fields}

    def of(role: str, name: str, kinds: tuple, words: str) -> Column:
        if name not in fields:
            raise DataError(f'the {role} column "{name}" is not in the DataFrame; it has {", ".join(fields)}')
        if not isinstance(fields[name], kinds):
            raise DataError(f'the {role} column "{name}" expected {words}, found {fields[name].simpleString()}')
        return F.col(f"`{name}`")

    ids = "strings or whole numbers (ids are texts; cast others to string)"
    if likes is not None and likes.column not in ("value", columns.value):
        df = df.where(likes.passes(of("likes", likes.column, NUMBERS, "numbers").cast("double")))
    part = of("part", columns.part, WHOLE, "whole numbers: 0 train, 1 validation, 2 test, 3 unseen") if columns.part else F.lit(0)
    time = of("time", columns.time, (*NUMBERS, T.TimestampType, T.TimestampNTZType), "numbers or timestamps") if columns.time else F.lit(0)
    value = of("value", columns.value, NUMBERS, "numbers") if columns.value else F.lit(1)
    return df.select(
        of("user", columns.user, (T.StringType, *WHOLE), ids).cast("string").alias("user"),
        of("item", columns.item, (T.StringType, *WHOLE), ids).cast("string").alias("item"),
        value.cast("double").cast("float").alias("value"),
        time.cast("double").alias("time"),
        part.cast("int").alias("part"),
    )


def check_rows(rows: DataFrame, columns: Columns) -> int:
    """Number of rows, after a look at each. Raises DataError that names the first kind of fault, how often and where it is."""
    bad_id = {side: F.col(side).isNull() | (F.col(side) == "") | F.col(side).contains(NUL) for side in ("user", "item")}
    bad_number = {name: F.col(name).isNull() | F.isnan(name) | (F.abs(name) == float("inf")) for name in ("value", "time")}
    faults = {
        "user": (bad_id["user"], "an id: not null, not empty, without U+0000"),
        "item": (bad_id["item"], "an id: not null, not empty, without U+0000"),
        "value": (bad_number["value"], "a number within the range of float32"),
        "time": (bad_number["time"], "a finite number"),
        "part": (F.col("part").isNull() | ~F.col("part").between(0, 3), "0 (train), 1 (validation), 2 (test) or 3 (unseen)"),
    }
    counts = rows.agg(F.count("*").alias("rows"), *[F.count_if(fault).alias(name) for name, (fault, _) in faults.items()]).collect()[0]
    for name, (fault, expected) in faults.items():
        if counts[name] == 0:
            continue
        row = rows.where(fault).first()
        column = getattr(columns, name)
        raise DataError(
            f'the {name} column "{column}" expected {expected}; {counts[name]} of {counts["rows"]} rows have none, such as user '
            f"{row['user']!r}, item {row['item']!r}, {name} {row[name]!r}; leave such rows out"
        )
    if counts["rows"] == 0:
        raise DataError("no interactions found: the DataFrame is empty")
    return counts["rows"]
