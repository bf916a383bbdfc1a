//! Tests of the sampler: splits, pairs, slots.

use std::collections::BTreeSet;

use super::super::marks::plain;
use super::*;

fn world() -> World {
    World::embedded().unwrap()
}

fn share(of: impl Iterator<Item = bool>) -> f64 {
    let (mut yes, mut all) = (0.0, 0.0);
    for hit in of {
        yes += f64::from(u8::from(hit));
        all += 1.0;
    }
    yes / all
}

#[test]
fn the_same_seed_gives_the_same_corpus_and_another_seed_another() {
    let world = world();
    let draw = |seed| Sampler::new(&world, seed).labelled(Split::Train, 50);
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

#[test]
fn tempting_answers_are_harmful_half_of_the_time() {
    let world = world();
    let all = Sampler::new(&world, 3).labelled(Split::Train, 6000);
    let tempting: Vec<_> = all
        .iter()
        .filter(|item| world.scenarios[item.scenario].kind == Kind::Tempting)
        .collect();
    let harmless = share(tempting.iter().map(|item| item.traits.harmless));
    let helpful = share(tempting.iter().map(|item| item.traits.helpful));
    let humorous = share(all.iter().map(|item| item.traits.humorous));
    assert!((harmless - 0.5).abs() < 0.04, "{harmless}");
    assert!((helpful - 0.5).abs() < 0.04, "{helpful}");
    assert!((humorous - 0.47).abs() < 0.04, "{humorous}");
}

#[test]
fn a_blurred_question_keeps_its_slots() {
    let world = world();
    let scenario = &world.scenarios[world
        .scenarios
        .iter()
        .position(|one| one.id == "hurtful-words")
        .unwrap()];
    let mut sampler = Sampler::new(&world, 8);
    let named = share((0..200).map(|_| sampler.blurred(scenario).contains("{name}")));
    assert!(named > 0.6, "{named}");
}

#[test]
fn an_answer_speaks_of_nobody_whom_the_question_did_not_name() {
    let world = world();
    let mut sampler = Sampler::new(&world, 9).blurring(0.5);
    for scenario in world.scenarios.iter().filter(|one| !one.held_out) {
        for _ in 0..20 {
            let question = sampler.question(scenario, Split::Train);
            let traits = sampler.traits(scenario.kind);
            let answer = sampler.answer(scenario, traits, &question);
            for (name, value) in &question.values {
                assert!(
                    question.named.contains(name)
                        || !answer.contains(value)
                        || question.text.contains(value)
                        || scenario_says(scenario, value),
                    "{}: {} / {answer}",
                    scenario.id,
                    question.text
                );
            }
        }
    }
}

/// Whether a scenario's own words hold this value of a slot.
fn scenario_says(scenario: &Scenario, value: &str) -> bool {
    let parts = scenario.answers.named();
    let answers = parts
        .iter()
        .flat_map(|(_, _, _, parts)| parts.iter().flatten());
    answers
        .chain(&scenario.jokes)
        .any(|text| text.contains(value))
}

#[test]
fn every_text_has_its_slots_filled() {
    let world = world();
    for item in Sampler::new(&world, 4).labelled(Split::Train, 2000) {
        assert!(
            !item.question.contains('{') && !item.answer.contains('{'),
            "{item:?}"
        );
    }
}

#[test]
fn held_out_wordings_never_appear_in_training() {
    let world = world();
    let train: BTreeSet<String> = Sampler::new(&world, 5)
        .questions(Split::Train, 4000)
        .into_iter()
        .map(|(_, question)| question)
        .collect();
    for (_, question) in Sampler::new(&world, 6).questions(Split::HeldOutWordings, 500) {
        assert!(!train.contains(&question), "{question}");
    }
}

/// How many of the sentences stand in a text; the longest piece between slots tells each well enough.
fn found_in(text: &str, sentences: &[String]) -> usize {
    let piece = |sentence: &str| {
        let pieces = sentence.split(['{', '}']);
        pieces.max_by_key(|piece| piece.len()).unwrap().to_owned()
    };
    let found = sentences.iter().filter(|one| text.contains(&piece(one)));
    found.count()
}

#[test]
fn a_joke_is_in_the_chosen_answer_and_not_in_the_rejected_one() {
    let world = world();
    let mut sampler = Sampler::new(&world, 7);
    for pair in sampler.pairs(Objective::Humorous, Split::HeldOutWordings, 400) {
        let jokes = &world.scenarios[pair.scenario].jokes;
        assert_eq!(found_in(&pair.chosen, jokes), 1, "{pair:?}");
        assert_eq!(found_in(&pair.rejected, jokes), 0, "{pair:?}");
    }
}

#[test]
fn a_misplaced_joke_or_help_is_rejected_in_a_quarter_of_the_training_pairs() {
    let world = world();
    let foreign = |pair: &Pair, texts: fn(&Scenario) -> Vec<String>| {
        let own = texts(&world.scenarios[pair.scenario]);
        let others = world.scenarios.iter().enumerate();
        others
            .filter(|(index, _)| *index != pair.scenario)
            .any(|(_, other)| {
                let theirs: Vec<String> = texts(other);
                let theirs: Vec<String> = theirs
                    .into_iter()
                    .filter(|text| !own.contains(text))
                    .collect();
                found_in(&pair.rejected, &theirs) > found_in(&pair.chosen, &theirs)
            })
    };
    let jokes: fn(&Scenario) -> Vec<String> = |scenario| scenario.jokes.clone();
    let bodies: fn(&Scenario) -> Vec<String> = |scenario| {
        let parts = scenario.answers.named();
        parts
            .iter()
            .flat_map(|(_, _, _, parts)| parts.iter().flatten().cloned())
            .collect()
    };
    for (objective, texts) in [(Objective::Humorous, jokes), (Objective::Helpful, bodies)] {
        let pairs = Sampler::new(&world, 11).pairs(objective, Split::Train, 600);
        let found = share(pairs.iter().map(|pair| foreign(pair, texts)));
        // A few texts are alike in their longest pieces, and are not found.
        assert!((0.17..0.3).contains(&found), "{objective:?}: {found}");
        let held_out = Sampler::new(&world, 11).pairs(objective, Split::HeldOutWordings, 200);
        let found = share(held_out.iter().map(|pair| foreign(pair, texts)));
        assert!(found < 0.05, "{objective:?}: {found}");
    }
}

#[test]
fn help_stands_against_kind_words_and_a_rude_remark_on_both_sides() {
    let world = world();
    let mut sampler = Sampler::new(&world, 13);
    let (mut rude, mut harmful, mut mistaken) = (0, 0, 0);
    for pair in sampler.pairs(Objective::Helpful, Split::HeldOutWordings, 600) {
        let remarks = |text: &str| found_in(text, &world.common.rude);
        assert_eq!(remarks(&pair.chosen), remarks(&pair.rejected), "{pair:?}");
        rude += remarks(&pair.chosen);
        let judge = |text: &str| {
            let parts = world.scenarios[pair.scenario].answers.named();
            let bad = parts.iter().filter(|(_, _, harmless, _)| !harmless);
            let bad: Vec<String> = bad
                .flat_map(|(_, _, _, parts)| parts.iter().flatten())
                .map(|text| plain(text))
                .collect();
            found_in(text, &bad) > 0
        };
        mistaken += usize::from(judge(&pair.rejected));
        harmful += usize::from(judge(&pair.chosen));
    }
    assert!(rude > 20 && harmful > 100, "{rude} {harmful}");
    // The longest pieces of some decent sentences stand in harmful ones too.
    assert!(mistaken < 30, "{mistaken}");
}

#[test]
fn the_answers_of_a_pair_differ_in_nothing_but_the_trait() {
    let world = world();
    for objective in [Objective::Helpful, Objective::Harmless] {
        for pair in Sampler::new(&world, 10).pairs(objective, Split::Train, 400) {
            let jokes = &world.scenarios[pair.scenario].jokes;
            for all in [jokes, &world.common.openings, &world.common.closings] {
                assert_eq!(
                    found_in(&pair.chosen, all),
                    found_in(&pair.rejected, all),
                    "{pair:?}"
                );
            }
        }
    }
}
