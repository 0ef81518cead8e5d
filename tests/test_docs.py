"""The documents say what is so: what they name exists, and the contract lists every address and every error code."""

from __future__ import annotations

import ast
import importlib
import re
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.core.management import get_commands
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from rest_framework import exceptions

from newsreader.kit.errors import DomainError
from newsreader.settings import BASE_DIR
from tests import module_index
from tests.every import every, parsed

ROOMS = ("newsreader", "articles", "comments")
DOCUMENTS = sorted([*BASE_DIR.glob("*.md"), *(BASE_DIR / "docs").rglob("*.md")])
CONTRACT = BASE_DIR / "docs" / "contract.md"
# Made while the site runs, or by installing.
MADE = (".venv/", "var/", ".env")
_PATH = re.compile(r"\.?[\w-]+(/[\w.-]+)*/?|[\w-]+\.(md|toml|svg|png|py|txt)")
_MODULE = re.compile(rf"({'|'.join([*ROOMS, 'tests'])})(\.\w+)+")
_FILE = re.compile(r".*\.(py|md|toml|svg|png|html|js|css|txt|json|yml|yaml)")


def spans(file: Path) -> list[str]:
    """Return what stands in backticks, blocks of code left out."""
    return re.findall(r"`([^`\n]+)`", file.read_text())


def paths(file: Path) -> Iterator[str]:
    for span in spans(file):
        named = span.partition(" ")[0]
        if named.startswith(MADE) or not _PATH.fullmatch(named):
            continue
        if named.endswith("/") or (_FILE.fullmatch(named) and "/" in named) or re.fullmatch(r"[A-Z]+\.md", named):
            yield named


def found(name: str) -> bool:
    """Say whether a dotted name is a module, or something that a module has."""
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        path = BASE_DIR.joinpath(*parts[:size])
        if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
            thing: Any = importlib.import_module(".".join(parts[:size]))
            for part in parts[size:]:
                if not hasattr(thing, part):
                    return False
                thing = getattr(thing, part)
            return True
    return False


# --- What is named exists -----------------------------------------------------------------------------------------


@every(DOCUMENTS)
def test_every_path_that_a_document_names_exists(file):
    assert {
        path for path in paths(file) if not (BASE_DIR / path).exists() and not (file.parent / path).exists()
    } == set()


@every(DOCUMENTS)
def test_every_link_of_a_document_leads_to_a_file(file):
    targets = re.findall(r"\]\(([^)#]+)\)", file.read_text())
    assert {to for to in targets if "://" not in to and not (file.parent / to).exists()} == set()


@every(DOCUMENTS)
def test_every_module_that_a_document_names_exists(file):
    named = {span.partition("(")[0] for span in spans(file) if _MODULE.fullmatch(span.partition("(")[0])}
    assert {name for name in named if not found(name)} == set()


@every(DOCUMENTS)
def test_every_command_that_a_document_names_exists(file):
    text, makefile = file.read_text(), (BASE_DIR / "Makefile").read_text()
    managed = set(re.findall(r"manage\.py ([a-z_]+)", text))
    assert managed - set(get_commands()) == set()
    # In backticks, or in a block of code: prose may make something, too.
    called = set(re.findall(r"(?:`|^ {4}|\d )make ([a-z-]+)", text, re.MULTILINE))
    assert {
        name for name in called if not re.search(rf"^(?:[\w-]+ )*{name}(?: [\w-]+)*:", makefile, re.MULTILINE)
    } == set()


# --- Docstrings ---------------------------------------------------------------------------------------------------

# What stands before the dot in names that are not ours: of libraries, of the browser, of a request, of a picture, of a host.
FOREIGN = {"allauth", "apps", "casino", "http", "navigator", "request", "str", "x"}
# Options of WordPress, a scope of its sign-in, and the package that modules are not named after.
NOT_OURS = {"auth", "comment_max_links", "disallowed_keys", "moderation_keys", "utils"}
_DOTTED = re.compile(r"[a-z]\w*(\.\w+)+")
_LISTED = re.compile(r"(?:^|; )([a-z]\w*(?:, [a-z]\w*)*): ", re.MULTILINE)
# Every Django app has these, under the same names.
USUAL = {"__init__", "admin", "apps", "management", "migrations", "urls"}
# Their docstrings say what belongs there, and `manage.py help` lists the commands.
WITHOUT_LIST = {
    "comments",
    "comments/models",
    "comments/notifications",
    "comments/screening",
    "newsreader/accounts",
    "newsreader/kit",
    "newsreader/management/commands",
}


def _modules() -> Iterator[Path]:
    for room in ROOMS:
        for file in sorted((BASE_DIR / room).rglob("*.py")):
            if "migrations" not in file.parts:
                yield file


def _docstrings(file: Path) -> Iterator[str]:
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


def _is_known(name: str, file: Path) -> bool:
    """Say whether a dotted name begins with a module of ours, by its full name or its last part, or is in the file."""
    first, _, rest = name.partition(".")
    modules = [module.parent if module.name == "__init__.py" else module.with_suffix("") for module in MODULES]
    called_so = [".".join(module.relative_to(BASE_DIR).parts) for module in modules if module.name == first]
    # A value of the file's code, such as `row.decision`, stands there without backticks.
    return any(found(f"{module}.{rest}") for module in called_so) or bool(
        re.search(rf"(?<!`)\b{re.escape(name)}\b", file.read_text())
    )


MODULES = list(_modules())
PACKAGES = [file for file in MODULES if file.name == "__init__.py"]


@every(MODULES)
def test_every_module_that_a_docstring_names_exists(file):
    said = [span.partition("(")[0] for text in _docstrings(file) for span in re.findall(r"`([^`\n]+)`", text)]
    dotted = {name for name in said if _DOTTED.fullmatch(name) and name.partition(".")[0] not in FOREIGN}
    assert {name for name in dotted if not _FILE.fullmatch(name) and not _is_known(name, file)} == set()
    files = {name for name in said if "/" in name and _FILE.fullmatch(name) and _PATH.fullmatch(name)}
    places = [BASE_DIR, BASE_DIR / "newsreader", file.parent]
    assert {name for name in files if not any((place / name).exists() for place in places)} == {
        name for name in files if name.startswith(MADE)
    }


@every(MODULES)
def test_a_plain_name_at_the_top_of_a_module_is_a_module_beside_it_or_something_in_it(file):
    tree = parsed(file)
    text = ast.get_docstring(tree) or ""
    beside = {each.stem for each in (*file.parent.iterdir(), *file.parent.parent.iterdir())}
    code = file.read_text().split('"""', 2)[-1]
    named = set(re.findall(r"`([a-z]\w*)`", text)) - beside - NOT_OURS
    assert {name for name in named if not re.search(rf"\b{name}\b", code)} == set()


@every(PACKAGES)
def test_the_docstring_of_a_package_lists_its_modules_and_nothing_else(file):
    text = ast.get_docstring(parsed(file)) or ""
    listed = {name for names in _LISTED.findall(text) for name in names.split(", ")} - USUAL
    there = {each.stem for each in file.parent.glob("*.py")}
    there |= {each.name for each in file.parent.iterdir() if (each / "__init__.py").is_file()}
    there -= USUAL
    # Of a few modules the names say enough.
    if listed or (len(there) > 3 and str(file.parent.relative_to(BASE_DIR)) not in WITHOUT_LIST):
        assert listed == there


def test_the_list_of_modules_is_as_the_code_is():
    assert module_index.FILE.read_text() == module_index.written(), "make modules"


# --- The contract -------------------------------------------------------------------------------------------------


def rows(heading: str) -> list[list[str]]:
    """Return the cells of every table row under a heading of the contract, up to the next heading of its level."""
    level = heading.split(" ")[0]
    _, _, rest = CONTRACT.read_text().partition(f"\n{heading}\n")
    assert rest, heading
    section = re.split(rf"\n{level} ", rest)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if not re.match(r"\| (-|code|addr)", line)
    ]


EXAMPLES = {
    "<yyyy-mm>": "2026-11",
    "<yyyy>": "2026",
    "<mm>": "11",
    "<dd>": "28",
    "<id>": "1",
    "<slug>": "a-slug",
    "<token>": "a-token",
    "<way>": "email",
    "<provider>": "postmark",
    "<name>": "a.jpg",
    "<batch>": str(uuid.UUID(int=1)),
}


def addresses() -> dict[str, list[str]]:
    """Return the addresses of the contract, each with the cells of its row."""
    listed = {}
    for row in [*rows("## 3. Pages"), *rows("## 5. REST API")]:
        for address in re.findall(r"`(/[^`]*)`", row[0]):
            listed[address] = row
    return listed


def resolved(address: str) -> Any:
    for name, example in EXAMPLES.items():
        address = address.replace(name, example)
    return resolve(address)


@every(addresses())
def test_every_address_of_the_contract_resolves(address):
    try:
        resolved(address)
    except Resolver404 as error:
        raise AssertionError("It leads nowhere.") from error


def test_every_address_of_ours_is_in_the_contract():
    listed = {resolved(address).route for address in addresses()}
    assert {route for route in _routes(get_resolver().url_patterns) if route not in listed} == set()


def _routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """Yield the routes of our own views: allauth's keep their names, and the admin's follow from its models."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            # Of people's own pages the contract names the beginning; of `media` there is one pattern.
            if not route.startswith(("accounts/", "_allauth/")) or route == "accounts/":
                yield route
        elif route != "admin/":
            yield from _routes(pattern.url_patterns, route)


@every(address for address in addresses() if address.startswith("/api/v1/"))
def test_the_contract_names_the_methods_of_an_endpoint(address):
    view = resolved(address).func
    actions = getattr(view, "actions", None) or (
        {name: name for name in ("get", "post", "put", "patch", "delete") if hasattr(view.cls, name)}
        if hasattr(view, "cls")
        else {"get": "get"}
    )
    named = set(re.findall(r"\b(GET|POST|PUT|PATCH|DELETE)\b", addresses()[address][1]))
    assert named == {method.upper() for method in actions} - {"HEAD"}


# --- Codes --------------------------------------------------------------------------------------------------------

FRAMEWORK = {
    error.default_code
    for error in vars(exceptions).values()
    if isinstance(error, type) and issubclass(error, exceptions.APIException)
}


def _refusals(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _refusals(child)


def _texts(node: ast.AST) -> Iterator[str]:
    """Yield the strings in an expression that gives a code; what is filled in stands as `<>`."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "<>" for part in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


@cache
def codes_in_code() -> dict[str, int | None]:
    """Return every code that a program may meet, with its status where the class says it.

    Those of forms that only people fill in (plain ValidationError) are not part of the contract.
    """
    codes: dict[str, int | None] = {}
    for file in _modules():
        if file.name == "wsgi.py":
            continue
        importlib.import_module(".".join(file.relative_to(BASE_DIR).with_suffix("").parts).removesuffix(".__init__"))
        for node in ast.walk(parsed(file)):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            given = [key.value for key in node.keywords if key.arg == "code" and name != "ValidationError"]
            if name in {"FieldError", "wrong", "_wrong"} and len(node.args) > 1:
                given.append(node.args[1])
            for code in (text for value in given for text in _texts(value)):
                codes.setdefault(code, None)
    for refusal in _refusals():
        if "code" in vars(refusal) and isinstance(refusal.code, str):
            codes[refusal.code] = refusal.status
    return codes


def listed_codes() -> dict[str, int]:
    return {row[0].strip("`"): int(row[1]) for row in rows("### Error codes")}


def plain(code: str) -> str:
    return re.sub(r"<\w*>", "<>", code)


def test_every_code_that_is_raised_is_in_the_contract():
    listed = {plain(code) for code in listed_codes()}
    assert set(codes_in_code()) - listed == set()


def test_every_code_of_the_contract_exists_with_its_status():
    raised = codes_in_code()
    written = {
        node.value
        for file in _modules()
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    wrong = []
    for code, status in listed_codes().items():
        if plain(code) not in raised and code not in written and code not in FRAMEWORK:
            wrong.append(f"{code} is nowhere in the code")
        elif (known := raised.get(code)) and known != status:
            wrong.append(f"{code} has the status {known}, not {status}")
    assert wrong == []


def test_every_reason_code_of_the_contract_exists():
    listed = {code for row in rows("### Reason codes") for code in re.findall(r"`(\w+)`", row[0])}
    source = "\n".join(file.read_text() for file in _modules())
    assert listed
    assert {code for code in listed if f'"{code}"' not in source} == set()
