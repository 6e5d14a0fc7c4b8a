"""The fingerprint of the training cells: the same 64 digits as in the library, whatever the order of rows and the cut into blocks."""

from __future__ import annotations

import hashlib
import hmac
from functools import partial
from typing import Iterator

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame

from .blocks import blocks_in
from .contract import CONTRACT
from .engine import Shipped
from .keys import row_hash_sums

PARTS: int = CONTRACT["fingerprint"]["parts"]
TAG: bytes = CONTRACT["fingerprint"]["tag"].encode()
LEAST_KEY = 16


def fingerprint(user_blocks: DataFrame, item_keys: np.ndarray, key: str | None = None) -> str:
    """SHA-256 over the sums of hashes of the users' rows. key: a secret of 16 characters or more, for HMAC."""
    shipped = Shipped(user_blocks.sparkSession, {"keys": item_keys})
    try:
        records = user_blocks.mapInArrow(partial(_records, shipped=shipped), "part int, block int, records binary")
        hashes = dict(records.groupBy("part").applyInArrow(_hashed, "part int, hash binary").collect())
    finally:
        shipped.release()
    return root_of(hashes, key)


def root_of(hashes: dict[int, bytes], key: str | None) -> str:
    nothing = hashlib.sha256(b"").digest()
    root = TAG + b"".join(bytes(hashes.get(part, nothing)) for part in range(PARTS))
    if key is None:
        return hashlib.sha256(root).hexdigest()
    return f"keyed:{hmac.new(key.encode(), root, hashlib.sha256).hexdigest()}"


def check_key(key: str | None) -> str | None:
    if key is not None and (not isinstance(key, str) or len(key) < LEAST_KEY):
        raise ValueError(f"the fingerprint key expected at least {LEAST_KEY} characters, got {len(key) if isinstance(key, str) else key!r}")
    return key


def _records(batches: Iterator[pa.RecordBatch], shipped: Shipped) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for _, block in blocks_in(batch):
            sums = row_hash_sums(block.keys, shipped.arrays["keys"], block.indptr, block.indices, block.values)
            records = np.concatenate([block.keys, sums], axis=1)[np.diff(block.indptr) > 0]
            part = records[:, 0] % PARTS
            order = np.argsort(part, kind="stable")
            found, starts = np.unique(part[order], return_index=True)
            pieces = [piece.tobytes() for piece in np.split(records[order], starts[1:])] if len(found) else []
            blocks = np.full(len(found), block.index, np.int32)
            yield pa.RecordBatch.from_arrays(
                [pa.array(found.astype(np.int32)), pa.array(blocks), pa.array(pieces, pa.binary())], ["part", "block", "records"]
            )


def _hashed(table: pa.Table) -> pa.Table:
    """Records in the order of keys, and of positions where keys are equal: those follow the order of ids."""
    rows = sorted(zip(table.column("block").to_pylist(), table.column("records").to_pylist()))
    records = np.frombuffer(b"".join(piece for _, piece in rows), "<u4").reshape(-1, 6)
    order = np.argsort(records[:, 0].astype(np.uint64) << np.uint64(32) | records[:, 1], kind="stable")
    digest = hashlib.sha256(records[order].tobytes()).digest()
    part = table.column("part")[0].as_py()
    return pa.table({"part": pa.array([part], pa.int32()), "hash": pa.array([digest], pa.binary())})
