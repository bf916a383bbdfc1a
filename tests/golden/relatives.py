"""Golden models of the families that are less near to Llama."""

from safetensors.torch import load_file, save_file
from transformers import (
    Gemma2Config,
    Gemma3TextConfig,
    GemmaConfig,
    GraniteConfig,
    MambaConfig,
    MixtralConfig,
    Olmo2Config,
    Phi3Config,
    PhiConfig,
    Qwen3MoeConfig,
    SmolLM3Config,
    StableLmConfig,
    Starcoder2Config,
)

import toy_text
from toy_models import ALL_SEVEN, write_adapter, write_model

SMALL = dict(hidden_size=32, intermediate_size=48, num_attention_heads=4, max_position_embeddings=256)
CHATML = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
ADAPTERS = """
[[objective]]
name = "kind"
adapter = "kind"

[[objective]]
name = "brief"
adapter = "brief"
"""


def two_adapters(at, seed, gain=0.25, targets=ALL_SEVEN, some=("q_proj", "v_proj"), **lora):
    """One adapter on every product and one on a few."""
    write_adapter(at / "kind", at / "base", seed + 1, gain=gain, r=3, lora_alpha=6, target_modules=list(targets), **lora)
    write_adapter(at / "brief", at / "base", seed + 2, gain=gain, r=2, lora_alpha=4, target_modules=list(some))


def two_cases(**weights):
    names = list(weights) or ["kind", "brief"]
    both = weights or dict.fromkeys(names, 1.0)
    return [
        dict(name="both adapters", prompt="How do I bake bread?", weights=both),
        dict(name="one weight is 0", prompt="Où est l'été, 友 🙂?", weights={names[0]: 0.0, names[1]: 1.7}),
    ]


def byte_level(at, config, seed, name="base", **saving):
    """The model and a byte-level tokenizer with ChatML beside it."""
    tok = toy_text.byte_level(config.vocab_size, CHATML, "qwen")
    write_model(at / name, config, seed, **saving)
    toy_text.save(tok, at / name, None, CHATML[2], chat=toy_text.CHATML_WITH_DEFAULT_SYSTEM)


def pieces(at, config, seed, **saving):
    """The model and a SentencePiece-like tokenizer beside it."""
    tok = toy_text.sentence_piece(config.vocab_size, modern=True)
    write_model(at / "base", config, seed, **saving)
    toy_text.save(tok, at / "base", "<s>", "</s>", chat=toy_text.LLAMA2_CHAT)


def quieten(folder, factor):
    """A quieter embedding under a louder last norm: the scaled embedding would drown what the blocks add to it."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["model.embed_tokens.weight"] /= factor
    norm = tensors["model.norm.weight"]
    norm.copy_((1 + norm) * factor - 1)
    save_file(tensors, path, metadata={"format": "pt"})


def gemma(at, seed):
    config = GemmaConfig(
        vocab_size=320, num_hidden_layers=2, num_key_value_heads=1, head_dim=16, bos_token_id=1, eos_token_id=2, **SMALL
    )
    # The first files say "gelu" and mean its approximation.
    pieces(at, config, seed, old={"hidden_act": "gelu", "hidden_activation": None, "rope_theta": 10000.0})
    quieten(at / "base", 6)
    two_adapters(at, seed)
    return ADAPTERS, two_cases()


def gemma2(at, seed):
    config = Gemma2Config(
        vocab_size=320, num_hidden_layers=3, num_key_value_heads=2, head_dim=16, sliding_window=12,
        query_pre_attn_scalar=24, attn_logit_softcapping=3.0, final_logit_softcapping=6.0, bos_token_id=1,
        eos_token_id=2, **SMALL,
    )  # fmt: skip
    pieces(at, config, seed)
    two_adapters(at, seed)
    return ADAPTERS, two_cases()


def gemma3(at, seed):
    config = Gemma3TextConfig(
        vocab_size=320, num_hidden_layers=3, num_key_value_heads=2, head_dim=16, sliding_window=12,
        query_pre_attn_scalar=24, bos_token_id=1, eos_token_id=2,
        layer_types=["sliding_attention", "sliding_attention", "full_attention"],
        rope_parameters={
            "full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 1000000.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
        }, **SMALL,
    )  # fmt: skip
    pieces(at, config, seed)
    two_adapters(at, seed)
    return ADAPTERS, two_cases()


def phi3(at, seed):
    factors = range(1, 7)
    config = Phi3Config(
        vocab_size=320, num_hidden_layers=2, num_key_value_heads=2, head_dim=16, sliding_window=40,
        # These short texts grow long behind 48 tokens.
        original_max_position_embeddings=48, bos_token_id=317, eos_token_id=319, pad_token_id=317,
        rope_parameters=dict(
            rope_type="longrope", rope_theta=10000.0, partial_rotary_factor=0.75,
            short_factor=[1 + i / 20 for i in factors], long_factor=[1 + i / 2 for i in factors],
        ), **{**SMALL, "hidden_size": 64},
    )  # fmt: skip
    byte_level(at, config, seed)
    targets = ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]
    two_adapters(at, seed, gain=0.2, targets=targets, some=["qkv_proj"])
    return ADAPTERS, two_cases()


def smollm3(at, seed):
    config = SmolLM3Config(
        vocab_size=320, num_hidden_layers=3, num_key_value_heads=2, no_rope_layers=[1, 0, 1], bos_token_id=317,
        eos_token_id=319, pad_token_id=317, attention_bias=True, mlp_bias=True, tie_word_embeddings=False, **SMALL,
    )  # fmt: skip
    byte_level(at, config, seed)
    two_adapters(at, seed)
    return ADAPTERS, two_cases()


def olmo2(at, seed):
    config = Olmo2Config(
        vocab_size=320, num_hidden_layers=2, num_key_value_heads=2, bos_token_id=317, eos_token_id=319, pad_token_id=317,
        **SMALL,
    )  # fmt: skip
    byte_level(at, config, seed)
    two_adapters(at, seed)
    return ADAPTERS, two_cases()


def granite(at, seed):
    config = GraniteConfig(
        vocab_size=320, num_hidden_layers=2, num_key_value_heads=2, bos_token_id=317, eos_token_id=319,
        embedding_multiplier=3.0, attention_multiplier=0.3, residual_multiplier=0.7, logits_scaling=1.5, **SMALL,
    )  # fmt: skip
    byte_level(at, config, seed)
    two_adapters(at, seed)
    return ADAPTERS, two_cases()


# From here on: families that run through candle-transformers, two in each folder.
ENDS = dict(bos_token_id=317, eos_token_id=319, pad_token_id=317)
FOREIGN = """
[[objective]]
name = "formal"
system = "Write formally."

[[objective]]
name = "other"
model = "other"
"""


def foreign_cases(strong):
    return [
        dict(name="both", prompt="How do I bake bread?", weights={"formal": 0.7, "other": 1.0}),
        dict(name="one weight is 0", prompt="Où est l'été, 友 🙂?", weights={"formal": 0.0, "other": strong}),
    ]


def phi(at, seed):
    shape = dict(vocab_size=320, num_hidden_layers=2, **SMALL, **ENDS)
    byte_level(at, PhiConfig(partial_rotary_factor=0.5, **shape), seed, gain=2.0)
    other = Starcoder2Config(num_key_value_heads=2, **shape)
    byte_level(at, other, seed + 1, name="other")
    return FOREIGN, foreign_cases(1.7)


def mamba(at, seed):
    shape = dict(vocab_size=320, num_hidden_layers=2, **ENDS)
    byte_level(at, MambaConfig(hidden_size=32, **shape), seed)
    other = StableLmConfig(num_key_value_heads=2, use_qkv_bias=True, **shape, **SMALL)
    byte_level(at, other, seed + 1, name="other")
    return FOREIGN, foreign_cases(1.3)


def experts(at, seed):
    shape = dict(vocab_size=320, num_hidden_layers=2, num_experts_per_tok=2, num_key_value_heads=2, **SMALL, **ENDS)
    base = Qwen3MoeConfig(head_dim=16, moe_intermediate_size=24, num_experts=4, norm_topk_prob=True, **shape)
    byte_level(at, base, seed)
    byte_level(at, MixtralConfig(num_local_experts=3, **shape), seed + 1, name="other")
    return FOREIGN, foreign_cases(1.3)


RELATIVES = {
    "gemma": gemma,
    "gemma2": gemma2,
    "gemma3": gemma3,
    "phi3": phi3,
    "smollm3": smollm3,
    "olmo2": olmo2,
    "granite": granite,
    "phi": phi,
    "mamba": mamba,
    "experts": experts,
}
