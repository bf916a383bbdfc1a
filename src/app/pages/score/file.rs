//! The answers of a file as they are scored, and where their scores are kept.

use egui::{Align, Button, Label, Layout, ProgressBar, RichText, ScrollArea, Ui, vec2};

use super::act;
use crate::app::state::State;
use crate::app::state::score::{BatchPhase, BatchRun, BatchSaved, Wanted};
use crate::app::theme::{digits, palette, size, space, strong};
use crate::app::update::{Action, ScoreAction};
use crate::app::widgets::field::Field;
use crate::app::widgets::numbers::{count, nats};
use crate::app::widgets::words::{note, sentence, time_words};

/// Widths of the line's and of a number's column, points.
const LINE: f32 = 48.0;
const NUMBER: f32 = 84.0;

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct FileView<'a> {
    /// How far it is; nothing before anything was scored.
    pub progress: Option<FileProgress>,
    /// Names of the objectives.
    pub objectives: Vec<&'a str>,
    /// The answers scored so far.
    pub run: Option<RowsOf<'a>>,
    /// What stands in the field for the scores.
    pub out: &'a str,
    /// Whether a file dialog is open.
    pub dialog_open: bool,
    /// What became of the last save, and whether that is a failure.
    pub saved: Option<(String, bool)>,
}

/// Rows of a scored file; two are the same where they are of the same run and as many.
#[derive(Debug, Clone, Copy)]
pub struct RowsOf<'a>(&'a BatchRun);

impl PartialEq for RowsOf<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

/// How far a file is.
#[derive(Debug, Clone, PartialEq)]
pub struct FileProgress {
    /// What is going on.
    pub doing: String,
    /// From 0 to 1, while it goes on.
    pub fraction: Option<f32>,
    /// Numbers beside it.
    pub numbers: String,
}

impl<'a> FileView<'a> {
    /// Decides what is shown.
    #[must_use]
    pub fn build(state: &'a State) -> Self {
        let batch = &state.score.batch;
        let run = batch.run.as_ref();
        Self {
            progress: run.map(progress),
            objectives: run.map_or_else(Vec::new, |run| {
                let objectives = run.info.objectives.iter();
                objectives.map(|one| one.name.as_str()).collect()
            }),
            run: run.map(RowsOf),
            out: &batch.out,
            dialog_open: batch.dialog.is_some(),
            saved: match &batch.saved {
                BatchSaved::Not => None,
                BatchSaved::Writing(_) => Some(("Saving\u{2026}".to_owned(), false)),
                BatchSaved::At(path) => Some((format!("Saved as {}", path.display()), false)),
                BatchSaved::Failed(failure) => {
                    let hint = failure.hint.as_ref();
                    let hint = hint.map_or_else(String::new, |hint| format!(". {hint}"));
                    Some((format!("{}{hint}", sentence(&failure.summary)), true))
                }
            },
        }
    }
}

fn progress(run: &BatchRun) -> FileProgress {
    let (done, all) = (run.rows.len(), run.file.pairs.len());
    let failed = run.rows.iter().filter(|row| row.sums.is_err()).count();
    let mut numbers = vec![format!("{} of {} answers", count(done), count(all))];
    if failed > 0 {
        numbers.push(format!("{} could not be scored", count(failed)));
    }
    let active = run.phase == BatchPhase::Scoring;
    if let Some(left) = run.secs_left().filter(|_| active) {
        numbers.push(format!("{} left", time_words(left)));
    }
    FileProgress {
        doing: match run.phase {
            BatchPhase::Scoring => "Scoring\u{2026}".to_owned(),
            BatchPhase::Stopped => "Stopped; what was scored is below".to_owned(),
            BatchPhase::Done => "Done".to_owned(),
        },
        fraction: active.then(|| done as f32 / all.max(1) as f32),
        numbers: numbers.join("  \u{b7}  "),
    }
}

/// Draws it.
pub(super) fn file_ui(ui: &mut Ui, view: &FileView<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    let colours = palette(ui);
    let (Some(progress), Some(RowsOf(run))) = (&view.progress, view.run) else {
        welcome_ui(ui);
        return actions;
    };
    colours.card().inner_margin(space::S).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.label(RichText::new(&progress.doing).font(strong(size::BODY)));
            note(ui, &progress.numbers);
        });
        if let Some(fraction) = progress.fraction {
            let bar = ProgressBar::new(fraction).desired_height(6.0);
            ui.add(bar.fill(colours.accent));
        }
        if !run.rows.is_empty() {
            actions.extend(save_ui(ui, view));
        }
    });
    ui.add_space(space::S);
    table_ui(ui, view, run);
    actions
}

fn welcome_ui(ui: &mut Ui) {
    ui.label(RichText::new("Score every answer of a file").font(strong(size::TITLE)));
    for line in [
        "Choose a table or records with prompts and answers on the left, or drop the file here. Each answer gets the sums of all objectives and the means per token.",
        "The scores can be saved as a table (.csv) or with everything (.json). What is scored stays when you stop.",
        "The same on the command line: counterpoise score --batch FILE --out FILE",
    ] {
        ui.label(RichText::new(line).color(palette(ui).weak));
    }
}

fn save_ui(ui: &mut Ui, view: &FileView<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    ui.horizontal(|ui| {
        let field = Field {
            hint: "File for the scores: .csv or .json",
            width: (ui.available_width() - 160.0).max(120.0),
            ..Field::line("File for the scores", view.out)
        };
        let answer = field.show(ui);
        actions.extend(answer.text.map(act(ScoreAction::EditOut)));
        let browse = Button::new("Browse\u{2026}").min_size(vec2(0.0, space::TARGET));
        let response = ui
            .add_enabled(!view.dialog_open, browse)
            .on_hover_text("Choose the file with your desktop\u{2019}s dialog");
        response.widget_info(|| {
            let label = "Browse for the scores' file";
            egui::WidgetInfo::labeled(egui::Role::Button, !view.dialog_open, label)
        });
        if response.clicked() {
            actions.push(act(ScoreAction::Browse)(Wanted::Scores));
        }
        let save = Button::new("Save").min_size(vec2(0.0, space::TARGET));
        let help = "Write all scores: .csv for a table, .json for everything";
        if ui.add(save).on_hover_text(help).clicked() || answer.entered {
            actions.push(Action::Score(ScoreAction::Save));
        }
    });
    if let Some((words, failed)) = &view.saved {
        let colours = palette(ui);
        let colour = if *failed { colours.error } else { colours.weak };
        let words = RichText::new(words).size(size::SMALL).color(colour);
        ui.add(Label::new(words).wrap());
    }
    actions
}

fn table_ui(ui: &mut Ui, view: &FileView<'_>, run: &BatchRun) {
    let colours = palette(ui);
    let weak = |words: &str| RichText::new(words).size(size::SMALL).color(colours.weak);
    let numbers = view.objectives.len() as f32 + 1.0;
    let words = (ui.available_width() - LINE - numbers * NUMBER - 3.0 * space::M).max(80.0);
    note(
        ui,
        "Mean advantage per token, nats; totals and rewards are in the saved file",
    );
    cells_ui(ui, words, weak("Line"), weak("Answer"), &{
        let mut heads = vec![weak("Tokens")];
        heads.extend(view.objectives.iter().map(|name| weak(name)));
        heads
    });
    let height = ui.text_style_height(&egui::TextStyle::Body) + space::XS;
    ScrollArea::vertical()
        .id_salt("scored file")
        .auto_shrink([false, false])
        .show_rows(ui, height, run.rows.len(), |ui, range| {
            for row in &run.rows[range] {
                let flat: Vec<&str> = row.response.split_whitespace().collect();
                let mut cells = Vec::new();
                let answer = match &row.sums {
                    Ok(sums) => {
                        cells.push(RichText::new(count(sums.tokens)).font(digits(size::BODY)));
                        for index in 0..view.objectives.len() {
                            let mean = sums.mean(index).map(|mean| nats(mean.advantage));
                            let mean = mean.unwrap_or_default();
                            cells.push(RichText::new(mean).font(digits(size::BODY)));
                        }
                        RichText::new(flat.join(" "))
                    }
                    Err(reason) => RichText::new(sentence(reason)).color(colours.error),
                };
                cells_ui(ui, words, weak(&row.line.to_string()), answer, &cells);
            }
        });
}

/// One line of the table.
fn cells_ui(ui: &mut Ui, width: f32, line: RichText, answer: RichText, numbers: &[RichText]) {
    let height = ui.text_style_height(&egui::TextStyle::Body);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let left = Layout::left_to_right(Align::Center);
        let right = Layout::right_to_left(Align::Center);
        ui.allocate_ui_with_layout(vec2(LINE, height), left, |ui| {
            ui.set_min_width(LINE);
            ui.label(line);
        });
        ui.allocate_ui_with_layout(vec2(width, height), left, |ui| {
            ui.set_min_width(width);
            ui.set_max_width(width);
            ui.add(Label::new(answer).truncate());
        });
        for number in numbers {
            ui.allocate_ui_with_layout(vec2(NUMBER, height), right, |ui| {
                ui.set_min_width(NUMBER);
                ui.add(Label::new(number.clone()).truncate());
            });
        }
    });
}
