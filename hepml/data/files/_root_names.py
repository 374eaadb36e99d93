"""Names that columns can have in a ROOT file, so that both ROOT and uproot find them again.

Tried with ROOT 6.40 and uproot 5.7: what is refused here either ended in an error of one of the two
when it was read, or was found under another name.
"""

import re

from hepml.data._errors import DataError

__all__ = ["check_branch_names", "check_field_names"]

IN_NO_FIELD = re.compile(r"[/\\\s\x00-\x1f\x7f]")  # nor a dot, which parts a record's members
REMEDY = "rename them, or leave them out (--drop)"


def check_branch_names(names, lists):
    """Raise a `DataError` that lists all names that no branch of a TTree can have.

    Parameters
    ----------
    names : list of str
    lists : collection of str
        Those of columns of lists, in whose titles ROOT looks for brackets.
    """
    bad = [name for name in names if not _is_branch(name, names, name in lists)]
    if bad:
        way = "write an RNTuple (--rntuple), " if all(_is_field(n, names) for n in bad) else ""
        raise DataError(f"a TTree cannot hold {_listed(bad)}: {way}{REMEDY}")


def check_field_names(names):
    """Raise a `DataError` that lists all names that no field of an RNTuple can have.

    Parameters
    ----------
    names : list of str
        A dot makes members of records.
    """
    bad = [name for name in names if not _is_field(name, names)]
    if bad:
        reason = "its names have no blank, no '/' and no '\\', and something around each dot"
        raise DataError(f"an RNTuple cannot hold {_listed(bad)} ({reason}): {REMEDY}")


def _is_branch(name, names, is_list):
    """Tell whether a name is no path and has no brackets that are read as a length."""
    if not name or name.startswith("/") or ".." in name or "\0" in name:
        return False
    lengths = re.findall(r"\[([^\[\]]*)\]", name)
    is_length = any(one.isdigit() or one in names for one in lengths)
    return not is_length and not (is_list and "[" in name)


def _is_field(name, names):
    """Tell whether each part of a name can be a field, and none of them is a column itself."""
    parts = name.split(".")
    above = {".".join(parts[:number]) for number in range(1, len(parts))}
    return all(parts) and not IN_NO_FIELD.search(name) and not above & set(names)


def _listed(names):
    return ", ".join(map(repr, names))
