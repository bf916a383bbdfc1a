//! What the recipe says while it trains.

use std::fmt::Write as _;

use crate::train::TrainError;
use crate::train::events::{Observer, TrainEvent};

/// Lines of progress for each training.
const LINES: u64 = 20;

/// Says how a training goes, a line for every twentieth of it.
pub(super) struct Shown<'a> {
    name: &'static str,
    say: &'a mut dyn FnMut(&str),
    steps: u64,
    /// Since the last line: loss and accuracy summed, and of how many steps.
    sums: (f64, f64, f64),
}

impl<'a> Shown<'a> {
    pub(super) fn new(name: &'static str, say: &'a mut dyn FnMut(&str)) -> Self {
        Self {
            name,
            say,
            steps: 0,
            sums: (0.0, 0.0, 0.0),
        }
    }
}

impl Observer for Shown<'_> {
    fn event(&mut self, event: &TrainEvent) -> Result<(), TrainError> {
        let name = self.name;
        match event {
            TrainEvent::Started(plan) => {
                self.steps = plan.steps;
                (self.say)(&format!(
                    "{name}: {} steps ({} done), {} examples of {} tokens, {} parameters of which {} are trained, {} threads",
                    plan.steps,
                    plan.resumed,
                    plan.examples,
                    plan.tokens,
                    plan.parameters,
                    plan.trained,
                    plan.threads
                ));
            }
            TrainEvent::Step(step) => {
                self.sums.0 += step.loss;
                self.sums.1 += step.accuracy.unwrap_or(0.0);
                self.sums.2 += 1.0;
                if step.step % (self.steps / LINES).max(1) == 0 || step.step == self.steps {
                    let (loss, accuracy, count) = self.sums;
                    let mut line = format!(
                        "{name}: step {} of {}, loss {:.4}",
                        step.step,
                        self.steps,
                        loss / count
                    );
                    if step.accuracy.is_some() {
                        let _ = write!(line, ", accuracy {:.1} %", 100.0 * accuracy / count);
                    }
                    let speed = step.tokens as f64 / step.secs.max(1e-9);
                    let _ = write!(line, ", {speed:.0} tokens/s, {:.0} s", step.secs);
                    (self.say)(&line);
                    self.sums = (0.0, 0.0, 0.0);
                }
            }
            TrainEvent::Evaluated(eval) => {
                let mut line = format!("{name}: held-out loss {:.4}", eval.eval_loss);
                if let (Some(accuracy), Some(margin)) = (eval.eval_accuracy, eval.eval_margin) {
                    let _ = write!(
                        line,
                        ", accuracy {:.1} %, margin {margin:.1} nats",
                        100.0 * accuracy
                    );
                }
                (self.say)(&line);
            }
            TrainEvent::Stage(_)
            | TrainEvent::Data(_)
            | TrainEvent::Saved { .. }
            | TrainEvent::Paused { .. }
            | TrainEvent::GoesOn => {}
        }
        Ok(())
    }
}
