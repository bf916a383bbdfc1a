//! What is scored: the prompt, one answer or two, how the prompt is read.

use egui::{Button, ComboBox, RichText, Ui};

use super::act;
use crate::app::pages::setup::start_button;
use crate::app::shortcuts::Shortcut;
use crate::app::state::State;
use crate::app::state::score::{Draft, Tab};
use crate::app::theme::{size, space};
use crate::app::update::{Action, ScoreAction, why_no_score};
use crate::app::widgets::field::Field;
use crate::app::widgets::words::{heading, note};

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct SetupView {
    /// The part of the page.
    pub tab: Tab,
    /// What stands in the boxes.
    pub draft: Draft,
    /// Whether there are texts on the Steer page to take.
    pub has_texts: bool,
    /// Names of the objectives, and which one the two sentences show.
    pub objectives: (Vec<String>, usize),
    /// Why nothing can be scored now.
    pub why_not: Option<&'static str>,
    /// Whether something is being scored.
    pub busy: bool,
    /// Whether what stands in the boxes has been scored as it is.
    pub is_scored: bool,
}

impl SetupView {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let page = &state.score;
        let sheet = page.sheet();
        Self {
            tab: page.tab,
            draft: sheet.map(|sheet| sheet.draft.clone()).unwrap_or_default(),
            has_texts: state
                .run()
                .is_some_and(|run| !run.base.is_empty() || !run.guided.is_empty()),
            objectives: (
                state
                    .objectives()
                    .iter()
                    .map(|objective| objective.name.clone())
                    .collect(),
                state.exchange_objective(),
            ),
            why_not: why_no_score(state),
            busy: page.is_busy(),
            is_scored: sheet.is_some_and(|sheet| sheet.run.is_some() && !sheet.is_stale()),
        }
    }
}

/// Draws the choice among the parts of the page.
pub(super) fn tabs_ui(ui: &mut Ui, view: &SetupView) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        for tab in Tab::ALL {
            let words = RichText::new(tab.label()).size(size::SMALL);
            let button = Button::selectable(view.tab == tab, words)
                .min_size(egui::vec2(0.0, space::TARGET))
                .frame_when_inactive(true);
            if ui.add(button).on_hover_text(tab.tooltip()).clicked() {
                actions.push(act(ScoreAction::Show)(tab));
            }
        }
    });
    ui.add_space(space::S);
    actions
}

/// Draws the boxes.
pub(super) fn setup_ui(ui: &mut Ui, view: &SetupView) -> Vec<Action> {
    let mut actions = Vec::new();
    let draft = &view.draft;
    heading(ui, "Prompt");
    let prompt = Field {
        hint: "What the answer answers; it may stay empty",
        rows: 3,
        ..Field::line("Prompt to score", &draft.prompt)
    };
    actions.extend(prompt.show(ui).text.map(act(ScoreAction::EditPrompt)));
    actions.extend(template_ui(ui, draft.raw));
    ui.add_space(space::M);
    let names = match (view.tab, draft.compare) {
        (Tab::OneWord, _) => ["First sentence", "Second sentence"],
        (_, true) => ["First answer", "Second answer"],
        (_, false) => ["Answer", ""],
    };
    let rows = if draft.compare { 4 } else { 7 };
    for side in 0..=usize::from(draft.compare) {
        heading(ui, names[side]);
        let hint = match (view.tab, side) {
            (Tab::OneWord, 0) => "A sentence",
            (Tab::OneWord, _) => "The same sentence with one word exchanged",
            (_, 0) => "Paste or type an answer, or drop a text file",
            (_, _) => "Another answer to the same prompt",
        };
        let labels = ["Answer to score", "Second answer to score"];
        let field = Field {
            hint,
            rows,
            ..Field::line(labels[side], &draft.answers[side])
        };
        let typed = field.show(ui).text;
        actions.extend(typed.map(|text| Action::Score(ScoreAction::EditAnswer(side, text))));
        ui.add_space(space::S);
    }
    if view.tab == Tab::OneWord {
        actions.extend(sentences_ui(ui, view));
        return actions;
    }
    let mut compare = draft.compare;
    let help = "Score another answer to the same prompt beside the first";
    if ui
        .checkbox(&mut compare, "Compare with a second answer")
        .on_hover_text(help)
        .changed()
    {
        actions.push(act(ScoreAction::SetCompare)(compare));
    }
    actions.extend(end_ui(ui, draft.with_end));
    if view.has_texts {
        ui.add_space(space::S);
        let take = Button::new("Take the texts of the Steer page")
            .min_size(egui::vec2(0.0, space::TARGET));
        let help = "Put its prompt, the plain text and the guided text into the boxes";
        if ui.add(take).on_hover_text(help).clicked() {
            actions.push(Action::Score(ScoreAction::TakeTexts));
        }
    }
    actions
}

/// How the prompt is read.
pub(super) fn template_ui(ui: &mut Ui, raw: bool) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.horizontal_wrapped(|ui| {
        for (is_raw, words, help) in [
            (
                false,
                "In the chat template",
                "As a question in a chat, with the marks around it that the models were trained with",
            ),
            (
                true,
                "As it is",
                "Without any marks around it: the answer goes on right behind the prompt",
            ),
        ] {
            let radio = ui.radio(raw == is_raw, words);
            if radio.on_hover_text(help).clicked() && raw != is_raw {
                actions.push(act(ScoreAction::SetRaw)(is_raw));
            }
        }
    });
    actions
}

/// Whether the end counts.
pub(super) fn end_ui(ui: &mut Ui, with_end: bool) -> Option<Action> {
    let mut on = with_end;
    let help = "Score the token that ends the text too: that it ends here";
    ui.checkbox(&mut on, "Score the end of the text too")
        .on_hover_text(help)
        .changed()
        .then(|| act(ScoreAction::SetEnd)(on))
}

fn sentences_ui(ui: &mut Ui, view: &SetupView) -> Vec<Action> {
    let mut actions = Vec::new();
    let (names, chosen) = &view.objectives;
    ui.horizontal(|ui| {
        let label = ui.label("Numbers of");
        ComboBox::from_id_salt("exchange objective")
            .selected_text(names.get(*chosen).map_or("", String::as_str))
            .show_ui(ui, |ui| {
                for (index, name) in names.iter().enumerate() {
                    if ui.selectable_label(index == *chosen, name).clicked() {
                        actions.push(act(ScoreAction::SetObjective)(index));
                    }
                }
            })
            .response
            .labelled_by(label.id)
            .on_hover_text("Whose raw rewards the sentences show");
    });
    ui.add_space(space::S);
    let back = Button::new("Built-in sentences").min_size(egui::vec2(0.0, space::TARGET));
    if ui
        .add(back)
        .on_hover_text("Put the program's own sentences back into the boxes")
        .clicked()
    {
        actions.push(Action::Score(ScoreAction::TakeBuiltIn));
    }
    note(
        ui,
        "Exchange a word by hand to see what it is worth to each objective",
    );
    actions
}

/// Draws the button and what stands in its way.
pub(super) fn start_ui(ui: &mut Ui, view: &SetupView) -> Option<Action> {
    if view.busy {
        let hint = Shortcut::Escape.hint(ui.ctx());
        let pressed = start_button(ui, "Stop", true, Some("Scoring\u{2026}"))
            .on_hover_text(format!("Stop scoring; what has come stays. {hint}"))
            .clicked();
        return pressed.then_some(Action::Score(ScoreAction::Stop));
    }
    let words = match (view.tab, view.is_scored, view.draft.compare) {
        (Tab::File, ..) => "Score the file",
        (_, true, _) => "Score again",
        (Tab::OneWord, false, _) => "Score both sentences",
        (Tab::Answers, false, true) => "Score both answers",
        (Tab::Answers, false, false) => "Score the answer",
    };
    let keys = ui.ctx().format_shortcut(&Shortcut::Run.keys());
    let said = view.why_not.map_or_else(|| keys.clone(), str::to_owned);
    let pressed = start_button(ui, words, view.why_not.is_none(), Some(&said))
        .on_hover_text(format!("Let the models judge every word ({keys})"))
        .clicked();
    pressed.then_some(Action::Score(ScoreAction::Begin))
}
