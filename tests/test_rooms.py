"""Imports go downwards only: each room of the package knows those below it, and no others."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import boardinghouse

ROOT = Path(boardinghouse.__file__).parent
PACKAGE = "boardinghouse"

LEVELS = {
    0: {"exceptions", "signals", "conf"},
    1: {"base", "names", "progress", "schema", "sharing", "stamps", "statements"},
    2: {
        *("batches", "citus", "clone", "course", "ddl", "fleet", "journal", "patience", "pipeline"),
        *("removal", "spares", "turns"),
    },
    3: {"backends"},
    4: {"models", "multi", "operations", "routers"},
    6: {"apps"},
    7: {"contrib"},
}
LEAVES = 5

#: Imports that wait until they are needed, and what for.
LATE = {
    "access": "models: a project's own model of schemata may import access first",
    "apps": "everything: models are not loaded when the app's configuration is",
    "checks": "models: it is imported before they are loaded",
    "progress": "rich, which need not be installed",
    "contrib.channels.apps": "as apps",
    "contrib.chat.apps": "as apps",
    "contrib.databases.apps": "as apps",
    "contrib.prefix.apps": "as apps",
    "contrib.channels.users": "AnonymousUser: INSTALLED_APPS names us before models are loaded",
    "contrib.embedded": "a wheel that need not be installed",
}


def modules():
    return {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def level_of(name):
    room = name.split(".")[0]
    return next((level for level, rooms in LEVELS.items() if room in rooms), LEAVES)


def imports_in(nodes):
    """Yield the modules of ours that statements import."""
    known = set(modules())
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
            module = node.module.removeprefix(PACKAGE).lstrip(".")
            for alias in node.names:
                inner = f"{module}.{alias.name}".lstrip(".")
                yield inner if inner in known else module


def at_the_top(path):
    return [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.stmt)]


def imported_by(name):
    found = set(imports_in(at_the_top(modules()[name])))
    return found - {name, ""}


@pytest.mark.parametrize("name", modules())
def test_a_module_imports_nothing_from_above(name):
    above = {each for each in imported_by(name) if level_of(each) > level_of(name)}

    assert above == set()


@pytest.mark.parametrize("name", [each for each in modules() if not each.startswith("contrib")])
def test_the_core_never_imports_contrib(name):
    everywhere = imports_in(ast.walk(ast.parse(modules()[name].read_text())))

    assert not [each for each in everywhere if each.startswith("contrib")]


def test_imports_make_no_circle():
    graph = {name: imported_by(name) for name in modules()}

    assert list(TopologicalSorter(graph).static_order())


def test_few_imports_wait_until_they_are_needed():
    late = {
        name
        for name, path in modules().items()
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        and any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
    }

    assert {each for each in late if not each.startswith("contrib.admin")} == set(LATE)
