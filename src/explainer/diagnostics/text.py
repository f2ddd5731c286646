"""Text from strangers: which characters are refused, how text is shown safely, slugs, positions, suggestions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, partial
from typing import Any, AnyStr, cast

MAX_SLUG = 150
"""Characters of a slug, without the hash that a longer one gets; an id may have 200."""


def lazy_regex(
    expression: AnyStr, flags: int = 0, *, needs: tuple[str, ...] = ()
) -> re.Pattern[AnyStr]:
    """Return a regular expression that is compiled when it is first used.

    The modules of `check` have 360 of them, which took a third of a cold start to compile: half are used in an answer,
    and half of these find nothing in a plain one.

    Args:
        expression: the expression.
        flags: as for `re.compile`.
        needs: every match has one of these, in small letters where case is ignored; other texts compile nothing.
    """
    return cast("re.Pattern[AnyStr]", LazyRegex(expression, flags, needs))


# what the methods of an expression give where it matches nothing
_WITHOUT_MATCH: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("search", "match", "fullmatch"), lambda _: None),
    "finditer": lambda _: iter(()),
    "findall": lambda _: [],
    "split": lambda text: [text],
    "sub": lambda text: text,
}


class LazyRegex:
    """What `lazy_regex` returns: it has all that a compiled expression has."""

    def __init__(self, expression: str | bytes, flags: int, needs: tuple[str, ...] = ()) -> None:
        self.pattern = (
            expression  # what other expressions are made of, and asking for it compiles nothing
        )
        self.needs = needs
        self._flags = flags

    @cached_property
    def _ignores_letters(self) -> bool:
        return bool(self._flags & re.IGNORECASE) and any(map(str.islower, self.needs))

    @cached_property
    def _compiled(self) -> re.Pattern[Any]:
        return re.compile(self.pattern, self._flags)

    def __getattr__(self, name: str) -> Any:
        is_needed = not self.needs or name not in _WITHOUT_MATCH
        value = getattr(self._compiled, name) if is_needed else partial(self._use, name)
        # so this is called once for each name, and later uses cost no more
        setattr(self, name, value)
        return value

    def _use(self, name: str, *arguments: Any, **options: int) -> Any:
        """Call a method, of an expression that is compiled when a text has what it needs."""
        text = arguments[1] if name == "sub" else arguments[0]
        if not self._may_match(text):
            return _WITHOUT_MATCH[name](text)
        method = getattr(self._compiled, name)
        setattr(self, name, method)
        return method(*arguments, **options)

    def _may_match(self, text: str) -> bool:
        if self._ignores_letters:
            text = without_case(text)
        return any(needed in text for needed in self.needs)


def without_case(text: str) -> str:
    """Return a text in which those letters are equal that match where an expression ignores case."""
    # beside the letters of ASCII these are long s, the Kelvin sign, and i with a dot too many or too few
    return text.casefold().replace("i\u0307", "i").replace("ı", "i")


# C0 without tab and line breaks, DEL, C1, line and paragraph separators, bidi embeddings, overrides and isolates,
# surrogates, the two noncharacters that YAML cannot carry, tag characters. Marks that RTL and emoji text needs
# (U+200C-U+200F, U+061C) are not in it.
_REFUSED = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f"
)
_REFUSED_IN_SOURCE = lazy_regex(f"[{_REFUSED}]")
_REFUSED_IN_VALUE = lazy_regex(f"[\r{_REFUSED}]")
# Soft hyphen, Mongolian vowel separator, zero-width space, word joiner and invisible operators, byte order mark.
_INVISIBLE = lazy_regex("[\u00ad\u180e\u200b\u2060-\u2064\ufeff]")
_NOT_PLAIN = lazy_regex(f"[\r{_REFUSED}\u00ad\u180e\u200b\u2060-\u2064\ufeff]")
_UNPRINTABLE = lazy_regex(f"[\t\n\r{_REFUSED}]")


def refused_characters(text: str, *, source: bool = False) -> Iterator[tuple[int, str]]:
    """Yield (index, character) of what could hide or forge text.

    Args:
        text: any text.
        source: the text is a whole file, where a carriage return is a line break and not a control character.
    """
    refused = _REFUSED_IN_SOURCE if source else _REFUSED_IN_VALUE
    for match in refused.finditer(text):
        yield match.start(), match.group()


def is_allowed(char: str) -> bool:
    """Whether a character of a value could neither hide nor forge text."""
    return _REFUSED_IN_VALUE.search(char) is None


def invisible_characters(text: str) -> Iterator[tuple[int, str]]:
    """Yield (index, character) of what is allowed but cannot be seen and is seldom meant."""
    for match in _INVISIBLE.finditer(text):
        yield match.start(), match.group()


def is_plain(text: str) -> bool:
    """Whether a text has no refused and no invisible characters."""
    # nearly all texts, and much quicker than the pattern: it matches no such character
    if text.isprintable():
        return True
    # a file, too, whose lines and tabs are the only rest
    if text.replace("\n", "").replace("\t", "").isprintable():
        return True
    return _NOT_PLAIN.search(text) is None


def replace_refused(text: str) -> str:
    """Return a whole file's text with each refused character replaced by U+FFFD, so that no position moves."""
    return _REFUSED_IN_SOURCE.sub("\ufffd", text)


def describe_character(char: str) -> str:
    """Return `U+202E RIGHT-TO-LEFT OVERRIDE` for a character; control characters have no name in Unicode."""
    name = unicodedata.name(char, "control character" if unicodedata.category(char) == "Cc" else "")
    return f"U+{ord(char):04X} {name}".rstrip()


def printable(text: str) -> str:
    r"""Return the text on one line, safe for a terminal: what is not printable is shown as `\n`, `\x1b`, `\u202e`."""
    if text.isprintable() or _UNPRINTABLE.search(text) is None:
        return text
    return _UNPRINTABLE.sub(_escaped, text)


def visible(text: str) -> str:
    r"""Return the text, its lines as they are, with what hides or forges text shown as `\x1b`, `\u202e`."""
    return text if is_plain(text) else _REFUSED_IN_SOURCE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape", "surrogatepass").decode()


def shorten(text: str, width: int = 80) -> str:
    """Return the text cut to at most `width` characters, with an ellipsis where it was cut."""
    return text if len(text) <= width else text[: width - 1] + "…"


# Enough of what a library says; a stranger's input may be part of it.
_REASON = 200


def reason_of(error: BaseException, redact: Callable[[str], str] = str) -> str:
    """Return what an exception says, cut short; the name of its class where it says nothing.

    Args:
        error: the exception.
        redact: takes secrets out, before anything is cut.
    """
    return shorten(redact(str(error)), _REASON) or type(error).__name__


def digest(text: str, size: int = 3) -> str:
    """Return the hexadecimal BLAKE2b digest of a text, `size` bytes (two characters each) long."""
    from hashlib import blake2b  # noqa: PLC0415  # an import of some milliseconds, that few commands need

    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def slugify(name: str) -> str:
    """Return a readable id for a name in any script: its letters, marks and digits in lower case, `-` between.

    A name that loses a sign outside ASCII gets a short hash of itself, so that no two such names become one id.
    Names that differ in ASCII punctuation or case alone may still share a slug: `EntryIndex` tells those apart.
    """
    lower_case = name.lower()
    signs = {char for char in lower_case if unicodedata.category(char)[0] not in "LMN"}
    dashes = str.maketrans(dict.fromkeys(signs, "-"))
    slug = re.sub("-+", "-", lower_case.translate(dashes)).strip("-")
    loses_sign = not "".join(signs).isascii()
    if slug and not loses_sign and len(slug) <= MAX_SLUG:
        return slug
    return f"{slug[:MAX_SLUG].rstrip('-')}-{digest(name)}".lstrip("-")


# Likeness, 0 to 1, that makes a slip of the keyboard likely: what difflib takes when it is not told.
_LIKE_WORD = 0.6
# Comparing takes the product of two lengths: titles have fewer characters, and nobody mistypes a longer text.
_LONGEST_WORD = 500


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that was probably meant, or None: a case-blind match first, then the nearest spelling."""
    import difflib  # noqa: PLC0415  # only mistakes need it

    if len(word) > _LONGEST_WORD:
        return None
    names = list(candidates)
    # Reversed, so that of names which differ in letter case alone the first one counts.
    folded = {name.casefold(): name for name in reversed(names)}
    nearest = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=_LIKE_WORD)
    if nearest:
        return folded[nearest[0]]
    if not word:
        return None
    # Somebody may have typed the beginning of a long name only.
    beginning = word.casefold()
    return min((name for name in names if name.casefold().startswith(beginning)), default=None)


def one_line(text: str) -> str:
    """Return a text on one line: whatever space it has within is a single one, and none is around it."""
    return " ".join(text.split())


def counted(number: int, word: str, form: str = "d") -> str:
    """Return a number and its noun, such as `1 model` or `3 models`; `form` formats the number."""
    return f"{number:{form}} {word}{'s' * (number != 1)}"


def did_you_mean(word: str, names: Iterable[str]) -> str | None:
    """Return the hint that names what was probably meant, or None; see `suggest`."""
    return meant_hint(suggest(word, names))


def meant_hint(meant: str | None) -> str | None:
    """Return the hint that names what was probably meant, or None when nothing was."""
    return f"did you mean {meant!r}?" if meant else None


def json_document(data: object, indent: int | None = 2) -> str:
    r"""Return data as a JSON document that people read, too; without an indent, as a line of JSON.

    What hides or forges text is written as an escape (`\u202e`): whoever reads the JSON gets it, and no terminal does.
    """
    import json  # noqa: PLC0415  # few commands print JSON

    return (
        _REFUSED_IN_SOURCE.sub(_json_escape, json.dumps(data, ensure_ascii=False, indent=indent))
        + "\n"
    )


def _json_escape(match: re.Match[str]) -> str:
    # JSON escapes units of UTF-16 (RFC 8259, section 7)
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))
