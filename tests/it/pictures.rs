//! The widgets as a person meets them: found by name, pressed, typed at, and looked at in both themes.

mod card;
mod legend;
mod strips;
mod text;

use counterpoise::app::render::CpuRenderer;
use counterpoise::app::theme::{self, HeatScale, ScaleKind};
use egui::Vec2;
use egui_kittest::{Harness, SnapshotOptions, SnapshotResults, TestRenderer};

/// Our renderer, for the test toolkit.
#[derive(Default)]
struct Renderer(CpuRenderer);

impl TestRenderer for Renderer {
    fn handle_delta(&mut self, delta: &mut egui::TexturesDelta) {
        self.0.update(delta);
    }

    fn render(
        &mut self,
        ctx: &egui::Context,
        output: &egui::FullOutput,
    ) -> Result<image::RgbaImage, String> {
        let scale = ctx.pixels_per_point();
        let size = ctx.viewport_rect().size() * scale;
        let paper = theme::of(&ctx.global_style().visuals).window;
        let primitives = ctx.tessellate(output.shapes.clone(), scale);
        let size = [size.x.round() as u32, size.y.round() as u32];
        Ok(self.0.paint(&primitives, scale, size, paper))
    }
}

fn harness<'a, S: 'a>(
    size: Vec2,
    dark: bool,
    state: S,
    ui: impl FnMut(&mut egui::Ui, &mut S) + 'a,
) -> Harness<'a, S> {
    Harness::builder()
        .with_size(size)
        .with_pixels_per_point(1.0)
        .with_theme(if dark {
            egui::Theme::Dark
        } else {
            egui::Theme::Light
        })
        .with_step_dt(1.0 / 60.0)
        .with_max_steps(120)
        .with_context_setup(theme::install)
        .renderer(Renderer::default())
        .build_ui_state(ui, state)
}

fn look<S>(harness: &mut Harness<'_, S>, name: &str) -> SnapshotResults {
    // Our own renderer paints the same bytes everywhere; a byte of rounding is forgiven.
    let options = SnapshotOptions::new().threshold(0.3);
    harness.snapshot_options(name, &options);
    harness.take_snapshot_results()
}

const WORDS: [(&str, f64); 36] = [
    ("I", 0.1),
    ("'m", 0.3),
    (" sorry", 1.9),
    (" to", 0.2),
    (" hear", 0.7),
    (" that", 0.1),
    (".", 0.0),
    (" Before", 0.5),
    (" you", -0.1),
    (" write", -0.4),
    (" back", -0.9),
    (",", 0.05),
    (" it", 0.2),
    (" may", 0.9),
    (" help", 1.2),
    (" to", 0.1),
    (" wait", 1.6),
    (" a", 0.0),
    (" day", 0.8),
    (".", 0.1),
    ("\n\n", 0.2),
    ("Un", -0.6),
    ("fair", -1.4),
    (" words", -1.1),
    (" are", -0.2),
    (" easy", -2.4),
    (" to", 0.0),
    (" send", -0.8),
    (" and", 0.1),
    (" hard", 0.4),
    (" to", 0.0),
    (" take", 0.6),
    (" back", 0.7),
    (".", 0.1),
    ("", 0.3),
    ("", 0.4),
];

fn scale() -> HeatScale {
    HeatScale::for_values(ScaleKind::Signed, WORDS.iter().map(|word| word.1))
}
