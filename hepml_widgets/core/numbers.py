"""Numbers as text, digit for digit what core/numbers.js prints."""

import math
import re

THIN = "\N{NARROW NO-BREAK SPACE}"
PLUS_MINUS = "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}"
"""Between a value and its error, which no line break may part."""
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_MARKED = re.compile(r"([_^]\{[^{}]+\})")
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _power(exponent):
    return float(f"1e{exponent}")


def _exponent(value):
    return int(f"{abs(value):.16e}".split("e")[1])


def _shift(value, places):
    if abs(places) > 300:  # beyond the powers of ten that a double holds
        most = math.copysign(300, places)
        return _shift(_shift(value, int(most)), places - int(most))
    return value * _power(places) if places >= 0 else value / _power(-places)


def as_name(name):
    """Return a user's name as text that a page, a picture and a file can hold.

    Blanks stand for line breaks and the like; U+FFFD stands for what is no letter, such as half
    of a surrogate pair.
    """
    return _UNPRINTABLE.sub(lambda one: " " if one[0].isspace() else "\ufffd", str(name))


def quoted(name, length=40):
    """Return a user's name as `repr` has it, cut to so many letters."""
    return repr(name if len(name) <= length else f"{name[: length - 1]}…")


def upright(text):
    """Return text without the marks that isolate or reorder parts of it."""
    return _REORDERING.sub("", text)


def pieces_of(text):
    """Split a name at ``_{…}`` and ``^{…}``, as in ``m_{jj}``.

    Returns
    -------
    list of tuple of str
        Text, and "_" if it is set below, "^" above, "" on the line.
    """
    parts = filter(None, _MARKED.split(text))
    return [(part[2:-1], part[0]) if _MARKED.fullmatch(part) else (part, "") for part in parts]


def unmarked(text):
    """Return the letters of a name that are seen."""
    return "".join(part for part, _ in pieces_of(text))


def shorten(name, length=24):
    """Return a user's name cut to so many letters, isolated, without marks that reorder text.

    What is cut are letters that are seen: ``_{…}`` and ``^{…}`` keep their braces.
    """
    text = upright(name)
    if len(unmarked(text)) <= length:
        return f"\u2068{text}\u2069"
    room, kept = length - 1, ""
    for part, mark in pieces_of(text):
        some = part[:room]
        room -= len(some)
        kept += f"{mark}{{{some}}}" if mark and some else some
    return f"\u2068{kept}…\u2069"


def isolated(text, length):
    """Return a user's text as it is if it is short ASCII, else cut, isolated and without marks."""
    return text if text.isascii() and len(text) <= length else shorten(text, length)


def joined(parts):
    """Join pairs of label and value as a readout has them."""
    return " · ".join(f"{label} {value}" for label, value in parts)


def superscript(integer):
    """Write an integer in superscript letters."""
    return str(integer).translate(_SUPERSCRIPTS)


def fixed(value, places):
    """Write a value with so many decimals, thousands apart, rounded half up in magnitude."""
    whole = math.floor(_shift(abs(value), places) + 0.5)
    digits = str(whole)
    if places < 0 and whole > 0:
        digits += "0" * -places
    digits = digits.rjust(places + 1, "0")
    cut = len(digits) - max(places, 0)
    integer = re.sub(r"\B(?=(\d{3})+(?!\d))", THIN, digits[:cut])
    sign = MINUS if value < 0 and whole > 0 else ""
    return sign + integer + (f".{digits[cut:]}" if places > 0 else "")


def _is_plain(size):
    return size == 0 or 1e-3 <= size < 1e7


def significant(value, digits=3):
    """Write a value with so many significant digits; a dash where it is undefined."""
    if not math.isfinite(value):
        return NOTHING
    exponent = _exponent(value)
    if not _is_plain(abs(value)):
        exponent += float(fixed(_shift(abs(value), -exponent), digits - 1)) >= 10
        return f"{fixed(_shift(value, -exponent), digits - 1)}{TIMES}10{superscript(exponent)}"
    return fixed(value, max(0, digits - 1 - exponent))


def _places(error):
    exponent = _exponent(error)
    carries = math.floor(_shift(error, -exponent) + 0.5) == 10
    return -exponent - 1 if carries else -exponent


def with_error(value, error):
    """Write value ± error, the error with one digit and the value to the same decimal."""
    if not math.isfinite(value):
        return NOTHING
    if not math.isfinite(error) or not error > abs(value) * 1e-9:
        return significant(value)
    size = max(abs(value), error)
    if _is_plain(size):
        places = _places(error)
        return f"{fixed(value, places)}{PLUS_MINUS}{fixed(error, places)}"
    exponent = _exponent(size)
    value, error = _shift(value, -exponent), _shift(error, -exponent)
    places = _places(error)
    both = f"{fixed(value, places)}{PLUS_MINUS}{fixed(error, places)}"
    return f"({both}){TIMES}10{superscript(exponent)}"


def general(value, digits=6):
    """Write a number as short as it can be, with so many digits at most."""
    mantissa, _, exponent = f"{value:.{digits}g}".replace("-", MINUS).partition("e")
    if not exponent:
        return mantissa
    power = f"10{superscript(int(exponent.replace(MINUS, '-')))}"
    return {"1": power, f"{MINUS}1": MINUS + power}.get(mantissa, f"{mantissa}{TIMES}{power}")


def apart(values, fewest=6):
    """Write numbers with as few digits as tell them apart."""
    different = len(set(values))
    for digits in (*range(fewest, 15, 4), 17):
        texts = [general(value, digits) for value in values]
        if len(set(texts)) == different:
            break
    return texts


def percent(fraction):
    """Write a fraction in per cent: one decimal, or two digits below one per cent."""
    value = 100 * fraction
    if not math.isfinite(value):
        return NOTHING
    plain = abs(value) >= 1 or value == 0
    return f"{fixed(value, 1) if plain else significant(value, 2)}{THIN}%"


def distinct(value, neighbours):
    """Write a value with as many decimals as tell it from its neighbours, two at least."""
    if not _is_plain(abs(value)) and abs(value) >= 1:
        return significant(value, 6)
    others = [other for other in neighbours if abs(other) < 1e7 and other != value]
    for places in range(2, 15):
        text = fixed(value, places)
        if all(fixed(other, places) != text for other in others):
            return text
    return fixed(value, 15)


def probability(value, neighbours):
    """Write a probability; near 0 or 1 by its distance from there."""
    if value in (0, 1):
        return fixed(value, 2)
    if 0 < value < 1e-3:
        return significant(value)
    return f"1{MINUS}{significant(1 - value)}" if 0.999 < value < 1 else distinct(value, neighbours)


def p_text(value, floor):
    """Write a p-value; at the smallest one that the permutations can give, as a bound."""
    if math.isnan(value):
        return significant(value)
    return f"≤ {significant(floor, 1)}" if value <= floor else significant(value, 2)
