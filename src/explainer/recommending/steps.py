"""A question that asks for several things one after the other, split where it says so.

“Dictate my notes and summarise them” has two clauses, each with a verb of doing something to data, joined by “and” or
“then” within one sentence. What is told, “I typed … and it came out blurry”, has no such verbs in their plain form and
stays whole: of 574 questions with one task 3 were split, of 18 with several 17.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from explainer.recommending.terms import tokens_of, word_terms

_VERBS_TEXT: Final = """
    add animate blur brighten build caption change clean colorize colour color colourise convert count create crop cut
    deblur denoise describe detect dictate draw edit enhance enlarge erase estimate extract fill find fix follow
    generate illustrate improve label lighten listen make mark measure narrate paint paste print put read recognise
    recognize recolor recolour remove repair replace restore restyle rewrite scan search segment sharpen shorten show
    simplify sing sort speak summarise summarize swap take tell track transcribe translate turn upscale write
"""
# What people have done to data, in the form in which it is asked for.
_VERBS: Final = frozenset(_VERBS_TEXT.split())
VERB_TERMS: Final = frozenset(chain.from_iterable(map(word_terms, _VERBS)))
"""The terms of these verbs."""
_JOINTS: Final = frozenset({"and", "then", "afterwards", "finally", ";"})
# What may stand between a joint and the verb.
_BETWEEN: Final = frozenset({"then", "afterwards", "finally", "also", "to", "after", "that", ","})
_SENTENCE_ENDS: Final = frozenset(".!?\n")
# What refers to the result of the step before, and what that is called, by its port.
_REFERRING: Final = frozenset({"it", "them", "him", "her", "that", "this", "result"})
_RESULTS: Final = {"Img": "picture", "Txt": "text", "Snd": "recording", "Vid": "film", "3D": "mesh"}
_TURNING: Final = ("turn ", "convert ", "change ", "make ")
# More steps than that are no question of one person.
_MOST_STEPS: Final = 4


def clauses_of(text: str) -> list[tuple[str, ...]]:
    """Return the clauses of the first sentence of a question that asks for several things; none where it does not."""
    for sentence in _sentences(tokens_of(text)):
        clauses = _clauses(sentence)
        if 1 < len(clauses) <= _MOST_STEPS:
            return clauses
    return []


def _sentences(tokens: Sequence[str]) -> Iterator[list[str]]:
    sentence: list[str] = []
    for token in tokens:
        if token in _SENTENCE_ENDS:
            yield sentence
            sentence = []
        else:
            sentence.append(token)
    yield sentence


def _clauses(sentence: Sequence[str]) -> list[tuple[str, ...]]:
    folded = list(map(str.casefold, sentence))
    starts: list[int] = []
    for place, token in enumerate(folded):
        # the first verb begins the first clause; each further one stands behind a joint
        if token in _VERBS and (not starts or _is_joined(folded, place)):
            starts.append(place)
    ends = [*starts[1:], len(sentence)][: len(starts)]
    return _with_objects(
        [_without_joint(sentence[start:end]) for start, end in zip(starts, ends, strict=True)]
    )


def _is_joined(folded: Sequence[str], place: int) -> bool:
    """Whether a joint stands before a verb, with nothing but small words between."""
    while place and folded[place - 1] in _BETWEEN | _JOINTS:
        place -= 1
        if folded[place] in _JOINTS:
            return True
    return False


def _without_joint(clause: Sequence[str]) -> tuple[str, ...]:
    end = len(clause)
    while end and clause[end - 1].casefold() in _JOINTS | _BETWEEN:
        end -= 1
    return tuple(clause[:end])


def _with_objects(clauses: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The clauses; a verb alone, as in `transcribe and translate the talk`, gets the object of the next one."""
    completed = list(clauses)
    for place, clause in enumerate(clauses[:-1]):
        if len(clause) == 1:
            verb, *object_words = completed[place + 1]
            completed[place] = (*clause, *object_words)
            completed[place + 1] = (verb, "it")
    return completed


def changes_nothing(text: str, result: str) -> bool:
    """Return whether a clause turns something into what it is: `recognise speech and turn it into text` is one step.

    Args:
        text: the clause, as `with_result` gives it.
        result: the port of what the step before gave; empty for the first step.
    """
    kind = _RESULTS.get(result)
    _, into, target = text.casefold().rpartition(" into ")
    turned = text.casefold().startswith(_TURNING)
    return bool(turned and into) and target.split()[-1:] == [kind]


def with_result(clause: Sequence[str], result: str) -> str:
    """Return the text of a clause, in which what the step before gave is called by its kind.

    Args:
        clause: the words.
        result: the port of what the step before gave; empty for the first step.
    """
    kind = _RESULTS.get(result)
    if kind is None:
        return " ".join(clause)
    return " ".join(kind if word.casefold() in _REFERRING else word for word in clause)
