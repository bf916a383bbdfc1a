"""Makes the golden models, adapters, lineups and expected values: one folder per family beside this script.

    pip install torch transformers peft
    python tests/golden/make_models.py [FAMILY ...]

Everything is seeded. A seed is kept only if the stored numbers are sturdy: every greedy choice leads by at least
MARGIN, and float32 rows agree with float64 rows within a third of what the Rust tests allow.
"""

import json
import shutil
import sys
from pathlib import Path

import peft
import tokenizers
import torch
import transformers
from transformers import LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

import toy_text
from reference import Lineup
from relatives import RELATIVES
from toy_models import ALL_SEVEN, raise_row, write_adapter, write_model

HERE = Path(__file__).parent
MARGIN = 1e-3
ROUNDING = 3e-5
WRITTEN = 48
# 40 tokens and more in every tokenizer, with characters of two, three and four bytes.
FIXED = "The baker's café sold 345 loaves – 好, she said, and then 🙂 walked home:\n  naïve words, über short ones."


def llama2(at, seed):
    tok = toy_text.sentence_piece(320, modern=False)
    shape = dict(
        intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=256,
        rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    old = {"rope_theta": 10000.0, "rope_scaling": None}
    write_model(at / "base", LlamaConfig(vocab_size=320, hidden_size=32, **shape), seed, old=old)
    toy_text.save(tok, at / "base", "<s>", "</s>", chat=toy_text.LLAMA2_CHAT)
    write_adapter(at / "kind", at / "base", seed + 1, r=4, lora_alpha=8, target_modules=["q_proj", "k_proj", "v_proj"])
    write_model(at / "terse", LlamaConfig(vocab_size=321, hidden_size=32, **shape), seed + 2, old=old)
    raise_row(at / "terse", 320, 4.0)
    toy_text.save(tok, at / "terse", "<s>", "</s>", chat=toy_text.LLAMA2_CHAT, pad="<pad>")
    lineup = """
[[objective]]
name = "kind"
adapter = "kind"

[[objective]]
name = "terse"
model = { path = "terse" }
weight = 0.5
"""
    cases = [
        dict(name="chat", prompt=" How do I bake bread? ", weights={"kind": 1.0, "terse": 0.7}),
        dict(name="one weight is 0", prompt="Tell me about the sea.", weights={"kind": 1.6, "terse": 0.0}),
        dict(name="all weights 0", prompt="Ça va, 友?", weights={"kind": 0.0, "terse": 0.0}),
        dict(name="raw", prompt="The seven rivers", raw=True, weights={"kind": 0.4, "terse": 1.3}),
        dict(name="with the end token", prompt="Go on", weights={"kind": 1.0, "terse": 1.0}, eos=True, response=FIXED),
        dict(name="system", prompt="Who are you?", system="Answer in verse.", weights={"kind": 1.0, "terse": 1.0}),
    ]
    return lineup, cases


def llama3(at, seed):
    specials = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    tok = toy_text.byte_level(320, specials, "llama3", bos=specials[0])
    first = 315
    config = LlamaConfig(
        vocab_size=320, hidden_size=48, intermediate_size=64, num_hidden_layers=3, num_attention_heads=6,
        num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=1e-5, bos_token_id=first,
        eos_token_id=first + 1,
        # Scaled from 16 positions on, so that these short texts pass through all three bands of frequencies.
        rope_parameters=dict(
            rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=16,
        ),
    )  # fmt: skip
    ends = [first + 4, first + 1]
    write_model(at / "base", config, seed, ends=ends, max_shard_size="90KB")
    assert (at / "base" / "model.safetensors.index.json").exists()
    toy_text.save(tok, at / "base", "<|begin_of_text|>", "<|eot_id|>", chat_file=toy_text.LLAMA3_CHAT)
    write_adapter(at / "calm", at / "base", seed + 1, gain=0.2, r=3, lora_alpha=6, target_modules=ALL_SEVEN)
    write_adapter(
        at / "bold", at / "base", seed + 2, r=4, lora_alpha=4, use_rslora=True, target_modules=["q_proj", "v_proj"]
    )
    lineup = """
[[objective]]
name = "calm"
adapter = "calm"

[[objective]]
name = "bold"
adapter = "bold"
"""
    cases = [
        dict(name="both adapters", prompt="Write a letter to the gardener", weights={"calm": 1.0, "bold": 1.0}),
        dict(name="unequal weights", prompt="Erzähl mir etwas Schönes 🙂", weights={"calm": 0.25, "bold": 3.0}),
        dict(name="one weight is 0", prompt="Why?", weights={"calm": 0.0, "bold": 1.5}),
    ]
    return lineup, cases


def mistral(at, seed):
    tok = toy_text.sentence_piece(330, modern=True)
    config = MistralConfig(
        vocab_size=330, hidden_size=32, intermediate_size=56, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, max_position_embeddings=256, sliding_window=12, rms_norm_eps=1e-5,
        bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    write_model(at / "base", config, seed)
    toy_text.save(tok, at / "base", "<s>", "</s>")
    write_adapter(
        at / "patient", at / "base", seed + 1, r=4, lora_alpha=8, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
        rank_pattern={"layers.0.self_attn.q_proj": 6, "v_proj": 2}, alpha_pattern={"k_proj": 16},
    )  # fmt: skip
    lineup = """
[[objective]]
name = "polite"
system = "You are always polite, même en été."

[[objective]]
name = "patient"
adapter = "patient"
"""
    cases = [
        dict(name="both", prompt="A good answer is short", weights={"polite": 1.0, "patient": 1.0}),
        dict(name="system alone", prompt="She said: «non»", weights={"polite": 2.0, "patient": 0.0}),
        dict(name="two system texts", prompt="Carry it home", system="Short.", weights={"polite": 0.8, "patient": 0.5}),
    ]
    return lineup, cases


def qwen2(at, seed):
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tok = toy_text.byte_level(320, specials, "qwen")
    end = 319
    chat = toy_text.CHATML_WITH_DEFAULT_SYSTEM
    shape = dict(
        vocab_size=336, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=256,
        tie_word_embeddings=True, rms_norm_eps=1e-6, bos_token_id=317, eos_token_id=end,
    )  # fmt: skip
    old = {"rope_theta": 1000000.0, "use_sliding_window": False, "sliding_window": 16, "max_window_layers": 2}
    big = Qwen2Config(hidden_size=32, intermediate_size=64, num_key_value_heads=2, **shape)
    big.rope_parameters["rope_theta"] = 1000000.0
    write_model(at / "base", big, seed, dtype=torch.bfloat16, old=old)
    toy_text.save(tok, at / "base", None, "<|im_end|>", chat=chat)
    small = Qwen2Config(hidden_size=16, intermediate_size=24, num_key_value_heads=1, **shape)
    small.rope_parameters["rope_theta"] = 1000000.0
    write_model(at / "expert", small, seed + 1, old=old)
    toy_text.save(tok, at / "expert", None, "<|im_end|>", chat=chat)
    # Another architecture on the same tokens, with rope scaling in the words of earlier configs.
    scaling = dict(
        rope_type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32
    )
    other = LlamaConfig(
        vocab_size=320, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=256, rms_norm_eps=1e-6, bos_token_id=317, eos_token_id=end,
        rope_parameters=dict(rope_theta=10000.0, **scaling),
    )  # fmt: skip
    write_model(at / "amateur", other, seed + 2, old={"rope_theta": 10000.0, "rope_scaling": scaling})
    toy_text.save(tok, at / "amateur", None, "<|im_end|>", chat=chat)
    lineup = """
[[objective]]
name = "formal"
system = "Write formally."

[[objective]]
name = "lively"
expert = "expert"
amateur = { path = "amateur" }
"""
    cases = [
        dict(name="both", prompt="What is it, and where is it?", weights={"formal": 1.0, "lively": 0.5}),
        dict(name="expert and amateur", prompt="Qui es-tu ?", weights={"formal": 0.0, "lively": 1.0}),
        dict(name="two system texts", prompt="Hello", system="Be brief.", weights={"formal": 1.5, "lively": 0.2}),
    ]
    return lineup, cases


def qwen3(at, seed):
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
    tok = toy_text.byte_level(320, specials, "qwen")
    config = Qwen3Config(
        vocab_size=320, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, max_position_embeddings=256, rms_norm_eps=1e-3, bos_token_id=315,
        eos_token_id=317,
    )  # fmt: skip
    write_model(at / "base", config, seed)
    toy_text.save(tok, at / "base", None, "<|im_end|>", chat_file=toy_text.QWEN3_CHAT)
    write_adapter(
        at / "plain", at / "base", seed + 1, r=2, lora_alpha=4, target_modules=["o_proj", "gate_proj", "down_proj"],
        layers_to_transform=[1], layers_pattern="layers",
    )  # fmt: skip
    write_adapter(at / "warm", at / "base", seed + 2, r=4, lora_alpha=8, target_modules=["q_proj", "k_proj", "v_proj"])
    lineup = """
[[objective]]
name = "plain"
adapter = "plain"

[[objective]]
name = "warm"
adapter = "warm"
template = "raw"
"""
    cases = [
        dict(name="both adapters", prompt="Why is it there?", weights={"plain": 1.0, "warm": 1.0}),
        dict(name="one weight is 0", prompt="数を言って", weights={"plain": 0.0, "warm": 2.0}),
        dict(name="three decimals", prompt="Say when.", weights={"plain": 0.125, "warm": 0.003}),
    ]
    return lineup, cases


def smollm(at, seed):
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tok = toy_text.byte_level(310, specials, "gpt2")
    # The list form: several named templates, of which "default" counts.
    chat = [
        {"name": "tool_use", "template": "{{ raise_exception('not this one') }}"},
        {"name": "default", "template": toy_text.CHATML_WITH_DEFAULT_SYSTEM},
    ]
    shape = dict(
        vocab_size=310, num_hidden_layers=2, max_position_embeddings=256, rms_norm_eps=1e-5, tie_word_embeddings=True,
        bos_token_id=308, eos_token_id=309,
    )  # fmt: skip
    old = {"rope_theta": 10000.0, "rope_scaling": None, "rope_interleaved": False}
    base = LlamaConfig(hidden_size=36, intermediate_size=48, num_attention_heads=9, num_key_value_heads=3, **shape)
    write_model(at / "base", base, seed, dtype=torch.float16, old=old)
    toy_text.save(tok, at / "base", "<|im_start|>", "<|im_end|>", chat=chat)
    large = LlamaConfig(hidden_size=40, intermediate_size=64, num_attention_heads=5, num_key_value_heads=1, **shape)
    write_model(at / "clear", large, seed + 1)
    toy_text.save(tok, at / "clear", "<|im_start|>", "<|im_end|>", chat=chat)
    lineup = """
[[objective]]
name = "clear"
model = "clear"
template = "### Q: {{ prompt }}\\n### A:"
"""
    cases = [
        dict(name="its own template", prompt="How long is the river?", weights={"clear": 1.0}),
        dict(name="strong", prompt="Dis-moi l'été", weights={"clear": 2.0}),
    ]
    return lineup, cases


FAMILIES = {"llama2": llama2, "llama3": llama3, "mistral": mistral, "qwen2": qwen2, "qwen3": qwen3, "smollm": smollm}
FAMILIES |= RELATIVES


def rounded(value):
    """Seven significant digits: far below the tolerance, a third of the bytes."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def expected(at, cases):
    """The stored values of all cases, or a sentence that says why this seed will not do."""
    lineup, exact = Lineup(at), Lineup(at, dtype=torch.float64)
    out, least, error = [], float("inf"), 0.0
    for case in cases:
        greedy = {}
        for pane, is_guided in (("base", False), ("guided", True)):
            ids, margin = lineup.greedy(case, WRITTEN, is_guided)
            least = min(least, margin)
            if len(ids) < WRITTEN or len(set(ids)) < 10:
                return f"{case['name']}: the {pane} text has {len(ids)} tokens, {len(set(ids))} of them different"
            greedy[pane] = ids
        steered = any(case["weights"].values())
        if steered == (greedy["base"] == greedy["guided"]):
            return f"{case['name']}: the guided text is the base text"
        text = case.get("response", FIXED)
        fixed = lineup.base.tok.encode(text, add_special_tokens=False).ids
        fixed += lineup.base.ends[:1] if case.get("eos") else []
        assert len(fixed) >= 40, len(fixed)
        for response in (fixed, greedy["guided"]):
            rough, fine = lineup.rows(case, response), exact.rows(case, response)
            error = max([error, *((a - b).abs().max().item() for a, b in zip(flat(rough), flat(fine), strict=True))])
        out.append(
            {key: case.get(key) for key in ("name", "prompt", "system", "weights")}
            | {"raw": case.get("raw", False), "eos": case.get("eos", False), "rendered": lineup.base.rendered(case)}
            | {"prompt_ids": lineup.base.prompt_ids(case)}
            | {"response": text, "response_ids": fixed, "scored": lineup.numbers(case, fixed)}
            | {"base_ids": greedy["base"], "guided_ids": greedy["guided"]}
            | {f"{pane}_numbers": lineup.numbers(case, ids, with_rows=False) for pane, ids in greedy.items()}
        )
    if least < MARGIN:
        return f"a greedy choice leads by only {least:.1e}"
    if error > ROUNDING:
        return f"float32 is off by {error:.1e}"
    return {
        "schema": "counterpoise.golden/1",
        "made_with": {m.__name__: m.__version__ for m in (torch, transformers, peft, tokenizers)},
        "vocabulary": lineup.vocabulary,
        "ends": lineup.base.ends,
        "least_margin": least,
        "float32_error": error,
        "cases": out,
    }


def flat(rows):
    base, rewards, guided = rows
    return [base, *rewards.values(), guided]


def make(name):
    at = HERE / name
    for seed in range(100, 400, 3):
        shutil.rmtree(at, ignore_errors=True)
        at.mkdir()
        objectives, cases = FAMILIES[name](at, seed)
        head = f'schema = 1\nname = "Golden {name}"\n\n[base]\npath = "base"\ndtype = "f32"\n'
        (at / "lineup.toml").write_text(head + objectives)
        values = expected(at, cases)
        if isinstance(values, str):
            print(f"{name}: seed {seed}: {values}", file=sys.stderr)
            continue
        values["seed"] = seed
        (at / "expected.json").write_text(json.dumps(rounded(values), ensure_ascii=False, separators=(",", ":")) + "\n")
        print(f"{name}: seed {seed}, lead {values['least_margin']:.1e}, float32 error {values['float32_error']:.1e}")
        return
    raise SystemExit(f"{name}: no seed will do")


if __name__ == "__main__":
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for family in sys.argv[1:] or FAMILIES:
        make(family)
