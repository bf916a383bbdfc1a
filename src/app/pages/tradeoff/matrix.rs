//! Every pair of scores in a small scatter of its own; a click shows the pair large.

use egui::{Align2, FontId, Pos2, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::act;
use super::chart::ChartView;
use crate::app::theme::{Palette, palette, radius, size, space};
use crate::app::update::{Action, TradeoffAction};

/// Most scores that are drawn against each other.
const MOST: usize = 6;

/// Draws it: scores to the right along the bottom, upwards along the left.
pub(super) fn matrix_ui(ui: &mut Ui, view: &ChartView, height: f32) -> Vec<Action> {
    let mut actions = Vec::new();
    let count = view.objectives.len().min(MOST);
    let across = count - 1;
    let gap = space::S;
    let width = ui.available_width();
    let cell = vec2(
        (width - gap * (across as f32 - 1.0)) / across as f32,
        ((height - gap * (across as f32 - 1.0)) / across as f32).max(90.0),
    );
    for up in 1..count {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for right in 0..up {
                let (rect, response) = ui.allocate_exact_size(cell, Sense::click());
                let [x, y] = [right, up].map(|index| view.objectives[index].as_str());
                let label = format!("Scatter of {y} against {x}");
                response
                    .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
                let colours = palette(ui);
                let chosen = response.hovered() || response.has_focus();
                pair(
                    &ui.painter_at(rect),
                    rect,
                    view,
                    [right, up],
                    colours,
                    chosen,
                );
                if response.on_hover_text("Show this pair large").clicked() {
                    actions.push(act(TradeoffAction::ShowPair)([right, up]));
                }
            }
        });
        ui.add_space(gap - ui.spacing().item_spacing.y);
    }
    actions
}

fn pair(
    painter: &egui::Painter,
    rect: Rect,
    view: &ChartView,
    axes: [usize; 2],
    colours: &Palette,
    chosen: bool,
) {
    let ring = if chosen {
        colours.accent
    } else {
        colours.border
    };
    painter.rect_stroke(
        rect,
        radius::CONTROL,
        Stroke::new(1.0, ring),
        egui::StrokeKind::Inside,
    );
    let small = FontId::proportional(size::SMALL);
    let [x, y] = axes.map(|axis| view.objectives[axis].as_str());
    painter.text(
        rect.right_bottom() - vec2(6.0, 4.0),
        Align2::RIGHT_BOTTOM,
        format!("{x} →"),
        small.clone(),
        colours.weak,
    );
    painter.text(
        rect.left_top() + vec2(6.0, 4.0),
        Align2::LEFT_TOP,
        format!("↑ {y}"),
        small,
        colours.weak,
    );
    let inner = rect.shrink2(vec2(12.0, 26.0));
    let ranges = axes.map(|axis| range(view.dots_with(&axes).map(|dot| dot.scores[axis])));
    for dot in view.dots_with(&axes) {
        let share = [0, 1].map(|k| {
            let [low, high] = ranges[k];
            ((dot.scores[axes[k]] - low) / (high - low)) as f32
        });
        let at = pos2(
            inner.left() + share[0] * inner.width(),
            inner.bottom() - share[1] * inner.height(),
        );
        if dot.is_base {
            cross(painter, at, colours);
        } else if dot.on_front {
            painter.circle_filled(at, 2.5, colours.accent);
        } else {
            painter.circle_filled(at, 2.5, colours.weak);
        }
        if dot.on_front {
            painter.circle_stroke(at, 5.0, Stroke::new(1.5, colours.accent));
        }
    }
}

fn cross(painter: &egui::Painter, at: Pos2, colours: &Palette) {
    for off in [vec2(4.0, 4.0), vec2(4.0, -4.0)] {
        painter.line_segment([at - off, at + off], Stroke::new(2.0, colours.below));
    }
}

/// From the least to the largest, never empty.
fn range(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let [low, high] = values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
        [low.min(value), high.max(value)]
    });
    if high - low > 1e-9 {
        [low, high]
    } else {
        [low - 0.5, high + 0.5]
    }
}
