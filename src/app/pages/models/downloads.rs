//! The right column: what is being fetched.

use egui::{Button, ProgressBar, RichText, ScrollArea, Ui, WidgetInfo, accesskit::Role};

use super::hub::{hint, remedy_ui};
use super::words::{name_ui, obstacle_ui, weak_ui};
use crate::app::panels::SCROLL_BAR;
use crate::app::state::State;
use crate::app::state::models::hub::{Download, Outcome};
use crate::app::theme::{palette, size, space};
use crate::app::update::Action;
use crate::app::update::models::HubAction;
use crate::app::widgets::numbers;
use crate::error::Failure;
use crate::worker::hub::{DownloadProgress, HubTask, Remedy, TransferState};

/// What the column shows.
#[derive(Debug, Clone, PartialEq)]
pub struct DownloadsView {
    /// One per download, the newest first.
    pub rows: Vec<DownloadRow>,
    /// What stands in the box for a token.
    pub token: String,
}

/// One download.
#[derive(Debug, Clone, PartialEq)]
pub struct DownloadRow {
    /// Its name.
    pub task: HubTask,
    /// The repository.
    pub repo: String,
    /// How much is here, from 0 to 1; none where that is not known yet.
    pub fraction: Option<f32>,
    /// What it is doing.
    pub doing: String,
    /// How much, how fast, how long.
    pub numbers: String,
    /// What went wrong with single files, a sentence each.
    pub troubles: Vec<String>,
    /// What can be done.
    pub ways: Vec<(&'static str, HubAction)>,
    /// Why it failed, and what would help.
    pub failure: Option<(Failure, Option<Remedy>)>,
}

impl DownloadsView {
    /// Decides what the column shows.
    #[must_use]
    pub fn build(state: &State) -> Self {
        let hub = &state.models.hub;
        Self {
            rows: hub.downloads.iter().rev().map(row).collect(),
            token: hub.token.clone(),
        }
    }
}

fn row(download: &Download) -> DownloadRow {
    let task = download.task;
    let progress = download.progress.as_ref();
    let again = ("Try again", HubAction::FetchAgain(task));
    let clear = ("Clear", HubAction::Clear(task));
    let ways = match &download.outcome {
        None if download.is_paused() => vec![
            ("Resume", HubAction::Resume(task)),
            ("Cancel", HubAction::Cancel(task)),
        ],
        None => vec![
            ("Pause", HubAction::Pause(task)),
            ("Cancel", HubAction::Cancel(task)),
        ],
        Some(Outcome::Done) => vec![clear],
        Some(Outcome::Cancelled | Outcome::Failed(..)) => vec![again, clear],
    };
    let running = progress.filter(|_| download.outcome.is_none());
    DownloadRow {
        task,
        repo: download.at.repo.clone(),
        fraction: progress
            .filter(|progress| progress.bytes > 0)
            .map(|progress| progress.done as f32 / progress.bytes as f32),
        doing: match &download.outcome {
            Some(Outcome::Done) => "On this computer".to_owned(),
            Some(Outcome::Cancelled) => "Stopped; what has come is kept".to_owned(),
            Some(Outcome::Failed(..)) => "Failed".to_owned(),
            None => running.map_or_else(|| "Asking for the files".to_owned(), doing),
        },
        numbers: progress.map_or_else(String::new, |progress| {
            amounts(progress, download.outcome.is_none())
        }),
        troubles: running.map_or_else(Vec::new, troubles),
        ways,
        failure: match &download.outcome {
            Some(Outcome::Failed(failure, remedy)) => Some((failure.clone(), remedy.clone())),
            Some(Outcome::Done | Outcome::Cancelled) | None => None,
        },
    }
}

fn doing(progress: &DownloadProgress) -> String {
    match progress.state {
        TransferState::Queued => "Waiting for its turn",
        TransferState::Downloading => "Downloading",
        TransferState::Stalled => "Stalled: no data has come for 5 s",
        TransferState::Retrying => "The connection was lost; trying again",
        TransferState::Paused => "Paused",
        TransferState::Verifying => "Checking that it is sound",
        TransferState::Completed => "On this computer",
        TransferState::Failed => "Failed",
        TransferState::Cancelled => "Stopping",
    }
    .to_owned()
}

fn amounts(progress: &DownloadProgress, running: bool) -> String {
    let mut parts = vec![format!(
        "{} of {}",
        numbers::bytes(progress.done),
        numbers::bytes(progress.bytes)
    )];
    if running && progress.state == TransferState::Downloading {
        parts.push(format!("{}/s", numbers::bytes(progress.speed as u64)));
        parts.extend(progress.eta_secs.map(|secs| format!("{} left", time(secs))));
    }
    parts.join(" · ")
}

/// A time to wait in words.
fn time(secs: f64) -> String {
    match secs {
        secs if secs < 90.0 => format!("{:.0} s", secs.max(1.0)),
        secs if secs < 5400.0 => format!("{:.0} min", secs / 60.0),
        secs => format!("{:.1} h", secs / 3600.0),
    }
}

/// Files that are in trouble, and which attempt this is.
fn troubles(progress: &DownloadProgress) -> Vec<String> {
    let files = progress.files.iter();
    files
        .filter_map(|file| {
            let problem = file.problem.as_ref()?;
            Some(format!(
                "{}: {problem} (attempt {} of {})",
                file.path, file.attempt, file.attempts
            ))
        })
        .collect()
}

/// Draws the column.
pub fn downloads_ui(ui: &mut Ui, view: &DownloadsView) -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    if view.rows.is_empty() {
        weak_ui(ui, "What you download is listed here");
    }
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .content_margin(SCROLL_BAR)
        .show(ui, |ui| {
            for row in &view.rows {
                palette(ui).card().show(ui, |ui| {
                    ui.set_min_width(ui.available_width());
                    actions.extend(row_ui(ui, row, &view.token));
                });
            }
        });
    actions
}

fn row_ui(ui: &mut Ui, row: &DownloadRow, token: &str) -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    name_ui(ui, &row.repo);
    if let Some(fraction) = row.fraction {
        ui.add(ProgressBar::new(fraction).desired_height(6.0));
    }
    ui.label(RichText::new(&row.doing).size(size::SMALL));
    if !row.numbers.is_empty() {
        weak_ui(ui, &row.numbers);
    }
    for trouble in &row.troubles {
        ui.label(
            RichText::new(trouble)
                .size(size::SMALL)
                .color(palette(ui).warning),
        );
    }
    if let Some((failure, remedy)) = &row.failure {
        obstacle_ui(ui, &failure.summary, hint(failure, remedy.as_ref()));
        actions.extend(remedy_ui(ui, remedy.as_ref(), token));
        if let Some(details) = &failure.details {
            weak_ui(ui, details);
        }
    }
    ui.horizontal_wrapped(|ui| {
        for (words, action) in &row.ways {
            let text = RichText::new(*words).size(size::SMALL);
            let button = ui.add(Button::new(text).min_size(egui::vec2(0.0, space::TARGET)));
            let label = format!("{words} {}", row.repo);
            button.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
            if button.clicked() {
                actions.push(action.clone().into());
            }
        }
    });
    actions
}
