//! A patch of colour that opens the choice of colours.

use egui::{Popup, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use crate::app::theme::{self, radius, space};
use crate::domain::Colour;

/// Side of the patch, points.
const SIDE: f32 = 16.0;

/// Draws the patch of `name`; gives the colour that the person chose.
pub fn swatch(ui: &mut Ui, name: &str, colour: Colour) -> Option<Colour> {
    let label = format!("Colour of {name}: {}", colour.name());
    let patch = patch(ui, colour, &label);
    let patch = patch.on_hover_text("Choose another colour");
    let mut chosen = None;
    Popup::menu(&patch).show(|ui| {
        ui.horizontal(|ui| {
            for one in Colour::ALL {
                let label = format!("Make {name} {}", one.name());
                if self::patch(ui, one, &label)
                    .on_hover_text(one.name())
                    .clicked()
                {
                    chosen = Some(one);
                    ui.close();
                }
            }
        });
    });
    chosen.filter(|chosen| *chosen != colour)
}

fn patch(ui: &mut Ui, colour: Colour, label: &str) -> egui::Response {
    let palette = theme::palette(ui);
    let (rect, response) =
        ui.allocate_exact_size(vec2(space::TARGET, space::TARGET), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), label));
    let inner = Rect::from_center_size(rect.center(), vec2(SIDE, SIDE));
    let ring = if response.has_focus() || response.hovered() {
        Stroke::new(2.0, palette.accent)
    } else {
        Stroke::new(1.0, palette.border_strong)
    };
    ui.painter().rect(
        inner,
        radius::WORD,
        palette.colour(colour),
        ring,
        StrokeKind::Outside,
    );
    response
}
