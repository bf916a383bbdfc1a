//! The command palette: everything that can be done, found by typing.

use super::State;
use crate::app::shortcuts::Shortcut;
use crate::app::update::Action;

/// The palette while it is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Palette {
    /// What was typed.
    pub search: String,
    /// Which of the found commands is chosen.
    pub chosen: usize,
}

/// Something that can be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its name.
    pub label: String,
    /// What it does, in a sentence.
    pub about: String,
    /// The command whose keys do the same.
    pub shortcut: Option<Shortcut>,
    /// What it does.
    pub action: Action,
}

/// What can be done now and has all the words that were typed: names that begin so come first, then the table's order.
#[must_use]
pub fn found(state: &State, search: &str) -> Vec<Item> {
    let commands = Shortcut::ALL.into_iter().filter(|shortcut| {
        // To hold a key cannot be chosen from a list.
        shortcut.is_listed() && *shortcut != Shortcut::Compare && shortcut.is_there(state)
    });
    let commands = commands.map(|shortcut| Item {
        label: shortcut.label().to_owned(),
        about: shortcut.tooltip().to_owned(),
        shortcut: Some(shortcut),
        action: shortcut.action(),
    });
    let prompts = state.library.prompts.iter().enumerate();
    let prompts = prompts.map(|(index, prompt)| Item {
        label: format!("Prompt: {}", prompt.title),
        about: prompt.text.clone(),
        shortcut: None,
        action: Action::PickPrompt(index),
    });
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let fits = |item: &Item| {
        let text = format!("{} {}", item.label, item.about).to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let mut found: Vec<Item> = commands.chain(prompts).filter(fits).collect();
    if let Some(first) = words.first() {
        // Keeps the order within both.
        found.sort_by_key(|item| !item.label.to_lowercase().starts_with(first.as_str()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::library::Library;

    #[test]
    fn what_begins_with_the_typed_word_comes_first() {
        let state = State::default();
        let labels = |search: &str| -> Vec<String> {
            found(&state, search)
                .into_iter()
                .map(|item| item.label)
                .collect()
        };
        assert_eq!(labels("zoom")[..2], ["Zoom in", "Zoom out"]);
        assert_eq!(labels("usual size"), ["Usual size"]);
        assert!(labels("no such command").is_empty());
        assert!(
            !labels("").contains(&"Previous branch".to_owned()),
            "there is none"
        );
    }

    #[test]
    fn prompts_are_found_by_their_words() {
        let state = State {
            library: Library::built_in(),
            ..State::default()
        };
        let prompt = &state.library.prompts[1];
        let found = found(&state, &prompt.title);
        assert!(
            found
                .iter()
                .any(|item| item.action == Action::PickPrompt(1))
        );
    }
}
