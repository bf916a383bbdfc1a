//! Everything the window knows, split by what it is for. Only [`super::update`] writes it.

pub mod ahead;
pub mod announced;
pub mod blend;
pub mod blind;
pub mod branches;
pub mod budget;
pub mod difference;
pub mod draft;
pub mod grain;
pub mod habits;
pub mod history;
pub mod kept;
pub mod library;
pub mod listing;
pub mod log;
pub mod models;
pub mod page;
pub mod palette;
pub mod past;
pub mod region;
pub mod rejudged;
pub mod run;
pub mod score;
pub mod settings;
pub mod showing;
pub mod snapshots;
pub mod steadiness;
pub mod tradeoff;
pub mod training;
pub mod units;
pub mod written;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::{CancelToken, Colour, Objective, Pane, RunId};
use crate::engine::trace::DEFAULT_BUDGET_BYTES;
use crate::error::Failure;
use crate::worker::{ComputeSettings, LineupInfo, LineupSource};

use crate::app::widgets::token_card::CardValue;
use ahead::{Alternative, LookAhead};
use announced::Announced;
use blind::Blind;
use budget::Budget;
use difference::Differences;
use draft::Draft;
use habits::Sheet;
use history::{History, Snapshot};
use kept::KeptText;
use library::Library;
use listing::Listing;
use log::Log;
use models::Models;
use page::Page;
use palette::Palette;
use past::Past;
use region::FocusStep;
use rejudged::ReweightRequest;
use run::Run;
use score::Scoring;
use settings::Settings;
use showing::Showing;
use snapshots::Compare;
use steadiness::SteadinessRequest;
use tradeoff::Tradeoff;
use training::Training;
use units::Units;

/// The models, as far as the window knows.
#[derive(Debug, Clone)]
pub enum LineupState {
    /// They are being loaded.
    Loading {
        /// The stage in words.
        stage: String,
        /// From 0 to 1, where it is known.
        fraction: Option<f32>,
        /// Stops it.
        cancel: CancelToken,
    },
    /// They are ready.
    Ready(Arc<LineupInfo>),
    /// There are none: loading failed or was stopped.
    Missing,
}

/// One token of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenRef {
    /// Which text.
    pub pane: Pane,
    /// Its position in the response.
    pub index: usize,
}

/// What a person is looking at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Focus {
    /// Index of the objective that colours the words.
    pub objective: usize,
    /// Whether a person chose that objective.
    pub objective_is_chosen: bool,
    /// The run whose first difference has chosen it, where nobody did.
    pub objective_from: Option<RunId>,
    /// The token under the pointer.
    pub hovered: Option<TokenRef>,
    /// Since when a card for tokens under the pointer may show, on the window's clock, seconds: a moment after the pointer
    /// has come, and at once while it goes from word to word.
    pub card_from_secs: f64,
    /// When the pointer left the last token, seconds.
    pub left_at_secs: f64,
    /// Which number the card's table of alternatives shows.
    pub card_value: CardValue,
    /// The token whose card stays open.
    pub pinned: Option<TokenRef>,
    /// The alternative in the card that the pointer or the keyboard is on.
    pub pointed: Option<Alternative>,
    /// The alternative in hand: that one, or another that keys have gone on to.
    pub alternative: Option<Alternative>,
    /// Whether Ctrl, or the key in its place, is held.
    pub ctrl_held: bool,
}

/// What went wrong, until it is dismissed or overtaken.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// What to tell.
    pub failure: Failure,
    /// What was being done.
    pub during: ProblemPlace,
    /// Whether the details are unfolded.
    pub details_open: bool,
}

/// Where a problem came up; decides which ways on are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemPlace {
    /// While loading the models.
    Loading,
    /// While writing.
    Run,
    /// In the worker itself.
    Worker,
    /// With files and folders of the Models page.
    Models,
    /// With the history and with saved runs.
    Runs,
    /// With files for the Score page.
    Score,
}

/// Everything the window knows.
#[derive(Debug)]
pub struct State {
    /// What is remembered between starts.
    pub settings: Settings,
    /// The page on screen.
    pub page: Page,
    /// What the next run would use.
    pub draft: Draft,
    /// The ways back.
    pub history: History,
    /// Prompts to start with.
    pub library: Library,
    /// Which models were asked for.
    pub source: LineupSource,
    /// On what they compute.
    pub compute: ComputeSettings,
    /// Weights asked for by name at the start.
    pub wanted_weights: Vec<(String, f64)>,
    /// The models.
    pub lineup: LineupState,
    /// Runs that are on screen or that undo can bring back.
    pub runs: BTreeMap<RunId, Run>,
    /// Bytes that the rows of all runs may take together.
    pub row_budget_bytes: usize,
    /// Bytes of the rows of all runs, each counted by itself, above which it is looked up how many they are together.
    pub(crate) row_check_bytes: usize,
    /// Words have come since [`super::update::settle`].
    pub(crate) unsettled: bool,
    /// The run on screen.
    pub shown: Option<RunId>,
    /// A run was asked for before the models were ready.
    pub run_when_ready: bool,
    /// The guided text is to be written again for the sliders as they stand, as soon as it is known from where.
    pub steer_wanted: bool,
    /// The guidance that was asked for last.
    pub budget: Option<Budget>,
    /// Number of the last question for guidance.
    pub(crate) next_budget: u64,
    /// A comparison with a snapshot, while it is held.
    pub compare: Option<Compare>,
    /// The text that the last comparison showed, for the next one.
    pub(crate) compared: Option<RunId>,
    /// What stands in the card's box for other words.
    pub card_words: String,
    /// What would be written behind the alternative in hand.
    pub ahead: Option<LookAhead>,
    /// What is being looked at.
    pub focus: Focus,
    /// The table of all tokens.
    pub listing: Listing,
    /// Texts that stay in columns of their own.
    pub kept: Vec<KeptText>,
    /// How the texts on screen differ, while that is wanted.
    pub differences: Differences,
    /// The judging of the two texts that is going on.
    pub blind: Option<Blind>,
    /// The page for reward models of one's own.
    pub training: Training,
    /// Showing the window to others.
    pub showing: Showing,
    /// The Trade-off page.
    pub tradeoff: Tradeoff,
    /// The Score page.
    pub score: Scoring,
    /// In which unit the sliders stand.
    pub units: Units,
    /// The heatmap's scale in nats: colours are full at ± this.
    pub heat_scale: f64,
    /// What went wrong.
    pub problem: Option<Problem>,
    /// The command palette, while it is open.
    pub palette: Option<Palette>,
    /// Whether the table of shortcuts is open.
    pub help_open: bool,
    /// The sheet over the window: settings, messages, about.
    pub sheet: Option<Sheet>,
    /// The settings before they were all set back to the usual ones.
    pub unusual: Option<Box<Settings>>,
    /// Everything that was told.
    pub log: Log,
    /// What was said last to whoever listens.
    pub announced: Announced,
    /// The folder that a person's data is kept in.
    pub data: Option<PathBuf>,
    /// The window's clock, seconds.
    pub now_secs: f64,
    /// Names of the objectives that the sliders belong to.
    pub(crate) objectives_before: Vec<String>,
    /// Number of the next run.
    pub(crate) next_run: u64,
    /// What is being loaded is the lineup that the last window was closed with.
    pub(crate) reopening: bool,
    /// The next models to be loaded are others, whatever their objectives are called.
    pub(crate) other_models: bool,
    /// The Models page.
    pub models: Models,
    /// The Runs page.
    pub past: Past,
    /// Where the keyboard is to move next.
    pub focus_step: FocusStep,
}

impl Default for State {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            page: Page::default(),
            draft: Draft::default(),
            history: History::default(),
            library: Library::default(),
            source: LineupSource::Demo,
            compute: ComputeSettings::default(),
            wanted_weights: Vec::new(),
            lineup: LineupState::Missing,
            runs: BTreeMap::new(),
            row_budget_bytes: DEFAULT_BUDGET_BYTES,
            row_check_bytes: DEFAULT_BUDGET_BYTES,
            unsettled: false,
            shown: None,
            run_when_ready: false,
            steer_wanted: false,
            budget: None,
            next_budget: 0,
            compare: None,
            compared: None,
            card_words: String::new(),
            ahead: None,
            focus: Focus::default(),
            listing: Listing::default(),
            kept: Vec::new(),
            differences: Differences::default(),
            blind: None,
            training: Training::default(),
            showing: Showing::default(),
            tradeoff: Tradeoff::default(),
            score: Scoring::default(),
            units: Units::default(),
            heat_scale: 1.0,
            problem: None,
            palette: None,
            help_open: false,
            sheet: None,
            unusual: None,
            log: Log::default(),
            announced: Announced::default(),
            data: None,
            now_secs: 0.0,
            objectives_before: Vec::new(),
            next_run: 1,
            reopening: false,
            other_models: false,
            models: Models::default(),
            past: Past::default(),
            focus_step: FocusStep::default(),
        }
    }
}

impl State {
    /// The objectives of the loaded lineup; none before that.
    #[must_use]
    pub fn objectives(&self) -> &[Objective] {
        match &self.lineup {
            LineupState::Ready(info) => &info.objectives,
            LineupState::Loading { .. } | LineupState::Missing => &[],
        }
    }

    /// The colour of an objective of the loaded lineup.
    #[must_use]
    pub fn colour_of(&self, objective: usize) -> Colour {
        self.objectives()
            .get(objective)
            .and_then(|objective| objective.colour)
            .unwrap_or(Colour::at(objective))
    }

    /// Facts about the loaded lineup.
    #[must_use]
    pub fn lineup_info(&self) -> Option<&LineupInfo> {
        match &self.lineup {
            LineupState::Ready(info) => Some(info),
            LineupState::Loading { .. } | LineupState::Missing => None,
        }
    }

    /// The run on screen.
    #[must_use]
    pub fn run(&self) -> Option<&Run> {
        self.runs.get(&self.shown?)
    }

    /// The run that buttons and the status line speak of: the one on screen, or the one that it goes on from for the
    /// moment in which it is expected to be there at once.
    #[must_use]
    pub fn settled_run(&self) -> Option<&Run> {
        let shown = self.run()?;
        let mut run = shown;
        while run.is_fresh(self.now_secs) || run.is_unfinished() {
            let parent = run.origin.as_ref().and_then(|o| self.runs.get(&o.parent));
            let (true, Some(parent)) = (shown.is_fresh(self.now_secs), parent) else {
                return Some(shown);
            };
            run = parent;
        }
        Some(run)
    }

    /// The run on screen, if it still reads or writes.
    #[must_use]
    pub fn active_run(&self) -> Option<&Run> {
        self.run().filter(|run| run.is_active())
    }

    /// The token that is looked at: the pinned one, else the one under the pointer.
    #[must_use]
    pub fn card_token(&self) -> Option<TokenRef> {
        self.focus.pinned.or(self.focus.hovered)
    }

    /// What to ask the re-judging thread, where the numbers on screen do not follow the sliders yet.
    #[must_use]
    pub fn reweight_request(&self) -> Option<ReweightRequest> {
        self.run()?
            .reweight_request(&self.draft.effective_weights(), self.steer_wanted)
    }

    /// What to ask about how far the sliders can move, once the numbers on screen follow them.
    #[must_use]
    pub fn steadiness_request(&self) -> Option<SteadinessRequest> {
        if self.reweight_request().is_some() {
            return None;
        }
        SteadinessRequest::new(self.run()?, &self.draft.effective_weights())
    }

    /// The state that undo would come back to.
    #[must_use]
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            draft: self.draft.clone(),
            shown: self.shown,
        }
    }
}
