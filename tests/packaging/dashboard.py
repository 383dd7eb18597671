"""Every metric and label that packaging/grafana/sidetone.json asks for is there on /metrics of a
running server.

usage: python3 dashboard.py URL; the server must have counted something of every kind.
"""

import json
import os
import re
import sys
import urllib.request

DASHBOARD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "packaging", "grafana", "sidetone.json")
# Prometheus gives these to everything that it collects.
OF_PROMETHEUS = {"job", "instance"}


def asked_for(board):
    """Pairs of a metric and a label, or None for the metric alone."""
    expressions = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    legends = [target["legendFormat"] for panel in board["panels"] for target in panel["targets"]]
    variables = [each["query"] for each in board["templating"]["list"] if each["type"] == "query"]
    found = set()
    for expression, legend in list(zip(expressions, legends)) + [(query, "") for query in variables]:
        names = re.findall(r"\b(?:sidetone|process)_\w+", expression)
        if not names:
            raise SystemExit(f"dashboard: no metric in {expression}")
        labels = set(re.findall(r"{{(\w+)}}", legend)) | set(re.findall(r'(\w+)(?:=~|!=|=)"', expression))
        labels |= {each for group in re.findall(r"by \(([\w, ]+)\)", expression) for each in group.split(", ")}
        found |= {(name, label) for name in names for label in {None, *labels} - OF_PROMETHEUS}
    return found


def exposed(text):
    found = set()
    for line in text.splitlines():
        sample = re.fullmatch(r"(\w+)(?:\{(.*)\})? \S+", line)
        if sample and not line.startswith("#"):
            found |= {(sample[1], label) for label in [None, *re.findall(r'(\w+)="', sample[2] or "")]}
    return found


def main():
    with open(DASHBOARD) as file:
        wanted = asked_for(json.load(file))
    with urllib.request.urlopen(sys.argv[1].rstrip("/") + "/metrics", timeout=10) as answer:
        there = exposed(answer.read().decode())
    missing = sorted(f"{name}" + (f"{{{label}}}" if label else "") for name, label in wanted - there)
    for each in missing:
        print(f"dashboard: {each} is not on /metrics", file=sys.stderr)
    print(f"dashboard: {len(wanted) - len(missing)} passed, {len(missing)} failed")
    sys.exit(bool(missing))


main()
