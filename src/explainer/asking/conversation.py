"""One conversation with a language model, as values: messages and replies, rounds, and the answer that is accepted.

What a server sends is a stranger's: every field is taken only when it has the type that it should have. `judge` checks
what came, `step` says what comes next, `choose` picks the best of several models' answers. Whoever drives them asks the
network, or the journal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from explainer.batching.manifest import content_hash
from explainer.checking.check import CheckReport, check_answer
from explainer.checking.evidence.judging import StatementVerdict
from explainer.checking.mending import fixed_text, repair_prompt
from explainer.checking.offered import Offered
from explainer.diagnostics.codes import Severity
from explainer.diagnostics.finding import Finding, Location
from explainer.diagnostics.text import replace_refused
from explainer.documents.document import as_mapping, items_of, mappings_in, text_of, value_at

# Reasons to end of an answer that is whole; every other says that it was cut off.
WHOLE: Final = frozenset({"stop", "eos", "end_turn", ""})
# Tokens that no exchange takes: what is said to be more is no count.
MOST_TOKENS: Final = 10**12
_MOST_NAME: Final = 200  # all that a server says is quoted in records and on terminals: it is cut
_MOST_REASON: Final = 40
_MOST_CODE: Final = 80
_MOST_MESSAGE: Final = 500  # of an error: some servers send a whole page


class Message(NamedTuple):
    """One message of a chat: who says it, and what."""

    role: str
    content: str


class Request(Struct, frozen=True, dict=True):
    """What a model is asked.

    Attributes:
        model: its name.
        messages: the chat so far.
        parameters: further keys of the body.
    """

    model: str
    messages: tuple[Message, ...]
    parameters: Mapping[str, Any] = {}

    @cached_property
    def key(self) -> str:
        """The hash of all of it: the same request has the same answer in the journal, whoever serves the model."""
        parts = [self.model, [list(message) for message in self.messages], dict(self.parameters)]
        return content_hash(json.dumps(parts, sort_keys=True).encode())

    @property
    def body(self) -> dict[str, Any]:
        """The body of a request for a chat completion, streamed and with its tokens counted; a null drops its key."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [message._asdict() for message in self.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            **self.parameters,
        }
        return {key: value for key, value in body.items() if value is not None}

    @property
    def text(self) -> str:
        """All messages, joined."""
        return "".join(message.content for message in self.messages)


class Usage(Struct, frozen=True):
    """Tokens of one exchange.

    Attributes:
        prompt: those of the messages.
        completion: those of the answer.
        estimated: the server did not say, so they are counted here.
    """

    prompt: int
    completion: int
    estimated: bool = False


class Reply(Struct, frozen=True):
    """One whole answer.

    Attributes:
        text: as it came.
        finish_reason: why it ended: `stop`; or `length` and others for one that was cut off.
        usage: what it took.
        seconds: how long it took, the attempt that succeeded.
        attempts: how often it was asked until it came whole.
        endpoint: where it was asked.
        served: what the server calls the model.
    """

    text: str
    finish_reason: str
    usage: Usage
    seconds: float = 0.0
    attempts: int = 1
    endpoint: str = ""
    served: str = ""

    def redacted(self, redact: Callable[[str], str]) -> Reply:
        """Return the reply without a key in anything that a server says, or that says where it is."""
        text, reason, served = map(redact, (self.text, self.finish_reason, self.served))
        return replace(
            self, text=text, finish_reason=reason, served=served, endpoint=redact(self.endpoint)
        )


def as_printed(text: str) -> str:
    """Return an answer whose lines end in a line feed, the last one too, with U+FFFD for what could hide or forge text.

    A model may have been told to write anything: what controls a terminal is in no file and on no terminal.
    """
    return replace_refused(line_ends(text))


def line_ends(text: str) -> str:
    """Return a text with lines that end in a line feed, the last one too, and without a byte order mark."""
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return lines.removesuffix("\n") + "\n"


# Characters of one answer; one that does not end is cut off here.
MAX_ANSWER: Final = 1024 * 1024


class StreamAccumulator:
    """What came of an answer so far."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._size = 0
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.served = ""
        # The server said that nothing more comes.
        self.done = False

    @property
    def whole(self) -> bool:
        """Whether the answer came to an end, and did not just break off."""
        return self.finish_reason is not None or (self.done and bool(self._pieces))

    @property
    def full(self) -> bool:
        """Whether it is as long as an answer may be."""
        return self._size >= MAX_ANSWER

    @property
    def text(self) -> str:
        """All of it; a character that came as two halves (UTF-16, as in JSON) is one again."""
        joined = "".join(self._pieces)[:MAX_ANSWER]
        return joined.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def take(self, data: Any) -> str:
        """Take one event, or the whole body of a completion that is not streamed; return the text in it."""
        self.served = _plain(text_of(data, "model"), _MOST_NAME) or self.served
        self.usage = _usage(value_at(data, "usage")) or self.usage
        choice = next(iter(items_of(data, "choices")), None)
        if not isinstance(choice, dict):
            return ""
        piece = _text(_content(choice))
        reason = choice.get("finish_reason")
        if isinstance(reason, str):
            self.finish_reason = _plain(reason, _MOST_REASON)
        self._pieces.append(piece)
        self._size += len(piece)
        return piece


def _plain(text: str, limit: int) -> str:
    return replace_refused(text[:limit])


def _content(choice: dict[str, Any]) -> Any:
    """The content of a choice: of a piece of a stream, of a whole message, or of a plain completion."""
    message = as_mapping(choice.get("delta")) or as_mapping(choice.get("message"))
    return message.get("content") if message else choice.get("text")


def _text(content: Any) -> str:
    """The text of a content; some servers send it in parts, with what the model thought in others."""
    if isinstance(content, str):
        return content
    return "".join(
        text_of(part, "text") for part in mappings_in(content) if part.get("type") == "text"
    )


def _usage(data: Any) -> Usage | None:
    prompt, completion = _tokens(data, "prompt_tokens"), _tokens(data, "completion_tokens")
    return None if prompt is None or completion is None else Usage(prompt, completion)


def _tokens(data: Any, key: str) -> int | None:
    number = value_at(data, key)
    # A bool is an int, too, and is no number of tokens.
    return number if type(number) is int and 0 <= number < MOST_TOKENS else None


def error_in(data: Any, redact: Callable[[str], str] = str) -> tuple[str, str] | None:
    """Return the message and the code of the error in a body or an event, or None when it holds none.

    Args:
        data: the body or the event.
        redact: keeps the key out of both; the text is cut behind that, not through the key.
    """
    error = value_at(data, "error")
    if not error:
        return None
    if not isinstance(error, dict):
        error = {"message": error}
    kind = error.get("type")
    message = str(error.get("message") or kind or "an error without a message")
    code = str(error.get("code") or kind or "")
    return _plain(redact(message), _MOST_MESSAGE), redact(code)[:_MOST_CODE]


@dataclass(frozen=True)
class PreparedQuestion:
    """A question that is ready to be asked.

    Attributes:
        id: its id.
        question: what was asked.
        prompt: the messages of its prompt.
        offered: what the answer may cite.
    """

    id: str
    question: str
    prompt: tuple[Message, ...]
    offered: Offered = field(compare=False, repr=False)

    @property
    def text(self) -> str:
        """The whole prompt."""
        return "".join(message.content for message in self.prompt)


class AskSettings(Struct, frozen=True):
    """How answers are sought.

    Attributes:
        models: each of them is asked.
        parameters: further keys of a request's body.
        repair_parameters: further keys for requests that send an answer back; they win over `parameters`.
        rounds: how often an answer is sent back, at most.
        fix: mend what is safe, when that makes the answer grounded.
        strict: a warning is as bad as an error.
    """

    models: tuple[str, ...]
    parameters: Mapping[str, Any] = {}
    repair_parameters: Mapping[str, Any] = {}
    rounds: int = 2
    fix: bool = True
    strict: bool = False


class Round(Struct, frozen=True):
    """Answer as it came, and what was found about it.

    Attributes:
        key: of the request.
        reply: what came.
        report: what the check says of it; its text is the answer as it is printed.
    """

    key: str
    reply: Reply
    report: CheckReport


class ModelAnswer(Struct, frozen=True):
    """Result of asking one model.

    Attributes:
        model: its name.
        rounds: all its answers.
        report: the check of the answer that counts.
        chosen: which of the rounds that answer is from, counting from 0.
        grounded: whether it passes.
        fixed: whether it was mended here.
        failure: why it could not be asked any further; it is no answer then.
    """

    model: str
    rounds: tuple[Round, ...]
    report: CheckReport
    chosen: int = 0
    grounded: bool = False
    fixed: bool = False
    failure: str = ""


class AskResult(Struct, frozen=True):
    """Result of asking one question.

    Attributes:
        prepared: the question.
        candidates: the answer of each model.
        chosen: the best answer; None when none came.
    """

    prepared: PreparedQuestion
    candidates: tuple[ModelAnswer, ...]
    chosen: ModelAnswer | None

    @property
    def grounded(self) -> bool:
        """Whether there is an answer that is accepted."""
        return self.chosen is not None and self.chosen.grounded

    @property
    def text(self) -> str:
        """The answer as it is written; empty when none came."""
        return self.chosen.report.text if self.chosen is not None else ""


def judge(prepared: PreparedQuestion, request: Request, reply: Reply) -> Round:
    """Check an answer that has come."""
    report = check_answer(
        as_printed(reply.text), prepared.offered, answer_id=prepared.id, file=prepared.id
    )
    if reply.finish_reason not in WHOLE:
        why = f"({reply.finish_reason})"
        if reply.finish_reason == "length":
            why = "at its greatest length"
        message = f"the answer was cut off {why}"
        cut = Finding("A104", Location(prepared.id), message, "allow more tokens")
        report = replace(report, findings=(cut, *report.findings))
    return Round(request.key, reply, report)


def step(
    prepared: PreparedQuestion, settings: AskSettings, model: str, rounds: Sequence[Round]
) -> Request | ModelAnswer:
    """Return what to ask next, or what has become of it.

    The first request is the prompt. An answer that passes is accepted. One that does not is sent back with its faults,
    at most `settings.rounds` times, and not again when it comes back the same. Then it is mended, when safe changes
    make it pass; the newest answer is tried first. Else the best of the answers is kept, and is not grounded.
    """
    if not rounds:
        return Request(model, prepared.prompt, settings.parameters)
    last = rounds[-1]
    if _passes(last.report, settings):
        return ModelAnswer(model, tuple(rounds), last.report, len(rounds) - 1, grounded=True)
    is_unchanged = len(rounds) > 1 and last.report.text == rounds[-2].report.text
    if len(rounds) <= settings.rounds and not is_unchanged:
        answer = Message("assistant", last.report.text)
        faults = Message("user", repair_prompt(last.report, prepared.offered))
        parameters = {**settings.parameters, **settings.repair_parameters}
        return Request(model, (*prepared.prompt, answer, faults), parameters)
    return _mended(prepared, settings, model, tuple(rounds)) or _kept(model, tuple(rounds))


def _passes(report: CheckReport, settings: AskSettings) -> bool:
    if not report.grounded or report.claims is StatementVerdict.REFUTED:
        return False
    if not settings.strict:
        return True
    return _count(report, Severity.WARNING) == 0


def _count(report: CheckReport, severity: Severity) -> int:
    return sum(finding.severity is severity for finding in report.findings)


def _mended(
    prepared: PreparedQuestion, settings: AskSettings, model: str, rounds: tuple[Round, ...]
) -> ModelAnswer | None:
    if not settings.fix:
        return None
    for number, round_ in reversed([*enumerate(rounds)]):
        report = round_.report
        text = fixed_text(report)
        # nothing to fix, or mended in vain
        if text == report.text or round_.reply.finish_reason not in WHOLE:
            continue
        again = check_answer(text, prepared.offered, answer_id=prepared.id, file=prepared.id)
        if _passes(again, settings):
            return ModelAnswer(model, rounds, again, number, grounded=True, fixed=True)
    return None


def _kept(model: str, rounds: tuple[Round, ...]) -> ModelAnswer:
    best = min(range(len(rounds)), key=lambda number: (*_faults(rounds[number].report), -number))
    return ModelAnswer(model, rounds, rounds[best].report, best)


def _faults(report: CheckReport) -> tuple[int, int]:
    return _count(report, Severity.ERROR), _count(report, Severity.WARNING)


def choose(candidates: Sequence[ModelAnswer]) -> ModelAnswer | None:
    """Return the best answer: grounded first, then by errors, by warnings, unmended, in the order of the models."""
    answers = [candidate for candidate in candidates if not candidate.failure]
    return min(
        answers,
        key=lambda answer: (not answer.grounded, *_faults(answer.report), answer.fixed),
        default=None,
    )
