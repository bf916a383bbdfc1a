use super::*;
use crate::app::state::{State, TokenRef};
use crate::app::update::tests::{finished, request, set_weight, written};
use crate::app::update::{Action, apply as act, on_event};
use crate::domain::Pane;
use crate::record::NEEDS_MODEL;
use crate::worker::Event;

/// A text with the card of its third word pinned, and the alternatives there.
fn pinned() -> (State, Vec<TokenId>) {
    let (mut state, _) = written();
    let pinned = TokenRef {
        pane: Pane::Guided,
        index: 2,
    };
    act(&mut state, Action::TogglePin(pinned));
    let all = state.alternatives();
    assert!(all.iter().all(|alternative| alternative.at == 2));
    (
        state,
        all.iter().map(|alternative| alternative.token).collect(),
    )
}

fn point(state: &mut State, token: Option<TokenId>) {
    act(state, Action::Ahead(AheadAction::Point(token)));
}

/// Lets so much time pass; what is asked for then.
fn rest(state: &mut State, secs: f64) -> Option<AheadRequest> {
    state.now_secs += secs;
    match ahead_due(state).as_slice() {
        [] => None,
        [Command::LookAhead(request)] => Some((**request).clone()),
        other => panic!("{other:?}"),
    }
}

fn tell(state: &mut State, run: RunId, text: &str, tokens: usize) {
    let ahead = Ahead {
        text: text.to_owned(),
        tokens,
        finish: None,
    };
    on_event(state, Event::Ahead { run, ahead });
}

fn said(state: &State) -> Option<String> {
    state.words_ahead()
}

#[test]
fn resting_on_an_alternative_asks_for_what_going_that_way_would_ask_for() {
    let (mut state, others) = pinned();
    assert_eq!(others.len(), 3, "all but the word itself");
    let weights = state.draft.effective_weights();
    point(&mut state, Some(others[1]));
    assert!(rest(&mut state, 0.1).is_none(), "not yet");
    assert!(ahead_due_in(&state).unwrap() > 0.1);
    let asked = rest(&mut state, 0.3).unwrap();
    assert_eq!(*asked.tokens, [0, 0, others[1]]);
    assert_eq!((&asked.weights, asked.most), (&weights, 12));
    assert!(rest(&mut state, 1.0).is_none(), "once");
    let commands = act(&mut state, Action::Ahead(AheadAction::Take));
    let fork = request(&commands);
    assert_eq!(*fork.beginning.tokens, *asked.tokens);
    assert_eq!(
        (&fork.weights, &fork.sampling),
        (&asked.weights, &asked.sampling)
    );
    assert_eq!(fork.prompt, asked.prompt);
}

#[test]
fn moving_on_cancels_the_look_at_once_and_what_it_still_tells_is_dropped() {
    let (mut state, others) = pinned();
    point(&mut state, Some(others[0]));
    let first = rest(&mut state, 0.4).unwrap();
    tell(&mut state, first.run, " a b", 2);
    assert_eq!(said(&state).unwrap(), "Then: “b a b …”");
    point(&mut state, Some(others[1]));
    assert!(first.cancel.is_cancelled());
    assert_eq!(said(&state), None);
    let second = rest(&mut state, 0.4).unwrap();
    tell(&mut state, first.run, " a b c", 3);
    assert_eq!(said(&state).unwrap(), "Then: “c …”");
    tell(&mut state, second.run, " c", 1);
    assert_eq!(said(&state).unwrap(), "Then: “c c …”");
    point(&mut state, None);
    assert!(second.cancel.is_cancelled() && state.ahead.is_none());
    point(&mut state, Some(others[1]));
    let third = rest(&mut state, 0.4).unwrap();
    act(&mut state, Action::Unpin);
    assert!(rest(&mut state, 0.4).is_none());
    assert!(third.cancel.is_cancelled() && state.focus.alternative.is_none());
}

#[test]
fn moved_sliders_ask_anew_and_a_run_goes_first() {
    let (mut state, others) = pinned();
    point(&mut state, Some(others[0]));
    let first = rest(&mut state, 0.4).unwrap();
    set_weight(&mut state, 1, 1.25);
    assert!(rest(&mut state, 0.0).is_none());
    assert!(first.cancel.is_cancelled());
    let second = rest(&mut state, 0.4).unwrap();
    assert_eq!(*second.weights, [2.0, 1.25]);
    let calibrate = Command::Generate(crate::worker::GenerateRequest {
        run: RunId(77),
        cancel: CancelToken::default(),
        prompt: second.prompt.clone(),
        weights: second.weights.clone(),
        sampling: second.sampling.clone(),
        with_base: false,
        pace: None,
        beginning: crate::worker::Beginning::default(),
        live: true,
    });
    crate::app::update::give_way(&mut state, &[calibrate]);
    assert!(second.cancel.is_cancelled());
    let third = rest(&mut state, 0.4).unwrap();
    assert_eq!(*third.tokens, *second.tokens);
    assert_ne!(third.run, second.run);
}

#[test]
fn a_recording_that_does_not_go_that_way_says_so_and_nothing_else_breaks() {
    let (mut state, others) = pinned();
    point(&mut state, Some(others[0]));
    let asked = rest(&mut state, 0.4).unwrap();
    let failure = Failure::failed(NEEDS_MODEL);
    on_event(
        &mut state,
        Event::Failed {
            run: Some(asked.run),
            failure,
        },
    );
    assert_eq!(said(&state).unwrap(), NEEDS_MODEL);
    assert!(state.problem.is_none() && !state.is_looking_ahead());
    assert!(rest(&mut state, 5.0).is_none(), "it would fail again");
}

#[test]
fn keys_go_through_the_alternatives_and_around() {
    let (mut state, others) = pinned();
    let mut go = |by| {
        act(&mut state, Action::Ahead(AheadAction::Move(by)));
        state.focus.alternative.unwrap().token
    };
    assert_eq!(go(1), others[0]);
    assert_eq!(go(1), others[1]);
    assert_eq!(go(-1), others[0]);
    assert_eq!(go(-1), others[2]);
    assert_eq!(go(1), others[0]);
    let commands = act(&mut state, Action::Ahead(AheadAction::Take));
    assert_eq!(request(&commands).beginning.tokens[2], others[0]);
    let run = request(&commands).run;
    on_event(&mut state, finished(run));
    assert!(
        act(&mut state, Action::Ahead(AheadAction::Take)).is_empty(),
        "the card is gone"
    );
}
