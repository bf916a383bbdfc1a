//! Takes in what is wanted of the shelf and does it, one thing after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::files;
use super::ready;
use super::{JudgeRequest, Opened, ShelfCommand, ShelfEvent, ShelfTask, Subject};
use crate::demo;
use crate::domain::CancelToken;
use crate::error::Failure;
use crate::model::join::Joiner;
use crate::model::lineup::Home;
use crate::model::local::{self, Whereabouts};
use crate::worker::aside::Aside;
use crate::worker::{Event, panic_text};

/// Starts the thread that takes in commands; it ends when the last sender has gone.
pub(in crate::worker) fn start(outbox: Aside) -> std::io::Result<Sender<ShelfCommand>> {
    let (commands, inbox) = channel();
    std::thread::Builder::new()
        .name("shelf".to_owned())
        .spawn(move || serve(&inbox, &outbox))?;
    Ok(commands)
}

fn serve(inbox: &Receiver<ShelfCommand>, outbox: &Aside) {
    let tell = |event| outbox.send(Event::Shelf(event));
    for command in inbox {
        let task = task(&command);
        // A file that trips a library must not take the shelf down.
        let done = catch_unwind(AssertUnwindSafe(|| answer(command, &tell)));
        let failure = match done {
            Ok(Ok(())) => continue,
            Ok(Err(failure)) => failure,
            Err(panic) => Failure::failed("Reading the files stopped unexpectedly")
                .hint("If it keeps happening, report the details below")
                .details(panic_text(panic.as_ref())),
        };
        tell(ShelfEvent::Failed { task, failure });
    }
}

fn task(command: &ShelfCommand) -> ShelfTask {
    match command {
        ShelfCommand::Find { .. } => ShelfTask::Find,
        ShelfCommand::Open { path } => ShelfTask::Open(path.clone()),
        ShelfCommand::Judge(request) => ShelfTask::Judge(request.serial),
        ShelfCommand::List { .. } => ShelfTask::List,
        ShelfCommand::Save { .. } => ShelfTask::Save,
        ShelfCommand::Delete { .. } => ShelfTask::Delete,
        ShelfCommand::Export { .. } => ShelfTask::Export,
    }
}

fn answer(command: ShelfCommand, tell: &dyn Fn(ShelfEvent)) -> Result<(), Failure> {
    let event = match command {
        ShelfCommand::Find { opened, cancel } => {
            let places = Whereabouts::from_env();
            let found = local::find(&places, &opened, demo::embedded(), &cancel);
            if cancel.is_cancelled() {
                return Ok(());
            }
            ShelfEvent::Found(found)
        }
        ShelfCommand::Open { path } => ShelfEvent::Opened(open(&path)?),
        ShelfCommand::Judge(request) => return judge(&request, tell),
        ShelfCommand::List { folder } => ShelfEvent::Lineups {
            ready: ready::lineups()?,
            saved: match folder {
                Some(folder) => files::list(&folder)?,
                None => Vec::new(),
            },
        },
        ShelfCommand::Save {
            folder,
            file,
            lineup,
        } => ShelfEvent::Saved(Box::new(files::save(&folder, file, &lineup)?)),
        ShelfCommand::Delete { file } => ShelfEvent::Deleted(Box::new(files::delete(&file)?)),
        ShelfCommand::Export { file, lineup } => {
            ShelfEvent::Exported(files::export(&in_home(&file), &lineup)?)
        }
    };
    tell(event);
    Ok(())
}

/// Looks at what a person named.
fn open(path: &Path) -> Result<Opened, Failure> {
    let path = in_home(path);
    let path = std::path::absolute(&path).unwrap_or(path);
    if !path.exists() {
        return Err(Failure::input("There is no file or folder of this name")
            .hint("Check the path; it may begin with ~ for your home folder")
            .details(path.display().to_string()));
    }
    if let Some(file) = files::lineup_at(&path) {
        return Ok(Opened::Lineup(Box::new(files::read(&file)?)));
    }
    let found = local::at(&path, &CancelToken::default());
    if found.models.is_empty() {
        if let Some(failure) = something_else(&path) {
            return Err(failure.details(path.display().to_string()));
        }
        let failure = Failure::input("There is no model here");
        let hint = found.notes.first().cloned().unwrap_or_else(|| {
            "A model is a folder with config.json and weights, a folder with adapter_config.json, a .gguf file, or a \
             lineup.toml that names them"
                .to_owned()
        });
        return Err(failure.hint(hint).details(path.display().to_string()));
    }
    Ok(Opened::Models {
        path,
        models: found.models,
    })
}

/// What a file without a model plainly is, and where it is of use: people drop what they exported on the page they are on.
fn something_else(path: &Path) -> Option<Failure> {
    let ending = path.extension()?.to_string_lossy().to_lowercase();
    let (summary, hint) = match &*ending {
        _ if !path.is_file() => return None,
        "html" | "htm" => (
            "This file is a page, not a model",
            "Open it in a browser; to go on with a run here, drop its .counterpoise.json file",
        ),
        "png" | "jpg" | "jpeg" | "gif" | "webp" | "svg" | "pdf" => (
            "This file is a picture or a document, not a model",
            "To go on with a run here, drop its .counterpoise.json file",
        ),
        "csv" | "jsonl" | "gz" => (
            "This file is a table or a list, not a model",
            "Drop it on the Score page to have its answers judged, or pairs of answers on the Train page to learn from them",
        ),
        "txt" | "md" => (
            "This file is a text, not a model",
            "Drop it on the Score page to see what each objective says of its words",
        ),
        _ => return None,
    };
    Some(Failure::input(summary).hint(hint))
}

/// A path with `~` at its start meaning the home folder.
fn in_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        (Ok(_) | Err(_), _) => path.to_owned(),
    }
}

fn judge(request: &JudgeRequest, tell: &dyn Fn(ShelfEvent)) -> Result<(), Failure> {
    if request.cancel.is_cancelled() {
        return Ok(());
    }
    let home = Home::built_in(demo::embedded());
    let joiner = Joiner::open(&request.base, &home)?;
    for subject in &request.subjects {
        if request.cancel.is_cancelled() {
            return Ok(());
        }
        let fit = match subject {
            Subject::Sentence => joiner.sentence(),
            Subject::Adapter(place) => joiner.adapter(place),
            Subject::Model(place) => joiner.model(place),
        };
        tell(ShelfEvent::Judged {
            serial: request.serial,
            subject: subject.clone(),
            fit: Box::new(fit),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::lineup::{Base, Place};
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, sync_channel};
    use std::time::Duration;

    struct Shelf {
        commands: Sender<ShelfCommand>,
        events: Receiver<Event>,
        // Without it nobody would be left to tell.
        _outbox: Arc<std::sync::mpsc::SyncSender<Event>>,
    }

    impl Shelf {
        fn new() -> Self {
            let (outbox, events) = sync_channel(64);
            let outbox = Arc::new(outbox);
            let commands = start(Aside::new(&outbox, Arc::new(|| {}))).unwrap();
            Self {
                commands,
                events,
                _outbox: outbox,
            }
        }

        fn ask(&self, command: ShelfCommand) -> ShelfEvent {
            self.commands.send(command).unwrap();
            self.next()
        }

        fn next(&self) -> ShelfEvent {
            let told = self.events.recv_timeout(Duration::from_mins(1));
            let Ok(Event::Shelf(event)) = told else {
                panic!("{told:?}");
            };
            event
        }
    }

    fn built_in(path: &str) -> Place {
        Place::BuiltIn(path.to_owned())
    }

    #[test]
    fn the_built_in_adapters_may_join_the_built_in_base() {
        let shelf = Shelf::new();
        let subjects = vec![
            Subject::Adapter(built_in("adapters/harmless")),
            Subject::Model(built_in("base")),
            Subject::Sentence,
        ];
        let request = JudgeRequest {
            serial: 7,
            base: Base {
                place: built_in("base"),
                dtype: None,
                template: None,
            },
            subjects: subjects.clone(),
            cancel: CancelToken::default(),
        };
        shelf.commands.send(ShelfCommand::Judge(request)).unwrap();
        for wanted in subjects {
            let ShelfEvent::Judged {
                serial,
                subject,
                fit,
            } = shelf.next()
            else {
                panic!("{wanted:?} was not judged");
            };
            assert_eq!((serial, &subject), (7, &wanted));
            assert_eq!(fit.obstacle(), None, "{subject:?}");
        }
    }

    #[test]
    fn what_a_person_names_is_a_model_a_lineup_or_a_failure_in_words() {
        let shelf = Shelf::new();
        let folder = tempfile::tempdir().unwrap();
        let open = |path: &Path| {
            shelf.ask(ShelfCommand::Open {
                path: path.to_owned(),
            })
        };
        let ShelfEvent::Failed { task, failure } = open(folder.path()) else {
            panic!("an empty folder was opened");
        };
        assert_eq!(task, ShelfTask::Open(folder.path().to_owned()));
        assert_eq!(failure.summary, "There is no model here");
        let lineup = &ready::lineups().unwrap()[0].lineup;
        let file = folder.path().join("lineup.toml");
        std::fs::write(&file, lineup.to_toml().unwrap()).unwrap();
        for path in [folder.path(), &file] {
            let ShelfEvent::Opened(Opened::Lineup(opened)) = open(path) else {
                panic!("{} is a lineup", path.display());
            };
            assert_eq!(&*opened, lineup);
        }
        let ShelfEvent::Failed { failure, .. } = open(&folder.path().join("gone")) else {
            panic!("nothing was opened");
        };
        assert!(failure.summary.starts_with("There is no file"), "{failure}");
    }

    #[test]
    fn a_file_that_is_plainly_something_else_is_called_what_it_is() {
        let shelf = Shelf::new();
        let folder = tempfile::tempdir().unwrap();
        for (name, word, page) in [
            ("run.html", "a page", ".counterpoise.json"),
            ("window.PNG", "a picture", ".counterpoise.json"),
            ("run.csv", "a table", "Score page"),
            ("notes.md", "a text", "Score page"),
            ("run.odd", "no model here", "config.json"),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, "not a model").unwrap();
            let ShelfEvent::Failed { failure, .. } = shelf.ask(ShelfCommand::Open { path }) else {
                panic!("{name} was opened");
            };
            assert!(failure.summary.contains(word), "{name}: {failure}");
            let hint = failure.hint.unwrap_or_default();
            assert!(hint.contains(page), "{name}: {hint}");
        }
    }

    #[test]
    fn the_built_in_model_is_always_found() {
        let shelf = Shelf::new();
        let found = shelf.ask(ShelfCommand::Find {
            opened: Vec::new(),
            cancel: CancelToken::default(),
        });
        let ShelfEvent::Found(found) = found else {
            panic!("{found:?}");
        };
        let places: Vec<&Place> = found.models.iter().map(|model| &model.place).collect();
        assert!(places.contains(&&built_in("base")), "{places:?}");
    }
}
