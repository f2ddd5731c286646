from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from explainer.catalogs import loading
from explainer.catalogs.library import Library
from explainer.catalogs.loading import load_catalog
from tests.helpers.support import write_tree

TEXT = "papers:\n" + "".join(f"  - {{title: T{n}, summary: 'S{n}'}}\n" for n in range(3000))


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    return write_tree(tmp_path, {"c.yaml": TEXT}) / "c.yaml"


def files() -> list[Path]:
    return sorted(Path(os.environ["XDG_CACHE_HOME"]).glob("explainer/*"))


def test_a_cached_catalog_is_the_catalog(catalog: Path) -> None:
    first, second = load_catalog(catalog, rank=2), load_catalog(catalog, rank=2)
    assert len(files()) == 1
    assert first == second
    assert first.value is not None
    assert len(list(Library([first.value]).papers)) == 3000
    assert files()[0].parent.stat().st_mode & 0o777 == 0o700


def test_the_cache_is_where_the_user_wants_it(
    catalog: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EXPLAINER_CACHE", str(tmp_path / "mine"))
    load_catalog(catalog)
    assert files() == []
    assert len(list((tmp_path / "mine").glob("catalog-*.json"))) == 1


@pytest.mark.parametrize("damage", [b"", b"{}", b"explainer/catalog/1\n", None])
def test_a_damaged_or_deleted_cache_is_no_loss(catalog: Path, damage: bytes | None) -> None:
    first = load_catalog(catalog)
    (file,) = files()
    data = file.read_bytes()
    file.write_bytes(data.replace(b"S7", b"S8") if damage is None else damage)
    assert load_catalog(catalog) == first
    assert file.read_bytes() == data
    file.unlink()
    assert load_catalog(catalog) == first


@pytest.mark.parametrize("body", [
    b'{"papers": [{"title": "\xff"}]}', b'{"\xff": 1}', b'{"papers": [{"title": "\\ud800"}]}', b"[" * 100_000, b'{"papers": ' + b"[" * 100_000,
    b'{"papers": [{"title": 1}]}', b'{"papers": null}', b'{"papers": [{"title": "T", "year": 1}]}', b'{"page": 1}', b"null", b"",
])  # fmt: skip
def test_a_cache_that_was_made_up_is_no_loss(catalog: Path, body: bytes) -> None:
    first = load_catalog(catalog)
    (file,) = files()
    data = file.read_bytes()
    file.write_bytes(b"explainer/catalog/%s\n" % sha256(body).hexdigest().encode() + body)
    assert load_catalog(catalog) == first
    assert file.read_bytes() == data


def test_only_catalogs_without_findings_are_cached(catalog: Path) -> None:
    catalog.write_text(TEXT + "  - {title: T1}\n")
    for _ in range(2):
        assert [(f.code, f.location.line) for f in load_catalog(catalog).findings] == [
            ("C301", 3002)
        ]
    assert files() == []


def test_an_edited_catalog_is_read_anew(catalog: Path) -> None:
    load_catalog(catalog)
    about = catalog.stat()
    catalog.write_text(TEXT.replace("'S7'", "'S8'"))
    os.utime(catalog, ns=(about.st_atime_ns, about.st_mtime_ns))
    value = load_catalog(catalog).value
    assert value is not None
    assert value.catalog.papers[7].summary == "S8"


def test_a_folder_that_others_can_write_to_is_not_trusted(catalog: Path) -> None:
    load_catalog(catalog)
    (file,) = files()
    file.parent.chmod(0o777)
    assert loading.cached_catalog(catalog.read_bytes()) is None


def test_no_more_than_some_are_kept(tmp_path: Path) -> None:
    for number in range(35):
        write_tree(tmp_path, {"c.yaml": TEXT + f"# {number}\n"})
        load_catalog(tmp_path / "c.yaml")
    assert len(files()) == 32
