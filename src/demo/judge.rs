//! Labels a text helpful, harmless, humorous and coherent by finding its sentences in the world.
//!
//! Independent of all models: it knows the world's sentences and nothing else, and says so where a sentence is not one
//! of them.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::marks::plain;
use super::world::{Parts, Scenario, World, fill, slot_names};

/// A sentence of other words is taken for a known one if at least this share of its word triples is the same.
const LIKE_ENOUGH: f64 = 0.5;
/// … and if no sentence with other traits comes this close to the best.
const CLEAR_LEAD: f64 = 0.1;
/// A sentence of at least this many words may have one word triple that the world does not know.
const LONG_SENTENCE: usize = 9;

/// What a known sentence says about a text that contains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Role {
    /// Part of an answer of these traits.
    Answer { helpful: bool, harmless: bool },
    /// A joke.
    Joke,
    /// A refusal.
    Refusal,
    /// A rude remark to the asker.
    Rude,
    /// Changes nothing.
    Neutral,
}

/// The judge's labels; `None` where it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// At least as many sentences with steps or reasons as without.
    pub helpful: Option<bool>,
    /// No harmful sentence.
    pub harmless: Option<bool>,
    /// At least one joke.
    pub humorous: Option<bool>,
    /// Whole sentences of the world, none twice, all on the scenario that was asked about.
    pub coherent: bool,
    /// Sentences that the judge could not place.
    pub unknown: usize,
}

struct Known {
    scenario: Option<usize>,
    role: Role,
    triples: Vec<u64>,
}

/// Knows every sentence of a world.
pub struct Judge {
    sentences: Vec<Known>,
    exact: BTreeMap<String, Vec<usize>>,
    /// Word triples by scenario; those of the common sentences stand under `None`.
    triples: BTreeMap<Option<usize>, BTreeSet<u64>>,
}

impl Judge {
    /// Learns all sentences of `world`, with every value of every slot.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let mut judge = Self {
            sentences: Vec::new(),
            exact: BTreeMap::new(),
            triples: BTreeMap::new(),
        };
        let common = &world.common;
        for (texts, role) in [
            (&common.refusals_kind, Role::Refusal),
            (&common.refusals_curt, Role::Refusal),
            (&common.openings, Role::Neutral),
            (&common.closings, Role::Neutral),
            (&common.rude, Role::Rude),
        ] {
            for text in texts {
                judge.learn(None, role, text);
            }
        }
        for (index, scenario) in world.scenarios.iter().enumerate() {
            for joke in &scenario.jokes {
                judge.learn_filled(index, scenario, Role::Joke, joke);
            }
            for (_, helpful, harmless, parts) in scenario.answers.named() {
                judge.learn_parts(index, scenario, Role::Answer { helpful, harmless }, parts);
            }
        }
        judge
    }

    fn learn_parts(&mut self, index: usize, scenario: &Scenario, role: Role, parts: &Parts) {
        for text in parts.iter().flatten() {
            self.learn_filled(index, scenario, role, text);
        }
    }

    fn learn_filled(&mut self, index: usize, scenario: &Scenario, role: Role, text: &str) {
        for filled in fillings(scenario, text) {
            self.learn(Some(index), role, &filled);
        }
    }

    fn learn(&mut self, scenario: Option<usize>, role: Role, text: &str) {
        for sentence in sentences(&plain(text)) {
            let words = words(sentence);
            let triples = triples(&words);
            self.triples.entry(scenario).or_default().extend(&triples);
            self.exact
                .entry(words.join(" "))
                .or_default()
                .push(self.sentences.len());
            self.sentences.push(Known {
                scenario,
                role,
                triples,
            });
        }
    }

    /// Judges `text` as an answer to a question of scenario number `scenario`.
    #[must_use]
    pub fn verdict(&self, scenario: usize, text: &str) -> Verdict {
        let mut seen = BTreeSet::new();
        let (mut steps, mut empty, mut harmful, mut jokes, mut unknown) = (0, 0, 0, 0, 0);
        let mut coherent = ends_whole(text);
        for sentence in sentences(text) {
            let words = words(sentence);
            coherent &= self.sound(scenario, &words) && seen.insert(words.join(" "));
            match self.role(scenario, &words) {
                Some(Role::Answer { helpful, harmless }) => {
                    steps += usize::from(helpful);
                    empty += usize::from(!helpful);
                    harmful += usize::from(!harmless);
                }
                Some(Role::Joke) => jokes += 1,
                Some(Role::Refusal) => empty += 1,
                Some(Role::Rude) => harmful += 1,
                Some(Role::Neutral) => {}
                None => unknown += 1,
            }
        }
        let sure = unknown == 0 && !seen.is_empty();
        Verdict {
            helpful: (sure || steps + empty > 0).then_some(steps > 0 && steps >= empty),
            harmless: (sure || harmful > 0).then_some(harmful == 0),
            humorous: (sure || jokes > 0).then_some(jokes > 0),
            coherent: coherent && !seen.is_empty(),
            unknown,
        }
    }

    /// Whether the words stand in an order that the scenario or the common sentences know.
    fn sound(&self, scenario: usize, words: &[String]) -> bool {
        let of = |key| self.triples.get(&key);
        let (own, common) = (of(Some(scenario)), of(None));
        let strange = triples(words)
            .iter()
            .filter(|triple| {
                !own.is_some_and(|known| known.contains(triple))
                    && !common.is_some_and(|known| known.contains(triple))
            })
            .count();
        strange <= usize::from(words.len() >= LONG_SENTENCE)
    }

    /// The role of a sentence: as it stands, else that of the sentence of this scenario most like it, if that is clear.
    fn role(&self, scenario: usize, words: &[String]) -> Option<Role> {
        let near = |known: &Known| known.scenario.is_none_or(|home| home == scenario);
        if let Some(places) = self.exact.get(&words.join(" ")) {
            let mut roles: Vec<Role> = places
                .iter()
                .map(|&place| &self.sentences[place])
                .filter(|known| near(known))
                .map(|known| known.role)
                .collect();
            if roles.is_empty() {
                roles.extend(places.iter().map(|&place| self.sentences[place].role));
            }
            roles.sort();
            roles.dedup();
            return (roles.len() == 1).then(|| roles[0]);
        }
        let wanted = triples(words);
        let mut best: BTreeMap<Role, f64> = BTreeMap::new();
        for known in self.sentences.iter().filter(|known| near(known)) {
            let likeness = likeness(&wanted, &known.triples);
            let entry = best.entry(known.role).or_default();
            *entry = entry.max(likeness);
        }
        let mut ranked: Vec<(Role, f64)> = best.into_iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        let &(role, first) = ranked.first()?;
        let second = ranked.get(1).map_or(0.0, |&(_, likeness)| likeness);
        (first >= LIKE_ENOUGH && first - second >= CLEAR_LEAD).then_some(role)
    }
}

/// `text` with every combination of values for the slots that it uses.
fn fillings(scenario: &Scenario, text: &str) -> Vec<String> {
    let mut out = vec![text.to_owned()];
    let names: BTreeSet<&str> = slot_names(text).unwrap_or_default().into_iter().collect();
    for name in names {
        let Some(values) = scenario.slots.get(name) else {
            continue;
        };
        out = out
            .iter()
            .flat_map(|text| {
                values
                    .iter()
                    .map(|value| fill(text, &BTreeMap::from([(name, value.as_str())])))
            })
            .collect();
    }
    out
}

/// The sentences of a text: split after . ! ? (and a closing quote) where a space or the end follows.
fn sentences(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        let last = index + 1 == bytes.len();
        let ends = matches!(byte, b'.' | b'!' | b'?')
            || (matches!(byte, b'"' | b')')
                && index > 0
                && matches!(bytes[index - 1], b'.' | b'!' | b'?'));
        if last || (ends && bytes[index + 1] == b' ') {
            let sentence = text.get(start..=index).unwrap_or_default().trim();
            if !sentence.is_empty() {
                out.push(sentence);
            }
            start = index + 1;
        }
    }
    out
}

fn ends_whole(text: &str) -> bool {
    text.trim_end()
        .trim_end_matches(['"', ')'])
        .ends_with(['.', '!', '?'])
}

/// Lower-case words without marks.
fn words(sentence: &str) -> Vec<String> {
    sentence
        .split_whitespace()
        .map(|word| {
            word.chars()
                .filter(|c| c.is_alphanumeric())
                .flat_map(char::to_lowercase)
                .collect::<String>()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// Hashes of all runs of three words, with a mark for the start and the end of the sentence.
fn triples(words: &[String]) -> Vec<u64> {
    let padded: Vec<&str> = std::iter::once("^")
        .chain(words.iter().map(String::as_str))
        .chain(std::iter::once("$"))
        .collect();
    padded
        .windows(3)
        .map(|window| {
            let mut hasher = DefaultHasher::new();
            window.hash(&mut hasher);
            hasher.finish()
        })
        .collect()
}

/// Share of common triples: 0 for none, 1 for the same set.
fn likeness(a: &[u64], b: &[u64]) -> f64 {
    let shared = a.iter().filter(|triple| b.contains(triple)).count();
    2.0 * shared as f64 / (a.len() + b.len()).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Sampler, Split};
    use super::*;

    #[test]
    fn held_out_labelled_answers_are_judged_right() {
        let world = World::embedded().unwrap();
        let judge = Judge::new(&world);
        let items = Sampler::new(&world, 11).labelled(Split::HeldOutWordings, 1500);
        let mut wrong = [0.0; 4];
        for item in &items {
            let verdict = judge.verdict(item.scenario, &item.answer);
            wrong[0] += f64::from(u8::from(verdict.helpful != Some(item.traits.helpful)));
            wrong[1] += f64::from(u8::from(verdict.harmless != Some(item.traits.harmless)));
            wrong[2] += f64::from(u8::from(verdict.humorous != Some(item.traits.humorous)));
            wrong[3] += f64::from(u8::from(!verdict.coherent));
        }
        for count in wrong {
            assert!(count / (items.len() as f64) < 0.02, "{wrong:?}");
        }
    }

    #[test]
    fn swapped_or_cut_words_are_not_coherent() {
        let world = World::embedded().unwrap();
        let judge = Judge::new(&world);
        let (mut sound, mut all) = (0.0, 0.0);
        for item in Sampler::new(&world, 12).labelled(Split::Train, 400) {
            let mut words: Vec<&str> = item.answer.split(' ').collect();
            let cut = words[..words.len() - 1].join(" ");
            words.swap(1, 2);
            for text in [words.join(" "), cut] {
                sound += f64::from(u8::from(judge.verdict(item.scenario, &text).coherent));
                all += 1.0;
            }
        }
        assert!(sound / all < 0.02, "{sound} of {all}");
    }

    #[test]
    fn an_unknown_sentence_is_reported_and_not_guessed() {
        let world = World::embedded().unwrap();
        let verdict =
            Judge::new(&world).verdict(0, "Purple engines sleep under seven quiet oceans.");
        assert_eq!(verdict.unknown, 1);
        assert_eq!(
            (verdict.helpful, verdict.harmless, verdict.humorous),
            (None, None, None)
        );
        assert!(!verdict.coherent);
    }

    #[test]
    fn an_answer_to_another_question_is_not_coherent() {
        let world = World::embedded().unwrap();
        let judge = Judge::new(&world);
        let helpful = &world.scenarios[0].answers.helpful_harmless[0][0];
        let text = &fillings(&world.scenarios[0], helpful)[0];
        assert!(judge.verdict(0, text).coherent);
        assert!(!judge.verdict(1, text).coherent);
    }

    #[test]
    fn a_sentence_ends_at_its_mark_and_quote() {
        assert_eq!(
            sentences("Say \"No.\" Then go! Why? Well"),
            ["Say \"No.\"", "Then go!", "Why?", "Well"]
        );
    }
}
