"""`lethe … --on`: the command line hands over to Spark and brings back the same report."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest

from tests.common import FOLDER, MAIN, lethe, ratings

os.environ.setdefault("LETHE_PYTHON", sys.executable)
ON = [
    "--on",
    "local[2]",
    "--spark-conf",
    "spark.sql.shuffle.partitions=2",
    "--spark-conf",
    "spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1",
    "--spark-conf",
    "spark.ui.enabled=false",
    "--spark-conf",
    "spark.sql.codegen.wholeStage=false",
    "--spark-conf",
    "spark.sql.codegen.factoryMode=NO_CODEGEN",
]
OPTIONS = ["--factors", "8", "--iterations", "2", "--split", "per-user:0.8,0.1,0.1"]


class OnSpark(unittest.TestCase):
    def test_train(self) -> None:
        here = lethe("train", ratings(), "--model", "als", *OPTIONS, "--out", "here.lethe")
        there = lethe("train", ratings(), "--model", "als", *OPTIONS, "--out", "there.lethe", *ON, "--blocks", "3")
        for key in ("model", "options", "users", "items", "interactions", "split", "digest"):
            self.assertEqual(there[key], here[key], key)
        self.assertEqual(lethe("inspect", "there.lethe")["digest"], here["digest"])

    @unittest.skipUnless(os.environ.get("LETHE_SPARK_LONG"), "LETHE_SPARK_LONG is not set")
    def test_forget(self) -> None:
        lethe("train", ratings(), "--model", "als", *OPTIONS, "--out", "here.lethe")
        request = ["--method", "retrain", "--users", "u1"]
        forgot = lethe("forget", "here.lethe", ratings(), *request, "--out", "forgot.lethe")
        shards = str(FOLDER / "shards-of-forgot") + "/"
        self.assertEqual(lethe("forget", "here.lethe", ratings(), *request, "--out", shards, *ON)["digestAfter"], forgot["digestAfter"])
        self.assertTrue((FOLDER / "shards-of-forgot" / "manifest").is_dir())

    def test_what_is_missing_is_said_in_one_sentence(self) -> None:
        args = ["node", str(MAIN), "train", ratings(), "--model", "als", "--out", "x.lethe"]
        for more, env, words in [
            (["--on", "local"], {"LETHE_PYTHON": "/nowhere/python"}, "--on needs Python 3.10 or newer, and /nowhere/python cannot be run"),
            (["--on", "local"], {"JAVA_HOME": "/nowhere"}, "--on needs Java 17 or newer, and /nowhere/bin/java cannot be run: install it"),
            (["--on", "local"], {"LETHE_PYTHON": _without("wasmtime")}, "--on needs the Python package wasmtime: run"),
            (["--on", "here"], {}, "--on expected local[N], spark://HOST:PORT"),
            (["--on", "local", "--profile", "certifiable"], {}, "--profile does not go together with --on"),
            (["--on", "local", "--spark-conf", "x"], {}, "--spark-conf expected NAME=VALUE"),
        ]:
            found = subprocess.run([*args, *more], cwd=FOLDER, capture_output=True, text=True, env={**os.environ, **env}, check=False)
            self.assertNotEqual(found.returncode, 0)
            self.assertIn(words, found.stderr)
            self.assertEqual(found.stderr.count("\n"), 1, found.stderr)
            self.assertFalse((FOLDER / "x.lethe").exists())


def _without(name: str) -> str:
    """A Python that lacks a package."""
    path = FOLDER / f"python-without-{name}"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "import sys; sys.modules[\'{name}\'] = None; exec(sys.argv[1])" "$2"\n')
    path.chmod(0o755)
    return str(path)


if __name__ == "__main__":
    unittest.main()
