"""Scripts and style sheets as pages get them; the standard library only, for the build uses it."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]

_EXPORT = "export default { render };"
_IMPORT = re.compile(r'^import\s*\{([^;]*?)\} from "(?:\.|\.\./core)/(\w+)\.js";\n', re.MULTILINE)
_TOP = re.compile(r"^(?:export )?(?:async )?(?:function|const|class) (\w+)", re.MULTILINE)
_DECLARATION = re.compile(r"(?:async )?(?:function|let|class) ([\w$]+)")
_SHORT = "// shortened\n"
_HOOKS = {"live", "mount", "render", "standIn"}


@cache
def source(module):
    """Script of a view: its module and what it needs of those it imports, joined into one."""
    *shared, own = (_blocks(name) for name in _in_order(module, []))
    shared = [block for blocks in shared for block in blocks]
    return "\n".join([*_needed(shared, own), *own, ""])


def modules():
    """Name all scripts, those that views share first."""
    shared = _shared_modules()
    return [*shared, *sorted(_views())]


def own_part(module):
    """Script of one module alone: all that a page can get of it."""
    return "\n".join([*_blocks(module), ""])


def _in_order(module, seen):
    for _, name in _IMPORT.findall(_read(f"{module}.js")):
        _in_order(name, seen)
    if module not in seen:
        seen.append(module)
    return seen


@cache
def _blocks(module):
    """Split into declarations, without imports, exports, and what is only for readers."""
    text = _IMPORT.sub("", _read(f"{module}.js"))
    if text.startswith(_SHORT):
        return text.removeprefix(_SHORT).strip().split("\n\n")
    from hepml_widgets.core.shorten import shortened  # noqa: PLC0415 - a wheel has what this makes

    text = text.replace(_EXPORT, "")
    parts = re.split(r"^(?=(?:export |async |function |const |class ))", text, flags=re.MULTILINE)
    names = short_names(module)
    blocks = (shortened(part.removeprefix("export "), names) for part in parts)
    return [block for block in blocks if block]


@cache
def short_names(module):
    """Names that a module and those it imports declare, with those they have in pages.

    Shared ones begin with ``$``, a view's own with ``_``, and no other name does.
    """
    text = _read(f"{module}.js")
    own = {} if module in _shared_modules() else _numbered("_", _TOP.findall(text), text)
    return {**_shared_names(), **own}


@cache
def _shared_modules():
    texts = [_read(f"{name}.js") for name in _views()] + [_read("plot.js"), _read("stats.js")]
    return sorted({name for text in texts for _, name in _IMPORT.findall(text)})


@cache
def _shared_names():
    names = [name for module in _shared_modules() for name in _TOP.findall(_read(f"{module}.js"))]
    everything = "".join(_read(f"{module}.js") for module in modules())
    return _numbered("$", names, everything)


def _numbered(lead, names, text):
    """Short names for those given, the most frequent first; what pages call keeps its own."""
    from hepml_widgets.core.shorten import letters  # noqa: PLC0415 - a wheel has the names it gave

    count = Counter(re.findall(r"\w+", text))
    order = sorted(set(names) - _HOOKS, key=lambda name: (-count[name], name))
    return {
        **{name: name for name in _HOOKS},
        **{name: lead + short for name, short in zip(order, letters(), strict=False)},
    }


def _needed(shared, own):
    """Those of the shared declarations that a view's own reach, in their order."""
    names = {block: _DECLARATION.match(block)[1] for block in shared}
    kept, words = set(), _HOOKS | _words(own)
    while found := {block for block, name in names.items() if name in words} - kept:
        kept |= found
        words |= _words(found)
    return [block for block in shared if block in kept]


def _words(blocks):
    return {word for block in blocks for word in re.findall(r"[\w$]+", block)}


@cache
def stylesheet(module):
    """Style sheet of a view: what all share, then its own."""
    return _squeezed(_read("plot.css") + _read(f"{module}.css"))


def _squeezed(text):
    text = re.sub(r"/\*.*?\*/\n?|^\s+", "", text, flags=re.MULTILINE)
    return re.sub(
        r"(?<=[;{]) +|(?<=\w:) (?=[^{}]*;)| +(?=[{}])|;?[ \n]*(?=})|(?<=[;{},])[\n ]+", "", text
    )


def shipped(name):
    """File of the folder `static` as a wheel has it: pages made of it are the same ones."""
    if name.endswith(".css"):
        return _squeezed(_read(name))
    imports = "".join(match[0] for match in _IMPORT.finditer(_read(name)))
    return "\n\n".join([_SHORT + imports, *_blocks(name.removesuffix(".js"))])


def _views():
    return [path.parent.name for path in PACKAGE.glob("*/view.js")]


def _file(name):
    stem, ending = name.split(".")
    places = [
        PACKAGE / stem / f"view.{ending}",
        PACKAGE / "core" / name,
        PACKAGE / "report" / name,
    ]
    return next((path for path in places if path.exists()), None)


def _read(name):
    path = _file(name)
    return path.read_text(encoding="utf-8") if path else ""
