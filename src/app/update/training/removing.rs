//! Trainings of before are deleted, and brought back.

use std::path::Path;

use super::joining::{Way, way};
use crate::app::state::training::{RemovalRequest, Training};
use crate::app::state::{Problem, ProblemPlace, State};
use crate::train::record::Found;
use crate::train::removal::{Removal, RemovalDone};

/// Why a training cannot be deleted now, in a sentence.
#[must_use]
pub fn why_not(state: &State, found: &Found) -> Option<&'static str> {
    let order = &found.record.order;
    if way(state, &order.out, &order.base) == Way::Leave {
        return Some("It is in the lineup in use: remove it from there first");
    }
    let removing = state.training.removing.is_some();
    removing.then_some("Another one is being deleted")
}

/// Asks for the training in this folder to be put aside.
pub(super) fn delete(state: &mut State, folder: &Path) {
    let page = &state.training;
    let under_way = page.active().is_some_and(|run| run.order.out == folder);
    let Some(found) = page.found_at(folder).filter(|_| !under_way).cloned() else {
        return;
    };
    if why_not(state, &found).is_none() {
        ask(&mut state.training, Removal::Delete(Box::new(found)));
    }
}

/// Asks for the training that was deleted from this folder.
pub(super) fn bring_back(page: &mut Training, folder: &Path) {
    let mut removed = page.removed.iter();
    let removed = removed.find(|removed| removed.found.record.order.out == folder);
    if let (Some(removed), None) = (removed.cloned(), &page.removing) {
        ask(page, Removal::BringBack(Box::new(removed)));
    }
}

fn ask(page: &mut Training, removal: Removal) {
    page.next_removal += 1;
    page.removing = Some(RemovalRequest {
        serial: page.next_removal,
        removal,
    });
}

/// Takes in what became of it.
pub fn on_removed(state: &mut State, serial: u64, done: RemovalDone) {
    let page = &mut state.training;
    if page
        .removing
        .take_if(|asked| asked.serial == serial)
        .is_none()
    {
        return;
    }
    match done {
        RemovalDone::Deleted(removed) => {
            let folder = &removed.found.record.order.out;
            page.found.retain(|found| found.record.order.out != *folder);
            // One that has ended and is still on screen has nothing left to offer.
            page.run
                .take_if(|run| !run.is_active() && run.order.out == *folder);
            page.removed.insert(0, *removed);
        }
        RemovalDone::Back(removed) => {
            page.removed.retain(|one| *one != *removed);
            page.found.push(removed.found);
            page.found.sort_by(|a, b| a.name.cmp(&b.name));
        }
        RemovalDone::Forgotten => {}
        RemovalDone::Failed(failure) => {
            state.problem = Some(Problem {
                failure,
                during: ProblemPlace::Worker,
                details_open: false,
            });
        }
    }
}
