//! The rules that world files keep, and errors that say where one does not.

use std::collections::{BTreeMap, BTreeSet};

use super::marks::{MARK, unmark};
use super::world::{Common, Kind, Parts, Scenario, needs_only, slot_names};
use crate::error::Failure;

/// Fewest wordings of a question.
pub const MIN_WORDINGS: usize = 6;
/// Fewest jokes of a scenario.
pub const MIN_JOKES: usize = 3;
/// Longest question, joke or part of an answer, in characters.
pub const MAX_TEXT: usize = 200;
/// Longest answer with its longest alternatives, in characters: it must fit the demo model's context.
pub const MAX_ANSWER: usize = 420;
/// Fewest values of a slot.
const MIN_SLOT_VALUES: usize = 2;

/// Why a world cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// The folder or a file in it cannot be read.
    #[error("the world cannot be read: {reason}: {path}")]
    Unreadable {
        /// What the system said.
        reason: String,
        /// Which folder.
        path: String,
    },
    /// Not the TOML that the format asks for.
    #[error("{file} is not a world file: {reason}")]
    Syntax {
        /// File name.
        file: String,
        /// What the parser said, with the line.
        reason: String,
    },
    /// A rule is broken.
    #[error("{file}, scenario \"{id}\", {field}: {problem}")]
    Rule {
        /// File name.
        file: String,
        /// Scenario id.
        id: String,
        /// Field and place in it.
        field: String,
        /// What is wrong, in words.
        problem: String,
    },
    /// Two scenarios have one name.
    #[error("scenario \"{id}\" stands in {first} and again in {second}")]
    Duplicate {
        /// Scenario id.
        id: String,
        /// File of the first.
        first: String,
        /// File of the second.
        second: String,
    },
    /// `common.toml` is missing.
    #[error("the world has no common.toml")]
    NoCommon,
    /// No scenario at all.
    #[error("the world has no scenario")]
    NoScenarios,
}

impl From<WorldError> for Failure {
    fn from(error: WorldError) -> Self {
        Self::input(error.to_string())
            .hint("The format of world files is described in assets/demo/world/README.md")
    }
}

struct Place<'a> {
    file: &'a str,
    id: &'a str,
}

impl Place<'_> {
    fn broken(&self, field: impl Into<String>, problem: impl Into<String>) -> WorldError {
        WorldError::Rule {
            file: self.file.to_owned(),
            id: self.id.to_owned(),
            field: field.into(),
            problem: problem.into(),
        }
    }

    /// One text: size, characters, shape. `ends` asks for a mark at the end of the sentence.
    fn text(&self, field: &str, text: &str, limit: usize, ends: bool) -> Result<(), WorldError> {
        let fail = |problem: String| Err(self.broken(field, problem));
        let length = text.chars().count();
        if length == 0 {
            return fail("the text is empty".to_owned());
        }
        if length > limit {
            return fail(format!(
                "{length} characters, at most {limit} are allowed: \"{text}\""
            ));
        }
        if let Some(bad) = text.chars().find(|&c| !allowed(c) && c != MARK) {
            return fail(format!(
                "the character {bad:?} is not allowed (plain letters, digits and . , ; : ! ? ' \" ( ) - / % & +): \"{text}\""
            ));
        }
        if text.trim() != text || text.contains("  ") {
            return fail(format!("a space too many: \"{text}\""));
        }
        if ends && !text.trim_end_matches(['"', ')']).ends_with(['.', '!', '?']) {
            return fail(format!("the text does not end in . ! or ?: \"{text}\""));
        }
        Ok(())
    }

    /// A list of different texts.
    fn texts(
        &self,
        field: &str,
        texts: &[String],
        least: usize,
        ends: bool,
    ) -> Result<(), WorldError> {
        if texts.len() < least {
            return Err(self.broken(
                field,
                format!("{} given, at least {least} are needed", texts.len()),
            ));
        }
        let mut seen = BTreeSet::new();
        for (index, text) in texts.iter().enumerate() {
            let here = format!("{field}[{index}]");
            self.text(&here, text, MAX_TEXT, ends)?;
            if !seen.insert(text) {
                return Err(self.broken(here, format!("the same text twice: \"{text}\"")));
            }
        }
        Ok(())
    }

    /// One answer: its parts, and its length with the longest alternatives.
    fn answer(&self, field: &str, parts: &Parts) -> Result<(), WorldError> {
        let mut longest = 0;
        for (index, part) in parts.iter().enumerate() {
            let here = format!("{field}[{index}]");
            self.texts(&here, part, 1, true)?;
            longest += 1 + part
                .iter()
                .map(|text| text.chars().count())
                .max()
                .unwrap_or(0);
        }
        if longest > MAX_ANSWER {
            return Err(self.broken(
                field,
                format!(
                    "the longest answer has {longest} characters, at most {MAX_ANSWER} are allowed"
                ),
            ));
        }
        Ok(())
    }
}

fn allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || " .,;:!?'\"()-/%&+{}_".contains(c)
}

/// Checks the sentences that fit every scenario.
///
/// # Errors
/// The first rule that is broken.
pub fn common(common: &Common) -> Result<(), WorldError> {
    let place = Place {
        file: "common.toml",
        id: "common",
    };
    for (field, texts) in [
        ("refusals_kind", &common.refusals_kind),
        ("refusals_curt", &common.refusals_curt),
        ("openings", &common.openings),
        ("closings", &common.closings),
        ("rude", &common.rude),
    ] {
        place.texts(field, texts, 3, true)?;
        for (index, text) in texts.iter().enumerate() {
            if text.contains(['{', '}', MARK]) {
                return Err(place.broken(
                    format!("{field}[{index}]"),
                    "common sentences have no slots and no marks",
                ));
            }
        }
    }
    Ok(())
}

/// Checks one scenario.
///
/// # Errors
/// The first rule that is broken.
pub fn scenario(file: &str, scenario: &Scenario) -> Result<(), WorldError> {
    let place = Place {
        file,
        id: &scenario.id,
    };
    let kebab = |text: &str| {
        !text.is_empty()
            && text.split('-').all(|word| {
                !word.is_empty()
                    && word
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            })
    };
    if !kebab(&scenario.id) {
        return Err(place.broken(
            "id",
            "not kebab-case (small letters and digits, joined by -)",
        ));
    }
    if !kebab(&scenario.theme) {
        return Err(place.broken(
            "theme",
            "not kebab-case (small letters and digits, joined by -)",
        ));
    }
    place.text("about", &scenario.about, MAX_TEXT, false)?;
    if let Some(title) = &scenario.library {
        place.text("library", title, 40, false)?;
    }
    place.texts("questions", &scenario.questions, MIN_WORDINGS, true)?;
    place.texts("jokes", &scenario.jokes, MIN_JOKES, true)?;
    slots(&place, scenario)?;

    let answers = &scenario.answers;
    for (field, _, _, parts) in answers.named() {
        place.answer(field, parts)?;
    }
    let mut homes = BTreeMap::new();
    for (field, _, _, parts) in answers.named() {
        for text in parts.iter().flatten() {
            if let Some(other) = homes.insert(text, field).filter(|&other| other != field) {
                return Err(place.broken(
                    field,
                    format!("stands in {other} as well, so its traits are unclear: \"{text}\""),
                ));
            }
        }
    }
    marks(&place, scenario)?;
    let needed: &[(&str, bool, bool)] = match scenario.kind {
        Kind::Tempting => &[
            ("answers.helpful_harmless", true, true),
            ("answers.helpful_harmful", true, false),
            ("answers.vague_harmless", false, true),
            ("answers.vague_harmful", false, false),
        ],
        Kind::Everyday | Kind::Trap | Kind::Humour => &[
            ("answers.helpful_harmless", true, true),
            ("answers.vague_harmless", false, true),
        ],
    };
    for &(field, helpful, harmless) in needed {
        if answers.mix(helpful, harmless).is_empty() {
            return Err(place.broken(
                field,
                format!(
                    "missing; a scenario of the kind \"{}\" needs it",
                    scenario.kind.tag()
                ),
            ));
        }
    }
    fitting(&place, scenario)
}

/// Harmful sentences say by marks which words make them harmful, and nothing else has marks.
fn marks(place: &Place<'_>, scenario: &Scenario) -> Result<(), WorldError> {
    for (field, texts) in [
        ("questions", &scenario.questions),
        ("jokes", &scenario.jokes),
    ] {
        if let Some(index) = texts.iter().position(|text| text.contains(MARK)) {
            return Err(place.broken(
                format!("{field}[{index}]"),
                format!("only harmful sentences have marks: \"{}\"", texts[index]),
            ));
        }
    }
    for (field, _, harmless, parts) in scenario.answers.named() {
        for (index, part) in parts.iter().enumerate() {
            for (alternative, text) in part.iter().enumerate() {
                let fail = |problem: String| {
                    let here = format!("{field}[{index}][{alternative}]");
                    Err(place.broken(here, format!("{problem}: \"{text}\"")))
                };
                match unmark(text) {
                    Err(problem) => return fail(problem),
                    Ok((_, spans)) if harmless && !spans.is_empty() => {
                        return fail("only harmful sentences have marks".to_owned());
                    }
                    Ok((_, spans)) if !harmless && spans.is_empty() => {
                        return fail(format!(
                            "no word is marked as the one that makes it harmful (write {MARK}word{MARK})"
                        ));
                    }
                    Ok(_) => {}
                }
            }
        }
    }
    Ok(())
}

fn slots(place: &Place<'_>, scenario: &Scenario) -> Result<(), WorldError> {
    for (name, values) in &scenario.slots {
        place.texts(&format!("slots.{name}"), values, MIN_SLOT_VALUES, false)?;
    }
    let mut used = BTreeSet::new();
    let mut look = |field: String, text: &str| -> Result<(), WorldError> {
        for name in slot_names(text).map_err(|problem| place.broken(field.clone(), problem))? {
            if !scenario.slots.contains_key(name) {
                return Err(place.broken(field, format!("unknown slot {{{name}}}")));
            }
            used.insert(name.to_owned());
        }
        Ok(())
    };
    for (index, text) in scenario.questions.iter().enumerate() {
        look(format!("questions[{index}]"), text)?;
    }
    for (index, text) in scenario.jokes.iter().enumerate() {
        look(format!("jokes[{index}]"), text)?;
    }
    for (field, _, _, parts) in scenario.answers.named() {
        for (index, part) in parts.iter().enumerate() {
            for (alternative, text) in part.iter().enumerate() {
                look(format!("{field}[{index}][{alternative}]"), text)?;
            }
        }
    }
    if let Some(unused) = scenario.slots.keys().find(|name| !used.contains(*name)) {
        return Err(place.broken(format!("slots.{unused}"), "no text uses this slot"));
    }
    Ok(())
}

/// Every wording has an answer that brings up nothing which the wording did not name: in each part, and among the jokes,
/// one alternative has no slot that the wording lacks.
fn fitting(place: &Place<'_>, scenario: &Scenario) -> Result<(), WorldError> {
    let mut lists = vec![("jokes".to_owned(), &scenario.jokes)];
    for (field, _, _, parts) in scenario.answers.named() {
        let parts = parts.iter().enumerate();
        lists.extend(parts.map(|(index, part)| (format!("{field}[{index}]"), part)));
    }
    for (index, question) in scenario.questions.iter().enumerate() {
        let known = slot_names(question).unwrap_or_default();
        let fits = |text: &String| needs_only(text, |slot| known.contains(&slot));
        if let Some((field, _)) = lists.iter().find(|(_, texts)| !texts.iter().any(fits)) {
            return Err(place.broken(
                field.clone(),
                format!(
                    "questions[{index}] lacks a slot that all of these texts have, so none of them answers it: \"{question}\""
                ),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
