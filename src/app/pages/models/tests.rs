use super::at_hand::AtHandView;
use super::composed::ComposedView;
use super::downloads::{DownloadRow, DownloadsView};
use super::forms::{FormView, FormsView};
use super::hub::HubView;
use super::lineups::LineupsView;
use super::objectives::{ObjectivesView, Standing};
use crate::app::state::State;
use crate::app::state::models::form::FormKind;
use crate::app::state::models::hub::{Download, Outcome};
use crate::app::state::models::plan::Plan;
use crate::app::state::models::tests::{hub, lineup, sentence, whole};
use crate::app::state::models::{Dialog, PATIENCE_SECS, Purpose};
use crate::domain::Obstacle;
use crate::error::Failure;
use crate::worker::hub::{
    DownloadProgress, FileProgress, FoundRepo, HubAccess, HubTask, Remedy, RepoAt, TransferState,
};
use crate::worker::shelf::{Check, Fit, Place, ReadyLineup, SavedLineup, Source, Subject};

fn state() -> State {
    let mut state = State::default();
    state.models.begun = true;
    state.models.folder = Some("/data/lineups".into());
    state.models.plan = Plan::of(&lineup("Mine"), None);
    let at = |path: &str| Place::Path(format!("/models/{path}"));
    state.models.found.models = vec![whole(at("base"), "base"), whole(at("other"), "Other")];
    state
}

fn fails(summary: &str) -> Fit {
    Fit {
        vocabulary: Check::Failed(Obstacle {
            summary: summary.to_owned(),
            hint: Some("Use another".to_owned()),
        }),
        shape: Check::Unneeded,
        template: Check::Unneeded,
    }
}

fn passes() -> Fit {
    Fit {
        vocabulary: Check::Passed("The same tokenizer".to_owned()),
        shape: Check::Unneeded,
        template: Check::Unneeded,
    }
}

fn other() -> Subject {
    Subject::Model(Place::Path("/models/other".to_owned()))
}

#[test]
fn a_model_is_offered_as_objective_once_it_is_known_to_fit() {
    let mut state = state();
    let row = |state: &State| AtHandView::build(state).groups[0].1[1].clone();
    assert!(!row(&state).joins && row(&state).obstacle.is_none());
    state
        .models
        .fits
        .insert(other(), fails("12 token ids mean different texts"));
    assert!(!row(&state).joins);
    assert!(
        row(&state)
            .obstacle
            .unwrap()
            .summary
            .starts_with("12 token ids")
    );
    assert!(row(&state).can_be_base);
    state.models.fits.insert(other(), passes());
    assert!(row(&state).joins);
    assert_eq!(
        row(&state).facts,
        "Llama · 135 M parameters · reads 8\u{a0}192 tokens · 269 MB"
    );
    let base = &AtHandView::build(&state).groups[0].1[0];
    assert!(base.is_base && !base.joins);
}

#[test]
fn an_unfinished_download_can_be_nothing_yet() {
    let mut state = state();
    state.models.found.models[1].missing = vec!["model-2.safetensors".to_owned()];
    state.models.fits.insert(other(), passes());
    let row = &AtHandView::build(&state).groups[0].1[1];
    assert!(!row.can_be_base && !row.joins);
    assert!(
        row.obstacle
            .as_ref()
            .unwrap()
            .summary
            .contains("not finished")
    );
}

#[test]
fn the_list_is_narrowed_down_by_words_and_never_silently_empty() {
    let mut state = state();
    state.models.search = "oth LLAMA".to_owned();
    let view = AtHandView::build(&state);
    assert_eq!(view.groups[0].1.len(), 1);
    state.models.search = "nothing".to_owned();
    let view = AtHandView::build(&state);
    assert!(view.groups.is_empty());
    assert_eq!(view.notes, ["No model fits; try fewer words"]);
}

#[test]
fn an_objective_says_whether_it_can_join_and_if_not_why() {
    let mut state = state();
    let standing = |state: &State| ObjectivesView::build(state).rows[0].standing.clone();
    assert_eq!(standing(&state), Standing::Unknown);
    state.models.fits.insert(Subject::Sentence, passes());
    assert_eq!(standing(&state), Standing::Joins);
    state
        .models
        .fits
        .insert(Subject::Sentence, fails("The template leaves it out"));
    assert!(matches!(standing(&state), Standing::Cannot(_)));
    state.models.plan.objectives[0].template = Some("{{ system }}".to_owned());
    assert_eq!(
        standing(&state),
        Standing::Joins,
        "its own template decides"
    );
    state.models.plan.objectives[0].source = Source::Model(hub("o/away"));
    let Standing::Cannot(obstacle) = standing(&state) else {
        panic!("it is not here");
    };
    assert_eq!(obstacle.summary, "o/away is not on this computer");
}

#[test]
fn candidates_that_can_join_stand_first() {
    let mut state = state();
    state.models.form = Some(FormKind::Model.blank());
    state.models.fits.insert(other(), passes());
    let Some(FormView::Model(candidates)) = FormsView::build(&state).form else {
        panic!("the table is open");
    };
    let names: Vec<&str> = candidates.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Other", "base"]);
    assert!(candidates[0].joins() && !candidates[1].joins());
}

#[test]
fn the_head_says_what_is_missing_and_where_the_lineup_stands() {
    let mut state = state();
    let view = ComposedView::build(&state);
    assert_eq!((view.gap, view.standing.as_str()), (None, "Not saved yet"));
    let saved = SavedLineup {
        file: "/data/lineups/mine.toml".into(),
        name: "Mine".to_owned(),
        lineup: Ok(lineup("Mine")),
    };
    state.models.plan.file = Some(saved.file.clone());
    state.models.saved = vec![saved];
    let view = ComposedView::build(&state);
    assert!(!view.unsaved);
    assert_eq!(view.standing, "Saved");
    state.models.plan.objectives.push(sentence("kind", "x"));
    let view = ComposedView::build(&state);
    assert_eq!(view.standing, "Changed since it was saved");
    assert_eq!(view.gap.as_deref(), Some("Two objectives are called kind"));
    state.models.folder = None;
    assert!(ComposedView::build(&state).unsavable.is_some());
}

#[test]
fn a_base_that_is_away_or_cannot_run_says_so() {
    let mut state = state();
    let problem = |state: &State| ComposedView::build(state).base.unwrap().problem;
    assert_eq!(problem(&state), None);
    state.models.found.models[0].facts.problem = Some(Obstacle {
        summary: "The architecture GPT2 is not supported".to_owned(),
        hint: None,
    });
    assert!(problem(&state).unwrap().0.contains("GPT2"));
    state.models.plan.base.as_mut().unwrap().place = hub("o/n");
    assert_eq!(problem(&state).unwrap().0, "It is not on this computer");
}

#[test]
fn a_dialog_that_does_not_answer_is_explained_after_a_while() {
    let mut state = state();
    state.models.dialog = Some(Dialog {
        serial: 1,
        purpose: Purpose::ModelFolder,
        since_secs: 10.0,
    });
    state.now_secs = 11.0;
    let words = |state: &State| ComposedView::build(state).dialog.unwrap();
    assert_eq!(words(&state), "Waiting for the file dialog");
    state.now_secs = 10.0 + PATIENCE_SECS;
    assert!(words(&state).contains("type the path instead"));
}

#[test]
fn ready_made_lineups_say_what_they_cost_and_whether_they_were_run() {
    let mut state = state();
    let mut from_hub = lineup("From the hub");
    from_hub.base.place = hub("o/n");
    state.models.ready = vec![ReadyLineup {
        lineup: from_hub,
        about: "A model".to_owned(),
        download_bytes: 990_000_000,
        memory_bytes: 2_300_000_000,
        licence: "Apache 2.0".to_owned(),
        tried: "Not yet run by us".to_owned(),
    }];
    let facts = |state: &State| LineupsView::build(state).ready[0].facts.clone();
    assert_eq!(
        facts(&state),
        "990 MB to download · 2.3 GB of memory · Apache 2.0 · Not yet run by us"
    );
    state.models.found.models.push(whole(hub("o/n"), "o/n"));
    assert!(facts(&state).starts_with("On this computer"));
    assert!(!LineupsView::build(&state).ready[0].chosen);
}

fn progress(state: TransferState) -> DownloadProgress {
    DownloadProgress {
        at: RepoAt::main("o/n"),
        commit: String::new(),
        state,
        bytes: 200_000_000,
        done: 50_000_000,
        moved: 10_000_000,
        speed: 12_000_000.0,
        eta_secs: Some(12.5),
        files: vec![FileProgress {
            path: "model.safetensors".to_owned(),
            bytes: 200_000_000,
            done: 50_000_000,
            state,
            attempt: 3,
            attempts: 8,
            problem: (state == TransferState::Retrying)
                .then(|| "The connection was closed".to_owned()),
        }],
    }
}

#[test]
fn a_download_says_what_it_does_and_what_can_be_done() {
    let mut state = state();
    let task = HubTask(1);
    state.models.hub.downloads = vec![Download {
        task,
        at: RepoAt::main("o/n"),
        files: Vec::new(),
        progress: None,
        outcome: None,
    }];
    let row = |state: &State| DownloadsView::build(state).rows[0].clone();
    let ways =
        |row: &DownloadRow| -> Vec<&str> { row.ways.iter().map(|(words, _)| *words).collect() };
    assert_eq!(row(&state).doing, "Asking for the files");
    let mut at = |transfer| {
        state.models.hub.downloads[0].progress = Some(progress(transfer));
        row(&state)
    };
    let downloading = at(TransferState::Downloading);
    assert_eq!(downloading.numbers, "50 MB of 200 MB · 12 MB/s · 12 s left");
    assert_eq!(downloading.fraction, Some(0.25));
    assert_eq!(ways(&downloading), ["Pause", "Cancel"]);
    assert!(
        at(TransferState::Stalled)
            .doing
            .contains("no data has come")
    );
    assert_eq!(at(TransferState::Stalled).numbers, "50 MB of 200 MB");
    assert_eq!(
        at(TransferState::Retrying).troubles,
        ["model.safetensors: The connection was closed (attempt 3 of 8)"]
    );
    assert_eq!(ways(&at(TransferState::Paused)), ["Resume", "Cancel"]);
    state.models.hub.downloads[0].outcome = Some(Outcome::Failed(
        Failure::failed("The disk is full"),
        Some(Remedy::Space { needed: 2, free: 1 }),
    ));
    assert_eq!(ways(&row(&state)), ["Try again", "Clear"]);
    assert!(row(&state).failure.is_some());
}

#[test]
fn what_the_lineup_lacks_is_told_until_it_has_come() {
    let mut state = state();
    assert_eq!(ComposedView::build(&state).missing, None);
    state.models.plan.base.as_mut().unwrap().place = hub("o/n");
    let missing = ComposedView::build(&state).missing.unwrap();
    assert_eq!(missing.words, "o/n has to be downloaded first");
    assert!(!missing.fetching);
    state.models.hub.downloads.push(Download {
        task: HubTask(1),
        at: RepoAt::main("o/n"),
        files: Vec::new(),
        progress: None,
        outcome: None,
    });
    assert!(ComposedView::build(&state).missing.unwrap().fetching);
}

#[test]
fn a_search_says_what_it_found_and_why_it_cannot_be_done_offline() {
    let mut state = state();
    let view = HubView::build(&state);
    assert!(view.note.unwrap().starts_with("Search for a model"));
    state.models.hub.results = Some(vec![FoundRepo {
        repo: "o/n".to_owned(),
        downloads: Some(1_240_000),
        licence: Some("apache-2.0".to_owned()),
        gated: true,
        ..FoundRepo::default()
    }]);
    let view = HubView::build(&state);
    assert_eq!(
        view.results[0].1,
        "1.2 M downloads a month · apache-2.0 · behind terms"
    );
    state.models.hub.access = Some(HubAccess {
        endpoint: "https://huggingface.co".to_owned(),
        cache: "/cache".into(),
        offline: true,
        token_from: None,
        token_file: "/token".into(),
    });
    let view = HubView::build(&state);
    assert!(view.offline && view.note.unwrap().contains("HF_HUB_OFFLINE"));
}
