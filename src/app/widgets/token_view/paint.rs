//! Colours, bars and marks of a text that is laid out already.

use egui::epaint::{CornerRadiusF32, RectShape};
use egui::{
    Align2, Color32, CornerRadius, Mesh, Pos2, Rangef, Rect, Shape, Stroke, StrokeKind, TextStyle,
    Ui, Vec2, pos2, vec2,
};

use super::TokenCell;
use super::layout::{Piece, PieceKind, TextLayout};
use crate::app::theme::{self, HeatScale, Palette, radius};

/// Room around the text for rings and carets, points.
pub(super) const MARGIN: f32 = 4.0;
/// From the words to the line that bars stand on, and the greatest height of a bar on either side, points.
const BAR_DROP: f32 = 7.5;
pub(super) const BAR_HEIGHT: f32 = 5.5;
/// From the words to where their bars end, points.
pub(super) const BELOW: f32 = BAR_DROP + BAR_HEIGHT + 2.0;
/// Lower bars are left out: they would only tint the line.
const LEAST_BAR: f32 = 0.2;
/// How far a colour reaches beyond its word, points.
const PAD: f32 = 2.0;
/// Letters of a chip in a text of usual size, points.
const CHIP_LETTERS: f32 = 10.5;
/// Pieces closer than this are parts of one word, points.
const TOUCHING: f32 = 0.75;

/// What is pointed out in a text.
pub(super) struct Marks<'a> {
    pub(super) hovered: Option<usize>,
    pub(super) pinned: Option<usize>,
    pub(super) echo: Option<usize>,
    pub(super) cursor: Option<usize>,
    pub(super) change_at: Option<usize>,
    pub(super) differs: &'a [bool],
    pub(super) faded_from: Option<usize>,
    pub(super) veil: f32,
    pub(super) selection: Option<(usize, usize)>,
    pub(super) streaming: bool,
    /// Whether every word has a bar below it.
    pub(super) bars: bool,
}

/// Paints `layout` with its corner at `corner`.
pub(super) fn paint(
    ui: &Ui,
    corner: Pos2,
    layout: &TextLayout,
    tokens: &[TokenCell<'_>],
    scale: Option<HeatScale>,
    marks: &Marks<'_>,
) {
    let palette = theme::palette(ui);
    let painter = ui.painter();
    let clip = ui.clip_rect();
    let (seen, letters) = layout.visible(clip.top() - corner.y, clip.bottom() - corner.y);
    let mut shapes = Vec::with_capacity(seen.len() + 4);
    let mut bars = Mesh::default();

    for index in seen.clone() {
        let piece = &layout.pieces[index];
        let before = index.checked_sub(1).map(|i| &layout.pieces[i]);
        let (rect, corners) = cell(piece, before, layout.pieces.get(index + 1), corner);
        if let (Some(scale), Some(value)) = (scale, tokens.get(piece.token).and_then(|t| t.value)) {
            shapes.push(RectShape::filled(rect, corners, scale.color(palette, value)).into());
            if marks.bars {
                bar(&mut bars, palette, rect, scale, value);
            }
            if scale.is_cut(value) {
                notch(&mut bars, rect, sign_color(palette, value));
            }
        }
        if marks
            .selection
            .is_some_and(|(from, to)| (from..=to).contains(&piece.token))
        {
            let wash = palette.accent.gamma_multiply(0.28);
            shapes.push(RectShape::filled(rect.expand2(vec2(1.0, 0.0)), 0.0, wash).into());
        }
        if piece.kind == PieceKind::Part {
            hatch(&mut shapes, rect, palette.weak);
        }
    }
    painter.extend(shapes);
    painter.galley(corner, letters, palette.text);
    if !bars.is_empty() {
        painter.add(Shape::mesh(bars));
    }
    for piece in &layout.pieces[seen.clone()] {
        if piece.kind == PieceKind::End {
            end_mark(ui, palette, piece.rect.translate(corner.to_vec2()));
        }
    }
    let differs = |piece: &&Piece| marks.differs.get(piece.token) == Some(&true);
    let mut block: Option<(&Piece, Rect)> = None;
    for piece in layout.pieces[seen.clone()].iter().filter(differs) {
        let rect = piece.rect.translate(corner.to_vec2());
        block = match block {
            // Neighbours on one line share a frame.
            Some((last, whole)) if piece.token <= last.token + 1 && last.line == piece.line => {
                Some((piece, whole.union(rect)))
            }
            before => {
                before.inspect(|(_, whole)| frame(ui, palette, *whole));
                Some((piece, rect))
            }
        };
    }
    block.inspect(|(_, whole)| frame(ui, palette, *whole));
    if let Some(fork) = layout.fork() {
        fork_mark(ui, palette, fork.translate(corner.to_vec2()));
    }
    if let Some(first) = marks.faded_from.filter(|_| marks.veil > 0.0) {
        let paper = palette.panel.gamma_multiply(marks.veil);
        let faded = layout.pieces[seen].iter().filter(|p| p.token >= first);
        painter.extend(faded.map(|piece| veil(paper, piece.rect.translate(corner.to_vec2()))));
    }
    let ring = |token: Option<usize>, width: f32, color: Color32| {
        for piece in token.map_or(&[][..], |token| layout.pieces_of(token)) {
            let rect = piece
                .rect
                .translate(corner.to_vec2())
                .expand2(vec2(PAD, 0.0));
            painter.rect_stroke(
                rect,
                radius::WORD,
                Stroke::new(width, color),
                StrokeKind::Outside,
            );
        }
    };
    ring(marks.echo, 1.0, palette.weak);
    ring(marks.hovered, 1.0, palette.text);
    ring(marks.cursor, 1.5, palette.accent);
    ring(marks.pinned, 2.0, palette.accent);
    for piece in marks
        .change_at
        .map_or(&[][..], |token| layout.pieces_of(token))
    {
        let rect = piece
            .rect
            .translate(corner.to_vec2())
            .expand2(vec2(PAD + 1.0, 1.0));
        let round = [
            rect.left_top(),
            rect.right_top(),
            rect.right_bottom(),
            rect.left_bottom(),
            rect.left_top(),
        ];
        let stroke = Stroke::new(1.5, palette.accent);
        painter.extend(Shape::dashed_line(&round, stroke, 3.0, 3.0));
    }
    if marks.streaming {
        let next = marks
            .faded_from
            .and_then(|token| layout.caret_before(token));
        painter.rect_filled(
            next.unwrap_or(layout.caret).translate(corner.to_vec2()),
            1.0,
            palette.accent,
        );
    }
}

/// A frame around words that the other text does not have.
fn frame(ui: &Ui, palette: &Palette, words: Rect) {
    let rect = words.expand2(vec2(PAD + 1.0, 1.0));
    let stroke = Stroke::new(1.0, palette.weak);
    ui.painter()
        .rect_stroke(rect, radius::WORD, stroke, StrokeKind::Inside);
}

/// Paints a bar in the place of every word, and nothing that tells what it is.
pub(super) fn bars_for_words(ui: &Ui, corner: Pos2, layout: &TextLayout) {
    let color = theme::palette(ui).border_strong;
    let clip = ui.clip_rect();
    let (seen, _) = layout.visible(clip.top() - corner.y, clip.bottom() - corner.y);
    let words = seen.filter_map(|index| {
        let piece = &layout.pieces[index];
        let before = index.checked_sub(1).map(|i| &layout.pieces[i]);
        let after = layout.pieces.get(index + 1);
        match piece.kind {
            PieceKind::Word | PieceKind::Part => {
                let (mut rect, corners) = cell(piece, before, after, corner);
                // One bar for all pieces of a word, as high as its small letters.
                rect.min.x -= 0.5;
                rect.max.x += 0.5;
                let height = rect.height() * 0.5;
                let rect = Rect::from_center_size(rect.center(), vec2(rect.width(), height));
                Some(RectShape::filled(rect, corners, color).into())
            }
            PieceKind::Blank | PieceKind::End => None,
        }
    });
    ui.painter().extend(words.collect::<Vec<Shape>>());
}

/// A wash of paper over a word and its bar.
fn veil(paper: Color32, word: Rect) -> Shape {
    let rect = Rect::from_min_max(
        word.min - vec2(PAD + 1.0, 1.0),
        word.max + vec2(PAD + 1.0, BELOW),
    );
    RectShape::filled(rect, 0.0, paper).into()
}

/// The coloured field of a piece: a little wider than its letters, but cut straight where the word goes on.
pub(super) fn cell(
    piece: &Piece,
    before: Option<&Piece>,
    after: Option<&Piece>,
    corner: Pos2,
) -> (Rect, CornerRadius) {
    let joined = |a: &Piece, b: &Piece| {
        a.line == b.line && (b.rect.left() - a.rect.right()).abs() < TOUCHING
    };
    let goes_left = before.is_some_and(|before| joined(before, piece));
    let goes_right = after.is_some_and(|after| joined(piece, after));
    let mut rect = piece.rect.translate(corner.to_vec2());
    // Half a point on each side parts the tokens of one word.
    rect.min.x += if goes_left { 0.5 } else { -PAD };
    rect.max.x += if goes_right { -0.5 } else { PAD };
    let round = f32::from(radius::WORD);
    let side = |goes: bool| if goes { 0.0 } else { round };
    let corners = CornerRadiusF32 {
        nw: side(goes_left),
        sw: side(goes_left),
        ne: side(goes_right),
        se: side(goes_right),
    };
    (rect, corners.into())
}

fn sign_color(palette: &Palette, value: f64) -> Color32 {
    if value < 0.0 {
        palette.below
    } else {
        palette.above
    }
}

/// A bar on the line below a word.
fn bar(mesh: &mut Mesh, palette: &Palette, cell: Rect, scale: HeatScale, value: f64) {
    let line = (cell.bottom() + BAR_DROP).round();
    bar_at(mesh, palette, cell.x_range(), line, scale, value);
}

/// A bar on the line at `line`: upwards for a value above zero, downwards for one below.
pub(super) fn bar_at(
    mesh: &mut Mesh,
    palette: &Palette,
    across: Rangef,
    line: f32,
    scale: HeatScale,
    value: f64,
) {
    let (left, right) = (across.min, across.max);
    let t = scale.position(value);
    let color = sign_color(palette, value);
    mesh.add_colored_rect(
        Rect::from_min_max(pos2(left, line), pos2(right, line + 1.0)),
        palette.border_strong,
    );
    let height = t.abs() * BAR_HEIGHT;
    if height < LEAST_BAR {
        return;
    }
    let (top, bottom) = if t < 0.0 {
        (line + 1.0, line + 1.0 + height)
    } else {
        (line - height, line)
    };
    mesh.add_colored_rect(
        Rect::from_min_max(pos2(left, top), pos2(right, bottom)),
        color,
    );
}

/// A folded corner: this value lies beyond the scale.
fn notch(mesh: &mut Mesh, cell: Rect, color: Color32) {
    let size = 5.0_f32.min(cell.width() / 2.0);
    let at = cell.right_top();
    let first = mesh.vertices.len() as u32;
    mesh.colored_vertex(at + vec2(-size, 0.0), color);
    mesh.colored_vertex(at, color);
    mesh.colored_vertex(at + vec2(0.0, size), color);
    mesh.add_triangle(first, first + 1, first + 2);
}

/// Slanted lines: a character that is not complete yet.
fn hatch(shapes: &mut Vec<Shape>, rect: Rect, color: Color32) {
    let stroke = Stroke::new(1.0, color);
    let mut y = rect.top() + 4.0;
    while y <= rect.bottom() {
        let rise = rect.width().min(y - rect.top());
        shapes.push(Shape::line_segment(
            [pos2(rect.left(), y), pos2(rect.left() + rise, y - rise)],
            stroke,
        ));
        y += 4.0;
    }
}

/// How much larger than usual the text is written: its chips grow with it, for their room is made of its spaces.
fn chip_scale(ui: &Ui) -> f32 {
    TextStyle::resolve(&theme::reading(), ui.style()).size / theme::size::READING
}

/// The chip before the first differing word: a path that parts, and what that means.
fn fork_mark(ui: &Ui, palette: &Palette, room: Rect) {
    let scale = chip_scale(ui);
    let chip = Rect::from_center_size(
        room.center() - vec2(PAD / 2.0, 0.0),
        Vec2::new(room.width() - 6.0, 16.0 * scale),
    );
    let painter = ui.painter();
    painter.rect_filled(chip, 8.0 * scale, palette.accent);
    let stroke = Stroke::new(1.4 * scale, palette.on_accent);
    let from = pos2(chip.left() + 6.0 * scale, chip.center().y);
    let split = from + vec2(3.0, 0.0) * scale;
    painter.line_segment([from, split], stroke);
    painter.line_segment([split, split + vec2(3.5, -3.0) * scale], stroke);
    painter.line_segment([split, split + vec2(3.5, 3.0) * scale], stroke);
    painter.text(
        pos2(split.x + 7.0 * scale, chip.center().y),
        Align2::LEFT_CENTER,
        "differs",
        theme::strong(CHIP_LETTERS * scale),
        palette.on_accent,
    );
}

/// The chip that stands for the token which ended the response.
fn end_mark(ui: &Ui, palette: &Palette, room: Rect) {
    let scale = chip_scale(ui);
    let chip = Rect::from_center_size(room.center(), Vec2::new(room.width(), 16.0 * scale));
    let painter = ui.painter();
    painter.rect_stroke(
        chip,
        8.0 * scale,
        Stroke::new(1.0, palette.border_strong),
        StrokeKind::Inside,
    );
    painter.text(
        chip.center(),
        Align2::CENTER_CENTER,
        "end",
        theme::strong(CHIP_LETTERS * scale),
        palette.weak,
    );
}
