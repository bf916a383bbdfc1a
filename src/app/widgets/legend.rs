//! What the colours behind the words mean: the map, three marks on it, its unit, and one sentence.

use egui::{
    Align2, Label, Mesh, Rect, Response, RichText, Role, Sense, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::numbers;
use crate::app::theme::{self, HeatScale, ScaleKind, size, space};

const MAP_WIDTH: f32 = 190.0;
/// Room that the words need to stand beside the map; where there is less they stand below it.
const LEAST_WORDS: f32 = 180.0;
const MAP_HEIGHT: f32 = 10.0;
/// The maps have their stops at eighths and sixteenths.
const STEPS: u32 = 32;

/// The key to a scale.
#[derive(Debug, Clone, Copy)]
pub struct Legend<'a> {
    /// The scale.
    pub scale: HeatScale,
    /// Name of what is shown, for example `Advantage for helpful`.
    pub name: &'a str,
    /// One sentence that says what the ends mean.
    pub sentence: &'a str,
}

impl Legend<'_> {
    /// Draws it: the map to the left and the words beside it, or below it where there is no room.
    pub fn show(self, ui: &mut Ui) -> Response {
        if ui.available_width() < MAP_WIDTH + space::L + LEAST_WORDS {
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = space::XS;
                self.title(ui);
                let width = ui.available_width();
                let response = self.map(ui, width);
                self.words(ui);
                response
            })
            .inner
        } else {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = space::L;
                let response = self.map(ui, MAP_WIDTH);
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = space::HAIR;
                    self.title(ui);
                    self.words(ui);
                });
                response
            })
            .inner
        }
    }

    fn title(&self, ui: &mut Ui) {
        ui.label(RichText::new(self.name).text_style(theme::section()));
    }

    fn words(&self, ui: &mut Ui) {
        let text = RichText::new(self.sentence).small();
        ui.add(Label::new(text.color(theme::palette(ui).weak)).wrap());
    }

    /// The marks: low end, middle, high end.
    fn marks(&self) -> [f64; 3] {
        let limit = self.scale.limit;
        match self.scale.kind {
            ScaleKind::Signed => [-limit, 0.0, limit],
            ScaleKind::Negative => [-limit, -limit / 2.0, 0.0],
            ScaleKind::Positive => [0.0, limit / 2.0, limit],
        }
    }

    fn map(&self, ui: &mut Ui, width: f32) -> Response {
        let palette = theme::palette(ui);
        let (rect, response) = ui.allocate_exact_size(
            Vec2::new(width, MAP_HEIGHT + 4.0 + size::SMALL + 4.0),
            Sense::hover(),
        );
        let [low, middle, high] = self.marks();
        response.widget_info(|| {
            WidgetInfo::labeled(
                Role::Image,
                true,
                format!(
                    "Colour scale: {} from {} to {} nats. {}",
                    self.name,
                    numbers::tick(low),
                    numbers::tick(high),
                    self.sentence
                ),
            )
        });
        if !ui.is_rect_visible(rect) {
            return response;
        }
        let bar = Rect::from_min_size(
            rect.min + vec2(1.0, 2.0),
            Vec2::new(rect.width() - 2.0, MAP_HEIGHT),
        );
        let mut mesh = Mesh::default();
        for step in 0..=STEPS {
            let share = f64::from(step) / f64::from(STEPS);
            let x = bar.left() + bar.width() * share as f32;
            let color = self.scale.color(palette, low + (high - low) * share);
            mesh.colored_vertex(pos2(x, bar.top()), color);
            mesh.colored_vertex(pos2(x, bar.bottom()), color);
            if step > 0 {
                let last = 2 * step + 1;
                mesh.add_triangle(last - 3, last - 2, last - 1);
                mesh.add_triangle(last - 2, last - 1, last);
            }
        }
        let painter = ui.painter();
        painter.add(mesh);
        painter.rect_stroke(
            bar,
            2.0,
            egui::Stroke::new(1.0, palette.border_strong),
            egui::StrokeKind::Outside,
        );
        for (mark, x, align) in [
            (numbers::tick(low), bar.left(), Align2::LEFT_TOP),
            (numbers::tick(middle), bar.center().x, Align2::CENTER_TOP),
            (
                format!("{} nats", numbers::tick(high)),
                bar.right(),
                Align2::RIGHT_TOP,
            ),
        ] {
            painter.text(
                pos2(x, bar.bottom() + 3.0),
                align,
                mark,
                theme::digits(size::SMALL - 1.0),
                palette.weak,
            );
        }
        response
    }
}
