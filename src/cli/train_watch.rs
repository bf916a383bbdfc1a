//! What a person sees of a training run: a bar with the time left, a log of lines, the result.

use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::{print, print_json, say};
use crate::error::Failure;
use crate::train::TrainError;
use crate::train::data::BadLine;
use crate::train::events::{DataReport, EvalReport, Observer, StepReport, TrainEvent};
use crate::train::run::Summary;

/// Time between lines where there is no terminal to draw a bar on.
const QUIET: Duration = Duration::from_secs(30);

/// Watches a run.
pub(crate) struct Watch {
    bar: ProgressBar,
    /// Where lines are wanted, and the file once it is open.
    log: Option<(PathBuf, Option<File>)>,
    /// Whether the run goes on, and its lines with it.
    resume: bool,
    drawn: bool,
    spoke: Instant,
}

impl Watch {
    /// A watch that writes to `log` where one is wanted: anew, or behind the lines up to the checkpoint where `resume`.
    pub(crate) fn new(log: Option<&Path>, resume: bool) -> Self {
        Self {
            bar: ProgressBar::hidden(),
            log: log.map(|path| (path.to_owned(), None)),
            resume,
            drawn: std::io::stderr().is_terminal(),
            spoke: Instant::now(),
        }
    }

    /// Opens the log; not before a run begins, since one that cannot must leave the lines of another alone.
    fn open_log(&mut self) -> Result<(), TrainError> {
        if let Some((path, file)) = &mut self.log {
            let opened = open_log(path, self.resume).map_err(|source| log_error(path, source))?;
            *file = Some(opened);
        }
        Ok(())
    }

    fn line(&mut self, value: &Value) -> Result<(), TrainError> {
        match &mut self.log {
            None | Some((_, None)) => Ok(()),
            Some((path, Some(file))) => {
                writeln!(file, "{value}").map_err(|source| log_error(path, source))
            }
        }
    }

    fn speak(&self, text: &str) {
        self.bar.suspend(|| say(text));
    }

    fn step(&mut self, report: &StepReport) {
        let mut text = format!("loss {:.4}", report.loss);
        if let Some(accuracy) = report.accuracy {
            text = format!("{text}, accuracy {:.0} %", 100.0 * accuracy);
        }
        text = format!("{text}, {:.0} tokens/s", report.tokens_per_sec);
        self.bar.set_position(report.step);
        if self.drawn {
            self.bar.set_message(text);
        } else if self.spoke.elapsed() > QUIET {
            self.spoke = Instant::now();
            let of = self.bar.length().unwrap_or_default();
            say(&format!("step {} of {of}: {text}", report.step));
        }
    }
}

impl Observer for Watch {
    fn event(&mut self, event: &TrainEvent) -> Result<(), TrainError> {
        match event {
            TrainEvent::Stage(_)
            | TrainEvent::Saved { .. }
            | TrainEvent::Paused { .. }
            | TrainEvent::GoesOn => Ok(()),
            TrainEvent::Data(report) => {
                say_data(report);
                Ok(())
            }
            TrainEvent::Started(plan) => {
                self.open_log()?;
                self.cut_log(plan.resumed)?;
                if plan.resumed > 0 {
                    say(&format!(
                        "Going on after step {} of {}",
                        plan.resumed, plan.steps
                    ));
                }
                say(&format!(
                    "{} steps over {} examples of {} tokens; {} of {} parameters are trained, on {} threads",
                    plan.steps,
                    plan.examples,
                    plan.tokens,
                    plan.trained,
                    plan.parameters,
                    plan.threads
                ));
                if self.drawn {
                    self.bar = ProgressBar::new(plan.steps).with_style(
                        ProgressStyle::with_template("{wide_bar} {pos}/{len}  {msg}  {eta} left")
                            .unwrap_or_else(|_| ProgressStyle::default_bar()),
                    );
                    self.bar.set_position(plan.resumed);
                    self.bar.reset_eta();
                } else {
                    self.bar.set_length(plan.steps);
                }
                Ok(())
            }
            TrainEvent::Step(report) => {
                self.step(report);
                self.line(&json!(report))
            }
            TrainEvent::Evaluated(report) => {
                self.speak(&judged(report));
                self.line(&json!(report))
            }
        }
    }
}

impl Watch {
    /// Takes back the lines of steps that a continued run does again.
    fn cut_log(&mut self, resumed: u64) -> Result<(), TrainError> {
        let Some((path, Some(file))) = self.log.as_mut().filter(|_| resumed > 0) else {
            return Ok(());
        };
        let kept = || -> std::io::Result<String> {
            let mut text = String::new();
            File::open(&*path)?.read_to_string(&mut text)?;
            let done = |line: &&str| {
                let value: Value = serde_json::from_str(line).unwrap_or_default();
                value["step"].as_u64().is_some_and(|step| step <= resumed)
            };
            let mut kept = String::new();
            for line in text.lines().filter(done) {
                kept.push_str(line);
                kept.push('\n');
            }
            Ok(kept)
        };
        kept()
            .and_then(|text| {
                file.set_len(0)?;
                file.write_all(text.as_bytes())
            })
            .map_err(|source| log_error(path, source))
    }
}

fn open_log(path: &Path, resume: bool) -> std::io::Result<File> {
    if !resume {
        File::create(path)?;
    }
    File::options().create(true).append(true).open(path)
}

fn log_error(path: &Path, source: std::io::Error) -> TrainError {
    TrainError::Write {
        what: "the log",
        path: path.to_owned(),
        source,
    }
}

fn judged(report: &EvalReport) -> String {
    let mut text = format!(
        "step {}: held-out loss {:.4}",
        report.step, report.eval_loss
    );
    if let (Some(accuracy), Some(margin)) = (report.eval_accuracy, report.eval_margin) {
        text = format!("{text}, accuracy {:.1} %", 100.0 * accuracy);
        if let Some([low, high]) = report.eval_accuracy_95 {
            text = format!(
                "{text} (95 % interval {:.1} to {:.1} %)",
                100.0 * low,
                100.0 * high
            );
        }
        text = format!("{text}, mean margin {margin:.3} nats");
    }
    format!("{text} over {}", report.eval_examples)
}

/// Says what of a file had to be left out or cut.
fn say_data(report: &DataReport) {
    say_skipped(&report.skipped);
    for (count, what) in [
        (report.prompts_cut, "prompts lost their beginning"),
        (report.answers_cut, "pairs lost the end of an answer"),
    ] {
        if count > 0 {
            say(&format!("{count} {what} to fit the longest lengths"));
        }
    }
}

/// Names the lines that were left out.
pub(crate) fn say_skipped(skipped: &[BadLine]) {
    for bad in skipped {
        say(&format!("skipped line {}: {}", bad.line, bad.reason));
    }
}

/// Says where the result is, and with `--json` prints what is known of it.
pub(crate) fn report(summary: &Summary, out: &Path, json: bool) -> Result<(), Failure> {
    if json {
        let mut value = json!({
            "schema": "counterpoise.train/1",
            "out": out.display().to_string(),
            "steps": summary.steps,
            "tokens": summary.tokens,
            "secs": summary.secs,
            "tokens_per_sec": summary.tokens as f64 / summary.secs.max(1e-9),
        });
        if let (Some(Value::Object(fields)), Some(into)) = (
            summary.eval.as_ref().map(|eval| json!(eval)),
            value.as_object_mut(),
        ) {
            into.extend(fields.into_iter().filter(|(name, _)| name != "step"));
        }
        return print_json(&value);
    }
    say(&format!(
        "{} steps, {} tokens, {:.0} s",
        summary.steps, summary.tokens, summary.secs
    ));
    print(&format!("{}\n", out.display()))
}
