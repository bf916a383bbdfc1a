//! The sheet over the window: settings, messages, what is told of the program.

use super::event;
use crate::app::state::State;
use crate::app::state::habits::{CardHabit, Sheet};
use crate::app::state::settings::ZOOM_RANGE;
use crate::worker::Command;

/// What a person did there.
#[derive(Debug, Clone, PartialEq)]
pub enum HabitAction {
    /// Opened a sheet, or closed it.
    Toggle(Sheet),
    /// Closed whichever is open.
    Close,
    /// Typed a zoom, per cent.
    SetZoom(f32),
    /// Typed a size for what the models write, per cent.
    SetTextSize(u32),
    /// Wants the colours' scale to end there, nats, or to fit itself.
    SetScale(Option<f64>),
    /// Wants cards to open another way.
    SetCards(CardHabit),
    /// Wants scroll bars always seen, or not.
    ToggleScrollBars,
    /// Wants nothing to move by itself, or not.
    ToggleStill,
    /// Wants Demo mode to hide what the plain model writes until it is pointed at, or not.
    ToggleBlur,
    /// Wants so many threads on the processor, or as many as it has.
    SetThreads(Option<usize>),
    /// Wants models computed on another device, by its name, or on the best there is.
    SetDevice(Option<String>),
    /// Wants the settings as they usually are.
    BackToUsual,
    /// Wants them back as they were before that.
    UndoUsual,
    /// Unfolded a message's details, or folded them; by its number.
    Unfold(u64),
    /// Agreed to see prompts that may upset, in this session.
    AgreeToSensitive,
}

pub(super) fn apply(state: &mut State, action: HabitAction) -> Vec<Command> {
    let habits = &mut state.settings.habits;
    match action {
        HabitAction::Toggle(sheet) => {
            state.sheet = (state.sheet != Some(sheet)).then_some(sheet);
            // The way back is offered for as long as one looks.
            state.unusual = None;
            if state.reads_messages() {
                state.log.unread = 0;
            }
        }
        HabitAction::Close => {
            state.sheet = None;
            state.unusual = None;
        }
        HabitAction::SetZoom(percent) => {
            let zoom = percent.round() / 100.0;
            if zoom.is_finite() {
                state.settings.zoom = zoom.clamp(ZOOM_RANGE.0, ZOOM_RANGE.1);
            }
        }
        HabitAction::SetTextSize(percent) => {
            habits.text_percent = percent;
            *habits = std::mem::take(habits).mended();
        }
        HabitAction::SetScale(limit) => {
            state.settings.heat.locked = limit.filter(|limit| limit.is_finite() && *limit > 0.0);
            event::fit_scale(state);
        }
        HabitAction::SetCards(cards) => habits.cards = cards,
        HabitAction::ToggleScrollBars => habits.scroll_bars ^= true,
        HabitAction::ToggleStill => habits.still ^= true,
        HabitAction::ToggleBlur => habits.blur ^= true,
        HabitAction::SetThreads(threads) => {
            habits.threads = threads;
            *habits = std::mem::take(habits).mended();
        }
        HabitAction::SetDevice(device) => {
            habits.device = device;
            *habits = std::mem::take(habits).mended();
            state.compute.device.clone_from(&habits.device);
        }
        HabitAction::BackToUsual => {
            let usual = state.settings.usual();
            state.unusual = Some(Box::new(std::mem::replace(&mut state.settings, usual)));
            follow(state);
        }
        HabitAction::UndoUsual => {
            if let Some(before) = state.unusual.take() {
                state.settings = state.settings.with_sheet_of(&before);
                follow(state);
            }
        }
        HabitAction::Unfold(number) => {
            let mut all = state.log.messages.iter_mut();
            if let Some(message) = all.find(|message| message.number == number) {
                message.open ^= true;
            }
        }
        HabitAction::AgreeToSensitive => state.library.agreed = true,
    }
    Vec::new()
}

/// Brings what depends on the settings to where they stand now.
fn follow(state: &mut State) {
    state
        .compute
        .device
        .clone_from(&state.settings.habits.device);
    event::fit_scale(state);
}

/// Takes in whether Ctrl is held.
pub fn hold_ctrl(state: &mut State, held: bool) {
    state.focus.ctrl_held = held;
}

/// Keeps what the window tells and did not tell before, and says it to whoever listens; `at` is the moment, seconds since 1970.
pub fn keep_messages(state: &mut State, at: u64) {
    let told = state.told();
    let is_read = state.reads_messages();
    state.log.keep(told, at, is_read);
    super::announce::announce(state);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::settings::Settings;
    use crate::app::state::{Problem, ProblemPlace};
    use crate::app::update::{Action, apply as act};
    use crate::error::Failure;

    fn habit(state: &mut State, action: HabitAction) {
        assert!(act(state, Action::Habit(action)).is_empty());
    }

    #[test]
    fn typed_numbers_stay_in_their_ranges() {
        let mut state = State::default();
        habit(&mut state, HabitAction::SetZoom(125.4));
        assert!((state.settings.zoom - 1.25).abs() < 1e-6);
        habit(&mut state, HabitAction::SetZoom(1.0));
        assert!((state.settings.zoom - 0.6).abs() < 1e-6);
        habit(&mut state, HabitAction::SetZoom(f32::NAN));
        assert!((state.settings.zoom - 0.6).abs() < 1e-6);
        habit(&mut state, HabitAction::SetTextSize(10));
        assert_eq!(state.settings.habits.text_percent, 75);
        habit(&mut state, HabitAction::SetThreads(Some(0)));
        assert_eq!(state.settings.habits.threads, None);
    }

    #[test]
    fn a_typed_scale_locks_the_colours() {
        let mut state = State::default();
        habit(&mut state, HabitAction::SetScale(Some(2.5)));
        assert_eq!(state.settings.heat.locked, Some(2.5));
        assert!((state.heat_scale - 2.5).abs() < 1e-12);
        habit(&mut state, HabitAction::SetScale(Some(-1.0)));
        assert_eq!(state.settings.heat.locked, None);
    }

    #[test]
    fn the_usual_settings_come_and_go_with_what_follows_them() {
        let mut state = State::default();
        habit(&mut state, HabitAction::SetDevice(Some("cpu".to_owned())));
        habit(&mut state, HabitAction::SetZoom(200.0));
        assert_eq!(state.compute.device.as_deref(), Some("cpu"));
        let before = state.settings.clone();
        habit(&mut state, HabitAction::BackToUsual);
        assert_eq!(state.settings, Settings::default());
        assert_eq!(state.compute.device, None);
        // What is none of the sheet's business stays as it is by then.
        state.settings.history_bytes /= 2;
        let history_bytes = state.settings.history_bytes;
        habit(&mut state, HabitAction::UndoUsual);
        let before = Settings {
            history_bytes,
            ..before
        };
        assert_eq!(state.settings, before);
        assert_eq!(state.compute.device.as_deref(), Some("cpu"));
    }

    #[test]
    fn escape_closes_the_sheet_before_it_stops_a_run() {
        let mut state = State {
            run_when_ready: true,
            ..State::default()
        };
        habit(&mut state, HabitAction::Toggle(Sheet::About));
        act(&mut state, Action::Escape);
        assert_eq!((state.sheet, state.run_when_ready), (None, true));
        act(&mut state, Action::Escape);
        assert!(!state.run_when_ready);
    }

    #[test]
    fn problems_are_kept_behind_their_cards() {
        let mut state = State {
            problem: Some(Problem {
                failure: Failure::failed("It broke").details("why"),
                during: ProblemPlace::Worker,
                details_open: false,
            }),
            ..State::default()
        };
        keep_messages(&mut state, 60);
        act(&mut state, Action::DismissProblem);
        keep_messages(&mut state, 61);
        assert_eq!((state.log.messages.len(), state.log.unread), (1, 1));
        assert_eq!(state.log.messages[0].words.summary, "It broke");
        habit(&mut state, HabitAction::Toggle(Sheet::Messages));
        assert_eq!(state.log.unread, 0);
        let number = state.log.messages[0].number;
        habit(&mut state, HabitAction::Unfold(number));
        assert!(state.log.messages[0].open);
    }
}
