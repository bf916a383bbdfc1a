//! A run as one HTML file that needs nothing else: both texts in colour, a card for every token, and sliders that work on
//! the stored rows.
//!
//! The page is plain HTML, CSS and JavaScript of our own, which lie beside this file. [`data`] is the run in the shape that
//! the scripts read. Whatever a run says is data: it comes into the page as text or inside one block of JSON, never as markup.
//!
//! | script | holds |
//! |---|---|
//! | `noise.js` | the luck of a token |
//! | `rows.js` | stored rows |
//! | `judge.js` | numbers and choices under other weights |
//! | `run.js` | the run and its texts |
//! | `words.js` | how numbers are written |
//! | `colours.js`, `card.js`, `page.js` | what is on the page |

mod data;

use std::fmt::Write;

use super::{Record, Text, paint};
use crate::domain::calendar::Moment;
use crate::domain::{Pane, Sampling};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPTS: [&str; 8] = [
    include_str!("noise.js"),
    include_str!("rows.js"),
    include_str!("judge.js"),
    include_str!("run.js"),
    include_str!("words.js"),
    include_str!("colours.js"),
    include_str!("card.js"),
    include_str!("page.js"),
];

/// The whole file.
pub(super) fn html(record: &Record) -> String {
    let asked = record.asked();
    let system = record.system().map_or_else(String::new, |system| {
        format!("<p class=\"system\">System text: {}</p>\n", escaped(system))
    });
    let title: String = asked.chars().take(80).collect();
    // In a function of its own nothing that is named there can meet what the browser names.
    let script = format!("(() => {{\n\"use strict\";\n{}}})();\n", SCRIPTS.concat());
    let parts = [
        (
            "generator",
            format!("Counterpoise {}", escaped(&record.app)),
        ),
        ("title", escaped(&title)),
        ("light", paint::variables(&paint::LIGHT)),
        ("dark", paint::variables(&paint::DARK)),
        ("style", STYLE.to_owned()),
        ("prompt", escaped(&asked)),
        ("system", system),
        ("texts", texts(record)),
        ("facts", facts(record)),
        ("data", in_script(&data::data(record).to_string())),
        ("script", script),
    ];
    filled(PAGE, &parts)
}

/// Puts each part where the page has its name in braces. What a part holds is not looked into again.
fn filled(page: &str, parts: &[(&str, String)]) -> String {
    let mut out =
        String::with_capacity(page.len() + parts.iter().map(|(_, p)| p.len()).sum::<usize>());
    let mut rest = page;
    for (name, part) in parts {
        let mark = format!("{{{name}}}");
        // The parts are in the order of the page.
        let (before, after) = rest.split_once(&mark).unwrap_or((rest, ""));
        out.push_str(before);
        out.push_str(part);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Words as they stand between tags or in an attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No document may hold these, XML still fewer than HTML.
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                out.push(char::REPLACEMENT_CHARACTER);
            }
            letter => out.push(letter),
        }
    }
    out
}

/// JSON that can stand in a script element: nothing in it can end the element or begin a comment.
fn in_script(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

/// What stands above a text.
pub(crate) fn title(record: &Record, pane: Pane) -> String {
    match (&record.titles, pane) {
        (Some([left, _]), Pane::Base) => left.clone(),
        (Some([_, right]), Pane::Guided) => right.clone(),
        (None, Pane::Base) => "Plain model".to_owned(),
        (None, Pane::Guided) => "With guidance".to_owned(),
    }
}

/// Both texts, readable where no script runs.
fn texts(record: &Record) -> String {
    let mut out = String::new();
    for (index, pane) in [Pane::Base, Pane::Guided].into_iter().enumerate() {
        let Some(text) = record.text(pane) else {
            continue;
        };
        let title = escaped(&title(record, pane));
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "<section class=\"pane\" data-text=\"{index}\" aria-label=\"{title}\">\n<h2>{title}</h2>\n\
             <p class=\"text\">{}</p>\n<p class=\"sum\"></p>\n</section>",
            escaped(&Text::text(text)),
        );
    }
    out
}

/// How the run came to be, as a list of names and values.
fn facts(record: &Record) -> String {
    let mut facts = vec![("Models", record.info.name.clone())];
    // Of two runs that stands above their texts.
    if record.titles.is_none() {
        let weights = record.info.objectives.iter().zip(record.weights.iter());
        let weights: Vec<String> = weights
            .map(|(objective, weight)| format!("{} {weight}", objective.name))
            .collect();
        facts.push(("Weights", weights.join(", ")));
        facts.push(("Drawn with", drawn(&record.sampling)));
    }
    facts.push(("Program", format!("Counterpoise {}", record.app)));
    if record.at > 0 && record.titles.is_none() {
        let at = Moment::utc(record.at);
        let day = format!("{}-{:02}-{:02} UTC", at.year, at.month, at.day);
        facts.push(("Written", day));
    }
    for model in &record.info.models {
        let sum: String = model.sha256.chars().take(12).collect();
        let sum = if sum.is_empty() {
            sum
        } else {
            format!(", sha256 {sum}…")
        };
        facts.push(("Model", format!("{}: {}{sum}", model.role, model.source)));
    }
    let mut out = String::new();
    for (name, value) in facts {
        let _ = writeln!(out, "<dt>{name}</dt><dd>{}</dd>", escaped(&value));
    }
    out
}

/// How tokens were drawn, in words.
fn drawn(sampling: &Sampling) -> String {
    let mut words = format!(
        "seed {}, temperature {}",
        sampling.seed, sampling.temperature
    );
    if sampling.top_k > 0 {
        let _ = write!(words, ", top-k {}", sampling.top_k);
    }
    if sampling.top_p < 1.0 {
        let _ = write!(words, ", top-p {}", sampling.top_p);
    }
    if sampling.min_p > 0.0 {
        let _ = write!(words, ", min-p {}", sampling.min_p);
    }
    words
}

#[cfg(test)]
mod tests;
