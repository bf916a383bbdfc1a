//! The window: two panes, a prompt box, a library and a column of sliders.
//!
//! Panels draw a view of the state and return what a person did; [`update`] applies it and says what the worker must do.
//! [`window`] is the glue: it drains the worker's events, draws, and sends commands.

pub mod dialogs;
pub mod pages;
pub mod panels;
pub mod picture;
pub mod presenter;
pub mod render;
pub mod screenshot;
pub mod shortcuts;
pub mod state;
pub mod theme;
pub mod update;
pub mod widgets;
pub mod window;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{channel, sync_channel};
use std::time::{Duration, Instant};

use crate::app::screenshot::Stage;
use crate::app::state::TokenRef;
use crate::app::state::settings::{Settings, ThemeChoice};
use crate::app::update::Action;
use crate::app::window::Window;
use crate::domain::{Pane, Prompt};
use crate::error::Failure;
use crate::worker::{self, ComputeSettings, LineupSource, WorkerHandle};

/// Names the program to the desktop: settings folder, icon and task bar.
pub const APP_ID: &str = "io.github.counterpoise.Counterpoise";
/// Width and height of the window where nothing is said and nothing is remembered, points.
const USUAL_SIZE: (u32, u32) = (1280, 820);
/// The window's title.
pub const TITLE: &str = "Counterpoise";
/// What stands for the window where the desktop asks the window itself; elsewhere the desktop entry names the icon.
const ICON: &[u8] = include_bytes!("../../assets/icon/counterpoise-256.png");

/// How the window is to be opened.
#[derive(Debug, Clone)]
pub struct AppOptions {
    /// Which models to load.
    pub lineup: LineupSource,
    /// Whether to load what the last window was closed with instead, where that was put together in the window.
    pub reopens: bool,
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
    /// A saved run to be shown.
    pub open: Option<PathBuf>,
    /// The folder that the program keeps a person's data in; nothing is kept where there is none.
    pub data: Option<PathBuf>,
}

impl Default for AppOptions {
    fn default() -> Self {
        Self {
            lineup: LineupSource::Demo,
            reopens: false,
            settings: ComputeSettings::default(),
            prompt: None,
            weights: Vec::new(),
            theme: None,
            size: None,
            open: None,
            data: None,
        }
    }
}

/// The folder in which the window keeps its settings, where the system has a place for that.
#[must_use]
pub fn data_folder() -> Option<std::path::PathBuf> {
    eframe::storage_dir(APP_ID)
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// There is no display, or no graphics to draw with.
pub fn run(options: &AppOptions) -> Result<(), Failure> {
    let (width, height) = options.size.unwrap_or(USUAL_SIZE);
    let mut viewport = egui::ViewportBuilder::default()
        .with_app_id(APP_ID)
        .with_title(TITLE)
        .with_inner_size([width as f32, height as f32])
        .with_min_inner_size([760.0, 520.0]);
    // A window without its own icon gets the toolkit's.
    if let Ok(icon) = eframe::icon_data::from_png_bytes(ICON) {
        viewport = viewport.with_icon(icon);
    }
    let native = eframe::NativeOptions {
        viewport,
        // A size that was asked for beats the remembered one.
        persist_window: options.size.is_none(),
        ..eframe::NativeOptions::default()
    };
    let mut options = options.clone();
    options.data = options.data.or_else(|| eframe::storage_dir(APP_ID));
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
    .map_err(|error| no_window(&error))
}

fn no_window(error: &eframe::Error) -> Failure {
    Failure::failed("The window cannot be opened")
        .hint("Without a display, use `counterpoise --screenshot FILE` for a picture or `counterpoise generate` for text")
        .details(without_source_place(&error.to_string()))
}

/// The toolkit names the place in its own sources, which tells a person nothing.
fn without_source_place(error: &str) -> &str {
    error
        .rsplit_once(".rs:")
        .and_then(|(_, rest)| rest.split_once(": "))
        .map_or(error, |(_, reason)| reason)
}

/// How long a picture may take: loading, writing and drawing.
const PICTURE_LIMIT: Duration = Duration::from_mins(10);

/// Runs the prompt to its end without a display, with the card of guided token `card` open where one is asked for, and
/// saves a picture of the window as a PNG file.
///
/// # Errors
/// The models cannot be loaded, the run fails, there is no such token, or the file cannot be written.
pub fn screenshot(options: &AppOptions, card: Option<usize>, path: &Path) -> Result<(), Failure> {
    let theme = options.theme.unwrap_or_default();
    let (width, height) = options.size.unwrap_or(USUAL_SIZE);
    let size = egui::vec2(width as f32, height as f32);
    let mut stage = Stage::new(size, 1.0, theme)?;
    let worker = worker::start(|| {}).map_err(|error| no_thread(&error))?;
    let settings = Settings {
        theme,
        reading_pace: false,
        ..Settings::default()
    };
    let mut window =
        Window::new(stage.ctx(), worker, options, settings).map_err(|error| no_thread(&error))?;
    if options.open.is_none() {
        window.act(Action::Run);
    }
    stage.run(|ui| window.frame(ui), PICTURE_LIMIT)?;
    if let Some(problem) = &window.state().problem {
        return Err(problem.failure.clone());
    }
    if let Some(index) = card {
        let tokens = window.state().run().map_or(0, |run| run.guided.len());
        if index >= tokens {
            return Err(Failure::usage(format!(
                "There is no guided token {index}; the text has {tokens}, counted from 0"
            )));
        }
        window.act(Action::TogglePin(TokenRef {
            pane: Pane::Guided,
            index,
        }));
        stage.run(|ui| window.frame(ui), PICTURE_LIMIT)?;
    }
    screenshot::write_png(&stage.picture(), path)?;
    Ok(())
}

/// How long it takes to make a window and draw its first frame, without a display and before any model is loaded.
///
/// # Errors
/// The system has no thread to give.
pub fn first_frame() -> Result<Duration, Failure> {
    let began = Instant::now();
    let (width, height) = USUAL_SIZE;
    let size = egui::vec2(width as f32, height as f32);
    let mut stage = Stage::new(size, 1.0, ThemeChoice::Light)?;
    let (commands, _unread) = channel();
    let (_silent, events) = sync_channel(1);
    let worker = WorkerHandle {
        commands: commands.into(),
        events,
    };
    let window = Window::new(
        stage.ctx(),
        worker,
        &AppOptions::default(),
        Settings::default(),
    );
    let mut window = window.map_err(|error| no_thread(&error))?;
    stage.frame(|ui| {
        window.frame(ui);
    });
    std::hint::black_box(stage.picture());
    Ok(began.elapsed())
}

fn no_thread(error: &std::io::Error) -> Failure {
    Failure::failed("The window cannot be made: the system has no thread to give")
        .details(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_toolkit_is_told_without_its_sources() {
        let error = "os error at /some/where/mod.rs:765: DISPLAY is not set";
        assert_eq!(without_source_place(error), "DISPLAY is not set");
        assert_eq!(without_source_place("no graphics"), "no graphics");
    }
}
