//! What a text shows for each token.

use super::PieceKind;
use crate::app::widgets::token_view::{TokenCell, TokenMark};

/// A space that no line is broken at; runs of them make room for marks that belong to a word.
const GLUE: char = '\u{a0}';
/// What stands for a character that no text can be made of.
const UNKNOWN: char = '\u{25a1}';
/// Room for the mark at the first differing word, in spaces.
pub(super) const FORK_SPACES: usize = 13;
/// Room for the end mark.
const END_SPACES: usize = 8;
/// Room for a token that completes no character.
const PART_SPACES: usize = 2;

/// What is shown for one token, and how many of its characters come before its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    /// Where it ends in the text, bytes.
    pub(super) end: usize,
    pub(super) lead: usize,
    pub(super) kind: PieceKind,
}

/// Adds what is to be seen of a token to `text`.
pub(super) fn show(cell: &TokenCell<'_>, is_fork: bool, text: &mut String) -> Shown {
    let glue = |text: &mut String, n: usize| text.extend(std::iter::repeat_n(GLUE, n));
    let mut lead = 0;
    let body = cell.text.trim_start_matches(' ');
    let spaces = cell.text.len() - body.len();
    if cell.mark == TokenMark::End && cell.text.is_empty() {
        text.push(' ');
        if is_fork {
            glue(text, FORK_SPACES);
            lead = FORK_SPACES;
        }
        glue(text, END_SPACES);
        return Shown {
            end: text.len(),
            lead: lead + 1,
            kind: PieceKind::End,
        };
    }
    text.push_str(&cell.text[..spaces]);
    if is_fork {
        glue(text, FORK_SPACES);
        lead = spaces + FORK_SPACES;
    }
    let before = text.len();
    text.extend(body.chars().filter(|&c| c != '\r').map(|c| match c {
        '\n' | '\t' => c,
        char::REPLACEMENT_CHARACTER => UNKNOWN,
        c if c.is_control() => UNKNOWN,
        c => c,
    }));
    let is_part = spaces == 0 && text.len() == before;
    if is_part {
        glue(text, PART_SPACES);
    }
    Shown {
        end: text.len(),
        lead,
        kind: if is_part {
            PieceKind::Part
        } else {
            PieceKind::Word
        },
    }
}
