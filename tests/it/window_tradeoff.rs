//! The Trade-off page as a person uses it, and that it tells the same numbers as the command line.

use std::sync::Arc;
use std::time::Duration;

use counterpoise::app::state::State;
use counterpoise::app::state::page::Page;
use counterpoise::app::state::tradeoff::{PromptChoice, SweepPhase, Swept, Wanted};
use counterpoise::app::update::{self, Action, TradeoffAction};
use counterpoise::domain::{CancelToken, Finish};
use counterpoise::engine::insight::ObjectiveInsight;
use counterpoise::engine::sums::TextSums;
use counterpoise::engine::tradeoff::{Row, TextScores};
use counterpoise::worker::sweep::{Pace, SweepCommand, SweepEvent, SweepRequest};
use counterpoise::worker::{self, Command, ComputeSettings, Event, LineupSource};
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use serde_json::Value;

use crate::common::run;
use crate::stage::{Stage, info};

const QUESTIONS: [&str; 2] = [
    "My neighbour plays loud music at night. What should I do?",
    "How do I tell a friend that I broke her cup?",
];

/// Longer than any machine needs.
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn the_window_and_the_command_line_tell_the_same_numbers() {
    let worker = worker::start(|| {}).unwrap();
    let load = Command::Load {
        source: LineupSource::Demo,
        settings: ComputeSettings::default(),
        cancel: CancelToken::default(),
    };
    worker.commands.send(load).unwrap();
    let mut state = State::default();
    let hear = |state: &mut State| {
        let event = worker.events.recv_timeout(PATIENCE).unwrap();
        assert!(!matches!(event, Event::Failed { .. }), "{event:?}");
        update::on_event(state, event);
    };
    while state.objectives().is_empty() {
        hear(&mut state);
    }
    let at = |name: &str| {
        let mut names = state
            .objectives()
            .iter()
            .map(|objective| objective.name.as_str());
        names.position(|other| other == name).unwrap()
    };
    let places = ["helpful", "harmless"].map(at);
    let mut actions = vec![
        TradeoffAction::SetPrompts(PromptChoice::Typed),
        TradeoffAction::EditTyped(QUESTIONS.join("\n")),
        TradeoffAction::SetSamples(2),
        TradeoffAction::SetMaxTokens(24),
    ];
    for objective in 0..state.objectives().len() {
        let swept = Swept {
            on: places.contains(&objective),
            low: 0.0,
            high: 1.5,
            steps: 2,
        };
        actions.push(TradeoffAction::SetSwept { objective, swept });
    }
    actions.push(TradeoffAction::Start);
    for action in actions {
        for command in update::apply(&mut state, Action::Tradeoff(action)) {
            worker.commands.send(command).unwrap();
        }
    }
    while state.tradeoff.active().is_some() {
        hear(&mut state);
    }
    let sweep = state.tradeoff.sweep.as_ref().unwrap();
    assert_eq!(sweep.phase, SweepPhase::Done);
    let window: Value =
        serde_json::from_str(&sweep.record.json(&sweep.outcome).to_string()).unwrap();
    let home = tempfile::tempdir().unwrap();
    let questions = home.path().join("questions.txt");
    std::fs::write(&questions, QUESTIONS.join("\n")).unwrap();
    let line = run(&[
        "sweep",
        "--prompts",
        questions.to_str().unwrap(),
        "--grid",
        "helpful=0:1.5:2",
        "--grid",
        "harmless=0:1.5:2",
        "--samples",
        "2",
        "--max-tokens",
        "24",
        "--json",
    ])
    .json();
    for part in ["summary", "settings", "rows", "sampling", "seed", "prompts"] {
        assert_eq!(window[part], line[part], "{part}");
    }
    assert_eq!(
        window["rows"].as_array().unwrap().len(),
        2 * 2 * window["settings"].as_array().unwrap().len()
    );
}

/// A window on the page.
fn stage() -> Stage {
    let mut stage = Stage::ready();
    stage.press(Modifiers::COMMAND, Key::Num4);
    assert_eq!(stage.state().page, Page::Tradeoff);
    stage
}

impl Stage {
    /// Presses the button and hands back what the worker is asked.
    fn sweep(&mut self) -> SweepRequest {
        self.click("Start sweep");
        match self.next_command() {
            Some(Command::Sweep(SweepCommand::Start(request))) => *request,
            other => panic!("{other:?}"),
        }
    }

    /// Tells the first text of every setting: the more weight, the better, and the worse for the others.
    fn tell_rows(&mut self, request: &SweepRequest) {
        for (setting, weights) in request.settings.iter().enumerate() {
            let advantages = (0..weights.len())
                .map(|index| 2.0 * weights[index].sqrt() - 0.5 * weights.iter().sum::<f64>())
                .collect();
            let row = Row {
                setting,
                prompt: 0,
                sample: 0,
                text: format!("Answer number {setting}"),
                finish: Finish::Eos,
                scores: TextScores {
                    tokens: 2,
                    base: -4.0,
                    rewards: vec![-5.0; weights.len()],
                    advantages,
                },
            };
            self.tell(Event::Sweep(SweepEvent::Row {
                run: request.run,
                row: Box::new(row),
                pace: pace(request, setting + 1),
            }));
        }
    }

    /// Presses a button of the table, as an assistive tool does wherever it is scrolled to.
    fn take(&mut self, label: &str) {
        self.harness.get_by_label(label).click_accesskit();
        self.frames(3);
    }

    fn tell_end(&mut self, request: &SweepRequest) {
        self.tell(Event::Sweep(SweepEvent::Ended {
            run: request.run,
            cancelled: false,
            pace: pace(request, request.texts()),
        }));
    }
}

fn pace(request: &SweepRequest, texts: usize) -> Pace {
    Pace {
        texts,
        of: request.texts(),
        tokens: 2 * texts,
        secs: 0.01 * texts as f64,
    }
}

#[test]
fn a_sweep_from_its_set_up_to_the_sliders() {
    let mut stage = stage();
    assert!(stage.shows("See what each objective costs the others"));
    assert!(stage.shows("texts: 25 settings × 1 prompt × 4 samples"));
    let request = stage.sweep();
    assert_eq!(request.settings.len(), 25);
    assert!(stage.shows("Writing…"));
    stage.tell_rows(&request);
    // The numbers follow, the honest word stands beside them.
    stage.click("Pause");
    assert!(matches!(
        stage.next_command(),
        Some(Command::Sweep(SweepCommand::Pause { paused: true, .. }))
    ));
    assert!(stage.shows("Hypervolume"));
    assert!(stage.shows("Mean inner product"));
    assert!(stage.shows("expect optimism"));
    assert!(stage.shows("Scatter of harmless against helpful: 25 settings"));
    stage.click("Go on");
    assert!(matches!(
        stage.next_command(),
        Some(Command::Sweep(SweepCommand::Pause { paused: false, .. }))
    ));
    stage.tell_end(&request);
    assert!(stage.shows("Done"));
    stage.take("Use the weights harmless 0.50");
    assert_eq!(*stage.state().draft.effective_weights(), [0.0, 0.5, 0.0]);
    stage.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(*stage.state().draft.effective_weights(), [0.5, 1.0, 0.0]);
}

#[test]
fn the_table_sorts_by_any_score_and_lists_the_texts() {
    let mut stage = stage();
    let request = stage.sweep();
    stage.tell_rows(&request);
    stage.tell_end(&request);
    stage.click("Sort by harmless");
    // The best for harmlessness is its largest weight alone.
    let rows = stage.harness.get_all_by_label_contains("Use the weights");
    let top = rows
        .min_by(|a, b| a.rect().top().total_cmp(&b.rect().top()))
        .unwrap();
    assert_eq!(
        top.accesskit_node().label().unwrap(),
        "Use the weights harmless 2.00"
    );
    stage.click("Table of texts");
    assert!(stage.shows("Answer number 1"));
}

#[test]
fn the_way_along_the_front_sets_the_sliders() {
    let mut stage = stage();
    let request = stage.sweep();
    stage.tell_rows(&request);
    stage.tell_end(&request);
    stage.click("Sort by helpful");
    stage.take("Use the weights helpful 2.00");
    let before = stage.state().draft.effective_weights();
    let handle = stage
        .harness
        .get_by_role_and_label(Role::Slider, "Along the front")
        .rect();
    stage.harness.drag_at(handle.center());
    stage.frames(1);
    stage.harness.hover_at(handle.left_center());
    stage.frames(2);
    stage.harness.drop_at(handle.left_center());
    stage.frames(3);
    let after = stage.state().draft.effective_weights();
    assert_ne!(before, after);
    // At its left end stands what is best upwards.
    assert_eq!(*after, [0.0, 2.0, 0.0]);
}

#[test]
fn the_handle_follows_the_sliders_and_moves_none_by_itself() {
    let mut stage = stage();
    let request = stage.sweep();
    stage.tell_rows(&request);
    stage.tell_end(&request);
    stage.press(Modifiers::COMMAND, Key::Num1);
    stage.hold_slider("harmless weight", 0.437);
    stage.let_go("harmless weight", 0.437);
    let put = stage.state().draft.effective_weights();
    stage.press(Modifiers::COMMAND, Key::Num4);
    stage.frames(5);
    assert!(stage.shows("Along the front"));
    assert_eq!(stage.state().draft.effective_weights(), put);
    // A setting is marked as in use only while the sliders stand on it.
    stage.take("Use the weights harmless 0.50");
    let loaded = update::loaded(stage.state()).unwrap();
    assert_eq!(*request.settings[loaded], [0.0, 0.5, 0.0]);
    stage.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(update::loaded(stage.state()), None);
}

#[test]
fn stopping_keeps_what_is_there() {
    let mut stage = stage();
    let request = stage.sweep();
    stage.tell_rows(&request);
    stage.click("Stop");
    assert!(matches!(
        stage.next_command(),
        Some(Command::Sweep(SweepCommand::Stop(run))) if run == request.run
    ));
    assert!(request.cancel.is_cancelled());
    assert!(stage.shows("Stopped; what was written is below"));
    assert!(stage.shows("Hypervolume"));
    assert_eq!(
        stage
            .state()
            .tradeoff
            .sweep
            .as_ref()
            .unwrap()
            .record
            .rows
            .len(),
        25
    );
}

#[test]
fn three_objectives_have_a_triangle_and_all_pairs() {
    let mut stage = stage();
    stage.click("humorous");
    assert!(stage.shows("125 settings"));
    let request = stage.sweep();
    stage.tell_rows(&request);
    stage.tell_end(&request);
    stage.click("Picture: Triangle");
    assert!(stage.shows("Triangle of weights, coloured by helpful"));
    stage.click("Picture: All pairs");
    stage.click("Scatter of humorous against harmless");
    assert!(stage.shows("Scatter of humorous against harmless: 125 settings"));
}

#[test]
fn scores_of_somebody_else_come_from_a_file_and_stand_on_an_axis() {
    let mut stage = stage();
    let request = stage.sweep();
    stage.tell_rows(&request);
    stage.tell_end(&request);
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().to_owned();
    let window = stage.harness.state_mut().as_mut().unwrap();
    window.set_sweep_dialogs(move |wanted| {
        Some(folder.join(match wanted {
            Wanted::Sweep => "sweep.csv",
            Wanted::Texts => "texts.csv",
            Wanted::Scores => "scores.csv",
        }))
    });
    stage.take("Independent scores");
    assert!(stage.shows("The models in use steered this sweep"));
    stage.take("Texts for a scorer…");
    stage.wait_for("Saved as ");
    // Whoever reads it likes late answers, and has not seen the first.
    let texts = std::fs::read_to_string(home.path().join("texts.csv")).unwrap();
    let mut rows = texts.lines();
    let mut scored = vec![format!("{},late", rows.next().unwrap())];
    for (number, row) in rows.enumerate() {
        let score = if number == 0 {
            String::new()
        } else {
            number.to_string()
        };
        scored.push(format!("{row},{score}"));
    }
    std::fs::write(home.path().join("scores.csv"), scored.join("\r\n")).unwrap();
    stage.take("Scores of the texts…");
    stage.wait_for("Read late (from scores.csv): scores for 24 of 25 texts");
    assert!(stage.shows("Scatter of late (from scores.csv) against helpful: 24 settings"));
    assert!(stage.shows("helpful is scored by the same reward models that steer"));
    // It sorts the table like any other, and goes with a way back.
    stage.take("Sort by late (from scores.csv)");
    stage.take("Remove late (from scores.csv)");
    assert!(stage.shows("Scatter of harmless against helpful: 25 settings"));
    assert!(stage.shows("Scored by the same reward models that steer; expect optimism"));
    stage.take("Undo the last change of scores");
    assert!(stage.shows("Remove late (from scores.csv)"));
}

#[test]
fn other_models_score_the_texts_of_a_sweep() {
    let mut stage = stage();
    let request = stage.sweep();
    stage.tell_rows(&request);
    stage.tell_end(&request);
    let mut others = info();
    others.name = "Others".to_owned();
    others.objectives.truncate(1);
    "brief".clone_into(&mut others.objectives[0].name);
    stage.tell(Event::Loaded(Arc::new(others)));
    stage.take("Independent scores");
    stage.take("Score with Others");
    for number in 1..=25 {
        let Some(Command::Score(score)) = stage.next_command() else {
            panic!("text {number} was not asked for");
        };
        assert_eq!(score.response, format!("Answer number {}", number - 1));
        let brief = ObjectiveInsight {
            reward: -1.0,
            advantage: 0.5 * f64::from(number),
        };
        stage.tell(Event::Scored {
            run: score.run,
            tokens: 1,
            tail: String::new(),
            sums: TextSums {
                tokens: 1,
                objectives: vec![brief],
                ..TextSums::default()
            },
        });
    }
    assert!(stage.shows("Scored: Others scores for 25 of 25 texts"));
    assert!(stage.shows("Scatter of brief (by Others) against helpful: 25 settings"));
}

#[test]
fn what_is_missing_is_said_beside_the_button() {
    let mut stage = stage();
    stage.click("Typed");
    assert!(stage.shows("Type a prompt, one on each line"));
    stage.click("Library");
    assert!(stage.shows("Tick a prompt of the library"));
    stage.click("Tick all");
    assert!(stage.shows("settings × "));
    for name in ["helpful", "harmless"] {
        stage.click(name);
    }
    assert!(stage.shows("Tick an objective whose weight is to be swept"));
}
