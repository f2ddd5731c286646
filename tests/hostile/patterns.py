"""All regular expressions of the package, how each is used, and texts that make a bad one slow."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import re._constants as op  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

import explainer
from explainer.diagnostics.text import LazyRegex

SOURCE = Path(explainer.__file__).parent
_WHOLE = {"search", "finditer", "findall", "sub", "subn", "split", "scanner"}
"""Methods that try a pattern at each place of a text."""
_AT_A_PLACE = {
    "curation.importers.bibtex._FIELD", "curation.importers.bibtex._JOINED",
    "curation.importers.model_card._CODE_WORDS", "curation.importers.model_card._PAPER_WORDS",
}  # fmt: skip
"""Patterns that a function is given, which matches them where it is."""
_PATTERNS = (re.Pattern, LazyRegex)
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_SIGNS = " \n\t~-_[](){}<>\"'`*#|:.,;/\\&$%@!?=+0a:éA"


class Expression(NamedTuple):
    """A regular expression, where it is, and whether it is tried at each place of a text or at its beginning only."""

    place: str
    pattern: str | bytes
    flags: int
    moves: bool

    @property
    def table(self) -> str:
        """The name under which it stands in a module, alone or with others."""
        return self.place.partition("#")[0]


Pump: TypeAlias = tuple[str, str]
"""The beginning of a text, and what is repeated behind it."""


def _patterns_in(value: object, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    """The compiled patterns in a value of a module: tables of them, and rows of such tables."""
    if isinstance(value, _PATTERNS):
        yield cast("re.Pattern[Any]", value)
    elif depth < 4 and isinstance(value, dict):
        for pair in value.items():
            yield from _patterns_in(pair, depth + 1)
    elif depth < 4 and isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from _patterns_in(item, depth + 1)
    elif (
        depth < 4 and type(value).__module__.startswith("explainer") and not isinstance(value, type)
    ):
        kind = type(value)
        fields = [
            *getattr(kind, "__slots__", ()),
            *getattr(kind, "__struct_fields__", ()),
            *getattr(value, "__dict__", ()),
        ]
        for field in fields:
            yield from _patterns_in(getattr(value, field, None), depth + 1)


_USES = "search|match|fullmatch|finditer|findall|sub|subn|split|scanner"


def _methods(name: str, value: object, text: str, everything: str) -> set[str]:
    """The methods that are called on what has a name in a module, or on any variable where it is handed on."""
    within = text if name.startswith("_") else everything
    called = set(re.findall(rf"\b{name}\.({_USES})\b", within))
    is_handed_on = len(re.findall(rf"\b{name}\b(?!\.(?:{_USES})\b)", text)) > 1
    if is_handed_on or not isinstance(value, _PATTERNS) or not called:
        called |= set(re.findall(rf"\b(?!re\b)[a-z]\w*\.({_USES})\(", text)) - {"split"}
    return called


def _compiled() -> Iterator[Expression]:
    """Patterns that stand in modules, alone or in tables."""
    everything = "\n".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    for module in pkgutil.walk_packages(explainer.__path__, "explainer."):
        if module.name.endswith("__main__"):
            continue
        try:
            loaded = importlib.import_module(module.name)
        except ModuleNotFoundError:  # an extra that is not installed
            continue
        text = Path(loaded.__file__ or "").read_text(encoding="utf-8")
        for name, value in vars(loaded).items():
            patterns = (
                list(_patterns_in(value)) if re.search(rf"^{name}\b", text, re.MULTILINE) else []
            )
            place = f"{module.name.removeprefix('explainer.')}.{name}"
            moves = bool(patterns) and bool(_methods(name, value, text, everything) & _WHOLE)
            for number, pattern in enumerate(patterns):
                yield Expression(
                    f"{place}#{number}",
                    pattern.pattern,
                    pattern.flags,
                    moves and place not in _AT_A_PLACE,
                )


def _is_own(texts: list[ast.expr]) -> bool:
    """Whether a pattern meets a text of the package itself: a constant."""
    return bool(texts) and isinstance(texts[0], ast.Name) and texts[0].id.isupper()


def _inline() -> Iterator[Expression]:
    """Patterns that are written where they are used."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="re"), attr=method),
                    args=[ast.Constant(value=str() | bytes() as pattern), *texts],
                ) if method not in ("escape", "compile") and not _is_own(texts):
                    yield Expression(f"{path.name}:{node.lineno}", pattern, 0, method in _WHOLE)
                case _:
                    pass


@cache
def expressions() -> list[Expression]:
    """All regular expressions of the package, each once."""
    found: dict[tuple[str | bytes, int], Expression] = {}
    for expression in (*_compiled(), *_inline()):
        key = (expression.pattern, expression.flags)
        first = found.get(key, expression)
        found[key] = expression if expression.moves else first
    return list(found.values())


def _sample(tree: Iterable[tuple[Any, Any]], last: bool = False) -> str:
    """A text that a part of a pattern matches, or nearly."""
    return "".join(_sample_of(kind, value, last) for kind, value in tree)


def _sample_of(kind: Any, value: Any, last: bool) -> str:
    sample: Callable[[Any, bool], str] = _SAMPLES.get(kind, lambda *_: "")
    return sample(value, last)


_CATEGORIES = {
    op.CATEGORY_DIGIT: "0", op.CATEGORY_SPACE: " ", op.CATEGORY_WORD: "a",
    op.CATEGORY_NOT_DIGIT: "a", op.CATEGORY_NOT_SPACE: "a", op.CATEGORY_NOT_WORD: "-",
}  # fmt: skip


def _member(items: list[tuple[Any, Any]], last: bool) -> str:
    """A character of a class."""
    if items[0][0] is op.NEGATE:
        pattern_items = items[1:]
        return next(
            (
                sign
                for sign in "x" + _SIGNS + "é漢"
                if not any(_has(item, sign) for item in pattern_items)
            ),
            "x",
        )
    kind, value = items[-1 if last else 0]
    if kind is op.RANGE:
        return chr(value[0])
    return _CATEGORIES[value] if kind is op.CATEGORY else chr(value)


def _has(item: tuple[Any, Any], sign: str) -> bool:
    kind, value = item
    if kind is op.LITERAL:
        return ord(sign) == int(value)
    if kind is op.RANGE:
        return int(value[0]) <= ord(sign) <= int(value[1])
    classes = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}
    name = str(value).removeprefix("CATEGORY_")
    found = re.match(classes[name.removeprefix("NOT_")], sign) is not None
    return found is not name.startswith("NOT_")


_SAMPLES: dict[Any, Callable[[Any, bool], str]] = {
    op.LITERAL: lambda value, _: chr(value),
    op.NOT_LITERAL: lambda value, _: "a" if value != ord("a") else "b",
    op.ANY: lambda *_: "x",
    op.IN: _member,
    op.BRANCH: lambda value, last: _sample(value[1][-1 if last else 0], last),
    op.SUBPATTERN: lambda value, last: _sample(value[3], last),
    op.ATOMIC_GROUP: _sample,
    **dict.fromkeys(
        _REPEATS, lambda value, last: _sample(value[2], last) * max(1, min(int(value[0]), 3))
    ),
}


_GAP = "\0"
"""What stands in a spelling for what has many forms."""
_MOST_SPELLINGS = 5_000


def spellings(tree: Iterable[tuple[Any, Any]]) -> set[str]:
    """What a part of a pattern matches, with gaps."""
    found = {""}
    for kind, value in tree:
        spell: Callable[[Any], set[str]] = _SPELLERS.get(kind, lambda _: {_GAP})
        found = {before + behind for before in found for behind in spell(value)}
        if len(found) > _MOST_SPELLINGS:
            found = {_GAP}
    return found


def _spelled_class(items: list[tuple[Any, Any]]) -> set[str]:
    if any(kind is not op.LITERAL for kind, _ in items):
        return {_GAP}
    return {chr(value) for _, value in items}


def _spelled_group(value: tuple[Any, int, int, Any]) -> set[str]:
    _, added_flags, _, tree = value
    found = spellings(tree)
    return {re.sub(r"[^\W\d_]", _GAP, text) for text in found} if added_flags else found


def _spelled_repeat(value: tuple[Any, Any, Any]) -> set[str]:
    least, most, tree = value
    times = min(int(least), 3)
    found = {""}
    for _ in range(times):
        found = {before + behind for before in found for behind in spellings(tree)}
    return found if times == most else {text + _GAP for text in found}


_SPELLERS: dict[Any, Callable[[Any], set[str]]] = {
    op.LITERAL: lambda value: {chr(value)},
    op.IN: _spelled_class,
    op.BRANCH: lambda value: {text for tree in value[1] for text in spellings(tree)},
    op.SUBPATTERN: _spelled_group,
    op.ATOMIC_GROUP: spellings,
    **dict.fromkeys(_REPEATS, _spelled_repeat),
    op.ASSERT: lambda value: {f"{_GAP}{text}{_GAP}" for text in spellings(value[1])},
    **dict.fromkeys((op.ASSERT_NOT, op.AT), lambda _: {""}),
}


def _repeats(tree: Iterable[tuple[Any, Any]], before: str, last: bool) -> Iterator[tuple[str, str]]:
    """What is before each repetition of a pattern, and what it repeats."""
    for kind, value in tree:
        if kind in _REPEATS:
            if value[1] is op.MAXREPEAT or value[1] > 20:
                yield before, _sample(value[2], last)
            yield from _repeats(value[2], before, last)
        elif kind is op.SUBPATTERN:
            yield from _repeats(value[3], before, last)
        elif kind is op.ATOMIC_GROUP:
            yield from _repeats(value, before, last)
        elif kind is op.BRANCH:
            for branch in value[1]:
                yield from _repeats(branch, before, last)
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            yield from _repeats(value[1], before, last)
        before += _sample_of(kind, value, last)


def pumps(expression: Expression) -> list[Pump]:
    """Beginnings of texts, and what is repeated behind them."""
    pattern = expression.pattern
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    flags = expression.flags & ~re.DEBUG | (0 if isinstance(pattern, str) else re.UNICODE)
    tree = list(parser.parse(text, flags))
    made: dict[Pump, None] = {}
    for last in (False, True):
        for before, repeated in _repeats(tree, "", last):
            made.update(
                dict.fromkeys(
                    [(before, repeated), ("", before + repeated), ("", before + repeated * 3)]
                )
            )
            made[before, repeated + " "] = made["", before + " "] = None
            made[before, repeated + "\n"] = None
        whole = _sample(tree, last)
        made.update(dict.fromkeys([("", whole[:end]) for end in (len(whole), -1, -2, 1, 2)]))
        made["", whole[:-1] + " "] = None
    made.update(dict.fromkeys(("", sign) for sign in dict.fromkeys(_SIGNS)))
    return [(before, repeated) for before, repeated in made if repeated]


def text_of(pump: Pump, size: int, expression: Expression) -> str | bytes:
    """A text of a size, with an end that matches nothing."""
    before, repeated = pump
    text = before + repeated * (size // len(repeated)) + "\0\n\0"
    return text.encode("utf-8", "surrogatepass") if isinstance(expression.pattern, bytes) else text


def run(expression: Expression, text: str | bytes) -> None:
    """Use a pattern as it is used: on each place of the text, or on its beginning and whole."""
    pattern: re.Pattern[Any] = re.compile(expression.pattern, expression.flags)
    if expression.moves:
        for _ in pattern.finditer(text):
            pass
        return
    pattern.match(text)
    pattern.fullmatch(text)
