"""One way to write a file whole, and one to say why it cannot be had: `hepml.files`."""

import ast

import pytest

ROOMS = ("hepml", "hepml_widgets", "benchmarks", "book")
DOOR = "hepml/files.py"
# What gives a file its name, or writes under the name it has, or words the system's refusal.
NAMING = {"link", "mkstemp", "move", "rename", "renames", "NamedTemporaryFile", "copyfile", "copy2"}
WRITING = {"write_bytes", "write_text"}
MODES = set("wxa+")
# Files that nobody sees before they are named, or at all: folders of one's own, parts, streams.
ELSEWHERE = {
    "benchmarks/faults.py": "open write_text",  # the folder of a try, the disk to fill
    "hepml/data/_cluster.py": "open write_text",  # a temporary folder: keys, the workers' log
    "hepml/data/files/npz.py": "open",  # an array within the archive
    "hepml/data/published/cache.py": "open",  # the lock
    "hepml/data/published/download.py": "open",  # the part of a download
    "hepml/data/published/layouts.py": "open",  # a temporary folder
    "hepml/devices.py": "open",  # nowhere
}


def opens_for_writing(node):
    modes = [*node.args, *(k.value for k in node.keywords if k.arg == "mode")]
    texts = [m.value for m in modes if isinstance(m, ast.Constant) and isinstance(m.value, str)]
    return any(len(text) <= 3 and MODES & set(text) for text in texts)


def offence(node):
    """Name of what a piece of code does that only the door may; None if nothing."""
    if isinstance(node, ast.Attribute) and node.attr == "strerror":
        return "strerror"
    if not isinstance(node, ast.Call):
        return None
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if isinstance(node.func, ast.Attribute) and name in NAMING | WRITING:
        return name
    if name == "replace" and isinstance(node.func, ast.Attribute) and renames(node):
        return name
    return name if name == "open" and opens_for_writing(node) else None


def renames(call):
    """Whether `replace` is that of files: of texts it takes two, of times and the like names."""
    is_of_os = getattr(call.func.value, "id", "") == "os"
    return is_of_os or (len(call.args) == 1 and not call.keywords)


def offences(source):
    return {found for node in ast.walk(ast.parse(source)) if (found := offence(node))}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("os.replace(a, b)", "replace"),
        ("part.replace(target)", "replace"),
        ("part.rename(target)", "rename"),
        ("shutil.move(a, b)", "move"),
        ("tempfile.mkstemp()", "mkstemp"),
        ("Path(x).write_text(text)", "write_text"),
        ("open(x, 'w')", "open"),
        ("x.open('r+b')", "open"),
        ("x.open(mode='ab')", "open"),
        ("f'{error.strerror}'", "strerror"),
    ],
)
def test_the_rule_sees_what_it_forbids(line, found):
    assert offences(line) == {found}


@pytest.mark.parametrize(
    "line",
    [
        "text.replace('a', 'b')",
        "moment.replace(hour=3)",
        "write_text(a, b)",
        "x.open('rb')",
        "x.open()",
    ],
)
def test_the_rule_leaves_alone_what_writes_no_file(line):
    assert offences(line) == set()


def test_files_are_written_and_refusals_worded_in_one_place(root):
    paths = [path for room in ROOMS for path in sorted((root / room).rglob("*.py"))]
    found = {p.relative_to(root).as_posix(): offences(p.read_text(encoding="utf-8")) for p in paths}
    assert found.pop(DOOR)
    assert {place: " ".join(sorted(what)) for place, what in found.items() if what} == ELSEWHERE
