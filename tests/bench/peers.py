"""Steps and prompts of random models of real shapes: ours, llama.cpp and PyTorch transformers + PEFT, in turns.

    pip install llama-cpp-python gguf numpy torch transformers peft
    cargo build --release
    python tests/bench/peers.py --shapes 135m,1b --quants q8_0,q4_k,f32

Every round starts our program's `bench` once and then measures the peers, so that what else the machine does hits all of
them; ratios are taken within a round and their median is printed. Weights are random and need no download. The files for
llama.cpp are written to a temporary folder: their blocks are random bytes with sane scales, in the same formats that our
program uses (8 bits where a matrix is no whole blocks of 4 bits). A peer that is not installed is left out and named.
"""

import argparse
import ctypes
import gc
import importlib.metadata
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]

# vocabulary, width, inner width, blocks, query heads, key heads, whether the head is the embedding
SHAPES = {
    "tiny": (2048, 256, 512, 2, 4, 2, True),
    "135m": (49152, 576, 1536, 30, 9, 3, True),
    "1b": (32000, 2048, 5632, 22, 32, 4, False),
    "7b": (32000, 4096, 11008, 32, 32, 32, False),
}
PAST = 64
PROMPT = 256
RANK = 16
# What a turn lasts at least, seconds, and how many turns a round has.
TURN = 0.3
TURNS = 3


def timed(work, least=1):
    """Median seconds per call over a few turns; `work(n)` does n calls."""
    work(1)
    began = time.perf_counter()
    work(1)
    count = max(least, min(24, int(TURN / max(time.perf_counter() - began, 1e-6)) + 1))
    turns = []
    for _ in range(TURNS):
        began = time.perf_counter()
        work(count)
        turns.append((time.perf_counter() - began) / count)
    return statistics.median(turns)


# ---------------------------------------------------------------------------------------------------------------- ours


def ours(binary, shape, quant, threads, full):
    """Seconds of our steps and prompts."""
    command = [binary, "bench", "--json", "--synthetic", shape, "--quant", quant, "--threads", str(threads)]
    command += ["--adapters", "2", "--rank", str(RANK)] + ([] if full else ["--quick"])
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    report = json.loads(done.stdout)
    rows = {row["rows"]: row["secs"] for row in report["steps"]["rows"]}
    numbers = {
        "1 row": rows[1],
        "2 rows": rows[2],
        "4 rows": rows[4],
        "8 rows": rows[8],
        "3 guided": report["steps"]["guided_alone"]["secs"],
        "guided": report["steps"]["guided"]["secs"],
        "prompt": report["prefill"]["base"]["secs"] / report["prefill"]["tokens"] * PROMPT,
    }
    return numbers, report


# ----------------------------------------------------------------------------------------------------------- llama.cpp


def blocks(random, kind, rows, inputs, gguf):
    """Random weights of one matrix in a file's format."""
    size = 2.0 / np.sqrt(inputs)
    if kind == "f32":
        return random.uniform(-size, size, (rows, inputs)).astype(np.float32), None
    if kind == "f16":
        return random.uniform(-size, size, (rows, inputs)).astype(np.float16), None
    types = gguf.GGMLQuantizationType
    dtype = {"q8_0": types.Q8_0, "q4_k": types.Q4_K}[kind]
    weights, length = gguf.GGML_QUANT_SIZES[dtype]
    data = np.frombuffer(random.bytes(rows * inputs // weights * length), np.uint8)
    data = data.reshape(-1, length).copy()

    def scale(at, value):
        data[:, at : at + 2] = np.frombuffer(np.float16(value).tobytes(), np.uint8)

    if kind == "q8_0":
        scale(0, size / 127)
    else:
        # Scales and minima are 6 bits: in the middle, 15/2 steps up from the minimum is 0.
        scale(0, size / (32 * 7.5))
        scale(2, size / 32)
    return data.reshape(rows, inputs // weights * length), dtype


def kept(quant, inputs):
    """The format of a matrix of so many inputs."""
    if quant == "q4_k" and inputs % 256:
        quant = "q8_0"
    return "f32" if quant == "q8_0" and inputs % 32 else quant


def write_gguf(path, shape, quant):
    import gguf

    vocab, hidden, inner, layers, heads, kv_heads, tied = SHAPES[shape]
    head = hidden // heads
    random = np.random.default_rng(1)
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name(shape)
    writer.add_context_length(2048)
    writer.add_embedding_length(hidden)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(head)
    writer.add_vocab_size(vocab)
    writer.add_tokenizer_model("no_vocab")

    def matrix(name, rows, inputs):
        data, dtype = blocks(random, kept(quant, inputs), rows, inputs, gguf)
        writer.add_tensor(f"{name}.weight", data, raw_dtype=dtype)

    def norm(name):
        writer.add_tensor(f"{name}.weight", random.uniform(0.7, 1.3, hidden).astype(np.float32))

    matrix("token_embd", vocab, hidden)
    for layer in range(layers):
        block = f"blk.{layer}"
        norm(f"{block}.attn_norm")
        matrix(f"{block}.attn_q", heads * head, hidden)
        matrix(f"{block}.attn_k", kv_heads * head, hidden)
        matrix(f"{block}.attn_v", kv_heads * head, hidden)
        matrix(f"{block}.attn_output", hidden, heads * head)
        norm(f"{block}.ffn_norm")
        matrix(f"{block}.ffn_gate", inner, hidden)
        matrix(f"{block}.ffn_up", inner, hidden)
        matrix(f"{block}.ffn_down", hidden, inner)
    norm("output_norm")
    if not tied:
        matrix("output", vocab, hidden)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


class LlamaCpp:
    """One model and its context, with up to 8 texts, through the low-level interface."""

    def __init__(self, path, threads):
        import llama_cpp

        self.api = api = llama_cpp
        settings = api.llama_model_default_params()
        settings.n_gpu_layers = 0
        # Each model in memory of its own, as different models would be.
        if hasattr(settings, "load_mode"):
            settings.load_mode = api.LLAMA_LOAD_MODE_NONE
        else:
            settings.use_mmap = False
        self.model = api.llama_model_load_from_file(str(path).encode(), settings)
        if not self.model:
            raise SystemExit(f"llama.cpp does not load {path}")
        wanted = api.llama_context_default_params()
        wanted.n_ctx = 4096
        wanted.n_batch = wanted.n_ubatch = 512
        wanted.n_seq_max = 8
        wanted.n_threads = wanted.n_threads_batch = threads
        self.context = api.llama_init_from_model(self.model, wanted)
        if not self.context:
            raise SystemExit("llama.cpp gives no context")
        self.memory = api.llama_get_memory(self.context)
        self.batch = api.llama_batch_init(512, 0, 8)
        self.read(0, 0, PAST, False)
        for text in range(1, 8):
            api.llama_memory_seq_cp(self.memory, 0, text, 0, -1)

    def close(self):
        self.api.llama_batch_free(self.batch)
        self.api.llama_free(self.context)
        self.api.llama_model_free(self.model)

    def decode(self, places):
        """Reads (token, text, position, whether logits are wanted)."""
        batch = self.batch
        batch.n_tokens = len(places)
        for index, (token, text, position, wanted) in enumerate(places):
            batch.token[index] = token
            batch.pos[index] = position
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = text
            batch.logits[index] = wanted
        status = self.api.llama_decode(self.context, batch)
        if status:
            raise SystemExit(f"llama.cpp failed to decode: {status}")
        self.api.llama_synchronize(self.context)
        for index, place in enumerate(places):
            if place[3]:
                # As a sampler would.
                self.api.llama_get_logits_ith(self.context, index)[0]

    def read(self, text, start, count, wanted):
        self.decode([(7 + at % 1000, text, start + at, wanted and at + 1 == count) for at in range(count)])

    def step(self, rows, at):
        self.decode([(7 + at, text, PAST + at, True) for text in range(rows)])

    def forget(self, rows):
        for text in range(rows):
            self.api.llama_memory_seq_rm(self.memory, text, PAST, -1)

    def steps(self, rows):
        def work(count):
            for at in range(count):
                self.step(rows, at)
            self.forget(rows)

        return timed(work)

    def prompt(self):
        def work(count):
            for _ in range(count):
                self.api.llama_memory_seq_rm(self.memory, 0, 0, -1)
                self.read(0, 0, PROMPT, True)

        try:
            return timed(work)
        finally:
            self.api.llama_memory_seq_rm(self.memory, 0, 0, -1)
            self.api.llama_memory_seq_cp(self.memory, 1, 0, 0, -1)


def in_turn(models):
    """A step of base (two texts) and of two whole reward models, one after the other."""

    def work(count):
        for at in range(count):
            for rows, model in zip((2, 1, 1), models):
                model.step(rows, at)
        for rows, model in zip((2, 1, 1), models):
            model.forget(rows)

    return timed(work)


def llama_numbers(models):
    base = models[0]
    return {
        "1 row": base.steps(1),
        "2 rows": base.steps(2),
        "4 rows": base.steps(4),
        "8 rows": base.steps(8),
        "guided": base.steps(4),
        "whole": in_turn(models),
        "prompt": base.prompt(),
    }


# -------------------------------------------------------------------------------------------------------- transformers


class Torch:
    """transformers' model with two PEFT adapters, in f32."""

    def __init__(self, shape, threads):
        import torch
        from peft import LoraConfig, get_peft_model
        from transformers import LlamaConfig, LlamaForCausalLM

        vocab, hidden, inner, layers, heads, kv_heads, tied = SHAPES[shape]
        torch.set_num_threads(threads)
        self.torch = torch
        config = LlamaConfig(
            vocab_size=vocab,
            hidden_size=hidden,
            intermediate_size=inner,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            num_key_value_heads=kv_heads,
            max_position_embeddings=2048,
            rms_norm_eps=1e-5,
            tie_word_embeddings=tied,
        )
        lora = LoraConfig(
            r=RANK,
            lora_alpha=2 * RANK,
            init_lora_weights=False,
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        )
        self.model = get_peft_model(LlamaForCausalLM(config), lora, adapter_name="a").eval()
        self.model.add_adapter("b", lora)
        self.caches = {}

    def cache(self, key, rows):
        """Keys and values of the past, read by the plain model: which numbers they hold does not matter to the time."""
        if key not in self.caches:
            with self.model.disable_adapter():
                ids = self.torch.arange(7, 7 + PAST).repeat(rows, 1)
                self.caches[key] = self.model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values
        return self.caches[key]

    def step(self, key, rows, at, **more):
        ids = self.torch.full((rows, 1), 7 + at)
        self.model(input_ids=ids, past_key_values=self.cache(key, rows), use_cache=True, **more)

    def forget(self):
        for cache in self.caches.values():
            new = cache.get_seq_length() - PAST
            if new:
                cache.crop(-new)

    def plain(self, rows):
        def work(count):
            with self.torch.inference_mode(), self.model.disable_adapter():
                for at in range(count):
                    self.step(f"plain {rows}", rows, at)
            self.forget()

        return timed(work)

    def guided_in_turn(self):
        """The base's two texts in one batch, then each adapter."""

        def work(count):
            with self.torch.inference_mode():
                for at in range(count):
                    with self.model.disable_adapter():
                        self.step("plain 2", 2, at)
                    for adapter in "ab":
                        self.model.set_adapter(adapter)
                        self.step(adapter, 1, at)
            self.forget()

        return timed(work)

    def guided_in_one_batch(self):
        """PEFT's batches of several adapters."""
        names = ["__base__", "__base__", "a", "b"]

        def work(count):
            with self.torch.inference_mode():
                for at in range(count):
                    self.step("four", 4, at, adapter_names=names)
            self.forget()

        return timed(work)

    def prompt(self):
        ids = self.torch.arange(7, 7 + PROMPT).unsqueeze(0)

        def work(count):
            with self.torch.inference_mode(), self.model.disable_adapter():
                for _ in range(count):
                    self.model(input_ids=ids, use_cache=True, logits_to_keep=1)

        return timed(work)

    def numbers(self):
        in_turn, in_one_batch = self.guided_in_turn(), self.guided_in_one_batch()
        return {
            "1 row": self.plain(1),
            "4 rows": self.plain(4),
            "guided in turn": in_turn,
            "guided in one batch": in_one_batch,
            "guided": min(in_turn, in_one_batch),
            "prompt": self.prompt(),
        }


# --------------------------------------------------------------------------------------------------------------- table

# What is compared: words, ours, over whom, theirs, target.
COMPARED = [
    ("3 rows (a guided text alone) over base alone", "3 guided", "ours", "1 row", 1.3),
    ("guided job, 4 rows, over base alone", "guided", "ours", "1 row", 1.6),
    ("1 row: ours over llama.cpp", "1 row", "llama", "1 row", 1.0),
    ("guided job: ours over four sequences in llama.cpp", "guided", "llama", "guided", 0.8),
    ("guided job: ours over base + 2 whole models in llama.cpp", "guided", "llama", "whole", 0.5),
    ("guided job: ours over transformers + PEFT", "guided", "torch", "guided", 0.4),
    ("prompt of 256 tokens: ours over llama.cpp", "prompt", "llama", "prompt", 1.5),
    ("prompt of 256 tokens: ours over transformers", "prompt", "torch", "prompt", None),
]


def table(rounds, label):
    print(f"\n| {label} | ours ms | theirs ms | ratio | target | |\n|---|---|---|---|---|---|")
    for words, mine, who, theirs, target in COMPARED:
        pairs = [(r["ours"][mine], r[who][theirs]) for r in rounds if who in r and theirs in r[who]]
        if not pairs:
            continue
        ratio = statistics.median(a / b for a, b in pairs)
        ours_ms, theirs_ms = (1e3 * statistics.median(side) for side in zip(*pairs))
        wanted = f"≤ {target}" if target else ""
        verdict = "" if target is None else ("met" if ratio <= target else "**not met**")
        print(f"| {words} | {ours_ms:.1f} | {theirs_ms:.1f} | {ratio:.2f} | {wanted} | {verdict} |")


def free_bytes():
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def measure(shape, quant, options, folder):
    models, torch_peer, rounds = [], None, []
    if options.llama:
        path = folder / f"{shape}-{quant}.gguf"
        write_gguf(path, shape, quant)
        # Where three do not fit, one stands for all: its weights are far larger than any cache.
        count = 3 if 5 * path.stat().st_size < free_bytes() else 1
        models = [LlamaCpp(path, options.threads) for _ in range(count)]
        path.unlink()
        models = models if count == 3 else models * 3
    if options.torch and quant == "f32":
        torch_peer = Torch(shape, options.threads)
    report = {}
    for number in range(options.rounds):
        numbers, report = ours(options.binary, shape, quant, options.threads, options.full)
        measured = {"ours": numbers}
        if models:
            measured["llama"] = llama_numbers(models)
        if torch_peer:
            measured["torch"] = torch_peer.numbers()
        rounds.append(measured)
        print(f"{shape} {quant}: round {number + 1} of {options.rounds}", file=sys.stderr)
    for model in {id(model): model for model in models}.values():
        model.close()
    del torch_peer
    gc.collect()
    return rounds, report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", default="135m,1b")
    parser.add_argument("--quants", default="q8_0,q4_k,f32")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--binary", default=str(ROOT / "target/release/counterpoise"))
    parser.add_argument("--full", action="store_true", help="our program's full measurement in every round")
    parser.add_argument("--out", help="write every number to this JSON file")
    options = parser.parse_args()
    found = lambda *names: all(importlib.util.find_spec(name) for name in names)
    options.llama = found("llama_cpp", "gguf")
    options.torch = found("torch", "transformers", "peft")
    versions = []
    for name in ["llama-cpp-python", "torch", "transformers", "peft"]:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{name} is not installed: left out")
    if options.llama:
        import llama_cpp

        silence = llama_cpp.llama_log_callback(lambda *_: None)
        llama_cpp.llama_log_set(silence, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
    everything = {"versions": versions, "threads": options.threads, "load_before": os.getloadavg(), "measured": {}}
    print(f"{', '.join(versions)}; {options.threads} threads; load before {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        for shape in options.shapes.split(","):
            for quant in options.quants.split(","):
                rounds, report = measure(shape, quant, options, Path(folder))
                if not everything.get("machine"):
                    everything["machine"] = report["machine"]
                    processor, kernels = report["machine"]["processor"], report["kernels"]
                    print(f"{processor}, {report['machine']['system']}, our kernels: {kernels}")
                everything["measured"][f"{shape} {quant}"] = {"rounds": rounds, "ours": report}
                table(rounds, f"{shape} {quant}")
                sys.stdout.flush()
    if options.out:
        Path(options.out).write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
