"""How a table travels to the browser: columns of bytes, and JSON that a page can hold."""

import base64
import json

import numpy as np

__all__ = ["in_halves", "inline_json", "pack", "portable", "unpack"]

LARGEST = 2.0**15  # of half precision, with room to round
SMALLEST = 2.0**-24


def pack(values, kind="<f8"):
    """Little-endian bytes of an array: how a column travels in a table."""
    return np.ascontiguousarray(values, dtype=kind).tobytes()


def unpack(column, kind="<f8"):
    """Array of a column made by `pack`."""
    return np.frombuffer(column, dtype=kind)


def in_halves(rows, name):
    """Half precision in units of each row's largest entry; nothing but zero becomes zero."""
    unit = np.max(np.abs(rows), axis=1, initial=0.0) / LARGEST
    unit[unit == 0] = 1.0
    small = rows / unit[:, None]
    codes = small.astype("<f2")
    lost = (codes == 0) & (small != 0)
    codes[lost] = np.copysign(SMALLEST, small[lost])
    columns = {name: pack(codes, "<f2"), f"{name}Unit": pack(unit)}
    return codes.astype(float) * unit[:, None], columns


def portable(value):
    """JSON's idea of a trait: bytes become base64, tuples lists, NaN null."""
    if isinstance(value, bytes | bytearray | memoryview):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {str(name): portable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [portable(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def inline_json(value):
    """JSON that can stand inside a script element whatever its strings hold."""
    text = json.dumps(portable(value), allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
