use std::path::PathBuf;

use super::*;
use crate::app::update::{apply, on_event};
use crate::record::tests::record;
use crate::worker::{Event, LineupInfo};

fn with_models(info: &LineupInfo) -> State {
    let mut state = State::default();
    on_event(&mut state, Event::Loaded(Arc::new(info.clone())));
    state
}

fn open(state: &mut State, record: &Record) -> Vec<Command> {
    apply(
        state,
        Action::Past(PastAction::OpenFile(PathBuf::from("a.counterpoise.json"))),
    );
    let Some(Order::OpenFile { wish, .. }) = state.past.outbox.pop() else {
        panic!("nothing was asked");
    };
    let news = News::Opened {
        wish,
        record: Arc::new(record.clone()),
        id: None,
    };
    on_news(state, news)
}

#[test]
fn a_limit_on_its_way_to_another_removes_nothing() {
    let mut state = State::default();
    for gigabytes in [0.0, 0.5] {
        apply(&mut state, Action::Past(PastAction::SetCap(gigabytes)));
    }
    assert!(state.past.outbox.is_empty());
    apply(&mut state, Action::Past(PastAction::EndCap));
    let [Order::Cap(bytes)] = &state.past.outbox[..] else {
        panic!("the limit was not told");
    };
    assert_eq!(*bytes, 500_000_000);
}

#[test]
fn a_failure_takes_only_the_wish_that_it_is_about() {
    let mut state = State::default();
    for path in ["a", "b"] {
        let open = PastAction::OpenFile(PathBuf::from(path));
        apply(&mut state, Action::Past(open));
    }
    let first = *state.past.wishes.keys().min().unwrap();
    let news = News::Failed {
        failure: crate::error::Failure::failed("It is damaged"),
        wish: Some(first),
    };
    on_news(&mut state, news);
    assert!(!state.past.wishes.contains_key(&first));
    assert_eq!(state.past.wishes.len(), 1);
}

#[test]
fn a_run_of_the_loaded_models_goes_on_with_them() {
    let record = record(1);
    let mut state = with_models(&record.info);
    let commands = open(&mut state, &record);
    assert!(commands.is_empty(), "{commands:?}");
    assert!(state.past.replay.is_none());
    let run = state.run().unwrap();
    assert_eq!(run.guided.pieces, record.guided.pieces);
    assert_eq!(*state.draft.effective_weights(), *record.weights);
    // A slider moves on stored rows, then the loaded models write on.
    apply(
        &mut state,
        Action::SetWeight {
            objective: 0,
            weight: 3.0,
        },
    );
    let request = state.reweight_request().unwrap();
    let rejudged = request.answer();
    assert!(rejudged.guided.insights.iter().all(Option::is_some));
}

#[test]
fn a_run_of_other_models_answers_from_its_rows_and_says_where_it_ends() {
    let record = record(1);
    let mut state = with_models(&LineupInfo::default());
    let commands = open(&mut state, &record);
    assert!(matches!(commands[..], [Command::Replay(_)]), "{commands:?}");
    assert_eq!(state.objectives().len(), 2);
    let shown = state.run().unwrap().id;
    assert_eq!(state.run().unwrap().guided.pieces, record.guided.pieces);
    // What is written from its rows is no new run of the history.
    state.past.outbox.clear();
    state.runs.get_mut(&shown).unwrap().phase = RunPhase::Writing;
    let failure = Failure::failed(NEEDS_MODEL);
    on_event(
        &mut state,
        Event::Failed {
            run: Some(shown),
            failure,
        },
    );
    assert!(state.problem.is_none());
    assert!(has_left(state.run().unwrap()));
    let view = crate::app::panels::recorded::RecordedView::build(&state).unwrap();
    assert!(view.summary.contains("needs the model from here"));
    assert!(view.hint.starts_with("Preview exact"));
    apply(&mut state, Action::Past(PastAction::LeaveReplay));
    on_event(&mut state, Event::Loaded(Arc::default()));
    assert!(state.past.replay.is_none() && state.runs.is_empty());
}

#[test]
fn a_run_waits_for_models_that_are_being_loaded() {
    let record = record(1);
    let mut state = State::default();
    crate::app::update::load(&mut state);
    assert!(open(&mut state, &record).is_empty());
    assert!(state.run().is_none());
    on_event(&mut state, Event::Loaded(Arc::new((*record.info).clone())));
    assert!(due(&mut state).is_empty());
    assert!(state.run().is_some() && state.past.replay.is_none());
}

#[test]
fn two_runs_stand_side_by_side_where_they_are_of_the_same_models() {
    let (a, b) = (record(1), record(2));
    let both = a.beside(&b).unwrap();
    assert_eq!(both.base.as_ref().unwrap().pieces, a.guided.pieces);
    assert_eq!(both.guided.pieces, b.guided.pieces);
    assert!(both.titles.is_some());
    let mut other = b;
    let mut info = (*other.info).clone();
    info.objectives.pop();
    other.info = Arc::new(info);
    assert!(a.beside(&other).is_err());
}

#[test]
fn rows_of_two_prompts_are_not_mixed_on_screen_either() {
    let (a, mut b) = (record(1), record(2));
    b.prompt.text = "Else?".to_owned();
    let both = a.beside(&b).unwrap();
    let mut state = with_models(&b.info);
    open(&mut state, &both);
    let again = record_on_screen(&state).unwrap();
    assert_eq!(again.tree.nodes().len(), b.guided.pieces.len() + 1);
    assert_eq!(again.titles, both.titles);
}

#[test]
fn what_is_on_screen_can_be_saved_and_opened_again() {
    let record = record(1);
    let mut state = with_models(&record.info);
    open(&mut state, &record);
    let again = record_on_screen(&state).unwrap();
    let text = again
        .to_document(crate::record::Keep::default())
        .to_string();
    let opened = crate::record::read(&text).unwrap();
    assert_eq!(opened.guided.pieces, record.guided.pieces);
    assert_eq!(opened.weights, record.weights);
}

#[test]
fn a_deleted_run_comes_back() {
    let mut state = State::default();
    let entry = crate::journal::Entry {
        id: 7,
        prompt: "Why?".to_owned(),
        text: String::new(),
        lineup: String::new(),
        weights: Vec::new(),
        scores: Vec::new(),
        strip_of: 0,
        strip: Vec::new(),
        tokens: 0,
        bytes: 0,
        open: false,
        pinned: false,
        note: String::new(),
    };
    on_news(&mut state, News::Put(Box::new(entry.clone())));
    apply(&mut state, Action::Past(PastAction::Delete(7)));
    assert!(state.past.entries.is_empty());
    apply(&mut state, Action::Past(PastAction::Undelete));
    let restored = state
        .past
        .outbox
        .iter()
        .any(|order| matches!(order, Order::Restore(restored) if **restored == entry));
    assert!(restored);
}

#[test]
fn a_picture_of_other_models_is_coloured_by_the_objective_of_the_same_name() {
    let record = record(1);
    let mut state = with_models(&record.info);
    let names = state.objectives_of(None);
    assert!(names.len() > 1, "{names:?}");
    state.focus.objective = names.len() - 1;
    let mut asked = |weights: Vec<(String, f64)>| {
        // What has a default is left out.
        let entry = serde_json::json!({
            "id": 7, "prompt": "Why?", "lineup": "Other", "weights": weights,
        });
        let entry = serde_json::from_value(entry).unwrap();
        state.past.entries.insert(7, entry);
        state.past.export = None;
        apply(&mut state, Action::Past(PastAction::ToggleExport(Some(7))));
        state.past.export.as_ref().unwrap().look.objective
    };
    let one = |name: &str| (name.to_owned(), 1.0);
    assert_eq!(asked(vec![one("short"), one(&names[names.len() - 1])]), 1);
    assert_eq!(asked(vec![one("short")]), 0);
}
