//! The numbers of a whole text: sums over its tokens.

use crate::engine::insight::{ObjectiveInsight, TokenInsight};

/// Sums over the tokens of a text, nats.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TextSums {
    /// How many tokens there are.
    pub tokens: usize,
    /// `Σ_t base(y_t)`.
    pub base: f64,
    /// `Σ_t guided(y_t)`.
    pub guided: f64,
    /// `Σ_t kl_t`.
    pub kl: f64,
    /// Rewards and advantages, one per objective in lineup order; empty where no token has rewards.
    pub objectives: Vec<ObjectiveInsight>,
}

impl TextSums {
    /// The sums over these tokens, in their order.
    #[must_use]
    pub fn of<'a>(tokens: impl IntoIterator<Item = &'a TokenInsight>) -> Self {
        let mut sums = Self::default();
        for token in tokens {
            sums.add(token);
        }
        sums
    }

    /// Takes in the next token.
    pub fn add(&mut self, token: &TokenInsight) {
        let chosen = &token.chosen;
        self.tokens += 1;
        self.base += chosen.base;
        self.guided += chosen.guided;
        self.kl += token.kl;
        if self.objectives.len() < chosen.objectives.len() {
            let nothing = ObjectiveInsight {
                reward: 0.0,
                advantage: 0.0,
            };
            self.objectives.resize(chosen.objectives.len(), nothing);
        }
        for (sum, one) in self.objectives.iter_mut().zip(&chosen.objectives) {
            sum.reward += one.reward;
            sum.advantage += one.advantage;
        }
    }

    /// An objective's mean reward and advantage per token; nothing for a text without tokens or rewards.
    #[must_use]
    pub fn mean(&self, objective: usize) -> Option<ObjectiveInsight> {
        let sum = self.objectives.get(objective)?;
        let tokens = self.tokens as f64;
        Some(ObjectiveInsight {
            reward: sum.reward / tokens,
            advantage: sum.advantage / tokens,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::insight::Candidate;
    use std::sync::Arc;

    fn token(base: f64, guided: f64, kl: f64, objectives: &[(f64, f64)]) -> TokenInsight {
        TokenInsight {
            chosen: Candidate {
                id: 0,
                base,
                guided,
                objectives: objectives
                    .iter()
                    .map(|&(reward, advantage)| ObjectiveInsight { reward, advantage })
                    .collect(),
            },
            kl,
            top: Arc::from([]),
            entropy: None,
        }
    }

    #[test]
    fn two_tokens_by_hand() {
        let tokens = [
            token(-1.0, -0.5, 0.25, &[(-2.0, 0.5), (-1.0, 0.0)]),
            token(-3.0, -1.0, 0.5, &[(-4.0, -1.5), (-0.5, 1.0)]),
        ];
        let sums = TextSums::of(&tokens);
        assert_eq!(
            (sums.tokens, sums.base, sums.guided, sums.kl),
            (2, -4.0, -1.5, 0.75)
        );
        assert_eq!(sums.objectives[0].reward.to_bits(), (-6.0f64).to_bits());
        assert_eq!(sums.objectives[0].advantage.to_bits(), (-1.0f64).to_bits());
        let mean = sums.mean(1).unwrap();
        assert_eq!((mean.reward, mean.advantage), (-0.75, 0.5));
        assert_eq!(sums.mean(2), None);
    }

    #[test]
    fn no_text_has_no_means() {
        assert_eq!(TextSums::of([]), TextSums::default());
        assert_eq!(TextSums::default().mean(0), None);
    }
}
