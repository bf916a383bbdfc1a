use super::*;
use crate::engine::fake::FakeScorer;
use std::sync::Arc;

/// Records everything; weights come from a closure over the number of guided steps so far.
struct Recorder<F> {
    weights: F,
    base: Vec<GuidedStep>,
    guided: Vec<GuidedStep>,
    scored: Vec<GuidedStep>,
    ends: Vec<(Pane, Finish)>,
}

impl<F: FnMut(usize) -> Vec<f64>> Director for Recorder<F> {
    fn weights(&mut self) -> ObjectiveWeights {
        Arc::from((self.weights)(self.guided.len()))
    }

    fn progress(&mut self, progress: Progress) {
        match progress {
            Progress::Opened => {}
            Progress::Step(Pane::Base, step) => self.base.push(*step),
            Progress::Step(Pane::Guided, step) => self.guided.push(*step),
            Progress::Ended(pane, finish) => self.ends.push((pane, finish)),
            Progress::BaseScored(steps) => self.scored = steps,
        }
    }
}

fn run<F: FnMut(usize) -> Vec<f64>>(
    sampling: &Sampling,
    cancel: &CancelToken,
    weights: F,
) -> (Recorder<F>, Option<usize>) {
    let mut scorer = FakeScorer::new(&["a", "b"]);
    let mut recorder = Recorder {
        weights,
        base: vec![],
        guided: vec![],
        scored: vec![],
        ends: vec![],
    };
    let prompt = Prompt::default();
    let job = Job {
        prompt: &prompt,
        sampling,
        with_base: true,
        prefix: &[],
        told_from: 0,
    };
    let divergence = decode(&mut scorer, &job, cancel, &mut recorder).unwrap();
    assert_eq!(
        scorer.open_streams(),
        0,
        "every stream is closed at the end"
    );
    (recorder, divergence)
}

fn ids(steps: &[GuidedStep]) -> Vec<TokenId> {
    steps.iter().map(|step| step.token).collect()
}

fn sampling(seed: u64) -> Sampling {
    Sampling {
        seed,
        max_tokens: 30,
        ..Sampling::default()
    }
}

#[test]
fn with_all_weights_zero_the_guided_text_is_the_base_text() {
    for seed in 0..50 {
        let (record, divergence) =
            run(&sampling(seed), &CancelToken::default(), |_| vec![0.0, 0.0]);
        assert_eq!(ids(&record.base), ids(&record.guided));
        assert_eq!(divergence, None);
    }
}

#[test]
fn both_texts_are_what_the_definition_writes() {
    let mut diverged = 0;
    for seed in 0..50 {
        let (record, divergence) =
            run(&sampling(seed), &CancelToken::default(), |_| vec![0.4, 0.8]);
        let (base, guided) = (
            FakeScorer::text(&[], &[0.0, 0.0], &sampling(seed)),
            FakeScorer::text(&[], &[0.4, 0.8], &sampling(seed)),
        );
        assert_eq!(ids(&record.base), base);
        assert_eq!(ids(&record.guided), guided);
        assert_eq!(
            divergence,
            base.iter().zip(&guided).position(|(a, b)| a != b)
        );
        diverged += usize::from(divergence.is_some());
    }
    assert!(diverged > 40, "the test must see real divergences");
}

#[test]
fn the_plain_text_gets_the_rewards_of_its_own_past_after_the_fork() {
    let mut checked = 0;
    for seed in 0..20 {
        let (record, divergence) =
            run(&sampling(seed), &CancelToken::default(), |_| vec![1.0, 0.0]);
        let Some(fork) = divergence else { continue };
        let tokens = ids(&record.base);
        assert_eq!(record.scored.len(), tokens.len() - fork - 1);
        for step in &record.scored {
            let rows = FakeScorer::rows(2, &tokens[..step.position]);
            assert_eq!(step.scores, rows);
            assert_eq!(step.token, tokens[step.position]);
            checked += 1;
        }
    }
    assert!(checked > 50);
}

#[test]
fn weights_that_change_while_writing_act_from_the_next_token_on_and_are_stored() {
    let (record, _) = run(&sampling(3), &CancelToken::default(), |written| {
        if written < 4 {
            vec![0.0, 0.0]
        } else {
            vec![2.0, 0.0]
        }
    });
    for (position, step) in record.guided.iter().enumerate() {
        assert_eq!(step.weights[0] > 1.0, position >= 4);
    }
    assert_eq!(ids(&record.base)[..4], ids(&record.guided)[..4]);
}

#[test]
fn a_cancelled_run_stops_at_the_next_token() {
    let cancel = CancelToken::default();
    let trigger = cancel.clone();
    let (record, _) = run(&sampling(5), &cancel, move |written| {
        if written == 3 {
            trigger.cancel();
        }
        vec![0.0, 0.0]
    });
    assert_eq!(record.guided.len(), 4);
    assert!(record.ends.contains(&(Pane::Guided, Finish::Cancelled)));
    assert!(record.ends.contains(&(Pane::Base, Finish::Cancelled)));
}

#[test]
fn a_text_ends_at_its_longest_length_or_where_the_context_is_full() {
    let greedy = |max_tokens| Sampling {
        temperature: 0.0,
        max_tokens,
        ..Sampling::default()
    };
    let (short, _) = run(&greedy(2), &CancelToken::default(), |_| vec![0.0, 0.0]);
    assert_eq!(short.guided.len(), 2);
    assert!(short.ends.contains(&(Pane::Guided, Finish::Length)));
    let (long, _) = run(&greedy(10_000), &CancelToken::default(), |_| vec![0.0, 0.0]);
    assert!(long.guided.len() <= 60, "context 64 less a prompt of 4");
}

#[test]
fn scoring_gives_each_token_the_rows_before_it() {
    let mut scorer = FakeScorer::new(&["a", "b"]);
    let tokens = [5, 9, 3, 0];
    let mut steps = Vec::new();
    let weights: ObjectiveWeights = Arc::from([1.0, 0.5]);
    score(
        &mut scorer,
        &Prompt::default(),
        &tokens,
        &weights,
        &CancelToken::default(),
        &mut |step| steps.push(step),
    )
    .unwrap();
    assert_eq!(ids(&steps), tokens);
    for step in &steps {
        assert_eq!(step.scores, FakeScorer::rows(2, &tokens[..step.position]));
    }
    assert_eq!(scorer.open_streams(), 0);
}

#[test]
fn reward_sums_add_up_the_scored_rewards() {
    let mut scorer = FakeScorer::new(&["a", "b"]);
    let (chosen, rejected): ([TokenId; 4], [TokenId; 1]) = ([5, 9, 3, 0], [0]);
    let sums = reward_sums(
        &mut scorer,
        &Prompt::default(),
        [&chosen, &rejected],
        &CancelToken::default(),
    )
    .unwrap();
    for (tokens, sums) in [(&chosen[..], &sums[0]), (&rejected[..], &sums[1])] {
        for (i, sum) in sums.iter().enumerate() {
            let by_hand: f64 = (0..tokens.len())
                .map(|t| {
                    f64::from(FakeScorer::rows(2, &tokens[..t]).rewards[i][tokens[t] as usize])
                })
                .sum();
            assert!((sum - by_hand).abs() < 1e-9);
        }
    }
    assert_eq!(scorer.open_streams(), 0);
}
