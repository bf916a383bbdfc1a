//! What the lineup in hand takes in memory, and whether that fits.

use egui::{RichText, Ui};

use super::words::weak_ui;
use crate::app::state::State;
use crate::app::theme::{palette, section, space};
use crate::app::widgets::numbers;
use crate::domain::{MemoryEstimate, MemoryPurpose, Verdict};

/// What is shown of the memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryView {
    /// The sentence.
    pub words: String,
    /// Whether a person should take care.
    pub warns: bool,
    /// The one change that would help most.
    pub change: Option<String>,
    /// Each part with its size, the largest first.
    pub parts: Vec<(String, String)>,
}

impl MemoryView {
    /// What can be said; nothing for a lineup that is not whole, or not known yet.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let answer = state.models.estimate(&state.compute)?;
        // Why a base or an objective cannot be read stands beside it.
        let estimate = answer.as_ref().ok()?;
        let needed = estimate.total_bytes.max(estimate.loading_bytes);
        let needed = numbers::bytes(needed);
        let (place, crowded) = match &estimate.card {
            Some(card) => (
                format!(" on the graphics card ({card})"),
                "longer texts may not fit",
            ),
            None => (String::new(), "other programs may slow down"),
        };
        let (words, warns) = match (estimate.verdict, estimate.free_bytes.map(numbers::bytes)) {
            (Verdict::Fits, Some(free)) => (
                format!("✓ Fits: about {needed} of {free} free{place}"),
                false,
            ),
            (Verdict::Tight, Some(free)) => {
                let words = format!("⚠ Tight: about {needed} of {free} free{place}; {crowded}");
                (words, true)
            }
            (Verdict::WillNotFit, Some(free)) => {
                let words = format!("✗ Will not fit: about {needed}, and {free} are free{place}");
                (words, true)
            }
            (Verdict::Unknown, _) | (_, None) => (format!("About {needed}{place}"), false),
        };
        Some(Self {
            words,
            warns,
            change: estimate.change.as_ref().map(|change| {
                let saved = numbers::bytes(change.saved_bytes);
                format!("{}: saves about {saved}", change.words)
            }),
            parts: parts(estimate),
        })
    }
}

fn parts(estimate: &MemoryEstimate) -> Vec<(String, String)> {
    let named = estimate.parts.iter().map(|part| {
        let what = match part.what {
            MemoryPurpose::Weights => format!("Weights of {}", part.role),
            MemoryPurpose::Adapter => format!("Adapter {}", part.role),
            MemoryPurpose::Texts => "What the models remember of the texts".to_owned(),
            MemoryPurpose::Scores => "Scores of the words that are shown".to_owned(),
            MemoryPurpose::Working if part.on_card => "A step, and the card's libraries".to_owned(),
            MemoryPurpose::Working if estimate.card.is_some() => {
                "The program and its tokenizers".to_owned()
            }
            MemoryPurpose::Working => "The program, its tokenizers and a step".to_owned(),
        };
        let what = match part.what {
            MemoryPurpose::Weights | MemoryPurpose::Adapter if !part.how.is_empty() => {
                format!("{what} ({})", part.how)
            }
            MemoryPurpose::Weights
            | MemoryPurpose::Adapter
            | MemoryPurpose::Texts
            | MemoryPurpose::Scores
            | MemoryPurpose::Working => what,
        };
        let size = numbers::bytes(part.bytes);
        match &estimate.card {
            Some(_) if !part.on_card => (what, format!("{size}, not on the card")),
            Some(_) | None => (what, size),
        }
    });
    named.collect()
}

/// Draws it.
pub fn memory_ui(ui: &mut Ui, view: &MemoryView) {
    let colours = palette(ui);
    ui.label(RichText::new("Memory").text_style(section()))
        .on_hover_text("Worked out from the headers of the files, before anything is loaded");
    let colour = if view.warns {
        colours.warning
    } else {
        colours.text
    };
    let words = ui.label(RichText::new(&view.words).color(colour));
    words.on_hover_ui(|ui| {
        egui::Grid::new("memory_parts")
            .num_columns(2)
            .show(ui, |ui| {
                for (what, size) in &view.parts {
                    ui.label(what);
                    ui.label(size);
                    ui.end_row();
                }
            });
    });
    if let Some(change) = &view.change {
        weak_ui(ui, change);
    }
    ui.add_space(space::L);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::models::estimate::Estimated;
    use crate::app::state::models::plan::Plan;
    use crate::app::state::models::tests::lineup;
    use crate::domain::{MemoryChange, MemoryPart};

    fn estimate(verdict: Verdict, free: Option<u64>) -> MemoryEstimate {
        MemoryEstimate {
            parts: vec![MemoryPart {
                what: MemoryPurpose::Weights,
                role: "base".to_owned(),
                kind: None,
                bytes: 2_000_000_000,
                on_card: false,
                how: "BF16 as in the file".to_owned(),
            }],
            card: None,
            total_bytes: 2_400_000_000,
            loading_bytes: 2_100_000_000,
            free_bytes: free,
            verdict,
            change: (verdict != Verdict::Fits).then(|| MemoryChange {
                words: "Use a smaller file".to_owned(),
                saved_bytes: 1_000_000_000,
                verdict: Verdict::Fits,
            }),
        }
    }

    fn shown(verdict: Verdict, free: Option<u64>) -> MemoryView {
        view_of(estimate(verdict, free))
    }

    fn view_of(estimate: MemoryEstimate) -> MemoryView {
        let mut state = State::default();
        state.models.begun = true;
        state.models.plan = Plan::of(&lineup("x"), None);
        assert_eq!(MemoryView::build(&state), None, "not known yet");
        let request = state.models.estimate_request(&state.compute).unwrap();
        state.models.estimated = Some(Estimated {
            request,
            answer: Ok(estimate),
        });
        let view = MemoryView::build(&state).unwrap();
        // Another weight or name takes no other memory; another base does.
        state.models.plan.name = "other".to_owned();
        assert!(MemoryView::build(&state).is_some());
        state.models.plan.objectives.clear();
        state.models.plan.base = None;
        assert_eq!(MemoryView::build(&state), None);
        view
    }

    #[test]
    fn the_verdict_is_a_sentence_with_both_sizes() {
        let fits = shown(Verdict::Fits, Some(8_000_000_000));
        assert_eq!(fits.words, "✓ Fits: about 2.4 GB of 8.0 GB free");
        assert!(!fits.warns && fits.change.is_none());
        let not = shown(Verdict::WillNotFit, Some(1_000_000_000));
        assert_eq!(
            not.words,
            "✗ Will not fit: about 2.4 GB, and 1.0 GB are free"
        );
        assert_eq!(
            not.change.as_deref(),
            Some("Use a smaller file: saves about 1.0 GB")
        );
        assert_eq!(
            not.parts,
            [(
                "Weights of base (BF16 as in the file)".to_owned(),
                "2.0 GB".to_owned()
            )]
        );
        assert_eq!(shown(Verdict::Unknown, None).words, "About 2.4 GB");
    }

    #[test]
    fn what_is_computed_on_a_card_is_measured_by_its_memory_and_says_so() {
        let on_card = |verdict, free| {
            let mut estimate = estimate(verdict, free);
            estimate.card = Some("NVIDIA L4".to_owned());
            estimate.parts[0].on_card = true;
            estimate.parts.push(MemoryPart {
                what: MemoryPurpose::Working,
                role: String::new(),
                kind: None,
                bytes: 300_000_000,
                on_card: false,
                how: String::new(),
            });
            view_of(estimate)
        };
        let fits = on_card(Verdict::Fits, Some(20_000_000_000));
        assert_eq!(
            fits.words,
            "✓ Fits: about 2.4 GB of 20 GB free on the graphics card (NVIDIA L4)"
        );
        assert_eq!(
            fits.parts[1],
            (
                "The program and its tokenizers".to_owned(),
                "300 MB, not on the card".to_owned()
            )
        );
        let tight = on_card(Verdict::Tight, Some(2_500_000_000));
        assert_eq!(
            tight.words,
            "⚠ Tight: about 2.4 GB of 2.5 GB free on the graphics card (NVIDIA L4); longer texts may not fit"
        );
        let not = on_card(Verdict::WillNotFit, Some(1_000_000_000));
        assert_eq!(
            not.words,
            "✗ Will not fit: about 2.4 GB, and 1.0 GB are free on the graphics card (NVIDIA L4)"
        );
        let unknown = on_card(Verdict::Unknown, None);
        assert_eq!(
            unknown.words,
            "About 2.4 GB on the graphics card (NVIDIA L4)"
        );
    }
}
