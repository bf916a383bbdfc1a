//! One budget for the rows of several traces. Texts that go on from one another have the rows of their beginning in common;
//! those are kept, counted and saved once.

use std::collections::HashSet;

use super::{Rows, Saving, Trace, TraceStep};

impl TraceStep {
    /// What steps that have their rows in common have in common.
    fn place(&self) -> Option<(usize, usize)> {
        match &self.rows {
            Rows::Whole(rows) => Some(rows.place()),
            Rows::Likely(rows) => Some((std::sync::Arc::as_ptr(rows) as usize, 0)),
            Rows::Gone => None,
        }
    }
}

/// Bytes that the rows of several traces take; what they have in common counts once.
pub fn bytes_together<'a>(traces: impl IntoIterator<Item = &'a Trace>) -> usize {
    let mut seen = HashSet::new();
    let steps = traces.into_iter().flat_map(|trace| &trace.steps);
    let mut new = |step: &TraceStep| step.place().is_some_and(|place| seen.insert(place));
    steps.filter(|step| new(step)).map(TraceStep::bytes).sum()
}

/// Makes the rows of several traces, the oldest first, take no more than `budget_bytes` together. Each way to save is tried
/// on all of them, the oldest first, before the next one costs more: rows are rounded, then reduced to their likeliest
/// tokens, then given up. Rows that traces have in common count once, and are saved in all of them.
pub fn share_budget(traces: &mut [&mut Trace], budget_bytes: usize) {
    let mut all = bytes_together(traces.iter().map(|trace| &**trace));
    for saving in Saving::ALL {
        for index in 0..traces.len() {
            while all > budget_bytes {
                let position = traces[index].saved[saving as usize];
                if position >= traces[index].steps.len() {
                    break;
                }
                let (before, after) = save_everywhere(traces, index, position, saving);
                all = all - before + after;
            }
        }
    }
}

/// Saves memory in one way at one position of trace `index`, and wherever its rows are the same ones. Returns what they took
/// and take, bytes.
fn save_everywhere(
    traces: &mut [&mut Trace],
    index: usize,
    position: usize,
    saving: Saving,
) -> (usize, usize) {
    let place = traces[index].steps[position].place();
    let before = traces[index].steps[position].bytes();
    let mut after = 0;
    let mut done: Vec<TraceStep> = Vec::new();
    for (other, trace) in traces.iter_mut().enumerate() {
        let Some(step) = trace.steps.get_mut(position) else {
            continue;
        };
        // Rows that are gone already have no place.
        if other != index && (place.is_none() || step.place() != place) {
            continue;
        }
        let own = step.bytes();
        let alike = |done: &&TraceStep| saving.treats_alike(done, step);
        if let Some(done) = done.iter().find(alike) {
            step.rows = done.rows.clone();
        } else {
            saving.apply(step);
            after += step.bytes();
            done.push(step.clone());
        }
        trace.bytes = trace.bytes - own + step.bytes();
        let saved = &mut trace.saved[saving as usize];
        *saved += usize::from(*saved == position);
    }
    (before, after)
}

impl Saving {
    /// Whether two steps with the same rows have the same rows afterwards. What stays of a step depends on the token that
    /// stands there and on its weights where only the likeliest tokens stay.
    fn treats_alike(self, a: &TraceStep, b: &TraceStep) -> bool {
        match self {
            Self::Round | Self::Drop => true,
            Self::Reduce => a.token == b.token && a.weights == b.weights,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Precision;
    use super::super::tests::{STEP_BYTES, guided_step, trace};
    use super::*;
    use crate::domain::Sampling;

    #[test]
    fn of_several_traces_the_oldest_saves_first_and_the_dearer_way_comes_last() {
        let mut traces = [
            trace(usize::MAX, 10),
            trace(usize::MAX, 10),
            trace(usize::MAX, 10),
        ];
        let mut share = |rows: usize| {
            let [a, b, c] = &mut traces;
            share_budget(&mut [a, b, c], rows * STEP_BYTES);
            assert!(traces.iter().map(Trace::bytes).sum::<usize>() <= rows * STEP_BYTES);
            traces.each_ref().map(Trace::precision)
        };
        assert_eq!(share(30), [Precision::Full; 3]);
        assert_eq!(
            share(25),
            [Precision::Half, Precision::Full, Precision::Full]
        );
        assert_eq!(share(17), [Precision::Half; 3]);
        assert_eq!(
            share(12),
            [
                Precision::Partial { dropped: 6 },
                Precision::Half,
                Precision::Half
            ]
        );
        assert_eq!(share(3)[1], Precision::Partial { dropped: 10 });
    }

    /// A trace of ten steps, and one that leaves it behind the sixth.
    fn family() -> [Trace; 2] {
        let first = trace(usize::MAX, 10);
        let mut second = first.clone();
        second.truncate(6);
        for position in 6..10 {
            second.push(&guided_step(position, &Sampling::default(), &[0.0, 0.0]));
        }
        [first, second]
    }

    #[test]
    fn what_texts_have_in_common_is_counted_once() {
        let mut traces = family();
        assert_eq!(bytes_together(&traces), 14 * STEP_BYTES);
        let mut share = |rows: usize| {
            let [a, b] = &mut traces;
            share_budget(&mut [a, b], rows * STEP_BYTES);
            bytes_together(&traces)
        };
        assert_eq!(share(14), 14 * STEP_BYTES, "there is room for all");
        assert_eq!(share(10), 10 * STEP_BYTES);
        assert_eq!(
            traces.each_ref().map(Trace::precision),
            [Precision::Half, Precision::Half]
        );
    }

    #[test]
    fn rows_in_common_stay_in_common_however_they_are_saved() {
        for rows in [10, 6, 3] {
            let mut traces = family();
            let [a, b] = &mut traces;
            share_budget(&mut [a, b], rows * STEP_BYTES);
            for position in 0..6 {
                let [a, b] = traces.each_ref().map(|trace| &trace.steps[position]);
                assert_eq!(a.place(), b.place(), "position {position}");
            }
            assert!(bytes_together(&traces) <= rows * STEP_BYTES);
            for trace in &traces {
                let held: usize = trace.steps.iter().map(TraceStep::bytes).sum();
                assert_eq!(trace.bytes(), held);
            }
        }
    }
}
