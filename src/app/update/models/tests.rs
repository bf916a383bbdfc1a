use super::*;
use crate::app::state::models::DialogAnswer;
use crate::app::state::models::form::{Form, FormKind};
use crate::app::state::models::tests::{hub, lineup, sentence, whole};
use crate::app::state::{LineupState, ProblemPlace};
use crate::app::update::{apply as do_, on_event};
use crate::domain::{Colour, Obstacle};
use crate::error::Failure;
use crate::worker::Event;
use crate::worker::hub::{
    DownloadProgress, FoundRepo, HubCommand, HubEvent, RepoAt, TransferState,
};
use crate::worker::shelf::{
    Check, Fit, Found, Opened, Place, ReadyLineup, SavedLineup, ShelfEvent, ShelfTask, Source,
    Subject,
};

fn act(state: &mut State, action: ModelsAction) -> Vec<Command> {
    do_(state, Action::Models(action))
}

fn tell(state: &mut State, event: ShelfEvent) -> Vec<Command> {
    on_event(state, Event::Shelf(event))
}

fn at(path: &str) -> Place {
    Place::Path(path.to_owned())
}

fn ready() -> ReadyLineup {
    ReadyLineup {
        lineup: lineup("Built-in"),
        about: "Comes with the program".to_owned(),
        download_bytes: 0,
        memory_bytes: 1,
        licence: "MIT".to_owned(),
        tried: "Run".to_owned(),
    }
}

/// A window on the Models page that knows one ready-made lineup and two models.
fn page() -> State {
    let mut state = State::default();
    state.models.folder = Some("/data/lineups".into());
    let commands = do_(&mut state, Action::GoTo(Page::Models));
    assert!(matches!(
        commands.as_slice(),
        [
            Command::Shelf(ShelfCommand::List { .. }),
            Command::Shelf(ShelfCommand::Find { .. })
        ]
    ));
    let asked = tell(
        &mut state,
        ShelfEvent::Lineups {
            ready: vec![ready()],
            saved: Vec::new(),
        },
    );
    assert!(matches!(
        asked.as_slice(),
        [Command::Shelf(ShelfCommand::Judge(_))]
    ));
    let models = vec![
        whole(at("/models/base"), "base"),
        whole(at("/models/b"), "b"),
    ];
    tell(
        &mut state,
        ShelfEvent::Found(Found {
            models,
            notes: Vec::new(),
        }),
    );
    state
}

fn fit(template: Check) -> Fit {
    Fit {
        vocabulary: Check::Unneeded,
        shape: Check::Unneeded,
        template,
    }
}

#[test]
fn lists_are_asked_for_once_and_the_lineup_in_use_is_in_hand() {
    let mut state = page();
    assert_eq!(state.models.plan.name, "Built-in");
    assert!(do_(&mut state, Action::GoTo(Page::Steer)).is_empty());
    assert!(do_(&mut state, Action::GoTo(Page::Models)).is_empty());
}

#[test]
fn another_base_is_judged_anew_and_stale_answers_are_dropped() {
    let mut state = page();
    let old = state.models.judging.as_ref().unwrap().clone();
    let commands = act(&mut state, ModelsAction::SetBase(at("/models/b")));
    let [Command::Shelf(ShelfCommand::Judge(request))] = commands.as_slice() else {
        panic!("{commands:?}");
    };
    assert!(old.cancel.is_cancelled());
    assert_eq!(request.base.place, at("/models/b"));
    assert!(
        request
            .subjects
            .contains(&Subject::Model(at("/models/base")))
    );
    let judged = |serial| ShelfEvent::Judged {
        serial,
        subject: Subject::Sentence,
        fit: Box::new(fit(Check::Unneeded)),
    };
    tell(&mut state, judged(old.serial));
    assert!(state.models.fits.is_empty());
    tell(&mut state, judged(request.serial));
    assert!(state.models.fit(&Subject::Sentence).is_some());
    assert!(act(&mut state, ModelsAction::SetBase(at("/models/b"))).is_empty());
}

#[test]
fn a_sentence_becomes_an_objective_and_undo_takes_it_back() {
    let mut state = page();
    act(&mut state, ModelsAction::ToggleForm(FormKind::Sentence));
    assert!(act(&mut state, ModelsAction::AddFromForm).is_empty());
    let form = Form::Sentence {
        name: "kind".to_owned(),
        text: " Be gentle. ".to_owned(),
    };
    act(&mut state, ModelsAction::EditForm(form));
    act(&mut state, ModelsAction::AddFromForm);
    let added = &state.models.plan.objectives[1];
    assert_eq!(added.name, "kind 2", "the name was taken");
    assert_eq!(added.source, Source::System("Be gentle.".to_owned()));
    assert_eq!(state.models.form, None);
    do_(&mut state, Action::Undo);
    assert_eq!(state.models.plan.objectives.len(), 1);
    do_(&mut state, Action::Redo);
    assert_eq!(state.models.plan.objectives.len(), 2);
}

#[test]
fn models_join_by_kind_and_experts_need_amateurs() {
    let mut state = page();
    act(&mut state, ModelsAction::AddModel(at("/models/b")));
    assert_eq!(
        state.models.plan.objectives[1].source,
        Source::Model(at("/models/b"))
    );
    let mut form = Form::Contrast {
        name: "trained".to_owned(),
        expert: Some(at("/models/b")),
        amateur: None,
    };
    act(&mut state, ModelsAction::EditForm(form.clone()));
    act(&mut state, ModelsAction::AddFromForm);
    assert_eq!(state.models.plan.objectives.len(), 2);
    if let Form::Contrast { amateur, .. } = &mut form {
        *amateur = Some(at("/models/base"));
    }
    act(&mut state, ModelsAction::EditForm(form));
    act(&mut state, ModelsAction::AddFromForm);
    assert_eq!(state.models.plan.objectives[2].name, "trained");
}

#[test]
fn edits_in_a_row_are_one_step_back() {
    let mut state = page();
    for name in ["M", "Mi", "Min"] {
        act(&mut state, ModelsAction::EditName(name.to_owned()));
    }
    act(&mut state, ModelsAction::EndEdit);
    act(&mut state, ModelsAction::SetWeight(0, 9.7));
    act(&mut state, ModelsAction::SetWeight(0, f64::NAN));
    act(&mut state, ModelsAction::SetColour(0, Colour::Plum));
    act(&mut state, ModelsAction::Rename(0, "gentle".to_owned()));
    act(&mut state, ModelsAction::Rename(7, "nobody".to_owned()));
    let entry = &state.models.plan.objectives[0];
    assert_eq!((entry.weight, entry.colour), (0.0, Some(Colour::Plum)));
    assert_eq!(entry.name, "gentle");
    for _ in 0..3 {
        do_(&mut state, Action::Undo);
    }
    assert_eq!(
        state.models.plan.objectives[0],
        sentence("kind", "Be kind.")
    );
    assert_eq!(state.models.plan.name, "Min");
    do_(&mut state, Action::Undo);
    assert_eq!(state.models.plan.name, "Built-in");
}

#[test]
fn the_lineup_in_hand_is_loaded_and_the_sliders_are_its_own() {
    let mut state = page();
    state.wanted_weights = vec![("harmless".to_owned(), 1.0)];
    act(&mut state, ModelsAction::Rename(0, "a=b".to_owned()));
    assert!(act(&mut state, ModelsAction::Load).is_empty());
    do_(&mut state, Action::Undo);
    let commands = act(&mut state, ModelsAction::Load);
    let [
        Command::Load {
            source: LineupSource::Composed(text),
            ..
        },
    ] = commands.as_slice()
    else {
        panic!("{commands:?}");
    };
    assert!(text.contains("Be kind."), "{text}");
    assert_eq!(state.page, Page::Steer);
    assert!(matches!(state.lineup, LineupState::Loading { .. }));
    assert!(state.wanted_weights.is_empty() && state.other_models);
}

#[test]
fn a_lineup_is_saved_deleted_and_brought_back() {
    let mut state = page();
    act(&mut state, ModelsAction::EditName("Mine".to_owned()));
    let commands = act(&mut state, ModelsAction::Save);
    let [
        Command::Shelf(ShelfCommand::Save {
            file: None, lineup, ..
        }),
    ] = commands.as_slice()
    else {
        panic!("{commands:?}");
    };
    let saved = SavedLineup {
        file: "/data/lineups/mine.toml".into(),
        name: "Mine".to_owned(),
        lineup: Ok((**lineup).clone()),
    };
    tell(&mut state, ShelfEvent::Saved(Box::new(saved.clone())));
    assert_eq!(state.models.plan.file.as_ref(), Some(&saved.file));
    assert!(!state.models.is_unsaved());
    let commands = act(&mut state, ModelsAction::Delete(0));
    assert!(matches!(
        commands.as_slice(),
        [Command::Shelf(ShelfCommand::Delete { file })] if *file == saved.file
    ));
    tell(&mut state, ShelfEvent::Deleted(Box::new(saved.clone())));
    assert!(state.models.saved.is_empty() && state.models.plan.file.is_none());
    let commands = act(&mut state, ModelsAction::Undelete);
    let [Command::Shelf(ShelfCommand::Save { file, lineup, .. })] = commands.as_slice() else {
        panic!("{commands:?}");
    };
    assert_eq!(
        (file.as_ref(), &Ok((**lineup).clone())),
        (Some(&saved.file), &saved.lineup)
    );
    tell(&mut state, ShelfEvent::Saved(Box::new(saved)));
    assert_eq!(state.models.saved.len(), 1);
}

#[test]
fn an_imported_lineup_is_kept_and_an_opened_one_is_only_shown() {
    let mut state = page();
    act(&mut state, ModelsAction::ToggleFileRow { writes: false });
    act(
        &mut state,
        ModelsAction::EditFileRow("theirs.toml".to_owned()),
    );
    let asked = act(&mut state, ModelsAction::UseFileRow);
    assert!(matches!(
        asked.as_slice(),
        [Command::Shelf(ShelfCommand::Open { .. })]
    ));
    let theirs = Opened::Lineup(Box::new(lineup("Theirs")));
    let commands = tell(&mut state, ShelfEvent::Opened(theirs.clone()));
    assert!(matches!(
        commands.last(),
        Some(Command::Shelf(ShelfCommand::Save { file: None, .. }))
    ));
    assert_eq!(state.models.plan.name, "Theirs");
    act(&mut state, ModelsAction::Open("x".into()));
    let commands = tell(&mut state, ShelfEvent::Opened(theirs));
    assert!(commands.is_empty(), "{commands:?}");
}

#[test]
fn opened_models_are_remembered_and_can_be_forgotten() {
    let mut state = page();
    act(&mut state, ModelsAction::EditPath(" ~/models ".to_owned()));
    let asked = act(&mut state, ModelsAction::OpenTyped);
    assert!(matches!(
        asked.as_slice(),
        [Command::Shelf(ShelfCommand::Open { path })] if path.ends_with("models")
    ));
    let opened = Opened::Models {
        path: "/home/me/models".into(),
        models: vec![whole(at("/home/me/models/c"), "c")],
    };
    let asked = tell(&mut state, ShelfEvent::Opened(opened));
    assert!(
        matches!(asked.as_slice(), [Command::Shelf(ShelfCommand::Find { opened, .. })] if opened.len() == 1)
    );
    assert_eq!(state.models.path, "");
    act(&mut state, ModelsAction::Forget(at("/home/me/models/c")));
    assert!(state.settings.opened.is_empty());
}

#[test]
fn a_dialog_that_never_came_says_so_and_one_that_was_closed_does_not() {
    let mut state = page();
    act(&mut state, ModelsAction::Browse(Purpose::ModelFolder));
    let serial = state.models.dialog.as_ref().unwrap().serial;
    on_dialog(
        &mut state,
        serial + 1,
        DialogAnswer::Chosen("/stale".into()),
    );
    assert!(state.models.dialog.is_some());
    on_dialog(&mut state, serial, DialogAnswer::NeverShown);
    let note = state.models.note.take().unwrap();
    assert!(note.words.contains("type the path"), "{}", note.words);
    act(&mut state, ModelsAction::Browse(Purpose::Import));
    let serial = state.models.dialog.as_ref().unwrap().serial;
    on_dialog(&mut state, serial, DialogAnswer::Closed);
    assert_eq!(state.models.note, None);
    act(
        &mut state,
        ModelsAction::Browse(Purpose::Export("x.toml".to_owned())),
    );
    let serial = state.models.dialog.as_ref().unwrap().serial;
    let commands = on_dialog(
        &mut state,
        serial,
        DialogAnswer::Chosen("/tmp/x.toml".into()),
    );
    assert!(matches!(
        commands.as_slice(),
        [Command::Shelf(ShelfCommand::Export { .. })]
    ));
}

#[test]
fn failures_are_told_where_they_belong() {
    let mut state = page();
    let failure = Failure::input("There is no model here");
    let serial = state.models.judging.as_ref().unwrap().serial;
    tell(
        &mut state,
        ShelfEvent::Failed {
            task: ShelfTask::Judge(serial),
            failure: failure.clone(),
        },
    );
    assert_eq!(state.models.base_problem.as_ref(), Some(&failure));
    assert_eq!(state.problem, None);
    tell(
        &mut state,
        ShelfEvent::Failed {
            task: ShelfTask::Open("/x".into()),
            failure,
        },
    );
    let problem = state.problem.as_ref().unwrap();
    assert_eq!(problem.during, ProblemPlace::Models);
    let commands = act(&mut state, ModelsAction::Retry);
    assert!(matches!(
        commands.as_slice(),
        [Command::Shelf(ShelfCommand::Open { .. })]
    ));
    assert_eq!(state.problem, None);
}

#[test]
fn what_keeps_somebody_out_is_the_first_check_that_failed() {
    let obstacle = Obstacle {
        summary: "The template leaves it out".to_owned(),
        hint: None,
    };
    assert_eq!(fit(Check::Passed("Well".to_owned())).obstacle(), None);
    assert_eq!(
        fit(Check::Failed(obstacle.clone())).obstacle(),
        Some(&obstacle)
    );
}

fn hub_act(state: &mut State, action: HubAction) -> Vec<Command> {
    act(state, ModelsAction::Hub(action))
}

#[test]
fn a_search_is_asked_once_and_stale_results_are_dropped() {
    let mut state = page();
    assert!(hub_act(&mut state, HubAction::Search).is_empty());
    hub_act(&mut state, HubAction::EditQuery(" smol ".to_owned()));
    let first = hub_act(&mut state, HubAction::Search);
    let [
        Command::Hub(HubCommand::Search {
            task: old, text, ..
        }),
    ] = first.as_slice()
    else {
        panic!("{first:?}");
    };
    assert_eq!(text, "smol");
    let second = hub_act(&mut state, HubAction::Search);
    assert!(matches!(
        second.as_slice(),
        [Command::Hub(HubCommand::Cancel { task, .. }), Command::Hub(HubCommand::Search { .. })] if task == old
    ));
    let found = |task| HubEvent::Found {
        task,
        repos: vec![FoundRepo::default()],
    };
    on_event(&mut state, Event::Hub(found(*old)));
    assert_eq!(state.models.hub.results, None);
    let task = state.models.hub.searching.unwrap();
    on_event(&mut state, Event::Hub(found(task)));
    assert_eq!(state.models.hub.results.as_ref().unwrap().len(), 1);
}

#[test]
fn what_a_lineup_needs_is_fetched_once_and_looked_for_when_it_has_come() {
    let mut state = page();
    state.models.plan.base.as_mut().unwrap().place = hub("o/n");
    let commands = hub_act(&mut state, HubAction::FetchMissing);
    let [Command::Hub(HubCommand::Download(request))] = commands.as_slice() else {
        panic!("{commands:?}");
    };
    assert_eq!(request.at, RepoAt::main("o/n"));
    assert_eq!(state.models.side, Side::Downloads);
    assert!(hub_act(&mut state, HubAction::FetchMissing).is_empty());
    let task = request.task;
    let failed = HubEvent::Failed {
        task,
        failure: Failure::failed("No network"),
        remedy: None,
    };
    on_event(&mut state, Event::Hub(failed));
    assert_eq!(state.models.hub.running(), 0);
    let commands = hub_act(&mut state, HubAction::FetchAgain(task));
    let [Command::Hub(HubCommand::Download(request))] = commands.as_slice() else {
        panic!("{commands:?}");
    };
    assert_eq!(state.models.hub.downloads.len(), 1);
    let done = HubEvent::Downloaded {
        task: request.task,
        folder: "/cache".into(),
        progress: Box::new(DownloadProgress {
            at: request.at.clone(),
            commit: String::new(),
            state: TransferState::Completed,
            bytes: 1,
            done: 1,
            moved: 1,
            speed: 0.0,
            eta_secs: None,
            files: Vec::new(),
        }),
    };
    let asked = on_event(&mut state, Event::Hub(done));
    assert!(matches!(
        asked.as_slice(),
        [Command::Shelf(ShelfCommand::Find { .. })]
    ));
    hub_act(&mut state, HubAction::Clear(request.task));
    assert!(state.models.hub.downloads.is_empty());
}

#[test]
fn a_token_that_cannot_be_one_is_told_and_a_good_one_leaves_the_window() {
    let mut state = page();
    hub_act(&mut state, HubAction::EditToken("two words".to_owned()));
    assert!(hub_act(&mut state, HubAction::KeepToken).is_empty());
    assert!(state.models.note.is_some());
    hub_act(&mut state, HubAction::EditToken("hf_abc".to_owned()));
    let commands = hub_act(&mut state, HubAction::KeepToken);
    assert!(matches!(
        commands.as_slice(),
        [Command::Hub(HubCommand::SaveToken { .. })]
    ));
    assert_eq!(state.models.hub.token, "");
}
