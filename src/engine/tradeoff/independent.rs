//! Scores of a sweep's texts that come from elsewhere: a file, or a model that did not steer.

use std::collections::BTreeMap;

use super::HONESTY;
use super::scores::{Measure, Row, TextScores};

/// Which text: its setting, prompt and sample.
pub type Place = [usize; 3];

/// Where such scores come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file of this name.
    File(String),
    /// The models of a lineup of this name.
    Model(String),
}

/// What one text scores.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// A number on a scale of its own.
    Number(f64),
    /// What a model says of its tokens, as the only objective.
    Sums(TextScores),
}

/// One score of the texts of a sweep, by whoever made it. More is better.
#[derive(Debug, Clone, PartialEq)]
pub struct Independent {
    /// Its name with where it comes from, for example `politeness (from scores.csv)`.
    pub label: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What each text scores; those that are not there have no score.
    pub texts: BTreeMap<Place, Given>,
}

impl Independent {
    /// A score of that name.
    #[must_use]
    pub fn new(name: &str, origin: Origin, texts: BTreeMap<Place, Given>) -> Self {
        let label = match &origin {
            Origin::File(file) => format!("{name} (from {file})"),
            Origin::Model(lineup) => format!("{name} (by {lineup})"),
        };
        Self {
            label,
            origin,
            texts,
        }
    }

    /// What a text scores; numbers of a file are what they are, whatever the measure.
    #[must_use]
    pub fn score(&self, measure: Measure, row: &Row) -> Option<f64> {
        match self.texts.get(&row.place())? {
            Given::Number(number) => Some(*number),
            Given::Sums(sums) => sums.score(measure, 0),
        }
    }

    /// Its unit, where it has one.
    #[must_use]
    pub const fn unit(&self, measure: Measure) -> Option<&'static str> {
        match self.origin {
            Origin::File(_) => None,
            Origin::Model(_) => Some(measure.unit()),
        }
    }
}

/// What must be said beside a trade-off seen on these axes: each by its name, with its origin where its scores are
/// independent of the reward models that steer.
#[must_use]
pub fn honesty(axes: &[(&str, Option<&Origin>)]) -> String {
    let steering: Vec<&str> = axes
        .iter()
        .filter(|(_, origin)| origin.is_none())
        .map(|(name, _)| *name)
        .collect();
    if steering.len() == axes.len() {
        return HONESTY.to_owned();
    }
    if !steering.is_empty() {
        let (verb, there) = match steering.len() {
            1 => ("is", "there"),
            _ => ("are", "on those"),
        };
        let names = steering.join(" and ");
        return format!(
            "{names} {verb} scored by the same reward models that steer; expect optimism {there}"
        );
    }
    let from_file = |(_, origin): &(&str, Option<&Origin>)| matches!(origin, Some(Origin::File(_)));
    if axes.iter().all(from_file) {
        "Scored from a file, not by the reward models that steer; as good as whoever scored it"
    } else if axes.iter().any(from_file) {
        "Scored by models that did not steer and from a file; as good as whoever scored it"
    } else {
        "Scored by models that did not steer"
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Finish;

    fn row(setting: usize) -> Row {
        Row {
            setting,
            prompt: 1,
            sample: 2,
            text: String::new(),
            finish: Finish::Eos,
            scores: TextScores::default(),
        }
    }

    #[test]
    fn numbers_are_themselves_and_sums_follow_the_measure() {
        let file = Independent::new(
            "politeness",
            Origin::File("scores.csv".to_owned()),
            [([3, 1, 2], Given::Number(4.5))].into(),
        );
        assert_eq!(file.label, "politeness (from scores.csv)");
        for measure in Measure::ALL {
            assert_eq!(file.score(measure, &row(3)), Some(4.5));
            assert_eq!(file.unit(measure), None);
        }
        assert_eq!(file.score(Measure::Reward, &row(0)), None);
        let sums = TextScores {
            tokens: 4,
            base: -3.0,
            rewards: vec![-6.0],
            advantages: vec![1.0],
        };
        let model = Independent::new(
            "kind",
            Origin::Model("Others".to_owned()),
            [([3, 1, 2], Given::Sums(sums))].into(),
        );
        assert_eq!(model.label, "kind (by Others)");
        assert_eq!(model.score(Measure::Advantage, &row(3)), Some(0.25));
        assert_eq!(model.score(Measure::AdvantageSum, &row(3)), Some(1.0));
        assert_eq!(model.score(Measure::Reward, &row(3)), Some(-6.0));
        assert_eq!(model.unit(Measure::Reward), Some("nats per text"));
    }

    #[test]
    fn what_is_said_is_true_of_the_axes() {
        let file = Origin::File("a.csv".to_owned());
        let model = Origin::Model("Others".to_owned());
        let (kind, polite) = (("kind", None), ("polite", Some(&file)));
        let brief = ("brief", Some(&model));
        assert_eq!(honesty(&[kind, ("short", None)]), HONESTY);
        assert_eq!(
            honesty(&[kind, polite]),
            "kind is scored by the same reward models that steer; expect optimism there"
        );
        assert_eq!(
            honesty(&[kind, ("short", None), brief]),
            "kind and short are scored by the same reward models that steer; expect optimism on those"
        );
        assert!(honesty(&[polite]).starts_with("Scored from a file, not by the reward models"));
        assert!(honesty(&[polite, brief]).starts_with("Scored by models that did not steer and"));
        assert_eq!(honesty(&[brief]), "Scored by models that did not steer");
    }
}
