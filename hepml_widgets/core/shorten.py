"""Scripts in fewer bytes: no comments, no needless space, local names of a letter or two.

What is asked of a script: statements end in semicolons, none is empty, names are declared by
``const``, ``let``, ``function``, ``class`` or as arguments, and no property is called after a word
of the language.
"""

import bisect
import itertools
import re
import string
from collections import defaultdict

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<number>(?:0[xb]\w+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)n?)
    |(?P<word>[#\w$]+)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<mark>=>|\.\.\.|\?\.(?!\d)|>>>=?|<<=?|>>=?|\*\*=?|&&=?|\|\|=?|\?\?=?|\+\+|--|[=!]==?
        |[-+*/%&|^<>]=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*")
_TEMPLATE = re.compile(r"[`}](?:[^`\\$]|\\.|\$(?!\{))*(?:`|\$\{)", re.DOTALL)
_BEFORE_REGEX = {"return", "typeof", "case", "of", "in", "=>"}
_TERSE = {"const": "let", "true": "!0", "false": "!1"}
_BEFORE_MEMBER = {"{", "}", ";", "async", "get", "set", "static"}
_KEYWORDS = set(
    re.findall(
        r"\w+",
        """arguments as async await break case catch class const continue default delete do else
        export extends false finally for function get if import in instanceof let new null of
        return set static super switch this throw true try typeof undefined var void while with
        yield""",
    )
)


def shortened(text, outer=None):
    """Write a script in fewer bytes.

    Parameters
    ----------
    text : str
        One declaration, or a program.
    outer : dict of str to str, optional
        New names of what is declared outside: they and the letters of local names never meet.

    Returns
    -------
    str
    """
    tokens = _without_space(text)
    scopes = _Scopes(tokens, outer or {})
    words = scopes.renamed()
    for i in scopes.continued():
        words[i - 1 : i + 1] = ",", ""
    for i in scopes.needless():
        words[i] = ""
    parts, last = [], ("", "")
    for (kind, _, gap), word in zip(tokens, map(_terse, words), strict=True):
        if word:
            parts += [_between(*last, word, gap), word]
            last = kind, word
    return "".join(parts)


def tokens_of(text):
    """Yield (kind, text) of every token; comments and spaces are of the kind "space"."""
    at, last, braces = 0, ("", ""), []
    while at < len(text):
        kind, found = _token_at(text, at, last, braces)
        yield kind, found
        at += len(found)
        last = last if kind == "space" else (kind, found)


def _token_at(text, at, last, braces):
    letter = text[at]
    if letter == "`" or (letter == "}" and braces and braces[-1] == "`"):
        return _template_at(text, at, braces)
    if letter == "/" and text[at + 1] not in "/*" and _regex_may_follow(*last):
        return "regex", _REGEX.match(text, at)[0]
    match = _TOKEN.match(text, at)
    if letter == "{":
        braces.append(letter)
    elif letter == "}":
        braces.pop()
    return match.lastgroup, match[0]


def _template_at(text, at, braces):
    found = _TEMPLATE.match(text, at)[0]
    if found[0] == "}":
        braces.pop()
    if found.endswith("${"):
        braces.append("`")
    return "template", found


def _regex_may_follow(kind, text):
    return text in _BEFORE_REGEX or (kind in {"", "mark"} and text not in {")", "]", "}"})


def _without_space(text):
    """Tokens as (kind, text, space before); a semicolon before a closing brace is space."""
    found, gap = [], ""
    for kind, word in tokens_of(text):
        if kind == "space":
            gap += word
            continue
        if word == "}" and found[-1][1] == ";":
            found.pop()
        found.append((kind, word, gap))
        gap = ""
    return found


def _terse(word):
    return _TERSE.get(word) or (word[1:] if re.match(r"0\.\d", word) else word)


def _between(kind, last, word, gap):
    if "\n" in gap and last == "}" and re.match(r"[\w$\"'`#{\[(]", word):
        return "\n"
    words = re.match(r"[\w$#]", word) and kind in {"word", "number", "regex"}
    return " " if words or (last[-1:] == word[0] and word[0] in "+-") else ""


def letters():
    """Yield names of one letter, then of two.

    Yields
    ------
    str
    """
    one = string.ascii_letters
    yield from itertools.chain(one, map("".join, itertools.product(one, one)))


class _Scopes:
    """Which words of a script are variables, what declares them, and how far they are known."""

    def __init__(self, tokens, outer):
        self.outer = outer
        self.words = [*(word for _, word, _ in tokens), "", "", "", ""]
        self.inside, self.around, self.closer = [], [], {-1: len(tokens)}
        self._match_brackets()
        self.opener = {end: start for start, end in self.closer.items()}
        names = [i for i, token in enumerate(tokens) if token[0] == "word" and self._is_name(i)]
        self.shorthand = {i: self._is_key(i) for i in names}
        self.scopes = defaultdict(dict)  # name: {(start, end): positions}
        for i, word in enumerate(self.words):
            self._declare(i, word)
        self.free = [i for i in names if not self._resolve(i)]

    # ---------------------------------------------------------------- brackets and words

    def _match_brackets(self):
        stack = [("block", -1)]
        for i, word in enumerate(self.words):
            if re.match(r"[)\]}]", word):
                self.closer[stack.pop()[1]] = i
            kind, start = stack[-1]
            self.inside.append(kind)
            self.around.append(start)
            if word in {"(", "[", "{"} or word.endswith("${"):
                stack.append((self._kind_of(i), i))

    def _kind_of(self, i):
        last = self.words[i - 1]
        if self.words[i] != "{":
            return self.words[i]
        if "class" in {self.words[i - 2], self.words[i - 4]}:
            return "class"
        if last in {"", ")", "=>", ";", "else", "do", "try", "finally", "catch"}:
            return "block"
        return "block" if last in {"{", "}"} and self.inside[i] != "object" else "object"

    def _is_name(self, i):
        if self.words[i] in _KEYWORDS or self.words[i - 1] in {".", "?."}:
            return False
        if self.inside[i] == "class":
            return self.words[i - 1] not in _BEFORE_MEMBER
        return not self._is_key(i) or self.words[i + 1] in {",", "}", "="}

    def _is_key(self, i):
        """Tell a name of an object's part; one that stands alone is a variable as well."""
        at = i - 1 if self.words[i - 1] in {"get", "set", "async"} else i
        return self.inside[i] == "object" and self.words[at - 1] in {"{", ","}

    # ---------------------------------------------------------------- declarations

    def _declare(self, i, word):
        if word in {"const", "let"}:
            self._declare_statement(i + 1, self._reach(i))
        elif word in {"function", "class"} and i + 1 in self.shorthand:
            self._add(i + 1, (self.around[i], self.closer[self.around[i]]))
        elif word == "=>":
            start = self.opener.get(i - 1, i - 1)
            self._add_names(start, i, (start, self._after_value(i + 1)))
        elif word == "{" and self.words[i - 1] == ")":
            start = self._head_of(i)
            self._add_names(start, i, (start, self.closer[i]))

    def _reach(self, i):
        """Range where a declaration is known: a block, or a loop with its head."""
        start = self.around[i]
        end = self.closer[start]
        if self.words[i - 1] == "(":
            return start, self._end_of_statement(end + 1)
        return self._head_of(start), end

    def _head_of(self, i):
        """Where the arguments begin of what a brace is the body of: they share their names."""
        last = i - 2 if self.words[i - 1] == "=>" else i - 1
        start = self.opener.get(last, last)
        is_body = last == i - 2 or (
            self.words[last] == ")"
            and self.words[start - 1] not in {"if", "for", "while", "switch"}
        )
        return start if i >= 0 and is_body else i

    def _declare_statement(self, i, scope):
        end = self.closer.get(i, i) + 1
        self._add_names(i, end, scope)
        if self.words[end] == "=":
            end = self._after_value(end)
        if self.words[end] == ",":
            self._declare_statement(end + 1, scope)

    def _add_names(self, i, end, scope):
        """Declare the names of a pattern, not those that its default values read."""
        while i < end:
            if i in self.shorthand:
                self._add(i, scope)
            i = self._after_value(i) if self.words[i] == "=" else i + 1

    def _add(self, i, scope):
        if scope[0] >= 0 or self.words[i] not in self.outer:
            self.scopes[self.words[i]].setdefault(scope, [])

    def _after_value(self, i):
        """Position behind an expression."""
        choices = 0
        while self.words[i] not in {",", ";", ""} and i not in self.opener:
            choices += {"?": 1, ":": -1}.get(self.words[i], 0)
            if choices < 0:
                break
            i = self._skip(i)
        return i

    def _skip(self, i):
        while i in self.closer:
            i = self.closer[i]
        return i + 1

    def _end_of_statement(self, i):
        if self.words[i] == "{":
            return self.closer[i]
        if self.words[i] in {"if", "for", "while"}:
            end = self._end_of_statement(self.closer[i + 1] + 1)
            return self._end_of_statement(end + 2) if self.words[end + 1] == "else" else end
        while self.words[i] not in {";", ""} and i not in self.opener:
            i = self._skip(i)
        return i if self.words[i] == ";" else i - 1

    def _resolve(self, i):
        """Note a use with the innermost scope that declares its name; tell whether one does."""
        scopes = self.scopes.get(self.words[i], {})
        known = [scope for scope in scopes if scope[0] <= i <= scope[1]]
        if known:
            scopes[max(known)].append(i)
        return bool(known)

    # ---------------------------------------------------------------- what is shorter

    def renamed(self):
        """Text of each token, with new names."""
        words = self.words[: self.closer[-1]]
        names = {i: self.outer[words[i]] for i in self.free if words[i] in self.outer}
        taken = defaultdict(list)  # short name: [(start, end, positions)]
        for i in self.free:
            taken[names.get(i, words[i])].append((-1, self.closer[-1], [i]))
        bindings = [
            (*scope, uses) for known in self.scopes.values() for scope, uses in known.items()
        ]
        for binding in sorted(bindings, key=lambda one: -len(one[2])):
            short = next(
                name
                for name in letters()
                if name not in _KEYWORDS and not any(_meet(binding, one) for one in taken[name])
            )
            taken[short].append(binding)
            names |= dict.fromkeys(binding[2], short)
        for i, name in names.items():
            words[i] = f"{words[i]}:{name}" if self.shorthand[i] and words[i] != name else name
        return words

    def continued(self):
        """Find declarations that can go on with the one before them."""
        first = {}  # word that the statement begins with which a block is in
        for i, word in enumerate(self.words):
            start, last = self.around[i], self.words[i - 1]
            if self.inside[i] != "block":
                continue
            if word in {"const", "let"}:
                if last == ";" and first.get(start) == "let":
                    yield i
                first[start] = "let"
            elif last == ";" or i - 1 == start:
                first[start] = word

    def needless(self):
        """Parentheses around the only argument of an arrow function."""
        for i, word in enumerate(self.words):
            start = self.opener.get(i - 1)
            if word == "=>" and start == i - 3 and i - 2 in self.shorthand:
                yield from (start, i - 1)


def _meet(one, other):
    """Tell whether two names that are the same would take each other's place."""
    inner, wider = sorted((one, other), key=lambda binding: -binding[0])
    if inner[0] > wider[1]:
        return False
    if inner[0] == wider[0]:
        return True
    uses = wider[2]
    at = bisect.bisect_left(uses, inner[0])
    return at < len(uses) and uses[at] <= inner[1]
