"""Cards of published sets: whose they are, where they come from, and what may be wrong."""

from dataclasses import asdict, dataclass

from hepml.data._cards import Described, bullets, column_table
from hepml.data.published import cache
from hepml.data.published.registry import entry
from hepml.data.recipes import NAMES

__all__ = ["PublishedCard", "card"]

MOST_LISTED = 3  # files; of more, one line tells


@dataclass(frozen=True)
class PublishedCard(Described):
    """What is known of a published set: a plain ``record``, readable as text or Markdown."""

    def __str__(self):
        """Plain text, one fact a line."""
        get = f"get it: hepml data fetch {self.name}"
        return "\n".join((f"{self.name}: {self.record['title']}", get, *self._facts()))

    def _repr_markdown_(self):
        r = self.record
        parts = (
            f"**{r['title']}**",
            f"```bash\nhepml data fetch {r['name']}\n```",
            bullets(self._facts()),
            column_table(r["columns"]),
        )
        return "\n\n".join(parts) + "\n"

    def _facts(self):
        r = self.record
        sister = f"bundled sample of this kind, whose columns' names these are: {r['sister']}"
        return (
            f"not ours: {r['page']}, doi:{r['doi']}",
            f"licence: {r['licence']}",
            f"cite: {r['citation']}",
            f"size: {_sizes(r)}",
            *_file_lines(r["files"]),
            f"columns: {r['renamed']}",
            *([sister] if r["sister"] in NAMES else ()),
            *(f"note: {note}" for note in r["notes"]),
        )


def _sizes(record):
    files, default = record["files"], record["default_files"]
    chosen = files[:default]
    total = sum(file["size"] or file["about"] for file in chosen) / 1e6
    about = "" if all(file["size"] for file in chosen) else "about "
    more = f", of {len(files)} that --files chooses from" if default else ""
    return f"{len(chosen)} file{'s' * (len(chosen) > 1)}, {about}{total:.0f} MB{more}"


def _file_lines(files):
    if len(files) <= MOST_LISTED:
        return [f"{file['name']}: {_check(file)}" for file in files]
    ends = f"{files[0]['name']} to {files[-1]['name']}"
    return [f"{ends}: checksums after {files[0]['source']}"]


def _check(file):
    """Words on how a file is checked."""
    if file["checksum"]:
        return f"{file['checksum']}, after {file['source']}"
    if file["recorded"]:
        return f"{file['recorded']}, recorded at the first download on {file['date']}"
    return "no source states a checksum: it is recorded at the first download"


def card(name):
    """Card of a published set: origin, licence, citation, files and checksums, columns, limits.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    PublishedCard

    Raises
    ------
    DataError
        If there is no such set.
    """
    one, known = entry(name), cache.ledger(name)
    facts = ("name", "title", "sister", "doi", "licence", "citation", "page", "renamed")
    facts += ("default_files",)
    record = {fact: getattr(one, fact) for fact in facts}
    record["notes"] = list(one.notes)
    record["files"] = [_file_record(file, known.get(file.name, {})) for file in one.files]
    told = ("name", "dtype", "unit", "meaning")
    record["columns"] = [{fact: getattr(c, fact) for fact in told} for c in one.columns]
    return PublishedCard(record)


def _file_record(file, came):
    recorded = None if file.checksum else came.get("checksum")
    return asdict(file) | {"recorded": recorded, "date": came.get("date")}
