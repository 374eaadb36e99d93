"""Numbers as people and programs write them in text, and the type of a column of text."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import re

__all__ = ["EXACT", "MISSING", "NUMBER", "TextColumn", "settled"]

EXACT = 2**53  # up to here a float holds every integer
LONGEST, LONGEST_UNSIGNED = 2**63, 2**64
# Text in a column is an error if more than this share are numbers; else it is a text column.
NUMERIC_SHARE = 0.5
SIGN, POWER = "[+-]?", r"(?:e[+-]?\d+)?"
PLAIN = rf"{SIGN}(?:\d+\.?\d*|\.\d+){POWER}"
INFINITE = rf"{SIGN}inf(?:inity)?"
FORTRAN = rf"{SIGN}(?:\d+\.\d*|\.\d+)d[+-]?\d+|{SIGN}\d+d[+-]\d+"
MICROSOFT = rf"{SIGN}1\.#inf0*"
NUMBER = rf"(?i)^\s*(?:{PLAIN}|{INFINITE})\s*$"
TRANSLATED = rf"(?i)^\s*(?:−?{PLAIN}|{INFINITE}|{FORTRAN}|{MICROSOFT})\s*$"
INTEGER = r"(?i)^\s*(?:[+-]?\d+|0x[0-9a-f]+)\s*$"
DECIMAL_COMMA = rf"{SIGN}\d*,\d+{POWER}"
GROUPED = rf"{SIGN}\d{{1,3}}(?:[,.'_ \x{{a0}}\x{{2019}}\x{{202f}}]\d{{3}})+(?:[.,]\d+)?"
SEVERAL = rf"[\[(]?\s*{PLAIN}(?:(?:\s+|\s*[,;]\s*){PLAIN})+\s*[\])]?"
BRACKETED = rf"[\[(]\s*(?:{PLAIN})?\s*[\])]"
UNIT = rf"{PLAIN}\s*(?:%|[kmgt]?ev(?:/c)?(?:\^?2|²)?|[nµcmk]?m|[nµm]?s|[pf]b)"
HEXADECIMAL = r"[+-]?0x[0-9a-f]+"  # beyond 64 bits, or with a sign
COMPLEX = rf"\(?{PLAIN}(?:{PLAIN})?[ij]\)?"
WITH_ERROR = rf"\(?{PLAIN}\s*(?:±|\+-|\+/-)\s*{PLAIN}\)?"
REFUSED = {  # in words, for columns in which all words are such; the first that fits is told
    DECIMAL_COMMA: "has decimal commas ({!r}): write decimal points",
    GROUPED: "has numbers in groups of digits ({!r}): write them without marks between",
    SEVERAL: "has several numbers in one place ({!r}): give each a column",
    HEXADECIMAL: "has hexadecimal numbers such as {!r}, which are not read: write decimal ones",
    COMPLEX: "has complex numbers ({!r}): give both parts a column",
    WITH_ERROR: "has numbers with errors ({!r}): give the errors a column",
    BRACKETED: "has numbers in brackets ({!r}): write them without",
    UNIT: "has numbers with units ({!r}): write them without",
}
ANY_REFUSED = rf"(?i)^\s*(?:{'|'.join(REFUSED)})\s*$"
MISSING = ["", "nan", "NaN", "NAN", "-nan", "-NaN", "+nan", "NA", "N/A", "n/a", "#N/A", "#NA"]
MISSING += ["#N/A N/A", "null", "NULL", "<NA>", "None", "1.#QNAN", "-1.#QNAN", "1.#IND", "-1.#IND"]
MISSING += ["1.#QNAN0", "-1.#QNAN0", "1.#IND00", "-1.#IND00", "nan(ind)", "-nan(ind)", "nan(snan)"]


class TextColumn:
    """What a first pass learns about one column of text."""

    def __init__(self, name):
        self.name, self.kinds, self.missing = name, set(), 0
        self.low, self.high = 0, 0  # of integers
        self.numbers = self.words = self.refused = self.empty = 0
        self.first_word = None

    def is_doubtful(self, values, *, has_long_hex):
        """Whether integers may have been rounded, or wrapped, when the values were parsed."""
        import pyarrow.compute as pc

        kind = str(values.type)
        if kind == "int64":
            return has_long_hex
        if kind != "double":
            return False
        finite = pc.if_else(pc.is_finite(values), pc.abs(values), 0.0)
        return (pc.max(finite).as_py() or 0) >= EXACT

    def add(self, values, row, texts=None):
        """Take a block's values, whose first is in this row; with its texts where in doubt."""
        import pyarrow.compute as pc

        kind = str(values.type)
        self.missing += values.null_count
        if kind == "null":
            return
        if kind in ("string", "bool"):
            self.kinds.add(kind)
            self._add_text(values, row) if kind == "string" else self._add_truths(values, row)
            return
        self.numbers += len(values) - values.null_count
        if texts is not None:
            kind = self._add_integers(texts)
        elif kind == "int64":
            ends = pc.min_max(values).as_py()
            self._stretch(ends["min"], ends["max"])
        self.kinds.add(kind)

    def _stretch(self, low, high):
        self.low, self.high = min(self.low, low), max(self.high, high)

    def _add_integers(self, texts):
        """Take integers that no float holds; tell whether all are integers."""
        import pyarrow.compute as pc

        texts = pc.unique(texts.combine_chunks()).drop_null()
        if not pc.all(pc.match_substring_regex(texts, INTEGER)).as_py():
            return "double"
        found = [int(text, 16 if "x" in text.lower() else 10) for text in texts.to_pylist()]
        self._stretch(min(found), max(found))
        return "integer"

    def _add_text(self, values, row):
        """Look at each text once: most columns of text have few."""
        import pyarrow.compute as pc

        found = pc.value_counts(values.combine_chunks())
        texts, counts = found.field("values"), found.field("counts")

        def number(chosen):
            return (
                pc.sum(pc.if_else(pc.fill_null(chosen, fill_value=False), counts, 0)).as_py() or 0
            )

        if self.refused == self.words:
            self.refused += number(pc.match_substring_regex(texts, ANY_REFUSED))
        self.empty += number(pc.equal(texts, ""))
        is_word = pc.invert(pc.match_substring_regex(texts, TRANSLATED))
        self._add_words(number(is_word), values)
        if self.first_word is None and number(is_word):
            word = texts.filter(is_word)[0]
            self.first_word = row + pc.index(values, word).as_py() + 1, word.as_py()

    def _add_words(self, words, values):
        """Count what is no number."""
        self.words += words
        self.numbers += len(values) - values.null_count - words

    def _add_truths(self, values, row):
        """Take truth values, which are words where others are numbers."""
        import pyarrow.compute as pc

        self._add_words(len(values) - values.null_count, values)
        if self.first_word is None:
            place = pc.index(pc.is_valid(values), value=True).as_py()
            self.first_word = row + place + 1, str(values[place].as_py())

    @property
    def is_translated(self):
        """Whether all is numbers, some of which must be turned into the usual notation."""
        is_text = "string" in self.kinds and "bool" not in self.kinds
        return is_text and self.numbers > 0 and self.words == self.empty

    @property
    def is_mixed(self):
        """Whether what the first pass parsed is not what the column is, and cannot become it."""
        return ("string" in self.kinds and len(self.kinds) > 1) or "integer" in self.kinds

    @property
    def parsed_as(self):
        """Arrow type in which to parse the text."""
        import pyarrow as pa

        return pa.string() if self.is_translated or self.type is None else self.type

    @property
    def type(self):
        """Arrow type that holds all values; None where none does."""
        import pyarrow as pa

        if self.is_translated:
            return pa.float64()
        if "string" in self.kinds or ("bool" in self.kinds and len(self.kinds) > 1):
            return pa.string()
        if self.kinds == {"bool"}:
            return pa.bool_()
        return self._number_type()

    def _number_type(self):
        import pyarrow as pa

        if "double" in self.kinds or not self.kinds:
            return pa.float64()
        if self.high >= LONGEST:
            fits = self.low >= 0 and self.high < LONGEST_UNSIGNED
            return pa.uint64() if fits else None
        if self.low < -LONGEST:
            return None
        largest = max(self.high, -self.low)
        return pa.int64() if not self.missing or largest > EXACT else pa.float64()

    @property
    def why(self):
        """Reason where no type holds all values."""
        example = self.low if self.low < -LONGEST else self.high
        signed = "" if self.high >= LONGEST_UNSIGNED or self.low < -LONGEST else "and negative ones"
        return f"no type of 64 bits holds integers such as {example} {signed}".strip()

    @property
    def is_nullable(self):
        """Whether values are missing; a float says so by NaN."""
        return self.missing > 0 and str(self.type) != "double"

    @property
    def fault(self):
        """Sentence on the first word in a column of numbers; None where all is well."""
        if not self.words or self.is_translated:
            return None
        row, word = self.first_word
        if self.refused == self.words:
            return f"column {self.name!r} {_notation(word).format(word)}"
        if self.numbers <= NUMERIC_SHARE * (self.numbers + self.words):
            return None
        message = f"row {row} of column {self.name!r} holds {word!r}, where numbers were expected"
        is_unit = row == 1 and self.words == 1
        return f"{message}: put # before a line of units" if is_unit else message


def _notation(word):
    """Say what is wrong with a word that is a number in another notation."""
    for pattern, words in REFUSED.items():
        ours = re.sub(r"\\x\{(\w+)\}", lambda found: chr(int(found[1], 16)), pattern)
        if re.fullmatch(rf"\s*(?:{ours})\s*", word, re.IGNORECASE):
            return words
    return "holds {!r}, where numbers were expected"


def settled(values, column):
    """Values of a column, parsed, in its type.

    Parameters
    ----------
    values : pyarrow.ChunkedArray
    column : TextColumn

    Returns
    -------
    pyarrow.ChunkedArray
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.is_translated:
        values = _translated(values)
    is_float = pa.types.is_floating(column.type)
    values = values.cast(column.type, safe=not is_float)
    return pc.fill_null(values, float("nan")) if is_float and values.null_count else values


def _translated(texts):
    """Numbers in the usual notation; what is empty is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(texts.type):
        return texts
    texts = pc.replace_substring(pc.utf8_lower(pc.utf8_trim_whitespace(texts)), "−", "-")
    texts = pc.replace_substring_regex(texts, r"1\.#inf0*", "inf")
    texts = pc.replace_substring_regex(texts, r"^([+-]?[\d.]+)d", r"\1e")
    texts = pc.replace_substring_regex(texts, r"^\+", "")
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
