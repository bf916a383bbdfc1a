//! Token sequences to learn from, and how a batch of them is shared out.

use super::net::unit::Unit;
use crate::domain::TokenId;

/// A text whose tokens from index `first` on are learnt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextExample {
    /// The whole text, with the token that begins it and the one that ends it.
    pub tokens: Vec<TokenId>,
    /// First token that counts; 0 counts all that have one before them.
    pub first: usize,
}

/// A prompt with the answer that was preferred and the one that was not, each ending with the end token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairExample {
    /// At least one token.
    pub prompt: Vec<TokenId>,
    /// At least one token.
    pub chosen: Vec<TokenId>,
    /// At least one token.
    pub rejected: Vec<TokenId>,
}

/// Examples of either kind.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Examples<'a> {
    Texts(&'a [TextExample]),
    Pairs(&'a [PairExample]),
}

impl Examples<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Pairs(pairs) => pairs.len(),
        }
    }

    /// Tokens that an example makes the network read.
    pub(crate) fn cost(&self, index: usize) -> usize {
        match self {
            Self::Texts(texts) => texts[index].tokens.len().saturating_sub(1),
            Self::Pairs(pairs) => {
                let pair = &pairs[index];
                pair.prompt.len() + pair.chosen.len() + pair.rejected.len() - 2
            }
        }
    }

    /// Positions that an example counts in the loss.
    pub(crate) fn counted(&self, index: usize) -> usize {
        match self {
            Self::Texts(texts) => {
                let text = &texts[index];
                text.tokens.len().saturating_sub(text.first.max(1))
            }
            Self::Pairs(pairs) => pairs[index].chosen.len() + pairs[index].rejected.len(),
        }
    }

    /// Longest sequence.
    pub(crate) fn longest(&self) -> usize {
        let length = |index: usize| match self {
            Self::Texts(texts) => texts[index].tokens.len(),
            Self::Pairs(pairs) => {
                let pair = &pairs[index];
                pair.prompt.len() + pair.chosen.len().max(pair.rejected.len())
            }
        };
        (0..self.len()).map(length).max().unwrap_or(0)
    }

    /// Calls `take` with every token and every length, in order.
    pub(crate) fn each_token(&self, mut take: impl FnMut(u32)) {
        let mut row = |tokens: &[TokenId], first: usize| {
            take(tokens.len() as u32);
            take(first as u32);
            for &token in tokens {
                take(token);
            }
        };
        match self {
            Self::Texts(texts) => texts.iter().for_each(|text| row(&text.tokens, text.first)),
            Self::Pairs(pairs) => pairs.iter().for_each(|pair| {
                for tokens in [&pair.prompt, &pair.chosen, &pair.rejected] {
                    row(tokens, 0);
                }
            }),
        }
    }

    /// The first id that a vocabulary of this size does not have.
    pub(crate) fn outside(&self, vocab: usize) -> Option<TokenId> {
        let bad = |tokens: &[TokenId]| tokens.iter().copied().find(|&id| id as usize >= vocab);
        match self {
            Self::Texts(texts) => texts.iter().find_map(|text| bad(&text.tokens)),
            Self::Pairs(pairs) => pairs.iter().find_map(|pair| {
                bad(&pair.prompt)
                    .or_else(|| bad(&pair.chosen))
                    .or_else(|| bad(&pair.rejected))
            }),
        }
    }

    fn push(&self, index: usize, unit: &mut Unit) {
        match self {
            Self::Texts(texts) => unit.push_text(&texts[index].tokens, texts[index].first),
            Self::Pairs(pairs) => {
                let pair = &pairs[index];
                unit.push_pair(&pair.prompt, [&pair.chosen, &pair.rejected]);
            }
        }
    }

    /// Shares examples out over `shards` of about equal work, each cut into units of up to `limit` tokens.
    ///
    /// The longest example goes first, always to the shard with the least to do: nothing depends on timing.
    pub(crate) fn share_out(
        &self,
        indices: &[usize],
        shards: usize,
        limit: usize,
    ) -> Vec<Vec<Unit>> {
        let mut order = indices.to_vec();
        order.sort_by_key(|&index| std::cmp::Reverse(self.cost(index)));
        let mut loads = vec![0; shards];
        let mut shares: Vec<Vec<Unit>> = vec![Vec::new(); shards];
        for index in order {
            let cost = self.cost(index);
            let least = (0..shards).min_by_key(|&shard| loads[shard]).unwrap_or(0);
            loads[least] += cost;
            let share = &mut shares[least];
            match share.last_mut() {
                Some(unit) if unit.tokens.len() + cost <= limit => self.push(index, unit),
                _ => {
                    let mut unit = Unit::default();
                    self.push(index, &mut unit);
                    share.push(unit);
                }
            }
        }
        shares
    }
}

/// Takes a share of the examples out, evenly spread over them.
pub fn hold_out<T>(examples: &mut Vec<T>, share: Option<f64>) -> Vec<T> {
    let Some(share) = share else {
        return Vec::new();
    };
    let held = |index: usize| ((index + 1) as f64 * share).floor() > (index as f64 * share).floor();
    let mut index = 0;
    examples
        .extract_if(.., |_| {
            index += 1;
            held(index - 1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_out_examples_are_spread_evenly() {
        let mut examples: Vec<u32> = (0..20).collect();
        assert_eq!(hold_out(&mut examples, Some(0.25)), [3, 7, 11, 15, 19]);
        assert_eq!(examples.len(), 15);
        assert!(hold_out(&mut examples, None).is_empty());
    }

    #[test]
    fn work_is_shared_evenly_and_nothing_is_lost() {
        let texts: Vec<TextExample> = (0..21)
            .map(|i| TextExample {
                tokens: vec![1; 3 + (i * 5) % 17],
                first: 0,
            })
            .collect();
        let examples = Examples::Texts(&texts);
        let indices: Vec<usize> = (0..21).collect();
        let shares = examples.share_out(&indices, 3, 20);
        let loads: Vec<usize> = shares
            .iter()
            .map(|units| units.iter().map(|unit| unit.tokens.len()).sum())
            .collect();
        let total: usize = indices.iter().map(|&i| examples.cost(i)).sum();
        assert_eq!(loads.iter().sum::<usize>(), total);
        assert!(
            loads.iter().all(|load| load.abs_diff(total / 3) < 8),
            "{loads:?}"
        );
        let sequences: usize = shares.iter().flatten().map(|unit| unit.sequences).sum();
        assert_eq!(sequences, 21);
        assert!(shares.iter().flatten().all(|unit| unit.tokens.len() <= 20));
    }
}
