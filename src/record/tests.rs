use super::*;
use crate::domain::{CancelToken, ModelInfo, Objective, RewardKind};
use crate::engine::decode::{Director, GuidedStep, Job, Progress, decode};
use crate::engine::fake::FakeScorer;
use crate::engine::reweigh::{Question, Reweighted, reweigh};
use crate::engine::scorer::{EngineError, Scorer};
use scorer::RecordedScorer;
use serde_json::{Value, json};

struct Writer {
    weights: Vec<Vec<f64>>,
    texts: [Vec<GuidedStep>; 2],
    ends: [Finish; 2],
}

impl Director for Writer {
    fn weights(&mut self) -> ObjectiveWeights {
        let at = self.texts[1].len().min(self.weights.len() - 1);
        self.weights[at].clone().into()
    }

    fn progress(&mut self, progress: Progress) {
        match progress {
            Progress::Opened => {}
            Progress::Step(pane, step) => self.texts[pane as usize].push(*step),
            Progress::Ended(pane, finish) => self.ends[pane as usize] = finish,
            Progress::BaseScored(steps) => {
                for step in steps {
                    let position = step.position;
                    self.texts[0][position] = step;
                }
            }
        }
    }
}

fn write(
    scorer: &mut dyn Scorer,
    weights: &[&[f64]],
    seed: u64,
) -> Result<(Writer, Option<usize>), EngineError> {
    let mut writer = Writer {
        weights: weights.iter().map(|weights| weights.to_vec()).collect(),
        texts: [Vec::new(), Vec::new()],
        ends: [Finish::Cancelled; 2],
    };
    let job = Job {
        prompt: &Prompt::default(),
        sampling: &sampling(seed),
        with_base: true,
        prefix: &[],
        told_from: 0,
    };
    let divergence = decode(scorer, &job, &CancelToken::default(), &mut writer)?;
    Ok((writer, divergence))
}

fn sampling(seed: u64) -> Sampling {
    Sampling {
        seed,
        max_tokens: 24,
        ..Sampling::default()
    }
}

fn text(writer: &Writer, pane: Pane) -> Text {
    let steps = &writer.texts[pane as usize];
    let mut trace = Trace::default();
    for step in steps {
        trace.push(step);
    }
    let piece = |step: &GuidedStep| match step.token {
        0 => String::new(),
        token => format!(" w{token}"),
    };
    Text {
        pieces: steps.iter().map(piece).collect(),
        trace: trace.into(),
        given: 0,
        finish: writer.ends[pane as usize],
    }
}

/// A run of two objectives whose weights moved after three words.
pub(crate) fn record(seed: u64) -> Record {
    let mut scorer = FakeScorer::new(&["a", "b"]);
    let first: &[f64] = &[1.0, 0.5];
    let moved: &[f64] = &[0.2, 0.5];
    let (writer, divergence) = write(&mut scorer, &[first, first, first, moved], seed).unwrap();
    let objective = |name: &str| Objective {
        name: name.to_owned(),
        kind: RewardKind::Adapter,
        weight: 1.0,
        about: String::new(),
        colour: None,
    };
    let model = ModelInfo {
        role: "base".to_owned(),
        kind: None,
        source: "models/base".to_owned(),
        sha256: "0123".to_owned(),
        kept: String::new(),
    };
    Record {
        info: Arc::new(LineupInfo {
            name: "Fake".to_owned(),
            objectives: vec![objective("a"), objective("b")],
            texts: scorer.vocabulary().texts.clone(),
            models: vec![model],
            ..LineupInfo::default()
        }),
        prompt: Prompt::default(),
        rendered: "<u>".to_owned(),
        prompt_tokens: 3,
        sampling: sampling(seed),
        weights: first.into(),
        base: Some(text(&writer, Pane::Base)),
        guided: text(&writer, Pane::Guided),
        divergence,
        timing: Timing::default(),
        app: "0.1.0".to_owned(),
        at: 1_700_000_000,
        lineup_file: None,
        titles: None,
        left_prompt: None,
        tree: Arc::default(),
        branches: Vec::new(),
    }
    .with_tree()
}

fn opened(record: &Record, keep: Keep) -> Record {
    read(&record.to_document(keep).to_string()).unwrap()
}

fn see(record: &Record, pane: Pane, weights: &[f64]) -> Reweighted {
    let question = Question {
        weights,
        sampling: &record.sampling,
        pinned: 0,
    };
    reweigh(&record.text(pane).unwrap().trace, &question, &|| false).unwrap()
}

#[test]
fn a_saved_run_comes_back_with_equal_numbers_and_judges_other_weights_alike() {
    for seed in 0..6 {
        let live = record(seed);
        let again = opened(&live, Keep::default());
        for pane in [Pane::Base, Pane::Guided] {
            let (a, b) = (live.text(pane).unwrap(), again.text(pane).unwrap());
            assert_eq!((&a.pieces, a.finish), (&b.pieces, b.finish));
            assert_eq!(a.trace.steps().len(), b.trace.steps().len());
            for (a, b) in a.trace.steps().iter().zip(b.trace.steps()) {
                assert_eq!(
                    (a.token, &a.weights, &a.insight),
                    (b.token, &b.weights, &b.insight)
                );
            }
            for weights in [[0.0, 0.0], [1.0, 0.5], [2.3, 0.1], [0.4, 3.0]] {
                assert_eq!(see(&live, pane, &weights), see(&again, pane, &weights));
            }
        }
        assert_eq!(again.weights, live.weights);
        assert_eq!(again.sampling, live.sampling);
        assert_eq!(again.divergence, live.divergence);
        assert_eq!(again.info.objectives, live.info.objectives);
        assert_eq!(again.info.texts, live.info.texts);
        assert_eq!((again.at, &again.rendered), (live.at, &live.rendered));
        assert_eq!(again.preview_words(), "Preview exact");
        let twice = opened(&again, Keep::default());
        assert_eq!(
            twice.to_document(Keep::default()),
            live.to_document(Keep::default())
        );
    }
}

#[test]
fn what_is_kept_in_part_says_so_and_how_far_it_may_be_off() {
    let live = record(1);
    let part = opened(&live, Keep::Likely(12));
    assert!(part.tree.bytes() < live.tree.bytes());
    assert_eq!(part.kept(), Some(Kept::Likely));
    assert!(part.preview_words().starts_with("Preview from the top 1"));
    let (exact, seen) = (
        see(&live, Pane::Guided, &[1.5, 0.5]),
        see(&part, Pane::Guided, &[1.5, 0.5]),
    );
    assert!(seen.error > 0.0 && exact.error == 0.0);
    for (a, b) in exact.insights.iter().zip(&seen.insights) {
        let off = a.as_ref().unwrap().chosen.guided - b.as_ref().unwrap().chosen.guided;
        assert!(off.abs() <= seen.error + 1e-4);
    }
    // All alternatives that the cards list have their words.
    for text in [part.base.as_ref().unwrap(), &part.guided] {
        for other in text
            .trace
            .steps()
            .iter()
            .flat_map(|step| step.insight.top.iter())
        {
            let id = other.id as usize;
            assert_eq!(part.info.texts[id], live.info.texts[id]);
        }
    }
    let rounded = opened(&live, Keep::UpTo(live.tree.bytes() * 2 / 3));
    assert_eq!(rounded.kept(), Some(Kept::Rounded));
    let bare = opened(&live, Keep::Nothing);
    assert_eq!(bare.kept(), None);
    assert_eq!(bare.guided.text(), live.guided.text());
}

#[test]
fn every_token_of_every_text_is_kept_however_unlikely_it_is() {
    let mut live = record(1);
    let other: &[f64] = &[0.1, 2.5];
    let (writer, _) = write(&mut FakeScorer::new(&["a", "b"]), &[other], 1).unwrap();
    live.add_branch(other, &text(&writer, Pane::Guided));
    let again = opened(&live, Keep::default());
    let mut forks = 0;
    for part in [
        opened(&live, Keep::Likely(1)),
        opened(&again, Keep::Likely(1)),
    ] {
        for (index, node) in part.tree.nodes().iter().enumerate().skip(1) {
            let parent = node.parent.unwrap();
            let kept = part.tree.rows(parent).unwrap().tokens().unwrap();
            assert!(kept.contains(&node.token), "place {index}");
            assert!(kept.len() < 8, "{kept:?}");
            forks += usize::from(kept.len() > 1);
        }
    }
    assert!(forks > 2, "{forks}");
}

#[test]
fn recorded_rows_answer_as_the_models_did_and_say_where_they_end() {
    let mut live = record(3);
    let mut models = FakeScorer::new(&["a", "b"]);
    let other: &[f64] = &[0.1, 2.5];
    let (writer, _) = write(&mut models, &[other], 3).unwrap();
    live.add_branch(other, &text(&writer, Pane::Guided));
    let again = Arc::new(opened(&live, Keep::default()));
    assert_eq!(again.branches, live.branches);
    let mut recorded = RecordedScorer::new(Arc::clone(&again));
    let (replayed, _) = write(&mut recorded, &[other], 3).unwrap();
    let ids = |texts: &[Vec<GuidedStep>; 2]| {
        texts
            .each_ref()
            .map(|steps| steps.iter().map(|step| step.token).collect::<Vec<_>>())
    };
    assert_eq!(ids(&replayed.texts), ids(&writer.texts));
    for (a, b) in replayed.texts[1].iter().zip(&writer.texts[1]) {
        assert_eq!(a.insight, b.insight);
    }
    // Other luck leaves what was recorded sooner or later.
    let mut left = 0;
    for seed in 20..30 {
        match write(&mut recorded, &[other], seed) {
            Err(EngineError::Models(failure)) => {
                assert_eq!(failure.summary, NEEDS_MODEL);
                left += 1;
            }
            other => assert!(other.is_ok()),
        }
    }
    assert!(left > 5, "{left}");
    let elsewhere = recorded.open(
        &Prompt::of("Else?"),
        crate::engine::scorer::Parts::All,
        &CancelToken::default(),
    );
    assert!(elsewhere.is_err());
}

#[test]
fn the_same_models_are_known_by_their_weights() {
    let run = record(1);
    let mut info = (*run.info).clone();
    assert!(run.is_of(&info));
    info.models[0].source = "elsewhere".to_owned();
    assert!(run.is_of(&info));
    info.models[0].sha256 = String::new();
    assert!(!run.is_of(&info));
}

#[test]
fn bad_documents_get_one_clear_sentence() {
    let good = record(2).to_document(Keep::default());
    let failure = |change: &dyn Fn(&mut Value)| {
        let mut document = good.clone();
        change(&mut document);
        read(&document.to_string()).unwrap_err()
    };
    for text in [
        "",
        "no",
        "[]",
        "{}",
        "{\"schema\":\"counterpoise.score/1\"}",
    ] {
        let failure = read(text).unwrap_err();
        assert_eq!(failure.summary, "This file is not a saved run", "{text}");
    }
    let newer = failure(&|d| d["schema"] = json!("counterpoise.run/2"));
    assert!(newer.summary.contains("newer version"));
    let changes: [&dyn Fn(&mut Value); 9] = [
        &|d| d["record"]["vocabulary"] = json!(31),
        &|d| d["record"]["vocabulary"] = json!(u64::MAX / 4),
        &|d| d["record"]["nodes"][2]["rows"] = json!("AAAA"),
        &|d| d["record"]["nodes"][2]["rows"] = json!("?"),
        &|d| d["record"]["nodes"][1]["parent"] = json!(7),
        &|d| d["guided"]["tokens"][0]["id"] = json!(4000),
        &|d| {
            d["guided"]["tokens"][0]["objectives"] =
                json!({"a": {"reward": 1.0, "advantage": 1.0}});
        },
        &|d| d["weights"] = json!({"a": 1.0}),
        &|d| d["record"]["branches"] = json!([{"weights": [1.0, 1.0], "tokens": [31, 31, 31]}]),
    ];
    for (index, change) in changes.iter().enumerate() {
        let failure = failure(change);
        assert_eq!(
            failure.summary, "This file is not a whole saved run",
            "{index}"
        );
        assert!(failure.details.is_some());
    }
}

#[test]
fn files_are_named_by_their_prompts() {
    assert_eq!(
        file_name("My friend's dog, Rex, has died today. What?", "json"),
        "my-friend-s-dog-rex-has.counterpoise.json"
    );
    assert_eq!(file_name("../?", "csv"), "run.csv");
}
