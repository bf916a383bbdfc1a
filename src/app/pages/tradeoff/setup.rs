//! What the next sweep would try, and the button that begins it.

use egui::{DragValue, Grid, ScrollArea, Ui};

use super::act;
use crate::app::pages::setup::start_button;
use crate::app::state::State;
use crate::app::state::draft::LARGEST_TYPED_WEIGHT;
use crate::app::state::run::RunPhase;
use crate::app::state::tradeoff::{
    LONGEST_TEXT, MOST_RANDOM, MOST_SAMPLES, MOST_STEPS, PromptChoice, Setup, SweepWay, Swept,
    first_words,
};
use crate::app::theme::{palette, space};
use crate::app::update::{Action, TradeoffAction};
use crate::app::widgets::field::Field;
use crate::app::widgets::numbers::{count, weight};
use crate::app::widgets::words::{heading, note, sentence, time_words};
use crate::domain::Colour;

/// Letters of a prompt that are shown.
const SHOWN_LETTERS: usize = 90;

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct SetupView {
    /// The set-up itself.
    pub setup: Setup,
    /// The beginning of the prompt in the prompt box.
    pub current: String,
    /// The prompts of the library: title, text, and whether it is ticked.
    pub library: Vec<(String, String, bool)>,
    /// The objectives: name, colour, and where its slider stands.
    pub objectives: Vec<(String, Colour, f64)>,
    /// How much the sweep would write, and how long that takes.
    pub size: Option<String>,
    /// Why it cannot start.
    pub missing: Option<String>,
}

impl SetupView {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let page = &state.tradeoff;
        let setup = page.setup.clone();
        let size = setup.size(state);
        let missing = match (&size, page.active()) {
            (_, Some(_)) => Some("A sweep is being written".to_owned()),
            (Err(words), None) => Some(sentence(words)),
            (Ok(_), None) => None,
        };
        let weights = state.draft.effective_weights();
        Self {
            current: first_words(&state.draft.prompt.text, SHOWN_LETTERS),
            library: state
                .library
                .prompts
                .iter()
                .enumerate()
                .map(|(index, prompt)| {
                    let ticked = setup.ticked.contains(&index);
                    (prompt.title.clone(), prompt.text.clone(), ticked)
                })
                .collect(),
            objectives: state
                .objectives()
                .iter()
                .enumerate()
                .map(|(index, objective)| {
                    let weight = weights.get(index).copied().unwrap_or(0.0);
                    (objective.name.clone(), state.colour_of(index), weight)
                })
                .collect(),
            size: size.ok().map(|size| size_words(state, size)),
            missing,
            setup,
        }
    }
}

fn size_words(state: &State, [settings, prompts, texts]: [usize; 3]) -> String {
    let many = |number: usize, one: &str| {
        let s = if number == 1 { "" } else { "s" };
        format!("{} {one}{s}", count(number))
    };
    let samples = state.tradeoff.setup.samples;
    let product = format!(
        "{}: {} × {} × {}",
        many(texts, "text"),
        many(settings, "setting"),
        many(prompts, "prompt"),
        many(samples, "sample")
    );
    match predicted_secs(state, texts) {
        Some(secs) => format!("{product}; about {}", time_words(secs.max(1.0))),
        None => format!("{product}; how long it takes shows once it writes"),
    }
}

/// How long so many texts take, by how fast the last sweep went, or else the run on screen; nothing before either.
fn predicted_secs(state: &State, texts: usize) -> Option<f64> {
    let page = &state.tradeoff;
    let run = state.run().and_then(|run| match &run.phase {
        RunPhase::Ended(end) if end.timing.tokens_per_sec > 0.0 => {
            Some((end.timing.tokens_per_sec, end.guided.tokens as f64))
        }
        _ => None,
    });
    let swept = page.sweep.as_ref().filter(|sweep| sweep.pace.texts > 0);
    let swept = swept.map(|sweep| sweep.pace.tokens as f64 / sweep.pace.texts as f64);
    let speed = page.speed.or(run.map(|(speed, _)| speed))?;
    let longest = page.setup.max_tokens as f64;
    let length = swept
        .or(run.map(|(_, tokens)| tokens))
        .map_or(longest, |length| length.min(longest));
    Some(texts as f64 * length / speed)
}

/// Draws the set-up.
pub(super) fn setup_ui(ui: &mut Ui, view: &SetupView) -> Vec<Action> {
    let mut actions = prompts_ui(ui, view);
    ui.add_space(space::M);
    actions.extend(weights_ui(ui, view));
    ui.add_space(space::M);
    actions.extend(texts_ui(ui, view));
    actions
}

fn prompts_ui(ui: &mut Ui, view: &SetupView) -> Vec<Action> {
    let mut actions = Vec::new();
    heading(ui, "Prompts");
    ui.horizontal_wrapped(|ui| {
        for (choice, words, help) in [
            (
                PromptChoice::Current,
                "Current",
                "The prompt in the prompt box of the Steer page",
            ),
            (
                PromptChoice::Library,
                "Library",
                "Those that you tick among the prompts of the library",
            ),
            (
                PromptChoice::Typed,
                "Typed",
                "Those that you type here, one on each line",
            ),
        ] {
            let radio = ui.radio(view.setup.prompts == choice, words);
            if radio.on_hover_text(help).clicked() {
                actions.push(act(TradeoffAction::SetPrompts)(choice));
            }
        }
    });
    match view.setup.prompts {
        PromptChoice::Current if view.current.is_empty() => note(ui, "The prompt box is empty"),
        PromptChoice::Current => note(ui, &view.current),
        PromptChoice::Typed => {
            let field = Field {
                hint: "One prompt on each line",
                rows: 4,
                ..Field::line("Prompts to answer", &view.setup.typed)
            };
            let typed = field.show(ui).text;
            actions.extend(typed.map(act(TradeoffAction::EditTyped)));
        }
        PromptChoice::Library => actions.extend(library_ui(ui, view)),
    }
    actions
}

fn library_ui(ui: &mut Ui, view: &SetupView) -> Vec<Action> {
    let mut actions = Vec::new();
    palette(ui).card().inner_margin(space::S).show(ui, |ui| {
        ScrollArea::vertical()
            .id_salt("ticked prompts")
            .max_height(150.0)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                for (index, (title, text, ticked)) in view.library.iter().enumerate() {
                    let mut on = *ticked;
                    if ui.checkbox(&mut on, title).on_hover_text(text).changed() {
                        actions.push(act(TradeoffAction::Tick)(index));
                    }
                }
            });
        ui.horizontal(|ui| {
            for (words, all) in [("Tick all", true), ("Tick none", false)] {
                if ui.button(words).clicked() {
                    actions.push(act(TradeoffAction::TickAll)(all));
                }
            }
            note(ui, &format!("{} ticked", view.setup.ticked.len()));
        });
    });
    actions
}

fn weights_ui(ui: &mut Ui, view: &SetupView) -> Vec<Action> {
    let mut actions = Vec::new();
    heading(ui, "Weights");
    ui.horizontal_wrapped(|ui| {
        for (way, words, help) in [
            (
                SweepWay::Grid,
                "Grid",
                "Every combination of evenly spaced weights",
            ),
            (
                SweepWay::Random,
                "Random shares",
                "Random ways to divide a sum of weights among the ticked objectives, all equally likely",
            ),
        ] {
            let radio = ui.radio(view.setup.way == way, words);
            if radio.on_hover_text(help).clicked() {
                actions.push(act(TradeoffAction::SetWay)(way));
            }
        }
    });
    Grid::new("swept weights")
        .num_columns(4)
        .spacing([space::S, space::XS])
        .show(ui, |ui| {
            if view.setup.way == SweepWay::Grid {
                for words in ["", "from", "to", "steps"] {
                    note(ui, words);
                }
                ui.end_row();
            }
            let rows = view.objectives.iter().zip(&view.setup.objectives);
            for (objective, ((name, colour, fixed), swept)) in rows.enumerate() {
                let changed = objective_ui(ui, view.setup.way, (name, *colour, *fixed), *swept);
                actions.extend(
                    changed.map(|swept| {
                        Action::Tradeoff(TradeoffAction::SetSwept { objective, swept })
                    }),
                );
                ui.end_row();
            }
        });
    if view.setup.way == SweepWay::Random {
        let (mut settings, mut total) = (view.setup.random, view.setup.total);
        number_ui(
            ui,
            "Settings",
            "How many random settings",
            DragValue::new(&mut settings).range(1..=MOST_RANDOM),
        );
        number_ui(
            ui,
            "Sum of weights",
            "What the weights of each setting add up to",
            DragValue::new(&mut total)
                .range(0.01..=LARGEST_TYPED_WEIGHT)
                .speed(0.02)
                .max_decimals(2),
        );
        if (settings, total.to_bits()) != (view.setup.random, view.setup.total.to_bits()) {
            actions.push(Action::Tradeoff(TradeoffAction::SetRandom {
                count: settings,
                total,
            }));
        }
    }
    note(
        ui,
        "The plain model, with all weights 0, is always among them",
    );
    actions
}

/// One objective: whether it is swept, and how.
fn objective_ui(
    ui: &mut Ui,
    way: SweepWay,
    (name, colour, fixed): (&str, Colour, f64),
    before: Swept,
) -> Option<Swept> {
    let mut swept = before;
    let colour = palette(ui).colour(colour);
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(egui::vec2(10.0, 10.0), egui::Sense::hover());
        ui.painter().rect_filled(rect, 2.0, colour);
        let help = "Sweep this weight; without a tick it stays where its slider stands";
        ui.checkbox(&mut swept.on, name).on_hover_text(help);
    });
    if !swept.on {
        note(ui, &format!("at {}", weight(fixed)));
    } else if way == SweepWay::Grid {
        let range = 0.0..=LARGEST_TYPED_WEIGHT;
        for (value, what) in [(&mut swept.low, "From"), (&mut swept.high, "To")] {
            let drag = DragValue::new(value)
                .range(range.clone())
                .speed(0.02)
                .max_decimals(3)
                .update_while_editing(false);
            named(ui, drag, &format!("{what}, {name}"), "Weight");
        }
        let drag = DragValue::new(&mut swept.steps)
            .range(1..=MOST_STEPS)
            .speed(0.05)
            .update_while_editing(false);
        let help = "How many weights, both ends among them";
        named(ui, drag, &format!("Steps, {name}"), help);
    }
    (swept != before).then_some(swept)
}

/// A number box with a name of its own.
fn named(ui: &mut Ui, drag: DragValue<'_>, name: &str, help: &str) {
    let response = ui.add(drag).on_hover_text(help);
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_label(name));
}

fn texts_ui(ui: &mut Ui, view: &SetupView) -> Vec<Action> {
    let mut actions = Vec::new();
    heading(ui, "Texts");
    let mut samples = view.setup.samples;
    number_ui(
        ui,
        "Samples",
        "Texts of each setting for each prompt; the more, the narrower the intervals",
        DragValue::new(&mut samples)
            .range(1..=MOST_SAMPLES)
            .speed(0.1)
            .update_while_editing(false),
    );
    if samples != view.setup.samples {
        actions.push(act(TradeoffAction::SetSamples)(samples));
    }
    let mut tokens = view.setup.max_tokens;
    number_ui(
        ui,
        "Longest text, tokens",
        "A text that is longer is cut there",
        DragValue::new(&mut tokens)
            .range(1..=LONGEST_TEXT)
            .update_while_editing(false),
    );
    if tokens != view.setup.max_tokens {
        actions.push(act(TradeoffAction::SetMaxTokens)(tokens));
    }
    note(
        ui,
        "Temperature and first seed are those of the Steer page; every setting has the same luck",
    );
    actions
}

/// A number behind its name.
fn number_ui(ui: &mut Ui, name: &str, help: &str, drag: DragValue<'_>) {
    ui.horizontal(|ui| {
        let label = ui.label(name).on_hover_text(help);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.add(drag).labelled_by(label.id).on_hover_text(help);
        });
    });
}

/// Draws the button and what stands in its way.
pub(super) fn start_ui(ui: &mut Ui, view: &SetupView) -> Option<Action> {
    let said = view.missing.as_deref().or(view.size.as_deref());
    let pressed = start_button(ui, "Start sweep", view.missing.is_none(), said)
        .on_hover_text("It takes the place of the sweep on screen")
        .clicked();
    pressed.then_some(Action::Tradeoff(TradeoffAction::Start))
}
