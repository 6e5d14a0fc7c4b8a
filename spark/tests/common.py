"""One Spark session for all tests, the built command line beside it, and data that both read."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")

from pyspark.sql import DataFrame, SparkSession

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "dist" / "src" / "cli" / "main.js"
FOLDER = Path(tempfile.mkdtemp(prefix="lethe-spark-test-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


@functools.lru_cache(maxsize=None)
def session() -> SparkSession:
    """Two threads, and four tries for each task; short-lived code is not worth the second compiler."""
    spark = (
        SparkSession.builder.master(os.environ.get("LETHE_SPARK_MASTER", "local[2,4]"))
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.memory", "1500m")
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .getOrCreate()
    )
    if hasattr(spark, "sparkContext"):
        spark.sparkContext.setLogLevel("OFF")
    return spark


def lethe(*args: str, status: int = 0) -> Any:
    """Runs the command line; its JSON, or its error where it has to end with another status."""
    found = subprocess.run(
        ["node", str(MAIN), *args, "--json", "--quiet"], cwd=FOLDER, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if found.returncode != status:
        raise AssertionError(f"lethe {' '.join(args)} ended with {found.returncode}: {found.stderr}")
    return json.loads(found.stdout) if status == 0 else found.stderr


#: Ids of all kinds: numbers by value, leading zeros, scripts whose UTF-8 order is another than that of UTF-16 code units.
ODD = ["7", "10", "007", "-3", "item 5", "é", "日本", "\uffee", "😀", "𝄞", "1e3", "unmapped-12"]


@functools.lru_cache(maxsize=None)
def ratings(users: int = 1600, items: int = 620) -> str:
    """A CSV of clustered ratings with times, ids of all kinds, and pairs that repeat; its name."""
    lines = ["user,item,value,time"]
    state = 1
    for u in range(users):
        for n in range(8 + u % 9):
            state = (state * 1103515245 + 12345) % 2**31
            i = (state >> 7) % items
            i = i - i % 4 + u % 4 if n % 5 else i
            item = ODD[i] if i < len(ODD) else str(i)
            lines.append(f"{ODD[u] if u < len(ODD) else f'u{u}' if u % 3 else u},{item},{1 + (u + i) % 5},{1000 + (u * 31 + n * 7) % 997}")
    # A pair that repeats, with the same time: the larger value stands.
    lines += [f"u1,{ODD[4]},2,1500", f"u1,{ODD[4]},5,1500", "u1,99,3,1", "u1,99,1,2"]
    path = FOLDER / "ratings.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return str(path)


def frame(path: str | None = None) -> DataFrame:
    return session().read.csv(path or ratings(), header=True, schema="user string, item string, value double, time long", encoding="UTF-8")
