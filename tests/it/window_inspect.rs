//! Looking closely: lanes, modes, the table of all tokens, what differs, columns and blind votes.

use counterpoise::app::state::TokenRef;
use counterpoise::app::state::settings::HeatMode;
use counterpoise::domain::Pane;
use egui::{Key, Modifiers, pos2};
use egui_kittest::kittest::Queryable;

use crate::stage::Stage;

fn answered() -> Stage {
    let mut stage = Stage::ready();
    stage.answered();
    stage
}

/// What was copied in the last frame.
fn copied(stage: &Stage) -> Option<String> {
    let commands = &stage.harness.output().platform_output.commands;
    commands.iter().find_map(|command| match command {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    })
}

#[test]
fn lanes_come_with_a_key_and_a_click_on_a_name_colours_the_words() {
    let mut stage = answered();
    let before = stage.harness.get_by_label("Guided text").rect();
    stage.press(Modifiers::COMMAND, Key::L);
    assert!(stage.state().settings.heat.lanes);
    let text = stage.harness.get_by_label("Guided text").rect();
    assert!((text.width() - before.width()).abs() < 0.5);
    // The names of the three lanes stand below the first line, the last one lowest.
    let mut chosen: Vec<usize> = (0..60)
        .map(|step| pos2(text.left() + 20.0, text.top() + 2.0 * step as f32))
        .filter_map(|at| {
            stage.harness.hover_at(at);
            stage.frames(1);
            stage.harness.drag_at(at);
            stage.harness.drop_at(at);
            stage.frames(2);
            let focus = stage.state().focus;
            focus.objective_is_chosen.then_some(focus.objective)
        })
        .collect();
    chosen.dedup();
    assert!(chosen.starts_with(&[0, 1, 2]), "{chosen:?}");
    assert_eq!(stage.state().focus.pinned, None);
}

#[test]
fn every_number_can_colour_the_words_and_says_what_it_means() {
    let mut stage = answered();
    for (label, mode, words) in [
        (
            "Push",
            HeatMode::Push,
            "against the plain model's best other word",
        ),
        (
            "Preference",
            HeatMode::Preference,
            "likelier than the plain model does",
        ),
        ("Openness", HeatMode::Entropy, "more ways on"),
        (
            "Advantage",
            HeatMode::Advantage,
            "than the plain model's average",
        ),
    ] {
        stage.click(label);
        assert_eq!(stage.state().settings.heat.mode, mode);
        assert!(stage.shows(words), "{label}");
        let run = stage.state().run().unwrap();
        let values = stage.state().heat_values(run, Pane::Guided);
        assert!(values.iter().all(Option::is_some), "{label}: {values:?}");
    }
}

#[test]
fn the_parts_of_a_choice_stand_in_its_card() {
    let mut stage = answered();
    stage.press(Modifiers::NONE, Key::J);
    assert!(stage.shows("Plain model: push"));
    assert!(stage.shows("harmless: reward"));
    assert!(stage.shows("In all: push"));
    assert!(stage.shows("Push: in nats, for this word and against"));
}

#[test]
fn all_tokens_are_listed_sorted_found_and_copied() {
    let mut stage = answered();
    stage.press(Modifiers::COMMAND, Key::T);
    assert!(stage.shows("7 tokens"));
    assert!(stage.shows("Token 1, Just: plain"));
    stage.click("Sort by guided");
    let by_guided = stage.state().listed();
    let run = stage.state().run().unwrap();
    let guided = |at: &usize| run.insight(Pane::Guided, *at).unwrap().chosen.guided;
    assert!(by_guided.is_sorted_by(|a, b| guided(a) >= guided(b)));
    stage.click("Sort by guided");
    let turned: Vec<usize> = by_guided.into_iter().rev().collect();
    assert_eq!(stage.state().listed(), turned);

    stage.harness.get_by_label("Find tokens").focus();
    stage.harness.get_by_label("Find tokens").type_text("tr");
    stage.frames(3);
    assert!(stage.shows("1 of 7 tokens"));
    stage.harness.get_by_label("Copy as CSV").click();
    stage.frames(1);
    let csv = copied(&stage).expect("nothing was copied");
    let mut lines = csv.lines();
    // The objective that colours the words comes first.
    let first = stage.state().focus.objective;
    let mut names = ["helpful", "harmless", "humorous"];
    names[..=first].rotate_right(1);
    let of = |name: &&str| format!(",{name} advantage,{name} push,{name} reward");
    let heads = names.iter().map(of).collect::<String>();
    let heads = format!("text,position,token,base,guided,influence,kl,entropy{heads}");
    assert_eq!(lines.next(), Some(heads.as_str()));
    let line: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(line[..3], ["guided", "5", "\" truth\""]);
    let run = stage.state().run().unwrap();
    let base: f64 = line[3].parse().unwrap();
    assert_eq!(
        base.to_bits(),
        run.insight(Pane::Guided, 5).unwrap().chosen.base.to_bits()
    );
    assert_eq!(lines.next(), None);

    // The row is wider than what is in sight of it.
    let row = stage.harness.get_by_label_contains("Token 6, ");
    row.click_accesskit();
    stage.frames(3);
    let pinned = TokenRef {
        pane: Pane::Guided,
        index: 5,
    };
    assert_eq!(stage.state().focus.pinned, Some(pinned));
}

#[test]
fn what_differs_is_marked_and_told_in_one_line() {
    let mut stage = answered();
    assert!(!stage.shows("words with guidance are others"));
    stage.press(Modifiers::COMMAND, Key::D);
    // "a good lie" against "the plain truth".
    assert!(stage.shows("The first 3 words are the same"));
    assert!(stage.shows("3 of 6 words with guidance are others"));
    let differences = stage.state().difference().unwrap();
    let marked = [false, false, false, true, true, true, false];
    assert_eq!(differences.differs(0), marked);
    assert_eq!(differences.differs(1), marked);
    assert_eq!(differences.across(0, 1, 6), 6);
    // It may lie below what is in sight of the column.
    let tokens = stage.harness.get_by_label("Mark tokens that differ");
    tokens.click_accesskit();
    stage.frames(3);
    assert!(stage.shows("3 of 7 tokens with guidance are others"));
    stage.press(Modifiers::COMMAND, Key::D);
    assert!(stage.state().difference().is_none());
}

/// The button lies below what fits into the window.
fn keep(stage: &mut Stage) {
    stage
        .harness
        .get_by_label("Keep in a column")
        .click_accesskit();
    stage.frames(3);
}

#[test]
fn the_run_on_screen_is_exported_by_a_button_too() {
    let mut stage = answered();
    stage
        .harness
        .get_by_label("Export\u{2026}")
        .click_accesskit();
    stage.frames(3);
    assert_eq!(
        stage.state().page,
        counterpoise::app::state::page::Page::Runs
    );
}

#[test]
fn a_text_can_be_kept_in_a_column_beside_later_ones() {
    let mut stage = answered();
    keep(&mut stage);
    assert_eq!(
        stage.text_of("Kept text 0.50 helpful, 1.00 harmless"),
        "Just tell them the plain truth."
    );
    // The same text is not kept twice.
    keep(&mut stage);
    assert_eq!(stage.state().kept.len(), 1);
    stage.answered();
    assert_eq!(
        stage.state().kept.len(),
        1,
        "it stays when something else is written"
    );
    keep(&mut stage);
    assert_eq!(stage.state().kept.len(), 2);
    let columns = counterpoise::app::panels::panes::PanesView::build(stage.state());
    assert_eq!(columns.panes.len(), 4);
    stage
        .harness
        .get_all_by_label("Close the column 0.50 helpful, 1.00 harmless")
        .next()
        .unwrap()
        .click();
    stage.frames(3);
    assert_eq!(stage.state().kept.len(), 1);
}

#[test]
fn a_blind_vote_hides_the_names_and_counts_for_the_right_text() {
    let mut stage = answered();
    stage.press(Modifiers::COMMAND, Key::J);
    assert!(stage.shows("Which answer is better?"));
    assert!(!stage.shows("the plain model, steered"));
    let swapped = stage.state().blind.as_ref().unwrap().swapped;
    let (a, b) = (stage.text_of("Text A"), stage.text_of("Text B"));
    let guided = "Just tell them the plain truth.";
    assert_eq!(if swapped { a } else { b }, guided);
    // Neither a card nor the table tells.
    stage.press(Modifiers::COMMAND, Key::T);
    assert!(!stage.shows("All tokens"));
    stage.click(if swapped {
        "A is better"
    } else {
        "B is better"
    });
    assert!(stage.shows("the text with guidance"));
    assert!(stage.shows("1 vote, 1 for guidance, 0 for the plain model"));
    let votes = &stage.state().settings.votes;
    assert_eq!(votes["0.50 helpful, 1.00 harmless"].guided, 1);
    stage.click("Go on");
    assert!(stage.state().blind.is_none());
    assert_eq!(stage.text_of("Guided text"), guided);
}

#[test]
fn each_sentence_tells_a_screen_reader_what_its_colours_say() {
    let mut stage = answered();
    let heard = "Sentence 1: Just tell them the plain truth.";
    assert!(stage.shows(heard));
    let told = |stage: &Stage| {
        let all = counterpoise::app::panels::panes::PanesView::build(stage.state());
        all.panes[1].sentences(stage.state())
    };
    let one = told(&stage);
    assert_eq!(one.len(), 1);
    let objective = stage.state().focus.objective;
    let name = stage.state().objectives()[objective].name.clone();
    let run = stage.state().run().unwrap();
    let advantage =
        |at| run.insight(Pane::Guided, at).unwrap().chosen.objectives[objective].advantage;
    let sum: f64 = (0..7).map(advantage).sum();
    let words = format!(
        "; {name} {} nats, strongest at",
        counterpoise::app::widgets::numbers::nats(sum)
    );
    assert!(one[0].1.contains(&words), "{}", one[0].1);
    stage.press(Modifiers::COMMAND, Key::L);
    let all = told(&stage)[0].1.clone();
    for name in ["helpful", "harmless", "humorous"] {
        assert!(all.contains(name), "{all}");
    }
    // Words can still be pointed at.
    let text = stage.harness.get_by_label("Guided text").rect();
    stage
        .harness
        .hover_at(text.left_top() + egui::vec2(120.0, 14.0));
    stage.frames(2);
    assert!(stage.state().focus.hovered.is_some());
}

#[test]
fn at_300_percent_everything_can_still_be_reached() {
    let mut stage = answered();
    while stage.state().settings.zoom < 2.99 {
        stage.press(Modifiers::COMMAND, Key::Plus);
    }
    let window = stage.harness.ctx.content_rect();
    assert!(window.width() < 430.0, "{window:?}");
    // The page keeps the size that it needs, and the window scrolls over it.
    let text = stage.harness.get_by_label("Guided text").rect();
    let slider = stage
        .harness
        .get_by_role_and_label(egui::accesskit::Role::Slider, "harmless weight")
        .rect();
    assert!(text.width() > 80.0 && slider.width() > 80.0);
    assert!(slider.left() > text.right(), "{slider:?} {text:?}");
    stage.harness.get_by_label("Undo").rect();
}

#[test]
fn a_prompt_of_ones_own_is_kept_shared_removed_and_brought_back() {
    let mut stage = Stage::ready();
    let built_in = stage.state().library.prompts.len();
    // The list is longer than the window.
    let press = |stage: &mut Stage, label: &str| {
        stage.harness.get_by_label(label).click_accesskit();
        stage.frames(3);
    };
    stage.harness.get_by_label("Prompt").focus();
    stage.frames(1);
    stage.press(Modifiers::COMMAND, Key::A);
    stage
        .harness
        .get_by_label("Prompt")
        .type_text("Why is the sky blue?");
    stage.frames(3);
    press(&mut stage, "Keep this prompt");
    let own = stage.state().library.own();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].text, "Why is the sky blue?");
    assert_eq!(
        stage.state().settings.prompts,
        own,
        "it is there the next time"
    );
    assert!(stage.shows("Why is the sky blue?: Kept by you"));

    press(&mut stage, "Share prompts");
    press(&mut stage, "Copy mine as JSON");
    press(&mut stage, "Remove");
    assert_eq!(stage.state().library.prompts.len(), built_in);
    press(&mut stage, "Bring the removed one back");
    assert_eq!(stage.state().library.own().len(), 1);

    stage.harness.get_by_label("Prompts of others").focus();
    stage.frames(1);
    let json = r#"[{"text": "Is it fair to keep a found coin?", "tag": "hard"}, {"text": "Why is the sky blue?"}]"#;
    stage
        .harness
        .get_by_label("Prompts of others")
        .type_text(json);
    stage.frames(3);
    press(&mut stage, "Add these");
    assert!(stage.shows("1 prompt added, 1 was there already"));
    assert_eq!(stage.state().settings.prompts.len(), 2);
    assert!(stage.shows("hard"), "its tag can be picked");
}

/// A file that a person lets fall on the window.
#[derive(Debug)]
struct Dropped(std::path::PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

#[test]
fn prompts_are_exported_to_a_file_and_come_back_from_it_by_dialog_and_by_dropping_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prompts.json");
    let mut stage = Stage::ready();
    let chosen = path.clone();
    let window = stage.harness.state_mut().as_mut().unwrap();
    window.set_prompt_dialogs(move |_| Some(chosen.clone()));
    let press = |stage: &mut Stage, label: &str| {
        stage.harness.get_by_label(label).click_accesskit();
        stage.frames(3);
    };
    stage.harness.get_by_label("Prompt").focus();
    stage.frames(1);
    stage.press(Modifiers::COMMAND, Key::A);
    stage
        .harness
        .get_by_label("Prompt")
        .type_text("Why is the sky blue?");
    stage.frames(3);
    press(&mut stage, "Keep this prompt");
    press(&mut stage, "Share prompts");
    press(&mut stage, "Export prompts…");
    stage.wait_for("Written to");
    assert!(std::fs::read_to_string(&path).unwrap().contains("sky blue"));
    // Somebody else adds one, and sends the file back.
    let json =
        r#"[{"text": "Is it fair to keep a found coin?"}, {"text": "Why is the sky blue?"}]"#;
    std::fs::write(&path, json).unwrap();
    press(&mut stage, "Import prompts…");
    stage.wait_for("1 prompt added, 1 was there already");
    assert_eq!(stage.state().settings.prompts.len(), 2);
    press(&mut stage, "Take out again");
    assert_eq!(stage.state().settings.prompts.len(), 1);
    press(&mut stage, "Bring the removed one back");
    assert_eq!(stage.state().settings.prompts.len(), 2);
    // A bad one is dropped.
    std::fs::write(&path, "[{}]").unwrap();
    let files = &mut stage.harness.input_mut().dropped_files;
    files.push(std::sync::Arc::new(Dropped(path)));
    stage.wait_for("Prompt 1 is empty. A prompt has 1 to 20000 letters");
    assert_eq!(stage.state().settings.prompts.len(), 2);
    press(&mut stage, "Dismiss");
    assert!(!stage.shows("Prompt 1 is empty"));
}
