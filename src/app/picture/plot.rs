//! A picture of a sweep: what its settings reach, and how it was made; painted, or as vectors.

use std::path::PathBuf;

use egui::{Label, Layout, RichText, Ui, UiBuilder, vec2};
use image::RgbaImage;

use crate::app::pages::tradeoff::{ChartView, picture_ui};
use crate::app::screenshot::{ScreenshotError, Stage, write_png};
use crate::app::state::settings::ThemeChoice;
use crate::app::state::tradeoff::{Chart, SaveAnswer, first_words};
use crate::app::theme::{palette, size, space};
use crate::app::widgets::numbers::{count, weight};
use crate::error::Failure;
use crate::journal::files;
use crate::record::plot::{Drawn, Plot, Setting};
use crate::worker::sweep::SweepRecord;

/// Width and height of the plot with its frame, points.
const WIDTH: f32 = 720.0;
const HEIGHT: f32 = 620.0;
/// Frames until sizes have come to rest.
const FRAMES: usize = 4;

/// A plot that is to be painted, or drawn as vectors where its file's name ends in `.svg`.
#[derive(Debug, Clone)]
pub struct PlotRequest {
    /// Its number; the answer carries it.
    pub serial: u64,
    /// The file.
    pub path: PathBuf,
    /// What it shows.
    pub view: ChartView,
    /// What stands below it.
    pub caption: Vec<String>,
    /// Light words on dark paper.
    pub dark: bool,
    /// Pixels for each point.
    pub scale: u8,
}

/// What stands below the plot of a sweep.
#[must_use]
pub fn caption(record: &SweepRecord, honesty: &str) -> Vec<String> {
    let sampling = &record.sampling;
    vec![
        honesty.to_owned(),
        format!(
            "{} · {} · {} · first seed {} · temperature {}",
            many(record.settings.len(), "setting"),
            many(record.prompts.len(), "prompt"),
            many(record.samples, "sample"),
            sampling.seed,
            sampling.temperature
        ),
        weights(record),
        prompts(record),
        format!(
            "Models: {} · Counterpoise {}",
            record.info.name,
            env!("CARGO_PKG_VERSION")
        ),
    ]
}

fn many(number: usize, one: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {one}{s}", count(number))
}

/// The prompt, or how the first of several begins.
fn prompts(record: &SweepRecord) -> String {
    let first = record.prompts.first().map_or("", |prompt| &prompt.text);
    let first = first_words(first, 90);
    match record.prompts.len() {
        0 | 1 => format!("Prompt: {first}"),
        _ => format!("The first prompt: {first}"),
    }
}

/// Which weights were tried, objective by objective.
fn weights(record: &SweepRecord) -> String {
    let of = |index: usize| {
        let tried = record.settings.iter().filter_map(|one| one.get(index));
        let [low, high] = tried.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], &one| {
            [low.min(one), high.max(one)]
        });
        let (name, low, high) = (record.objective(index), weight(low), weight(high));
        if low == high {
            format!("{name} {low}")
        } else {
            format!("{name} {low} to {high}")
        }
    };
    let each: Vec<String> = (0..record.info.objectives.len()).map(of).collect();
    format!("Weights: {}", each.join(", "))
}

impl PlotRequest {
    /// Paints and writes it: for a thread of its own.
    #[must_use]
    pub fn answer(self) -> SaveAnswer {
        let ending = self.path.extension().unwrap_or_default();
        let written = if ending.eq_ignore_ascii_case("svg") {
            files::write_file(&self.path, self.vectors().svg().as_bytes())
        } else {
            let painted = self.picture();
            let written = painted.and_then(|picture| write_png(&picture, &self.path));
            written.map_err(Failure::from)
        };
        SaveAnswer {
            serial: self.serial,
            result: written.map(|()| self.path),
        }
    }

    /// What the window shows, for papers.
    fn vectors(&self) -> Plot {
        let view = &self.view;
        let name = |score: usize| view.objectives.get(score).map_or("", String::as_str);
        let (drawn, title) = match (view.chart, &view.swept[..]) {
            (Chart::Triangle, &[a, b, c]) => (
                Drawn::Triangle([a, b, c], view.colour),
                format!("Shares of three weights, coloured by {}", name(view.colour)),
            ),
            (Chart::Matrix, _) => (Drawn::Pairs, "Trade-offs between all scores".to_owned()),
            (Chart::Parallel, swept) => (
                Drawn::Parallel(swept.to_vec()),
                "Weights and what they reach".to_owned(),
            ),
            (Chart::Scatter | Chart::Triangle, _) => {
                let [right, up] = view.axes.map(name);
                (
                    Drawn::Scatter(view.axes),
                    format!("Trade-off between {right} and {up}"),
                )
            }
        };
        let units = view.units.iter().map(|unit| unit.map(str::to_owned));
        let settings = view.dots.iter().map(|dot| Setting {
            weights: dot.weights.clone(),
            scores: dot.scores.clone(),
            halves: dot.halves.clone(),
            on_front: dot.on_front,
            is_base: dot.is_base,
        });
        let line = view.curve.as_ref();
        Plot {
            title,
            drawn,
            scores: view.objectives.iter().cloned().zip(units).collect(),
            points: settings.collect(),
            line: line.map_or_else(Vec::new, |curve| curve.points.clone()),
            caption: self.caption.clone(),
            dark: self.dark,
        }
    }

    fn picture(&self) -> Result<RgbaImage, ScreenshotError> {
        let theme = if self.dark {
            ThemeChoice::Dark
        } else {
            ThemeChoice::Light
        };
        let scale = f32::from(self.scale);
        let mut height = HEIGHT;
        let mut probe = Stage::new(vec2(WIDTH, height), 1.0, theme)?;
        for _ in 0..FRAMES {
            probe.frame(|ui| height = self.ui(ui));
        }
        let mut stage = Stage::new(vec2(WIDTH, height.ceil()), scale, theme)?;
        for _ in 0..FRAMES {
            stage.frame(|ui| {
                self.ui(ui);
            });
        }
        Ok(stage.picture())
    }

    /// Draws it and says how high it is.
    fn ui(&self, ui: &mut Ui) -> f32 {
        let room = ui.max_rect().shrink(space::L);
        let layout = Layout::top_down(egui::Align::Min);
        let mut content = ui.new_child(UiBuilder::new().max_rect(room).layout(layout));
        let ui = &mut content;
        picture_ui(ui, &self.view);
        ui.add_space(space::S);
        let weak = palette(ui).weak;
        for line in &self.caption {
            let words = RichText::new(line).size(size::SMALL).color(weak);
            ui.add(Label::new(words).wrap());
        }
        ui.min_rect().bottom() + space::L
    }
}
