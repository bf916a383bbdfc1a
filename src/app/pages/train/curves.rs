//! Loss, accuracy and margin over the steps.

use egui::{Color32, RichText, Ui};
use egui_plot::{Line, MarkerShape, PlotPoints, Points};

use crate::app::state::State;
use crate::app::state::training::{Curve, Point, TrainRun, thinned};
use crate::app::theme::{Palette, palette, size, space, strong};
use crate::app::widgets::numbers::signed;
use crate::app::widgets::plot::{axis_words, grid, still};
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
        let mut plot = still(ui, curve.name, HEIGHT)
            .include_x(0.0)
            .include_x(steps)
            .x_grid_spacer(grid(3.0))
            .y_grid_spacer(grid(4.0))
            .y_axis_formatter(move |mark, _| axis_words(mark.value, percent));
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
}
