"""Text whose UTF-8 bytes were once read as Windows-1252: where it stands, and what it was.

The method is that of ftfy (Speer, "ftfy", 2019), for the plain case: each damaged character by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["damage"]


def _sloppy(byte: int) -> str:
    """A byte in Windows-1252; the five that it leaves out are what they are in Latin-1."""
    return bytes([byte]).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)


_BYTES: Final = {_sloppy(byte): byte for byte in range(256)}
_MORE: Final = "".join(re.escape(_sloppy(byte)) for byte in range(0x80, 0xC0))
_MORE_TELLING: Final = "".join(re.escape(_sloppy(byte)) for byte in range(0x80, 0xC0) if _sloppy(byte) not in "»…“”‘’")
"""Behind a capital letter with an accent these signs are ordinary: `IRMÃ»`."""

_DAMAGED: Final = re.compile(
    f"[\u00c2-\u00c5][{_MORE_TELLING}]|[\u00e0-\u00ef][{_MORE}]{{2}}|[\u00f0-\u00f4][{_MORE}]{{3}}"
)
_REMAINS: Final = re.compile("ðŸ[^\\s]?|â€|ï¿½|\ufffd")


def damage(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield (damaged, what it was) for each damaged character of a text; None where that cannot be told any more."""
    rest: list[str] = []
    at = 0
    for match in _DAMAGED.finditer(text):
        try:
            mended = bytes(_BYTES[char] for char in match.group()).decode("utf-8")
        except UnicodeDecodeError:
            continue
        if (mended.isprintable() and mended != "\ufffd") or mended == "\u00a0":
            yield match.group(), mended
            rest.append(text[at : match.start()])
            at = match.end()
    rest.append(text[at:])
    for part in rest:
        for match in _REMAINS.finditer(part):
            yield match.group(), None
