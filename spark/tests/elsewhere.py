"""Trains in a process of its own, at an address, and prints the digest: python -m tests.elsewhere ADDRESS [worker|executor] < JSON.

worker, executor: what is killed after the first iteration, with SIGKILL.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")


def processes(mark: str) -> list[tuple[int, int]]:
    """(pid, parent) of this user's processes whose command line holds a mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "cmdline").read_text().replace("\0", " "):
                found.append((int(folder.name), int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])))
        except OSError:
            continue  # it has ended
    return found


def descends(pid: int, from_pid: int) -> bool:
    while pid > 1:
        if pid == from_pid:
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return False


def kill(what: str) -> int:
    """Kills this run's Python workers, or one of its executors; how many."""
    own = os.getpid()
    if what == "executor":
        victims = [pid for pid, _ in processes("CoarseGrainedExecutorBackend") if descends(pid, own)][:1]
    else:
        daemons = processes("pyspark.daemon")
        pids = {pid for pid, _ in daemons}
        victims = [pid for pid, parent in daemons if parent in pids and descends(pid, own)]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    return len(victims)


def main(address: str, victim: str | None) -> None:
    from pyspark.sql import SparkSession

    from lethe_spark import LetheALS

    job = json.load(sys.stdin)
    builder = SparkSession.builder.config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
    builder = builder.config("spark.sql.shuffle.partitions", "2").config("spark.executor.memory", "512m").config("spark.driver.memory", "1500m")
    if job.get("connect"):
        spark = builder.remote(address).getOrCreate()
    else:
        spark = builder.master(address).getOrCreate()
        spark.sparkContext.setLogLevel("OFF")
    killed = []

    def progress(text: str) -> None:
        if victim and text.startswith("iteration 1 "):
            killed.append(kill(victim))

    df = spark.read.csv(job["data"], header=True, schema="user string, item string, value double, time long", encoding="UTF-8")
    if job.get("columns"):
        df = df.toDF(*job["columns"])
    model = LetheALS(progress=progress, **job["options"]).fit(df, time="time" if "time" in df.columns else None)
    lists = [[row["item"], row["score"]] for row in model.recommend(job["users"], k=3).collect()]
    digests = {str(blocks): LetheALS(**{**job["options"], "blocks": blocks}).fit(df).digest for blocks in job.get("blocks", [])}
    print("result:" + json.dumps({"digest": model.digest, "killed": killed, "lists": lists, "digests": digests}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
