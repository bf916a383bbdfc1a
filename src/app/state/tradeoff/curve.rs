//! A way through the settings of a sweep, along which a handle sets the weights.

use crate::engine::tradeoff::Outcome;

/// How far scores may lie apart that are the same but for the dust of arithmetic, as a share of the largest.
const DUST: f64 = 1e-6;

/// Settings in an order that makes sense to go along: by weight where one objective was swept, else along the front.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The settings, by their places in the sweep.
    pub settings: Vec<usize>,
    /// The weights of each.
    pub weights: Vec<Vec<f64>>,
    /// Where each lies in the scatter.
    pub points: Vec<[f64; 2]>,
    /// Whether it is the front.
    pub is_front: bool,
}

impl Curve {
    /// The way through an outcome, seen on two objectives; nothing where there are fewer than two points to go along.
    #[must_use]
    pub fn of(outcome: &Outcome, axes: [usize; 2]) -> Option<Self> {
        let at = |index: usize| -> Option<[f64; 2]> {
            let point = outcome.standings[index].point(&axes)?;
            point
                .iter()
                .all(|x| x.is_finite())
                .then(|| [point[0], point[1]])
        };
        let is_front = outcome.axes.len() != 1;
        let mut settings: Vec<usize> = (0..outcome.standings.len())
            .filter(|&index| at(index).is_some())
            .filter(|&index| {
                let standing = &outcome.standings[index];
                if is_front {
                    standing.on_front
                } else {
                    !standing.is_base || Self::base_belongs(outcome)
                }
            })
            .collect();
        if is_front {
            let place = |index: usize| at(index).unwrap_or_default();
            let sizes = settings.iter().map(|&index| place(index)[0].abs());
            let most = sizes.fold(f64::MIN_POSITIVE, f64::max);
            // Settings that write the same texts differ by the dust of arithmetic alone: they lie together.
            let column = |point: [f64; 2]| (point[0] / most / DUST).round();
            settings.sort_by(|&a, &b| {
                let [a, b] = [a, b].map(place);
                let along = column(a).total_cmp(&column(b));
                along.then(b[1].total_cmp(&a[1]))
            });
        } else {
            let axis = outcome.axes[0];
            let weight = |index: usize| outcome.standings[index].weights[axis];
            settings.sort_by(|&a, &b| weight(a).total_cmp(&weight(b)));
        }
        (settings.len() > 1).then(|| Self {
            weights: settings
                .iter()
                .map(|&index| outcome.standings[index].weights.to_vec())
                .collect(),
            points: settings.iter().filter_map(|&index| at(index)).collect(),
            settings,
            is_front,
        })
    }

    /// Whether the plain model is the beginning of a line of weights: it is, where the objectives that are not swept have
    /// weight 0.
    fn base_belongs(outcome: &Outcome) -> bool {
        outcome.standings.iter().all(|standing| {
            standing
                .weights
                .iter()
                .enumerate()
                .all(|(index, weight)| outcome.axes.contains(&index) || *weight == 0.0)
        })
    }

    /// The last place of a handle; the first is 0.
    #[must_use]
    pub fn length(&self) -> f64 {
        (self.settings.len() - 1) as f64
    }

    /// The weights at a place from 0 to [`Curve::length`], those of the neighbours mixed.
    #[must_use]
    pub fn weights_at(&self, place: f64) -> Vec<f64> {
        let (from, share) = self.part(place);
        mixed(&self.weights[from], &self.weights[from + 1], share)
    }

    /// The point at a place.
    #[must_use]
    pub fn point_at(&self, place: f64) -> [f64; 2] {
        let (from, share) = self.part(place);
        let point = mixed(&self.points[from], &self.points[from + 1], share);
        [point[0], point[1]]
    }

    fn part(&self, place: f64) -> (usize, f64) {
        let place = if place.is_finite() { place } else { 0.0 };
        let place = place.clamp(0.0, self.length());
        let from = (place.floor() as usize).min(self.settings.len() - 2);
        (from, place - from as f64)
    }

    /// The place whose weights are nearest to these, and how far they are apart.
    #[must_use]
    pub fn nearest_weights(&self, weights: &[f64]) -> (f64, f64) {
        nearest(&self.weights, weights)
    }

    /// The place whose point is nearest to this one, after both axes are stretched by `scale`.
    #[must_use]
    pub fn nearest_point(&self, point: [f64; 2], scale: [f64; 2]) -> f64 {
        let stretched = |point: &[f64; 2]| vec![point[0] * scale[0], point[1] * scale[1]];
        let line: Vec<Vec<f64>> = self.points.iter().map(stretched).collect();
        nearest(&line, &stretched(&point)).0
    }
}

fn mixed(a: &[f64], b: &[f64], share: f64) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + (b - a) * share).collect()
}

/// Where along a line of straight pieces `to` is nearest, and its distance.
fn nearest(line: &[Vec<f64>], to: &[f64]) -> (f64, f64) {
    let mut best = (0.0, f64::INFINITY);
    for (index, ends) in line.windows(2).enumerate() {
        let along: Vec<f64> = ends[1].iter().zip(&ends[0]).map(|(b, a)| b - a).collect();
        let off = to.iter().zip(&ends[0]).map(|(x, a)| x - a);
        let length: f64 = along.iter().map(|d| d * d).sum();
        let dot: f64 = off.zip(&along).map(|(x, d)| x * d).sum();
        let share = if length > 0.0 {
            (dot / length).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let there = mixed(&ends[0], &ends[1], share);
        let distance = there
            .iter()
            .zip(to)
            .map(|(a, b)| (a - b).powi(2))
            .sum::<f64>()
            .sqrt();
        if distance < best.1 {
            best = (index as f64 + share, distance);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tradeoff::{Mean, Measure, Standing};

    fn standing(weights: [f64; 2], scores: [f64; 2], on_front: bool) -> Standing {
        Standing {
            weights: weights.into(),
            texts: 1,
            scores: scores
                .map(|value| Some(Mean { value, half: None }))
                .to_vec(),
            on_front,
            is_base: weights == [0.0, 0.0],
        }
    }

    fn outcome(axes: &[usize], standings: Vec<Standing>) -> Outcome {
        Outcome {
            measure: Measure::Advantage,
            axes: axes.to_vec(),
            front_axes: axes.to_vec(),
            standings,
            reference: None,
            hypervolume: None,
            inner_product: None,
        }
    }

    #[test]
    fn one_objective_is_gone_along_by_its_weight() {
        let out = outcome(
            &[0],
            vec![
                standing([0.0, 0.0], [0.0, 0.0], false),
                standing([2.0, 0.0], [0.9, -0.4], true),
                standing([1.0, 0.0], [0.5, -0.1], false),
            ],
        );
        let curve = Curve::of(&out, [0, 1]).unwrap();
        assert_eq!(curve.settings, [0, 2, 1]);
        assert_eq!(curve.weights_at(1.5), [1.5, 0.0]);
        let at = curve.point_at(1.5);
        assert!((at[0] - 0.7).abs() < 1e-12 && (at[1] + 0.25).abs() < 1e-12);
        assert_eq!(curve.nearest_weights(&[0.25, 0.0]), (0.25, 0.0));
        assert!((curve.nearest_point([0.7, -0.25], [1.0, 1.0]) - 1.5).abs() < 1e-9);
        // Beyond its ends it stays at them.
        assert_eq!(curve.weights_at(9.0), [2.0, 0.0]);
        assert_eq!(curve.weights_at(f64::NAN), [0.0, 0.0]);
    }

    #[test]
    fn the_plain_model_is_no_part_of_a_line_with_another_weight_fixed() {
        let out = outcome(
            &[0],
            vec![
                standing([0.0, 0.0], [0.0, 0.0], false),
                standing([0.0, 1.0], [0.1, 0.3], false),
                standing([1.0, 1.0], [0.5, 0.2], true),
            ],
        );
        assert_eq!(Curve::of(&out, [0, 1]).unwrap().settings, [1, 2]);
    }

    #[test]
    fn several_objectives_are_gone_along_their_front() {
        let out = outcome(
            &[0, 1],
            vec![
                standing([0.0, 0.0], [0.0, 0.0], false),
                standing([1.0, 0.0], [0.9, 0.1], true),
                standing([1.0, 1.0], [0.2, 0.2], false),
                standing([0.0, 1.0], [0.1, 0.9], true),
            ],
        );
        let curve = Curve::of(&out, [0, 1]).unwrap();
        assert_eq!(curve.settings, [3, 1]);
        assert_eq!(curve.weights_at(0.25), [0.25, 0.75]);
        // What lies in one column is gone through from above, whatever the last digits say.
        let dusty = outcome(
            &[0, 1],
            vec![
                standing([1.0, 0.0], [0.9, 0.1], true),
                standing([1.0, 0.5], [0.9 + 1e-9, 0.7], true),
                standing([2.0, 0.0], [0.9 + 2e-9, 0.1], true),
                standing([0.0, 1.0], [0.1, 0.9], true),
            ],
        );
        let settings = Curve::of(&dusty, [0, 1]).unwrap().settings;
        assert_eq!(settings, [3, 1, 0, 2]);
        let alone = outcome(&[0, 1], vec![standing([1.0, 0.0], [0.9, 0.1], true)]);
        assert!(Curve::of(&alone, [0, 1]).is_none());
    }
}
