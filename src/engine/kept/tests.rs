use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::domain::{Finish, ObjectiveWeights, Pane, Sampling};
use crate::engine::decode::{Director, GuidedStep, Job, Progress, decode_on};
use crate::engine::fake::{BYTES_PER_TOKEN, FakeScorer, VOCABULARY};
use crate::engine::mix::mix;
use crate::engine::sample::draw;

/// Everything that nothing else has asked to be told.
const PLENTY: u64 = 1 << 30;

/// What one stream of two objectives takes beside its tokens: the first rows.
const FIRST_ROWS: u64 = (3 * VOCABULARY * 4) as u64;

/// Records the guided steps, and stops after so many.
struct Recorder {
    weights: ObjectiveWeights,
    most: usize,
    steps: Vec<GuidedStep>,
    end: Option<Finish>,
}

impl Director for Recorder {
    fn weights(&mut self) -> ObjectiveWeights {
        Arc::clone(&self.weights)
    }

    fn goes_on(&mut self) -> bool {
        self.steps.len() < self.most
    }

    fn progress(&mut self, progress: Progress) {
        match progress {
            Progress::Step(Pane::Guided, step) => self.steps.push(*step),
            Progress::Ended(Pane::Guided, finish) => self.end = Some(finish),
            Progress::Opened
            | Progress::BaseScored(_)
            | Progress::Step(Pane::Base, _)
            | Progress::Ended(Pane::Base, _) => {}
        }
    }
}

struct Desk {
    scorer: FakeScorer,
    kept: KeptStreams,
    prompt: Prompt,
    sampling: Sampling,
}

impl Desk {
    fn new(sampling: Sampling, budget_bytes: u64) -> Self {
        Self {
            scorer: FakeScorer::new(&["a", "b"]),
            kept: KeptStreams::new(budget_bytes),
            prompt: Prompt::default(),
            sampling,
        }
    }

    /// Writes on behind `prefix`, at most so many steps; returns what was told.
    fn write(
        &mut self,
        prefix: &[TokenId],
        told_from: usize,
        weights: &[f64],
        most: usize,
    ) -> Recorder {
        let mut recorder = Recorder {
            weights: weights.into(),
            most,
            steps: Vec::new(),
            end: None,
        };
        let job = Job {
            prompt: &self.prompt,
            sampling: &self.sampling,
            with_base: prefix.is_empty(),
            prefix,
            told_from,
        };
        let never = CancelToken::default();
        decode_on(
            &mut self.scorer,
            &mut self.kept,
            &job,
            &never,
            &mut recorder,
        )
        .unwrap();
        assert_eq!(
            self.scorer.open_streams(),
            self.kept.len(),
            "only what is kept stays open"
        );
        recorder
    }
}

fn ids(steps: &[GuidedStep]) -> Vec<TokenId> {
    steps.iter().map(|step| step.token).collect()
}

fn sampling(seed: u64) -> Sampling {
    Sampling {
        seed,
        max_tokens: 40,
        ..Sampling::default()
    }
}

/// A seed whose text is long enough to be steered anew.
fn long_text(weights: &[f64]) -> (Sampling, Vec<TokenId>) {
    (0..1000)
        .map(|seed| {
            let sampling = sampling(seed);
            let text = FakeScorer::text(&[], weights, &sampling);
            (sampling, text)
        })
        .find(|(_, text)| text.len() == 40)
        .unwrap()
}

/// The first position of `text` at which these weights choose otherwise; its length where there is none.
fn first_change(text: &[TokenId], weights: &[f64], sampling: &Sampling) -> usize {
    (0..text.len())
        .find(|&at| {
            let rows = FakeScorer::rows(2, &text[..at]);
            draw(&mix(&rows, weights).scores, sampling, at) != text[at]
        })
        .unwrap_or(text.len())
}

fn samplers() -> impl Strategy<Value = Sampling> {
    let temperature = prop_oneof![Just(0.0), Just(0.3), Just(0.8), Just(1.0), Just(1.7)];
    let filters = prop_oneof![
        Just((0, 1.0, 0.0)),
        Just((1, 1.0, 0.0)),
        Just((5, 1.0, 0.0)),
        Just((0, 0.7, 0.0)),
        Just((0, 1.0, 0.1)),
        Just((20, 0.9, 0.02)),
    ];
    (any::<u64>(), temperature, filters).prop_map(|(seed, temperature, (top_k, top_p, min_p))| {
        Sampling {
            temperature,
            top_k,
            top_p,
            min_p,
            seed,
            max_tokens: 30,
        }
    })
}

/// One turn of a hand: other weights, where it is cut off if it is, and a token picked instead of another now and then.
#[derive(Debug, Clone)]
struct Turn {
    weights: [f64; 2],
    stops_after: Option<usize>,
    fork: Option<(usize, TokenId)>,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = (
        [0.0..3.0f64, 0.0..3.0f64],
        proptest::option::of(0usize..12),
        proptest::option::weighted(0.3, (0usize..30, 1..VOCABULARY as TokenId)),
    );
    let turn = turn.prop_map(|(weights, stops_after, fork)| Turn {
        weights,
        stops_after,
        fork,
    });
    proptest::collection::vec(turn, 5)
}

proptest! {
    #[test]
    fn any_chain_of_turns_ends_in_what_writing_from_scratch_gives(
        sampling in samplers(),
        first in [0.0..2.0f64, 0.0..2.0f64],
        turns in turns(),
        budget in prop_oneof![Just(0), Just(2 * (FIRST_ROWS + 20 * BYTES_PER_TOKEN)), Just(PLENTY)],
    ) {
        let mut desk = Desk::new(sampling.clone(), budget);
        let mut text = ids(&desk.write(&[], 0, &first, usize::MAX).steps);
        prop_assert_eq!(&text, &FakeScorer::text(&[], &first, &sampling));
        let mut decided = Vec::new();
        for Turn { weights, stops_after, fork } in turns {
            let (prefix, told_from) = match fork {
                Some((at, other)) if at < text.len() => {
                    let mut prefix = text[..at].to_vec();
                    prefix.push(other);
                    decided.clone_from(&prefix);
                    (prefix, at)
                }
                // The tokens before a fork are decided; behind them the weights decide.
                _ => {
                    let free = decided.len().min(text.len());
                    let at = (free..=text.len())
                        .find(|&at| at == text.len() || {
                            let rows = FakeScorer::rows(2, &text[..at]);
                            draw(&mix(&rows, &weights).scores, &sampling, at) != text[at]
                        })
                        .unwrap();
                    (text[..at].to_vec(), at)
                }
            };
            let record = desk.write(&prefix, told_from, &weights, stops_after.unwrap_or(usize::MAX));
            let mut expected = FakeScorer::text(&decided, &weights, &sampling);
            if record.end == Some(Finish::Cancelled) {
                expected.truncate(told_from + record.steps.len());
            }
            text = [&prefix[..told_from], &ids(&record.steps)].concat();
            prop_assert_eq!(&text, &expected);
            // A pick that was never written is not decided.
            decided.truncate(text.len());
            for (index, step) in record.steps.iter().enumerate() {
                prop_assert_eq!(step.position, told_from + index);
                prop_assert_eq!(step.given, step.position < prefix.len());
                prop_assert_eq!(&step.scores, &FakeScorer::rows(2, &text[..step.position]));
                prop_assert_eq!(&step.weights[..], &weights[..]);
            }
        }
    }
}

#[test]
fn steering_anew_reads_one_token_again_and_then_only_what_is_new() {
    let weights = [0.5, 0.5];
    let (sampling, text) = long_text(&weights);
    let mut desk = Desk::new(sampling, PLENTY);
    desk.write(&[], 0, &weights, usize::MAX);
    let (other, change) = (1..200)
        .map(|i| [0.5, 0.5 + 0.01 * f64::from(i)])
        .map(|other| (other, first_change(&text, &other, &desk.sampling)))
        .find(|(_, change)| *change < 40)
        .unwrap();
    assert!(change > 0);
    let before = desk.scorer.read;
    let record = desk.write(&text[..change], change, &other, usize::MAX);
    // The last token chosen is not read.
    assert_eq!(desk.scorer.read - before, record.steps.len());
}

#[test]
fn another_seed_for_the_same_prompt_does_not_read_the_prompt_again() {
    let mut desk = Desk::new(sampling(1), PLENTY);
    desk.write(&[], 0, &[0.3, 0.3], usize::MAX);
    let made = desk.scorer.made;
    desk.sampling.seed = 2;
    let record = desk.write(&[], 0, &[0.0, 0.0], usize::MAX);
    assert_eq!(
        ids(&record.steps),
        FakeScorer::text(&[], &[0.0, 0.0], &desk.sampling)
    );
    assert!(
        desk.scorer.made - made <= 1,
        "a fork at most, no new stream"
    );
}

#[test]
fn texts_of_other_prompts_are_not_mixed_up() {
    let mut desk = Desk::new(sampling(3), PLENTY);
    let one = ids(&desk.write(&[], 0, &[0.3, 0.3], usize::MAX).steps);
    desk.prompt.text = "another".to_owned();
    let two = ids(&desk.write(&[], 0, &[0.3, 0.3], usize::MAX).steps);
    assert_ne!(one, two);
    desk.prompt.text.clear();
    let again = desk.write(&one[..2], 2, &[0.3, 0.3], usize::MAX);
    assert_eq!(ids(&again.steps), one[2..]);
}

#[test]
fn both_branches_of_a_fork_can_be_written_on_without_reading_them_again() {
    let weights = [0.5, 0.5];
    let (sampling, text) = long_text(&weights);
    let mut desk = Desk::new(sampling, PLENTY);
    desk.write(&[], 0, &weights, usize::MAX);
    let mut branch = text[..4].to_vec();
    branch.push(text[4] % 31 + 1);
    desk.write(&branch, 4, &weights, usize::MAX);
    assert_eq!(desk.kept.len(), 2);
    let before = desk.scorer.read;
    let record = desk.write(&text[..38], 38, &weights, usize::MAX);
    assert_eq!(ids(&record.steps), text[38..]);
    assert_eq!(desk.scorer.read - before, 2, "one again, one new");
}

#[test]
fn the_oldest_streams_go_first_and_the_newest_stays_whatever_its_size() {
    let weights = [0.5, 0.5];
    let (sampling, text) = long_text(&weights);
    let two = 2 * (FIRST_ROWS + 25 * BYTES_PER_TOKEN);
    for (budget, expected) in [(0, 1), (two, 2), (PLENTY, 4)] {
        let mut desk = Desk::new(sampling.clone(), budget);
        for prompt in ["a", "b", "c", ""] {
            desk.prompt.text = prompt.to_owned();
            desk.write(&[], 0, &weights, 25);
        }
        assert_eq!(desk.kept.len(), expected);
        assert!(expected == 1 || desk.kept.bytes(&desk.scorer) <= budget);
        let before = desk.scorer.made;
        desk.write(&text[..5], 5, &weights, 3);
        assert!(desk.scorer.made - before <= 1, "the newest is there");
        desk.kept.clear(&mut desk.scorer);
        assert_eq!(desk.scorer.open_streams(), 0);
    }
}

#[test]
fn a_reading_that_is_stopped_keeps_what_it_has_read() {
    let weights = [0.5, 0.5];
    let (sampling, text) = long_text(&weights);
    let mut desk = Desk::new(sampling, PLENTY);
    let never = CancelToken::default();
    let mut left = 4;
    let stopped = desk.kept.read(
        &mut desk.scorer,
        &desk.prompt,
        &text[..30],
        &never,
        &mut || {
            left -= 1;
            left < 0
        },
    );
    assert_eq!(stopped.unwrap_err(), EngineError::Cancelled);
    let before = desk.scorer.read;
    let record = desk.write(&text[..30], 30, &weights, 1);
    assert_eq!(ids(&record.steps), text[30..31]);
    assert!(desk.scorer.read - before <= 20);
}

#[test]
fn a_beginning_that_ends_the_text_ends_it_at_once() {
    let mut desk = Desk::new(sampling(1), PLENTY);
    for (told_from, told) in [(3, 0), (2, 1)] {
        let record = desk.write(&[4, 5, 0], told_from, &[0.0, 0.0], usize::MAX);
        assert_eq!(record.steps.len(), told);
        assert_eq!(record.end, Some(Finish::Eos));
    }
    desk.sampling.max_tokens = 3;
    let record = desk.write(&[4, 5, 6], 3, &[0.0, 0.0], usize::MAX);
    assert!(record.steps.is_empty());
    assert_eq!(record.end, Some(Finish::Length));
}

#[test]
fn reading_aside_leaves_what_is_kept_as_it_is() {
    let weights = [0.5, 0.5];
    let (sampling, text) = long_text(&weights);
    let mut desk = Desk::new(sampling, PLENTY);
    desk.write(&[], 0, &weights, usize::MAX);
    let never = CancelToken::default();
    let mut other = text[..36].to_vec();
    other.push(text[36] % 31 + 1);
    let before = desk.scorer.read;
    let (reading, scores) = desk
        .kept
        .read_aside(&mut desk.scorer, &desk.prompt, &other, &never, &mut || {
            false
        })
        .unwrap();
    assert_eq!(scores, FakeScorer::rows(2, &other));
    assert_eq!(desk.scorer.read - before, 1, "the alternative alone");
    assert_eq!(desk.scorer.open_streams(), desk.kept.len() + 1);
    desk.scorer.close(reading.stream);
    let before = desk.scorer.read;
    desk.write(&text[..38], 38, &weights, usize::MAX);
    assert_eq!(desk.scorer.read - before, 2, "nothing was cut back");
    // A prompt that nobody has read is read for later texts too; a look that is stopped leaves nothing open.
    desk.prompt.text = "another".to_owned();
    let stopped = desk
        .kept
        .read_aside(&mut desk.scorer, &desk.prompt, &[4], &never, &mut || true);
    assert_eq!(stopped.unwrap_err(), EngineError::Cancelled);
    assert_eq!(desk.scorer.open_streams(), desk.kept.len());
    let made = desk.scorer.made;
    desk.write(&[], 0, &weights, 3);
    assert!(
        desk.scorer.made - made <= 2,
        "two forks at most, no new stream"
    );
}
