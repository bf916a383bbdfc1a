//! Scores from elsewhere than the reward models that steer: which there are, and the ways by which they come.

use egui::{Align, Button, Label, Layout, ProgressBar, RichText, Ui, vec2};

use super::act;
use crate::app::state::tradeoff::Wanted;
use crate::app::state::{LineupState, State};
use crate::app::theme::{palette, size, space};
use crate::app::update::{self, Action, ScoresAction, TradeoffAction};
use crate::app::widgets::field::Field;
use crate::app::widgets::numbers::count;
use crate::app::widgets::toggle::toggle;
use crate::app::widgets::words::{note, sentence, time_words};

/// Width of the names before the fields, points.
const NAME: f32 = 52.0;

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoresView {
    /// Whether the ways by which scores come are shown.
    pub open: bool,
    /// The scores that are there: their names, and how many texts have one.
    pub scores: Vec<(String, String)>,
    /// What stands in the field for the texts' file.
    pub texts_path: String,
    /// What stands in the field for the file with scores.
    pub path: String,
    /// Whether a file dialog is open.
    pub dialog_open: bool,
    /// Whether a file is being written or read.
    pub waiting: bool,
    /// The models that could score the texts.
    pub judge: Judge,
    /// What became of the last attempt, and whether that is a failure.
    pub note: Option<(String, bool)>,
    /// Whether there is a way back.
    pub can_go_back: bool,
}

/// The models in use as scorers.
#[derive(Debug, Clone, PartialEq)]
pub enum Judge {
    /// They can score the texts: what the button says.
    Can(String),
    /// Why they cannot.
    Cannot(String),
    /// They do: how far they are, from 0 to 1 and in words.
    Does(f32, String),
}

impl ScoresView {
    /// Decides what is shown; nothing before the first text.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let page = &state.tradeoff;
        let record = &page.sweep.as_ref()?.record;
        if record.rows.is_empty() {
            return None;
        }
        let scores = &page.scores;
        let texts = count(record.rows.len());
        let of = |number: usize| format!("{} of {texts} texts", count(number));
        Some(Self {
            open: scores.open,
            scores: record
                .independent
                .iter()
                .map(|one| (one.label.clone(), of(one.texts.len())))
                .collect(),
            texts_path: scores.texts_path.clone(),
            path: scores.path.clone(),
            dialog_open: page.dialog.is_some(),
            waiting: !scores.wishes.is_empty(),
            judge: judge(state),
            note: scores.note.as_ref().map(|note| match note {
                Ok(words) => (words.clone(), false),
                Err(failure) => {
                    let hint = failure.hint.as_ref();
                    let hint = hint.map_or_else(String::new, |hint| format!(". {hint}"));
                    (format!("{}{hint}", sentence(&failure.summary)), true)
                }
            }),
            can_go_back: scores.before.is_some(),
        })
    }
}

fn judge(state: &State) -> Judge {
    let page = &state.tradeoff;
    if let Some(judging) = &page.scores.judging {
        let (done, all) = (judging.done, judging.texts.len());
        let mut words = vec![format!("{} of {} texts", count(done), count(all))];
        let left = judging.secs_left();
        words.extend(left.map(|left| format!("{} left", time_words(left))));
        return Judge::Does(done as f32 / all.max(1) as f32, words.join("  ·  "));
    }
    let info = match &state.lineup {
        LineupState::Ready(info) => info,
        LineupState::Loading { .. } => {
            return Judge::Cannot("The models are being loaded".to_owned());
        }
        LineupState::Missing => {
            return Judge::Cannot("There are no models to score with".to_owned());
        }
    };
    let others = page.sweep.as_ref();
    let others = others.map(|sweep| update::others_than_steered(info, &sweep.record));
    match others {
        Some(others) if !others.is_empty() => Judge::Can(format!("Score with {}", info.name)),
        _ => Judge::Cannot(
            "The models in use steered this sweep. Load others on the Models page: the sweep stays, and they can score its texts here"
                .to_owned(),
        ),
    }
}

/// Draws it.
pub(super) fn scores_ui(ui: &mut Ui, view: &ScoresView) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.horizontal_wrapped(|ui| {
        let words = "Independent scores";
        let help = "Bring scores from elsewhere than the reward models that steer, and put them on the axes";
        if toggle(ui, words, words, view.open).on_hover_text(help).clicked() {
            actions.push(scored(ScoresAction::Unfold(!view.open)));
        }
        for (place, (label, texts)) in view.scores.iter().enumerate() {
            ui.add_space(space::S);
            ui.label(RichText::new(label).size(size::SMALL));
            note(ui, texts);
            let remove = Button::new("Remove").min_size(vec2(0.0, space::TARGET));
            let response = ui.add(remove);
            let name = format!("Remove {label}");
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
            if response.clicked() {
                actions.push(scored(ScoresAction::Remove(place)));
            }
        }
        if view.can_go_back {
            ui.add_space(space::S);
            let back = Button::new("Undo").min_size(vec2(0.0, space::TARGET));
            let help = "Back to the scores before the last change of them";
            let response = ui.add(back).on_hover_text(help);
            let name = "Undo the last change of scores";
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
            if response.clicked() {
                actions.push(scored(ScoresAction::GoBack));
            }
        }
    });
    if let Some((words, failed)) = &view.note {
        let colours = palette(ui);
        let colour = if *failed { colours.error } else { colours.weak };
        let words = RichText::new(words).size(size::SMALL).color(colour);
        ui.add(Label::new(words).wrap());
    }
    if view.open {
        let colours = palette(ui);
        colours.card().inner_margin(space::S).show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            actions.extend(ways_ui(ui, view));
        });
    }
    actions
}

fn scored(action: ScoresAction) -> Action {
    act(TradeoffAction::Scores)(action)
}

/// A file, or the models in use.
fn ways_ui(ui: &mut Ui, view: &ScoresView) -> Vec<Action> {
    let mut actions = Vec::new();
    note(
        ui,
        "Save the texts, have people or a program score them in a column of numbers (more is better), and read the file. Weights are not told, so that nobody scores by them",
    );
    let texts = FileRow {
        name: "Texts",
        hint: "For a scorer: key, prompt and response as .csv or .jsonl",
        label: "File for the texts",
        path: &view.texts_path,
        browse: (
            "Texts for a scorer…",
            "Choose where the texts go with your desktop's dialog",
        ),
        go: (
            "Save texts",
            "Write every text once, with the key by which its scores find it",
        ),
    };
    let (typed, browse, go) = texts.show(ui, view);
    actions.extend(typed.map(|path| scored(ScoresAction::EditTextsPath(path))));
    actions.extend(browse.then(|| scored(ScoresAction::Browse(Wanted::Texts))));
    actions.extend(go.then(|| scored(ScoresAction::SaveTexts)));
    let scores = FileRow {
        name: "Scores",
        hint: "A .csv or .jsonl with key, or prompt and response; or drop it here",
        label: "File with scores",
        path: &view.path,
        browse: (
            "Scores of the texts…",
            "Choose the file with your desktop's dialog",
        ),
        go: ("Read scores", "Take every column of numbers in as a score"),
    };
    let (typed, browse, go) = scores.show(ui, view);
    actions.extend(typed.map(|path| scored(ScoresAction::EditPath(path))));
    actions.extend(browse.then(|| scored(ScoresAction::Browse(Wanted::Scores))));
    actions.extend(go.then(|| scored(ScoresAction::Read)));
    ui.horizontal(|ui| {
        name_ui(ui, "Models");
        match &view.judge {
            Judge::Can(words) => {
                let button = Button::new(words).min_size(vec2(0.0, space::TARGET));
                let help = "Let the models in use read every text and say what their objectives make of it; nothing is written";
                if ui.add(button).on_hover_text(help).clicked() {
                    actions.push(scored(ScoresAction::Judge));
                }
            }
            Judge::Cannot(why) => {
                let words = RichText::new(why).size(size::SMALL);
                ui.add(Label::new(words.color(palette(ui).weak)).wrap());
            }
            Judge::Does(fraction, words) => {
                let stop = Button::new("Stop scoring").min_size(vec2(0.0, space::TARGET));
                if ui.add(stop).on_hover_text("What is scored stays").clicked() {
                    actions.push(scored(ScoresAction::StopJudging));
                }
                note(ui, words);
                let bar = ProgressBar::new(*fraction).desired_height(6.0);
                ui.add(bar.fill(palette(ui).accent));
            }
        }
    });
    actions
}

fn name_ui(ui: &mut Ui, name: &str) {
    let words = RichText::new(name)
        .size(size::SMALL)
        .color(palette(ui).weak);
    ui.allocate_ui_with_layout(
        vec2(NAME, space::TARGET),
        Layout::left_to_right(Align::Center),
        |ui| {
            ui.set_min_width(NAME);
            ui.label(words);
        },
    );
}

/// A file to be written or read.
struct FileRow<'a> {
    name: &'a str,
    hint: &'a str,
    label: &'a str,
    path: &'a str,
    /// Name of the button that opens a dialog, and what it is for.
    browse: (&'a str, &'a str),
    /// Word on the button that does it, and what that is.
    go: (&'a str, &'a str),
}

impl FileRow<'_> {
    /// Draws it: what was typed, whether a dialog is wanted, and whether it is to be done.
    fn show(self, ui: &mut Ui, view: &ScoresView) -> (Option<String>, bool, bool) {
        let (mut typed, mut browse, mut go) = (None, false, false);
        ui.horizontal(|ui| {
            name_ui(ui, self.name);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let (words, help) = self.go;
                let button = Button::new(words).min_size(vec2(104.0, space::TARGET));
                let can_go = !view.waiting && !self.path.trim().is_empty();
                go = ui.add_enabled(can_go, button).on_hover_text(help).clicked();
                let (name, help) = self.browse;
                let button = Button::new("Browse…").min_size(vec2(0.0, space::TARGET));
                let response = ui
                    .add_enabled(!view.dialog_open, button)
                    .on_hover_text(help)
                    .on_disabled_hover_text("The dialog is open");
                response.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::Role::Button, !view.dialog_open, name)
                });
                browse = response.clicked();
                let field = Field {
                    hint: self.hint,
                    width: ui.available_width(),
                    ..Field::line(self.label, self.path)
                };
                let answer = field.show(ui);
                typed = answer.text;
                go |= answer.entered && can_go;
            });
        });
        (typed, browse, go)
    }
}
