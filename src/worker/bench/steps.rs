//! Reading prompts and taking steps: what the models cost.

use std::time::Instant;

use super::rounds::Rounds;
use super::{Plan, PrefillTimes, StepTime, StepTimes};
use crate::domain::{CancelToken, Prompt, TokenId};
use crate::engine::scorer::{Parts, Scorer, StreamId};
use crate::error::Failure;

/// Most rows of the plain model that are measured in one step.
pub(super) const MOST_ROWS: usize = 8;

/// Seconds that one turn of a job should last, so that switching jobs does not count.
const TURN_SECS: f64 = 0.08;

/// Most steps of one turn.
pub(super) const MOST_STEPS: usize = 24;

/// A tokenizer that makes fewer tokens of words than this is not tried any longer.
const MOST_WORDS_PER_TOKEN: usize = 16;

/// A prompt of at least `tokens` tokens for the base, as few more as words allow, and how many it has.
///
/// # Errors
/// A tokenizer that fails.
pub(super) fn prompt_of(scorer: &dyn Scorer, tokens: usize) -> Result<(Prompt, usize), Failure> {
    const WORDS: [&str; 12] = [
        "my",
        "neighbour",
        "asks",
        "what",
        "to",
        "do",
        "with",
        "an",
        "old",
        "bicycle",
        "and",
        "a",
    ];
    let of = |words: usize| -> Result<(Prompt, usize), Failure> {
        let text: Vec<&str> = WORDS.into_iter().cycle().take(words).collect();
        let prompt = Prompt {
            raw: true,
            ..Prompt::of(text.join(" "))
        };
        let (_, len) = scorer.rendered(&prompt)?;
        Ok((prompt, len))
    };
    // More words are more tokens: the fewest that are enough lie between.
    let (mut less, mut enough) = (0, tokens.max(1));
    while of(enough)?.1 < tokens {
        if enough > MOST_WORDS_PER_TOKEN * tokens {
            break;
        }
        less = enough;
        enough *= 2;
    }
    while less + 1 < enough {
        let middle = usize::midpoint(less, enough);
        if of(middle)?.1 < tokens {
            less = middle;
        } else {
            enough = middle;
        }
    }
    of(enough)
}

/// Times reading a prompt, by the base alone and by all models.
///
/// # Errors
/// Whatever the models say, and interruption.
pub(super) fn prefill(
    scorer: &mut dyn Scorer,
    plan: &Plan,
    cancel: &CancelToken,
) -> Result<PrefillTimes, Failure> {
    let (prompt, tokens) = prompt_of(scorer, plan.prompt)?;
    let ways = if scorer.objectives().is_empty() {
        &[Parts::Base][..]
    } else {
        &[Parts::Base, Parts::All]
    };
    let mut read = |parts: Parts| -> Result<f64, Failure> {
        let began = Instant::now();
        let (stream, _) = scorer.open(&prompt, parts, cancel)?;
        let secs = began.elapsed().as_secs_f64();
        scorer.close(stream);
        Ok(secs)
    };
    if plan.warm_up {
        read(Parts::Base)?;
    }
    let rounds = Rounds::measure(ways.len(), plan.prefill, |way| read(ways[way]))?;
    Ok(PrefillTimes {
        tokens,
        base_secs: rounds.median(0),
        all_secs: (ways.len() > 1).then(|| rounds.median(1)),
    })
}

/// The streams of one step.
struct Job {
    streams: Vec<StreamId>,
    rows: usize,
}

/// Times steps: of 1 to 8 rows of the base, of a guided text alone, and of the guided job.
///
/// # Errors
/// Whatever the models say, and interruption.
pub(super) fn steps(
    scorer: &mut dyn Scorer,
    plan: &Plan,
    cancel: &CancelToken,
) -> Result<StepTimes, Failure> {
    let (prompt, past) = prompt_of(scorer, plan.past)?;
    let (guided, first) = scorer.open(&prompt, Parts::All, cancel)?;
    let models = 1 + first.rewards.len();
    let mut plain = Vec::with_capacity(MOST_ROWS);
    for _ in 0..MOST_ROWS {
        plain.push(scorer.fork(guided, Parts::Base)?);
    }
    let mut jobs: Vec<Job> = (1..=MOST_ROWS)
        .map(|rows| Job {
            streams: plain[..rows].to_vec(),
            rows,
        })
        .collect();
    jobs.push(Job {
        streams: vec![guided],
        rows: models,
    });
    jobs.push(Job {
        streams: vec![plain[0], guided],
        rows: models + 1,
    });
    let alone = turn(scorer, &jobs[0].streams, 2, cancel)?;
    let count = ((TURN_SECS / alone).ceil() as usize).clamp(2, MOST_STEPS.min(plan.steps));
    let effort = plan.decode;
    let rounds = Rounds::measure(jobs.len(), effort, |job| {
        turn(scorer, &jobs[job].streams, count, cancel)
    });
    for stream in plain.into_iter().chain([guided]) {
        scorer.close(stream);
    }
    let rounds = rounds?;
    let time = |job: usize| StepTime {
        rows: jobs[job].rows,
        secs: rounds.median(job),
        ratio: rounds.ratio(job, 0),
    };
    Ok(StepTimes {
        past,
        rounds: rounds.len(),
        steps: count,
        rows: (0..MOST_ROWS).map(time).collect(),
        guided_alone: time(MOST_ROWS),
        guided: time(MOST_ROWS + 1),
    })
}

/// Takes steps on all streams at once and forgets them; seconds per step. The first step is not counted: after another
/// job it finds the memory cold.
fn turn(
    scorer: &mut dyn Scorer,
    streams: &[StreamId],
    steps: usize,
    cancel: &CancelToken,
) -> Result<f64, Failure> {
    let size = scorer.vocabulary().len();
    let mut began = Instant::now();
    for at in 0..=steps {
        if cancel.is_cancelled() {
            return Err(Failure::interrupted());
        }
        if at == 1 {
            began = Instant::now();
        }
        let moves: Vec<(StreamId, TokenId)> = streams
            .iter()
            .enumerate()
            .map(|(index, &stream)| (stream, token(at, index, size)))
            .collect();
        scorer.step(&moves)?;
    }
    let secs = began.elapsed().as_secs_f64() / steps as f64;
    for &stream in streams {
        scorer.truncate(stream, 0)?;
    }
    Ok(secs)
}

/// Some token; which one does not matter to the time.
fn token(at: usize, stream: usize, size: usize) -> TokenId {
    ((7 + at * 97 + stream * 31) % size.max(1)) as TokenId
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fake::FakeScorer;

    #[test]
    fn steps_leave_no_stream_open_and_count_the_rows_of_the_guided_job() {
        let mut scorer = FakeScorer::new(&["kind", "brief"]);
        let plan = Plan {
            past: 3,
            ..Plan::quick(64)
        };
        let times = steps(&mut scorer, &plan, &CancelToken::default()).unwrap();
        let rows: Vec<usize> = times.rows.iter().map(|time| time.rows).collect();
        assert_eq!(rows, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!((times.guided_alone.rows, times.guided.rows), (3, 4));
        assert!((times.rows[0].ratio - 1.0).abs() < 1e-12);
        assert_eq!(scorer.open_streams(), 0);
    }

    #[test]
    fn an_interruption_ends_the_steps() {
        let mut scorer = FakeScorer::new(&["kind"]);
        let stopped = CancelToken::default();
        let (stream, _) = scorer.open(&Prompt::of("a"), Parts::All, &stopped).unwrap();
        stopped.cancel();
        let outcome = turn(&mut scorer, &[stream], 3, &stopped);
        assert_eq!(outcome, Err(Failure::interrupted()));
    }
}
