//! What the program says of a run under other weights, as the page must say it.

use std::sync::Arc;

use counterpoise::app::widgets::numbers::{likelier, nats, nats_short, percent, percent_short};
use counterpoise::domain::{CancelToken, ObjectiveWeights, Pane, Sampling, TokenId};
use counterpoise::engine::decode::{Director, Job, Progress, decode};
use counterpoise::engine::insight::{TOP, TokenInsight};
use counterpoise::engine::reweigh::{Question, Reweighted, reweigh};
use counterpoise::engine::scorer::EngineError;
use counterpoise::engine::split::Split;
use counterpoise::record::scorer::RecordedScorer;
use counterpoise::record::{NEEDS_MODEL, Record, Text, read};

use crate::common::run;

/// What is said of a token.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) id: TokenId,
    pub(super) odds: [String; 2],
    pub(super) likelier: String,
    pub(super) rewards: Vec<[String; 2]>,
    pub(super) split: Vec<String>,
    pub(super) others: Vec<Vec<String>>,
    pub(super) kl: String,
}

/// What is said of both texts.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) texts: Vec<Vec<Token>>,
    pub(super) exactness: String,
    pub(super) first_change: Option<usize>,
    rewrite_from: Option<usize>,
}

fn token(insight: &TokenInsight, weights: &[f64]) -> Token {
    let chosen = &insight.chosen;
    let split = Split::of(insight, weights).filter(|_| !chosen.objectives.is_empty());
    let split = split.map_or_else(Vec::new, |split| {
        let mut parts = vec![nats(split.base)];
        parts.extend(split.pulls.iter().map(|pull| nats(*pull)));
        parts.push(nats(split.total()));
        parts
    });
    let listed = insight.top.iter().any(|other| other.id == chosen.id);
    let others = insight.top.iter().chain((!listed).then_some(chosen));
    let others = others.map(|other| {
        let mut row = vec![percent_short(other.base), percent_short(other.guided)];
        row.extend(
            other
                .objectives
                .iter()
                .map(|said| nats_short(said.advantage)),
        );
        row
    });
    let mut likelier = likelier(chosen.influence());
    likelier[..1].make_ascii_uppercase();
    Token {
        id: chosen.id,
        odds: [percent(chosen.base), percent(chosen.guided)],
        likelier,
        rewards: (chosen.objectives.iter())
            .map(|said| [nats(said.reward), nats(said.advantage)])
            .collect(),
        split,
        others: others.collect(),
        kl: format!("moved this choice by {:.2} nats", insight.kl.max(0.0)),
    }
}

fn texts(record: &Record) -> impl Iterator<Item = (Pane, &Text)> {
    let base = record.base.iter().map(|text| (Pane::Base, text));
    base.chain([(Pane::Guided, &record.guided)])
}

/// The run as it was written.
pub(super) fn written(record: &Record) -> Expected {
    let tokens = |text: &Text| {
        let steps = text.trace.steps().iter();
        steps
            .map(|step| token(&step.insight, &step.weights))
            .collect()
    };
    Expected {
        texts: texts(record).map(|(_, text)| tokens(text)).collect(),
        exactness: String::new(),
        first_change: None,
        rewrite_from: None,
    }
}

/// A text as it stands, under other weights. Where all rows are kept, by the plain rule rather than by the fast one, which
/// is within 0.0001 nats of it.
fn seen(
    text: &Text,
    weights: &[f64],
    sampling: &Sampling,
    pinned: usize,
) -> (Vec<Token>, Reweighted) {
    let question = Question {
        weights,
        sampling,
        pinned,
    };
    let seen = reweigh(&text.trace, &question, &|| false).unwrap();
    let steps = text.trace.steps().iter().zip(&seen.insights);
    let tokens = steps.map(|(step, insight)| {
        let fast = insight.as_ref().unwrap();
        let Some(scores) = step.scores() else {
            return token(fast, weights);
        };
        let plain = TokenInsight::of(&scores, weights, step.token, TOP);
        assert!((plain.chosen.guided - fast.chosen.guided).abs() < 1e-3);
        token(&plain, weights)
    });
    (tokens.collect(), seen)
}

/// Both texts as they stand, under other weights.
pub(super) fn expect(record: &Record, weights: &[f64]) -> Expected {
    let mut error = 0.0f64;
    let mut all = Vec::new();
    let mut guided = Reweighted::default();
    for (pane, text) in texts(record) {
        let pinned = if pane == Pane::Guided { text.given } else { 0 };
        let (tokens, seen) = seen(text, weights, &record.sampling, pinned);
        error = error.max(seen.error);
        all.push(tokens);
        guided = seen;
    }
    let exactness = if error <= 0.0 {
        "The numbers are exact".to_owned()
    } else if error < 0.01 {
        let digits = (-error.log10().floor()).clamp(1.0, 8.0) as usize;
        let unit = 10f64.powi(digits as i32);
        let error = (error * unit).ceil() / unit;
        format!("The numbers are right to within {error:.digits$} nats")
    } else {
        format!("The numbers are right to within {error:.2} nats")
    };
    Expected {
        texts: all,
        exactness,
        first_change: guided.divergence.map(|change| change.position),
        rewrite_from: guided.rewrite_from,
    }
}

/// The guided text written anew from the recorded rows.
pub(super) struct Followed {
    pub(super) expected: Expected,
    pub(super) needs_model: bool,
    pub(super) changed: bool,
}

struct Writer {
    weights: ObjectiveWeights,
    steps: Vec<Token>,
}

impl Director for Writer {
    fn weights(&mut self) -> ObjectiveWeights {
        Arc::clone(&self.weights)
    }

    fn progress(&mut self, progress: Progress) {
        if let Progress::Step(Pane::Guided, step) = progress {
            self.steps.push(token(&step.insight, &step.weights));
        }
    }
}

/// As the window does it: what stays of the text is seen under the new weights, and the rest is written by the rows.
pub(super) fn follow(record: &Record, weights: &[f64], stays: &Expected) -> Followed {
    let mut expected = stays.clone();
    let Some(from) = stays.rewrite_from else {
        return Followed {
            expected,
            needs_model: false,
            changed: false,
        };
    };
    let mut scorer = RecordedScorer::new(Arc::new(record.clone()));
    let tokens = record.guided.tokens();
    let job = Job {
        prompt: &record.prompt,
        sampling: &record.sampling,
        with_base: false,
        prefix: &tokens[..from],
        told_from: from,
    };
    let mut writer = Writer {
        weights: weights.into(),
        steps: Vec::new(),
    };
    let ended = decode(&mut scorer, &job, &CancelToken::default(), &mut writer);
    let needs_model = match ended {
        Ok(_) => false,
        Err(EngineError::Models(failure)) => {
            assert_eq!(failure.summary, NEEDS_MODEL);
            true
        }
        Err(error) => panic!("{error}"),
    };
    let text = expected.texts.last_mut().unwrap();
    text.truncate(from);
    text.extend(writer.steps);
    let ids: Vec<TokenId> = text.iter().map(|token| token.id).collect();
    Followed {
        changed: ids != tokens,
        expected,
        needs_model,
    }
}

/// A run of the built-in models with a few other texts, all rows kept.
pub(super) fn generated(sampling: &Sampling) -> Record {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.counterpoise.json");
    let value = |value: &dyn ToString| value.to_string();
    let ran = run(&[
        "generate",
        "--prompt",
        "My friend's cooking is bad. What should I say?",
        "--weight",
        "harmless=1.25",
        "--max-tokens",
        &value(&sampling.max_tokens),
        "--seed",
        &value(&sampling.seed),
        "--temperature",
        &value(&sampling.temperature),
        "--top-k",
        &value(&sampling.top_k),
        "--top-p",
        &value(&sampling.top_p),
        "--min-p",
        &value(&sampling.min_p),
        "--save",
        file.to_str().unwrap(),
        "--grid",
        "2",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    read(&std::fs::read_to_string(file).unwrap()).unwrap()
}
