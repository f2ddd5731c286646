"""Every finding code of the project, with its severity and what it means. The reference page is made from this table.

Letters: F files, Y YAML and JSON text, S the shape of catalogs and questions, C catalogs, Q questions, T templates,
P prompts that are read back, A answers, B batches, L lint of catalogs, I import, W signatures and workflows, R asking
language models, E extras: embedding models, the index, the network's client.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is. Only errors fail a run, unless `--strict`."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding.

    Attributes:
        severity: the severity of all findings of this kind.
        meaning: what it says, in one sentence, and what to do about it where that is not obvious.
        unusable_file: the finding is about a file that cannot be read or written: exit status 2.
        nothing_checked: the finding says that there was nothing to check: exit status 3, never a pass.
    """

    severity: Severity
    meaning: str
    unusable_file: bool = False
    nothing_checked: bool = False


def _error(meaning: str) -> Rule:
    return Rule(Severity.ERROR, meaning)


def _warning(meaning: str) -> Rule:
    return Rule(Severity.WARNING, meaning)


def _note(meaning: str) -> Rule:
    return Rule(Severity.NOTE, meaning)


def _file(meaning: str) -> Rule:
    return Rule(Severity.ERROR, meaning, unusable_file=True)


def _unchecked(meaning: str) -> Rule:
    return Rule(Severity.ERROR, meaning, nothing_checked=True)


RULES: dict[str, Rule] = {
    "F101": _file("The file or folder does not exist."),
    "F102": _file("The path is not a regular file: pipes, devices and sockets are not read; `-` reads stdin."),
    "F103": _file("The file is larger than files of its kind may be."),
    "F104": _file("The file cannot be read."),
    "F105": _file("The file or folder cannot be written."),
    "F106": _file("A folder was given that holds no file of the kind looked for."),
    "Y101": _error("The bytes are not UTF-8 (or UTF-16/32 with a byte order mark)."),
    "Y102": _error("The text is not YAML, or not JSON in a `.jsonl` file."),
    "Y103": _error("A key stands twice in one mapping; YAML would silently keep the last."),
    "Y104": _error("Anchors and aliases (`&name`, `*name`) are not allowed: they can blow a small file up."),
    "Y105": _error("Tags (`!!type`) are not allowed: text stays text here."),
    "Y106": _error("The values are nested too deeply."),
    "Y107": _error("One file holds one document; a second `---` document was found."),
    "Y108": _error("A character that could hide or forge text: control, bidi override, tag, line separator."),
    "Y109": _error("The file is empty, or the text holds no value."),
    "Y110": _error("A key is not plain text."),
    "Y111": _warning("An invisible character (zero-width space, byte order mark inside the text)."),
    "S201": _error("An unknown key."),
    "S202": _error("A required key is missing."),
    "S203": _error("A value has the wrong type, such as a list where text belongs."),
    "S204": _error("Not an http or https URL."),
    "S205": _error("A text is empty."),
    "S206": _error("A value that must stay on one line has line breaks."),
    "S207": _error("Not a safe id: letters, digits, `.`, `_`, `-`, with `/` between parts; no `..`, no leading `/`."),
    "S208": _error("A number is not valid here."),
    "C301": _error("Two entries of one kind in one file have the same name or title."),
    "C302": _error("Two entries of one kind in one file have the same id."),
    "C303": _warning("An entry's task is not the id or an alias of any task in the catalogs."),
    "Q401": _error("A model that no catalog has."),
    "Q402": _error("A paper that no catalog has."),
    "Q403": _error("A name that means several different entries."),
    "Q404": _warning("An entry is named twice."),
    "Q405": _warning("An entry is deprecated."),
    "Q406": _error("Models and papers are to be recommended, and nothing in the catalogs fits the question."),
    "Q407": _error("Two questions of one source have the same id."),
    "Q408": _note("Models or papers are to be recommended, and only one of the two kinds has entries that fit."),
    "Q409": _error("The choice cannot be written into the question file; it has a shape that is not safe to edit."),
    "T501": _error("The template is not valid Jinja."),
    "T502": _error("The template uses a variable that does not exist."),
    "T503": _error("The template tries something that the sandbox forbids."),
    "T504": _error("The template fails while it renders."),
    "T505": _error("The template takes too much time; its process was ended."),
    "T506": _error("The template takes too much memory."),
    "T507": _error("The template writes too much text."),
    "T508": _error("The template's process ended unexpectedly."),
    "T509": _error("A template that it includes or extends is not there, or lies outside the template's folder."),
    "T510": _warning("The rendered text holds what looks like a placeholder that was never filled in."),
    "T511": _warning("A heading of the rendered text has nothing under it."),
    "E701": _file("The embedding model for `--semantic` is not there, or cannot be used."),
    "E702": _file("A package that `--semantic` needs is not installed."),
    "E703": _file("A package that `--index` needs is not installed."),
    "E704": _file("A package that `ask` needs is not installed."),
    "P601": _error("The text is not a prompt in the seed's layout: a part of it was not found."),
    "P602": _error("A line in the list of models or papers does not belong there."),
    "A101": _unchecked("The answer is empty, or holds nothing but thoughts: there is nothing to check."),
    "A102": _unchecked("Nothing was offered, so no citation can be checked: the question names no model and no paper."),
    "A103": _error("The answer refuses, instead of answering."),
    "A104": _error("The answer ends in the middle: an unclosed fence or link, a title or URL that is cut off."),
    "A105": _error("The answer is too long to be read whole; what was not read was not checked."),
    "A111": _error("One of the three sections is missing."),
    "A112": _error("One of the three sections is empty, or the references cite nothing that was offered."),
    "A113": _warning("The sections stand in another order than task, workflow, references."),
    "A114": _warning("A section has another number, or a heading that does not say what it is."),
    "A115": _warning("A section too many."),
    "A121": _warning("The workflow names no model that was offered."),
    "A201": _error("A link that was not offered."),
    "A202": _error("A link that was offered, but altered: a digit, an owner, a letter."),
    "A203": _warning("An offered link in another spelling, such as https, /abs, a version or .git."),
    "A204": _error("Not a link: broken, empty, or a placeholder that was never filled in."),
    "A205": _error("The text of a link is another URL than the one it leads to."),
    "A206": _warning("A link that the catalogs know as the entry's own, but that the prompt did not print."),
    "A207": _error("The link of a catalogued entry that was not offered."),
    "A208": _warning("A link that the question mentions, but that was not offered as a source."),
    "A209": _warning("A number that reads like the arXiv id of a paper that was not offered."),
    "A301": _error("A title or name that was not offered."),
    "A302": _error("The title or name of an offered entry, altered."),
    "A303": _error("A catalogued entry that was not offered."),
    "A304": _warning("An offered entry under a name that is reworded; the catalog's own name would be certain."),
    "A306": _warning("A citation by author and year that no offered paper accounts for."),
    "A307": _warning("What reads like a title, quoted or emphasised in the text, but was not offered."),
    "A308": _warning("A repository's id (owner/name) that was not offered."),
    "A309": _error("The id of an offered repository with another owner."),
    "A401": _error("The name of one entry with the link of another."),
    "A402": _error("A link in the wrong place: the code given as the paper, or the paper as the code."),
    "A501": _warning("An entry that the text relies on, but that the references do not list."),
    "A502": _note("An offered entry that the answer never uses."),
    "A503": _warning("An entry that the references list without any of its links."),
    "A601": _error("A line of the answers cannot be checked: it has no answer, or neither a prompt nor a question."),
    "A602": _error("A question has no answer."),
    "A603": _error("Two answers have the same id."),
    "A604": _error("An answer whose question is not there."),
    "A605": _error("A request of the batch failed: there is no answer in its row."),
    "A606": _warning("A key that means nothing in a line of answers."),
    "A701": _error("A waiver that cannot be used: an unknown code, a missing reason or a date that is none."),
    "A702": _warning("A waiver that has expired; what it waived counts again."),
    "A703": _note("A waiver that waives nothing any more."),
    "A801": _warning("A diagram of the workflow does not parse: Mermaid would not draw it."),
    "A802": _note("A diagram that is no flowchart; what it says of the workflow was not checked."),
    "A811": _warning("A diagram of the workflow names no model that was offered."),
    "A812": _warning("A model of the workflow whose input nothing in the workflow gives."),
    "A813": _warning("A step of the workflow whose output nothing uses, or that stands alone."),
    "A814": _warning("Steps of the workflow wait for each other: a cycle."),
    "A815": _warning("A step of the workflow that reads like the name of a model that was not offered."),
    "A901": _error("A record of a proof that is not whole, or of a version that this tool does not know."),
    "A902": _error("A record of a proof that is not as it was written: a byte of it was changed."),
    "A903": _error("A record of a proof whose citations do not follow from its answer and its entries."),
    "A904": _error("A record of a proof that says itself that its answer is not grounded."),
    "A905": _warning(
        "An entry of a proof has changed since in the catalogs; the answer is checked against it as it is."
    ),
    "A906": _error("The catalogs no longer have an entry that the answer of a proof cites."),
    "A907": _error("An answer, as it stands, is not one that the given proof is of."),
    "B701": _error("An entry that the question names has mistakes in its catalog."),
    "B702": _error("Two ids differ only in letter case or Unicode form: many disks hold one file for both."),
    "B703": _error("A part of the id is the name of a device on Windows, or ends in a dot."),
    "B704": _error("Without any summary and paper the prompt is still longer than `--max-tokens`."),
    "B705": _error("The output is out of date, or missing (`batch --check`)."),
    "B706": _warning("The output of a question that is gone; `--prune` removes it."),
    "B707": _error("A row of the table is not a question: a column is unknown, or a cell cannot be read."),
    "B709": _error("A catalog of the question cannot be read, so what its names mean is not known."),
    "B710": _error("A row has no id, and its number is not known: nothing can be joined to its output."),
    "B708": _error("The question could not be rendered: a worker process ended."),
    "L701": _warning("A link stands in the wrong field, such as one to Hugging Face in `github`."),
    "L702": _warning("A link is not in its short spelling: `?tab=…`, `#…`, `.git`, `/tree/main`, a trailing slash."),
    "L703": _warning("Two entries share a link and nearly a name: probably one entry, written twice."),
    "L704": _warning("A summary is so short that it says little."),
    "L705": _warning("A summary is boilerplate: a placeholder, or a sentence that every model card has."),
    "L706": _warning("A text is damaged: UTF-8 that was once read as Windows-1252."),
    "L707": _note("A model has no examples, the questions by which it is recommended."),
    "L708": _warning("A signature contradicts the task or the name."),
    "L709": _warning("An entry is never recommended, not even to its own examples."),
    "L710": _warning("Two entries have the same example, but for names and numbers."),
    "L711": _warning("A text holds the remains of HTML."),
    "W601": _error("A signature that cannot be read: an unknown kind of data, or none on one side of the `2`."),
    "W602": _error("A word in `input:` or `output:` of a question that names no kind of data."),
    "W603": _error("No workflow can be made of the models: something is wanted that nothing makes of what is in hand."),
    "W604": _note("A model takes part in no workflow of its question."),
    "W605": _note("A model has no signature, so it takes part in no workflow."),
    "W606": _note("There are so many workflows that not all of them were looked at."),
    "I801": _error("A record without a name or title; it is left out."),
    "I802": _error("A record, or a whole source, that cannot be read; the rest is imported."),
    "I803": _warning("A value that its field cannot hold, such as a link that is none; the field is left out."),
    "I804": _warning("A record whose name stands on an earlier record of the source; the later one is left out."),
    "I805": _note("A column that means nothing in a catalog; `--map COLUMN=FIELD` uses it."),
    "I806": _note("The source has another value than the catalog, where somebody wrote it by hand: that stays."),
    "I807": _note("The source has renamed an entry; the catalog keeps the name that questions use."),
    "I808": _note("A file that is not UTF-8; it is read as Windows-1252."),
    "I809": _error("A line of the record of sources that cannot be read; nothing is imported."),
    "I810": _warning("The imported catalog is larger than commands read."),
    "I811": _warning("A value that should be a type signature and is none; the field is left out."),
    "I812": _warning("A slip in the source that costs nothing, such as a comma that is missing."),
    "I813": _error("A source in which nothing is recognised."),
    "I814": _warning("An imported entry that another catalog of the project has already, by its link or its name."),
    "R801": _error("A model did not answer, however often it was asked; the next run asks again."),
    "R802": _file("The endpoint cannot be used: no connection, no permission, no such model, or it redirects."),
    "R803": _error("An answer is kept, but is not grounded: its file says so, and so does its record."),
    "R804": _warning("An answer held control characters; they are replaced by U+FFFD."),
    "R805": _warning("The key is sent over a connection that is not encrypted, to another machine."),
    "R806": _warning("Lines of the journal cannot be read; those answers are asked for again."),
}
