"""The words of texts as they are compared: stems, stop words, and words that nobody knows read as one that is known.

What can be read beside English: languages with spaces, by the Snowball stemmer of each; Korean, whose words carry
particles; Chinese and Japanese, which have no spaces. These three are mostly compared by pairs of characters, as usual
without a dictionary (Nie, Gao, Zhang, Zhou, "On the use of words and n-grams for Chinese information retrieval", 2000).

A language is recognised by its script, else by its function words and letters. Which words mean which task is no matter
of this module: that stands under `vocabulary:` of the tasks in a catalog.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import chain, filterfalse, pairwise
from string import ascii_lowercase
from typing import Final

import Stemmer

from explainer.diagnostics.text import lazy_regex

# A longer run of letters is no word of any language: a hash, or base64.
_LONGEST_WORD: Final = 60
# A run of letters and digits; an apostrophe may stand inside. Possessive, so that no text takes long.
_WORD: Final = lazy_regex(r"[^\W_]++(?:['’][^\W_]++)*+")
# Where a name such as `Txt2Img` or `SwinIRLight` is split: at changes of letter case and at digits.
_PARTS: Final = lazy_regex(r"[A-Z]++(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]++|\d++")
# Function words, and the words with which people ask for an explanation whatever it is about.
_STOP_TEXT: Final = """
    a about above across actually after again against all almost already also although am an and another any anyone
    anything are around as at away back be became because been before behind being below between both but by came can
    cannot come comes could did do does doing done down each either else enough even ever every everything exactly few
    first for from get gets getting give given gives go goes going gone got had has have having he her here hers him his
    how however i if in inside instead into is it its itself just keep keeps kept kind know knows last least less let
    like likely looks lot made make makes making many may maybe me mean means might mine more most much must my myself
    near nearly need needs never next no nor not now of off often on once one only onto or other others our ours out
    over own perhaps put quite rather really same saw see seem seemed seems seen several shall she should since so some
    someone something sometimes still such sure take takes than that the their theirs them then there these they thing
    things think this those though through thus to together too took toward towards under until up upon us use used uses
    using very via want wanted was way we well went were what whatever when where whether which while who whole whom
    whose why will with within without would yes yet you your yours
    ai algorithm amazed amazing answer ask asked best better create created decide explain figure good great handle help
    helped helps learn learned learns model models please possible
    question recommend result results show shown shows system technique techniques technology tell tool tools
    tried try trying understand understands work worked working works
    dear greetings hello hi kindly regards sir thank thanks madam
    don't doesn't didn't isn't wasn't weren't can't couldn't won't wouldn't i'm i've i'd i'll it's that's there's what's
    couldn wasn didn doesn isn don
"""
_STOP_WORDS: Final = frozenset(_STOP_TEXT.split())
# Stems of words such as `exercise`, whose `-ise` is no other spelling of `-ize`.
_NEVER_IZE_TEXT: Final = """
    advert adv chast circumc compr comprom conc cru dem desp dev disgu enterpr exc exerc expert franch improv inc
    likew merchand otherw parad porpo prec prem prom rev superv surm surpr telev torto treat turquo
"""
_NEVER_IZE: Final = frozenset(_NEVER_IZE_TEXT.split())
# At least three letters come before, so that `wise` and `rise` stay as they are.
_ISE: Final = lazy_regex(r"(\w{3,}?)is(e|ed|es|er|ers|ing|ation|ations|able)", needs=("is",))
# Only these stems: `four` and `hour` end alike.
_OUR: Final = lazy_regex(
    r"(arm|behavi|col|discol|endeav|fav|flav|glam|harb|hon|hum|lab|neighb|od|parl|rum|sav|tum|vap|vig)our(\w*)",
    needs=("our",),
)
# `labelled` to `labeled`; `called` and `filled` have two in either spelling.
_DOUBLE_L: Final = lazy_regex(
    r"(cancel|channel|counsel|dial|fuel|label|level|marvel|model|panel|pixel|signal|travel)l(e\w*|ing)",
    needs=("ll",),
)
_YSE: Final = lazy_regex(r"((?:an|par|cat)aly)s(e|ed|es|er|ers|ing)", needs=("lys",))
_SPELLINGS: Final = ((_OUR, r"\1or\2"), (_DOUBLE_L, r"\1\2"), (_YSE, r"\1z\2"))
# One of these stands in whatever the four patterns match.
_BRITISH: Final = ("is", "our", "ll", "lys")
_AMERICAN: Final = {
    "aeroplane": "airplane", "aluminium": "aluminum", "artefact": "artifact", "calibre": "caliber",
    "catalogue": "catalog", "centre": "center", "centred": "centered", "defence": "defense", "dialogue": "dialog",
    "fibre": "fiber", "grey": "gray", "greyscale": "grayscale", "jewellery": "jewelry", "licence": "license",
    "litre": "liter", "lustre": "luster", "metre": "meter", "mould": "mold", "offence": "offense", "plough": "plow",
    "programme": "program", "spectre": "specter", "theatre": "theater", "tyre": "tire",
}  # fmt: skip

# The stem of `colorize` is that of `color`, which is a word of many tasks; the verb names one. So it is a term, too.
_IZE: Final = lazy_regex(r"(\w{4,}?)iz(?:e|ed|es|er|ers|ing|ation|ations)")
# The stem of these is a term of hardly any other word: with two terms, “recognise” would count twice.
_IZE_ALONE: Final = frozenset(
    {"apolog", "critic", "emphas", "maxim", "minim", "optim", "real", "recogn", "summar"}
)
# Words that people clip, and what they are compared as.
_CLIPPED: Final = {
    "photograph": "photo",
    "photographs": "photos",
    "pic": "picture",
    "pics": "pictures",
}
_STEMMER: Final = Stemmer.Stemmer("english")

# Words, and the marks that end a clause or stand for a word. Possessive, so that no text takes long.
_TOKEN: Final = lazy_regex(r"[^\W_]++(?:['’][^\W_]++)*+|->|→|\+|[,.;:!?()\"“”\n]")


def tokens_of(text: str) -> list[str]:
    """Return the words and marks of a text, as they are written."""
    return _TOKEN.findall(text)


def _american(word: str) -> str:
    """Fold a British spelling into the American one; a word that has none stays as it is."""
    word = _CLIPPED.get(word, word)
    singular = word.removesuffix("s")
    if word in _AMERICAN:
        return _AMERICAN[word]
    if singular in _AMERICAN:
        return _AMERICAN[singular] + "s"
    # most words have nothing of these endings, and to look for one substring is much faster than to match four patterns
    if any(ending in word for ending in _BRITISH):
        return _respelled(word)
    return word


def _respelled(word: str) -> str:
    """A word with the endings that American spelling has; it may have two, such as `colourise`."""
    match = _ISE.fullmatch(word)
    if match is not None and match[1] not in _NEVER_IZE:
        word = f"{match[1]}iz{match[2]}"
    for pattern, spelling in _SPELLINGS:
        match = pattern.fullmatch(word)
        if match is not None:
            word = match.expand(spelling)
    return word


@lru_cache(maxsize=100_000)
def term(word: str) -> str:
    """Return the term of a word: lower case, no accents, American spelling, stemmed; empty for a stop word."""
    folded = word.casefold().replace("’", "'").removesuffix("'s")
    if not folded.isascii():
        folded = without_accents(folded)
    if folded in _STOP_WORDS or len(folded) > _LONGEST_WORD:
        return ""
    stem: str = _STEMMER.stemWord(_american(folded))
    return stem


@lru_cache(maxsize=100_000)
def word_terms(word: str) -> tuple[str, ...]:
    """Return the terms of one word: its own, and those of the parts that a name such as `SwinIR` or `Txt2Img` has.

    A run of Korean, Japanese or Chinese has the terms of its pairs of characters.
    """
    if is_unspaced(word):
        return pieces(word)
    all_terms = [term(word)]
    match = _IZE.fullmatch(_american(word.casefold()))
    if match and match[1] not in _IZE_ALONE:
        all_terms.append(f"{match[1]}ize")
    parts = _PARTS.findall(word)
    if len(parts) > 1:
        all_terms += [term(part) for part in parts if _says_something(part)]
    return tuple(dict.fromkeys(filter(None, all_terms)))  # a stop word has none


def _says_something(part: str) -> bool:
    """Whether a part of a word is more than a single letter or a bare number."""
    return len(part) > 1 and not part.isdigit()


def words(text: str) -> list[str]:
    """Return the words of a text, as they are written; `4×` is the word `4x`."""
    return _WORD.findall(text.replace("×", "x"))


def terms(text: str) -> list[str]:
    """Return the terms of a text, in order, as often as they stand in it."""
    return list(chain.from_iterable(map(word_terms, words(text))))


def vocabulary_terms(text: str, language: str) -> list[str]:
    """Return the terms of a text of a vocabulary that is not in English, as often as they stand in it."""
    return [term for term, _ in _foreign_terms(text, language)]


def terms_with_words(text: str, language: str, limit: int) -> dict[str, str]:
    """Return the terms of a question, each with the word that shows it in a reason.

    Args:
        text: the question.
        language: the code of its language.
        limit: how many words of a longer text are read.
    """
    word_of_term: dict[str, str] = {}
    if language == ENGLISH:
        for word in words(text)[:limit]:
            _add_terms(word_of_term, word)
        return word_of_term
    for term, word in _foreign_terms(text, language)[:limit]:
        word_of_term.setdefault(term, word)
        # what the word is in a catalog in English, such as `photo` or SVG
        if not is_unspaced(word):
            _add_terms(word_of_term, word)
    return word_of_term


def _add_terms(word_of_term: dict[str, str], word: str) -> None:
    for term in word_terms(word):
        word_of_term.setdefault(term, word)


def _foreign_terms(text: str, language: str) -> list[tuple[str, str]]:
    """The terms of a text that is not in English; those of a language without spaces show themselves."""
    shown_words: list[tuple[str, str]] = []
    # French and Italian put short words before others: `l'image`
    for word in words(text.replace("'", " ").replace("’", " ")):
        if is_unspaced(word):
            shown_words += [(term, word if language == KOREAN else term) for term in pieces(word)]
        elif marked := foreign_term(word, language):
            shown_words.append((marked, word))
    return shown_words


# A shorter word has too many neighbours: of five letters, “cheek” would be read as “check”.
_SHORTEST: Final = 6


def readings(words: Iterable[str], frequency: Callable[[str], int]) -> dict[str, str]:
    """Return the term that is meant, for each that is not known and has a known neighbour.

    Args:
        words: the terms of a question.
        frequency: how often a term is used; 0 for one that is not known.
    """
    meant: dict[str, str] = {}
    for term in words:
        is_word = term.isascii() and term.isalpha() and len(term) >= _SHORTEST
        if not is_word or frequency(term):
            continue
        # of several neighbours the one that is used most; in the order of the alphabet among equals
        nearest = min(_neighbours(term), key=lambda neighbour: (-frequency(neighbour), neighbour))
        if frequency(nearest):
            meant[term] = nearest
    return meant


def _neighbours(term: str) -> Iterator[str]:
    """All terms that one slip makes of another; hardly anybody mistypes the first letter."""
    for place in range(1, len(term) + 1):
        before, behind = term[:place], term[place:]
        yield before + behind[1:]
        if len(behind) > 1:
            yield before + behind[1] + behind[0] + behind[2:]
        for letter in ascii_lowercase:
            yield before + letter + behind
            if behind:
                yield before + letter + behind[1:]


ENGLISH: Final = "en"
KOREAN: Final = "ko"
UNSPACED: Final = frozenset({"ja", "zh"})
# Where no function word, letter or script speaks for a language: a name, or a few words as typed into a search box.
UNKNOWN: Final = ""
NAMES: Final[Mapping[str, str]] = {
    "en": "English", "ko": "Korean", "ja": "Japanese", "zh": "Chinese", "es": "Spanish", "fr": "French",
    "de": "German", "it": "Italian", "pt": "Portuguese", "nl": "Dutch", "sv": "Swedish", "pl": "Polish",
    "tr": "Turkish", "vi": "Vietnamese", "id": "Indonesian", "ru": "Russian", "el": "Greek", "he": "Hebrew",
    "ar": "Arabic", "hi": "Hindi", "th": "Thai",
}  # fmt: skip
"""What each language that is recognised is called."""

# Scripts by the names of their characters in Unicode, and the language that is taken for granted there.
_SCRIPTS: Final[Mapping[str, str]] = {
    "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "CYRILLIC": "ru", "GREEK": "el", "HEBREW": "he",
    "ARABIC": "ar", "DEVANAGARI": "hi", "THAI": "th",
}  # fmt: skip
# A Japanese text has more Han characters than kana; a Chinese one has no kana at all. So a few kana decide.
_KANA_PART: Final = 0.1
# A question belongs to a script that has this part of its letters: “SVG 파일로 바꿔 줘” is Korean.
_SCRIPT_PART: Final = 0.3
# Characters of a question by which its language is told.
_READ: Final = 1_000

# Function words that tell languages apart; words that two of them share say little and count for both.
_FUNCTION_WORDS_TEXT: Final[Mapping[str, str]] = {
    "en": """
        a about an and any are as at be but by can could did do does for from has have how i if in into is it
        its me my not of on or our she so that the their them there they this to was we were what when where
        which who why will with you your he his her just only
    """,
    "es": """
        a al algo alguna alguno ante antes aunque cada como cómo con contra cual cuál cuando cuándo cuánta
        cuántas cuánto cuántos de del desde donde dónde el él ella ellas ellos en entre era es esa ese eso
        esta está estaba están estas este esto estos fue ha había hace hacen hacer hacia hasta hay he la las
        le les lo los más me mi mis muy nada ni no nos o otra otro para pero por porque puede pueden puedo
        que qué quiero quién se sea ser si sí sin sobre son su sus también tan tener tengo tiene todo todos
        tu un una unas uno unos y ya yo
    """,
    "fr": """
        a à afin ai au aussi autre aux avec avoir c ça car ce cela ces cet cette chez chaque comme comment d
        dans de depuis des donc du elle elles en entre es est et étaient était être eu fait font il ils j je
        l la le les leur leurs lui m ma mais me même mes moi mon n ne nos notre nous on ont ou où par pas
        peut peux plus pour pourquoi puis qu quand que quel quelle quelles quels qui quoi s sa sans se ses si
        son sont sous sur t ta te tes toi ton tous tout toute très tu un une veux voudrais vos votre vous y
    """,
    "de": """
        aber alle allen alles als also am an andere auch auf aus bei bekomme bekommt bin bis bitte da damit
        dann das dass dein dem den denn der des die dies diese diesem diesen dieser doch du durch ein eine
        einem einen einer eines er es etwas euch für gegen geht genau gibt habe haben hat hatte ich ihm ihn
        ihr ihre im in ins ist ja jede jeden jeder kann kein keine können lässt man mein meine meinem meinen
        meiner mich mir mit möchte nach nicht noch nur ob oder ohne sehr sein seine sich sie sind so soll
        über um und uns unser viel vom von vor wann war warum was weiß wenn wer werden wie wieder will wird
        wo woher womit wurde zu zum zur
    """,
    "it": """
        al alla anche che chi ci come con cosa da dal dalla degli dei del della delle di dove e ed è fare gli
        ho i il in la le lo ma mi mia mio nei nel nella non per perché più posso può quale quando quello
        questa questo se si sono su sul sulla tra un una uno voglio
    """,
    "pt": """
        ao aos as até com como da das de do dos e é ela ele em então era essa esse esta este eu foi foto isso
        mais mas me meu minha muito na não nas no nos o os ou para pela pelo por porque posso pode quais qual
        quando que quem quero se sem ser seu sua são também tem um uma você
    """,
    "nl": """
        aan als alle bij dan dat de deze die dit door een en er geen had heb hebben heeft het hij hoe hun ik
        in is je kan kun maar me met mijn naar niet nog of om onder ons ook op over te tot uit van veel voor
        waar waarom wat we wie wordt ze zich zijn zo zonder
    """,
    "sv": """
        att av blir den denna det detta du eller en ett från för han har hon hur i inte jag kan man med min
        mitt mig många när och om på sig ska som så till under vad var varför vi vill är
    """,
    "pl": """
        aby ale bez być co czy dla do gdzie go i ich jak jaki jest kiedy kto który mam mi mnie moje moje
        można na nad nie o od po przez przy się są ta tak te to tym w z za ze żeby
    """,
    "tr": """
        ama bana ben bir bu çok da daha de değil en gibi hangi için ile ise kadar ki mi mı ne neden nasıl o
        olan olarak sonra şu ve veya var ya yok
    """,
    "vi": """
        anh bằng các cách cái cho có của được đã để đến gì khi không là làm lại một này như những nhưng rất
        sao tại thế thì tôi từ trong và về với
    """,
    "id": """
        ada adalah agar akan apa atau bagaimana bisa dalam dan dapat dari dengan di itu ini juga kami kapan
        karena ke mengapa oleh pada saya sebuah seperti sudah tidak untuk yang
    """,
}
_FUNCTION_WORDS: Final = {
    language: frozenset(text.split()) for language, text in _FUNCTION_WORDS_TEXT.items()
}
# Letters that one of these languages has and most others have not; a letter counts as much as a function word.
_LETTERS: Final[Mapping[str, str]] = {
    "es": "ñ¿¡", "fr": "œçèêëîïûù", "de": "äöüß", "pt": "ãõ", "pl": "ąćęłńśźż", "tr": "ğış", "sv": "å",
    "vi": "ăđơưạảấầẩậắằẳặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
}  # fmt: skip

# Function words of Korean, and the words of asking; a word that is one of them says nothing of a task.
_KOREAN_STOP_TEXT: Final = """
    가능하죠 가능한가요 같은 거 거예요 건 건가요 걸 것 것을 게 궁금해요 그 그냥 그대로 그런 기능이 기술이 나 나는
    나요 내 내가 너무 는 다시 대로 더 던데요 되나요 되는 된다는데 될까요 듯 때 때문에 또 로 를 만 만드는 만들
    만들어 만들어져요 만들어요 많은 많이 무슨 무엇 무엇을 뭐 뭐예요 뭔가요 바로 방법 방법이 보고 보여 보여주는
    사실인가요 수 수는 쉽게 신기해요 싶어요 싶은데 아는 아닌 안 알고 알려 알려주는 앱은 앱이 어느 어디 어떤 어떻게
    언제 없나요 없는 없애고 없을까요 와 왜 우리 원리 원리가 원리예요 위해 으로 은 을 의 이 이걸 이런 이렇게 인가요
    있게 있고 있나요 있는 있어요 있을까요 자동으로 작동하나요 잘 저 저는 저희 정말 제 제가 좀 좋겠어요 주나요 주는
    주던데 주던데요 줄 줄까요 지 지금 처럼 프로그램은 하게 하고 하나만 하나요 하는 하던데요 하면 하죠 한 할 할까요
    함께 해 해요 해주는
"""
_KOREAN_STOP: Final = frozenset(_KOREAN_STOP_TEXT.split())
# Particles and endings that a Korean word may carry, the longest first.
_KOREAN_ENDINGS_TEXT: Final = """
    에서는 에서도 으로는 으로도 에게서 이라고 라고 에서 에게 으로 까지 부터 처럼 보다 마다 이나 에는 에도 들이 들을
    들은 들의 만의 이랑 하고 한테 께서 은 는 이 가 을 를 에 의 와 과 도 만 로 나 랑 들 요
"""
_KOREAN_ENDINGS: Final = sorted(_KOREAN_ENDINGS_TEXT.split(), key=len, reverse=True)
_LEAST_KOREAN: Final = 2
# Han characters that say nothing of a task, in Chinese or in Japanese.
_HAN_STOP: Final = frozenset(
    "的了是在我你您他她它们这那哪有和与就也都不没很吗呢吧啊呀怎么什能可以会个一两几把被给让用里上下来着过得地又再还但而所为何"
    "如要想对从到自己时候后前些样做现说私僕何方様事物者教知仕組使欲年"
)
# Hiragana that is grammar: it is cut out before the rest is compared.
_KANA_GRAMMAR_TEXT: Final = """
    のでしょうか でしょうか でしょう のですか ですか ません ましたか ました ますか ます です だそうです そうですが
    してくれる してほしい してくれ てくれる てくれ くれる くれ してしまい てしまい しまい している ていて ている てある
    られて られる られた られ される されて された させたら させる させて させた して した する しない たい
    たいのですが のですが ですが のは には では とは から まで より だけ でも とか という といった ような ように
    どうやって どうして どうすれば どうする どうなって どう なぜ なに どんな どこ どの いくら いつ だれ この その あの
    これ それ あれ ここ そこ もの こと ため とき ところ いい よい ください ありますか あります ありません ある あった
    いますか いる いた いて できますか できる できた でき なる なった なって ない なく なら ならば けど けれど しか
    ほど など さえ いう いって について によって による として とても もっと すぐ また まだ もう ずっと みたい らしい
    かな のに ので んです が を に は へ と で も の や か ね よ な
"""
# the longest first, so that nothing is left of `でしょうか`
_KANA_GRAMMAR: Final = lazy_regex(
    "|".join(sorted(_KANA_GRAMMAR_TEXT.split(), key=len, reverse=True))
)
_RUN: Final = lazy_regex(
    r"(?P<hangul>[\uac00-\ud7a3\u3131-\u318e]++)|(?P<han>[\u3400-\u9fff\uf900-\ufaff々]++)|(?P<katakana>[\u30a1-\u30fa\u30fc]++)|(?P<hiragana>[\u3041-\u3096]++)"
)
_UNSPACED: Final = lazy_regex(
    r"[\u3041-\u30fc\u3400-\u9fff\uf900-\ufaff\uac00-\ud7a3\u3131-\u318e々]"
)
_FOREIGN_WORD: Final = lazy_regex(r"[^\W\d_]++")
# The name of the Snowball stemmer of a language.
_STEMMERS: Final[Mapping[str, str]] = {
    "es": "spanish", "fr": "french", "de": "german", "it": "italian", "pt": "portuguese", "nl": "dutch",
    "sv": "swedish", "tr": "turkish", "ru": "russian", "id": "indonesian", "ar": "arabic", "el": "greek",
}  # fmt: skip
# Compound words of these languages are looked up by their parts, too.
_COMPOUNDING: Final = frozenset({"de", "nl", "sv"})
_LEAST_PART: Final = 4
# A single letter says nothing.
_SHORTEST_FOREIGN: Final = 2


def language_of(text: str) -> str:
    """Return the code of the language of a question; `UNKNOWN` where nothing speaks for any."""
    read = text[:_READ].casefold()
    return _by_script(read) or _by_words(read)


def _by_script(text: str) -> str:
    """The language of a text that is not in Latin letters; empty for one that is."""
    letters = list(filter(str.isalpha, text))
    scripts = Counter(unicodedata.name(letter, "").partition(" ")[0] for letter in letters)
    languages = Counter({"": 0})
    for script, language in _SCRIPTS.items():
        languages[language] += scripts[script]
    han = languages["zh"]
    if languages["ja"] > _KANA_PART * han and languages["ja"]:
        languages["ja"] += han
        languages["zh"] = 0
    language, frequency = languages.most_common(1)[0]
    if frequency > _SCRIPT_PART * len(letters):
        return language
    return ""


def _by_words(text: str) -> str:
    """The language whose function words and letters a text has most of."""
    tokens = _FOREIGN_WORD.findall(text)
    counts = {
        language: sum(token in words for token in tokens) + _letters(text, language)
        for language, words in _FUNCTION_WORDS.items()
    }
    best = max(counts, key=counts.__getitem__)
    # English is the first of them, so that it wins where it is as likely
    return best if counts[best] else UNKNOWN


def _letters(text: str, language: str) -> int:
    return sum(map(text.count, _LETTERS.get(language, "")))


def is_unspaced(word: str) -> bool:
    """Whether a word is of a script that is compared by pairs of characters."""
    # compiling the pattern of so many characters takes 2 ms
    return not word.isascii() and _UNSPACED.search(word) is not None


def is_foreign(term: str) -> bool:
    """Whether a term is one of a language other than English: of `foreign_term`, or of `pieces`."""
    return ":" in term or (not term.isascii() and is_unspaced(term))


@lru_cache(maxsize=100_000)
def pieces(word: str) -> tuple[str, ...]:
    """Return the terms of a run of Korean, Japanese or Chinese, each once."""
    found_terms: dict[str, None] = {}
    for match in _RUN.finditer(word):
        found_terms |= dict.fromkeys(_PIECES[str(match.lastgroup)](match[0]))
    return tuple(found_terms)


def _korean(word: str) -> Iterator[str]:
    if word in _KOREAN_STOP:
        return
    stem = _korean_stem(word)
    if stem in _KOREAN_STOP:
        return
    yield from _pairs(stem) if len(stem) > 1 else (stem,)


def _korean_stem(word: str) -> str:
    """A word without its ending; of two syllables only a particle is taken off that is hardly the end of a noun."""
    if len(word) <= _LEAST_KOREAN:
        return word[:1] + word[1:].rstrip("은는을를에의")
    for ending in _KOREAN_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_KOREAN:
            return word.removesuffix(ending)
    return word


def _han(run: str) -> Iterator[str]:
    for sign in run:
        if sign not in _HAN_STOP:
            yield sign
    for pair in _pairs(run):
        if not _HAN_STOP.issuperset(pair):
            yield pair


def _katakana(run: str) -> Iterator[str]:
    # the long mark is left out as often as not
    word = run.rstrip("ー")
    if word:
        yield word


def _hiragana(run: str) -> Iterator[str]:
    for part in _KANA_GRAMMAR.sub(" ", run).split():
        yield from _pairs(part)


def _pairs(run: str) -> Iterator[str]:
    return map("".join, pairwise(run))


_PIECES: Final = {"hangul": _korean, "han": _han, "katakana": _katakana, "hiragana": _hiragana}


def foreign_term(word: str, language: str) -> str:
    """Return what is compared of a word of a language with spaces: its stem, marked with the language.

    Empty for a function word. Accents are left out, as they often are when people type.
    """
    folded = word.casefold()
    if folded in _FUNCTION_WORDS.get(language, ()) or len(folded) < _SHORTEST_FOREIGN:
        return ""
    stemmer = _stemmer(language)
    stem: str = stemmer.stemWord(folded) if stemmer else folded
    return f"{language}:{without_accents(stem)}"


def without_accents(text: str) -> str:
    """Return a text without the marks above and below its letters."""
    return "".join(filterfalse(unicodedata.combining, unicodedata.normalize("NFKD", text)))


@cache
def _stemmer(language: str) -> Stemmer.Stemmer | None:
    return Stemmer.Stemmer(_STEMMERS[language]) if language in _STEMMERS else None


def parts_of(term: str) -> Iterator[str]:
    """The terms that may be the beginning or the end of a compound word, the longest first."""
    language, _, stem = term.partition(":")
    if language not in _COMPOUNDING:
        return
    for length in range(len(stem) - 2, _LEAST_PART - 1, -1):
        yield f"{language}:{stem[-length:]}"
        yield f"{language}:{stem[:length]}"
