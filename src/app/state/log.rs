//! What was told: every notice and problem that was shown, so that it can be read again.

use std::collections::{BTreeMap, VecDeque};

use super::habits::Sheet;
use super::past::BESIDE;
use super::score::{BatchSaved, Side};
use super::tradeoff::{Saved, SweepPhase};
use super::training::Phase;
use super::{LineupState, State};

/// Messages that are kept.
pub const MOST_MESSAGES: usize = 200;

/// Where messages are shown; each place shows one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The card of what went wrong.
    Problem,
    /// The notice over the texts.
    Notice,
    /// What happened last on the Models page.
    Models,
    /// What went wrong with the hub.
    Hub,
    /// What happened last on the Runs page.
    Runs,
    /// What became of prompts that were imported or exported.
    Prompts,
    /// Where the history is kept.
    History,
    /// What went wrong in a training.
    Training,
    /// What went wrong in a sweep.
    Sweep,
    /// What became of a sweep that was to be saved.
    SavedSweep,
    /// What went wrong with scores of a sweep's texts from elsewhere.
    IndependentScores,
    /// What went wrong with an answer on the Score page.
    Scored(usize),
    /// Why a file with answers cannot be read.
    Answers,
    /// What became of scores that were to be saved.
    SavedScores,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// Whether something went wrong.
    pub is_problem: bool,
    /// In one sentence.
    pub summary: String,
    /// What can be done.
    pub hint: Option<String>,
    /// The technical rest.
    pub details: Option<String>,
}

impl Words {
    fn notice(summary: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            ..Self::default()
        }
    }
}

impl From<&crate::error::Failure> for Words {
    fn from(failure: &crate::error::Failure) -> Self {
        Self {
            is_problem: true,
            summary: failure.summary.clone(),
            hint: failure.hint.clone(),
            details: failure.details.clone(),
        }
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number, in the order in which they came.
    pub number: u64,
    /// When, seconds since 1970.
    pub at: u64,
    /// What it says.
    pub words: Words,
    /// Whether its details are unfolded.
    pub open: bool,
}

/// All messages of this session.
#[derive(Debug, Default)]
pub struct Log {
    /// The newest first.
    pub messages: VecDeque<Message>,
    /// How many came since the list was on screen.
    pub unread: usize,
    next: u64,
    /// What each place shows.
    shown: BTreeMap<Place, Words>,
}

impl Log {
    /// Takes in what all places show now: what they did not show before is a new message of the moment `at`, seconds since
    /// 1970. `is_read` says whether the list is on screen.
    pub(crate) fn keep(&mut self, now: BTreeMap<Place, Words>, at: u64, is_read: bool) {
        for (place, words) in &now {
            if self.shown.get(place) == Some(words) {
                continue;
            }
            self.messages.push_front(Message {
                number: self.next,
                at,
                words: words.clone(),
                open: false,
            });
            self.next += 1;
            self.unread += 1;
        }
        self.shown = now;
        self.messages.truncate(MOST_MESSAGES);
        self.unread = if is_read {
            0
        } else {
            self.unread.min(MOST_MESSAGES)
        };
    }

    /// Whether some place shows these words.
    pub(crate) fn is_shown(&self, words: &Words) -> bool {
        self.shown.values().any(|shown| shown == words)
    }
}

impl State {
    /// What the window tells now, by place.
    pub(crate) fn told(&self) -> BTreeMap<Place, Words> {
        let mut told = BTreeMap::new();
        let mut tell = |place, words: Option<Words>| {
            if let Some(words) = words {
                told.insert(place, words);
            }
        };
        let problem = self.problem.as_ref().map(|problem| &problem.failure);
        tell(Place::Problem, problem.map(Words::from));
        tell(Place::Notice, self.far().map(far_words));
        let models = self.models.note.as_ref();
        tell(Place::Models, models.map(|note| Words::notice(&note.words)));
        let hub = self.models.hub.problem.as_ref();
        tell(Place::Hub, hub.map(|(failure, _)| Words::from(failure)));
        tell(Place::Runs, self.past.note.as_ref().map(Words::notice));
        let prompts = self.library.note.as_ref().map(|note| Words {
            is_problem: self.library.is_fault,
            ..Words::notice(note)
        });
        tell(Place::Prompts, prompts);
        let beside = self.past.is_beside.then(|| Words::notice(BESIDE));
        tell(Place::History, beside);
        let training = match self.training.run.as_ref().map(|run| &run.phase) {
            Some(Phase::Failed(failure)) => Some(Words::from(failure)),
            _ => None,
        };
        tell(Place::Training, training);
        let sweep = match self.tradeoff.sweep.as_ref().map(|sweep| &sweep.phase) {
            Some(SweepPhase::Failed(failure)) => Some(Words::from(failure)),
            _ => None,
        };
        tell(Place::Sweep, sweep);
        let saved = match &self.tradeoff.saved {
            Saved::Failed(failure) => Some(Words::from(failure)),
            _ => None,
        };
        tell(Place::SavedSweep, saved);
        let scores = self.tradeoff.scores.note.as_ref();
        let scores = scores.and_then(|note| note.as_ref().err());
        tell(Place::IndependentScores, scores.map(Words::from));
        let sides = self.score.sheet().map(|sheet| &sheet.sides);
        for (side, scored) in sides.into_iter().flatten().enumerate() {
            let failed = scored.as_ref().and_then(Side::failure);
            tell(Place::Scored(side), failed.map(Words::from));
        }
        let batch = &self.score.batch;
        let unread = batch.file.as_ref().and_then(|file| file.as_ref().err());
        tell(Place::Answers, unread.map(Words::from));
        let saved = match &batch.saved {
            BatchSaved::Failed(failure) => Some(Words::from(failure)),
            BatchSaved::Not | BatchSaved::Writing(_) | BatchSaved::At(_) => None,
        };
        tell(Place::SavedScores, saved);
        told
    }

    /// Whether the list of messages is on screen.
    pub(crate) fn reads_messages(&self) -> bool {
        self.sheet == Some(Sheet::Messages)
    }

    /// Why what is written may not fit the prompt, in one sentence, where it lies outside what the models know.
    #[must_use]
    pub fn far(&self) -> Option<String> {
        self.run().filter(|run| run.unfamiliar)?;
        match &self.lineup {
            LineupState::Ready(info) => Some(info.far().to_owned()),
            LineupState::Loading { .. } | LineupState::Missing => None,
        }
    }
}

/// What can be done where a prompt lies outside what the models know.
pub const FAR_HINT: &str = "What it writes may not fit the prompt. Try one from the library, or choose models that know far more \
                            on the Models page.";

fn far_words(summary: String) -> Words {
    Words {
        hint: Some(FAR_HINT.to_owned()),
        ..Words::notice(summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(place: Place, words: &str) -> BTreeMap<Place, Words> {
        [(place, Words::notice(words))].into()
    }

    fn summaries(log: &Log) -> Vec<&str> {
        let words = log.messages.iter().map(|m| m.words.summary.as_str());
        words.collect()
    }

    #[test]
    fn what_stays_on_screen_is_one_message_and_what_comes_again_another() {
        let mut log = Log::default();
        log.keep(at(Place::Runs, "Saved"), 1, false);
        log.keep(at(Place::Runs, "Saved"), 2, false);
        assert_eq!(summaries(&log), ["Saved"]);
        log.keep(BTreeMap::new(), 3, false);
        log.keep(at(Place::Runs, "Saved"), 4, false);
        log.keep(at(Place::Runs, "Deleted"), 5, false);
        assert_eq!(summaries(&log), ["Deleted", "Saved", "Saved"]);
        assert_eq!((log.messages[0].at, log.unread), (5, 3));
        log.keep(at(Place::Runs, "Deleted"), 6, true);
        assert_eq!(log.unread, 0);
    }

    #[test]
    fn the_oldest_messages_are_forgotten() {
        let mut log = Log::default();
        for number in 0..MOST_MESSAGES + 50 {
            log.keep(at(Place::Models, &number.to_string()), 0, false);
        }
        assert_eq!(log.messages.len(), MOST_MESSAGES);
        assert_eq!(
            (log.messages[0].words.summary.as_str(), log.unread),
            ("249", 200)
        );
        assert_eq!(log.messages[MOST_MESSAGES - 1].words.summary, "50");
    }
}
