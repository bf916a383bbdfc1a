//! Two objectives against each other: a dot per setting with its intervals, the front, and the handle along the curve.

use egui::{Color32, Id, Sense, Ui};
use egui_plot::{Line, MarkerShape, PlotBounds, PlotPoint, PlotPoints, Points};

use super::act;
use super::chart::{ChartView, nearest, point_at};
use crate::app::state::tradeoff::Dot;
use crate::app::theme::{Palette, palette};
use crate::app::update::{Action, TradeoffAction};
use crate::app::widgets::plot::{axis_words, grid, still};
use crate::engine::scale::span;

/// Radius of a dot, points.
const DOT: f32 = 3.5;
/// Radius of the ring around a setting that nothing beats, points.
const RING: f32 = 6.5;
/// Points around the handle that count as on it.
const REACH: f32 = 14.0;

/// Draws it.
pub(super) fn scatter_ui(ui: &mut Ui, view: &ChartView, height: f32) -> Vec<Action> {
    let colours = palette(ui);
    let at = |dot: &Dot| view.axes.map(|axis| dot.scores[axis]);
    let [right, up] = view.axes.map(|axis| match view.units[axis] {
        Some(unit) => format!("{}, {unit}", view.objectives[axis]),
        None => view.objectives[axis].clone(),
    });
    let plot = still(ui, "trade-off scatter", height)
        .sense(Sense::click_and_drag())
        .x_axis_label(right)
        .y_axis_label(up)
        .x_grid_spacer(grid(6.0))
        .y_grid_spacer(grid(5.0))
        .x_axis_formatter(|mark, _| axis_words(mark.value, false))
        .y_axis_formatter(|mark, _| axis_words(mark.value, false));
    let bars = bars(view, colours);
    let bounds = bounds(view);
    let curve = view.curve.as_ref().into_iter().flat_map(|curve| {
        let colour = colours.accent.gamma_multiply(0.6);
        steps(&curve.points).map(move |step| line("curve", step, colour, 1.5))
    });
    let points = points(view, colours, at);
    let handle = view.curve.as_ref().zip(view.handle);
    let shown = plot.show(ui, |plot| {
        plot.set_plot_bounds(bounds);
        for bar in bars {
            plot.line(bar);
        }
        for step in curve {
            plot.line(step);
        }
        for points in points {
            plot.points(points);
        }
        if let Some((curve, (place, exact))) = handle {
            let points = PlotPoints::from(vec![curve.point_at(place)]);
            plot.points(
                Points::new("sliders", points)
                    .shape(MarkerShape::Diamond)
                    .radius(8.0)
                    .filled(exact)
                    .color(colours.accent)
                    .allow_hover(false),
            );
        }
    });
    let response = shown.response;
    let words = view.words();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &words));
    let to_screen = |point: [f64; 2]| shown.transform.position_from_point(&PlotPoint::from(point));
    let mut actions = Vec::new();
    let scale = shown.transform.dpos_dvalue();
    if let Some((curve, (place, _))) = handle {
        let held = Id::unique("trade-off handle");
        let pressed = ui.input(|input| input.pointer.press_origin());
        let on_handle =
            |pointer: egui::Pos2| to_screen(curve.point_at(place)).distance(pointer) <= REACH;
        if response.drag_started() {
            let is_held = pressed.is_some_and(on_handle);
            ui.data_mut(|data| data.insert_temp(held, is_held));
        }
        let is_held = ui.data(|data| data.get_temp(held)).unwrap_or(false);
        if is_held && response.dragged() {
            if let Some(pointer) = response.interact_pointer_pos() {
                let to = shown.transform.value_from_position(pointer);
                let place = curve.nearest_point([to.x, to.y], scale);
                actions.push(act(TradeoffAction::Along)(place));
            }
            return actions;
        }
        if is_held && response.drag_stopped() {
            ui.data_mut(|data| data.insert_temp(held, false));
            return vec![Action::EndEdit];
        }
        if response.hover_pos().is_some_and(on_handle) {
            ui.ctx().set_cursor_icon(egui::CursorIcon::Grab);
        }
    }
    let dot = response.hover_pos().and_then(|pointer| {
        let dots = view.dots_with(&view.axes);
        nearest(dots.map(|dot| (to_screen(at(dot)), dot)), pointer)
    });
    actions.extend(point_at(ui, &response, dot));
    actions
}

/// The way from each point to the next one, where it is another: as one line, turns that are too sharp would be filled.
fn steps(points: &[[f64; 2]]) -> impl Iterator<Item = Vec<[f64; 2]>> {
    let steps = points
        .windows(2)
        .filter(|ends| ends[0].map(f64::to_bits) != ends[1].map(f64::to_bits));
    steps.map(<[[f64; 2]]>::to_vec)
}

fn line<'a>(name: &str, points: Vec<[f64; 2]>, colour: Color32, width: f32) -> Line<'a> {
    Line::new(name, PlotPoints::from(points))
        .color(colour)
        .width(width)
        .allow_hover(false)
}

/// What the picture spans: all dots with their intervals, but no interval makes the dots a heap in the middle.
fn bounds(view: &ChartView) -> PlotBounds {
    let [x, y] = view.axes.map(|axis| {
        let of = |dot: &Dot| (dot.scores[axis], dot.halves[axis].unwrap_or(0.0));
        span(view.dots_with(&view.axes).map(of))
    });
    PlotBounds::from_min_max([x[0], y[0]], [x[1], y[1]])
}

/// The intervals, as crosses of thin lines.
fn bars<'a>(view: &ChartView, colours: &Palette) -> Vec<Line<'a>> {
    let mut bars = Vec::new();
    for dot in view.dots_with(&view.axes) {
        let [x, y] = view.axes.map(|axis| dot.scores[axis]);
        let [across, along] = view.axes.map(|axis| dot.halves[axis].unwrap_or(0.0));
        let ends = [
            (across, [[x - across, y], [x + across, y]]),
            (along, [[x, y - along], [x, y + along]]),
        ];
        for (half, ends) in ends {
            if half > 0.0 && half.is_finite() {
                bars.push(line("interval", ends.to_vec(), colours.border_strong, 1.0));
            }
        }
    }
    bars
}

/// The dots by what they are: shapes tell them apart, not colours alone.
fn points<'a>(
    view: &ChartView,
    colours: &Palette,
    at: impl Fn(&Dot) -> [f64; 2],
) -> Vec<Points<'a>> {
    let of = |name: &str, wanted: &dyn Fn(&Dot) -> bool| {
        let points: Vec<[f64; 2]> = view
            .dots_with(&view.axes)
            .filter(|dot| wanted(dot))
            .map(&at)
            .collect();
        Points::new(name, PlotPoints::from(points)).allow_hover(false)
    };
    vec![
        of("beaten", &|dot| !dot.is_base && !dot.on_front)
            .shape(MarkerShape::Circle)
            .radius(DOT)
            .color(colours.weak),
        of("not beaten", &|dot| !dot.is_base && dot.on_front)
            .shape(MarkerShape::Circle)
            .radius(DOT)
            .color(colours.accent),
        of("ring", &|dot| dot.on_front)
            .shape(MarkerShape::Circle)
            .radius(RING)
            .filled(false)
            .color(colours.accent),
        of("plain model", &|dot| dot.is_base)
            .shape(MarkerShape::Cross)
            .radius(DOT + 3.0)
            .color(colours.below),
        of("on the sliders", &|dot| view.loaded == Some(dot.setting))
            .shape(MarkerShape::Square)
            .radius(RING + 3.0)
            .filled(false)
            .color(colours.text),
    ]
}
