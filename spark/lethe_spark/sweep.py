"""What a task does with one block of rows: pure functions of a block, of the other side's rows and of the objective.

They touch no Spark: whoever runs them, where and how often, gets the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .errors import MemoryNeeded
from .objective import Objective
from .plan import SidePlan
from .wasm import MOST_BYTES, Instance, kernels


@dataclass
class Block:
    """Rows first..first + rows of a side with their cells; `indices` are positions of the other side."""

    index: int
    first: int
    keys: np.ndarray  # u32[rows, 2]; zero for rows without cells
    indptr: np.ndarray  # i32[rows + 1]
    indices: np.ndarray  # i32
    values: np.ndarray  # f32

    @property
    def rows(self) -> int:
        return len(self.indptr) - 1

    @property
    def end(self) -> int:
        return self.first + self.rows


class Other(NamedTuple):
    """The other side's rows in the memory: where they lie, and the block's indices into them."""

    address: int
    indices: np.ndarray


#: What lies at the bottom of this process's memory from one block to the next.
_resident: tuple[object, tuple[int, ...]] | None = None
#: What tasks have made of it, in the memory above it.
derived: dict[str, int] = {}


def resident(token: object, *arrays: np.ndarray) -> tuple[int, ...]:
    """Addresses of arrays that several blocks of a task read; they are copied in once."""
    global _resident
    if _resident is None or _resident[0] != token:
        memory = kernels()
        derived.clear()
        memory.reset()
        _resident = (token, tuple(memory.upload(array) for array in arrays))
    return _resident[1]


def gathered(block: Block, rows_of: np.ndarray, positions: np.ndarray) -> Other:
    """The other side as the rows that the block names: positions ascending, rows f32[len, ld] in the same order."""
    local = np.searchsorted(positions, block.indices).astype(np.int32)
    return Other(kernels().upload(rows_of), local)


def initial_rows(block: Block, how: Objective, stream: int) -> np.ndarray:
    """Keyed random rows, f32[rows, ld]: rows without cells are zero."""
    memory = kernels()
    with memory.scope():
        out = memory.alloc(block.rows * how.ld * 4)
        keys = memory.upload(block.keys)
        memory.call("random_normal_rows", block.rows, how.factors, how.ld, how.seed, stream, keys, how.scale, out)
        return memory.view(out, np.float32, block.rows * how.ld).copy().reshape(-1, how.ld)


class Solved(NamedTuple):
    rows: np.ndarray
    #: −1, or the first row whose equations have no unique solution.
    failed: int


def solve(block: Block, other: Other, how: Objective, opposite: int, gram: np.ndarray | None, old: np.ndarray | None) -> Solved:
    """One half sweep over a block. gram: the other side's, scaled, f32; old: the block's rows before (conjugate gradients)."""
    memory = kernels()
    with memory.scope():
        cells = _cells(memory, block, other)
        reg = _regularization(memory, block, cells[0], how, opposite)
        G = memory.upload(gram) if gram is not None else 0
        X = memory.upload(old) if old is not None else memory.alloc(block.rows * how.ld * 4)
        fixed = [0, block.rows, how.factors, how.ld, *how.weights]
        rest = [0, *cells, reg, G, other.address, X]
        if how.steps is None:
            scratch = memory.alloc(memory.call("als_sweep_cholesky_scratch", how.ld) & 0xFFFFFFFF)
            status = memory.call("als_sweep_cholesky", *fixed, *rest, scratch)
        else:
            scratch = memory.alloc(_cg_scratch(memory, block, how.ld))
            status = memory.call("als_sweep_cg", *fixed, how.steps, *rest, scratch)
        rows = memory.view(X, np.float32, block.rows * how.ld).copy().reshape(-1, how.ld)
        return Solved(rows, block.first + status - 1 if status else -1)


def _cg_scratch(memory: Instance, block: Block, ld: int) -> int:
    longest = int(np.diff(block.indptr).max(initial=0))
    size = max(memory.call("als_sweep_cg_scratch", ld, longest) & 0xFFFFFFFF, longest * (ld + 1) * 4)
    if size >= MOST_BYTES:
        row = block.first + int(np.diff(block.indptr).argmax())
        raise MemoryNeeded(f"row {row} has {longest} entries, which solver 'cg' gathers as a whole: {size >> 20} MiB; use solver='cholesky'")
    return size


def _cells(memory: Instance, block: Block, other: Other) -> list[int]:
    return [memory.upload(block.indptr), memory.upload(other.indices), memory.upload(block.values)]


def _regularization(memory: Instance, block: Block, indptr: int, how: Objective, opposite: int) -> int:
    reg = memory.alloc(block.rows * 4)
    memory.call("als_regularization", block.rows, indptr, how.regularization, how.offset(opposite), how.exponent, reg)
    return reg


def gram_pieces(rows: np.ndarray, first: int, plan: SidePlan) -> list[tuple[int, int, np.ndarray]]:
    """Sums of outer products of the rows of a block, one for each part or piece of a part."""
    memory, ld = kernels(), rows.shape[1]
    with memory.scope():
        Y = memory.upload(rows)
        scratch = memory.alloc(memory.call("gram_accumulate_scratch", ld))
        found = []
        for part, unit, begin, end in plan.pieces(first, first + len(rows)):
            with memory.scope():
                G = memory.zeros(ld * ld * 8)
                memory.call("gram_accumulate", begin - first, end - first, ld, 1.0, 0, Y, G, scratch)
                found.append((part, unit, memory.view(G, np.float64, ld * ld).copy()))
        return found


def finish_gram(gram: np.ndarray, base: float, ld: int) -> np.ndarray:
    """base · YᵀY in float32, as solvers read it."""
    memory = kernels()
    with memory.scope():
        out = memory.alloc(ld * ld * 4)
        memory.call("gram_finish", ld, base, memory.upload(gram), out)
        return memory.view(out, np.float32, ld * ld).copy()


def gram_inner(a: np.ndarray, b: np.ndarray, ld: int) -> float:
    memory = kernels()
    with memory.scope():
        return memory.call("gram_inner", ld, memory.upload(a), memory.upload(b))


def objective_pieces(block: Block, other: Other, rows: np.ndarray, how: Objective, plan: SidePlan) -> list[tuple[int, int, float]]:
    """What the cells of a block of users add to the objective."""
    memory = kernels()
    with memory.scope():
        cells = _cells(memory, block, other)
        X = memory.upload(rows)
        fixed = [how.ld, *[float(weight) for weight in how.weights[:4]], how.weights[4], *cells, X, other.address]
        return [
            (part, unit, memory.call("als_objective_rows", begin - block.first, end - block.first, *fixed))
            for part, unit, begin, end in plan.pieces(block.first, block.end)
        ]


def penalty_pieces(block: Block, rows: np.ndarray, how: Objective, opposite: int, plan: SidePlan) -> list[tuple[int, int, float]]:
    """What the rows of a block add to the objective by their length."""
    memory = kernels()
    with memory.scope():
        reg = _regularization(memory, block, memory.upload(block.indptr), how, opposite)
        X = memory.upload(rows)
        return [
            (part, unit, memory.call("als_penalty_rows", end - begin, how.ld, reg + 4 * at, X + 4 * at * how.ld))
            for part, unit, begin, end in plan.pieces(block.first, block.end)
            for at in [begin - block.first]
        ]
