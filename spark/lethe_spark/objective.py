"""The objective's constants (src/least-squares/objective.ts; a test compares): weights and targets of entries, regularization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from .wasm import padded


@dataclass(frozen=True)
class Objective:
    """What kernels are told beside cells and factors: w = ws·|v| + w0, t = ts·v + t0, the background's weight, the penalty."""

    factors: int
    ld: int
    weights: tuple[float, float, float, float, int]
    base: float
    regularization: float
    #: Whether regularization follows the number of ids of the other side, times this weight, and the exponent.
    offset_weight: float
    exponent: float
    steps: int | None  # of conjugate gradients; None: Cholesky
    seed: int
    scale: float

    @staticmethod
    def of(options: Mapping[str, Any]) -> "Objective":
        kind, alpha = options["objective"], float(options["alpha"])
        unobserved = float(options["unobservedWeight"])
        weights, base, offset, exponent = (alpha, 0.0, alpha, 1.0, 0), 1.0, 0.0, 0.0
        if kind == "explicit":
            weights, base, exponent = (0.0, 1.0, 1.0, 0.0, 1), 0.0, 1.0
        elif kind == "ials":
            weights, base = (0.0, 1.0, 0.0, 1.0, 0), unobserved
            offset, exponent = unobserved, float(options["frequencyExponent"])
        elif options["confidence"]:
            weights = (alpha, -1.0, alpha, 0.0, 0)
        return Objective(
            factors=options["factors"],
            ld=padded(options["factors"]),
            weights=weights,
            base=base,
            regularization=float(options["regularization"]),
            offset_weight=offset,
            exponent=exponent,
            steps=options["cgSteps"] if options["solver"] == "cg" else None,
            seed=options["seed"],
            scale=float(options["initScale"]) / float(options["factors"]) ** 0.5,
        )

    def offset(self, opposite: int) -> float:
        """What is added to a row's number of entries. opposite: ids of the other side."""
        return self.offset_weight * opposite
