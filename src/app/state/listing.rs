//! The table of all tokens: which text it lists, and in which order.

use super::State;
use super::grain::heat_of;
use super::run::Seen;
use super::settings::HeatMode;
use crate::domain::{Objective, Pane};

/// What a column tells of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Its place in the text.
    Position,
    /// Its characters.
    Piece,
    /// `base(v)`.
    Plain,
    /// `guided(v)`.
    Guided,
    /// `guided(v) − base(v)`.
    Influence,
    /// `Σ_v p_guided(v)·(guided(v) − base(v))`.
    Kl,
    /// `−Σ_v p_base(v)·base(v)`.
    Entropy,
    /// `reward_i(v)` of an objective.
    Reward(usize),
    /// `advantage_i(v)`.
    Advantage(usize),
    /// `wᵢ·(reward_i(v) − reward_i(rival))`.
    Push(usize),
}

impl Column {
    /// All columns of a lineup with so many objectives, those of objective `first` before the others'.
    #[must_use]
    pub fn all(objectives: usize, first: usize) -> Vec<Self> {
        let mut columns = vec![
            Self::Position,
            Self::Piece,
            Self::Plain,
            Self::Guided,
            Self::Influence,
            Self::Kl,
            Self::Entropy,
        ];
        let mut order: Vec<usize> = (0..objectives).collect();
        order.sort_by_key(|&objective| objective != first);
        columns.extend(order.into_iter().flat_map(|objective| {
            [
                Self::Advantage(objective),
                Self::Push(objective),
                Self::Reward(objective),
            ]
        }));
        columns
    }

    /// Its heading.
    #[must_use]
    pub fn label(self, objectives: &[Objective]) -> String {
        let of = |what: &str, objective: usize| {
            let name = objectives.get(objective).map_or("", |o| &o.name);
            format!("{name} {what}")
        };
        match self {
            Self::Position => "position".to_owned(),
            Self::Piece => "token".to_owned(),
            Self::Plain => "plain".to_owned(),
            Self::Guided => "guided".to_owned(),
            Self::Influence => "influence".to_owned(),
            Self::Kl => "kl".to_owned(),
            Self::Entropy => "openness".to_owned(),
            Self::Reward(objective) => of("reward", objective),
            Self::Advantage(objective) => of("advantage", objective),
            Self::Push(objective) => of("push", objective),
        }
    }

    /// What it tells, in a sentence.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Position => "The place in the text, counted from 1",
            Self::Piece => "The token, its spaces made visible",
            Self::Plain => "How likely the plain model finds it, in per cent",
            Self::Guided => "How likely it is with guidance, in per cent",
            Self::Influence => HeatMode::Influence.tooltip(),
            Self::Kl => {
                "How far guidance moved this choice, in nats: the Kullback-Leibler divergence of the choices with and without it"
            }
            Self::Entropy => HeatMode::Entropy.tooltip(),
            Self::Reward(_) => HeatMode::Reward.tooltip(),
            Self::Advantage(_) => HeatMode::Advantage.tooltip(),
            Self::Push(_) => HeatMode::Push.tooltip(),
        }
    }

    /// Its number, nats; none for the columns that are no such number, and where it is not known.
    #[must_use]
    pub fn value(self, seen: Seen<'_>) -> Option<f64> {
        let of = |mode, objective| heat_of(seen, mode, objective);
        match self {
            Self::Position | Self::Piece => None,
            Self::Plain => Some(seen.insight.chosen.base),
            Self::Guided => Some(seen.insight.chosen.guided),
            Self::Influence => of(HeatMode::Influence, 0),
            Self::Kl => Some(seen.insight.kl),
            Self::Entropy => of(HeatMode::Entropy, 0),
            Self::Reward(objective) => of(HeatMode::Reward, objective),
            Self::Advantage(objective) => of(HeatMode::Advantage, objective),
            Self::Push(objective) => of(HeatMode::Push, objective),
        }
    }
}

/// How tokens are listed.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// Which text.
    pub pane: Pane,
    /// What the lines are sorted by.
    pub sort: Column,
    /// Whether the largest come first.
    pub descending: bool,
    /// What was typed to find tokens.
    pub search: String,
}

impl Default for Listing {
    fn default() -> Self {
        Self {
            pane: Pane::Guided,
            sort: Column::Position,
            descending: false,
            search: String::new(),
        }
    }
}

impl State {
    /// Positions of the tokens that are listed, in their order.
    #[must_use]
    pub fn listed(&self) -> Vec<usize> {
        let Some(run) = self.looked_at() else {
            return Vec::new();
        };
        let Listing {
            pane,
            sort,
            descending,
            search,
        } = &self.listing;
        let pieces = &run.text(*pane).pieces;
        let wanted = search.trim().to_lowercase();
        let fits = |position: &usize| {
            wanted.is_empty() || pieces[*position].to_lowercase().contains(&wanted)
        };
        let mut listed: Vec<usize> = (0..pieces.len()).filter(fits).collect();
        let order = |a: f64, b: f64| {
            if *descending {
                b.total_cmp(&a)
            } else {
                a.total_cmp(&b)
            }
        };
        match sort {
            Column::Position if *descending => listed.reverse(),
            Column::Position => {}
            Column::Piece => {
                listed.sort_by_cached_key(|&position| pieces[position].trim().to_lowercase());
                if *descending {
                    listed.reverse();
                }
            }
            _ => {
                let value = |position| sort.value(run.seen(*pane, position)?);
                // What has no number stands last, whichever way.
                let mut keyed: Vec<(Option<f64>, usize)> =
                    listed.iter().map(|&at| (value(at), at)).collect();
                keyed.sort_by(|(a, _), (b, _)| match (a, b) {
                    (Some(a), Some(b)) => order(*a, *b),
                    (a, b) => a.is_none().cmp(&b.is_none()),
                });
                listed = keyed.into_iter().map(|(_, position)| position).collect();
            }
        }
        listed
    }
}
