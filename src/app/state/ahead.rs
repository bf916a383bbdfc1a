//! What would be written on if the alternative that a person looks at stood in its place.

use crate::app::state::page::Page;
use crate::app::state::run::Run;
use crate::app::state::{LineupState, State};
use crate::app::widgets::token_card::PICKABLE;
use crate::domain::{CancelToken, Finish, ObjectiveWeights, Pane, RunId, Sampling, TokenId};
use crate::error::Failure;
use crate::record::NEEDS_MODEL;
use crate::worker::Ahead;

/// Tokens behind the alternative that are shown at most.
pub const SHOWN: usize = 12;

/// Other words that the card in words offers.
pub const OFFERED: usize = 6;

/// An alternative in the table of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alternative {
    /// Position of the token that it would replace.
    pub at: usize,
    /// The token.
    pub token: TokenId,
}

/// All that decides what would be written: all that a fork there would be written with.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The text on screen.
    pub run: RunId,
    /// What would stand in it.
    pub alternative: Alternative,
    /// The weights, as the sliders stand.
    pub weights: ObjectiveWeights,
    /// How its tokens are drawn.
    pub sampling: Sampling,
}

/// A look ahead: waiting for the person to rest, asked for, or answered.
#[derive(Debug, Clone)]
pub struct LookAhead {
    /// What it is about.
    pub question: Question,
    /// When it is asked, on the window's clock, seconds.
    pub due_secs: f64,
    /// The look that the worker was asked for, and what stops it.
    pub asked: Option<(RunId, CancelToken)>,
    /// What would be written, as far as it is known.
    pub ahead: Ahead,
    /// Why no more is known.
    pub failure: Option<Failure>,
}

impl LookAhead {
    /// Whether there is nothing more to come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let ahead = &self.ahead;
        self.failure.is_some() || ahead.finish.is_some() || ahead.tokens >= SHOWN
    }

    /// It in words, for the line below the alternatives; nothing before it is asked for. `word` is the alternative's text.
    #[must_use]
    pub fn sentence(&self, word: &str) -> Option<String> {
        if self.asked.is_none() && !self.is_over() {
            return None;
        }
        // The line is one line: breaks in the text are spaces here.
        let text = format!("{word}{}", self.ahead.text);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (more, end) = match (&self.failure, self.ahead.finish) {
            (Some(failure), _) if self.ahead.tokens == 0 => return Some(failure.summary.clone()),
            (Some(failure), _) if failure.summary == NEEDS_MODEL => {
                (" \u{2026}", ", and from there it needs the model")
            }
            (None, Some(Finish::Eos)) if text.is_empty() => {
                return Some("Then the text ends".to_owned());
            }
            (None, Some(Finish::Eos)) => ("", ", and the text ends"),
            (None, Some(Finish::Length)) => ("", ", and the text is as long as it may be"),
            (Some(_), _) | (None, None | Some(Finish::Cancelled)) => (" \u{2026}", ""),
        };
        Some(format!("Then: \u{201c}{text}{more}\u{201d}{end}"))
    }
}

impl State {
    /// The alternatives that the card on screen offers to write on with, in their order.
    #[must_use]
    pub fn alternatives(&self) -> Vec<Alternative> {
        let (Some(run), Some(at)) = (self.forkable(), self.focus.pinned.map(|token| token.index))
        else {
            return Vec::new();
        };
        let Some(insight) = run.insight(Pane::Guided, at) else {
            return Vec::new();
        };
        let texts = self.lineup_info().map(|info| &*info.texts);
        let has_letters = |token: TokenId| {
            let text = texts.and_then(|texts| texts.get(token as usize));
            text.is_some_and(|text| !text.trim().is_empty())
        };
        let in_words = self.is_showing();
        let count = if in_words { OFFERED } else { PICKABLE };
        let top = insight.top.iter().take(count).map(|candidate| candidate.id);
        let others =
            top.filter(|&token| token != insight.chosen.id && (!in_words || has_letters(token)));
        others.map(|token| Alternative { at, token }).collect()
    }

    /// What to look ahead for, where a person looks at an alternative.
    #[must_use]
    pub fn question_ahead(&self) -> Option<Question> {
        let alternative = self.focus.alternative?;
        let run = self.forkable()?;
        self.alternatives()
            .contains(&alternative)
            .then(|| Question {
                run: run.id,
                alternative,
                weights: self.draft.effective_weights(),
                sampling: run.sampling.clone(),
            })
    }

    /// The text on screen, where a card offers to write it on another way.
    fn forkable(&self) -> Option<&Run> {
        let models = match self.lineup {
            LineupState::Ready(_) => true,
            LineupState::Loading { .. } | LineupState::Missing => false,
        };
        let pinned = self.focus.pinned?.pane == Pane::Guided;
        let seen = self.page == Page::Steer && self.hidden().is_none() && self.compare.is_none();
        let run = self.run()?;
        (models && pinned && seen && !run.writes_both()).then_some(run)
    }

    /// What would be written behind the alternative in hand, in words.
    #[must_use]
    pub fn words_ahead(&self) -> Option<String> {
        let look = self.ahead.as_ref()?;
        let token = look.question.alternative.token as usize;
        look.sentence(self.lineup_info()?.texts.get(token)?)
    }

    /// Whether a look ahead is still to come.
    #[must_use]
    pub fn is_looking_ahead(&self) -> bool {
        self.ahead.as_ref().is_some_and(|look| !look.is_over())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str, tokens: usize) -> LookAhead {
        LookAhead {
            question: Question {
                run: RunId(1),
                alternative: Alternative { at: 0, token: 0 },
                weights: [].into(),
                sampling: Sampling::default(),
            },
            due_secs: 0.0,
            asked: Some((RunId(2), CancelToken::default())),
            ahead: Ahead {
                text: text.to_owned(),
                tokens,
                finish: None,
            },
            failure: None,
        }
    }

    fn ending(mut look: LookAhead, finish: Finish) -> LookAhead {
        look.ahead.finish = Some(finish);
        look
    }

    #[test]
    fn the_line_has_the_words_so_far_and_says_how_they_end() {
        let said = |look: &LookAhead, word: &str| look.sentence(word).unwrap();
        assert_eq!(said(&look("", 0), " kind"), "Then: “kind …”");
        assert_eq!(
            said(&look(" of\n you", 3), " kind"),
            "Then: “kind of you …”"
        );
        assert_eq!(
            said(&look("ing voice", 2), " mock"),
            "Then: “mocking voice …”"
        );
        let whole = ending(look(" of you.", 4), Finish::Eos);
        assert_eq!(
            said(&whole, " kind"),
            "Then: “kind of you.”, and the text ends"
        );
        let end = ending(look("", 0), Finish::Eos);
        assert_eq!(said(&end, ""), "Then the text ends");
        let mut waiting = look("", 0);
        waiting.asked = None;
        assert_eq!(waiting.sentence(" kind"), None);
    }

    #[test]
    fn the_line_says_where_a_recording_needs_the_model() {
        let mut left = look("", 0);
        left.failure = Some(Failure::failed(NEEDS_MODEL));
        assert_eq!(left.sentence(" kind").unwrap(), NEEDS_MODEL);
        left.ahead.text = " of".to_owned();
        left.ahead.tokens = 1;
        assert_eq!(
            left.sentence(" kind").unwrap(),
            "Then: “kind of …”, and from there it needs the model"
        );
        assert!(left.is_over());
    }
}
