"""Tiny random models and adapters as transformers and PEFT save them."""

import json

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

ALL_SEVEN = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def randomise(model, seed, ends, gain=1.0):
    """Weights that give lively, peaked distributions; norms and biases far enough from their defaults to matter."""
    random = torch.Generator().manual_seed(seed)
    head = model.get_output_embeddings().weight
    tied = model.config.tie_word_embeddings
    # Gemma's norms multiply by 1 + their weights.
    one = 0 if model.config.model_type.startswith("gemma") else 1
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=random)
            if name in ("model.norm.weight", "backbone.norm_f.weight") and tied:
                # Signs of both kinds, or a tied model would only repeat what it has just read.
                weight.copy_(noise - 1 + one)
            elif "norm" in name and not name.endswith("bias"):
                weight.copy_(one + 0.25 * noise)
            elif weight is head:
                weight.copy_(noise * 2.5 / weight.shape[1] ** 0.5)
            elif "embed" in name:
                weight.copy_(noise)
            elif name.endswith("bias"):
                weight.copy_(noise * 0.3)
            elif weight.dim() == 1:
                weight.copy_(1 + 0.25 * noise)
            else:
                weight.copy_(noise * gain / weight.shape[-1] ** 0.5)
        # Ends are made unlikely: texts must reach 40 tokens.
        head[ends] *= 0.3
    return model


def write_model(folder, config, seed, dtype=torch.float32, old=None, ends=None, gain=1.0, **saving):
    """A random model as transformers saves it; `old` has the config entries of earlier transformers versions instead."""
    ends = ends or config.eos_token_id
    model = randomise(AutoModelForCausalLM.from_config(config), seed, ends, gain).to(dtype)
    model.generation_config.eos_token_id = ends
    model.save_pretrained(folder, **saving)
    if old is not None:
        path = folder / "config.json"
        written = json.loads(path.read_text())
        for key in ("rope_parameters", "layer_types", "dtype"):
            written.pop(key, None)
        written |= {"torch_dtype": str(dtype).removeprefix("torch."), "transformers_version": "4.44.0"} | old
        path.write_text(json.dumps(written, indent=2) + "\n")


def write_adapter(folder, base, seed, gain=0.35, **lora):
    """A LoRA adapter as PEFT saves it, with both halves random."""
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **lora))
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_" in name:
                noise = torch.randn(weight.shape, generator=random)
                weight.copy_(noise * (gain if "lora_B" in name else weight.shape[1] ** -0.5))
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    config |= {"base_model_name_or_path": "base", "target_modules": sorted(config["target_modules"])}
    path.write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")


def raise_row(folder, row, factor):
    """Makes one row of the head loud, so that cutting it after the softmax instead of before would show."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["lm_head.weight"][row] *= factor
    save_file(tensors, path, metadata={"format": "pt"})
