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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from explainer.diagnostics.text import shorten, suggest

SEPARATOR: Final = "2"
MAX_SIGNATURE: Final = 200
"""Characters of a signature; the longest that anybody uses has thirteen."""

_NAME: Final = re.compile(r"[0-9]*+[A-Z][A-Za-z0-9]*+")
_WORD: Final = re.compile(r"[0-9]*+[^\W\d_][^\W\dA-Z_]*+|.", re.DOTALL)
_START: Final = re.compile(r"[A-Za-z0-9]++")


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


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model takes and gives.

    Attributes:
        inputs: ids of ports, in the order of the signature; one that is taken twice stands twice.
        outputs: the same for what it gives.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def __str__(self) -> str:
        return f"{''.join(self.inputs)}{SEPARATOR}{''.join(self.outputs)}"


@dataclass(frozen=True, slots=True)
class SignatureProblem:
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
            known = merged.get(port.id)
            merged[port.id] = port if known is None else known._replace(aliases=(*known.aliases, *port.aliases))
        self.ports: Mapping[str, Port] = merged
        self._names = _names(merged.values())
        self._words = {name.casefold(): id_ for name, id_ in reversed(self._names.items())}
        self._readable = {name: id_ for name, id_ in self._names.items() if _NAME.fullmatch(name)}
        self._reader = _Reader(self._readable)
        self._read: dict[str, Signature | SignatureProblem] = {}

    def describe(self, id_: str) -> str:
        """Return what a port is, with its article; its id when there is no such port."""
        return self.ports[id_].description if id_ in self.ports else id_

    def find(self, word: str) -> str | None:
        """Return the id of the port that an id, an alias or a lay word means, in any letter case; None for no port."""
        folded = " ".join(word.split()).casefold()
        for article in ("", "a ", "an ", "the ", "my ", "one "):
            if folded.startswith(article) and folded.removeprefix(article) in self._words:
                return self._words[folded.removeprefix(article)]
        return None

    def suggestion(self, word: str) -> str | None:
        """Return the name of a port that was probably meant, or None."""
        return suggest(word, self._names)

    def parse(self, text: str) -> Signature | SignatureProblem:
        """Read a signature; the same text is read once."""
        if text not in self._read:
            if len(self._read) >= _MOST_KEPT:
                self._read.clear()
            too_long = len(text) > MAX_SIGNATURE
            self._read[text] = self._fault(text) if too_long else (self._reader.read(text) or self._fault(text))
        return self._read[text]

    def parse_start(self, text: str) -> Signature | None:
        """Read the signature with which a longer name begins, such as `Txt2Img-StableDiffusion`; None for none."""
        start = _START.match(text)
        read = self.parse(start.group()) if start and len(start.group()) <= MAX_SIGNATURE else None
        return read if isinstance(read, Signature) else None

    def _fault(self, text: str) -> SignatureProblem:
        if len(text) > MAX_SIGNATURE:
            message = f"a signature has at most {MAX_SIGNATURE} characters, not {len(text):,}"
            return SignatureProblem(0, text, message, f"write inputs{SEPARATOR}outputs, such as Txt2Img")
        at, right, seen = self._reader.reached(text)
        wrong = _wrong_word(text, at)
        if not wrong and not right:
            subject = "nothing says what the model gives" if seen else "nothing says what the model takes"
        elif not wrong:
            subject = f"nothing stands behind the separator {SEPARATOR!r}"
        elif right and seen and wrong.startswith(SEPARATOR):
            subject, wrong = f"a second separator {SEPARATOR!r}", SEPARATOR
        else:
            subject = f"unknown port {shorten(wrong, 40)!r}"
        mended = self._mended(text)
        hint = f"did you mean {mended!r}?" if mended else f"the ports are {', '.join(self.ports)}"
        return SignatureProblem(at, wrong, f"{subject} in the signature {shorten(text, 40)!r}", hint)

    def _mended(self, text: str) -> str | None:
        """The signature that was probably meant: in other letter case, or with the nearest port for what is none."""
        blind = _Reader({name.lower(): id_ for name, id_ in reversed(self._readable.items())})
        read = blind.read("".join(filter(str.isalnum, text.lower())))
        for _ in range(_MOST_MENDED):
            if read is not None:
                return str(read)
            at = self._reader.reached(text)[0]
            wrong = _wrong_word(text, at)
            nearest = suggest(wrong, self._readable) if wrong else None
            if nearest is None or nearest == wrong:
                return None
            text = f"{text[:at]}{nearest}{text[at + len(wrong) :]}"
            read = self._reader.read(text)
        return str(read) if read is not None else None


_State: TypeAlias = tuple[int, bool, bool]
"""Where reading stands: the character, whether behind the separator, whether that side has a port already."""
_BEGINNING: Final = (0, False, False)
_MOST_KEPT: Final = 10_000
"""Texts of which a table remembers what they are; a catalog has a few dozen."""
_MOST_MENDED: Final = 8
"""Words of one text for which a suggestion is looked for."""


class _Reader:
    """Reads signatures by the names of ports: a chart of what can be read on from where, filled from the end."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._ids = names
        self._starts: dict[str, list[str]] = {}
        for name in sorted(names, key=len, reverse=True):
            self._starts.setdefault(name[0], []).append(name)

    def read(self, text: str) -> Signature | None:
        """Return the signature that a text is, or None."""
        good: set[_State] = {(len(text), True, True)}
        for at in range(len(text) - 1, -1, -1):
            for state in ((at, True, True), (at, True, False), (at, False, True), (at, False, False)):
                if any(following in good for _, following in self._steps(text, state)):
                    good.add(state)
        if _BEGINNING not in good:
            return None
        sides: tuple[list[str], list[str]] = ([], [])
        state = _BEGINNING
        while state[0] < len(text):
            name, state = next(step for step in self._steps(text, state) if step[1] in good)
            if name:
                sides[state[1]].append(self._ids[name])
        return Signature(tuple(sides[0]), tuple(sides[1]))

    def reached(self, text: str) -> _State:
        """Return the state farthest to the right that reading comes to; the end of a name within a word is none."""
        reached = {_BEGINNING}
        todo = [_BEGINNING]
        while todo:
            for _, state in self._steps(text, todo.pop()):
                if state not in reached:
                    reached.add(state)
                    todo.append(state)
        return max(state for state in reached if not (state[2] and text[state[0] : state[0] + 1].islower()))

    def _steps(self, text: str, state: _State) -> Iterator[tuple[str, _State]]:
        """The ways to read on: the separator first, then names, the longest first."""
        at, right, seen = state
        if not right and seen and text.startswith(SEPARATOR, at):
            yield "", (at + 1, True, False)
        for name in self._starts.get(text[at : at + 1], ()):
            if text.startswith(name, at):
                yield name, (at + len(name), right, True)


def _names(ports: Iterable[Port]) -> dict[str, str]:
    """The port that each name means: ids before aliases, earlier ports before later ones."""
    listed = list(ports)
    names = {port.id: port.id for port in listed}
    for port in listed:
        for alias in port.aliases:
            names.setdefault(alias, port.id)
    return names


def _wrong_word(text: str, at: int) -> str:
    """The word that begins at a place: up to the next capital or digit."""
    found = _WORD.match(text, at)
    return found.group() if found else ""


@cache
def builtin_ports() -> Ports:
    """Return the table of the built-in ports alone."""
    return Ports()


def parse_signature(text: str, ports: Ports | Sequence[Port] | None = None) -> Signature | SignatureProblem:
    """Read a signature.

    Args:
        text: such as `ImgMsk2Img`.
        ports: the table, or ports beside the built-in ones.

    Returns:
        The signature, or what is wrong and where.
    """
    if isinstance(ports, Ports):
        return ports.parse(text)
    return (Ports(ports) if ports else builtin_ports()).parse(text)
