"""The catalogs and questions that ship: no findings, own examples, known tasks, and links with a source."""

from __future__ import annotations

import itertools
import json
import os
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from explainer import project as api
from explainer.recommending.recommend import Recommender
from tests.helpers.support import SLOW, explainer, slow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explainer.catalogs.library import Library
    from explainer.catalogs.schema import Entry, ModelEntry, PaperEntry, Task

ROOT = Path(__file__).resolve().parent.parent
PLATFORM_TASKS = 21
ARXIV_ID = re.compile(r"arxiv\.org/[a-z]+/(\d{4}\.\d{4,5})")
RUN = 8
"""Words in a row that no summary of a paper may share with an abstract."""
URL_KEYS = ("paper", "github", "huggingface")
SAME_MODEL = {
    "Grounding DINO": (
        "Grounding DINO: Marrying DINO with Grounded Pre-Training for Open-Set Object Detection"
    ),
}
"""Names that the sources give to a model which they list twice."""


def shared(*parts: str) -> Path:
    """A file of the data that catalogs are checked against; the test is skipped where it is missing."""
    path = Path(os.environ.get("EXPLAINER_SHARED", ROOT.parent / "shared")).joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(parts)} is not here")
    return path


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()
    ]


@cache
def library() -> Library:
    return api.load_catalogs(ROOT / "catalogs").unwrap()


def models() -> list[ModelEntry]:
    entries = (entry for loaded in library().catalogs for entry in loaded.catalog.models)
    return list({entry.name: entry for entry in entries}.values())


def papers() -> list[PaperEntry]:
    return [entry for loaded in library().catalogs for entry in loaded.catalog.papers]


def papers_of(file: str) -> list[PaperEntry]:
    loaded = api.load_catalogs(ROOT / "catalogs" / file).unwrap()
    return [entry for catalog in loaded.catalogs for entry in catalog.catalog.papers]


def tasks() -> list[Task]:
    return [task for loaded in library().catalogs for task in loaded.catalog.tasks]


def question_files() -> list[Path]:
    return sorted((ROOT / "questions").glob("*.yaml"))


def words(text: str) -> tuple[str, ...]:
    """The words of an example without case, numbers, punctuation and the names of models."""
    text = names_of_models().sub(" ", text.casefold())
    return tuple(re.findall(r"[^\W_]+", re.sub(r"\d+(?:\.\d+)?[x×]?", " ", text)))


@cache
def names_of_models() -> re.Pattern[str]:
    names = {name.casefold() for entry in models() for name in (entry.name, *entry.aliases)}
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b")


def links(entry: Entry) -> Iterator[str]:
    yield from (url for key in URL_KEYS if (url := getattr(entry, key)) is not None)
    yield from entry.links


def plain(url: str) -> str:
    """A link without scheme, case, query, fragment and version, and of a repository only its address."""
    url = re.sub(r"[?#].*$", "", url).casefold().rstrip("/")
    url = re.sub(r"^https?://(?:www\.)?", "", url)
    url = re.sub(
        r"arxiv\.org/(?:abs|pdf)/(\d{4}\.\d{4,5})(?:v\d+)?(?:\.pdf)?$", r"arxiv.org/abs/\1", url
    )
    return re.sub(r"^(github\.com/[^/]+/[^/]+?)(?:\.git|/(?:blob|tree)/.*)?$", r"\1", url)


def test_every_catalog_is_read_without_a_finding() -> None:
    assert api.load_catalogs(ROOT / "catalogs").findings == ()


def test_every_question_is_read_and_those_that_name_entries_build_a_prompt() -> None:
    for path in question_files():
        loaded = api.load_question(path)
        assert loaded.findings == (), path
        if loaded.unwrap().question.models is not None:
            assert api.build_prompt(loaded, library()).findings == (), path


def test_half_of_the_questions_leave_the_entries_to_be_recommended() -> None:
    questions = [api.load_question(path).unwrap().question for path in question_files()]
    open_ones = [
        question for question in questions if question.models is None and question.papers is None
    ]
    assert len(questions) >= 30
    assert len(open_ones) * 2 >= len(questions)


def test_every_file_tells_editors_its_schema() -> None:
    for folder, schema in (("catalogs", "catalog"), ("questions", "question")):
        for path in sorted((ROOT / folder).glob("*.yaml")):
            first = path.read_text(encoding="utf-8").splitlines()[0]
            assert first == f"# yaml-language-server: $schema=../schemas/{schema}.schema.json", path


def test_every_model_has_a_summary_and_at_least_three_examples() -> None:
    for entry in models():
        assert entry.summary, entry.name
        assert len(entry.examples) >= 3, entry.name


LEAST_SUMMARY = 250
"""Characters of a summary from which an explanation can be written; a prompt gives no other text about an entry."""


def test_every_entry_says_enough_for_an_explanation() -> None:
    entries = (*models(), *papers())
    short = {
        entry.label: len(entry.summary or "")
        for entry in entries
        if len(entry.summary or "") < LEAST_SUMMARY
    }
    assert short == {}


def test_every_model_says_what_goes_in_and_comes_out() -> None:
    assert [entry.name for entry in models() if not entry.signature] == []


def test_no_two_entries_share_an_example_once_names_and_numbers_are_removed() -> None:
    counted = Counter(
        example for entry in models() for example in {words(text) for text in entry.examples}
    )
    assert [example for example, times in counted.items() if times > 1] == []


def test_no_two_examples_are_nearly_the_same() -> None:
    bags = [
        (entry.name, text, frozenset(words(text))) for entry in models() for text in entry.examples
    ]
    alike = [
        (text, other_text)
        for (name, text, bag), (other, other_text, other_bag) in itertools.combinations(bags, 2)
        if name != other and len(bag & other_bag) > 0.6 * len(bag | other_bag)
    ]
    assert alike == []


def test_no_question_file_repeats_an_example() -> None:
    asked = {words(api.load_question(path).unwrap().question.question) for path in question_files()}
    assert asked.isdisjoint(words(text) for entry in models() for text in entry.examples)


def test_every_task_of_an_entry_is_known_and_every_entry_has_one() -> None:
    ids = {task.id for task in tasks()}
    assert [entry.name for entry in models() if entry.task not in ids] == []
    assert [
        entry.title for entry in papers() if entry.task is not None and entry.task not in ids
    ] == []


def test_no_word_leads_to_two_tasks() -> None:
    owners: dict[str, set[str]] = {}
    for task in tasks():
        for word in (task.id, *task.aliases):
            owners.setdefault(word.casefold(), set()).add(task.id)
    assert {word: sorted(ids) for word, ids in owners.items() if len(ids) > 1} == {}


def test_a_name_or_an_alias_means_one_model() -> None:
    for entry in models():
        for name in (entry.name, *entry.aliases):
            assert library().models.find(name) == [entry], name


def test_there_are_papers_for_every_task_of_the_platform() -> None:
    entries = papers()
    counted = Counter(entry.task for entry in entries)
    assert len(entries) >= 900
    assert [task.id for task in tasks()[:PLATFORM_TASKS] if counted[task.id] < 5] == []


def test_every_paper_of_a_model_is_among_the_papers_with_the_same_link() -> None:
    known = {url for entry in papers() for url in (entry.paper, *entry.links)}
    assert [entry.name for entry in models() if entry.paper and entry.paper not in known] == []


def test_no_paper_stands_twice() -> None:
    titles = Counter(re.sub(r"\W", "", entry.title.casefold()) for entry in papers())
    numbers = Counter(
        found[1] for entry in papers() if (found := ARXIV_ID.search(entry.paper or ""))
    )
    assert [title for title, times in titles.items() if times > 1] == []
    assert [number for number, times in numbers.items() if times > 1] == []


def test_the_year_of_an_arxiv_paper_is_that_of_its_number() -> None:
    for entry in papers():
        if entry.year and entry.paper and (found := ARXIV_ID.search(entry.paper)):
            assert entry.year == 2000 + int(found[1][:2]), entry.title


def test_links_stand_in_their_own_field_and_carry_no_tail() -> None:
    for entry in (*models(), *papers()):
        assert entry.github is None or entry.github.startswith("https://github.com/"), entry.label
        assert entry.huggingface is None or entry.huggingface.startswith("https://huggingface.co/")
        for url in links(entry):
            assert not re.search(r"[?&](?:tab|utm_\w+)=|github\.com/[^?]*[?#]", url), url


def test_every_model_of_the_public_lists_is_there() -> None:
    listed = {row["name"].strip() for row in json_lines(shared("corpus", "models.jsonl"))}
    names = {entry.name for entry in models()}
    assert {SAME_MODEL.get(name, name) for name in listed} == names
    assert all(library().models.find(name) for name in listed)


OF_ARCHITECTURES = {
    "Classification-HuggingFace-NTQAI-pedestrian_gender_recognition": "https://github.com/microsoft/unilm",
    "ObjDet-HuggingFace-hustvl-yolos-small": "https://github.com/hustvl/YOLOS",
    "Segmentation-HuggingFace-jonathandinu-face-parsing": "https://github.com/NVlabs/SegFormer",
    "Segmentation-HuggingFace-nvidia-segformer-b3-finetuned-ade-512-512": "https://github.com/NVlabs/SegFormer",
    "Txt2Img-HuggingFace-prompthero-openjourney-v4": "https://arxiv.org/pdf/2112.10752",
    "Txt2Voice-HuggingFace-espnet-fastspeech2_conformer_with_hifigan": "https://github.com/espnet/espnet",
    "Txt2Voice-HuggingFace-suno-bark": "https://github.com/suno-ai/bark",
}
"""Links of models for which the lists have weights only: those of their architectures, by Hugging Face Transformers."""


def test_every_model_has_a_link_that_is_printed() -> None:
    assert [entry.name for entry in models() if not (entry.paper or entry.github)] == []


def test_every_link_of_a_model_comes_from_its_own_row_or_from_a_row_with_the_same_paper() -> None:
    rows = json_lines(shared("corpus", "models.jsonl"))
    own: dict[str, list[dict[str, Any]]] = {}
    by_paper: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        own.setdefault(SAME_MODEL.get(row["name"].strip(), row["name"].strip()), []).append(row)
        by_paper.setdefault(row["paper"], []).append(row)
    for entry in models():
        siblings = [
            sibling for row in own[entry.name] if row["paper"] for sibling in by_paper[row["paper"]]
        ]
        known = {
            plain(row[key]) for row in (*own[entry.name], *siblings) for key in URL_KEYS if row[key]
        }
        known.add(plain(OF_ARCHITECTURES.get(entry.name, "")))
        assert [url for url in links(entry) if plain(url) not in known] == [], entry.name


TITLES_OF_MODELS = {
    "1910.13461": "BART: Denoising Sequence-to-Sequence Pre-training for Natural Language Generation, Translation, and Comprehension",
    "2003.07018": "Closed-Loop Matters: Dual Regression Networks for Single Image Super-Resolution",
    "1512.03385": "Deep Residual Learning for Image Recognition",
    "2501.12948": "DeepSeek-R1: Incentivizing Reasoning Capability in LLMs via Reinforcement Learning",
    "2303.01681": "Dense Pixel-to-Pixel Harmonization via Continuous Image Representation",
    "2406.09414": "Depth Anything V2",
    "2410.02073": "Depth Pro: Sharp Monocular Metric Depth in Less Than a Second",
    "https://menghanxia.github.io/projects/disco/disco_main.pdf": (
        "Disentangled Image Colorization via Global Anchors"
    ),
    "2005.12872": "End-to-End Object Detection with Transformers",
    "1912.11463": "FHDR: HDR Image Reconstruction from a Single LDR Image using Feedback Network",
    "1803.08664": "Fast, Accurate, and Lightweight Super-Resolution with Cascading Residual Network",
    "2311.08526": "GLiNER: Generalist Model for Named Entity Recognition using Bidirectional Transformer",
    "2112.10752": "High-Resolution Image Synthesis with Latent Diffusion Models",
    "2108.09760": "Image Inpainting via Conditional Texture and Structure Dual Generation",
    "1807.02758": "Image Super-Resolution Using Very Deep Residual Channel Attention Networks",
    "2310.00390": "InstructCV: Instruction-Tuned Text-to-Image Diffusion Models as Vision Generalists",
    "2211.09800": "InstructPix2Pix: Learning to Follow Image Editing Instructions",
    "https://www.ecva.net/papers/eccv_2020/papers_ECCV/papers/123670273.pdf": (
        "LatticeNet: Towards Lightweight Image Super-resolution with Lattice Block"
    ),
    "1909.11856": "Lightweight Image Super-Resolution with Information Multi-distillation Network",
    "https://ipl.dgist.ac.kr/LTE_cvpr.pdf": (
        "Local Texture Estimator for Implicit Representation Function"
    ),
    "2203.06304": "MISF: Multi-level Interactive Siamese Filtering for High-Fidelity Image Inpainting",
    "https://cg.postech.ac.kr/Research/MSSNet/MSSNet.pdf": (
        "MSSNet: Multi-Scale-Stage Network for Single Image Deblurring"
    ),
    "1812.08008": "OpenPose: Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields",
    "2107.06278": "Per-Pixel Classification is Not All You Need for Semantic Segmentation",
    "2306.03514": "Recognize Anything: A Strong Image Tagging Model",
    "https://proceedings.neurips.cc/paper_files/paper/2023/file/2ac2eac5098dba08208807b65c5851cc-Paper-Conference.pdf": (
        "ResShift: Efficient Diffusion Model for Image Super-resolution by Residual Shifting"
    ),
    "https://openaccess.thecvf.com/content/ICCV2021/papers/Cho_Rethinking_Coarse-To-Fine_Approach_in_Single_Image_Deblurring_ICCV_2021_paper.pdf": (
        "Rethinking Coarse-to-Fine Approach in Single Image Deblurring"
    ),
    "2201.11279": "Revisiting RCAN: Improved Training for Image Super-Resolution",
    "https://people.engr.tamu.edu/nimak/Papers/SIGGRAPH2020_HDR/files/SIGGRAPH2020Final.pdf": (
        "Single Image HDR Reconstruction Using a CNN with Masked Features and Perceptual Loss"
    ),
    "2008.08767": "Single Image Super-Resolution via a Holistic Attention Network",
    "2412.01506": "Structured 3D Latents for Scalable and Versatile 3D Generation",
    "2209.11345": "Swin2SR: SwinV2 Transformer for Compressed Image Super-Resolution and Restoration",
    "2102.03334": "ViLT: Vision-and-Language Transformer Without Convolution or Region Supervision",
}
"""Papers of models by their arXiv number or link: the list of models has the links, their repositories the titles."""


def test_every_paper_comes_from_a_named_source_with_its_title_and_links() -> None:
    files = ("papers.jsonl", "arxiv_papers.jsonl")
    rows = [row for name in files for row in json_lines(shared("corpus", name))]
    pairs = {(row["title"], plain(row["paper"])) for row in rows}
    code = {plain(row["github"]) for row in rows if row["github"]}
    of_models = json_lines(shared("corpus", "models.jsonl"))
    papers_of_models = {plain(row["paper"]) for row in of_models if row["paper"]}
    for place, title in TITLES_OF_MODELS.items():
        link = place if place.startswith("https:") else f"https://arxiv.org/abs/{place}"
        assert plain(link) in papers_of_models, link
        pairs.add((title, plain(link)))
    pairs |= {(row["name"], plain(row["paper"] or "")) for row in of_models}
    code |= {plain(row["github"] or "") for row in of_models} | papers_of_models
    for row in json_lines(shared("openmmlab", "collections.jsonl")):
        pairs.add((row["paper_title"], plain(row["paper_url"])))
        code |= {plain(url) for url in row["code_urls"]}
    for row in json_lines(shared("papers", "abstracts.jsonl")):
        pairs.add((" ".join(row["title"].split()), plain(row["link"])))
        code.add(plain(row["github"] or ""))
    for entry in papers():
        assert (entry.title, plain(entry.paper or "")) in pairs, entry.title
        others = [url for url in links(entry) if url != entry.paper]
        assert [url for url in others if plain(url) not in code] == [], entry.title


CODE_OF_OTHERS = {
    "Densely Connected Convolutional Networks",
    "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
    "Flamingo: a Visual Language Model for Few-Shot Learning",
    "Learning Transferable Visual Models From Natural Language Supervision",
    "Searching for MobileNetV3",
}
"""Papers for which the sources know a place inside somebody else's repository only."""


def test_code_that_the_sources_know_is_carried() -> None:
    rows = [
        row
        for name in ("papers.jsonl", "arxiv_papers.jsonl")
        for row in json_lines(shared("corpus", name))
    ]
    known = {(row["title"], row["github"]) for row in rows if row["github"]}
    known |= {
        (row["paper_title"], url)
        for row in json_lines(shared("openmmlab", "collections.jsonl"))
        for url in row["code_urls"]
    }
    on_github = {title for title, url in known if url.startswith("https://github.com/")}
    without = {entry.title for entry in papers() if entry.github is None}
    assert without & on_github == CODE_OF_OTHERS


def test_the_lint_has_nothing_to_say() -> None:
    outcome = explainer("catalog", "lint", ROOT / "catalogs", "--strict")
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "4 catalogs: no issues found\n")


def test_no_sentence_of_the_lists_was_copied() -> None:
    def sentences(text: str) -> set[str]:
        parts = re.split(r"(?<=[.!?])\s+", " ".join(text.casefold().split()))
        return {part for part in parts if len(part.split()) > 4}

    rows = json_lines(shared("corpus", "models.jsonl"))
    theirs = {sentence for row in rows for sentence in sentences(row["summary"] or "")}
    assert [entry.name for entry in models() if sentences(entry.summary or "") & theirs] == []


def _runs(text: str) -> set[tuple[str, ...]]:
    found = re.findall(r"[^\W_]+", text.casefold())
    return {tuple(found[at : at + RUN]) for at in range(len(found) - RUN + 1)}


def test_no_summary_repeats_eight_words_of_an_abstract() -> None:
    """The papers of `seeds.yaml` are those of the documents that define the layout, abstracts and all."""
    entries = (*models(), *papers_of("papers.yaml"))
    ours = {entry.label: _runs(entry.summary or "") for entry in entries}
    every = set().union(*ours.values())
    theirs: set[tuple[str, ...]] = set()
    sources = {("papers", "abstracts.jsonl"): "abstract", ("corpus", "papers.jsonl"): "summary"}
    for file, key in {**sources, ("corpus", "models.jsonl"): "summary"}.items():
        for row in json_lines(shared(*file)):
            theirs |= _runs(row[key] or "") & every
    assert {title: sorted(runs & theirs) for title, runs in ours.items() if runs & theirs} == {}


def _figures(labels: Path) -> dict[str, float]:
    outcome = explainer(
        "catalog", "eval", labels, "--catalog", ROOT / "catalogs", "--format", "json"
    )
    return {
        name: figure["mean"]
        for name, figure in json.loads(outcome.out)["evaluations"][0]["metrics"].items()
    }


def test_blunt_questions_find_their_models() -> None:
    figures = _figures(ROOT / "tests" / "data" / "blunt_questions.jsonl")
    assert (figures["hit@1"] > 0.5, figures["hit@5"] > 0.8, figures["same task@1"] > 0.85) == (
        True,
        True,
        True,
    )


@slow
def test_four_lay_questions_on_each_task_find_models_and_papers_of_it() -> None:
    figures = _figures(ROOT / "tests" / "data" / "task_questions.jsonl")
    assert (figures["same task@1"] > 0.75, figures["papers of the task"] > 0.8) == (True, True)


def test_long_questions_find_their_models() -> None:
    figures = _figures(shared("corpus", "questions_dev.jsonl"))
    assert (figures["hit@1"] > 0.35, figures["hit@5"] > 0.6, figures["same task@1"] > 0.7) == (
        True,
        True,
        True,
    )


def test_open_questions_are_offered_papers_of_the_task_of_their_model() -> None:
    recommender = Recommender(library())
    open_ones = {path.stem: api.load_question(path).unwrap().question for path in question_files()}
    strays: dict[str, list[str]] = {}
    for stem, question in open_ones.items():
        if question.models is not None:
            continue
        choice = recommender.recommend(question.question, models=1, papers=3)
        (model,) = (recommended.entry for recommended in choice.models)
        offered = [recommended.entry for recommended in choice.papers]
        assert len(offered) == 3, stem
        strays[stem] = [
            paper.title
            for paper in offered
            if paper.task != model.task and paper.paper != model.paper
        ]
    assert [titles for titles in strays.values() if titles] == []


@pytest.mark.parametrize("path", question_files()[:: 1 if SLOW else 6], ids=lambda path: path.stem)
def test_the_typed_answer_to_a_question_that_ships_states_nothing_doubtful(path: Path) -> None:
    project = api.Project()
    skeleton = project.build(path, as_="answer", template="typed").text
    assert project.check(skeleton, path).faults == ()
