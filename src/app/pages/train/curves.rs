//! Loss, accuracy and margin over the steps.

use egui::{Color32, RichText, Ui};
use egui_plot::{Line, MarkerShape, Plot, PlotPoints, Points};

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

fn curve_ui(ui: &mut Ui, curve: &CurveView, steps: f64) {
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
        let line = |points: &[Point], colour: Color32, width: f32| {
            Line::new(curve.name, PlotPoints::from(points.to_vec()))
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
