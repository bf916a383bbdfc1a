//! One table of everything that keys do: menus, tooltips, the help window and the keyboard itself read it.

use egui::{Context, Event, Key, KeyboardShortcut, Modifiers};

use crate::app::state::State;
use crate::app::state::habits::Sheet;
use crate::app::state::page::Page;
use crate::app::state::snapshots::{Hold, Slot};
use crate::app::update::past::PastAction;
use crate::app::update::{Action, AheadAction, HabitAction, ListingAction, ShowAction, SideAction};

/// A command that has a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortcut {
    /// Write both texts.
    Run,
    /// Stop, or close what is open.
    Escape,
    /// Write with other luck.
    NewSeed,
    /// One step back.
    Undo,
    /// One step forward.
    Redo,
    /// The same on keyboards where people are used to it.
    RedoAgain,
    /// Colours on or off.
    Heat,
    /// A lane for each objective, or none.
    Lanes,
    /// Open or close the table of all tokens.
    Tokens,
    /// Mark what differs.
    Diff,
    /// Judge the two texts without knowing which is which.
    Blind,
    /// Open or close the library.
    Library,
    /// Go to the next part of the window.
    NextRegion,
    /// Pin the token before the pinned one.
    PreviousToken,
    /// Pin the token after the pinned one.
    NextToken,
    /// Go to the alternative before, in the pinned card.
    PreviousAlternative,
    /// Go to the alternative after.
    NextAlternative,
    /// Write on with it.
    TakeAlternative,
    /// Show the branch before this one.
    PreviousBranch,
    /// Show the branch after this one.
    NextBranch,
    /// Keep the sliders in the first snapshot.
    KeepAsA,
    /// Keep them in the second.
    KeepAsB,
    /// Put the sliders where the first snapshot has them.
    SwitchToA,
    /// Put them where the second has them.
    SwitchToB,
    /// Look at the other snapshot for as long as it is held.
    Compare,
    /// Another page.
    Go(Page),
    /// Choose a saved run to be opened.
    Open,
    /// Write the run on screen to a file.
    Export,
    /// Larger.
    ZoomIn,
    /// Larger, on keyboards where plus needs no shift.
    ZoomInAgain,
    /// Smaller.
    ZoomOut,
    /// Usual size.
    ZoomReset,
    /// The whole screen, or a window.
    FullScreen,
    /// Everything that can be done, found by typing.
    Palette,
    /// The settings.
    Settings,
    /// The table of shortcuts.
    Help,
}

impl Shortcut {
    /// All of them. Those with more modifiers come first, so that Ctrl+Shift+Z is not taken for Ctrl+Z.
    pub const ALL: [Self; 42] = [
        Self::Redo,
        Self::KeepAsA,
        Self::KeepAsB,
        Self::Run,
        Self::Escape,
        Self::NewSeed,
        Self::Undo,
        Self::RedoAgain,
        Self::Heat,
        Self::Lanes,
        Self::Tokens,
        Self::Diff,
        Self::Blind,
        Self::Library,
        Self::NextRegion,
        Self::PreviousToken,
        Self::NextToken,
        Self::PreviousAlternative,
        Self::NextAlternative,
        Self::TakeAlternative,
        Self::PreviousBranch,
        Self::NextBranch,
        Self::SwitchToA,
        Self::SwitchToB,
        Self::Compare,
        Self::Go(Page::Start),
        Self::Go(Page::Steer),
        Self::Go(Page::Models),
        Self::Go(Page::Train),
        Self::Go(Page::Tradeoff),
        Self::Go(Page::Runs),
        Self::Go(Page::Score),
        Self::Open,
        Self::Export,
        Self::ZoomIn,
        Self::ZoomInAgain,
        Self::ZoomOut,
        Self::ZoomReset,
        Self::FullScreen,
        Self::Palette,
        Self::Settings,
        Self::Help,
    ];

    /// All of them as people read them: the plain ones before those that need one more key.
    #[must_use]
    pub fn in_reading_order() -> [Self; Self::ALL.len()] {
        let mut all = Self::ALL;
        all.sort_by_key(|shortcut| shortcut.keys().modifiers.shift);
        all
    }

    /// The keys.
    #[must_use]
    pub const fn keys(self) -> KeyboardShortcut {
        const CTRL: Modifiers = Modifiers::COMMAND;
        const SHIFT: Modifiers = CTRL.plus(Modifiers::SHIFT);
        let (modifiers, key) = match self {
            Self::Run => (CTRL, Key::Enter),
            Self::Escape => (Modifiers::NONE, Key::Escape),
            Self::NewSeed => (CTRL, Key::R),
            Self::Undo => (CTRL, Key::Z),
            Self::Redo => (SHIFT, Key::Z),
            Self::RedoAgain => (CTRL, Key::Y),
            Self::Heat => (CTRL, Key::H),
            Self::Lanes => (CTRL, Key::L),
            Self::Tokens => (CTRL, Key::T),
            Self::Diff => (CTRL, Key::D),
            Self::Blind => (CTRL, Key::J),
            Self::Library => (CTRL, Key::B),
            Self::NextRegion => (Modifiers::NONE, Key::F6),
            Self::PreviousToken => (Modifiers::ALT, Key::ArrowLeft),
            Self::NextToken => (Modifiers::ALT, Key::ArrowRight),
            Self::PreviousAlternative => (Modifiers::ALT, Key::Comma),
            Self::NextAlternative => (Modifiers::ALT, Key::Period),
            Self::TakeAlternative => (Modifiers::ALT, Key::Enter),
            Self::PreviousBranch => (Modifiers::ALT, Key::ArrowUp),
            Self::NextBranch => (Modifiers::ALT, Key::ArrowDown),
            Self::KeepAsA => (Modifiers::SHIFT, Key::F7),
            Self::KeepAsB => (Modifiers::SHIFT, Key::F8),
            Self::SwitchToA => (Modifiers::NONE, Key::F7),
            Self::SwitchToB => (Modifiers::NONE, Key::F8),
            Self::Compare => (Modifiers::NONE, Key::F9),
            Self::Go(Page::Start) => (Modifiers::ALT, Key::Home),
            Self::Go(Page::Steer) => (CTRL, Key::Num1),
            Self::Go(Page::Models) => (CTRL, Key::Num2),
            Self::Go(Page::Train) => (CTRL, Key::Num3),
            Self::Go(Page::Tradeoff) => (CTRL, Key::Num4),
            Self::Go(Page::Runs) => (CTRL, Key::Num5),
            Self::Go(Page::Score) => (CTRL, Key::Num6),
            Self::Open => (CTRL, Key::O),
            Self::Export => (CTRL, Key::E),
            Self::ZoomIn => (CTRL, Key::Plus),
            Self::ZoomInAgain => (CTRL, Key::Equals),
            Self::ZoomOut => (CTRL, Key::Minus),
            Self::ZoomReset => (CTRL, Key::Num0),
            Self::FullScreen => (Modifiers::NONE, Key::F11),
            Self::Palette => (CTRL, Key::K),
            Self::Settings => (CTRL, Key::Comma),
            Self::Help => (Modifiers::NONE, Key::F1),
        };
        KeyboardShortcut::new(modifiers, key)
    }

    /// Words in menus and on buttons.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Run => "Run",
            Self::Escape => "Stop",
            Self::NewSeed => "Draw again",
            Self::Undo => "Undo",
            Self::Redo | Self::RedoAgain => "Redo",
            Self::Heat => "Colour the words",
            Self::Lanes => "A lane for each objective",
            Self::Tokens => "Table of all tokens",
            Self::Diff => "Mark what differs",
            Self::Blind => "Judge blind",
            Self::Library => "Library",
            Self::NextRegion => "Next part of the window",
            Self::PreviousToken => "Previous word",
            Self::NextToken => "Next word",
            Self::PreviousAlternative => "Previous alternative",
            Self::NextAlternative => "Next alternative",
            Self::TakeAlternative => "Write on with the alternative",
            Self::PreviousBranch => "Previous branch",
            Self::NextBranch => "Next branch",
            Self::KeepAsA => "Keep the sliders as snapshot A",
            Self::KeepAsB => "Keep the sliders as snapshot B",
            Self::SwitchToA => "Go to snapshot A",
            Self::SwitchToB => "Go to snapshot B",
            Self::Compare => "Hold to compare with the other snapshot",
            Self::Go(page) => page.label(),
            Self::Open => "Open a saved run\u{2026}",
            Self::Export => "Export the run on screen\u{2026}",
            Self::ZoomIn | Self::ZoomInAgain => "Zoom in",
            Self::ZoomOut => "Zoom out",
            Self::ZoomReset => "Usual size",
            Self::FullScreen => "Full screen",
            Self::Palette => "Find a command\u{2026}",
            Self::Settings => "Settings\u{2026}",
            Self::Help => "Keyboard shortcuts",
        }
    }

    /// What it does, in a sentence.
    #[must_use]
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Run => "Let the plain and the guided model answer the prompt",
            Self::Escape => "Stop writing at the next word, or close the pinned card",
            Self::NewSeed => {
                "Answer again with another random seed; undo brings the old answer back"
            }
            Self::Undo => "Take back the last change of words, sliders or answers",
            Self::Redo | Self::RedoAgain => "Bring back what undo took away",
            Self::Heat => "Show or hide the colours behind the words",
            Self::Lanes => {
                "Show or hide a strip of bars below the words for each objective; a click on its name colours the words by it"
            }
            Self::Tokens => {
                "Show or hide all tokens with all their numbers, to sort, find and copy"
            }
            Self::Diff => {
                "Frame the words that the other text does not have, and scroll both texts together"
            }
            Self::Blind => {
                "Hide which text is which, choose the better one, and see how often guidance was chosen"
            }
            Self::Library => "Show or hide the list of prompts",
            Self::NextRegion => "Move the keyboard to the next part of the window",
            Self::PreviousToken => "Move the pinned card one word back",
            Self::NextToken => "Move the pinned card one word on",
            Self::PreviousAlternative => {
                "Go one up in the pinned card's alternatives, and see what would be written behind it"
            }
            Self::NextAlternative => {
                "Go one down in the pinned card's alternatives, and see what would be written behind it"
            }
            Self::TakeAlternative => "Let the text go on with the alternative in hand",
            Self::PreviousBranch => "Show the text before this one where the ways part",
            Self::NextBranch => "Show the next text where the ways part",
            Self::KeepAsA => "Remember where the sliders stand as snapshot A",
            Self::KeepAsB => "Remember where the sliders stand as snapshot B",
            Self::SwitchToA => "Put the sliders where snapshot A has them",
            Self::SwitchToB => "Put the sliders where snapshot B has them",
            Self::Compare => {
                "Hold to read the text with the other snapshot's weights; let go to come back"
            }
            Self::Go(page) => page.about(),
            Self::Open => "Choose a file with a saved run and show it",
            Self::Export => "Write the texts on screen to a file: a page, a picture, numbers",
            Self::ZoomIn | Self::ZoomInAgain => "Make everything larger",
            Self::ZoomOut => "Make everything smaller",
            Self::ZoomReset => "Back to the usual size",
            Self::FullScreen => "Fill the whole screen, or go back to a window",
            Self::Palette => "Find a command or a prompt by typing",
            Self::Settings => "Set how the window looks and behaves, and on what it computes",
            Self::Help => "Show what the keys do",
        }
    }

    /// Whether the help window lists it; second keys for the same thing are left out.
    #[must_use]
    pub const fn is_listed(self) -> bool {
        !matches!(self, Self::RedoAgain | Self::ZoomInAgain)
    }

    /// What the person did by pressing it.
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::Run => Action::Run,
            Self::Escape => Action::Escape,
            Self::NewSeed => Action::RunWithNewSeed,
            Self::Undo => Action::Undo,
            Self::Redo | Self::RedoAgain => Action::Redo,
            Self::Heat => Action::ToggleHeat,
            Self::Lanes => Action::ToggleLanes,
            Self::Tokens => Action::Listing(ListingAction::Toggle),
            Self::Diff => Action::Side(SideAction::ToggleDiff),
            Self::Blind => Action::Side(SideAction::ToggleBlind),
            Self::Library => Action::ToggleLibrary,
            Self::NextRegion => Action::NextRegion,
            Self::PreviousToken => Action::MovePin(-1),
            Self::NextToken => Action::MovePin(1),
            Self::PreviousAlternative => Action::Ahead(AheadAction::Move(-1)),
            Self::NextAlternative => Action::Ahead(AheadAction::Move(1)),
            Self::TakeAlternative => Action::Ahead(AheadAction::Take),
            Self::PreviousBranch => Action::MoveBranch(-1),
            Self::NextBranch => Action::MoveBranch(1),
            Self::KeepAsA => Action::KeepAs(Slot::A),
            Self::KeepAsB => Action::KeepAs(Slot::B),
            Self::SwitchToA => Action::SwitchTo(Slot::A),
            Self::SwitchToB => Action::SwitchTo(Slot::B),
            Self::Compare => Action::HoldCompare(Some(Hold::Key)),
            Self::Go(page) => Action::GoTo(page),
            Self::Open => Action::Past(PastAction::AskFile),
            Self::Export => Action::Past(PastAction::ExportShown),
            Self::ZoomIn | Self::ZoomInAgain => Action::ZoomIn,
            Self::ZoomOut => Action::ZoomOut,
            Self::ZoomReset => Action::ZoomReset,
            Self::FullScreen => Action::Show(ShowAction::ToggleFullScreen),
            Self::Palette => Action::TogglePalette,
            Self::Settings => Action::Habit(HabitAction::Toggle(Sheet::Settings)),
            Self::Help => Action::ToggleHelp,
        }
    }

    /// Whether the keys are ours at the moment; else they are left to whatever has the keyboard.
    fn is_ours(self, state: &State) -> bool {
        let steering = state.page == Page::Steer;
        let scoring = state.page == Page::Score;
        match self {
            Self::PreviousToken | Self::NextToken => {
                (steering || scoring) && state.focus.pinned.is_some()
            }
            Self::PreviousAlternative | Self::NextAlternative => !state.alternatives().is_empty(),
            Self::TakeAlternative => state.question_ahead().is_some(),
            Self::PreviousBranch | Self::NextBranch => steering && state.family().is_some(),
            // With nothing to stop or close, it closes open menus.
            Self::Escape => {
                state.palette.is_some()
                    || state.sheet.is_some()
                    || state.active_run().is_some()
                    || state.run_when_ready
                    || state.help_open
                    || state.focus.pinned.is_some()
                    || (scoring && state.score.is_busy())
            }
            // What would be done there is not on screen.
            Self::Run | Self::Heat | Self::Lanes | Self::Tokens => steering || scoring,
            Self::NewSeed
            | Self::Diff
            | Self::Blind
            | Self::Library
            | Self::KeepAsA
            | Self::KeepAsB
            | Self::SwitchToA
            | Self::SwitchToB
            | Self::Compare => steering,
            Self::Undo | Self::Redo | Self::RedoAgain => {
                !matches!(state.page, Page::Start | Page::Train | Page::Runs)
            }
            Self::NextRegion => state.page != Page::Start,
            Self::Export => state.run().is_some_and(|run| !run.guided.is_empty()),
            Self::Go(_)
            | Self::Open
            | Self::ZoomIn
            | Self::ZoomInAgain
            | Self::ZoomOut
            | Self::ZoomReset
            | Self::FullScreen
            | Self::Palette
            | Self::Settings
            | Self::Help => true,
        }
    }

    /// Whether it would do something at the moment.
    #[must_use]
    pub fn is_there(self, state: &State) -> bool {
        match self {
            Self::Palette => false,
            // On the Score page the key scores instead.
            Self::Run => state.page == Page::Steer,
            _ => self.is_ours(state),
        }
    }

    /// The sentence with the keys, for tooltips.
    #[must_use]
    pub fn hint(self, ctx: &Context) -> String {
        format!("{} ({})", self.tooltip(), ctx.format_shortcut(&self.keys()))
    }
}

/// Takes our keys out of the input, before a text box sees them, and says what they ask for.
pub fn pressed(ctx: &Context, state: &State) -> Vec<Action> {
    // A box has its own way back over what was typed there.
    let typing = state.page == Page::Score && ctx.text_edit_focused();
    let held = state.compare.as_ref().map(|compare| compare.hold);
    ctx.input_mut(|input| {
        let compare = Shortcut::Compare.keys().logical_key;
        // A key that stays down tells so again and again; what ended the comparison meanwhile must not begin it anew.
        input.events.retain(
            |event| !matches!(event, Event::Key { key, repeat: true, .. } if *key == compare),
        );
        let let_go = held == Some(Hold::Key) && !input.key_down(compare);
        let pressed = Shortcut::ALL
            .into_iter()
            .filter(|shortcut| {
                let of_box = matches!(
                    shortcut,
                    Shortcut::Undo | Shortcut::Redo | Shortcut::RedoAgain
                );
                !(typing && of_box)
                    && shortcut.is_ours(state)
                    && input.consume_shortcut(&shortcut.keys())
            })
            .map(Shortcut::action);
        let_go
            .then_some(Action::HoldCompare(None))
            .into_iter()
            .chain(pressed)
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_commands_share_a_key() {
        for (index, a) in Shortcut::ALL.iter().enumerate() {
            for b in &Shortcut::ALL[index + 1..] {
                assert_ne!(a.keys(), b.keys(), "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn a_list_begins_with_running_and_has_all_of_them_once() {
        let listed = Shortcut::in_reading_order();
        assert_eq!(listed[0], Shortcut::Run);
        for shortcut in Shortcut::ALL {
            assert_eq!(listed.iter().filter(|one| **one == shortcut).count(), 1);
        }
    }

    #[test]
    fn commands_have_words_and_one_sentence_without_a_full_stop() {
        for shortcut in Shortcut::ALL {
            assert!(!shortcut.label().is_empty());
            assert!(!shortcut.tooltip().ends_with('.'), "{shortcut:?}");
        }
    }

    #[test]
    fn every_page_has_a_key() {
        for page in Page::ALL {
            assert!(Shortcut::ALL.contains(&Shortcut::Go(page)), "{page:?}");
        }
    }

    #[test]
    fn more_modifiers_come_first() {
        let at = |wanted| Shortcut::ALL.iter().position(|s| *s == wanted);
        assert!(at(Shortcut::Redo) < at(Shortcut::Undo));
        assert!(at(Shortcut::KeepAsA) < at(Shortcut::SwitchToA));
        assert!(at(Shortcut::KeepAsB) < at(Shortcut::SwitchToB));
    }
}
