//! Where every token of a text stands: one galley without colours, and rectangles that are computed once per text and width.

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, FontId, Galley, Pos2, Rect, Ui, pos2};

use super::{TokenCell, TokenMark};

/// A space that no line is broken at; runs of them make room for marks that belong to a word.
const GLUE: char = '\u{a0}';
/// What stands for a character that no text can be made of.
const UNKNOWN: char = '\u{25a1}';
/// Room for the mark at the first differing word, in spaces.
const FORK_SPACES: usize = 13;
/// Room for the end mark.
const END_SPACES: usize = 8;
/// Room for a token that completes no character.
const PART_SPACES: usize = 2;
/// Width of the stub that stands for a line break, points.
const BREAK_WIDTH: f32 = 7.0;
/// Height of an empty line beside that of a line of words.
const EMPTY_LINE: f32 = 0.45;
/// How far beside a word the pointer still means it, points.
const REACH: f32 = 5.0;

/// What a text's layout depends on, its characters apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame {
    pub(super) width: f32,
    pub(super) pixels_per_point: f32,
    pub(super) font: FontId,
    pub(super) line_height: f32,
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
#[derive(Debug, Clone, PartialEq)]
struct Line {
    bottom: f32,
    /// Its pieces.
    first: usize,
    end: usize,
}

/// A laid-out text.
#[derive(Debug, Clone)]
pub(super) struct TextLayout {
    frame: Frame,
    text: String,
    /// End of each token in `text`, bytes.
    ends: Vec<usize>,
    pub(super) galley: Arc<Galley>,
    pub(super) pieces: Vec<Piece>,
    lines: Vec<Line>,
    /// First piece of each token; one more entry than there are tokens.
    starts: Vec<usize>,
    /// Where the mark of the first differing word stands.
    pub(super) fork: Option<Rect>,
    /// Where the next word would begin.
    pub(super) caret: Rect,
}

/// What is shown for one token, and how many of its characters come before its own.
struct Shown {
    lead: usize,
    kind: PieceKind,
}

fn show(cell: &TokenCell<'_>, is_fork: bool, text: &mut String) -> Shown {
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
    if spaces == 0 && text.len() == before {
        glue(text, PART_SPACES);
        return Shown {
            lead,
            kind: PieceKind::Part,
        };
    }
    Shown {
        lead,
        kind: PieceKind::Word,
    }
}

impl TextLayout {
    /// Lays out `tokens`, or hands back `old` where nothing has changed.
    pub(super) fn new(
        ui: &Ui,
        tokens: &[TokenCell<'_>],
        frame: Frame,
        old: Option<Arc<Self>>,
    ) -> Arc<Self> {
        let mut text = String::with_capacity(old.as_ref().map_or(64, |old| old.text.len() + 16));
        let mut shown = Vec::with_capacity(tokens.len());
        let mut ends = Vec::with_capacity(tokens.len());
        for (index, cell) in tokens.iter().enumerate() {
            shown.push(show(cell, frame.fork_at == Some(index), &mut text));
            ends.push(text.len());
        }
        if let Some(old) = old
            && old.frame == frame
            && old.ends == ends
            && old.text == text
        {
            return old;
        }
        let galley = ui.fonts_mut(|fonts| fonts.layout_job(frame.job(&text)));
        Arc::new(Self::place(frame, text, ends, &shown, galley))
    }

    fn place(
        frame: Frame,
        text: String,
        ends: Vec<usize>,
        shown: &[Shown],
        galley: Arc<Galley>,
    ) -> Self {
        // Glyphs are counted in characters, one each.
        let mut char_ends = Vec::with_capacity(ends.len());
        let mut chars = 0;
        let mut from = 0;
        for &end in &ends {
            chars += text[from..end].chars().count();
            char_ends.push(chars);
            from = end;
        }
        let font_size = frame.font.size;
        let (above, below) = (font_size * 0.66, font_size * 0.58);
        let mut pieces: Vec<Piece> = Vec::with_capacity(ends.len() + galley.rows.len());
        let mut lines = Vec::with_capacity(galley.rows.len());
        let mut fork = None;
        let mut token = 0;
        let mut line_start = 0;
        for (line, row) in galley.rows.iter().enumerate() {
            let count = row.glyphs.len();
            let line_end = line_start + count;
            let first = pieces.len();
            let center = row.pos.y + row.size.y / 2.0;
            let (top, bottom) = ((center - above).round(), (center + below).round());
            let x_at = |index: usize| {
                row.pos.x
                    + row.glyphs.get(index).map_or_else(
                        || {
                            row.glyphs
                                .last()
                                .map_or(0.0, egui::epaint::text::Glyph::max_x)
                        },
                        |glyph| glyph.pos.x,
                    )
            };
            let stop = line_end + usize::from(row.ends_with_newline);
            while token < shown.len() {
                let token_start = if token == 0 { 0 } else { char_ends[token - 1] };
                let token_end = char_ends[token];
                if token_start >= stop && token_start < token_end {
                    break;
                }
                let kind = shown[token].kind;
                let body = token_start + shown[token].lead;
                let mut a = token_start.max(line_start).min(line_end) - line_start;
                let b = token_end.min(line_end).max(line_start) - line_start;
                let hit_left = x_at(a);
                if frame.fork_at == Some(token) && body > token_start {
                    let lead_from = (body - FORK_SPACES).max(token_start);
                    if (line_start..line_end).contains(&lead_from) {
                        fork = Some(Rect::from_min_max(
                            pos2(x_at(lead_from - line_start), top),
                            pos2(x_at((body - line_start).min(count)), bottom),
                        ));
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
                let known = pieces.last().is_some_and(|piece| piece.token == token);
                let piece = |kind, left: f32, right: f32| Piece {
                    token,
                    line,
                    kind,
                    rect: Rect::from_min_max(pos2(left, top), pos2(right, bottom)),
                    hit_left: hit_left.min(left),
                };
                if l < r {
                    pieces.push(piece(kind, x_at(l), x_at(r)));
                } else if token_end > line_end && row.ends_with_newline && !known {
                    // A line break, and nothing to be seen of it but its place.
                    let x = x_at(count) + 1.0;
                    pieces.push(piece(PieceKind::Blank, x, x + BREAK_WIDTH));
                } else if a < b && !known && token_end <= stop {
                    pieces.push(piece(PieceKind::Blank, x_at(a), x_at(b)));
                }
                if token_end > stop {
                    break;
                }
                token += 1;
            }
            lines.push(Line {
                bottom: row.pos.y + row.size.y,
                first,
                end: pieces.len(),
            });
            line_start = stop;
        }
        let mut starts = Vec::with_capacity(ends.len() + 1);
        for index in 0..=ends.len() {
            starts.push(pieces.partition_point(|piece| piece.token < index));
        }
        let end = galley.pos_from_cursor(galley.end());
        let middle = end.center().y;
        let caret = Rect::from_min_max(
            pos2(end.left() + 2.0, (middle - above).round()),
            pos2(end.left() + 4.0, (middle + below).round()),
        );
        Self {
            frame,
            text,
            ends,
            galley,
            pieces,
            lines,
            starts,
            fork,
            caret,
        }
    }

    /// Distance of two lines, points.
    pub(super) fn line_height(&self) -> f32 {
        self.frame.line_height
    }

    /// Where a caret before `token` stands, if that is to be seen.
    pub(super) fn caret_before(&self, token: usize) -> Option<Rect> {
        let word = self.pieces_of(token).first()?.rect;
        Some(Rect::from_min_max(
            pos2(word.left() - 4.0, word.top()),
            pos2(word.left() - 2.0, word.bottom()),
        ))
    }

    /// The pieces of `token`, one per line that it touches.
    pub(super) fn pieces_of(&self, token: usize) -> &[Piece] {
        match (self.starts.get(token), self.starts.get(token + 1)) {
            (Some(&first), Some(&end)) => &self.pieces[first..end],
            _ => &[],
        }
    }

    /// The token under `at`, relative to the text's corner.
    pub(super) fn token_at(&self, at: Pos2) -> Option<usize> {
        if at.y < 0.0 {
            return None;
        }
        let line = self
            .lines
            .get(self.lines.partition_point(|line| line.bottom <= at.y))?;
        let pieces = &self.pieces[line.first..line.end];
        let index = pieces.partition_point(|piece| piece.rect.right() + REACH < at.x);
        // A neighbour that contains the point is meant before one that is only near it.
        pieces[index..]
            .iter()
            .take(4)
            .find(|piece| piece.hit_left <= at.x && at.x <= piece.rect.right())
            .or_else(|| pieces.get(index).filter(|p| p.hit_left - REACH <= at.x))
            .map(|piece| piece.token)
    }

    /// The token `lines` lines below (above, if negative) `token`, as near as can be in the horizontal.
    pub(super) fn token_beside(&self, token: usize, lines: isize) -> Option<usize> {
        let from = self.pieces_of(token).first()?;
        let x = from.rect.center().x;
        let mut line = from.line;
        loop {
            line = line.checked_add_signed(lines.signum())?;
            let here = self.lines.get(line)?;
            let nearest = self.pieces[here.first..here.end].iter().min_by(|a, b| {
                let distance = |p: &Piece| (p.rect.center().x - x).abs();
                distance(a).total_cmp(&distance(b))
            });
            if let Some(piece) = nearest {
                return Some(piece.token);
            }
        }
    }

    /// Indices of the pieces on lines that touch `top..bottom`.
    pub(super) fn visible(&self, top: f32, bottom: f32) -> std::ops::Range<usize> {
        let first = self.lines.partition_point(|line| line.bottom < top);
        let end = self.lines.partition_point(|line| line.bottom < bottom) + 1;
        let at = |line: usize| self.lines.get(line).map_or(self.pieces.len(), |l| l.first);
        at(first)..at(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::theme;

    fn cells<'a>(texts: &[&'a str]) -> Vec<TokenCell<'a>> {
        texts
            .iter()
            .map(|text| TokenCell {
                text,
                value: None,
                mark: TokenMark::Word,
            })
            .collect()
    }

    fn lay(tokens: &[TokenCell<'_>], width: f32, fork_at: Option<usize>) -> Arc<TextLayout> {
        let ctx = egui::Context::default();
        theme::install(&ctx);
        let mut layout = None;
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            let frame = Frame {
                width,
                pixels_per_point: 1.0,
                font: egui::FontId::proportional(16.0),
                line_height: 32.0,
                fork_at,
            };
            layout = Some(TextLayout::new(ui, tokens, frame, None));
        });
        output.textures_delta.clear();
        layout.unwrap()
    }

    #[test]
    fn every_token_has_a_place_and_places_follow_one_another() {
        let layout = lay(
            &cells(&["Hel", "lo", ",", " world", "!", "\n\n", "Next", " ", "one"]),
            400.0,
            None,
        );
        assert_eq!(layout.ends.len(), 9);
        for token in 0..9 {
            assert_eq!(layout.pieces_of(token).len(), 1, "token {token}");
        }
        let rect = |token: usize| layout.pieces_of(token)[0].rect;
        assert!((rect(0).right() - rect(1).left()).abs() < 0.01);
        assert!(
            rect(3).left() - rect(2).right() > 2.0,
            "the space is no part of the word"
        );
        assert_eq!(layout.pieces_of(5)[0].kind, PieceKind::Blank);
        assert!(
            rect(6).top() > rect(0).bottom() + 20.0,
            "an empty line lies between"
        );
        assert_eq!(layout.pieces_of(7)[0].kind, PieceKind::Blank);
    }

    #[test]
    fn a_word_is_hit_anywhere_on_it_and_on_the_space_before_it() {
        let layout = lay(&cells(&["Hello", " wide", " world"]), 400.0, None);
        for token in 0..3 {
            let piece = layout.pieces_of(token)[0];
            assert_eq!(layout.token_at(piece.rect.center()), Some(token));
        }
        let second = layout.pieces_of(1)[0];
        assert_eq!(
            layout.token_at(pos2(second.rect.left() - 1.0, second.rect.center().y)),
            Some(1)
        );
        assert_eq!(layout.token_at(pos2(390.0, 10.0)), None);
        assert_eq!(layout.token_at(pos2(10.0, 900.0)), None);
    }

    #[test]
    fn a_text_that_wraps_is_walked_by_lines() {
        let words: Vec<&str> = std::iter::repeat_n(" letters", 30).collect();
        let layout = lay(&cells(&words), 200.0, None);
        let below = layout.token_beside(0, 1).unwrap();
        assert!(layout.pieces_of(below)[0].line == 1);
        assert_eq!(layout.token_beside(below, -1), Some(0));
        assert_eq!(layout.token_beside(0, -1), None);
        let all = layout.visible(0.0, 1e6);
        assert_eq!(all, 0..layout.pieces.len());
        let some = layout.visible(40.0, 60.0);
        assert!(some.len() < all.len() && !some.is_empty());
    }

    #[test]
    fn odd_tokens_keep_their_place() {
        let mut tokens = cells(&["caf", "", "é", "\u{fffd}", "\u{7}", ""]);
        tokens[5].mark = TokenMark::End;
        let layout = lay(&tokens, 400.0, Some(2));
        let kinds: Vec<PieceKind> = (0..6).map(|t| layout.pieces_of(t)[0].kind).collect();
        assert_eq!(
            kinds,
            [
                PieceKind::Word,
                PieceKind::Part,
                PieceKind::Word,
                PieceKind::Word,
                PieceKind::Word,
                PieceKind::End
            ]
        );
        let fork = layout.fork.unwrap();
        assert!(fork.width() > 15.0);
        assert!(fork.right() <= layout.pieces_of(2)[0].rect.left() + 0.1);
    }

    #[test]
    fn nothing_is_a_text_too() {
        let layout = lay(&[], 300.0, Some(0));
        assert_eq!(layout.ends.len(), 0);
        assert!(layout.pieces_of(0).is_empty());
        assert_eq!(layout.token_at(pos2(1.0, 1.0)), None);
        assert!(layout.visible(0.0, 100.0).is_empty());
    }
}
