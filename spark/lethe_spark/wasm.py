"""The kernels in a Python process: modules compiled once, an instance with a memory of its own, an arena over it.

Kernels take bytes' addresses. wasmtime converts arguments slowly, so calls are few and large.
"""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from functools import lru_cache
from importlib import resources
from typing import Iterator

import numpy as np
import wasmtime

from .errors import MemoryNeeded

PAGE = 65536
#: The most that a 32-bit memory has.
MOST_BYTES = 65536 * PAGE


@lru_cache(maxsize=None)
def _engine() -> wasmtime.Engine:
    return wasmtime.Engine()


@lru_cache(maxsize=None)
def _module(name: str) -> wasmtime.Module:
    return wasmtime.Module(_engine(), resources.files(__package__).joinpath(f"{name}.wasm").read_bytes())


def _signed(value: int) -> int:
    return value - (1 << 32) if value >= 1 << 31 else value


class Instance:
    """One module over its own memory. What an arena hands out begins with a cache line; memory grows and never shrinks."""

    def __init__(self, name: str = "kernels") -> None:
        self._store = wasmtime.Store(_engine())
        exports = wasmtime.Instance(self._store, _module(name), []).exports(self._store)
        self._memory = exports["memory"]
        self._functions = {item: value for item, value in dict(exports).items() if isinstance(value, wasmtime.Func)}
        self._top = self.base = self.call("heap_base")

    def call(self, kernel: str, *args: int | float) -> int | float | None:
        """Calls a kernel; whole numbers may be unsigned."""
        return self._functions[kernel](self._store, *[_signed(arg) if isinstance(arg, int) else arg for arg in args])

    def alloc(self, size: int) -> int:
        """Address of `size` bytes that are not cleared."""
        begin = (self._top + 63) & ~63
        end = begin + int(size)
        missing = end - self._memory.data_len(self._store)
        if missing > 0:
            self._grow(-(-missing // PAGE), end)
        self._top = end
        return begin

    def _grow(self, pages: int, needed: int) -> None:
        try:
            self._memory.grow(self._store, pages)
        except wasmtime.WasmtimeError as error:
            remedy = "raise blocks, lower factors, or set gather='route', so that a task needs fewer rows"
            raise MemoryNeeded(f"a block takes {needed >> 20} MiB of the 4096 MiB that one memory has; {remedy}") from error

    def view(self, address: int, dtype: object, count: int) -> np.ndarray:
        """The memory as an array, until the memory grows."""
        kind = np.dtype(dtype)
        if count == 0:
            return np.empty(0, kind)
        pointer = ctypes.addressof(self._memory.data_ptr(self._store).contents) + address
        return np.frombuffer((ctypes.c_char * (count * kind.itemsize)).from_address(pointer), kind)

    def upload(self, array: np.ndarray) -> int:
        array = np.ascontiguousarray(array)
        address = self.alloc(array.nbytes)
        self.view(address, np.uint8, array.nbytes)[:] = array.reshape(-1).view(np.uint8)
        return address

    def zeros(self, size: int) -> int:
        address = self.alloc(size)
        self.view(address, np.uint8, size)[:] = 0
        return address

    def reset(self) -> None:
        """Gives everything back; not within a scope."""
        self._top = self.base

    @contextmanager
    def scope(self) -> Iterator[None]:
        """What is allocated within is given back at its end."""
        top = self._top
        try:
            yield
        finally:
            self._top = top


@lru_cache(maxsize=None)
def kernels() -> Instance:
    """This process's instance of the kernels: every task leaves it as it found it."""
    return Instance("kernels")


@lru_cache(maxsize=None)
def id_module() -> Instance:
    """This process's instance of keys, draws and fingerprints."""
    return Instance("ids")


def padded(factors: int) -> int:
    """Floats from one row to the next."""
    return (factors + 7) & ~7
