//! What is where in a laid-out text.

use std::ops::Range;
use std::sync::Arc;

use egui::{Galley, Pos2, Rect, pos2};

use super::{Piece, TextLayout};

/// How far beside a word the pointer still means it, points.
const REACH: f32 = 5.0;

impl TextLayout {
    /// Distance of two lines, points.
    pub(in crate::app::widgets::token_view) fn line_height(&self) -> f32 {
        self.frame.line_height
    }

    /// Height of all lines, points.
    pub(in crate::app::widgets::token_view) fn height(&self) -> f32 {
        self.lines.last().map_or(0.0, |line| line.bottom)
    }

    /// Where the mark of the first differing word stands.
    pub(in crate::app::widgets::token_view) fn fork(&self) -> Option<Rect> {
        self.fork.map(|(_, room)| room)
    }

    /// Where a caret before `token` stands, if that is to be seen.
    pub(in crate::app::widgets::token_view) fn caret_before(&self, token: usize) -> Option<Rect> {
        let word = self.pieces_of(token).first()?.rect;
        Some(Rect::from_min_max(
            pos2(word.left() - 4.0, word.top()),
            pos2(word.left() - 2.0, word.bottom()),
        ))
    }

    /// The pieces of `token`, one per line that it touches.
    pub(in crate::app::widgets::token_view) fn pieces_of(&self, token: usize) -> &[Piece] {
        match (self.starts.get(token), self.starts.get(token + 1)) {
            (Some(&first), Some(&end)) => &self.pieces[first..end],
            _ => &[],
        }
    }

    /// The line at height `y`, its lanes counted in; beyond the last one where there is none. Words stand in the middle of
    /// their line, so that the room below them reaches into the next one.
    fn line_at(&self, y: f32) -> usize {
        let shift = self.frame.lanes_height / 2.0;
        self.lines.partition_point(|line| line.bottom + shift <= y)
    }

    /// Where the words of the line at height `y` end, if there are any.
    pub(in crate::app::widgets::token_view) fn words_bottom(&self, y: f32) -> Option<f32> {
        let line = self.lines.get(self.line_at(y))?;
        let piece = self.pieces[line.first..line.end].first()?;
        Some(piece.rect.bottom())
    }

    /// How far to scroll for the line of `token` to stand at the top.
    pub(in crate::app::widgets::token_view) fn top_of(&self, token: usize) -> Option<f32> {
        let line = self.pieces_of(token).first()?.line;
        let above = line.checked_sub(1)?;
        Some(self.lines.get(above)?.bottom)
    }

    /// The first token on the line at height `y`.
    pub(in crate::app::widgets::token_view) fn token_from(&self, y: f32) -> Option<usize> {
        let line = self.lines.get(self.line_at(y))?;
        Some(self.pieces.get(line.first)?.token)
    }

    /// The token under `at`, relative to the text's corner.
    pub(in crate::app::widgets::token_view) fn token_at(&self, at: Pos2) -> Option<usize> {
        if at.y < 0.0 {
            return None;
        }
        let line = self.lines.get(self.line_at(at.y))?;
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
    pub(in crate::app::widgets::token_view) fn token_beside(
        &self,
        token: usize,
        lines: isize,
    ) -> Option<usize> {
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

    /// The part of the text on lines that touch `top..bottom`: indices of its pieces, and its letters.
    pub(in crate::app::widgets::token_view) fn visible(
        &self,
        top: f32,
        bottom: f32,
    ) -> (Range<usize>, Arc<Galley>) {
        let first = self.line_at(top - 1.0);
        let end = self.lines.partition_point(|line| line.bottom < bottom) + 1;
        // Where no room is left, the bottom lies above the top.
        let end = end.min(self.lines.len()).max(first);
        let at = |line: usize| self.lines.get(line).map_or(self.pieces.len(), |l| l.first);
        let rows = self.rows.get(first..end).unwrap_or_default();
        let mut galley = (*self.last).clone();
        galley.rows = rows.to_vec();
        (galley.rect, galley.mesh_bounds) = (Rect::ZERO, Rect::NOTHING);
        (galley.num_vertices, galley.num_indices) = (0, 0);
        for row in rows {
            galley.rect |= row.rect();
            galley.mesh_bounds |= row.visuals.mesh_bounds.translate(row.pos.to_vec2());
            galley.num_vertices += row.visuals.mesh.vertices.len();
            galley.num_indices += row.visuals.mesh.indices.len();
        }
        (at(first)..at(end), Arc::new(galley))
    }
}
