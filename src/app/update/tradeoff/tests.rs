use super::*;
use crate::app::pages::tradeoff::ChartView;
use crate::app::picture::plot::{self, PlotRequest};
use crate::app::state::LineupState;
use crate::app::state::models::DialogAnswer;
use crate::app::state::tradeoff::{PromptChoice, SaveAnswer, SweepWay};
use crate::app::update::{self, Action};
use crate::domain::{Finish, Objective, RewardKind};
use crate::engine::tradeoff::{Measure, Row, TextScores};
use crate::worker::Event;

pub(super) fn info() -> LineupInfo {
    LineupInfo {
        name: "test".to_owned(),
        objectives: ["helpful", "harmless", "humorous"]
            .map(|name| Objective {
                name: name.to_owned(),
                kind: RewardKind::Adapter,
                weight: 0.5,
                about: String::new(),
                colour: None,
            })
            .to_vec(),
        ..LineupInfo::default()
    }
}

pub(super) fn ready() -> State {
    let mut state = State {
        lineup: LineupState::Missing,
        ..State::default()
    };
    state.draft.prompt.text = "A question".to_owned();
    update::on_event(&mut state, Event::Loaded(Arc::new(info())));
    state
}

pub(super) fn does(state: &mut State, action: TradeoffAction) -> Vec<Command> {
    update::apply(state, Action::Tradeoff(action))
}

/// A sweep of helpful from 0 to 2 in three steps.
pub(super) fn begun() -> (State, RunId) {
    let mut state = ready();
    for (objective, on) in [(0, true), (1, false)] {
        let swept = Swept {
            on,
            low: 0.0,
            high: 2.0,
            steps: 3,
        };
        does(&mut state, TradeoffAction::SetSwept { objective, swept });
    }
    let commands = does(&mut state, TradeoffAction::Start);
    let [Command::Sweep(SweepCommand::Start(request))] = &commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(request.settings.len(), 4);
    assert_eq!(*request.settings[3], [2.0, 0.5, 0.5]);
    (state, request.run)
}

pub(super) fn row(setting: usize, scores: [f64; 3]) -> Row {
    Row {
        setting,
        prompt: 0,
        sample: 0,
        text: format!("text {setting}"),
        finish: Finish::Eos,
        scores: TextScores {
            tokens: 1,
            base: -1.0,
            rewards: vec![-1.0, -2.0, -3.0],
            advantages: scores.to_vec(),
        },
    }
}

pub(super) fn tell(state: &mut State, run: RunId, row: Row) {
    let pace = Pace {
        texts: row.setting + 1,
        of: 16,
        tokens: 10,
        secs: 0.5,
    };
    let row = Box::new(row);
    update::on_event(state, Event::Sweep(SweepEvent::Row { run, row, pace }));
}

pub(super) fn end(state: &mut State, run: RunId, cancelled: bool) {
    let pace = Pace {
        texts: 4,
        of: 16,
        tokens: 40,
        secs: 2.0,
    };
    let event = SweepEvent::Ended {
        run,
        cancelled,
        pace,
    };
    update::on_event(state, Event::Sweep(event));
}

pub(super) fn written() -> State {
    let (mut state, run) = begun();
    for (setting, scores) in [
        (0, [0.0, 0.1, 0.0]),
        (1, [0.1, 0.5, 0.0]),
        (2, [0.6, 0.3, 0.0]),
        (3, [0.9, -0.2, 0.0]),
    ] {
        tell(&mut state, run, row(setting, scores));
    }
    end(&mut state, run, false);
    state
}

#[test]
fn a_sweep_is_put_together_from_the_set_up() {
    let mut state = ready();
    assert_eq!(state.tradeoff.setup.swept(), [0, 1]);
    does(&mut state, TradeoffAction::SetPrompts(PromptChoice::Typed));
    assert!(state.tradeoff.setup.size(&state).is_err());
    assert!(does(&mut state, TradeoffAction::Start).is_empty());
    let typed = "One?\n\n  Two?  ".to_owned();
    does(&mut state, TradeoffAction::EditTyped(typed));
    does(&mut state, TradeoffAction::SetWay(SweepWay::Random));
    let random = TradeoffAction::SetRandom {
        count: 10,
        total: 1.5,
    };
    does(&mut state, random);
    does(&mut state, TradeoffAction::SetSamples(3));
    assert_eq!(state.tradeoff.setup.size(&state), Ok([11, 2, 66]));
    let commands = does(&mut state, TradeoffAction::Start);
    let [Command::Sweep(SweepCommand::Start(request))] = &commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(request.prompts[1].text, "Two?");
    assert_eq!(request.texts(), 66);
    assert!(request.settings[1..].iter().all(|weights| {
        (weights[0] + weights[1] - 1.5).abs() < 1e-9 && (weights[2] - 0.5).abs() < 1e-9
    }));
    // One at a time.
    assert!(does(&mut state, TradeoffAction::Start).is_empty());
}

#[test]
fn what_is_typed_out_of_range_is_mended() {
    let mut state = ready();
    let swept = Swept {
        on: true,
        low: 3.0,
        high: f64::NAN,
        steps: 0,
    };
    let objective = 0;
    does(&mut state, TradeoffAction::SetSwept { objective, swept });
    let mended = state.tradeoff.setup.objectives[0];
    assert_eq!((mended.low, mended.high, mended.steps), (0.0, 3.0, 1));
    does(&mut state, TradeoffAction::SetSamples(0));
    assert_eq!(state.tradeoff.setup.samples, 1);
}

#[test]
fn rows_become_an_outcome_and_a_click_sets_the_sliders() {
    let mut state = written();
    let sweep = state.tradeoff.sweep.as_ref().unwrap();
    assert_eq!(sweep.phase, SweepPhase::Done);
    assert!(sweep.record.complete);
    assert_eq!(state.tradeoff.speed, Some(20.0));
    // Only helpful is swept: its best is the front, and the volume is the way there from the plain model.
    let ringed: Vec<bool> = sweep.outcome.standings.iter().map(|s| s.on_front).collect();
    assert_eq!(ringed, [false, false, false, true]);
    assert!((sweep.outcome.hypervolume.unwrap() - 0.9).abs() < 1e-9);
    assert_eq!(state.tradeoff.look.axes, [0, 1]);
    does(&mut state, TradeoffAction::Load(2));
    assert_eq!(*state.draft.effective_weights(), [1.0, 0.5, 0.5]);
    assert_eq!(state.tradeoff.look.loaded, Some(2));
    update::apply(&mut state, Action::Undo);
    assert_eq!(*state.draft.effective_weights(), [0.5, 0.5, 0.5]);
}

#[test]
fn the_handle_goes_along_the_curve_as_one_step_of_undo() {
    let mut state = written();
    // From 0, 1 and 2 with the others as they stood; the plain model is no part of it.
    assert_eq!(state.tradeoff.curve().unwrap().settings, [1, 2, 3]);
    for place in [0.25, 1.0, 1.5] {
        does(&mut state, TradeoffAction::Along(place));
    }
    update::apply(&mut state, Action::EndEdit);
    assert_eq!(*state.draft.effective_weights(), [1.5, 0.5, 0.5]);
    update::apply(&mut state, Action::Undo);
    assert_eq!(*state.draft.effective_weights(), [0.5, 0.5, 0.5]);
}

#[test]
fn a_stopped_sweep_keeps_its_rows_and_later_ones() {
    let (mut state, run) = begun();
    tell(&mut state, run, row(0, [0.0; 3]));
    let paused = does(&mut state, TradeoffAction::Pause(true));
    assert!(matches!(
        paused[..],
        [Command::Sweep(SweepCommand::Pause { paused: true, .. })]
    ));
    let stopped = does(&mut state, TradeoffAction::Stop);
    assert!(matches!(
        stopped[..],
        [Command::Sweep(SweepCommand::Stop(_))]
    ));
    assert!(state.tradeoff.sweep.as_ref().unwrap().cancel.is_cancelled());
    tell(&mut state, run, row(1, [0.1; 3]));
    tell(&mut state, RunId(999), row(2, [0.1; 3]));
    end(&mut state, run, true);
    let sweep = state.tradeoff.sweep.as_ref().unwrap();
    assert_eq!(sweep.phase, SweepPhase::Stopped);
    assert_eq!(sweep.record.rows.len(), 2);
    assert_eq!(sweep.outcome.standings[1].texts, 1);
    assert!(!sweep.record.complete);
}

#[test]
fn numbers_that_lag_behind_are_due_soon() {
    let (mut state, run) = begun();
    state.now_secs = 10.0;
    tell(&mut state, run, row(0, [1.0, 2.0, 0.0]));
    settle(&mut state);
    assert_eq!(sweep_due_in(&state), None);
    tell(&mut state, run, row(1, [2.0, 1.0, 0.0]));
    state.now_secs += LAG_SECS / 2.0;
    settle(&mut state);
    let left = sweep_due_in(&state).unwrap();
    assert!((left - LAG_SECS / 2.0).abs() < 1e-9);
    state.now_secs += left;
    settle(&mut state);
    assert_eq!(sweep_due_in(&state), None);
}

#[test]
fn a_failure_is_told_on_the_page() {
    let (mut state, run) = begun();
    let failure = Failure::failed("The disk melted");
    let event = Event::Failed {
        run: Some(run),
        failure: failure.clone(),
    };
    update::on_event(&mut state, event);
    let sweep = state.tradeoff.sweep.as_ref().unwrap();
    assert_eq!(sweep.phase, SweepPhase::Failed(failure));
    assert!(state.problem.is_none());
}

#[test]
fn another_measure_and_reference_change_the_numbers() {
    let mut state = written();
    does(&mut state, TradeoffAction::SetMeasure(Measure::Reward));
    let volume = |state: &State| {
        let sweep = state.tradeoff.sweep.as_ref().unwrap();
        sweep.outcome.hypervolume.unwrap()
    };
    assert!(volume(&state).abs() < 1e-9);
    does(&mut state, TradeoffAction::SetMeasure(Measure::Advantage));
    let worst = crate::engine::tradeoff::Reference::At(vec![-0.1]);
    does(&mut state, TradeoffAction::SetReference(worst));
    assert!((volume(&state) - 1.0).abs() < 1e-9);
}

#[test]
fn other_models_leave_the_sweep_readable_but_not_to_be_used() {
    let mut state = written();
    let mut other = info();
    other.objectives.truncate(2);
    update::on_event(&mut state, Event::Loaded(Arc::new(other)));
    assert!(!fits_sliders(&state));
    assert!(does(&mut state, TradeoffAction::Load(2)).is_empty());
    assert_eq!(*state.draft.effective_weights(), [0.5, 0.5]);
    assert_eq!(state.tradeoff.setup.objectives.len(), 2);
    assert!(state.tradeoff.sweep.is_some());
}

#[test]
fn a_sweep_is_saved_where_a_person_says() {
    let mut state = written();
    does(&mut state, TradeoffAction::Save);
    assert!(matches!(&state.tradeoff.saved, Saved::Failed(_)));
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("sweep.csv");
    does(&mut state, TradeoffAction::Browse);
    let (serial, _) = state.tradeoff.dialog.unwrap();
    on_dialog(&mut state, serial, DialogAnswer::Chosen(path.clone()));
    let Saved::Writing(request) = &state.tradeoff.saved else {
        panic!("{:?}", state.tradeoff.saved);
    };
    let answer = request.as_ref().clone().answer();
    on_saved(&mut state, answer);
    assert!(matches!(&state.tradeoff.saved, Saved::At(at) if *at == path));
    let csv = std::fs::read_to_string(&path).unwrap();
    assert_eq!(csv.lines().count(), 5);
    assert!(csv.contains("text 3"));
    // A picture is painted from what is on screen.
    let picture = home.path().join("sweep.PNG");
    does(
        &mut state,
        TradeoffAction::EditPath(picture.display().to_string()),
    );
    does(&mut state, TradeoffAction::SetPictureScale(3));
    does(&mut state, TradeoffAction::Save);
    let Saved::Painting(serial, path) = &state.tradeoff.saved else {
        panic!("{:?}", state.tradeoff.saved);
    };
    let request = |dark, scale| PlotRequest {
        serial: *serial,
        path: path.clone(),
        view: ChartView::build(&state).unwrap(),
        caption: plot::caption(&state.tradeoff.sweep.as_ref().unwrap().record, "so"),
        dark,
        scale,
    };
    let side = |answer: &SaveAnswer| {
        let path = answer.result.as_ref().unwrap();
        let picture = image::open(path).unwrap().to_rgba8();
        (picture.width(), picture.get_pixel(1, 1).0[0])
    };
    assert_eq!(side(&request(true, 1).answer()), (720, 0x13));
    let answer = request(false, state.tradeoff.look.picture_scale).answer();
    assert_eq!(side(&answer), (2160, 0xf3));
    on_saved(&mut state, answer);
    assert!(matches!(&state.tradeoff.saved, Saved::At(at) if *at == picture));
    // Or as vectors, by another ending.
    let vectors = home.path().join("sweep.svg");
    let typed = TradeoffAction::EditPath(vectors.display().to_string());
    does(&mut state, typed);
    does(&mut state, TradeoffAction::Save);
    let Saved::Painting(serial, path) = &state.tradeoff.saved else {
        panic!("{:?}", state.tradeoff.saved);
    };
    let answer = PlotRequest {
        serial: *serial,
        path: path.clone(),
        view: ChartView::build(&state).unwrap(),
        caption: plot::caption(&state.tradeoff.sweep.as_ref().unwrap().record, "Honestly"),
        dark: false,
        scale: 1,
    }
    .answer();
    on_saved(&mut state, answer);
    assert!(matches!(&state.tradeoff.saved, Saved::At(at) if *at == vectors));
    let picture = std::fs::read_to_string(&vectors).unwrap();
    for part in [
        ">Trade-off between helpful and harmless<",
        ">Honestly<",
        ">harmless, nats per token<",
        "Weights: helpful 0.00 to 2.00, harmless 0.00 to 0.50, humorous 0.00 to 0.50",
        "4 settings · 1 prompt · 4 samples · first seed",
    ] {
        assert!(picture.contains(part), "{part}");
    }
    // A wrong ending is told.
    let wrong = home.path().join("sweep.xls").display().to_string();
    does(&mut state, TradeoffAction::EditPath(wrong));
    does(&mut state, TradeoffAction::Save);
    let Saved::Writing(request) = &state.tradeoff.saved else {
        panic!("{:?}", state.tradeoff.saved);
    };
    let answer = request.as_ref().clone().answer();
    on_saved(&mut state, answer);
    assert!(matches!(&state.tradeoff.saved, Saved::Failed(_)));
}

#[test]
fn marks_on_axes_go_with_the_measure_that_they_are_of() {
    let mut state = ready();
    let mark = |axis| TradeoffAction::Mark {
        axis,
        range: Some([0.2, 0.5]),
    };
    does(&mut state, mark(1));
    assert_eq!(state.tradeoff.look.marks, [None, Some([0.2, 0.5])]);
    does(&mut state, TradeoffAction::SetMeasure(Measure::Reward));
    assert!(state.tradeoff.look.marks.is_empty());
}
