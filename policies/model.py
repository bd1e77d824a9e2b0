"""Reading model.conf: the Casbin model is the law, and only the shape that is indexed is accepted.

The engine answers from an index instead of walking every line as the stock Enforcer does (39 ms at
10,000 lines). That is only right for a matcher that asks `g` first and compares action and resource
each on its own, with deny overriding allow. Any other model is refused rather than half obeyed.
"""

import ast
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import casbin

_SECTIONS: Final[Mapping[str, str]] = {
    "r": "r = sub, act, res",
    "p": "p = sub, sid, eft, act, res",
    "g": "g = _, _",
    "e": "e = some(where (p.eft == allow)) && !some(where (p.eft == deny))",
    "m": "m = g(r.sub, p.sub) && camMatch(r.act, p.act) && camMatch(r.res, p.res)",
}
_TOKENS: Final[Mapping[str, tuple[str, ...]]] = {
    "r": ("r_sub", "r_act", "r_res"),
    "p": ("p_sub", "p_sid", "p_eft", "p_act", "p_res"),
    "g": ("_", "_"),
}
_DENY_OVERRIDES: Final = "some(where (p_eft == allow)) && !some(where (p_eft == deny))"
_HELD: Final = ("g", "r_sub", "p_sub")
_COMPARED: Final = frozenset({("camMatch", "r_act", "p_act"), ("camMatch", "r_res", "p_res")})


class ModelError(ValueError):
    """The model is not one that the engine can decide by; the message says which line to write."""


@lru_cache(maxsize=8)
def packaged_model() -> str:
    """Return the text of model.conf beside this module."""
    return Path(__file__).with_name("model.conf").read_text(encoding="utf-8")


@lru_cache(maxsize=8)
def check_model(text: str) -> None:
    """Accept a model.conf whose meaning is what the engine does, else raise ModelError."""
    model = casbin.Model()
    try:
        model.load_model_from_text(text)
    except (RuntimeError, IndexError) as error:
        raise ModelError(f"the model cannot be read: {error}") from error
    for section, wanted in _SECTIONS.items():
        found = model.model.get(section, {})
        if sorted(found) != [section]:
            raise ModelError(f'the model needs exactly one "{section}" line: write "{wanted}"')
    for section, tokens in _TOKENS.items():
        if tuple(token.strip() for token in model[section][section].tokens) != tokens:
            raise _unlike(section)
    if model["e"]["e"].value != _DENY_OVERRIDES:
        raise _unlike("e")
    _check_matcher(model["m"]["m"].value)


def _check_matcher(matcher: str) -> None:
    try:
        tree = ast.parse(matcher.replace("&&", " and ").strip(), mode="eval").body
    except SyntaxError as error:
        raise _unlike("m") from error
    if not isinstance(tree, ast.BoolOp) or not isinstance(tree.op, ast.And):
        raise _unlike("m")
    held, *compared = (_call(part) for part in tree.values)
    if held != _HELD or len(compared) != len(_COMPARED) or set(compared) != _COMPARED:
        raise _unlike("m")


def _call(node: ast.expr) -> tuple[str, ...]:
    if not isinstance(node, ast.Call) or node.keywords:
        return ()
    return tuple(part.id if isinstance(part, ast.Name) else "" for part in (node.func, *node.args))


def _unlike(section: str) -> ModelError:
    return ModelError(
        f'the "{section}" line of the model is none that decisions are indexed by: '
        f'write "{_SECTIONS[section]}"'
    )
