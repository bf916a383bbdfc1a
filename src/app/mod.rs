//! The window: two panes, a prompt box, a library and a column of sliders.
//!
//! Panels draw a view of the state and return what a person did; [`update`] applies it and says what the worker must do.
//! [`window`] is the glue: it drains the worker's events, draws, and sends commands.

pub mod panels;
pub mod render;
pub mod screenshot;
pub mod shortcuts;
pub mod state;
pub mod theme;
pub mod update;
pub mod widgets;
pub mod window;

use crate::app::state::settings::ThemeChoice;
use crate::app::window::Window;
use crate::domain::Prompt;
use crate::error::Failure;
use crate::worker::{self, ComputeSettings, LineupSource};

/// Names the program to the desktop: settings folder, icon and task bar.
pub const APP_ID: &str = "io.github.counterpoise.Counterpoise";
/// The window's title.
pub const TITLE: &str = "Counterpoise";

/// How the window is to be opened.
#[derive(Debug, Clone)]
pub struct AppOptions {
    /// Which models to load.
    pub lineup: LineupSource,
    /// On what to compute.
    pub settings: ComputeSettings,
    /// What stands in the prompt box; the library's first prompt where nothing is said.
    pub prompt: Option<Prompt>,
    /// Weights by name of objective; the lineup's own where nothing is said.
    pub weights: Vec<(String, f64)>,
    /// Colours; as remembered where nothing is said.
    pub theme: Option<ThemeChoice>,
    /// Width and height in points; as remembered where nothing is said.
    pub size: Option<(u32, u32)>,
}

impl Default for AppOptions {
    fn default() -> Self {
        Self {
            lineup: LineupSource::Demo,
            settings: ComputeSettings::default(),
            prompt: None,
            weights: Vec::new(),
            theme: None,
            size: None,
        }
    }
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// There is no display, or no graphics to draw with.
pub fn run(options: &AppOptions) -> Result<(), Failure> {
    let mut viewport = egui::ViewportBuilder::default()
        .with_app_id(APP_ID)
        .with_title(TITLE)
        .with_inner_size([1280.0, 820.0])
        .with_min_inner_size([760.0, 520.0]);
    if let Some((width, height)) = options.size {
        viewport = viewport.with_inner_size([width as f32, height as f32]);
    }
    let native = eframe::NativeOptions {
        viewport,
        // A size that was asked for beats the remembered one.
        persist_window: options.size.is_none(),
        ..eframe::NativeOptions::default()
    };
    let options = options.clone();
    eframe::run_native(
        TITLE,
        native,
        Box::new(move |creation| {
            let ctx = creation.egui_ctx.clone();
            let worker = worker::start(move || ctx.request_repaint())?;
            let settings = window::remembered(creation.storage);
            let window = Window::new(&creation.egui_ctx, worker, &options, settings)?;
            Ok(Box::new(window))
        }),
    )
    .map_err(no_window)
}

fn no_window(error: eframe::Error) -> Failure {
    Failure::failed("The window cannot be opened")
        .hint("Without a display, use `counterpoise --screenshot FILE` for a picture or `counterpoise generate` for text")
        .details(error.to_string())
}
