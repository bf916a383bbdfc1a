//! Everything about one token choice: how likely it was, what each objective says of it, and what could have stood there.

mod rewards;
mod table;

use std::fmt::Write as _;

use egui::{Align, Align2, Color32, Layout, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

pub use rewards::CardSplit;
use table::{close_button, number, pick_row, row, words};

use super::numbers;
use super::toggle::toggle;
use crate::app::theme::{self, Palette, radius, size, space};
use crate::domain::TokenId;
use crate::engine::insight::{Candidate, ObjectiveInsight, TokenInsight};

/// Width of the card's contents, points.
pub const WIDTH: f32 = 296.0;
/// Alternatives that a card which offers to write on with them has at most.
pub const PICKABLE: usize = 8;
/// Lines of what would be written behind an alternative.
const AHEAD_LINES: usize = 2;
const ROW: f32 = 20.0;
const NUMBER: f32 = 50.0;

/// Which number of an objective the table of alternatives shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CardValue {
    /// `advantage_i(v)`.
    #[default]
    Advantage,
    /// `reward_i(v)`.
    Reward,
}

impl CardValue {
    fn of(self, insight: &ObjectiveInsight) -> f64 {
        match self {
            Self::Advantage => insight.advantage,
            Self::Reward => insight.reward,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Advantage => "Advantage",
            Self::Reward => "Reward",
        }
    }
}

/// An objective as the card names it.
#[derive(Debug, Clone, Copy)]
pub struct CardObjective<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its colour.
    pub color: Color32,
}

/// What the card shows.
#[derive(Debug, Clone, Copy)]
pub struct TokenCard<'a> {
    /// Which text the token stands in, for example `Guided`.
    pub text_name: &'a str,
    /// Its position in the response, from 0.
    pub position: usize,
    /// The numbers.
    pub insight: &'a TokenInsight,
    /// Text of each id of the vocabulary.
    pub texts: &'a [String],
    /// In the order of the insight's objectives.
    pub objectives: &'a [CardObjective<'a>],
    /// How the choice came about, where that is known.
    pub split: Option<&'a CardSplit>,
    /// Which number the table of alternatives starts with.
    pub value: CardValue,
    /// Whether it stays open; then it can be closed and its table switched.
    pub pinned: bool,
    /// What stands in the box for other words, where the text can go on another way from this token.
    pub words: Option<&'a str>,
    /// The alternative in hand.
    pub in_hand: Option<TokenId>,
    /// What would be written behind it.
    pub ahead: Option<&'a str>,
}

/// What a person did to the card.
#[derive(Debug, Clone, Default)]
pub struct TokenCardResponse {
    /// It is to be closed.
    pub close: bool,
    /// The table is to show the other number.
    pub value: Option<CardValue>,
    /// The text is to go on with this token instead.
    pub pick: Option<TokenId>,
    /// The alternative that the pointer or the keyboard is on.
    pub pointed: Option<TokenId>,
    /// The text is to go on from here with the next seed.
    pub next_seed: bool,
    /// The box for other words holds this now.
    pub words: Option<String>,
    /// The text is to go on with the words in the box.
    pub take_words: bool,
}

impl TokenCard<'_> {
    /// Draws the card's contents; the caller places and frames them.
    pub fn show(self, ui: &mut Ui) -> TokenCardResponse {
        let palette = theme::palette(ui);
        let mut answer = TokenCardResponse::default();
        ui.set_width(WIDTH);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing = vec2(space::S, space::XS);
            self.head(ui, palette, &mut answer);
            self.likelihood(ui, palette);
            if self.insight.chosen.objectives.is_empty() {
                ui.add_space(space::XS);
                ui.label(
                    egui::RichText::new("Its rewards follow when the text is finished")
                        .small()
                        .color(palette.weak),
                );
            } else {
                self.rewards(ui, palette);
            }
            self.alternatives(ui, palette, &mut answer);
            if let Some(words) = self.words {
                ways_on(ui, words, &mut answer);
            }
        });
        answer
    }

    fn text(&self, id: TokenId) -> String {
        let text = self.texts.get(id as usize).map_or("", String::as_str);
        if text.is_empty() {
            return "end of text".to_owned();
        }
        numbers::visible(text)
    }

    fn head(&self, ui: &mut Ui, palette: &Palette, answer: &mut TokenCardResponse) {
        let chosen = &self.insight.chosen;
        ui.horizontal(|ui| {
            let galley = ui.painter().layout(
                self.text(chosen.id),
                theme::strong(size::HEADING),
                palette.text,
                WIDTH * 0.6,
            );
            let (rect, response) =
                ui.allocate_exact_size(galley.size() + vec2(16.0, 6.0), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, self.text(chosen.id)));
            ui.painter()
                .rect_filled(rect, radius::CONTROL, palette.well);
            ui.painter()
                .galley(rect.min + vec2(8.0, 3.0), galley, palette.text);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if self.pinned {
                    let close = close_button(ui, palette);
                    answer.close = close.clicked();
                }
                ui.label(
                    egui::RichText::new(format!(
                        "{} · token {} · id {}",
                        self.text_name,
                        self.position + 1,
                        chosen.id
                    ))
                    .small()
                    .color(palette.weak),
                );
            });
        });
    }

    fn likelihood(&self, ui: &mut Ui, palette: &Palette) {
        let chosen = &self.insight.chosen;
        ui.add_space(space::XS);
        let half = vec2((WIDTH - space::S) / 2.0, 44.0);
        ui.horizontal(|ui| {
            for (name, value) in [
                ("Plain model", chosen.base),
                ("With guidance", chosen.guided),
            ] {
                let (rect, response) = ui.allocate_exact_size(half, Sense::hover());
                response.widget_info(|| {
                    WidgetInfo::labeled(
                        Role::Label,
                        true,
                        format!("{name}: {}", numbers::percent(value)),
                    )
                });
                let painter = ui.painter();
                painter.text(
                    rect.left_top(),
                    Align2::LEFT_TOP,
                    name,
                    egui::FontId::proportional(size::SMALL),
                    palette.weak,
                );
                painter.text(
                    pos2(rect.left(), rect.top() + 15.0),
                    Align2::LEFT_TOP,
                    numbers::percent(value),
                    theme::digits(size::HEADING),
                    palette.text,
                );
                // The same probability as a length.
                let bar = Rect::from_min_size(
                    pos2(rect.left(), rect.bottom() - 5.0),
                    vec2(rect.width(), 4.0),
                );
                painter.rect_filled(bar, 2.0, palette.border);
                let share = value.exp().clamp(0.0, 1.0) as f32;
                if share > 0.0 {
                    let filled = Rect::from_min_size(
                        bar.min,
                        vec2((bar.width() * share).max(2.0), bar.height()),
                    );
                    painter.rect_filled(filled, 2.0, palette.accent);
                }
            }
        });
        ui.label(
            egui::RichText::new(sentence(&numbers::likelier(chosen.influence())))
                .small()
                .color(palette.weak),
        );
    }

    fn alternatives(&self, ui: &mut Ui, palette: &Palette, answer: &mut TokenCardResponse) {
        let insight = self.insight;
        let has_rewards = !insight.chosen.objectives.is_empty();
        ui.add_space(space::XS);
        ui.horizontal(|ui| {
            ui.label(egui::RichText::new("What could stand here").text_style(theme::section()));
            if !has_rewards {
                return;
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = space::HAIR;
                if self.pinned {
                    for value in [CardValue::Reward, CardValue::Advantage] {
                        let button = toggle(ui, value.label(), value.label(), self.value == value);
                        if button.clicked() {
                            answer.value = Some(value);
                        }
                    }
                } else {
                    ui.label(
                        egui::RichText::new(format!("{}, nats", self.value.label()))
                            .small()
                            .color(palette.weak),
                    );
                }
            });
        });
        ui.spacing_mut().item_spacing.y = 0.0;
        self.candidate_header(ui, palette);
        let top = &insight.top[..insight.top.len().min(self.shown_candidates())];
        for candidate in top {
            let chosen = candidate.id == insight.chosen.id;
            self.candidate(ui, palette, candidate, chosen, answer);
        }
        if !top.iter().any(|other| other.id == insight.chosen.id) {
            self.candidate(ui, palette, &insight.chosen, true, answer);
        }
        ui.spacing_mut().item_spacing.y = space::XS;
        ui.add_space(space::XS);
        if let Some(ahead) = self.ahead {
            ahead_ui(ui, palette, ahead);
            return;
        }
        let covered: f64 = top.iter().map(|candidate| candidate.guided.exp()).sum();
        ui.label(
            egui::RichText::new(format!(
                "These {} tokens cover {} of what guidance allows. Guidance moved this choice by {:.2} nats",
                top.len(),
                numbers::share(covered.min(1.0)),
                insight.kl.max(0.0),
            ))
            .small()
            .color(palette.weak),
        )
        .on_hover_text(
            "The distance is the Kullback-Leibler divergence between the choices with and without guidance",
        );
    }

    /// How many alternatives there is room for: fewer where they can be pressed, since those are higher.
    fn shown_candidates(&self) -> usize {
        if self.words.is_some() { PICKABLE } else { 10 }
    }

    /// Width of an objective's column: as wide as there is room for beside a token's text.
    fn objective_width(&self) -> f32 {
        let count = self.insight.chosen.objectives.len().max(1) as f32;
        ((WIDTH - 2.0 * NUMBER - 70.0) / count).clamp(36.0, NUMBER)
    }

    /// How many objectives have room for a column.
    fn shown_objectives(&self) -> usize {
        let room = WIDTH - 2.0 * NUMBER - 60.0;
        let columns = (room / self.objective_width()).floor() as usize;
        self.insight.chosen.objectives.len().min(columns)
    }

    fn candidate_header(&self, ui: &mut Ui, palette: &Palette) {
        let rect = table::headline(ui, palette, "Token", space::XS + 2.0);
        let mut right = rect.right() - space::XS;
        let width = self.objective_width();
        for objective in self.objectives[..self.shown_objectives().min(self.objectives.len())]
            .iter()
            .rev()
        {
            let dot = pos2(right - 5.0, rect.center().y);
            ui.painter().circle_filled(dot, 4.5, objective.color);
            right -= width;
        }
        table::headings(ui, palette, rect, right, &["Plain", "Guided"], NUMBER);
    }

    /// Draws an alternative, and says what was done to it.
    fn candidate(
        &self,
        ui: &mut Ui,
        palette: &Palette,
        candidate: &Candidate,
        chosen: bool,
        answer: &mut TokenCardResponse,
    ) {
        let text = self.text(candidate.id);
        let shown = self.shown_objectives();
        let mut label = format!(
            "{text}: plain {}, guided {}",
            numbers::percent(candidate.base),
            numbers::percent(candidate.guided)
        );
        for (objective, insight) in self.objectives.iter().zip(&candidate.objectives) {
            // Writing to a string cannot fail.
            let _ = write!(
                label,
                ", {} reward {} advantage {}",
                objective.name,
                numbers::nats(insight.reward),
                numbers::nats(insight.advantage)
            );
        }
        if chosen {
            label.push_str(", chosen");
        }
        let rect = if self.words.is_some() && !chosen {
            let in_hand = self.in_hand == Some(candidate.id);
            let ahead = self.ahead.filter(|_| in_hand);
            let label = format!("Write on with {label}");
            let response = pick_row(ui, palette, &label, in_hand, ahead);
            if response.clicked() {
                answer.pick = Some(candidate.id);
            }
            // The pointer counts before the keyboard.
            if response.hovered() || (response.has_focus() && answer.pointed.is_none()) {
                answer.pointed = Some(candidate.id);
            }
            response.rect
        } else {
            row(ui, &label)
        };
        if chosen {
            ui.painter()
                .rect_filled(rect, radius::WORD, palette.accent_soft);
            ui.painter().rect_filled(
                Rect::from_min_size(rect.min, vec2(2.0, rect.height())),
                1.0,
                palette.accent,
            );
        }
        let mut right = rect.right() - space::XS;
        let width = self.objective_width();
        for insight in candidate.objectives[..shown].iter().rev() {
            let value = self.value.of(insight);
            let color = match self.value {
                CardValue::Advantage => value_color(palette, value),
                CardValue::Reward => palette.text,
            };
            number(ui, right, rect, &numbers::nats_short(value), color);
            right -= width;
        }
        for value in [candidate.guided, candidate.base] {
            let text = numbers::percent_short(value);
            number(ui, right, rect, &text, palette.text);
            right -= NUMBER;
        }
        words(
            ui,
            rect,
            space::XS + 2.0,
            &text,
            palette.text,
            right - rect.left() - space::S,
            chosen,
        );
    }
}

/// What would be written behind the alternative in hand, in the place of the two lines about all of them: nothing below
/// moves.
fn ahead_ui(ui: &mut Ui, palette: &Palette, ahead: &str) {
    let font = egui::TextStyle::Small.resolve(ui.style());
    let mut job = egui::text::LayoutJob::simple(ahead.to_owned(), font, palette.weak, WIDTH);
    job.wrap.max_rows = AHEAD_LINES;
    let height = AHEAD_LINES as f32 * ui.text_style_height(&egui::TextStyle::Small);
    let (rect, response) = ui.allocate_exact_size(vec2(WIDTH, height), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, ahead));
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    ui.painter().galley(rect.min, galley, palette.weak);
}

/// The ways to go on from a token, alternatives apart: other words, other luck.
fn ways_on(ui: &mut Ui, words: &str, answer: &mut TokenCardResponse) {
    ui.add_space(space::XS);
    ui.horizontal(|ui| {
        let mut text = words.to_owned();
        let edit = egui::TextEdit::singleline(&mut text)
            .id_salt("other words")
            .hint_text("Other words")
            .desired_width(WIDTH - 190.0);
        let response = ui.add_sized([WIDTH - 190.0, space::TARGET], edit);
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_label("Other words here");
        });
        let entered =
            response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        if response.changed() {
            answer.words = Some(text.clone());
        }
        let some = !text.trim().is_empty();
        let go = ui
            .add_enabled(some, egui::Button::new("Write on"))
            .on_hover_text("Put these words here and let the models write on behind them");
        answer.take_words = some && (entered || go.clicked());
        answer.next_seed = ui
            .button("Next seed")
            .on_hover_text("Write on from here with the next seed: the same weights, other luck")
            .clicked();
    });
}

/// The first letter as a capital.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn value_color(palette: &Palette, value: f64) -> Color32 {
    // Sizes that print as nothing have no colour either.
    if value.abs() < 0.05 || value.is_nan() {
        palette.weak
    } else {
        palette.text
    }
}
