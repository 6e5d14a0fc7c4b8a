"""The errors that users see: the library's three, by their names there."""


class DataError(ValueError):
    """Something is wrong with the data; the message names the place, what was expected and what was found."""


class ModelError(ValueError):
    """A model that cannot be used so, or numerics that failed."""


class MemoryNeeded(MemoryError):
    """A block, a row or a broadcast that fits nowhere; the message names the setting that helps."""
