"""Makes libraries.txt of this folder: name, version and licence of every crate that the program may be built of, in all its
features and on all systems. Run it when Cargo.lock has changed, from anywhere: python3 assets/licences/make_list.py

A crate belongs to the list when a dependency of Cargo.toml that is not for tests alone leads to it in Cargo.lock.
"""

import json
import pathlib
import subprocess
import tomllib

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent

command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"]
metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
licences = {(p["name"], p["version"]): " OR ".join(part.strip() for part in p["license"].split("/")) for p in metadata["packages"]}

manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
lock = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
tables = [manifest["dependencies"], *(t.get("dependencies", {}) for t in manifest.get("target", {}).values())]
wanted = {name for table in tables for name in table}


def found(word):
    """The package that a dependency of Cargo.lock, "name" or "name version", speaks of."""
    name, *version = word.split(" ")
    return next(p for p in lock if p["name"] == name and (not version or p["version"] == version[0]))


own = found(manifest["package"]["name"])
todo = [found(word) for word in own["dependencies"] if word.split(" ")[0] in wanted]
seen = {}
while todo:
    package = todo.pop()
    key = (package["name"], package["version"])
    if key not in seen:
        seen[key] = licences[key]
        todo += [found(word) for word in package.get("dependencies", [])]

lines = [f"{name} {version}: {licence}\n" for (name, version), licence in sorted(seen.items())]
(HERE / "libraries.txt").write_text("".join(lines))
print(len(lines), "crates")
