//! A text that models wrote, token by token: what each word is worth stands behind it as colour and below it as a bar.
//!
//! The words are laid out once; colours and bars are painted over that layout anew in every frame, so that a slider may
//! change all of them at once. The sign of a value is shown twice, by colour and by the side of the line on which its bar stands.

mod lanes;
mod layout;
mod paint;
mod speech;

use std::ops::Range;
use std::sync::Arc;

use egui::{Color32, Event, EventFilter, Id, Key, Rect, Response, Sense, TextStyle, Ui};

use crate::app::theme::{self, HeatScale};
use lanes::Lanes;
use layout::{Frame, TextLayout};

/// Height of a line with a bar below its words, and without one, in sizes of the font.
const LINE_WITH_BARS: f32 = 2.25;
const LINE_PLAIN: f32 = 1.6;
/// Height of a word's coloured field, in sizes of the font.
const FONT_HEIGHT: f32 = 1.32;

/// What a token is, apart from its characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenMark {
    /// A piece of text; without characters it is part of one that a later token completes.
    #[default]
    Word,
    /// The token that ended the response.
    End,
}

/// One token to be shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenCell<'a> {
    /// The characters that it completes.
    pub text: &'a str,
    /// Its value on the scale, where it has one.
    pub value: Option<f64>,
    /// What it is.
    pub mark: TokenMark,
}

/// A strip of bars below each line of the text, one bar for each token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lane<'a> {
    /// What it stands for, written before each line.
    pub name: &'a str,
    /// The colour of its mark beside the name.
    pub color: Color32,
    /// Whether its values are those that stand behind the words too.
    pub chosen: bool,
    /// A value of each token, where it has one.
    pub values: &'a [Option<f64>],
}

/// Tells parts of a text, by their tokens, and what is to be said of them.
pub type Spoken<'a> = dyn Fn() -> Vec<(Range<usize>, String)> + 'a;

/// A text of tokens, with values.
#[derive(Clone)]
pub struct TokenView<'a> {
    id: Id,
    label: &'a str,
    tokens: &'a [TokenCell<'a>],
    scale: Option<HeatScale>,
    lanes: &'a [Lane<'a>],
    bars: bool,
    pinned: Option<usize>,
    echo: Option<usize>,
    fork_at: Option<usize>,
    change_at: Option<usize>,
    differs: &'a [bool],
    lead: Option<usize>,
    spoken: Option<&'a Spoken<'a>>,
    faded_from: Option<usize>,
    veil: f32,
    streaming: bool,
    blurred: bool,
}

/// What a person did to a [`TokenView`].
#[derive(Debug, Clone)]
pub struct TokenViewResponse {
    /// Of the text as a whole.
    pub response: Response,
    /// The token under the pointer or, while the keyboard moves, under the keyboard's cursor.
    pub hovered: Option<usize>,
    /// The token that was clicked, or chosen with Enter or Space.
    pub clicked: Option<usize>,
    /// The token at the top, where the person has just scrolled.
    pub scrolled_to: Option<usize>,
    /// The lane whose name was clicked.
    pub lane: Option<usize>,
    /// Where `hovered` stands on the screen: a card may stand beside it.
    pub hovered_rect: Option<Rect>,
    /// Where the pinned token stands on the screen, if that is visible.
    pub pinned_rect: Option<Rect>,
}

#[derive(Debug, Clone, Default)]
struct Memory {
    layout: Option<Arc<TextLayout>>,
    /// The keyboard's cursor.
    cursor: Option<usize>,
    /// Whether the cursor moved after the pointer did.
    by_keyboard: bool,
    /// First and last token that were dragged over, in the order of dragging.
    selection: Option<(usize, usize)>,
    /// How far it was scrolled in the frame before.
    offset: f32,
}

impl<'a> TokenView<'a> {
    /// A view of `tokens`; `id` is unique in the window, and `label` names the text to screen readers.
    pub fn new(id: Id, label: &'a str, tokens: &'a [TokenCell<'a>]) -> Self {
        Self {
            id,
            label,
            tokens,
            scale: None,
            lanes: &[],
            bars: true,
            pinned: None,
            echo: None,
            fork_at: None,
            change_at: None,
            differs: &[],
            lead: None,
            spoken: None,
            faded_from: None,
            veil: 0.0,
            streaming: false,
            blurred: false,
        }
    }

    /// Shows values as colours and bars; without a scale the text is plain.
    pub fn scale(mut self, scale: Option<HeatScale>) -> Self {
        self.scale = scale;
        self
    }

    /// Whether every word has a bar of its own below it; without, a lane must tell its sign.
    pub fn bars(mut self, bars: bool) -> Self {
        self.bars = bars;
        self
    }

    /// Shows a lane for each of these below every line, in their order, on the scale of the colours.
    pub fn lanes(mut self, lanes: &'a [Lane<'a>]) -> Self {
        self.lanes = lanes;
        self
    }

    /// The token whose card stays open.
    pub fn pinned(mut self, token: Option<usize>) -> Self {
        self.pinned = token;
        self
    }

    /// A token to be pointed out because its partner in the other text is under the pointer.
    pub fn echo(mut self, token: Option<usize>) -> Self {
        self.echo = token;
        self
    }

    /// The first token that differs from the other text.
    pub fn fork_at(mut self, token: Option<usize>) -> Self {
        self.fork_at = token;
        self
    }

    /// The first token that would be another one if the text were written anew.
    pub fn change_at(mut self, token: Option<usize>) -> Self {
        self.change_at = token;
        self
    }

    /// Frames tokens, by their positions: those that another text does not have.
    pub fn differs(mut self, differs: &'a [bool]) -> Self {
        self.differs = differs;
        self
    }

    /// A token to be scrolled to the top, because the text beside this one was scrolled.
    pub fn lead(mut self, token: Option<usize>) -> Self {
        self.lead = token;
        self
    }

    /// Parts of the text with what colours say of them, for screen readers; worked out only where one listens.
    pub fn spoken(mut self, spoken: &'a Spoken<'a>) -> Self {
        self.spoken = Some(spoken);
        self
    }

    /// The first token that only stands there until another takes its place: from it on words are dimmed, cannot be
    /// pointed at and do not count as text.
    /// `veil` says how much of them is washed out, from 0 to 1.
    pub fn faded_from(mut self, token: Option<usize>, veil: f32) -> Self {
        self.faded_from = token;
        self.veil = veil;
        self
    }

    /// Whether more words are to come: shows a caret and follows the end, unless the reader has scrolled away from it.
    pub fn streaming(mut self, streaming: bool) -> Self {
        self.streaming = streaming;
        self
    }

    /// Whether bars stand in place of the words, and nothing is told of them, until the text is pointed at or has the
    /// keyboard.
    pub fn blurred(mut self, blurred: bool) -> Self {
        self.blurred = blurred;
        self
    }

    /// Draws the text into all the room that `ui` has left, with a scroll bar where it needs one.
    pub fn show(self, ui: &mut Ui) -> TokenViewResponse {
        let (id, is_led) = (self.id, self.lead.is_some());
        let mut area = egui::ScrollArea::vertical()
            .id_salt(id.with("scroll"))
            .auto_shrink([false, false])
            .stick_to_bottom(self.streaming);
        // The layout is let go at once: one that somebody else holds would be copied to grow.
        let known = |token| ui.data(|data| data.get_temp::<Memory>(id)?.layout?.top_of(token));
        if let Some(top) = self.lead.and_then(known) {
            area = area.vertical_scroll_offset(top);
        }
        let drawn = area.show(ui, |ui| self.contents(ui));
        let mut answer = drawn.inner;
        let offset = drawn.state.unclamped_offset().y;
        let in_hand = answer.response.contains_pointer() || answer.response.has_focus();
        ui.data_mut(|data| {
            let Some(mut memory) = data.remove_temp::<Memory>(id) else {
                return;
            };
            let moved = (memory.offset - offset).abs() > 0.5;
            if moved && in_hand && !is_led {
                let layout = memory.layout.as_ref();
                answer.scrolled_to = layout.and_then(|layout| layout.token_from(offset));
            }
            memory.offset = offset;
            data.insert_temp(id, memory);
        });
        answer
    }

    fn contents(self, ui: &mut Ui) -> TokenViewResponse {
        // Taken out, so that a layout that grows need not be copied.
        let mut memory: Memory = ui
            .data_mut(|data| data.remove_temp(self.id))
            .unwrap_or_default();
        let font = TextStyle::resolve(&theme::reading(), ui.style());
        let has_bars = self.scale.is_some() && self.bars;
        let spacing = if has_bars { LINE_WITH_BARS } else { LINE_PLAIN };
        let font_height = font.size * FONT_HEIGHT;
        let lanes = Lanes::new(ui, self.lanes, has_bars);
        let frame = Frame {
            // Room for the rings around words at both ends of a line.
            width: (ui.available_width() - 2.0 * paint::MARGIN - lanes.gutter())
                .max(40.0)
                .floor(),
            pixels_per_point: ui.pixels_per_point(),
            line_height: (font.size * spacing).round() + lanes.height(),
            lanes_height: lanes.height(),
            font,
            fork_at: self.fork_at,
        };
        let layout = TextLayout::new(ui, self.tokens, &frame, memory.layout.take());
        // The first line needs no distance from a line above it.
        let lead = ((layout.line_height() - font_height) / 2.0).floor();
        let height = layout.height() - lead + 2.0 * paint::MARGIN + lanes.height() / 2.0;
        let size = egui::vec2(ui.available_width(), height.max(ui.available_height()));
        let (rect, mut response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let corner = rect.min + egui::vec2(paint::MARGIN + lanes.gutter(), paint::MARGIN - lead);

        let last = self.lasting().checked_sub(1);
        memory.cursor = memory.cursor.filter(|&cursor| Some(cursor) <= last);
        memory.selection = memory.selection.filter(|&(a, b)| Some(a.max(b)) <= last);

        let at_pointer = response
            .hover_pos()
            .and_then(|pos| layout.token_at((pos - corner).to_pos2()))
            .filter(|token| Some(*token) <= last);
        let moved = ui.input(|input| input.pointer.is_moving());
        if moved || response.clicked() {
            memory.by_keyboard = false;
        }
        let mut clicked = None;
        Self::mind_pointer(ui, &response, &layout, corner, at_pointer, &mut memory);
        if response.clicked() {
            clicked = at_pointer;
            memory.cursor = at_pointer.or(memory.cursor);
            response.request_focus();
        }
        if response.has_focus() {
            if let Some(chosen) = Self::mind_keys(ui, &response, &layout, last, corner, &mut memory)
            {
                clicked = Some(chosen);
            }
        } else {
            memory.by_keyboard = false;
        }
        if clicked.is_some() {
            response.mark_changed();
        }

        let hovered = if memory.by_keyboard {
            memory.cursor
        } else {
            at_pointer
        };
        let lane = response
            .hover_pos()
            .and_then(|pos| lanes.named_at((pos - corner).to_pos2(), &layout));
        if (at_pointer.is_some() || lane.is_some()) && !memory.by_keyboard {
            response = response.on_hover_cursor(egui::CursorIcon::PointingHand);
        }
        // Whoever opens the menu has pointed at the text, and still reads it.
        let is_read =
            response.contains_pointer() || response.has_focus() || response.context_menu_opened();
        let hidden = self.blurred && !is_read;
        let copies = Self::wants_copy(ui, &response);
        if copies {
            ui.copy_text(self.text_of(memory.selection));
        }
        response.context_menu(|ui| {
            if ui.button("Copy text").clicked() {
                ui.copy_text(self.text_of(None));
                ui.close();
            }
            let selected = memory.selection.is_some();
            let copy = ui.add_enabled(selected, egui::Button::new("Copy selected words"));
            if copy.clicked() {
                ui.copy_text(self.text_of(memory.selection));
                ui.close();
            }
        });
        if hidden {
            paint::bars_for_words(ui, corner, &layout);
        } else if ui.is_rect_visible(rect) {
            let marks = paint::Marks {
                hovered,
                pinned: self.pinned,
                echo: self.echo,
                cursor: memory.cursor.filter(|_| response.has_focus()),
                change_at: self.change_at,
                differs: self.differs,
                faded_from: self.faded_from,
                veil: self.veil,
                selection: memory.selection.map(|(a, b)| (a.min(b), a.max(b))),
                streaming: self.streaming,
                bars: self.bars,
            };
            paint::paint(ui, corner, &layout, self.tokens, self.scale, &marks);
            if let Some(scale) = self.scale {
                lanes.paint(ui, corner, &layout, scale, lane);
            }
        }
        response.widget_info(|| self.info(ui.is_enabled(), hidden));
        if !hidden {
            self.speak(ui, &response, &layout, corner);
        }
        let place = |token: Option<usize>| {
            let piece = layout.pieces_of(token?).last()?;
            Some(piece.rect.translate(corner.to_vec2()))
        };
        let answer = TokenViewResponse {
            hovered,
            scrolled_to: None,
            lane: lane.filter(|_| response.clicked()),
            clicked,
            hovered_rect: place(hovered),
            pinned_rect: place(self.pinned).filter(|rect| ui.clip_rect().intersects(*rect)),
            response,
        };
        memory.layout = Some(layout);
        ui.data_mut(|data| data.insert_temp(self.id, memory));
        answer
    }

    fn mind_pointer(
        ui: &Ui,
        response: &Response,
        layout: &TextLayout,
        corner: egui::Pos2,
        at_pointer: Option<usize>,
        memory: &mut Memory,
    ) {
        let token_at = |pos: egui::Pos2| layout.token_at((pos - corner).to_pos2());
        if response.drag_started_by(egui::PointerButton::Primary) {
            let from = ui
                .input(|input| input.pointer.press_origin())
                .and_then(token_at);
            memory.selection = from.map(|token| (token, token));
            response.request_focus();
        } else if response.dragged_by(egui::PointerButton::Primary)
            && let Some((from, _)) = memory.selection
            && let Some(to) = response.interact_pointer_pos().and_then(token_at)
        {
            memory.selection = Some((from, to));
        }
        if response.clicked() {
            memory.selection = None;
        } else if response.double_clicked() {
            memory.selection = at_pointer.map(|token| (token, token));
        }
    }

    /// Moves the keyboard's cursor; returns the token that was chosen.
    fn mind_keys(
        ui: &Ui,
        response: &Response,
        layout: &TextLayout,
        last: Option<usize>,
        corner: egui::Pos2,
        memory: &mut Memory,
    ) -> Option<usize> {
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
        let last = last?;
        let pressed =
            |key: Key| ui.input(|input| input.modifiers.is_none() && input.key_pressed(key));
        let now = memory.cursor;
        let next = if pressed(Key::ArrowRight) {
            Some(now.map_or(0, |cursor| (cursor + 1).min(last)))
        } else if pressed(Key::ArrowLeft) {
            Some(now.map_or(last, |cursor| cursor.saturating_sub(1)))
        } else if pressed(Key::ArrowDown) {
            Some(now.map_or(0, |cursor| {
                layout.token_beside(cursor, 1).unwrap_or(cursor).min(last)
            }))
        } else if pressed(Key::ArrowUp) {
            Some(now.map_or(last, |cursor| {
                layout.token_beside(cursor, -1).unwrap_or(cursor)
            }))
        } else if pressed(Key::Home) {
            Some(0)
        } else if pressed(Key::End) {
            Some(last)
        } else {
            None
        };
        if let Some(cursor) = next {
            memory.cursor = Some(cursor);
            memory.by_keyboard = true;
            if let Some(piece) = layout.pieces_of(cursor).first() {
                let margin = layout.line_height();
                ui.scroll_to_rect(piece.rect.translate(corner.to_vec2()).expand(margin), None);
            }
        }
        if pressed(Key::Enter) || pressed(Key::Space) {
            return memory.cursor;
        }
        None
    }

    fn wants_copy(ui: &Ui, response: &Response) -> bool {
        response.has_focus()
            && ui.input(|input| {
                input
                    .events
                    .iter()
                    .any(|event| matches!(event, Event::Copy | Event::Cut))
            })
    }

    /// How many tokens are more than words to be replaced.
    fn lasting(&self) -> usize {
        let all = self.tokens.len();
        self.faded_from.map_or(all, |first| first.min(all))
    }
}
