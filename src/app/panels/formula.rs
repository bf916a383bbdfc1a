//! The mix in one line: what the guided text is made of.

use egui::text::LayoutJob;
use egui::{Stroke, TextFormat, Ui};

use crate::app::state::State;
use crate::app::theme::{digits, palette, size};
use crate::domain::Colour;

/// What the line shows.
#[derive(Debug, Clone, PartialEq)]
pub struct FormulaView {
    /// Colour, weight and name of every objective that counts.
    pub terms: Vec<(Colour, f64, String)>,
    /// Whether there are objectives at all.
    pub any: bool,
}

impl FormulaView {
    /// Decides what the line shows.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let objectives = state.objectives();
        let term = |(index, weight): (usize, f64)| {
            let objective = objectives.get(index)?;
            Some((state.colour_of(index), weight, objective.name.clone()))
        };
        Self {
            terms: state.draft.terms().into_iter().filter_map(term).collect(),
            any: !objectives.is_empty(),
        }
    }

    /// The parts of the line: words, and the colour of the objective that they belong to.
    #[must_use]
    pub fn parts(&self) -> Vec<(String, Option<Colour>)> {
        let mut parts = vec![("guided ∝ base".to_owned(), None)];
        for (colour, weight, name) in &self.terms {
            let sign = if *weight < 0.0 { " − " } else { " + " };
            parts.push((sign.to_owned(), None));
            let words = format!("{:.2} {name}", weight.abs());
            parts.push((words, Some(*colour)));
        }
        parts
    }
}

/// Draws the line.
pub fn formula_ui(ui: &mut Ui, view: &FormulaView) {
    let colours = palette(ui);
    let mut job = LayoutJob::default();
    if view.any {
        for (words, objective) in view.parts() {
            // Names are underlined in their colour: as letters not all colours would be easy to read.
            let format = TextFormat {
                font_id: digits(size::BODY),
                color: objective.map_or(colours.weak, |_| colours.text),
                underline: objective.map_or(Stroke::NONE, |colour| {
                    Stroke::new(2.0, colours.colour(colour))
                }),
                ..TextFormat::default()
            };
            job.append(&words, 0.0, format);
        }
    }
    ui.label(job).on_hover_text(
        "How the models are mixed, as sums of log-probabilities: the plain model counts once, each objective as often as its slider says. The sign ∝ means: but for what makes all probabilities add up to one",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_weights_and_signs() {
        let view = FormulaView {
            terms: vec![
                (Colour::Teal, 1.0, "harmless".to_owned()),
                (Colour::Ochre, -0.5, "rude".to_owned()),
            ],
            any: true,
        };
        let line: String = view.parts().into_iter().map(|(words, _)| words).collect();
        assert_eq!(line, "guided ∝ base + 1.00 harmless − 0.50 rude");
    }
}
