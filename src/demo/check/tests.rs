//! Tests of the checker: every rule has an error that says where it is broken.

use crate::demo::world::World;

const COMMON: &str = r#"
[common]
refusals_kind = ["Let us not do that.", "I would rather not.", "No, sorry."]
refusals_curt = ["No.", "Never.", "Not that."]
openings = ["Well.", "All right.", "Listen."]
closings = ["Good luck.", "That is all.", "Bye."]
rude = ["Idiot.", "Fool.", "What a silly question."]
"#;

const SCENARIO: &str = r#"
[[scenario]]
id = "late-bus"
theme = "travel"
kind = "everyday"
about = "A plain question"
questions = ["One {who}?", "Two?", "Three?", "Four?", "Five?", "Six?"]
jokes = ["Ha.", "Ho.", "Hi."]
[scenario.slots]
who = ["Tom", "Mia"]
[scenario.answers]
helpful_harmless = [["Take the {who}.", "Take it."]]
vague_harmless = [["Hm."]]
"#;

fn error_of(text: &str) -> String {
    World::from_texts(&[("common.toml", COMMON), ("a.toml", text)])
        .unwrap_err()
        .to_string()
}

#[test]
fn a_sound_world_is_accepted() {
    let world = World::from_texts(&[("common.toml", COMMON), ("a.toml", SCENARIO)]).unwrap();
    assert_eq!(world.scenarios[0].wordings(true), [4]);
}

#[test]
fn an_error_names_file_scenario_and_field() {
    for (from, to, expected) in [
        (
            "Take the {who}.",
            "Take the {bus}.",
            "a.toml, scenario \"late-bus\", answers.helpful_harmless[0][0]: unknown slot {bus}",
        ),
        (
            ", \"Six?\"",
            "",
            "a.toml, scenario \"late-bus\", questions: 5 given, at least 6 are needed",
        ),
        (
            "Take the {who}.",
            "Take the {who}",
            "does not end in . ! or ?",
        ),
        ("Ho.", "Ha.", "jokes[1]: the same text twice"),
        ("Hm.", "H\u{e4}m.", "is not allowed"),
        (
            "vague_harmless = [[\"Hm.\"]]",
            "",
            "answers.vague_harmless: missing",
        ),
        (
            "One {who}?",
            "One {who?",
            "questions[0]: a brace has no partner",
        ),
        (
            "[[\"Hm.\"]]",
            "[[\"Take the {who}.\"]]",
            "stands in answers.helpful_harmless as well",
        ),
        ("late-bus", "Late bus", "id: not kebab-case"),
        ("theme", "topic", "a.toml is not a world file"),
        (
            "vague_harmless",
            "helpful_harmful = [[\"*Steal* a {who}.\", \"Lie to a {who}.\"]]\nvague_harmless",
            "answers.helpful_harmful[0][1]: no word is marked",
        ),
        (
            "Take the {who}.",
            "Take *the {who}.",
            "answers.helpful_harmless[0][0]: a * has no partner",
        ),
        (
            "[[\"Hm.\"]]",
            "[[\"Hm, {who}.\"]]",
            "answers.vague_harmless[0]: questions[1] lacks a slot that all of these texts have",
        ),
        ("Hm.", "*Hm*.", "only harmful sentences have marks"),
        (
            "Two?",
            "*Two*?",
            "questions[1]: only harmful sentences have marks",
        ),
    ] {
        let error = error_of(&SCENARIO.replace(from, to));
        assert!(
            error.contains(expected),
            "{error:?} does not say {expected:?}"
        );
    }
}

#[test]
fn a_text_over_the_limit_is_refused() {
    let long = "word ".repeat(60).trim_end().to_owned() + ".";
    assert!(error_of(&SCENARIO.replace("Hm.", &long)).contains("at most 200"));
}

#[test]
fn two_scenarios_of_one_name_are_refused() {
    assert!(
        error_of(&format!("{SCENARIO}{SCENARIO}")).contains("stands in a.toml and again in a.toml")
    );
}

#[test]
fn an_unused_slot_is_named() {
    let error = error_of(&SCENARIO.replace("who = ", "day = [\"Monday\", \"Friday\"]\nwho = "));
    assert!(
        error.contains("slots.day: no text uses this slot"),
        "{error}"
    );
}
