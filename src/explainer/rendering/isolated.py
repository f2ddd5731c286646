"""Renders a stranger's template in a process of its own: one process a run, ended when a rendering exceeds a limit.

Where no kernel limits the process, the time on the clock and the size of the output are bounded, which is enough for
endless loops.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

import jinja2
import markupsafe
import msgspec
from msgspec.structs import replace

from explainer.diagnostics.finding import Finding, Location, Parsed
from explainer.rendering.formats import LISTS, Context, EntryData, Rendering
from explainer.rendering.processes import end_process, exceeded_cpu, start_process
from explainer.rendering.renderer import asks_for_workflow, render_context
from explainer.rendering.worker import Outcome, Part, RenderRequest, TemplateFile, TemplateSetup

if TYPE_CHECKING:
    from explainer.rendering.outline import Outline

# Whole seconds of CPU for one rendering, beyond the second that has begun.
CPU_SECONDS: Final = 1
WALL_SECONDS: Final = 10.0  # for where no kernel counts the time of the processor
MEMORY_BYTES: Final = 512 * 1024 * 1024  # a text that is multiplied ends here, and not the machine
_AT_ONCE: Final = 32  # one answer for many, so that neither side waits for each
# Requests that the process may have at once: it works while their answers are taken apart.
_AHEAD: Final = 3
_MOST_ENTRIES: Final = 50_000  # then the process forgets them all, which bounds its memory


class IsolatedRenderer(contextlib.AbstractContextManager["IsolatedRenderer"]):
    """A renderer like `render.Renderer`, for a template that nobody vouches for. Use it as a context manager."""

    def __init__(self, template: TemplateFile) -> None:
        self.name = template.name
        self._template = template
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[list[Outcome] | None] = queue.SimpleQueue()
        self._unanswered = 0
        # Entries that the process knows, by their identity; they are kept alive, so that it stays theirs.
        self._sent: dict[int, Any] = {}

    def __exit__(self, *error: object) -> None:
        self.close()

    @cached_property
    def asks(self) -> bool:
        """Whether the template wants the variables of `planning.variables` too; see `render.Renderer`."""
        return asks_for_workflow(self.name, self._template.find)

    def render(self, context: Context) -> Parsed[Rendering]:
        """Render the template in its process; a rendering that exceeds a limit costs the process, not the run."""
        return self.render_all([context])[0]

    def render_all(self, contexts: Iterable[Context]) -> list[Parsed[Rendering]]:
        """Render the template with each of these variables, many at a time, in its process."""
        return list(map(self._parsed, self._outcomes(list(contexts))))

    @cached_property
    def outline(self) -> Outline | None:
        """What the template prints of any question; see `render.Renderer`."""
        from explainer.rendering.outline import CASES, Outline  # noqa: PLC0415  # one prompt needs none

        contexts = [render_context("", [{}] * models, [{}] * papers) for models, papers in CASES]
        outcomes = self._outcomes(contexts, "outline")
        cases = {
            case: Rendering(outcome)
            for case, outcome in zip(CASES, outcomes, strict=True)
            if isinstance(outcome, tuple)
        }
        return Outline(self.name, cases, self._printed) if len(cases) == len(CASES) else None

    def _printed(self, loop: int, entry: EntryData) -> str:
        """What a loop of the template prints of an entry.

        Raises:
            ExplainerError: when it cannot be printed.
        """
        outcome = self._outcomes([render_context("", [entry], [])], loop)[0]
        return self._parsed(outcome).unwrap().text

    def _parsed(self, outcome: Outcome) -> Parsed[Rendering]:
        """An outcome as a value; a finding in a file that the template includes has that file's path."""
        if not isinstance(outcome, Finding):
            return Parsed(Rendering(outcome))
        if outcome.location.file not in (self.name, *self._template.builtin):
            file = str(PurePath(self.name).parent / outcome.location.file)
            outcome = replace(outcome, location=replace(outcome.location, file=file))
        return Parsed(None, (outcome,))

    def _outcomes(self, contexts: Sequence[Context], part: Part = "whole") -> list[Outcome]:
        outcomes: list[Outcome] = []
        requests = [
            contexts[begin : begin + _AT_ONCE] for begin in range(0, len(contexts), _AT_ONCE)
        ]
        for index, request in enumerate(requests):
            answer = self._answer(requests, index, part)
            if not isinstance(answer, Finding):
                outcomes += answer
            elif len(request) == 1:
                outcomes.append(answer)
            else:  # one of them exceeds a limit: each alone shows which
                for context in request:
                    outcomes += self._outcomes([context], part)
        return outcomes

    def _answer(
        self, requests: Sequence[Sequence[Context]], index: int, part: Part
    ) -> list[Outcome] | Finding:
        """Return the answer to one request; the process has the next ones already when it is done with this one."""
        process = self._process or self._start()
        # the process is gone: the answers say so, after those that it gave
        with contextlib.suppress(OSError):
            for request in requests[index + self._unanswered : index + _AHEAD]:
                self._unanswered += 1
                _send(process, self._request(request, part))
        try:
            answer = self._answers.get(timeout=WALL_SECONDS)
        except queue.Empty:
            self.close()
            return self._failed("T505", f"the template was ended after {WALL_SECONDS:g} seconds")
        self._unanswered -= 1
        if answer is None or len(answer) != len(requests[index]):
            return self._ended(process)
        return answer

    def _request(self, contexts: Sequence[Context], part: Part) -> RenderRequest:
        """Contexts as the process takes them: an entry is sent once, and named by a number from then on."""
        if len(self._sent) > _MOST_ENTRIES:
            self._sent.clear()
        forget = not self._sent
        new: list[tuple[int, Any]] = []
        for context in contexts:
            for entry in (*context["models"], *context["papers"]):
                if id(entry) not in self._sent:
                    self._sent[id(entry)] = entry
                    new.append((id(entry), entry))
        return RenderRequest(new, list(map(_numbered, contexts)), forget, part)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        self._sent.clear()
        self._unanswered = 0
        if process is not None:
            end_process(process)

    def _start(self) -> subprocess.Popen[bytes]:
        process = start_process("explainer.rendering.worker", [jinja2, markupsafe, msgspec])
        self._process = process
        self._answers = queue.SimpleQueue()
        threading.Thread(target=_read_answers, args=(process, self._answers), daemon=True).start()
        file = self._template
        setup = TemplateSetup(
            file.name,
            os.fsencode(file.folder),
            file.source,
            file.builtin,
            CPU_SECONDS,
            MEMORY_BYTES,
        )
        with contextlib.suppress(OSError):  # it ended at once: `_answer` finds out the same way
            _send(process, setup)
        return process

    def _ended(self, process: subprocess.Popen[bytes]) -> Finding:
        """Say why the process ended without an answer."""
        try:
            status = process.wait(timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            status = 0
        self.close()
        if exceeded_cpu(status):
            return self._failed(
                "T505", f"the template took more than {CPU_SECONDS + 1} seconds of processor time"
            )
        return self._failed("T508", f"the template's process ended unexpectedly (status {status})")

    def _failed(self, code: str, message: str) -> Finding:
        hint = "a template only loops over models and papers; look for nested loops and multiplied texts"
        return Finding(code, Location(self.name), message, hint)


def _numbered(context: Context) -> dict[str, Any]:
    """A context with numbers in the place of entries."""
    return context | {kind: [*map(id, context[kind])] for kind in LISTS}


def _send(process: subprocess.Popen[bytes], message: TemplateSetup | RenderRequest) -> None:
    assert process.stdin is not None  # noqa: S101  # it was started with a pipe
    process.stdin.write(msgspec.json.encode(message) + b"\n")
    process.stdin.flush()


def _read_answers(
    process: subprocess.Popen[bytes], answers: queue.SimpleQueue[list[Outcome] | None]
) -> None:
    decoder = msgspec.json.Decoder(list[Outcome])
    with contextlib.suppress(msgspec.MsgspecError):  # what is no answer ends the talk
        for line in process.stdout or ():
            answers.put(decoder.decode(line))
    answers.put(None)
