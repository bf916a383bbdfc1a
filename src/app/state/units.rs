//! In which unit the sliders stand: raw weights, or how hard each objective pulls.

use crate::domain::{CancelToken, Prompt, RunId};
use crate::error::Failure;

/// A spread below this is none: no slider could make up for it, nats.
const LEAST_SPREAD: f64 = 1e-4;

/// What is known of how loud the objectives are.
#[derive(Debug, Clone, Default)]
pub struct Units {
    /// What was measured, for the lineup in use.
    pub measured: Option<Measured>,
    /// The measurement under way, and what stops it.
    pub asked: Option<(RunId, CancelToken)>,
    /// Why it could not be measured; it is not tried again by itself.
    pub failed: Option<Failure>,
    /// Texts to measure on; the program's own where there are none.
    pub texts: Vec<(Prompt, String)>,
}

/// A measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// One per objective: the standard deviation of its reward over the words that the base might say, nats for a weight
    /// of 1.
    pub spread: Vec<f64>,
    /// Words that it was measured at.
    pub positions: usize,
    /// Whether these were the texts on screen.
    pub on_screen: bool,
}

/// The unit of one slider.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// Nats that a weight of 1 pulls.
    pub nats: f64,
    /// The slider's end, nats: the same for all objectives.
    pub top: f64,
}

impl Measured {
    /// The unit of an objective's slider; none where its reward hardly differs between words.
    #[must_use]
    pub fn unit(&self, objective: usize) -> Option<Unit> {
        let nats = *self.spread.get(objective)?;
        (nats > LEAST_SPREAD).then(|| Unit {
            nats,
            top: self.top(),
        })
    }

    /// The sliders' common end, nats: about what the middle one of the objectives pulls at a weight of 3, such that a third
    /// of it is a round number.
    fn top(&self) -> f64 {
        let mut spread: Vec<f64> = self
            .spread
            .iter()
            .copied()
            .filter(|nats| *nats > LEAST_SPREAD)
            .collect();
        spread.sort_by(f64::total_cmp);
        let middle = spread.get(spread.len() / 2).copied().unwrap_or(1.0);
        let power = 10f64.powf(middle.log10().floor());
        let round = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|step| step * power)
            .find(|third| *third >= middle * (1.0 - 1e-9));
        3.0 * round.unwrap_or(middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(spread: &[f64]) -> Measured {
        Measured {
            spread: spread.to_vec(),
            positions: 9,
            on_screen: false,
        }
    }

    #[test]
    fn all_sliders_end_at_the_same_round_number() {
        for (spread, top) in [
            (&[0.8][..], 3.0),
            (&[1.0], 3.0),
            (&[0.4, 1.7, 30.0], 6.0),
            (&[0.012, 0.018], 0.06),
            (&[30.0, 45.0], 150.0),
        ] {
            let unit = measured(spread).unit(0).unwrap();
            assert!((unit.top - top).abs() < 1e-9, "{spread:?}: {}", unit.top);
            assert!((unit.nats - spread[0]).abs() < 1e-12);
        }
    }

    #[test]
    fn a_reward_without_differences_has_no_unit() {
        let measured = measured(&[0.0, 1.2]);
        assert_eq!(measured.unit(0), None);
        assert_eq!(measured.unit(7), None);
        assert!((measured.unit(1).unwrap().top - 6.0).abs() < 1e-9);
    }
}
