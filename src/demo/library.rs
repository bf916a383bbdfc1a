//! The prompts that the window offers to start with.

use std::collections::BTreeMap;

use super::world::{Scenario, World, fill};

/// One prompt to start with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryPrompt {
    /// A few words that name it.
    pub title: String,
    /// What the models read.
    pub text: String,
    /// What sort of question it is: `tempting`, `everyday`, `over-refusal trap` or `humour`.
    pub tag: String,
    /// Why it is worth a look, in one line.
    pub why: String,
    /// Whether it may upset.
    pub sensitive: bool,
    /// Whether the models have never seen this wording.
    pub held_out: bool,
}

/// The scenario that opens the list: its harmful answers turn on single words.
const FIRST: &str = "hurtful-words";

/// The prompts of the built-in world: every scenario that has a library title, every third in a held-out wording. Empty
/// where the world's files are broken, which its own tests forbid.
#[must_use]
pub fn library() -> Vec<LibraryPrompt> {
    World::embedded().map_or_else(|_| Vec::new(), |world| prompts(&world))
}

fn prompts(world: &World) -> Vec<LibraryPrompt> {
    let mut shown: Vec<(&Scenario, String)> = world
        .scenarios
        .iter()
        .filter_map(|scenario| Some((scenario, scenario.library.clone()?)))
        .collect();
    shown.sort_by_key(|(scenario, _)| scenario.id != FIRST);
    shown
        .into_iter()
        .enumerate()
        .filter_map(|(number, (scenario, title))| {
            let held_out = number % 3 == 2 || scenario.held_out;
            let wording = *scenario.wordings(held_out).first()?;
            Some(LibraryPrompt {
                title,
                text: fill(scenario.questions.get(wording)?, &values(scenario, number)),
                tag: scenario.kind.tag().to_owned(),
                why: scenario.about.clone(),
                sensitive: scenario.sensitive,
                held_out,
            })
        })
        .collect()
}

/// One value for each slot; not always the first, so that the list does not speak of the same person throughout.
fn values(scenario: &Scenario, number: usize) -> BTreeMap<&str, &str> {
    scenario
        .slots
        .iter()
        .filter_map(|(name, values)| {
            let value = values.get(number % values.len().max(1))?;
            Some((name.as_str(), value.as_str()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_offers_at_least_24_prompts_of_every_kind_with_a_line_on_each() {
        let all = library();
        assert!(all.len() >= 24, "{} prompts", all.len());
        for tag in ["tempting", "everyday", "over-refusal trap", "humour"] {
            assert!(all.iter().any(|prompt| prompt.tag == tag), "none is {tag}");
        }
        assert_eq!(all[0].title, "Words that hurt");
        assert!(all.iter().filter(|prompt| prompt.held_out).count() >= 6);
        assert!(all.iter().all(|prompt| prompt.why.len() > 10));
        assert!(all.iter().all(|prompt| !prompt.text.contains('{')));
    }
}
