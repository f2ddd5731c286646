"""A new project: what its files are called and what stands in them. Everything in it builds, offline, as it is."""

from __future__ import annotations

import json
from typing import Final

from explainer.catalogs.schema import Catalog, Question, json_schema

_CATALOG: Final = """\
# yaml-language-server: $schema=../schemas/catalog.schema.json
# The models and papers that answers may cite. Add your own below, or import a list:
#   explainer catalog import LIST.csv -o catalogs/list.yaml
models:
  - name: resnet-50
    aliases: [ResNet-50]
    signature: Img2Txt
    task: image-classification
    dataset: ImageNet-1k
    paper: https://arxiv.org/abs/1512.03385
    huggingface: https://huggingface.co/microsoft/resnet-50
    summary: >-
      Names the main thing in a photo out of a thousand everyday kinds. Shortcuts between its 50 layers let it be deep
      and still learn.
    examples:
      - My phone sorts holiday photos into dogs, boats and food by itself. How does it know which is which?
      - I took a picture of an unknown bird at the feeder. What tells a program that it is a finch?
      - Which kind of thing is in this snapshot, in one word?

  - name: whisper-large-v3
    aliases: [Whisper large-v3]
    signature: Snd2Txt
    task: speech-recognition
    paper: https://arxiv.org/abs/2212.04356
    github: https://github.com/openai/whisper
    huggingface: https://huggingface.co/openai/whisper-large-v3
    summary: >-
      Writes down what is said in a recording, in about a hundred languages, with punctuation. It was trained on a very
      large amount of audio from the web, so that accents and noise do it little harm.
    examples:
      - I recorded my grandmother's stories on tape. How does a program turn her voice into written pages?
      - The meeting was loud and two of us have an accent, yet the minutes were right. How is that done?
      - Subtitles appeared under the lecture video by themselves, who typed them?

papers:
  - title: Deep Residual Learning for Image Recognition
    task: image-classification
    year: 2015
    paper: https://arxiv.org/abs/1512.03385
    github: https://github.com/KaimingHe/deep-residual-networks

  - title: Robust Speech Recognition via Large-Scale Weak Supervision
    task: speech-recognition
    year: 2022
    paper: https://arxiv.org/abs/2212.04356
    github: https://github.com/openai/whisper

tasks:
  - id: image-classification
    description: Say what a picture shows, as one of a fixed list of kinds.
    aliases: [image classification, what is in this photo]

  - id: speech-recognition
    description: Write down what is said in a recording.
    aliases: [speech recognition, speech to text, transcription]
"""

_QUESTION: Final = """\
# yaml-language-server: $schema=../schemas/question.schema.json
question: >-
  I photographed a bird at the feeder and the app said “goldfinch” before I had put the phone down. How does it know?
models:
  - resnet-50
papers:
  - Deep Residual Learning for Image Recognition
"""

_OPEN_QUESTION: Final = """\
# yaml-language-server: $schema=../schemas/question.schema.json
# Without models and papers: they are recommended from the catalogs. To keep the choice: explainer build FILE --pin
question: >-
  The meeting was loud, two of us mumbled, and yet the recording came back as clean written minutes. How?
"""

_WORKFLOW: Final = """\
name: explainer
on: [push, pull_request]
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install cnaps-explainer
      - run: explainer validate --format github
      - run: explainer catalog lint --strict --format github
"""

_PRE_COMMIT: Final = """\
repos:
  - repo: local
    hooks:
      - id: explainer-validate
        name: explainer validate
        entry: explainer validate
        language: python
        additional_dependencies: [cnaps-explainer]
        pass_filenames: false
        files: ^(catalogs|questions|templates)/
"""

_README: Final = """\
# Questions and the sources that may answer them

- `catalogs/`: the AI models and papers that answers may cite.
- `questions/`: what people asked, a file each.
- `schemas/`: for completion and checks in your editor.

```sh
explainer build questions/*.yaml                                # the prompts
explainer build questions/bird-at-the-feeder.yaml --as answer   # the skeleton of an answer
explainer validate                                              # everything at once, as CI does
explainer catalog lint                                          # what could be better in the catalogs
```
"""


def project_files() -> dict[str, str]:
    """Return the files of a new project: relative path → text."""
    return {
        "catalogs/catalog.yaml": _CATALOG,
        "questions/bird-at-the-feeder.yaml": _QUESTION,
        "questions/loud-meeting.yaml": _OPEN_QUESTION,
        "schemas/catalog.schema.json": _schema_text(Catalog),
        "schemas/question.schema.json": _schema_text(Question),
        ".github/workflows/explainer.yml": _WORKFLOW,
        ".pre-commit-config.yaml": _PRE_COMMIT,
        "README.md": _README,
    }


def _schema_text(model: type[Catalog | Question]) -> str:
    return json.dumps(json_schema(model), ensure_ascii=False, indent=2) + "\n"
