//! What a person looks at: the pointer, the pinned card, the part of the window that has the keyboard.

use crate::app::state::page::Page;
use crate::app::state::region::{FocusStep, Region};
use crate::app::state::{State, TokenRef};

/// How long the pointer rests on a word before its card shows.
const CARD_DELAY_SECS: f64 = 0.25;
/// How long after leaving a word the next one's card shows at once.
const CARD_MEMORY_SECS: f64 = 0.3;

pub(super) fn go_to(state: &mut State, page: Page) {
    let scored = page == Page::Score || state.page == Page::Score;
    state.page = page;
    if scored {
        // The words there are others.
        state.focus.pinned = None;
        super::event::fit_scale(state);
    }
    // What the pointer was on is no longer there.
    state.focus.hovered = None;
    state.focus_step = FocusStep {
        region: page.regions().last().copied().unwrap_or_default(),
        wanted: false,
    };
}

pub(super) fn hover(state: &mut State, token: Option<TokenRef>) {
    let now = state.now_secs;
    let focus = &mut state.focus;
    match (focus.hovered, token) {
        (None, Some(_)) => {
            let was_here =
                now - focus.left_at_secs < CARD_MEMORY_SECS && focus.card_from_secs < now;
            if !was_here {
                focus.card_from_secs = now + CARD_DELAY_SECS;
            }
        }
        (Some(_), None) => focus.left_at_secs = now,
        (None, None) | (Some(_), Some(_)) => {}
    }
    focus.hovered = token;
}

pub(super) fn move_pin(state: &mut State, by: isize) {
    let (Some(pinned), Some(run)) = (state.focus.pinned, state.looked_at()) else {
        return;
    };
    let last = run.text(pinned.pane).len().saturating_sub(1);
    state.focus.pinned = Some(TokenRef {
        pane: pinned.pane,
        index: pinned.index.saturating_add_signed(by).min(last),
    });
}

pub(super) fn next_region(state: &mut State) {
    if let Some(region) = state.next_region() {
        state.focus_step = FocusStep {
            region,
            wanted: true,
        };
    }
}

pub(super) const fn region_focused(state: &mut State, region: Region) {
    state.focus_step = FocusStep {
        region,
        wanted: false,
    };
}
