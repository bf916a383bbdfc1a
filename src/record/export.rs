//! A run in formats that other programs read.

use std::fmt::Write;

use serde_json::{Value, json};

use super::html::html;
use super::look::Look;
use super::svg::svg;
use super::table::csv_line;
use super::{Keep, Record, Text};
use crate::domain::{Pane, Sampling};
use crate::engine::insight::ObjectiveInsight;
use crate::error::Failure;

/// A format to export in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The saved run, which can be opened again.
    Json,
    /// One row for each token and objective.
    Csv,
    /// A transcript with the weights.
    Markdown,
    /// For PAIR's LLM Comparator.
    LlmComparator,
    /// A page that shows it, with sliders that work.
    Html,
    /// A picture of it.
    Png,
    /// A vector picture of it.
    Svg,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Json,
        Self::Html,
        Self::Png,
        Self::Svg,
        Self::Csv,
        Self::Markdown,
        Self::LlmComparator,
    ];

    /// Words in the window.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Json => "Saved run (.counterpoise.json)",
            Self::Csv => "Numbers (.csv)",
            Self::Markdown => "Transcript (.md)",
            Self::LlmComparator => "LLM Comparator (.json)",
            Self::Html => "Page with sliders (.html)",
            Self::Png => "Picture (.png)",
            Self::Svg => "Vector picture for papers (.svg)",
        }
    }

    /// How the file's name ends, the dot apart.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Markdown => "md",
            Self::LlmComparator => "llc.json",
            Self::Html => "html",
            Self::Png => "png",
            Self::Svg => "svg",
        }
    }

    /// Whether it is a picture, which a [`Look`] has a say in.
    #[must_use]
    pub const fn is_picture(self) -> bool {
        matches!(self, Self::Png | Self::Svg)
    }

    /// The run in this format.
    ///
    /// # Errors
    /// PNG, which is no text: the window paints it; two runs side by side in a format that holds one.
    pub fn write(self, record: &Record, look: &Look) -> Result<String, Failure> {
        if matches!(self, Self::Json | Self::LlmComparator) {
            record.check_one()?;
        }
        Ok(match self {
            Self::Json => record.to_document(Keep::default()).to_string() + "\n",
            Self::Csv => csv(record),
            Self::Markdown => markdown(record),
            Self::LlmComparator => llm_comparator(record).to_string() + "\n",
            Self::Html => html(record),
            Self::Svg => svg(record, look),
            Self::Png => {
                return Err(Failure::usage(
                    "PNG pictures are painted by the window, which this program was built without",
                )
                .hint("Export as svg, which every build can write"));
            }
        })
    }
}

/// One row for each token of both texts and each objective.
fn csv(record: &Record) -> String {
    let mut out = String::new();
    let head = "text,position,token,piece,given,objective,weight,reward,advantage,base,guided,kl";
    csv_line(&mut out, head.split(','));
    let [base, guided] = match &record.titles {
        Some([left, right]) => [left.as_str(), right.as_str()],
        None => ["base", "guided"],
    };
    // As short as it can be read back.
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for (name, pane) in [(base, Pane::Base), (guided, Pane::Guided)] {
        let Some(text) = record.text(pane) else {
            continue;
        };
        for (position, (step, piece)) in text.trace.steps().iter().zip(&text.pieces).enumerate() {
            let chosen = &step.insight.chosen;
            // Without objectives the token has a line of its own too.
            for index in 0..record.info.objectives.len().max(1) {
                let objective = record.info.objectives.get(index);
                let said: Option<&ObjectiveInsight> = chosen.objectives.get(index);
                let cells = [
                    name.to_owned(),
                    position.to_string(),
                    step.token.to_string(),
                    piece.clone(),
                    (position < text.given).to_string(),
                    objective.map_or_else(String::new, |it| it.name.clone()),
                    number(step.weights.get(index).copied()),
                    number(said.map(|said| said.reward)),
                    number(said.map(|said| said.advantage)),
                    number(Some(chosen.base)),
                    number(Some(chosen.guided)),
                    number(Some(step.insight.kl)),
                ];
                csv_line(&mut out, cells);
            }
        }
    }
    out
}

/// Prompt, weights and both texts for people.
fn markdown(record: &Record) -> String {
    let mut out = format!("# Prompt\n\n{}\n\n", block(&record.asked()));
    if let Some(system) = record.system() {
        let _ = write!(out, "System text:\n\n{}\n\n", block(system));
    }
    let mut drawn = String::new();
    let (left, right) = if let Some([left, right]) = &record.titles {
        // How the texts of two runs came to be stands above them.
        (left.as_str(), right.as_str())
    } else {
        let _ = write!(out, "| objective | weight |\n|---|---:|\n");
        for (objective, weight) in record.info.objectives.iter().zip(record.weights.iter()) {
            let _ = writeln!(out, "| {} | {weight} |", objective.name.replace('|', "\\|"));
        }
        out.push('\n');
        let Sampling {
            seed, temperature, ..
        } = record.sampling;
        drawn = format!("seed {seed} · temperature {temperature} · ");
        ("Base", "Guided")
    };
    let (models, app) = (&record.info.name, &record.app);
    let _ = writeln!(out, "Models: {models} · {drawn}Counterpoise {app}");
    if let Some(base) = &record.base {
        let _ = write!(out, "\n## {left}\n\n{}\n", block(&base.text()));
    }
    let _ = write!(out, "\n## {right}\n\n{}\n", block(&record.guided.text()));
    out
}

/// Words as a quotation.
fn block(text: &str) -> String {
    let lines = text
        .trim()
        .lines()
        .map(|line| format!("> {line}").trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// The mean advantage per token, nats.
fn mean_advantage(text: &Text, objective: usize) -> Option<f64> {
    let steps = text.trace.steps().iter();
    let values: Vec<f64> = steps
        .filter_map(|step| Some(step.insight.chosen.objectives.get(objective)?.advantage))
        .filter(|value| value.is_finite())
        .collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

impl Record {
    /// The mean advantage per token of each objective in one of the texts, nats; none where it is not known.
    #[must_use]
    pub fn mean_advantages(&self, pane: Pane) -> Vec<Option<f64>> {
        let objectives = 0..self.info.objectives.len();
        objectives
            .map(|objective| mean_advantage(self.text(pane)?, objective))
            .collect()
    }
}

/// The file that LLM Comparator opens: the base is model A, the guided text model B. Its score is how much more of the
/// weighted objectives the base has per token, nats: above 0 speaks for A.
fn llm_comparator(record: &Record) -> Value {
    let (base, guided) = (
        record.mean_advantages(Pane::Base),
        record.mean_advantages(Pane::Guided),
    );
    let mut fields = serde_json::Map::new();
    let mut schema = Vec::new();
    let mut score = 0.0;
    for (index, objective) in record.info.objectives.iter().enumerate() {
        let name = format!("{} advantage", objective.name);
        schema.push(json!({"name": name, "type": "per_model_number"}));
        fields.insert(name, json!([base[index], guided[index]]));
        let weight = record.weights.get(index).copied().unwrap_or_default();
        if let (Some(a), Some(b)) = (base[index], guided[index]) {
            score += weight * (a - b);
        }
    }
    let models = json!([
        {"name": format!("{} (base)", record.info.name)},
        {"name": format!("{} (guided)", record.info.name)},
    ]);
    json!({
        "metadata": {
            "source_path": format!("Counterpoise {}", record.app),
            "custom_fields_schema": schema,
        },
        "models": models,
        "examples": [{
            "input_text": record.prompt.text,
            "tags": [],
            "output_text_a": record.base.as_ref().map(Text::text).unwrap_or_default(),
            "output_text_b": record.guided.text(),
            "score": score,
            "individual_rater_scores": [],
            "custom_fields": fields,
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FailureKind;
    use crate::record::tests::record;

    #[test]
    fn the_table_has_a_row_for_each_token_and_objective() {
        let record = record(4);
        let table = Format::Csv.write(&record, &Look::default()).unwrap();
        let tokens = record.guided.pieces.len() + record.base.as_ref().unwrap().pieces.len();
        assert_eq!(table.lines().count(), 1 + 2 * tokens);
        let first = table.lines().nth(1).unwrap();
        let step = &record.base.as_ref().unwrap().trace.steps()[0];
        let reward = step.insight.chosen.objectives[0].reward;
        assert!(
            first.starts_with(&format!("base,0,{},", step.token)),
            "{first}"
        );
        assert!(first.contains(&format!(",a,1,{reward},")), "{first}");
    }

    #[test]
    fn tokens_of_a_run_without_objectives_are_in_the_table_too() {
        let mut run = record(4);
        let mut info = (*run.info).clone();
        info.objectives.clear();
        run.info = info.into();
        run.base = None;
        let table = Format::Csv.write(&run, &Look::default()).unwrap();
        assert_eq!(table.lines().count(), 1 + run.guided.pieces.len());
    }

    #[test]
    fn the_transcript_has_prompt_weights_and_both_texts() {
        let mut record = record(4);
        record.prompt.text = "Why?\nTell me.".to_owned();
        let text = Format::Markdown.write(&record, &Look::default()).unwrap();
        for part in [
            "> Why?\n> Tell me.",
            "| a | 1 |",
            "| b | 0.5 |",
            "## Base",
            "## Guided",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(text.contains(record.guided.text().trim()));
    }

    #[test]
    fn two_runs_side_by_side_are_not_told_as_one() {
        let (mut left, mut right) = (record(1), record(2));
        left.prompt.text = "Why so?".to_owned();
        right.prompt.text = "And else?".to_owned();
        right.weights = [7.25, 0.5].into();
        let both = left.beside(&right).unwrap();
        // Rows hold for their prompt only.
        let own = right.guided.pieces.len() + 1;
        assert_eq!(both.tree.nodes().len(), own);
        let write = |format: Format| format.write(&both, &Look::default());
        for format in [Format::Json, Format::LlmComparator] {
            assert_eq!(write(format).unwrap_err().kind, FailureKind::Usage);
        }
        assert!(crate::record::command::command(&both).is_err());
        let [a, b] = both.titles.clone().unwrap();
        assert!(a.contains("a 1.00") && b.contains("a 7.25"), "{a} {b}");
        let table = write(Format::Csv).unwrap();
        let count = |title: &str| table.matches(&format!("\n{title},")).count();
        assert_eq!(count(&a), 2 * left.guided.pieces.len());
        assert_eq!(count(&b), 2 * right.guided.pieces.len());
        for (format, weights, seed) in [
            (
                Format::Markdown,
                "| a |",
                "· seed 2 · temperature 1 · Counter",
            ),
            (Format::Html, "<dt>Weights", "<dt>Drawn"),
            (Format::Svg, "Weights:", "> seed"),
        ] {
            let page = write(format).unwrap();
            for part in ["Why so?", "And else?", a.as_str(), b.as_str()] {
                assert!(page.contains(part), "{format:?} without {part}");
            }
            assert!(
                !page.contains(weights) && !page.contains(seed),
                "{format:?}"
            );
        }
    }

    #[test]
    fn the_comparator_gets_both_answers_with_numbers_per_model() {
        let record = record(4);
        let document: Value = serde_json::from_str(
            &Format::LlmComparator
                .write(&record, &Look::default())
                .unwrap(),
        )
        .unwrap();
        let example = &document["examples"][0];
        assert_eq!(example["output_text_b"], record.guided.text());
        let pair = &example["custom_fields"]["a advantage"];
        let guided = mean_advantage(&record.guided, 0).unwrap();
        assert!((pair[1].as_f64().unwrap() - guided).abs() < 1e-12);
        let base = pair[0].as_f64().unwrap() - guided;
        let other = &example["custom_fields"]["b advantage"];
        let other = other[0].as_f64().unwrap() - other[1].as_f64().unwrap();
        assert!((example["score"].as_f64().unwrap() - (base + 0.5 * other)).abs() < 1e-9);
    }
}
