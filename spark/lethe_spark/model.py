"""A trained model on Spark: it serves, forgets, is judged and saved. Its factors lie in the driver, its ids and cells in Spark."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import partial
from typing import Any, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from pyspark.ml.base import Model
from pyspark.ml.param import Params
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from .attach import attach
from .blocks import build_blocks
from .contract import CONTRACT, VERSION, js_json
from .engine import Engine, Shipped
from .errors import DataError, ModelError
from .keys import check_ids
from .lethe_file import digest_of, identity, padded_rows, read_file, write_file
from .metrics import NAMES
from .prepare import How, Prepared
from .serving import figures, in_turn, popular_first, recommended
from .split import PART
from .sweep import resident
from .ranking import scores_of
from .reading import Columns
from .tables import ids_in_order, table_of

SIDES = ("users", "items")


class LetheALSModel(Model, Params):
    """What LetheALS.fit gives. `digest` is that of `lethe train` on the same data with the same options."""

    options: dict[str, Any]
    provenance: dict[str, Any]
    record: dict[str, Any]

    @classmethod
    def made(
        cls,
        options: dict[str, Any],
        provenance: dict[str, Any],
        record: dict[str, Any],
        engine: Engine,
        prepared: Prepared,
        how: How,
    ) -> "LetheALSModel":
        model = cls._of(options, provenance, record, engine.factors, (prepared.users, prepared.items), how)
        model.prepared, model.engine = prepared, engine
        return model

    @classmethod
    def _of(cls, options: dict, provenance: dict, record: dict, factors: Mapping[str, np.ndarray], tables: tuple, how: How) -> "LetheALSModel":
        model = cls()
        model.options, model.provenance, model.record = options, provenance, record
        model.factors, model.tables, model.how = dict(factors), dict(zip(SIDES, tables)), how
        model.prepared = model.engine = None
        return model

    @property
    def spark(self) -> SparkSession:
        return self.tables["users"].sparkSession

    @property
    def sizes(self) -> dict[str, int]:
        return {side: len(self.factors[side]) for side in SIDES}

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of kind, options, ids and factors: equal to `lethe inspect` of the same model, wherever it was trained."""
        return digest_of(self._identity(), [self.factors[side] for side in SIDES])

    def _identity(self) -> dict[str, Any]:
        ids = [ids_in_order(self.tables[side], self.sizes[side]) for side in SIDES]
        return identity(self.options, ids[0], ids[1], self.sizes)

    def _frame(self, side: str) -> DataFrame:
        """(id, row: array<float>) of a side."""
        shipped = Shipped(self.spark, {"rows": self.factors[side][:, : self.options["factors"]]})
        return self.tables[side].mapInArrow(partial(_rows_beside, shipped=shipped), "id string, position int, row array<float>")

    @property
    def userFactors(self) -> DataFrame:
        """(id, features): as in pyspark.ml's ALSModel."""
        return self._frame("users").select("id", F.col("row").alias("features"))

    @property
    def itemFactors(self) -> DataFrame:
        return self._frame("items").select("id", F.col("row").alias("features"))

    def with_data(
        self, df: DataFrame, *, columns: Mapping[str, str] | None = None, blocks: int | None = None, fingerprintKey: str | None = None
    ) -> "LetheALSModel":
        """The model beside the data that it was trained on, which it needs to leave out what users have, to be judged and to forget.

        columns: by role (user, item, value, time, part), where they have other names than those that the model remembers.
        """
        from .forget import trained_data

        how = self.how
        value = "value" if "value" in df.columns else None
        named = Columns(**columns) if columns is not None else how.columns if how.columns != Columns() else Columns(value=value)
        key = fingerprintKey or how.fingerprint_key
        return trained_data(self, df, replace(how, columns=named, blocks=blocks or how.blocks, fingerprint_key=key))

    def _needs_data(self, what: str) -> Prepared:
        if self.prepared is None:
            raise DataError(f"{what} needs the data that the model was trained on; give them with model.with_data(df)")
        return self.prepared

    def _positions(self, side: str, ids: Sequence[str]) -> np.ndarray:
        found = positions_of(self.tables[side], ids)
        for name in ids:
            if name not in found:
                raise DataError(f"{side[:-1]} {name!r} is not in the model")
        return np.array([found[name] for name in ids], np.int32)

    def recommend(
        self,
        users: Any = "all",
        k: int = 10,
        *,
        include_seen: bool = False,
        on_cold: str = "popular",
        exclude: Sequence[Any] = (),
        candidates: Sequence[Any] | None = None,
    ) -> DataFrame:
        """The best k items for users: a DataFrame (user, rank, item, score, cold).

        users: ids, or 'all'. on_cold: popular (the most popular items; the score is how many have it), refuse or empty, for users without
        training rows. exclude, candidates: item ids that must not, or may alone, be ranked.
        """
        if not isinstance(k, int) or isinstance(k, bool) or k < 1:
            raise ValueError(f'"k" expected an integer >= 1, got {k!r}')
        if on_cold not in ("popular", "refuse", "empty"):
            raise ValueError(f'"on_cold" expected popular, refuse or empty; got {on_cold!r}')
        self._needs_data("recommending")
        arrays = self._arrays()
        allowed = np.full(self.sizes["items"], candidates is None, np.uint8)
        if candidates is not None:
            allowed[self._positions("items", check_ids("candidate", candidates))] = 1
        allowed[self._positions("items", check_ids("item", exclude))] = 0
        arrays["allowed"], arrays["popular"] = allowed, popular_first(arrays["counts"], allowed)
        if not (isinstance(users, str) and users == "all"):
            names = check_ids("user", users)
            arrays["wanted"] = np.unique(self._positions("users", names))
        lists = recommended(self.engine.sides["users"].blocks, arrays, min(k, self.sizes["items"]), include_seen, on_cold)
        if on_cold == "refuse":
            cold = self._cold_user(arrays.get("wanted"))
            if cold is not None:
                raise DataError(f"user {cold!r} has no training rows, so that the model knows nothing of them; on_cold='popular' serves the most popular items")
        names = [self.tables[side].select(F.col("position").alias(at), F.col("id").alias(side[:-1])) for side, at in (("users", "u"), ("items", "i"))]
        return lists.join(names[0], "u").join(names[1], "i").select("user", "rank", "item", "score", "cold").orderBy("u", "rank")

    def _cold_user(self, wanted: np.ndarray | None) -> str | None:
        trained = self.prepared.train.select(F.col("u").alias("position")).distinct()
        cold = self.tables["users"].join(trained, "position", "left_anti")
        if wanted is not None:
            cold = cold.where(F.col("position").isin(wanted.tolist()))
        row = cold.orderBy("position").first()
        return row and row["id"]

    def _arrays(self) -> dict[str, np.ndarray]:
        counts = np.zeros(self.sizes["items"], np.int64)
        for position, count in self.prepared.train.groupBy("i").count().collect():
            counts[position] = count
        return {"X": self.factors["users"], "Y": self.factors["items"], "counts": counts}

    def recommendForAllUsers(self, numItems: int) -> DataFrame:
        """As in pyspark.ml's ALSModel: (user, recommendations: array of (item, rating)), what users have left out."""
        each = F.struct("rank", "item", F.col("score").alias("rating"))
        lists = self.recommend("all", numItems).groupBy("user").agg(F.sort_array(F.collect_list(each)).alias("lists"))
        return lists.select("user", F.transform("lists", lambda one: F.struct(one["item"].alias("item"), one["rating"].alias("rating"))).alias("recommendations"))

    def evaluate(self, df: DataFrame | None = None, *, on: str = "test", k: int | Sequence[int] = 20) -> dict[str, Any]:
        """Full ranking of held-out cells, seen items left out: means by metric@k, the figures of `lethe evaluate` to the last bit."""
        if on not in ("test", "validation"):
            raise ValueError(f'"on" expected test or validation, got {on!r}')
        cutoffs = list(dict.fromkeys([k] if isinstance(k, int) else k))
        if not cutoffs or not all(isinstance(each, int) and not isinstance(each, bool) and each >= 1 for each in cutoffs):
            raise ValueError(f'"k" expected integers >= 1, got {k!r}')
        if df is not None:
            return self.with_data(df).evaluate(on=on, k=k)
        prepared = self._needs_data("evaluation")
        counts = {part: prepared.cells.where(F.col("part") == PART[part]).count() for part in ("validation", "test")}
        if counts[on] == 0:
            rule = self.provenance["split"]["rule"]
            trained = "on all rows of the data" if rule == "all" else f"with the split {rule}, which has no {on} part"
            raise DataError(f"nothing is left to evaluate on: the model was trained {trained}; train with split='per-user:0.8,0.1,0.1'")
        side = self.engine.sides["users"]

        def blocks_of(part: str) -> DataFrame:
            return build_blocks(prepared.cells.where(F.col("part") == PART[part]), prepared.users, "u", "i", side.plan)

        arrays = self._arrays()
        arrays["popular"] = popular_first(arrays["counts"], np.ones(self.sizes["items"], np.uint8))
        arrays["positive"] = np.array([self.how.likes is None])
        explicit = self.options["objective"] == "explicit"
        mask = blocks_of("validation") if on == "test" and counts["validation"] else None
        warm, cold, squares, absolutes = figures(side.blocks, blocks_of(on), mask, arrays, cutoffs, explicit)
        if len(warm) == 0:
            found = f"{len(cold)} users without training rows alone have" if len(cold) else "no user has"
            raise DataError(f"{found} held-out interactions to evaluate on")
        return {
            "users": len(warm),
            **_named(warm, cutoffs),
            "coldUsers": len(cold),
            "cold": _named(cold, cutoffs) if len(cold) else None,
            "rmse": math.sqrt(in_turn(squares) / len(squares)) if len(squares) else None,
            "mae": float(in_turn(absolutes) / len(absolutes)) if len(absolutes) else None,
        }

    def forget(self, df: DataFrame | None = None, **request: Any) -> "LetheALSModel":
        """A model that has forgotten: see `lethe_spark.forget.forget`. The report is its `report`."""
        from .forget import forget

        return forget(self if df is None else self.with_data(df), **request)

    def _transform(self, dataset: DataFrame) -> DataFrame:
        """Adds the score of each (user, item); NaN where the model does not know one of them."""
        user, item = self._column("userCol", "user"), self._column("itemCol", "item")
        by = [
            self.tables[side].select(F.col("id").alias(f"__{at}_id"), F.col("position").alias(f"__{at}"))
            for side, at in (("users", "u"), ("items", "i"))
        ]
        placed = (
            dataset.join(by[0], F.col(user).cast("string") == F.col("__u_id"), "left")
            .join(by[1], F.col(item).cast("string") == F.col("__i_id"), "left")
            .drop("__u_id", "__i_id")
        )
        prediction = self._column("predictionCol", "prediction")
        kept = dataset.schema.fields
        schema = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in kept) + f", `{prediction}` float"
        shipped = Shipped(self.spark, {"X": self.factors["users"], "Y": self.factors["items"]})
        return placed.mapInArrow(partial(_predict, shipped=shipped, kept=[field.name for field in kept], name=prediction), schema)

    def _column(self, param: str, default: str) -> str:
        return self.getOrDefault(param) if self.hasParam(param) and self.isDefined(self.getParam(param)) else default

    def to_lethe(self, path: str) -> None:
        """Writes the model as one file of the library, which every host reads. Raises where it does not fit one memory."""
        write_file(path, self._identity(), self.provenance, self.record, [self.factors[side] for side in SIDES])

    def save(self, path: str, *, overwrite: bool = False) -> None:
        """Writes shards (Parquet: id, position, key, row) of users and items, and a manifest, into a folder on any file system of Spark."""
        mode = "overwrite" if overwrite else "errorifexists"
        digest = self.digest
        for side in SIDES:
            frame = self._frame(side).join(self.tables[side].select("position", "key"), "position")
            frame.select("id", "position", "key", "row").write.mode(mode).parquet(f"{path}/{side}")
        manifest = {
            "format": 1,
            "model": "als",
            "options": self.options,
            "sizes": self.sizes,
            "provenance": self.provenance,
            "record": self.record,
            "digest": digest,
            "version": VERSION,
            "kernels": CONTRACT["kernels"],
            "columns": vars(self.how.columns),
            "duplicates": self.how.duplicates,
        }
        # Written last: a folder without it is no model.
        self.spark.createDataFrame([(js_json(manifest),)], "value string").coalesce(1).write.mode(mode).text(f"{path}/manifest")

    @classmethod
    def from_lethe(cls, path: str, spark: SparkSession | None = None) -> "LetheALSModel":
        """Reads a model file of the library, wherever it was trained, so that Spark serves it, judges it and makes it forget."""
        spark = spark or SparkSession.getActiveSession()
        if spark is None:
            raise ModelError("from_lethe expected a SparkSession: none is active")
        attach(spark)
        header, factors = read_file(path)
        for side in SIDES:
            if None in header[side]:
                raise ModelError(f"{path}: the model has empty positions of {side}; forget with positions 'compacted', or compact the store")
        tables = tuple(table_of(spark, header[side]) for side in SIDES)
        provenance = header["provenance"]
        reading = provenance.get("reading", {})
        how = _how_of(Columns(), reading.get("duplicates", "last"), provenance)
        return cls._of(header["options"], provenance, header["record"], factors, tables, how)

    @classmethod
    def load(cls, path: str, spark: SparkSession | None = None) -> "LetheALSModel":
        """Reads what `save` wrote. Raises ModelError for shards that are incomplete or not those of the manifest."""
        spark = spark or SparkSession.getActiveSession()
        if spark is None:
            raise ModelError("load expected a SparkSession: none is active")
        attach(spark)
        try:
            manifest = json.loads("\n".join(row[0] for row in spark.read.text(f"{path}/manifest").collect()))
        except Exception as error:
            raise ModelError(f"{path}: expected a model that save wrote, with a manifest; found none that can be read") from error
        if manifest.get("format") != 1 or manifest.get("model") != "als":
            raise ModelError(f"{path}: the manifest has format {manifest.get('format')!r}; this version ({VERSION}) reads format 1")
        factors, tables = {}, []
        for side in SIDES:
            shards = spark.read.parquet(f"{path}/{side}")
            tables.append(shards.select("id", "position", "key", F.lit(False).alias("held")).persist())
            rows = shards.select("position", "row").toArrow()
            positions = rows.column("position").to_numpy()
            if not np.array_equal(np.sort(positions), np.arange(manifest["sizes"][side])):
                raise ModelError(f"{path}/{side}: expected a row for each of {manifest['sizes'][side]} positions, found {len(positions)} rows")
            values = np.empty((len(positions), manifest["options"]["factors"]), np.float32)
            flat = rows.column("row").combine_chunks().flatten().to_numpy()
            values[positions] = flat.reshape(len(positions), -1)
            factors[side] = padded_rows(values, manifest["options"]["factors"])
        how = _how_of(Columns(**manifest["columns"]), manifest["duplicates"], manifest["provenance"])
        model = cls._of(manifest["options"], manifest["provenance"], manifest["record"], factors, tuple(tables), how)
        if model.digest != manifest["digest"]:
            raise ModelError(f"{path}: the shards are not those of the manifest: digest expected {manifest['digest']}, found {model.digest}")
        return model


def _how_of(columns: Columns, duplicates: str, provenance: Mapping[str, Any]) -> How:
    """How a model's data are read again."""
    split, likes = provenance["split"], provenance.get("reading", {}).get("likes")
    held = split.get("unseen", {})
    return How(columns, duplicates, likes, split["rule"], split["seed"], held.get("users", 0.0), held.get("items", 0.0))


def positions_of(table: DataFrame, ids: Sequence[str]) -> dict[str, int]:
    """Position by id, of those that the table has."""
    if not ids:
        return {}
    if len(ids) <= 1000:
        found = table.where(F.col("id").isin(list(ids)))
    else:
        wanted = table.sparkSession.createDataFrame(pa.table({"id": pa.array(list(dict.fromkeys(ids)))}))
        found = table.join(wanted, "id")
    return {row["id"]: row["position"] for row in found.select("id", "position").collect()}


def _named(rows: np.ndarray, cutoffs: Sequence[int]) -> dict[str, float]:
    means = (in_turn(rows) / len(rows)).reshape(len(cutoffs), len(NAMES))
    return {f"{name}@{k}": float(means[c, m]) for m, name in enumerate(NAMES) for c, k in enumerate(cutoffs)}


def _rows_beside(batches: Iterator[pa.RecordBatch], shipped: Shipped) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        position = batch.column(1).to_numpy()
        rows = shipped.arrays["rows"][position]
        offsets = np.arange(0, rows.size + 1, rows.shape[1], dtype=np.int32) if rows.size else np.zeros(1, np.int32)
        arrays = pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.ascontiguousarray(rows).reshape(-1)))
        yield pa.RecordBatch.from_arrays([batch.column(0), pa.array(position), arrays], ["id", "position", "row"])


def _predict(batches: Iterator[pa.RecordBatch], shipped: Shipped, kept: Sequence[str], name: str) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        users, items = (batch.column(at).to_numpy(zero_copy_only=False) for at in ("__u", "__i"))
        known = ~(np.isnan(users.astype(np.float64)) | np.isnan(items.astype(np.float64)))
        scores = np.full(len(users), np.nan, np.float32)
        if known.any():
            (address,) = resident(shipped.token, shipped.arrays["Y"])
            mine, rows = np.unique(users[known].astype(np.int64), return_inverse=True)
            scores[known] = scores_of(shipped.arrays["X"][mine], address, rows, items[known].astype(np.int64))
        yield pa.RecordBatch.from_arrays([*[batch.column(each) for each in kept], pa.array(scores)], [*kept, name])
