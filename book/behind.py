"""What stands behind a notebook besides its text: modules, what these read, and samples.

Followed are all imports of our own packages, those inside functions too. A package's front, which
only passes names on, is followed for the names that are asked of it and for no other: a lesson
with one widget does not depend on all of them.
"""

import ast
import functools
import re

ROOMS = ("hepml", "hepml_lessons", "hepml_widgets", "hub")
NAMING = "hepml_lessons"  # the room whose modules, like lessons, name samples and recordings
FRONT = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.Assign | ast.AugAssign | ast.Expr


def behind(cells, root):
    """List the files of the house that code depends on.

    Parameters
    ----------
    cells : iterable of str
        Code of a lesson.
    root : pathlib.Path
        Of the house.

    Returns
    -------
    list of pathlib.Path
        Sorted, each once.
    """
    search = _Search(root)
    search.take(_parsed("\n".join(map(_plain, cells))), ())
    search.name_all()
    return sorted(search.files)


def _plain(cell):
    """Code without the lines that only IPython understands."""
    return re.sub(r"^\s*[%!].*$", "", cell, flags=re.MULTILINE)


@functools.cache
def _parsed(text):
    return ast.parse(text)


class _Search:
    """The files found so far, and the names that lessons give to samples and recordings."""

    def __init__(self, root):
        self.root = root
        self.files, self.words, self.seen, self.computed = set(), set(), set(), []

    def file_of(self, module):
        """File of a module of ours; None for one of others, and for a name that is no module."""
        if module.split(".")[0] not in ROOMS:
            return None
        place = self.root.joinpath(*module.split("."))
        found = place.with_name(f"{place.name}.py"), place / "__init__.py"
        return next((path for path in found if path.is_file()), None)

    def is_package(self, module):
        path = self.file_of(module)
        return path is not None and path.name == "__init__.py"

    def take(self, tree, package):
        """Follow every import of some code."""
        statements = list(executed(tree))
        bound = {}
        for node in statements:
            for module, name, here in _bindings(node, package):
                whole = f"{module}.{name}" if name else module
                if self.is_package(whole):
                    bound[here] = whole
                elif name is None or self.file_of(whole):
                    self.visit(whole)
                else:
                    self.ask(module, name)
        self.ask_packages(tree, bound)
        if not package or package[0] == NAMING:
            self.words |= _words(tree)

    def ask_packages(self, tree, bound):
        """Ask a package for its attributes that code uses, or for all where it uses the package."""
        uses = {here: [] for here in bound}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in bound:
                uses[node.id].append(None)
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                uses.get(node.value.id, []).append(node.attr)
        for here, package in bound.items():
            names = [name for name in uses[here] if name]
            if 2 * len(names) < len(uses[here]) or not names:
                self.visit(package)
            for name in names:
                self.ask(package, name)

    def ask(self, module, name):
        """Follow one name through the packages that only pass it on, to where it is made."""
        path = self.file_of(module)
        if path is None or (module, name) in self.seen:
            return
        self.seen.add((module, name))
        if self.file_of(f"{module}.{name}"):
            self.visit(f"{module}.{name}")
            return
        tree = _parsed(path.read_text(encoding="utf-8"))
        package = _package(module, path)
        made = [
            (source, there)
            for node in (tree.body if path.name == "__init__.py" else ())
            if isinstance(node, ast.ImportFrom)
            for source, there, here in _bindings(node, package)
            if here == name
        ]
        if not made:
            self.visit(module)
        for source, there in made:
            self.ask(source, there)

    def visit(self, module):
        """Add a module whole, what it imports and what lies beside it and is named in it."""
        path = self.file_of(module)
        if path is None or path in self.files:
            return
        self.files.add(path)
        tree = _parsed(path.read_text(encoding="utf-8"))
        package = _package(module, path)
        self.take(tree, package)
        words = _words(tree)
        self.add(beside for beside in path.parent.iterdir() if beside.name in words)
        if package[0] == "hepml_widgets" and len(package) > 1:
            self.add((self.root / package[0] / "dist").glob(f"{package[1]}.*"))
        if any(isinstance(node, ast.JoinedStr) and _is_computed(node) for node in ast.walk(tree)):
            self.computed.append(path)
        self.visit_fronts(package)

    def visit_fronts(self, package):
        """Add the packages above a module that do more, when imported, than pass names on."""
        for length in range(1, len(package) + 1):
            module = ".".join(package[:length])
            path = self.file_of(module)
            body = _parsed(path.read_text(encoding="utf-8")).body if path else []
            if not all(isinstance(node, FRONT) and not _is_call(node) for node in body):
                self.visit(module)

    def add(self, paths):
        self.files |= {path for path in paths if path.is_file()}

    def name_all(self):
        """Add the samples and recordings that are named, and modules imported by computed names."""
        samples = {path.stem for path in (self.root / "samples").glob("*.json")}
        for word in self.words & samples:
            self.add((self.root / "samples").glob(f"{word}.*"))
        recorded = (self.root / NAMING / "recorded").glob("*.json")
        self.add(path for path in recorded if path.stem in self.words)
        while self.computed:
            path = self.computed.pop()
            package = ".".join(path.parent.relative_to(self.root).parts)
            # A recipe is named like its sample: those of other samples are not run.
            for one in path.parent.glob("*.py"):
                if one.stem not in samples - self.words:
                    self.visit(f"{package}.{one.stem}" if one != path else package)


def _package(module, path):
    parts = tuple(module.split("."))
    return parts if path.name == "__init__.py" else parts[:-1]


def executed(tree):
    """Yield the import statements that run, at the top or in functions: not those for types."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from executed(ast.Module(node.orelse, []))
        else:
            yield from executed(node)


def _bindings(node, package):
    """Yield what a statement imports: the module, the name in it or None, and its name here."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            whole = alias.asname or "." not in alias.name
            yield alias.name, None, alias.asname or alias.name if whole else ""
        return
    base = package[: len(package) - node.level + 1] if node.level else ()
    module = ".".join([*base, *filter(None, [node.module])])
    for alias in node.names:
        yield module, alias.name, alias.asname or alias.name


def _words(tree):
    nodes = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in nodes if isinstance(value, str) and 0 < len(value) < 80}


def _is_computed(node):
    """Tell whether a text is the name of a module of this package that is not written out."""
    return "__name__" in ast.unparse(node) and "{__name__}." in ast.unparse(node)


def _is_call(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
