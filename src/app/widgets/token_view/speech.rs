//! What a text says: to screen readers and to the clipboard.

use egui::{Rect, Response, Role, Sense, Ui, WidgetInfo};

use super::TokenView;
use super::layout::TextLayout;

impl TokenView<'_> {
    /// What is told of the text as a whole; of a hidden one, that it is.
    pub(super) fn info(&self, enabled: bool, hidden: bool) -> WidgetInfo {
        if hidden {
            let label = format!(
                "{}: hidden until you point at it or go to it by the keyboard",
                self.label
            );
            return WidgetInfo::labeled(Role::Document, enabled, label);
        }
        let mut info = WidgetInfo::labeled(Role::Document, enabled, self.label);
        info.current_text_value = Some(self.text_of(None));
        info
    }

    /// One node for each part of the text, where somebody listens.
    pub(super) fn speak(
        &self,
        ui: &Ui,
        response: &Response,
        layout: &TextLayout,
        corner: egui::Pos2,
    ) {
        let Some(spoken) = self.spoken else { return };
        if !ui.ctx().has_accesskit_node(response.id) {
            return;
        }
        for (index, (tokens, words)) in spoken().into_iter().enumerate() {
            let ends = [tokens.start, tokens.end.saturating_sub(1)];
            let pieces = ends.into_iter().flat_map(|token| layout.pieces_of(token));
            let rect = pieces.fold(Rect::NOTHING, |rect, piece| rect.union(piece.rect));
            let id = self.id.with(("part", index));
            let part = ui.interact(rect.translate(corner.to_vec2()), id, Sense::hover());
            part.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
        }
    }

    /// The characters of the tokens from the first to the last of `selection`, in any order, or of all.
    pub(super) fn text_of(&self, selection: Option<(usize, usize)>) -> String {
        let tokens = match selection {
            Some((a, b)) => self.tokens.get(a.min(b)..=a.max(b)).unwrap_or_default(),
            None => &self.tokens[..self.lasting()],
        };
        tokens.iter().map(|cell| cell.text).collect()
    }
}
