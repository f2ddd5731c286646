"""The baseline: a plain BM25 over stemmed words without stop words, all fields as one text."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import Stemmer

STEMMER = Stemmer.Stemmer("english")
STOP_TEXT = """
a ai an and are as at be but by can could did do does even for from he her his how i in into is it its just like me my
of on or she so than that the their them then there these they this those to was we were what when where which who why
with you your
"""
STOP = set(STOP_TEXT.split())


def tokens(text: str) -> list[str]:
    found = re.findall(r"[a-z]+|\d+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text).lower())
    return list(STEMMER.stemWords([word for word in found if word not in STOP]))


class BM25:
    def __init__(self, texts: Sequence[str], k1: float = 1.5, b: float = 0.75) -> None:
        documents = [Counter(tokens(text)) for text in texts]
        lengths = [sum(counts.values()) for counts in documents]
        mean = sum(lengths) / len(lengths)
        frequency = Counter(term for counts in documents for term in counts)
        total = len(documents)
        self.weights: dict[str, dict[int, float]] = {}
        for at, counts in enumerate(documents):
            for term, count in counts.items():
                idf = math.log(1 + (total - frequency[term] + 0.5) / (frequency[term] + 0.5))
                weight = idf * count * (k1 + 1) / (count + k1 * (1 - b + b * lengths[at] / mean))
                self.weights.setdefault(term, {})[at] = weight

    def best(self, question: str, limit: int) -> list[int]:
        scores: Counter[int] = Counter()
        for term in tokens(question):
            scores.update(self.weights.get(term, {}))
        return sorted(scores, key=lambda at: (-scores[at], at))[:limit]
