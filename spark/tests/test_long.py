"""What takes minutes: workers and executors that are killed, executor processes, Spark Connect, MovieLens 1M in many cuts."""

from __future__ import annotations

import json
import subprocess
import sys
import unittest
from typing import Any

from tests.common import FOLDER, ROOT, lethe, ratings

MOVIELENS = ROOT.parent / "shared" / "data" / "ml-1m" / "ratings.csv"
OPTIONS = {"factors": 8, "iterations": 3}


def elsewhere(address: str, *victim: str, **job: Any) -> dict[str, Any]:
    job = {"data": ratings(), "options": {**OPTIONS, "blocks": 4}, "users": ["u1"], **job}
    found = subprocess.run(
        [sys.executable, "-m", "tests.elsewhere", address, *victim], input=json.dumps(job), capture_output=True, text=True, cwd=ROOT / "spark", check=False
    )
    results = [line for line in found.stdout.splitlines() if line.startswith("result:")]
    if not results:
        raise AssertionError(f"{address} ended with {found.returncode}: {found.stderr[-2000:]}")
    return json.loads(results[0][len("result:") :])


class Elsewhere(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.digest = lethe("train", ratings(), "--model", "als", "--factors", "8", "--iterations", "3", "--out", "long.lethe")["digest"]
        items = lethe("recommend", "long.lethe", ratings(), "--user", "u1", "-k", "3")["items"]
        cls.list = [[each["item"], each["score"]] for each in items]

    def same(self, found: dict[str, Any]) -> None:
        self.assertEqual(found["digest"], self.digest)
        self.assertEqual(found["lists"], self.list)

    def test_a_killed_python_worker_changes_nothing(self) -> None:
        found = elsewhere("local[2,4]", "worker")
        self.assertGreater(found["killed"][0], 0, "somebody was killed")
        self.same(found)

    def test_executor_processes(self) -> None:
        self.same(elsewhere("local-cluster[2,1,1024]"))

    def test_a_killed_executor_changes_nothing(self) -> None:
        found = elsewhere("local-cluster[2,1,1024]", "executor")
        self.assertEqual(found["killed"], [1])
        self.same(found)

    def test_spark_connect(self) -> None:
        self.same(elsewhere("local[2]", connect=True))


class MovieLens(unittest.TestCase):
    def setUp(self) -> None:
        if not MOVIELENS.exists():
            self.skipTest(f"{MOVIELENS} is absent")

    def test_every_cut(self) -> None:
        options = ["--factors", "32", "--iterations", "2"]
        digest = lethe("train", str(MOVIELENS), "--model", "als", *options, "--out", "ml.lethe")["digest"]
        plain = FOLDER / "ml-1m.csv"
        plain.write_text(MOVIELENS.read_text())
        found = elsewhere(
            "local[2]", data=str(plain), options={"factors": 32, "iterations": 2}, columns=["user", "item", "value", "time"], users=[], blocks=[1, 2, 7, 27]
        )
        self.assertEqual(found["digests"], {blocks: digest for blocks in ("1", "2", "7", "27")})


if __name__ == "__main__":
    unittest.main()
