//! Which scores of a file belong to which texts of a sweep.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::widgets::numbers::count;
use crate::engine::tradeoff::{Given, Independent, Origin, Place};
use crate::error::Failure;
use crate::train::data::Columns;
use crate::worker::sweep::{SweepRecord, key};

/// Most scores that one file brings.
const MOST: usize = 24;

/// Columns that say which text a row is about, or number it: no scores, whoever wrote the file.
const NO_SCORES: [&str; 18] = [
    "",
    "key",
    "id",
    "index",
    "line",
    "setting",
    "sample",
    "seed",
    "prompt",
    "prompt text",
    "response",
    "answer",
    "text",
    "finish",
    "tokens",
    "base",
    "guided",
    "error",
];

/// What stands in a cell without a score.
const NOTHING: [&str; 7] = ["", "-", "na", "n/a", "nan", "null", "none"];

/// Scores with the texts they belong to.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    /// The scores, in the order of their columns.
    pub scores: Vec<Independent>,
    /// How much of the file was of use, in one sentence.
    pub words: String,
}

/// Finds the texts of a file's rows: by `key`, or else by `prompt` and `response`. Rows about the same text are ratings of
/// it, and their mean is its score.
///
/// # Errors
/// A file that does not say which text a row is about, that has no column of numbers, or none about a text of the sweep.
pub(super) fn matched(
    columns: &Columns,
    record: &SweepRecord,
    file: &str,
) -> Result<Matched, Failure> {
    let keys = keys(columns)?;
    let mut places: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for row in &record.rows {
        places.entry(record.key(row)).or_default().push(row.place());
    }
    let strangers = keys.iter().filter(|key| !places.contains_key(*key)).count();
    if strangers == keys.len() {
        return Err(
            Failure::input("None of the file's rows belongs to a text of this sweep")
                .hint("Save the texts for a scorer, and have those scored"),
        );
    }
    let mut scores = Vec::new();
    let mut known: BTreeSet<Place> = BTreeSet::new();
    let mut odd = 0;
    for (column, head) in columns.heads.iter().enumerate() {
        if is_no_score(columns, record, head) {
            continue;
        }
        let Some((ratings, bad)) = ratings(columns, &keys, column) else {
            continue;
        };
        let mut texts = BTreeMap::new();
        for (key, ratings) in ratings {
            let mean = ratings.iter().sum::<f64>() / ratings.len() as f64;
            for place in places.get(key).into_iter().flatten() {
                texts.insert(*place, Given::Number(mean));
            }
        }
        if texts.is_empty() {
            continue;
        }
        odd += bad;
        known.extend(texts.keys());
        let origin = Origin::File(file.to_owned());
        scores.push(Independent::new(head, origin, texts));
    }
    if scores.is_empty() {
        return Err(Failure::input("No column of the file has scores")
            .hint("Add a column of numbers, with its name in the first line"));
    }
    if scores.len() > MOST {
        return Err(Failure::input(format!(
            "The file has {} columns of numbers, and at most {MOST} can be read",
            scores.len()
        ))
        .hint("Leave those out that are no scores"));
    }
    let words = words(&scores, known.len(), record.rows.len(), strangers, odd);
    Ok(Matched { scores, words })
}

fn words(
    scores: &[Independent],
    known: usize,
    texts: usize,
    strangers: usize,
    odd: usize,
) -> String {
    let many = |number: usize, one: &str| {
        let s = if number == 1 { "" } else { "s" };
        format!("{} {one}{s}", count(number))
    };
    let names: Vec<&str> = scores.iter().map(|one| one.label.as_str()).collect();
    let mut words = vec![format!(
        "Read {}: scores for {} of {}",
        names.join(", "),
        count(known),
        many(texts, "text")
    )];
    if strangers > 0 {
        let verb = if strangers == 1 { "belongs" } else { "belong" };
        let rows = many(strangers, "row");
        words.push(format!(
            "{rows} of the file {verb} to no text of this sweep"
        ));
    }
    if odd > 0 {
        let verb = if odd == 1 {
            "is no number"
        } else {
            "are no numbers"
        };
        words.push(format!("{} {verb}", many(odd, "cell")));
    }
    words.join("; ")
}

/// The key of each row.
fn keys(columns: &Columns) -> Result<Vec<String>, Failure> {
    let at = |name: &str| {
        let mut heads = columns.heads.iter();
        heads.position(|head| head.eq_ignore_ascii_case(name))
    };
    let rows = columns.rows.iter();
    if let Some(place) = at("key") {
        return Ok(rows.map(|(_, row)| row[place].trim().to_owned()).collect());
    }
    let pair = [
        ("prompt text", "text"),
        ("prompt", "response"),
        ("prompt", "answer"),
    ]
    .into_iter()
    .find_map(|(prompt, text)| Some((at(prompt)?, at(text)?)));
    let Some((prompt, text)) = pair else {
        return Err(
            Failure::input("The file does not say which text a score belongs to").hint(
                "It needs the column key, as the texts for a scorer have it, or the columns prompt and response",
            ),
        );
    };
    Ok(rows.map(|(_, row)| key(&row[prompt], &row[text])).collect())
}

/// Whether a column is known not to be somebody's score.
fn is_no_score(columns: &Columns, record: &SweepRecord, head: &str) -> bool {
    if NO_SCORES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(head))
    {
        return true;
    }
    // In a table of this sweep its own scores and weights are no news; another program's may have the same names.
    let own = record.columns();
    let is_own_table = ["setting", "sample", "seed"]
        .iter()
        .all(|name| columns.heads.iter().any(|head| head == name));
    is_own_table && own.iter().any(|name| name == head)
}

/// The numbers of a column by the key of their row, and how many cells are none; nothing where numbers are rare: a column of
/// words.
fn ratings<'k>(
    columns: &Columns,
    keys: &'k [String],
    column: usize,
) -> Option<(BTreeMap<&'k str, Vec<f64>>, usize)> {
    let mut found: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let (mut good, mut bad) = (0, 0);
    for (key, (_, row)) in keys.iter().zip(&columns.rows) {
        let cell = row[column].trim();
        if NOTHING
            .iter()
            .any(|nothing| nothing.eq_ignore_ascii_case(cell))
        {
            continue;
        }
        match number(cell, columns.decimal_commas) {
            Some(number) => {
                good += 1;
                found.entry(key).or_default().push(number);
            }
            None => bad += 1,
        }
    }
    (good > bad).then_some((found, bad))
}

/// The number in a cell; percent signs and such make it none.
fn number(cell: &str, decimal_commas: bool) -> Option<f64> {
    let cell = cell.replace('\u{2212}', "-");
    let number = if decimal_commas {
        cell.replace(',', ".").parse::<f64>()
    } else {
        cell.parse::<f64>()
    };
    number.ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{Finish, LineupInfo, Prompt, Sampling};
    use crate::engine::tradeoff::{Row, TextScores};

    /// Two prompts under two settings; both settings write the same to the second.
    fn record() -> SweepRecord {
        let row = |setting, prompt, text: &str| Row {
            setting,
            prompt,
            sample: 0,
            text: text.to_owned(),
            finish: Finish::Eos,
            scores: TextScores {
                tokens: 1,
                ..TextScores::default()
            },
        };
        SweepRecord {
            info: Arc::new(LineupInfo::default()),
            prompts: ["Why?", "How?"]
                .map(|text| Arc::new(Prompt::of(text)))
                .into(),
            settings: vec![[].into(), [].into()].into(),
            axes: Vec::new(),
            samples: 1,
            sampling: Sampling::default(),
            rows: vec![
                row(0, 0, "So"),
                row(1, 0, "Because, well"),
                row(0, 1, "Thus"),
                row(1, 1, "Thus"),
            ],
            complete: true,
            independent: Vec::new(),
        }
    }

    fn columns(heads: &[&str], rows: &[&[&str]]) -> Columns {
        let cells = |row: &[&str]| row.iter().map(|cell| (*cell).to_owned()).collect();
        Columns {
            heads: cells(heads),
            rows: rows
                .iter()
                .enumerate()
                .map(|(index, row)| (index + 2, cells(row)))
                .collect(),
            decimal_commas: false,
        }
    }

    fn of(independent: &Independent) -> Vec<(Place, f64)> {
        let number = |given: &Given| match given {
            Given::Number(number) => *number,
            Given::Sums(_) => panic!("a file has numbers"),
        };
        let texts = independent.texts.iter();
        texts
            .map(|(place, given)| (*place, number(given)))
            .collect()
    }

    #[test]
    fn rows_find_their_texts_by_key_and_ratings_of_one_text_are_averaged() {
        let record = record();
        let keys: Vec<String> = record.rows.iter().map(|row| record.key(row)).collect();
        assert_eq!(keys[2], keys[3]);
        let file = columns(
            &["key", "rater", "polite", "brief"],
            &[
                &[&keys[0], "Ann", "4", "-1.5"],
                &[&keys[0], "Bob", "5", "n/a"],
                &[&keys[2], "Ann", " 1e0 ", "?"],
                &["t0", "Ann", "3", "\u{2212}2"],
            ],
        );
        let found = matched(&file, &record, "a.csv").unwrap();
        let labels: Vec<&str> = found.scores.iter().map(|one| one.label.as_str()).collect();
        assert_eq!(labels, ["polite (from a.csv)", "brief (from a.csv)"]);
        assert_eq!(
            of(&found.scores[0]),
            [([0, 0, 0], 4.5), ([0, 1, 0], 1.0), ([1, 1, 0], 1.0)]
        );
        assert_eq!(of(&found.scores[1]), [([0, 0, 0], -1.5)]);
        assert_eq!(
            found.words,
            "Read polite (from a.csv), brief (from a.csv): scores for 3 of 4 texts; 1 row of the file belongs to no text of this sweep; 1 cell is no number"
        );
    }

    #[test]
    fn without_a_key_prompt_and_response_tell() {
        let file = columns(
            &["prompt", "response", "tokens", "reward kind"],
            &[&["Why?", "Because, well\n", "3", "0.25"]],
        );
        let found = matched(&file, &record(), "b.csv").unwrap();
        assert_eq!(of(&found.scores[0]), [([1, 0, 0], 0.25)]);
        assert_eq!(
            found.words,
            "Read reward kind (from b.csv): scores for 1 of 4 texts"
        );
    }

    #[test]
    fn numbers_have_points_or_where_commas_part_nothing_commas() {
        assert_eq!(number("0,5", true), Some(0.5));
        assert_eq!(number("0,5", false), None);
        assert_eq!(number("-2.5e-1", true), Some(-0.25));
        for none in ["inf", "NaN", "5 %", ""] {
            assert_eq!(number(none, true), None, "{none}");
        }
    }

    #[test]
    fn a_file_that_is_of_no_use_says_why() {
        let record = record();
        let key = record.key(&record.rows[0]);
        let told = |heads: &[&str], rows: &[&[&str]]| {
            let failure = matched(&columns(heads, rows), &record, "a.csv").unwrap_err();
            assert!(failure.hint.is_some());
            failure.summary
        };
        assert_eq!(
            told(&["polite"], &[&["1"]]),
            "The file does not say which text a score belongs to"
        );
        assert_eq!(
            told(&["key", "polite"], &[&["t0", "1"]]),
            "None of the file's rows belongs to a text of this sweep"
        );
        assert_eq!(
            told(&["key", "polite", "seed"], &[&[&key, "very", "16"]]),
            "No column of the file has scores"
        );
        // A number for a text of another sweep is none for this one.
        assert_eq!(
            told(&["key", "polite"], &[&["t0", "1"], &[&key, "n/a"]]),
            "No column of the file has scores"
        );
        let heads: Vec<String> = (0..=MOST).map(|index| format!("score {index}")).collect();
        let mut all: Vec<&str> = heads.iter().map(String::as_str).collect();
        let mut cells = vec!["1"; all.len()];
        all.push("key");
        cells.push(&key);
        assert_eq!(
            told(&all, &[&cells]),
            "The file has 25 columns of numbers, and at most 24 can be read"
        );
    }
}
