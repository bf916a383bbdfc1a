//! The glue between the state, the toolkit, the worker and the re-judging thread.

mod ahead;
mod ending;
mod look;
mod past;
mod prompts;
mod score;
mod tradeoff;
mod training;

use std::path::PathBuf;
use std::sync::mpsc::TryRecvError;
use std::time::Duration;

use egui::{Context, Ui};

use crate::app::dialogs::{self, Dialogs};
use crate::app::state::budget::{BudgetAnswer, BudgetRequest};
use crate::app::state::habits::Habits;
use crate::app::state::library::Library;
use crate::app::state::models::estimate::{EstimateRequest, Estimated};
use crate::app::state::models::{PATIENCE_SECS, Purpose};
use crate::app::state::page::Page;
use crate::app::state::rejudged::{Rejudged, ReweightRequest};
use crate::app::state::settings::{Settings, ThemeChoice};
use crate::app::state::steadiness::{Steadiness, SteadinessRequest};
use crate::app::state::training::{
    JoinAnswer, JoinRequest, PreviewAnswer, PreviewRequest, RemovalRequest, Training,
};
use crate::app::state::{LineupState, State};
use crate::app::update::{self, Action};
use crate::app::{AppOptions, pages, presenter, shortcuts, theme};
use crate::domain::{CancelToken, ObjectiveWeights, RunId};
use crate::engine::trace::default_budget;
use crate::journal::desk::Journal;
use crate::journal::now_secs;
use crate::latest::Latest;
use crate::train::removal::RemovalDone;
use crate::train::trainer::{self, TrainerHandle};
use crate::worker::{Command, Event, LineupSource, WorkerHandle, memory};
use prompts::PromptFiles;
use score::ScoreThreads;
use tradeoff::SweepSaves;

/// Most events taken in before a frame is drawn.
const EVENTS_PER_FRAME: usize = 64;
/// Where the toolkit's storage keeps our settings.
const SETTINGS_KEY: &str = "settings";

/// The toolkit saves every 30 seconds, where there is a frame.
const SAVE_AFTER: Duration = Duration::from_secs(31);

/// The window.
pub struct Window {
    state: State,
    worker: Option<WorkerHandle>,
    rejudge: Latest<ReweightRequest, Rejudged>,
    /// What the re-judging thread was asked for last.
    asked: Option<(RunId, ObjectiveWeights, usize)>,
    /// Finds out how far the sliders can move: slower work, behind the other.
    steadiness: Latest<SteadinessRequest, Option<Steadiness>>,
    /// What that thread was asked for last, and what stops it.
    searched: Option<(RunId, ObjectiveWeights, usize, CancelToken)>,
    /// Finds the factor on all sliders that gives the guidance asked for.
    budget: Latest<BudgetRequest, Option<BudgetAnswer>>,
    /// What that thread was asked for last, and what stops it.
    budgeted: Option<(u64, CancelToken)>,
    /// Keeps the history of runs.
    journal: Journal,
    run_files: past::RunFiles,
    /// Trains reward models, beside everything else.
    trainer: TrainerHandle,
    /// Looks through files of pairs.
    previews: Latest<PreviewRequest, PreviewAnswer>,
    /// The number of the preview that was asked for last.
    previewed: u64,
    /// Puts lineups with trained objectives together.
    joins: Latest<JoinRequest, JoinAnswer>,
    /// The number of the lineup that was asked for last.
    joined: u64,
    removals: Latest<RemovalRequest, (u64, RemovalDone)>,
    /// The number of the deletion that was asked for last.
    removed: u64,
    estimates: Latest<EstimateRequest, Estimated>,
    /// What that thread was asked for last.
    weighed: Option<EstimateRequest>,
    /// Shows the desktop's file dialogs for the Models page.
    dialogs: Dialogs<Purpose>,
    /// And for the Train page.
    train_dialogs: Dialogs<training::Purpose>,
    /// Saves sweeps.
    sweeps: SweepSaves,
    /// What the Score page needs done.
    score: ScoreThreads,
    /// Files of prompts.
    prompts: PromptFiles,
    applied: Option<(ThemeChoice, f32, Habits)>,
    /// What was last written down of the settings.
    saved: Settings,
    /// Whether the window was last told to fill the screen.
    full_screen: bool,
}

impl Window {
    /// A window over a worker; asks it to load the models at once.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn new(
        ctx: &Context,
        worker: WorkerHandle,
        options: &AppOptions,
        settings: Settings,
    ) -> std::io::Result<Self> {
        theme::install(ctx);
        // Our own table of shortcuts has the zoom keys.
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        let wake = || {
            let ctx = ctx.clone();
            move || ctx.request_repaint()
        };
        let rejudge = Latest::spawn(
            "re-judging",
            |request: ReweightRequest| request.answer(),
            wake(),
        )?;
        let steadiness = Latest::spawn(
            "steadiness",
            |request: SteadinessRequest| request.answer(),
            wake(),
        )?;
        let budget = Latest::spawn(
            "guidance",
            |request: BudgetRequest| request.answer(),
            wake(),
        )?;
        let estimates = Latest::spawn("memory estimates", EstimateRequest::answer, wake())?;
        let previews = Latest::spawn("preview", PreviewRequest::answer, wake())?;
        let joins = Latest::spawn("joining", JoinRequest::answer, wake())?;
        let removals = Latest::spawn("deleting", RemovalRequest::answer, wake())?;
        let settings = settings.mended();
        let journal = past::journal(options, &settings, wake())?;
        let trainer = trainer::start(crate::demo::embedded(), wake())?;
        let mut window = Self {
            state: first_state(options, settings.clone()),
            worker: Some(worker),
            rejudge,
            asked: None,
            steadiness,
            searched: None,
            budget,
            budgeted: None,
            journal,
            run_files: past::RunFiles::new([wake(), wake()]),
            trainer,
            previews,
            previewed: 0,
            joins,
            joined: 0,
            removals,
            removed: 0,
            estimates,
            weighed: None,
            dialogs: Dialogs::new(dialogs::for_models, wake()),
            train_dialogs: Dialogs::new(dialogs::for_training, wake()),
            sweeps: SweepSaves::start([wake(), wake(), wake(), wake()])?,
            score: ScoreThreads::start([wake(), wake(), wake()])?,
            prompts: PromptFiles::start([wake(), wake()])?,
            applied: None,
            saved: settings,
            full_screen: false,
        };
        let commands = update::load(&mut window.state);
        window.send(commands);
        update::look_for_trainings(&mut window.state.training);
        window.forget_removed();
        window.tell_trainer();
        window.open_saved(options);
        Ok(window)
    }

    /// What the window knows.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Does what a person could do.
    pub fn act(&mut self, action: Action) {
        let commands = update::apply(&mut self.state, action);
        self.send(commands);
        self.tell_trainer();
        self.tell_journal();
    }

    /// Takes in what the worker and the re-judging thread have told, as much as fits before one frame.
    pub fn drain(&mut self, ctx: &Context) {
        let (now, ctrl) = ctx.input(|input| (input.time, input.modifiers.command));
        update::tick(&mut self.state, now);
        update::hold_ctrl(&mut self.state, ctrl);
        for taken in 0.. {
            if taken == EVENTS_PER_FRAME {
                ctx.request_repaint();
                break;
            }
            let Some(worker) = &self.worker else { break };
            match worker.events.try_recv() {
                Ok(event) => {
                    if matches!(event, Event::Loaded(_)) {
                        // What the models have left is what rows may be kept in.
                        let bytes = default_budget(memory::free_bytes());
                        update::set_row_budget(&mut self.state, bytes);
                    }
                    update::on_told(&mut self.state, &event);
                    let commands = update::on_event(&mut self.state, event);
                    self.send(commands);
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => self.lose_worker(),
            }
        }
        update::settle(&mut self.state);
        if let Some(secs) = update::sweep_due_in(&self.state) {
            ctx.request_repaint_after(Duration::from_secs_f64(secs));
        }
        if let Some(rejudged) = self.rejudge.take() {
            let commands = update::on_rejudged(&mut self.state, rejudged);
            self.send(commands);
        }
        if let Some(Some(steadiness)) = self.steadiness.take() {
            update::on_steadiness(&mut self.state, steadiness);
        }
        if let Some(Some(answer)) = self.budget.take() {
            let commands = update::on_budget(&mut self.state, answer);
            self.send(commands);
        }
        self.hear_trainer(ctx);
        self.hear_journal(ctx);
        self.hear_saves();
        self.hear_scores();
        self.tend_prompts();
        let commands = update::calibration_due(&mut self.state);
        self.send(commands);
        self.look_ahead(ctx);
        if let Some(estimated) = self.estimates.take() {
            update::models::on_estimated(&mut self.state, estimated);
        }
        if let Some((serial, answer)) = self.dialogs.take() {
            let commands = update::models::on_dialog(&mut self.state, serial, answer);
            self.send(commands);
        }
        update::keep_messages(&mut self.state, now_secs());
        self.ask_others();
    }

    /// Has file dialogs answered by `ask` instead of the desktop, as tests do.
    pub fn set_dialogs(
        &mut self,
        ask: impl Fn(&Purpose) -> Option<PathBuf> + Send + Sync + 'static,
    ) {
        self.dialogs.set(ask);
    }

    /// Draws the window and does what the person did.
    pub fn ui(&mut self, ui: &mut Ui) {
        self.show_settings(ui.ctx());
        let mut actions = shortcuts::pressed(ui.ctx(), &self.state);
        actions.extend(presenter::pressed(ui.ctx(), &self.state));
        actions.extend(past::dropped(ui.ctx(), &self.state));
        actions.extend(pages::window_ui(ui, &self.state));
        self.wait_for_dialog(ui.ctx());
        if actions.is_empty() {
            return;
        }
        for action in actions {
            self.act(action);
        }
        if let Some(dialog) = &self.state.models.dialog {
            self.dialogs.show(dialog.serial, &dialog.purpose);
        }
        self.ask_others();
        // What was drawn is older than what was done.
        ui.ctx().request_repaint();
    }

    /// Takes in, draws and does one frame; says whether all has come to rest.
    pub fn frame(&mut self, ui: &mut Ui) -> bool {
        self.drain(ui.ctx());
        self.ui(ui);
        self.is_at_rest()
    }

    /// Whether nothing is loading, running or being judged.
    fn is_at_rest(&self) -> bool {
        let loading = match self.state.lineup {
            LineupState::Loading { .. } => true,
            LineupState::Ready(_) | LineupState::Missing => false,
        };
        let state = &self.state;
        !loading
            && !state.run_when_ready
            && state.units.asked.is_none()
            && state.training.active().is_none()
            && !state.tradeoff.is_working()
            && !state.score.is_working()
            && !state.is_looking_ahead()
            && state.scored_request().is_none()
            && state.training.joining.is_none()
            && state.past.wishes.is_empty()
            && state.past.waiting.is_none()
            && state.active_run().is_none()
            && state.reweight_request().is_none()
            && state.budget_request().is_none()
            && state.steadiness_request().is_none()
    }

    /// Looks again when a dialog that has not answered may not have come at all.
    fn wait_for_dialog(&self, ctx: &Context) {
        if let Some(dialog) = &self.state.models.dialog {
            let left = dialog.since_secs + PATIENCE_SECS - self.state.now_secs;
            if left > 0.0 {
                ctx.request_repaint_after(Duration::from_secs_f64(left));
            }
        }
    }

    /// Asks the other threads for what the numbers on screen lack.
    fn ask_others(&mut self) {
        self.ask_for_saves();
        self.ask_for_scores();
        self.ask_for_judgement();
        self.ask_for_guidance();
        self.ask_for_estimate();
    }

    fn ask_for_estimate(&mut self) {
        let models = &self.state.models;
        if self.state.page != Page::Models || models.estimate(&self.state.compute).is_some() {
            return;
        }
        if let Some(request) = models.estimate_request(&self.state.compute)
            && self.weighed.as_ref() != Some(&request)
        {
            self.weighed = Some(request.clone());
            self.estimates.request(request);
        }
    }

    fn ask_for_judgement(&mut self) {
        let Some(request) = self.state.reweight_request() else {
            self.ask_for_steadiness();
            return;
        };
        if let Some((.., search)) = self.searched.take() {
            search.cancel();
        }
        // A text that grows is another question with every word.
        let length = request.guided.steps().len();
        let key = (request.run, request.weights.clone(), length);
        if self.asked.as_ref() != Some(&key) {
            self.asked = Some(key);
            self.rejudge.request(request);
        }
    }

    fn ask_for_steadiness(&mut self) {
        let Some(request) = self.state.steadiness_request() else {
            return;
        };
        let length = request.guided.steps().len();
        if let Some((run, weights, known, search)) = &self.searched {
            if (*run, weights, *known) == (request.run, &request.weights, length) {
                return;
            }
            search.cancel();
        }
        let weights = request.weights.clone();
        self.searched = Some((request.run, weights, length, request.cancel.clone()));
        self.steadiness.request(request);
    }

    fn ask_for_guidance(&mut self) {
        let Some(request) = self.state.budget_request() else {
            return;
        };
        if let Some((serial, search)) = &self.budgeted {
            if *serial == request.serial {
                return;
            }
            search.cancel();
        }
        self.budgeted = Some((request.serial, request.cancel.clone()));
        self.budget.request(request);
    }

    fn send(&mut self, commands: Vec<Command>) {
        update::give_way(&mut self.state, &commands);
        for command in commands {
            if let Command::Generate(request) = &command {
                update::on_request(&mut self.state, request);
            }
            let sent = self
                .worker
                .as_ref()
                .is_some_and(|worker| worker.commands.send(command).is_ok());
            if !sent {
                self.lose_worker();
                return;
            }
        }
    }

    fn lose_worker(&mut self) {
        self.worker = None;
        update::on_worker_lost(&mut self.state);
    }
}

/// The state of a window that has just been opened.
fn first_state(options: &AppOptions, mut settings: Settings) -> State {
    if let Some(theme) = options.theme {
        settings.theme = theme;
    }
    let library = Library::built_in().with_own(&settings.prompts);
    let last = settings.last_lineup.as_deref().filter(|_| options.reopens);
    let reopened = last.map(|text| LineupSource::Composed(text.into()));
    // What is asked for at the start counts for this time.
    let mut compute = options.settings.clone();
    compute.device = (compute.device).or_else(|| settings.habits.device.clone());
    compute.threads = compute.threads.or(settings.habits.threads);
    let mut state = State {
        page: if settings.greet && options.prompt.is_none() && options.open.is_none() {
            Page::Start
        } else {
            Page::default()
        },
        settings,
        training: Training {
            root: options.data.as_ref().map(|data| data.join("objectives")),
            ..Training::default()
        },
        reopening: reopened.is_some(),
        source: reopened.unwrap_or_else(|| options.lineup.clone()),
        compute,
        data: options.data.clone(),
        wanted_weights: options.weights.clone(),
        library,
        ..State::default()
    };
    state.models.folder = options.data.as_ref().map(|data| data.join("lineups"));
    if let Some(prompt) = &options.prompt {
        state.draft.prompt = prompt.clone();
    } else if let Some(first) = state
        .library
        .prompts
        .iter()
        .find(|prompt| !prompt.sensitive)
    {
        state.draft.prompt.text.clone_from(&first.text);
    }
    state
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.drain(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        Window::ui(self, ui);
        if self.state.settings != self.saved {
            // A window at rest draws no frames, and only a frame saves.
            ui.ctx().request_repaint_after(SAVE_AFTER);
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, SETTINGS_KEY, &self.state.settings);
        self.saved = self.state.settings.clone();
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

/// What was remembered from the last time, or the usual settings.
#[must_use]
pub fn remembered(storage: Option<&dyn eframe::Storage>) -> Settings {
    storage
        .and_then(|storage| eframe::get_value(storage, SETTINGS_KEY))
        .unwrap_or_else(|| Settings {
            // Whoever is here for the first time.
            greet: true,
            ..Settings::default()
        })
}
