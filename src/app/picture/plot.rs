//! A picture of a sweep: what its settings reach, and how it was made.

use std::path::PathBuf;

use egui::{Label, Layout, RichText, Ui, UiBuilder, vec2};
use image::RgbaImage;

use crate::app::pages::tradeoff::{ChartView, picture_ui};
use crate::app::screenshot::{ScreenshotError, Stage, write_png};
use crate::app::state::settings::ThemeChoice;
use crate::app::state::tradeoff::SaveAnswer;
use crate::app::theme::{palette, size, space};
use crate::error::Failure;
use crate::worker::sweep::SweepRecord;

/// Width and height of the plot with its frame, points.
const WIDTH: f32 = 720.0;
const HEIGHT: f32 = 620.0;
/// Frames until sizes have come to rest.
const FRAMES: usize = 4;

/// A plot that is to be painted.
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
pub fn caption(record: &SweepRecord) -> Vec<String> {
    let sampling = &record.sampling;
    vec![
        "Scored by the same reward models that steer: expect optimism".to_owned(),
        format!(
            "{} settings · {} prompts · {} samples · seed {} · temperature {}",
            record.settings.len(),
            record.prompts.len(),
            record.samples,
            sampling.seed,
            sampling.temperature
        ),
        format!(
            "Models: {} · Counterpoise {}",
            record.info.name,
            env!("CARGO_PKG_VERSION")
        ),
    ]
}

impl PlotRequest {
    /// Paints and writes it: for a thread of its own.
    #[must_use]
    pub fn answer(self) -> SaveAnswer {
        let painted = self.picture();
        let written = painted.and_then(|picture| write_png(&picture, &self.path));
        SaveAnswer {
            serial: self.serial,
            result: written.map(|()| self.path).map_err(Failure::from),
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
