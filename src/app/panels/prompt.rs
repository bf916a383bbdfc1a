//! The prompt box with its buttons and a few prompts to start with.

use egui::{Button, Key, RichText, TextEdit, Ui};

use super::library::consent_ui;
use crate::app::shortcuts::Shortcut;
use crate::app::state::region::Region;
use crate::app::state::{LineupState, State};
use crate::app::theme::{palette, size, space, strong};
use crate::app::update::{Action, HabitAction, can_run};

/// How many prompts stand as chips under the box.
const CHIPS: usize = 8;

/// What the main button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MainButton {
    /// Writes both texts.
    Run,
    /// Writes them again, because the prompt, the sliders or the sampling have changed since.
    RunAgain,
    /// Stops the writing.
    Stop,
    /// It is stopping already.
    Stopping,
    /// It will start by itself when the models are there; pressing it takes that back.
    Waiting,
}

impl MainButton {
    /// Words on the button.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Run => "Run",
            Self::RunAgain => "Run again",
            Self::Stop => "Stop",
            Self::Stopping => "Stopping…",
            Self::Waiting => "Waiting…",
        }
    }
}

/// What the box shows.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptView {
    /// The words.
    pub text: String,
    /// The main button.
    pub main: MainButton,
    /// Whether it can be pressed.
    pub main_enabled: bool,
    /// Why it cannot be pressed.
    pub why_not: Option<&'static str>,
    /// Whether another seed can be tried.
    pub can_draw_again: bool,
    /// Prompts to start with: index, name, words, and whether it is in the box.
    pub chips: Vec<(usize, String, String, bool)>,
    /// How many prompts are hidden because they may upset, where no list of them is on screen.
    pub hidden: usize,
    /// Whether the keyboard is wanted here.
    pub wants_focus: bool,
}

impl PromptView {
    /// Decides what the box shows.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let settled = state.settled_run();
        let active = settled.filter(|run| run.is_active());
        let main = match (active, settled) {
            (Some(run), _) if run.cancel.is_cancelled() => MainButton::Stopping,
            (Some(_), _) => MainButton::Stop,
            (None, _) if state.run_when_ready => MainButton::Waiting,
            (None, Some(_)) => MainButton::RunAgain,
            (None, None) => MainButton::Run,
        };
        let can_run = can_run(state);
        let why_not = match (&state.lineup, can_run) {
            (_, true) => None,
            (LineupState::Missing, false) => Some("There are no models to write with"),
            (LineupState::Ready(_) | LineupState::Loading { .. }, false) => {
                Some("Type a prompt, or take one of the library")
            }
        };
        let main_enabled = match main {
            MainButton::Run | MainButton::RunAgain => can_run,
            MainButton::Stop | MainButton::Waiting => true,
            MainButton::Stopping => false,
        };
        let library = &state.library;
        let chips = library.prompts.iter().enumerate();
        let chips = chips
            .filter(|(_, prompt)| library.may_show(prompt))
            .take(CHIPS);
        Self {
            text: state.draft.prompt.text.clone(),
            main,
            main_enabled,
            why_not,
            can_draw_again: can_run && state.run().is_some(),
            chips: chips
                .map(|(index, prompt)| {
                    let selected = prompt.text == state.draft.prompt.text;
                    (index, prompt.title.clone(), prompt.text.clone(), selected)
                })
                .collect(),
            hidden: if state.is_showing() {
                library.hidden()
            } else {
                0
            },
            wants_focus: state.wants_keyboard(Region::Prompt),
        }
    }
}

/// Draws the box.
pub fn prompt_ui(ui: &mut Ui, view: &PromptView) -> Vec<Action> {
    let mut actions = Vec::new();
    let colours = palette(ui);
    colours.card().show(ui, |ui| {
        let mut text = view.text.clone();
        let edit = TextEdit::multiline(&mut text)
            .id_salt("prompt")
            .hint_text("Ask something, or take a prompt of the library")
            .desired_rows(2)
            .desired_width(f32::INFINITY)
            .frame(egui::Frame::NONE);
        let response = ui.add(edit);
        response.widget_info(|| {
            let mut info = egui::WidgetInfo::text_edit(true, &view.text, &view.text, "");
            info.label = Some("Prompt".to_owned());
            info
        });
        if view.wants_focus {
            response.request_focus();
            actions.push(Action::RegionFocused(Region::Prompt));
        }
        if response.changed() {
            actions.push(Action::EditPrompt(text));
        }
        if response.lost_focus() && !ui.input(|input| input.key_pressed(Key::Escape)) {
            actions.push(Action::EndEdit);
        }
        ui.add_space(space::S);
        ui.horizontal(|ui| {
            actions.extend(buttons_ui(ui, view));
            ui.add_space(space::S);
            actions.extend(chips_ui(ui, view));
        });
        if consent_ui(ui, view.hidden) {
            actions.push(Action::Habit(HabitAction::AgreeToSensitive));
        }
    });
    actions
}

fn buttons_ui(ui: &mut Ui, view: &PromptView) -> Vec<Action> {
    let mut actions = Vec::new();
    let colours = palette(ui);
    let (action, hint) = match view.main {
        MainButton::Run | MainButton::RunAgain => (Action::Run, Shortcut::Run.hint(ui.ctx())),
        MainButton::Stop | MainButton::Stopping | MainButton::Waiting => {
            (Action::Stop, Shortcut::Escape.hint(ui.ctx()))
        }
    };
    let words = RichText::new(view.main.label())
        .font(strong(size::BODY))
        .color(colours.on_accent);
    let main = Button::new(words)
        .fill(colours.accent)
        .min_size(egui::vec2(96.0, 32.0));
    let response = ui
        .add_enabled(view.main_enabled, main)
        .on_hover_text(hint)
        .on_disabled_hover_text(view.why_not.unwrap_or("It stops at the next word"));
    if response.clicked() {
        actions.push(action);
    }
    let again = Button::new(Shortcut::NewSeed.label()).min_size(egui::vec2(0.0, 32.0));
    let hint = Shortcut::NewSeed.hint(ui.ctx());
    if ui
        .add_enabled(view.can_draw_again, again)
        .on_hover_text(&hint)
        .on_disabled_hover_text(hint)
        .clicked()
    {
        actions.push(Action::RunWithNewSeed);
    }
    actions
}

/// As many chips as fit into the line.
fn chips_ui(ui: &mut Ui, view: &PromptView) -> Vec<Action> {
    let mut actions = Vec::new();
    let font = egui::FontId::proportional(size::SMALL);
    for (index, title, text, selected) in &view.chips {
        let words = ui
            .painter()
            .layout_no_wrap(title.clone(), font.clone(), palette(ui).text);
        let needed = words.size().x + 2.0 * ui.spacing().button_padding.x + space::XS;
        if needed > ui.available_width() {
            break;
        }
        let chip = Button::selectable(*selected, RichText::new(title).size(size::SMALL))
            .min_size(egui::vec2(0.0, space::TARGET))
            .frame_when_inactive(true);
        if ui.add(chip).on_hover_text(text).clicked() {
            actions.push(Action::PickPrompt(*index));
        }
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CancelToken;

    fn loading() -> State {
        let mut state = State {
            lineup: LineupState::Loading {
                stage: "Reading weights".to_owned(),
                fraction: None,
                cancel: CancelToken::default(),
            },
            ..State::default()
        };
        state.draft.prompt.text = "Why?".to_owned();
        state
    }

    #[test]
    fn run_can_be_pressed_while_the_models_load() {
        let mut state = loading();
        let view = PromptView::build(&state);
        assert_eq!((view.main, view.main_enabled), (MainButton::Run, true));
        crate::app::update::apply(&mut state, Action::Run);
        assert_eq!(PromptView::build(&state).main, MainButton::Waiting);
    }

    #[test]
    fn a_button_that_cannot_be_pressed_says_why() {
        let mut state = loading();
        state.draft.prompt.text = "  ".to_owned();
        let view = PromptView::build(&state);
        assert!(!view.main_enabled && view.why_not.is_some());
        state.draft.prompt.text = "Why?".to_owned();
        state.lineup = LineupState::Missing;
        let view = PromptView::build(&state);
        assert!(!view.main_enabled && view.why_not.is_some());
    }
}
