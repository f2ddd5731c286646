"""CNAPS type signatures: which kinds of data a model takes and gives, such as `ImgMsk2Img`.

The grammar (ISO/IEC 14977):

    signature = port, {port}, "2", port, {port};

A port is a name of the table: its id or one of its aliases. Names may hold digits (`3D`), so the separator is found by
reading, not by splitting: `Txt23D` takes a text and gives a 3D shape. Where a text can be read in several ways, the
separator is the leftmost that works, and on each side the longest names that work win, from the left. A port may stand
twice: `ImgImg2Depth` takes two images.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import product
from typing import Final, NamedTuple, TypeAlias

from msgspec import Struct

from explainer.diagnostics.text import lazy_regex, meant_hint, one_line, shorten, suggest

SEPARATOR: Final = "2"
MAX_SIGNATURE: Final = 200
"""Characters of a signature; the longest that anybody uses has thirteen."""

# A port's name: perhaps a number, then a capital. So the names in `Txt23D` can be told apart from the separator.
_NAME: Final = lazy_regex(r"[0-9]*+[A-Z][A-Za-z0-9]*+")
# What is called wrong in a text: up to the next capital or digit, or one character of anything else.
_WORD: Final = lazy_regex(r"[0-9]*+[^\W\d_][^\W\dA-Z_]*+|.", re.DOTALL)
_ARTICLE: Final = lazy_regex(r"\A(?:an?|the|my|one) ")
# What ends the first word of a model's name: a signature in front of it has letters and digits only.
_BEHIND_START: Final = lazy_regex(r"[^A-Za-z0-9]")


class Port(NamedTuple):
    """A kind of data that models take and give.

    Attributes:
        id: its short name, as in signatures.
        description: what it is, with its article: “an image”.
        aliases: other names. Those of letters and digits with a capital first may stand in signatures; all may stand in
            a question's `input` and `output`, in any letter case.
    """

    id: str
    description: str
    aliases: tuple[str, ...] = ()


BUILTIN_PORTS: Final = (
    Port("Img", "an image", (
        "Image", "Picture", "Photo", "images", "pictures", "photos", "photograph", "photographs", "drawing", "painting",
        "selfie", "snapshot", "screenshot", "scan", "frame", "frames", "rgb image",
    )),
    Port("Txt", "a text", (
        "Text", "Prompt", "texts", "words", "sentence", "sentences", "question", "caption", "label", "labels", "answer",
        "description", "document", "transcript", "text prompt", "instruction", "summary", "tags", "class label",
    )),
    Port("Snd", "a sound", (
        "Sound", "Audio", "Voice", "Speech", "sounds", "music", "song", "recording", "voice recording", "spoken text",
        "narration", "audio clip",
    )),
    Port("Vid", "a video", ("Video", "Film", "Clip", "videos", "movie", "footage", "animation", "video clip")),
    Port("3D", "a 3D shape", ("3D shape", "3D model", "3D object", "3D scene", "Mesh", "point cloud", "figurine")),
    Port("Msk", "a mask", (
        "Mask", "masks", "cutout", "outline", "segmentation mask", "segmentation map", "marked region",
    )),
    Port("Depth", "a depth map", ("depth map", "depth image", "distance map", "disparity map")),
    Port("Pose", "a body pose", ("Skeleton", "keypoints", "body pose", "stick figure")),
    Port("Box", "bounding boxes", ("Boxes", "BBox", "bounding box", "bounding boxes")),
    Port("Tab", "a table", ("Table", "spreadsheet", "tables")),
    Port("Vec", "a vector", ("Vector", "Embedding", "embeddings", "features", "feature vector")),
)  # fmt: skip
"""The ports that everybody has; catalogs add to them with `ports:`."""


class Signature(Struct, frozen=True):
    """What a model takes and gives.

    Attributes:
        inputs: ids of ports, in the order of the signature; one that is taken twice stands twice.
        outputs: the same for what it gives.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def __str__(self) -> str:
        return f"{''.join(self.inputs)}{SEPARATOR}{''.join(self.outputs)}"


class SignatureProblem(NamedTuple):
    """Why a text is no signature.

    Attributes:
        offset: the character that begins what is wrong, from 0.
        text: what is wrong; empty at the end of the text.
        message: what is wrong with it, in a sentence without a full stop.
        hint: what was probably meant, or what there is.
    """

    offset: int
    text: str
    message: str
    hint: str


class Ports:
    """A table of ports: reads signatures and lay words with it."""

    def __init__(self, ports: Iterable[Port] = ()) -> None:
        """Take ports, the most trusted first, before the built-in ones; one whose id came before adds its aliases."""
        merged: dict[str, Port] = {}
        for port in (*ports, *BUILTIN_PORTS):
            earlier = merged.get(port.id, port._replace(aliases=()))
            merged[port.id] = earlier._replace(aliases=(*earlier.aliases, *port.aliases))
        self.ports: Mapping[str, Port] = merged
        self._names = _names(merged.values())
        self._words = {name.casefold(): id_ for name, id_ in reversed(self._names.items())}
        self._readable = {name: id_ for name, id_ in self._names.items() if _NAME.fullmatch(name)}
        self._reader = _Reader(self._readable)
        # A catalog has a few dozen signatures, each on hundreds of entries.
        self._signature_of = lru_cache(_MOST_KEPT)(self._reader.read)
        self._problem_of = lru_cache(_MOST_KEPT)(self._problem)

    def describe(self, id_: str) -> str:
        """Return what a port is, with its article; its id when there is no such port."""
        return self.ports.get(id_, Port(id_, id_)).description

    def find(self, word: str) -> str | None:
        """Return the id of the port that an id, an alias or a lay word means, in any letter case; None for no port."""
        folded = one_line(word).casefold()
        return self._words.get(folded) or self._words.get(_ARTICLE.sub("", folded))

    def suggestion(self, word: str) -> str | None:
        """Return the name of a port that was probably meant, or None."""
        return suggest(word, self._names)

    def read(self, text: str) -> Signature | None:
        """Return the signature that a text is, or None: for texts that need not be signatures."""
        if len(text) > MAX_SIGNATURE:
            return None
        return self._signature_of(text)

    def parse(self, text: str) -> Signature | SignatureProblem:
        """Return the signature that a text is, or why it is none: for texts that should be signatures."""
        return self.read(text) or self._problem_of(text)

    def parse_start(self, text: str) -> Signature | None:
        """Read the signature with which a longer name begins, such as `Txt2Img-StableDiffusion`; None for none."""
        return self.read(_BEHIND_START.split(text, maxsplit=1)[0])

    def _problem(self, text: str) -> SignatureProblem:
        if len(text) > MAX_SIGNATURE:
            message = f"a signature has at most {MAX_SIGNATURE} characters, not {len(text):,}"
            return SignatureProblem(
                0, text, message, f"write inputs{SEPARATOR}outputs, such as Txt2Img"
            )
        offset, wrong, subject = self._fault(text)
        hint = meant_hint(self._meant(text)) or f"the ports are {', '.join(self.ports)}"
        return SignatureProblem(
            offset, wrong, f"{subject} in the signature {shorten(text, 40)!r}", hint
        )

    def _fault(self, text: str) -> tuple[int, str, str]:
        """Where reading stops, the word that stands there, and what is wrong with it."""
        offset, is_output, has_port = self._reader.farthest(text)
        wrong = _word_at(text, offset)
        second = f"a second separator {SEPARATOR!r}"
        if not wrong:
            return offset, "", _MISSING.get((is_output, has_port), second)
        is_complete = is_output and has_port
        if is_complete and wrong.startswith(SEPARATOR):
            return offset, SEPARATOR, second
        return offset, wrong, f"unknown port {shorten(wrong, 40)!r}"

    def _meant(self, text: str) -> str | None:
        """The signature that was probably meant: in other letter case, or with the nearest port for what is none."""
        lower_case = _Reader({name.lower(): id_ for name, id_ in reversed(self._readable.items())})
        signature = lower_case.read("".join(filter(str.isalnum, text.lower())))
        for _ in range(_MOST_REPLACED):
            if signature is not None:
                return str(signature)
            offset, _, _ = self._reader.farthest(text)
            wrong = _word_at(text, offset)
            nearest = suggest(wrong, self._readable)
            # no port is like it, or it is one that stands in the wrong place
            if nearest in (None, wrong):
                return None
            text = f"{text[:offset]}{nearest}{text[offset + len(wrong) :]}"
            signature = self._reader.read(text)
        return None if signature is None else str(signature)


# What is missing where a signature ends, by whether reading is behind the separator and that side has a port already.
_MISSING: Final = {
    (True, False): f"nothing after the separator {SEPARATOR!r}",
    (False, True): "the output is missing",
    (False, False): "the input is missing",
}
# Where reading stands: the character, whether behind the separator, whether that side has a port already.
_State: TypeAlias = tuple[int, bool, bool]
_BEGINNING: Final = (0, False, False)
_EITHER: Final = (True, False)
# Texts of which a table remembers what they are.
_MOST_KEPT: Final = 10_000
# Words of one text for which a suggestion is looked for.
_MOST_REPLACED: Final = 8


class _Reader:
    """Reads signatures by the names of ports: a chart of what can be read on from where, filled from the end."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._ids = names
        self._starts: dict[str, list[str]] = {}
        for name in sorted(names, key=len, reverse=True):
            self._starts.setdefault(name[0], []).append(name)

    def read(self, text: str) -> Signature | None:
        """Return the signature that a text is, or None."""
        if SEPARATOR not in text:  # most words that are tried are no signatures
            return None
        step_from = self._steps_to_end(text)
        if _BEGINNING not in step_from:
            return None
        sides: tuple[list[str], list[str]] = ([], [])
        state = _BEGINNING
        while state in step_from:
            name, state = step_from[state]
            if name:  # else it is the separator
                sides[state[1]].append(self._ids[name])
        return Signature(tuple(sides[0]), tuple(sides[1]))

    def _steps_to_end(self, text: str) -> dict[_State, tuple[str, _State]]:
        """The first step from each state from which the end can be reached: the separator, else the longest name."""
        end = (len(text), True, True)
        step_from: dict[_State, tuple[str, _State]] = {}
        for state in product(reversed(range(len(text))), _EITHER, _EITHER):
            for name, following in self._steps(text, state):
                if following == end or following in step_from:
                    step_from[state] = (name, following)
                    break
        return step_from

    def farthest(self, text: str) -> _State:
        """Return the state farthest to the right that reading comes to; the end of a name within a word is none."""
        reached = {_BEGINNING}
        waiting = [_BEGINNING]
        while waiting:
            following = {state for _, state in self._steps(text, waiting.pop())}
            waiting += following - reached
            reached |= following
        return max(state for state in reached if not _is_within_word(text, state))

    def _steps(self, text: str, state: _State) -> Iterator[tuple[str, _State]]:
        """The ways to read on: the separator first, then names, the longest first."""
        offset, is_output, has_port = state
        if has_port and not is_output and text.startswith(SEPARATOR, offset):
            yield "", (offset + 1, True, False)
        for name in self._starts.get(text[offset : offset + 1], ()):
            if text.startswith(name, offset):
                yield name, (offset + len(name), is_output, True)


def _is_within_word(text: str, state: _State) -> bool:
    offset, _, has_port = state
    return has_port and text[offset : offset + 1].islower()


def _names(ports: Iterable[Port]) -> dict[str, str]:
    """The port that each name means: ids before aliases, earlier ports before later ones."""
    listed = list(ports)
    names = {port.id: port.id for port in listed}
    for port in listed:
        for alias in port.aliases:
            names.setdefault(alias, port.id)
    return names


def _word_at(text: str, offset: int) -> str:
    """The word that begins at a place: up to the next capital or digit."""
    word = _WORD.match(text, offset)
    return word.group() if word else ""


@cache
def builtin_ports() -> Ports:
    """Return the table of the built-in ports alone."""
    return Ports()


def parse_signature(text: str, ports: Ports | None = None) -> Signature | SignatureProblem:
    """Read a signature, such as `ImgMsk2Img`, with a table of ports or the built-in ones; see `Ports.parse`."""
    return (ports or builtin_ports()).parse(text)
