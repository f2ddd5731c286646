"""A question as it is compared: its telling words, and what it says outright of data, scale and what is not wanted.

What goes in and what comes out (“text to speech”, “a sketch into a photo”, `img2txt`) is read by a few patterns in
which the order of the words decides. What single words hint at, such as “typed”, is `intent.QueryIntent`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain, pairwise
from typing import Final, NamedTuple, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from explainer.catalogs.signature import Signature, builtin_ports
from explainer.diagnostics.text import lazy_regex
from explainer.recommending.intent import QueryIntent
from explainer.recommending.terms import (
    ENGLISH,
    UNKNOWN,
    language_of,
    parts_of,
    readings,
    terms_with_words,
    tokens_of,
)

_MARKS: Final = frozenset(',.;:!?()"“”\n')
_SENTENCE_ENDS: Final = frozenset('.!?:“"\n')
# The mark that stands where words were taken out.
GAP: Final = "."
# `txt2img`, `speech2text`: a signature in the words of the trade.
_PAIR: Final = lazy_regex(r"([a-z]{3,}|3d)2([a-z]{3,}|3d)")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words for kinds of data beside the names that ports have.
_MORE_WORDS: Final[Mapping[str, str]] = {
    "Img": "sketch sketches doodle portrait portraits pic pics artwork illustration poster drawings paintings selfies"
    " snapshots screenshots logo scans",
    "Txt": "story stories article articles email emails note notes poem paragraph paragraphs subtitles captions"
    " descriptions transcripts prompts documents writing text",
    "Snd": "speech voice audio sound sounds recording recordings music song songs podcast podcasts voicemail"
    " narration interview",
    "Vid": "clips films movies animations",
    "3D": "3d mesh meshes figurines",
    "Depth": "depth",
    "Pose": "pose poses",
    "Tab": "table",
}
# `text to speech`: what stands before is in hand, what stands behind is wanted.
_INTO: Final = frozenset({"to", "into", "->", "→"})
# `speech from text`: the other way round.
_FROM: Final = frozenset({"from"})
_AND: Final = frozenset({"and", "plus", "+", "with"})
# `listen to the text` turns nothing into a text.
_NOT_BEFORE_TO: Final = _words("""
    able according close compared going had has have how like listen listening need needs next ought similar
    used want wanted wants way
""")
_NOTHING_BEFORE: Final = _MARKS | _NOT_BEFORE_TO
# What people ask with, and say of a person, is no kind of data.
_NO_DATA: Final = (
    "question",
    "answer",
    "label",
    "labels",
    "frame",
    "features",
    "tags",
    "instruction",
)
# What is removed from a picture, or added to it, is not what comes out.
_REMOVING: Final = _words("""
    clean clear cut delete deleted deletes drop erase erased erases erasing remove removed removes removing rid
    strip take takes taking took wipe
""")
_ADDING: Final = _words("""
    add added adding adds applied apply compare give given gives link match matched
""")
# Who reads a newspaper to me, or reads it aloud, speaks.
_READING: Final = frozenset({"read", "reads", "reading"})
_PERSONS: Final = frozenset({"me", "us", "him", "her", "them", "you", "my", "children"})
# What verbs take where their object does not say so, and what they give.
_VERBS: Final[Mapping[str, tuple[str, str]]] = {
    "describe": ("", "Txt"), "describes": ("", "Txt"), "described": ("", "Txt"), "describing": ("", "Txt"),
    "caption": ("", "Txt"), "captioned": ("", "Txt"), "captioning": ("", "Txt"),
    "transcribe": ("Snd", "Txt"), "transcribes": ("Snd", "Txt"), "transcribed": ("Snd", "Txt"),
    "animate": ("", "Vid"), "animates": ("", "Vid"), "animated": ("", "Vid"),
    "illustrate": ("", "Img"), "illustrates": ("", "Img"), "illustrated": ("", "Img"),
    "narrate": ("", "Snd"), "narrates": ("", "Snd"), "narrated": ("", "Snd"),
    "summarise": ("", "Txt"), "summarize": ("", "Txt"), "summarises": ("", "Txt"), "summarizes": ("", "Txt"),
    "translate": ("", "Txt"), "translates": ("", "Txt"), "translated": ("", "Txt"),
}  # fmt: skip
_CREATING: Final = _words("""
    compose composes create creates generate generated generates produce produces
""")
# So many words may stand between a word of a pattern and the kind of data that it is about.
_NEAR: Final = 2
_FAR: Final = 4


# What a kind of data that a signature has and nobody spoke of costs, of the 1 that a side may count.
_UNSTATED: Final = 0.25
# What an entry without a signature counts where both sides are stated.
_UNKNOWN: Final = -0.25


class Direction(Struct, frozen=True):
    """What a question says goes in and comes out.

    Attributes:
        inputs: the ids of ports; none where it does not say.
        outputs: the same for what comes out.
    """

    inputs: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.inputs or self.outputs)

    @classmethod
    def of(cls, tokens: Sequence[str]) -> Direction:
        """Read the first direction that some tokens state in full, else what they say of either side."""
        stated = list(_stated(_Words(tokens)))
        for direction in stated:
            if direction.is_full:
                return direction
        return next(filter(None, stated), cls())

    def within(self, signatures: Iterable[Signature | None]) -> Direction:
        """Return the direction but for kinds of data that no signature has on that side: they can decide nothing."""
        present = list(filter(None, signatures))
        inputs = set(chain.from_iterable(model.inputs for model in present))
        outputs = set(chain.from_iterable(model.outputs for model in present))
        return Direction(self.inputs & inputs, self.outputs & outputs)

    @property
    def is_full(self) -> bool:
        """Whether both sides are stated."""
        return bool(self.inputs and self.outputs)

    def fit(self, signature: Signature | None) -> float:
        """Return how well a signature fits, from -1 to 1: half of that for either side.

        A side that fits is worth nothing where the other one does not: `speech to text` is not done by what makes
        texts of texts. Without a signature nobody knows, and half is missing.
        """
        if not self:
            return 0.0
        if signature is None:
            return _UNKNOWN if self.is_full else 0.0
        sides = [_side(self.inputs, signature.inputs), _side(self.outputs, signature.outputs)]
        misfits = [side for side in sides if side < 0]
        return sum(misfits or sides) / 2


def _side(stated: frozenset[str], ports: Sequence[str]) -> float:
    """How well one side of a signature fits what is stated of it."""
    if not stated:
        return 0.0
    if not stated.issubset(ports):
        return -1.0
    # what nobody spoke of, such as a mask, counts against a signature, but little
    return 1.0 - _UNSTATED * len(set(ports) - stated)


class _Noun(NamedTuple):
    """A kind of data, and the words that name it: from `start` to before `end`."""

    start: int
    end: int
    port: str


def _ports_of(*nouns: _Noun | None) -> frozenset[str]:
    """The ports of some kinds of data, of which some may be missing."""
    return frozenset(noun.port for noun in nouns if noun)


class _Words:
    """Tokens in lower case, with the kinds of data that they name."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.written = tokens
        self.tokens = list(map(str.casefold, tokens))
        self.starts: dict[int, _Noun] = {}
        self.ends: dict[int, _Noun] = {}
        place = 0
        while place < len(self.tokens):
            noun = self._noun_at(place)
            if noun is None:
                place += 1
                continue
            self.starts[noun.start] = self.ends[noun.end] = noun
            place = noun.end

    def _noun_at(self, place: int) -> _Noun | None:
        """The kind of data that one or two tokens name."""
        ports = _port_words()
        pair = " ".join(self.tokens[place : place + 2])
        for size, name in ((2, pair), (1, self.tokens[place])):
            if name in ports:
                return _Noun(place, place + size, ports[name])
        return None

    def before(self, place: int, distance: int) -> _Noun | None:
        """The nearest kind of data that ends so few words before a place, in the same clause."""
        for end in range(place, max(0, place - distance - 1), -1):
            if end in self.ends:
                return self.ends[end]
            if self.tokens[end - 1] in _NOTHING_BEFORE:
                return None
        return None

    def after(self, place: int, distance: int) -> _Noun | None:
        """The nearest kind of data that begins so few words behind a place, in the same clause."""
        for start in range(place + 1, min(len(self.tokens), place + distance + 2)):
            if start in self.starts:
                return self._head(self.starts[start])
            if self.tokens[start] in _MARKS:
                return None
        return None

    def _head(self, noun: _Noun) -> _Noun:
        """The last of several kinds that make one: `image caption` is a caption."""
        while noun.end in self.starts:
            noun = self.starts[noun.end]
        return noun

    def joined_before(self, noun: _Noun) -> frozenset[str]:
        """A kind of data with the one that it is joined to: `text and image`."""
        earlier = None
        for start in (noun.start, noun.start - 1):
            if start > 0 and self.tokens[start - 1] in _AND:
                earlier = self.before(start - 1, 0)
        return _ports_of(earlier, noun)

    def joined_after(self, noun: _Noun) -> frozenset[str]:
        """The same for one that is joined behind."""
        later = self.after(noun.end, 1) if self.is_at(noun.end, _AND) else None
        return _ports_of(noun, later)

    def is_at(self, place: int, words: frozenset[str]) -> bool:
        """Whether one of some words stands at a place."""
        return not words.isdisjoint(self.tokens[place : place + 1])

    def any_before(self, place: int, distance: int, words: frozenset[str]) -> bool:
        """Whether one of some words stands so few words before a place."""
        return not words.isdisjoint(self.tokens[max(0, place - distance) : place])


def _stated(words: _Words) -> Iterable[Direction]:
    """What each token says of a direction, in order."""
    for place, token in enumerate(words.tokens):
        reader = _READERS.get(token)
        if reader is not None:
            yield reader(words, place)
        elif "2" in token:
            yield _pair(words.written[place])


def _read_to(words: _Words, place: int) -> Direction:
    """`read me the paper to …` and the like: who reads to a person speaks; else `to` leads to what is wanted."""
    if words.any_before(place, _FAR, _READING) and words.is_at(place + 1, _PERSONS):
        return _ALOUD
    return _into(words, place)


def _read_aloud(words: _Words, place: int) -> Direction:
    return _ALOUD if words.any_before(place, 2 * _FAR, _READING) else Direction()


def _out_of(words: _Words, place: int) -> Direction:
    return _from(words, place) if words.is_at(place + 1, frozenset({"of"})) else Direction()


def _created(words: _Words, place: int) -> Direction:
    return Direction(outputs=_ports_of(words.after(place, _NEAR)))


def _into(words: _Words, place: int) -> Direction:
    """`text to speech`, `a sketch into a photo`; `add music to a film` has the film in hand."""
    is_to = words.tokens[place] == "to"
    result = words.after(place, _NEAR)
    in_hand = words.before(place, 1 if is_to else _FAR)
    if result is None or in_hand is None:
        return Direction()
    if is_to and words.any_before(in_hand.start, _FAR, _ADDING):
        return Direction(_ports_of(result))
    return Direction(words.joined_before(in_hand), words.joined_after(result))


def _from(words: _Words, place: int) -> Direction:
    """`a film from a photo`, `text out of a picture`; `remove the text from a photo` leaves a photo."""
    behind = place + 1 if words.tokens[place] == "out" else place
    in_hand = words.after(behind, _FAR)
    if in_hand is None or not _INTO.isdisjoint(words.tokens[in_hand.end : in_hand.end + _NEAR]):
        # `from a photo to a film` is read at its `to`
        return Direction()
    inputs = words.joined_after(in_hand)
    if words.any_before(place, _FAR, _REMOVING):
        return Direction(inputs, inputs)
    result = words.before(place, _NEAR)
    if result is None:
        return Direction(inputs)
    return Direction(inputs, words.joined_before(result))


def _done_to(words: _Words, place: int) -> Direction:
    """`describe this picture`, `animate a drawing`."""
    usual, result = _VERBS[words.tokens[place]]
    in_hand = _ports_of(words.after(place, _FAR))
    if not in_hand and usual:
        in_hand = frozenset({usual})
    if not in_hand:
        return Direction()
    return Direction(in_hand, frozenset({result}))


def _asked_about(words: _Words, place: int) -> Direction:
    """`ask a photo`, `questions about this film`: the question is a text that goes in too."""
    noun = words.after(place, _NEAR)
    if noun is None or noun.port == "Txt":
        return Direction()
    return Direction(frozenset({noun.port, "Txt"}), frozenset({"Txt"}))


_ALOUD: Final = Direction(frozenset({"Txt"}), frozenset({"Snd"}))
# What reads a direction at each word that may state one; where two apply, the later line decides.
_READERS: Final[Mapping[str, Callable[[_Words, int], Direction]]] = {
    **dict.fromkeys(("aloud", "loud"), _read_aloud),
    **dict.fromkeys(("ask", "questions", "question"), _asked_about),
    **dict.fromkeys(_CREATING, _created),
    **dict.fromkeys(_VERBS, _done_to),
    **dict.fromkeys(_FROM, _from),
    "out": _out_of,
    **dict.fromkeys(_INTO, _into),
    "to": _read_to,
}


def _pair(word: str) -> Direction:
    """`txt2img`, and signatures such as `ImgMsk2Img`."""
    signature = builtin_ports().parse_start(word)
    if signature is not None:
        return Direction(frozenset(signature.inputs), frozenset(signature.outputs))
    match = _PAIR.fullmatch(word.casefold())
    ports = _port_words()
    if match is None or not ports.keys() >= {match[1], match[2]}:
        return Direction()
    return Direction(frozenset({ports[match[1]]}), frozenset({ports[match[2]]}))


@cache
def _port_words() -> Mapping[str, str]:
    """The port that each word, or pair of words, names."""
    words: dict[str, str] = {}
    for port in builtin_ports().ports.values():
        names = chain((port.id, *port.aliases), _MORE_WORDS.get(port.id, "").split())
        for name in names:
            words.setdefault(name.casefold(), port.id)
    for word in _NO_DATA:
        words.pop(word, None)
    return words


# Words of a question that are read; the rest of a longer text says nothing new.
_MAX_WORDS: Final = 2_000
# A number that stands by itself, `(13)` or “1,000”: it counts something, and says nothing of what is wanted. That of
# `resnet-18` is a part of a name.
_LONE_NUMBER: Final = lazy_regex(r"(?<![\w-])\d[\d.,:/]*+(?![\w-])")
_NUMBER_FOR_TO: Final = lazy_regex(r"(?<=[a-z]) 2 (?=[a-z])")

# What follows these does not count as wanted, up to the end of the clause and no more than so many words.
_NEGATIONS: Final = {
    "without": ("without",),
    "instead": ("instead", "of"),
    "rather": ("rather", "than"),
}
_NEGATED_WORDS: Final = 3
_NOT: Final = "not"
# `is not sharp` complains of a defect, and `not only` negates nothing: `not` takes away where a clause begins with it.
_CLAUSE_STARTS: Final = frozenset({",", ";", ":", ".", "(", "and", "but"})
_NOT_ALONE: Final = frozenset({"only", "just", "sure", "yet"})
_CLAUSE_ENDS: Final = frozenset(',.;:!?()"“”\n') | {
    "and",
    "but",
    "or",
    "then",
    "because",
    "when",
    "while",
    "so",
}

_SCALE_WORDS: Final[Mapping[str, int]] = {
    "double": 2, "doubled": 2, "doubles": 2, "doubling": 2, "twice": 2, "twofold": 2, "triple": 3, "tripled": 3,
    "thrice": 3, "threefold": 3, "quadruple": 4, "quadrupled": 4, "fourfold": 4, "eightfold": 8,
}  # fmt: skip
_TIMES: Final[Mapping[str, int]] = {"two": 2, "three": 3, "four": 4, "eight": 8}
_SCALES: Final = {**_TIMES, **_SCALE_WORDS}
# `2.7 times` is no scale that a name has.
_SCALE: Final = lazy_regex(
    rf"(?<![\w.,])(?P<digit>[2-8])(?:\s?x\b|\s?-?\s?times\b|\s?-?fold\b)|\bx\s?(?P<after>[2-8])(?![\w.,]\w)\b"
    rf"|\b(?P<times>{'|'.join(_TIMES)})[ -](?:times|fold)\b|\b(?P<word>{'|'.join(_SCALE_WORDS)})\b"
)
# A scale is one of pictures only where the question speaks of enlarging: “twice a day” is none.
_ENLARGING: Final = lazy_regex(
    r"\b(?:up-?scal|enlarg|bigger|larger|resolution|magnif|zoom|blow(?:n|s|ing)? up|blew|super-?res|pixels?\b|width|"
    r"height|as (?:big|large|wide|high|tall)|the size|(?:its|in|original) size)"
)


class Query(Struct, frozen=True):
    """A question as it is compared.

    Attributes:
        text: the question.
        words: the terms, each once, in order, and the word of the question that it comes from.
        intent: the kinds of data that its words hint at.
        tokens: all its words and marks, in order.
        direction: the kinds of data that it says go in and come out.
        scale: how many times as large a picture should be; 0 when it does not say.
        corrections: for each word that was corrected the word that it was read as.
        language: the code of its language.
    """

    text: str
    words: Mapping[str, str]
    intent: QueryIntent
    tokens: tuple[str, ...] = ()
    direction: Direction = field(default_factory=Direction)
    scale: int = 0
    corrections: Mapping[str, str] = {}
    language: str = ENGLISH

    @classmethod
    def of(cls, text: str, vocabulary: SupportsLanguages | None = None) -> Query:
        """Take the telling words of a question, and what it says outright.

        Args:
            text: the question.
            vocabulary: the words that tasks are known by; decides where the question does not tell its language.
        """
        language = language_of(text)
        if language == UNKNOWN:
            language = _best_known(text, vocabulary) if vocabulary else ENGLISH
        if language != ENGLISH:
            return cls.foreign(text, language, vocabulary)
        plain = text.replace("×", "x")
        tokens = without_negated(tokens_of(_NUMBER_FOR_TO.sub(" to ", plain)))
        plain_text = " ".join(without_negated(tokens_of(_LONE_NUMBER.sub(" ", plain))))
        word_of_term = terms_with_words(plain_text, language, _MAX_WORDS)
        return cls(
            text,
            word_of_term,
            QueryIntent.of(word_of_term),
            tuple(tokens[:_MAX_WORDS]),
            Direction.of(tokens),
            stated_scale(plain),
        )

    @classmethod
    def foreign(
        cls, text: str, language: str, vocabulary: SupportsLanguages | None = None
    ) -> Query:
        """Take the words of a question that is not in English; what it says outright is read in English alone.

        Args:
            text: the question.
            language: the code of its language.
            vocabulary: the words that tasks are known by: a compound word that is none counts as its parts that are.
        """
        word_of_term = terms_with_words(_LONE_NUMBER.sub(" ", text), language, _MAX_WORDS)
        if vocabulary is not None:
            word_of_term = _with_known_parts(word_of_term, vocabulary)
        return cls(text, word_of_term, QueryIntent.of(word_of_term), language=language)

    @classmethod
    def joined(cls, queries: Iterable[Query]) -> Query:
        """Ask several questions as one, which then says nothing outright."""
        word_of_term: dict[str, str] = {}
        tokens: list[str] = []
        for query in queries:
            word_of_term |= query.words
            tokens += query.tokens
        return cls(" ".join(tokens), word_of_term, QueryIntent.of(word_of_term), tuple(tokens))

    def corrected(self, frequency: Callable[[str], int]) -> Query:
        """Return the question with its unknown words read as known ones that differ by one letter.

        Names stay as they are, and so does a question in another language: one letter makes German mud a match.

        Args:
            frequency: how often a term is used; 0 for one that is not known.
        """
        names = _names(self.tokens)
        no_names = [term for term, word in self.words.items() if word not in names]
        meant_terms = readings(no_names, frequency) if self.language == ENGLISH else {}
        if not meant_terms:
            return self
        word_of_term: dict[str, str] = {}
        for term, word in self.words.items():
            word_of_term.setdefault(meant_terms.get(term, term), word)
        corrections = {self.words[term]: meant for term, meant in meant_terms.items()}
        return replace(
            self, words=word_of_term, intent=QueryIntent.of(word_of_term), corrections=corrections
        )


def _with_known_parts(
    word_of_term: Mapping[str, str], vocabulary: SupportsLanguages
) -> dict[str, str]:
    """The terms of a question, and those parts of its unknown ones that a task is known by."""
    extended = dict(word_of_term)
    for term, word in word_of_term.items():
        if term in vocabulary:
            continue
        for part in parts_of(term):
            if part in vocabulary:
                extended.setdefault(part, word)
    return extended


def _names(tokens: Sequence[str]) -> frozenset[str]:
    """The words that begin with a capital within a sentence, unless a question writes every other word so."""
    capitals = [
        word
        for before, word in pairwise(tokens)
        if word[:1].isupper() and before not in _SENTENCE_ENDS
    ]
    if 2 * len(capitals) < len(tokens):
        return frozenset(capitals)
    return frozenset()


class SupportsLanguages(Protocol):
    """The words that tasks are known by, in several languages."""

    @property
    def languages(self) -> Sequence[str]:
        """The codes of the languages other than English."""

    def __contains__(self, term: str) -> bool:
        """Whether any task is known by a term."""


def _best_known(text: str, vocabulary: SupportsLanguages) -> str:
    """The language in which most words of a text mean a task; English where no other has more of them."""

    def known_words(language: str) -> int:
        word_of_term = terms_with_words(text, language, _MAX_WORDS)
        return len({word for term, word in word_of_term.items() if term in vocabulary})

    english_words = set(terms_with_words(text, ENGLISH, _MAX_WORDS).values())
    if known_words(ENGLISH) == len(english_words):
        return ENGLISH
    return max((ENGLISH, *vocabulary.languages), key=known_words)


def without_negated(tokens: Sequence[str]) -> list[str]:
    """Return tokens without what a question says it does not want; a gap stands in its place."""
    remaining: list[str] = []
    folded = list(map(str.casefold, tokens))
    place = 0
    while place < len(tokens):
        length = _negation_at(folded, place)
        if length:
            remaining.append(GAP)
            place = _clause_end(folded, place + length)
        else:
            remaining.append(tokens[place])
            place += 1
    return remaining


def _negation_at(folded: Sequence[str], place: int) -> int:
    """How many tokens the negation has that begins here; 0 when none does."""
    token = folded[place]
    if token == _NOT:
        return int(_negates(folded, place))
    negation = _NEGATIONS.get(token, ())
    if tuple(folded[place : place + len(negation)]) == negation:
        return len(negation)
    return 0


def _negates(folded: Sequence[str], place: int) -> bool:
    """Whether a `not` says what is not wanted: it begins a clause, as the first word of a question does."""
    if place and folded[place - 1] not in _CLAUSE_STARTS:
        return False
    return _NOT_ALONE.isdisjoint(folded[place + 1 : place + 2])


def _clause_end(folded: Sequence[str], start: int) -> int:
    """Where what is negated ends."""
    end = min(len(folded), start + _NEGATED_WORDS)
    for place in range(start, end):
        if folded[place] in _CLAUSE_ENDS:
            return place
    return end


def stated_scale(text: str) -> int:
    """Return how many times as large a question wants a picture; 0 when it does not say."""
    folded = text.replace("×", "x").casefold()
    match = _SCALE.search(folded)
    if match is None or not _ENLARGING.search(folded):
        return 0
    number = match[str(match.lastgroup)]
    return _SCALES.get(number) or int(number)
