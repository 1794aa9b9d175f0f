"""A folder of files with versions: a content that is there already keeps the version it has."""

import hashlib
import json
import shutil
from pathlib import Path


def keep(path, store):
    """Copy a file into a store under its next version, unless its content is there already.

    The store is a folder with one folder for each version and a table of contents, `manifest.json`: from each version,
    "v0", "v1" and so on, to the SHA-256 hash of its content.

    Args:
        path: path of the file to keep.
        store: path of the store; it is made if it is not there.

    Returns:
        str, the version that has this content.
    """
    path, store = Path(path), Path(store)
    manifest = store / "manifest.json"
    contents = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    for version, known in contents.items():
        if known == digest:
            return version
    version = f"v{len(contents)}"
    (store / version).mkdir(parents=True)
    shutil.copy(path, store / version)
    manifest.write_text(json.dumps(contents | {version: digest}, indent=1), encoding="utf-8")
    return version
