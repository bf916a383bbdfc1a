//! Beneath two sentences that differ in one word: the number that counts, and why the others do not.

use egui::{Label, RichText, Ui};

use super::answers::raw_scale;
use crate::app::state::State;
use crate::app::state::score::{Exchange, NoExchange};
use crate::app::theme::{HeatScale, palette, size, space, strong};
use crate::app::update::Action;
use crate::app::widgets::legend::Legend;
use crate::app::widgets::numbers::nats;
use crate::app::widgets::words::heading;
use crate::domain::{Pane, RewardKind};

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ExchangeView {
    /// What the colours show.
    pub legend: String,
    /// Their scale.
    pub scale: HeatScale,
    /// Name of the objective.
    pub objective: String,
    /// The two words with their numbers, and the difference in words; else why there is none.
    pub result: Result<ExchangeResult, String>,
    /// Why the other numbers say nothing.
    pub reasons: Vec<String>,
}

/// The number that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct ExchangeResult {
    /// The difference, nats.
    pub number: String,
    /// What it says, in a sentence.
    pub sentence: String,
    /// How it comes about.
    pub details: String,
}

impl ExchangeView {
    /// Decides what is shown; nothing before the sentences are scored.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let sheet = state.score.sheet()?;
        let run = sheet.run.as_ref()?;
        let index = state.exchange_objective();
        let objective = state.objectives().get(index)?;
        let name = &objective.name;
        let raw = |pane: Pane| {
            (0..run.text(pane).len()).filter_map(move |token| {
                let said = &run.insight(pane, token)?.chosen.objectives;
                Some(said.get(index)?.reward)
            })
        };
        let result = match Exchange::of(run, index) {
            _ if sheet.is_busy() => Err("Scoring\u{2026}".to_owned()),
            Ok(exchange) => Ok(told(&exchange, name, objective.kind)),
            Err(NoExchange::Same) => Err("Exchange a word in the second sentence".to_owned()),
            Err(NoExchange::Words(words)) => Err(format!(
                "The sentences differ in {words} words: behind the first of them, every number has another beginning"
            )),
            Err(NoExchange::Lengths) => Err(
                "The sentences have different numbers of words: exchange one word and leave the others"
                    .to_owned(),
            ),
            Err(NoExchange::Beginning) => Err(
                "One word begins with the other, and the models part them only behind it: exchange another word"
                    .to_owned(),
            ),
            Err(NoExchange::Unscored) => Err("Not all words have been scored".to_owned()),
        };
        Some(Self {
            legend: format!("Raw reward \u{b7} {name}"),
            scale: raw_scale(raw(Pane::Base).chain(raw(Pane::Guided))),
            objective: name.clone(),
            result,
            reasons: reasons(name, objective.kind),
        })
    }
}

fn told(exchange: &Exchange, name: &str, kind: RewardKind) -> ExchangeResult {
    let [first, second] = exchange
        .words
        .each_ref()
        .map(|word| format!("\u{201c}{word}\u{201d}"));
    let difference = exchange.difference();
    let (liked, other) = if difference >= 0.0 {
        (&first, &second)
    } else {
        (&second, &first)
    };
    let times = difference.abs().exp();
    // Only a log-probability is a likelihood.
    let is_probability = match kind {
        RewardKind::Adapter | RewardKind::Model => true,
        RewardKind::System | RewardKind::Contrast => false,
    };
    let sentence = if nats(difference).chars().all(|c| matches!(c, '0' | '.')) {
        format!("Behind the same beginning, {name} finds {first} and {second} equally good")
    } else if !is_probability {
        format!("Behind the same beginning, {name} prefers {liked} to {other}")
    } else if times > 1000.0 {
        format!(
            "Behind the same beginning, {name} finds {liked} more than 1,000 times as likely as {other}"
        )
    } else {
        format!(
            "Behind the same beginning, {name} finds {liked} about {} times as likely as {other}",
            if times < 9.95 {
                format!("{times:.1}")
            } else {
                format!("{times:.0}")
            }
        )
    };
    let pieces = exchange.pieces.iter().any(|pieces| *pieces > 1);
    let added = if pieces {
        " (the numbers of a word in several pieces are added up)"
    } else {
        ""
    };
    ExchangeResult {
        number: format!("{} nats", nats(difference)),
        sentence,
        details: format!(
            "Word {}: {first} has {}, {second} has {}{added}",
            exchange.place,
            nats(exchange.rewards[0]),
            nats(exchange.rewards[1])
        ),
    }
}

fn reasons(name: &str, kind: RewardKind) -> Vec<String> {
    let mut reasons = vec![
        format!(
            "A reward model learns only which of two texts with the same beginning is better. Were {name} to add the same amount to all words that can follow a beginning, no choice would change: the height of a single number has no meaning, only a difference behind one and the same beginning has"
        ),
        "Before the exchanged word, both sentences have the same numbers. Behind it, even the same words stand behind different beginnings, so their numbers cannot be compared"
            .to_owned(),
    ];
    match kind {
        RewardKind::Adapter | RewardKind::Model => reasons.push(
            "A raw number is a log-probability: it falls wherever a word is hard to foresee, however kind it is. To colour a whole text, the advantage compares each word with what the plain model would have said in its place"
                .to_owned(),
        ),
        RewardKind::System | RewardKind::Contrast => {}
    }
    reasons
}

/// Draws it.
pub(super) fn exchange_ui(ui: &mut Ui, view: &ExchangeView) -> Vec<Action> {
    let colours = palette(ui);
    Legend {
        scale: view.scale,
        name: &view.legend,
        sentence: "The deeper the colour, the less likely the objective\u{2019}s model finds the word",
    }
    .show(ui);
    ui.add_space(space::S);
    colours.card().show(ui, |ui| {
        ui.set_width(ui.available_width());
        match &view.result {
            Ok(result) => {
                ui.horizontal_wrapped(|ui| {
                    ui.label(RichText::new(&result.number).font(strong(size::TITLE)));
                    ui.label(RichText::new("the number that counts").color(colours.weak));
                });
                ui.add(Label::new(RichText::new(&result.sentence).size(size::HEADING)).wrap());
                let details = RichText::new(&result.details).size(size::SMALL);
                ui.add(Label::new(details.color(colours.weak)).wrap());
            }
            Err(words) => {
                ui.add(Label::new(RichText::new(words).size(size::HEADING)).wrap());
            }
        }
    });
    ui.add_space(space::S);
    heading(ui, "Why the other numbers say little");
    for reason in &view.reasons {
        ui.add(Label::new(RichText::new(reason).color(colours.weak)).wrap());
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(rewards: [f64; 2]) -> Exchange {
        Exchange {
            words: ["calm", "cruel"].map(str::to_owned),
            place: 5,
            token: 6,
            pieces: [1, 1],
            rewards,
        }
    }

    #[test]
    fn the_number_is_the_difference_of_the_two_words() {
        // e^1.25 = 3.49
        let result = told(&exchange([-2.0, -3.25]), "harmless", RewardKind::Adapter);
        assert_eq!(result.number, "+1.25 nats");
        assert_eq!(
            result.sentence,
            "Behind the same beginning, harmless finds “calm” about 3.5 times as likely as “cruel”"
        );
        assert_eq!(
            result.details,
            "Word 5: “calm” has −2.00, “cruel” has −3.25"
        );
        let result = told(&exchange([-9.0, -1.0]), "harmless", RewardKind::Adapter);
        assert_eq!(result.number, "−8.00 nats");
        assert!(
            result
                .sentence
                .ends_with("“cruel” more than 1,000 times as likely as “calm”")
        );
    }

    #[test]
    fn a_difference_of_two_models_is_no_likelihood() {
        let result = told(&exchange([1.0, -1.0]), "polite", RewardKind::System);
        assert_eq!(
            result.sentence,
            "Behind the same beginning, polite prefers “calm” to “cruel”"
        );
        assert_eq!(reasons("polite", RewardKind::System).len(), 2);
    }

    #[test]
    fn equal_words_and_words_of_pieces_are_told() {
        let mut pieces = exchange([-1.0, -1.0]);
        pieces.pieces = [2, 1];
        let result = told(&pieces, "harmless", RewardKind::Adapter);
        assert!(result.sentence.ends_with("equally good"));
        assert!(result.details.ends_with("are added up)"));
    }
}
