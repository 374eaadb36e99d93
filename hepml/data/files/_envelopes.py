"""Checksums of the descriptions in an RNTuple.

uproot compares those of header and footer after it has gone through them, and those of the lists
of pages never. One damaged count then keeps it busy until the memory ends.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from types import SimpleNamespace

__all__ = ["sound_envelopes"]

CHECKSUM_BYTES = 8


def sound_envelopes(ntuple):
    """Tell whether header, footer and lists of pages are as they were written.

    Parameters
    ----------
    ntuple : uproot.models.RNTuple.Model_ROOT_3a3a_RNTuple

    Returns
    -------
    bool

    Notes
    -----
    An envelope ends with the XXH3 checksum of all before it (ROOT's binary format specification
    of RNTuple 1.0, "Envelopes").
    """
    ends = [_locate(ntuple, part) for part in ("Header", "Footer")]
    return all(_is_sound(ntuple, *end) for end in ends) and all(
        _is_sound(ntuple, link.locator, link.env_uncomp_size)
        for link in (record.page_list_link for record in ntuple.footer.cluster_group_records)
    )


def _locate(ntuple, part):
    """Where the anchor says that an envelope lies, and its length once uncompressed."""
    offset, size = ntuple.member(f"fSeek{part}"), ntuple.member(f"fNBytes{part}")
    return SimpleNamespace(offset=offset, num_bytes=size), ntuple.member(f"fLen{part}")


def _is_sound(ntuple, locator, length):
    import xxhash

    found = bytes(ntuple.read_locator(locator, length)[0].raw_data)
    stated = int.from_bytes(found[-CHECKSUM_BYTES:], "little")
    return xxhash.xxh3_64_intdigest(found[:-CHECKSUM_BYTES]) == stated
