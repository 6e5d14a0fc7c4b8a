"""Making a model forget: what leaves the cells, and by which method the model follows. The words are those of `lethe forget`."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Callable, Sequence

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from .als import last_decrease, train, unsolvable
from .contract import CONTRACT
from .engine import Engine, Singular
from .errors import DataError
from .keys import check_id, check_ids
from .local import local_pass
from .model import SIDES, LetheALSModel, positions_of
from .objective import Objective
from .prepare import How, Prepared, parallelism, prepare, problem_of, tasks_for
from .split import PART
from .tables import id_table

RULES = CONTRACT["unlearnAls"]
METHODS = ("retrain", "unlearn-als", "local")


def trained_data(model: LetheALSModel, df: DataFrame, how: How) -> LetheALSModel:
    """The model beside its data, read anew. Refuses data that are not those that it was trained on, by their fingerprint."""
    fingerprint = model.provenance["fingerprint"]
    key = how.fingerprint_key
    if fingerprint.startswith("keyed:") != (key is not None):
        made, give = ("with", "the same one as fingerprintKey") if key is None else ("without", "none")
        raise DataError(f"the model's fingerprint was made {made} a key; give {give}")
    split = model.provenance["split"]
    prepared = aligned(prepare(df, how), model)
    engine, found = problem_of(prepared, Objective.of(model.options), how.blocks, _live(model), key)
    if found != fingerprint:
        raise DataError(
            f"the data are not those that the model was trained on: fingerprint expected {fingerprint}, found {found}"
            + ("; it has forgotten single interactions since, so give the data without them" if "forgotten" in split else "")
        )
    engine.factors = dict(model.factors)
    beside = LetheALSModel._of(model.options, model.provenance, model.record, model.factors, (prepared.users, prepared.items), how)
    beside.prepared, beside.engine = replace(prepared, record=split), engine
    return model._copyValues(beside)


def _live(model: LetheALSModel) -> tuple[int, int]:
    return model.sizes["users"], model.sizes["items"]


def aligned(prepared: Prepared, model: LetheALSModel) -> Prepared:
    """The cells over the model's tables: what those do not know has been forgotten, or is new, and is left out."""
    cells, moved = prepared.cells, False
    for side, own, at in (("users", prepared.users, "u"), ("items", prepared.items, "i")):
        table = model.tables[side].select("id", F.col("position").alias("to"))
        moves = own.select("id", F.col("position").alias(at)).join(table, "id", "left")
        if moves.where("`to` is null or `to` != " + at).first() is None:
            continue
        cells, moved = cells.join(moves.where("`to` is not null").drop("id"), at).drop(at).withColumnRenamed("to", at), True
    if not moved and prepared.sizes == _live(model):
        return prepared
    partitions = tasks_for(prepared.interactions, parallelism(model.spark))
    cells = cells.select("u", "i", "v", "part").repartition(partitions, "u", "i").persist()
    count = cells.where(F.col("part") == PART["train"]).count()
    return replace(prepared, users=model.tables["users"], items=model.tables["items"], cells=cells, sizes=_live(model), interactions=count)


@dataclass
class Partition:
    """Cells divided by a request."""

    retain: DataFrame  # what remains of all parts
    gone: DataFrame  # what leaves
    users: np.ndarray
    items: np.ndarray
    entries: int  # training cells that leave
    held_out: int
    single: int  # training cells that leave on their own, not with their users and items
    of_users: int  # training cells of deleted users
    unknown: dict[str, int]


def divide(model: LetheALSModel, users: Sequence[str], items: Sequence[str], interactions: Any, ignore_unknown: bool) -> Partition:
    prepared = model.prepared
    positions, unknown = {}, {"users": 0, "items": 0, "interactions": 0}
    for side, ids in (("users", users), ("items", items)):
        found = positions_of(model.tables[side], ids)
        missing = [name for name in dict.fromkeys(ids) if name not in found]
        if missing and not ignore_unknown:
            raise DataError(f"{side[:-1]} {missing[0]!r} is unknown; leave it out, or ignore unknown ids (ignore_unknown=True)")
        unknown[side] = len(missing)
        positions[side] = np.unique(np.array(list(found.values()), np.int32))
    spark = prepared.cells.sparkSession
    marked = prepared.cells
    for side, at in (("users", "u"), ("items", "i")):
        gone = spark.createDataFrame([(int(p), True) for p in positions[side]], f"{at} int, gone_{at} boolean")
        marked = marked.join(F.broadcast(gone), at, "left")
    pairs = _pairs(model, interactions, ignore_unknown, unknown)
    marked = marked.join(F.broadcast(spark.createDataFrame([(*pair, True) for pair in pairs], "u int, i int, gone_pair boolean")), ["u", "i"], "left")
    whole = F.coalesce("gone_u", "gone_i", F.lit(False))
    gone = (whole | F.coalesce("gone_pair", F.lit(False))).alias("gone")
    partitions = tasks_for(prepared.interactions, parallelism(spark))
    marked = marked.select("u", "i", "v", "part", gone, whole.alias("whole"), F.coalesce("gone_u", F.lit(False)).alias("ofUser"))
    marked = marked.repartition(partitions, "u", "i").persist()
    is_train = F.col("part") == PART["train"]
    if pairs:
        found = marked.join(F.broadcast(spark.createDataFrame(pairs, "u int, i int")), ["u", "i"]).count()
        if found < len(pairs) and not ignore_unknown:
            raise DataError(f"{len(pairs) - found} of the interactions are in no part of the data; leave them out, or ignore_unknown=True")
        unknown["interactions"] += len(pairs) - found
    counts = marked.where("gone").agg(
        F.count_if(is_train), F.count_if(~is_train), F.count_if(is_train & ~F.col("whole")), F.count_if(is_train & F.col("ofUser"))
    ).first()
    if len(positions["users"]) + len(positions["items"]) + counts[0] + counts[1] == 0:
        raise ValueError("the forget request names nothing that is in the data")
    if counts[0] == prepared.interactions:
        raise ValueError("the forget request is everything: no interaction would remain; delete the model instead")
    columns = ["u", "i", "v", "part"]
    retain, leaving = marked.where("not gone").select(*columns), marked.where("gone").select(*columns)
    return Partition(retain, leaving, positions["users"], positions["items"], *counts, unknown)


def _pairs(model: LetheALSModel, interactions: Any, ignore_unknown: bool, unknown: dict[str, int]) -> list[tuple[int, int]]:
    if isinstance(interactions, DataFrame):
        interactions = [tuple(row) for row in interactions.collect()]
    named = []
    for pair in interactions:
        if isinstance(pair, str) or len(pair) != 2:
            raise TypeError(f"an interaction expected a user and an item, got {pair!r}")
        named.append((check_id("user", pair[0]), check_id("item", pair[1])))
    at = [positions_of(model.tables[side], [pair[n] for pair in named]) for n, side in enumerate(SIDES)]
    known = [pair for pair in named if pair[0] in at[0] and pair[1] in at[1]]
    if len(known) < len(named) and not ignore_unknown:
        user, item = next(pair for pair in named if pair not in known)
        raise DataError(f"interaction of user {user!r} with item {item!r} is in no part of the data; leave it out, or ignore_unknown=True")
    unknown["interactions"] += len(named) - len(known)
    return sorted({(at[0][user], at[1][item]) for user, item in known})


def forget(
    model: LetheALSModel,
    *,
    users: Sequence[Any] = (),
    items: Sequence[Any] = (),
    interactions: Any = (),
    method: str = "retrain",
    way: str | None = None,
    passes: int | None = None,
    tolerance: float | None = None,
    ignore_unknown: bool = False,
    progress: Callable[[str], None] | None = None,
) -> LetheALSModel:
    """A model that has forgotten users, items and interactions (pairs, or a DataFrame of two columns); the given one stays.

    method: retrain (exact: the bytes of training without them), unlearn-als (goes on from the factors; `way`, `passes` and `tolerance` as
    in the library, which chooses the way where none is given) or local (only the rows that are touched, in the driver).
    The new model's `report` says what was done.
    """
    if method not in METHODS:
        raise ValueError(f'"method" expected one of {", ".join(METHODS)}; got {method!r}')
    if method != "unlearn-als" and any(value is not None for value in (way, passes, tolerance)):
        raise ValueError('"way", "passes" and "tolerance" are for method "unlearn-als"')
    model._needs_data("forgetting")
    before, started = model.digest, time.perf_counter()
    partition = divide(model, check_ids("user", users), check_ids("item", items), interactions, ignore_unknown)
    compact, kept = compacted(model, partition)
    ledger = _ledger(model, partition)
    try:
        made, details = _carried_out(model, partition, compact, kept, ledger, method, (way, passes, tolerance), progress)
    except Singular as singular:
        raise unsolvable(singular, model.tables, model.options) from None
    made.report = {
        "method": "unlearn-als" if method == "local" else method,
        "exactness": "approximate",
        "forgotten": {"users": len(partition.users), "items": len(partition.items), "interactions": partition.entries},
        **({"heldOut": partition.held_out} if partition.held_out else {}),
        **({"unknown": partition.unknown} if any(partition.unknown.values()) else {}),
        "positions": "compacted",
        "seconds": time.perf_counter() - started,
        **details,
        "digestBefore": before,
        "digestAfter": made.digest,
    }
    return model._copyValues(made)


def _carried_out(
    model: LetheALSModel,
    partition: Partition,
    compact: Prepared,
    kept: dict,
    ledger: dict,
    method: str,
    asked: tuple[str | None, int | None, float | None],
    progress: Callable[[str], None] | None,
) -> tuple[LetheALSModel, dict]:
    if method == "retrain":
        return _trained(compact, model, progress), {"exactness": "exact"}
    if method == "local":
        factors, rows = local_pass(model, partition)
        return _moved(model, compact, kept, factors, {"way": "local", "why": "asked for", "passes": 0, "local": True, "rows": rows}, ledger)
    plan = planned(model, ledger["interactions"] / ledger["of"], *asked)
    if plan["way"] == "retrain":
        made = _trained(compact, model, progress)
        return made, {"exactness": "exact", **plan, "sweeps": made.record["iterations"]}
    factors, found = _passes(model, partition, plan, progress or (lambda text: None))
    return _moved(model, compact, kept, factors, {**plan, **found}, ledger)


def compacted(model: LetheALSModel, partition: Partition) -> tuple[Prepared, dict[str, np.ndarray]]:
    """What remains over the positions that a fresh reading would have, and the old position of each."""
    prepared, cells = model.prepared, partition.retain
    tables, kept = {}, {}
    partitions = tasks_for(prepared.interactions, parallelism(model.spark))
    for side, at in (("users", "u"), ("items", "i")):
        old = model.tables[side].select("id", F.col("position").alias(at))
        ids = old.join(partition.retain.select(at).distinct(), at).select("id")
        tables[side], count = id_table(ids, partitions)
        moves = old.join(tables[side].select("id", F.col("position").alias("to")), "id").select(at, "to")
        found = moves.toArrow()
        kept[side] = np.empty(count, np.int64)
        kept[side][found.column("to").to_numpy()] = found.column(at).to_numpy()
        cells = cells.join(moves, at).drop(at).withColumnRenamed("to", at)
    cells = cells.select("u", "i", "v", "part").repartition(partitions, "u", "i").persist()
    remaining = prepared.interactions - partition.entries
    record = {name: value for name, value in prepared.record.items() if name != "forgotten"}
    single = partition.single + prepared.record.get("forgotten", {}).get("interactions", 0)
    if single:
        record["forgotten"] = {"interactions": single, "before": remaining + single}
    sizes = (len(kept["users"]), len(kept["items"]))
    return Prepared(tables["users"], tables["items"], cells, sizes, record, remaining, 0), kept


def _trained(compact: Prepared, model: LetheALSModel, progress: Any) -> LetheALSModel:
    return train(compact, model.how, model.options, compact.sizes, None, progress)


def _moved(
    model: LetheALSModel, compact: Prepared, kept: dict, factors: dict, details: dict, ledger: dict
) -> tuple[LetheALSModel, dict]:
    """The model of given factors over the positions that stay."""
    engine, found = problem_of(compact, Objective.of(model.options), model.how.blocks, compact.sizes, model.how.fingerprint_key)
    engine.factors = {side: np.ascontiguousarray(factors[side][kept[side]]) for side in SIDES}
    share = ledger["interactions"] / ledger["of"]
    details = {**details, "forgottenSinceTraining": share, "retrainDue": share > RULES["retrainShare"]}
    record = {**model.record, "unlearned": {**details, **ledger}}
    provenance = {**model.provenance, "fingerprint": found, "split": compact.record}
    return LetheALSModel.made(model.options, provenance, record, engine, compact, model.how), details


def _ledger(model: LetheALSModel, partition: Partition) -> dict[str, int]:
    before = model.record.get("unlearned", {})
    return {
        "interactions": before.get("interactions", 0) + partition.entries,
        "of": before.get("of", model.prepared.interactions),
    }


def planned(model: LetheALSModel, share: float, way: str | None, passes: int | None, tolerance: float | None) -> dict[str, Any]:
    """How a request is carried out, and why so (src/unlearn/unlearn-als.ts)."""
    if way not in (None, "change", "passes"):
        raise ValueError(f'"way" expected change or passes; got {way!r}')
    if passes is not None and (isinstance(passes, bool) or not isinstance(passes, int) or passes < 0):
        raise ValueError(f'"passes" expected an integer >= 0, got {passes!r}')
    if tolerance is not None:
        if way == "change":
            raise ValueError('"tolerance" ends plain passes only; give a number of "passes", or leave out "way"')
        if not 0 < tolerance <= 1:
            raise ValueError(f'"tolerance" expected a number > 0 and <= 1, got {tolerance!r}')
        return {"way": "passes", "why": "asked for", "passes": 100 if passes is None else passes, "tolerance": tolerance}
    chosen = _chosen(model.record, share)
    if way is None:
        return chosen if passes is None else {"way": "passes", "why": "asked for", "passes": passes}
    if passes is None:
        passes = chosen["passes"] if way == chosen["way"] else RULES["passes"]
    return {"way": way, "why": "asked for", "passes": passes}


def _chosen(record: dict[str, Any], share: float) -> dict[str, Any]:
    residual, decrease, iterations = record.get("residual"), record.get("decrease"), record.get("iterations")
    if isinstance(residual, float) and residual <= RULES["converged"]:
        passes = RULES["passesOfLarge"] if share > RULES["retrainShare"] else RULES["passes"]
        return {"way": "change", "passes": passes, "why": f"training converged (relative gradient {residual:.1e}): more passes lead nearer to gold"}
    if iterations is not None and iterations <= RULES["sweepsDoneAnew"] and residual is None and not record.get("start"):
        sweeps = f"{iterations} {'sweep' if iterations == 1 else 'sweeps'}"
        why = f"training took {sweeps}: done anew, it costs hardly more than passes, and is exact"
        return {"way": "retrain", "passes": iterations, "why": why}
    state = f"its last sweep lowered the objective by {decrease * 100:.2g} %" if decrease is not None else "it was one sweep"
    why = f"training ended before it had converged ({state}): passes alone would be further training, which gold has not had"
    return {"way": "change", "passes": RULES["passesUnconverged"], "why": why}


def _passes(model: LetheALSModel, partition: Partition, plan: dict, note: Callable[[str], None]) -> tuple[dict, dict]:
    """ALS goes on over the retained cells, whose positions stay; by `change`, less what the same passes over all cells change."""
    first = "items" if len(partition.items) == 0 and len(partition.users) > 0 and partition.of_users == partition.entries else "users"
    before = model.factors
    reference = None
    if plan["way"] == "change":
        engine = Engine(model.engine.sides["users"], model.engine.sides["items"], model.engine.how)
        engine.factors = dict(before)
        for done in range(plan["passes"]):
            engine.sweep(first)
            note(f"pass {done + 1} of {2 * plan['passes']}")
        reference = dict(engine.factors)
    engine = retained_problem(model, partition)
    engine.start(before["users"], before["items"])
    objectives = [engine.objective()]
    done = 0
    while done < plan["passes"]:
        engine.sweep(first)
        done += 1
        note(f"pass {done} of {plan['passes']}")
        if plan["way"] == "passes":
            objectives.append(engine.objective())
            if plan.get("tolerance") is not None and last_decrease(objectives) <= plan["tolerance"]:
                break
    if reference is not None:
        for side in SIDES:
            rows, filled = engine.factors[side], engine.filled(side)
            changed = rows.astype(np.float64) + (before[side].astype(np.float64) - reference[side].astype(np.float64))
            engine.factors[side] = np.where(filled[:, None], changed.astype(np.float32), rows)
            engine._grams.clear()
        objectives.append(engine.objective())
    details = {"passes": done, "order": f"{first} first", "objectiveBefore": objectives[0], "objective": objectives[-1]}
    if plan["way"] == "passes":
        details["decrease"] = last_decrease(objectives)
    return dict(engine.factors), details


def retained_problem(model: LetheALSModel, partition: Partition) -> Engine:
    """The problem of what remains where everybody stays in place; the deleted leave an empty row."""
    prepared = replace(model.prepared, cells=partition.retain, interactions=model.prepared.interactions - partition.entries)
    live = (prepared.sizes[0] - len(partition.users), prepared.sizes[1] - len(partition.items))
    return problem_of(prepared, Objective.of(model.options), model.how.blocks, live, with_fingerprint=False)[0]
