"""Spark against the command line: the same data, options and requests give the same digests, lists and figures."""

from __future__ import annotations

import os
import unittest

from pyspark.sql import functions as F

from lethe_spark import DataError, LetheALS, LetheALSModel, ModelError
from tests.common import FOLDER, frame, lethe, ratings, session

OPTIONS = {"factors": 8, "iterations": 2}


def flags(options: dict) -> list[str]:
    def kebab(name: str) -> str:
        return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)

    return [text for name, value in options.items() for text in (f"--{kebab(name)}", str(value))]


def trained(name: str, options: dict, *more: str) -> str:
    return lethe("train", ratings(), "--model", "als", "--out", f"{name}.lethe", *flags(options), *more)["digest"]


class Training(unittest.TestCase):
    def test_every_cut_gives_the_digest_of_one_memory(self) -> None:
        expected = trained("cuts", OPTIONS)
        for blocks in (2, 7):
            model = LetheALS(**OPTIONS, blocks=blocks).fit(frame(), time="time")
            self.assertEqual(model.digest, expected, f"{blocks} blocks")
        self.assertEqual(model.engine.sides["users"].plan.blocks, 7)
        record = lethe("inspect", "cuts.lethe")
        self.assertEqual(model.record, record["record"], "the objective too")
        self.assertEqual(model.provenance["fingerprint"], record["provenance"]["fingerprint"])
        other = LetheALS(**OPTIONS, seed=2).fit(frame(), time="time")
        self.assertNotEqual(other.digest, expected, "another seed, another model: the check can fail")

    def test_objectives_and_solvers(self) -> None:
        for n, options in enumerate([{"objective": "ials", "solver": "cg", "regularization": 0.05}, {"objective": "explicit", "alpha": 2}]):
            options = {**OPTIONS, **options}
            expected = trained(f"objective-{n}", options, "--duplicates", "sum")
            self.assertEqual(LetheALS(**options, blocks=4, duplicates="sum").fit(frame(), time="time").digest, expected, str(options))


class Served(unittest.TestCase):
    """One model with a split: lists, metrics, forgetting, files."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.rule = "per-user:0.7,0.1,0.2"
        cls.options = {**OPTIONS, "iterations": 5, "regularization": 0.1}
        cls.expected = trained("served", cls.options, "--split", cls.rule)
        cls.model = LetheALS(**cls.options, blocks=3, split=cls.rule).fit(frame(), time="time")

    def test_the_split_is_the_same(self) -> None:
        self.assertEqual(self.model.digest, self.expected)

    def test_lists_are_the_same(self) -> None:
        for user in ("u1", "😀"):
            expected = lethe("recommend", "served.lethe", ratings(), "--user", user, "-k", "5")["items"]
            found = [(row["item"], row["score"]) for row in self.model.recommend([user], k=5).collect()]
            self.assertEqual(found, [(each["item"], each["score"]) for each in expected])
        with self.assertRaisesRegex(DataError, "user 'nobody' is not in the model"):
            self.model.recommend(["nobody"])

    def test_figures_are_the_same_to_the_last_bit(self) -> None:
        expected = lethe("evaluate", "served.lethe", ratings(), "-k", "10")
        found = self.model.evaluate(k=10)
        self.assertEqual(found, {name: value for name, value in expected.items() if name not in ("model", "on")})

    def test_scores_of_pairs(self) -> None:
        scored = self.model.transform(frame().limit(5).withColumn("note", F.lit("kept")).union(
            session().createDataFrame([("nobody", "7", 1.0, 1, "kept")], "user string, item string, value double, time long, note string")))
        rows = scored.collect()
        self.assertTrue(all(row["prediction"] == row["prediction"] for row in rows if row["user"] != "nobody"))
        self.assertTrue(all(row["prediction"] != row["prediction"] for row in rows if row["user"] == "nobody"))

    def forgets(self, method: str, more: list[str], given: dict, users: list[str], items: list[str]) -> None:
        named = ["--users", ",".join(users), *(["--items", ",".join(items)] if items else [])]
        expected = lethe("forget", "served.lethe", ratings(), "--method", method, *named, *more, "--out", "forgot.lethe")
        made = self.model.forget(**{"method": method, "users": users, "items": items, **given})
        for key in ("digestBefore", "digestAfter", "forgotten", "heldOut"):
            self.assertEqual(made.report.get(key), expected.get(key), f"{method} {more}: {key}")
        self.assertNotEqual(made.report["digestBefore"], made.report["digestAfter"])
        self.assertEqual(made.provenance["fingerprint"], lethe("inspect", "forgot.lethe")["provenance"]["fingerprint"])

    def test_retrain(self) -> None:
        self.forgets("retrain", [], {}, ["u1", "日本"], ["7"])

    def test_unlearn_als(self) -> None:
        self.forgets("unlearn-als", [], {}, ["u13", "u14"], [])

    def test_local(self) -> None:
        self.forgets("unlearn-als", ["--local"], {"method": "local"}, ["u1", "日本"], ["7"])

    @unittest.skipUnless(os.environ.get("LETHE_SPARK_LONG"), "LETHE_SPARK_LONG is not set")
    def test_plain_passes(self) -> None:
        self.forgets("unlearn-als", ["--passes", "2"], {"passes": 2}, ["u1", "日本"], ["7"])

    def test_what_cannot_be_forgotten(self) -> None:
        with self.assertRaisesRegex(DataError, "'nobody' is unknown"):
            self.model.forget(users=["nobody"])
        with self.assertRaisesRegex(ValueError, "names nothing"):
            self.model.forget()
        with self.assertRaisesRegex(ValueError, '"method" expected one of'):
            self.model.forget(users=["u1"], method="downdate")
        with self.assertRaisesRegex(DataError, "interaction of user 'u1' with item 'nothing'"):
            self.model.forget(interactions=[("u1", "nothing")])

    def test_files(self) -> None:
        path = str(FOLDER / "made.lethe")
        self.model.to_lethe(path)
        self.assertEqual(lethe("inspect", "made.lethe")["digest"], self.expected)
        self.assertEqual(lethe("evaluate", "made.lethe", ratings())["users"], lethe("evaluate", "served.lethe", ratings())["users"])
        shards = str(FOLDER / "shards")
        self.model.save(shards)
        loaded = LetheALSModel.load(shards, session())
        self.assertEqual(loaded.digest, self.expected)
        with self.assertRaisesRegex(DataError, "needs the data"):
            loaded.recommend(["u1"])
        with self.assertRaisesRegex(DataError, "not those that the model was trained on"):
            loaded.with_data(frame().where("time <> 1500"))
        beside = loaded.with_data(frame())
        self.assertEqual(beside.recommend(["u1"], k=3).collect(), self.model.recommend(["u1"], k=3).collect())
        with self.assertRaisesRegex(ModelError, "a manifest"):
            LetheALSModel.load(str(FOLDER / "nothing"), session())


class BadInput(unittest.TestCase):
    def refused(self, words: str, df: object, kind: type = DataError, **options: object) -> None:
        columns = {name: options.pop(name) for name in ("user", "item", "value", "time", "part") if name in options}
        with self.assertRaisesRegex(kind, words):
            LetheALS(**{**OPTIONS, **options}).fit(df, **columns)

    def test_columns(self) -> None:
        df = frame()
        self.refused('user column "who" is not in the DataFrame; it has user, item', df, user="who")
        self.refused('item column "item" expected strings or whole numbers', df.withColumn("item", F.array("item")))
        self.refused('user column "user" expected strings or whole numbers', df.withColumn("user", F.col("value")))
        self.refused('value column "value" expected numbers, found string', df.withColumn("value", F.lit("five")))
        self.refused('"by-time" expected data with a time column', df, split="by-time:0.8,0.1,0.1")

    def test_rows(self) -> None:
        df = frame()
        self.refused("1 of .* rows have none, such as user None", df.union(session().createDataFrame([(None, "1", 1.0, 1)], df.schema)))
        self.refused("such as user 'u1', item ''", df.union(session().createDataFrame([("u1", "", 1.0, 1)], df.schema)))
        self.refused("within the range of float32", df.union(session().createDataFrame([("u1", "1", 1e300, 1)], df.schema)))
        self.refused("the DataFrame is empty", df.limit(0))
        self.refused("user '[^']+' and item '[^']+' occur together more than once", df, duplicates="error")
        self.refused("takes every row for a like", df.withColumn("value", F.col("value") - 2))

    def test_options(self) -> None:
        self.refused('"factors" expected an integer', frame(), ValueError, factors=0)
        self.refused('als has no option "rank"', frame(), TypeError, rank=10)
        self.refused('"blocks" expected an integer >= 1', frame(), ValueError, blocks=0)
        self.refused('"split" expected one of', frame(), ValueError, split="half")


if __name__ == "__main__":
    unittest.main()
