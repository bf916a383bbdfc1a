//! Demo mode's two sliders: a balance between two objectives, and how strongly both together guide.

use super::State;
use super::draft::Draft;
use crate::domain::Objective;

/// The greatest strength: the sum of both weights.
pub const STRONGEST: f64 = 3.0;

/// The pair that is balanced where a lineup has both.
const USUAL: [&str; 2] = ["harmless", "helpful"];

/// Where the two sliders stand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blend {
    /// From 0, the first objective alone, to 1, the second alone.
    pub balance: f64,
    /// From 0, the plain model, to [`STRONGEST`].
    pub strength: f64,
}

impl Blend {
    /// Back into its ranges.
    #[must_use]
    pub fn mended(self) -> Self {
        let within = |x: f64, most: f64| {
            if x.is_finite() {
                x.clamp(0.0, most)
            } else {
                0.0
            }
        };
        Self {
            balance: within(self.balance, 1.0),
            strength: within(self.strength, STRONGEST),
        }
    }

    /// The weights of the two objectives, to hundredths, as sliders have them.
    #[must_use]
    pub fn weights(self) -> [f64; 2] {
        [1.0 - self.balance, self.balance]
            .map(|share| (share * self.strength * 100.0).round() / 100.0)
    }

    /// The blend whose weights these are. A sum of 0 leaves the balance that was `before`.
    #[must_use]
    pub fn of(weights: [f64; 2], before: f64) -> Self {
        let strength = weights[0] + weights[1];
        Self {
            balance: if strength > 1e-9 {
                weights[1] / strength
            } else {
                before
            },
            strength,
        }
    }

    /// How strong the guidance is, in a word or two.
    #[must_use]
    pub fn strength_words(self) -> &'static str {
        match self.strength {
            s if s < 0.005 => "off",
            s if s < 0.6 => "gentle",
            s if s < 1.4 => "medium",
            s if s < 2.3 => "strong",
            _ => "very strong",
        }
    }

    /// Which of the two counts more, in words.
    #[must_use]
    pub fn balance_words(self, [first, second]: [&str; 2]) -> String {
        match self.balance {
            b if b < 0.02 => format!("only {first}"),
            b if b < 0.4 => format!("mostly {first}"),
            b if b <= 0.6 => format!("{first} and {second} alike"),
            b if b <= 0.98 => format!("mostly {second}"),
            _ => format!("only {second}"),
        }
    }
}

/// The two objectives that are balanced: harmless and helpful where there are such, else the first two. One alone stands
/// for both; nothing without objectives.
#[must_use]
pub fn pair(objectives: &[Objective]) -> Option<[usize; 2]> {
    let named = USUAL.map(|name| objectives.iter().position(|o| o.name == name));
    match (named, objectives.len()) {
        ([Some(first), Some(second)], _) => Some([first, second]),
        (_, 0) => None,
        (_, 1) => Some([0, 0]),
        _ => Some([0, 1]),
    }
}

/// Where the two sliders stand for a draft; `before` is the balance that a strength of 0 keeps.
#[must_use]
pub fn blend(draft: &Draft, pair: [usize; 2], before: f64) -> Blend {
    let weight = |index: usize| draft.effective_weight(index);
    if pair[0] == pair[1] {
        return Blend {
            balance: 0.0,
            strength: weight(pair[0]),
        };
    }
    Blend::of(pair.map(weight), before)
}

impl State {
    /// The two objectives of Demo mode, and where its sliders stand.
    #[must_use]
    pub fn blend(&self) -> Option<([usize; 2], Blend)> {
        let pair = pair(self.objectives())?;
        Some((pair, blend(&self.draft, pair, self.showing.balance)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RewardKind;
    use proptest::prelude::*;

    fn objectives(names: &[&str]) -> Vec<Objective> {
        let objective = |name: &&str| Objective {
            name: (*name).to_owned(),
            kind: RewardKind::Adapter,
            weight: 1.0,
            about: String::new(),
            colour: None,
        };
        names.iter().map(objective).collect()
    }

    #[test]
    fn harmless_and_helpful_are_balanced_wherever_they_stand() {
        assert_eq!(
            pair(&objectives(&["helpful", "funny", "harmless"])),
            Some([2, 0])
        );
        assert_eq!(
            pair(&objectives(&["polite", "brief", "warm"])),
            Some([0, 1])
        );
        assert_eq!(pair(&objectives(&["polite"])), Some([0, 0]));
        assert_eq!(pair(&[]), None);
    }

    #[test]
    fn no_strength_keeps_the_balance() {
        let blend = Blend::of([0.0, 0.0], 0.3);
        assert!((blend.balance - 0.3).abs() < 1e-12 && blend.strength_words() == "off");
    }

    #[test]
    fn words_say_which_side_counts_more() {
        let words = |balance| {
            Blend {
                balance,
                strength: 1.0,
            }
            .balance_words(["harmless", "helpful"])
        };
        assert_eq!(words(0.0), "only harmless");
        assert_eq!(words(0.25), "mostly harmless");
        assert_eq!(words(0.5), "harmless and helpful alike");
        assert_eq!(words(1.0), "only helpful");
    }

    proptest! {
        #[test]
        fn weights_and_sliders_say_the_same(balance in 0.0..=1.0f64, strength in 0.1..=STRONGEST) {
            let blend = Blend { balance, strength };
            let back = Blend::of(blend.weights(), 0.5);
            prop_assert!((back.strength - strength).abs() <= 0.0101);
            prop_assert!((back.balance - balance).abs() * strength <= 0.0151);
        }
    }
}
