//! Scores from elsewhere: a file's way out and back, and models that did not steer.

use std::path::Path;

use super::tests::{begun, does, end, info, row, tell, written};
use super::*;
use crate::app::pages::tradeoff::{ChartView, Judge, ScoresView, SummaryView};
use crate::app::state::models::DialogAnswer;
use crate::app::update;
use crate::domain::{Objective, RewardKind};
use crate::engine::insight::ObjectiveInsight;
use crate::engine::sums::TextSums;
use crate::engine::tradeoff::{HONESTY, Measure};
use crate::worker::{Event, ModelInfo, ScoreRequest};

fn scores(state: &mut State, action: ScoresAction) -> Vec<Command> {
    does(state, TradeoffAction::Scores(action))
}

/// Lets the thread for files do what is wished.
fn answer(state: &mut State) {
    let wish = state.tradeoff.scores.wishes[0].clone();
    on_scores(state, wish.answer());
}

fn note(state: &State) -> String {
    match state.tradeoff.scores.note.as_ref().unwrap() {
        Ok(words) => words.clone(),
        Err(failure) => format!("failed: {}", failure.summary),
    }
}

fn labels(state: &State) -> Vec<String> {
    let scores = &state.tradeoff.sweep.as_ref().unwrap().record.independent;
    scores.iter().map(|one| one.label.clone()).collect()
}

/// Has the texts saved, scored as many points as `points` gives their numbers, and read.
fn scored_from_file(state: &mut State, home: &Path, points: [&str; 4]) {
    let path = home.join("texts.csv").display().to_string();
    scores(state, ScoresAction::EditTextsPath(path.clone()));
    scores(state, ScoresAction::SaveTexts);
    answer(state);
    assert!(note(state).starts_with("Saved as "), "{}", note(state));
    let texts = std::fs::read_to_string(path).unwrap();
    let mut lines = texts.lines();
    let head = lines.next().unwrap();
    assert_eq!(head, "key,prompt,response");
    let mut out = vec![format!("{head},polite")];
    for line in lines {
        let number: usize = line.split("text ").nth(1).unwrap().parse().unwrap();
        out.push(format!("{line},{}", points[number]));
    }
    let back = home.join("scores.csv");
    std::fs::write(&back, out.join("\n")).unwrap();
    scores(state, ScoresAction::EditPath(back.display().to_string()));
    scores(state, ScoresAction::Read);
    answer(state);
}

#[test]
fn a_file_of_scores_becomes_an_axis_with_a_front_of_its_own() {
    let mut state = written();
    let home = tempfile::tempdir().unwrap();
    scored_from_file(&mut state, home.path(), ["4", "5", "3", ""]);
    assert_eq!(
        note(&state),
        "Read polite (from scores.csv): scores for 3 of 4 texts"
    );
    // It stands upwards, and the front is over helpful and politeness: (0.1, 5) and (0.6, 3) beat the plain model's (0, 4)
    // in one each; of setting 3 nobody knows.
    assert_eq!(state.tradeoff.look.axes, [0, 3]);
    let sweep = state.tradeoff.sweep.as_ref().unwrap();
    let ringed: Vec<bool> = sweep.outcome.standings.iter().map(|s| s.on_front).collect();
    assert_eq!(ringed, [false, true, true, false]);
    // 0.1 × 1: the other lies below the plain model in politeness.
    assert!((sweep.outcome.hypervolume.unwrap() - 0.1).abs() < 1e-9);
    let view = ChartView::build(&state).unwrap();
    assert_eq!(view.objectives[3], "polite (from scores.csv)");
    assert_eq!(view.units[3], None);
    assert!(view.words().contains("3 settings, 2 of them not beaten"));
    assert!(view.dots[1].hint.contains("polite (from scores.csv) 5.000"));
    let summary = SummaryView::build(&state).unwrap();
    assert_eq!(
        summary.honesty,
        "helpful is scored by the same reward models that steer; expect optimism there"
    );
    let (_, unit) = summary.volume.unwrap();
    assert_eq!(
        unit,
        "helpful × polite (from scores.csv) above helpful 0.000, polite (from scores.csv) 4.000"
    );
    // With both axes of its own scores the old word stands again, and the old front.
    let axis = TradeoffAction::SetAxis {
        place: 1,
        objective: 1,
    };
    does(&mut state, axis);
    assert_eq!(SummaryView::build(&state).unwrap().honesty, HONESTY);
    let outcome = &state.tradeoff.sweep.as_ref().unwrap().outcome;
    assert_eq!(outcome.front_axes, [0]);
}

#[test]
fn a_score_goes_and_comes_back() {
    let mut state = written();
    let home = tempfile::tempdir().unwrap();
    scored_from_file(&mut state, home.path(), ["4", "5", "3", "1"]);
    let before = state.tradeoff.sweep.as_ref().unwrap().outcome.clone();
    scores(&mut state, ScoresAction::Remove(0));
    assert!(labels(&state).is_empty());
    assert_eq!(state.tradeoff.look.axes, [0, 1]);
    assert_eq!(note(&state), "polite (from scores.csv) is gone");
    scores(&mut state, ScoresAction::GoBack);
    assert_eq!(labels(&state), ["polite (from scores.csv)"]);
    does(
        &mut state,
        TradeoffAction::SetAxis {
            place: 1,
            objective: 3,
        },
    );
    assert_eq!(state.tradeoff.sweep.as_ref().unwrap().outcome, before);
    // A file of the same name takes the place of what it brought before.
    scored_from_file(&mut state, home.path(), ["1", "1", "1", "9"]);
    assert_eq!(labels(&state).len(), 1);
    let outcome = &state.tradeoff.sweep.as_ref().unwrap().outcome;
    assert!(outcome.standings[3].on_front && !outcome.standings[1].on_front);
    // The next sweep has other texts.
    end(&mut state, RunId(0), false);
    does(&mut state, TradeoffAction::Start);
    assert!(labels(&state).is_empty() && state.tradeoff.scores.before.is_none());
}

#[test]
fn a_bad_file_is_told_and_nothing_is_lost() {
    let mut state = written();
    let home = tempfile::tempdir().unwrap();
    scored_from_file(&mut state, home.path(), ["4", "5", "3", "1"]);
    let bad = home.path().join("bad.csv");
    for (contents, words) in [
        (
            "polite\n1\n",
            "failed: The file does not say which text a score belongs to",
        ),
        (
            "key,polite\nt1,1\n",
            "failed: None of the file's rows belongs to a text of this sweep",
        ),
        (
            "key,polite\nt1\n",
            "failed: bad data at line 2: it has 1 cells, the first line 2",
        ),
        ("", "failed: the data file is empty"),
        (
            "\u{0}\u{1}",
            "failed: The file does not say which text a score belongs to",
        ),
    ] {
        std::fs::write(&bad, contents).unwrap();
        scores(&mut state, ScoresAction::Drop(bad.clone()));
        answer(&mut state);
        let told = note(&state);
        assert!(
            told == words || contents.starts_with('\u{0}') && told.starts_with("failed"),
            "{told}"
        );
        assert_eq!(labels(&state), ["polite (from scores.csv)"]);
    }
    std::fs::write(&bad, [0xff, 0xfe, 0x41]).unwrap();
    scores(&mut state, ScoresAction::Read);
    answer(&mut state);
    assert_eq!(
        note(&state),
        "failed: the data file is not readable as UTF-8 text"
    );
    // A file dialog that never came says so; texts want a known ending.
    scores(&mut state, ScoresAction::Browse(Wanted::Scores));
    let (serial, _) = state.tradeoff.dialog.unwrap();
    on_dialog(&mut state, serial, DialogAnswer::NeverShown);
    assert!(note(&state).contains("no file dialog"));
    scores(
        &mut state,
        ScoresAction::EditTextsPath("texts.doc".to_owned()),
    );
    scores(&mut state, ScoresAction::SaveTexts);
    assert_eq!(
        note(&state),
        "failed: Texts for a scorer are kept as .csv or .jsonl"
    );
}

#[test]
fn what_is_saved_has_the_scores_as_well() {
    let mut state = written();
    let home = tempfile::tempdir().unwrap();
    scored_from_file(&mut state, home.path(), ["4", "5", "3", ""]);
    let mut save = |name: &str| {
        let path = home.path().join(name);
        does(
            &mut state,
            TradeoffAction::EditPath(path.display().to_string()),
        );
        does(&mut state, TradeoffAction::Save);
        let Saved::Writing(request) = &state.tradeoff.saved else {
            panic!("{:?}", state.tradeoff.saved);
        };
        let answer = request.answer();
        on_saved(&mut state, answer);
        std::fs::read_to_string(path).unwrap()
    };
    let csv = save("sweep.csv");
    let mut lines = csv.lines();
    assert!(
        lines
            .next()
            .unwrap()
            .ends_with(",text,key,polite (from scores.csv)")
    );
    assert!(lines.next().unwrap().ends_with(",4"));
    let json: serde_json::Value = serde_json::from_str(&save("sweep.json")).unwrap();
    // The summary means what it always meant; what is on screen stands beside it.
    assert_eq!(
        json["summary"]["objectives"],
        serde_json::json!(["helpful"])
    );
    assert!((json["summary"]["hypervolume"].as_f64().unwrap() - 0.9).abs() < 1e-9);
    assert_eq!(json["on_axes"]["pareto"], serde_json::json!([1, 2]));
    let label = "polite (from scores.csv)";
    assert_eq!(json["independent"][0]["name"], label);
    assert_eq!(json["independent"][0]["texts"], 3);
    assert_eq!(json["rows"][1]["independent"][label], 5.0);
    assert!(json["rows"][3]["independent"][label].is_null());
    assert_eq!(json["settings"][2]["independent"][label]["mean"], 3.0);
    // Saved as a table and read again: only what is new in it counts.
    let back = home.path().join("sweep.csv").display().to_string();
    scores(&mut state, ScoresAction::EditPath(back));
    scores(&mut state, ScoresAction::Read);
    answer(&mut state);
    assert_eq!(
        labels(&state),
        [label, "polite (from scores.csv) (from sweep.csv)"]
    );
}

/// Models with an objective that steered and one that did not.
fn others() -> Arc<LineupInfo> {
    let mut other = info();
    other.name = "Others".to_owned();
    other.objectives = ["harmless", "brief"]
        .map(|name| Objective {
            name: name.to_owned(),
            kind: RewardKind::Adapter,
            weight: 1.0,
            about: String::new(),
            colour: None,
        })
        .to_vec();
    other.models = vec![ModelInfo {
        role: "brief".to_owned(),
        kind: Some(RewardKind::Adapter),
        source: "/models/brief".to_owned(),
        sha256: String::new(),
        kept: String::new(),
    }];
    Arc::new(other)
}

fn asked(commands: Vec<Command>) -> Vec<ScoreRequest> {
    let score = |command| {
        let Command::Score(request) = command else {
            panic!("a text was to be scored");
        };
        request
    };
    commands.into_iter().map(score).collect()
}

fn scored(state: &mut State, request: &ScoreRequest, brief: f64) -> Vec<Command> {
    let of = |reward: f64| ObjectiveInsight {
        reward: -reward,
        advantage: reward,
    };
    let event = Event::Scored {
        run: request.run,
        tokens: 2,
        tail: String::new(),
        sums: TextSums {
            tokens: 2,
            base: -1.0,
            guided: -1.0,
            kl: 0.0,
            objectives: vec![of(9.0), of(brief)],
        },
    };
    update::on_event(state, event)
}

#[test]
fn models_that_did_not_steer_score_each_text_once() {
    let (mut state, run) = begun();
    for setting in 0..4 {
        let mut row = row(setting, [setting as f64, 0.0, 0.0]);
        if setting == 2 {
            "text 1".clone_into(&mut row.text);
        }
        tell(&mut state, run, row);
    }
    // Six texts, two of them alike.
    for setting in 0..2 {
        let mut row = row(setting, [0.0; 3]);
        row.sample = 1;
        row.text = format!("other {setting}");
        tell(&mut state, run, row);
    }
    end(&mut state, run, false);
    // Those that steered cannot.
    let can = |state: &State| ScoresView::build(state).unwrap().judge;
    assert!(
        matches!(can(&state), Judge::Cannot(why) if why.starts_with("The models in use steered"))
    );
    assert!(scores(&mut state, ScoresAction::Judge).is_empty());
    update::on_event(&mut state, Event::Loaded(others()));
    assert_eq!(can(&state), Judge::Can("Score with Others".to_owned()));
    let mut requests = asked(scores(&mut state, ScoresAction::Judge));
    assert_eq!(requests.len(), 4);
    assert!(
        requests
            .iter()
            .all(|request| request.with_end && !request.told)
    );
    assert!(matches!(can(&state), Judge::Does(..)));
    // One text at a time makes room for one more, and the last ends it.
    let mut told = 0;
    while let Some(request) = requests.first().cloned() {
        requests.remove(0);
        let brief = match request.response.as_str() {
            "text 1" => 1.0,
            _ => 0.5,
        };
        requests.extend(asked(scored(&mut state, &request, brief)));
        told += 1;
    }
    assert_eq!(told, 5);
    assert_eq!(note(&state), "Scored: Others scores for 6 of 6 texts");
    // Harmless was one of those that steered.
    assert_eq!(labels(&state), ["brief (by Others)"]);
    let sweep = state.tradeoff.sweep.as_ref().unwrap();
    let means = sweep.outcome.standings.iter();
    let means: Vec<f64> = means.map(|one| one.scores[3].unwrap().value).collect();
    // Advantages per token: 0.25 and 0.25, 0.5 and 0.25, 0.5, 0.25.
    assert_eq!(means, [0.25, 0.375, 0.5, 0.25]);
    does(&mut state, TradeoffAction::SetMeasure(Measure::Reward));
    let sweep = state.tradeoff.sweep.as_ref().unwrap();
    assert!((sweep.outcome.standings[2].scores[3].unwrap().value + 1.0).abs() < 1e-12);
}

#[test]
fn scoring_can_be_stopped_and_failures_are_counted() {
    let mut state = written();
    update::on_event(&mut state, Event::Loaded(others()));
    let requests = asked(scores(&mut state, ScoresAction::Judge));
    let failed = Event::Failed {
        run: Some(requests[0].run),
        failure: Failure::failed("The text does not fit"),
    };
    assert!(update::on_event(&mut state, failed).is_empty());
    assert!(state.problem.is_none());
    scored(&mut state, &requests[1], 1.0);
    scores(&mut state, ScoresAction::StopJudging);
    assert!(requests[2].cancel.is_cancelled());
    assert_eq!(
        note(&state),
        "Stopped: Others scores for 1 of 4 texts; 1 could not be scored: The text does not fit"
    );
    assert_eq!(labels(&state), ["brief (by Others)"]);
    // What comes too late is dropped.
    scored(&mut state, &requests[2], 1.0);
    assert_eq!(
        state.tradeoff.sweep.as_ref().unwrap().record.independent[0]
            .texts
            .len(),
        1
    );
    // Models that go take their scoring with them.
    scores(&mut state, ScoresAction::Judge);
    assert!(state.tradeoff.is_working());
    update::on_event(&mut state, Event::Loaded(others()));
    assert!(!state.tradeoff.is_working());
}
