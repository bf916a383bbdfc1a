//! Which weights a sweep tries: a grid, random points, and always the plain model.

use crate::domain::ObjectiveWeights;
use crate::engine::noise::PositionNoise;

/// Most settings of one sweep.
pub const MOST_SETTINGS: usize = 5_000;

/// The weights of one objective on a grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Its place in the lineup.
    pub objective: usize,
    /// The first weight.
    pub low: f64,
    /// The last weight.
    pub high: f64,
    /// How many weights, both ends among them; with one, the first alone.
    pub steps: usize,
}

impl Range {
    fn weight(&self, step: usize) -> f64 {
        if step == 0 {
            return self.low;
        }
        let share = step as f64 / (self.steps - 1) as f64;
        // Thousandths of a thousandth are dust of arithmetic: 0.3, not 0.30000000000000004.
        let weight = self.low + (self.high - self.low) * share;
        (weight * 1e9).round() / 1e9
    }
}

/// Weights drawn at random, uniformly among all ways to divide a sum.
#[derive(Debug, Clone, PartialEq)]
pub struct Random {
    /// The objectives that divide it, by their places in the lineup.
    pub objectives: Vec<usize>,
    /// How many settings.
    pub count: usize,
    /// The sum of their weights.
    pub total: f64,
    /// The same seed draws the same weights.
    pub seed: u64,
}

/// Which weights are tried.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// The weights of the objectives that are not swept, one per objective of the lineup; those of the others do not count.
    pub fixed: Vec<f64>,
    /// Every combination of these.
    pub grid: Vec<Range>,
    /// And these.
    pub random: Option<Random>,
}

impl Plan {
    /// The objectives whose weights are swept, by their places in the lineup.
    #[must_use]
    pub fn axes(&self) -> Vec<usize> {
        let grid = self.grid.iter().map(|range| range.objective);
        let random = self
            .random
            .iter()
            .flat_map(|random| random.objectives.iter().copied());
        let mut axes: Vec<usize> = grid.chain(random).collect();
        axes.sort_unstable();
        axes.dedup();
        axes
    }

    /// All settings, each once, the plain model (all weights 0) first.
    ///
    /// # Errors
    /// What is wrong with the plan, in one sentence.
    pub fn settings(&self) -> Result<Vec<ObjectiveWeights>, String> {
        self.check()?;
        let mut settings: Vec<Vec<f64>> = vec![vec![0.0; self.fixed.len()]];
        settings.extend(self.grid_settings());
        settings.extend(self.random_settings());
        let mut seen = std::collections::BTreeSet::new();
        // Adding 0 makes a −0 that somebody typed a 0.
        settings.retain(|weights| {
            seen.insert(
                weights
                    .iter()
                    .map(|w| (w + 0.0).to_bits())
                    .collect::<Vec<_>>(),
            )
        });
        if settings.len() < 2 {
            return Err(
                "a sweep needs at least one setting of the weights besides the plain model"
                    .to_owned(),
            );
        }
        Ok(settings.into_iter().map(Into::into).collect())
    }

    fn check(&self) -> Result<(), String> {
        let mut count: usize = usize::from(!self.grid.is_empty());
        for (index, range) in self.grid.iter().enumerate() {
            if range.objective >= self.fixed.len() {
                return Err("the grid names an objective that the lineup does not have".to_owned());
            }
            if self.grid[..index]
                .iter()
                .any(|other| other.objective == range.objective)
            {
                return Err("an objective stands twice in the grid".to_owned());
            }
            if !(range.low.is_finite() && range.high.is_finite()) {
                return Err("weights must be finite numbers".to_owned());
            }
            if range.low > range.high {
                return Err(format!(
                    "a range goes from the smaller to the larger weight, not from {} to {}",
                    range.low, range.high
                ));
            }
            if range.steps == 0 {
                return Err("a range needs at least one step".to_owned());
            }
            count = count.saturating_mul(range.steps);
        }
        if let Some(random) = &self.random {
            if random.objectives.is_empty()
                || random.objectives.iter().any(|&o| o >= self.fixed.len())
            {
                return Err("random weights need objectives of the lineup".to_owned());
            }
            if !(random.total.is_finite() && random.total > 0.0) {
                return Err(format!(
                    "the sum of random weights must be a number above 0, not {}",
                    random.total
                ));
            }
            count = count.saturating_add(random.count);
        }
        if count > MOST_SETTINGS {
            return Err(format!(
                "a sweep tries at most {MOST_SETTINGS} settings, and these would be {count}"
            ));
        }
        if self.fixed.iter().any(|weight| !weight.is_finite()) {
            return Err("weights must be finite numbers".to_owned());
        }
        Ok(())
    }

    /// Every combination, the last range turning fastest.
    fn grid_settings(&self) -> Vec<Vec<f64>> {
        if self.grid.is_empty() {
            return Vec::new();
        }
        let mut settings = vec![self.fixed.clone()];
        for range in &self.grid {
            settings = settings
                .iter()
                .flat_map(|weights| {
                    (0..range.steps).map(|step| {
                        let mut weights = weights.clone();
                        weights[range.objective] = range.weight(step);
                        weights
                    })
                })
                .collect();
        }
        settings
    }

    fn random_settings(&self) -> Vec<Vec<f64>> {
        let Some(random) = &self.random else {
            return Vec::new();
        };
        (0..random.count)
            .map(|index| {
                // exp(−Gumbel) is a standard exponential; exponentials by their sum are uniform on the simplex.
                let noise = PositionNoise::new(random.seed, index);
                let parts: Vec<f64> = (0u32..)
                    .zip(&random.objectives)
                    .map(|(token, _)| (-noise.gumbel(token)).exp())
                    .collect();
                let sum: f64 = parts.iter().sum();
                let mut weights = self.fixed.clone();
                for (&objective, part) in random.objectives.iter().zip(parts) {
                    weights[objective] = random.total * part / sum;
                }
                weights
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(objective: usize, low: f64, high: f64, steps: usize) -> Range {
        Range {
            objective,
            low,
            high,
            steps,
        }
    }

    #[test]
    fn a_grid_has_every_combination_and_the_plain_model_once() {
        let plan = Plan {
            fixed: vec![0.0, 0.0, 0.5],
            grid: vec![range(0, 0.0, 1.0, 3), range(1, 0.0, 2.0, 2)],
            random: None,
        };
        let settings = plan.settings().unwrap();
        let expected: [[f64; 3]; 7] = [
            [0.0, 0.0, 0.0],
            [0.0, 0.0, 0.5],
            [0.0, 2.0, 0.5],
            [0.5, 0.0, 0.5],
            [0.5, 2.0, 0.5],
            [1.0, 0.0, 0.5],
            [1.0, 2.0, 0.5],
        ];
        assert_eq!(
            settings.iter().map(|w| w.to_vec()).collect::<Vec<_>>(),
            expected
        );
        assert_eq!(plan.axes(), [0, 1]);
        // Where the grid has the plain model itself, it is not written twice.
        let plan = Plan {
            fixed: vec![0.0],
            grid: vec![range(0, 0.0, 0.4, 5)],
            random: None,
        };
        let settings: Vec<f64> = plan.settings().unwrap().iter().map(|w| w[0]).collect();
        assert_eq!(settings, [0.0, 0.1, 0.2, 0.3, 0.4]);
    }

    #[test]
    fn a_plan_that_cannot_be_says_why() {
        let with = |grid: Vec<Range>| Plan {
            fixed: vec![0.0, 0.0],
            grid,
            random: None,
        };
        for (grid, word) in [
            (vec![], "at least one setting"),
            (vec![range(0, 0.0, 0.0, 1)], "at least one setting"),
            (vec![range(2, 0.0, 1.0, 2)], "does not have"),
            (vec![range(0, 0.0, 1.0, 2), range(0, 0.0, 1.0, 2)], "twice"),
            (vec![range(0, 1.0, 0.0, 2)], "smaller to the larger"),
            (vec![range(0, 0.0, f64::INFINITY, 2)], "finite"),
            (vec![range(0, 0.0, 1.0, 0)], "at least one step"),
            (
                vec![range(0, 0.0, 1.0, 100), range(1, 0.0, 1.0, 100)],
                "at most 5000",
            ),
        ] {
            let error = with(grid).settings().unwrap_err();
            assert!(error.contains(word), "{error}");
        }
        let random = Random {
            objectives: vec![0, 1],
            count: 3,
            total: 0.0,
            seed: 1,
        };
        let plan = Plan {
            random: Some(random),
            ..with(vec![])
        };
        assert!(plan.settings().unwrap_err().contains("above 0"));
    }

    #[test]
    fn random_weights_are_uniform_on_the_simplex() {
        let count = 4000;
        let random = Random {
            objectives: vec![0, 2, 3],
            count,
            total: 1.0,
            seed: 16,
        };
        let plan = Plan {
            fixed: vec![9.0, 0.25, 9.0, 9.0],
            grid: vec![],
            random: Some(random),
        };
        let settings = plan.settings().unwrap();
        assert_eq!(settings.len(), count + 1);
        let drawn = &settings[1..];
        for (place, axis) in [0, 2, 3].into_iter().enumerate() {
            let mean = drawn.iter().map(|w| w[axis]).sum::<f64>() / count as f64;
            // Each share has mean 1/3 and variance 1/18: four standard errors are 0.015.
            assert!((mean - 1.0 / 3.0).abs() < 0.015, "{place}: {mean}");
            // P(share > 1/2) = (1/2)² for three shares.
            let large = drawn.iter().filter(|w| w[axis] > 0.5).count() as f64 / count as f64;
            assert!((large - 0.25).abs() < 0.03, "{place}: {large}");
        }
        assert!(drawn.iter().all(|w| (w[1] - 0.25).abs() < 1e-12));
        assert_eq!(settings, plan.settings().unwrap());
    }

    proptest! {
        #[test]
        fn random_weights_divide_their_sum(dimensions in 1usize..6, count in 1usize..20, total in 0.1f64..5.0, seed: u64) {
            let random = Random { objectives: (0..dimensions).collect(), count, total, seed };
            let plan = Plan { fixed: vec![0.0; dimensions], grid: vec![], random: Some(random) };
            for weights in &plan.settings().unwrap()[1..] {
                prop_assert!(weights.iter().all(|w| *w >= 0.0));
                prop_assert!((weights.iter().sum::<f64>() - total).abs() < 1e-9);
            }
        }
    }
}
