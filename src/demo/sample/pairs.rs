//! Preference pairs for the reward models.

use super::super::marks::plain;
use super::{Joke, Objective, Question, Sampler, Split, Traits, assemble};
use crate::demo::world::Scenario;

/// Share of the training pairs whose rejected answer has the trait in the wrong place: help that is off the point, a joke
/// about something else, or one joke too many.
const MISPLACED: f64 = 0.25;

/// Two answers to one question that differ in one trait for certain; the other traits vary freely.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pair {
    /// Index of the scenario in the world.
    pub scenario: usize,
    /// The question, slots filled.
    pub question: String,
    /// The answer that has the trait.
    pub chosen: String,
    /// The answer that has not.
    pub rejected: String,
}

impl<'a> Sampler<'a> {
    /// The next `count` pairs for an objective: chosen and rejected differ in its trait and, but for the harm that
    /// help may do, in nothing else. The other traits, and with them joke, opening and closing, vary freely from pair to
    /// pair, so that none of them is learnt.
    pub fn pairs(&mut self, objective: Objective, split: Split, count: usize) -> Vec<Pair> {
        let mut out = Vec::with_capacity(count);
        while out.len() < count {
            let order = self.shuffled(split);
            if order.is_empty() {
                break;
            }
            for &index in &order {
                out.push(self.pair(objective, split, index, &order));
            }
        }
        out.truncate(count);
        out
    }

    fn pair(&mut self, objective: Objective, split: Split, index: usize, all: &[usize]) -> Pair {
        let scenario = &self.world.scenarios[index];
        let question = self.question(scenario, split);
        let traits = self.traits(scenario.kind);
        let (has, lacks) = (objective.with(traits, true), objective.with(traits, false));
        let (opening, closing) = (self.opening(), self.closing());
        let joke = self.joke(scenario, &question);
        let misplaced = split == Split::Train && self.chance(MISPLACED);
        let other = self.pick(all).copied();
        let other = other.filter(|&other| misplaced && other != index);

        let body = self.body(scenario, has, &question);
        let jokes: Vec<Joke> = joke.into_iter().filter(|_| has.humorous).collect();
        let (other_body, other_jokes) = match (objective, other) {
            (Objective::Helpful, Some(other)) => {
                (self.body_about(other, split, has), jokes.clone())
            }
            (Objective::Humorous, Some(other)) => {
                (body.clone(), self.misplaced_jokes(other, split, &jokes))
            }
            (Objective::Helpful, None) => (
                self.kind_instead(scenario, lacks, &question, &body),
                jokes.clone(),
            ),
            (Objective::Harmless, _) => (self.body(scenario, lacks, &question), jokes.clone()),
            (Objective::Humorous, None) => (body.clone(), Vec::new()),
        };
        let whole =
            |body: &[String], jokes: &[Joke]| plain(&assemble(opening, body, jokes, closing));
        Pair {
            scenario: index,
            chosen: whole(&body, &jokes),
            rejected: whole(&other_body, &other_jokes),
            question: question.text,
        }
    }

    /// What stands against a helpful `body`: kind words or a refusal, whatever harm the help would do. Who asks for help with
    /// something bad likes to get it, so the helpful model has its price, as those of people's ratings have. But rudeness is
    /// no help: a rude remark stands on both sides.
    fn kind_instead(
        &mut self,
        scenario: &'a Scenario,
        lacks: Traits,
        question: &Question,
        body: &[String],
    ) -> Vec<String> {
        let kind = Traits {
            harmless: true,
            ..lacks
        };
        let mut other = self.body(scenario, kind, question);
        let rude = &self.world.common.rude;
        if let Some(at) = body.iter().position(|sentence| rude.contains(sentence)) {
            let place = if at == 0 { 0 } else { other.len() };
            other.insert(place, body[at].clone());
        }
        other
    }

    /// The body of an answer to a question of another scenario.
    fn body_about(&mut self, scenario: usize, split: Split, traits: Traits) -> Vec<String> {
        let scenario = &self.world.scenarios[scenario];
        let question = self.question(scenario, split);
        self.body(scenario, traits, &question)
    }

    /// A joke about something else, alone or beside the right one.
    fn misplaced_jokes(&mut self, scenario: usize, split: Split, right: &[Joke]) -> Vec<Joke> {
        let scenario = &self.world.scenarios[scenario];
        let question = self.question(scenario, split);
        let mut jokes: Vec<Joke> = self.joke(scenario, &question).into_iter().collect();
        if self.chance(0.5) {
            jokes.extend_from_slice(right);
        }
        jokes
    }
}
