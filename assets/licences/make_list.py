"""Makes libraries.txt of this folder: name, version and licence of every crate that the program may be built of, in all its
features and on all systems; and texts.json.gz: the licence texts that these crates bring along, each distinct text once.
Run it when Cargo.lock has changed, from anywhere: python3 assets/licences/make_list.py

A crate belongs to the list when a dependency of Cargo.toml that is not for tests alone leads to it in Cargo.lock. A crate
that brings no text of its own gets the usual text of each licence that it names.
"""

import gzip
import json
import pathlib
import re
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

folders = {(p["name"], p["version"]): pathlib.Path(p["manifest_path"]).parent for p in metadata["packages"]}
TEXT_FILE = re.compile(r"(licen[cs]e|copying|unlicense|notice|copyright|ofl)", re.IGNORECASE)
texts, places = [], {}


def place(text):
    """Where this text is among the texts; one that differs in its line breaks alone is the same."""
    # No tabs, no spaces at the ends of lines, no empty lines around it.
    text = "\n".join(line.rstrip() for line in text.expandtabs(4).replace("\r", "").replace("\f", "").strip("\n\ufeff ").split("\n"))
    key = " ".join(text.split())
    if key not in places:
        places[key] = len(texts)
        texts.append(text)
    return places[key]


def own_texts(folder):
    """The licence texts in a crate's folder and in its folders for them, in the order of their names."""
    files = [f for f in sorted(folder.iterdir()) if TEXT_FILE.match(f.name)]
    files = [g for f in files for g in (sorted(f.iterdir()) if f.is_dir() else [f])]
    files = [f for f in files if f.is_file() and f.suffix not in (".rs", ".py", ".html", ".tpl")]
    return [text for f in files if (text := f.read_text(errors="replace")).strip()]


of = {key: list(dict.fromkeys(place(text) for text in own_texts(folders[key]))) for key in sorted(seen)}
named = []

mit = re.sub(r"(?m)^Copyright.*\n+", "", (ROOT / "LICENSE-MIT").read_text())
usual = {"MIT": place(mit), "Apache-2.0": place((ROOT / "LICENSE-APACHE").read_text())}
for key, licence in sorted(seen.items()):
    # The text of a crate that stands under this licence alone is its text.
    if re.fullmatch(r"[\w.-]+", licence) and len(of[key]) == 1:
        usual.setdefault(licence, of[key][0])
for key, licence in sorted(seen.items()):
    if not of[key]:
        words = [word for word in re.findall(r"[\w.-]+", licence) if word not in ("OR", "AND", "WITH")]
        of[key] = [usual[word] for word in words if word in usual]
        # Typefaces that a crate brings along have texts beside them.
        of[key] += [place(text.read_text(errors="replace")) for text in sorted(folders[key].glob("fonts/*.txt"))]
        named.append(" ".join(key))
        if not of[key] or len(of[key]) < len(words):
            print(" ".join(key), "has no text for all of", licence)

document = {"texts": texts, "of": {" ".join(key): value for key, value in of.items()}, "named": named}
packed = gzip.compress(json.dumps(document, ensure_ascii=False).encode(), 9, mtime=0)
(HERE / "texts.json.gz").write_bytes(packed)
print(len(texts), "texts,", len(packed), "bytes;", len(named), "crates bring none")
