"""Trains an adapter, a whole reward model and a language model with our program; Python must read them as we do.

    cargo build --release && pip install torch transformers peft
    python tests/golden/check_adapter.py [--program target/release/counterpoise] [--keep]

PEFT and transformers load what `train arm` wrote; `counterpoise score` and PyTorch must then agree on every number to
TOLERANCE. With --keep the trained models and PyTorch's values become the golden folder `trained`.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import transformers

from make_models import FIXED, HERE, expected, rounded
from reference import Lineup
from toy_text import SENTENCES

TOLERANCE = 1e-4
BASE = HERE / "smollm" / "base"
LINEUP = """schema = 1
name = "Golden trained"

[base]
path = "{base}"
dtype = "f32"

[[objective]]
name = "tuned"
adapter = "tuned"

[[objective]]
name = "whole"
model = "whole"
"""
FRESH = """schema = 1
name = "From scratch"

[base]
path = "fresh"

[[objective]]
name = "polite"
system = "Be polite."
"""
CASES = [
    dict(name="both", prompt="How long is the river?", weights={"tuned": 1.0, "whole": 0.5}),
    dict(name="adapter alone", prompt="Dis-moi l'été, puis l'hiver", weights={"tuned": 3.0, "whole": 0.0}),
]


def train(program, folder, out, more):
    """Prefers each sentence as it is to the same sentence backwards."""
    pairs = [{"prompt": f"Say number {i}", "chosen": s, "rejected": s[::-1]} for i, s in enumerate(SENTENCES)]
    data = folder / "pairs.jsonl"
    data.write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    command = [program, "train", "arm", "--base", BASE, "--data", data, "--out", out, "--epochs", "6", "--batch", "4"]
    command += ["--warmup", "2", "--seed", "5", *more]
    subprocess.run([str(part) for part in command], check=True)


def compare(program, folder, case, numbers, ids):
    """The largest difference between `counterpoise score` and PyTorch's numbers, in nats."""
    command = [program, "score", "--lineup", folder / "lineup.toml", "--json"]
    command += ["--prompt", case["prompt"], "--response", FIXED]
    for name, weight in case["weights"].items():
        command += ["--weight", f"{name}={weight}"]
    out = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout
    tokens = json.loads(out)["tokens"]
    assert [token["id"] for token in tokens] == ids, "other token ids"
    worst = 0.0
    for i, token in enumerate(tokens):
        pairs = [(token[key], numbers[key][i]) for key in ("base", "guided", "kl")]
        for name, ours in token["objectives"].items():
            pairs += [(ours[key], numbers[key][name][i]) for key in ("reward", "advantage")]
        worst = max([worst, *(abs(a - b) for a, b in pairs)])
    return worst


def check_language_model(program, folder):
    """A model from scratch, with a tokenizer of its own, read by transformers."""
    data = folder / "sentences.txt"
    data.write_text("\n\n".join(SENTENCES))
    command = [program, "train", "lm", "--data", data, "--out", folder / "fresh", "--vocab", "300", "--hidden", "32"]
    command += ["--layers", "2", "--heads", "4", "--kv-heads", "2", "--context", "128", "--epochs", "5"]
    subprocess.run([str(part) for part in command], check=True)
    (folder / "lineup.toml").write_text(FRESH)
    case = dict(prompt="Write a letter", weights={"polite": 1.0})
    lineup = Lineup(folder)
    ids = lineup.base.tok.encode(FIXED, add_special_tokens=False).ids
    return compare(program, folder, case, lineup.numbers(case, ids), ids)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--program", default="target/release/counterpoise")
    arguments.add_argument("--keep", action="store_true")
    options = arguments.parse_args()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        adapter = ["--lr", "2e-2", "--rank", "4", "--alpha", "8", "--targets", "q_proj,k_proj,v_proj,up_proj"]
        train(options.program, folder, folder / "tuned", adapter)
        train(options.program, folder, folder / "whole", ["--full", "--lr", "3e-3"])
        (folder / "lineup.toml").write_text(LINEUP.format(base=BASE.resolve()))
        values = expected(folder, CASES)
        if isinstance(values, str):
            sys.exit(f"the trained models make no sturdy golden values: {values}")
        for case, stored in zip(CASES, values["cases"], strict=True):
            moved = max(map(abs, stored["scored"]["advantage"]["tuned"]))
            assert moved > 0.01, "training changed nothing"
            worst = compare(options.program, folder, case, stored["scored"], stored["response_ids"])
            print(f"{case['name']}: largest difference {worst:.1e} nats")
            assert worst <= TOLERANCE
        worst = check_language_model(options.program, Path(tempfile.mkdtemp(dir=folder)))
        print(f"a model from scratch: largest difference {worst:.1e} nats")
        assert worst <= TOLERANCE
        if options.keep:
            keep(folder, rounded(values))


def keep(folder, values):
    """Stores what the Rust tests read."""
    at = HERE / "trained"
    shutil.rmtree(at, ignore_errors=True)
    needed = ["adapter_config.json", "adapter_model.safetensors", "config.json", "generation_config.json"]
    needed += ["model.safetensors", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"]
    for name in ("tuned", "whole"):
        (at / name).mkdir(parents=True)
        for file in needed:
            if (folder / name / file).exists():
                shutil.copy(folder / name / file, at / name / file)
    config = at / "tuned" / "adapter_config.json"
    settings = json.loads(config.read_text()) | {"base_model_name_or_path": "smollm/base"}
    config.write_text(json.dumps(settings, indent=2) + "\n")
    (at / "lineup.toml").write_text(LINEUP.format(base="../smollm/base"))
    (at / "expected.json").write_text(json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
