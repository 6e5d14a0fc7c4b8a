"""The same data by Lethe and by MLlib's ALS, on the same cores: python bench/mllib.py [--interactions N] [--factors F] [--iterations K].

Prints CPU seconds of the JVM and its Python workers for each, reading left out as far as it can be: the difference of runs of K and
of 1 iterations. MLlib takes whole numbers as ids, and natives for its BLAS where they are installed (`netlib` says which).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds() -> float:
    """CPU seconds of this process and of all that descend from it, those that have ended included."""
    parents: dict[int, int] = {}
    times: dict[int, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(fields[1])
        times[int(folder.name)] = sum(int(fields[n]) for n in (11, 12, 13, 14)) / TICK
    own = os.getpid()

    def mine(pid: int) -> bool:
        while pid in parents:
            if pid == own:
                return True
            pid = parents[pid]
        return False

    return sum(seconds for pid, seconds in times.items() if mine(pid))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=float, default=1e6)
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--iterations", type=int, default=4)
    parser.add_argument("--master", default="local[2]")
    args = parser.parse_args()

    from pyspark.ml.recommendation import ALS
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as F

    from lethe_spark import LetheALS

    spark = SparkSession.builder.master(args.master).config("spark.ui.enabled", "false").config("spark.driver.memory", "4g")
    spark = spark.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    n = int(args.interactions)
    users, items = max(100, n // 100), max(50, n // 500)
    # Power laws on both sides, by hashes of the row's number: the same rows every time.
    draw = [(F.abs(F.xxhash64(F.col("id"), F.lit(seed))) % 1_000_003) / 1_000_003.0 for seed in (1, 2)]
    df = spark.range(n).select(
        (F.pow(draw[0], 1.5) * users).cast("int").alias("user"), (F.pow(draw[1], 2.5) * items).cast("int").alias("item"), F.lit(1.0).alias("value")
    )
    df = df.dropDuplicates(["user", "item"]).repartition(4).cache()
    cells = df.count()

    def lethe(iterations: int) -> None:
        LetheALS(factors=args.factors, iterations=iterations, regularization=0.1, alpha=1.0).fit(df)

    def mllib(iterations: int) -> None:
        model = ALS(rank=args.factors, maxIter=iterations, regParam=0.1, alpha=1.0, implicitPrefs=True, userCol="user", itemCol="item", ratingCol="value")
        model.fit(df).userFactors.count()

    figures = {}
    for name, fit in (("lethe", lethe), ("mllib", mllib)):
        fit(1)  # everything is loaded and compiled
        seconds = []
        for iterations in (1, args.iterations):
            before = cpu_seconds()
            fit(iterations)
            seconds.append(cpu_seconds() - before)
        figures[name] = {"whole": seconds[1], "iteration": (seconds[1] - seconds[0]) / (args.iterations - 1)}
    ratio = figures["mllib"]["iteration"] / figures["lethe"]["iteration"]
    print(json.dumps({"interactions": cells, "users": users, "items": items, "factors": args.factors, "cpuSeconds": figures, "ratio": ratio}, indent=2))


if __name__ == "__main__":
    main()
