//! What the next run would use: words, sliders and the way tokens are drawn. This is what undo goes back over.

use crate::app::state::snapshots::Slot;
use crate::domain::{Objective, ObjectiveWeights, Prompt, Sampling};

/// The largest weight that a slider reaches; the number box goes up to [`LARGEST_TYPED_WEIGHT`].
pub const LARGEST_WEIGHT: f64 = 3.0;
/// The largest weight that can be typed.
pub const LARGEST_TYPED_WEIGHT: f64 = 10.0;

/// One objective's strip in the mixer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strip {
    /// Where its slider stands.
    pub weight: f64,
    /// Counts as 0 while this is set.
    pub muted: bool,
    /// While any strip is soloed, all others count as 0.
    pub soloed: bool,
}

impl Strip {
    fn new(weight: f64) -> Self {
        Self {
            weight,
            muted: false,
            soloed: false,
        }
    }
}

/// What the next run would use.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// The person's words.
    pub prompt: Prompt,
    /// One strip per objective of the lineup, in its order; empty until a lineup is loaded.
    pub strips: Vec<Strip>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Strips that were kept to compare with, by [`Slot`].
    pub slots: [Option<Vec<Strip>>; 2],
}

impl Draft {
    /// Gives every objective a strip: a weight asked for by name at the start, else the lineup's own.
    pub(crate) fn fit(&mut self, objectives: &[Objective], wanted: &[(String, f64)]) {
        self.strips = objectives
            .iter()
            .map(|objective| {
                let asked = wanted.iter().rfind(|(name, _)| *name == objective.name);
                Strip::new(asked.map_or(objective.weight, |(_, weight)| *weight))
            })
            .collect();
        self.slots = [None, None];
    }

    /// The strips kept in a slot.
    #[must_use]
    pub fn slot(&self, slot: Slot) -> Option<&[Strip]> {
        self.slots[slot as usize].as_deref()
    }

    /// Whether the sliders stand where a slot has them.
    #[must_use]
    pub fn is_at(&self, slot: Slot) -> bool {
        self.slot(slot) == Some(&self.strips)
    }

    /// The slot that a comparison would show: the first that differs from where the sliders stand.
    #[must_use]
    pub fn other_slot(&self) -> Option<Slot> {
        let filled = |slot: &Slot| self.slot(*slot).is_some();
        Slot::ALL
            .into_iter()
            .filter(filled)
            .find(|slot| !self.is_at(*slot))
    }

    /// The weight that objective `index` really has: 0 where it is muted or another one is soloed.
    #[must_use]
    pub fn effective_weight(&self, index: usize) -> f64 {
        let any_solo = self.strips.iter().any(|strip| strip.soloed);
        self.strips.get(index).map_or(0.0, |strip| {
            if strip.muted || (any_solo && !strip.soloed) {
                0.0
            } else {
                strip.weight
            }
        })
    }

    /// All weights as the models get them, in lineup order.
    #[must_use]
    pub fn effective_weights(&self) -> ObjectiveWeights {
        (0..self.strips.len())
            .map(|index| self.effective_weight(index))
            .collect()
    }

    /// Gives objective `index` a weight and takes it from the others, in the proportions that they have, so that the sum
    /// of all stays.
    pub(crate) fn share(&mut self, index: usize, weight: f64) {
        let total: f64 = self.strips.iter().map(|strip| strip.weight).sum();
        let Some(own) = self.strips.get(index).map(|strip| strip.weight) else {
            return;
        };
        let others = self.strips.len() - 1;
        let weight = if others == 0 {
            own
        } else {
            weight.clamp(0.0, total)
        };
        let (before, after) = (total - own, total - weight);
        for (i, strip) in self.strips.iter_mut().enumerate() {
            strip.weight = if i == index {
                weight
            } else if before > 1e-9 {
                strip.weight * after / before
            } else {
                after / others as f64
            };
        }
    }

    /// What the mix adds to the plain model: index and weight of every objective that counts.
    #[must_use]
    pub fn terms(&self) -> Vec<(usize, f64)> {
        (0..self.strips.len())
            .map(|index| (index, self.effective_weight(index)))
            .filter(|(_, weight)| weight.abs() > 1e-9)
            .collect()
    }
}

/// Named ways to draw tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SamplingPreset {
    /// τ = 1, nothing cut: the distribution of the paper.
    GenArm,
    /// τ = 0: always the likeliest token.
    Greedy,
    /// τ = 0.7 and the likeliest 95 %: calmer texts.
    Careful,
}

impl SamplingPreset {
    /// All presets, in the order of the buttons.
    pub const ALL: [Self; 3] = [Self::GenArm, Self::Careful, Self::Greedy];

    /// Words on the button.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::GenArm => "As in the paper",
            Self::Greedy => "Greedy",
            Self::Careful => "Careful",
        }
    }

    /// What it does.
    #[must_use]
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::GenArm => {
                "Temperature 1 and nothing cut off: words are drawn exactly as GenARM defines it"
            }
            Self::Greedy => "Temperature 0: always the likeliest word, so the seed does not matter",
            Self::Careful => {
                "Temperature 0.7 among the likeliest 95 %: fewer surprises, less variety"
            }
        }
    }

    /// The settings with this preset, seed and length untouched.
    #[must_use]
    pub fn applied_to(self, sampling: &Sampling) -> Sampling {
        let (temperature, top_p) = match self {
            Self::GenArm => (1.0, 1.0),
            Self::Greedy => (0.0, 1.0),
            Self::Careful => (0.7, 0.95),
        };
        Sampling {
            temperature,
            top_k: 0,
            top_p,
            min_p: 0.0,
            ..sampling.clone()
        }
    }
}

/// The seed after `seed`: looks random, is the same every time, and short enough to read aloud.
#[must_use]
pub fn next_seed(seed: u64) -> u64 {
    // SplitMix64 (Steele, Lea and Flood 2014), one step.
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) % 100_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RewardKind;

    fn objectives() -> Vec<Objective> {
        ["harmless", "helpful"]
            .map(|name| Objective {
                name: name.to_owned(),
                kind: RewardKind::Adapter,
                weight: 0.5,
                about: String::new(),
                colour: None,
            })
            .to_vec()
    }

    fn draft() -> Draft {
        let mut draft = Draft::default();
        draft.fit(&objectives(), &[("harmless".to_owned(), 1.0)]);
        draft
    }

    #[test]
    fn a_weight_asked_for_by_name_beats_the_lineups() {
        assert_eq!(*draft().effective_weights(), [1.0, 0.5]);
    }

    #[test]
    fn a_muted_objective_counts_as_zero_and_keeps_its_slider() {
        let mut draft = draft();
        draft.strips[0].muted = true;
        assert_eq!(*draft.effective_weights(), [0.0, 0.5]);
        assert!((draft.strips[0].weight - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_soloed_objective_silences_the_others() {
        let mut draft = draft();
        draft.strips[1].soloed = true;
        assert_eq!(*draft.effective_weights(), [0.0, 0.5]);
    }

    #[test]
    fn mute_beats_solo() {
        let mut draft = draft();
        draft.strips[1].soloed = true;
        draft.strips[1].muted = true;
        assert_eq!(*draft.effective_weights(), [0.0, 0.0]);
    }

    #[test]
    fn a_shared_weight_is_taken_from_the_others() {
        let mut draft = draft();
        draft.share(0, 1.2);
        assert!((draft.strips[1].weight - 0.3).abs() < 1e-9);
        draft.share(0, 9.0);
        assert!((draft.strips[0].weight - 1.5).abs() < 1e-9);
        assert!(draft.strips[1].weight.abs() < 1e-9);
        draft.share(0, 1.0);
        assert!((draft.strips[1].weight - 0.5).abs() < 1e-9);
    }

    #[test]
    fn the_mix_has_only_terms_that_count() {
        let mut draft = draft();
        assert_eq!(draft.terms(), [(0, 1.0), (1, 0.5)]);
        draft.strips[0].muted = true;
        assert_eq!(draft.terms(), [(1, 0.5)]);
    }

    #[test]
    fn seeds_go_on_without_repeating_soon() {
        let mut seen = std::collections::BTreeSet::new();
        let mut seed = 16;
        for _ in 0..50 {
            seed = next_seed(seed);
            assert!(seen.insert(seed));
        }
    }

    #[test]
    fn a_preset_keeps_seed_and_length() {
        let sampling = Sampling {
            seed: 5,
            max_tokens: 9,
            top_k: 4,
            ..Sampling::default()
        };
        let greedy = SamplingPreset::Greedy.applied_to(&sampling);
        assert_eq!((greedy.seed, greedy.max_tokens, greedy.top_k), (5, 9, 0));
        assert!(greedy.temperature.abs() < 1e-9);
    }
}
