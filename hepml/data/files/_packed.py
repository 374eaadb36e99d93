"""ROOT's packed numbers, ``Float16_t`` and ``Double32_t``, in arrays.

Their range stands behind the lengths, as in ``x[n]/d[0,100,16]``. uproot takes the first bracket
for it, so that arrays of packed numbers come out as others, or not at all.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import math
import re

__all__ = ["packed_array"]

KINDS = {"TLeafF16": "f", "TLeafD32": "d"}
PLAIN_BITS = 12  # of the mantissa of a Float16_t without a range
MOST_BITS = 32
NUMBER = r"\s*([+-]?)\s*([0-9.eE+-]*)\s*\*?\s*(twopi|pi)?\s*(?:/\s*([0-9]+))?\s*"


def packed_array(branch):
    """How to read a branch that holds arrays of packed numbers, of fixed or of varying length.

    Parameters
    ----------
    branch : uproot.TBranch

    Returns
    -------
    uproot.interpretation.Interpretation or None
        None for all other branches.
    """
    leaves = branch.member("fLeaves")
    kind = KINDS.get(leaves[0].classname) if len(leaves) == 1 else None
    brackets = re.findall(r"\[([^\]]*)\]", leaves[0].member("fTitle")) if kind else []
    if not brackets or "," in brackets[0]:  # one number for each row
        return None
    lengths = tuple(int(text) for text in brackets if text.isdecimal())
    return _interpretation(kind, _range(brackets[-1]), lengths, leaves[0].member("fLeafCount"))


def _interpretation(kind, limits, lengths, counter):
    import numpy as np
    from uproot.interpretation.jagged import AsJagged
    from uproot.interpretation.numerical import AsDouble32, AsDtype, AsFloat16

    if kind == "d" and limits is None:
        found = AsDtype(np.dtype((">f4", lengths)), np.dtype(("f8", lengths)))
    elif kind == "d":
        found = AsDouble32(*limits, lengths)
    else:
        found = AsFloat16(*(limits or (0, 0, PLAIN_BITS)), lengths)
    return found if counter is None else AsJagged(found)


def _range(bracket):
    """Lowest and highest value and number of bits, if a bracket holds these."""
    parts = bracket.split(",")
    if len(parts) not in (2, 3):
        return None
    low, high = (_number(part) for part in parts[:2])
    bits = int(parts[2]) if len(parts) == 3 else MOST_BITS
    return low, high, bits if 2 <= bits <= MOST_BITS else MOST_BITS


def _number(text):
    """Read a number as ROOT writes limits, such as ``-2*pi``, ``pi/4`` or ``0``."""
    sign, factor, circle, divisor = re.fullmatch(NUMBER, text).groups()
    unit = {None: 1, "pi": math.pi, "twopi": 2 * math.pi}[circle]
    value = (float(factor) if factor else 1.0) * unit / int(divisor or 1)
    return -value if sign == "-" else value
