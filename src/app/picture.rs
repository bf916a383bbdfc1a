//! Pictures of a run for slides and papers, painted off screen: prompt, texts with colours and bars, legend and caption.

pub mod plot;

use std::borrow::Cow;
use std::path::Path;

use egui::{Id, Label, Layout, RichText, Ui, UiBuilder, Vec2, vec2};
use image::RgbaImage;

use super::screenshot::{ScreenshotError, Stage, write_png};
use super::state::settings::ThemeChoice;
use super::theme::{HeatScale, ScaleKind, palette, section, size, space, strong};
use super::widgets::legend::Legend;
use super::widgets::token_view::{TokenCell, TokenMark, TokenView};
use crate::domain::Pane;
use crate::error::Failure;
use crate::record::look::Look;
use crate::record::{Record, caption, title, values};

/// Width of one text with its frame, points; two stand side by side.
const PANE: f32 = 480.0;
/// Most frames until fonts and sizes have come to rest.
const FRAMES: usize = 4;
/// Height that a text is given until its own is known, points.
const UNKNOWN: f32 = 32.0;

/// One text of the picture.
struct PaneCells<'a> {
    pane: Pane,
    title: String,
    cells: Vec<TokenCell<'a>>,
}

/// What the picture shows.
struct PictureView<'a> {
    prompt: Cow<'a, str>,
    panes: Vec<PaneCells<'a>>,
    scale: HeatScale,
    fork_at: Option<usize>,
    name: String,
    sentence: String,
    caption: Vec<String>,
    /// Height of the texts, points.
    height: f32,
}

/// Heights that came out of a frame, points.
#[derive(Debug, Clone, Copy, Default)]
struct Measured {
    texts: f32,
    whole: f32,
}

impl<'a> PictureView<'a> {
    fn build(record: &'a Record, look: &Look) -> Self {
        let shown = look.panes(record.base.is_some());
        let of = |pane| values(record.text(pane), look.objective);
        let all = shown.iter().flat_map(|pane| of(*pane)).flatten();
        let scale = HeatScale::for_values(ScaleKind::Signed, all);
        let ends = record.ends();
        let panes = shown.iter().filter_map(|&pane| {
            let text = record.text(pane)?;
            let tokens = text.pieces.iter().zip(text.trace.steps()).zip(of(pane));
            let cells = tokens.map(|((piece, step), value)| TokenCell {
                text: piece,
                value,
                mark: if ends.contains(&step.token) {
                    TokenMark::End
                } else {
                    TokenMark::Word
                },
            });
            Some(PaneCells {
                pane,
                title: title(record, pane),
                cells: cells.collect(),
            })
        });
        let panes: Vec<_> = panes.collect();
        let objective = record.info.objectives.get(look.objective);
        let name = objective.map_or("", |objective| objective.name.as_str());
        Self {
            prompt: record.asked(),
            fork_at: record.divergence.filter(|_| panes.len() > 1),
            panes,
            scale,
            name: format!("Advantage · {name}"),
            sentence: format!(
                "Blue words are more {name} than the plain model's average, orange ones less"
            ),
            caption: caption(record),
            height: UNKNOWN,
        }
    }

    fn width(&self) -> f32 {
        self.panes.len().max(1) as f32 * (PANE + space::M) - space::M + 2.0 * space::L
    }

    /// Draws everything and says how much room it took.
    fn ui(&self, ui: &mut Ui) -> Measured {
        let mut measured = Measured::default();
        let width = self.width() - 2.0 * space::L;
        let room = ui.max_rect().shrink(space::L);
        let mut content = ui.new_child(
            UiBuilder::new()
                .max_rect(room)
                .layout(Layout::top_down(egui::Align::Min)),
        );
        let ui = &mut content;
        ui.set_width(width);
        ui.add(Label::new(RichText::new(&*self.prompt).font(strong(size::HEADING))).wrap());
        ui.add_space(space::S);
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = space::M;
            for pane in &self.panes {
                let height = self.pane_ui(ui, pane);
                measured.texts = measured.texts.max(height);
            }
        });
        ui.add_space(space::S);
        Legend {
            scale: self.scale,
            name: &self.name,
            sentence: &self.sentence,
        }
        .show(ui);
        ui.add_space(space::S);
        let weak = palette(ui).weak;
        for line in &self.caption {
            let words = RichText::new(line).size(size::SMALL).color(weak);
            ui.add(Label::new(words).wrap());
        }
        measured.whole = ui.min_rect().bottom() + space::L;
        measured
    }

    /// Draws one text and says how high it is.
    fn pane_ui(&self, ui: &mut Ui, pane: &PaneCells<'_>) -> f32 {
        let frame = palette(ui).card();
        let shown = frame.show(ui, |ui| {
            let width = PANE - frame.total_margin().sum().x;
            ui.vertical(|ui| {
                ui.set_width(width);
                ui.label(RichText::new(&pane.title).text_style(section()));
                let (_, place) = ui.allocate_space(vec2(width, self.height));
                let mut text = ui.new_child(UiBuilder::new().max_rect(place));
                let id = Id::unique(("picture", pane.pane));
                let view = TokenView::new(id, &pane.title, &pane.cells)
                    .scale(Some(self.scale))
                    .fork_at(self.fork_at);
                view.show(&mut text).response.rect.height()
            })
            .inner
        });
        shown.inner
    }
}

/// The picture of a run.
///
/// # Errors
/// A picture that would be too large.
pub fn picture(record: &Record, look: &Look) -> Result<RgbaImage, ScreenshotError> {
    let mut view = PictureView::build(record, look);
    let width = view.width();
    let theme = if look.dark {
        ThemeChoice::Dark
    } else {
        ThemeChoice::Light
    };
    // First to see how high everything is, then to be looked at.
    let mut measured = Measured::default();
    let mut probe = Stage::new(vec2(width, 600.0), 1.0, theme)?;
    for _ in 0..FRAMES {
        probe.frame(|ui| measured = view.ui(ui));
    }
    view.height = measured.texts.ceil();
    probe.frame(|ui| measured = view.ui(ui));
    let size = Vec2::new(width, measured.whole.ceil());
    let mut stage = Stage::new(size, f32::from(look.scale), theme)?;
    for _ in 0..FRAMES {
        stage.frame(|ui| {
            view.ui(ui);
        });
    }
    Ok(stage.picture())
}

/// Writes the picture of a run as PNG, whole or not at all.
///
/// # Errors
/// A picture that would be too large, and what the disk says.
pub fn save(record: &Record, look: &Look, path: &Path) -> Result<(), Failure> {
    write_png(&picture(record, look)?, path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    #[test]
    fn pictures_have_their_theme_their_scale_and_the_colours_of_the_words() {
        let run = record(4);
        let at = |look: Look| picture(&run, &look).unwrap();
        let light = at(Look::default());
        let large = at(Look {
            scale: 3,
            ..Look::default()
        });
        let (width, height) = light.dimensions();
        assert_eq!(large.dimensions(), (3 * width, 3 * height));
        let dark = at(Look {
            dark: true,
            ..Look::default()
        });
        assert_eq!(dark.dimensions(), (width, height));
        assert!(light.get_pixel(2, 2).0[0] > 200 && dark.get_pixel(2, 2).0[0] < 50);
        let one = at(Look {
            pane: Some(Pane::Guided),
            ..Look::default()
        });
        assert!(one.width() < width * 2 / 3);
        // Blue and orange words and bars.
        let coloured = |test: fn([u8; 4]) -> bool| light.pixels().filter(|p| test(p.0)).count();
        assert!(coloured(|[r, _, b, _]| b > r.saturating_add(60)) > 200);
        assert!(coloured(|[r, _, b, _]| r > b.saturating_add(60)) > 200);
    }

    #[test]
    fn a_long_text_makes_a_high_picture_and_nothing_is_cut_off() {
        let mut run = record(4);
        let short = picture(&run, &Look::default()).unwrap().height();
        for piece in &mut run.guided.pieces {
            *piece = format!(" {}", "long words ".repeat(6));
        }
        let long = picture(&run, &Look::default()).unwrap();
        assert!(long.height() > short + 200, "{short} {}", long.height());
        // The caption is the last thing: ink near the lower edge, none at it.
        let ink = |rows: std::ops::Range<u32>| {
            let paper = long.get_pixel(1, 1).0[0];
            rows.flat_map(|y| (0..long.width()).map(move |x| (x, y)))
                .filter(|&(x, y)| long.get_pixel(x, y).0[0].abs_diff(paper) > 60)
                .count()
        };
        assert!(ink(long.height() - 40..long.height() - 10) > 20);
        assert_eq!(ink(long.height() - 10..long.height()), 0);
    }
}
