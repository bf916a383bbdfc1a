//! Three weights as places in a triangle, and parallel axes.

use super::{BELOW, HEIGHT, Plot, SMALL, Setting, number};
use crate::domain::numbers::tick;
use crate::engine::scale::limit;
use crate::record::paint::{css, heat};
use crate::record::svg::{Canvas, MARGIN, WIDTH};

/// Room above and below parallel axes for their names and numbers, and beside the outermost.
const ROOM: f64 = 20.0;
const SIDE: f64 = 44.0;

impl Canvas<'_> {
    /// The shares of three weights, coloured by how far a score lies above the plain model's.
    pub(super) fn triangle(&mut self, plot: &Plot, corners: [usize; 3], colour: usize) {
        let side = HEIGHT / 0.866;
        let (middle, top) = (WIDTH / 2.0, self.y + ROOM);
        let places = [
            [middle, top],
            [middle - side / 2.0, top + HEIGHT],
            [middle + side / 2.0, top + HEIGHT],
        ];
        let closed = [places[0], places[1], places[2], places[0]];
        self.path(&closed, self.paints.border_strong, 1.0, false);
        let between = |a: [f64; 2], b: [f64; 2], share: f64| {
            [0, 1].map(|axis| a[axis] + (b[axis] - a[axis]) * share)
        };
        // Quarters of each weight.
        for step in [0.25, 0.5, 0.75] {
            for turn in 0..3 {
                let [a, b, c] = [0, 1, 2].map(|k| places[(k + turn) % 3]);
                let ends = [between(a, b, step), between(a, c, step)];
                self.segment(ends, self.paints.border, 1.0);
            }
        }
        for (index, ([x, y], corner)) in places.into_iter().zip(corners).enumerate() {
            let name = format!("only {}", plot.name(corner));
            let off = if index == 0 { -9.0 } else { 24.0 };
            self.label([x, y + off], "middle", self.paints.text, &name);
        }
        let mut points = plot.with(std::slice::from_ref(&colour));
        let zero = points.find(|point| point.is_base);
        let zero = zero.map_or(0.0, |point| point.score(colour));
        let gain = |point: &Setting| point.score(colour) - zero;
        let shown = plot.with(std::slice::from_ref(&colour));
        let limit = limit(shown.clone().map(gain));
        let mut placed: Vec<([f64; 2], f64, &Setting)> = shown
            .filter_map(|point| {
                let shares = corners.map(|corner| point.weights.get(corner).copied());
                let [a, b, c] = [shares[0]?, shares[1]?, shares[2]?];
                let sum = a + b + c;
                if sum <= 0.0 || !sum.is_finite() || a.min(b).min(c) < 0.0 {
                    return None;
                }
                let at = [0, 1].map(|axis| {
                    (places[0][axis] * a + places[1][axis] * b + places[2][axis] * c) / sum
                });
                Some((at, sum, point))
            })
            .collect();
        // Settings with the same shares lie in each other, the larger weights outside.
        placed.sort_by(|a, b| b.1.total_cmp(&a.1));
        let many = (50.0 / placed.len().max(1) as f64).clamp(0.45, 1.0);
        for (at, sum, point) in placed {
            let radius = many * (5.0 + 1.6 * sum).min(16.0);
            let fill = heat(self.paints, gain(point) / limit);
            let (ring, width) = if point.on_front {
                (css(self.paints.accent), 2.0)
            } else {
                (css(self.paints.border_strong), 1.0)
            };
            self.circle(at, radius, &fill, Some((&ring, width)));
        }
        self.y = top + HEIGHT + BELOW;
        let words = format!(
            "Plain model: {} {}; blue: better than that, orange: worse, full at {}. \
             Bright rings: not beaten. Larger dots: larger weights",
            plot.name(colour),
            number((zero * 1e3).round() / 1e3),
            tick(limit).trim_start_matches('+')
        );
        self.words(&words, SMALL, self.paints.text, false);
        self.y += 4.0;
    }

    /// All weights and scores on axes side by side, a line for each setting.
    pub(super) fn parallel(&mut self, plot: &Plot, swept: &[usize]) {
        let weights = swept
            .iter()
            .map(|&objective| (format!("w {}", plot.name(objective)), true, objective));
        let scores =
            (0..plot.scores.len()).map(|score| (plot.name(score).to_owned(), false, score));
        let axes: Vec<(String, bool, usize)> = weights.chain(scores).collect();
        let value = |point: &Setting, (_, is_weight, index): &(String, bool, usize)| {
            if *is_weight {
                point.weights.get(*index).copied().unwrap_or(f64::NAN)
            } else {
                point.score(*index)
            }
        };
        let (top, bottom) = (self.y + 2.5 * ROOM, self.y + HEIGHT - ROOM);
        let gap = (WIDTH - 2.0 * (MARGIN + SIDE)) / (axes.len().max(2) - 1) as f64;
        let x = |index: usize| MARGIN + SIDE + gap * index as f64;
        let ranges: Vec<[f64; 2]> = axes
            .iter()
            .map(|axis| {
                let values = plot.points.iter().map(|point| value(point, axis));
                let values = values.filter(|value| value.is_finite());
                let [low, high] = values
                    .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
                        [low.min(value), high.max(value)]
                    });
                if high - low > 1e-9 {
                    [low, high]
                } else if low.is_finite() {
                    [low - 0.5, high + 0.5]
                } else {
                    [-0.5, 0.5]
                }
            })
            .collect();
        let mut points: Vec<&Setting> = plot.points.iter().collect();
        points.sort_by_key(|point| (point.on_front, point.is_base));
        for point in points {
            let values: Vec<f64> = axes.iter().map(|axis| value(point, axis)).collect();
            if values.iter().any(|value| !value.is_finite()) {
                continue;
            }
            let places: Vec<[f64; 2]> = values
                .iter()
                .zip(&ranges)
                .enumerate()
                .map(|(index, (value, [low, high]))| {
                    let share = (value - low) / (high - low);
                    [x(index), bottom - share * (bottom - top)]
                })
                .collect();
            let (colour, width) = match (point.is_base, point.on_front) {
                (true, _) => (self.paints.below, 1.5),
                (false, true) => (self.paints.accent, 2.0),
                (false, false) => (self.paints.weak, 1.0),
            };
            self.path(&places, colour, width, point.is_base);
        }
        for (index, ((name, ..), [low, high])) in axes.iter().zip(&ranges).enumerate() {
            let x = x(index);
            self.segment([[x, top], [x, bottom]], self.paints.text, 1.0);
            // Names of neighbours stand at two heights, so that long ones do not meet.
            let up = if index % 2 == 0 { 20.0 } else { 36.0 };
            self.label([x, top - up], "middle", self.paints.text, name);
            let words = |value: f64| number((value * 1e3).round() / 1e3);
            self.label([x, top - 6.0], "middle", self.paints.weak, &words(*high));
            self.label([x, bottom + 14.0], "middle", self.paints.weak, &words(*low));
        }
        self.y += HEIGHT + 4.0;
        let words = "Thick: not beaten. Dashed: plain model";
        self.words(words, SMALL, self.paints.text, false);
        self.y += 4.0;
    }
}
