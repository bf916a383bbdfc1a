//! The built-in prompts: what a person can start with when nothing comes to mind.

/// One prompt to start with.
#[derive(Debug, Clone, PartialEq, Eq)]
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
        Self {
            prompts,
            ..Self::default()
        }
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
    fn the_built_in_library_has_prompts_without_open_slots() {
        let library = Library::built_in();
        assert!(!library.prompts.is_empty());
        for prompt in &library.prompts {
            assert!(!prompt.text.contains('{'), "{}", prompt.text);
        }
    }
}
