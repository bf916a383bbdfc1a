//! The shares of three weights as places in a triangle, coloured by a score.

use egui::{Align2, Pos2, Sense, Shape, Stroke, Ui, pos2, vec2};

use super::chart::{ChartView, nearest, point_at};
use crate::app::state::tradeoff::{Dot, score_words};
use crate::app::theme::{HeatScale, ScaleKind, palette, size, strong};
use crate::app::update::Action;
use crate::app::widgets::numbers::signed;

/// Room around the triangle for the names of its corners, points.
const ROOM: f32 = 28.0;

/// Where the shares of three weights lie, from the corners' places; nothing for the plain model, which has none.
#[must_use]
pub(super) fn place(weights: [f64; 3], corners: [Pos2; 3]) -> Option<Pos2> {
    let sum: f64 = weights.iter().sum();
    if sum <= 0.0 || !sum.is_finite() || weights.iter().any(|weight| *weight < 0.0) {
        return None;
    }
    let share = |index: usize| (weights[index] / sum) as f32;
    let [a, b, c] = corners.map(Pos2::to_vec2);
    Some((a * share(0) + b * share(1) + c * share(2)).to_pos2())
}

/// Draws it.
pub(super) fn triangle_ui(ui: &mut Ui, view: &ChartView, height: f32) -> Option<Action> {
    let colours = palette(ui);
    let [first, second, third] = view.swept[..] else {
        return None;
    };
    let swept = [first, second, third];
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let words = view.words();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &words));
    let inner = rect.shrink(ROOM);
    let side = inner.width().min(inner.height() / 0.866);
    let tall = side * 0.866;
    let top = pos2(inner.center().x, inner.center().y - tall / 2.0);
    let corners = [
        top,
        top + vec2(-side / 2.0, tall),
        top + vec2(side / 2.0, tall),
    ];
    let painter = ui.painter_at(rect);
    painter.add(Shape::closed_line(
        corners.to_vec(),
        Stroke::new(1.0, colours.border_strong),
    ));
    // Quarters of each weight.
    for step in [0.25, 0.5, 0.75] {
        for turn in 0..3 {
            let [a, b, c] = [0, 1, 2].map(|k| corners[(k + turn) % 3]);
            let ends = [a.lerp(b, step), a.lerp(c, step)];
            painter.line_segment(ends, Stroke::new(1.0, colours.border));
        }
    }
    let names = [
        (Align2::CENTER_BOTTOM, vec2(0.0, -12.0)),
        (Align2::CENTER_TOP, vec2(0.0, 12.0)),
        (Align2::CENTER_TOP, vec2(0.0, 12.0)),
    ];
    for ((corner, (align, off)), axis) in corners.iter().zip(names).zip(swept) {
        let name = format!("only {}", view.objectives[axis]);
        painter.text(
            *corner + off,
            align,
            name,
            strong(size::SMALL),
            colours.text,
        );
    }
    // Above and below the plain model; where it has no text yet, above and below zero.
    let zero = view.base().map(|scores| scores[view.colour]);
    let zero = zero.filter(|zero| zero.is_finite()).unwrap_or(0.0);
    let gain = |dot: &Dot| dot.scores[view.colour] - zero;
    let coloured = [view.colour];
    let scale = HeatScale::for_values(ScaleKind::Signed, view.dots_with(&coloured).map(gain));
    let mut placed: Vec<(Pos2, f32, &Dot)> = view
        .dots_with(&coloured)
        .filter_map(|dot| {
            let weights = swept.map(|axis| dot.weights[axis]);
            let sum: f64 = weights.iter().sum();
            let radius = radius(sum as f32, view.dots.len());
            Some((place(weights, corners)?, radius, dot))
        })
        .collect();
    // Settings with the same shares lie in each other, the larger weights outside.
    placed.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (at, radius, dot) in &placed {
        let width = if dot.on_front { 2.0 } else { 1.0 };
        let ring = if dot.on_front {
            colours.accent
        } else {
            colours.border_strong
        };
        painter.circle(
            *at,
            *radius,
            scale.color(colours, gain(dot)),
            Stroke::new(width, ring),
        );
        if view.loaded == Some(dot.setting) {
            let square = egui::Rect::from_center_size(*at, egui::Vec2::splat(2.0 * radius + 6.0));
            let stroke = Stroke::new(1.5, colours.text);
            painter.rect_stroke(square, 0.0, stroke, egui::StrokeKind::Outside);
        }
    }
    let limit = signed(scale.limit, 3);
    let name = &view.objectives[view.colour];
    painter.text(
        rect.left_top() + vec2(4.0, 2.0),
        Align2::LEFT_TOP,
        format!(
            "plain model: {name} {}\nblue: better than that, orange: worse; full at {}",
            score_words(view.units[view.colour], zero, 3),
            limit.trim_start_matches('+')
        ),
        egui::FontId::proportional(size::SMALL),
        colours.weak,
    );
    let dot = response.hover_pos().and_then(|pointer| {
        // Of dots in each other the innermost that holds the pointer is meant.
        let inside = placed
            .iter()
            .rev()
            .find(|(at, radius, _)| at.distance(pointer) <= *radius);
        inside
            .map(|(_, _, dot)| (*dot, 0))
            .or_else(|| nearest(placed.iter().map(|(at, _, dot)| (*at, *dot)), pointer))
    });
    point_at(ui, &response, dot)
}

/// Radius of a dot by the sum of its weights, points; where there are many dots, they are smaller.
fn radius(sum: f32, dots: usize) -> f32 {
    let share = (50.0 / dots.max(1) as f32).clamp(0.45, 1.0);
    share * (5.0 + 1.6 * sum).min(16.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_places_between_the_corners() {
        let corners = [pos2(0.0, 0.0), pos2(-6.0, 6.0), pos2(6.0, 6.0)];
        assert_eq!(place([2.0, 0.0, 0.0], corners), Some(corners[0]));
        assert_eq!(place([0.0, 1.0, 1.0], corners), Some(pos2(0.0, 6.0)));
        let middle = place([0.5, 0.5, 0.5], corners).unwrap();
        assert!(middle.distance(pos2(0.0, 4.0)) < 1e-4);
        assert_eq!(place([0.0; 3], corners), None);
        assert_eq!(place([-1.0, 1.0, 1.0], corners), None);
    }
}
