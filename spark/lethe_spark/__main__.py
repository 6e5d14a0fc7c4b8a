"""What `lethe … --on` runs: a job as one JSON text on standard input (it may hold a secret), its result as one line on standard output."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any, Mapping

#: Starts the one line of the result among what else is printed.
MARK = "lethe-result:"


def main(text: str) -> int:
    job = json.loads(text)
    try:
        result = run(job)
    except Exception as error:  # one line for whoever started this process
        if os.environ.get("LETHE_DEBUG"):
            raise
        kind = type(error).__module__.startswith("lethe_spark") or isinstance(error, (TypeError, ValueError))
        words = str(error).split("\n")[0] if kind else f"Spark: {type(error).__name__}: {str(error).strip().splitlines()[0]}"
        print(f"{MARK}{json.dumps({'error': words})}", flush=True)
        return 1
    print(f"{MARK}{json.dumps(result)}", flush=True)
    return 0


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    from .data import read_frame
    from .model import LetheALSModel

    spark = session(job["on"], job.get("conf", {}))
    note = (lambda text: print(f"lethe-note:{text}", flush=True)) if job.get("notes") else None
    df, columns = read_frame(spark, job["data"], job.get("read", {}))
    started = time.perf_counter()
    if job["command"] == "train":
        from .als import LetheALS

        estimator = LetheALS(progress=note, blocks=job.get("blocks"), **job["options"])
        model = estimator.fit(df, fingerprintKey=job.get("key"), **columns)
        result = {
            "model": "als",
            "options": model.options,
            "users": model.sizes["users"],
            "items": model.sizes["items"],
            "interactions": model.prepared.interactions,
            "split": model.provenance["split"],
            "duplicates": model.prepared.duplicates,
            "seconds": time.perf_counter() - started,
            "digest": model.digest,
        }
        return {**result, **written(model, job["out"])}
    is_file = "://" not in job["model"] and os.path.isfile(job["model"])
    found = LetheALSModel.from_lethe(job["model"], spark) if is_file else LetheALSModel.load(job["model"], spark)
    model = found.with_data(df, columns=columns, blocks=job.get("blocks"), fingerprintKey=job.get("key"))
    if job["command"] == "evaluate":
        return {"model": "als", "on": job["part"], **model.evaluate(on=job["part"], k=job["k"])}
    if job["command"] == "recommend":
        rows = model.recommend(job["users"], job["k"], include_seen=job["includeSeen"], on_cold=job["onCold"]).collect()
        lists: dict[str, list] = {user: [] for user in job["users"]}
        for row in rows:
            lists[row["user"]].append({"item": row["item"], "score": row["score"], **({"cold": True} if row["cold"] else {})})
        each = [{"user": user, "items": items} for user, items in lists.items()]
        return each[0] if len(each) == 1 else {"lists": each}
    made = model.forget(progress=note, **job["request"])
    return {**made.report, **written(made, job["out"])}


def written(model: Any, out: Mapping[str, Any]) -> dict[str, Any]:
    if out["shards"]:
        model.save(out["path"], overwrite=out.get("overwrite", False))
    else:
        model.to_lethe(out["path"])
    return {"out": out["path"]}


def session(on: str, conf: Mapping[str, str]) -> Any:
    """A session at an address: sc://… is Spark Connect, all else a master."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("lethe")
    for name, value in conf.items():
        builder = builder.config(name, value)
    if on.startswith("sc://"):
        return builder.remote(on).getOrCreate()
    spark = builder.master(on).config("spark.ui.showConsoleProgress", "false").getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


if __name__ == "__main__":
    sys.exit(main(sys.stdin.read()))
