//! Through the library: whole rows at once, then the same step by step.

use std::path::Path;

use counterpoise::domain::{CancelToken, ObjectiveWeights, Prompt};
use counterpoise::engine::insight::TokenInsight;
use counterpoise::engine::mix::mix;
use counterpoise::engine::scorer::{Parts, Scorer, StepScores};
use counterpoise::model;
use counterpoise::worker::{ComputeSettings, LineupSource};

use super::{Case, Numbers, TOLERANCE, Worst, expected};
use crate::common::golden;

/// The lineup of a family, loaded by the library.
fn load(family: &str) -> Box<dyn Scorer> {
    load_file(&golden(family).join("lineup.toml"))
}

/// A lineup, loaded by the library.
fn load_file(lineup: &Path) -> Box<dyn Scorer> {
    let source = LineupSource::File(lineup.to_owned());
    let cancel = CancelToken::default();
    let loaded = model::load(
        &source,
        &[],
        &ComputeSettings::default(),
        &mut |_, _| {},
        &cancel,
    );
    loaded.unwrap().scorer
}

fn prompt(case: &Case) -> Prompt {
    Prompt {
        text: case.prompt.clone(),
        system: case.system.clone(),
        raw: case.raw,
        ..Prompt::default()
    }
}

/// The case's weights in the order of the scorer's objectives.
fn weights(scorer: &dyn Scorer, case: &Case) -> ObjectiveWeights {
    scorer
        .objectives()
        .iter()
        .map(|name| case.weights[name])
        .collect()
}

/// Whole rows, read in one pass.
pub(super) fn library_rows(family: &str) {
    library_rows_of(&golden(family).join("lineup.toml"), family);
}

/// The rows of any lineup that says what that of a family says.
pub(super) fn library_rows_of(lineup: &Path, family: &str) {
    let expected = expected(family);
    let mut scorer = load_file(lineup);
    let cancel = CancelToken::default();
    assert_eq!(scorer.vocabulary().len(), expected.vocabulary, "{family}");
    for case in &expected.cases {
        let whose = format!("{family}, {}", case.name);
        let prompt = prompt(case);
        let (rendered, tokens) = scorer.rendered(&prompt).unwrap();
        assert_eq!(
            (rendered.as_str(), tokens),
            (case.rendered.as_str(), case.prompt_ids.len()),
            "{whose}"
        );
        let encoded = scorer.encode_response(&case.response).unwrap();
        assert_eq!(
            encoded,
            case.response_ids[..case.response_ids.len() - usize::from(case.eos)],
            "{whose}"
        );

        let (stream, first) = scorer.open(&prompt, Parts::All, &cancel).unwrap();
        let read = case.response_ids.split_last().unwrap().1;
        let rest = scorer.advance(stream, read, &cancel).unwrap();
        scorer.close(stream);
        let steps: Vec<StepScores> = std::iter::once(first).chain(rest).collect();
        let rows = case.scored.rows.as_ref().unwrap();
        let weights = weights(scorer.as_ref(), case);
        let mut worst = Worst::default();
        for (at, &position) in rows.positions.iter().enumerate() {
            let step = &steps[position];
            let mixed = mix(step, &weights);
            assert_eq!(step.base.len(), expected.vocabulary);
            for id in 0..expected.vocabulary {
                let ours = |row: &[f32]| f64::from(row[id]);
                worst.see(ours(&step.base), rows.base[at][id], || {
                    format!("base of {id} at {position}")
                });
                for (name, reward) in scorer.objectives().iter().zip(&step.rewards) {
                    let theirs = rows.reward[name][at][id];
                    worst.see(ours(reward), theirs, || {
                        format!("reward of {name} for {id} at {position}")
                    });
                }
                let theirs = rows.guided[at][id];
                worst.see(mixed.guided(id), theirs, || {
                    format!("guided of {id} at {position}")
                });
            }
        }
        worst.assert_within(TOLERANCE, &whose);
    }
}

/// The same numbers token by token, through forks and after forgetting.
pub(super) fn library_steps(family: &str) {
    let mut scorer = load(family);
    let cancel = CancelToken::default();
    for case in &expected(family).cases {
        let whose = format!("{family}, {}", case.name);
        let weights = weights(scorer.as_ref(), case);
        let (stream, first) = scorer.open(&prompt(case), Parts::All, &cancel).unwrap();
        let half = case.guided_ids.len() / 2;
        let mut worst = Worst::default();
        let mut see = |step: &StepScores, i: usize, numbers: &Numbers, ids: &[u32]| {
            let ours = TokenInsight::of(step, &weights, ids[i], 1);
            worst.see(ours.chosen.base, numbers.base[i], || format!("base {i}"));
            worst.see(ours.chosen.guided, numbers.guided[i], || {
                format!("guided {i}")
            });
            worst.see(ours.kl, numbers.kl[i], || format!("kl {i}"));
        };
        let (ids, numbers) = (&case.guided_ids, &case.guided_numbers);
        see(&first, 0, numbers, ids);
        let mut fork = None;
        for i in 1..ids.len() {
            let scores = scorer.step(&[(stream, ids[i - 1])]).unwrap();
            see(&scores[0], i, numbers, ids);
            if i == half {
                fork = Some(scorer.fork(stream, Parts::All).unwrap());
            }
        }
        // The fork has read the first half; both go on in the same passes, one of them having forgotten its end.
        let fork = fork.unwrap();
        scorer.truncate(stream, half).unwrap();
        for i in half + 1..ids.len() {
            let scores = scorer
                .step(&[(fork, ids[i - 1]), (stream, ids[i - 1])])
                .unwrap();
            see(&scores[0], i, numbers, ids);
            see(&scores[1], i, numbers, ids);
        }
        // Back to the bare prompt, and on along the other text.
        scorer.truncate(stream, 0).unwrap();
        let (ids, numbers) = (&case.base_ids, &case.base_numbers);
        let rest = scorer
            .advance(stream, &ids[..ids.len() - 1], &cancel)
            .unwrap();
        for (i, step) in (1..ids.len()).zip(&rest) {
            see(step, i, numbers, ids);
        }
        scorer.close(fork);
        scorer.close(stream);
        worst.assert_within(TOLERANCE, &whose);
    }
}
