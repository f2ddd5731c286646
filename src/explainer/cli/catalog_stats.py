"""`explainer catalog stats`: counts by task, by signature and by what entries lack."""

from __future__ import annotations

import json

from explainer.cli.app import new_app
from explainer.cli.catalog import FormatOption, open_library
from explainer.cli.options import CatalogOption, FindingsOption
from explainer.cli.output import write_stdout
from explainer.curating.stats import count, stats_data, stats_text
from explainer.text import printable

app = new_app()


@app.command("stats")
def stats(
    catalog: CatalogOption = None, output_format: FormatOption = "text", findings: FindingsOption = "text"
) -> None:
    """Count the entries of the catalogs: by task, by signature, and by what they lack."""
    library = open_library(catalog, findings)
    counted = count(library.models, library.papers)
    if output_format == "json":
        write_stdout(json.dumps(stats_data(counted), ensure_ascii=False, indent=2) + "\n")
        return
    write_stdout("".join(f"{printable(line)}\n" for line in stats_text(counted).splitlines()))
