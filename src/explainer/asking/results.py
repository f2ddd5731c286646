"""The record of one answer: what was asked of whom, what came in each round, what was found, what was kept. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from explainer.asking.chat import Usage
from explainer.asking.conversation import AskSettings, ModelAnswer, PreparedQuestion, Round
from explainer.asking.costs import Prices
from explainer.checking.proof import proof_line, proof_record, sha256_of
from explainer.checking.reports.json import finding_row, report_data

SCHEMA: Final = "explainer/ask/1"
"""The version of the record."""


@dataclass(frozen=True)
class AskResult:
    """What became of a question.

    Attributes:
        order: the question.
        candidates: what each model made of it.
        chosen: the best answer; None when none came.
    """

    order: PreparedQuestion
    candidates: tuple[ModelAnswer, ...]
    chosen: ModelAnswer | None

    @property
    def grounded(self) -> bool:
        """Whether there is an answer that is accepted."""
        return self.chosen is not None and self.chosen.grounded


def answer_text(settled: AskResult) -> str:
    """Return the answer as it is written; empty when none came."""
    return settled.chosen.report.text if settled.chosen is not None else ""


def record_data(settled: AskResult, plan: AskSettings, prices: Prices) -> dict[str, Any]:
    """Return the record of an answer as plain data; docs/ask.md lists the keys."""
    order, chosen = settled.order, settled.chosen
    usages = [(one.model, rnd.reply.usage) for one in settled.candidates for rnd in one.rounds]
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "id": order.id,
        "question": order.question,
        "grounded": settled.grounded,
        "model": chosen.model if chosen else None,
        "round": chosen.chosen + 1 if chosen else None,
        "fixed": chosen.fixed if chosen else False,
        "answer_sha256": sha256_of(answer_text(settled)) if chosen else None,
        "prompt_sha256": sha256_of(order.text),
        "sources": [
            {
                "kind": source.kind,
                "name": source.name,
                "links": [own.url for own in source.links if own.role != "summary"],
            }
            for source in order.offered.sources
        ],
        "parameters": dict(plan.parameters),
        "repair_parameters": dict(plan.repair_parameters),
        "usage": _usage_data(_sum(usage for _, usage in usages)),
    }
    if prices:
        costs = [prices.cost(model, usage) for model, usage in usages]
        data["cost"] = None if None in costs else round(sum(cost or 0.0 for cost in costs), 9)
    if chosen is not None:
        report = report_data(chosen.report)
        data |= {"findings": report["findings"], "citations": report["citations"]}
    data["candidates"] = [_candidate(one) for one in settled.candidates]
    return data


def _candidate(one: ModelAnswer) -> dict[str, Any]:
    data: dict[str, Any] = {"model": one.model, "grounded": one.grounded, "fixed": one.fixed, "round": one.chosen + 1}
    if one.trouble:
        data["trouble"] = one.trouble
    data["rounds"] = [_round(rnd) for rnd in one.rounds]
    if one.fixed:
        data["answer"] = one.report.text
    return data


def _round(rnd: Round) -> dict[str, Any]:
    reply = rnd.reply
    return {
        "key": rnd.key,
        "finish_reason": reply.finish_reason,
        "usage": _usage_data(reply.usage),
        "seconds": round(reply.seconds, 3),
        "attempts": reply.attempts,
        "endpoint": reply.endpoint,
        "served": reply.served,
        "grounded": rnd.report.grounded,
        "findings": [finding_row(finding) for finding in rnd.report.findings],
        "answer": rnd.report.text,
    }


def _sum(usages: Any) -> Usage:
    found = list(usages)
    return Usage(
        sum(usage.prompt for usage in found), sum(usage.completion for usage in found), any(u.estimated for u in found)
    )


def _usage_data(usage: Usage) -> dict[str, Any]:
    data = {"prompt_tokens": usage.prompt, "completion_tokens": usage.completion}
    return {**data, "estimated": True} if usage.estimated else data


def record_text(data: Mapping[str, Any]) -> str:
    """Return a record as the text of a file."""
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def proof_of(settled: AskResult) -> str:
    """Return the line of provenance of an answer: `explainer check` proves it again, by itself; empty without one."""
    order, chosen = settled.order, settled.chosen
    if chosen is None or order.offered.entries is None:
        return ""
    reply = chosen.rounds[chosen.chosen].reply
    about = {
        "model": chosen.model,
        "served": reply.served,
        "endpoint": reply.endpoint,
        "round": chosen.chosen + 1,
        "fixed": chosen.fixed,
    }
    return proof_line(
        proof_record(chosen.report, order.question, order.offered.entries, prompt=order.text, about=about)
    )


def answer_line(settled: AskResult) -> str:
    """Return an answer as a line that `explainer check` takes: it holds its own prompt."""
    data = {
        "id": settled.order.id,
        "answer": answer_text(settled),
        "grounded": settled.grounded,
        "model": settled.chosen.model if settled.chosen else None,
        "prompt": settled.order.text,
    }
    return json.dumps(data, ensure_ascii=False) + "\n"
