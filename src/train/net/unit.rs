//! What goes through the network in one piece: packed tokens, and the positions that count.

use std::ops::Range;

use crate::domain::TokenId;

/// A run of tokens that attends to itself and, before that, to a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Rows of the segment among the packed tokens.
    pub(crate) own: Range<usize>,
    /// Rows of what comes before it; empty where nothing does.
    pub(crate) prefix: Range<usize>,
}

/// A position whose next token counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    /// Row of the position among the packed tokens.
    pub(crate) row: usize,
    /// The token that comes next.
    pub(crate) token: TokenId,
    /// Index of the sequence within the unit.
    pub(crate) sequence: usize,
}

/// Packed sequences.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unit {
    /// Tokens that are read, all sequences one after the other.
    pub(crate) tokens: Vec<TokenId>,
    /// Position of each token in its sequence.
    pub(crate) positions: Vec<usize>,
    /// Runs of the packed tokens.
    pub(crate) segments: Vec<Segment>,
    /// Positions that count, ordered by sequence.
    pub(crate) targets: Vec<Target>,
    /// Number of sequences.
    pub(crate) sequences: usize,
}

impl Unit {
    fn push_run(&mut self, tokens: &[TokenId], prefix: Range<usize>) -> usize {
        let start = self.tokens.len();
        self.tokens.extend_from_slice(tokens);
        self.positions
            .extend(prefix.len()..prefix.len() + tokens.len());
        self.segments.push(Segment {
            own: start..start + tokens.len(),
            prefix,
        });
        start
    }

    /// Adds a text whose tokens from index `first` on count. The last token is predicted and not read.
    pub(crate) fn push_text(&mut self, tokens: &[TokenId], first: usize) {
        let Some((_, read)) = tokens.split_last() else {
            return;
        };
        let start = self.push_run(read, 0..0);
        let sequence = self.sequences;
        self.targets
            .extend((first.max(1)..tokens.len()).map(|at| Target {
                row: start + at - 1,
                token: tokens[at],
                sequence,
            }));
        self.sequences += 1;
    }

    /// Adds a prompt and two answers that follow it: two sequences, whose answers count.
    pub(crate) fn push_pair(&mut self, prompt: &[TokenId], answers: [&[TokenId]; 2]) {
        let start = self.push_run(prompt, 0..0);
        let prefix = start..start + prompt.len();
        for answer in answers {
            let Some((_, read)) = answer.split_last() else {
                continue;
            };
            let own = self.tokens.len();
            if !read.is_empty() {
                self.push_run(read, prefix.clone());
            }
            let sequence = self.sequences;
            let rows = std::iter::once(prefix.end - 1).chain(own..own + read.len());
            self.targets
                .extend(answer.iter().zip(rows).map(|(&token, row)| Target {
                    row,
                    token,
                    sequence,
                }));
            self.sequences += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_predicts_each_counted_token_from_the_one_before() {
        let mut unit = Unit::default();
        unit.push_text(&[5, 6], 0);
        unit.push_text(&[1, 2, 3, 4], 2);
        assert_eq!(unit.tokens, [5, 1, 2, 3]);
        assert_eq!(unit.positions, [0, 0, 1, 2]);
        let rows: Vec<_> = unit.targets.iter().map(|t| (t.row, t.token)).collect();
        assert_eq!(rows, [(0, 6), (2, 3), (3, 4)]);
    }

    #[test]
    fn a_pair_reads_its_prompt_once() {
        let mut unit = Unit::default();
        unit.push_pair(&[1, 2], [&[3, 4], &[5]]);
        assert_eq!(unit.tokens, [1, 2, 3]);
        assert_eq!(unit.positions, [0, 1, 2]);
        let found: Vec<_> = unit
            .targets
            .iter()
            .map(|t| (t.row, t.token, t.sequence))
            .collect();
        assert_eq!(found, [(1, 3, 0), (2, 4, 0), (1, 5, 1)]);
    }
}
