//! What a person does to the table of all tokens.

use crate::app::state::State;
use crate::app::state::listing::Column;
use crate::domain::Pane;

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub enum ListingAction {
    /// Opened or closed it.
    Toggle,
    /// Wants the tokens of that text.
    SetPane(Pane),
    /// Clicked a heading: sorts by it, or the other way round.
    Sort(Column),
    /// Typed to find tokens.
    Search(String),
}

pub(super) fn apply(state: &mut State, action: ListingAction) {
    let listing = &mut state.listing;
    match action {
        ListingAction::Toggle => state.settings.tokens_open ^= true,
        ListingAction::SetPane(pane) => listing.pane = pane,
        ListingAction::Sort(column) => {
            // Numbers are looked at from their largest on, places and words from the first.
            let usual = !matches!(column, Column::Position | Column::Piece);
            listing.descending = if listing.sort == column {
                !listing.descending
            } else {
                usual
            };
            listing.sort = column;
        }
        ListingAction::Search(words) => listing.search = words,
    }
}
