"""Questions in Parquet → prompts → answers of an LLM → verdicts in Parquet, on Ray.

    python examples/ray_to_inference.py QUESTIONS OUT --url http://127.0.0.1:8000/v1/chat/completions --model NAME
    python examples/ray_to_inference.py QUESTIONS requests.jsonl --model NAME

With --url, prompts go to any server that speaks OpenAI's protocol (vLLM's, say), through Ray Data's own requests (`pip
install aiohttp`), and answers are checked: OUT/prompts, OUT/answers and OUT/verdicts are Parquet. Without it, OUT is
the file that `vllm run-batch -i OUT -o answers.jsonl --model NAME` takes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import ray
from ray.data.expressions import col

from explainer.engines import Job, make_job
from explainer.engines.ray import check, render


def requests(questions: ray.data.Dataset, job: Job, out: Path) -> None:
    """Write a request a line."""
    lines = render(questions, job).select_columns(["line"])
    with out.open("w", encoding="utf-8") as stream:
        for row in lines.iter_rows():
            if row["line"] is not None:  # a question with mistakes has findings instead
                stream.write(row["line"] + "\n")


def answers(questions: ray.data.Dataset, job: Job, out: Path, url: str, model: str) -> None:
    """Ask, and check what is answered: three steps, each of which can be done again without the one before."""
    from ray.data.llm import HttpRequestProcessorConfig, build_processor  # noqa: PLC0415  # needs aiohttp

    def request(row: dict[str, Any]) -> dict[str, Any]:
        return {"payload": {"model": model, "messages": list(row["messages"])}}

    def answer(row: dict[str, Any]) -> dict[str, Any]:
        prompt = "".join(message["content"] for message in row["messages"])
        text = row["http_response"]["choices"][0]["message"]["content"]
        return {"id": row["id"], "prompt": prompt, "answer": text}

    prompts, answered, verdicts = (str(out / step) for step in ("prompts", "answers", "verdicts"))
    render(questions, job).write_parquet(prompts)
    ask = build_processor(HttpRequestProcessorConfig(url=url, concurrency=1), request, answer)
    good = ray.data.read_parquet(prompts).filter(expr=col("messages").is_not_null())
    ask(good.select_columns(["id", "messages"])).write_parquet(answered)
    check(ray.data.read_parquet(answered), job).write_parquet(verdicts)


def main() -> None:
    """Read the options, and do one of the two."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("questions")
    parser.add_argument("out", type=Path)
    parser.add_argument("--catalog", action="append", default=[])
    parser.add_argument("--url")
    parser.add_argument("--model", required=True)
    options = parser.parse_args()
    output_format = "messages" if options.url else "openai-batch"
    job = make_job(options.catalog, output_format=output_format, model=options.model).unwrap()
    questions = ray.data.read_parquet(options.questions)
    if options.url:
        answers(questions, job, options.out, options.url, options.model)
    else:
        requests(questions, job, options.out)


if __name__ == "__main__":
    main()
