"""Every finding code, with its severity and what it means. The reference page is made from this table."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct

FAMILIES: Final = {
    "F": "Files",
    "Y": "YAML and JSON text",
    "S": "The shape of catalogs and questions",
    "C": "Catalogs",
    "Q": "Questions",
    "T": "Templates",
    "P": "Prompts that are read back",
    "A": "Answers",
    "B": "Batches",
    "L": "Lint of catalogs",
    "I": "Import",
    "W": "Signatures and workflows",
    "R": "Asking language models",
    "E": "Extras",
}
"""What the first letter of a code stands for, in the order of the reference page."""

# The hundreds that a person may let pass: sections, links, names, coverage, workflows.
#
# The others are about files, lines of batches, waivers and proofs: what they say is never a matter of judgement.
_WAIVABLE: Final = frozenset({"A1", "A2", "A3", "A4", "A5", "A8"})

# Quotations, figures, names, and attribution: the tens that the verdict on an answer's claims rests on.
_STATEMENTS: Final = frozenset({"A41", "A42", "A43", "A44"})


class Severity(StrEnum):
    """How bad a finding is. Only errors fail a run, unless `--strict`."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Rule(Struct, frozen=True):
    """One kind of finding.

    Attributes:
        code: a letter for the family, a digit for the group within it, and two for the rule.
        severity: the severity of all findings of this kind.
        meaning: what it says, in one sentence, and what to do about it where that is not obvious.
        unusable_file: the finding is about a file that cannot be read or written: exit status 2.
        nothing_checked: the finding says that there was nothing to check: exit status 3, never a pass.
        fixable: `--fix` can mend it, at least where that is safe.
    """

    code: str
    severity: Severity
    meaning: str
    unusable_file: bool = False
    nothing_checked: bool = False
    fixable: bool = False

    @property
    def family(self) -> str:
        """What the code's letter stands for."""
        return FAMILIES[self.code[0]]

    @property
    def about_statement(self) -> bool:
        """Whether findings of this kind are about what an answer says of its sources, not about its citations."""
        return self.code[:3] in _STATEMENTS

    @property
    def waivable(self) -> bool:
        """Whether a person may let findings of this kind pass, by a waiver, a baseline or `--ignore`."""
        return self.code[:2] in _WAIVABLE and not self.nothing_checked


def _error(code: str, meaning: str, *, fixable: bool = False) -> Rule:
    return Rule(code, Severity.ERROR, meaning, fixable=fixable)


def _warning(code: str, meaning: str, *, fixable: bool = False) -> Rule:
    return Rule(code, Severity.WARNING, meaning, fixable=fixable)


def _note(code: str, meaning: str, *, fixable: bool = False) -> Rule:
    return Rule(code, Severity.NOTE, meaning, fixable=fixable)


def _file(code: str, meaning: str) -> Rule:
    return Rule(code, Severity.ERROR, meaning, unusable_file=True)


def _unchecked(code: str, meaning: str) -> Rule:
    return Rule(code, Severity.ERROR, meaning, nothing_checked=True)


_TABLE: Final = (
    _file("F101", "The file or folder does not exist."),
    _file("F102", "Not a regular file; `-` reads stdin."),
    _file("F103", "The file is too large."),
    _file("F104", "The file cannot be read."),
    _file("F105", "The file or folder cannot be written."),
    _file("F106", "No file of the expected kind in the folder."),
    _error("Y101", "Not UTF-8 (or UTF-16/32 with a byte order mark)."),
    _error("Y102", "Not YAML, JSON (`.jsonl`) or TOML (project file)."),
    _error("Y103", "A duplicate key."),
    _error("Y104", "An anchor or alias (`&name`, `*name`): not allowed."),
    _error("Y105", "A tag (`!!type`): not allowed."),
    _error("Y106", "Values are nested too deeply."),
    _error("Y107", "A second document (`---`) in one file."),
    _error("Y108", "A character that could hide or forge text, such as a bidi override."),
    _error("Y109", "The file is empty."),
    _error("Y110", "A key is not plain text."),
    _warning("Y111", "An invisible character, such as a zero-width space."),
    _warning("Y112", "An unquoted text that is cut off at ` #`."),
    _error("S201", "An unknown key."),
    _error("S202", "A required key is missing."),
    _error("S203", "A value of the wrong type."),
    _error("S204", "Not an http or https URL."),
    _error("S205", "An empty text."),
    _error("S206", "Line breaks in a value that must be one line."),
    _error("S207", "Not a safe id: letters, digits, `.`, `_`, `-`, with `/` between parts."),
    _error("S208", "A value that is not valid here."),
    _error("C301", "A duplicate name or title in one file."),
    _error("C302", "A duplicate id in one file."),
    _warning("C303", "An unknown task."),
    _error("Q401", "An unknown model."),
    _error("Q402", "An unknown paper."),
    _error("Q403", "An ambiguous name: several different entries have it."),
    _warning("Q404", "An entry is named twice."),
    _warning("Q405", "An entry is deprecated."),
    _error("Q406", "Nothing in the catalogs fits the question."),
    _error("Q407", "A duplicate id in one source."),
    _note("Q408", "Only models, or only papers, fit the question."),
    _error("Q409", "The question file cannot be edited safely, so the choice is not written."),
    _error("Q410", "The question is in a language that no task has words in."),
    _note("Q411", "A recommended entry that would not be offered by itself."),
    _error("T501", "Not valid Jinja."),
    _error("T502", "An unknown variable."),
    _error("T503", "The sandbox forbids what the template does."),
    _error("T504", "The template fails while it renders."),
    _error("T505", "The template took too much time."),
    _error("T506", "The template took too much memory."),
    _error("T507", "The template printed too much text."),
    _error("T508", "The template's process ended unexpectedly."),
    _error("T509", "An included template that does not exist in the template's folder."),
    _warning("T510", "A placeholder that seems not to be filled in."),
    _warning("T511", "A heading with nothing under it."),
    _file("E701", "The embedding model for `--semantic` is missing, or cannot be used."),
    _file("E702", "A package that `--semantic` needs is not installed."),
    _file("E703", "A package that `--index` needs is not installed."),
    _file("E704", "A package that `ask` needs is not installed."),
    _error("P601", "Not a prompt in the built-in layout: a part is missing."),
    _error("P602", "A line that does not belong in the list of entries."),
    _unchecked("A101", "The answer is empty."),
    _unchecked("A102", "Nothing was offered, so no citation can be checked."),
    _error("A103", "The model refused to answer."),
    _error("A104", "The answer is cut off."),
    _error("A105", "The answer is too long; the end was not checked."),
    _error("A111", "A section is missing."),
    _error("A112", "A section is empty, or the references cite nothing offered."),
    _warning("A113", "The sections are not in the order task, workflow, references."),
    _note("A114", "A section has another number."),
    _note("A115", "Another section beside the three."),
    _error("A116", "The text holds two answers, and only one was checked."),
    _warning("A121", "The workflow names no offered model."),
    _error("A201", "A link that was not offered."),
    _error("A202", "An altered link: nearly one that was offered."),
    _note("A203", "An offered link in another spelling (with --strict-links).", fixable=True),
    _error("A204", "Not a link: broken, empty, or a placeholder."),
    _error("A205", "A link whose text is another URL."),
    _note("A206", "A link of an offered entry that was not printed."),
    _error("A207", "A link of a catalog entry that was not offered."),
    _warning("A208", "A link from the question that was not offered."),
    _warning("A209", "A number like an arXiv id that was not offered."),
    _error("A301", "A title or name that was not offered."),
    _error("A302", "An altered title or name of an offered entry.", fixable=True),
    _error("A303", "A catalog entry that was not offered."),
    _warning("A304", "An offered entry under a reworded name."),
    _warning("A306", "A citation by author and year that matches no offered paper."),
    _warning("A307", "A quoted or emphasised title that was not offered."),
    _warning("A308", "A repository (owner/name) that was not offered."),
    _error("A309", "An offered repository under another owner."),
    _warning("A310", "A number such as [7] that the references do not list."),
    _error("A401", "The name of one entry with the link of another."),
    _error("A402", "A code link given as the paper, or the paper as code."),
    _error("A411", "An altered quotation."),
    _error("A412", "A quotation stitched together from several passages."),
    _error("A413", "A quotation from another entry."),
    _error("A414", "A quotation that no offered text contains."),
    _error("A421", "A figure that differs from the one in the entry."),
    _error("A422", "A figure with another unit than in the entry."),
    _error("A423", "A figure with the opposite comparison, such as slower for faster."),
    _error("A424", "A figure from another entry."),
    _note("A425", "A figure that the entry does not contain."),
    _note("A426", "A statement that says the opposite of its passage."),
    _warning("A431", "A model, data set or method that was neither offered nor asked about."),
    _warning("A432", "An acronym with another expansion than in the offered text."),
    _warning("A433", "An expansion of an acronym that no offered text contains."),
    _note("A441", "A statement about one entry in the words of another entry."),
    _warning("A442", "An answer that restates another question."),
    _warning("A501", "An entry that the text uses but the references omit."),
    _note("A502", "An offered entry that the answer does not use."),
    _warning("A503", "A reference without a link."),
    _error("A601", "A row that cannot be checked."),
    _error("A602", "A question without an answer."),
    _error("A603", "A duplicate id among the answers."),
    _error("A604", "An answer without a question."),
    _error("A605", "A failed request."),
    _warning("A606", "An unknown key in a row of answers."),
    _unchecked("A607", "No answer in the file or folder."),
    _error("A701", "An invalid waiver."),
    _warning("A702", "An expired waiver; what it waived counts again."),
    _note("A703", "A waiver that matches nothing."),
    _warning("A801", "A diagram that Mermaid cannot draw."),
    _note("A802", "A diagram other than a flowchart; it was not checked."),
    _warning("A811", "A diagram that names no offered model."),
    _warning("A815", "A step that looks like a model that was not offered."),
    _error("A901", "A proof that is incomplete, or of an unknown version."),
    _error("A902", "A proof that was changed: its hash does not match."),
    _error("A903", "A proof whose citations do not follow from its answer."),
    _error("A904", "A proof of an answer that was not grounded."),
    _warning("A905", "An entry that has changed since the proof was written."),
    _error("A906", "A cited entry that is no longer in the catalogs."),
    _error("A907", "The answer is not the one that the proof is about."),
    _error("B701", "An entry of the question has errors in its catalog."),
    _error("B702", "Two ids that make the same file name on some systems."),
    _error(
        "B703",
        "An id that cannot be a file name.",
    ),
    _error("B704", "The prompt exceeds `--max-tokens` even without summaries and papers."),
    _error("B705", "The output is missing or out of date (`batch --check`)."),
    _warning("B706", "An output without a question; `--prune` removes it."),
    _error("B707", "A row that is not a question."),
    _error("B709", "A catalog of the question cannot be read."),
    _error("B710", "A row with neither an id nor a number."),
    _error("B708", "The question was not rendered: a worker process ended."),
    _error("B711", "No question in the folder or file."),
    _warning("L701", "A link in the wrong field.", fixable=True),
    _warning(
        "L702",
        "A link with a needless part, such as `?tab=…`, `#…` or `.git`.",
        fixable=True,
    ),
    _warning("L703", "Probably a duplicate: two entries share a link and nearly a name."),
    _warning("L704", "A summary too short to be useful."),
    _warning("L705", "A boilerplate summary."),
    _warning("L706", "A damaged text: UTF-8 that was read as Windows-1252.", fixable=True),
    _note("L707", "A model without examples of questions."),
    _warning("L708", "A signature contradicts the task or the name."),
    _warning("L709", "An entry that is never recommended."),
    _warning("L710", "The same example in two entries."),
    _warning("L711", "Remains of HTML in a text."),
    _warning("L712", "Too many entries lack a summary, a signature or a link."),
    _warning("L713", "A summary says no more than the title."),
    _error("W601", "An invalid signature."),
    _error("W602", "An unknown kind of data in `input:` or `output:`."),
    _error("W603", "No workflow: no model makes the output from the input."),
    _note("W604", "A model that takes part in no workflow of its question."),
    _note("W605", "A model without a signature."),
    _note("W606", "Too many workflows to look at all."),
    _error("I801", "A record without a name or title; it is left out."),
    _error("I802", "An unreadable record or source; the rest is imported."),
    _warning("I803", "A value that does not fit its field; the field is left out."),
    _warning("I804", "A duplicate name in the source; the later record is left out."),
    _note("I805", "An unknown column; `--map COLUMN=FIELD` uses it."),
    _note("I806", "A field that was edited by hand; the source's new value is not used."),
    _note("I807", "The source has renamed an entry; the catalog keeps its name."),
    _note("I808", "Not UTF-8; read as Windows-1252."),
    _error("I809", "An unreadable line in the record of sources; nothing is imported."),
    _warning("I810", "The imported catalog is larger than other commands can read."),
    _warning("I811", "An invalid signature; the field is left out."),
    _warning("I812", "A harmless mistake in the source, such as a missing comma."),
    _error("I813", "Nothing in the source was recognised."),
    _warning("I814", "Another catalog of the project has this entry."),
    _note("I815", "Rows that are no references, such as the attachments of Zotero; skipped."),
    _error("R801", "The model did not answer; the next run asks again."),
    _file("R802", "The endpoint cannot be used."),
    _error("R803", "The answer is kept although it is not grounded."),
    _warning("R804", "Control characters in an answer were replaced by U+FFFD."),
    _warning("R805", "The key is sent to another machine without encryption."),
    _warning("R806", "Unreadable lines in the journal; those answers are asked for again."),
)

RULES: Final = {rule.code: rule for rule in _TABLE}
"""The rule of each code."""
