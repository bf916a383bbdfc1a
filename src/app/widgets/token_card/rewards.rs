//! What each objective says of the chosen token, and the exact split of the choice as a small waterfall.

use egui::{Color32, Rangef, Rect, Stroke, Ui, pos2};

use super::table::{self, columns, number, row, words};
use super::{TokenCard, value_color};
use crate::app::theme::{Palette, space};
use crate::app::widgets::numbers;

/// The parts of a choice against its strongest rival, nats in favour of the chosen token. They sum to its log odds.
#[derive(Debug, Clone, PartialEq)]
pub struct CardSplit {
    /// The rival's text.
    pub rival: String,
    /// The plain model's part.
    pub base: f64,
    /// Each objective's part, its weight counted in.
    pub pulls: Vec<f64>,
}

/// Where the columns end, from the right edge, and the room for the waterfall between the last two, points.
const REWARD: f32 = 176.0;
const ADVANTAGE: f32 = 112.0;
const FALL: Rangef = Rangef {
    min: 56.0,
    max: 102.0,
};
/// Height of a bar of the waterfall, points.
const BAR: f32 = 8.0;

impl CardSplit {
    /// The log odds of the token against its rival, nats.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.base + self.pulls.iter().sum::<f64>()
    }

    /// Where each part begins and ends when they are laid end to end from 0: the plain model's, each objective's, and the
    /// total, which begins at 0 again.
    #[must_use]
    fn steps(&self) -> Vec<(f64, f64)> {
        let mut at = 0.0;
        let parts = std::iter::once(&self.base).chain(&self.pulls);
        let mut steps: Vec<(f64, f64)> = parts
            .map(|part| {
                let from = at;
                at += part;
                (from, at)
            })
            .collect();
        steps.push((0.0, at));
        steps
    }
}

/// Nats across the waterfall, as a place on the screen.
struct Fall {
    steps: Vec<(f64, f64)>,
    low: f64,
    high: f64,
}

impl Fall {
    fn new(split: &CardSplit) -> Self {
        let steps = split.steps();
        let ends = steps.iter().flat_map(|&(from, to)| [from, to]);
        let finite = ends.filter(|end| end.is_finite());
        let (low, high) = finite.fold((0.0f64, 0.0f64), |(low, high), end| {
            (low.min(end), high.max(end))
        });
        Self {
            steps,
            low,
            high: if high > low { high } else { low + 1.0 },
        }
    }

    fn x(&self, zone: Rangef, nats: f64) -> f32 {
        let share = (nats.clamp(self.low, self.high) - self.low) / (self.high - self.low);
        zone.min + zone.span() * share as f32
    }

    /// Draws step `index` into the line `rect`.
    fn paint(&self, ui: &Ui, palette: &Palette, rect: Rect, index: usize) {
        let Some(&(from, to)) = self.steps.get(index) else {
            return;
        };
        let zone = Rangef::new(rect.right() - FALL.max, rect.right() - FALL.min);
        let zero = self.x(zone, 0.0);
        let painter = ui.painter();
        painter.vline(zero, rect.y_range(), Stroke::new(1.0, palette.border));
        let (a, b) = (self.x(zone, from), self.x(zone, to));
        let color = if to < from {
            palette.below
        } else {
            palette.above
        };
        let middle = rect.center().y;
        let bar = Rect::from_x_y_ranges(
            Rangef::new(a.min(b), a.max(b).max(a.min(b) + 1.0)),
            Rangef::new(middle - BAR / 2.0, middle + BAR / 2.0),
        );
        painter.rect_filled(bar, 1.0, color);
        // A thread to where the next part begins.
        if index + 2 < self.steps.len() {
            let thread = Stroke::new(1.0, palette.border_strong);
            painter.vline(b, Rangef::new(bar.bottom(), rect.bottom()), thread);
        }
    }
}

impl TokenCard<'_> {
    pub(super) fn rewards(&self, ui: &mut Ui, palette: &Palette) {
        ui.add_space(space::XS);
        ui.spacing_mut().item_spacing.y = 0.0;
        let rect = table::headline(ui, palette, "Objective", 0.0);
        let right = rect.right() - space::XS;
        let Some(split) = self.split else {
            table::headings(ui, palette, rect, right, &["Reward", "Advantage"], 74.0);
            for index in 0..self.insight.chosen.objectives.len() {
                let (rect, cells, colors) = self.objective(ui, palette, index, None);
                columns(ui, rect, 74.0, &cells, &colors);
            }
            ui.spacing_mut().item_spacing.y = space::XS;
            return;
        };
        for (name, from_right) in [
            ("Reward", REWARD),
            ("Advantage", ADVANTAGE),
            ("Push", space::XS),
        ] {
            table::headings(ui, palette, rect, rect.right() - from_right, &[name], 0.0);
        }
        let fall = Fall::new(split);
        let push = |ui: &Ui, rect: Rect, index: usize, nats: f64| {
            fall.paint(ui, palette, rect, index);
            let color = value_color(palette, nats);
            number(
                ui,
                rect.right() - space::XS,
                rect,
                &numbers::nats(nats),
                color,
            );
        };
        let line = |ui: &mut Ui, name: &str, label: &str, index: usize, nats: f64| {
            let rect = row(ui, &format!("{label}: push {} nats", numbers::nats(nats)));
            words(ui, rect, 16.0, name, palette.text, 110.0, false);
            push(ui, rect, index, nats);
            rect
        };
        line(ui, "plain model", "Plain model", 0, split.base);
        for (index, pull) in split.pulls.iter().enumerate() {
            let (rect, cells, colors) = self.objective(ui, palette, index, Some(*pull));
            for (from_right, (cell, color)) in [REWARD, ADVANTAGE]
                .into_iter()
                .zip(cells.iter().zip(colors))
            {
                number(ui, rect.right() - from_right, rect, cell, color);
            }
            push(ui, rect, index + 1, *pull);
        }
        let last = split.pulls.len() + 1;
        let rect = line(ui, "in all", "In all", last, split.total());
        let rule = Stroke::new(1.0, palette.border);
        ui.painter().hline(rect.x_range(), rect.top(), rule);
        ui.spacing_mut().item_spacing.y = space::XS;
        let rival = &split.rival;
        ui.label(
            egui::RichText::new(format!("Push: in nats, for this word and against {rival}"))
                .small()
                .color(palette.weak),
        )
        .on_hover_text(
            "The exact split of the choice: the plain model's part and every objective's sum to the log odds of the word against the one that the plain model likes best among the others",
        );
    }

    /// An objective's line with its name; its numbers are for the caller to write.
    fn objective(
        &self,
        ui: &mut Ui,
        palette: &Palette,
        index: usize,
        push: Option<f64>,
    ) -> (Rect, [String; 2], [Color32; 2]) {
        let insight = &self.insight.chosen.objectives[index];
        let (name, color) = self
            .objectives
            .get(index)
            .map_or(("", palette.weak), |about| (about.name, about.color));
        let cells = [
            numbers::nats(insight.reward),
            numbers::nats(insight.advantage),
        ];
        let push = push.map_or_else(String::new, |push| {
            format!(", push {} nats", numbers::nats(push))
        });
        let label = format!(
            "{name}: reward {} nats, advantage {} nats{push}",
            cells[0], cells[1]
        );
        let rect = row(ui, &label);
        ui.painter()
            .circle_filled(pos2(rect.left() + 5.0, rect.center().y), 5.0, color);
        let room = if self.split.is_some() { 80.0 } else { 126.0 };
        words(ui, rect, 16.0, name, palette.text, room, false);
        let colors = [palette.text, value_color(palette, insight.advantage)];
        (rect, cells, colors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_laid_end_to_end_and_the_total_begins_at_zero() {
        let split = CardSplit {
            rival: "cruel".to_owned(),
            base: -1.0,
            pulls: vec![2.5, -0.25],
        };
        assert_eq!(
            split.steps(),
            [(0.0, -1.0), (-1.0, 1.5), (1.5, 1.25), (0.0, 1.25)]
        );
        let fall = Fall::new(&split);
        let zone = Rangef::new(0.0, 100.0);
        assert!(fall.x(zone, -1.0).abs() < 1e-4);
        assert!((fall.x(zone, 1.5) - 100.0).abs() < 1e-4);
        assert!((fall.x(zone, 0.0) - 40.0).abs() < 1e-4);
    }

    #[test]
    fn a_word_that_an_objective_forbids_can_be_drawn() {
        let split = CardSplit {
            rival: String::new(),
            base: 0.0,
            pulls: vec![f64::INFINITY],
        };
        let fall = Fall::new(&split);
        let zone = Rangef::new(0.0, 10.0);
        assert!(fall.x(zone, f64::INFINITY).is_finite());
    }
}
