use super::*;
use crate::app::update::tests::{finished, request, step, text, written};
use crate::app::update::{Action, apply, on_event};
use crate::domain::Pane;
use crate::worker::Event;

/// Goes another way at a token; the new text is `aab…`.
fn take(state: &mut State, index: usize, turn: Turn, rest: &[u32]) -> RunId {
    let by_hand = !matches!(turn, Turn::Seed(_));
    let commands = apply(state, Action::Fork { index, turn });
    let run = request(&commands).run;
    let weights = state.draft.effective_weights();
    for (i, &token) in rest.iter().enumerate() {
        let mut event = step(run, Pane::Guided, index + i, token, &weights);
        if let Event::Step { step: told, .. } = &mut event {
            told.step.given = by_hand && i == 0;
        }
        on_event(state, event);
    }
    on_event(state, finished(run));
    run
}

#[test]
fn a_picked_token_goes_on_as_a_branch_and_nothing_is_lost() {
    let (mut state, first) = written();
    let turn = Turn::Token(2);
    let commands = apply(&mut state, Action::Fork { index: 2, turn });
    let asked = request(&commands);
    assert_eq!(
        (&*asked.beginning.tokens, asked.beginning.told_from),
        (&[0, 0, 2][..], 2)
    );
    assert!(asked.beginning.words.is_empty() && !asked.with_base);
    assert_eq!(text(&state), "aa");
    let second = asked.run;
    on_event(&mut state, step(second, Pane::Guided, 2, 2, &[2.0, 1.0]));
    on_event(&mut state, finished(second));
    assert_eq!(text(&state), "aac");
    let third = take(&mut state, 2, Turn::Token(1), &[1, 1]);
    let family = state.family().unwrap();
    assert_eq!((family.at, family.index), (2, 2));
    assert_eq!(family.runs, [first, second, third]);
    apply(&mut state, Action::MoveBranch(-1));
    assert_eq!(text(&state), "aac");
    apply(&mut state, Action::MoveBranch(-1));
    assert_eq!(
        (state.shown, text(&state)),
        (Some(first), "aaaa".to_owned())
    );
    apply(&mut state, Action::MoveBranch(-1));
    assert_eq!(state.shown, Some(third), "around the end");
    apply(&mut state, Action::Undo);
    assert_eq!(state.shown, Some(first));
}

#[test]
fn a_branch_of_a_branch_knows_its_way() {
    let (mut state, first) = written();
    let second = take(&mut state, 1, Turn::Token(2), &[2, 0, 0]);
    let third = take(&mut state, 3, Turn::Token(1), &[1]);
    let way: Vec<RunId> = state.path().iter().map(|run| run.id).collect();
    assert_eq!(way, [first, second, third]);
    apply(&mut state, Action::ShowRun(first));
    assert_eq!(
        state.family().map(|family| family.runs),
        Some(vec![first, second])
    );
}

#[test]
fn typed_words_stand_in_the_place_of_the_word_and_the_next_seed_draws_the_rest() {
    let (mut state, _) = written();
    let turn = Turn::Words(" be kind ".to_owned());
    let commands = apply(&mut state, Action::Fork { index: 1, turn });
    let asked = request(&commands);
    assert_eq!(
        (&*asked.beginning.tokens, &*asked.beginning.words),
        (&[0][..], "be kind")
    );
    let (mut state, first) = written();
    let seed = state.run().unwrap().sampling.seed;
    let commands = apply(
        &mut state,
        Action::Fork {
            index: 2,
            turn: Turn::Seed(0),
        },
    );
    let asked = request(&commands);
    assert_eq!(
        (&*asked.beginning.tokens, asked.beginning.told_from),
        (&[0, 0][..], 2)
    );
    assert_ne!(asked.sampling.seed, seed);
    assert_eq!(state.runs[&first].sampling.seed, seed);
    assert_eq!(
        state.run().unwrap().given,
        2,
        "what stands before is of another seed"
    );
}

#[test]
fn the_same_token_or_no_words_start_no_branch() {
    let (mut state, first) = written();
    for turn in [Turn::Token(0), Turn::Words("  ".to_owned())] {
        assert!(apply(&mut state, Action::Fork { index: 1, turn }).is_empty());
    }
    assert!(
        apply(
            &mut state,
            Action::Fork {
                index: 9,
                turn: Turn::Token(1)
            }
        )
        .is_empty()
    );
    assert_eq!(state.shown, Some(first));
    assert!(state.family().is_none());
}

#[test]
fn what_a_person_put_into_a_text_is_known_to_be_theirs() {
    let (mut state, _) = written();
    let by_hand = |state: &State| -> Vec<usize> {
        let tokens = 0..state.run().unwrap().guided.len();
        tokens.filter(|&index| state.is_by_hand(index)).collect()
    };
    assert_eq!(by_hand(&state), [0; 0]);
    take(&mut state, 1, Turn::Token(2), &[2, 0, 0]);
    assert_eq!(by_hand(&state), [1]);
    // Behind it the way goes on by hand once more, then by luck.
    take(&mut state, 3, Turn::Token(1), &[1, 0]);
    assert_eq!(by_hand(&state), [1, 3]);
    take(&mut state, 2, Turn::Seed(0), &[1, 1]);
    assert_eq!(by_hand(&state), [1]);
}
