//! What a sweep, or as much of it as there is, comes to.

use super::front::{front, hypervolume, mean_inner_product};
use super::independent::Independent;
use super::scores::{Mean, Measure, Row};
use crate::domain::ObjectiveWeights;
use crate::engine::mix::is_plain;

/// Where the hypervolume is measured from.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Reference {
    /// What the plain model scores: the volume is what guidance adds.
    #[default]
    Base,
    /// The lowest score of each objective in the sweep: every point adds something, but sweeps do not compare.
    Worst,
    /// A score for each of the axes, nats.
    At(Vec<f64>),
}

/// How a sweep is looked at.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The objectives whose weights are swept, by their places in the lineup.
    pub swept: &'a [usize],
    /// The scores that front and volume are over: objectives by their places in the lineup, behind them the independent
    /// ones.
    pub front: &'a [usize],
    /// How texts are scored.
    pub measure: Measure,
    /// Where the volume is measured from.
    pub reference: &'a Reference,
}

/// What one setting of the weights reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Its weights, one per objective.
    pub weights: ObjectiveWeights,
    /// How many texts it has so far.
    pub texts: usize,
    /// Its score for each objective, behind them the independent scores; nothing before its first text that has one.
    pub scores: Vec<Option<Mean>>,
    /// Whether no other setting beats it on the axes of the front.
    pub on_front: bool,
    /// Whether it is the plain model.
    pub is_base: bool,
}

/// What a sweep comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How texts were scored.
    pub measure: Measure,
    /// The objectives whose weights are swept, by their places in the lineup: those of the product.
    pub axes: Vec<usize>,
    /// The scores that front and volume are over: objectives, and behind them the independent scores.
    pub front_axes: Vec<usize>,
    /// One per setting, in the order of the settings.
    pub standings: Vec<Standing>,
    /// Where the volume is measured from, a score per axis; nothing before the plain model has a text.
    pub reference: Option<Vec<f64>>,
    /// Volume above the reference, the product of the units of the front's axes.
    pub hypervolume: Option<f64>,
    /// Mean of weights times scores over the settings other than the plain model, nats.
    pub inner_product: Option<f64>,
}

impl Outcome {
    /// Works it out.
    #[must_use]
    pub fn of(
        settings: &[ObjectiveWeights],
        rows: &[Row],
        independent: &[Independent],
        view: View<'_>,
    ) -> Self {
        let View {
            swept,
            front: axes,
            measure,
            reference,
        } = view;
        let prompts = rows.iter().map(|row| row.prompt + 1).max().unwrap_or(0);
        let mut by_setting: Vec<Vec<&Row>> = vec![Vec::new(); settings.len()];
        for row in rows {
            if let Some(mine) = by_setting.get_mut(row.setting) {
                mine.push(row);
            }
        }
        let mut standings: Vec<Standing> = settings
            .iter()
            .zip(&by_setting)
            .map(|(weights, mine)| Standing {
                weights: weights.clone(),
                texts: mine.len(),
                scores: {
                    let own = (0..weights.len()).map(|objective| {
                        mean(mine, prompts, |row| row.scores.score(measure, objective))
                    });
                    let others = independent
                        .iter()
                        .map(|other| mean(mine, prompts, |row| other.score(measure, row)));
                    own.chain(others).collect()
                },
                on_front: false,
                is_base: is_plain(weights),
            })
            .collect();
        // Settings without a text yet are no points.
        let points: Vec<Vec<f64>> = standings
            .iter()
            .map(|standing| standing.point(axes).unwrap_or_default())
            .collect();
        for (standing, on_front) in standings.iter_mut().zip(front(&points)) {
            standing.on_front = on_front;
        }
        let reference = at(reference, &standings, &points, axes);
        let hypervolume = reference
            .as_ref()
            .filter(|_| !axes.is_empty())
            .map(|reference| hypervolume(&points, reference));
        let asked: Vec<(Vec<f64>, Vec<f64>)> = standings
            .iter()
            .filter(|standing| !standing.is_base)
            .filter_map(|standing| {
                let point = standing.point(swept).filter(|point| !point.is_empty())?;
                let weights = swept.iter().map(|&axis| standing.weights[axis]);
                Some((weights.collect(), point))
            })
            .collect();
        Self {
            measure,
            axes: swept.to_vec(),
            front_axes: axes.to_vec(),
            standings,
            reference,
            hypervolume,
            inner_product: mean_inner_product(&asked),
        }
    }
}

impl Standing {
    /// Its mean scores on these axes; nothing where one is missing.
    #[must_use]
    pub fn point(&self, axes: &[usize]) -> Option<Vec<f64>> {
        axes.iter()
            .map(|&axis| Some((*self.scores.get(axis)?)?.value))
            .collect()
    }
}

fn mean(rows: &[&Row], prompts: usize, score: impl Fn(&Row) -> Option<f64>) -> Option<Mean> {
    let mut values = vec![Vec::new(); prompts];
    for row in rows {
        values[row.prompt].extend(score(row));
    }
    Mean::of(&values)
}

fn at(
    reference: &Reference,
    standings: &[Standing],
    points: &[Vec<f64>],
    axes: &[usize],
) -> Option<Vec<f64>> {
    match reference {
        Reference::Base => standings
            .iter()
            .find(|standing| standing.is_base)?
            .point(axes),
        Reference::Worst => {
            let mut points = points.iter().filter(|point| !point.is_empty());
            let first = points.next()?.clone();
            Some(points.fold(first, |worst, point| {
                worst.iter().zip(point).map(|(a, b)| a.min(*b)).collect()
            }))
        }
        Reference::At(given) => Some(given.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Finish;
    use crate::engine::tradeoff::independent::{Given, Origin};
    use crate::engine::tradeoff::scores::TextScores;

    fn row(setting: usize, prompt: usize, scores: [f64; 2]) -> Row {
        Row {
            setting,
            prompt,
            sample: 0,
            text: String::new(),
            finish: Finish::Eos,
            scores: TextScores {
                tokens: 2,
                base: -3.0,
                rewards: vec![-5.0, -6.0],
                advantages: scores.map(|score| 2.0 * score).to_vec(),
            },
        }
    }

    fn settings() -> Vec<ObjectiveWeights> {
        [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [2.0, 2.0]]
            .map(Into::into)
            .to_vec()
    }

    fn view(reference: &Reference) -> View<'_> {
        View {
            swept: &[0, 1],
            front: &[0, 1],
            measure: Measure::Advantage,
            reference,
        }
    }

    #[test]
    fn independent_scores_make_a_front_of_their_own() {
        let rows = [
            row(0, 0, [0.0, 0.0]),
            row(0, 1, [0.0, 0.2]),
            row(1, 0, [1.0, 0.3]),
            row(1, 1, [0.6, 0.3]),
            row(2, 0, [0.4, 1.1]),
        ];
        let texts = [
            ([0, 0, 0], 3.0),
            ([0, 1, 0], 1.0),
            ([1, 0, 0], 1.0),
            ([2, 0, 0], 5.0),
        ];
        let polite = Independent::new(
            "polite",
            Origin::File("a.csv".to_owned()),
            texts.map(|(place, x)| (place, Given::Number(x))).into(),
        );
        let front = [0, 2];
        let reference = Reference::Base;
        let view = View {
            front: &front,
            ..view(&reference)
        };
        let out = Outcome::of(&settings(), &rows, &[polite], view);
        let of: Vec<Option<f64>> = out
            .standings
            .iter()
            .map(|standing| standing.scores[2].map(|mean| mean.value))
            .collect();
        // Of the second text of setting 1 nobody knows; of setting 3 there is none.
        assert_eq!(of, [Some(2.0), Some(1.0), Some(5.0), None]);
        // Student's t of one degree times the standard error 1.
        let half = out.standings[0].scores[2].unwrap().half.unwrap();
        assert!((half - 12.706_205).abs() < 1e-5);
        let ringed: Vec<bool> = out.standings.iter().map(|s| s.on_front).collect();
        // (0, 2), (0.8, 1), (0.4, 5): the second has most of the first score, the third beats the plain model.
        assert_eq!(ringed, [false, true, true, false]);
        assert_eq!(out.reference, Some(vec![0.0, 2.0]));
        // Only the third is above the plain model in both: 0.4 × 3.
        assert!((out.hypervolume.unwrap() - 1.2).abs() < 1e-12);
        // The product is that of the swept weights with the objectives' scores: (0.8 + 1.1) / 2.
        assert!((out.inner_product.unwrap() - 0.95).abs() < 1e-12);
        assert_eq!((out.axes, out.front_axes), (vec![0, 1], vec![0, 2]));
    }

    #[test]
    fn a_sweep_by_hand() {
        let rows = [
            row(0, 0, [0.0, 0.0]),
            row(0, 1, [0.0, 0.2]),
            row(1, 0, [1.0, 0.3]),
            row(1, 1, [0.6, 0.3]),
            row(2, 0, [0.4, 1.1]),
            row(2, 1, [0.4, 1.1]),
        ];
        let outcome = |reference| Outcome::of(&settings(), &rows, &[], view(&reference));
        let out = outcome(Reference::Base);
        let standings = &out.standings;
        assert_eq!(
            standings.iter().map(|s| s.texts).collect::<Vec<_>>(),
            [2, 2, 2, 0]
        );
        assert_eq!(
            standings.iter().map(|s| s.on_front).collect::<Vec<_>>(),
            [false, true, true, false]
        );
        assert_eq!(
            standings.iter().map(|s| s.is_base).collect::<Vec<_>>(),
            [true, false, false, false]
        );
        let mean = standings[1].scores[0].unwrap();
        assert!((mean.value - 0.8).abs() < 1e-12);
        // Means 1.0 and 0.6: standard error 0.2.
        assert!((mean.half.unwrap() - 0.2 * 12.706_205).abs() < 1e-5);
        assert!(standings[3].scores[0].is_none());
        let reference = out.reference.unwrap();
        assert!(reference[0].abs() < 1e-12 && (reference[1] - 0.1).abs() < 1e-12);
        // Points (0.8, 0.3) and (0.4, 1.1) above (0, 0.1): 0.4 × 1.0 + 0.4 × 0.2.
        assert!((out.hypervolume.unwrap() - 0.48).abs() < 1e-12);
        // (1 × 0.8 + 1 × 1.1) / 2
        assert!((out.inner_product.unwrap() - 0.95).abs() < 1e-12);
        assert_eq!(outcome(Reference::Worst).reference.unwrap(), reference);
        // 0.4 × 1.1 + 0.4 × 0.3
        let volume = outcome(Reference::At(vec![0.0, 0.0])).hypervolume.unwrap();
        assert!((volume - 0.56).abs() < 1e-12);
    }

    #[test]
    fn before_the_first_text_there_is_nothing_to_say() {
        let out = Outcome::of(&settings(), &[], &[], view(&Reference::Base));
        assert!(
            out.reference.is_none() && out.hypervolume.is_none() && out.inner_product.is_none()
        );
        assert!(out.standings.iter().all(|standing| !standing.on_front));
    }
}
