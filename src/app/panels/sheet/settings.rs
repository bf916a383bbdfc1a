//! What is set once. Everything counts at once, but what says otherwise.

use std::sync::LazyLock;

use egui::{Button, DragValue, RichText, Slider, SliderClamping, Ui, WidgetInfo};

use super::heading;
use crate::app::panels::blend::BLUR;
use crate::app::panels::disk::cap_ui;
use crate::app::panels::library::consent_ui;
use crate::app::shortcuts::Shortcut;
use crate::app::state::habits::{CardHabit, DEVICES, MOST_THREADS, TEXT_RANGE};
use crate::app::state::settings::{ThemeChoice, ZOOM_RANGE};
use crate::app::state::{LineupState, State};
use crate::app::theme::{size, space};
use crate::app::update::{Action, HabitAction};
use crate::app::widgets::words::note;

/// Width of the names, and of the sheet below which they stand above what they name, points.
const NAMES: f32 = 150.0;
const NARROW: f32 = 440.0;

/// Processors that there are; to ask means to read files.
static CORES: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsView {
    /// Colours of the window.
    pub theme: ThemeChoice,
    /// Zoom, per cent.
    pub zoom_percent: f32,
    /// Size of the texts, per cent.
    pub text_percent: u32,
    /// Whether scroll bars are always seen.
    pub scroll_bars: bool,
    /// Whether nothing moves by itself.
    pub still: bool,
    /// Whether words are coloured.
    pub coloured: bool,
    /// The end of the colours' scale, nats, and whether it is locked there.
    pub scale: (f64, bool),
    /// When cards open.
    pub cards: CardHabit,
    /// Whether texts are written slowly enough to read along.
    pub reading_pace: bool,
    /// Whether Demo mode hides the plain text.
    pub blur: bool,
    /// How many prompts are hidden because they may upset.
    pub hidden: usize,
    /// Name of the chosen device.
    pub device: String,
    /// What the models are computed on now, and why.
    pub device_now: Option<String>,
    /// Whether models are being loaded.
    pub loading: bool,
    /// Threads that were asked for.
    pub threads: Option<usize>,
    /// Threads that the processor has.
    pub cores: usize,
    /// The folder of a person's data.
    pub data: Option<String>,
    /// Most bytes of the history, where one is kept.
    pub cap: Option<u64>,
    /// Whether anything differs from the usual settings.
    pub unusual: bool,
    /// Whether the settings of before can be brought back.
    pub can_undo: bool,
}

impl SettingsView {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let settings = &state.settings;
        let habits = &settings.habits;
        Self {
            theme: settings.theme,
            zoom_percent: (settings.zoom * 100.0).round(),
            text_percent: habits.text_percent,
            scroll_bars: habits.scroll_bars,
            still: habits.still,
            coloured: settings.heat.on,
            scale: (state.heat_scale, settings.heat.locked.is_some()),
            cards: habits.cards,
            reading_pace: settings.reading_pace,
            blur: habits.blur,
            hidden: state.library.hidden(),
            device: habits.device.clone().unwrap_or_else(|| "auto".to_owned()),
            device_now: state.lineup_info().map(|info| info.device.clone()),
            loading: match state.lineup {
                LineupState::Loading { .. } => true,
                LineupState::Ready(_) | LineupState::Missing => false,
            },
            threads: habits.threads,
            cores: *CORES,
            data: state.data.as_ref().map(|data| data.display().to_string()),
            cap: state.past.kept.then_some(settings.history_bytes),
            unusual: *settings != settings.usual(),
            can_undo: state.unusual.is_some(),
        }
    }
}

/// Draws them.
pub(super) fn settings_ui(ui: &mut Ui, view: &SettingsView) -> Vec<Action> {
    let mut actions = Vec::new();
    heading(ui, "Look");
    look_ui(ui, view, &mut actions);
    heading(ui, "Words");
    words_ui(ui, view, &mut actions);
    heading(ui, "Demo mode");
    let mut habit = |action| actions.push(Action::Habit(action));
    tick(ui, BLUR, "", view.blur, || habit(HabitAction::ToggleBlur));
    if consent_ui(ui, view.hidden) {
        habit(HabitAction::AgreeToSensitive);
    }
    heading(ui, "Computing");
    computing_ui(ui, view, &mut actions);
    heading(ui, "Data");
    data_ui(ui, view, &mut actions);
    ui.add_space(space::L);
    ui.horizontal_wrapped(|ui| {
        let mut press = |enabled: bool, words: &str, hint: &str, action: HabitAction| {
            let button = Button::new(words).min_size(egui::vec2(0.0, space::TARGET));
            if ui
                .add_enabled(enabled, button)
                .on_hover_text(hint)
                .clicked()
            {
                actions.push(Action::Habit(action));
            }
        };
        let hint = "Everything on this sheet but the history's limit";
        press(
            view.unusual,
            "Back to the usual settings",
            hint,
            HabitAction::BackToUsual,
        );
        if view.can_undo {
            let hint = "Bring back the settings of before";
            press(true, "Bring mine back", hint, HabitAction::UndoUsual);
        }
    });
    actions
}

fn look_ui(ui: &mut Ui, view: &SettingsView, actions: &mut Vec<Action>) {
    row(ui, "Theme", |ui| {
        for choice in ThemeChoice::ALL {
            if choice_ui(ui, view.theme == choice, choice.label(), "") {
                actions.push(Action::SetTheme(choice));
            }
        }
    });
    row(ui, "Zoom", |ui| {
        for shortcut in [Shortcut::ZoomOut, Shortcut::ZoomIn] {
            let words = if shortcut == Shortcut::ZoomOut {
                "Smaller"
            } else {
                "Larger"
            };
            let button = Button::new(words).min_size(egui::vec2(0.0, space::TARGET));
            if ui
                .add(button)
                .on_hover_text(shortcut.hint(ui.ctx()))
                .clicked()
            {
                actions.push(shortcut.action());
            }
        }
        let mut zoom = view.zoom_percent;
        // It would grow under the pointer that drags it, and on its way to 150 a number is 1.
        let number = DragValue::new(&mut zoom)
            .speed(0.0)
            .range(ZOOM_RANGE.0 * 100.0..=ZOOM_RANGE.1 * 100.0)
            .max_decimals(0)
            .suffix(" %")
            .update_while_editing(false);
        let response = ui
            .add(number)
            .on_hover_text("Click to type, from 60 to 300 %");
        named(&response, "Zoom in per cent", f64::from(view.zoom_percent));
        if response.changed() {
            actions.push(Action::Habit(HabitAction::SetZoom(zoom)));
        }
    });
    row(ui, "Size of the texts", |ui| {
        let mut percent = f64::from(view.text_percent);
        let (least, most) = (f64::from(TEXT_RANGE.0), f64::from(TEXT_RANGE.1));
        let slider = Slider::new(&mut percent, least..=most)
            .clamping(SliderClamping::Never)
            .max_decimals(0)
            .suffix(" %");
        let response = ui
            .add(slider)
            .on_hover_text("What the models write, beside everything else");
        response.widget_info(|| {
            WidgetInfo::slider(
                true,
                f64::from(view.text_percent),
                "Size of the texts in per cent",
            )
        });
        if response.changed() && percent.is_finite() {
            actions.push(Action::Habit(HabitAction::SetTextSize(
                percent.round() as u32
            )));
        }
    });
    let mut habit = |action| actions.push(Action::Habit(action));
    tick(ui, "Always show scroll bars", "", view.scroll_bars, || {
        habit(HabitAction::ToggleScrollBars);
    });
    let still = "Nothing fades, glides or blinks by itself";
    tick(ui, "Reduce motion", still, view.still, || {
        habit(HabitAction::ToggleStill);
    });
}

fn words_ui(ui: &mut Ui, view: &SettingsView, actions: &mut Vec<Action>) {
    let heat = Shortcut::Heat;
    let hint = heat.hint(ui.ctx());
    tick(ui, heat.label(), &hint, view.coloured, || {
        actions.push(Action::ToggleHeat);
    });
    row(ui, "Scale of the colours", |ui| {
        let (limit, locked) = view.scale;
        if choice_ui(
            ui,
            !locked,
            "Fits the texts",
            "Full colours are what the texts on screen reach",
        ) {
            actions.push(Action::Habit(HabitAction::SetScale(None)));
        }
        let lock = "Keep the same colours for the same numbers, so that runs can be compared";
        if choice_ui(ui, locked, "Fixed at", lock) && !locked {
            actions.push(Action::Habit(HabitAction::SetScale(Some(limit))));
        }
        let mut nats = limit;
        let number = DragValue::new(&mut nats)
            .range(0.01..=1000.0)
            .speed(0.02)
            .max_decimals(2)
            .suffix(" nats")
            .update_while_editing(false);
        let response = ui
            .add_enabled(locked, number)
            .on_hover_text("Where colours are full");
        named(&response, "Scale of the colours in nats", limit);
        if response.changed() {
            actions.push(Action::Habit(HabitAction::SetScale(Some(nats))));
        }
    });
    row(ui, "Cards open", |ui| {
        for cards in CardHabit::ALL {
            if choice_ui(ui, view.cards == cards, cards.label(), cards.tooltip()) {
                actions.push(Action::Habit(HabitAction::SetCards(cards)));
            }
        }
    });
    let pace = "Slow enough to read along and to move the sliders meanwhile";
    tick(
        ui,
        "Write at reading speed",
        pace,
        view.reading_pace,
        || {
            actions.push(Action::TogglePace);
        },
    );
}

fn computing_ui(ui: &mut Ui, view: &SettingsView, actions: &mut Vec<Action>) {
    row(ui, "Device", |ui| {
        if DEVICES.len() > 2 {
            for &(name, words) in DEVICES {
                if choice_ui(
                    ui,
                    view.device == name,
                    words,
                    "Counts when models are loaded",
                ) {
                    let device = (name != "auto").then(|| name.to_owned());
                    actions.push(Action::Habit(HabitAction::SetDevice(device)));
                }
            }
        }
        if let Some(device) = &view.device_now {
            ui.label(device);
        } else if DEVICES.len() <= 2 {
            ui.label("Processor");
        }
    });
    row(ui, "Threads", |ui| {
        let cores = view.cores;
        let all = if cores == 1 {
            "The only one".to_owned()
        } else {
            format!("All {cores}")
        };
        if choice_ui(
            ui,
            view.threads.is_none(),
            &all,
            "As many as the processor has",
        ) {
            actions.push(Action::Habit(HabitAction::SetThreads(None)));
        }
        let own = view.threads.is_some();
        if choice_ui(ui, own, "At most", "Leave some of them to other programs") && !own {
            actions.push(Action::Habit(HabitAction::SetThreads(Some(cores))));
        }
        let mut threads = view.threads.unwrap_or(cores);
        let number = DragValue::new(&mut threads)
            .range(1..=MOST_THREADS)
            .speed(0.05);
        let response = ui.add_enabled(own, number);
        named(&response, "Threads", view.threads.unwrap_or(cores) as f64);
        if response.changed() {
            actions.push(Action::Habit(HabitAction::SetThreads(Some(threads))));
        }
        note(ui, "from the next start of the program");
    });
    row(ui, "Models", |ui| {
        let button = Button::new("Load the models again").min_size(egui::vec2(0.0, space::TARGET));
        let again = ui
            .add_enabled(!view.loading, button)
            .on_disabled_hover_text("They are being loaded");
        if again.clicked() {
            actions.push(Action::RetryLoading);
        }
    });
}

fn data_ui(ui: &mut Ui, view: &SettingsView, actions: &mut Vec<Action>) {
    row(ui, "Folder", |ui| {
        let Some(data) = &view.data else {
            ui.label("None: nothing is kept");
            return;
        };
        ui.label(RichText::new(data).monospace().size(size::SMALL))
            .on_hover_text(
                "Settings, lineups, trained objectives and the history of runs lie here",
            );
        let button = Button::new("Copy path").min_size(egui::vec2(0.0, space::TARGET));
        if ui.add(button).clicked() {
            ui.ctx().copy_text(data.clone());
        }
    });
    row(ui, "History of runs", |ui| match view.cap {
        Some(cap) => actions.extend(cap_ui(ui, cap)),
        None => {
            ui.label("None is kept");
        }
    });
    if view.cap.is_some() {
        note(
            ui,
            "Beyond that the oldest runs that are not pinned are removed",
        );
    }
}

/// A name, and beside it what is named; below it where there is no room.
fn row(ui: &mut Ui, name: &str, rest: impl FnOnce(&mut Ui)) {
    let narrow = ui.available_width() < NARROW;
    if narrow {
        ui.label(name);
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        ui.set_min_height(space::TARGET);
        if !narrow {
            let left = ui.cursor().left();
            ui.label(name);
            ui.add_space((left + NAMES - ui.cursor().left()).max(0.0));
        }
        rest(ui);
    });
}

/// One of several choices; says whether it was pressed.
fn choice_ui(ui: &mut Ui, chosen: bool, words: &str, hint: &str) -> bool {
    let button = Button::selectable(chosen, words)
        .min_size(egui::vec2(0.0, space::TARGET))
        .frame_when_inactive(true);
    let response = ui.add(button);
    if hint.is_empty() {
        response.clicked()
    } else {
        response.on_hover_text(hint).clicked()
    }
}

fn tick(ui: &mut Ui, words: &str, hint: &str, on: bool, flip: impl FnOnce()) {
    let mut ticked = on;
    let response = ui.checkbox(&mut ticked, words);
    let changed = response.changed();
    if !hint.is_empty() {
        response.on_hover_text(hint);
    }
    if changed {
        flip();
    }
}

fn named(response: &egui::Response, label: &str, value: f64) {
    response.widget_info(|| {
        let mut info = WidgetInfo::drag_value(true, value);
        info.label = Some(label.to_owned());
        info
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::update::apply;

    #[test]
    fn the_way_back_is_there_when_something_is_unusual() {
        let mut state = State::default();
        let view = SettingsView::build(&state);
        assert!(!view.unusual && !view.can_undo);
        apply(&mut state, Action::Habit(HabitAction::SetZoom(150.0)));
        assert!(SettingsView::build(&state).unusual);
        apply(&mut state, Action::Habit(HabitAction::BackToUsual));
        let view = SettingsView::build(&state);
        assert!(!view.unusual && view.can_undo);
        assert!((view.zoom_percent - 100.0).abs() < 1e-4);
    }

    #[test]
    fn without_a_history_there_is_no_limit_to_set() {
        let mut state = State::default();
        assert_eq!(SettingsView::build(&state).cap, None);
        state.past.kept = true;
        assert_eq!(SettingsView::build(&state).cap, Some(1_000_000_000));
    }
}
