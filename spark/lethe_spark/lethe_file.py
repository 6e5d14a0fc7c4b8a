"""A model as canonical bytes: their SHA-256, which is the model's digest on every host, and the file that the library reads."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, Mapping, Sequence

import numpy as np

from .contract import CONTRACT, VERSION, js_json
from .errors import MemoryNeeded, ModelError
from .wasm import padded

MAGIC = b"LETHE\r\n\x1a"
FORMAT = 1
#: What one WebAssembly memory holds; a model needs some of it beside its factors.
MOST_BYTES = (4 << 30) - (64 << 20)
#: The text of a header must fit into one string of a JavaScript engine.
MOST_HEADER = 500 << 20


def identity(
    options: Mapping[str, Any], users: Sequence[str | None], items: Sequence[str | None], sizes: Mapping[str, int]
) -> dict[str, Any]:
    """What makes a model itself, beside the values of its parameters, in the order of the library."""
    factors = options["factors"]
    parameters = [{"name": f"{side[:-1]}Factors", "rows": sizes[side], "cols": factors} for side in ("users", "items")]
    return {"model": "als", "options": options, "users": users, "items": items, "parameters": parameters}


def digest_of(header: Mapping[str, Any], factors: Sequence[np.ndarray]) -> str:
    """SHA-256 (hex) of kind, options, ids and parameters."""
    text = js_json(header).encode()
    hashed = hashlib.sha256(text)
    hashed.update(bytes(-len(text) % 16))
    for rows in factors:
        hashed.update(np.ascontiguousarray(rows, "<f4").data)
    return hashed.hexdigest()


def write_file(
    path: str, header: Mapping[str, Any], provenance: Mapping[str, Any], record: Mapping[str, Any], factors: Sequence[np.ndarray]
) -> None:
    """Writes a model file, whole or not at all."""
    size = sum(rows.nbytes for rows in factors)
    if size > MOST_BYTES:
        raise MemoryNeeded(
            f"the factors take {size >> 20} MiB, more than the {MOST_BYTES >> 20} MiB of one WebAssembly memory; keep the model in shards, "
            "with save"
        )
    whole = {**header, "provenance": provenance, "record": record, "version": VERSION, "kernels": CONTRACT["kernels"]}
    text = js_json(whole).encode()
    if len(text) > MOST_HEADER:
        raise MemoryNeeded(f"the ids take {len(text) >> 20} MiB of text, more than a model file's header holds; keep the model in shards, with save")
    head = MAGIC + FORMAT.to_bytes(4, "little") + len(text).to_bytes(4, "little") + text
    hashed = hashlib.sha256()
    unfinished = f"{path}.{os.getpid()}.part"
    try:
        with open(unfinished, "xb") as file:
            for piece in (head, bytes(-len(head) % 16), *[np.ascontiguousarray(rows, "<f4").data for rows in factors]):
                hashed.update(piece)
                file.write(piece)
            file.write(hashed.digest())
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        if os.path.exists(unfinished):
            os.remove(unfinished)


def read_file(path: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The header of a model file, and its factors f32[rows, ld] by side. Raises ModelError for what is no whole file of an ALS model."""
    with open(path, "rb") as file:
        content = file.read()
    if content[:8] != MAGIC:
        raise ModelError(f"{path}: this is not a Lethe model file, or its beginning is missing")
    if int.from_bytes(content[8:12], "little") != FORMAT:
        raise ModelError(f"{path}: the model file has format {int.from_bytes(content[8:12], 'little')}; this version ({VERSION}) reads format {FORMAT}")
    if hashlib.sha256(content[:-32]).digest() != content[-32:]:
        raise ModelError(f"{path}: the model file is damaged or incomplete: its checksum does not match; restore it from a copy")
    length = int.from_bytes(content[12:16], "little")
    header = json.loads(content[16 : 16 + length])
    if header["model"] != "als":
        raise ModelError(f'{path}: the file holds a model of kind "{header["model"]}"; on Spark there is als')
    offset = -(-(16 + length) // 16) * 16
    factors = {}
    for side, parameter in zip(("users", "items"), header["parameters"]):
        ld = padded(parameter["cols"])
        factors[side] = np.frombuffer(content, "<f4", parameter["rows"] * ld, offset).reshape(-1, ld).copy()
        offset += parameter["rows"] * ld * 4
    return header, factors


def padded_rows(values: np.ndarray, factors: int) -> np.ndarray:
    """f32[rows, ld] of rows without pads."""
    rows = np.zeros((len(values), padded(factors)), np.float32)
    rows[:, :factors] = values
    return rows
