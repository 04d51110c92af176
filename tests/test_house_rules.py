"""The house rules that a machine can hold: budgets on files, functions and parameters, and what may not be written.

Raising a cap needs an ADR.
"""

import ast
import re
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("rollup", "ledgers", "rpc", "node", "contracts")
FILE_LINES_MAX, FILE_LINES_MEDIAN_MAX = 400, 150
FUNCTION_LINES_MAX, FUNCTION_LINES_P95_MAX = 50, 40
NESTING_MAX, PARAMETERS_MAX = 3, 5
BROAD_EXCEPTS_PER_PACKAGE_MAX = 1
MOCKS_PER_100_TESTS_MAX = 3
VAGUE_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "base", "misc"}

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def tracked(pattern: str) -> list[Path]:
    """Files that git tracks; in an exported tree without git, all files."""
    listed = subprocess.run(["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]
    return [path for path in ROOT.rglob(pattern) if ".venv" not in path.parts]


SOURCES = [path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] in PACKAGES]
ALL_PYTHON = tracked("*.py")
TREES = {path: ast.parse(path.read_text(), str(path)) for path in SOURCES}


def functions() -> Iterator[tuple[Path, FunctionNode]]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, FunctionNode):
                yield path, node


def lines_of(node: FunctionNode) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def depth_of(node: ast.AST) -> int:
    """Deepest nesting of blocks below ``node``; an elif is no deeper than its if, a nested function starts anew."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FunctionNode | ast.ClassDef):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and child in node.orelse
        deepest = max(deepest, depth_of(child) + (isinstance(child, BLOCKS) and not is_elif))
    return deepest


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def test_files_fit_on_a_few_screens() -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in ALL_PYTHON}
    assert not {str(path.relative_to(ROOT)): size for path, size in sizes.items() if size > FILE_LINES_MAX}
    assert statistics.median(sizes[path] for path in SOURCES) <= FILE_LINES_MEDIAN_MAX


def test_functions_fit_on_one_screen() -> None:
    sizes = sorted(lines_of(node) for _, node in functions())
    assert [
        f"{where(path, node)} {node.name}" for path, node in functions() if lines_of(node) > FUNCTION_LINES_MAX
    ] == []
    assert sizes[int(len(sizes) * 0.95)] <= FUNCTION_LINES_P95_MAX


def test_nesting_and_parameters_stay_small() -> None:
    assert [f"{where(path, node)} {node.name}" for path, node in functions() if depth_of(node) > NESTING_MAX] == []
    wide = []
    for path, node in functions():
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        count = len([argument for argument in arguments if argument.arg not in ("self", "cls")])
        is_command = path.parent.name == "commands" and "typer" in ast.dump(node.args)
        if count > PARAMETERS_MAX and not is_command:  # a command line's options are its parameters
            wide.append(f"{where(path, node)} {node.name}")
    assert wide == []


def test_every_module_says_what_it_is() -> None:
    silent = [str(path.relative_to(ROOT)) for path, tree in TREES.items() if not ast.get_docstring(tree)]
    assert silent == []


def test_names_say_something() -> None:
    assert [
        str(path.relative_to(ROOT)) for path in SOURCES if path.stem in VAGUE_NAMES or path.parent.name in VAGUE_NAMES
    ] == []


def test_imports_stand_at_the_top() -> None:
    inside = []
    for path, function in functions():
        inside += [where(path, node) for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert inside == []


@pytest.mark.parametrize("package", PACKAGES)
def test_broad_excepts_are_rare(package: str) -> None:
    broad = []
    for path, tree in TREES.items():
        if path.relative_to(ROOT).parts[0] != package:
            continue
        for node in ast.walk(tree):
            is_broad = isinstance(node, ast.ExceptHandler) and (
                node.type is None
                or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"))
            )
            translates = is_broad and any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            if is_broad and not translates:
                broad.append(where(path, node))
    assert len(broad) <= BROAD_EXCEPTS_PER_PACKAGE_MAX, broad


def test_nothing_is_left_for_later() -> None:
    pattern = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    left = [str(path.relative_to(ROOT)) for path in SOURCES if pattern.search(path.read_text())]
    assert left == []


def test_tasks_are_started_by_the_supervisor_only() -> None:
    starters = [
        where(path, node)
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("create_task", "ensure_future")
        and path.parent.name != "node"
        and not (isinstance(node.value, ast.Name) and node.value.id in ("group", "tasks"))
    ]
    assert starters == []


def test_queues_are_bounded() -> None:
    unbounded = [
        where(path, node)
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) == "Queue"
        and not any(keyword.arg == "maxsize" for keyword in node.keywords)
    ]
    assert unbounded == []


def test_mocks_are_rare() -> None:
    tests = [path for path in ALL_PYTHON if path.relative_to(ROOT).parts[0] == "tests" and path != Path(__file__)]
    text = "\n".join(path.read_text() for path in tests)
    count = len(re.findall(r"^\s*(?:async )?def test_", text, re.MULTILINE))
    mocks = len(re.findall(r"\bMagicMock\(|\bAsyncMock\(|\bMock\(|\bpatch\(|monkeypatch\.setattr\(", text))
    assert mocks * 100 <= MOCKS_PER_100_TESTS_MAX * max(count, 1)


def test_no_machine_addresses_in_the_tree() -> None:
    """Lock files name packages and versions, not where they were fetched from."""
    pattern = re.compile(r"https?://(registry|files|pypi|static)\.[a-z]", re.IGNORECASE)
    listed = [
        path
        for path in tracked("*")
        if path.suffix in (".json", ".txt", ".toml", ".md") and path.stat().st_size < 2_000_000
    ]
    assert [str(path.relative_to(ROOT)) for path in listed if pattern.search(path.read_text(errors="replace"))] == []
