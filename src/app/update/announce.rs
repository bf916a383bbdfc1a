//! Says what has begun, ended or gone wrong, once.

use crate::app::state::State;
use crate::app::state::announced::Stage;
use crate::app::state::log::Words;

/// Takes in how far things are and what was told; before a frame, behind everything else.
pub(super) fn announce(state: &mut State) {
    let announced = &mut state.announced;
    let gone = |words: &mut Words| !state.log.is_shown(words);
    if announced.message.take_if(gone).is_some() {
        // What was put away is not found any more by whoever reads the window part by part.
        announced.text.clear();
        announced.is_urgent = false;
    }
    let (stage, before) = (Stage::of(state), state.announced.stage);
    if let Some(text) = stage.words_since(before, state) {
        state.announced.text = text;
        state.announced.is_urgent = stage.has_failed();
        state.announced.message = None;
    }
    state.announced.stage = stage;
    let next = state.announced.next_message;
    let news = state
        .log
        .messages
        .iter()
        .take_while(|message| message.number >= next);
    // What went wrong counts before what else was told at the same moment.
    let said = news.max_by_key(|message| (message.words.is_problem, message.number));
    if let Some(message) = said {
        let words = &message.words;
        state.announced.is_urgent = words.is_problem;
        state.announced.message = Some(words.clone());
        state.announced.text = match &words.hint {
            Some(hint) => format!("{}. {hint}", words.summary),
            None => words.summary.clone(),
        };
    }
    if let Some(newest) = state.log.messages.front() {
        state.announced.next_message = newest.number + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::{Problem, ProblemPlace};
    use crate::app::update::tests::{finished, ready, request, set_weight, step, written};
    use crate::app::update::{Action, apply, keep_messages, on_event};
    use crate::domain::Pane;
    use crate::error::Failure;
    use crate::worker::Event;

    /// What is said now, and whether it is urgent.
    fn said(state: &mut State) -> (String, bool) {
        keep_messages(state, 0);
        (state.announced.text.clone(), state.announced.is_urgent)
    }

    #[test]
    fn a_run_is_said_to_begin_and_to_end_and_no_word_between() {
        let mut state = ready();
        assert_eq!(said(&mut state).0, "test is ready");
        let commands = apply(&mut state, Action::Run);
        let id = request(&commands).run;
        assert_eq!(said(&mut state), ("Writing".to_owned(), false));
        for position in 0..3 {
            let weights = state.draft.effective_weights();
            on_event(&mut state, step(id, Pane::Guided, position, 0, &weights));
            assert_eq!(said(&mut state).0, "Writing");
        }
        on_event(&mut state, finished(id));
        let end = "Done: the longest length was reached; the guided text has 3 tokens";
        assert_eq!(said(&mut state), (end.to_owned(), false));
    }

    #[test]
    fn a_text_that_follows_a_slider_at_once_is_said_when_it_is_there() {
        let (mut state, _) = written();
        let before = said(&mut state);
        set_weight(&mut state, 1, 4.0);
        apply(&mut state, Action::EndEdit);
        let commands = crate::app::update::tests::judge(&mut state);
        let again = request(&commands).clone();
        assert_eq!(said(&mut state), before);
        let from = again.beginning.told_from;
        on_event(
            &mut state,
            step(again.run, Pane::Guided, from, 1, &again.weights),
        );
        assert_eq!(said(&mut state), before);
        on_event(&mut state, finished(again.run));
        let (text, _) = said(&mut state);
        assert!(
            text.starts_with("The guided text is written again"),
            "{text}"
        );
        // One that takes long says that it has begun.
        set_weight(&mut state, 1, 0.0);
        apply(&mut state, Action::EndEdit);
        let commands = crate::app::update::tests::judge(&mut state);
        request(&commands);
        state.now_secs += 1.0;
        assert_eq!(said(&mut state).0, "Writing the guided text again");
        // The text before is shown again: nothing has happened.
        let earlier = said(&mut state);
        apply(&mut state, Action::Undo);
        apply(&mut state, Action::Undo);
        assert_eq!(said(&mut state), earlier);
    }

    #[test]
    fn what_goes_wrong_is_urgent_and_says_what_can_be_done() {
        let mut state = ready();
        let commands = apply(&mut state, Action::Run);
        let id = request(&commands).run;
        said(&mut state);
        let failure = Failure::failed("The models failed").hint("Run it again");
        let event = Event::Failed {
            run: Some(id),
            failure,
        };
        on_event(&mut state, event);
        let urgent = ("The models failed. Run it again".to_owned(), true);
        assert_eq!(said(&mut state), urgent);
        assert_eq!(said(&mut state), urgent, "it stays until there is more");
        apply(&mut state, Action::Run);
        assert_eq!(said(&mut state), ("Writing".to_owned(), false));
        state.problem = Some(Problem {
            failure: Failure::failed("The disk is full"),
            during: ProblemPlace::Runs,
            details_open: false,
        });
        assert_eq!(said(&mut state), ("The disk is full".to_owned(), true));
        apply(&mut state, Action::DismissProblem);
        assert_eq!(said(&mut state), (String::new(), false));
    }
}
