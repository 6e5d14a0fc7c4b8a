"""What a task takes in its WebAssembly memory, before it begins: planned from sizes, said, and refused with the setting that helps."""

from __future__ import annotations

from .errors import MemoryNeeded
from .objective import Objective
from .wasm import MOST_BYTES

#: Gram matrix, scratch of the solvers beside gathered rows, and what lies between what is allocated.
BESIDE = 16 << 20


def task_bytes(how: Objective, other_rows: int, rows: int, cells: int) -> int:
    """Bytes for a block of so many rows and cells: the other side's rows, cells, solutions (old and new), matrices, scratch.

    cells: all of the block's; conjugate gradients gather the longest row, which is at most that.
    """
    row = how.ld * 4
    own = rows * (row + 8) + cells * 8 + how.ld * row * 6
    return other_rows * row + own + BESIDE


def require_room(side: str, how: Objective, other_rows: int, rows: int, cells: int) -> int:
    """The bytes of the largest task of a side. Raises MemoryNeeded where they are more than one memory has."""
    needed = task_bytes(how, other_rows, rows, cells)
    if needed > MOST_BYTES:
        broadcast = other_rows * how.ld * 4
        remedy = "raise blocks" if broadcast < MOST_BYTES // 2 else "lower factors: the other side's rows alone take most of it"
        raise MemoryNeeded(
            f"a task of {side} takes {needed >> 20} MiB of the {MOST_BYTES >> 20} MiB that one WebAssembly memory has "
            f"({other_rows} rows of the other side: {broadcast >> 20} MiB; {cells} cells: {cells * 8 >> 20} MiB); {remedy}"
        )
    return needed
