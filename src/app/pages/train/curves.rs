//! Loss, accuracy and margin over the steps.

use egui::{Color32, RichText, Ui};
use egui_plot::{GridInput, GridMark, Line, MarkerShape, Plot, PlotPoints, Points};

use crate::app::state::State;
use crate::app::state::training::{Curve, Point, TrainRun, thinned};
use crate::app::theme::{Palette, palette, size, space, strong};
use crate::app::widgets::numbers::signed;
use crate::train::events::EvalReport;

/// Points of a curve that are drawn: more than there are pixels help nobody.
const MOST_POINTS: usize = 600;
/// Height of a plot, points.
const HEIGHT: f32 = 150.0;

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvesView {
    /// One for each number.
    pub curves: Vec<CurveView>,
    /// Steps in all: the end of the axis.
    pub steps: f64,
}

/// One number over the steps.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveView {
    /// Its name.
    pub name: &'static str,
    /// What it says, in a sentence.
    pub help: &'static str,
    /// The newest smoothed value, in words.
    pub now: String,
    /// Every batch.
    pub raw: Vec<Point>,
    /// The mean over the last batches.
    pub smooth: Vec<Point>,
    /// The held-out pairs.
    pub held_out: Vec<Point>,
    /// Values that the axis always has.
    pub range: Vec<f64>,
    /// Whether it is a share.
    pub percent: bool,
}

impl CurvesView {
    /// Decides what is shown; nothing before the first step.
    #[must_use]
    pub fn build(state: &State) -> Option<Self> {
        let run = state.training.run.as_ref()?;
        run.last.as_ref()?;
        let (_, steps) = run.steps()?;
        let loss = curve(
            run,
            (
                "Loss",
                "What training makes small, in nats: the thin line is each batch, the thick one their mean, dots are the held-out pairs",
            ),
            &run.curves.loss,
            |eval| Some(eval.eval_loss),
            |value| format!("{value:.3}"),
            vec![0.0],
        );
        let accuracy = curve(
            run,
            (
                "Accuracy",
                "Share of pairs in which it finds the preferred answer likelier; one half is luck",
            ),
            &run.curves.accuracy,
            |eval| eval.eval_accuracy,
            |value| format!("{:.0}\u{a0}%", 100.0 * value),
            vec![0.0, 1.0],
        );
        let margin = curve(
            run,
            (
                "Margin",
                "By how many nats the preferred answers lead on average; above zero is right",
            ),
            &run.curves.margin,
            |eval| eval.eval_margin,
            |value| signed(value, 1),
            vec![0.0],
        );
        Some(Self {
            curves: [loss, accuracy, margin].into_iter().flatten().collect(),
            steps: steps as f64,
        })
    }
}

fn curve(
    run: &TrainRun,
    (name, help): (&'static str, &'static str),
    curve: &Curve,
    of_eval: impl Fn(&EvalReport) -> Option<f64>,
    words: impl Fn(f64) -> String,
    range: Vec<f64>,
) -> Option<CurveView> {
    let last = curve.smooth.last()?[1];
    let held_out: Vec<Point> = run
        .judged
        .iter()
        .filter_map(|eval| of_eval(eval).map(|value| [eval.step as f64, value]))
        .collect();
    let now = match held_out.last() {
        Some(point) => format!("{}, held out {}", words(last), words(point[1])),
        None => words(last),
    };
    Some(CurveView {
        name,
        help,
        now,
        raw: thinned(&curve.raw, MOST_POINTS),
        smooth: thinned(&curve.smooth, MOST_POINTS),
        held_out,
        percent: range.contains(&1.0),
        range,
    })
}

/// Draws them beside each other, or below each other where the window is narrow.
pub(super) fn curves_ui(ui: &mut Ui, view: &CurvesView) {
    ui.add_space(space::S);
    let across = if ui.available_width() > 680.0 {
        view.curves.len()
    } else {
        1
    };
    for row in view.curves.chunks(across.max(1)) {
        ui.columns(row.len(), |columns| {
            for (ui, curve) in columns.iter_mut().zip(row) {
                curve_ui(ui, curve, view.steps);
            }
        });
    }
}

/// So few points for the same curve that a line through them does not fill what it goes up and down in; all `steps` take
/// `room`, points.
fn apart(points: &[Point], steps: f64, room: f32) -> Vec<Point> {
    /// Least distance from one to the next, points.
    const GAP: f64 = 2.5;
    let share = points.len() as f64 / steps.max(1.0);
    let most = (f64::from(room) / GAP * share).ceil().max(1.0);
    thinned(points, most as usize)
}

/// Grid lines at round numbers, about `lines` of them, each far enough from the next for its label.
pub(in crate::app::pages) fn grid(lines: f64) -> impl Fn(GridInput) -> Vec<GridMark> {
    move |input| {
        let (low, high) = input.bounds;
        let step_size = round_step((high - low) / lines);
        let (first, last) = ((low / step_size).ceil(), (high / step_size).floor());
        let count = (last - first).clamp(0.0, 2.0 * lines + 2.0) as usize;
        let mark = |index: usize| GridMark {
            value: (first + index as f64) * step_size,
            step_size,
        };
        (0..=count).map(mark).collect()
    }
}

/// The least of 1, 2 and 5 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    if !(least.is_finite() && least > 0.0) {
        return 1.0;
    }
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|step| step * power)
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

/// What stands at a grid line.
pub(in crate::app::pages) fn axis_words(value: f64, percent: bool) -> String {
    if percent {
        return format!("{:.0}\u{a0}%", 100.0 * value);
    }
    // Without the dust of arithmetic.
    let value = (value * 1e6).round() / 1e6;
    format!("{}", value + 0.0)
}

fn curve_ui(ui: &mut Ui, curve: &CurveView, steps: f64) {
    let percent = curve.percent;
    let colours: &Palette = palette(ui);
    colours.card().show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.label(RichText::new(curve.name).font(strong(size::BODY)))
                .on_hover_text(curve.help);
            ui.label(
                RichText::new(&curve.now)
                    .size(size::SMALL)
                    .color(colours.weak),
            );
        });
        let room = ui.available_width();
        let line = |points: &[Point], colour: Color32, width: f32| {
            Line::new(curve.name, PlotPoints::from(apart(points, steps, room)))
                .color(colour)
                .width(width)
                .allow_hover(false)
        };
        let raw = line(&curve.raw, colours.border_strong, 1.0);
        let smooth = line(&curve.smooth, colours.accent, 2.0);
        let held_out = Points::new("Held out", PlotPoints::from(curve.held_out.clone()))
            .shape(MarkerShape::Circle)
            .radius(4.0)
            .color(colours.below);
        let mut plot = Plot::new(curve.name)
            .height(HEIGHT)
            .allow_zoom(false)
            .allow_scroll(false)
            .allow_drag(false)
            .allow_boxed_zoom(false)
            .allow_axis_zoom_drag(false)
            .allow_double_click_reset(false)
            .show_background(false)
            .grid_color(colours.border)
            .include_x(0.0)
            .include_x(steps)
            .x_grid_spacer(grid(3.0))
            .y_grid_spacer(grid(4.0))
            .y_axis_formatter(move |mark, _| axis_words(mark.value, percent))
            .show_crosshair(false);
        for value in &curve.range {
            plot = plot.include_y(*value);
        }
        let response = plot
            .show(ui, |plot| {
                plot.line(raw);
                plot.line(smooth);
                plot.points(held_out);
            })
            .response;
        let label = format!("{} curve: {}", curve.name, curve.now);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &label));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_a_line_keep_apart_whatever_part_of_it_is_drawn() {
        let points: Vec<Point> = (1..=180).map(|step| [f64::from(step), 0.5]).collect();
        for so_far in [1, 20, 90, 180] {
            let drawn = apart(&points[..so_far], 180.0, 225.0);
            assert!(drawn.len() * 2 >= so_far && drawn.len() <= so_far.div_ceil(2) + 1);
            for pair in drawn.windows(2) {
                assert!((pair[1][0] - pair[0][0]) * 225.0 / 180.0 >= 1.8);
            }
        }
        // Few steps are all drawn.
        assert_eq!(apart(&points[..16], 16.0, 225.0).len(), 16);
    }

    #[test]
    fn grid_lines_stand_at_round_numbers() {
        let values = |low: f64, high: f64, lines: f64| -> Vec<String> {
            let input = GridInput {
                bounds: (low, high),
                base_step_size: 1.0,
            };
            let marks = grid(lines)(input);
            marks.iter().map(|m| axis_words(m.value, false)).collect()
        };
        assert_eq!(values(-0.02, 0.74, 4.0), ["0", "0.2", "0.4", "0.6"]);
        assert_eq!(values(0.0, 180.0, 3.0), ["0", "100"]);
        assert_eq!(values(-12.0, 310.0, 4.0), ["0", "100", "200", "300"]);
        assert_eq!(values(0.0, 0.0, 4.0), ["0"]);
        assert_eq!(axis_words(0.5, true), "50\u{a0}%");
        for bad in [f64::NAN, 0.0, -1.0, f64::INFINITY] {
            assert!((round_step(bad) - 1.0).abs() < 1e-12);
        }
    }
}
