//! What of the style a person sets.

use egui::style::ScrollAnimation;

use super::{reading, size};
use crate::app::state::habits::Habits;

/// Seconds that something takes to move.
pub(super) const ANIMATION_SECS: f32 = 0.1;

/// How much is seen of a scroll bar's handle that nobody points at.
pub(super) const DORMANT_HANDLE: f32 = 0.22;

/// The same of one on which the pointer is near.
pub(super) const ACTIVE_HANDLE: f32 = 0.35;

/// How much is seen where bars are always to be seen.
const SEEN_HANDLE: f32 = 0.6;

/// Fits both styles of `ctx` to a person's habits.
pub fn fit(ctx: &egui::Context, habits: &Habits) {
    ctx.all_styles_mut(|style| {
        if let Some(font) = style.text_styles.get_mut(&reading()) {
            font.size = size::READING * habits.text_factor();
        }
        let scroll = &mut style.spacing.scroll;
        scroll.floating = !habits.scroll_bars;
        (scroll.dormant_handle_opacity, scroll.active_handle_opacity) = if habits.scroll_bars {
            (SEEN_HANDLE, SEEN_HANDLE)
        } else {
            (DORMANT_HANDLE, ACTIVE_HANDLE)
        };
        style.animation_time = if habits.still { 0.0 } else { ANIMATION_SECS };
        style.scroll_animation = if habits.still {
            ScrollAnimation::none()
        } else {
            ScrollAnimation::default()
        };
        style.visuals.text_cursor.blink = !habits.still;
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{Context, Theme};

    #[test]
    fn habits_change_both_styles_and_change_them_back() {
        let ctx = Context::default();
        super::super::install(&ctx);
        let before = [Theme::Light, Theme::Dark].map(|theme| ctx.style_of(theme));
        let habits = Habits {
            text_percent: 200,
            scroll_bars: true,
            still: true,
            ..Habits::default()
        };
        fit(&ctx, &habits);
        for theme in [Theme::Light, Theme::Dark] {
            let style = ctx.style_of(theme);
            assert!((style.text_styles[&reading()].size - 2.0 * size::READING).abs() < 1e-4);
            assert!(!style.spacing.scroll.floating);
            assert!(style.animation_time == 0.0 && !style.visuals.text_cursor.blink);
        }
        fit(&ctx, &Habits::default());
        let after = [Theme::Light, Theme::Dark].map(|theme| ctx.style_of(theme));
        assert_eq!(before, after);
    }
}
