"""A store of versions: one for each content, whoever keeps it and however often."""

import hashlib
import json

from lib.trackers.store import keep


def test_a_content_has_one_version(tmp_path):
    store, contents = tmp_path / "store", [b"one", b"two", b"one", b"", b"two", b"three"]
    versions = []
    for number, content in enumerate(contents):
        path = tmp_path / f"model-{number % 2}"
        path.write_bytes(content)
        versions.append(keep(path, store))
    assert versions == ["v0", "v1", "v0", "v2", "v1", "v3"]
    manifest = json.loads((store / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == {version: hashlib.sha256(content).hexdigest() for version, content in zip(versions, contents, strict=True)}
    kept = {version: [file.read_bytes() for file in (store / version).iterdir()] for version in manifest}
    assert kept == {version: [content] for version, content in zip(versions, contents, strict=True)}
