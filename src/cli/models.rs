//! `counterpoise models …`: find, fetch, list and remove models of the Hugging Face Hub.

mod watch;
mod words;

use std::fmt::Write;
use std::io::Read;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::watch::Watch;
use self::words::{described, found_line, line_of};
use super::session::Session;
use super::{CommonArgs, print, print_json, say};
use crate::domain::hub::{HubTask, RepoAt, Token, TransferState, amount};
use crate::error::Failure;
use crate::worker::hub::{DownloadRequest, HubCommand, HubEvent};
use crate::worker::{Command, Event};

/// What to do with models.
#[derive(Debug, Clone, Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    what: ModelsCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum ModelsCommand {
    /// The models in the local cache, which other programs share
    List,
    /// Look for models on the hub
    Search {
        /// Words of their names
        #[arg(required = true)]
        words: Vec<String>,
        /// Most models to show
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=100))]
        limit: u16,
    },
    /// A model's files, size, licence and commit
    Info(RepoArgs),
    /// Fetch a model into the local cache, going on where an earlier download stopped
    Pull {
        #[command(flatten)]
        repo: RepoArgs,
        /// A file to fetch, * standing for any characters; repeat it for several; without it, what the model needs
        #[arg(long = "file", value_name = "PATH")]
        files: Vec<String>,
        /// Files to fetch at once
        #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=16))]
        at_once: u16,
    },
    /// Delete a model from the local cache
    Remove {
        /// OWNER/NAME, as `models list` shows it
        repo: String,
    },
    /// Keep a token for models that are not open to everybody; it is read from standard input
    Login,
}

#[derive(Debug, Clone, Args)]
struct RepoArgs {
    /// OWNER/NAME on the hub
    repo: String,
    /// Branch, tag or commit
    #[arg(long, default_value = "main")]
    revision: String,
}

impl RepoArgs {
    fn at(&self) -> RepoAt {
        RepoAt {
            // Commands that take folders too write it so.
            repo: without_prefix(&self.repo),
            revision: self.revision.clone(),
        }
    }
}

fn without_prefix(repo: &str) -> String {
    repo.strip_prefix("hub:").unwrap_or(repo).to_owned()
}

/// The only task at a time.
const TASK: HubTask = HubTask(1);

pub(super) fn run(args: &ModelsArgs, common: &CommonArgs) -> Result<(), Failure> {
    let json = common.json;
    match &args.what {
        ModelsCommand::List => list(json),
        ModelsCommand::Search { words, limit } => search(words.join(" "), *limit, json),
        ModelsCommand::Info(repo) => info(repo.at(), json),
        ModelsCommand::Pull {
            repo,
            files,
            at_once,
        } => {
            let request = DownloadRequest {
                task: TASK,
                at: repo.at(),
                files: files.clone(),
                at_once: usize::from(*at_once),
            };
            pull(request, json)
        }
        ModelsCommand::Remove { repo } => remove(without_prefix(repo), json),
        ModelsCommand::Login => login(json),
    }
}

/// Has the worker do something of the hub and waits for what comes of it; how far it is goes to `watch`.
fn ask(command: HubCommand, watch: &mut Watch) -> Result<HubEvent, Failure> {
    let session = Session::empty()?;
    session.send(Command::Hub(command))?;
    let mut is_stopping = false;
    loop {
        let event = if is_stopping {
            session.next()?
        } else {
            match session.next_unless_interrupted() {
                Ok(event) => event,
                Err(failure) if session.cancel.is_cancelled() => {
                    is_stopping = true;
                    let stop = HubCommand::Cancel {
                        task: TASK,
                        discard: false,
                    };
                    session.send(Command::Hub(stop))?;
                    drop(failure);
                    continue;
                }
                Err(failure) => return Err(failure),
            }
        };
        match event {
            Event::Hub(HubEvent::Progress { progress, .. }) => {
                watch.show(&progress);
                // The end may have to wait for a connection that is being made; the person need not.
                if progress.state == TransferState::Cancelled {
                    watch.clear();
                    return Err(Failure::interrupted());
                }
            }
            Event::Hub(HubEvent::Cancelled(_)) => {
                watch.clear();
                return Err(Failure::interrupted());
            }
            Event::Hub(HubEvent::Failed { failure, .. }) | Event::Failed { failure, .. } => {
                watch.clear();
                return Err(failure);
            }
            Event::Hub(event) => {
                watch.clear();
                return Ok(event);
            }
            Event::Loading { .. }
            | Event::Loaded(_)
            | Event::Started { .. }
            | Event::Step { .. }
            | Event::BaseScored { .. }
            | Event::Superseded { .. }
            | Event::Ahead { .. }
            | Event::Finished { .. }
            | Event::Scored { .. }
            | Event::Judged { .. }
            | Event::Evaluated { .. }
            | Event::Measured { .. }
            | Event::Calibrated { .. }
            | Event::Sweep(_)
            | Event::Shelf(_) => {}
        }
    }
}

/// An answer of another kind than the question's, which the worker does not give.
fn unexpected() -> Failure {
    Failure::failed("The worker gave another answer than was asked for")
}

fn list(json: bool) -> Result<(), Failure> {
    let HubEvent::Local { repos, .. } =
        ask(HubCommand::Local { task: TASK }, &mut Watch::silent())?
    else {
        return Err(unexpected());
    };
    if json {
        return print_json(&json!({"schema": "counterpoise.models/1", "models": repos}));
    }
    if repos.is_empty() {
        say("There are no models in the local cache");
    }
    let mut text = String::new();
    for repo in &repos {
        let _ = writeln!(text, "{}", line_of(repo));
    }
    print(&text)
}

fn search(text: String, limit: u16, json: bool) -> Result<(), Failure> {
    let command = HubCommand::Search {
        task: TASK,
        text,
        limit: usize::from(limit),
    };
    let HubEvent::Found { repos, .. } = ask(command, &mut Watch::silent())? else {
        return Err(unexpected());
    };
    if json {
        return print_json(&json!({"schema": "counterpoise.search/1", "models": repos}));
    }
    if repos.is_empty() {
        say("No model of the hub has such a name");
    }
    let mut text = String::new();
    for repo in &repos {
        let _ = writeln!(text, "{}", found_line(repo));
    }
    print(&text)
}

fn info(at: RepoAt, json: bool) -> Result<(), Failure> {
    let command = HubCommand::Info { task: TASK, at };
    let HubEvent::Info { info, .. } = ask(command, &mut Watch::silent())? else {
        return Err(unexpected());
    };
    if json {
        let mut value = json!(info);
        value["schema"] = json!("counterpoise.model/1");
        return print_json(&value);
    }
    print(&described(&info))
}

fn pull(request: DownloadRequest, json: bool) -> Result<(), Failure> {
    let event = ask(HubCommand::Download(request), &mut Watch::default())?;
    let HubEvent::Downloaded {
        folder, progress, ..
    } = event
    else {
        return Err(unexpected());
    };
    say(&format!(
        "{} at {}: {} here, {} moved",
        progress.at.repo,
        progress.commit.get(..8).unwrap_or(&progress.commit),
        amount(progress.bytes),
        amount(progress.moved)
    ));
    if json {
        let files: Vec<Value> = progress
            .files
            .iter()
            .map(|file| json!({"path": file.path, "bytes": file.bytes}))
            .collect();
        return print_json(&json!({
            "schema": "counterpoise.pull/1",
            "repo": progress.at.repo,
            "revision": progress.at.revision,
            "commit": progress.commit,
            "folder": folder,
            "bytes": progress.bytes,
            "moved": progress.moved,
            "files": files,
        }));
    }
    print(&format!("{}\n", folder.display()))
}

fn remove(repo: String, json: bool) -> Result<(), Failure> {
    let command = HubCommand::Remove { task: TASK, repo };
    let HubEvent::Removed { repo, bytes, .. } = ask(command, &mut Watch::silent())? else {
        return Err(unexpected());
    };
    if json {
        let removed = json!({"schema": "counterpoise.removed/1", "repo": repo, "bytes": bytes});
        return print_json(&removed);
    }
    say(&format!(
        "{repo} is removed: {} are free again",
        amount(bytes)
    ));
    Ok(())
}

/// Longest text that is read for a token.
const LONGEST_TOKEN: u64 = 4096;

fn login(json: bool) -> Result<(), Failure> {
    say("Paste a token (it is shown as you type), then press Enter and Ctrl+D:");
    let mut text = String::new();
    std::io::stdin()
        .take(LONGEST_TOKEN)
        .read_to_string(&mut text)
        .map_err(|error| {
            Failure::input("The token could not be read").details(error.to_string())
        })?;
    let token = Token::new(&text).map_err(Failure::usage)?;
    let command = HubCommand::SaveToken { task: TASK, token };
    let HubEvent::Access { access, .. } = ask(command, &mut Watch::silent())? else {
        return Err(unexpected());
    };
    if json {
        return print_json(&json!({"schema": "counterpoise.login/1", "file": access.token_file}));
    }
    say(&format!(
        "The token is kept in {}",
        access.token_file.display()
    ));
    Ok(())
}
