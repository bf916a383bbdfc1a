//! A sweep as a vector picture for papers: two scores against each other, all pairs of them, shares of three weights, or
//! all weights and scores on axes side by side.

mod shares;

use std::fmt::Write;

use super::super::html::escaped;
use super::super::paint::{DARK, LIGHT, css};
use super::{Canvas, MARGIN, SMALL, WIDTH};
use crate::domain::paint::Rgb;
use crate::engine::scale::{span, ticks};

/// Height of a large plot, points.
const HEIGHT: f64 = 400.0;
/// Room for the numbers and the name at its left and below it.
const LEFT: f64 = 64.0;
const BELOW: f64 = 42.0;
/// Radius of a point, and of the ring around one that nothing beats.
const DOT: f64 = 3.5;
const RING: f64 = 6.5;
/// Most scores that are drawn against each other.
const MOST_PAIRED: usize = 6;

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drawn {
    /// The first score to the right, the second upwards.
    Scatter([usize; 2]),
    /// The shares of the weights of three objectives, coloured by a score.
    Triangle([usize; 3], usize),
    /// Every pair of scores.
    Pairs,
    /// The weights of these objectives and all scores.
    Parallel(Vec<usize>),
}

/// A setting of the weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Its weights, one per objective.
    pub weights: Vec<f64>,
    /// Its mean scores; no number where one is missing.
    pub scores: Vec<f64>,
    /// Half the width of each score's 95 % interval, where there is one.
    pub halves: Vec<Option<f64>>,
    /// Whether nothing beats it.
    pub on_front: bool,
    /// Whether it is the plain model.
    pub is_base: bool,
}

/// A picture of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// What stands above it.
    pub title: String,
    /// What is drawn.
    pub drawn: Drawn,
    /// The scores: names, and units where they have one. The objectives come first, in the order of the weights.
    pub scores: Vec<(String, Option<String>)>,
    /// The settings.
    pub points: Vec<Setting>,
    /// The way through the points of a scatter.
    pub line: Vec<[f64; 2]>,
    /// What stands below it.
    pub caption: Vec<String>,
    /// Light words on dark paper.
    pub dark: bool,
}

impl Plot {
    /// The whole file.
    #[must_use]
    pub fn svg(&self) -> String {
        let mut canvas = Canvas {
            paints: if self.dark { &DARK } else { &LIGHT },
            body: String::new(),
            y: MARGIN,
        };
        canvas.words(&self.title, 14.0, canvas.paints.text, true);
        canvas.y += 8.0;
        let legend = match &self.drawn {
            Drawn::Scatter(axes) => {
                canvas.scatter(self, *axes);
                Some("bars: 95 % interval")
            }
            Drawn::Pairs => {
                canvas.pairs(self);
                Some("")
            }
            Drawn::Triangle(corners, colour) => {
                canvas.triangle(self, *corners, *colour);
                None
            }
            Drawn::Parallel(swept) => {
                canvas.parallel(self, swept);
                None
            }
        };
        if let Some(more) = legend {
            canvas.signs(more);
        }
        for line in &self.caption {
            canvas.words(line, SMALL, canvas.paints.weak, false);
        }
        canvas.finish(&self.title)
    }

    /// The points that have these scores.
    fn with<'a>(&'a self, scores: &'a [usize]) -> impl Iterator<Item = &'a Setting> + Clone {
        let has = move |point: &&Setting| scores.iter().all(|&at| point.score(at).is_finite());
        self.points.iter().filter(has)
    }

    fn name(&self, score: usize) -> &str {
        self.scores.get(score).map_or("", |(name, _)| name)
    }

    fn axis(&self, score: usize) -> String {
        match self.scores.get(score) {
            Some((name, Some(unit))) => format!("{name}, {unit}"),
            Some((name, None)) => name.clone(),
            None => String::new(),
        }
    }
}

impl Setting {
    fn score(&self, score: usize) -> f64 {
        self.scores.get(score).copied().unwrap_or(f64::NAN)
    }

    fn half(&self, score: usize) -> f64 {
        let half = self.halves.get(score).copied().flatten();
        half.filter(|half| half.is_finite()).unwrap_or(0.0)
    }
}

/// A rectangle of the picture in which values have their places.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// From the left to the right end, points.
    x: [f64; 2],
    /// From the upper to the lower end, points.
    y: [f64; 2],
    /// The values at the ends to the right and upwards.
    spans: [[f64; 2]; 2],
}

impl Frame {
    /// Where a pair of values lies; what lies outside stands at the edge.
    fn at(&self, values: [f64; 2]) -> [f64; 2] {
        let [right, up] = [0, 1].map(|axis| {
            let [low, high] = self.spans[axis];
            ((values[axis] - low) / (high - low)).clamp(0.0, 1.0)
        });
        [
            self.x[0] + right * (self.x[1] - self.x[0]),
            self.y[1] - up * (self.y[1] - self.y[0]),
        ]
    }
}

/// A number beside an axis, without the dust of arithmetic.
fn number(value: f64) -> String {
    let value = (value * 1e6).round() / 1e6 + 0.0;
    value.to_string().replace('-', "\u{2212}")
}

impl Canvas<'_> {
    fn segment(&mut self, ends: [[f64; 2]; 2], colour: Rgb, width: f64) {
        let [[a, b], [c, d]] = ends;
        let _ = writeln!(
            self.body,
            "<line x1=\"{a:.2}\" y1=\"{b:.2}\" x2=\"{c:.2}\" y2=\"{d:.2}\" stroke=\"{}\" stroke-width=\"{width}\"/>",
            css(colour)
        );
    }

    /// A line through several places, with dashes where it is `dashed`.
    fn path(&mut self, places: &[[f64; 2]], colour: Rgb, width: f64, dashed: bool) {
        let places: Vec<String> = places
            .iter()
            .map(|[x, y]| format!("{x:.2},{y:.2}"))
            .collect();
        let dashes = if dashed {
            " stroke-dasharray=\"5 4\""
        } else {
            ""
        };
        let _ = writeln!(
            self.body,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"{dashes}/>",
            places.join(" "),
            css(colour)
        );
    }

    /// A circle; `fill` and `ring` are colours of their own, as a picture writes them.
    fn circle(&mut self, [x, y]: [f64; 2], radius: f64, fill: &str, ring: Option<(&str, f64)>) {
        let ring = ring.map_or_else(String::new, |(colour, width)| {
            format!(" stroke=\"{colour}\" stroke-width=\"{width}\"")
        });
        let _ = writeln!(
            self.body,
            "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{radius}\" fill=\"{fill}\"{ring}/>"
        );
    }

    fn label(&mut self, [x, y]: [f64; 2], anchor: &str, colour: Rgb, words: &str) {
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{SMALL}\" text-anchor=\"{anchor}\" fill=\"{}\">{}</text>",
            css(colour),
            escaped(words)
        );
    }

    /// A setting as a sign that tells what it is without its colour.
    fn sign(&mut self, at: [f64; 2], on_front: bool, is_base: bool, scale: f64) {
        if is_base {
            let [x, y] = at;
            let off = 4.5 * scale;
            for down in [off, -off] {
                self.segment(
                    [[x - off, y - down], [x + off, y + down]],
                    self.paints.below,
                    2.0,
                );
            }
        } else {
            let colour = if on_front {
                self.paints.accent
            } else {
                self.paints.weak
            };
            let fill = css(colour);
            self.circle(at, DOT * scale, &fill, None);
        }
        if on_front {
            let ring = css(self.paints.accent);
            self.circle(at, RING * scale, "none", Some((&ring, 1.5)));
        }
    }

    /// Two scores against each other, large.
    fn scatter(&mut self, plot: &Plot, axes: [usize; 2]) {
        let frame = Frame {
            x: [MARGIN + LEFT, WIDTH - MARGIN],
            y: [self.y, self.y + HEIGHT],
            spans: axes.map(|axis| {
                span(
                    plot.with(&axes)
                        .map(|one| (one.score(axis), one.half(axis))),
                )
            }),
        };
        for (axis, count) in [(0, 6.0), (1, 5.0)] {
            let [low, high] = frame.spans[axis];
            for mark in ticks(low, high, count).0 {
                let mut ends = frame.spans.map(|[low, _]| [low, low]);
                ends[axis] = [mark, mark];
                ends[1 - axis] = frame.spans[1 - axis];
                let [from, to] = [0, 1].map(|end| frame.at([ends[0][end], ends[1][end]]));
                self.segment([from, to], self.paints.border, 1.0);
                let (at, anchor) = if axis == 0 {
                    ([from[0], frame.y[1] + 15.0], "middle")
                } else {
                    ([frame.x[0] - 6.0, from[1] + 4.0], "end")
                };
                self.label(at, anchor, self.paints.weak, &number(mark));
            }
        }
        let corner = [frame.x[0], frame.y[1]];
        self.segment(
            [[frame.x[0], frame.y[0]], corner],
            self.paints.border_strong,
            1.0,
        );
        self.segment(
            [corner, [frame.x[1], frame.y[1]]],
            self.paints.border_strong,
            1.0,
        );
        let below = [f64::midpoint(frame.x[0], frame.x[1]), frame.y[1] + 34.0];
        self.label(below, "middle", self.paints.text, &plot.axis(axes[0]));
        let (x, y) = (MARGIN + 10.0, f64::midpoint(frame.y[0], frame.y[1]));
        let _ = writeln!(
            self.body,
            "<text transform=\"translate({x:.2} {y:.2}) rotate(-90)\" font-size=\"{SMALL}\" text-anchor=\"middle\" fill=\"{}\">{}</text>",
            css(self.paints.text),
            escaped(&plot.axis(axes[1]))
        );
        for point in plot.with(&axes) {
            let [x, y] = axes.map(|axis| point.score(axis));
            let [across, along] = axes.map(|axis| point.half(axis));
            for (half, ends) in [
                (across, [[x - across, y], [x + across, y]]),
                (along, [[x, y - along], [x, y + along]]),
            ] {
                if half > 0.0 {
                    self.segment(
                        ends.map(|end| frame.at(end)),
                        self.paints.border_strong,
                        1.0,
                    );
                }
            }
        }
        if plot.line.len() > 1 {
            let places: Vec<[f64; 2]> = plot.line.iter().map(|place| frame.at(*place)).collect();
            self.path(&places, self.paints.accent, 1.5, false);
        }
        self.settings(plot, axes, frame, 1.0);
        self.y += HEIGHT + BELOW;
    }

    /// The settings, those that nothing beats above the others.
    fn settings(&mut self, plot: &Plot, axes: [usize; 2], frame: Frame, scale: f64) {
        let mut points: Vec<&Setting> = plot.with(&axes).collect();
        points.sort_by_key(|point| (point.is_base, point.on_front));
        for point in points {
            let at = frame.at(axes.map(|axis| point.score(axis)));
            self.sign(at, point.on_front, point.is_base, scale);
        }
    }

    /// Every pair of scores in a small scatter.
    fn pairs(&mut self, plot: &Plot) {
        let count = plot.scores.len().min(MOST_PAIRED);
        let across = count.saturating_sub(1).max(1) as f64;
        let gap = 8.0;
        let wide = (WIDTH - 2.0 * MARGIN - gap * (across - 1.0)) / across;
        let high = (wide * 0.75).min(HEIGHT);
        for up in 1..count {
            for right in 0..up {
                let left = MARGIN + right as f64 * (wide + gap);
                let _ = writeln!(
                    self.body,
                    "<rect x=\"{left:.2}\" y=\"{:.2}\" width=\"{wide:.2}\" height=\"{high:.2}\" rx=\"4\" fill=\"none\" stroke=\"{}\"/>",
                    self.y,
                    css(self.paints.border_strong)
                );
                let axes = [right, up];
                let frame = Frame {
                    x: [left + 12.0, left + wide - 12.0],
                    y: [self.y + 26.0, self.y + high - 26.0],
                    spans: axes
                        .map(|axis| span(plot.with(&axes).map(|point| (point.score(axis), 0.0)))),
                };
                let (top, bottom) = (self.y + 15.0, self.y + high - 8.0);
                let name = format!("\u{2191} {}", plot.name(up));
                self.label([left + 8.0, top], "start", self.paints.weak, &name);
                let name = format!("{} \u{2192}", plot.name(right));
                self.label([left + wide - 8.0, bottom], "end", self.paints.weak, &name);
                self.settings(plot, axes, frame, 0.75);
            }
            self.y += high + gap;
        }
    }

    /// What the signs mean.
    fn signs(&mut self, more: &str) {
        let y = self.y + 8.0;
        let signs = [
            (true, false, "not beaten"),
            (false, false, "beaten"),
            (false, true, "plain model"),
        ];
        let mut x = MARGIN + 8.0;
        for (on_front, is_base, words) in signs {
            self.sign([x, y], on_front, is_base, 1.0);
            self.label([x + 11.0, y + 4.0], "start", self.paints.weak, words);
            x += 11.0 + super::width(words) * SMALL + 22.0;
        }
        self.label([x - 8.0, y + 4.0], "start", self.paints.weak, more);
        self.y += 24.0;
    }
}

#[cfg(test)]
mod tests;
