//! What a person can do in the window.

use super::{
    AheadAction, HabitAction, LibraryAction, ListingAction, ScoreAction, ShowAction, SideAction,
    TradeoffAction, TrainAction,
};
use crate::app::state::TokenRef;
use crate::app::state::branches::Turn;
use crate::app::state::page::Page;
use crate::app::state::region::Region;
use crate::app::state::settings::{Grain, HeatMode, ThemeChoice};
use crate::app::state::snapshots::{Hold, Slot};
use crate::app::update::models::ModelsAction;
use crate::app::update::past::PastAction;
use crate::app::widgets::token_card::CardValue;
use crate::domain::{RunId, Sampling};
use crate::engine::reweigh::guidance::Target;

/// What a person did.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Wants another page on screen.
    GoTo(Page),
    /// Did something that Demo mode, the tour or the start page offers.
    Show(ShowAction),
    /// Did something on the Models page.
    Models(ModelsAction),
    /// Did something on the Runs page.
    Past(PastAction),
    /// Did something on the Score page.
    Score(ScoreAction),
    /// Did something in the settings, the messages or what is told of the program.
    Habit(HabitAction),
    /// Changed the words in the prompt box.
    EditPrompt(String),
    /// Took a prompt of the library, by its index.
    PickPrompt(usize),
    /// Typed into the library's search box.
    SearchLibrary(String),
    /// Picked a tag, or picked it again to see all prompts.
    ToggleTag(String),
    /// Opened or closed the library.
    ToggleLibrary,
    /// Wants both texts written.
    Run,
    /// Wants the writing to stop.
    Stop,
    /// Wants both texts written with other luck.
    RunWithNewSeed,
    /// Moved a slider or typed its number.
    SetWeight {
        /// Which objective.
        objective: usize,
        /// Its new weight.
        weight: f64,
    },
    /// Wants texts to follow the sliders while they move, or when they are let go.
    ToggleLive,
    /// Wants the guided text to go on from token `index` another way.
    Fork {
        /// Position of the first token that is to be another one.
        index: usize,
        /// What goes on from there.
        turn: Turn,
    },
    /// Did something to the alternatives of a card.
    Ahead(AheadAction),
    /// Typed into the card's box for other words.
    EditCardWords(String),
    /// Wants another text of the tree on screen.
    ShowRun(RunId),
    /// Wants the branch so many places further at the newest fork.
    MoveBranch(isize),
    /// Wants so much guidance: all sliders are to be multiplied by what gives it.
    SetGuidance(Target),
    /// Keeps the sliders, as they stand, in a snapshot.
    KeepAs(Slot),
    /// Wants the sliders as a snapshot has them.
    SwitchTo(Slot),
    /// Holds on to the other snapshot to compare, or lets it go.
    HoldCompare(Option<Hold>),
    /// Wants the sum of all sliders to stay as it is, or not.
    ToggleKeepSum,
    /// Let go of a slider, or ended another edit that undo takes back in one step.
    EndEdit,
    /// Put a slider back to the lineup's own weight.
    ResetWeight(usize),
    /// Muted or unmuted an objective.
    ToggleMute(usize),
    /// Soloed an objective or ended its solo.
    ToggleSolo(usize),
    /// Changed how tokens are drawn.
    SetSampling(Sampling),
    /// Wants texts written slowly enough to read along, or as fast as the models can.
    TogglePace,
    /// Threw the dice for a seed, to be used by the next run.
    RollSeed,
    /// Went one step back.
    Undo,
    /// Went one step forward.
    Redo,
    /// Wants the sliders in nats instead of weights, or back.
    ToggleUnits,
    /// Wants the unit measured on the texts on screen, or on the program's own.
    MeasureOnScreen(bool),
    /// Turned the colours on or off.
    ToggleHeat,
    /// Wants another number to colour the words.
    SetHeatMode(HeatMode),
    /// Wants tokens, words or sentences coloured.
    SetGrain(Grain),
    /// Wants the words coloured by another objective.
    SetHeatObjective(usize),
    /// Did something to see texts side by side.
    Side(SideAction),
    /// Did something to prompts of their own.
    Library(LibraryAction),
    /// Did something to the table of all tokens.
    Listing(ListingAction),
    /// Showed or hid the lanes of the objectives below the words.
    ToggleLanes,
    /// Locked the colour scale where it is, or freed it.
    ToggleScaleLock,
    /// Moved the pointer onto a token, or away from all.
    Hover(Option<TokenRef>),
    /// Wants another number in the card's table.
    SetCardValue(CardValue),
    /// Clicked a token: its card stays open, or closes if it was open.
    TogglePin(TokenRef),
    /// Closed the pinned card.
    Unpin,
    /// Moved the pinned token by so many words.
    MovePin(isize),
    /// Pressed the key that stops whatever is going on: the run, else the shortcuts' table, else the pinned card.
    Escape,
    /// Wants other colours of the window.
    SetTheme(ThemeChoice),
    /// Wants everything larger.
    ZoomIn,
    /// Wants everything smaller.
    ZoomOut,
    /// Wants everything at its usual size.
    ZoomReset,
    /// Opened or closed the advanced settings.
    ToggleAdvanced,
    /// Opened or closed the command palette.
    TogglePalette,
    /// Typed into it.
    SearchPalette(String),
    /// Went to another of the commands that it has found.
    ChooseInPalette(usize),
    /// Opened or closed the table of shortcuts.
    ToggleHelp,
    /// Wants the keyboard in the next part of the window.
    NextRegion,
    /// A part of the window has taken the keyboard.
    RegionFocused(Region),
    /// Stopped the loading of the models.
    CancelLoading,
    /// Wants the models loaded again.
    RetryLoading,
    /// Wants the built-in models instead.
    UseBuiltIn,
    /// Has read the error.
    DismissProblem,
    /// Did something on the page for reward models of one's own.
    Train(TrainAction),
    /// Did something on the Trade-off page.
    Tradeoff(TradeoffAction),
    /// Unfolded or folded the error's details.
    ToggleProblemDetails,
}

impl Action {
    /// Whether a comparison that is being held goes on: it is only looked at, or moved about in.
    pub(super) const fn leaves_comparison(&self) -> bool {
        matches!(
            self,
            Self::HoldCompare(_)
                | Self::EndEdit
                | Self::Hover(_)
                | Self::TogglePin(_)
                | Self::Unpin
                | Self::MovePin(_)
                | Self::SetCardValue(_)
                | Self::Ahead(AheadAction::Point(_) | AheadAction::Move(_))
                | Self::ToggleHeat
                | Self::SetHeatMode(_)
                | Self::SetGrain(_)
                | Self::SetHeatObjective(_)
                | Self::Side(SideAction::ToggleDiff)
                | Self::Listing(_)
                | Self::Habit(_)
                | Self::ToggleLanes
                | Self::ToggleScaleLock
                | Self::SetTheme(_)
                | Self::ZoomIn
                | Self::ZoomOut
                | Self::ZoomReset
                | Self::NextRegion
                | Self::RegionFocused(_)
        )
    }
}
