"""Training speed beside PyTorch's: the same model, batch and context, in turns on the same machine.

    python tests/bench/train_torch.py [path to counterpoise] [rounds] [threads]

Needs torch and transformers. Both sides train a Llama of width 256 with 4 blocks and 2048 tokens from scratch by AdamW
with clipping at 1.0, on 16 texts of 128 tokens a step, in f32. Prints the median tokens per second of each and their ratio.
"""

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

BATCH, CONTEXT, STEPS, WARM = 16, 128, 12, 3
SHAPE = dict(
    vocab_size=2048,
    hidden_size=256,
    intermediate_size=688,
    num_hidden_layers=4,
    num_attention_heads=4,
    num_key_value_heads=4,
    max_position_embeddings=CONTEXT + 1,
    tie_word_embeddings=True,
)


def corpus(path: Path) -> None:
    """Made-up words: enough for every step, with repeats for the tokenizer to learn."""
    draw = random.Random(16)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(draw.choices(letters, k=draw.randint(2, 8))) for _ in range(3000)]
    path.write_text(" ".join(draw.choices(words, k=2 * BATCH * CONTEXT * STEPS)))


def ours(binary: str, folder: Path, threads: int) -> float:
    """Tokens per second of a fresh run, the first steps left out."""
    out = Path(tempfile.mkdtemp(dir=folder))
    log = out / "log.jsonl"
    command = [binary, "train", "lm", "--data", folder / "text.txt", "--config", folder / "config.json"]
    options = ["--context", CONTEXT + 1, "--batch", BATCH, "--max-steps", STEPS, "--save-every", 0]
    places = ["--out", out / "model", "--log", log, "--threads", threads]
    subprocess.run([str(part) for part in command + options + places], check=True, capture_output=True)
    steps = [json.loads(line) for line in log.read_text().splitlines()]
    return statistics.median(step["tokens_per_sec"] for step in steps[WARM:])


def theirs() -> float:
    """The same in PyTorch."""
    torch.manual_seed(16)
    model = LlamaForCausalLM(LlamaConfig(**SHAPE))
    adam = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)
    speeds = []
    for _ in range(STEPS):
        ids = torch.randint(0, SHAPE["vocab_size"], (BATCH, CONTEXT + 1))
        begun = time.perf_counter()
        logits = model(input_ids=ids[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        adam.zero_grad()
        speeds.append(BATCH * CONTEXT / (time.perf_counter() - begun))
    return statistics.median(speeds[WARM:])


def main() -> None:
    binary = sys.argv[1] if len(sys.argv) > 1 else "target/release/counterpoise"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else torch.get_num_threads()
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus(folder / "text.txt")
        settings = dict(SHAPE, architectures=["LlamaForCausalLM"], model_type="llama", eos_token_id=0)
        (folder / "config.json").write_text(json.dumps(settings))
        pairs = []
        for number in range(rounds):
            pair = (ours(binary, folder, threads), theirs())
            pairs.append(pair)
            print(f"round {number + 1}: {pair[0]:.0f} and {pair[1]:.0f} tokens/s, ratio {pair[0] / pair[1]:.2f}")
        mine, other = (statistics.median(side) for side in zip(*pairs))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"median on {threads} threads: {mine:.0f} and {other:.0f} tokens/s, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
