//! Reads the file of a run again.

use std::path::Path;
use std::sync::Arc;

use super::{Ending, Head, Line, StepLine};
use crate::domain::{Finish, LineupInfo, ObjectiveWeights, Pane, TokenId};
use crate::engine::insight::{Candidate, ObjectiveInsight, TokenInsight};
use crate::engine::trace::{StoredRows, StoredStep, Trace};
use crate::error::Failure;
use crate::record::tree::Tree;
use crate::record::{LARGEST_FILE, LARGEST_VOCABULARY, Record, Text, Timing, base64};

/// A text while its lines are read.
#[derive(Default)]
struct Growing {
    steps: Vec<StoredStep>,
    pieces: Vec<String>,
    given: usize,
}

impl Growing {
    fn text(mut self, finish: Finish, tail: &str) -> Text {
        if let Some(last) = self.pieces.last_mut() {
            last.push_str(tail);
        }
        Text {
            pieces: self.pieces,
            trace: Arc::new(Trace::of_stored(self.steps)),
            given: self.given,
            finish,
        }
    }
}

/// Reads the file of a run, up to a last line that may have been cut short; whether one was is told.
///
/// # Errors
/// A file that is not there, is too large, or is not the file of a run.
pub fn read(path: &Path) -> Result<(Record, bool), Failure> {
    let damaged = |details: String| {
        Failure::input("This run cannot be read from the history")
            .hint("Its file on the disk is damaged or gone")
            .details(format!("{details}, {}", path.display()))
    };
    let size = std::fs::metadata(path)
        .map_err(|error| damaged(error.to_string()))?
        .len();
    if size > LARGEST_FILE {
        return Err(damaged(format!("{size} bytes are too many")));
    }
    let text = std::fs::read(path).map_err(|error| damaged(error.to_string()))?;
    let mut lines = text.split_inclusive(|&byte| byte == b'\n');
    let Some(Ok(Line::Run(head))) = lines.next().map(serde_json::from_slice::<Line>) else {
        return Err(damaged("there is no beginning".to_owned()));
    };
    if head.vocabulary > LARGEST_VOCABULARY || head.weights.len() != head.objectives.len() {
        return Err(damaged("the beginning does not fit together".to_owned()));
    }
    let mut reading = Reading::new(*head);
    let mut torn = false;
    for line in lines {
        let whole = line.last() == Some(&b'\n');
        match serde_json::from_slice::<Line>(line) {
            Ok(line) if whole => reading
                .take(line)
                .map_err(|what| damaged(what.to_owned()))?,
            Ok(_) | Err(_) => {
                torn = true;
                break;
            }
        }
    }
    Ok((reading.record(), torn))
}

/// What the lines so far say.
struct Reading {
    head: Head,
    weights: ObjectiveWeights,
    texts: Vec<String>,
    tree: Tree,
    base: Growing,
    guided: Growing,
    rendered: String,
    prompt_tokens: usize,
    ending: Option<Ending>,
}

impl Reading {
    fn new(head: Head) -> Self {
        Self {
            weights: head.weights.as_slice().into(),
            texts: vec![String::new(); head.vocabulary],
            tree: Tree::default(),
            base: Growing::default(),
            guided: Growing::default(),
            rendered: String::new(),
            prompt_tokens: 0,
            ending: None,
            head,
        }
    }

    fn take(&mut self, line: Line) -> Result<(), &'static str> {
        match line {
            Line::Run(_) => return Err("it begins twice"),
            Line::Started {
                rendered,
                prompt_tokens,
            } => (self.rendered, self.prompt_tokens) = (rendered, prompt_tokens),
            Line::From { position, weights } => {
                if weights.len() != self.weights.len() {
                    return Err("weights and objectives are not the same number");
                }
                self.guided.steps.truncate(position);
                self.guided.pieces.truncate(position);
                self.guided.given = self.guided.given.min(position);
                self.weights = weights.into();
                self.ending = None;
            }
            Line::Step(step) => self.step(*step)?,
            Line::End(ending) => self.ending = Some(ending),
        }
        Ok(())
    }

    fn step(&mut self, line: StepLine) -> Result<(), &'static str> {
        for (id, text) in line.names {
            let place = self.texts.get_mut(id as usize);
            *place.ok_or("a token is not in the vocabulary")? = text;
        }
        let count = self.head.objectives.len();
        let weights: ObjectiveWeights = match line.weights {
            Some(weights) if weights.len() == count => weights.into(),
            Some(_) => return Err("weights and objectives are not the same number"),
            None => self.weights.clone(),
        };
        let score = |score: &Option<f64>| score.unwrap_or(f64::NEG_INFINITY);
        let ([base, guided], said) = line
            .scores
            .split_first_chunk::<2>()
            .ok_or("a word has no numbers")?;
        let (pairs, rest) = said.as_chunks::<2>();
        if !rest.is_empty() || (!pairs.is_empty() && pairs.len() != count) {
            return Err("a word has too few numbers");
        }
        if line.id as usize >= self.texts.len() {
            return Err("a token is not in the vocabulary");
        }
        let chosen = Candidate {
            id: line.id,
            base: score(base),
            guided: score(guided),
            objectives: pairs
                .iter()
                .map(|[reward, advantage]| ObjectiveInsight {
                    reward: score(reward),
                    advantage: score(advantage),
                })
                .collect(),
        };
        let text = match line.pane {
            Pane::Base => &mut self.base,
            Pane::Guided => &mut self.guided,
        };
        if line.at > text.steps.len() {
            return Err("a word is missing");
        }
        let before = text.steps[..line.at].iter().zip(&text.pieces);
        let place = before.fold(0, |place, (step, piece)| {
            self.tree.grow(place, step.token, piece)
        });
        if let Some(rows) = &line.rows {
            let rows = base64::decode(rows)
                .and_then(|bytes| StoredRows::from_bytes(&bytes, self.head.vocabulary, count))
                .ok_or("the rows of a word cannot be read")?;
            self.tree.put(place, rows);
        }
        let rows = self.tree.rows(place).filter(|_| !pairs.is_empty()).cloned();
        let insight = TokenInsight {
            top: match &rows {
                Some(rows) => rows.top(&weights, &chosen),
                None => Arc::from([chosen.clone()]),
            },
            chosen,
            kl: line.kl.unwrap_or(f64::INFINITY),
            entropy: line.entropy,
        };
        let step = StoredStep {
            token: line.id,
            weights,
            insight,
            rows,
        };
        if line.given && line.pane == Pane::Guided {
            text.given = text.given.max(line.at + 1);
        }
        if line.at == text.steps.len() {
            text.steps.push(step);
            text.pieces.push(line.text);
        } else {
            text.steps[line.at] = step;
            text.pieces[line.at] = line.text;
        }
        Ok(())
    }

    fn record(self) -> Record {
        let cut = Ending {
            base: (!self.base.steps.is_empty()).then_some(Finish::Cancelled),
            guided: Finish::Cancelled,
            tails: [String::new(), String::new()],
            timing: Timing::default(),
        };
        let ending = self.ending.unwrap_or(cut);
        let tokens =
            |text: &Growing| -> Vec<TokenId> { text.steps.iter().map(|step| step.token).collect() };
        let (base, guided) = (tokens(&self.base), tokens(&self.guided));
        let differs = base.iter().zip(&guided).position(|(a, b)| a != b);
        let longer = (base.len() != guided.len()).then(|| base.len().min(guided.len()));
        let head = self.head;
        let has_base = !base.is_empty();
        Record {
            info: Arc::new(LineupInfo {
                name: head.lineup,
                objectives: head.objectives,
                models: head.models,
                device: head.device,
                is_demo: head.is_demo,
                texts: self.texts.into(),
                context_len: usize::MAX / 2,
                ..LineupInfo::default()
            }),
            prompt: head.prompt,
            rendered: self.rendered,
            prompt_tokens: self.prompt_tokens,
            sampling: head.sampling,
            weights: self.weights,
            base: has_base.then(|| {
                let finish = ending.base.unwrap_or(Finish::Cancelled);
                self.base.text(finish, &ending.tails[0])
            }),
            guided: self.guided.text(ending.guided, &ending.tails[1]),
            divergence: differs.or(longer).filter(|_| has_base),
            timing: ending.timing,
            app: head.app,
            at: head.at,
            lineup_file: head.lineup_file,
            titles: None,
            left_prompt: None,
            tree: Arc::default(),
            branches: Vec::new(),
        }
        .with_tree()
    }
}
