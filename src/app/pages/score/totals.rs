//! What the answers come to: totals and means per objective, and by how much the first is ahead.

use egui::{Align, Label, Layout, RichText, Sense, Ui};

use crate::app::state::State;
use crate::app::theme::{digits, palette, size, space};
use crate::app::widgets::numbers::nats;
use crate::app::widgets::words::note;
use crate::domain::Colour;
use crate::engine::insight::ObjectiveInsight;
use crate::engine::sums::TextSums;

/// What the two numbers are worth.
const ABOUT: &str = "Rewards are raw: their totals rank answers to the same prompt, which is what reward models learn. Advantages are measured against what the plain model would have said at each place; those are different places in different texts";

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct TotalsView {
    /// Names of the answers' columns; one, or two and the difference.
    pub columns: Vec<&'static str>,
    /// One row per objective.
    pub rows: Vec<TotalRow>,
    /// Log-probabilities of each whole answer, in a sentence.
    pub likelihoods: Vec<String>,
}

/// What one objective says.
#[derive(Debug, Clone, PartialEq)]
pub struct TotalRow {
    /// Its name.
    pub name: String,
    /// Its colour.
    pub colour: Colour,
    /// Advantages, one per column: the total, and the mean per token.
    pub advantages: Vec<[f64; 2]>,
    /// Rewards, one per column.
    pub rewards: Vec<[f64; 2]>,
}

impl TotalsView {
    /// Decides what is shown; nothing before there are numbers.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let sheet = state.score.sheet()?;
        let sums: Vec<TextSums> = (0..2).filter_map(|side| sheet.sums(side)).collect();
        if sums.is_empty() {
            return None;
        }
        let both = sums.len() == 2;
        let rows = state
            .objectives()
            .iter()
            .enumerate()
            .filter_map(|(index, objective)| {
                let row = |of: fn(&ObjectiveInsight) -> f64| columns(&sums, index, of);
                Some(TotalRow {
                    name: objective.name.clone(),
                    colour: state.colour_of(index),
                    advantages: row(|one| one.advantage)?,
                    rewards: row(|one| one.reward)?,
                })
            });
        let names: &[&str] = if both {
            &["First answer: ", "Second answer: "]
        } else {
            &["Answer: "]
        };
        Some(Self {
            columns: if both {
                vec!["first", "second", "difference"]
            } else {
                vec![""]
            },
            rows: rows.collect(),
            likelihoods: sums
                .iter()
                .zip(names)
                .map(|(sums, name)| {
                    format!(
                        "{name}log-probability of all words {} for the plain model, {} with guidance",
                        nats(sums.base),
                        nats(sums.guided)
                    )
                })
                .collect(),
        })
    }
}

/// Totals and means of one number: of each answer, and the difference of two.
fn columns(
    sums: &[TextSums],
    objective: usize,
    of: fn(&ObjectiveInsight) -> f64,
) -> Option<Vec<[f64; 2]>> {
    let mut columns = sums
        .iter()
        .map(|sums| {
            let total = sums.objectives.get(objective)?;
            Some([of(total), of(&sums.mean(objective)?)])
        })
        .collect::<Option<Vec<_>>>()?;
    if let [first, second] = columns[..] {
        columns.push([first[0] - second[0], first[1] - second[1]]);
    }
    Some(columns)
}

/// Width of the objectives' names, and the least and greatest of a number's column, points.
const NAME: f32 = 96.0;
const NUMBERS: (f32, f32) = (64.0, 140.0);

/// Draws it.
pub(super) fn totals_ui(ui: &mut Ui, view: &TotalsView) {
    let colours = palette(ui);
    colours.card().show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.x = 0.0;
        let columns = 2.0 * view.columns.len() as f32;
        let width = ((ui.available_width() - NAME) / columns).clamp(NUMBERS.0, NUMBERS.1);
        note(ui, "Total, and mean per token");
        ui.horizontal_top(|ui| {
            ui.add_space(NAME);
            for what in ["Advantage", "Reward"] {
                for (index, column) in view.columns.iter().enumerate() {
                    let words = match (index, column.is_empty()) {
                        (_, true) => what.to_owned(),
                        (0, false) => format!("{what}, {column}"),
                        (_, false) => (*column).to_owned(),
                    };
                    let words = RichText::new(words).size(size::SMALL).color(colours.weak);
                    number_ui(ui, width, [Some(words), None]);
                }
            }
        });
        for row in &view.rows {
            ui.horizontal_top(|ui| {
                let name = egui::vec2(NAME, ui.text_style_height(&egui::TextStyle::Body));
                let left = Layout::left_to_right(Align::Center);
                ui.allocate_ui_with_layout(name, left, |ui| {
                    ui.set_min_width(NAME);
                    let dot = egui::vec2(10.0, 10.0);
                    let (rect, _) = ui.allocate_exact_size(dot, Sense::hover());
                    let colour = colours.colour(row.colour);
                    ui.painter().circle_filled(rect.center(), 5.0, colour);
                    ui.add_space(space::S);
                    ui.add(Label::new(&row.name).truncate());
                });
                for [total, mean] in row.advantages.iter().chain(&row.rewards) {
                    let total = RichText::new(nats(*total)).font(digits(size::BODY));
                    let mean = RichText::new(nats(*mean)).font(digits(size::SMALL));
                    let mean = mean.color(colours.weak);
                    number_ui(ui, width, [Some(total), Some(mean)]);
                }
            });
        }
        ui.add_space(space::XS);
        for words in &view.likelihoods {
            note(ui, words);
        }
        ui.add_space(space::XS);
        note(ui, ABOUT);
    });
}

/// One or two lines to the right of their column.
fn number_ui(ui: &mut Ui, width: f32, lines: [Option<RichText>; 2]) {
    let room = egui::vec2(width, 0.0);
    ui.allocate_ui_with_layout(room, Layout::top_down(Align::Max), |ui| {
        ui.set_min_width(width);
        ui.spacing_mut().item_spacing.y = 0.0;
        for line in lines.into_iter().flatten() {
            ui.add(Label::new(line).extend());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_stand_behind_both_answers() {
        let sums = |tokens, reward, advantage| TextSums {
            tokens,
            objectives: vec![ObjectiveInsight { reward, advantage }],
            ..TextSums::default()
        };
        let both = [sums(4, -6.0, 1.0), sums(2, -5.0, -1.0)];
        let found = columns(&both, 0, |one| one.reward).unwrap();
        assert_eq!(found, [[-6.0, -1.5], [-5.0, -2.5], [-1.0, 1.0]]);
        let found = columns(&both[..1], 0, |one| one.advantage).unwrap();
        assert_eq!(found, [[1.0, 0.25]]);
        assert_eq!(columns(&both, 1, |one| one.reward), None);
    }
}
