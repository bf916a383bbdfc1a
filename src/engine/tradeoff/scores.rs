//! What a text scores for each objective, and means of such scores.

use crate::domain::{Finish, TokenId};
use crate::engine::insight::expectations;
use crate::engine::scorer::StepScores;

/// How the rewards along a text become one number per objective, nats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Measure {
    /// Mean advantage per token: texts of any length compare.
    #[default]
    Advantage,
    /// Sum of the advantages: a longer text has more room for good and bad.
    AdvantageSum,
    /// Sum of the rewards: of an adapter or a reward model, the log-probability that it gives the whole text.
    Reward,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Advantage, Self::AdvantageSum, Self::Reward];

    /// Its name in files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Advantage => "advantage",
            Self::AdvantageSum => "advantage-sum",
            Self::Reward => "reward",
        }
    }

    /// Its name for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Advantage => "Mean advantage per token",
            Self::AdvantageSum => "Sum of advantages",
            Self::Reward => "Total reward (log-probability)",
        }
    }

    /// Its unit.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Advantage => "nats per token",
            Self::AdvantageSum | Self::Reward => "nats per text",
        }
    }
}

/// Sums over the tokens of a text, its end token among them, nats.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TextScores {
    /// How many tokens.
    pub tokens: usize,
    /// `Σ_t base(y_t)`: the log-probability that the plain model gives the text.
    pub base: f64,
    /// `Σ_t reward_i(y_t)`, one per objective.
    pub rewards: Vec<f64>,
    /// `Σ_t advantage_i(y_t)`, one per objective.
    pub advantages: Vec<f64>,
}

impl TextScores {
    /// Takes in the token chosen where the rows are `scores`, which hold those of every objective.
    pub fn add(&mut self, scores: &StepScores, token: TokenId) {
        let v = token as usize;
        self.tokens += 1;
        self.base += f64::from(scores.base[v]);
        self.rewards.resize(scores.rewards.len(), 0.0);
        self.advantages.resize(scores.rewards.len(), 0.0);
        let sums = self.rewards.iter_mut().zip(&mut self.advantages);
        let rows = scores
            .rewards
            .iter()
            .zip(expectations(&scores.base, &scores.rewards));
        for ((row, mean), (reward, advantage)) in rows.zip(sums) {
            let here = f64::from(row[v]);
            *reward += here;
            *advantage += here - mean;
        }
    }

    /// What the text scores for an objective, nats; nothing for an empty text or an objective that was not read.
    #[must_use]
    pub fn score(&self, measure: Measure, objective: usize) -> Option<f64> {
        let (reward, advantage) = (
            self.rewards.get(objective)?,
            self.advantages.get(objective)?,
        );
        (self.tokens > 0).then(|| match measure {
            Measure::Advantage => advantage / self.tokens as f64,
            Measure::AdvantageSum => *advantage,
            Measure::Reward => *reward,
        })
    }
}

/// One text of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which of the sweep's settings.
    pub setting: usize,
    /// Which of its prompts.
    pub prompt: usize,
    /// Which of its samples; the seed of the first is that of the sweep, then they count up.
    pub sample: usize,
    /// What was written.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// What it scores.
    pub scores: TextScores,
}

impl Row {
    /// Its setting, prompt and sample.
    #[must_use]
    pub const fn place(&self) -> [usize; 3] {
        [self.setting, self.prompt, self.sample]
    }
}

/// A mean with half the width of its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean over all texts.
    pub value: f64,
    /// The interval is `value ± half`; nothing where there are too few texts for one.
    pub half: Option<f64>,
}

impl Mean {
    /// Of texts to several prompts, given as the values of each prompt. Texts to one prompt are alike, so the interval is
    /// Student's over the prompts' own means; with a single prompt it is over its texts.
    #[must_use]
    pub fn of(prompts: &[Vec<f64>]) -> Option<Self> {
        let filled: Vec<&Vec<f64>> = prompts.iter().filter(|values| !values.is_empty()).collect();
        let means: Vec<f64> = match filled[..] {
            [] => return None,
            [only] => only.clone(),
            _ => filled.iter().map(|values| mean(values)).collect(),
        };
        let value = mean(&means);
        let n = means.len();
        let half = (n > 1).then(|| {
            let spread: f64 = means.iter().map(|x| (x - value).powi(2)).sum();
            student(n - 1) * (spread / (n - 1) as f64 / n as f64).sqrt()
        });
        Some(Self { value, half })
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The 97.5 % quantile of Student's t.
fn student(degrees: usize) -> f64 {
    const FIRST: [f64; 10] = [
        12.706_205, 4.302_653, 3.182_446, 2.776_445, 2.570_582, 2.446_912, 2.364_624, 2.306_004,
        2.262_157, 2.228_139,
    ];
    /// The normal distribution's.
    const Z: f64 = 1.959_964;
    if let Some(known) = degrees.checked_sub(1).and_then(|index| FIRST.get(index)) {
        return *known;
    }
    // Cornish and Fisher's expansion; behind the table it is right to four digits.
    let n = degrees as f64;
    let (z3, z5, z7) = (Z.powi(3), Z.powi(5), Z.powi(7));
    Z + (z3 + Z) / (4.0 * n)
        + (5.0 * z5 + 16.0 * z3 + 3.0 * Z) / (96.0 * n * n)
        + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * Z) / (384.0 * n * n * n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::mix::tests::vector_of_section_5;

    #[test]
    fn scores_are_those_of_section_5_2() {
        // Rewards ln 0.1 and ln 0.6, their mean under the base −1.545335.
        let step = vector_of_section_5();
        let mut scores = TextScores::default();
        scores.add(&step, 0);
        scores.add(&step, 1);
        let near = |measure, want: f64| {
            let got = scores.score(measure, 0).unwrap();
            assert!((got - want).abs() < 1e-5, "{measure:?}: {got}");
        };
        near(Measure::AdvantageSum, -0.757_250 + 1.034_509);
        near(Measure::Advantage, 0.138_629_5);
        near(Measure::Reward, 0.1f64.ln() + 0.6f64.ln());
        assert!((scores.base - (0.5f64.ln() + 0.3f64.ln())).abs() < 1e-6);
        assert!(scores.score(Measure::Reward, 1).is_none());
        assert!(TextScores::default().score(Measure::Reward, 0).is_none());
    }

    #[test]
    fn an_interval_is_over_prompts_where_there_are_several() {
        // Means 1 and 3: spread √2, standard error 1, t of one degree 12.706.
        let two = Mean::of(&[vec![0.0, 2.0], vec![3.0], vec![]]).unwrap();
        assert!((two.value - 2.0).abs() < 1e-12);
        assert!((two.half.unwrap() - 12.706_205).abs() < 1e-5);
        // One prompt: 1, 2, 3 have spread 1 and standard error 1/√3.
        let one = Mean::of(&[vec![1.0, 2.0, 3.0]]).unwrap();
        assert!((one.value - 2.0).abs() < 1e-12);
        assert!((one.half.unwrap() - 4.302_653 / 3f64.sqrt()).abs() < 1e-5);
        assert_eq!(
            Mean::of(&[vec![5.0]]),
            Some(Mean {
                value: 5.0,
                half: None
            })
        );
        assert_eq!(Mean::of(&[vec![], vec![]]), None);
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (degrees, want) in [
            (1, 12.7062),
            (10, 2.2281),
            (11, 2.2010),
            (30, 2.0423),
            (120, 1.9799),
        ] {
            assert!(
                (student(degrees) - want).abs() < 3e-4,
                "{degrees}: {}",
                student(degrees)
            );
        }
    }
}
