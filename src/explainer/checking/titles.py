"""Titles and names compared: a form in which harmless retyping is equal, and measures for what is near or shortened.

Equal after `canonical` is safe in a closed list, fuzzy acceptance is not: a similarity ratio of 95 accepts half of the
near-miss titles of HALLMARK (github.com/rpatrik96/hallmark), so nearness here only ever explains a rejection.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from html import unescape
from itertools import takewhile
from operator import eq
from typing import Final

from explainer.diagnostics.text import lazy_regex, without_case

NEAR: Final = 0.8
"""The similarity from which an unequal title counts as an altered one, not as another one (measured on HALLMARK)."""
# a quick upper bound of the similarity below which the exact one, which takes longer, is not computed
_FAR: Final = 0.6
# characters of titles that are compared for similarity, which takes quadratic time
_MAX_COMPARED: Final = 600
# characters of a distinctive name: shorter ones are units, initials and parts of formulas
_MIN_ACRONYM: Final = 3
# letters that two forms of one word share at least: `removal` and `removing` share five
_MIN_STEM: Final = 4
# the share of the shorter word that the common beginning takes: `portable` is no form of `portrait`
_STEM_SHARE: Final = 0.6
_INITIALS: Final = range(2, 6)  # lengths of what may be the initials of a title's words

_GREEK_NAMES: Final = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho "  # noqa: SIM905
    "varsigma sigma tau upsilon phi chi psi omega".split()
)
_GREEK: Final = dict(zip(_GREEK_NAMES, map(chr, range(ord("α"), ord("ω") + 1)), strict=True))
# names such as `$\pi$-GAN` are copied with their LaTeX; longer commands come first
_LATEX_GREEK: Final = lazy_regex(
    r"\\(" + "|".join(sorted(_GREEK, key=len, reverse=True)) + r")(?![a-z])"
)
_LATEX_COMMAND: Final = lazy_regex(r"\\(?:text|math)[a-z]{0,8}\s*\{")
# curators copy titles with the character references of the page that they stand on
_REFERENCE: Final = lazy_regex(
    r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});", needs=("&",)
)
# most titles are ASCII, and one substitution folds those
_ASCII_DROPPED: Final = lazy_regex(r"[^a-z0-9+#%@=&]++")
# accents on Latin letters are lost in retyping; marks of other scripts make other letters, and stay
_LATIN_MARKS: Final = lazy_regex("(?<=[a-z])[\u0300-\u036f]+")
_FOLDED: Final = str.maketrans(
    {"∗": "*", "⋆": "*", "ı": "i", "ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d"}
)
# how UTF-8 begins that was read as Windows-1252, such as `Ã©` for `é`
_MOJIBAKE: Final = frozenset("ÂÃâãäåæçð")
# `C++` and `C#` keep their sign; in `a+b` it is an operator
_WORD: Final = lazy_regex(r"[^\W_]+(?:[+#]+(?!\w))?")
# compounds of ordinary words, such as `Self-Supervised`
_ORDINARY: Final = lazy_regex(r"[A-Z][a-z]+(?:-[A-Z]?[a-z]+)+")
_COMPOUND: Final = lazy_regex(r"[^\W_]+(?:[-+#][^\W_]+)*[+#]*")
# what ends the name at the beginning of a title: a colon or a dash with spaces
_HEAD: Final = lazy_regex(r"(?:(?<!\s)\s++)?[:：]\s|(?<!\s)\s++[-–—]{1,3}\s+|：|——")
# six letters in a row of a script without capitals, such as Chinese and Arabic, read like a title
_CASELESS: Final = lazy_regex("[\u0590-\u109f\u1100-\u139f\u1400-\u1c7f\u3040-\ud7ff]{6}")
# words that go on with a title before or behind it, and make it another one: `A Survey of …`, `… Revisited`; `in` and
# `on` before a title are mostly those of prose (`Introduced in …`)
_SMALL: Final = r"(?:a|an|and|at|by|for|from|in|of|on|or|the|to|using|via|with)"
_GOES_BEFORE: Final = lazy_regex(
    rf"(?<![\w-])[A-Z][\w-]*(?: (?:{_SMALL} ){{0,2}}[A-Z][\w-]*){{0,6}}"
    r"(?:-| (?:(?:of|for|from|with|using|via) )?(?:(?:an?|the) )?)\Z"
)
_STANDS_BEHIND_WORD: Final = lazy_regex(r"-\Z|[\w-] \Z")
_GOES_BEHIND: Final = lazy_regex(
    r"(?![ /](?:Paper|Article|Model|Code|GitHub|Repository)\b)"
    r"(?:-\w+|\+{1,2}|/[A-Z][\w-]+)?"
    r"(?:(?: ?[:–—-]| ?,)? \(?(?:\d(?:nd|rd|th) [Ee]dition|Part [IVX\d]{1,4}|Volume \d|Revisited"
    r"|Theory and Practice)\)?"
    # another version or size: `… – v2`, `… (XL)`
    r"|(?: [:–—-])? \(?(?:(?![vV]1(?:\.0)?(?![\w.]*\d))[vV]\d{1,2}(?:\.\d{1,2})?|X{1,3}L)\)?(?![\w.-]*\w)"
    r"| ?[:–—-] (?:(?:An?|The) )?(?:[A-Z]\w+ ){0,2}(?:Survey|Review|Tutorial)(?: of(?: [A-Z][\w-]+){1,4})?"
    rf"|(?: (?:(?:and|for|in|of|with|via|to|from) )?(?:the )?(?=[A-Z\d])[\w+-]+(?: {_SMALL}(?= [A-Z]))?){{0,6}})"
    r"(?=[\s*_`\"”»]*(?:[:,.(\[<–—|→!?]|https?:|\Z))"
)
_LONGEST_BEFORE: Final = 100  # characters before a title in which such words are looked for
# share of capitalised words from which a text reads like a title: prose has capitals in few places
_CAPITALISED: Final = 0.6
_MAX_TITLE_LIKE: Final = 40  # words of a text beyond which it is prose
# what prompts tell models to write where an entry has no link, in the forms that they write it in
_NOTHING: Final = frozenset(
    "|none|null|nil|no|not available|not provided|not applicable|not specified|not listed|not given|unavailable|tbd|–|—"  # noqa: SIM905
    "|kein|keine|keiner|keines|keinr|keins|nicht verfügbar|nicht angegeben|aucun|aucune"
    "|non disponible|non fourni|non fournie|non fornito|non disponibile"
    "|ninguno|ninguna|no disponible|no proporcionado|nessun|nessuno|nessuna|nenhum|nenhuma|não fornecido|não disponível"
    "|geen|brak|нет|无|暂无|暫无|無|未提供|なし|없음".split("|")
)
_NOT_ANY: Final = lazy_regex(
    r"n\s?/?\s?a|-+"
    r"|no (?:papers?|links?|github|code|url|arxiv)[\w\s]{0,30}|no [\w\s]{0,30}(?:available|provided|listed|given)",
    re.IGNORECASE,
)
# signs that tell names apart: `C++`, `C#`, `Q&A`
_KEPT_PUNCTUATION: Final = frozenset("#%@&")
_DROPPED_SYMBOLS: Final = frozenset("$^~|<>`´¨¯¸")

NOTE_MARKS: Final = "¹²³⁴⁵⁶⁷⁸⁹⁰"
"""The number of a note, behind a name: `LanternNet²`."""
FILLERS: Final = frozenset(
    "a an the and or of for in on with via by to from as at using based towards toward into is are be its their this "  # noqa: SIM905
    "that paper papers model models method methods approach technique techniques framework frameworks system systems "
    "tool tools toolkit network networks github gitlab git repo repository code source codebase implementation "
    "official "
    "link links arxiv pdf doi url website page project homepage hugging face huggingface hf card demo dataset data "
    "docs "
    "documentation library article publication preprint reference references study work research read view see here "
    "original full text more details available app application tutorial colab notebook weights checkpoint checkpoints "
    "download release pytorch tensorflow jax web site online abstract version primary supporting related main resource "
    "resources html open access s proposed novel new used et al none na no".split()
)
"""Words that carry no claim about which entry is meant."""

GENERIC_ACRONYMS: Final = frozenset(
    "ai ml dl nlp llm llms vlm vlms lmm lvlm mllm gan gans cnn cnns rnn rnns dnn dnns gnn gnns vit vits mlp vae gpt "  # noqa: SIM905
    "rgb hdr 2d 3d 4d iou miou sota gpu gpus cpu api apis cad vqa ocr sam clip unet resnet rl rlhf rag lora ssl svm "
    "pca vaes "
    "cvpr iccv eccv neurips iclr icml aaai acl emnlp miccai arxiv doi github http https www pdf html mri ct pet "
    "psnr ssim fid ieee acm qa ir kg slam vr ar xr ui ux sdk id ids pdfs url urls eeg ecg cv hci ood fps nerf nerfs "
    "blip coco imagenet cifar bert t5 dino dinov2 chatgpt gpt4 openai us eu uk usa n/a na ok io "
    "iii vii viii xii xiii xiv".split()
)
"""Terms of the field and venues: naming them names no entry."""


@lru_cache(maxsize=8192)
def canonical(text: str) -> str:
    """Return the form in which titles are compared.

    Letter case, spaces, hyphens, quotes, punctuation, LaTeX braces, character references, full-width forms and Latin
    accents are folded; `&` is `and`. Letters, marks and digits of every script and symbols that tell names apart (`+`,
    `#`, `α`, `½`) stay.
    """
    if "&" in text:
        text = _REFERENCE.sub(_decoded, text)
    if "\\" in text:
        text = _LATEX_GREEK.sub(
            lambda match: _GREEK[match[1]], _LATEX_COMMAND.sub("", text.lower())
        )
    if text.isascii():
        return _ASCII_DROPPED.sub("", text.lower()).replace("&", "and")
    if not _MOJIBAKE.isdisjoint(text):
        text = _repaired(text)
    # taking a sign away can bring two others together; the third time nothing changes any more
    return _folded(_folded(_folded(text)))


def _decoded(match: re.Match[str]) -> str:
    """The character of a reference; that of `&APOS;` is `&apos;`, in a title that was put into capitals."""
    decoded = unescape(match[0])
    if decoded == match[0]:
        return unescape(match[0].lower())
    return decoded


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold().translate(_FOLDED)
    text = "".join(char for char in text if _is_kept(char))
    text = unicodedata.normalize("NFC", _LATIN_MARKS.sub("", unicodedata.normalize("NFD", text)))
    return text.replace("&", "and")


def _is_kept(char: str) -> bool:
    is_telling = unicodedata.category(char)[0] in "LMNS" and char not in _DROPPED_SYMBOLS
    return is_telling or char in _KEPT_PUNCTUATION


def _repaired(text: str) -> str:
    """UTF-8 that was once decoded as Windows-1252, put right where it can be."""
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text


def words(text: str) -> list[str]:
    """Return the words of a text, as written: runs of letters and digits, with `+` and `#` behind them."""
    return _WORD.findall(text)


def words_in(text: str) -> Iterator[re.Match[str]]:
    """Yield the words of a text, as `words` returns them, each with its place."""
    return _WORD.finditer(text)


def content_words(text: str) -> list[str]:
    """Return the words, in lower case, that claim something about which entry is meant."""
    return [word for word in map(canonical, words(text)) if word not in FILLERS]


def head(title: str) -> str:
    """Return the part of a title before its colon or dash, or the whole of it."""
    return _HEAD.split(title, maxsplit=1)[0].strip()


def acronyms(text: str) -> list[str]:
    """Return the distinctive names in a text, as written: `CoIC`, `MLS2LoD3`, `AGAP`; no terms of the field."""
    return list(_distinctive_names(text))


@lru_cache(maxsize=4096)
def _distinctive_names(text: str) -> tuple[str, ...]:
    return tuple(word for word in _COMPOUND.findall(text) if _is_distinctive(word))


def _is_distinctive(word: str) -> bool:
    # most words of a text are in lower case, and pass here
    if word.islower():
        return False
    if len(word) < _MIN_ACRONYM:
        return False
    bare = word.casefold()
    if {bare, bare.removesuffix("s")} & GENERIC_ACRONYMS:
        return False
    # two signs of a name: capitals, or one and a digit
    signs = sum(map(str.isupper, word)) + any(map(str.isdigit, word))
    return signs > 1 and _ORDINARY.fullmatch(word) is None


def is_nothing(text: str) -> bool:
    """Whether a text says that there is nothing: `None`, `N/A`, `not available`, or nothing at all."""
    said = text.strip(" \t*_`.()[]")
    if without_case(said) in _NOTHING:
        return True
    return said.startswith(("n", "N", "-")) and _NOT_ANY.fullmatch(said) is not None


def reads_like_title(text: str) -> bool:
    """Whether a text looks like a title or a name: capitals where prose has none, or a name with inner capitals."""
    all_words = words(text)
    if len(all_words) > _MAX_TITLE_LIKE:
        return False
    content = [word for word in all_words if word.casefold() not in FILLERS]
    if not content:
        return False
    if _may_be_caseless(text) and _CASELESS.search(text):
        return True
    # one word, or one run such as `NST-fast-style-candy`: capitals at its start say nothing, those within it do
    if 1 in (len(content), len(text.split())):
        return bool(acronyms(text))
    capitals = len(content) - sum(word[0].islower() for word in content)
    return capitals >= _CAPITALISED * len(content)


def _may_be_caseless(text: str) -> bool:
    """Whether a text has a letter of a script without capitals, perhaps: to compile a pattern of these takes 1 ms."""
    if text.isascii():
        return False
    return any("\u0590" <= char < "\u2000" or "\u3000" < char < "\ud800" for char in set(text))


def longer_title(text: str, begin: int, end: int) -> tuple[int, int]:
    """Return where a title in a text begins and ends together with the words that go on with it: `Improved <title>`."""
    # a title often stands alone, behind a label
    before = behind = None
    if _STANDS_BEHIND_WORD.search(text, max(0, begin - 2), begin):
        before = _GOES_BEFORE.search(text, max(0, begin - _LONGEST_BEFORE), begin)
    if end < len(text):
        behind = _GOES_BEHIND.match(text, end)
    last = behind.end() if behind else end
    if before is None or not content_words(before[0]):  # `Code of <title>` is no title
        return begin, last
    return before.start(), last


@lru_cache(maxsize=4096)
def similarity(one: str, other: str) -> float:
    """Return how alike two canonical forms are, from 0 to 1 (Ratcliff and Obershelp); 0 when far from `NEAR`."""
    if max(len(one), len(other)) > _MAX_COMPARED:
        return float(one == other)
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    is_near = matcher.real_quick_ratio() >= _FAR and matcher.quick_ratio() >= _FAR
    return matcher.ratio() * is_near


def same_word(one: str, other: str) -> bool:
    """Whether two words in canonical form are forms of one word: `removal` and `removing`."""
    if one[:2] != other[:2]:  # most words differ at once: this is called for every pair of words
        return False
    if one.removesuffix("s") == other.removesuffix("s"):
        return True
    common = len(list(takewhile(bool, map(eq, one, other))))  # letters that both begin with
    if common < max(_MIN_STEM, _STEM_SHARE * min(len(one), len(other))):
        return False
    # `resnet50` is not `resnet101`
    differ_in_number = one[common:].isdigit() or other[common:].isdigit()
    return not differ_in_number


def own_words(text: str, vocabulary: Sequence[str]) -> float:
    """Return the share of a text's content words that a title's words account for, also as their initials.

    Args:
        text: what an answer calls an entry.
        vocabulary: the words of the title in canonical form, in order.
    """
    initials = "".join(word[:1] for word in vocabulary)
    claimed = content_words(text)
    own = [word for word in claimed if _is_own(word, vocabulary, initials)]
    return len(own) / max(1, len(claimed))


def _is_own(word: str, vocabulary: Sequence[str], initials: str) -> bool:
    if any(same_word(word, known) for known in vocabulary):
        return True
    short = word.removesuffix("s")
    if len(short) not in _INITIALS or not short.isalpha():
        return False
    return short in initials
