//! What a person sees of a download: a bar with speed and time left, or a line now and then where there is no terminal.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::say;
use crate::domain::hub::{DownloadProgress, TransferState, amount};

/// Time between lines where there is no terminal to draw a bar on.
const QUIET: Duration = Duration::from_secs(10);

/// Watches a download.
pub(crate) struct Watch {
    is_silent: bool,
    is_terminal: bool,
    bar: Option<ProgressBar>,
    spoke: Option<(Instant, TransferState)>,
    /// Problems that were told, so that each is told once.
    told: Vec<String>,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            is_silent: false,
            is_terminal: std::io::stderr().is_terminal(),
            bar: None,
            spoke: None,
            told: Vec::new(),
        }
    }
}

impl Watch {
    /// One that says nothing: for what is quick.
    pub(crate) fn silent() -> Self {
        Self {
            is_silent: true,
            ..Self::default()
        }
    }

    pub(crate) fn show(&mut self, progress: &DownloadProgress) {
        if self.is_silent || progress.files.is_empty() {
            return;
        }
        for problem in new_problems(&mut self.told, progress) {
            match &self.bar {
                Some(bar) => bar.suspend(|| say(&problem)),
                None => say(&problem),
            }
        }
        let line = line_of(progress);
        if self.is_terminal {
            let bar = self.bar.get_or_insert_with(|| {
                let style = ProgressStyle::with_template("{wide_bar} {msg}");
                ProgressBar::new(progress.bytes)
                    .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            });
            bar.set_length(progress.bytes);
            bar.set_position(progress.done);
            bar.set_message(line);
            return;
        }
        let is_due = self
            .spoke
            .is_none_or(|(when, state)| state != progress.state || when.elapsed() >= QUIET);
        if is_due {
            self.spoke = Some((Instant::now(), progress.state));
            say(&line);
        }
    }

    pub(crate) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// What went wrong since it was last told.
fn new_problems(told: &mut Vec<String>, progress: &DownloadProgress) -> Vec<String> {
    let mut new = Vec::new();
    for file in &progress.files {
        let Some(problem) = &file.problem else {
            continue;
        };
        let line = match file.state {
            TransferState::Retrying => format!(
                "{}: {problem}; attempt {} of {}",
                file.path, file.attempt, file.attempts
            ),
            TransferState::Queued
            | TransferState::Downloading
            | TransferState::Stalled
            | TransferState::Paused
            | TransferState::Verifying
            | TransferState::Completed
            | TransferState::Failed
            | TransferState::Cancelled => format!("{}: {problem}", file.path),
        };
        if !told.contains(&line) {
            told.push(line.clone());
            new.push(line);
        }
    }
    new
}

fn line_of(progress: &DownloadProgress) -> String {
    let share = format!("{} of {}", amount(progress.done), amount(progress.bytes));
    let doing = match progress.state {
        TransferState::Queued => "waiting",
        TransferState::Downloading => {
            let speed = amount(progress.speed as u64);
            let left = progress
                .eta_secs
                .map_or_else(String::new, |secs| format!(", {} left", time_of(secs)));
            return format!("{share}, {speed}/s{left}");
        }
        TransferState::Stalled => "stalled: no data for 5 s",
        TransferState::Retrying => "trying again",
        TransferState::Paused => "paused",
        TransferState::Verifying => "verifying",
        TransferState::Completed => "complete",
        TransferState::Failed => "failed",
        TransferState::Cancelled => "cancelled",
    };
    format!("{share}, {doing}")
}

fn time_of(secs: f64) -> String {
    let secs = secs.ceil() as u64;
    match secs {
        0..60 => format!("{secs} s"),
        60..3600 => format!("{} min {} s", secs / 60, secs % 60),
        _ => format!("{} h {} min", secs / 3600, secs % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hub::{FileProgress, RepoAt};

    fn progress(state: TransferState) -> DownloadProgress {
        DownloadProgress {
            at: RepoAt::main("o/n"),
            commit: String::new(),
            state,
            bytes: 14_200_000_000,
            done: 5_000_000,
            moved: 0,
            speed: 2_500_000.0,
            eta_secs: Some(5678.2),
            files: vec![FileProgress {
                path: "w".to_owned(),
                bytes: 1,
                done: 0,
                state: TransferState::Retrying,
                attempt: 2,
                attempts: 8,
                problem: Some("hub broke off".to_owned()),
            }],
        }
    }

    #[test]
    fn the_line_says_speed_and_time_left() {
        let line = line_of(&progress(TransferState::Downloading));
        assert_eq!(line, "5.0 MB of 14.2 GB, 2.5 MB/s, 1 h 34 min left");
        let line = line_of(&progress(TransferState::Stalled));
        assert_eq!(line, "5.0 MB of 14.2 GB, stalled: no data for 5 s");
    }

    #[test]
    fn a_problem_is_told_once_with_its_attempt() {
        let mut told = Vec::new();
        let progress = progress(TransferState::Retrying);
        let new = new_problems(&mut told, &progress);
        assert_eq!(new, ["w: hub broke off; attempt 2 of 8"]);
        assert_eq!(new_problems(&mut told, &progress), Vec::<String>::new());
    }
}
