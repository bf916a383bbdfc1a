//! A window for tests, and a worker whose answers the test writes itself.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};

use counterpoise::app::state::State;
use counterpoise::app::state::settings::Settings;
use counterpoise::app::window::Window;
use counterpoise::app::{AppOptions, theme};
use counterpoise::domain::{Finish, Objective, Pane, RewardKind, RunId};
use counterpoise::engine::decode::GuidedStep;
use counterpoise::engine::mix::{log_softmax, mix};
use counterpoise::engine::sample::draw;
use counterpoise::engine::scorer::StepScores;
use counterpoise::record::Timing;
use counterpoise::worker::{
    Command, Event, LineupInfo, LineupSource, RunEnd, Step, StreamEnd, WorkerHandle,
};
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{AccessKitNode, NodeT, Queryable};

pub(crate) const BASE: [&str; 7] = ["Just", " tell", " them", " a", " good", " lie", "."];
pub(crate) const GUIDED: [&str; 7] = ["Just", " tell", " them", " the", " plain", " truth", "."];

/// All words that the two texts need, and the end of text.
pub(crate) fn vocabulary() -> Arc<[String]> {
    let mut words: Vec<String> = Vec::new();
    for word in BASE.iter().chain(&GUIDED).chain(&[""]) {
        if !words.iter().any(|known| known == word) {
            words.push((*word).to_owned());
        }
    }
    words.into()
}

pub(crate) fn token(text: &str) -> u32 {
    let known = vocabulary();
    known.iter().position(|word| word == text).unwrap() as u32
}

pub(crate) fn info() -> LineupInfo {
    let objective = |name: &str, weight| Objective {
        name: name.to_owned(),
        kind: RewardKind::Adapter,
        weight,
        about: format!("Answers that are {name}"),
        colour: None,
    };
    LineupInfo {
        name: "Test models".to_owned(),
        objectives: vec![
            objective("helpful", 0.5),
            objective("harmless", 1.0),
            objective("humorous", 0.0),
        ],
        texts: vocabulary(),
        device: "CPU: nothing better was found".to_owned(),
        context_len: 256,
        parameters: 4_200_000,
        load_secs: 0.2,
        models: Vec::new(),
        familiar: None,
        is_demo: true,
    }
}

/// Rows in which objective i finds the chosen word the better, the higher its salt.
pub(crate) fn scores(position: usize, chosen: u32) -> StepScores {
    let words = vocabulary().len();
    let row = |salt: usize| {
        let logits: Vec<f32> = (0..words)
            .map(|v| {
                let bump = if v as u32 == chosen { 1.5 } else { 0.0 };
                ((v * 7 + position * 3 + salt * 5) % 11) as f32 * 0.3 + bump * (1.0 - salt as f32)
            })
            .collect();
        log_softmax(&logits)
    };
    StepScores {
        base: row(0),
        rewards: vec![row(1), row(2), row(3)],
    }
}

/// The window and the test's ends of the worker's channels.
pub(crate) struct Stage {
    pub(crate) harness: Harness<'static, Option<Window>>,
    pub(crate) commands: Receiver<Command>,
    pub(crate) events: SyncSender<Event>,
}

impl Stage {
    /// A window that has asked for its models and not got them yet.
    pub(crate) fn opened(options: AppOptions) -> Self {
        Self::remembering(options, Settings::default())
    }

    /// The same with what an earlier window remembered.
    pub(crate) fn remembering(options: AppOptions, settings: Settings) -> Self {
        let (to_worker, commands) = channel();
        let (events, from_worker) = sync_channel(1024);
        let mut worker = Some(WorkerHandle {
            commands: to_worker.into(),
            events: from_worker,
        });
        let harness = Harness::builder()
            .with_size([1280.0, 820.0])
            .with_context_setup(theme::install)
            .build_ui_state(
                move |ui, window: &mut Option<Window>| {
                    if let Some(worker) = worker.take() {
                        let settings = settings.clone();
                        let opened = Window::new(ui.ctx(), worker, &options, settings);
                        *window = Some(opened.unwrap());
                    }
                    window.as_mut().unwrap().frame(ui);
                },
                None,
            );
        let mut stage = Self {
            harness,
            commands,
            events,
        };
        stage.frames(3);
        assert!(matches!(
            stage.next_command(),
            Some(Command::Load {
                source: LineupSource::Demo | LineupSource::File(_) | LineupSource::Composed(_),
                ..
            })
        ));
        stage
    }

    /// A window whose models are loaded.
    pub(crate) fn ready() -> Self {
        let mut stage = Self::opened(AppOptions::default());
        stage.tell(Event::Loaded(Arc::new(info())));
        stage
    }

    pub(crate) fn frames(&mut self, count: usize) {
        self.harness.run_steps(count);
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.events.send(event).unwrap();
        self.frames(2);
    }

    pub(crate) fn next_command(&self) -> Option<Command> {
        self.commands.try_recv().ok()
    }

    pub(crate) fn state(&self) -> &State {
        self.harness.state().as_ref().unwrap().state()
    }

    pub(crate) fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.frames(3);
    }

    pub(crate) fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.frames(3);
    }

    /// The name of what has the keyboard.
    pub(crate) fn focused(&self) -> String {
        let mut nodes = self.harness.query_all_by(has_keyboard);
        let name = nodes.next().map(|node| node.accesskit_node().label());
        name.flatten().unwrap_or_default()
    }

    /// F6 gives the keyboard to these, one after the other.
    pub(crate) fn goes_through(&mut self, parts: &[&str]) {
        let gone = parts.iter().map(|_| {
            self.press(Modifiers::NONE, Key::F6);
            self.focused()
        });
        assert_eq!(gone.collect::<Vec<_>>(), parts);
    }

    pub(crate) fn shows(&self, label: &str) -> bool {
        self.harness
            .query_all_by_label_contains(label)
            .next()
            .is_some()
    }

    /// Presses "Run" and hands back the request.
    pub(crate) fn run(&mut self) -> RunId {
        let again = self.state().run().is_some();
        self.click(if again { "Run again" } else { "Run" });
        match self.next_command() {
            Some(Command::Generate(request)) => request.run,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn write(&mut self, run: RunId, pane: Pane, range: std::ops::Range<usize>) {
        let words = match pane {
            Pane::Base => BASE,
            Pane::Guided => GUIDED,
        };
        for position in range {
            let weights = self.state().draft.effective_weights();
            let id = token(words[position]);
            let step = GuidedStep::new(position, id, scores(position, id), weights);
            self.events
                .send(Event::Step {
                    run,
                    step: Box::new(Step {
                        pane,
                        step,
                        text: words[position].to_owned(),
                    }),
                })
                .unwrap();
        }
        self.frames(2);
    }

    pub(crate) fn finish(&mut self, run: RunId, finish: Finish) {
        let end = |words: &[&str]| StreamEnd {
            finish,
            text: words.concat(),
            tail: String::new(),
            tokens: words.len(),
        };
        self.tell(Event::Finished {
            run,
            end: Box::new(RunEnd {
                base: Some(end(&BASE)),
                guided: end(&GUIDED),
                divergence: Some(3),
                timing: Timing {
                    prefill_secs: 0.1,
                    base_secs: 0.5,
                    guided_secs: 0.5,
                    tokens_per_sec: 28.0,
                },
            }),
        });
    }

    /// A whole run.
    pub(crate) fn answered(&mut self) -> RunId {
        let run = self.run();
        self.write(run, Pane::Base, 0..BASE.len());
        self.write(run, Pane::Guided, 0..GUIDED.len());
        self.finish(run, Finish::Eos);
        run
    }

    pub(crate) fn text_of(&self, label: &str) -> String {
        let node = self.harness.get_by_label(label);
        node.value().unwrap_or_default()
    }
}

impl Stage {
    /// A whole run whose guided words are those that its rows and weights choose.
    pub(crate) fn answered_by_its_rows(&mut self) -> RunId {
        let run = self.run();
        self.write(run, Pane::Base, 0..BASE.len());
        let weights = self.state().draft.effective_weights();
        let sampling = self.state().draft.sampling.clone();
        for (position, word) in GUIDED.iter().enumerate() {
            let rows = scores(position, token(word));
            let id = draw(&mix(&rows, &weights).scores, &sampling, position);
            let step = GuidedStep::new(position, id, rows, weights.clone());
            self.tell(Event::Step {
                run,
                step: Box::new(Step {
                    pane: Pane::Guided,
                    step,
                    text: vocabulary()[id as usize].clone(),
                }),
            });
        }
        self.finish(run, Finish::Eos);
        run
    }

    /// Draws frames until a text is on screen, for what another thread works out.
    pub(crate) fn wait_for(&mut self, label: &str) {
        for _ in 0..400 {
            self.frames(1);
            if self.shows(label) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("{label} never came");
    }

    /// Draws frames until something is known, for what another thread works out.
    pub(crate) fn wait_until(&mut self, known: impl Fn(&State) -> bool) {
        for _ in 0..400 {
            self.frames(1);
            if known(self.state()) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("it never came");
    }

    /// The next command, when it has come.
    pub(crate) fn wait_for_command(&mut self) -> Command {
        for _ in 0..400 {
            self.frames(1);
            if let Some(command) = self.next_command() {
                return command;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("the worker was asked nothing");
    }

    /// Presses a slider at a share of its length, and holds it there.
    pub(crate) fn hold_slider(&mut self, label: &str, share: f32) {
        let rect = self.slider(label);
        let at = rect.left_center() + egui::vec2(rect.width() * share, 0.0);
        self.harness.drag_at(rect.center());
        self.frames(1);
        self.harness.hover_at(at);
        self.frames(2);
    }

    /// Lets a slider go at a share of its length.
    pub(crate) fn let_go(&mut self, label: &str, share: f32) {
        let rect = self.slider(label);
        let at = rect.left_center() + egui::vec2(rect.width() * share, 0.0);
        self.harness.drop_at(at);
        self.frames(3);
    }

    fn slider(&self, label: &str) -> egui::Rect {
        self.harness
            .get_by_role_and_label(Role::Slider, label)
            .rect()
    }
}

fn has_keyboard(node: &AccessKitNode<'_>) -> bool {
    node.is_focused()
}
