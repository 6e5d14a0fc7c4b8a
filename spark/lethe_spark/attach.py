"""Brings this package to the executors: as a file of the session, so that a cluster needs nothing but wasmtime, numpy and pyarrow."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from pyspark.sql import SparkSession

from .contract import VERSION
from .engine import is_connect

_attached: set[tuple[str, str]] = set()


def attach(spark: SparkSession) -> None:
    """Ships the package to the workers of a session, once."""
    connect = is_connect(spark)
    name = ("connect", spark.session_id) if connect else ("classic", spark.sparkContext.applicationId)
    if name in _attached:
        return
    archive = str(zipped(Path(tempfile.mkdtemp(prefix="lethe-spark-"))))
    if connect:
        spark.addArtifacts(archive, pyfile=True)
    else:
        spark.sparkContext.addPyFile(archive)
    _attached.add(name)


def zipped(folder: Path) -> Path:
    """The package as a zip file, as spark-submit --py-files takes it."""
    source = Path(__file__).parent
    archive = folder / f"lethe_spark-{VERSION}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(source.iterdir()):
            if path.suffix in (".py", ".wasm", ".json"):
                file.write(path, f"lethe_spark/{path.name}")
    return archive
