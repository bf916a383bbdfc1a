//! The one change that helps a lineup most.

use super::parts::{Plan, Trunk};
use super::verdict;
use crate::domain::machine::Room;
use crate::domain::{MemoryChange, MemoryEstimate, MemoryPurpose, Verdict};
use crate::model::kernels::{Format, Packed};

/// Bytes below which a change is not worth its words.
const LEAST: u64 = 16 << 20;

/// The mildest change that makes the lineup fit with ease; where none does, the one that saves most. Nothing where it fits.
pub(super) fn best(
    trunks: &[Trunk],
    estimate: &MemoryEstimate,
    plan: &Plan,
    room: &Room,
) -> Option<MemoryChange> {
    if matches!(estimate.verdict, Verdict::Fits | Verdict::Unknown) {
        return None;
    }
    let needed = estimate.total_bytes.max(estimate.loading_bytes);
    let after = |saved: u64| verdict(needed.saturating_sub(saved), estimate.free_bytes);
    let mut changes: Vec<MemoryChange> = [
        merged(estimate),
        halved(trunks),
        shorter(estimate, plan),
        // A card computes in whole numbers of 16 or 32 bits, whatever the file has.
        smaller(trunks).filter(|_| room.card().is_none()),
        without(estimate),
    ]
    .into_iter()
    .flatten()
    .filter(|(_, saved)| *saved >= LEAST)
    .map(|(words, saved_bytes)| MemoryChange {
        words,
        saved_bytes,
        verdict: after(saved_bytes),
    })
    .collect();
    changes.extend(on_processor(estimate, room));
    let fitting = changes
        .iter()
        .position(|change| change.verdict == Verdict::Fits);
    let most = || {
        let saved = changes.iter().map(|change| change.saved_bytes).max()?;
        changes
            .iter()
            .position(|change| change.saved_bytes == saved)
    };
    let chosen = fitting.or_else(most)?;
    Some(changes.swap_remove(chosen))
}

/// The machine's memory instead of the card's, where there is enough of it.
fn on_processor(estimate: &MemoryEstimate, room: &Room) -> Option<MemoryChange> {
    let Room::Card(_, free) = room else {
        return None;
    };
    // Keys and values take twice as much there.
    let twice = |part: &&crate::domain::MemoryPart| part.what == MemoryPurpose::Texts;
    let more: u64 = estimate
        .parts
        .iter()
        .filter(twice)
        .map(|part| part.bytes)
        .sum();
    let all: u64 = estimate.parts.iter().map(|part| part.bytes).sum();
    let verdict = verdict(all + more, *free);
    matches!(verdict, Verdict::Fits | Verdict::Tight).then(|| MemoryChange {
        words: "Compute on the processor, slower: --device cpu".to_owned(),
        saved_bytes: estimate.total_bytes,
        verdict,
    })
}

type Change = Option<(String, u64)>;

/// Adapters on the base's own weights instead of copies of it.
fn merged(estimate: &MemoryEstimate) -> Change {
    let copies = estimate
        .parts
        .iter()
        .filter(|part| part.what == MemoryPurpose::Adapter && part.how.contains("copy"));
    let saved: u64 = copies.map(|part| part.bytes).sum();
    (saved > 0).then(|| {
        let words = "Let the adapters share the base's weights: layout = \"shared\" in the lineup";
        (words.to_owned(), saved)
    })
}

/// 16 bits instead of 32.
fn halved(trunks: &[Trunk]) -> Change {
    let largest = trunks
        .iter()
        .filter(|trunk| trunk.halved.is_some())
        .max_by_key(|trunk| trunk.bytes)?;
    let name = largest.halved?;
    let halved = trunks.iter().filter(|trunk| trunk.halved.is_some());
    let saved: u64 = halved.map(|trunk| trunk.bytes / 2).sum();
    let words =
        format!("Keep the weights in 16 bits: dtype = \"{name}\" in the lineup, or --dtype {name}");
    Some((words, saved))
}

/// Shorter texts.
fn shorter(estimate: &MemoryEstimate, plan: &Plan) -> Change {
    let long = |part: &&crate::domain::MemoryPart| {
        matches!(part.what, MemoryPurpose::Texts | MemoryPurpose::Scores)
            && part.on_card == estimate.card.is_some()
    };
    let bytes: u64 = estimate
        .parts
        .iter()
        .filter(long)
        .map(|part| part.bytes)
        .sum();
    let half = plan.response / 2;
    let share = half as f64 / (plan.prompt + plan.response).max(1) as f64;
    (half >= 64).then(|| {
        let words = format!("Write texts of {half} tokens instead of {}", plan.response);
        (words, (bytes as f64 * share) as u64)
    })
}

/// A file of 4 bits instead of what is kept now.
fn smaller(trunks: &[Trunk]) -> Change {
    let saved = |trunk: &Trunk| {
        let four = Packed::bytes_of(Format::Q4K, 16, 256) as f64 / (16.0 * 256.0);
        let least = (trunk.parameters as f64 * four) as u64;
        // Some of its matrices will be larger.
        trunk.bytes.saturating_sub(least + least / 4)
    };
    let largest = trunks.iter().max_by_key(|trunk| saved(trunk))?;
    let whose = match largest.kind {
        None => "the base model".to_owned(),
        Some(_) => format!("the model of {}", largest.role),
    };
    let words = if largest.is_gguf {
        format!("Use a GGUF file of {whose} with fewer bits, such as Q4_K_M")
    } else {
        format!("Use {whose} as a GGUF file of 4 bits, such as Q4_K_M")
    };
    Some((words, saved(largest)))
}

/// One objective less.
fn without(estimate: &MemoryEstimate) -> Change {
    let heavy = |part: &&crate::domain::MemoryPart| {
        part.kind.is_some() && matches!(part.what, MemoryPurpose::Weights | MemoryPurpose::Adapter)
    };
    let part = estimate
        .parts
        .iter()
        .filter(heavy)
        .max_by_key(|part| part.bytes)?;
    let words = format!("Leave out the objective {}", part.role);
    Some((words, part.bytes))
}
