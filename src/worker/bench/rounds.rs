//! Jobs measured in turns, so that their ratios hold on a machine that other programs use too.

use std::time::Instant;

use crate::error::Failure;

/// How often a job is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Most rounds.
    pub(super) rounds: usize,
    /// Rounds that are taken however long they last.
    pub(super) least: usize,
    /// No further round is begun after so many seconds.
    pub(super) secs: f64,
}

/// Measured times of several jobs, in seconds: per round, one of each job.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rounds(Vec<Vec<f64>>);

impl Rounds {
    /// Lets `jobs` jobs take turns; `measure` does one and says how long it took.
    ///
    /// # Errors
    /// Whatever `measure` says.
    pub(super) fn measure(
        jobs: usize,
        effort: Effort,
        mut measure: impl FnMut(usize) -> Result<f64, Failure>,
    ) -> Result<Self, Failure> {
        let began = Instant::now();
        let mut rounds = Vec::new();
        while rounds.len() < effort.rounds {
            if rounds.len() >= effort.least && began.elapsed().as_secs_f64() >= effort.secs {
                break;
            }
            // Every second round goes backwards, so that what slows down or speeds up meanwhile favours no job.
            let mut round = vec![0.0; jobs];
            for turn in 0..jobs {
                let job = if rounds.len() % 2 == 0 {
                    turn
                } else {
                    jobs - 1 - turn
                };
                round[job] = measure(job)?;
            }
            rounds.push(round);
        }
        Ok(Self(rounds))
    }

    /// How many rounds there were.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The median time of a job.
    pub(super) fn median(&self, job: usize) -> f64 {
        median(self.0.iter().map(|round| round[job]).collect())
    }

    /// The median over rounds of a job's time over another's in the same round.
    pub(super) fn ratio(&self, job: usize, over: usize) -> f64 {
        median(
            self.0
                .iter()
                .map(|round| round[job] / round[over])
                .collect(),
        )
    }
}

/// The middle number, or the mean of the two in the middle; 0 where there is none.
pub(super) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let len = numbers.len();
    match len {
        0 => 0.0,
        _ if len % 2 == 1 => numbers[len / 2],
        _ => f64::midpoint(numbers[len / 2 - 1], numbers[len / 2]),
    }
}

/// The smallest of the numbers that is no smaller than this share of them; 0 where there is none.
pub(super) fn percentile(mut numbers: Vec<f64>, share: f64) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let rank = (share * numbers.len() as f64).ceil() as usize;
    numbers.get(rank.max(1) - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EFFORT: Effort = Effort {
        rounds: 4,
        least: 2,
        secs: 60.0,
    };

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn a_median_is_the_middle_and_a_percentile_is_one_of_the_numbers() {
        assert!(near(median(vec![3.0, 1.0, 2.0]), 2.0));
        assert!(near(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5));
        assert!(near(median(Vec::new()), 0.0));
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert!(near(percentile(hundred.clone(), 0.95), 95.0));
        assert!(near(percentile(hundred, 0.5), 50.0));
        assert!(near(percentile(vec![7.0], 0.95), 7.0));
        assert!(near(percentile(Vec::new(), 0.95), 0.0));
    }

    #[test]
    fn ratios_are_taken_within_rounds() {
        // The machine is three times as slow from the second round on: both jobs are, and their ratio stands.
        let rounds = Rounds(vec![vec![1.0, 1.5], vec![3.0, 4.5], vec![3.0, 4.4]]);
        assert!(near(rounds.ratio(1, 0), 1.5));
        assert!(near(rounds.ratio(0, 0), 1.0));
        assert!(near(rounds.median(0), 3.0));
        assert!(near(rounds.median(1), 4.4));
    }

    #[test]
    fn jobs_take_turns_in_both_directions() {
        let mut turns = Vec::new();
        let rounds = Rounds::measure(3, EFFORT, |job| {
            turns.push(job);
            Ok(job as f64)
        });
        assert_eq!(turns, [0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0]);
        let rounds = rounds.unwrap();
        assert_eq!(rounds.len(), 4);
        assert!(near(rounds.median(2), 2.0));
    }

    #[test]
    fn rounds_end_when_their_time_is_over_but_not_before_the_least() {
        let effort = Effort {
            secs: 0.0,
            ..EFFORT
        };
        assert_eq!(Rounds::measure(1, effort, |_| Ok(1.0)).unwrap().len(), 2);
    }

    #[test]
    fn a_failure_ends_the_rounds() {
        let outcome = Rounds::measure(2, EFFORT, |job| match job {
            0 => Ok(1.0),
            _ => Err(Failure::interrupted()),
        });
        assert_eq!(outcome, Err(Failure::interrupted()));
    }
}
