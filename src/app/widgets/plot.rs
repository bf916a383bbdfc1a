//! What all plots of the window have in common.

use egui::Ui;
use egui_plot::{GridInput, GridMark, Plot};

use crate::app::theme::palette;
use crate::engine::scale::ticks;

/// A plot to look at: it neither moves nor zooms.
pub fn still<'a>(ui: &Ui, name: &str, height: f32) -> Plot<'a> {
    Plot::new(name)
        .height(height)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_drag(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_background(false)
        .show_crosshair(false)
        .grid_color(palette(ui).border)
}

/// Grid lines at round numbers, about `lines` of them, each far enough from the next for its label.
pub fn grid(lines: f64) -> impl Fn(GridInput) -> Vec<GridMark> {
    move |input| {
        let (low, high) = input.bounds;
        let (values, step_size) = ticks(low, high, lines);
        let mark = |value| GridMark { value, step_size };
        values.into_iter().map(mark).collect()
    }
}

/// What stands at a grid line.
pub fn axis_words(value: f64, percent: bool) -> String {
    if percent {
        return format!("{:.0}\u{a0}%", 100.0 * value);
    }
    // Without the dust of arithmetic.
    let value = (value * 1e6).round() / 1e6;
    format!("{}", value + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
