"""LetheALS: alternating least squares on Spark, to the bytes of `lethe train`. An Estimator in the manner of pyspark.ml."""

from __future__ import annotations

from typing import Any, Callable

from pyspark.ml.base import Estimator
from pyspark.ml.param import Param, Params
from pyspark.sql import DataFrame

from .contract import NOT_HERE, OPTIONS, checked, resolved
from .engine import Singular
from .errors import DataError, ModelError
from .fingerprint import check_key
from .model import LetheALSModel
from .objective import Objective
from .prepare import How, Prepared, name_at, prepare, problem_of
from .reading import Columns

_READING = {
    "userCol": ("user", "Column of user ids: strings or whole numbers."),
    "itemCol": ("item", "Column of item ids."),
    "valueCol": (None, "Column of values; default: `value` where there is one, else 1 for each row."),
    "timeCol": (None, "Column of times, which say what is last; default none."),
    "partCol": (None, "Column of the split that the data bring: 0 train, 1 validation, 2 test, 3 unseen; default none."),
    "split": (None, "per-user:0.8,0.1,0.1, leave-one-out, by-time:0.8,0.1,0.1, given or all; default: given with a partCol, else all."),
    "splitSeed": (None, "Seed of the split; default: the model's."),
    "unseenUsers": (0.0, "Share of users that are held out as a whole, 0 to 0.5."),
    "unseenItems": (0.0, "The same for items."),
    "duplicates": ("last", "What happens to pairs that occur more than once: last, sum, error."),
    "likes": (None, "Which rows are likes, such as value>=4; default: all rows are kept."),
    "blocks": (None, "Blocks of a side; default: as many as tasks run at once. Any number gives the same bytes."),
}


class _LetheParams(Params):
    """What LetheALS and its model are told. The options of ALS, their defaults and bounds are those of the library."""

    predictionCol = Param(Params._dummy(), "predictionCol", "Column that transform adds.")


for _name, (_, _doc) in _READING.items():
    setattr(_LetheParams, _name, Param(Params._dummy(), _name, _doc))
for _name, _option in OPTIONS.items():
    if _name not in NOT_HERE:
        setattr(_LetheParams, _name, Param(Params._dummy(), _name, _option["doc"], lambda value, name=_name: checked(name, value)))


class LetheALS(Estimator, _LetheParams):
    """Trains ALS on a DataFrame of interactions.

    >>> model = LetheALS(factors=32, iterations=5).fit(df, user='user', item='item', value='rating')
    >>> model.recommend(['196'], k=10).show()

    Options are those of `lethe train --model als`, by their API names; beside them the names of columns (userCol, itemCol,
    valueCol, timeCol, partCol), split, splitSeed, duplicates, likes, unseenUsers, unseenItems, blocks.
    """

    def __init__(self, *, progress: Callable[[str], None] | None = None, **options: Any) -> None:
        super().__init__()
        self._progress = progress
        self._setDefault(predictionCol="prediction", **{name: value for name, (value, _) in _READING.items() if value is not None})
        self._setDefault(**{name: option["default"] for name, option in OPTIONS.items() if name not in NOT_HERE})
        self.setParams(**options)

    def setParams(self, **options: Any) -> "LetheALS":
        """Sets params by name. Raises TypeError for a name that is none, ValueError for a value out of bounds."""
        for name in options:
            if not self.hasParam(name):
                checked(name, options[name])  # says which options there are
        return self._set(**{name: value for name, value in options.items() if value is not None})

    def fit(self, dataset: DataFrame, params: Any = None, *, start: Any = None, fingerprintKey: str | None = None, **columns: str) -> Any:
        """Trains on a DataFrame.

        user, item, value, time, part: names of columns (or the params userCol …). start: (userFactors, itemFactors) as arrays, to go on
        from. fingerprintKey: a secret of 16 characters or more, with which the data's fingerprint is made.
        """
        unknown = set(columns) - {"user", "item", "value", "time", "part"}
        if unknown:
            raise TypeError(f"fit got an unknown argument {sorted(unknown)[0]!r}; columns are user, item, value, time, part")
        if not isinstance(params, (list, tuple)):
            named = {getattr(self, f"{role}Col"): name for role, name in columns.items() if name is not None}
            return self.copy({**named, **(params or {})})._fitted(dataset, start, check_key(fingerprintKey))
        return super().fit(dataset, params)

    def _fit(self, dataset: DataFrame) -> "LetheALSModel":
        return self._fitted(dataset, None, None)

    def _said(self, name: str) -> Any:
        param = self.getParam(name)
        return self.getOrDefault(param) if self.isDefined(param) else None

    def options(self) -> dict[str, Any]:
        """The options of ALS that are set, in the order of their declaration."""
        return resolved({name: self._said(name) for name in OPTIONS if name not in NOT_HERE})

    def _how(self, df: DataFrame, key: str | None) -> How:
        value = self._said("valueCol") or ("value" if "value" in df.columns else None)
        seed = self._said("splitSeed")
        for name in ("unseenUsers", "unseenItems"):
            if not 0 <= self._said(name) <= 0.5:
                raise ValueError(f'"{name}" expected a number >= 0 and <= 0.5, got {self._said(name)!r}')
        blocks = self._said("blocks")
        if blocks is not None and (not isinstance(blocks, int) or isinstance(blocks, bool) or blocks < 1):
            raise ValueError(f'"blocks" expected an integer >= 1, got {blocks!r}')
        return How(
            columns=Columns(self._said("userCol"), self._said("itemCol"), value, self._said("timeCol"), self._said("partCol")),
            duplicates=self._said("duplicates"),
            likes=self._said("likes"),
            split=self._said("split"),
            split_seed=self._said("seed") if seed is None else seed,
            unseen_users=float(self._said("unseenUsers")),
            unseen_items=float(self._said("unseenItems")),
            fingerprint_key=key,
            blocks=blocks,
        )

    def _fitted(self, df: DataFrame, start: Any, key: str | None) -> "LetheALSModel":
        how, options = self._how(df, key), self.options()
        self._note("reading")
        prepared = prepare(df, how)
        require_likes(prepared, options, how)
        model = train(prepared, how, options, prepared.sizes, start, self._progress)
        return self._copyValues(model)

    def _note(self, text: str) -> None:
        if self._progress:
            self._progress(text)


def require_likes(prepared: Prepared, options: dict[str, Any], how: How) -> None:
    """Values that make no sense for the objective are refused, with the first of them."""
    if options["objective"] == "explicit" or (options["objective"] == "implicit" and options["confidence"]) or how.likes is not None:
        return
    row = prepared.train.where("not (v > 0)").first()
    if row is None:
        return
    user, item = name_at(prepared.users, row["u"]), name_at(prepared.items, row["i"])
    raise DataError(
        f'als, objective {options["objective"]}, takes every row for a like and expected values above 0, found {row["v"]} for user {user!r} '
        f"and item {item!r}; say what counts as a like with likes='value>=…'; objective \"explicit\" takes ratings of either sign"
    )


def train(
    prepared: Prepared,
    how: How,
    options: dict[str, Any],
    live: tuple[int, int],
    start: Any = None,
    progress: Callable[[str], None] | None = None,
) -> "LetheALSModel":
    """A model of the training cells, from scratch or from factors."""
    note = progress or (lambda text: None)
    note("making blocks")
    engine, found = problem_of(prepared, Objective.of(options), how.blocks, live, how.fingerprint_key)
    rows = sum(prepared.sizes) * engine.how.ld * 4
    note(f"memory: {rows >> 20} MiB of factors in the driver; {max(engine.bytes.values()) >> 20} MiB in the largest task")
    objectives: list[float] = []
    try:
        if start is None:
            engine.initialize()
        else:
            engine.start(*start)
        for iteration in range(1, options["iterations"] + 1):
            engine.sweep()
            if iteration >= options["iterations"] - 1:
                objectives.append(engine.objective())
            note(f"iteration {iteration} of {options['iterations']}" + (f", objective {objectives[-1]:.6g}" if objectives else ""))
    except Singular as singular:
        raise unsolvable(singular, {"users": prepared.users, "items": prepared.items}, options) from None
    record = {"iterations": options["iterations"], "objective": objectives[-1], "decrease": last_decrease(objectives)}
    if start is not None:
        record["start"] = True
    provenance: dict[str, Any] = {"fingerprint": found, "split": prepared.record}
    if how.likes is not None:
        provenance["reading"] = {"likes": how.likes}
    return LetheALSModel.made(options, provenance, record, engine, prepared, how)


def unsolvable(singular: Singular, tables: dict[str, DataFrame], options: dict[str, Any]) -> ModelError:
    """What to say of a row whose equations have no unique solution."""
    side, row = singular.args
    return ModelError(
        f"the normal equations of {side[:-1]} {name_at(tables[side], row)!r} have no unique solution in float32; raise regularization "
        f"(now {options['regularization']})"
    )


def last_decrease(objectives: list[float]) -> float | None:
    """(L before − L) / L of the last sweep; None where there was only one."""
    if len(objectives) < 2 or objectives[-1] == 0:
        return None
    return (objectives[-2] - objectives[-1]) / objectives[-1]
