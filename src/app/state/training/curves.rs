//! What every step told, as curves.

use crate::train::events::StepReport;

/// A point: step and value.
pub type Point = [f64; 2];

/// Weight of a new value in a smoothed curve.
const FRESH: f64 = 0.08;

/// The numbers of every step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curves {
    /// Mean loss of each batch, nats.
    pub loss: Curve,
    /// Share of each batch's pairs that were ordered as people did.
    pub accuracy: Curve,
    /// Mean lead of the preferred answers of each batch, nats.
    pub margin: Curve,
    /// Seconds of training after the last step, and of a step, smoothed.
    clock: Option<(f64, Option<f64>)>,
}

/// One number of every step, as it came and smoothed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    /// As they came.
    pub raw: Vec<Point>,
    /// Means over the last steps, newer ones counting more.
    pub smooth: Vec<Point>,
    /// Sum of the weights in the last mean.
    weight: f64,
}

impl Curve {
    fn add(&mut self, step: f64, value: f64) {
        let last = self.smooth.last().map_or(0.0, |point| point[1]);
        let before = self.weight * (1.0 - FRESH);
        self.weight = before + FRESH;
        let mean = (before * last + FRESH * value) / self.weight;
        self.raw.push([step, value]);
        self.smooth.push([step, mean]);
    }

    fn cut(&mut self, step: f64) {
        self.raw.retain(|point| point[0] <= step);
        self.smooth.retain(|point| point[0] <= step);
    }
}

impl Curves {
    /// Takes in a step.
    pub fn add(&mut self, report: &StepReport) {
        let step = report.step as f64;
        self.loss.add(step, report.loss);
        if let Some(accuracy) = report.accuracy {
            self.accuracy.add(step, accuracy);
        }
        if let Some(margin) = report.margin {
            self.margin.add(step, margin);
        }
        self.clock = Some(match self.clock {
            None => (report.secs, None),
            Some((before, mean)) => {
                let secs = report.secs - before;
                let mean = mean.map_or(secs, |mean| mean + 0.1 * (secs - mean));
                (report.secs, Some(mean))
            }
        });
    }

    /// Forgets what lies behind a step, from which a training goes on, and how fast steps went before.
    pub fn cut(&mut self, step: u64) {
        for curve in [&mut self.loss, &mut self.accuracy, &mut self.margin] {
            curve.cut(step as f64);
        }
        self.clock = None;
    }

    /// Seconds that a step takes, as the last ones went.
    #[must_use]
    pub fn secs_per_step(&self) -> Option<f64> {
        self.clock.and_then(|(_, mean)| mean)
    }
}

/// At most `most` points for the same curve: each the mean of its neighbours.
#[must_use]
pub fn thinned(points: &[Point], most: usize) -> Vec<Point> {
    let size = points.len().div_ceil(most.max(1)).max(1);
    let mean = |part: &[Point], axis: usize| {
        part.iter().map(|point| point[axis]).sum::<f64>() / part.len() as f64
    };
    points
        .chunks(size)
        .map(|part| [mean(part, 0), mean(part, 1)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(step: u64, loss: f64, secs: f64) -> StepReport {
        StepReport {
            step,
            epoch: 0.0,
            tokens: 0,
            loss,
            lr: 0.0,
            grad_norm: 0.0,
            accuracy: Some(0.5),
            margin: None,
            tokens_per_sec: 1.0,
            secs,
        }
    }

    #[test]
    fn a_smoothed_curve_begins_at_its_first_value_and_follows_slowly() {
        let mut curves = Curves::default();
        curves.add(&report(1, 1.0, 2.0));
        assert!(curves.secs_per_step().is_none());
        curves.add(&report(2, 0.0, 5.0));
        assert!((curves.loss.smooth[0][1] - 1.0).abs() < 1e-9);
        // Weights 0.08·0.92 and 0.08.
        assert!((curves.loss.smooth[1][1] - 0.92 / 1.92).abs() < 1e-9);
        assert!((curves.secs_per_step().unwrap() - 3.0).abs() < 1e-9);
        assert_eq!(curves.accuracy.raw.len(), 2);
        assert!(curves.margin.raw.is_empty());
    }

    #[test]
    fn long_curves_are_thinned_to_means() {
        let points: Vec<Point> = (0..10).map(|x| [f64::from(x), 1.0]).collect();
        assert_eq!(thinned(&points, 20).len(), 10);
        let thin = thinned(&points, 4);
        assert_eq!(thin.len(), 4);
        assert!((thin[0][0] - 1.0).abs() < 1e-9 && (thin[3][0] - 9.0).abs() < 1e-9);
        assert!(thinned(&[], 4).is_empty());
    }
}
