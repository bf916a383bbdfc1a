use proptest::prelude::*;

use super::*;
use crate::engine::mix::mix;
use crate::engine::reweigh::tests::written;
use crate::engine::sample::draw;

/// The first step that another weight of `objective` changes, by trying.
fn tried(
    trace: &Trace,
    question: &Question<'_>,
    objective: usize,
    weight: f64,
) -> Option<Divergence> {
    let mut weights = question.weights.to_vec();
    weights[objective] = weight;
    let mut steps = trace.steps().iter().enumerate().skip(question.pinned);
    steps.find_map(|(position, step)| {
        let scores = mix(&step.scores().unwrap(), &weights).scores;
        let to = draw(&scores, question.sampling, position);
        (to != step.token).then_some(Divergence {
            position,
            from: step.token,
            to,
        })
    })
}

/// Checks an interval against trying weights inside and just outside.
fn agrees_with_trying(
    trace: &Trace,
    question: &Question<'_>,
    range: (f64, f64),
    found: &[Option<Stability>],
    close: f64,
) {
    for (objective, found) in found.iter().enumerate() {
        let at = |share: f64, low: f64, high: f64| low + share * (high - low);
        let Some(found) = found else {
            for i in 0..=40 {
                let weight = at(f64::from(i) / 40.0, range.0, range.1);
                assert!(
                    tried(trace, question, objective, weight).is_some(),
                    "unchanged at {weight}"
                );
            }
            continue;
        };
        for i in 1..20 {
            let weight = at(f64::from(i) / 20.0, found.low, found.high);
            assert_eq!(
                tried(trace, question, objective, weight),
                None,
                "{found:?} at {weight}"
            );
        }
        for (end, outward, change, limit) in [
            (found.low, -close, found.below, range.0),
            (found.high, close, found.above, range.1),
        ] {
            match change {
                Some(change) => assert_eq!(
                    tried(trace, question, objective, end + outward),
                    Some(change)
                ),
                None => assert!((end - limit).abs() < 1e-12),
            }
        }
    }
}

proptest! {
    #[test]
    fn closed_forms_agree_with_trying(
        seed in 0u64..500, temperature in prop_oneof![Just(0.0), Just(1.0), 0.2f64..2.0],
        weights in proptest::collection::vec(prop_oneof![1 => Just(0.0), 4 => 0.0f64..2.0], 1..4),
        steps in 1usize..12, moved in -0.1f64..0.1, pinned in 0usize..3,
    ) {
        let sampling = Sampling { temperature, seed, ..Sampling::default() };
        let trace = written(&sampling, &weights, steps, usize::MAX);
        let mut now = weights;
        now[0] += moved;
        let question = Question { weights: &now, sampling: &sampling, pinned };
        let found = stability(&trace, &question, (0.0, 3.0), &|| false).unwrap();
        prop_assert!(found.iter().flatten().all(|one| one.method == Method::Exact));
        agrees_with_trying(&trace, &question, (0.0, 3.0), &found, 1e-7);
    }

    #[test]
    fn rounded_rows_never_promise_too_much(seed in 0u64..200, w in 0.1f64..2.0) {
        let sampling = Sampling { seed, ..Sampling::default() };
        let exact = written(&sampling, &[w, 0.5], 6, usize::MAX);
        let rounded = written(&sampling, &[w, 0.5], 6, exact.bytes() / 2);
        let question = Question { weights: &[w, 0.5], sampling: &sampling, pinned: 0 };
        let wide = stability(&exact, &question, (0.0, 3.0), &|| false).unwrap();
        let narrow = stability(&rounded, &question, (0.0, 3.0), &|| false).unwrap();
        for (wide, narrow) in wide.iter().zip(narrow) {
            let wide = wide.unwrap();
            if let Some(narrow) = narrow {
                prop_assert_eq!(narrow.method, Method::Careful);
                prop_assert!(wide.low <= narrow.low && narrow.high <= wide.high);
                prop_assert!(narrow.low - wide.low < 0.1 && wide.high - narrow.high < 0.1);
            }
        }
    }
}

#[test]
fn an_objective_that_cannot_reach_the_text_does_not_hide_the_changes_of_the_next() {
    let sampling = Sampling {
        seed: 264,
        ..Sampling::default()
    };
    let written_with = [0.352_781_311, 0.323_499_485, 1.312_383_945];
    let trace = written(&sampling, &written_with, 9, usize::MAX);
    let question = Question {
        weights: &[0.293_392_568, 0.323_499_485, 1.312_383_945],
        sampling: &sampling,
        pinned: 0,
    };
    let found = stability(&trace, &question, (0.0, 3.0), &|| false).unwrap();
    let reachable: Vec<bool> = found.iter().map(Option::is_some).collect();
    assert!(reachable.windows(2).any(|two| two == [false, true]));
    agrees_with_trying(&trace, &question, (0.0, 3.0), &found, 1e-7);
}

#[test]
fn with_filters_the_ends_are_found_by_trying() {
    for sampling in [
        Sampling {
            top_k: 5,
            ..Sampling::default()
        },
        Sampling {
            top_p: 0.7,
            ..Sampling::default()
        },
        Sampling {
            min_p: 0.1,
            temperature: 1.5,
            ..Sampling::default()
        },
    ] {
        let trace = written(&sampling, &[0.5, 1.0], 20, usize::MAX);
        let question = Question {
            weights: &[0.5, 1.0],
            sampling: &sampling,
            pinned: 0,
        };
        let found = stability(&trace, &question, (0.0, 3.0), &|| false).unwrap();
        for one in found.iter().flatten() {
            assert_eq!(one.method, Method::Searched);
        }
        agrees_with_trying(&trace, &question, (0.0, 3.0), &found, SEARCH_END);
        // Away from the text there is nothing to begin from.
        let away = Question {
            weights: &[3.0, 0.0],
            ..question
        };
        assert_eq!(
            stability(&trace, &away, (0.0, 3.0), &|| false).unwrap(),
            [None, None]
        );
    }
}

#[test]
fn the_interval_of_section_5_1_comes_out() {
    use crate::engine::decode::GuidedStep;
    use std::sync::Arc;
    let greedy = Sampling {
        temperature: 0.0,
        ..Sampling::default()
    };
    let scores = crate::engine::mix::tests::vector_of_section_5();
    let mut trace = Trace::default();
    trace.push(&GuidedStep::new(0, 0, scores, Arc::from([0.1])));
    let question = Question {
        weights: &[0.1],
        sampling: &greedy,
        pinned: 0,
    };
    let found = stability(&trace, &question, (0.0, 2.0), &|| false).unwrap()[0].unwrap();
    assert!((found.high - 0.285_097).abs() < 1e-6);
    assert_eq!(
        found.above,
        Some(Divergence {
            position: 0,
            from: 0,
            to: 1
        })
    );
    assert_eq!((found.low, found.below), (0.0, None));
}

#[test]
fn a_search_that_has_become_pointless_is_given_up() {
    let sampling = Sampling::default();
    let trace = written(&sampling, &[0.5], 10, usize::MAX);
    let question = Question {
        weights: &[0.5],
        sampling: &sampling,
        pinned: 0,
    };
    assert_eq!(stability(&trace, &question, (0.0, 3.0), &|| true), None);
}
