//! The parts that memory goes to.

use super::{change, verdict};
use crate::domain::machine::Room;
use crate::domain::{MemoryEstimate, MemoryPart, MemoryPurpose, RewardKind};
use crate::model::kernels::SPAN;
use crate::model::net::NetConfig;

/// Rows that go through a model in one pass at most.
const PASS_ROWS: usize = 256;

/// Rows whose logits are worked out together.
const LOGIT_ROWS: usize = 16;

/// What the program takes before any model: itself, its threads, its buffers.
const PROGRAM: u64 = 24 << 20;

/// What the libraries of a graphics card take of its memory behind the open context: code of the kernels, and the place in
/// which products are worked out (32 MiB on the largest cards). No driver tells it beforehand: it is set with room.
const LIBRARIES: u64 = 192 << 20;

/// Tokens that a fresh cache on a card has room for; it doubles from there.
const CARD_CACHE: usize = 64;

/// What a tokenizer takes for each of its tokens, measured: texts, both directions, merges.
const PER_TOKEN: u64 = 420;

/// What each text of the vocabulary takes.
const PER_TEXT: u64 = 56;

/// How much is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Tokens of the prompt, as the longest template renders it.
    pub prompt: usize,
    /// Most tokens of a response.
    pub response: usize,
    /// Earlier texts that are kept to be written on from.
    pub kept_texts: usize,
    /// Most bytes that those may take.
    pub kept_bytes: u64,
    /// Most bytes of the scores that are kept of the texts shown; 0 where none are.
    pub score_bytes: u64,
}

impl Default for Plan {
    /// Two texts of 256 tokens behind a prompt of 256, as the window writes them.
    fn default() -> Self {
        Self {
            prompt: 256,
            response: 256,
            kept_texts: 1,
            kept_bytes: 512 << 20,
            score_bytes: 1 << 30,
        }
    }
}

/// One set of weights.
#[derive(Debug, Clone)]
pub struct Trunk {
    /// `base` or an objective's name.
    pub role: String,
    /// The objective's kind.
    pub kind: Option<RewardKind>,
    /// What it is.
    pub config: NetConfig,
    /// Parameters, those of a tied head counted once.
    pub parameters: u64,
    /// Bytes of its weights as they are kept.
    pub bytes: u64,
    /// How they are kept, in words.
    pub how: String,
    /// The 16-bit numbers that it could be kept in instead of f32.
    pub halved: Option<&'static str>,
    /// Bytes of the numbers between the weights.
    pub element_bytes: usize,
    /// Whether it comes from a GGUF file.
    pub is_gguf: bool,
}

/// One way to read a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// Index of its trunk.
    pub trunk: usize,
}

impl Trunk {
    /// Bytes of the keys and values of so many tokens: whole pages on the processor, what has doubled on a card.
    fn cache(&self, tokens: usize, on_card: bool) -> u64 {
        let token = self.config.sizes().token_numbers() * self.element_bytes;
        let room = if on_card {
            tokens.next_power_of_two().max(CARD_CACHE)
        } else {
            tokens.next_multiple_of(SPAN)
        };
        (room * token) as u64
    }

    /// What lies between the kernels while `rows` rows go through behind `past` tokens.
    fn scratch(&self, rows: usize, past: usize, on_card: bool) -> u64 {
        let sizes = self.config.sizes();
        if on_card {
            // Whole tensors, each beside the one that it is made from: what attention weighs, or all logits, is the largest.
            let weighed = 2 * sizes.heads * (past + rows);
            let logits = 2 * sizes.vocabulary;
            let products = 3 * sizes.width + 3 * sizes.inner;
            return (rows * 4 * (weighed.max(logits) + products)) as u64;
        }
        let q = sizes.heads * sizes.head_width;
        let kv = sizes.kv_heads * sizes.head_width;
        let row = 3 * sizes.width + 2 * q + 2 * kv + 2 * sizes.inner;
        let rounded = sizes.inner.max(sizes.width) * 5 / 4;
        (rows * (row * 4 + rounded) + LOGIT_ROWS * sizes.vocabulary * 4) as u64
    }
}

/// Adds everything up that lies in `room`, or beside it. The first trunk and the first reader are the base's.
#[must_use]
pub fn of_parts(
    trunks: &[Trunk],
    readers: &[Reader],
    adapters: Vec<MemoryPart>,
    objectives: usize,
    plan: &Plan,
    room: &Room,
) -> MemoryEstimate {
    let on_card = room.card().is_some();
    let mut parts: Vec<MemoryPart> = trunks
        .iter()
        .map(|trunk| MemoryPart {
            what: MemoryPurpose::Weights,
            role: trunk.role.clone(),
            kind: trunk.kind,
            bytes: trunk.bytes,
            on_card,
            how: trunk.how.clone(),
        })
        .collect();
    parts.extend(adapters);
    let weights: u64 = parts.iter().map(|part| part.bytes).sum();
    let rest = |what, bytes, on_card, how: String| MemoryPart {
        what,
        role: String::new(),
        kind: None,
        bytes,
        on_card,
        how,
    };
    let texts = texts(trunks, readers, plan, on_card);
    let vocabulary = trunks
        .iter()
        .map(|trunk| trunk.config.sizes().vocabulary)
        .min();
    let row = 4 * vocabulary.unwrap_or(0) as u64;
    let (response, all) = (plan.response as u64, readers.len() as u64);
    let shown = 2 * response * (1 + objectives as u64) * row;
    // The rest of the plain text is read by all models at once when it has ended.
    let judged = response * (1 + all) * row;
    let program = PROGRAM + tokenizers(trunks);
    let pass = scratch(trunks, readers, plan, on_card);
    parts.push(rest(
        MemoryPurpose::Texts,
        texts,
        on_card,
        format!(
            "{} tokens under {} readers",
            plan.prompt + plan.response,
            readers.len()
        ),
    ));
    parts.push(rest(
        MemoryPurpose::Scores,
        shown.min(plan.score_bytes),
        false,
        format!("of {} tokens", 2 * plan.response),
    ));
    let working =
        |bytes, on_card, how: &str| rest(MemoryPurpose::Working, bytes, on_card, how.to_owned());
    if on_card {
        let here = LIBRARIES + pass;
        parts.push(working(here, true, "a pass and the card's libraries"));
        let beside = program + judged;
        parts.push(working(beside, false, "the program and its tokenizers"));
    } else {
        let all = program + pass + judged;
        parts.push(working(
            all,
            false,
            "the program, its tokenizers and a pass",
        ));
    }
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    let counted = parts.iter().filter(|part| part.on_card == on_card);
    let total_bytes = counted.map(|part| part.bytes).sum();
    let loading_bytes = weights + if on_card { LIBRARIES } else { program };
    let needed = loading_bytes.max(total_bytes);
    let free_bytes = room.free_bytes();
    let mut estimate = MemoryEstimate {
        parts,
        card: room.card().map(|card| card.name.clone()),
        total_bytes,
        loading_bytes,
        free_bytes,
        verdict: verdict(needed, free_bytes),
        change: None,
    };
    estimate.change = change::best(trunks, &estimate, plan, room);
    estimate
}

/// Keys and values: of the guided text under every reader, of what the plain one has of its own, the state at the fork, and
/// earlier texts.
fn texts(trunks: &[Trunk], readers: &[Reader], plan: &Plan, on_card: bool) -> u64 {
    let under_all = |tokens: usize| -> u64 {
        let each = readers
            .iter()
            .map(|reader| trunks[reader.trunk].cache(tokens, on_card));
        each.sum()
    };
    let whole = under_all(plan.prompt + plan.response);
    let judged = under_all(plan.response);
    let plain = trunks
        .first()
        .map_or(0, |base| base.cache(plan.response, on_card));
    let kept = (whole * plan.kept_texts as u64).min(plan.kept_bytes);
    whole + judged + plain + kept
}

fn tokenizers(trunks: &[Trunk]) -> u64 {
    let tokens = trunks
        .iter()
        .map(|trunk| trunk.config.sizes().vocabulary as u64);
    let first = trunks
        .first()
        .map_or(0, |base| base.config.sizes().vocabulary as u64);
    tokens.sum::<u64>() * PER_TOKEN + first * PER_TEXT
}

/// One pass at a time: the trunk that needs most counts.
fn scratch(trunks: &[Trunk], readers: &[Reader], plan: &Plan, on_card: bool) -> u64 {
    let of = |(index, trunk): (usize, &Trunk)| {
        let here = readers
            .iter()
            .filter(|reader| reader.trunk == index)
            .count();
        let rows = here * plan.prompt.max(plan.response);
        trunk.scratch(rows.min(PASS_ROWS), plan.prompt, on_card)
    };
    trunks.iter().enumerate().map(of).max().unwrap_or(0)
}
