//! Lanes below the lines of a text: one strip of bars for each, with its name before every line.

use egui::{Align2, FontId, Mesh, Pos2, Rect, Stroke, Ui, pos2, vec2};

use super::Lane;
use super::layout::{PieceKind, TextLayout};
use super::paint::{self, BAR_HEIGHT, BELOW};
use crate::app::theme::{self, HeatScale, size};

/// Height of a lane, points.
const HEIGHT: f32 = 2.0 * BAR_HEIGHT + 2.0;
/// From words without bars to the first lane, points.
const CLOSE: f32 = 3.0;
/// Room between the names and the text, and before the names for their marks, points.
const GAP: f32 = 8.0;
const MARK: f32 = 10.0;
/// Names wider than this are cut.
const WIDEST: f32 = 84.0;

/// The lanes of a text, and how much room they take.
pub(super) struct Lanes<'a> {
    all: &'a [Lane<'a>],
    gutter: f32,
    /// From the words to the first lane.
    below: f32,
}

fn font() -> FontId {
    FontId::proportional(size::SMALL - 1.5)
}

impl<'a> Lanes<'a> {
    /// Lanes below the bars of the words, or right below the words.
    pub(super) fn new(ui: &Ui, lanes: &'a [Lane<'a>], has_bars: bool) -> Self {
        let width = |lane: &Lane<'_>| {
            let color = egui::Color32::PLACEHOLDER;
            let painter = ui.painter();
            let name = painter.layout_no_wrap(lane.name.to_owned(), font(), color);
            name.size().x
        };
        let widest = lanes.iter().map(width).fold(0.0, f32::max);
        let gutter = if lanes.is_empty() {
            0.0
        } else {
            (MARK + widest.min(WIDEST) + GAP).ceil()
        };
        Self {
            all: lanes,
            gutter,
            below: if has_bars { BELOW } else { CLOSE },
        }
    }

    /// Width of the names before the text, points.
    pub(super) fn gutter(&self) -> f32 {
        self.gutter
    }

    /// Height of all lanes below a line, points.
    pub(super) fn height(&self) -> f32 {
        self.all.len() as f32 * HEIGHT
    }

    /// The lane whose name stands at `at`, relative to the text's corner.
    pub(super) fn named_at(&self, at: Pos2, layout: &TextLayout) -> Option<usize> {
        if self.all.is_empty() || !(-self.gutter..0.0).contains(&at.x) || at.y < 0.0 {
            return None;
        }
        let below = at.y - layout.words_bottom(at.y)? - self.below;
        let lane = (below / HEIGHT).floor();
        (lane >= 0.0 && lane < self.all.len() as f32).then_some(lane as usize)
    }

    /// Paints the lanes of all lines in sight; the name of lane `pointed` is pointed out.
    pub(super) fn paint(
        &self,
        ui: &Ui,
        corner: Pos2,
        layout: &TextLayout,
        scale: HeatScale,
        pointed: Option<usize>,
    ) {
        if self.all.is_empty() {
            return;
        }
        let palette = theme::palette(ui);
        let painter = ui.painter();
        let clip = ui.clip_rect();
        let reach = self.height();
        let (seen, _) = layout.visible(clip.top() - corner.y - reach, clip.bottom() - corner.y);
        let middle =
            |bottom: f32, lane: usize| (bottom + self.below + (lane as f32 + 0.5) * HEIGHT).round();
        let mut bars = Mesh::default();
        let mut line = None;
        for index in seen {
            let piece = &layout.pieces[index];
            let bottom = corner.y + piece.rect.bottom();
            if line != Some(piece.line) {
                line = Some(piece.line);
                for (lane, about) in self.all.iter().enumerate() {
                    let y = middle(bottom, lane);
                    let left = corner.x - self.gutter;
                    let chosen = about.chosen || pointed == Some(lane);
                    let color = if chosen { palette.text } else { palette.weak };
                    painter.circle_filled(pos2(left + 4.0, y), 3.0, about.color);
                    let room = Rect::from_min_max(
                        pos2(left, y - HEIGHT / 2.0),
                        pos2(corner.x - GAP / 2.0, y + HEIGHT / 2.0),
                    );
                    painter.with_clip_rect(room.intersect(clip)).text(
                        pos2(left + MARK, y),
                        Align2::LEFT_CENTER,
                        about.name,
                        font(),
                        color,
                    );
                    if pointed == Some(lane) {
                        let from = pos2(left + MARK, room.bottom() - 1.0);
                        let to = from + vec2(room.right() - from.x, 0.0);
                        painter.line_segment([from, to], Stroke::new(1.0, palette.text));
                    }
                }
            }
            if piece.kind == PieceKind::Blank {
                continue;
            }
            let before = index.checked_sub(1).map(|i| &layout.pieces[i]);
            let (rect, _) = paint::cell(piece, before, layout.pieces.get(index + 1), corner);
            for (lane, about) in self.all.iter().enumerate() {
                let Some(value) = about.values.get(piece.token).copied().flatten() else {
                    continue;
                };
                let y = middle(bottom, lane);
                paint::bar_at(&mut bars, palette, rect.x_range(), y, scale, value);
            }
        }
        if !bars.is_empty() {
            painter.add(bars);
        }
    }
}
