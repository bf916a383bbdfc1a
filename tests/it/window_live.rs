//! Live steering under a person's hands: sliders of a finished text, and what they have written again.

use counterpoise::domain::{Finish, Pane};
use counterpoise::engine::decode::GuidedStep;
use counterpoise::worker::{Ahead, Command, Event, GenerateRequest, Step};
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::stage::{Stage, scores, token, vocabulary};

fn request(command: Command) -> GenerateRequest {
    match command {
        Command::Generate(request) => request,
        other => panic!("{other:?}"),
    }
}

/// Writes guided tokens where the text goes on.
fn write(stage: &mut Stage, asked: &GenerateRequest, words: &[&str]) {
    for (i, word) in words.iter().enumerate() {
        let position = asked.beginning.told_from + i;
        let id = token(word);
        let step = GuidedStep::new(position, id, scores(position, id), asked.weights.clone());
        let step = Box::new(Step {
            pane: Pane::Guided,
            step,
            text: (*word).to_owned(),
        });
        stage.tell(Event::Step {
            run: asked.run,
            step,
        });
    }
}

#[test]
fn a_slider_says_what_would_change_while_it_moves_and_asks_the_worker_when_it_is_let_go() {
    let mut stage = Stage::ready();
    let old = stage.answered_by_its_rows();
    let whole = stage.text_of("Guided text");
    stage.hold_slider("harmless weight", 1.0);
    stage.wait_for("instead of");
    assert!(stage.next_command().is_none(), "it is still held");
    let base = stage.text_of("Base text");
    stage.let_go("harmless weight", 1.0);
    let asked = request(stage.wait_for_command());
    assert!(asked.live && !asked.with_base && asked.pace.is_none());
    let from = asked.beginning.told_from;
    let kept = stage.state().runs[&old].guided.pieces[..from].concat();
    assert_eq!(stage.state().run().unwrap().guided.pieces.concat(), kept);
    assert_eq!(stage.text_of("Base text"), base);
    write(&mut stage, &asked, &[" lie", "."]);
    stage.finish(asked.run, Finish::Eos);
    assert_eq!(stage.text_of("Guided text"), kept.clone() + " lie.");
    assert_eq!(stage.text_of("Base text"), base);
    assert!(stage.shows("Written again from word"));
    stage.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(stage.state().shown, Some(old));
    assert_eq!(stage.text_of("Guided text"), whole);
}

#[test]
fn a_live_text_is_written_again_while_the_slider_is_held() {
    let mut stage = Stage::ready();
    stage.answered();
    stage.click("Live: follow the sliders while they move");
    stage.hold_slider("harmless weight", 1.0);
    let mut command = Some(stage.wait_for_command());
    for _ in 0..400 {
        // On a slow machine a newer request may take the place of one that was answered.
        if let Some(newest) = command {
            let asked = request(newest);
            assert!(asked.live);
            write(&mut stage, &asked, &[" lie"]);
        }
        stage.frames(1);
        if stage.text_of("Guided text").ends_with(" lie") {
            return;
        }
        command = stage.next_command();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("{}", stage.text_of("Guided text"));
}

#[test]
fn a_text_that_stays_the_same_is_not_written_again() {
    let mut stage = Stage::ready();
    stage.answered_by_its_rows();
    let text = stage.text_of("Guided text");
    stage.hold_slider("humorous weight", 0.06);
    stage.let_go("humorous weight", 0.06);
    stage.wait_for("The text stays the same");
    assert!(stage.next_command().is_none());
    assert_eq!(stage.text_of("Guided text"), text);
}

#[test]
fn a_band_on_the_track_says_how_far_the_slider_can_move() {
    let mut stage = Stage::ready();
    stage.answered_by_its_rows();
    stage.wait_until(|state| state.run().is_some_and(|run| run.steadiness.is_some()));
    let slider = stage
        .harness
        .get_by_role_and_label(Role::Slider, "harmless weight");
    let described = slider.accesskit_node().description().unwrap_or_default();
    assert!(described.contains("The text stays the same"), "{described}");
    assert!(described.contains(" instead of "), "{described}");
    slider.hover();
    stage.frames(60);
    assert!(stage.shows("The text stays the same"));
}

/// The next run that is asked for; looks ahead, which come where the pointer rests, aside.
fn next_run(stage: &mut Stage) -> GenerateRequest {
    loop {
        match stage.wait_for_command() {
            Command::LookAhead(_) => {}
            command => return request(command),
        }
    }
}

/// Pins the card of a guided word.
fn pin(stage: &mut Stage, index: usize) {
    stage.harness.get_by_label("Guided text").focus();
    stage.frames(2);
    for _ in 0..=index {
        stage.press(Modifiers::NONE, Key::ArrowRight);
    }
    stage.press(Modifiers::NONE, Key::Enter);
}

#[test]
fn an_alternative_in_the_card_is_written_on_with_and_the_texts_stand_beside_one_another() {
    let mut stage = Stage::ready();
    stage.answered();
    pin(&mut stage, 2);
    let index = stage.state().focus.pinned.unwrap().index;
    let label = stage
        .harness
        .query_all_by_role(Role::Button)
        .filter_map(|node| node.accesskit_node().label())
        .find(|label| label.starts_with("Write on with "))
        .unwrap();
    stage.click(&label);
    let asked = next_run(&mut stage);
    assert_eq!(asked.beginning.told_from, index);
    assert_eq!(asked.beginning.tokens.len(), index + 1);
    write(&mut stage, &asked, &[" good", "."]);
    stage.finish(asked.run, Finish::Eos);
    assert!(stage.shows("2 of 2") && stage.shows("First text"));
    stage.click("Previous branch");
    assert_eq!(stage.text_of("Guided text"), crate::stage::GUIDED.concat());
    assert!(stage.shows("1 of 2"));
    stage.press(Modifiers::ALT, Key::ArrowDown);
    assert!(stage.text_of("Guided text").ends_with(" good."));
    stage.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(stage.text_of("Guided text"), crate::stage::GUIDED.concat());
}

#[test]
fn resting_on_an_alternative_shows_how_the_text_would_go_on_from_there() {
    let mut stage = Stage::ready();
    stage.answered();
    pin(&mut stage, 2);
    let index = stage.state().focus.pinned.unwrap().index;
    let others: Vec<String> = stage
        .harness
        .query_all_by_role(Role::Button)
        .filter_map(|node| node.accesskit_node().label())
        .filter(|label| label.starts_with("Write on with ") && !label.contains("end of text"))
        .collect();
    assert!(stage.shows("of what guidance allows"));
    stage.harness.get_by_label(&others[1]).hover();
    let Command::LookAhead(asked) = stage.wait_for_command() else {
        panic!("something else was asked");
    };
    assert_eq!(asked.tokens.len(), index + 1);
    let word = vocabulary()[asked.tokens[index] as usize].clone();
    let word = word.trim();
    assert!(stage.shows(&format!("Then: “{word} …”")));
    let tell = |stage: &mut Stage, run, text: &str, tokens, finish| {
        let ahead = Ahead {
            text: text.to_owned(),
            tokens,
            finish,
        };
        stage.tell(Event::Ahead { run, ahead });
    };
    tell(&mut stage, asked.run, " a good", 2, None);
    let line = format!("Then: “{word} a good …”");
    assert!(stage.shows(&line));
    let row = stage.harness.get_by_label(&others[1]);
    let described = row.accesskit_node().description().unwrap_or_default();
    assert_eq!(described, line);
    tell(&mut stage, asked.run, " a good plan.", 4, Some(Finish::Eos));
    assert!(stage.shows(&format!("Then: “{word} a good plan.”, and the text ends")));
    // The keyboard goes on to the next one, and the look before is over at once.
    stage.press(Modifiers::ALT, Key::Period);
    assert!(asked.cancel.is_cancelled() && !stage.shows("a good plan"));
    let Command::LookAhead(next) = stage.wait_for_command() else {
        panic!("something else was asked");
    };
    assert_ne!(next.tokens, asked.tokens);
    stage.press(Modifiers::ALT, Key::Enter);
    let fork = next_run(&mut stage);
    assert_eq!(fork.beginning.tokens, next.tokens);
    assert_eq!((fork.weights, fork.sampling), (next.weights, next.sampling));
}

#[test]
fn other_words_are_typed_in_the_card_and_luck_is_changed_from_a_word_on() {
    let mut stage = Stage::ready();
    stage.answered();
    pin(&mut stage, 2);
    let index = stage.state().focus.pinned.unwrap().index;
    stage.harness.get_by_label("Other words here").focus();
    stage.frames(2);
    stage
        .harness
        .get_by_label("Other words here")
        .type_text("kindly");
    stage.frames(2);
    stage.click("Write on");
    let asked = request(stage.wait_for_command());
    assert_eq!(asked.beginning.words.trim(), "kindly");
    assert_eq!(asked.beginning.told_from, index);
    stage.finish(asked.run, Finish::Eos);
    stage.press(Modifiers::COMMAND, Key::Z);
    pin(&mut stage, 2);
    stage.click("Next seed");
    let again = request(stage.wait_for_command());
    assert_ne!(again.sampling.seed, asked.sampling.seed);
    assert!(again.beginning.words.is_empty());
}

#[test]
fn the_guided_pane_says_how_far_guidance_went_and_follows_the_sliders() {
    let mut stage = Stage::ready();
    stage.answered();
    let meter = |stage: &Stage| {
        let node = stage
            .harness
            .get_by_label("Guidance of the whole text, nats");
        node.accesskit_node().numeric_value().unwrap()
    };
    let before = meter(&stage);
    assert!(before > 0.0);
    stage.hold_slider("harmless weight", 1.0);
    stage.wait_until(|state| state.reweight_request().is_none());
    stage.frames(2);
    assert!((meter(&stage) - before).abs() > 0.05);
}

#[test]
fn a_typed_amount_of_guidance_moves_all_sliders_and_is_told_in_a_sentence() {
    let mut stage = Stage::ready();
    stage.answered();
    let (total, _) = stage.state().run().unwrap().guidance();
    let label = "Guidance of the whole text, nats";
    stage.harness.get_by_label(label).click();
    stage.frames(3);
    stage.press(Modifiers::COMMAND, Key::A);
    let typed = format!("{:.1}", total / 2.0);
    stage.harness.get_by_label(label).type_text(&typed);
    stage.frames(2);
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("All sliders times");
    let weights = stage.state().draft.effective_weights();
    assert!(
        weights[1] < 1.0 && (weights[0] * 2.0 - weights[1]).abs() < 0.01,
        "{weights:?}"
    );
    assert!(stage.shows(&format!("{typed} nats of guidance")));
    stage.press(Modifiers::COMMAND, Key::Z);
    assert!((stage.state().draft.effective_weights()[1] - 1.0).abs() < 1e-9);
    assert!(!stage.shows("All sliders times"));
}

#[test]
fn old_words_stand_dimmed_until_new_ones_take_their_places() {
    let mut stage = Stage::ready();
    stage.answered_by_its_rows();
    stage.hold_slider("harmless weight", 1.0);
    stage.let_go("harmless weight", 1.0);
    let asked = request(stage.wait_for_command());
    stage.frames(2);
    let all = counterpoise::app::panels::panes::PanesView::build(stage.state()).panes[1].clone();
    assert_eq!(all.cells.len(), crate::stage::GUIDED.len());
    assert_eq!(all.faded_from, Some(asked.beginning.told_from));
    assert!(all.empty_note.is_none() && all.guidance.is_some());
    let words = all.cells.len();
    let kept = stage.text_of("Guided text");
    write(&mut stage, &asked, &[" lie"]);
    let view = counterpoise::app::panels::panes::PanesView::build(stage.state()).panes[1].clone();
    assert_eq!(view.cells.len(), words);
    assert_eq!(view.faded_from, Some(asked.beginning.told_from + 1));
    assert_eq!(
        stage.text_of("Guided text"),
        kept + " lie",
        "dimmed words are not read out"
    );
    stage.finish(asked.run, Finish::Eos);
    let view = counterpoise::app::panels::panes::PanesView::build(stage.state()).panes[1].clone();
    assert_eq!(
        (view.cells.len(), view.faded_from),
        (asked.beginning.told_from + 1, None)
    );
}

#[test]
fn both_texts_begin_at_the_same_height_below_a_line_of_branches() {
    let mut stage = Stage::ready();
    stage.answered();
    let tops = |stage: &Stage| {
        ["Base text", "Guided text"].map(|label| stage.harness.get_by_label(label).rect().top())
    };
    let [base, guided] = tops(&stage);
    assert!((base - guided).abs() < 0.5, "{base} {guided}");
    pin(&mut stage, 2);
    stage.click("Next seed");
    let asked = request(stage.wait_for_command());
    stage.finish(asked.run, Finish::Eos);
    assert!(stage.shows("First text"));
    let [below, beside] = tops(&stage);
    assert!(
        (below - beside).abs() < 0.5 && below > base,
        "{below} {beside}"
    );
}

#[test]
fn arrow_keys_step_finely_with_shift_and_a_kept_sum_takes_from_the_others() {
    let mut stage = Stage::ready();
    stage
        .harness
        .get_by_role_and_label(Role::Slider, "harmless weight")
        .focus();
    stage.frames(2);
    let weights = |stage: &Stage| stage.state().draft.effective_weights().to_vec();
    stage.press(Modifiers::SHIFT, Key::ArrowRight);
    assert!((weights(&stage)[1] - 1.01).abs() < 1e-9);
    stage.press(Modifiers::NONE, Key::ArrowLeft);
    assert!((weights(&stage)[1] - 0.96).abs() < 1e-9);
    stage.click("Keep sum: what one slider gains the others lose");
    stage
        .harness
        .get_by_role_and_label(Role::Slider, "harmless weight")
        .focus();
    stage.frames(2);
    stage.press(Modifiers::NONE, Key::End);
    let shared = weights(&stage);
    assert!(
        (shared.iter().sum::<f64>() - 1.46).abs() < 1e-9,
        "{shared:?}"
    );
    assert!((shared[1] - 1.46).abs() < 1e-9);
}
