"""What needs no Spark: numbers and texts as JavaScript writes them, the plan of blocks, sums by pieces, metrics, options."""

from __future__ import annotations

import json
import subprocess
import unittest

import numpy as np

from lethe_spark import contract, errors, keys, memory, metrics, plan, sweep
from lethe_spark.objective import Objective
from lethe_spark.ranking import allowed_words
from tests.common import ROOT


def node(script: str) -> object:
    """The value that a module script of the built library prints as JSON."""
    text = f"const print = (value) => console.log(JSON.stringify(value));\n{script}"
    found = subprocess.run(["node", "--input-type=module", "-e", text], cwd=ROOT, capture_output=True, text=True, check=True, encoding="utf-8")
    return json.loads(found.stdout)


class Texts(unittest.TestCase):
    def test_numbers_are_written_as_javascript_writes_them(self) -> None:
        random = np.random.default_rng(1)
        values = [0.01, 1e-7, 1.5e-9, 1e21, 123456789012345680000.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, -2.5, 100.0, 1 / 3]
        values += [float(v) for v in random.standard_normal(500) * 10.0 ** random.integers(-25, 25, 500)]
        self.assertEqual([contract.js_number(v) for v in values], node(f"print({json.dumps(values)}.map(String))"))

    def test_texts_are_written_as_javascript_writes_them(self) -> None:
        value = {"a": ['"\\/\u0007\n\u2028é😀\x7f', None, True, 1.0], "b": {"c": 1e-7}}
        self.assertEqual(contract.js_json(value), node(f"print(JSON.stringify({json.dumps(value)}))"))

    def test_options_are_checked_by_their_declaration(self) -> None:
        for name, value, words in [
            ("factors", 0, '"factors" expected an integer >= 1 and <= 4096, got 0'),
            ("alpha", 0, '"alpha" expected a number > 0, got 0'),
            ("objective", "rmse", '"objective" expected one of implicit, ials, explicit'),
            ("tolerance", 1e-4, "not available on Spark"),
        ]:
            with self.assertRaisesRegex(ValueError, words.replace("(", r"\(")):
                contract.checked(name, value)
        with self.assertRaisesRegex(TypeError, "no option"):
            contract.checked("rank", 3)
        self.assertEqual(list(contract.resolved({"factors": 8}))[:3], ["objective", "factors", "regularization"])


class Ids(unittest.TestCase):
    def test_keys_are_the_librarys(self) -> None:
        ids = ["", "196", "007", "é", "日本", "😀", "\uffee"] + [f"user-{n}" for n in range(2000)]
        expected = node(f"const {{ keyOf }} = await import('./dist/src/base/random.js'); print({json.dumps(ids)}.map((id) => [keyOf(id).lo, keyOf(id).hi]))")
        self.assertEqual(keys.keys_of(ids).tolist(), expected)

    def test_the_order_is_the_librarys(self) -> None:
        ids = ["10", "9", "007", "", "b", "a", "\uffee", "😀", "é", "-3", "100", "𝄞"]
        expected = node(f"const {{ compareIds }} = await import('./dist/src/data/ids.js'); print({json.dumps(ids)}.sort(compareIds))")
        self.assertEqual(sorted(ids, key=keys.canonical), expected)


class Blocks(unittest.TestCase):
    def test_any_cut_gives_the_same_bits(self) -> None:
        random = np.random.default_rng(2)
        rows = (random.standard_normal((3000, 16)) * 10.0 ** random.uniform(-5, 5, (3000, 1))).astype(np.float32)
        sums = set()
        for blocks in (1, 2, 5, 11, 64):
            cut = plan.plan_side("users", len(rows), 16, blocks, np.ones(len(plan.units(len(rows), plan.part_rows(len(rows), 16)))))
            self.assertEqual((cut.bounds[0], cut.bounds[-1]), (0, 3000))
            pieces = [piece for a, b in zip(cut.bounds, cut.bounds[1:]) for piece in sweep.gram_pieces(rows[a:b], a, cut)]
            sums.add(plan.summed(pieces).tobytes())
        self.assertEqual(len(sums), 1)
        moved = plan.SidePlan("users", 3000, cut.part_rows + 1, (0, 3000))
        other = plan.summed(sweep.gram_pieces(rows, 0, moved))
        self.assertFalse(other.tobytes() in sums, "parts that begin elsewhere give other bits: the test can fail")

    def test_the_costs_are_shared_out(self) -> None:
        each = plan.part_rows(100_000, 64)
        costs = np.ones(len(plan.units(100_000, each)))
        costs[:10] = 100
        cut = plan.plan_side("items", 100_000, 64, 6, costs)
        self.assertLess(cut.bounds[1], 20_000, "the dear rows stand alone")

    def test_objectives_are_the_librarys(self) -> None:
        given = [{}, {"objective": "ials", "unobservedWeight": 0.3, "frequencyExponent": 0.5}, {"objective": "explicit"}, {"confidence": True, "alpha": 3}]
        script = (
            "const { cellWeightsOf, regularizationRule, leastSquaresOptions } = await import('./dist/src/least-squares/objective.js');"
            "const { resolveOptions } = await import('./dist/src/base/options.js');"
            f"print({json.dumps(given)}.map((o) => resolveOptions('als', leastSquaresOptions, o)).map((o) => {{"
            "const { ws, w0, ts, t0, explicit, base } = cellWeightsOf(o); const r = regularizationRule(o, 70);"
            "return [ws, w0, ts, t0, explicit, base, r.offset, r.exponent]; }))"
        )
        found = []
        for options in given:
            how = Objective.of(contract.resolved(options))
            found.append([*how.weights, how.base, how.offset(70), how.exponent])
        self.assertEqual(found, node(script))


class Memory(unittest.TestCase):
    def test_what_cannot_fit_is_refused_with_the_setting_that_helps(self) -> None:
        how = Objective.of(contract.resolved({"factors": 64}))
        self.assertLess(memory.require_room("users", how, 100_000, 1_000_000, 100_000_000), 2 << 30)
        with self.assertRaisesRegex(errors.MemoryNeeded, "a task of users takes .* MiB of the 4096 MiB .*; raise blocks"):
            memory.require_room("users", how, 100_000, 10_000_000, 500_000_000)
        with self.assertRaisesRegex(errors.MemoryNeeded, "lower factors"):
            memory.require_room("items", how, 20_000_000, 1000, 1_000_000)


class Metrics(unittest.TestCase):
    def test_metrics_are_the_librarys_to_the_last_bit(self) -> None:
        random = np.random.default_rng(3)
        lists, expected = [], []
        for n in range(300):
            size = int(random.integers(1, 30))
            scores = np.sort(random.integers(0, 6 if n % 2 else 1000, size).astype(np.float32))[::-1]
            items = random.permutation(50)[:size]
            positives = random.permutation(50)[: int(random.integers(1, 12))]
            lists.append((items, scores, positives))
        data = [[items.tolist(), scores.tolist(), positives.tolist()] for items, scores, positives in lists]
        script = (
            "const { METRICS } = await import('./dist/src/model/metrics.js'); const { judgedList } = await import('./dist/src/model/ranked-lists.js');"
            f"const data = {json.dumps(data)}; print(data.map(([items, scores, positives]) => {{ const of = new Uint8Array(50);"
            "for (const item of positives) of[item] = 1;"
            "const judged = judgedList({ items: Int32Array.from(items), scores: Float32Array.from(scores) }, Math.min(10, items.length), of);"
            "return Object.values(METRICS).map((metric) => metric({ ...judged, k: 10, positives: positives.length })); }))"
        )
        expected = node(script)
        found = [
            list(metrics.all_metrics(metrics.judged_list(items, scores, min(10, len(items)), set(positives.tolist())), 10, len(positives)))
            for items, scores, positives in lists
        ]
        self.assertEqual(found, expected)

    def test_words_have_a_bit_for_each_item(self) -> None:
        allowed = np.zeros(70, np.uint8)
        allowed[[0, 33, 69]] = 1
        self.assertEqual(allowed_words(70, allowed).tolist(), [1, 2, 32])


if __name__ == "__main__":
    unittest.main()
