"""Friends of a TTree: other trees that go on in its rows, in the same file or in another.

ROOT joins a friend row by row, unless the friend has an index: then by the values of some columns.
"""

from pathlib import Path
from typing import NamedTuple

__all__ = ["Friend", "find_file", "friends_of", "has_unknown_friends", "is_indexed", "read_tree"]

FULL = "minimal_ttree_metadata"  # uproot's option: false to read friends and index, too


class Friend(NamedTuple):
    """What a tree says of a friend: how it calls it, its file (empty if its own), its name."""

    name: str
    file: str
    tree: str


def read_tree(file, key):
    """Read a tree with what it says of friends and its index, if uproot can read these.

    Parameters
    ----------
    file : uproot.ReadOnlyDirectory
    key : str

    Returns
    -------
    uproot.TTree
    """
    options = file.file.options
    options[FULL] = False
    try:
        return file[key]
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - if the tree itself is damaged, it fails again
        options[FULL] = True
        return file[key]


def friends_of(tree):
    """List the friends of a tree.

    Parameters
    ----------
    tree : uproot.TTree

    Returns
    -------
    list of Friend
    """
    return [
        Friend(one.member("fName"), one.member("fTitle"), str(one.member("fTreeName")))
        for one in _elements(tree)
        if one.has_member("fTreeName")
    ]


def has_unknown_friends(tree):
    """Whether a tree may have friends of which uproot cannot read which they are.

    Parameters
    ----------
    tree : uproot.TTree
    """
    if not tree.has_member("fFriends"):
        return "TFriendElement" in tree.file.streamers
    return not all(one.has_member("fTreeName") for one in _elements(tree))


def _elements(tree):
    return tree.member("fFriends", none_if_missing=True) or []


def is_indexed(tree):
    """Whether rows of this tree are joined to others by values; true if that cannot be told.

    Parameters
    ----------
    tree : uproot.TTree
    """
    if tree.has_member("fTreeIndex"):
        return tree.member("fTreeIndex") is not None
    return "TTreeIndex" in tree.file.streamers


def find_file(friend, beside):
    """Path of the file of a friend, or None if there is no such file.

    Parameters
    ----------
    friend : Friend
    beside : pathlib.Path
        The file of the tree: names are looked up in its folder first, then where Python runs.
    """
    choices = [Path(beside).parent / friend.file, Path(friend.file)]
    return next((path for path in choices if path.is_file()), None)
