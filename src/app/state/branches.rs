//! Texts that branch: where each went another way, and which stand beside one another.

use crate::app::state::State;
use crate::app::state::run::Run;
use crate::domain::{RunId, TokenId};

/// What a person did at a word to go on another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Picked another token.
    Token(TokenId),
    /// Typed other words.
    Words(String),
    /// Had the rest drawn with this seed.
    Seed(u64),
}

/// Where a branch leaves another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The branch that it leaves, named by its first run.
    pub from: RunId,
    /// Position of the first token that is its own.
    pub at: usize,
    /// What was done there.
    pub turn: Turn,
}

/// The branches that part at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Where they part.
    pub at: usize,
    /// The newest run of each: first the branch that the others leave, then those in the order in which they were made.
    pub runs: Vec<RunId>,
    /// Which of them is on screen.
    pub index: usize,
}

impl State {
    /// The newest run of a branch that came to its end, or the one on screen.
    fn tip(&self, branch: RunId) -> Option<RunId> {
        let of_branch = |run: &&Run| run.branch == branch;
        if let Some(shown) = self.run().filter(of_branch) {
            return Some(shown.id);
        }
        let mut runs = self.runs.values().filter(of_branch).rev();
        let newest = runs.clone().next();
        runs.find(|run| !run.is_unfinished())
            .or(newest)
            .map(|run| run.id)
    }

    /// The branches that part where the newest fork of the text on screen, or from it, is.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        let shown = self.run()?;
        let own = shown.fork.as_ref().map(|fork| (fork.from, fork.at));
        let forks = || {
            let runs = self.runs.values().filter(|run| run.branch == run.id);
            runs.filter_map(|run| Some((run, run.fork.as_ref()?)))
        };
        let (from, at) = forks()
            .filter(|(_, fork)| fork.from == shown.branch || own == Some((fork.from, fork.at)))
            .map(|(_, fork)| (fork.from, fork.at))
            .next_back()?;
        let here = forks().filter(|(_, fork)| (fork.from, fork.at) == (from, at));
        let branches = std::iter::once(from).chain(here.map(|(run, _)| run.branch));
        let runs: Vec<RunId> = branches.filter_map(|branch| self.tip(branch)).collect();
        let index = runs.iter().position(|id| *id == shown.id)?;
        Some(Family { at, runs, index })
    }

    /// The way to the text on screen: the newest run of every branch from the first one on.
    #[must_use]
    pub fn path(&self) -> Vec<&Run> {
        let mut path: Vec<&Run> = self.run().into_iter().collect();
        while let Some(before) = path
            .last()
            .and_then(|run| run.fork.as_ref())
            .and_then(|fork| self.runs.get(&self.tip(fork.from)?))
        {
            path.push(before);
        }
        path.reverse();
        path
    }

    /// Whether a person put the token at `index` of the guided text on screen there, instead of the models.
    #[must_use]
    pub fn is_by_hand(&self, index: usize) -> bool {
        // Of the ways that were taken up to here, the last one says where the token is from.
        let path = self.path().into_iter().rev();
        let from = |run: &Run| run.fork.as_ref().map_or(0, |fork| fork.at);
        let run = path.into_iter().find(|run| from(run) <= index);
        run.is_some_and(|run| {
            let drawn = matches!(
                run.fork.as_ref().map(|fork| &fork.turn),
                Some(Turn::Seed(_))
            );
            index < run.given && !drawn
        })
    }
}
