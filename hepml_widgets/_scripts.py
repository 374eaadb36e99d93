"""Scripts and style sheets as pages get them; the standard library only, for the build uses it."""

import itertools
import re
import string
from collections import Counter
from functools import cache
from pathlib import Path

STATIC = Path(__file__).with_name("static")

_EXPORT = "export default { render };"
_IMPORT = re.compile(r'^import\s[^;]*?"\./(\w+)\.js";\n', re.MULTILINE)
_DECLARATION = re.compile(r"^(?:async )?(?:function|const) (\w+)")
_SHORT = "// shortened\n"
_TOP = re.compile(r"^(?:export )?(?:async )?(?:function|const|class) (\w+)", re.MULTILINE)
_HOOKS = {"live", "mount"}


@cache
def source(module):
    """Script of a view: its module and what it needs of those it imports, joined into one."""
    *shared, own = (_blocks(name) for name in _in_order(module, []))
    shared = [block for blocks in shared for block in blocks]
    return "\n".join([*_needed(shared, own), *own, ""])


def _in_order(module, seen):
    for name in _IMPORT.findall(_read(f"{module}.js")):
        _in_order(name, seen)
    if module not in seen:
        seen.append(module)
    return seen


@cache
def _blocks(module):
    """Split into declarations, without imports, exports, comments and needless space."""
    text = _read(f"{module}.js")
    if text.startswith(_SHORT):
        return _IMPORT.sub("", text).removeprefix(_SHORT).strip().split("\n\n")
    text = _IMPORT.sub("", text).replace(_EXPORT, "")
    parts = re.split(r"^(?=(?:export |async |function |const |class ))", text, flags=re.MULTILINE)
    top = _top_names(module)
    blocks = (shortened(part.removeprefix("export "), top) for part in parts)
    return [block for block in blocks if block]


@cache
def _top_names(module):
    """Names that a module declares or imports: those of shared scripts stand for all imported."""
    texts = [_read(f"{name}.js") for name in _in_order(module, [])]
    return frozenset(name for text in texts for name in _TOP.findall(text))


# ---------------------------------------------------------------- tokens

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<number>(?:0[xb]\w+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)n?)
    |(?P<word>[#\w$]+)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<mark>=>|\.\.\.|\?\.(?!\d)|>>>=?|<<=?|>>=?|\*\*=?|&&=?|\|\|=?|\?\?=?|\+\+|--|[=!]==?|[-+*/%&|^<>]=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*")
_TEMPLATE = re.compile(r"[`}](?:[^`\\$]|\\.|\$(?!\{))*(?:`|\$\{)", re.DOTALL)
_BEFORE_REGEX = {"return", "typeof", "case", "of", "in", "=>"}


def _tokens(text):
    """Yield (kind, text) of every token; comments and spaces are of the kind "space"."""
    at, last, open_braces = 0, ("", ""), []
    while at < len(text):
        kind, found = _token(text, at, last, open_braces)
        yield kind, found
        at += len(found)
        last = last if kind == "space" else (kind, found)


def _token(text, at, last, open_braces):
    letter = text[at]
    if letter == "`" or (letter == "}" and open_braces and open_braces[-1] == "`"):
        return _template(text, at, open_braces)
    if letter == "/" and text[at + 1] not in "/*" and _regex_may_follow(*last):
        return "regex", _REGEX.match(text, at)[0]
    match = _TOKEN.match(text, at)
    if letter == "{":
        open_braces.append(letter)
    elif letter == "}":
        open_braces.pop()
    return match.lastgroup, match[0]


def _template(text, at, open_braces):
    found = _TEMPLATE.match(text, at)[0]
    if found[0] == "}":
        open_braces.pop()
    if found.endswith("${"):
        open_braces.append("`")
    return "template", found


def _regex_may_follow(kind, text):
    return text in _BEFORE_REGEX or (kind in {"", "mark"} and text not in {")", "]", "}"})


def shortened(text, top=frozenset()):
    """Script without comments and needless space, its local names short; those in `top` stay.

    No statement is empty, as in ``for (…);``: semicolons before a closing brace are dropped.
    """
    kept, gap = [], ""
    for kind, word in _tokens(text):
        if kind == "space":
            gap += word
            continue
        if word == "}" and kept[-1][1] == ";":
            kept.pop()
        kept.append((kind, word, gap))
        gap = ""
    words = _renamed([token[:2] for token in kept], top)
    spaces = map(_between, [("", "", ""), *kept], ["", *words], words, (gap for *_, gap in kept))
    return "".join(map("".join, zip(spaces, words, strict=False)))


def _between(token, last, word, gap):
    """Space between two words: `token` is what the one called `last` was."""
    if "\n" in gap and last in {")", "]", "}"} and re.match(r"[\w$\"'`#{\[(]", word):
        return "\n"
    words = re.match(r"[\w$#]", word) and token[0] in {"word", "number", "regex"}
    return " " if words or (last[-1:] == word[0] and word[0] in "+-") else ""


# ---------------------------------------------------------------- names
# A name that a declaration introduces somewhere is renamed wherever the declaration's block reads
# it, by one rule for all its scopes: what was one name stays one, what were two stay two.

_KEYWORDS = set(
    re.findall(
        r"\w+",
        """arguments as async await break case catch class const continue default delete do else
        export extends false finally for function get if import in instanceof let new null of
        return set static super switch this throw true try typeof undefined var void while with
        yield""",
    )
)


def _renamed(tokens, top):
    """Text of each token, with short names for what is declared here and not in `top`."""
    words = [word for _, word in tokens]
    uses = _Uses(tokens)
    local = uses.declared() - top - _KEYWORDS
    count = Counter(words[i] for i in uses.roles)
    names = dict(
        zip(
            sorted(local, key=lambda name: (-count[name], name)),
            (name for name in _short_names() if name not in {*_KEYWORDS, *count} - local),
            strict=False,
        )
    )
    for i, role in uses.roles.items():
        if words[i] in names:
            words[i] = f"{words[i]}:" * (role == "shorthand") + names[words[i]]
    return words


def _short_names():
    letters = string.ascii_letters
    return itertools.chain(letters, map("".join, itertools.product(letters, letters)))


class _Uses:
    """Which words of a script are variables (`roles`), and which of these it declares."""

    def __init__(self, tokens):
        self.words = [*(word for _, word in tokens), "", "", "", ""]
        self.inside, self.closer = [], {}
        self._match_brackets()
        self.opener = {end: start for start, end in self.closer.items()}
        names = [i for i, (kind, _) in enumerate(tokens) if kind == "word" and self._is_name(i)]
        self.roles = {i: "shorthand" if self._is_key(i) else "variable" for i in names}

    def _match_brackets(self):
        stack = [("block", -1)]
        for i, word in enumerate(self.words):
            if re.match(r"[)\]}]", word):
                self.closer[stack.pop()[1]] = i
            self.inside.append(stack[-1][0])
            if word in {"(", "[", "{"} or word.endswith("${"):
                stack.append((self._kind_of(i), i))

    def _kind_of(self, i):
        last = self.words[i - 1]
        if self.words[i] != "{":
            return self.words[i]
        if self.words[i - 2] == "class" or self.words[i - 4] == "class":
            return "class"
        if last in {")", "=>", ";", "else", "do", "try", "finally", "catch"}:
            return "block"
        return "block" if last in {"{", "}"} and self.inside[i] != "object" else "object"

    def _is_name(self, i):
        if self.words[i] in _KEYWORDS or self.words[i - 1] in {".", "?."}:
            return False
        if self.inside[i] == "class":
            return self.words[i - 1] == "="
        return not self._is_key(i) or self.words[i + 1] in {",", "}", "="}

    def _is_key(self, i):
        """Tell a name of an object's part; one that stands alone is a variable as well."""
        at = i - 1 if self.words[i - 1] in {"get", "set", "async"} else i
        return self.inside[i] == "object" and self.words[at - 1] in {"{", ","}

    def declared(self):
        """Names of constants, variables, functions and their arguments."""
        return set().union(*(self._declared_at(i, word) for i, word in enumerate(self.words)))

    def _declared_at(self, i, word):
        if word in {"const", "let", "var"}:
            return self._of_statement(i + 1)
        if word in {"function", "class"} and i + 1 in self.roles:
            return {self.words[i + 1]}
        if word == "=>" and self.words[i - 1] != ")":
            return {self.words[i - 1]}
        if self.words[i - 1] == ")" and (word == "=>" or self._is_body(i)):
            return self._names_in(self.opener[i - 1], i - 1)
        return set()

    def _is_body(self, i):
        if self.words[i] != "{":
            return False
        return self.words[self.opener[i - 1] - 1] not in {"if", "for", "while", "switch"}

    def _of_statement(self, i):
        end = self.closer.get(i, i) + 1
        found = self._names_in(i, end)
        if self.words[end] == "=":
            end = self._after_value(end)
        return found | (self._of_statement(end + 1) if self.words[end] == "," else set())

    def _names_in(self, i, end):
        """Names of a pattern, without those that its default values read."""
        found = set()
        while i < end:
            if i in self.roles:
                found.add(self.words[i])
            i = self._after_value(i) if self.words[i] == "=" else i + 1
        return found

    def _after_value(self, i):
        while self.words[i] not in {",", ";", ")", "]", "}", ""}:
            while i in self.closer:
                i = self.closer[i]
            i += 1
        return i


def _needed(shared, own):
    """Those of the shared declarations that a view's own reach, in their order."""
    names = {block: match[1] for block in shared if (match := _DECLARATION.match(block))}
    kept, words = set(), _HOOKS | _words(own)
    while found := {block for block, name in names.items() if name in words} - kept:
        kept |= found
        words |= _words(found)
    return [block for block in shared if block in kept or block not in names]


def _words(blocks):
    return {word for block in blocks for word in re.findall(r"\w+", block)}


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


def _read(name):
    path = STATIC / name
    return path.read_text(encoding="utf-8") if path.exists() else ""
