//! Every colour, space, radius and text size of the window: two palettes of one design.

mod fit;
pub mod heat;

use std::sync::Arc;

use super::state::settings::ThemeChoice;
use crate::domain::Colour;
use crate::domain::paint;
use egui::epaint::Shadow;
use egui::style::{HandleShape, ScrollStyle, Selection, WidgetVisuals, Widgets};
use egui::{
    Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke, Style,
    TextStyle, Vec2, Visuals,
};

pub use fit::fit;
pub use heat::{HeatScale, ScaleKind, heat_color, raw_color};
use heat::{ink, inks};

/// Distances in points, from a hair to a gap between regions.
pub mod space {
    /// Between things that belong to one word.
    pub const HAIR: f32 = 2.0;
    /// Inside a group of small controls.
    pub const XS: f32 = 4.0;
    /// Between related controls.
    pub const S: f32 = 8.0;
    /// Between groups; the padding of cards.
    pub const M: f32 = 12.0;
    /// Between regions.
    pub const L: f32 = 16.0;
    /// Around the window's contents and between chapters.
    pub const XL: f32 = 24.0;
    /// Least height and width of anything that can be pressed.
    pub const TARGET: f32 = 24.0;
}

/// Corner radii in points.
pub mod radius {
    /// Marks on words.
    pub const WORD: u8 = 3;
    /// Buttons and fields.
    pub const CONTROL: u8 = 6;
    /// Cards and panes.
    pub const CARD: u8 = 10;
    /// Fully round ends, for chips.
    pub const PILL: u8 = 13;
}

/// Text sizes in points.
pub mod size {
    /// Captions, units, table heads.
    pub const SMALL: f32 = 12.0;
    /// Everything else.
    pub const BODY: f32 = 14.0;
    /// Names of regions.
    pub const HEADING: f32 = 16.0;
    /// The one title of a page.
    pub const TITLE: f32 = 22.0;
    /// What the models write.
    pub const READING: f32 = 16.5;
}

/// The colours of one theme.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Palette {
    /// Light text on dark paper.
    pub is_dark: bool,
    /// Behind everything.
    pub window: Color32,
    /// Panes and cards.
    pub panel: Color32,
    /// Fields and quiet buttons.
    pub well: Color32,
    /// A quiet button under the pointer.
    pub hover: Color32,
    /// Lines that part regions.
    pub border: Color32,
    /// Outlines of fields and of what the pointer is on.
    pub border_strong: Color32,
    /// Words.
    pub text: Color32,
    /// Words of second rank; still at least 4.5:1 on every background.
    pub weak: Color32,
    /// The one colour that says "press here" or "chosen".
    pub accent: Color32,
    /// The accent under the pointer.
    pub accent_hover: Color32,
    /// A wash of the accent, behind what is chosen.
    pub accent_soft: Color32,
    /// Words on the accent.
    pub on_accent: Color32,
    /// Something to know about.
    pub warning: Color32,
    /// Something failed.
    pub error: Color32,
    /// Behind a failure's card.
    pub error_soft: Color32,
    /// Bars of values above zero: the strong form of the map's blue.
    pub above: Color32,
    /// Bars of values below zero: the strong form of the map's orange.
    pub below: Color32,
    /// One per name of a colour, in the order of [`Colour::ALL`].
    pub objectives: [Color32; 6],
    /// Shadow under cards that float.
    pub shadow: Color32,
}

/// Dark text on light paper.
pub const LIGHT: Palette = Palette {
    is_dark: false,
    window: ink(paint::LIGHT.window),
    panel: ink(paint::LIGHT.panel),
    well: ink(paint::LIGHT.well),
    hover: rgb(0xeb, 0xed, 0xf2),
    border: ink(paint::LIGHT.border),
    border_strong: ink(paint::LIGHT.border_strong),
    text: ink(paint::LIGHT.text),
    weak: ink(paint::LIGHT.weak),
    accent: ink(paint::LIGHT.accent),
    accent_hover: rgb(0x3d, 0x40, 0xb3),
    accent_soft: ink(paint::LIGHT.accent_soft),
    on_accent: rgb(0xff, 0xff, 0xff),
    warning: ink(paint::LIGHT.warning),
    error: rgb(0xb3, 0x26, 0x2e),
    error_soft: rgb(0xfd, 0xef, 0xef),
    above: ink(paint::LIGHT.above),
    below: ink(paint::LIGHT.below),
    objectives: inks(paint::LIGHT.objectives),
    shadow: Color32::from_rgba_premultiplied(0, 0, 0, 30),
};

/// Light text on dark paper.
pub const DARK: Palette = Palette {
    is_dark: true,
    window: ink(paint::DARK.window),
    panel: ink(paint::DARK.panel),
    well: ink(paint::DARK.well),
    hover: rgb(0x2b, 0x30, 0x3a),
    border: ink(paint::DARK.border),
    border_strong: ink(paint::DARK.border_strong),
    text: ink(paint::DARK.text),
    weak: ink(paint::DARK.weak),
    accent: ink(paint::DARK.accent),
    accent_hover: rgb(0xac, 0xb0, 0xff),
    accent_soft: ink(paint::DARK.accent_soft),
    on_accent: rgb(0x14, 0x15, 0x20),
    warning: ink(paint::DARK.warning),
    error: rgb(0xff, 0x8f, 0x8f),
    error_soft: rgb(0x37, 0x20, 0x23),
    above: ink(paint::DARK.above),
    below: ink(paint::DARK.below),
    objectives: inks(paint::DARK.objectives),
    shadow: Color32::from_rgba_premultiplied(0, 0, 0, 120),
};

impl Palette {
    /// Colour of the objective at `index` of a lineup that gives it none of its own.
    pub fn objective(&self, index: usize) -> Color32 {
        self.colour(Colour::at(index))
    }

    /// What a colour's name stands for in this theme.
    pub fn colour(&self, colour: Colour) -> Color32 {
        self.objectives[colour as usize]
    }

    /// Frame of a pane or card: paper, hairline, rounded.
    pub fn card(&self) -> egui::Frame {
        egui::Frame::new()
            .fill(self.panel)
            .stroke(Stroke::new(1.0, self.border))
            .corner_radius(radius::CARD)
            .inner_margin(Margin::same(space::M as i8))
    }

    /// Frame of a card that floats over others.
    pub fn floating(&self) -> egui::Frame {
        self.card()
            .stroke(Stroke::new(1.0, self.border_strong))
            .shadow(self.drop_shadow())
    }

    fn drop_shadow(&self) -> Shadow {
        Shadow {
            offset: [0, 6],
            blur: 20,
            spread: 0,
            color: self.shadow,
        }
    }
}

/// The palette that `ui` is drawn in.
pub fn palette(ui: &egui::Ui) -> &'static Palette {
    of(ui.visuals())
}

/// The palette behind `visuals`.
pub fn of(visuals: &Visuals) -> &'static Palette {
    if visuals.dark_mode { &DARK } else { &LIGHT }
}

/// Semi-bold, for headings and for what is chosen.
pub fn strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name("strong".into()))
}

/// Digits of equal width, for numbers that stand in columns or change while one looks.
pub fn digits(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name("digits".into()))
}

/// Style of what the models write.
pub fn reading() -> TextStyle {
    TextStyle::Name("reading".into())
}

/// Style of the names of regions and groups.
pub fn section() -> TextStyle {
    TextStyle::Name("section".into())
}

/// Style of numbers.
pub fn numbers() -> TextStyle {
    TextStyle::Name("numbers".into())
}

/// Gives `ctx` our fonts and both styles. Once, before the first frame.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    ctx.set_style_of(egui::Theme::Light, style(&LIGHT));
    ctx.set_style_of(egui::Theme::Dark, style(&DARK));
}

/// Shows `ctx` in the palette that a person chose.
pub fn apply(ctx: &egui::Context, choice: ThemeChoice) {
    ctx.set_theme(match choice {
        ThemeChoice::System => egui::ThemePreference::System,
        ThemeChoice::Light => egui::ThemePreference::Light,
        ThemeChoice::Dark => egui::ThemePreference::Dark,
    });
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let files: [(&str, &'static [u8]); 4] = [
        (
            "Inter",
            include_bytes!("../../assets/fonts/Inter-Regular.otf"),
        ),
        (
            "Inter SemiBold",
            include_bytes!("../../assets/fonts/Inter-SemiBold.otf"),
        ),
        (
            "Inter Digits",
            include_bytes!("../../assets/fonts/Inter-Digits.otf"),
        ),
        ("Symbols", include_bytes!("../../assets/fonts/Symbols.ttf")),
    ];
    for (name, bytes) in files {
        fonts
            .font_data
            .insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let fallbacks = fonts
        .families
        .get(&FontFamily::Proportional)
        .cloned()
        .unwrap_or_default();
    let family = |first: &[&str]| -> Vec<String> {
        first
            .iter()
            .chain(&["Symbols"])
            .map(|&name| name.to_owned())
            .chain(fallbacks.iter().cloned())
            .collect()
    };
    fonts
        .families
        .insert(FontFamily::Proportional, family(&["Inter"]));
    fonts.families.insert(
        FontFamily::Name("strong".into()),
        family(&["Inter SemiBold", "Inter"]),
    );
    fonts.families.insert(
        FontFamily::Name("digits".into()),
        family(&["Inter Digits", "Inter"]),
    );
    fonts
}

fn style(palette: &Palette) -> Style {
    let mut style = Style {
        text_styles: [
            (TextStyle::Small, FontId::proportional(size::SMALL)),
            (TextStyle::Body, FontId::proportional(size::BODY)),
            (TextStyle::Button, FontId::proportional(size::BODY)),
            (TextStyle::Heading, strong(size::HEADING)),
            (TextStyle::Monospace, FontId::monospace(13.0)),
            (reading(), FontId::proportional(size::READING)),
            (section(), strong(size::SMALL)),
            (numbers(), digits(size::BODY)),
        ]
        .into(),
        drag_value_text_style: numbers(),
        animation_time: fit::ANIMATION_SECS,
        visuals: visuals(palette),
        ..Style::default()
    };
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::new(space::S, space::S);
    spacing.button_padding = Vec2::new(10.0, 4.0);
    spacing.interact_size = Vec2::new(space::TARGET, space::TARGET + 2.0);
    spacing.menu_margin = Margin::same(space::XS as i8 + 2);
    spacing.window_margin = Margin::same(space::M as i8);
    spacing.icon_width = 16.0;
    spacing.icon_width_inner = 9.0;
    spacing.icon_spacing = 6.0;
    spacing.combo_width = 80.0;
    spacing.tooltip_width = 320.0;
    spacing.slider_rail_height = 4.0;
    spacing.scroll = ScrollStyle {
        bar_width: 7.0,
        floating_width: 4.0,
        // A bar beside the words, not over them.
        floating_allocated_width: 8.0,
        handle_min_length: 24.0,
        // Seen before it is looked for, and never a wall over what it floats on.
        foreground_color: true,
        dormant_background_opacity: 0.0,
        active_background_opacity: 0.0,
        interact_background_opacity: 0.0,
        dormant_handle_opacity: fit::DORMANT_HANDLE,
        active_handle_opacity: fit::ACTIVE_HANDLE,
        interact_handle_opacity: 0.6,
        ..ScrollStyle::floating()
    };
    style.interaction.tooltip_delay = 0.35;
    style
}

fn visuals(palette: &Palette) -> Visuals {
    let base = if palette.is_dark {
        Visuals::dark()
    } else {
        Visuals::light()
    };
    let corner = CornerRadius::same(radius::CONTROL);
    let state = |box_fill: Color32, fill: Color32, border: Color32, text: Color32| WidgetVisuals {
        // Of boxes to tick: they stand on menus too, where they have no outline.
        bg_fill: box_fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, border),
        corner_radius: corner,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    Visuals {
        widgets: Widgets {
            noninteractive: state(palette.panel, palette.panel, palette.border, palette.text),
            inactive: state(
                palette.border,
                palette.well,
                palette.border_strong,
                palette.text,
            ),
            hovered: state(
                palette.border_strong,
                palette.hover,
                palette.border_strong,
                palette.text,
            ),
            active: state(
                palette.accent_soft,
                palette.accent_soft,
                palette.accent,
                palette.text,
            ),
            open: state(
                palette.border_strong,
                palette.hover,
                palette.border_strong,
                palette.text,
            ),
        },
        selection: Selection {
            bg_fill: palette.accent_soft,
            stroke: Stroke::new(1.0, palette.accent),
        },
        weak_text_color: Some(palette.weak),
        hyperlink_color: palette.accent,
        faint_bg_color: palette.well,
        extreme_bg_color: palette.well,
        text_edit_bg_color: Some(palette.well),
        code_bg_color: palette.well,
        warn_fg_color: palette.warning,
        error_fg_color: palette.error,
        window_corner_radius: CornerRadius::same(radius::CARD),
        window_shadow: palette.drop_shadow(),
        window_fill: palette.panel,
        window_stroke: Stroke::new(1.0, palette.border_strong),
        menu_corner_radius: CornerRadius::same(radius::CARD - 2),
        popup_shadow: palette.drop_shadow(),
        panel_fill: palette.window,
        text_cursor: egui::style::TextCursorStyle {
            stroke: Stroke::new(1.5, palette.accent),
            ..base.text_cursor.clone()
        },
        slider_trailing_fill: true,
        handle_shape: HandleShape::Circle,
        indent_has_left_vline: false,
        ..base
    }
}

const fn rgb(red: u8, green: u8, blue: u8) -> Color32 {
    Color32::from_rgb(red, green, blue)
}

#[cfg(test)]
mod tests {
    use super::heat::tests::{Vision, contrast, oklab_distance};
    use super::*;

    #[test]
    fn words_are_readable_on_every_background_of_both_palettes() {
        for p in [LIGHT, DARK] {
            for (name, back) in [
                ("window", p.window),
                ("panel", p.panel),
                ("well", p.well),
                ("hover", p.hover),
                ("accent wash", p.accent_soft),
            ] {
                for (word, text) in [("text", p.text), ("weak", p.weak)] {
                    let ratio = contrast(text, back);
                    assert!(
                        ratio >= 4.5,
                        "{word} on {name}: {ratio:.2} (dark: {})",
                        p.is_dark
                    );
                }
            }
            for text in [p.error, p.warning, p.accent] {
                assert!(contrast(text, p.panel) >= 4.5);
                assert!(contrast(text, p.window) >= 4.5);
            }
            assert!(contrast(p.error, p.error_soft) >= 4.5);
            assert!(contrast(p.text, p.error_soft) >= 4.5);
            assert!(contrast(p.on_accent, p.accent) >= 4.5);
            assert!(contrast(p.on_accent, p.accent_hover) >= 4.5);
        }
    }

    #[test]
    fn objective_colours_stand_out_from_their_background_and_bars_too() {
        for p in [LIGHT, DARK] {
            for colour in p.objectives.into_iter().chain([p.above, p.below]) {
                let ratio = contrast(colour, p.panel);
                assert!(ratio >= 3.0, "{colour:?}: {ratio:.2}");
            }
        }
    }

    #[test]
    fn objective_colours_differ_under_every_kind_of_colour_vision() {
        for p in [LIGHT, DARK] {
            for vision in Vision::ALL {
                for (i, &a) in p.objectives.iter().enumerate() {
                    for (j, &b) in p.objectives.iter().enumerate().skip(i + 1) {
                        let distance = oklab_distance(vision.see(a), vision.see(b));
                        // The three of the built-in lineup keep more distance than the rest. 0.02 is a just noticeable difference.
                        let least = if j < 3 { 0.12 } else { 0.08 };
                        assert!(
                            distance >= least,
                            "{i} and {j} under {vision:?}: {distance:.3} (dark: {})",
                            p.is_dark
                        );
                    }
                }
            }
        }
    }
}
