"""Trains a whole reward model with PyTorch and stores each step's loss, gradient norm and learning rate.

    python tests/golden/make_training.py

All pairs stand in one batch and nothing is dropped out, so the steps depend on no order and no chance. The loss is
-(1 - s) log sigmoid(z) - s log sigmoid(-z) with z = beta (log pi(chosen) - log pi(rejected)) - gamma, summed over response
tokens and the end token; then clipping at 1, AdamW (no decay on norms), and a cosine from the first step on.
"""

import json
import math

import torch
import transformers
from torch.nn.functional import logsigmoid

from make_models import HERE
from reference import Reader
from toy_text import SENTENCES

STEPS = 6
SETTINGS = {"beta": 0.05, "gamma": 0.02, "label-smoothing": 0.1, "lr": 0.002, "weight-decay": 0.05}


def log_likelihood(reader, prompt, response):
    """Of a response and the end token after it, in nats."""
    ids = reader.tok.encode(response, add_special_tokens=False).ids + reader.ends[:1]
    before = reader.prompt_ids({"prompt": prompt})
    logits = reader.model(torch.tensor([before + ids])).logits[0, len(before) - 1 : -1]
    return torch.log_softmax(logits, dim=-1).gather(-1, torch.tensor(ids).unsqueeze(-1)).sum()


def main():
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    reader = Reader(HERE / "qwen3" / "base")
    weights = list(reader.model.parameters())
    matrices, vectors = [w for w in weights if w.dim() > 1], [w for w in weights if w.dim() == 1]
    groups = [dict(params=matrices, weight_decay=SETTINGS["weight-decay"]), dict(params=vectors, weight_decay=0.0)]
    optimiser = torch.optim.AdamW(groups, lr=SETTINGS["lr"], betas=(0.9, 0.999), eps=1e-8)
    pairs = [{"prompt": f"Say number {i}", "chosen": s, "rejected": s[::-1]} for i, s in enumerate(SENTENCES)]
    beta, gamma, smoothing = (SETTINGS[key] for key in ("beta", "gamma", "label-smoothing"))
    steps = []
    for step in range(STEPS):
        losses = []
        for pair in pairs:
            chosen, rejected = (log_likelihood(reader, pair["prompt"], pair[key]) for key in ("chosen", "rejected"))
            z = beta * (chosen - rejected) - gamma
            losses.append(-(1 - smoothing) * logsigmoid(z) - smoothing * logsigmoid(-z))
        loss = torch.stack(losses).mean()
        optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(weights, 1.0)
        lr = SETTINGS["lr"] * 0.5 * (1 + math.cos(math.pi * step / STEPS))
        for group in optimiser.param_groups:
            group["lr"] = lr
        optimiser.step()
        steps.append({"loss": loss.item(), "grad_norm": norm.item(), "lr": lr})
        print(steps[-1])
    stored = {"schema": "counterpoise.golden-training/1", "base": "qwen3/base", "settings": SETTINGS}
    stored |= {"pairs": pairs, "steps": steps}
    (HERE / "training.json").write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
