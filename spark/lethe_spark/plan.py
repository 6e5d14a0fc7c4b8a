"""How the rows of a side are cut: into parts, which the data settle and whose sums are added in order, and into blocks, which
are what a task does and change no bit. Blocks begin where parts do, or at a multiple of 256 rows within one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import numpy as np

from .wasm import kernels

#: Rows whose products are summed in float32 before they join the float64 sum: a part may be cut there.
UNIT = 256


@dataclass(frozen=True)
class SidePlan:
    """One side, users or items: its rows, the rows of a part, and the first row of each block, with the end behind them."""

    side: str
    rows: int
    part_rows: int
    bounds: tuple[int, ...]

    @property
    def blocks(self) -> int:
        return len(self.bounds) - 1

    def block_of(self, rows: np.ndarray) -> np.ndarray:
        return np.searchsorted(np.asarray(self.bounds[1:], np.int64), rows, side="right").astype(np.int32)

    def pieces(self, first: int, end: int) -> list[tuple[int, int, int, int]]:
        """(part, unit or −1 for a whole part, begin, end) of rows first..end, in order."""
        found = []
        for part in range(first // self.part_rows, -(-end // self.part_rows)):
            begin, stop = part * self.part_rows, min(self.rows, (part + 1) * self.part_rows)
            if first <= begin and stop <= end:
                found.append((part, -1, begin, stop))
                continue
            for unit, at in enumerate(range(begin, stop, UNIT)):
                if first <= at < end:
                    found.append((part, unit, at, min(stop, at + UNIT)))
        return found


def part_rows(rows: int, ld: int) -> int:
    """Rows of a part, by the kernels' rule."""
    return max(1, -(-rows // int(kernels().call("gram_parts", rows, ld))))


def plan_side(side: str, rows: int, ld: int, blocks: int, unit_costs: Sequence[float] | np.ndarray) -> SidePlan:
    """Cuts a side into at most so many blocks of about equal cost.

    unit_costs: the cost of each run of 256 rows counted from its part's begin, in order (see `units`).
    Where there are parts enough, whole parts stay together: their sums then travel as one.
    """
    each = part_rows(rows, ld)
    starts = units(rows, each)
    parts = -(-rows // each)
    costs = np.asarray(unit_costs, np.float64) + 1e-9
    cut_at = np.flatnonzero(starts % each == 0) if parts >= 2 * blocks else np.arange(len(starts))
    reach = np.concatenate([[0.0], np.cumsum(costs)])[cut_at]
    wanted = np.arange(1, blocks) * (costs.sum() / blocks)
    chosen = cut_at[np.clip(np.searchsorted(reach, wanted), 0, len(cut_at) - 1)]
    bounds = np.unique(np.concatenate([[0], starts[chosen], [rows]]))
    return SidePlan(side, rows, each, tuple(int(bound) for bound in bounds))


def units(rows: int, each: int) -> np.ndarray:
    """First rows of all units: every 256 rows of each part."""
    return np.concatenate([np.arange(begin, min(rows, begin + each), UNIT) for begin in range(0, rows, each)])


def unit_of(rows: np.ndarray, each: int) -> np.ndarray:
    """The unit of each row, counted over all parts."""
    per_part = -(-each // UNIT)
    return (rows // each) * per_part + (rows % each) // UNIT


def summed(pieces: Sequence[tuple[int, int, object]]) -> object:
    """The sum of pieces (part, unit, value) in the order in which one memory adds them: units within parts, then parts."""
    parts: dict[int, object] = {}
    for part, _, value in sorted(pieces, key=lambda piece: piece[:2]):
        parts[part] = value if part not in parts else parts[part] + value
    total = None
    for part in sorted(parts):
        total = parts[part] if total is None else total + parts[part]
    return total
