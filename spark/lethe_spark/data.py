"""DATA of the command line as a DataFrame: Parquet, or text that Spark reads by the layout that the library found in its first lines."""

from __future__ import annotations

from typing import Any, Mapping

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

ROLES = ("user", "item", "value", "time", "part")


def read_frame(spark: SparkSession, path: str, read: Mapping[str, Any]) -> tuple[DataFrame, dict[str, str]]:
    """The rows of a file or folder, and the column of each role.

    read: `format` parquet, with `columns` by role where they have other names; or csv with `delimiter`, `header`, `quotes`, and `columns`
    by role as numbers from 1.
    """
    said = dict(read.get("columns", {}))
    if read["format"] == "parquet":
        df = spark.read.parquet(path)
        named = {role: said.get(role) or (role if role in df.columns else None) for role in ROLES}
        return df, {role: name for role, name in named.items() if name}
    quote = '"' if read.get("quotes", True) else ""
    df = spark.read.csv(path, sep=read["delimiter"], header=read["header"], encoding="UTF-8", quote=quote, escape=quote, mode="FAILFAST")
    columns: dict[str, str] = {}
    selected = []
    for role, number in said.items():
        text = F.col(f"`{df.columns[int(number) - 1]}`")
        kind = {"user": "string", "item": "string", "part": "int"}.get(role, "double")
        name = read["likes"] if role == "like" else role
        # A text that is no number becomes null, which the checks refuse and show.
        selected.append((text if kind == "string" else F.trim(text).try_cast(kind)).alias(name))
        if role != "like":
            columns[role] = role
    return df.select(*selected), columns
