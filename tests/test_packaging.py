"""What the distribution says about itself: declared dependencies, locked versions, records of decisions."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGES = ("rollup", "ledgers", "rpc", "node", "contracts")
INSTALLERS = {"pip", "setuptools", "wheel"}
LOCKED = {
    canonicalize_name(name): version
    for name, _, version in (line.partition("==") for line in (ROOT / "constraints.txt").read_text().split())
}


def test_every_import_is_a_declared_dependency() -> None:
    """What only another dependency brings along may leave with it."""
    declared = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    providers = packages_distributions()
    undeclared = {
        module
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for module in imported_modules(path)
        if module not in sys.stdlib_module_names
        and module not in PACKAGES
        and not declared & {canonicalize_name(name) for name in providers.get(module, [])}
    }
    assert undeclared == set()


def imported_modules(path: Path) -> set[str]:
    """Names of the top-level modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_every_installed_package_is_locked_at_its_version() -> None:
    installed = {canonicalize_name(found.metadata["Name"]): found.version for found in distributions()}
    ours = installed.items() - {(name, installed[name]) for name in INSTALLERS & installed.keys()}
    assert {name: version for name, version in ours if name != PROJECT["name"]} == LOCKED


def test_lower_bounds_allow_what_is_locked() -> None:
    texts = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    for requirement in map(Requirement, texts):
        assert LOCKED[canonicalize_name(requirement.name)] in requirement.specifier, requirement.name


def test_a_clone_holds_every_module_that_is_imported() -> None:
    """A file that was not committed works here and nowhere else. Says nothing where git is not there."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    tracked = {ROOT / line for line in listed.stdout.splitlines()}
    sources = [path for path in tracked if path.exists() and path.relative_to(ROOT).parts[0] in PACKAGES]
    missing = {
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sources
        for module in full_module_names(path)
        if (found := find_module(module)) is not None and found not in tracked
    }
    assert missing == set()


def full_module_names(path: Path) -> set[str]:
    """``a.b`` and ``a.b.c`` for ``from a.b import c``."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom) and node.module]
    return {str(node.module) for node in nodes} | {
        f"{node.module}.{alias.name}" for node in nodes for alias in node.names
    }


def find_module(name: str) -> Path | None:
    """Its file in this tree; None for what is not ours or is no module."""
    place = ROOT.joinpath(*name.split("."))
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((file for file in files if file.exists() and name.split(".", maxsplit=1)[0] in PACKAGES), None)


def test_decisions_are_numbered_once_and_listed() -> None:
    folder = ROOT / "docs" / "adr"
    records = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    numbers = [path.name[:4] for path in records]
    assert len(set(numbers)) == len(numbers)
    listed = re.findall(r"^\| \[(\d{4})\]\(([^)]+)\) \| (.+?) \|$", (folder / "README.md").read_text(), re.MULTILINE)
    assert listed == [(path.name[:4], path.name, title_of(path)) for path in records]


def title_of(path: Path) -> str:
    """Its heading without the number, which must be that of the file."""
    number, _, title = path.read_text().splitlines()[0].removeprefix("# ").partition(" ")
    assert number == path.name[:4]
    return title


def test_decisions_that_are_cited_exist() -> None:
    numbers = {path.name[:4] for path in (ROOT / "docs" / "adr").glob("*.md")}
    texts = [*ROOT.glob("docs/**/*.md"), *(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))]
    cited = {number for path in texts for number in re.findall(r"\bADR (\d{4})\b", path.read_text())}
    assert cited - numbers == set()


def test_links_between_documents_lead_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")]
    dead = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in documents
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text())
        if not target.startswith("http") and not (path.parent / target).exists()
    ]
    assert dead == []


def test_files_that_documents_name_exist() -> None:
    """Directories of a running node are no files of the tree: only what begins with a package or a folder of ours."""
    pattern = re.compile(r"`((?:rollup|node|rpc|ledgers|contracts|tests|docs|scripts)/[\w./-]+)`")
    documents = [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
    named = {(path.name, target) for path in documents for target in pattern.findall(path.read_text())}
    assert sorted(target for _, target in named if not (ROOT / target).exists()) == []
