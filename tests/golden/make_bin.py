"""Saves the golden model `llama2` and its adapter as PyTorch's own files, in the awkward ways that PyTorch allows.

    pip install torch safetensors
    python tests/golden/make_bin.py

Two shards with an index. Among the tensors are one that is stored transposed, one that is a part of a larger one, a
`Parameter`, and buffers of whole numbers and of yes and no that no weight is made of.
"""

import json
import shutil
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import load_file

HERE = Path(__file__).parent
INTO = HERE / "bin"


def main():
    shutil.rmtree(INTO, ignore_errors=True)
    (INTO / "base").mkdir(parents=True)
    (INTO / "kind").mkdir()
    state = load_file(HERE / "llama2" / "base" / "model.safetensors")
    name = "model.layers.0.self_attn.q_proj.weight"
    state[name] = state[name].t().contiguous().t()
    name = "model.layers.1.mlp.up_proj.weight"
    larger = torch.cat([torch.full_like(state[name], 7.0), state[name]])
    state[name] = larger[state[name].shape[0] :]
    state["lm_head.weight"] = torch.nn.Parameter(state["lm_head.weight"])
    state["model.embed_positions"] = torch.arange(9)
    state["model.mask"] = torch.ones(3, 3, dtype=torch.bool)
    names = sorted(state)
    half = len(names) // 2
    weight_map = {}
    for number, part in enumerate((names[:half], names[half:]), start=1):
        file = f"pytorch_model-{number:05}-of-00002.bin"
        torch.save(OrderedDict((name, state[name]) for name in part), INTO / "base" / file)
        weight_map |= dict.fromkeys(part, file)
    index = {"metadata": {"total_size": 1}, "weight_map": weight_map}
    (INTO / "base" / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=1) + "\n")
    torch.save(load_file(HERE / "llama2" / "kind" / "adapter_model.safetensors"), INTO / "kind" / "adapter_model.bin")


if __name__ == "__main__":
    main()
