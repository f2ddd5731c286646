"""What record batches have in common: how rows are read, how findings become a column, how large a batch may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from explainer.columnar.job import JobError
from explainer.findings import Finding
from explainer.report import finding_data

__all__ = ["AT_ONCE", "FINDINGS", "ROWS", "arrow", "chunks", "finding_rows", "read_lines", "refuse_columns"]

ROWS: Final = "<row>"
"""What findings call the row that they are about."""
AT_ONCE: Final = 1024
"""The most rows of a record batch that is made."""
_BYTES: Final = 64 * 1024 * 1024
"""About the most bytes of output of a record batch that is made; Arrow's texts end at 2 GiB."""
FINDINGS: Final = ("code", "severity", "message", "hint", "text", "file")
"""The texts of a finding; beside them stand `line` and `column`."""


def arrow() -> Any:
    """Return pyarrow.

    Raises:
        JobError: when it is not installed.
    """
    try:
        import pyarrow  # noqa: ICN001, PLC0415  # an extra
    except ImportError:
        message = "record batches need the package pyarrow: pip install 'cnaps-explainer[parquet]'"
        raise JobError(message) from None
    return pyarrow


def finding_type() -> Any:
    """Return the Arrow type of the column `findings`."""
    pa = arrow()
    numbers = [("line", pa.int32()), ("column", pa.int32())]
    return pa.list_(pa.struct([*((name, pa.string()) for name in FINDINGS), *numbers]))


def finding_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return findings as values of the column `findings`. One about the row itself has no other place."""
    rows = []
    for finding in findings:
        row = finding_data(finding)
        if finding.location.file == ROWS:
            row |= {"file": None, "line": None, "column": None}
        rows.append(row)
    return rows


def refuse_columns(names: Sequence[str], fault: tuple[str, str] | None, *, ids: Sequence[str]) -> None:
    """Refuse a table that is none of the kind that is wanted.

    Args:
        names: its columns.
        fault: what is wrong with them, and a hint.
        ids: the columns of which one must tell rows apart.

    Raises:
        JobError: says what is wrong with it.
    """
    if fault is not None:
        message = f"{fault[0]}; {fault[1]}"
        raise JobError(message)
    if not set(ids) & set(names):
        message = (
            f"the rows cannot be told apart: give the table a column {' or '.join(map(repr, ids))}"
            "; an engine does not know which row of a table it sees"
        )
        raise JobError(message)


def chunks(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield record batches of at most `AT_ONCE` rows; an empty one stays one."""
    for batch in batches:
        for begin in range(0, max(batch.num_rows, 1), AT_ONCE):
            yield batch.slice(begin, AT_ONCE)


def within_bytes(sizes: Sequence[int]) -> Iterator[slice]:
    """Yield slices of rows whose sizes add up to about 64 MiB at most; at least one slice."""
    begin = size = 0
    for at, own in enumerate(sizes):
        if at > begin and size + own > _BYTES:
            yield slice(begin, at)
            begin, size = at, 0
        size += own
    yield slice(begin, len(sizes))


def read_lines(lines: Sequence[bytes | None], schema: Any) -> Any:
    """Return lines of JSON as a table; None becomes a row of nulls. Keys that the schema does not name are left out."""
    pa = arrow()
    import pyarrow.json  # noqa: F401, PLC0415  # registers itself in `pa`

    data = b"\n".join([b"{}" if line is None else line for line in lines])
    if not lines:
        return schema.empty_table()
    table = pa.json.read_json(
        pa.BufferReader(data),
        read_options=pa.json.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
    )
    return table.select(schema.names)
