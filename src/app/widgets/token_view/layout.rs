//! Where every token of a text stands: rows of letters without colours, and rectangles that are computed once per text and
//! width.
//!
//! A text that grows keeps its rows: only from the last complete row before the first change on is it laid out anew, so that
//! a new word costs as much at the end of a long text as at its beginning.

mod find;
mod shown;

use std::sync::Arc;

use egui::epaint::text::{Glyph, PlacedRow};
use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, FontId, Galley, Rect, Ui, pos2};

use super::TokenCell;
use shown::{FORK_SPACES, Shown, show};

/// Width of the stub that stands for a line break, points.
const BREAK_WIDTH: f32 = 7.0;
/// Height of an empty line beside that of a line of words.
const EMPTY_LINE: f32 = 0.45;

/// What a text's layout depends on, its characters apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame {
    pub(super) width: f32,
    pub(super) pixels_per_point: f32,
    pub(super) font: FontId,
    pub(super) line_height: f32,
    /// How much of a line's height is for lanes below its words.
    pub(super) lanes_height: f32,
    pub(super) fork_at: Option<usize>,
}

impl Frame {
    /// What is to be laid out. Empty lines between paragraphs are lower than lines of words.
    fn job(&self, text: &str) -> LayoutJob {
        let format = |line_height: f32| TextFormat {
            font_id: self.font.clone(),
            color: Color32::PLACEHOLDER,
            line_height: Some(line_height.round()),
            ..TextFormat::default()
        };
        let mut job = LayoutJob::default();
        job.wrap.max_width = self.width;
        let mut rest = text;
        while let Some(at) = rest.find("\n\n") {
            let (words, after) = rest.split_at(at + 1);
            let breaks = after.len() - after.trim_start_matches('\n').len();
            job.append(words, 0.0, format(self.line_height));
            job.append(&after[..breaks], 0.0, format(self.line_height * EMPTY_LINE));
            rest = &after[breaks..];
        }
        job.append(rest, 0.0, format(self.line_height));
        job
    }
}

/// What a piece of a token looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// Letters.
    Word,
    /// Spaces or a line break.
    Blank,
    /// Part of a character that a later token completes.
    Part,
    /// The end of the response.
    End,
}

/// The part of a token that stands on one line, relative to the text's corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    pub(super) token: usize,
    pub(super) line: usize,
    pub(super) kind: PieceKind,
    /// Around its letters, without the spaces beside them.
    pub(super) rect: Rect,
    /// Left end of what the pointer can hit: the space before a word belongs to it.
    pub(super) hit_left: f32,
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Line {
    bottom: f32,
    /// Its pieces.
    first: usize,
    end: usize,
    /// Where it begins in the text: bytes, characters, and the token in which that is.
    byte: usize,
    char: usize,
    token: usize,
}

/// A laid-out text.
#[derive(Debug, Clone)]
pub(super) struct TextLayout {
    frame: Frame,
    text: String,
    shown: Vec<Shown>,
    /// Its rows, relative to the text's corner, one for each of `lines`.
    rows: Vec<PlacedRow>,
    /// What was laid out last: rows are painted as parts of it.
    last: Arc<Galley>,
    pub(super) pieces: Vec<Piece>,
    lines: Vec<Line>,
    /// First piece of each token; one more entry than there are tokens.
    starts: Vec<usize>,
    /// Where the mark of the first differing word stands, and on which line.
    fork: Option<(usize, Rect)>,
    /// Where the next word would begin.
    pub(super) caret: Rect,
    /// The toolkit hands out this same galley again for as long as letters stay where they are in its texture.
    probe: Arc<Galley>,
}

impl TextLayout {
    /// Lays out `tokens`; what `old` has of them already stays as it is.
    pub(super) fn new(
        ui: &Ui,
        tokens: &[TokenCell<'_>],
        frame: &Frame,
        old: Option<Arc<Self>>,
    ) -> Arc<Self> {
        let mut text = String::with_capacity(old.as_ref().map_or(64, |old| old.text.len() + 16));
        let mut shown = Vec::with_capacity(tokens.len());
        for (index, cell) in tokens.iter().enumerate() {
            shown.push(show(cell, frame.fork_at == Some(index), &mut text));
        }
        let lay = |text: &str| ui.fonts_mut(|fonts| fonts.layout_job(frame.job(text)));
        let probe = lay("a");
        let old = old.filter(|old| old.frame == *frame && Arc::ptr_eq(&old.probe, &probe));
        let mut layout = match old {
            Some(old) if old.shown == shown && old.text == text => return old,
            Some(old) => {
                let mut layout = Arc::unwrap_or_clone(old);
                let line = layout.first_to_change(&text, &shown);
                layout.cut(line);
                layout.text = text;
                layout.shown = shown;
                layout
            }
            None => Self {
                frame: frame.clone(),
                text,
                shown,
                rows: Vec::new(),
                last: Arc::clone(&probe),
                pieces: Vec::new(),
                lines: Vec::new(),
                starts: Vec::new(),
                fork: None,
                caret: Rect::NOTHING,
                probe,
            },
        };
        layout.extend(&lay);
        Arc::new(layout)
    }

    /// The line from which the text must be laid out anew to become `text`: the last one whose beginning nothing changes. Where
    /// a line begins depends on no more than its first word and the space behind that, or on all of it at the text's end.
    fn first_to_change(&self, text: &str, shown: &[Shown]) -> usize {
        let same_text = self.text.bytes().zip(text.bytes());
        let bytes = same_text.take_while(|(a, b)| a == b).count();
        let same_tokens = self.shown.iter().zip(shown);
        let tokens = same_tokens.take_while(|(a, b)| a == b).count();
        let token_end = tokens.checked_sub(1).map_or(0, |last| shown[last].end);
        let same = bytes.min(token_end);
        let only_grows = same == self.text.len();
        let begins_there = |line: usize| {
            let kept = &self.text.as_bytes()[self.lines[line].byte..same];
            // How high an empty line is depends on what stands before it.
            let is_empty = self.rows[line].glyphs.is_empty();
            !is_empty && (only_grows || kept.iter().any(u8::is_ascii_whitespace))
        };
        let mut line = self.lines.partition_point(|line| line.byte <= same);
        line = line.saturating_sub(1);
        while line > 0 && !begins_there(line) {
            line -= 1;
        }
        line
    }

    /// Forgets the lines from `line` on.
    fn cut(&mut self, line: usize) {
        let Some(from) = self.lines.get(line) else {
            return;
        };
        self.pieces.truncate(from.first);
        self.starts.truncate(from.token + 1);
        self.fork = self.fork.filter(|(at, _)| *at < line);
        self.rows.truncate(line + 1);
        self.lines.truncate(line + 1);
    }

    /// Lays out the text from the last known line on.
    fn extend(&mut self, lay: &dyn Fn(&str) -> Arc<Galley>) {
        self.lay_out(lay);
        // A row is laid out from its own first letter: its letters must not move by a pixel when it goes on.
        let wrapped = |rows: &[PlacedRow]| match rows {
            [.., before, _] => !before.ends_with_newline,
            _ => false,
        };
        if wrapped(&self.last.rows) {
            self.cut(self.lines.len() - 1);
            self.lay_out(lay);
        }
        let mut piece = self.starts.last().copied().unwrap_or(0);
        for token in self.starts.len()..=self.shown.len() {
            while self.pieces.get(piece).is_some_and(|p| p.token < token) {
                piece += 1;
            }
            self.starts.push(piece);
        }
    }

    fn lay_out(&mut self, lay: &dyn Fn(&str) -> Arc<Galley>) {
        let (from, top) = match (self.lines.pop(), self.rows.pop()) {
            (Some(line), Some(row)) => (line, row.pos.y),
            _ => (
                Line {
                    bottom: 0.0,
                    first: 0,
                    end: 0,
                    byte: 0,
                    char: 0,
                    token: 0,
                },
                0.0,
            ),
        };
        self.last = lay(&self.text[from.byte..]);
        self.place(from, top);
    }

    /// Places the tokens on the rows of `last`, the first of which is the line `from` at height `top`.
    fn place(&mut self, from: Line, top: f32) {
        let font_size = self.frame.font.size;
        let (above, below) = (font_size * 0.66, font_size * 0.58);
        let galley = Arc::clone(&self.last);
        let mut token = from.token;
        // Glyphs are counted in characters, one each.
        let start_of = |token: usize| token.checked_sub(1).map_or(0, |t| self.shown[t].end);
        let chars = |from: usize, to: usize| self.text[from..to].chars().count();
        let mut token_start = from.char - chars(start_of(token), from.byte);
        let mut token_end = self
            .shown
            .get(token)
            .map_or(token_start, |s| token_start + chars(start_of(token), s.end));
        let mut letters = self.text[from.byte..].chars();
        let (mut line_byte, mut line_start) = (from.byte, from.char);
        for row in &galley.rows {
            let line = self.lines.len();
            let count = row.glyphs.len();
            let line_end = line_start + count;
            let first = self.pieces.len();
            let line_token = token;
            let middle = top + row.pos.y + row.size.y / 2.0;
            let (high, low) = ((middle - above).round(), (middle + below).round());
            let x_at = |index: usize| {
                let glyph = row.glyphs.get(index).map(|glyph| glyph.pos.x);
                let end = || row.glyphs.last().map_or(0.0, Glyph::max_x);
                row.pos.x + glyph.unwrap_or_else(end)
            };
            let stop = line_end + usize::from(row.ends_with_newline);
            while let Some(&Shown { lead, kind, end }) = self.shown.get(token) {
                if token_start >= stop && token_start < token_end {
                    break;
                }
                let body = token_start + lead;
                let mut a = token_start.max(line_start).min(line_end) - line_start;
                let b = token_end.min(line_end).max(line_start) - line_start;
                let hit_left = x_at(a);
                if self.frame.fork_at == Some(token) && body > token_start {
                    let lead_from = (body - FORK_SPACES).max(token_start);
                    if (line_start..line_end).contains(&lead_from) {
                        let room = Rect::from_min_max(
                            pos2(x_at(lead_from - line_start), high),
                            pos2(x_at((body - line_start).min(count)), low),
                        );
                        self.fork = Some((line, room));
                    }
                }
                a = a.max(body.clamp(line_start, line_end) - line_start).min(b);
                let (mut l, mut r) = (a, b);
                if kind == PieceKind::Word {
                    while l < r && row.glyphs[l].chr.is_whitespace() {
                        l += 1;
                    }
                    while r > l && row.glyphs[r - 1].chr.is_whitespace() {
                        r -= 1;
                    }
                }
                let known = self.pieces.last().is_some_and(|piece| piece.token == token);
                let piece = |kind, left: f32, right: f32| Piece {
                    token,
                    line,
                    kind,
                    rect: Rect::from_min_max(pos2(left, high), pos2(right, low)),
                    hit_left: hit_left.min(left),
                };
                if l < r {
                    self.pieces.push(piece(kind, x_at(l), x_at(r)));
                } else if token_end > line_end && row.ends_with_newline && !known {
                    // A line break, and nothing to be seen of it but its place.
                    let x = x_at(count) + 1.0;
                    self.pieces
                        .push(piece(PieceKind::Blank, x, x + BREAK_WIDTH));
                } else if a < b && !known && token_end <= stop {
                    self.pieces.push(piece(PieceKind::Blank, x_at(a), x_at(b)));
                }
                if token_end > stop {
                    break;
                }
                token += 1;
                token_start = token_end;
                if let Some(next) = self.shown.get(token) {
                    token_end += self.text[end..next.end].chars().count();
                }
            }
            self.lines.push(Line {
                bottom: top + row.pos.y + row.size.y,
                first,
                end: self.pieces.len(),
                byte: line_byte,
                char: line_start,
                token: line_token,
            });
            let mut row_here = row.clone();
            row_here.pos.y += top;
            self.rows.push(row_here);
            line_byte += letters
                .by_ref()
                .take(stop - line_start)
                .map(char::len_utf8)
                .sum::<usize>();
            line_start = stop;
        }
        let end = galley.pos_from_cursor(galley.end());
        let middle = top + end.center().y;
        self.caret = Rect::from_min_max(
            pos2(end.left() + 2.0, (middle - above).round()),
            pos2(end.left() + 4.0, (middle + below).round()),
        );
    }
}

#[cfg(test)]
mod tests;
