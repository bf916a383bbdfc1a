//! What a person does to prompts of their own.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::state::State;
use crate::app::state::library::{
    FileDone, FileWish, Library, LibraryPrompt, Purpose, read_prompts,
};
use crate::app::state::models::DialogAnswer;
use crate::error::Failure;
use crate::worker::Command;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LibraryAction {
    /// Keeps what stands in the prompt box.
    Keep,
    /// Removes a prompt of the person's own, by its place in the library.
    Remove(usize),
    /// Brings back what was removed last.
    BringBack,
    /// Removes what was added last.
    TakeOut,
    /// Typed or pasted prompts of others.
    EditImport(String),
    /// Adds them.
    Import,
    /// Wants a file chosen, to read prompts or to write one's own.
    Ask(Purpose),
    /// Adds the prompts of a file.
    ImportFile(PathBuf),
    /// Has read what became of it.
    DismissNote,
}

pub(super) fn apply(state: &mut State, action: LibraryAction) -> Vec<Command> {
    let library = &mut state.library;
    match action {
        LibraryAction::Keep => {
            let text = state.draft.prompt.text.trim();
            library.add(vec![LibraryPrompt::own(text)]);
        }
        LibraryAction::Remove(index) => {
            if (library.built_in..library.prompts.len()).contains(&index) {
                library.removed = vec![library.prompts.remove(index)];
                let ticked = std::mem::take(&mut state.tradeoff.setup.ticked).into_iter();
                // Those behind it have moved up.
                state.tradeoff.setup.ticked = ticked
                    .filter(|&place| place != index)
                    .map(|place| place - usize::from(place > index))
                    .collect();
            }
        }
        LibraryAction::BringBack => {
            let removed = std::mem::take(&mut library.removed);
            library.add(removed);
        }
        LibraryAction::TakeOut => take_out(state),
        LibraryAction::EditImport(text) => {
            library.import = text;
            library.note = None;
        }
        LibraryAction::Import => match read_prompts(&library.import) {
            Ok(prompts) => {
                add(library, prompts);
                library.import.clear();
            }
            Err(failure) => fail(library, &failure),
        },
        LibraryAction::Ask(purpose) => {
            if library.dialog.is_none() {
                library.next += 1;
                library.dialog = Some((library.next, purpose));
            }
        }
        LibraryAction::ImportFile(path) => wish(library, path, None),
        LibraryAction::DismissNote => library.note = None,
    }
    state.settings.prompts = state.library.own().to_vec();
    Vec::new()
}

/// Adds prompts, and says how many.
fn add(library: &mut Library, prompts: Vec<LibraryPrompt>) {
    let before = library.prompts.len();
    let added = library.add(prompts);
    library.added = library.prompts[before..].to_vec();
    library.note = Some(added.sentence());
    library.is_fault = false;
}

fn fail(library: &mut Library, failure: &Failure) {
    let hint = failure.hint.as_ref();
    let hint = hint.map_or_else(String::new, |hint| format!(". {hint}"));
    library.note = Some(format!("{}{hint}", failure.summary));
    library.is_fault = true;
    library.added.clear();
}

/// Removes what was added last, as far as it is still there.
fn take_out(state: &mut State) {
    let library = &mut state.library;
    let added = std::mem::take(&mut library.added);
    let own = library.prompts.split_off(library.built_in);
    let first = own.iter().position(|prompt| added.contains(prompt));
    let (gone, kept): (Vec<_>, Vec<_>) = own.into_iter().partition(|own| added.contains(own));
    library.prompts.extend(kept);
    library.removed = gone;
    library.note = None;
    if let Some(first) = first {
        let first = library.built_in + first;
        forget_places_from(state, first);
    }
}

/// Prompts from this place on have other places now.
fn forget_places_from(state: &mut State, index: usize) {
    state.tradeoff.setup.ticked.retain(|&ticked| ticked < index);
}

fn wish(library: &mut Library, path: PathBuf, prompts: Option<Vec<LibraryPrompt>>) {
    library.next += 1;
    library.wish = Some(Arc::new(FileWish {
        serial: library.next,
        path,
        prompts,
    }));
}

/// Takes in what became of a file dialog.
pub fn on_prompts_dialog(state: &mut State, serial: u64, answer: DialogAnswer) {
    let library = &mut state.library;
    let Some((_, purpose)) = library.dialog.take_if(|(open, _)| *open == serial) else {
        return;
    };
    match (answer, purpose) {
        (DialogAnswer::Chosen(path), Purpose::Import) => wish(library, path, None),
        (DialogAnswer::Chosen(path), Purpose::Export) => {
            let own = library.own().to_vec();
            wish(library, path, Some(own));
        }
        (DialogAnswer::Closed, Purpose::Import | Purpose::Export) => {}
        (DialogAnswer::NeverShown, purpose) => {
            let instead = match purpose {
                Purpose::Import => "Drop the file onto the window, or paste the prompts below",
                Purpose::Export => "Copy them as JSON and paste them into a file",
            };
            fail(
                library,
                &Failure::failed("Your desktop has no file dialog to offer").hint(instead),
            );
        }
    }
}

/// Takes in what came of reading or writing a file of prompts.
pub fn on_prompts_file(state: &mut State, done: FileDone) {
    let library = &mut state.library;
    let wished = library.wish.take_if(|wish| wish.serial == done.serial);
    if wished.is_none() {
        return;
    }
    match done.result {
        Ok(Some(prompts)) => {
            add(library, prompts);
            state.settings.prompts = state.library.own().to_vec();
            // They are to be seen.
            state.settings.library_open = true;
        }
        Ok(None) => {
            library.note = Some(format!("Written to {}", done.path.display()));
            library.is_fault = false;
            library.added.clear();
        }
        Err(failure) => fail(library, &failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::update::{Action, apply as act};

    fn library(state: &mut State, action: LibraryAction) {
        act(state, Action::Library(action));
    }

    fn own(state: &State) -> Vec<&str> {
        let own = state.library.own().iter();
        own.map(|prompt| prompt.text.as_str()).collect()
    }

    /// What the thread beside the window would do.
    fn grant(state: &mut State) {
        let done = state.library.wish.clone().unwrap().grant();
        on_prompts_file(state, done);
    }

    fn with_one() -> State {
        let mut state = State {
            library: Library::built_in(),
            ..State::default()
        };
        state.draft.prompt.text = "Why?".to_owned();
        library(&mut state, LibraryAction::Keep);
        state
    }

    #[test]
    fn a_file_is_exported_and_imported_once_and_taken_out_and_brought_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prompts.json");
        let mut state = with_one();
        library(&mut state, LibraryAction::Ask(Purpose::Export));
        let (serial, purpose) = state.library.dialog.unwrap();
        assert_eq!(purpose, Purpose::Export);
        on_prompts_dialog(&mut state, serial, DialogAnswer::Chosen(path.clone()));
        grant(&mut state);
        assert!(
            state
                .library
                .note
                .as_ref()
                .unwrap()
                .starts_with("Written to ")
        );

        let json = std::fs::read_to_string(&path).unwrap();
        let more = json.replacen('[', r#"[{"text": "How?"}, {"text": "How?"}, "#, 1);
        std::fs::write(&path, more).unwrap();
        library(&mut state, LibraryAction::ImportFile(path.clone()));
        grant(&mut state);
        assert_eq!(own(&state), ["Why?", "How?"]);
        assert_eq!(
            state.library.note.as_deref(),
            Some("1 prompt added, 2 were there already")
        );
        assert_eq!(state.settings.prompts.len(), 2);
        state.tradeoff.setup.ticked =
            [0, state.library.built_in, state.library.built_in + 1].into();
        library(&mut state, LibraryAction::TakeOut);
        assert_eq!(own(&state), ["Why?"]);
        assert_eq!(state.settings.prompts.len(), 1);
        assert!(
            state
                .tradeoff
                .setup
                .ticked
                .iter()
                .eq(&[0, state.library.built_in])
        );
        library(&mut state, LibraryAction::BringBack);
        assert_eq!(own(&state), ["Why?", "How?"]);
    }

    #[test]
    fn a_bad_file_changes_nothing_and_says_what_it_should_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prompts.json");
        std::fs::write(&path, "not JSON").unwrap();
        let mut state = with_one();
        library(&mut state, LibraryAction::ImportFile(path));
        grant(&mut state);
        assert_eq!(own(&state), ["Why?"]);
        let note = state.library.note.clone().unwrap();
        assert!(
            note.starts_with("This is no list of prompts. It looks like "),
            "{note}"
        );
        assert!(state.library.is_fault && state.library.added.is_empty());
    }

    #[test]
    fn without_dialogs_there_is_another_way() {
        let mut state = with_one();
        library(&mut state, LibraryAction::Ask(Purpose::Import));
        let (serial, _) = state.library.dialog.unwrap();
        on_prompts_dialog(&mut state, serial, DialogAnswer::NeverShown);
        let note = state.library.note.clone().unwrap();
        assert!(note.contains("Drop the file onto the window"), "{note}");
        assert!(state.library.wish.is_none());
    }

    #[test]
    fn ticks_follow_their_prompts_when_one_before_them_goes() {
        let mut state = State::default();
        let first = state.library.built_in;
        state
            .library
            .add(["a", "b", "c"].map(LibraryPrompt::own).to_vec());
        state.tradeoff.setup.ticked = [first, first + 1, first + 2].into();
        library(&mut state, LibraryAction::Remove(first + 1));
        assert_eq!(own(&state), ["a", "c"]);
        assert!(state.tradeoff.setup.ticked.iter().eq(&[first, first + 1]));
    }
}
