"""What holds for the whole tree: every field guarded, every table known, the SDL fresh (CAM-10)."""

import ast
import importlib
import importlib.metadata
import pkgutil
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)
from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint
from sqlmodel import SQLModel
from strawberry.types.base import has_object_definition

import db
from graph.guard import Requires
from graph.schema import schema
from policies.actions import CATALOGUE
from server.api.v3.table import OPERATIONS
from server.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
PACKAGES = ("benchmarks", "db", "delivery", "domain", "graph", "policies", "server", "tests")
SOURCES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
MAX_LINES = 320
VAGUE = {"utils", "helpers", "common", "manager", "misc", "core"}


def root_fields() -> list[tuple[str, str]]:
    """Give each root field with the action it declares."""
    found = []
    for root in (schema.query, schema.mutation):
        assert has_object_definition(root)
        for field in root.__strawberry_definition__.fields:
            actions = [d.action for d in field.directives if isinstance(d, Requires)]
            assert len(actions) == 1, f"{field.python_name} declares {actions}"
            found.append((field.python_name, actions[0]))
    return found


def test_every_root_field_declares_one_action_of_the_table() -> None:
    unknown = {action for _, action in root_fields()} - set(CATALOGUE)
    assert not unknown


def test_every_action_is_asked_for_or_reserved() -> None:
    of_api = {operation.action.name for operation in OPERATIONS.values()}
    asked = {*re.findall(r'@requires\(action: "([^"]+)"', schema.as_str()), *NESTED, *of_api}
    wrong = {
        name: "reserved but used" if action.reserved else "neither used nor reserved"
        for name, action in CATALOGUE.items()
        if action.reserved == (name in asked)
    }
    assert not wrong


# Decided by the routes that serve files, not by a GraphQL field.
NESTED = {"operator:DescribeReviewFile"}


def test_the_sdl_is_fresh() -> None:
    assert (ROOT / "schema.graphql").read_text() == schema.as_str() + "\n", "run `make schema`"


def test_root_fields_are_nullable_so_that_one_refusal_spares_the_others() -> None:
    types = schema._schema  # noqa: SLF001 - the graphql-core schema has no public name
    assert types.query_type is not None
    strict = [name for name, field in types.query_type.fields.items() if str(field.type)[-1] == "!"]
    assert not strict


def test_everything_published_is_described() -> None:
    bare = []
    for name, kind in schema._schema.type_map.items():  # noqa: SLF001 - as above
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        if not kind.description and name not in {"Query", "Mutation"}:
            bare.append(name)
        if isinstance(kind, GraphQLEnumType):
            bare += [f"{name}.{key}" for key, value in kind.values.items() if not value.description]
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            bare += [f"{name}.{key}" for key, field in kind.fields.items() if not field.description]
        if isinstance(kind, GraphQLObjectType):
            bare += [
                f"{name}.{key}({argument})"
                for key, field in kind.fields.items()
                for argument, value in field.args.items()
                if not value.description
            ]
    assert not bare


def test_importing_db_knows_every_table() -> None:
    modules = [path.stem for path in (ROOT / "db").glob("*.py") if path.stem != "__init__"]
    declared = {
        table.__tablename__
        for name in modules
        for table in vars(importlib.import_module(f"db.{name}")).values()
        if isinstance(table, type) and issubclass(table, SQLModel) and hasattr(table, "__table__")
    }
    with_tables = {
        name for name in modules if "table=True" in (ROOT / "db" / f"{name}.py").read_text()
    }
    assert with_tables <= set(db.__all__)
    assert declared == set(SQLModel.metadata.tables)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_source_file_is_small_and_named_for_what_it_holds(path: Path) -> None:
    assert path.stem not in VAGUE
    if "migrations" not in path.parts:
        assert len(path.read_text().splitlines()) <= MAX_LINES


def test_no_function_has_outgrown_a_page() -> None:
    long = []
    for path in SOURCES:
        if {"migrations", "tests"} & set(path.parts):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > 50:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} {lines}")
    assert not long


def test_every_setting_is_in_the_operators_table() -> None:
    text = (ROOT / "docs" / "operators.md").read_text()
    missing = [name for name in Settings.model_fields if f"`{PREFIX}{name.upper()}`" not in text]
    assert not missing


def test_one_distribution_owns_the_casbin_package() -> None:
    names = Counter(
        name
        for name, owners in importlib.metadata.packages_distributions().items()
        for _ in set(owners)
        if name == "casbin"
    )
    assert names == {"casbin": 1}


def test_an_image_holds_the_product_and_nothing_beside_it() -> None:
    """What lies in a checkout, keys among it, stays out: only what is named is copied."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = settings["tool"]["setuptools"]["packages"]["find"]["include"]
    needed = {name.removesuffix("*") for name in packages} | {"pyproject.toml", "requirements.lock"}
    named = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert rules[0] == "*"
    assert named == needed | {settings["project"]["readme"], "web"}


def test_a_row_that_goes_is_looked_for_by_an_index() -> None:
    """Databases look for who refers to a row that is deleted, in every table that may."""
    for name in pkgutil.iter_modules(db.__path__):
        importlib.import_module(f"db.{name.name}")
    stays = {"account.uin", "price_item.id"}  # neither is ever deleted
    scanned = []
    for table in SQLModel.metadata.tables.values():
        columns = [index.columns for index in table.indexes]
        columns += [
            one.columns
            for one in table.constraints
            if isinstance(one, PrimaryKeyConstraint | UniqueConstraint)
        ]
        first = {next(iter(some)) for some in columns}
        scanned += [
            f"{table.name}.{key.parent.name}"
            for key in table.foreign_keys
            if key.target_fullname not in stays and key.parent not in first
        ]
    assert scanned == []
