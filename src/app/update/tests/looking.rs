//! What is looked at, and how.

use super::*;
use crate::app::state::TokenRef;

#[test]
fn a_locked_scale_stays_and_a_free_one_grows_only() {
    let mut state = ready();
    let run = run_once(&mut state);
    let free = state.heat_scale;
    apply(&mut state, Action::ToggleScaleLock);
    assert_eq!(state.settings.heat.locked, Some(free));
    on_event(&mut state, step(run, Pane::Guided, 2, 1, &[1.0, 1.0]));
    assert!((state.heat_scale - free).abs() < 1e-12);
    apply(&mut state, Action::ToggleScaleLock);
    assert_eq!(state.settings.heat.locked, None);
}

#[test]
fn zoom_stays_in_its_range() {
    let mut state = State::default();
    for _ in 0..100 {
        apply(&mut state, Action::ZoomIn);
    }
    assert!((state.settings.zoom - ZOOM_RANGE.1).abs() < 1e-6);
    apply(&mut state, Action::ZoomReset);
    assert!((state.settings.zoom - 1.0).abs() < 1e-6);
}

#[test]
fn a_pinned_card_moves_along_its_text_and_not_beyond() {
    let mut state = ready();
    run_once(&mut state);
    let token = |index| TokenRef {
        pane: Pane::Guided,
        index,
    };
    apply(&mut state, Action::TogglePin(token(0)));
    apply(&mut state, Action::MovePin(-1));
    assert_eq!(state.focus.pinned, Some(token(0)));
    apply(&mut state, Action::MovePin(9));
    assert_eq!(state.focus.pinned, Some(token(1)));
}
