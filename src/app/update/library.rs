//! What a person does to prompts of their own.

use crate::app::state::State;
use crate::app::state::library::{LibraryPrompt, read_prompts};
use crate::worker::Command;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LibraryAction {
    /// Keeps what stands in the prompt box.
    Keep,
    /// Removes a prompt of the person's own, by its place in the library.
    Remove(usize),
    /// Brings the last one back.
    BringBack,
    /// Typed or pasted prompts of others.
    EditImport(String),
    /// Adds them.
    Import,
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
                library.removed = Some(library.prompts.remove(index));
                // Those behind it have other places now.
                state.tradeoff.setup.ticked.retain(|&ticked| ticked < index);
            }
        }
        LibraryAction::BringBack => {
            let removed = library.removed.take();
            library.add(removed.into_iter().collect());
        }
        LibraryAction::EditImport(text) => {
            library.import = text;
            library.note = None;
        }
        LibraryAction::Import => match read_prompts(&library.import) {
            Ok(prompts) => {
                let given = prompts.len();
                let added = library.add(prompts);
                library.note = Some(match given - added {
                    0 => format!("{added} added"),
                    1 => format!("{added} added, 1 was there already"),
                    known => format!("{added} added, {known} were there already"),
                });
                library.import.clear();
            }
            Err(failure) => {
                let hint = failure
                    .hint
                    .map_or_else(String::new, |hint| format!(". {hint}"));
                library.note = Some(format!("{}{hint}", failure.summary));
            }
        },
    }
    state.settings.prompts = state.library.own().to_vec();
    Vec::new()
}
