"""Any byte that was changed is found; a policy reads back as it was sealed."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from pathlib import Path

import numpy as np
import pytest

from polyfolio.errors import DataError
from polyfolio.policy.archive import AGAIN, DIGEST, digest_of, packed, unpacked, write_bytes
from polyfolio.policy.manifest import text_of
from polyfolio.policy.sealed import GRAPH, MANIFEST, STATE, load, opened
from tests.policy.makers import NAMES, observations, sealed
from tests.policy.makers import STATE as KEPT


@pytest.fixture(scope="module")
def content() -> bytes:
    return packed(sealed().entries)


def test_a_policy_reads_back_as_it_was_sealed(tmp_path: Path) -> None:
    policy = sealed()
    read = load(policy.save(tmp_path / "deep" / "a.policy"))
    assert read.digest == policy.digest
    assert read.manifest == policy.manifest
    assert read.state == KEPT
    assert read.manifest.world.names == NAMES
    assert read.spec.lanes[0].limits.max_position == 0.5
    np.testing.assert_array_equal(read.act(observations()), policy.act(observations()))


def test_sealing_twice_gives_the_same_bytes(content: bytes) -> None:
    assert packed(sealed().entries) == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        infos = archive.infolist()
        assert [info.filename for info in infos] == sorted([MANIFEST, STATE, GRAPH, DIGEST])
        assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
        assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.read(DIGEST).decode().strip() == digest_of(sealed().entries)


def test_every_changed_byte_is_found(content: bytes) -> None:
    places = {*range(0, len(content), 37), *range(120), *range(len(content) - 400, len(content))}
    passed, said = [], set()
    for at in sorted(places):
        changed = bytearray(content)
        changed[at] ^= 1
        try:
            unpacked(bytes(changed), "a.policy")
            passed.append(at)
        except DataError as error:
            said.add((error.field.split(":")[0], error.remedy))
    assert not passed, f"changed and not found: {passed[:10]}"
    assert said == {("a.policy", AGAIN)}


@pytest.mark.parametrize(
    "change", [lambda c: c[:-1], lambda c: c + b"\0", lambda c: b"\0" + c, lambda c: c[:100], lambda c: b""]
)
def test_bytes_that_come_or_go_are_found(content: bytes, change) -> None:
    with pytest.raises(DataError, match=r"a\.policy"):
        unpacked(change(content), "a.policy")


@pytest.mark.parametrize("name", [MANIFEST, STATE, GRAPH])
def test_a_changed_entry_is_refused_with_both_digests(content: bytes, name: str) -> None:
    entries = unpacked(content, "a.policy")
    said = digest_of(entries)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        whole = {info.filename: archive.read(info) for info in archive.infolist()}
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as changed:
        for each in sorted(whole):
            changed.writestr(each, whole[each] + (b" " if each == name else b""))
    with pytest.raises(DataError, match="an entry was changed") as caught:
        unpacked(memory.getvalue(), "a.policy")
    assert said in caught.value.bound
    assert caught.value.value != said


def test_a_compressed_file_and_one_without_a_digest_are_refused(content: bytes) -> None:
    entries = unpacked(content, "a.policy")
    for kind, said in ((zipfile.ZIP_DEFLATED, "compresses nothing"), (zipfile.ZIP_STORED, DIGEST)):
        memory = io.BytesIO()
        with zipfile.ZipFile(memory, "w", kind) as archive:
            for name in sorted(entries):
                archive.writestr(name, entries[name])
        with pytest.raises(DataError, match=said):
            unpacked(memory.getvalue(), "a.policy")


def changed(**fields: object) -> dict[str, bytes]:
    entries = dict(sealed().entries)
    entries[MANIFEST] = text_of({**json.loads(entries[MANIFEST]), **fields})
    return entries


@pytest.mark.pitfall("SEC-09")
@pytest.mark.parametrize(
    ("entries", "field", "said"),
    [
        (changed(format=2), "format", "this version reads"),
        (changed(format=None), "format", "this version reads"),
        (changed(spare=1), "spare", "known key"),
        (changed(kind="forest"), "kind", "network"),
        (changed(state="0" * 64), STATE, "as the manifest says"),
        (changed(members=[{"digest": "0", "share": 1.0}], kind="ensemble"), "entries", "members/0.policy"),
        ({**sealed().entries, "extra.txt": b""}, "entries", GRAPH),
        ({**sealed().entries, "../../beside.txt": b""}, "entries", GRAPH),
        ({GRAPH: b""}, "a.policy", MANIFEST),
        ({**sealed().entries, MANIFEST: b"{"}, MANIFEST, "JSON"),
        ({**sealed().entries, MANIFEST: b"[]"}, "format", "this version reads"),
    ],
)
def test_entries_that_do_not_belong_are_refused(entries: dict, field: str, said: str) -> None:
    with pytest.raises(DataError) as caught:
        opened(entries, "a.policy")
    assert field in caught.value.field
    assert said in str(caught.value)


def test_a_graph_of_another_width_is_refused() -> None:
    data = json.loads(sealed().entries[MANIFEST])
    data["world"]["names"] = data["world"]["names"][:-1]
    with pytest.raises(DataError, match="numbers seen and written"):
        opened(changed(world=data["world"]), "a.policy")


def test_a_file_that_is_not_there_and_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"polyfolio policy export"):
        load(tmp_path / "none.policy")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="Choose another place"):
        write_bytes(tmp_path / "file" / "a.policy", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_other_kernels_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    path = sealed().save(tmp_path / "a.policy")
    with caplog.at_level(logging.WARNING, logger="polyfolio"):
        load(path)
    assert not caplog.records
    monkeypatch.setattr("polyfolio.policy.sealed.kernels_digest", lambda: "0" * 64)
    with caplog.at_level(logging.WARNING, logger="polyfolio"):
        load(path)
    assert "other kernels" in caplog.text


def test_a_state_that_is_not_finite_is_not_sealed() -> None:
    with pytest.raises(DataError, match="finite"):
        text_of({"mean": [float("nan")]})
