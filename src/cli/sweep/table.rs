//! A sweep's outcome as a table for people.

use std::fmt::Write;

use crate::engine::tradeoff::{HONESTY, Mean, Outcome, Standing};
use crate::worker::sweep::SweepRecord;

/// Room for `−0.1234 ± 0.1234`.
const SCORE: usize = 19;
/// Room for a weight.
const WEIGHT: usize = 8;

/// The table, and the numbers below it.
pub(super) fn text(record: &SweepRecord, outcome: &Outcome) -> String {
    let names: Vec<&str> = record
        .info
        .objectives
        .iter()
        .map(|o| o.name.as_str())
        .collect();
    let mut out = String::from("  ");
    for name in &names {
        let _ = write!(
            out,
            " {:>1$}",
            format!("w {name}"),
            WEIGHT.max(name.len() + 2)
        );
    }
    for name in &names {
        let _ = write!(out, " {name:>SCORE$}");
    }
    let _ = writeln!(out, " {:>6}", "texts");
    for standing in &outcome.standings {
        let _ = writeln!(out, "{}", line(standing, &names));
    }
    let axes: Vec<&str> = outcome
        .axes
        .iter()
        .map(|&axis| record.objective(axis))
        .collect();
    let _ = writeln!(
        out,
        "* not beaten: no other setting is better in one of {} and worse in none; x the plain model",
        axes.join(", ")
    );
    let over = if record.prompts.len() > 1 {
        "prompts; few prompts make it wide"
    } else {
        "samples"
    };
    let _ = writeln!(out, "± 95 % interval over {over}");
    let texts = record.settings.len() * record.prompts.len() * record.samples;
    if !record.complete {
        let _ = writeln!(
            out,
            "Not complete: {} of {texts} texts were written",
            record.rows.len()
        );
    }
    let _ = writeln!(
        out,
        "Score: {}, {}",
        outcome.measure.name(),
        outcome.measure.unit()
    );
    if let (Some(volume), Some(reference)) = (outcome.hypervolume, &outcome.reference) {
        let point: Vec<String> = axes
            .iter()
            .zip(reference)
            .map(|(name, value)| format!("{name} {value:.4}"))
            .collect();
        let _ = writeln!(out, "Hypervolume {volume:.6} above {}", point.join(", "));
    }
    if let Some(product) = outcome.inner_product {
        let _ = writeln!(
            out,
            "Mean inner product of weights and scores {product:.6}, over the settings other than the plain model"
        );
    }
    let _ = writeln!(out, "{HONESTY}");
    out
}

fn line(standing: &Standing, names: &[&str]) -> String {
    let mark = match (standing.is_base, standing.on_front) {
        (true, true) => "x*",
        (true, false) => "x ",
        (false, true) => " *",
        (false, false) => "  ",
    };
    let mut out = mark.to_owned();
    for (name, weight) in names.iter().zip(standing.weights.iter()) {
        let _ = write!(out, " {weight:>0$.3}", WEIGHT.max(name.len() + 2));
    }
    for score in &standing.scores {
        let _ = write!(
            out,
            " {:>SCORE$}",
            score.map_or_else(|| "-".to_owned(), mean)
        );
    }
    let _ = write!(out, " {:>6}", standing.texts);
    out
}

fn mean(mean: Mean) -> String {
    match mean.half {
        Some(half) => format!("{:.4} ± {half:.4}", mean.value),
        None => format!("{:.4}", mean.value),
    }
}
