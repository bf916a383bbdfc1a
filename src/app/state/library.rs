//! Prompts to start with: the built-in ones, and those that a person has kept.

use serde::{Deserialize, Serialize};

use crate::error::Failure;

/// Most prompts that can be kept, and the longest, in letters.
pub const MOST_OWN: usize = 500;
const LONGEST: usize = 20_000;
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
    /// What became of the last attempt to add them.
    pub note: Option<String>,
    /// The prompt that was removed last.
    pub removed: Option<LibraryPrompt>,
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
            return Err(Failure::input(format!("Prompt {} {fault}", index + 1)));
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

    /// Adds prompts that are not known yet, as many as there is room for; says how many.
    pub fn add(&mut self, prompts: Vec<LibraryPrompt>) -> usize {
        let before = self.prompts.len();
        for prompt in prompts {
            if self.can_keep(&prompt.text) {
                self.prompts.push(prompt);
            }
        }
        self.prompts.len() - before
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
        assert_eq!(library.add(vec![own.clone(), own.clone()]), 1);
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
