//! How much guidance a text has, and how much it would take to have so much: the Kullback-Leibler distance between the
//! guided and the plain distribution, along the text as it stands.
//!
//! Scaling all weights by c moves along an exponential family, so the distance grows with c at every step:
//! `d/dc KL = Var(gain)/c ≥ 0`, where gain = c·Σ wᵢ·rewardᵢ under the guided distribution. Its root is nearly straight
//! (KL ≈ ½·c²·Var for small c), so Newton's method on the root needs few passes; a bracket keeps it from leaving.

use rayon::prelude::*;

use crate::engine::insight::kl;
use crate::engine::mix::mix;
use crate::engine::scorer::StepScores;
use crate::engine::trace::{Trace, TraceStep};

use super::choice::Judging;
use super::kernel::{SQUARES, Scratch, pass};
use super::{Question, Stop};

/// How much guidance is asked for, nats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// Summed over the text.
    Total(f64),
    /// On average for each token.
    PerToken(f64),
}

/// A common factor on all weights and the guidance that it gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guidance {
    /// The factor, 0 and up.
    pub factor: f64,
    /// Σ KL over the steps whose rows are kept, nats.
    pub total: f64,
    /// How many steps those are; the average per token is `total` by this.
    pub steps: usize,
    /// Whether `total` is what was asked for, within 0.01 %: no factor up to the limit gives more than it.
    pub reached: bool,
}

/// How close to the target is close enough, as a share of it.
const CLOSE: f64 = 1e-4;

/// Passes after which the best factor so far is taken; eight are enough in practice.
const PASSES: usize = 60;

/// The common factor, up to `most`, on the question's weights that gives as much guidance as asked for along the text
/// behind the pinned tokens. `None` if stopped.
#[must_use]
pub fn guidance_factor(
    trace: &Trace,
    question: &Question<'_>,
    target: Target,
    most: f64,
    stop: Stop<'_>,
) -> Option<Guidance> {
    let from = question.pinned.min(trace.steps().len());
    let steps: Vec<&TraceStep> = trace.steps()[from..]
        .iter()
        .filter(|step| step.rows().is_some())
        .collect();
    let wanted = match target {
        Target::Total(total) => total,
        Target::PerToken(each) => each * steps.len() as f64,
    };
    let at = |factor: f64, total: f64, reached: bool| Guidance {
        factor,
        total,
        steps: steps.len(),
        reached,
    };
    if wanted <= 0.0 {
        return Some(at(0.0, 0.0, wanted >= 0.0));
    }
    // Below `low` there is too little, above `high` too much.
    let (mut low, mut high) = (0.0, most);
    let mut factor = most.min(1.0);
    for _ in 0..PASSES {
        let (total, slope) = measure(&steps, question.weights, factor, stop)?;
        if (total - wanted).abs() <= CLOSE * wanted {
            return Some(at(factor, total, true));
        }
        if total < wanted {
            if factor >= most {
                return Some(at(factor, total, false));
            }
            low = factor;
        } else {
            high = factor;
        }
        // √total + (next − factor)·slope/(2·√total) = √wanted
        let newton = factor + 2.0 * total.sqrt() * (wanted.sqrt() - total.sqrt()) / slope;
        factor = if newton >= most && high >= most {
            most
        } else if newton > low && newton < high {
            newton
        } else {
            f64::midpoint(low, high)
        };
    }
    let (total, _) = measure(&steps, question.weights, factor, stop)?;
    Some(at(factor, total, false))
}

/// Σ KL over the steps at `factor` times the weights, and its derivative by the factor.
fn measure(
    steps: &[&TraceStep],
    weights: &[f64],
    factor: f64,
    stop: Stop<'_>,
) -> Option<(f64, f64)> {
    let weights: Vec<f64> = weights.iter().map(|w| factor * w).collect();
    let each = steps
        .par_iter()
        .map_init(Scratch::default, |scratch, step| {
            (!stop()).then(|| measure_step(step, &weights, scratch))
        })
        .collect::<Option<Vec<_>>>()?;
    // Summed in order, so that the same question has the same answer.
    let total: f64 = each.iter().map(|(kl, _)| kl.max(0.0)).sum();
    let variance: f64 = each.iter().map(|(_, variance)| variance.max(0.0)).sum();
    Some((total, variance / factor))
}

/// KL and the variance of the gain at one step, nats.
fn measure_step(step: &TraceStep, weights: &[f64], scratch: &mut Scratch) -> (f64, f64) {
    let Some(rows) = step.rows() else {
        return (0.0, 0.0);
    };
    if rows.rewards.is_empty() {
        return (0.0, 0.0);
    }
    let sums = pass::<SQUARES>(rows, weights, scratch);
    let judging = Judging {
        rows,
        weights,
        scratch,
        sums,
    };
    if !judging.is_sane() {
        return measure_plainly(&rows.scores(), weights);
    }
    let mean = sums.pull / sums.mass;
    let norm = f64::from(sums.top) + sums.mass.ln();
    (mean - norm, sums.square / sums.mass - mean * mean)
}

fn measure_plainly(scores: &StepScores, weights: &[f64]) -> (f64, f64) {
    let mixed = mix(scores, weights);
    let (mut mean, mut square) = (0.0, 0.0);
    for (v, &base) in scores.base.iter().enumerate() {
        let p = mixed.guided(v).exp();
        if p > 0.0 {
            let gain = mixed.scores[v] - f64::from(base);
            mean += p * gain;
            square += p * gain * gain;
        }
    }
    (kl(scores, &mixed), square - mean * mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Sampling;
    use crate::engine::reweigh::tests::written;
    use proptest::prelude::*;

    fn total(trace: &Trace, weights: &[f64], factor: f64) -> f64 {
        let weights: Vec<f64> = weights.iter().map(|w| factor * w).collect();
        let steps = trace.steps().iter();
        steps
            .map(|step| {
                let scores = step.scores().unwrap();
                kl(&scores, &mix(&scores, &weights))
            })
            .sum()
    }

    fn question<'a>(weights: &'a [f64], sampling: &'a Sampling) -> Question<'a> {
        Question {
            weights,
            sampling,
            pinned: 0,
        }
    }

    proptest! {
        #[test]
        fn the_factor_gives_what_was_asked_for(
            weights in proptest::collection::vec(-0.5f64..2.0, 1..4), wanted in 0.01f64..30.0, steps in 1usize..8,
        ) {
            let sampling = Sampling::default();
            let trace = written(&sampling, &weights, steps, usize::MAX);
            let question = question(&weights, &sampling);
            let found = guidance_factor(&trace, &question, Target::Total(wanted), 20.0, &|| false).unwrap();
            let exact = total(&trace, &weights, found.factor);
            prop_assert!((found.total - exact).abs() < 1e-3 * (1.0 + exact), "{} {}", found.total, exact);
            if found.reached {
                prop_assert!((exact - wanted).abs() < 2e-3 * (1.0 + wanted), "{exact} for {wanted}");
            } else {
                prop_assert!(found.factor >= 20.0 && exact < wanted);
            }
        }

        #[test]
        fn guidance_grows_with_the_factor(weights in proptest::collection::vec(-1.0f64..2.0, 1..4)) {
            let trace = written(&Sampling::default(), &weights, 3, usize::MAX);
            let totals: Vec<f64> = (0..12).map(|i| total(&trace, &weights, f64::from(i) * 0.4)).collect();
            prop_assert!(totals.windows(2).all(|pair| pair[0] <= pair[1] + 1e-6));
        }
    }

    #[test]
    fn the_slope_is_the_derivative() {
        let weights = [0.7, 0.4];
        let trace = written(&Sampling::default(), &weights, 4, usize::MAX);
        let steps: Vec<&TraceStep> = trace.steps().iter().collect();
        let (_, slope) = measure(&steps, &weights, 1.3, &|| false).unwrap();
        let difference = (total(&trace, &weights, 1.31) - total(&trace, &weights, 1.29)) / 0.02;
        assert!((slope - difference).abs() < 1e-3 * difference);
        let plainly: f64 = steps
            .iter()
            .map(|step| measure_plainly(&step.scores().unwrap(), &[0.91, 0.52]).1 / 1.3)
            .sum();
        assert!((slope - plainly).abs() < 1e-4 * slope);
    }

    #[test]
    fn an_average_is_a_total_over_the_tokens() {
        let sampling = Sampling::default();
        let trace = written(&sampling, &[1.0], 5, usize::MAX);
        let question = question(&[1.0], &sampling);
        let ask = |target| guidance_factor(&trace, &question, target, 10.0, &|| false).unwrap();
        assert_eq!(ask(Target::Total(2.0)), ask(Target::PerToken(0.4)));
        assert_eq!(ask(Target::Total(2.0)).steps, 5);
    }

    #[test]
    fn no_guidance_needs_no_factor_and_no_weights_give_none() {
        let sampling = Sampling::default();
        let trace = written(&sampling, &[1.0], 5, usize::MAX);
        let ask = |weights: &[f64], total| {
            let question = question(weights, &sampling);
            guidance_factor(&trace, &question, Target::Total(total), 10.0, &|| false).unwrap()
        };
        assert_eq!(
            (ask(&[1.0], 0.0).factor, ask(&[1.0], 0.0).reached),
            (0.0, true)
        );
        let nothing = ask(&[0.0], 1.0);
        assert!(!nothing.reached && nothing.total < 1e-5);
        assert_eq!(
            guidance_factor(
                &trace,
                &question(&[1.0], &sampling),
                Target::Total(1.0),
                10.0,
                &|| true
            ),
            None
        );
    }
}
