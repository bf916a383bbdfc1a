"""The numbers of guided decoding, written out plainly with PyTorch, transformers and PEFT.

Rows come from float32 models in one pass without a cache; everything after the logits is float64. All numbers in nats.
"""

import tomllib

import torch
from peft import PeftModel
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

torch.set_num_threads(1)


class Reader:
    """One model with its tokenizer and template."""

    def __init__(self, folder, adapter=None, template=None, system=None, dtype=torch.float32):
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager")
        # Experts one by one: the fused way knows no float64.
        if hasattr(model.config, "num_experts_per_tok"):
            model.set_experts_implementation("eager")
        self.model = (PeftModel.from_pretrained(model, adapter) if adapter else model).eval().to(dtype)
        self.tok = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.chat = PreTrainedTokenizerFast.from_pretrained(folder)
        self.template = template
        self.system = system
        self.vocabulary = min(model.config.vocab_size, max(self.tok.get_vocab(with_added_tokens=True).values()) + 1)
        self.bos = next(iter(self.tok.encode("", add_special_tokens=True).ids), None)
        rope = getattr(model.config, "rope_parameters", None) or {}
        long = rope.get("rope_type") == "longrope"
        # Longer texts have other positions, at all of their tokens.
        self.short = rope["original_max_position_embeddings"] if long else float("inf")
        ends = model.generation_config.eos_token_id
        self.ends = ends if isinstance(ends, list) else [ends]

    def rendered(self, case):
        """The prompt's text as this model reads it."""
        system = "\n\n".join(text for text in (case.get("system"), self.system) if text)
        if self.template not in (None, "chat", "raw"):
            rendered = self.template.replace("{{ prompt }}", case["prompt"]).replace("{{ system }}", system)
            assert "{" not in rendered, "only plain templates are known here"
            return rendered
        if case.get("raw") or self.template == "raw" or not self.chat.chat_template:
            return f"{system}\n\n{case['prompt']}" if system else case["prompt"]
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": case["prompt"]})
        return self.chat.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)

    def prompt_ids(self, case):
        """Its ids: BOS in front, once, where the tokenizer adds one."""
        ids = self.tok.encode(self.rendered(case), add_special_tokens=False).ids
        return ids if self.bos is None or ids[:1] == [self.bos] else [self.bos, *ids]

    @torch.no_grad()
    def rows(self, case, response, cut):
        """Log-probabilities before each response token and after the last: [len(response) + 1, cut], float64.

        The columns from `cut` on are dropped before the softmax.
        """
        prompt = self.prompt_ids(case)
        ids = prompt + response
        logits = self.model(torch.tensor([ids])).logits[0]
        if len(ids) > self.short:
            # The row behind a token is that of the text up to it, and short texts have other positions.
            logits[: self.short] = self.model(torch.tensor([ids[: self.short]])).logits[0]
        return torch.log_softmax(logits[len(prompt) - 1 :, :cut].double(), dim=-1)


class Lineup:
    """A base and its objectives, read from lineup.toml."""

    def __init__(self, folder, dtype=torch.float32):
        self.folder = folder
        toml = tomllib.loads((folder / "lineup.toml").read_text())
        path = folder / toml["base"]["path"]
        common = toml["base"].get("template")
        self.base = Reader(path, template=common, dtype=dtype)
        self.sources, self.objectives = {}, toml["objective"]
        for objective in self.objectives:
            name, template = objective["name"], objective.get("template", common)
            for source in ("adapter", "model", "system", "expert", "amateur"):
                if source not in objective:
                    continue
                value = objective[source]
                if source == "adapter":
                    reader = Reader(path, adapter=folder / value, template=template, dtype=dtype)
                elif source == "system":
                    reader = Reader(path, template=template, system=value, dtype=dtype)
                else:
                    value = value["path"] if isinstance(value, dict) else value
                    reader = Reader(folder / value, template=template, dtype=dtype)
                self.sources[name, source] = reader
        self.vocabulary = min(reader.vocabulary for reader in [self.base, *self.sources.values()])

    def rewards(self, case, response, base):
        """reward_i(v) of every objective, in the lineup's order."""
        out = {}
        for objective in self.objectives:
            name = objective["name"]
            row = {s: r.rows(case, response, self.vocabulary) for (n, s), r in self.sources.items() if n == name}
            if "system" in row:
                out[name] = row["system"] - base
            elif "expert" in row:
                out[name] = row["expert"] - row["amateur"]
            else:
                (out[name],) = row.values()
        return out

    def rows(self, case, response):
        """base(v), reward_i(v) and guided(v) at every position of the response and after it."""
        base = self.base.rows(case, response, self.vocabulary)
        rewards = self.rewards(case, response, base)
        score = base + sum(w * rewards[name] for name, w in case["weights"].items() if w != 0)
        return base, rewards, torch.log_softmax(score, dim=-1)

    def numbers(self, case, response, with_rows=True):
        """Every number that is stored for a response, with the full rows of three positions."""
        base, rewards, guided = self.rows(case, response)
        at = torch.tensor(response).unsqueeze(-1)

        def of_response(rows):
            return rows[:-1].gather(-1, at).squeeze(-1).tolist()

        kl = (guided.exp() * (guided - base)).sum(-1)[:-1]
        advantages = {n: r - (base.exp() * r).sum(-1, keepdim=True) for n, r in rewards.items()}
        numbers = {
            "base": of_response(base),
            "guided": of_response(guided),
            "kl": kl.tolist(),
            "reward": {n: of_response(r) for n, r in rewards.items()},
            "advantage": {n: of_response(a) for n, a in advantages.items()},
        }
        if with_rows:
            picked = [0, len(response) // 2, len(response) - 1]
            numbers["rows"] = {
                "positions": picked,
                "base": base[picked].tolist(),
                "reward": {n: r[picked].tolist() for n, r in rewards.items()},
                "guided": guided[picked].tolist(),
            }
        return numbers

    def greedy(self, case, limit, guided):
        """The argmax text and the smallest lead, in nats, that any of its tokens had over the next best."""
        response, margin = [], float("inf")
        while len(response) < limit and not (response and response[-1] in self.base.ends):
            if guided:
                row = self.rows(case, response)[2][-1]
            else:
                row = self.base.rows(case, response, self.vocabulary)[-1]
            best = row.topk(2)
            margin = min(margin, (best.values[0] - best.values[1]).item())
            response.append(best.indices[0].item())
        return response, margin
