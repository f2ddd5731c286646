"""The text of a project file → settings: defaults of options, so that nobody types them twice.

They stand in `explainer.toml`, or in the table `tool.explainer` of `pyproject.toml`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.diagnostics.text import lazy_regex, reason_of
from explainer.documents.document import Document, Spans, as_mapping, value_at

if TYPE_CHECKING:
    from explainer.catalogs.schema import Settings

# Where in a project file settings stand.
_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "explainer.toml": (),
    "pyproject.toml": ("tool", "explainer"),
}
PROJECT_FILES: Final = tuple(_TABLES)
"""The names of project files; the first that is in a folder counts."""
# What stands in a shared file that holds the table: its name, or the name of the table around it, alone.
_MAY_HOLD_TABLE: Final = lazy_regex(r"""tool["'\s]*+(?:\.["'\s]*+explainer|[\]=])""")
# The end of a message of tomllib, which says the place in no other way before Python 3.14.
_PLACE: Final = lazy_regex(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
# Positions are found by reading the text again and again: of a longer one only the file is said.
_MOST_LINES: Final = 500
_MOST_CHARACTERS: Final = 100_000


def parse_settings(text: str, file: str, name: str) -> Parsed[tuple[Settings, Document]]:
    """Read the settings of a project file; a shared one that has no table of ours has none, and no findings.

    Args:
        text: the text of the file.
        file: the name that findings give it.
        name: its name, which says where in it settings stand.

    Returns:
        The settings, and the document that knows the place of each key.
    """
    table = _TABLES[name]
    if table and _MAY_HOLD_TABLE.search(text) is None:
        return Parsed(None)
    # some milliseconds, for those who have settings
    import tomllib  # noqa: PLC0415

    try:
        data = value_at(tomllib.loads(text), *table)
    except Exception as error:  # noqa: BLE001  # numbers of thousands of digits, deep nesting
        return Parsed(None, (_syntax_error(reason_of(error), text, file),))
    if data is None:
        return Parsed(None)
    return _settings_in(data, text, file, table)


def _settings_in(
    data: Any, text: str, file: str, table: tuple[str, ...]
) -> Parsed[tuple[Settings, Document]]:
    """The settings that a table is, and the document of it."""
    from explainer.catalogs.parsing import read_value  # noqa: PLC0415
    from explainer.catalogs.schema import Settings  # noqa: PLC0415

    document = Document(
        file, data, is_yaml=False, find_spans=partial(_spans, text, table, as_mapping(data))
    )
    if not isinstance(data, dict):
        document.report(
            "S203", (), f"'{'.'.join(table)}' must be a table", f"write [{'.'.join(table)}]"
        )
        return Parsed(None, tuple(document.findings))
    settings = read_value(document, Settings)
    if settings.value is None:
        return Parsed(None, settings.findings)
    return Parsed((settings.value, document), settings.findings)


def _syntax_error(message: str, text: str, file: str) -> Finding:
    place = _PLACE.search(message)
    line, column = text.count("\n") + 1, 1
    if place is not None and place[1]:
        line, column = int(place[1]), int(place[2])
    # tomllib's words for a key that is there already
    problem = _PLACE.sub("", message).replace("Cannot overwrite a value", "duplicate key")
    return Finding("Y102", Location(file, line, column), f"not valid TOML: {problem}")


def _spans(text: str, table: tuple[str, ...], keys: Collection[str]) -> Spans:
    """Where the keys of a table stand. tomllib gives no positions, so this asks it which line brings a key."""
    spans = Spans()
    lines = text.split("\n")
    if len(lines) > _MOST_LINES or len(text) > _MOST_CHARACTERS:
        return spans
    places = _places_of(lines, [table, *((*table, key) for key in keys)])
    spans.values[()] = places.get(table, (1, 1))
    for key in keys:
        spans.values[(key,)] = spans.keys[(key,)] = places.get((*table, key), (1, 1))
    return spans


def _places_of(
    lines: Sequence[str], paths: Iterable[tuple[str, ...]]
) -> dict[tuple[str, ...], tuple[int, int]]:
    """Where keys are: not in the text that ends before their line, and in the next text that is whole."""
    places: dict[tuple[str, ...], tuple[int, int]] = {}
    missing = set(paths)
    before = 0
    for count in range(len(lines) + 1):
        data = _data_of("\n".join(lines[:count]))
        if data is None:
            continue
        present = {path for path in missing if value_at(data, *path) is not None}
        places |= dict.fromkeys(present, _first_of_value(lines, before))
        missing -= present
        if not missing:
            break
        before = count
    return places


def _data_of(text: str) -> Any:
    """The data of a text; None for one that ends in the middle of a value."""
    import tomllib  # noqa: PLC0415

    try:
        return tomllib.loads(text)
    except Exception:  # noqa: BLE001  # as above
        return None


def _first_of_value(lines: Sequence[str], before: int) -> tuple[int, int]:
    """The line and column at which what follows some lines begins, behind blank lines and comments."""
    number = before
    while number < len(lines) - 1 and lines[number].lstrip()[:1] in ("", "#", "\r"):
        number += 1
    line = lines[number]
    return number + 1, len(line) - len(line.lstrip()) + 1
