"""What the build of the TypeScript library has laid down: options, numbers of streams, constants. Nothing here is decided twice."""

from __future__ import annotations

import json
import math
from importlib import resources
from typing import Any, Mapping

CONTRACT: Mapping[str, Any] = json.loads(resources.files(__package__).joinpath("contract.json").read_text("utf-8"))
OPTIONS: Mapping[str, Mapping[str, Any]] = {option["name"]: option for option in CONTRACT["options"]}
VERSION: str = CONTRACT["version"]

#: Options that training on Spark does not have: the way to the optimum in float64.
NOT_HERE = ("tolerance", "accelerator", "polish")


def checked(name: str, value: Any) -> Any:
    """The value of an option, by its declaration. Raises TypeError or ValueError that say what was expected."""
    option = OPTIONS.get(name)
    if option is None:
        raise TypeError(f'als has no option "{name}"; it has {", ".join(known for known in OPTIONS if known not in NOT_HERE)}')
    if name in NOT_HERE:
        if value is None:
            return None
        raise ValueError(f'"{name}" is not available on Spark; train there by sweeps, save with to_lethe, and converge in one memory')
    kind = option["kind"]
    if kind == "boolean":
        if not isinstance(value, bool):
            raise TypeError(f'"{name}" expected true or false, got {value!r}')
        return value
    if kind == "word":
        if value not in option["words"]:
            raise ValueError(f'"{name}" expected one of {", ".join(option["words"])}; got {value!r}')
        return value
    return _number(name, value, kind == "integer", option.get("bounds", {}))


def _number(name: str, value: Any, whole: bool, bounds: Mapping[str, float]) -> int | float:
    expected = "an integer" if whole else "a number"
    limits = [f"{sign} {js_number(bounds[key])}" for key, sign in (("min", ">="), ("above", ">"), ("max", "<=")) if key in bounds]
    said = f'"{name}" expected {expected}{" " if limits else ""}{" and ".join(limits)}, got {value!r}'
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(said)
    inside = value >= bounds.get("min", -math.inf) and value > bounds.get("above", -math.inf) and value <= bounds.get("max", math.inf)
    if not math.isfinite(value) or not inside or (whole and value != int(value)):
        raise ValueError(said)
    return int(value) if whole or float(value).is_integer() else float(value)


def resolved(given: Mapping[str, Any]) -> dict[str, Any]:
    """All options in the order of their declaration, without those that stay unsaid: as a model's canonical bytes have them."""
    for name in given:
        checked(name, given[name])
    values = {name: checked(name, given[name]) if given.get(name) is not None else option["default"] for name, option in OPTIONS.items()}
    return {name: value for name, value in values.items() if value is not None}


def js_number(value: int | float) -> str:
    """A number as JSON.stringify writes it: the shortest digits that give it back, exponents from 1e21 and below 1e-6 on."""
    if isinstance(value, int) and abs(value) < 1 << 53:
        return str(value)
    value = float(value)
    if not math.isfinite(value):
        return "null"
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0)  # the decimal point stands so many digits after the first of whole + fraction
    point -= len(whole + fraction) - len((whole + fraction).lstrip("0"))
    digits = digits.rstrip("0") or "0"
    n = len(digits)
    if 0 < point <= 21:
        return sign + (digits + "0" * (point - n) if n <= point else f"{digits[:point]}.{digits[point:]}")
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f"{digits[0]}.{digits[1:]}" if n > 1 else digits
    return f"{sign}{tail}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def js_json(value: Any) -> str:
    """A value as JSON.stringify writes it, without indentation."""
    if value is None or isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (int, float)):
        return js_number(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{js_json(each)}" for key, each in value.items() if each is not ...) + "}"
    return "[" + ",".join(js_json(each) for each in value) + "]"
