"""Traits that take NumPy's numbers as Python's: what is computed is what is set."""

import numpy as np
import traitlets

__all__ = ["Bool", "Float", "Int", "Tuple"]


def plain(value):
    """Return NumPy's scalars as Python's, those in a tuple, list or small array too."""
    if isinstance(value, np.floating):  # the long ones are their own item()
        return float(value)
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return value.item()
    if isinstance(value, np.ndarray):
        return tuple(map(plain, value.tolist()))
    return type(value)(map(plain, value)) if type(value) in (tuple, list) else value


class _Plain:
    """What is set is made plain first."""

    def validate(self, obj, value):
        """Validate a value; called by traitlets."""
        return super().validate(obj, plain(value))


class Float(_Plain, traitlets.Float):
    """A number."""


class Int(_Plain, traitlets.Int):
    """A whole number."""


class Bool(_Plain, traitlets.Bool):
    """Yes or no."""


class Tuple(_Plain, traitlets.Tuple):
    """Some values."""
