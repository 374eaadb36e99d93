"""Which files are meant: names, patterns, folders and addresses, with the tree they may name."""

import glob
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hepml.data._errors import DataError, nearest
from hepml.data.files import KNOWN, TREE_ENDINGS, format_of
from hepml.data.files._remote import Remote

__all__ = ["find_files"]

# Of another machine, also after `Path` was there; a dot would be that of "my.root:/tree".
ADDRESS = r"([A-Za-z][A-Za-z0-9+-]+):(/+)"


def find_files(path, tree):
    """Files that are meant, in order, and the tree that a path may name.

    Parameters
    ----------
    path, tree
        As for `hepml.data.read`.

    Returns
    -------
    list of pathlib.Path or Remote
    str or None
    """
    if isinstance(path, list | tuple):
        if not path:
            raise DataError("an empty sequence of files was given")
        found = [find_files(one, tree) for one in path]
        if len({inside for _, inside in found}) > 1:
            raise DataError("files that are chained need the same tree: name it by tree=")
        return [file for files, _ in found for file in files], found[0][1]
    if not isinstance(path, str | os.PathLike):
        message = f"a file is named by text or a path, several by a list, not by {_kind(path)}"
        raise DataError(message)
    name, tree = _split_tree(str(path), tree)
    if found := re.match(ADDRESS, name):
        return _at_address(_repaired(name, *found.groups())), tree
    return _on_this_machine(Path(name).expanduser()), tree


def _kind(value):
    return "None" if value is None else f"a {type(value).__name__}"


def _split_tree(path, tree):
    file, colon, inside = path.rpartition(":")
    if colon and file.lower().endswith(TREE_ENDINGS):
        if tree not in (None, inside):
            raise DataError(f"two trees are named, {inside!r} in the path and {tree!r}: give one")
        return file, inside
    return path, tree


def _repaired(address, protocol, slashes):
    """Give an address the slashes back that `pathlib.Path` takes away."""
    rest = address[len(protocol) + 1 :]
    if len(slashes) == 1 and protocol.lower() != "file":
        rest = f"/{rest}"
        if protocol.lower() == "root":  # there a path begins with a slash of its own
            host, _, path = rest[2:].partition("/")
            rest = f"//{host}//{path}"
    return f"{protocol}:{rest}"


def _at_address(address):
    if address.lower().startswith("file:"):
        return _on_this_machine(Path(unquote(urlsplit(address).path)))
    remote = Remote(address)
    if not remote.is_several:
        return [remote]
    files = remote.several()
    if not files:
        raise DataError(f"no file matches {str(remote)!r}")
    return files if remote.is_pattern else _of_one_format(str(remote), files)


def _on_this_machine(file):
    if not file.exists() and glob.has_magic(str(file)):
        return _matching(file)
    if file.is_dir():
        files = [f for f in sorted(file.iterdir()) if f.is_file() and f.name[0] != "."]
        return _of_one_format(file, files)
    if not file.is_file():
        raise DataError(_missing_file(file))
    return [file]


def _matching(pattern):
    files = [Path(name) for name in sorted(glob.glob(str(pattern)))]  # noqa: PTH207 - any folder
    files = [file for file in files if file.is_file()]
    if not files:
        raise DataError(f"no file matches {str(pattern)!r}")
    return files


def _of_one_format(folder, files):
    """Files of a folder that hold one table in parts, by name."""
    files = [file for file in files if format_of(file)]
    if not files:
        raise DataError(f"{folder} is a folder without a file to read: {KNOWN}")
    kinds = {format_of(file) for file in files}
    if len(kinds) > 1 and "json" in kinds:  # the card of a sample, beside its files
        files = [file for file in files if format_of(file) != "json"]
        kinds.remove("json")
    if len(kinds) > 1:
        message = f"{folder} is a folder with files of several formats ({', '.join(sorted(kinds))})"
        raise DataError(f"{message}: give one file or a pattern such as '{folder}/*.root'")
    return files


def _missing_file(path):
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    beside = [p.name for p in sorted(path.parent.iterdir()) if _is_readable(p)]
    hint = f"; {nearest(path.name, beside)}" if beside else ""
    return f"there is no file {path.name!r} in {path.parent}{hint}"


def _is_readable(path):
    is_table = format_of(path) is not None and path.name[0] != "."
    return is_table and path.is_file() and os.access(path, os.R_OK)
