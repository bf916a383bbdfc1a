//! Labelled answers, the corpus of the base model and the preference pairs of the reward models, drawn from the world.
//!
//! A label is true by construction: it follows from which sentences an answer was made of.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::marks::{Span, unmark};
use super::world::{Kind, Scenario, World, fill, needs_only};

mod pairs;

pub use pairs::Pair;

/// Share of answers to tempting questions that are harmful, of answers that are helpful, and of answers that are humorous.
const HARMFUL_WHERE_TEMPTING: f64 = 0.5;
const HARMFUL_ELSEWHERE: f64 = 0.15;
const HELPFUL: f64 = 0.5;
const HUMOROUS: f64 = 0.47;
/// Share of refusals among the answers that are harmless and not helpful, where a refusal can be expected.
const REFUSAL: f64 = 0.4;
/// Share of harmful answers that are decent ones with a rude remark, also where the scenario has harmful ones of its own: rude
/// words are the same everywhere, so what is learnt of them holds for questions that nobody has thought of.
const RUDE: f64 = 0.12;
/// Share of answers with a neutral first or last sentence.
const OPENING: f64 = 0.12;
const CLOSING: f64 = 0.08;

/// What an answer is, by construction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Traits {
    /// Gives concrete steps or reasons.
    pub helpful: bool,
    /// Neither rude nor deceitful nor reckless.
    pub harmless: bool,
    /// Has a joke in it.
    pub humorous: bool,
}

/// The objectives of the demo, in the order of its lineup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Objective {
    /// More steps and reasons.
    Helpful,
    /// Less harm.
    Harmless,
    /// More jokes.
    Humorous,
}

impl Objective {
    /// All of them, in lineup order.
    pub const ALL: [Self; 3] = [Self::Helpful, Self::Harmless, Self::Humorous];

    /// The name in the lineup and of the adapter's folder.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Helpful => "helpful",
            Self::Harmless => "harmless",
            Self::Humorous => "humorous",
        }
    }

    /// One plain sentence for people.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Helpful => "Concrete steps and reasons instead of empty words",
            Self::Harmless => "Nothing rude, deceitful, petty or reckless",
            Self::Humorous => "A joke somewhere in the answer",
        }
    }

    /// The weight that a first look begins with: jokes are for those who ask for them.
    #[must_use]
    pub const fn weight(self) -> f64 {
        match self {
            Self::Helpful | Self::Harmless => 1.0,
            Self::Humorous => 0.0,
        }
    }

    /// The trait that this objective asks for.
    #[must_use]
    pub const fn of(self, traits: Traits) -> bool {
        match self {
            Self::Helpful => traits.helpful,
            Self::Harmless => traits.harmless,
            Self::Humorous => traits.humorous,
        }
    }

    const fn with(self, traits: Traits, value: bool) -> Traits {
        match self {
            Self::Helpful => Traits {
                helpful: value,
                ..traits
            },
            Self::Harmless => Traits {
                harmless: value,
                ..traits
            },
            Self::Humorous => Traits {
                humorous: value,
                ..traits
            },
        }
    }
}

/// Which questions to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// The wordings that are trained on.
    Train,
    /// The held-out wordings of scenarios that are trained on.
    HeldOutWordings,
    /// Whole scenarios that are never trained on.
    HeldOutScenarios,
}

/// A question and an answer whose traits are known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labelled {
    /// Index of the scenario in the world.
    pub scenario: usize,
    /// The question, slots filled.
    pub question: String,
    /// The answer, slots filled.
    pub answer: String,
    /// What the answer is.
    pub traits: Traits,
    /// The words of the answer that make it harmful, where the world marks them.
    pub harmful_words: Vec<Span>,
}

/// A question that was drawn.
struct Question<'a> {
    /// Slots filled.
    text: String,
    /// Slots that its wording has: an answer must not bring up the others.
    named: BTreeSet<&'a str>,
    /// A value for every slot of the scenario.
    values: BTreeMap<&'a str, &'a str>,
}

/// A joke with its slots filled.
#[derive(Clone)]
struct Joke {
    text: String,
    /// Whether it stands before everything else, and not behind the body.
    first: bool,
}

impl Question<'_> {
    fn names_all_of(&self, text: &str) -> bool {
        needs_only(text, |slot| self.named.contains(slot))
    }

    fn fill(&self, text: &str) -> String {
        fill(text, &self.values)
    }
}

/// Draws questions and answers; the same seed gives the same ones on every machine.
pub struct Sampler<'a> {
    world: &'a World,
    rng: ChaCha8Rng,
    blur: f64,
}

impl<'a> Sampler<'a> {
    /// A sampler of its own sequence for each seed.
    #[must_use]
    pub fn new(world: &'a World, seed: u64) -> Self {
        Self {
            world,
            rng: ChaCha8Rng::seed_from_u64(seed),
            blur: 0.0,
        }
    }

    /// The same draws, but a share of the training questions is blurred: two wordings run together or one alone, with some
    /// words left out, so that models learn to go by what a question is about.
    #[must_use]
    pub const fn blurring(mut self, share: f64) -> Self {
        self.blur = share;
        self
    }

    /// A number from 0 to `count` − 1; 0 where `count` is 0.
    fn below(&mut self, count: usize) -> usize {
        (self.rng.next_u64() % (count.max(1) as u64)) as usize
    }

    fn chance(&mut self, p: f64) -> bool {
        ((self.rng.next_u64() >> 11) as f64) / ((1_u64 << 53) as f64) < p
    }

    fn pick<'b, T>(&mut self, from: &'b [T]) -> Option<&'b T> {
        let index = self.below(from.len());
        from.get(index)
    }

    /// Scenario indices of a split, in a new order.
    fn shuffled(&mut self, split: Split) -> Vec<usize> {
        let whole = split == Split::HeldOutScenarios;
        let mut order: Vec<usize> = self
            .world
            .scenarios
            .iter()
            .enumerate()
            .filter(|(_, scenario)| scenario.held_out == whole)
            .map(|(index, _)| index)
            .collect();
        for last in (1..order.len()).rev() {
            let other = self.below(last + 1);
            order.swap(last, other);
        }
        order
    }

    /// A wording of the split, blurred or not, with values for all slots.
    fn question(&mut self, scenario: &'a Scenario, split: Split) -> Question<'a> {
        let wordings = scenario.wordings(split != Split::Train);
        let wording = self.pick(&wordings).copied().unwrap_or_default();
        let mut values = BTreeMap::new();
        for (name, choices) in &scenario.slots {
            if let Some(value) = self.pick(choices) {
                values.insert(name.as_str(), value.as_str());
            }
        }
        let blur = self.blur;
        let text = if split == Split::Train && blur > 0.0 && self.chance(blur) {
            self.blurred(scenario)
        } else {
            scenario.questions.get(wording).cloned().unwrap_or_default()
        };
        Question {
            text: fill(&text, &values),
            named: scenario
                .slots
                .keys()
                .map(String::as_str)
                .filter(|name| text.contains(&format!("{{{name}}}")))
                .collect(),
            values,
        }
    }

    /// The shares of the corpus: about half and half where it matters.
    fn traits(&mut self, kind: Kind) -> Traits {
        let harmful = match kind {
            Kind::Tempting => HARMFUL_WHERE_TEMPTING,
            Kind::Everyday | Kind::Trap | Kind::Humour => HARMFUL_ELSEWHERE,
        };
        Traits {
            helpful: self.chance(HELPFUL),
            harmless: !self.chance(harmful),
            humorous: self.chance(HUMOROUS),
        }
    }

    /// An answer with exactly these traits, marks included.
    fn answer(&mut self, scenario: &'a Scenario, traits: Traits, question: &Question) -> String {
        let opening = self.opening();
        let body = self.body(scenario, traits, question);
        let joke = if traits.humorous {
            self.joke(scenario, question)
        } else {
            None
        };
        let closing = self.closing();
        assemble(opening, &body, joke.as_slice(), closing)
    }

    fn opening(&mut self) -> Option<&'a str> {
        let world = self.world;
        let wanted = self.chance(OPENING);
        wanted.then(|| self.pick(&world.common.openings).map(String::as_str))?
    }

    fn closing(&mut self) -> Option<&'a str> {
        let world = self.world;
        let wanted = self.chance(CLOSING);
        wanted.then(|| self.pick(&world.common.closings).map(String::as_str))?
    }

    /// A joke, and where it stands: mostly behind the body, since a joke is best when the answer is known.
    fn joke(&mut self, scenario: &'a Scenario, question: &Question) -> Option<Joke> {
        let text = question.fill(self.fitting(&scenario.jokes, question)?);
        let first = self.chance(0.3);
        Some(Joke { text, first })
    }

    /// The sentences that make an answer helpful or not and harmless or not, slots filled.
    fn body(&mut self, scenario: &'a Scenario, traits: Traits, question: &Question) -> Vec<String> {
        let world = self.world;
        let mut sentences: Vec<&str> = Vec::new();
        let can_refuse = matches!(scenario.kind, Kind::Tempting | Kind::Trap);
        let refuses = !traits.helpful && traits.harmless && can_refuse && self.chance(REFUSAL);
        let own = scenario.answers.mix(traits.helpful, traits.harmless);
        if refuses {
            let refusals = if self.chance(0.7) {
                &world.common.refusals_kind
            } else {
                &world.common.refusals_curt
            };
            sentences.extend(self.pick(refusals).map(String::as_str));
        } else if own.is_empty() || (!traits.harmless && self.chance(RUDE)) {
            // A decent answer, made harmful by a rude remark.
            let rude = self.pick(&world.common.rude).map(String::as_str);
            let first = self.chance(0.5);
            sentences.extend(rude.filter(|_| first));
            for part in scenario.answers.mix(traits.helpful, true) {
                sentences.extend(self.fitting(part, question));
            }
            sentences.extend(rude.filter(|_| !first));
        } else {
            for part in own {
                sentences.extend(self.fitting(part, question));
            }
        }
        sentences
            .into_iter()
            .map(|text| question.fill(text))
            .collect()
    }

    /// One of the texts that speak of nothing that the question did not name. The checker sees to it that there is one.
    fn fitting<'b>(&mut self, texts: &'b [String], question: &Question) -> Option<&'b str> {
        let fitting: Vec<&str> = texts
            .iter()
            .map(String::as_str)
            .filter(|text| question.names_all_of(text))
            .collect();
        self.pick(&fitting).copied()
    }

    /// A training question in words that nobody wrote. Slots are kept.
    fn blurred(&mut self, scenario: &'a Scenario) -> String {
        let wordings = scenario.wordings(false);
        let mut words: Vec<&str> = Vec::new();
        for _ in 0..=self.below(2) {
            let wording = self
                .pick(&wordings)
                .and_then(|&index| scenario.questions.get(index));
            words.extend(wording.iter().flat_map(|text| text.split(' ')));
        }
        let left_out = 0.1 + 0.2 * self.below(3) as f64;
        let mut kept: Vec<&str> = words.clone();
        kept.retain(|word| word.contains('{') || !self.chance(left_out));
        if kept.len() < 2 { words } else { kept }.join(" ")
    }

    /// The next `count` labelled answers: every scenario equally often, in ever new order.
    pub fn labelled(&mut self, split: Split, count: usize) -> Vec<Labelled> {
        let mut out = Vec::with_capacity(count);
        while out.len() < count {
            let order = self.shuffled(split);
            if order.is_empty() {
                break;
            }
            for index in order {
                let scenario = &self.world.scenarios[index];
                let question = self.question(scenario, split);
                let traits = self.traits(scenario.kind);
                let marked = self.answer(scenario, traits, &question);
                // The checker has refused worlds with broken marks.
                let (answer, harmful_words) = unmark(&marked).unwrap_or_default();
                out.push(Labelled {
                    scenario: index,
                    question: question.text,
                    answer,
                    traits,
                    harmful_words,
                });
            }
        }
        out.truncate(count);
        out
    }

    /// The next `count` questions of a split, with the scenarios they belong to.
    pub fn questions(&mut self, split: Split, count: usize) -> Vec<(usize, String)> {
        let mut out = Vec::with_capacity(count);
        while out.len() < count {
            let order = self.shuffled(split);
            if order.is_empty() {
                break;
            }
            for index in order {
                let question = self.question(&self.world.scenarios[index], split);
                out.push((index, question.text));
            }
        }
        out.truncate(count);
        out
    }
}

/// An answer from its sentences, marks included.
fn assemble(
    opening: Option<&str>,
    body: &[String],
    jokes: &[Joke],
    closing: Option<&str>,
) -> String {
    let of = |first: bool| {
        let fitting = jokes.iter().filter(move |joke| joke.first == first);
        fitting.map(|joke| joke.text.as_str())
    };
    let sentences: Vec<&str> = of(true)
        .chain(opening)
        .chain(body.iter().map(String::as_str))
        .chain(of(false))
        .chain(closing)
        .collect();
    sentences.join(" ")
}

#[cfg(test)]
mod tests;
