#!/usr/bin/env python3
"""The layers of the program: a module of crates/sidetone imports only what LAYERS lets it.

What modules import is what their `use` lines and the paths in their code begin with; tests do not
count.
"""

import re
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "crates/sidetone/src"

# Bottom to top: each module, and what it may import. Only what stands above it here may be named,
# so that no arrow leads up. `a::b` lets it import that of `a` alone. `core`, `wire`, `store`,
# `store_sqlite` and `demo` are the crates.
LAYERS = """
address
budget
clock            core
guard
outgoing         address core wire store
program
rates
secrets
shutdown
socket
telemetry        core wire store
live             core store
mailbox
recording        core
ui
dimension        core store
alerts           dimension core store

config           mailbox recording core wire store
logins           address
people           secrets store
streams          alerts mailbox secrets core store
bounds           budget logins rates

accounts         secrets config core store
data_dir         store_sqlite
test_clock       clock data_dir core
data             accounts clock data_dir secrets test_clock core store store_sqlite
directory        rates secrets core wire store
oidc             clock outgoing config secrets core store
tables           address config directory oidc core wire store

app              clock bounds config directory live outgoing::pauses streams tables telemetry core store

runner           shutdown telemetry app core store
delivery         alerts config mailbox address outgoing shutdown streams telemetry app runner core wire store
workers          guard outgoing secrets alerts streams telemetry live config data_dir app runner delivery core store

web              address clock budget shutdown telemetry config::Networks

api              address clock budget program recording ui dimension alerts secrets people streams bounds live telemetry accounts::credentials_file accounts::create_key directory app oidc delivery::target web core wire store
ingest           address budget shutdown socket config bounds telemetry tables app web api::auth api::error api::extract api::hint core wire store
routes           telemetry ui app web api ingest

cmd              * core wire store store_sqlite demo
lib
main             cmd
"""

COMMENT_OR_TEXT = re.compile(r"""//[^\n]*|/\*.*?\*/|'(?:\\[^']+|[^'\\])'|\br(#*)".*?"\1|"(?:\\.|[^"\\])*\"""", re.S)
TESTS = re.compile(r"#\[cfg\(test\)\]\s*mod \w+ \{.*", re.S)
INNERMOST = re.compile(r"([\w:]*)\{([^{}]*)\}")
USE = re.compile(r"\buse\s+([^;]+);")
PATH = re.compile(r"(?<![\w:])(?:crate|super|sidetone\w*)(?:::\w+)+")


def flat(tree):
    """The paths of a `use` line: `a::{b, c::{d, e}}` is `a::b, a::c::d, a::c::e`."""
    while found := INNERMOST.search(tree):
        paths = ", ".join(found[1] + path.strip() for path in found[2].split(",") if path.strip())
        tree = tree[: found.start()] + paths + tree[found.end() :]
    return tree


def imports(file):
    """What a file imports, each as the names of a path within the crate or from another one."""
    text = TESTS.sub("", COMMENT_OR_TEXT.sub("", file.read_text()))
    used = ", ".join(map(flat, USE.findall(text)))
    within = list(file.relative_to(SOURCE).with_suffix("").parts)
    within = within[:-1] if within[-1] == "mod" else within
    for path in PATH.findall(used + ", " + USE.sub("", text)):
        first, *names = path.split("::")
        if first == "super":
            ups = 1 + next((n for n, name in enumerate(names) if name != "super"), len(names))
            yield within[: len(within) - ups] + names[ups - 1 :]
        elif first == "crate" or first == "sidetone":
            yield names
        else:
            yield [first.removeprefix("sidetone_")]


layers = {name: allowed for name, *allowed in map(str.split, filter(None, LAYERS.splitlines()))}
below, faults = ["core", "wire", "store", "store_sqlite", "demo"], []
for name, allowed in layers.items():
    allowed[:] = [it for known in allowed for it in (below if known == "*" else [known])]
    faults += [f"the table lets {name} look up to {it}" for it in allowed if it.split("::")[0] not in below]
    below.append(name)
page = (SOURCE.parents[2] / "ARCHITECTURE.md").read_text()
for name in re.search(r"^(.*): leaves$", page, re.M)[1].split(", "):
    faults += [f"ARCHITECTURE.md calls {name} a leaf, which may import {it}" for it in layers.get(name, ["?"]) if it in layers or it == "?"]
for file in sorted(SOURCE.rglob("*.rs")):
    asking = file.relative_to(SOURCE).parts[0].removesuffix(".rs")
    if file.name == "tests.rs":
        continue
    if asking not in layers:
        faults.append(f"{asking} is in no layer")
        continue
    for names in imports(file):
        path = "::".join(names[:2])
        if names and names[0] != asking and not {names[0], path} & set(layers[asking]):
            faults.append(f"{file.relative_to(SOURCE)} must not import {path}")
for fault in dict.fromkeys(faults):
    print(f"architecture: {fault}", file=sys.stderr)
sys.exit(bool(faults))
