"""The references of an answer: each is a name, perhaps with authors, year and venue, and its links.

An item is what stands in a list, a row of a table, a heading with links below, or a paragraph. Fields (`Model: …`, also
of BibTeX and JSON), link texts and leads name it; what is indented below it, or labelled otherwise, is a remark.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, filterfalse, islice, pairwise, product
from operator import attrgetter, itemgetter
from typing import Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar, cast

from explainer.checking.answer import Answer, Cited, Phrase
from explainer.checking.sections import Section, Sections, lists_references
from explainer.checking.spotting import is_link
from explainer.checking.titles import (
    FILLERS,
    acronyms,
    canonical,
    content_words,
    is_nothing,
    longer_title,
    reads_like_title,
    words,
)
from explainer.diagnostics.text import lazy_regex

T = TypeVar("T")
LinkRole: TypeAlias = Literal["paper", "github", "any"]
FieldKind: TypeAlias = Literal["name", "source", "paper", "code", "link", "remark", "unlisted", "unknown"]
Standing: TypeAlias = Literal["source", "doubtful", "remark"]
Span: TypeAlias = tuple[int, int]

_LABELS: Final[dict[FieldKind, str]] = {
    "name": "model models title name modell modelo modèle modello 模型 标题 題名 名称 タイトル モデル 모델 модель",
    "source": "reference references source sources citation work works book tool tools see reading cited system "
    "quelle fuente fonte источник 文献 出典 来源",
    "paper": "paper papers arxiv pdf doi publication publications article articles preprint "
    "proceedings artikel artykuł artikkel aufsatz beitrag makale artículo artigo articolo статья 论文 論文 논문",
    "code": "github code repo repository implementation hugging huggingface gitlab quellcode kod kode "
    "källkod código codice dépôt repositorio repositório код 代码 代碼 コード 코드",
    "link": "link links länk url eprint website homepage page project howpublished ссылка 链接 リンク lien enlace",
    "remark": "relevance role why reason purpose method methods methodology approach technique dataset "
    "data datasets framework library architecture backbone language license licence venue conference "
    "journal booktitle publisher year date published author authors task task input inputs output outputs "
    "metric metrics training trained tag tags keywords type category domain field area focus version "
    "status features feature strength strengths limitation limitations contribution contributions insight "
    "insights idea finding findings summary description abstract overview use usage application "
    "applications benefit benefits compatibility best performance results result section sections "
    "supports support helps how what pages volume number editor institution month legend provided base "
    "level size parameters demo requirements platform hardware format context justification "
    "connection confidence disclaimer caveat caveats bottom takeaway takeaways "
    "hinweis anmerkung bemerkung fazit zusammenfassung nota notas resumen conclusión remarque résumé conclusion "
    "osservazione resumo conclusão uwaga observera used примечание итог "
    "pros cons advantage advantages disadvantage disadvantages waarom samenvatting opmerking reden varför anmärkning "
    "opis powód uwagi açıklama neden ghi chú lý do tóm tắt "
    "relevanz relevancia relevância rilevanza pertinence pertinencia rolle rol warum grund pourquoi motivo motivos "
    "beschreibung descripción description descrizione descrição zweck propósito scopo nutzen utilité utilidad tipo typ "
    "jahr año année ano anno autor autoren autores auteurs autori idioma sprache langue роль зачем почему описание "
    "注 注意 备注 说明 总结 结论 補足 備考 注記 まとめ 結論 참고 요약 "
    "결론",
}
_WORD_KINDS: Final = {word: kind for kind, labels in _LABELS.items() for word in labels.split()}
# link texts such as `[código](…)` name no source
_LINK_WORDS: Final = frozenset(
    canonical(word) for word, kind in _WORD_KINDS.items() if kind in ("paper", "code", "link")
).union(
    # nor do those that say where it was published, such as `[CVPR 2018](…)`
    "aaai acl acm bmvc coling colt corl cvf cvpr eccv emnlp iccv iclr icml icra icassp ieee ijcai interspeech "  # noqa: SIM905
    "iros jmlr kdd miccai naacl neurips nips openaccess openreview pmlr siggraph springer tmlr tpami uai wacv "
    "workshop www background foundations".split()
)
LABEL_WORDS: Final = _LINK_WORDS | {canonical(word) for word in (*_WORD_KINDS, "официальный", "officiel", "offiziell")}
"""Words that say what stands beside them, or where it was published, and name no source."""
# words of a label that say nothing when another word is there: `Official code link`
_MINOR_WORDS: Final = frozenset(
    "primary main core key recommended supporting related the official referenced further link links url name title "  # noqa: SIM905
    "page source face also or and of for it".split()
)
_ROLES: Final[dict[FieldKind, LinkRole]] = {"paper": "paper", "code": "github"}
_START: Final = attrgetter("start")
_SITE: Final = lazy_regex("https?://[^/]+", re.IGNORECASE)
_MIN_TITLE: Final = 3  # words of what stands behind `Paper:`, or below an item, to be a title and no remark
_MAX_BELOW: Final = 20  # pieces below a heading or an item that are looked at, for what it is
_COLUMN_RANKS: Final[dict[FieldKind | None, int]] = {"name": 0, "paper": 1, "source": 1, None: 2}  # what names a row
_PAIR: Final = 2  # cells of a row that is a field: `| Model | … |`
_BELOW_HEADING: Final = -1  # the column of an item whose name is a heading: all that follows is indented more
_MAX_TITLE: Final = 12  # words of a paragraph that may be a title and nothing else
_MAX_BREAKS: Final = 12  # between the parts of a reference that are looked at
# what stands between a name and its link in prose, and between a link that begins a line and its name
_LEADS_TO_LINK: Final = lazy_regex(
    r"(?:[^\w.!?\s\0]|[\s_]++|\0++|\.(?!\s)|(?:19|20)\d\d\b|\band(?= \0)"
    r"|\b(?:see|also|at|on|here|links?|paper|code|source|original|its|the|arxiv|github|available|doi|pdf|is|was|are|in|by"
    r"|under|from|est|décrit|dans|cet|article|se|describe|este|artículo|wird|ist|diesem|im|described|introduced|presented|proposed|published|released|explained|detailed|found)\b){0,40}",
    re.IGNORECASE,
)
_BLANK: Final = "\0"
_LEADS_TO_NAME: Final = lazy_regex(
    r"(?:[\s)\]:–—*_\"“-]|\b(?:is|describes|presents|introduces|proposes|explains|for|of)\b){1,20}"
)
# a row of words in capitals before a link: `Deep Residual Learning for Image Recognition (https://…)`
_TITLE_BEFORE_LINK: Final = lazy_regex(
    r"(?<![\w-])(?P<name>[A-Z][\w.+-]*(?:(?: |: )(?:(?:an?|and|at|by|for|from|in|of|on|the|to|using|via|with) ){0,2}"
    r"[A-Z\d][\w.+-]*){0,14})[*_\"”]{0,3} {0,6}(?:,? ?see )?(?:[(\[]|[:–—-] ){1,2}\Z"
)
_LONGEST_RUN: Final = 200  # characters before a link in which such words are looked for
_LONGEST: Final = 2_000  # characters of a line within which a field or a name is looked for
_SEPARATORS: Final = " \t([{:：,;<|*_-–—→=\"'"
_SUBJECT: Final = lazy_regex(r"\W*[a-z-]{2,8}\.[A-Z]{2}\W*")  # the subject of a preprint: `[cs.CV]`
# the bullet, number or letter of an item
_MARK: Final = r"(?:[-+*•–—]\s++|\(?(?:\d{1,3}|[a-z]|[ivx]{2,4})[.)]\s++|\[\^?\d{1,3}\]:?\s*+)"
# what may stand before the first words of a line: quotation marks of Markdown, a bullet or number, ornaments
_LEAD: Final = lazy_regex(
    rf"(?P<indent>[\s>|]*+(?:#{{1,6}}\s++)?)(?P<mark>{_MARK})?(?P<ornaments>[^\w\[(`\"“«「《@{{]*+)"
)
_MARKED: Final = lazy_regex(rf"[\s>|]*+(?:{_MARK}|<li\b)")
_QUOTE_MARK: Final = lazy_regex(r"\s*>")
# `Model: …`, `"title": "…"`, `title = {…}`, with emphasis around the label
_FIELD: Final = lazy_regex(
    r"[^\w\[(`“<]{0,12}+(?P<label>[^\W\d_](?:[^\W_]|[ /&()'’-]){0,31}?(?:\s?\d{1,2})?)[\"'*_`]{0,4}\s{0,3}"
    r"(?:[:：]|[-=]>|[→⇒➜]|(?P<assigned>=))[*_`]{0,3}(?P<value>.*)"
)
# an indented line below that begins no item of its own may be the rest of a wrapped title
_WRAPPED: Final = lazy_regex(rf"\s++(?!{_MARK})\S")
_CELL: Final = lazy_regex(r"[^|\s](?:[^|]*[^|\s])?")
_RULE: Final = lazy_regex(r"[\s|:>]*-[\s|:>-]*")
# `[1]: https://…` only says where a reference link leads, the link stands elsewhere; a fence only opens or closes code
_SILENT: Final = lazy_regex(r" {0,3}\[[^\]\n]{1,200}\]:\s*<?https?:\S*\s*|[\s>]*(?:```|~~~)[`~]*[\w+-]*\s*")
_BETWEEN_SEMICOLONS: Final = lazy_regex(r"[^;；]+")
# between a link and a title that follows it without a sign: `[LanternNet](…) Dancing Robots Learn …`
_DIRECTLY_BEHIND: Final = lazy_regex(r"[)>\]]?(?:\s|&#10;)+(?=[A-Z\d])")
# in brackets, or apart by a slash or a bar, beside a name: `LanternNet (Dancing Robots Learn …)`, and behind it
_SET_BEHIND: Final = lazy_regex(r"[*_\"”\s]{0,4}[(\[/|](?P<title>[^()\[\]/|]{12,200}+)(?:[)\]/|]|\Z)")
_VENUE: Final = lazy_regex(r"\b(?:Conference|Journal|Transactions|Symposium|Workshop|Universit\w+|Institut\w*|Lab)\b")
_SEPARATE: Final = lazy_regex(r"[()\[\]/|]")
_LONG_TITLE: Final = 5  # content words of it
# what joins another source to a name or a link before it, and to one behind it
_JOINED: Final = lazy_regex(r"[*_\"”`)\]]*\s*(?:[,;/+&]|and\b|\(see also:?|see also:?)\s", re.IGNORECASE)
_JOINING: Final = lazy_regex(r"(?:(?<![*_\"”`\s])[*_\"”`]*+\s*+)?(?:[,;/+&]|\band)\s*+[*_\"“`\[]*+\Z", re.IGNORECASE)
_LEADING_NAME: Final = lazy_regex(r"[*_`]*[^\W_][^()\[\]:,;]{1,60}\(\Z")  # `LanternNet-XL (` before a name
# one word that is a name and no other: two capitals, or one and a digit
_NAME_LIKE: Final = lazy_regex(r"(?=[\w-]*[A-Z][\w-]*[A-Z\d])[\w-]+\Z")
_NUMBER: Final = lazy_regex(r"[\[(]?\^?(\d{1,3})")
# a line of headings of columns, of a few words each, and where the table begins
_COLUMN_HEADS: Final = lazy_regex(
    r"(?:\s|<(?:table|thead|tr)\b[^<>]{0,200}>|</(?:thead|tr)>|<th\b[^<>]{0,200}>[^<>]{1,30}</th>)++"
)
_HEADS_GO_ON: Final = lazy_regex(r"\s*<(?:th|tr|thead)\b")
_TABLE_BEGINS: Final = lazy_regex(r"<table\b[^<>]{0,200}>")
# what is struck out or not shown
_HIDDEN: Final = lazy_regex(
    r"(?P<struck>~~[^~\n]{1,500}~~|<!--[^<>\n]{1,500}-->)|<(?P<tag>s|del|strike|span|div|p|i|b)\b(?P<style>[^<>]{0,300})>[^<\n]{1,500}</(?P=tag)>"
)
_STRUCK: Final = frozenset({"s", "del", "strike"})
_UNSEEN: Final = lazy_regex(r"display\s*:\s*none|visibility\s*:\s*hidden|\bhidden\b|opacity\s*:\s*0|font-size\s*:\s*0")
# tags of HTML, which say nothing; those that begin another piece of text, as fields of JSON and BibTeX do
_TAG: Final = lazy_regex(r"</?[A-Za-z][A-Za-z0-9]{0,15}(?:\s[^<>]{0,1000})?/?>")
_PIECES: Final = lazy_regex(
    r"<(?:li|br|p|tr|dt|dd)\b|(?<=[{,])\s*(?=\"\w{1,20}\"\s?:)|(?<=,)\s*(?=\w{1,20}\s?=\s?[{\"])|(?=\{\")"
)
_OBJECT: Final = lazy_regex(r"[\s,}\]\[]*+(?:@\w+\s*\{[^\s,{}]*,?|\{)\s*")
_VISIBLE: Final = lazy_regex(r"[^\W_]")
# punctuation and small words around a name in prose: `and on …`, `… is at`
_SMALL_WORDS: Final = r"and|or|also|see|is|are|at|for|in|on|of|from|with|to|by|respectively"
_BEFORE_NAME: Final = lazy_regex(rf"(?:\W|\b(?:{_SMALL_WORDS}|the)\b)++", re.IGNORECASE)
_SPACES: Final = lazy_regex(r"\s*")
_BEHIND_NAME: Final = lazy_regex(rf"(?:[\s,;:(<–—-]|\b(?:{_SMALL_WORDS}|available|here)\b)++\Z", re.IGNORECASE)
_FAR: Final = 80  # characters at the end of a text in which such words are looked for
# `Paper: …`, `GitHub – …` at the beginning of the text of a link
_LABEL_OF_NAME: Final = lazy_regex(r"(?P<label>[^\W\d_]+)\s?(?:[:：|]|\s[–—-]\s)\s*(?=\S)")
# a venue behind a title in quotes: `"LanternNet." *arXiv*,`
_BEHIND_QUOTE: Final = lazy_regex(r"[\s,.;]*(?:[*_(][^\"]*)?")
_NAMING_KINDS: Final = frozenset({"name", "source", "paper", "code", "link"})
_QUOTED: Final = lazy_regex(
    '"([^"]{3,300})"|“([^“”]{3,300})”|«([^«»]{3,300})»|「([^「」]{2,300})」|《([^《》]{2,300})》'
    "|„([^„“”]{3,300})[“”]|»([^«»]{3,300})«|『([^『』]{2,300})』|(?<!\\w)‘([^‘’]{3,300})’(?!\\w)"
)
# where the parts of a reference end: a sentence (but no initial), a year, a dash, a colon, a bracket, a slash
_BREAK: Final = lazy_regex(
    r"(?<=[^\W\d_]{2})[.?!,]\s+|(?<=[)\]”\"])[.,:]?\s+|(?<!\s)\s++[–—/-]{1,2}\s+|\s?[:：][*_]{0,3}\s+"
    r"|(?:(?<!\s)\s++)?[(（;]|,?(?<!\s)\s++by\s+(?=[A-Z])"
)
# a name, initials, a year, `et al.`, pages: what only stands in the reference of a publication
_BIBLIOGRAPHIC: Final = lazy_regex(
    r"\bet al\b|\b(?:19|20)\d\d\b|\b[A-Z][^\W\d_]+,? (?:[A-Z]\.? ?){1,3}(?:,|\.|&|and\b)"
    r"|\b(?:Proc\.|Proceedings|Journal|Trans\.|arXiv preprint|pp\.|vol\.|doi\b)"
)
# what goes on behind a name in a sentence about it
_SAID: Final = lazy_regex(r"[*_`\"”’]{0,3}\s(?:is|are|was|were|has|have|had|does|do|did|can|will)\b")
_SENTENCE_END: Final = lazy_regex(r"[.!)][*_)\s]{0,3}\Z")
_MIN_BEFORE: Final = 3  # words before a name that is not the subject of its line
# how remarks begin that stand as an item of a list or as a paragraph: words for what was said, and verbs
_REMARK: Final = lazy_regex(
    r"(?:"
    r"this|these|those|they|it|we|i|you|all|both|each|every|no|none|not|notes?|remarks?|comments?|see|here|together|only|"
    r"for|as|since|because|if|when|while|where|how|why|what|although|n\.\s?b|thus|hence|overall|finally|"
    r"additionally|moreover|however|other|please|let|n/?a|provides?|shows?|introduces?|demonstrates?|explains?|describes?|"
    r"supports?|helps?|uses?|enables?|offers?|presents?|proposes?|improves?|allows?|combines?|covers?|"
    r"discusses|explores?|focuses|gives?|illustrates?|investigates?|lists?|makes?|reduces|reports?|serves?|"
    r"studies|validates|contains|includes|"
    r"the (?:above|following|answer|combination|provided|links?|models?|papers?|works?|sources?|references?|"
    r"code|survey|"
    r"method|authors?)|(?:useful|best|used|based|trained|helpful|suitable|ideal) \w+|key takeaways?|"
    r"links? (?:is|are|were)|"
    r"there (?:is|are)|that(?:['’]s| is| was)|feel free|happy to|hope|would|could|should|shall|want|do|does|need|"
    # advice
    r"add|adjust|apply|avoid|begin|check|choose|collect|combine|consider|crop|download|ensure|evaluate|expect|"
    r"experiment|explore|fine-?tune|increase|install|keep|load|make|pick|prepare|read|reduce|remember|replace|resize|"
    r"review|run|start|swap|try|upgrade|use|validate|verify)\b(?!-)",
    re.IGNORECASE,
)
_ASIDE: Final = lazy_regex(r"(?:p\.?\s?s|n\.?\s?b|fyi|tl;?\s?dr|btw|eli5)\b", re.IGNORECASE)
# what is said to the reader: a question, or a sentence with a word for you or me
_ADDRESSED: Final = lazy_regex(
    r"[?!]\W*\Z|\b(?:i|me|you|your|ich|mir|du|dir|dich|sie|ihnen|je|me|vous|tu|te|toi|yo|usted|ustedes|quieres|puedo|eu|você|"
    r"vocês|io|ti|lei|vuoi|posso|ik|je|jij|u|ja|mogę|я|мне|вам|вы|тебе|ты)\b",
    re.IGNORECASE,
)
_SENTENCE_BREAK: Final = lazy_regex(r"(?<=[^\W\d_]{3})[.!?]\s+")
_CASELESS: Final = lazy_regex("[\u0590-\u109f\u3040-\ud7ff]{4}")
# how sentences end in scripts without capitals, and titles in them do not
_CASELESS_END: Final = lazy_regex(r"(?:[。！？।۔؟]|[\u0590-\u109f\uac00-\ud7a3][.!?])\W*\Z")
# headings and labels of remarks and advice, in the languages that answers come in
_REMARKS_FOLLOW: Final = frozenset(
    "summary/conclusion/conclusions/in short/in brief/in a nutshell/tl dr/fyi/p s/n b/eli/"  # noqa: SIM905
    "kurz gesagt/kurzfassung/en bref/in breve/in sintesi/em resumo/en resumen/kort gezegd/kort sagt/krótko mówiąc/"
    "w skrócie/коротко/кратко/özetle/kısaca/tóm lại/"
    "takeaway/takeaways/note/notes/remark/remarks/limitation/limitations/"
    "caveat/caveats/disclaimer/confidence/bottom line/next step/next steps/further steps/tip/tips/tricks/advice/"
    "recommendation/recommendations/suggestion/suggestions/consideration/considerations/getting started/"
    "get started/quick start/quickstart/good to know/pitfalls/checklist/faq/troubleshooting/tradeoffs/trade offs/"
    "assumptions/setup/installation/requirements/prerequisites/future work/outlook/warning/warnings/follow up/"
    "follow ups/what s next/best practices/ethics/privacy/licensing/things to watch out/things to keep in mind/"
    "things to note/things to try/glossary/key terms/terminology/definitions/questions/fazit/hinweis/hinweise/"
    "nächste schritte/tipps/einschränkungen/grenzen/empfehlungen/anmerkung/anmerkungen/ausblick/conclusión/"
    "próximos pasos/siguientes pasos/consejos/limitaciones/recomendaciones/nota/notas/observaciones/advertencia/"
    "résumé/prochaines étapes/étapes suivantes/conseils/limites/recommandations/remarque/remarques/astuces/à noter/"
    "prossimi passi/consigli/limiti/limitazioni/raccomandazioni/suggerimenti/conclusão/próximos passos/dicas/"
    "limitações/recomendações/sugestões/observações/volgende stappen/beperkingen/aanbevelingen/wnioski/"
    "następne kroki/wskazówki/ograniczenia/выводы/итог/итоги/следующие шаги/советы/ограничения/рекомендации/"
    "примечание/примечания/总结/總結/结论/結論/小结/下一步/下一步建议/后续步骤/后续建议/建议/使用建议/提示/小贴士/"
    "注意事项/局限/局限性/限制/说明/备注/补充说明/まとめ/次のステップ/ヒント/注意点/注意事項/制限事項/限界/補足/"
    "결론/요약/다음 단계/팁/참고 사항/주의 사항/주의사항/한계".split("/")
)
_ASKING: Final = frozenset("how why what when where if".split())  # noqa: SIM905
_ASKED_ABOUT: Final = frozenset({"", "they", "these", "this", "those", "the"})
_ADVISED: Final = frozenset({"to", "you", "it", "each", "we", "i"})
# how letters end, before the name of who wrote them
_REGARDS: Final = lazy_regex(
    r"(?:(?:with )?(?:kind|best|warm) (?:regards|wishes)|(?:yours )?sincerely|yours|cheers|all the best|best"
    r"|(?:mit )?(?:freundliche|beste|viele)n? grüßen?|cordialement|bien à vous|(?:un )?saludos?|atentamente"
    r"|cordiali saluti|atenciosamente|abraços|met vriendelijke groet|с уважением)[,.!]?",
    re.IGNORECASE,
)
# in bold, as a heading, before a colon; or a question, but no sentence
_SET_APART: Final = lazy_regex(r"[#<].*|.*[*_:：]|\W*(?:how|why|what)\b.*[^.]", re.IGNORECASE)
# behind such a phrase: `Limitations and …`, `Tips for …`
_AND_SO_ON: Final = frozenset(
    "for on to of about and with before out when you für zu und pour sur et para y e ed per su voor en do и".split()  # noqa: SIM905
)
_MAX_PHRASE: Final = 4  # words of such a phrase
_MAX_QUALIFIERS: Final = 2  # words before it: `Some practical tips`
_MAX_HEADING: Final = 100  # characters of a heading of remarks
_LETTERS: Final = lazy_regex(r"[^\W\d_]+")


class Name(NamedTuple):
    """A text that may name a source, and where it stands."""

    text: str
    start: int
    end: int


@dataclass(slots=True)
class Reference:
    """Something that the answer presents as a source.

    Attributes:
        text: what it is called.
        start: where that begins; `end`: where it ends.
        strict: it is given as a title or a name (`Model: …`), not in passing.
        links: its links, each with the place that its label gives it.
        listed: it stands in the section for references.
        continued: its text with the line below, which may be the rest of it.
        is_item: it is an item of that section as a whole, of which a part may be the title.
        doubtful: it may be a remark.
        number: the number of its item.
        in_prose: it stands in prose, with a link beside it.
    """

    text: str
    start: int
    end: int
    strict: bool = False
    links: list[tuple[Cited, LinkRole]] = field(default_factory=list)
    listed: bool = True
    continued: str | None = None
    is_item: bool = False
    doubtful: bool = False
    number: int | None = None
    in_prose: bool = False

    @property
    def cited(self) -> list[Cited]:
        """Its links alone."""
        return [cited for cited, _ in self.links]

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of it that may be the title."""
        return _parts(self.text)

    @property
    def asks_for_link(self) -> bool:
        """Whether it is given as a title in the section, and has no link."""
        return self.listed and (self.strict or self.is_item) and not self.links

    @property
    def in_passing(self) -> bool:
        """Whether it is neither given as a title nor has a link."""
        return not (self.strict or self.is_item or self.links)


def read_references(
    answer: Answer, sections: Sections, mentions: Sequence[Span], call_names: frozenset[str] = frozenset()
) -> list[Reference]:
    """Return all references: items of the section, every link text elsewhere, and names with a link beside them.

    Args:
        answer: the answer.
        sections: its sections.
        mentions: where the names of offered entries stand in it, whole.
        call_names: what those entries are called, in canonical form.
    """
    return _ReferenceReader(answer, sections, mentions, call_names).read()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A line of the section, or a part of one that HTML, JSON or BibTeX sets apart.

    Attributes:
        number: the line.
        start: where it begins in the answer.
        text: what it says, with tags of HTML blank.
        indent: the spaces before it.
        links: its links that lead somewhere.
        labels: the link texts on it that name something, of those links and then of others.
        phrases: what stands out on it and is no link text, but names something.
        names: where the whole names of offered entries stand on it.
        follows: it goes on from the line above, without a blank line between.
        is_marked: a bullet, a number or a tag of HTML begins an item.
    """

    number: int
    start: int
    text: str
    indent: int
    links: list[Cited]
    labels: list[Phrase]
    phrases: list[Phrase]
    names: list[Span]
    follows: bool
    is_marked: bool

    @property
    def lead(self) -> re.Match[str]:
        """The indentation, the mark of an item and ornaments before the first words."""
        return cast("re.Match[str]", _LEAD.match(self.text))  # every text has one, perhaps empty

    @property
    def is_name(self) -> bool:
        """Whether it is the whole name of an offered entry and nothing else."""
        return any(not _VISIBLE.search(self.text[:begin] + self.text[end:]) for begin, end in self.names)

    def whole(self, begin: int, end: int) -> Name:
        """A part of the text, as a name."""
        text = self.text[begin:end].rstrip(" \t*_")
        name = text.lstrip(" \t*_")
        start = self.start + begin + len(text) - len(name)
        return Name(name, start, start + len(name))

    def name(self, begin: int, end: int, *, leads: bool = False) -> Name:
        """A part of the text, as a name, without what stands around names in prose, behind it alone if it `leads`."""
        text = self.text[begin:end].rstrip()
        before = (_SPACES if leads else _BEFORE_NAME).match(text)
        first = before.end() if before else 0
        behind = _BEHIND_NAME.search(text, max(first, len(text) - _FAR))
        last = behind.start() if behind else len(text)
        return Name(text[first:last], self.start + begin + first, self.start + begin + last)


class _ByPlace(Generic[T]):
    """Parts of an answer, in the order in which its reader meets them."""

    def __init__(self, items: Iterable[T], place: Callable[[T], int]) -> None:
        self._items = sorted(items, key=place)
        self.places = list(map(place, self._items))

    def within(self, start: int, end: int) -> list[T]:
        """Return those that begin between two places."""
        return self._items[bisect_left(self.places, start) : bisect_left(self.places, end)]


class _ReferenceReader:
    def __init__(
        self, answer: Answer, sections: Sections, mentions: Sequence[Span], call_names: frozenset[str]
    ) -> None:
        self._answer = answer
        self._call_names = call_names
        self._section = sections.found.get("references")
        self._lines = sections.lines("references")
        self._references: list[Reference] = []
        self._subject = Reference("", 0, 0)  # what the next links belong to; at first nothing
        self._item: int | None = None  # the column of the item that was named last
        self._early: list[tuple[Cited, LinkRole]] | None = None  # links of an item that has no name yet
        self._numbered: dict[str, Reference] = {}
        self._columns: list[FieldKind | None] = []
        self._links = _ByPlace(answer.citations, _place)
        self._phrases = _ByPlace(answer.phrases, _START)
        self._odd_labels = _ByPlace(map(itemgetter(1), answer.odd_hrefs), _START)
        self._names = _ByPlace(mentions, itemgetter(0))

    def read(self) -> list[Reference]:
        if self._section is not None:
            lines = filterfalse(self._answer.is_program, self._lines)
            pieces = list(chain.from_iterable(self._pieces(self._section, number) for number in lines))
            for index, piece in enumerate(pieces):
                self._read_piece(piece, pieces[index + 1 : index + 1 + _MAX_BELOW])
            self._close_item()
        for number in set(map(self._answer.line_of, self._links.places)).difference(self._lines):
            self._read_elsewhere(self._piece(number, 0, self._answer.line(number), follows=False))
        return sorted(self._references, key=_START)

    # --- pieces

    def _pieces(self, section: Section, number: int) -> Iterator[_Piece]:
        text = section.line(self._answer, number)
        above = _TAG.sub("", self._answer.line(number - 1)) if number > section.first else ""
        follows = bool(above.strip()) and bool(_QUOTE_MARK.match(text)) == bool(_QUOTE_MARK.match(above))
        for begin, end in pairwise([*_cuts(text), len(text)]):
            if text[begin:end].strip():
                is_description = begin > 0 and text.startswith("<dd", begin)  # of the term before it
                goes_on = is_description or (follows and not text.startswith("<p", begin))
                yield self._piece(number, begin, text[begin:end], follows=goes_on)

    def _piece(self, number: int, begin: int, text: str, *, follows: bool) -> _Piece:
        start = self._answer.line_starts[number] + begin
        first = len(text) - len(text.lstrip())  # what stands before may be the heading of the section
        inside = (start + first, start + len(text))
        links = self._links.within(*inside)
        labels = [*filter(None, map(_naming_label, links)), *self._odd_labels.within(*inside)]
        names = [(begin - start, end - start) for begin, end in self._names.within(*inside)]
        for hidden in _hidden_names(text, names):
            names = [name for name in names if not _overlaps(name, [hidden])]
            text = text[: hidden[0]] + " " * (hidden[1] - hidden[0]) + text[hidden[1] :]
        return _Piece(
            number=number,
            start=start,
            text=_TAG.sub(lambda match: " " * len(match[0]), text),
            indent=first,
            links=links,
            labels=[label for label in labels if _names(label.text)],
            phrases=list(filter(_stands_out, self._phrases.within(*inside))),
            names=names,
            follows=follows,
            is_marked=_MARKED.match(text) is not None,
        )

    # --- items

    def _read_piece(self, piece: _Piece, below: Sequence[_Piece]) -> None:
        if self._heads_columns(piece):
            return
        if _OBJECT.fullmatch(piece.text):  # the beginning of an entry of BibTeX or JSON, in which links may come first
            self._close_item()
            self._early = []
        elif _SILENT.fullmatch(piece.text) or not _VISIBLE.search(piece.text):
            return
        elif _heads_remarks(piece):  # `Summary:`: what follows are remarks on no source in particular
            self._close_item()
            self._subject, self._item = Reference("", 0, 0), _BELOW_HEADING
        elif self._is_row(piece):
            self._read_row(piece, below)
        elif not self._answers_number(piece):
            self._read_line(piece, below)

    def _heads_columns(self, piece: _Piece) -> bool:
        """Whether a piece is the heading of columns in HTML, in the first row of its table: `<th>Name</th>`."""
        if piece.names or piece.links or not _COLUMN_HEADS.fullmatch(self._answer.line(piece.number)):
            return False
        if "<table" in self._answer.line(piece.number):
            return True
        above = piece.number - 1
        while above >= 0 and _HEADS_GO_ON.match(self._answer.line(above)):
            above -= 1
        return above >= 0 and _TABLE_BEGINS.search(self._answer.line(above)) is not None

    def _is_row(self, piece: _Piece) -> bool:
        """Whether a piece is a row of a table; one that holds the whole section is read as a line."""
        is_section = self._section is not None and piece.number == self._section.first and self._section.text_at > 0
        return piece.number in self._answer.tables and not is_section

    def _read_line(self, piece: _Piece, below: Sequence[_Piece]) -> None:
        kind, value_at = self._field_of(piece)
        is_nested = self._enter(piece, kind)
        self._references += chain(self._joined_to_names(piece), self._names_set_apart(piece))
        if piece.number in self._answer.headings and not piece.links:
            self._read_heading(piece, below)
        elif kind is not None:
            self._read_field(piece, kind, value_at, is_nested=is_nested)
        elif piece.links:
            self._read_linked(piece)
        elif is_nested:
            self._read_remark(piece)
        else:
            self._read_item(piece, below)

    def _field_of(self, piece: _Piece) -> tuple[FieldKind | None, int]:
        """The kind of field that a piece is, in the light of the names on it and before it, and where its value begins.

        A label before a URL is the name itself where it is an offered one, or where nothing was named before it.
        """
        kind, value_at = _field(piece.text)
        if any(begin < value_at < end for begin, end in piece.names):
            kind = None  # the colon is one of the name: `LanternNet: Painting …`
        elif kind == "remark" and self._is_called(piece.text[:value_at]):
            kind = None  # `Context Encoders: …` is no label `Context`
        if kind == "unknown" and piece.names:
            kind = "source"
        if kind == "unlisted":
            is_name = any(begin < value_at for begin, _ in piece.names) or not self._subject.text
            kind = None if is_name or self._is_sibling(piece) else "remark"
        return kind, value_at

    def _is_called(self, label: str) -> bool:
        """Whether a label of several words is what an offered entry is called."""
        said = _letters(label)
        return len(said) > 1 and "".join(said) in self._call_names

    def _is_sibling(self, piece: _Piece) -> bool:
        """Whether a label before a link stands in a column with one that named the last item: `LaMa: https://…`."""
        return self._is_linked_beside(self._subject) and piece.indent == self._item

    def _enter(self, piece: _Piece, kind: FieldKind | None) -> bool:
        """Begin another item, unless the piece goes on within the last one; return whether it does."""
        if self._is_within_item(piece, kind):
            return True
        gives_name = self._goes_on(piece) and self._early is not None  # of the item whose links came first
        if not gives_name and self._begins_item(piece, kind):
            self._close_item()
        return False

    def _goes_on(self, piece: _Piece) -> bool:
        """Whether a piece goes on from the line above."""
        return piece.follows and not piece.is_marked and piece.number not in self._answer.headings

    def _is_within_item(self, piece: _Piece, kind: FieldKind | None) -> bool:
        """Whether a piece tells more of the last item, by its indent, or in the next line: another name does not."""
        if self._item is None:
            return False
        if self._goes_on(piece):
            return self._early is not None or kind is not None or not piece.is_name
        return piece.indent > self._item

    def _begins_item(self, piece: _Piece, kind: FieldKind | None) -> bool:
        """Whether a heading, a field of some kind, or a line that is none, begins an item."""
        if kind == "unknown" and not self._subject.strict:
            return True
        return kind in (None, "name", "source") or piece.number in self._answer.headings

    def _close_item(self) -> None:
        """End an item; links that stand in it without any name belong to what was named before, if that has none."""
        if not self._subject.links:
            self._subject.links.extend(self._early or ())
        self._early = None
        self._item = None

    def _open(self, piece: _Piece, reference: Reference) -> None:
        """Note a reference as the name of an item, and give it the links that came before it."""
        self._references.append(reference)
        reference.links.extend(self._early or ())
        self._early = None
        self._subject = reference
        if self._item is None:
            self._item = _BELOW_HEADING if piece.number in self._answer.headings else piece.indent
        number = _NUMBER.match(piece.lead["mark"] or "")
        if number is not None:
            reference.number = int(number[1])
            self._numbered.setdefault(number[1], reference)

    def _attach(self, links: Iterable[Cited], role: LinkRole) -> None:
        """Give links to the item, in the role of their field, or else of their own text."""
        for cited in links:
            place = self._early if self._early is not None else self._subject.links
            place.append((cited, _role_of(cited) if role == "any" else role))

    def _answers_number(self, piece: _Piece) -> bool:
        """Whether a piece only gives the links of an item by its number: `[1] https://…`."""
        number = _NUMBER.match(piece.lead["mark"] or "")
        reference = self._numbered.get(number[1]) if number else None
        if reference is None or not piece.links or piece.labels or _names(_before_link(piece, piece.lead.end()).text):
            return False
        reference.links.extend((cited, _role_of(cited)) for cited in piece.links)
        return True

    def _read_heading(self, piece: _Piece, below: Sequence[_Piece]) -> None:
        """A heading ends an item; it is one itself when links or remarks follow it, and no other items."""
        title = piece.whole(piece.lead.end(), len(piece.text))
        bare = title.text.strip("#*_ :：")
        self._subject = Reference(bare, title.start, title.end)
        if not _names(bare) or lists_references(bare) or self._divides(piece, below):
            return
        links_follow = bool(below[:1] and below[0].links) and not names_source(below[0].text)
        reference = Reference(bare, title.start, title.end, is_item=True, doubtful=not links_follow)
        self._open(piece, reference)

    def _divides(self, piece: _Piece, below: Sequence[_Piece]) -> bool:
        """Whether a heading, or an item, only stands above others that name sources."""
        if piece.names:
            return False
        for index, other in enumerate(below):
            is_next = index == 0
            if not self._is_below(other, piece, is_next=is_next):
                return False
            if other.names or names_source(other.text):
                return True
            is_remark = is_next and other.is_marked and not other.links  # below the name of an item
            if is_remark:
                return False
        return False

    def _is_below(self, other: _Piece, piece: _Piece, *, is_next: bool) -> bool:
        """Whether a later piece belongs under a heading or an item: by level, by indent, or as its list."""
        if other.number in self._answer.headings:
            return False
        if piece.number in self._answer.headings or other.indent > piece.indent:
            return True
        return is_next and other.follows and other.is_marked and not piece.is_marked

    def _read_field(self, piece: _Piece, kind: FieldKind, value_at: int, *, is_nested: bool) -> None:
        """A field names something, gives links of what is named, or is a remark."""
        if len(piece.names) > 1 and len(piece.links) > 1:  # `Papers: A (…), B (…)`
            self._read_linked(piece)
            return
        value = _before_link(piece, value_at)
        if not self._names_item(kind, value, is_nested=is_nested):
            self._read_attribute(piece, kind, value, is_nested=is_nested)
            return
        is_named = _names(value.text)
        if piece.labels:
            self._open(piece, _labelled(piece.labels[0], strict=kind == "name"))
        elif is_named:
            self._open(piece, self._field_reference(piece, kind, value, value_at))
        self._attach(piece.links, "any" if is_named else _ROLES.get(kind, "any"))

    def _names_item(self, kind: FieldKind, value: Name, *, is_nested: bool) -> bool:
        """Whether a field names an item of its own, instead of telling more of the one before."""
        if kind == "name":
            return True
        if kind == "paper":
            return not is_nested or _is_title(value.text)
        if kind == "source":
            return not is_nested
        is_flat = self._item is not None and self._subject.strict  # `Model: …` and other fields in one column
        return kind == "unknown" and not is_nested and not is_flat

    def _field_reference(self, piece: _Piece, kind: FieldKind, value: Name, value_at: int) -> Reference:
        """The reference that the value of a field makes."""
        reference = Reference(*value, strict=True, is_item=kind != "name" and not _is_title(value.text))
        if kind == "unknown":  # the label may be a part of the title: `Palette: Image-to-Image …`
            whole = piece.whole(piece.lead.end(), value.end - piece.start)
            return Reference(*whole, is_item=True)
        if kind != "source":
            reference.continued = self._continued(piece, piece.text[value_at:])
        return reference

    def _read_attribute(self, piece: _Piece, kind: FieldKind, value: Name, *, is_nested: bool) -> None:
        """A field of a named item: its links, or a remark; in doubt when it reads like a source of its own."""
        if not piece.links and self._may_be_source(piece, kind, value):
            self._references.append(Reference(*value, is_item=True, doubtful=True))
        for label in piece.labels:
            if reads_like_title(label.text):
                self._open(piece, _labelled(label))
        if not self._may_link_another(piece, kind, is_nested=is_nested):
            self._attach(piece.links, _ROLES.get(kind, "any"))

    def _may_link_another(self, piece: _Piece, kind: FieldKind, *, is_nested: bool) -> bool:
        """Whether the links of a field may be of another source than the item: that has its own, and this stands apart.

        A label that is no `Link`, such as `Dataset`, never says that the link is the item's.
        """
        if self._early is not None or not self._subject.links:
            return False
        is_apart = not is_nested and not self._subject.strict and (piece.is_marked or not piece.follows)
        return kind == "remark" or (is_apart and self._is_linked_beside(self._subject))

    def _is_linked_beside(self, reference: Reference) -> bool:
        """Whether a name has a link on its own line."""
        line = self._answer.line_of(reference.start)
        return any(self._answer.line_of(_place(cited)) == line for cited in reference.cited)

    def _may_be_source(self, piece: _Piece, kind: FieldKind, value: Name) -> bool:
        """Whether the value of a field may be a source of its own."""
        if not _names(value.text):
            return False
        if kind == "paper":
            return True
        if not _is_title(value.text):
            return False
        if kind == "remark":
            is_json = piece.lead.end() < len(piece.text) and piece.text[piece.lead.end()] == '"'  # quotes each value
            is_quoted = not is_json and _QUOTED.search(piece.text) is not None
            return self._item is None or is_quoted or _BIBLIOGRAPHIC.search(value.text) is not None
        return kind in ("source", "unknown")

    def _continued(self, piece: _Piece, value: str) -> str | None:
        """A value with the line below it, when that may be the rest of a title that was wrapped."""
        below = self._answer.body[self._answer.start_of(piece.number + 1) : self._answer.start_of(piece.number + 2)]
        if _WRAPPED.match(below) is None or _field(below)[0]:
            return None
        return f"{value.strip()} {below.strip()}"

    def _read_linked(self, piece: _Piece) -> None:
        """A piece with links: each belongs to the name beside it."""
        names = self._names_beside(piece)
        if not names:
            if self._item is None and self._early is None and (piece.is_marked or not piece.follows):
                self._early = []
            self._attach(piece.links, "any")
            return
        for reference, links in _paired(names, piece.links):
            if reference is not None:
                self._open(piece, reference)
            self._attach(links, "any")

    def _names_beside(self, piece: _Piece) -> list[Reference]:
        """The names on a piece with links: link texts, offered names, and what stands around the links."""
        references = [_labelled(label) for label in piece.labels]
        covered = [(reference.start - piece.start, reference.end - piece.start) for reference in references]
        for begin, end in piece.names:
            if not _overlaps((begin, end), covered):
                span = self._longer_title(piece, begin, end)
                references.append(Reference(*piece.whole(*span)))
                covered.append(span)
        if not piece.labels or piece.names:
            references += self._names_in_gaps(piece, covered, is_named=bool(references))
        return sorted(references, key=_START)

    def _longer_title(self, piece: _Piece, begin: int, end: int) -> Span:
        """A name with what makes it another one, up to the next name; or with the one whose bracket it stands in."""
        first, last = longer_title(piece.text, begin, end)
        if any(_overlaps((first, last), [other]) for other in piece.names if other != (begin, end)):
            return begin, end
        lead = _LEADING_NAME.match(piece.text, piece.lead.end(), begin)
        return (lead.start(), end + 1) if lead and piece.text[end : end + 1] == ")" else (first, last)

    def _names_in_gaps(self, piece: _Piece, covered: list[Span], *, is_named: bool) -> Iterator[Reference]:
        """What names something before, between or behind the links of a piece, where no other name stands."""
        starts = [max(0, _place(cited) - piece.start) for cited in piece.links]
        ends = [_end_of(cited) - piece.start for cited in piece.links]
        gaps = list(zip([piece.lead.end(), *ends], [*starts, len(piece.text)], strict=True))
        for begin, end in gaps:
            is_first, is_last = (begin, end) == gaps[0], (begin, end) == gaps[-1]
            if is_last and (is_named or self._item is not None):  # a remark behind the links
                return
            name = self._lead(piece, begin, end) if is_first else piece.name(begin, end)
            if end > begin and _names(name.text) and not _overlaps((begin, end), covered):
                is_named = True
                yield Reference(*name)

    def _lead(self, piece: _Piece, begin: int, end: int) -> Name:
        """What a piece begins with: what stands out there, else the words up to its first link."""
        for phrase in piece.phrases[:1]:
            if phrase.start - piece.start <= begin + 3:
                return Name(phrase.text.rstrip(" :：.,"), phrase.start, phrase.end)
        name = piece.name(begin, min(end, begin + _LONGEST), leads=True)
        return Name(name.text.rstrip(_SEPARATORS), name.start, name.start + len(name.text.rstrip(_SEPARATORS)))

    def _read_remark(self, piece: _Piece) -> None:
        """A line below an item is a remark, and in doubt a title when it stands out as one or reads like one."""
        for phrase in piece.phrases:
            if phrase.kind == "quote" and _is_title(phrase.text):
                self._references.append(Reference(phrase.text, phrase.start, phrase.end, doubtful=True, is_item=True))
                return
        name = piece.whole(piece.lead.end(), len(piece.text))
        if any(map(_is_title, _SENTENCE_BREAK.split(name.text))) and not _is_remark(name.text):
            self._references.append(Reference(*name, doubtful=True, is_item=True))

    def _read_item(self, piece: _Piece, below: Sequence[_Piece]) -> None:
        """An item of the list without links: it names a source, unless it is a remark."""
        begin = piece.lead.end()
        if self._divides(piece, below):
            return
        listed = [phrase for phrase in piece.phrases if _is_title(phrase.text) or len(piece.phrases) == 1]
        if len(listed) > 1:
            for phrase in listed:
                self._open(piece, Reference(phrase.text, phrase.start, phrase.end, is_item=True))
            return
        for first, last in _enumerated(piece, begin):
            name = piece.whole(first, last)
            standing = self._standing(piece, name)
            if _names(name.text) and standing != "remark":
                reference = Reference(*name, is_item=True, doubtful=standing == "doubtful")
                reference.continued = self._continued(piece, name.text)
                self._open(piece, reference)

    def _joined_to_names(self, piece: _Piece) -> Iterator[Reference]:
        """What a comma, `and` or a bracket joins to an offered name or its link, before or behind it."""
        if not piece.names:
            return
        yield from self._joined_before(piece)
        # behind the last name, or the last link
        end = max([last for _, last in piece.names] + [_end_of(cited) - piece.start for cited in piece.links])
        yield from self._directly_behind(piece, end)
        yield from self._joined_behind(piece, end)

    def _joined_before(self, piece: _Piece) -> Iterator[Reference]:
        first = min(begin for begin, _ in piece.names)
        before = _JOINING.search(piece.text, max(piece.lead.end(), first - _FAR), first)
        if before is not None:
            yield from self._second_name(piece, piece.lead.end(), before.start(), least=_MIN_TITLE)

    def _directly_behind(self, piece: _Piece, end: int) -> Iterator[Reference]:
        """A title that follows a link without a sign between them."""
        direct = _DIRECTLY_BEHIND.match(piece.text, end) if piece.links else None
        if direct is not None and not _REMARK.match(piece.text, direct.end()):
            yield from self._second_name(piece, direct.end(), len(piece.text), least=_LONG_TITLE)

    def _joined_behind(self, piece: _Piece, end: int) -> Iterator[Reference]:
        behind = _JOINED.match(piece.text, end)
        if behind is not None and (piece.links or ";" not in behind[0]):  # without links, `A; B` is read as a list
            # behind a comma, three words may be a remark: `…, Free-Form Masks`
            is_listed = _QUOTED.match(piece.text, behind.end()) or ";" in behind[0]
            yield from self._second_name(piece, behind.end(), len(piece.text), least=_MIN_TITLE + (not is_listed))

    def _names_set_apart(self, piece: _Piece) -> Iterator[Reference]:
        """What reads like a title in brackets, or behind a slash or a bar, right beside an offered name."""
        for begin, end in piece.names:
            behind = _SET_BEHIND.match(piece.text, end)
            if behind is not None and not _VENUE.search(behind["title"]):
                yield from self._second_name(piece, *behind.span("title"), least=_LONG_TITLE)
            first = max(piece.lead.end(), begin - _LONGEST_RUN)
            before = piece.text[first:begin].rstrip(' *_"“')
            if before.endswith(("(", "[", "/", "|")):
                title = _SEPARATE.split(before[:-1])[-1]
                last = first + len(before) - 1
                yield from self._second_name(piece, last - len(title), last, least=_LONG_TITLE)

    def _second_name(self, piece: _Piece, begin: int, end: int, *, least: int) -> Iterator[Reference]:
        """What is joined to a name, if it reads like another: a title of some words at least, or one like `GPT-4`."""
        name = piece.whole(begin, end)
        text = name.text.strip(' .:;,()`"“”')
        if not _names(text) or _BIBLIOGRAPHIC.search(text) or _is_author(text):
            return
        is_title = _is_title(text) and len(content_words(text)) >= least
        if is_title or _NAME_LIKE.match(text):
            yield Reference(*name, is_item=True, doubtful=True)

    def _standing(self, piece: _Piece, name: Name) -> Standing:
        """Whether an item without links is given as a source."""
        raw = piece.text[piece.lead.end() :].lstrip("*_\"'“(`")
        if piece.names:
            return "remark" if _speaks_of_source(piece, raw) else "source"
        if _ASIDE.match(raw):
            return "remark"
        is_publication = _BIBLIOGRAPHIC.search(name.text) is not None
        if _REMARK.match(raw) and not _is_title(name.text):
            return "source" if is_publication and _QUOTED.search(name.text) else "remark"
        if is_publication:
            return "source"
        if piece.is_marked or self._early is not None:
            return "doubtful" if _is_fragment(raw) else "source"
        return _standing_of_paragraph(piece, name)

    # --- tables, and other sections

    def _read_row(self, piece: _Piece, below: Sequence[_Piece]) -> None:
        """A row of a table: the cell that names a source, and the links of the row."""
        cells = [Name(cell[0], *cell.span()) for cell in _CELL.finditer(piece.text)]
        if not cells or _RULE.fullmatch(piece.text):
            return
        kinds = [_field_kind(_letters(cell.text)) for cell in cells]
        if below and _RULE.fullmatch(below[0].text):
            self._columns = kinds
        elif kinds[0] is not None and len(cells) == _PAIR and not _names(cells[0].text):
            self._read_field(piece, kinds[0], cells[1].start, is_nested=False)
        else:
            self._close_item()
            self._read_cells(piece, cells)
            self._item = None

    def _read_cells(self, piece: _Piece, cells: Sequence[Name]) -> None:
        cell = self._naming_cell(piece, cells)
        references = self._names_beside(piece)[:1] if piece.labels else []
        if not references and cell is not None:
            name = piece.whole(cell.start, cell.end)
            references = [Reference(*name, is_item=not piece.links)]
        for reference in references:
            self._open(piece, reference)
            self._attach(piece.links, "any")
        if references and cell is not None:
            self._references.extend(self._titles_beside(piece, cells, cell))

    def _titles_beside(self, piece: _Piece, cells: Sequence[Name], naming: Name) -> Iterator[Reference]:
        """What reads like a title in another column for titles: `| BLIP | Denoising Diffusion Models |`."""
        for cell, kind in zip(cells, self._columns, strict=False):
            has_name = any(cell.start <= begin < cell.end for begin, _ in piece.names)
            if cell == naming or has_name or kind not in ("name", "paper", "source"):
                continue
            if _is_title(cell.text) and "://" not in cell.text and not _BIBLIOGRAPHIC.search(cell.text):
                yield Reference(*piece.whole(cell.start, cell.end), is_item=True, doubtful=True)

    def _naming_cell(self, piece: _Piece, cells: Sequence[Name]) -> Name | None:
        """The cell of a row that names a source: with an offered name, in the column for names, or the first."""
        for begin, _ in piece.names:
            return next((cell for cell in cells if cell.start <= begin < cell.end), None)
        columns = dict(zip(cells, self._columns, strict=False))
        naming = [cell for cell in cells if _names(cell.text) and not _is_author(cell.text)]
        ranked = [cell for cell in naming if columns.get(cell) in _COLUMN_RANKS]
        return min(ranked, key=lambda cell: _COLUMN_RANKS[columns.get(cell)], default=None)

    def _read_elsewhere(self, piece: _Piece) -> None:
        """Outside the section link texts are references, and names with a link close by."""
        unnamed: list[Cited] = []
        for cited in piece.links:
            label = _naming_label(cited)
            if label is None:
                unnamed.append(cited)
                continue
            reference = _labelled(label)
            reference.links, reference.listed = [(cited, "any")], False
            self._references.append(reference)
        names = self._names_in_prose(piece)
        # a remark on one of several names and links is none of another
        masked = _masked(piece, [*names, *unnamed])
        for name, links in _paired(names, unnamed):
            close = [cited for cited in links if name is not None and _is_close(piece, masked, name, cited)]
            if name is not None and close:
                name.links.extend((cited, "any") for cited in close)
                self._references.append(name)

    def _names_in_prose(self, piece: _Piece) -> list[Reference]:
        """The whole names on a line of prose, those that a footnote gives the link of, and what stands before links."""
        spans = [longer_title(piece.text, *span) for span in piece.names]
        for cited in piece.links:
            place = _place(cited) - piece.start
            run = _TITLE_BEFORE_LINK.search(piece.text, max(0, place - _LONGEST_RUN), place)
            if run is not None and not _overlaps(run.span("name"), spans):
                spans.append(run.span("name"))
        names = [Reference(*piece.whole(*span), listed=False, in_prose=True) for span in sorted(spans)]
        return names or self._name_of_footnote(piece) or self._name_above(piece)

    def _name_above(self, piece: _Piece) -> list[Reference]:
        """The whole name that the text before a line with a link alone ends with: `LanternNet is published at`."""
        if words(_masked(piece, piece.links)):
            return []
        for start, end in self._names.within(piece.start - _LONGEST_RUN, piece.start)[-1:]:
            if _LEADS_TO_LINK.fullmatch(self._answer.body, end, piece.start):
                return [Reference(self._answer.body[start:end], start, end, listed=False, in_prose=True)]
        return []

    def _name_of_footnote(self, piece: _Piece) -> list[Reference]:
        """The whole name that the mark of a footnote stands behind: `LanternNet[^1]` of `[^1]: https://…`."""
        mark = (piece.lead["mark"] or "").rstrip(": ")
        at = self._answer.body.find(mark) if mark.startswith("[^") else -1
        if not 0 <= at < piece.start:
            return []
        for start, end in self._names.within(at - _LONGEST, at)[-1:]:
            if not words(self._answer.body[end:at]):
                return [Reference(self._answer.body[start:end], start, end, listed=False, in_prose=True)]
        return []


def _masked(piece: _Piece, parts: Iterable[Reference | Cited]) -> str:
    """The text of a piece with names and links blank."""
    text = piece.text
    for part in parts:
        first, last = (part.start, part.end) if isinstance(part, Reference) else (_place(part), _end_of(part))
        begin, end = max(0, first - piece.start), min(len(text), last - piece.start)
        text = text[:begin] + _BLANK * (end - begin) + text[end:]
    return text


def _is_close(piece: _Piece, masked: str, name: Reference, cited: Cited) -> bool:
    """Whether a link stands beside a name with hardly a word between, or in its footnote: `X (https://…)`."""
    if not piece.start <= name.start < piece.start + len(piece.text):  # a footnote that is the link and nothing else
        return not words(masked[piece.lead.end() :])
    begin, end = name.start - piece.start, name.end - piece.start
    first, last = _place(cited) - piece.start, _end_of(cited) - piece.start
    if first < begin:  # `https://… is X`, and no more
        return not words(masked[:first] + masked[end:]) and _LEADS_TO_NAME.fullmatch(masked, last, begin) is not None
    return _LEADS_TO_LINK.fullmatch(masked, end, first) is not None


def _cuts(text: str) -> Iterable[int]:
    """Where the pieces of a line begin."""
    if not any(map(text.__contains__, "<{=")):  # most lines: a look is cheaper than the pattern
        return (0,)
    cuts = (match.end() if match[0].isspace() else match.start() for match in _PIECES.finditer(text))
    return dict.fromkeys((0, *cuts))


def _paired(names: list[Reference], links: list[Cited]) -> Iterator[tuple[Reference | None, list[Cited]]]:
    """Each name with its links, behind it or before it; links before any name stand with none."""
    if len(names) == len(links) > 1 and max(name.end for name in names) <= _place(links[0]):
        # `A and B: link of A and link of B, respectively`
        yield from ((name, [cited]) for name, cited in zip(names, links, strict=True))
        return
    groups: list[tuple[Reference | None, list[Cited]]] = [(None, [])]
    for item in _in_reading_order(names, links):
        if isinstance(item, Reference):
            groups.append((item, []))
        else:
            groups[-1][1].append(item)
    yield groups[0]
    yield from sorted(groups[1:], key=lambda group: group[0].start if group[0] else 0)


def _in_reading_order(names: list[Reference], links: list[Cited]) -> list[Reference | Cited]:
    """Names and links in the order in which each link follows its name; from the end where the links come first."""
    links_first = (
        bool(names and links) and _end_of(links[0]) <= names[0].start and _end_of(links[-1]) <= names[-1].start
    )
    direction = -1 if links_first else 1
    items: list[Reference | Cited] = [*names, *links]  # at one place the name comes first
    return sorted(items, key=lambda item: direction * (item.start if isinstance(item, Reference) else _place(item)))


def _enumerated(piece: _Piece, begin: int) -> list[Span]:
    """The names in a piece: several offered ones, or parts between semicolons that read like titles; else the whole."""
    parts = [(max(begin, match.start()), match.end()) for match in _BETWEEN_SEMICOLONS.finditer(piece.text, begin)]
    texts = [piece.text[first:last].strip(" .") for first, last in parts]
    offered = [piece.text[first:last] for first, last in piece.names]
    if len(parts) > 1 and (all(map(reads_like_title, texts)) or not set(offered).isdisjoint(texts)):
        return parts
    is_in_prose = len(offered) == 1 and not piece.is_marked and _is_prose(piece.text[begin : piece.names[0][0]])
    return piece.names if len(offered) > 1 or is_in_prose else [(begin, len(piece.text))]


def _is_prose(text: str) -> bool:
    """Whether the text before a name is that of a sentence, and names nothing: `In contrast, …`."""
    return not acronyms(text) and any(word.islower() and word not in FILLERS for word in words(text))


def _parts(text: str) -> tuple[str, ...]:
    """The parts of a reference that may be its title: quoted, between breaks, and from its beginning up to each."""
    parts = [next(filter(None, match.groups())).rstrip(" .,") for match in _QUOTED.finditer(text)]
    starts = [0]
    for match in islice(_BREAK.finditer(text), _MAX_BREAKS):
        parts += [text[starts[-1] : match.start()], text[: match.start()]]
        starts.append(match.end())
    parts.append(text[starts[-1] :])
    # a title may have a colon or a full stop of its own: two parts in a row
    cuts = [*starts, len(text)]
    parts += [text[first:last].rstrip(" .,:;(–—-") for first, last in zip(cuts, cuts[2:], strict=False)]
    return tuple(part.strip(" *_\"“”'`.,)") for part in dict.fromkeys(parts) if content_words(part))


def _before_link(piece: _Piece, begin: int) -> Name:
    """What stands behind a place in a piece, up to its first link."""
    end = max(begin, _place(piece.links[0]) - piece.start) if piece.links else len(piece.text)
    text = piece.text[begin:end].rstrip(_SEPARATORS if piece.links else " \t,}\"'")
    value = text.lstrip(" \t{\"'")
    start = piece.start + begin + len(text) - len(value)
    title, mark, behind = value.partition('"')
    if mark and _BEHIND_QUOTE.fullmatch(behind):
        value = title
    return Name(value, start, start + len(value))


def _place(cited: Cited) -> int:
    """Where a link stands for its reader: a reference link where its text is, not where it is defined."""
    return cited.label.start if cited.label is not None else cited.spotted.start


def _end_of(cited: Cited) -> int:
    is_near = cited.label is None or 0 <= cited.spotted.start - cited.label.end < _LONGEST
    return cited.spotted.end if is_near or cited.label is None else cited.label.end


def _naming_label(cited: Cited) -> Phrase | None:
    """The text of a link, if it names something more than the site: `[PMLR](https://proceedings.mlr.press/…)`."""
    label = cited.label
    if label is None or not _names(label.text):
        return None
    site = _SITE.match(cited.spotted.url)
    is_site = site is not None and len(words(label.text)) < _MIN_TITLE and canonical(label.text) in canonical(site[0])
    return None if is_site else label


def _hidden_names(text: str, names: Sequence[Span]) -> list[Span]:
    """The parts of a text that are struck out or not shown, and hold a name: what nobody reads names nothing."""
    if not names or not any(map(text.__contains__, ("~~", "</", "<!--"))):
        return []
    hidden = [match for match in _HIDDEN.finditer(text) if _is_unread(match)]
    return [match.span() for match in hidden if _overlaps(match.span(), names)]


def _is_unread(match: re.Match[str]) -> bool:
    return match["struck"] is not None or match["tag"] in _STRUCK or _UNSEEN.search(match["style"]) is not None


def _stands_out(phrase: Phrase) -> bool:
    return phrase.kind != "label" and _names(phrase.text)


def _overlaps(span: Span, others: Iterable[Span]) -> bool:
    return any(begin < span[1] and span[0] < end for begin, end in others)


def _field(text: str) -> tuple[FieldKind | None, int]:
    """The kind of a field line, if it is one, and where its value begins."""
    if not any(map(text.__contains__, ":：=→⇒➜>")):  # most lines: a look is cheaper than the pattern
        return None, 0
    lead = _LEAD.match(text)
    match = _FIELD.match(text, lead.start("ornaments") if lead else 0, _LONGEST)
    if match is None:
        return None, 0
    label, value = match["label"], match["value"].strip()
    if value.startswith("//"):  # the scheme of a URL is no label
        return None, 0
    kind = _field_kind(_letters(label))
    if kind is None:  # `archivePrefix = {arXiv}`, `Next steps: …`
        kind = "remark" if match["assigned"] else _unknown_kind(label, value)
    return kind, match.start("value")


def _unknown_kind(label: str, value: str) -> FieldKind | None:
    """What a label is whose words tell nothing; None where it is the name itself, or prose."""
    is_name = bool(acronyms(label))
    if value.startswith("http"):  # the words of a URL are no title
        return None if is_name or reads_like_title(label) else "unlisted"
    if _is_title(value) and not (is_name or _is_author(label)):
        return "unknown"
    return "remark" if _calls_for_remarks(label) else None


def _field_kind(label: list[str]) -> FieldKind | None:
    """What the words of a label say that the field is; None for words that are no label."""
    telling = [word for word in label if word not in _MINOR_WORDS] or label[-1:]
    kinds = {_WORD_KINDS.get(word) for word in telling}
    if "remark" in kinds:
        return "remark"
    if kinds <= {"paper", "code", "link"} and len(kinds) > 1:  # `Paper / Code`
        return "link"
    return kinds.pop() if len(kinds) == 1 else None


def _letters(text: str) -> list[str]:
    return _LETTERS.findall(text.lower())


def _is_author(text: str) -> bool:
    return "et al" in text or re.fullmatch(r"[A-Z][^\W\d_]+,? (?:[A-Z]\.? ?){1,3}", text.strip()) is not None


def _is_title(value: str) -> bool:
    """Whether a text is a title, and no remark."""
    is_long = len(words(value)) >= _MIN_TITLE and len(_letters(value)) > 1  # `Accessed: 2025-11-02` is one word
    return is_long and reads_like_title(value) and not is_nothing(value)


def names_source(text: str) -> bool:
    """Whether a line is a field that names a source, such as `Model: …`."""
    kind, value_at = _field(text)
    return kind == "name" and not is_nothing(text[value_at:])


def _role_of(cited: Cited) -> LinkRole:
    """The role that the text of a link gives it, such as `Paper`; none when it speaks of more, or names a source."""
    if cited.label is None or _names(cited.label.text):
        return "any"
    kinds = {_WORD_KINDS.get(word) for word in _letters(cited.label.text)} & {"paper", "code"}
    return _ROLES[kinds.pop()] if len(kinds) == 1 else "any"  # type: ignore[index]


def _names(text: str) -> bool:
    """Whether a text says more than a number, `Paper`, `GitHub` or `here`, and is no URL."""
    if "://" in text or is_nothing(text) or is_link(text) or _SUBJECT.fullmatch(text):
        return False
    return any(not word.isdigit() and word not in _LINK_WORDS for word in content_words(text))


def _heads_remarks(piece: _Piece) -> bool:
    """Whether a line is a heading below which remarks follow: `**Next steps**`, `Why these papers`."""
    if piece.links or piece.names or len(piece.text) > _MAX_HEADING:
        return False
    text = piece.text.strip()
    if _REGARDS.fullmatch(text):
        return True
    if _calls_for_remarks(text):
        return _SET_APART.fullmatch(text) is not None or " ".join(_letters(text)) in _REMARKS_FOLLOW
    return text.endswith((":", "：")) and _addresses_reader(text)  # `If you like, I can:`


def _calls_for_remarks(text: str) -> bool:
    """Whether a heading or a label says that remarks follow, with words before or behind the phrase for that."""
    said = _letters(text)
    asked_about = " ".join(said[1:2]) if _ASKING.issuperset(said[:1]) else None
    if asked_about is not None:  # but no title, such as `How to Train Your Robot`
        return asked_about in _ASKED_ABOUT or (asked_about in _ADVISED and not reads_like_title(text))
    spans = product(range(_MAX_QUALIFIERS + 1), range(1, _MAX_PHRASE + 1))
    return any(
        " ".join(said[first : first + count]) in _REMARKS_FOLLOW and _AND_SO_ON.issuperset(said[first + count :][:1])
        for first, count in spans
    )


def _addresses_reader(text: str) -> bool:
    return _ADDRESSED.search(text) is not None and not reads_like_title(text)


def _is_remark(text: str) -> bool:
    """Whether a line below an item is a remark by its first words, or is not in quotes in a script without capitals."""
    return _REMARK.match(text) is not None or _CASELESS.search(text) is not None


def _is_fragment(text: str) -> bool:
    """Whether a text is a fragment of prose: those have no capitals."""
    return text[:1].islower() and text.islower() and len(words(text)) > 1


def _speaks_of_source(piece: _Piece, raw: str) -> bool:
    """Whether a line without links says something of an offered source, instead of naming it: `X has no paper`."""
    begin, end = piece.names[0]
    behind = piece.text[end:]
    if piece.links or reads_like_title(behind):
        return False
    is_said = _SAID.match(behind) is not None
    is_remark = _REMARK.match(raw) is not None and not raw[:4].casefold().startswith("see ")
    if piece.is_marked:  # `- BLIP is the model of this step` names it
        return is_said and is_remark
    count = len(words(piece.text[piece.lead.end() : begin]))
    is_sentence = _SENTENCE_END.search(behind) is not None
    return is_said or (is_sentence and (count >= _MIN_BEFORE or (is_remark and count > 0)))


def _standing_of_paragraph(piece: _Piece, name: Name) -> Standing:
    """Whether a paragraph is given as a source: it is prose, unless it begins with a title."""
    if _CASELESS_END.search(name.text) or _addresses_reader(name.text):
        return "remark"
    if _is_title(_BREAK.split(name.text)[0]):
        return "source"
    # in bold, or before a colon, it may be a heading of prose
    is_heading = piece.text.rstrip().endswith(("**", "__", ":", "：")) and not reads_like_title(name.text)
    return "remark" if is_heading or len(words(name.text)) > _MAX_TITLE else "doubtful"


def _labelled(label: Phrase, *, strict: bool = False) -> Reference:
    """The text of a link as a name; `[Paper: X](…)` names X, unless all of it is a title."""
    kind = _LABEL_OF_NAME.match(label.text)
    if kind is None or _WORD_KINDS.get(kind["label"].lower()) not in _NAMING_KINDS:
        return Reference(label.text, label.start, label.end, strict)
    return Reference(label.text[kind.end() :], label.start, label.end, strict, continued=label.text)
