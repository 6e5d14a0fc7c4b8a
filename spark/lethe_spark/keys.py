"""Keys of ids, keyed draws and hashes of interactions, all by the module that the TypeScript is tested against."""

from __future__ import annotations

from typing import Iterable, Sequence

import numpy as np

from .contract import CONTRACT
from .errors import DataError
from .wasm import id_module

STREAM = CONTRACT["streams"]
DRAW = CONTRACT["draws"]


def keys_of(ids: Sequence[str]) -> np.ndarray:
    """u32[n, 2]: the key of each id."""
    texts = [text.encode("utf-16-le") for text in ids]
    ends = np.cumsum([len(text) // 2 for text in texts], dtype=np.int64)
    if len(ends) and ends[-1] >= 1 << 30:
        half = len(texts) // 2
        return np.concatenate([keys_of(ids[:half]), keys_of(ids[half:])])
    module = id_module()
    with module.scope():
        out = module.alloc(8 * len(texts))
        at = module.upload(ends.astype(np.int32))
        units = module.upload(np.frombuffer(b"".join(texts), np.uint8))
        module.call("id_keys", len(texts), at, units, out)
        return module.view(out, np.uint32, 2 * len(texts)).copy().reshape(-1, 2)


def uniforms(keys: np.ndarray, seed: int, draw: int, stream: int = STREAM["split"]) -> np.ndarray:
    """f64[n] in [0, 1) for keys u32[n, 2]."""
    module = id_module()
    with module.scope():
        out, words = module.alloc(8 * len(keys)), module.alloc(16)
        module.call("key_uniforms", len(keys), seed, stream, draw, module.upload(keys), out, words)
        return module.view(out, np.float64, len(keys)).copy()


def pair_uniforms(users: np.ndarray, items: np.ndarray, seed: int, draw: int, stream: int = STREAM["split"]) -> np.ndarray:
    """The same for pairs of keys, u32[n, 2] each."""
    module = id_module()
    with module.scope():
        out, words = module.alloc(8 * len(users)), module.alloc(16)
        module.call("pair_uniforms", len(users), seed, stream, draw, module.upload(users), module.upload(items), out, words)
        return module.view(out, np.float64, len(users)).copy()


def row_hash_sums(
    row_keys: np.ndarray, column_keys: np.ndarray, indptr: np.ndarray, indices: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """u32[rows, 4]: what each row adds to a fingerprint."""
    module = id_module()
    rows = len(indptr) - 1
    with module.scope():
        out = module.alloc(16 * rows)
        given = [module.upload(array) for array in (row_keys, column_keys, indptr, indices, values)]
        module.call("row_hash_sums", rows, *given, out)
        return module.view(out, np.uint32, 4 * rows).copy().reshape(-1, 4)


def is_canonical_integer(text: str) -> bool:
    """Digits without leading zeros."""
    return text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")


def canonical(text: str) -> tuple:
    """Key of the canonical order: whole numbers first, by value; then all others by UTF-16 code units."""
    if is_canonical_integer(text):
        return (0, len(text), text.encode("ascii"))
    return (1, 0, text.encode("utf-16-be"))


def check_id(what: str, value: object) -> str:
    """An id that can be written and read again. Whole numbers are taken as their digits."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return str(int(value))
    if not isinstance(value, str):
        raise TypeError(f'"{what}" expected an id as a string or a whole number, got {value!r}')
    if value == "":
        raise DataError(f'"{what}" expected an id, got an empty string')
    if "\0" in value:
        raise DataError(f'"{what}" expected an id without the character U+0000, got {value!r}')
    return value


def check_ids(what: str, values: Iterable[object]) -> list[str]:
    if isinstance(values, (str, bytes)):
        raise TypeError(f'"{what}s" expected a list of ids, got {values!r}')
    return [check_id(what, value) for value in values]
