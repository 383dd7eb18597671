#!/usr/bin/env python3
"""Circles of imports inside crates: `tests/circles.py CRATE…` prints each, and fails if there are
any.

A module is a file, and imports what its `use` lines and the paths in its code lead to; `mod` lines
and modules of tests do not count. A parent and a child that import each other are a circle, too.
"""

import re
import sys
from pathlib import Path

CRATES = Path(__file__).resolve().parent.parent / "crates"
COMMENT_OR_TEXT = r"""//[^\n]*|/\*.*?\*/|'(?:\\[^']+|[^'\\])'|\br(#*)".*?"\1|"(?:\\.|[^"\\])*\""""
COMMENT_OR_TEXT = re.compile(COMMENT_OR_TEXT, re.S)
TEST_ONLY = r"#\[cfg\((?:test|all\(test, [^\]]*\))\)\]\s*"
TEST_FILE = re.compile(TEST_ONLY + r"mod (\w+);")
TESTS_TO_THE_END = re.compile(TEST_ONLY + r"mod \w+ \{.*", re.S)
USE = re.compile(r"\buse\s+([^;]+);")
INNERMOST = re.compile(r"([\w:]*)\{([^{}]*)\}")
PATH = re.compile(r"(?<![\w:])(?:\w+::)+\w+")


def modules(crate):
    """The code of each module, by its path as a tuple of names."""
    source, code = CRATES / crate / "src", {}
    for file in sorted(source.rglob("*.rs")):
        names = file.relative_to(source).with_suffix("").parts
        names = tuple(name for name in names if name not in ("lib", "main", "mod"))
        code[names] = TESTS_TO_THE_END.sub("", COMMENT_OR_TEXT.sub("", file.read_text()))
    tests = {names + (name,) for names in code for name in TEST_FILE.findall(code[names])}
    within = lambda names: {names[:length] for length in range(len(names) + 1)}
    return {names: text for names, text in code.items() if not within(names) & tests}


def flat(tree):
    """The paths of a `use` line: `a::{b, c::{d, e}}` is `a::b`, `a::c::d` and `a::c::e`."""
    while found := INNERMOST.search(tree):
        paths = (found[1] + path.strip() for path in found[2].split(",") if path.strip())
        tree = tree[: found.start()] + ", ".join(paths) + tree[found.end() :]
    return [path.split(" as ")[0].strip() for path in tree.split(",")]


def module(path, asking, code):
    """The module that a path in another leads to; None if it leads out of the crate."""
    first, *_ = names = path.split("::")
    if first not in ("crate", "self", "super") and asking + (first,) not in code:
        return None
    base = () if first == "crate" else asking
    for name in names:
        if name == "super":
            base = base[:-1]
        elif base + (name,) in code:
            base += (name,)
    return base


def imports(asking, text, code):
    paths = [path for tree in USE.findall(text) for path in flat(tree)] + PATH.findall(USE.sub("", text))
    return {module(path, asking, code) for path in paths} - {None, asking}


def circle(start, graph):
    """The shortest way from a module back to it; nothing if there is none."""
    ways, reached = [(start,)], set()
    for way in ways:
        for names in sorted(graph[way[-1]] - reached):
            if names == start:
                return way
            reached.add(names)
            ways.append(way + (names,))


failed = False
for crate in sys.argv[1:]:
    code = modules(crate)
    graph = {names: imports(names, text, code) for names, text in code.items()}
    for way in {frozenset(way): way for way in (circle(it, graph) for it in code) if way}.values():
        failed = True
        names = ["::".join(names) or "lib" for names in way + way[:1]]
        print(f"architecture: imports of {crate} in a circle: {' -> '.join(names)}", file=sys.stderr)
sys.exit(failed)
