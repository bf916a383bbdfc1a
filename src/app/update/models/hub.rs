//! The hub: searching, fetching, and what it tells.

use crate::app::state::State;
use crate::app::state::models::Side;
use crate::app::state::models::hub::{Download, Outcome, Shown};
use crate::error::Failure;
use crate::worker::Command;
use crate::worker::hub::{DownloadRequest, HubCommand, HubEvent, HubTask, Remedy, RepoAt, Token};
use crate::worker::shelf::Place;

use super::{ModelsAction, look, note};

/// Most repositories that a search lists.
const MOST_FOUND: usize = 40;
/// Files that are fetched at once.
const AT_ONCE: usize = 4;

/// Does what a person wants of the hub.
pub(super) fn apply(state: &mut State, action: HubAction) -> Vec<Command> {
    let hub = &mut state.models.hub;
    match action {
        HubAction::EditQuery(words) => {
            hub.query = words;
            Vec::new()
        }
        HubAction::Search => {
            let text = hub.query.trim().to_owned();
            if text.is_empty() {
                return Vec::new();
            }
            let mut commands = stop(hub.searching);
            hub.problem = None;
            hub.shown = None;
            let task = hub.task();
            hub.searching = Some(task);
            commands.push(Command::Hub(HubCommand::Search {
                task,
                text,
                limit: MOST_FOUND,
            }));
            commands
        }
        HubAction::Pick(repo) => {
            let mut commands = stop(hub.asking);
            hub.problem = None;
            let task = hub.task();
            hub.asking = Some(task);
            let at = RepoAt::main(repo);
            commands.push(Command::Hub(HubCommand::Info { task, at }));
            commands
        }
        HubAction::Unpick => {
            hub.shown = None;
            Vec::new()
        }
        HubAction::ToggleFile(path) => {
            if let Some(shown) = &mut hub.shown
                && !shown.wanted.remove(&path)
            {
                shown.wanted.insert(path);
            }
            Vec::new()
        }
        HubAction::FetchWanted => {
            let Some(shown) = hub.shown.take() else {
                return Vec::new();
            };
            // The commit that was looked at is the one that is meant.
            let usual = Shown::of(shown.info.clone()).wanted == shown.wanted;
            let files = if usual {
                Vec::new()
            } else {
                shown.wanted.into_iter().collect()
            };
            fetch(state, shown.info.at, files)
        }
        HubAction::FetchMissing => fetch_missing(state),
        HubAction::Pause(task) => vec![Command::Hub(HubCommand::Pause(task))],
        HubAction::Resume(task) => vec![Command::Hub(HubCommand::Resume(task))],
        HubAction::Cancel(task) => vec![Command::Hub(HubCommand::Cancel {
            task,
            discard: false,
        })],
        HubAction::FetchAgain(task) => {
            let Some(index) = hub.downloads.iter().position(|one| one.task == task) else {
                return Vec::new();
            };
            let old = hub.downloads.remove(index);
            fetch(state, old.at, old.files)
        }
        HubAction::Clear(task) => {
            hub.downloads
                .retain(|one| one.task != task || one.outcome.is_none());
            Vec::new()
        }
        HubAction::EditToken(token) => {
            hub.token = token;
            Vec::new()
        }
        HubAction::KeepToken => match Token::new(&hub.token) {
            Ok(token) => {
                hub.token.clear();
                let task = hub.task();
                vec![Command::Hub(HubCommand::SaveToken { task, token })]
            }
            Err(why) => {
                note(state, why);
                Vec::new()
            }
        },
    }
}

fn stop(task: Option<HubTask>) -> Vec<Command> {
    let cancel = |task| {
        Command::Hub(HubCommand::Cancel {
            task,
            discard: false,
        })
    };
    task.map(cancel).into_iter().collect()
}

/// Asks how this machine speaks to the hub.
pub(super) fn begin(state: &mut State) -> Command {
    let task = state.models.hub.task();
    Command::Hub(HubCommand::Access { task })
}

fn fetch(state: &mut State, at: RepoAt, files: Vec<String>) -> Vec<Command> {
    let hub = &mut state.models.hub;
    if hub.is_fetching(&at) {
        return Vec::new();
    }
    // A row that has ended makes way for the new one.
    hub.downloads.retain(|one| one.at != at);
    let task = hub.task();
    hub.downloads.push(Download {
        task,
        at: at.clone(),
        files: files.clone(),
        progress: None,
        outcome: None,
    });
    state.models.side = Side::Downloads;
    vec![Command::Hub(HubCommand::Download(DownloadRequest {
        task,
        at,
        files,
        at_once: AT_ONCE,
    }))]
}

/// Fetches what the lineup in hand needs and this computer does not have.
fn fetch_missing(state: &mut State) -> Vec<Command> {
    let models = &state.models;
    let mut wanted: Vec<(RepoAt, Vec<String>)> = Vec::new();
    for place in models.plan.places() {
        if let Place::Hub {
            repo,
            revision,
            file,
        } = place
            && models.is_away(place)
        {
            let at = RepoAt {
                repo: repo.clone(),
                revision: revision.clone(),
            };
            match wanted.iter_mut().find(|(known, _)| *known == at) {
                Some((_, files)) => files.extend(file.clone()),
                None => wanted.push((at, file.iter().cloned().collect())),
            }
        }
    }
    let fetch = |(at, files)| fetch(state, at, files);
    wanted.into_iter().flat_map(fetch).collect()
}

/// Takes in what the hub tells.
pub fn on_hub(state: &mut State, event: HubEvent) -> Vec<Command> {
    let hub = &mut state.models.hub;
    match event {
        HubEvent::Found { task, repos } => {
            if hub.searching == Some(task) {
                hub.searching = None;
                hub.results = Some(repos);
            }
            Vec::new()
        }
        HubEvent::Info { task, info } => {
            if hub.asking == Some(task) {
                hub.asking = None;
                hub.shown = Some(Shown::of(*info));
            }
            Vec::new()
        }
        HubEvent::Progress { task, progress } => {
            if let Some(download) = hub.download(task) {
                download.progress = Some(*progress);
            }
            Vec::new()
        }
        HubEvent::Downloaded { task, progress, .. } => {
            let Some(download) = hub.download(task) else {
                return Vec::new();
            };
            download.progress = Some(*progress);
            download.outcome = Some(Outcome::Done);
            let words = format!("{} is on this computer now", download.at.repo);
            note(state, words);
            look(state)
        }
        HubEvent::Cancelled(task) => {
            if let Some(download) = hub.download(task) {
                download.outcome = Some(Outcome::Cancelled);
            }
            forget(state, task);
            Vec::new()
        }
        HubEvent::Access { access, .. } => {
            hub.access = Some(*access);
            Vec::new()
        }
        HubEvent::Removed { .. } => look(state),
        HubEvent::Local { .. } => Vec::new(),
        HubEvent::Failed {
            task,
            failure,
            remedy,
        } => {
            failed(state, task, failure, remedy);
            Vec::new()
        }
    }
}

fn forget(state: &mut State, task: HubTask) {
    let hub = &mut state.models.hub;
    for waiting in [&mut hub.searching, &mut hub.asking] {
        if *waiting == Some(task) {
            *waiting = None;
        }
    }
}

fn failed(state: &mut State, task: HubTask, failure: Failure, remedy: Option<Remedy>) {
    let hub = &mut state.models.hub;
    if let Some(download) = hub.download(task) {
        download.outcome = Some(Outcome::Failed(failure, remedy));
        return;
    }
    hub.problem = Some((failure, remedy));
    forget(state, task);
}

/// What a person wants of the hub.
#[derive(Debug, Clone, PartialEq)]
pub enum HubAction {
    /// Typed into the search box.
    EditQuery(String),
    /// Wants repositories searched for.
    Search,
    /// Wants to see a repository's files.
    Pick(String),
    /// Wants the list of results back.
    Unpick,
    /// Wants a file, or no longer.
    ToggleFile(String),
    /// Wants the files fetched that are ticked.
    FetchWanted,
    /// Wants everything fetched that the lineup in hand needs.
    FetchMissing,
    /// Stopped a download for now.
    Pause(HubTask),
    /// Wants it to go on.
    Resume(HubTask),
    /// Stopped it; what has come is kept.
    Cancel(HubTask),
    /// Wants a download once more that has failed or was stopped.
    FetchAgain(HubTask),
    /// Wants a download that has ended out of the list.
    Clear(HubTask),
    /// Typed into the box for a token.
    EditToken(String),
    /// Wants the token kept in the usual file.
    KeepToken,
}

impl From<HubAction> for super::Action {
    fn from(action: HubAction) -> Self {
        Self::Models(ModelsAction::Hub(action))
    }
}
