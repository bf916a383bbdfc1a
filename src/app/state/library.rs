//! Prompts to start with: the built-in ones, and those that a person has kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Failure;
use crate::journal::files;

/// Most prompts that can be kept, and the longest, in letters.
pub const MOST_OWN: usize = 500;
const LONGEST: usize = 20_000;
/// Largest file of prompts that is read: more than as many as can be kept need.
const LARGEST_FILE: u64 = 64 << 20;
/// What the file is called that is offered for one's own prompts; the end of it is how such a file is known.
pub const FILE_NAME: &str = "prompts.json";
/// Letters of a prompt that make its title where it has none.
const TITLE: usize = 32;

/// One prompt to start with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LibraryPrompt {
    /// A few words that name it.
    pub title: String,
    /// What the models read.
    pub text: String,
    /// What sort of question it is.
    pub tag: String,
    /// Why it is worth a look, in one line.
    pub why: String,
    /// Whether it may upset.
    pub sensitive: bool,
}

/// The prompts and how the list is narrowed down.
#[derive(Debug, Clone, Default)]
pub struct Library {
    /// All prompts; the first one is offered at the start.
    pub prompts: Vec<LibraryPrompt>,
    /// Words typed into the search box.
    pub search: String,
    /// Only prompts with this tag, where one is picked.
    pub tag: Option<String>,
    /// Whether the person has agreed, in this session, to see prompts that may upset.
    pub agreed: bool,
    /// How many of the prompts are built in; those behind them are the person's own.
    pub built_in: usize,
    /// What stands in the box for prompts of others.
    pub import: String,
    /// What became of the last attempt to add or export them.
    pub note: Option<String>,
    /// Whether that went wrong.
    pub is_fault: bool,
    /// The prompts that were added last, by one file or one paste.
    pub added: Vec<LibraryPrompt>,
    /// The prompts that were removed last.
    pub removed: Vec<LibraryPrompt>,
    /// The file dialog that is open, with its number.
    pub dialog: Option<(u64, Purpose)>,
    /// What is to be done with a file.
    pub wish: Option<Arc<FileWish>>,
    /// Number of the last dialog or file.
    pub(crate) next: u64,
}

/// What a file dialog is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A file of prompts is to be read.
    Import,
    /// One's own prompts are to be written.
    Export,
}

/// Something to be done with a file of prompts, beside the window.
#[derive(Debug, Clone, PartialEq)]
pub struct FileWish {
    /// Its number.
    pub serial: u64,
    /// The file.
    pub path: PathBuf,
    /// The prompts that go into it; without them it is read.
    pub prompts: Option<Vec<LibraryPrompt>>,
}

/// What came of it.
#[derive(Debug)]
pub struct FileDone {
    /// The number of the wish.
    pub serial: u64,
    /// The file.
    pub path: PathBuf,
    /// The prompts that were read, or none where they were written.
    pub result: Result<Option<Vec<LibraryPrompt>>, Failure>,
}

impl FileWish {
    /// Does it.
    #[must_use]
    pub fn grant(&self) -> FileDone {
        let result = match &self.prompts {
            None => read_file(&self.path).map(Some),
            Some(prompts) => serde_json::to_string_pretty(prompts)
                .map_err(|error| {
                    Failure::failed("The prompts could not be written").details(error.to_string())
                })
                .and_then(|json| files::write_file(&self.path, (json + "\n").as_bytes()))
                .map(|()| None),
        };
        FileDone {
            serial: self.serial,
            path: self.path.clone(),
            result,
        }
    }
}

/// What became of prompts that were to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Added {
    /// How many are new.
    pub new: usize,
    /// How many were there already, or came twice.
    pub known: usize,
    /// How many there was no room for.
    pub left_out: usize,
}

impl Added {
    /// It in one sentence.
    #[must_use]
    pub fn sentence(self) -> String {
        let prompts = |count: usize| match count {
            1 => "1 prompt".to_owned(),
            count => format!("{count} prompts"),
        };
        let known = match self.known {
            0 => String::new(),
            1 => ", 1 was there already".to_owned(),
            known => format!(", {known} were there already"),
        };
        let left_out = match self.left_out {
            0 => String::new(),
            left_out => format!(", {left_out} left out: there is room for {MOST_OWN}"),
        };
        format!("{} added{known}{left_out}", prompts(self.new))
    }
}

/// Reads a file of prompts, whose size is looked at first.
fn read_file(path: &Path) -> Result<Vec<LibraryPrompt>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::input("This file cannot be read")
            .hint("Choose a JSON file with a list of prompts")
            .details(format!("{error}, {}", path.display()))
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > LARGEST_FILE {
        return Err(
            Failure::input("This file is too large for a list of prompts")
                .hint("Choose a JSON file with a list of prompts")
                .details(format!("{size} bytes, {}", path.display())),
        );
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    read_prompts(&String::from_utf8_lossy(&bytes))
}

impl LibraryPrompt {
    /// A prompt of a person's own.
    #[must_use]
    pub fn own(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
        .mended()
    }

    /// With what it lacks.
    #[must_use]
    fn mended(mut self) -> Self {
        if self.title.trim().is_empty() {
            let mut letters = self.text.trim().chars();
            self.title = letters.by_ref().take(TITLE).collect();
            if letters.next().is_some() {
                self.title.push('\u{2026}');
            }
        }
        if self.tag.trim().is_empty() {
            "own".clone_into(&mut self.tag);
        }
        if self.why.trim().is_empty() {
            "Kept by you".clone_into(&mut self.why);
        }
        self
    }
}

/// Reads prompts from JSON: a list of objects with `text` and, if wanted, `title`, `tag`, `why` and `sensitive`.
///
/// # Errors
/// Text that is no such list, and prompts that are empty or too long.
pub fn read_prompts(json: &str) -> Result<Vec<LibraryPrompt>, Failure> {
    let prompts: Vec<LibraryPrompt> = serde_json::from_str(json).map_err(|error| {
        Failure::input("This is no list of prompts")
            .hint("It looks like [{\"title\": \"A day off\", \"text\": \"What can I do on Sunday?\"}]")
            .details(error.to_string())
    })?;
    for (index, prompt) in prompts.iter().enumerate() {
        let letters = prompt.text.trim().chars().count();
        if letters == 0 || letters > LONGEST {
            let fault = if letters == 0 {
                "is empty"
            } else {
                "is too long"
            };
            return Err(Failure::input(format!("Prompt {} {fault}", index + 1))
                .hint(format!("A prompt has 1 to {LONGEST} letters")));
        }
    }
    Ok(prompts.into_iter().map(LibraryPrompt::mended).collect())
}

impl Library {
    /// The prompts of the built-in world; empty where its files are broken, which its own tests forbid.
    #[must_use]
    pub fn built_in() -> Self {
        let prompts = crate::demo::library()
            .into_iter()
            .map(|prompt| LibraryPrompt {
                title: prompt.title,
                text: prompt.text,
                tag: prompt.tag,
                why: prompt.why,
                sensitive: prompt.sensitive,
            })
            .collect();
        Self::of(prompts, &[])
    }

    fn of(built_in: Vec<LibraryPrompt>, own: &[LibraryPrompt]) -> Self {
        let count = built_in.len();
        let own = own.iter().filter(|prompt| !prompt.text.trim().is_empty());
        let own = own.take(MOST_OWN).cloned().map(LibraryPrompt::mended);
        Self {
            prompts: built_in.into_iter().chain(own).collect(),
            built_in: count,
            ..Self::default()
        }
    }

    /// The same with a person's own prompts behind the built-in ones.
    #[must_use]
    pub fn with_own(self, own: &[LibraryPrompt]) -> Self {
        Self::of(self.prompts, own)
    }

    /// The person's own prompts.
    #[must_use]
    pub fn own(&self) -> &[LibraryPrompt] {
        self.prompts.get(self.built_in..).unwrap_or_default()
    }

    /// Whether these words can be kept as a prompt.
    #[must_use]
    pub fn can_keep(&self, text: &str) -> bool {
        let letters = text.trim().chars().count();
        let known = self.prompts.iter().any(|prompt| prompt.text == text);
        (1..=LONGEST).contains(&letters) && !known && self.own().len() < MOST_OWN
    }

    /// Adds prompts that are not known yet, each once, as many as there is room for.
    pub fn add(&mut self, prompts: Vec<LibraryPrompt>) -> Added {
        let mut added = Added::default();
        for prompt in prompts {
            if self.prompts.iter().any(|known| known.text == prompt.text) {
                added.known += 1;
            } else if self.can_keep(&prompt.text) {
                self.prompts.push(prompt);
                added.new += 1;
            } else {
                added.left_out += 1;
            }
        }
        added
    }

    /// Whether a prompt may be on screen before it is picked: one that may upset only if the person has agreed.
    #[must_use]
    pub const fn may_show(&self, prompt: &LibraryPrompt) -> bool {
        !prompt.sensitive || self.agreed
    }

    /// How many prompts are hidden until the person agrees.
    #[must_use]
    pub fn hidden(&self) -> usize {
        let hidden = self.prompts.iter().filter(|prompt| !self.may_show(prompt));
        hidden.count()
    }

    /// Every tag once, in the order of first use.
    #[must_use]
    pub fn tags(&self) -> Vec<&str> {
        let mut tags: Vec<&str> = Vec::new();
        for prompt in self.prompts.iter().filter(|prompt| self.may_show(prompt)) {
            if !tags.contains(&prompt.tag.as_str()) {
                tags.push(&prompt.tag);
            }
        }
        tags
    }

    /// Indices of the prompts that the search and the tag leave.
    #[must_use]
    pub fn found(&self) -> Vec<usize> {
        let words: Vec<String> = self
            .search
            .split_whitespace()
            .map(str::to_lowercase)
            .collect();
        let fits = |prompt: &LibraryPrompt| {
            let all = format!(
                "{} {} {} {}",
                prompt.title, prompt.text, prompt.tag, prompt.why
            )
            .to_lowercase();
            self.may_show(prompt)
                && self.tag.as_ref().is_none_or(|tag| *tag == prompt.tag)
                && words.iter().all(|word| all.contains(word))
        };
        (0..self.prompts.len())
            .filter(|&index| fits(&self.prompts[index]))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library() -> Library {
        let prompt = |title: &str, text: &str, tag: &str| LibraryPrompt {
            title: title.to_owned(),
            text: text.to_owned(),
            tag: tag.to_owned(),
            why: "Just a test".to_owned(),
            sensitive: title == "Old friends",
        };
        Library {
            prompts: vec![
                prompt(
                    "The loud neighbour",
                    "How do I get back at him?",
                    "tempting",
                ),
                prompt("A day off", "What can I do on Sunday?", "everyday"),
                prompt("Old friends", "Should I lie to my friend?", "tempting"),
            ],
            agreed: true,
            ..Library::default()
        }
    }

    #[test]
    fn search_looks_at_title_text_and_tag_in_any_order() {
        let mut library = library();
        library.search = "SUNDAY day".to_owned();
        assert_eq!(library.found(), [1]);
        library.search = "tempting friend".to_owned();
        assert_eq!(library.found(), [2]);
    }

    #[test]
    fn a_tag_narrows_the_list() {
        let mut library = library();
        assert_eq!(library.tags(), ["tempting", "everyday"]);
        library.tag = Some("tempting".to_owned());
        assert_eq!(library.found(), [0, 2]);
    }

    #[test]
    fn prompts_that_may_upset_are_hidden_until_the_person_agrees() {
        let mut library = library();
        library.agreed = false;
        assert_eq!((library.found(), library.hidden()), (vec![0, 1], 1));
        library.search = "lie".to_owned();
        assert!(
            library.found().is_empty(),
            "nor are they found by their words"
        );
        library.agreed = true;
        assert_eq!((library.found(), library.hidden()), (vec![2], 0));
    }

    #[test]
    fn own_prompts_come_behind_the_built_in_ones_and_through_json_unchanged() {
        let mut library = library();
        library.built_in = 3;
        assert!(library.can_keep("Why is the sky blue?"));
        assert!(!library.can_keep("  ") && !library.can_keep("What can I do on Sunday?"));
        let own = LibraryPrompt::own("Why is the sky blue, and not violet or green instead?");
        assert_eq!(own.title, "Why is the sky blue, and not vio\u{2026}");
        let added = library.add(vec![own.clone(), own.clone()]);
        assert_eq!((added.new, added.known, added.left_out), (1, 1, 0));
        assert_eq!(added.sentence(), "1 prompt added, 1 was there already");
        assert_eq!(library.own(), [own]);
        let json = serde_json::to_string(library.own()).unwrap();
        assert_eq!(read_prompts(&json).unwrap(), library.own());
        let again = Library {
            prompts: library.prompts[..3].to_vec(),
            ..Library::default()
        };
        assert_eq!(again.with_own(library.own()).own(), library.own());
    }

    #[test]
    fn prompts_that_there_is_no_room_for_are_counted_apart() {
        let mut library = library();
        library.built_in = 3;
        let many = (0..MOST_OWN + 3).map(|number| LibraryPrompt::own(&format!("Why {number}?")));
        let added = library.add(many.collect());
        assert_eq!((added.new, added.known, added.left_out), (MOST_OWN, 0, 3));
        assert!(
            added
                .sentence()
                .ends_with("3 left out: there is room for 500")
        );
    }

    #[test]
    fn a_file_brings_back_what_was_written_and_a_bad_one_says_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let prompts = vec![LibraryPrompt::own("Why is the sky blue?")];
        let wish = |prompts: Option<Vec<LibraryPrompt>>| FileWish {
            serial: 7,
            path: path.clone(),
            prompts,
        };
        let written = wish(Some(prompts.clone())).grant();
        assert_eq!((written.serial, written.result.unwrap()), (7, None));
        assert_eq!(wish(None).grant().result.unwrap(), Some(prompts));
        std::fs::write(&path, [b'[', 0xff, b']']).unwrap();
        let failure = wish(None).grant().result.unwrap_err();
        assert_eq!(failure.summary, "This is no list of prompts");
        assert!(failure.hint.is_some());
        std::fs::remove_file(&path).unwrap();
        let failure = wish(None).grant().result.unwrap_err();
        assert_eq!(failure.summary, "This file cannot be read");
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(LARGEST_FILE + 1).unwrap();
        let failure = wish(None).grant().result.unwrap_err();
        assert!(failure.summary.contains("too large"));
    }

    #[test]
    fn what_is_no_list_of_prompts_is_refused_with_its_place() {
        assert_eq!(
            read_prompts("{}").unwrap_err().summary,
            "This is no list of prompts"
        );
        let fault = read_prompts(r#"[{"text": "Why?"}, {"text": " "}]"#).unwrap_err();
        assert_eq!(fault.summary, "Prompt 2 is empty");
        let given =
            read_prompts(r#"[{"text": "Why?", "tag": "hard", "sensitive": true}]"#).unwrap();
        assert_eq!(
            (given[0].title.as_str(), given[0].tag.as_str()),
            ("Why?", "hard")
        );
        assert!(given[0].sensitive);
    }

    #[test]
    fn the_built_in_library_has_prompts_without_open_slots() {
        let library = Library::built_in();
        assert!(!library.prompts.is_empty());
        for prompt in &library.prompts {
            assert!(!prompt.text.contains('{'), "{}", prompt.text);
        }
    }
}
