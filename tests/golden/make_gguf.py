"""Makes GGUF files of the golden models in the layout of llama.cpp's converter, and blocks of every number type.

    pip install gguf torch transformers
    python tests/golden/make_gguf.py

The models are those of `make_models.py`, number for number, so that the stored values of their folders hold for them too:
one lineup per family with the GGUF file as its base. Files without tensors hold tokenizers of further kinds. `awkward.json`
holds the ids of awkward texts under the tokenizers that went into the files. `blocks.gguf` holds two rows of random blocks of each type, `blocks.json` the numbers
that the `gguf` package unpacks from them.
"""

import json
import shutil
from pathlib import Path

import gguf
import numpy as np
import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM

import toy_text

HERE = Path(__file__).parent
INTO = HERE / "gguf"
SIMPLE = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]
SUPER = ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
AWKWARD = [
    "", " ", "  two  spaces ", "\n", "\n\n a\tb\r\nc", "Hello", " Hello", "Hello world!", "can't I'LL we've 'tis",
    "12 345 6789", "3.14159", "Ça va, été ?", "e\u0301te\u0301", "好的，友", "数を言って", "🙂👍🏽", "naïve\u00a0space",
    "the weather on the island", "a" * 33, "ABC def_GHI", "....!!??", "\u2581under", "<0x41>", "tab\t\ttab",
    "don't stop, it's 7 o'clock", "\x00\x01", "mixed 漢字 and kana カタカナ", "end\n", "\u200bzero",
]  # fmt: skip


def permuted(weight, heads):
    """llama.cpp turns neighbours where transformers turn halves: the halves of each head are shuffled into one another."""
    shape = weight.shape
    return weight.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def tokens_of(writer, tok, kind, pre, user_defined=(), room=0):
    """The tokenizer's tokens and what joins them, as llama.cpp's converter writes them down; rows of the embedding without
    a token are room for further ones."""
    inner = json.loads(tok.to_str())
    added = {token["id"]: token for token in inner["added_tokens"]}
    merges = [m if isinstance(m, str) else " ".join(m) for m in inner["model"]["merges"]]
    rank = {merge.replace(" ", "", 1): index for index, merge in reversed(list(enumerate(merges)))}
    tokens, kinds, scores = [], [], []
    for index in range(tok.get_vocab_size()):
        token = tok.id_to_token(index)
        tokens.append((token.replace("\u2581", " ") if token in user_defined else token).encode())
        scores.append(-1.0 - rank[token] if token in rank else -1e4)
        if token == "<unk>":
            kinds.append(gguf.TokenType.UNKNOWN)
        elif token in user_defined:
            kinds.append(gguf.TokenType.USER_DEFINED)
        elif index in added:
            kinds.append(gguf.TokenType.CONTROL if added[index]["special"] else gguf.TokenType.USER_DEFINED)
        elif kind == "llama" and token.startswith("<0x"):
            kinds.append(gguf.TokenType.BYTE)
        else:
            kinds.append(gguf.TokenType.NORMAL)
    for index in range(len(tokens), room):
        tokens.append(f"[PAD{index}]".encode())
        scores.append(-1000.0)
        kinds.append(gguf.TokenType.UNUSED)
    writer.add_tokenizer_model(kind)
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    if kind == "llama":
        writer.add_token_scores(scores)
    else:
        writer.add_token_merges(merges)


def tokenizer(writer, folder, kind, pre, room):
    """All that a folder says of texts."""
    tok = Tokenizer.from_file(str(folder / "tokenizer.json"))
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    tokens_of(writer, tok, kind, pre, room=room)
    starts = tok.encode("a").ids[: -len(tok.encode("a", add_special_tokens=False).ids)]
    writer.add_add_bos_token(bool(starts))
    bos = starts[0] if starts else tok.token_to_id(settings["bos_token"]) if settings.get("bos_token") else None
    if bos is not None:
        writer.add_bos_token_id(bos)
    writer.add_eos_token_id(tok.token_to_id(settings["eos_token"]))
    chat = settings.get("chat_template")
    if isinstance(chat, list):
        chat = next(entry["template"] for entry in chat if entry["name"] == "default")
    if (folder / "chat_template.jinja").exists():
        chat = (folder / "chat_template.jinja").read_text()
    if chat:
        writer.add_chat_template(chat)
    return tok


def llama3_factors(config):
    """What llama.cpp divides frequencies by, as its converter works it out."""
    rope, dim = config.rope_parameters, config.hidden_size // config.num_attention_heads
    freqs = 1.0 / (rope["rope_theta"] ** (torch.arange(0, dim, 2, dtype=torch.float32) / dim))
    old, low, high = rope["original_max_position_embeddings"], rope["low_freq_factor"], rope["high_freq_factor"]
    factors = []
    for freq in freqs.tolist():
        wavelength = 2 * np.pi / freq
        if wavelength < old / high:
            factors.append(1.0)
        elif wavelength > old / low:
            factors.append(rope["factor"])
        else:
            smooth = (old / wavelength - low) / (high - low)
            factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def model(family, arch, kind, pre, dtype):
    """`base` of a family as one GGUF file."""
    folder = HERE / family / "base"
    config = AutoConfig.from_pretrained(folder)
    state = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).state_dict()
    writer = gguf.GGUFWriter(INTO / f"{family}.gguf", gguf.MODEL_ARCH_NAMES[arch])
    writer.add_name(f"Golden {family}")
    writer.add_license("mit")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    if arch in (gguf.MODEL_ARCH.QWEN3,):
        writer.add_key_length(width)
        writer.add_value_length(width)
    if arch == gguf.MODEL_ARCH.LLAMA:
        writer.add_rope_dimension_count(width)
    tok = tokenizer(writer, folder, kind, pre, config.vocab_size)
    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    for name, weight in state.items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        if arch == gguf.MODEL_ARCH.LLAMA and ("q_proj" in name or "k_proj" in name):
            heads = config.num_attention_heads if "q_proj" in name else config.num_key_value_heads
            weight = permuted(weight, heads)
        stem, _, end = name.rpartition(".")
        own = f"{names.get_name(stem)}.{end}"
        stored = dtype if weight.dim() == 2 else "F32"
        data = gguf.quants.quantize(weight.numpy(), gguf.GGMLQuantizationType[stored])
        writer.add_tensor(own, data, raw_dtype=gguf.GGMLQuantizationType[stored])
    if config.rope_parameters.get("rope_type") == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(config))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    text = (HERE / family / "lineup.toml").read_text()
    text = text.replace('path = "base"', f'path = "{family}.gguf"')
    for key in ("adapter", "model", "expert", "path", "amateur"):
        text = text.replace(f'{key} = "', f'{key} = "../{family}/').replace(f'"../{family}/{family}.gguf"', f'"{family}.gguf"')
    text = text.replace("{ path", "{path").replace("{path", "{ path")
    (INTO / f"{family}.toml").write_text(text)
    return [tok.encode(awkward, add_special_tokens=False).ids for awkward in AWKWARD]


QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_level(steps, composed=False, whole=False):
    """A byte-level tokenizer that cuts texts by these steps."""
    tok = Tokenizer(models.BPE(ignore_merges=whole))
    tok.pre_tokenizer = pre_tokenizers.Sequence(steps)
    if composed:
        tok.normalizer = normalizers.NFC()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=340, initial_alphabet=alphabet, show_progress=False)
    tok.train_from_iterator([*toy_text.SENTENCES, *AWKWARD], trainer)
    tok.add_special_tokens(["<|endoftext|>", "<|im_end|>"])
    tok.decoder = decoders.ByteLevel()
    return tok


def by_pattern(pattern, **kind):
    split = pre_tokenizers.Split(Regex(pattern), "isolated")
    return byte_level([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)], **kind)


def spaced():
    """Pieces as Gemma has them: nothing is put before a text, and runs of spaces and lines are tokens of their own."""
    runs = ["\u2581\u2581", "\u2581\u2581\u2581", "\n\n"]
    learnt = json.loads(toy_text.sentence_piece(330, modern=True).to_str())["model"]
    pieces = [*learnt["vocab"], *runs, "\n"]
    merges = [["\u2581", "\u2581"], ["\u2581\u2581", "\u2581"], ["\u2581", "\u2581\u2581"], ["\n", "\n"], *learnt["merges"]]
    tok = Tokenizer(
        models.BPE(
            vocab={piece: index for index, piece in enumerate(pieces)}, merges=[tuple(merge) for merge in merges],
            unk_token="<unk>", fuse_unk=True, byte_fallback=True,
        )
    )  # fmt: skip
    tok.normalizer = normalizers.Replace(" ", "\u2581")
    tok.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    tok.add_special_tokens(["<unk>", "<s>", "</s>"])
    return tok, runs


def vocabulary(name, tok, kind, pre, user_defined=(), prefix=None):
    """A tokenizer alone."""
    writer = gguf.GGUFWriter(INTO / f"{name}.gguf", "llama")
    tokens_of(writer, tok, kind, pre, user_defined)
    if prefix is not None:
        writer.add_add_space_prefix(prefix)
        writer.add_bos_token_id(1)
    writer.add_add_bos_token(False)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return [tok.encode(awkward, add_special_tokens=False).ids for awkward in AWKWARD]


def blocks():
    """Random bytes are valid blocks of every type once their scales are numbers of a usual size."""
    random = np.random.default_rng(7)
    writer = gguf.GGUFWriter(INTO / "blocks.gguf", "llama")
    writer.add_block_count(1)
    expected = {}
    for name in [*SIMPLE, *SUPER, "F16", "BF16", "F32"]:
        kind = gguf.GGMLQuantizationType[name]
        if name in SIMPLE or name in ("F16", "BF16", "F32"):
            numbers = random.normal(size=(2, 256)).astype(np.float32)
            data = gguf.quants.quantize(numbers, kind)
        else:
            _, size = gguf.GGML_QUANT_SIZES[kind]
            data = random.integers(0, 256, size=(2, size), dtype=np.uint8)
            # Where the half-precision scales of a block stand.
            places = {"Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}[name]
            for row in range(2):
                for place in places:
                    scale = np.float16(random.uniform(0.001, 0.1))
                    data[row, place : place + 2] = np.frombuffer(scale.tobytes(), dtype=np.uint8)
        writer.add_tensor(name, data, raw_dtype=kind)
        numbers = gguf.quants.dequantize(data, kind).astype(np.float32).reshape(-1)
        # As bits: equal is equal.
        expected[name] = numbers.view(np.uint32).tolist()
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    (INTO / "blocks.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


def main():
    shutil.rmtree(INTO, ignore_errors=True)
    INTO.mkdir()
    arch = gguf.MODEL_ARCH
    awkward = {
        "llama2": model("llama2", arch.LLAMA, "llama", "default", "F32"),
        "llama3": model("llama3", arch.LLAMA, "gpt2", "llama-bpe", "F32"),
        "smollm": model("smollm", arch.LLAMA, "gpt2", "gpt-2", "F16"),
    }
    # Their toy tokenizers join three digits, which the real ones do not; no file says so.
    model("qwen2", arch.QWEN2, "gpt2", "llama-bpe", "BF16")
    model("qwen3", arch.QWEN3, "gpt2", "llama-bpe", "F32")
    digits = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    pieces, runs = spaced()
    awkward |= {
        "tokens_qwen2": vocabulary("tokens_qwen2", by_pattern(QWEN2, composed=True), "gpt2", "qwen2"),
        "tokens_tekken": vocabulary("tokens_tekken", by_pattern(TEKKEN, whole=True), "gpt2", "tekken"),
        "tokens_digits": vocabulary("tokens_digits", byte_level(digits), "gpt2", "smollm"),
        "tokens_spaced": vocabulary("tokens_spaced", pieces, "llama", "default", runs, prefix=False),
    }
    made_with = {"gguf": "0.19.0", "torch": torch.__version__}
    (INTO / "awkward.json").write_text(
        json.dumps({"made_with": made_with, "texts": AWKWARD, "ids": awkward}, separators=(",", ":")) + "\n"
    )
    blocks()


if __name__ == "__main__":
    main()
