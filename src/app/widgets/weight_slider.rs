//! One objective's strip of the mixer: its name, its weight on a slider and in a box, mute and solo.

use egui::{
    Align, Color32, DragValue, EventFilter, Id, Key, Layout, Rect, Response, RichText, Sense,
    Stroke, Ui, Vec2, WidgetInfo, accesskit, pos2, vec2,
};

use super::numbers;
use super::toggle::toggle;
use crate::app::state::units::Unit;
use crate::app::theme::{self, Palette, radius, size, space};

/// Least and greatest weight on the slider, where it stands in weights.
pub const RANGE: std::ops::RangeInclusive<f64> = 0.0..=3.0;
/// Shares of the slider's length that keys add: an arrow key, the same while Shift is held, a page key.
const STEP: f64 = 1.0 / 60.0;
const FINE_STEP: f64 = 1.0 / 300.0;
const PAGE: f64 = 1.0 / 6.0;
/// Width of the buttons and the number behind a name, before it is known, points.
const USUAL_BEHIND: f32 = 148.0;
/// Room for the weight beside a slider that stands in another unit, points.
const WEIGHT_WIDTH: f32 = 56.0;
const HANDLE: f32 = 7.0;

/// A stretch of the track on which the text stays as it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Its least weight.
    pub low: f64,
    /// Its greatest weight.
    pub high: f64,
    /// Whether something changes below it; else it ends because the track does.
    pub ends_below: bool,
    /// The same above it.
    pub ends_above: bool,
}

/// What a strip shows.
#[derive(Debug, Clone, Copy)]
pub struct WeightStrip<'a> {
    /// Unique in the window.
    pub id: Id,
    /// The objective's name.
    pub name: &'a str,
    /// One sentence about it, shown over the name; may be empty.
    pub about: &'a str,
    /// The objective's colour.
    pub color: Color32,
    /// Its weight.
    pub value: f64,
    /// What a double click goes back to.
    pub default: f64,
    /// The unit that the slider stands in; weights where there is none.
    pub unit: Option<Unit>,
    /// Whether a person has muted it.
    pub muted: bool,
    /// Whether it alone counts, with others that are soloed too.
    pub soloed: bool,
    /// Whether it counts nothing now, by its own mute or by another's solo.
    pub silent: bool,
    /// Whether its values colour the words.
    pub selected: bool,
    /// Where the text stays as it is.
    pub band: Option<Band>,
    /// What the band says, in words.
    pub band_words: Option<&'a str>,
    /// What is said beside the slider while it is dragged.
    pub moving_words: Option<&'a str>,
}

/// What a person did to a strip.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WeightStripResponse {
    /// A new weight.
    pub weight: Option<f64>,
    /// The change is complete: the slider was let go, or the number was entered.
    pub done: bool,
    /// Mute was pressed.
    pub mute: bool,
    /// Solo was pressed.
    pub solo: bool,
    /// The name was pressed: show this objective's values.
    pub select: bool,
    /// The slider, for whoever wants to give it the keyboard.
    pub slider: Option<Id>,
}

impl WeightStrip<'_> {
    /// Draws it over the full width of `ui`.
    pub fn show(self, ui: &mut Ui) -> WeightStripResponse {
        let palette = theme::palette(ui);
        let mut answer = WeightStripResponse::default();
        ui.push_id(self.id, |ui| {
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing = vec2(space::XS, space::XS);
                ui.horizontal(|ui| {
                    // The buttons behind the name take as much as in the frame before; a name takes what they leave.
                    let place = self.id.with("behind the name");
                    let behind = ui.data(|data| data.get_temp(place)).unwrap_or(USUAL_BEHIND);
                    let room = ui.available_width() - behind - ui.spacing().item_spacing.x;
                    let name = self.name_button(ui, palette, room);
                    answer.select = name.clicked();
                    let buttons = ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        self.number(ui, &mut answer);
                        let solo = toggle(ui, "Solo", &format!("Solo {}", self.name), self.soloed)
                            .on_hover_text("Let this objective alone count");
                        answer.solo = solo.clicked();
                        let mute = toggle(ui, "Mute", &format!("Mute {}", self.name), self.muted)
                            .on_hover_text("Let this objective count nothing, and keep its weight");
                        answer.mute = mute.clicked();
                        ui.min_rect().width()
                    });
                    if (buttons.inner - behind).abs() > 0.5 {
                        ui.data_mut(|data| data.insert_temp(place, buttons.inner));
                        ui.ctx().request_repaint();
                    }
                });
                if self.unit.is_none() {
                    self.slider(ui, palette, &mut answer);
                    return;
                }
                ui.horizontal(|ui| {
                    let room = ui.available_width() - WEIGHT_WIDTH - space::XS;
                    ui.allocate_ui(vec2(room, space::TARGET), |ui| {
                        self.slider(ui, palette, &mut answer);
                    });
                    let weight = format!("w {}", numbers::weight(self.value));
                    let weight = RichText::new(weight).size(size::SMALL);
                    ui.label(weight.color(palette.weak))
                        .on_hover_text("The weight itself, as it stands in the formula");
                });
            });
        });
        answer
    }

    fn name_button(&self, ui: &mut Ui, palette: &Palette, room: f32) -> Response {
        let color = if self.silent {
            palette.weak
        } else {
            palette.text
        };
        let swatch = 12.0;
        let mut job = egui::text::LayoutJob::simple_singleline(
            self.name.to_owned(),
            theme::strong(size::BODY),
            color,
        );
        let beside = swatch + space::S + 2.0 * space::XS;
        job.wrap = egui::text::TextWrapping::truncate_at_width((room - beside).max(0.0));
        let galley = ui.painter().layout_job(job);
        let is_cut = galley.elided;
        let want = vec2(
            swatch + space::S + galley.size().x + 2.0 * space::XS,
            space::TARGET,
        );
        let (rect, mut response) = ui.allocate_exact_size(want, Sense::click());
        response.widget_info(|| {
            WidgetInfo::selected(
                egui::Role::Button,
                ui.is_enabled(),
                self.selected,
                format!("Colour words by {}", self.name),
            )
        });
        if self.selected || response.hovered() || response.has_focus() {
            let fill = if self.selected {
                palette.accent_soft
            } else {
                palette.hover
            };
            ui.painter().rect_filled(rect, radius::CONTROL, fill);
        }
        if response.has_focus() {
            ui.painter().rect_stroke(
                rect,
                radius::CONTROL,
                Stroke::new(1.0, palette.accent),
                egui::StrokeKind::Inside,
            );
        }
        let center = pos2(rect.left() + space::XS + swatch / 2.0, rect.center().y);
        if self.silent {
            ui.painter()
                .circle_stroke(center, swatch / 2.0 - 1.0, Stroke::new(1.5, self.color));
        } else {
            ui.painter().circle_filled(center, swatch / 2.0, self.color);
        }
        let left = center.x + swatch / 2.0 + space::S - 2.0;
        let top = rect.center().y - galley.size().y / 2.0;
        ui.painter().galley(pos2(left, top), galley, palette.text);
        let about = [self.name, self.about];
        let about = if is_cut { &about[..] } else { &about[1..] };
        let about = about.join("\n");
        if !about.is_empty() {
            response = response.on_hover_text(about.trim_end());
        }
        response
    }

    /// What the slider shows of a weight.
    fn shown(&self, weight: f64) -> f64 {
        self.unit.map_or(weight, |unit| weight * unit.nats)
    }

    /// The weight behind what the slider shows.
    fn weight(&self, shown: f64) -> f64 {
        self.unit.map_or(shown, |unit| shown / unit.nats)
    }

    /// The slider's end, in the unit that it stands in.
    fn top(&self) -> f64 {
        self.unit.map_or(*RANGE.end(), |unit| unit.top)
    }

    /// The unit in a word, for labels.
    fn unit_word(&self) -> &'static str {
        if self.unit.is_some() {
            "pull in nats"
        } else {
            "weight"
        }
    }

    /// Decimals that a person reads: to hundredths of a weight, or of the power of ten in a third of the slider.
    fn decimals(&self) -> i32 {
        2 - ((self.top() / 3.0).log10() + 1e-9).floor() as i32
    }

    /// Rounded to what a person reads.
    fn rounded(&self, shown: f64) -> f64 {
        let steps_per_one = 10f64.powi(self.decimals());
        (shown * steps_per_one).round() / steps_per_one
    }

    fn number(&self, ui: &mut Ui, answer: &mut WeightStripResponse) {
        let before = self.shown(self.value);
        let mut value = before;
        let top = self.top();
        let mut drag = DragValue::new(&mut value)
            .range(0.0..=top)
            // A weight beyond the slider's end stays until it is changed.
            .clamp_existing_to_range(self.unit.is_none())
            .speed(top / 300.0)
            .update_while_editing(false);
        drag = match self.unit {
            None => drag.fixed_decimals(2),
            Some(_) => drag.fixed_decimals(self.decimals().clamp(0, 6) as usize),
        };
        let response = ui.add(drag);
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_label(format!("{} {} as a number", self.name, self.unit_word()));
        });
        if response.changed() && (value - before).abs() > 1e-9 {
            answer.weight = Some(self.weight(value));
        }
        if response.drag_stopped() || (response.changed() && !response.dragged()) {
            answer.done = true;
        }
    }

    fn slider(&self, ui: &mut Ui, palette: &Palette, answer: &mut WeightStripResponse) {
        let size = Vec2::new(ui.available_width(), space::TARGET);
        let (rect, mut response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let id = response.id;
        answer.slider = Some(id);
        let rail = rect.x_range().shrink(HANDLE + 1.0);
        let top = self.top();
        let before = self.shown(self.value);
        let mut value = before;
        if let Some(pointer) = response.interact_pointer_pos()
            && (response.dragged() || response.is_pointer_button_down_on() || response.clicked())
        {
            let share = f64::from((pointer.x - rail.min) / rail.span().max(1.0));
            value = self.rounded(share.clamp(0.0, 1.0) * top);
            response.request_focus();
        }
        if let Some(step) = Self::keys(ui, &response) {
            value = self.rounded(value + step * top);
            answer.done = true;
        }
        if let Some(asked) = asked_value(ui, response.id) {
            value = asked;
            answer.done = true;
        }
        if response.double_clicked() {
            value = self.shown(self.default);
        }
        // A weight beyond the end stays where it is until it is moved.
        if value.to_bits() != before.to_bits() {
            value = value.clamp(0.0, top);
        }
        // Bit by bit: a value that was set elsewhere is handed back as it came.
        if value.to_bits() != before.to_bits() && (value - before).abs() > 1e-9 {
            answer.weight = Some(self.weight(value));
            response.mark_changed();
        }
        answer.done |= response.drag_stopped() || response.clicked() || response.double_clicked();
        response.widget_info(|| {
            let label = format!("{} {}", self.name, self.unit_word());
            WidgetInfo::slider(ui.is_enabled(), value, label)
        });
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_min_numeric_value(0.0);
            node.set_max_numeric_value(top);
            node.set_numeric_value_step(STEP * top);
            node.add_action(accesskit::Action::SetValue);
            node.add_action(accesskit::Action::Increment);
            node.add_action(accesskit::Action::Decrement);
        });
        if ui.is_rect_visible(rect) {
            self.paint(ui, palette, rect, rail.min..=rail.max, value, &response);
        }
        if response.dragged() {
            // What is under the hand stays free, and one thing is said at a time.
            if let Some(words) = self.moving_words {
                response.show_tooltip_ui(|ui| {
                    ui.set_max_width(rect.width());
                    ui.label(words);
                });
            }
            return;
        }
        let keys = "Drag, or use the arrow keys, with Shift for fine steps; a double click resets";
        let words = match self.band_words {
            Some(words) => format!("{words}\n{keys}"),
            None => keys.to_owned(),
        };
        // No wider than the column: beside it stands the text that a person steers.
        response.on_hover_ui(|ui| {
            ui.set_max_width(rect.width());
            ui.label(&words);
        });
        ui.ctx()
            .accesskit_node_builder(id, |node| node.set_description(words));
    }

    fn keys(ui: &Ui, response: &Response) -> Option<f64> {
        let mut step = 0.0;
        if response.has_focus() {
            ui.memory_mut(|m| {
                m.set_focus_lock_filter(
                    response.id,
                    EventFilter {
                        horizontal_arrows: true,
                        vertical_arrows: true,
                        ..EventFilter::default()
                    },
                );
            });
            ui.input(|input| {
                let presses = |key| input.num_presses(key) as f64;
                let one = if input.modifiers.shift {
                    FINE_STEP
                } else {
                    STEP
                };
                step += one * (presses(Key::ArrowRight) + presses(Key::ArrowUp));
                step -= one * (presses(Key::ArrowLeft) + presses(Key::ArrowDown));
                step += PAGE * (presses(Key::PageUp) - presses(Key::PageDown));
                step += presses(Key::End) - presses(Key::Home);
            });
        }
        ui.input(|input| {
            let asked = |action| input.num_accesskit_action_requests(response.id, action) as f64;
            step += STEP * asked(accesskit::Action::Increment);
            step -= STEP * asked(accesskit::Action::Decrement);
        });
        (step.abs() > 1e-9).then_some(step)
    }

    /// A light field behind the track, closed by an upright stroke where the text changes.
    fn paint_band(
        &self,
        ui: &Ui,
        palette: &Palette,
        band: Band,
        y: f32,
        x_of: impl Fn(f64) -> f32,
    ) {
        let (left, right) = (x_of(self.shown(band.low)), x_of(self.shown(band.high)));
        let field = Rect::from_min_max(pos2(left, y - 5.0), pos2(right, y + 5.0));
        ui.painter()
            .rect_filled(field, 0.0, self.color.gamma_multiply(0.24));
        for (ends, x) in [(band.ends_below, left), (band.ends_above, right)] {
            if ends {
                let stroke = Stroke::new(1.5, palette.text);
                ui.painter().vline(x, y - 7.0..=y + 7.0, stroke);
            }
        }
    }

    fn paint(
        &self,
        ui: &Ui,
        palette: &Palette,
        rect: Rect,
        rail: std::ops::RangeInclusive<f32>,
        value: f64,
        response: &Response,
    ) {
        let painter = ui.painter();
        let y = rect.center().y;
        let top = self.top();
        let x_of = |shown: f64| {
            let share = (shown / top).clamp(0.0, 1.0);
            rail.start() + (rail.end() - rail.start()) * share as f32
        };
        let color = if self.silent {
            palette.border_strong
        } else {
            self.color
        };
        let line = |from: f32, to: f32, fill: Color32| {
            let bar = Rect::from_min_max(pos2(from, y - 2.0), pos2(to, y + 2.0));
            painter.rect_filled(bar, 2.0, fill);
        };
        line(rail.start() - 2.0, rail.end() + 2.0, palette.border);
        line(rail.start() - 2.0, x_of(value), color);
        if let Some(band) = self.band {
            self.paint_band(ui, palette, band, y, x_of);
        }
        for mark in 0..=3 {
            let x = x_of(f64::from(mark) * top / 3.0).round();
            painter.vline(
                x,
                y + 6.0..=y + 9.0,
                Stroke::new(1.0, palette.border_strong),
            );
        }
        let handle = pos2(x_of(value), y);
        let live = response.hovered() || response.dragged() || response.has_focus();
        if live {
            painter.circle_filled(handle, HANDLE + 4.0, color.gamma_multiply(0.22));
        }
        painter.circle(handle, HANDLE, palette.panel, Stroke::new(2.5, color));
    }
}

/// A value that an assistive tool asked for.
fn asked_value(ui: &Ui, id: Id) -> Option<f64> {
    ui.input(|input| {
        input
            .accesskit_action_requests(id, accesskit::Action::SetValue)
            .filter_map(|request| match request.data {
                Some(accesskit::ActionData::NumericValue(value)) if value.is_finite() => {
                    Some(value)
                }
                _ => None,
            })
            .last()
    })
}
