"""Makes the vectors of the shipped models and tasks anew: `catalogs/vectors.bin`, for the extra `semantic`.

Run it after texts of the catalogs changed: what is not in the file is embedded when it is first asked about, which takes
20 ms of a core each.
"""

from __future__ import annotations

from benchmarks.recommend import shipped_cases

from explainer.files import builtin_folder
from explainer.recommending.ranking import Ranking
from explainer.recommending.recommend import Recommender, current
from explainer.recommending.semantic import (
    SHIPPED_FILE,
    SHIPPED_MODEL,
    Embedder,
    pack_vectors,
    texts_of,
    wheel_files,
)


def main() -> None:
    """Embed all texts, and write the file."""
    embedder = Embedder(*wheel_files())
    library = shipped_cases()[0].library
    ranking = Ranking(current(library.models), Recommender(library).taxonomy)
    texts = list(texts_of(ranking))
    vectors = dict(zip(texts, embedder.embed(texts), strict=True))
    path = builtin_folder("catalogs") / SHIPPED_FILE
    path.write_bytes(pack_vectors(vectors))
    print(f"{len(vectors)} vectors in {path}")
    if embedder.id != SHIPPED_MODEL:
        print(f"write into semantic.py: SHIPPED_MODEL = {embedder.id!r}")


if __name__ == "__main__":
    main()
