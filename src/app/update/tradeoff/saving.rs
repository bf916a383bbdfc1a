//! A sweep on its way into files, and the file dialogs of the page.

use std::path::Path;
use std::sync::Arc;

use super::scores;
use crate::app::state::State;
use crate::app::state::models::DialogAnswer;
use crate::app::state::tradeoff::{NO_DIALOG, SaveAnswer, SaveRequest, Saved, Wanted};
use crate::app::state::training::typed_path;
use crate::error::Failure;

/// Wants a file dialog.
pub(super) fn browse(state: &mut State, wanted: Wanted) {
    let page = &mut state.tradeoff;
    page.serial += 1;
    page.no_dialog = false;
    page.dialog = Some((page.serial, wanted));
}

/// Has the sweep written to the file in the field.
pub(super) fn save(state: &mut State) {
    let page = &mut state.tradeoff;
    let Some(sweep) = &page.sweep else { return };
    if page.path.trim().is_empty() {
        page.saved = Saved::Failed(
            Failure::usage("The sweep needs a place")
                .hint("Type a path that ends in .csv, .json, .png or .svg"),
        );
        return;
    }
    page.serial += 1;
    let path = typed_path(&page.path);
    if is_picture(&path) {
        page.saved = Saved::Painting(page.serial, path);
        return;
    }
    page.saved = Saved::Writing(Arc::new(SaveRequest {
        serial: page.serial,
        path,
        record: sweep.record.clone(),
        measure: page.look.measure,
        reference: page.look.reference.clone(),
        front: page.look.front_axes(&sweep.record),
    }));
}

/// Whether the file of that name is a picture.
pub(super) fn is_picture(path: &Path) -> bool {
    has_pixels(path)
        || path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("svg"))
}

/// Whether it is one that is made of pixels.
#[must_use]
pub fn has_pixels(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("png"))
}

/// Takes in what became of a save.
pub fn on_saved(state: &mut State, answer: SaveAnswer) {
    let page = &mut state.tradeoff;
    let waited_for = match &page.saved {
        Saved::Writing(request) => Some(request.serial),
        Saved::Painting(serial, _) => Some(*serial),
        Saved::Not | Saved::At(_) | Saved::Failed(_) => None,
    };
    if waited_for == Some(answer.serial) {
        page.saved = match answer.result {
            Ok(path) => Saved::At(path),
            Err(failure) => Saved::Failed(failure),
        };
    }
}

/// Takes in what became of a file dialog.
pub fn on_dialog(state: &mut State, serial: u64, answer: DialogAnswer) {
    let page = &mut state.tradeoff;
    let Some((_, wanted)) = page.dialog.take_if(|(dialog, _)| *dialog == serial) else {
        return;
    };
    match (answer, wanted) {
        (DialogAnswer::Chosen(path), Wanted::Sweep) => {
            page.path = path.display().to_string();
            save(state);
        }
        (DialogAnswer::Chosen(path), Wanted::Texts) => {
            page.scores.texts_path = path.display().to_string();
            scores::save_texts(state);
        }
        (DialogAnswer::Chosen(path), Wanted::Scores) => {
            page.scores.path = path.display().to_string();
            scores::read(state);
        }
        (DialogAnswer::Closed, _) => {}
        (DialogAnswer::NeverShown, Wanted::Sweep) => page.no_dialog = true,
        (DialogAnswer::NeverShown, Wanted::Texts | Wanted::Scores) => {
            page.scores.note = Some(Ok(NO_DIALOG.to_owned()));
        }
    }
}
