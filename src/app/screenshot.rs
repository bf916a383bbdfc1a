//! A picture of the window without a display: runs frames as the desktop would, until all is still, and paints the last.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::{Context, Event, FullOutput, RawInput, Rect, Ui, Vec2, ViewportId};
use image::RgbaImage;

use super::render::CpuRenderer;
use super::state::settings::ThemeChoice;
use super::theme;
use crate::error::Failure;

/// Seconds between two frames.
const FRAME_SECS: f64 = 1.0 / 60.0;
/// Frames after everything has settled: fades and sizes come to rest.
const LAST_FRAMES: usize = 12;
/// Largest picture: 64 million pixels.
const MOST_PIXELS: f32 = 64e6;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum ScreenshotError {
    /// The window was still busy after the time allowed.
    #[error("the window was still busy after {0} seconds")]
    Busy(u64),
    /// No room for such a picture.
    #[error("a picture of {width} by {height} points cannot be made")]
    Size {
        /// Asked for, points.
        width: f32,
        /// Asked for, points.
        height: f32,
    },
    /// The file could not be written.
    #[error("the picture could not be written")]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl From<ScreenshotError> for Failure {
    fn from(error: ScreenshotError) -> Self {
        let failure = match &error {
            ScreenshotError::Size { .. } => Self::usage(error.to_string()),
            ScreenshotError::Busy(_) | ScreenshotError::Write { .. } => {
                Self::failed(error.to_string())
            }
        };
        match error {
            ScreenshotError::Write { path, source } => {
                failure.details(format!("{source}: {}", path.display()))
            }
            ScreenshotError::Busy(_) => failure.hint("Ask for fewer tokens, or for more time"),
            ScreenshotError::Size { .. } => {
                failure.hint("Sizes are given in points, for example 1280x800")
            }
        }
    }
}

/// A window without a display: a toolkit context, its clock and a renderer.
pub struct Stage {
    ctx: Context,
    renderer: CpuRenderer,
    size: Vec2,
    pixels_per_point: f32,
    dark: bool,
    time: f64,
    events: Vec<Event>,
    last: Option<FullOutput>,
}

impl Stage {
    /// A window of `size` points in our theme; the desktop's own taste is light.
    ///
    /// # Errors
    /// A size that is empty, no number, or too large.
    pub fn new(
        size: Vec2,
        pixels_per_point: f32,
        choice: ThemeChoice,
    ) -> Result<Self, ScreenshotError> {
        let pixels = size * pixels_per_point;
        let fits = pixels.x >= 1.0 && pixels.y >= 1.0 && pixels.x * pixels.y <= MOST_PIXELS;
        if !fits {
            return Err(ScreenshotError::Size {
                width: size.x,
                height: size.y,
            });
        }
        let ctx = Context::default();
        theme::install(&ctx);
        theme::apply(&ctx, choice);
        Ok(Self {
            ctx,
            renderer: CpuRenderer::default(),
            size,
            pixels_per_point,
            dark: choice == ThemeChoice::Dark,
            time: 0.0,
            events: Vec::new(),
            last: None,
        })
    }

    /// The context, for a window to be built on.
    pub const fn ctx(&self) -> &Context {
        &self.ctx
    }

    /// Adds something that a person does before the next frame.
    pub fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Runs one frame.
    pub fn frame(&mut self, ui: impl FnMut(&mut Ui)) {
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(egui::Pos2::ZERO, self.size)),
            max_texture_side: Some(8192),
            time: Some(self.time),
            system_theme: Some(if self.dark {
                egui::Theme::Dark
            } else {
                egui::Theme::Light
            }),
            focused: true,
            events: std::mem::take(&mut self.events),
            ..RawInput::default()
        };
        input
            .viewports
            .entry(ViewportId::ROOT)
            .or_default()
            .native_pixels_per_point = Some(self.pixels_per_point);
        self.time += FRAME_SECS;
        let mut output = self.ctx.run_ui(input, ui);
        self.renderer.update(&mut output.textures_delta);
        self.last = Some(output);
    }

    /// Runs frames until `ui` says that nothing more is to come, and then a few more; for at most `limit`. Until then a
    /// frame lasts about as long as on a display.
    ///
    /// # Errors
    /// The limit passed first.
    pub fn run(
        &mut self,
        mut ui: impl FnMut(&mut Ui) -> bool,
        limit: Duration,
    ) -> Result<(), ScreenshotError> {
        let start = Instant::now();
        let mut settled = false;
        self.frame(|root| settled = ui(root));
        while !settled {
            if start.elapsed() > limit {
                return Err(ScreenshotError::Busy(limit.as_secs()));
            }
            std::thread::sleep(Duration::from_secs_f64(FRAME_SECS));
            self.frame(|root| settled = ui(root));
        }
        for _ in 0..LAST_FRAMES {
            self.frame(|root| {
                ui(root);
            });
        }
        Ok(())
    }

    /// The last frame as a picture; before the first there is only paper.
    pub fn picture(&self) -> RgbaImage {
        let paper = theme::of(&self.ctx.global_style().visuals).window;
        let scale = self.ctx.pixels_per_point();
        let pixels = self.size * self.pixels_per_point;
        let size = [pixels.x.round() as u32, pixels.y.round() as u32];
        let primitives = self.last.as_ref().map_or_else(Vec::new, |output| {
            self.ctx.tessellate(output.shapes.clone(), scale)
        });
        self.renderer.paint(&primitives, scale, size, paper)
    }
}

/// Writes `picture` as PNG: to a file beside `path` first, so that there is never half a picture.
///
/// # Errors
/// The folder is missing or closed, or the disk is full.
pub fn write_png(picture: &RgbaImage, path: &Path) -> Result<(), ScreenshotError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| ScreenshotError::Write {
        path: path.to_owned(),
        source,
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".picture-").suffix(".png");
    // As readable as any other new file; temporary ones are private otherwise.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder
        .tempfile_in(folder)
        .map_err(|source| failed(Box::new(source)))?;
    picture
        .write_to(
            &mut std::io::BufWriter::new(file.as_file_mut()),
            image::ImageFormat::Png,
        )
        .map_err(|source| failed(Box::new(source)))?;
    file.persist(path)
        .map_err(|source| failed(Box::new(source.error)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_shows_what_was_drawn_in_the_chosen_theme() {
        for (choice, dark) in [(ThemeChoice::Light, false), (ThemeChoice::Dark, true)] {
            let mut stage = Stage::new(Vec2::new(80.0, 40.0), 2.0, choice).unwrap();
            let mut frames = 0;
            stage
                .run(
                    |ui| {
                        frames += 1;
                        ui.label("Counterpoise");
                        frames > 3
                    },
                    Duration::from_secs(20),
                )
                .unwrap();
            let picture = stage.picture();
            assert_eq!(picture.dimensions(), (160, 80));
            let paper = picture.get_pixel(150, 70).0;
            assert_eq!(paper[0] < 100, dark);
            let ink = picture
                .pixels()
                .filter(|pixel| pixel.0[0].abs_diff(paper[0]) > 100)
                .count();
            assert!(ink > 50, "{ink} pixels of ink");
        }
    }

    #[test]
    fn a_window_that_never_rests_is_given_up() {
        let mut stage = Stage::new(Vec2::new(20.0, 20.0), 1.0, ThemeChoice::Light).unwrap();
        let error = stage.run(|_| false, Duration::from_millis(50)).unwrap_err();
        assert!(matches!(error, ScreenshotError::Busy(_)));
    }

    #[test]
    fn a_size_that_no_picture_can_have_is_refused() {
        for size in [Vec2::ZERO, Vec2::new(f32::NAN, 10.0), Vec2::splat(1e9)] {
            assert!(Stage::new(size, 1.0, ThemeChoice::System).is_err());
        }
    }

    #[test]
    fn a_picture_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shot.png");
        let picture = RgbaImage::from_pixel(3, 2, image::Rgba([1, 2, 3, 255]));
        write_png(&picture, &path).unwrap();
        assert_eq!(image::open(&path).unwrap().to_rgba8(), picture);
        assert!(write_png(&picture, &folder.path().join("missing/shot.png")).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
