"""Lethe on Apache Spark: recommenders that can forget, trained by the same kernels to the same bytes as everywhere else."""

from .als import LetheALS
from .contract import VERSION as __version__
from .errors import DataError, MemoryNeeded, ModelError
from .model import LetheALSModel

__all__ = ["DataError", "LetheALS", "LetheALSModel", "MemoryNeeded", "ModelError", "__version__"]
