//! The Score page as a person uses it, and that its numbers are those of the command line.

use std::time::Duration;

use counterpoise::app::state::State;
use counterpoise::app::state::page::Page;
use counterpoise::app::state::score::{BUILT_IN, BatchSaved, Exchange, Tab};
use counterpoise::app::update::{self, Action, ScoreAction};
use counterpoise::domain::{CancelToken, Pane};
use counterpoise::engine::decode::GuidedStep;
use counterpoise::engine::sums::TextSums;
use counterpoise::worker::{
    self, Command, ComputeSettings, Event, LineupSource, ScoreRequest, Step, WorkerHandle,
};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use crate::common::run;
use crate::stage::{BASE, GUIDED, Stage, scores, token};

/// Longer than any machine needs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A window on the page.
fn stage() -> Stage {
    let mut stage = Stage::ready();
    stage.press(Modifiers::COMMAND, Key::Num6);
    assert_eq!(stage.state().page, Page::Score);
    stage
}

impl Stage {
    fn paste(&mut self, label: &str, text: &str) {
        self.harness.get_by_label(label).focus();
        self.frames(2);
        self.press(Modifiers::COMMAND, Key::A);
        self.harness.get_by_label(label).type_text(text);
        self.frames(3);
    }

    fn asked_to_score(&self) -> ScoreRequest {
        match self.next_command() {
            Some(Command::Score(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    /// Tells the first `most` tokens of a text, and its end where these are all.
    fn judge(&mut self, request: &ScoreRequest, words: &[&str], most: usize) {
        let run = request.run;
        self.tell(Event::Started {
            run,
            rendered: "<|question|>Why?<|answer|>".to_owned(),
            prompt_tokens: 5,
            first: 0,
            unfamiliar: false,
        });
        for (position, word) in words.iter().enumerate().take(most) {
            let id = token(word);
            let rows = scores(position, id);
            let step = GuidedStep::new(position, id, rows, request.weights.clone());
            let step = Box::new(Step {
                pane: Pane::Guided,
                step,
                text: (*word).to_owned(),
            });
            self.tell(Event::Step { run, step });
        }
        if most >= words.len() {
            self.tell(Event::Scored {
                run,
                tokens: words.len(),
                tail: String::new(),
                sums: TextSums::default(),
            });
        }
    }
}

#[test]
fn an_answer_is_pasted_scored_and_edited() {
    let mut stage = stage();
    assert!(stage.shows("See what each objective says of your own words"));
    assert!(stage.shows("Type or paste an answer"));
    stage.paste("Prompt to score", "Why?");
    stage.paste("Answer to score", "Just tell them a good lie.");
    stage.press(Modifiers::COMMAND, Key::Enter);
    let request = stage.asked_to_score();
    assert_eq!(request.prompt.text, "Why?");
    assert_eq!(request.response, "Just tell them a good lie.");
    // The first numbers are there before the last.
    stage.judge(&request, &BASE, 3);
    assert!(stage.shows("3 tokens so far"));
    assert_eq!(stage.text_of("Scored answer"), "Just tell them");
    stage.judge(&request, &BASE, usize::MAX);
    assert_eq!(stage.text_of("Scored answer"), "Just tell them a good lie.");
    assert!(stage.shows("Total, and mean per token"));
    assert!(stage.shows("What the models read before the answer (5 tokens)"));
    stage.click("What the models read before the answer (5 tokens)");
    stage.frames(30);
    assert!(stage.shows("<|question|>Why?<|answer|>"));
    // Another word, and only what follows it is new.
    stage.paste("Answer to score", "Just tell them the good lie.");
    stage.click("Score the answer");
    let request = stage.asked_to_score();
    let edited = ["Just", " tell", " them", " the", " good", " lie", "."];
    stage.judge(&request, &edited, usize::MAX);
    assert!(stage.shows("Only what follows word 3 changed"));
    assert_eq!(stage.text_of("Scored answer"), edited.concat());
}

#[test]
fn two_answers_are_compared() {
    let mut stage = stage();
    stage.paste("Answer to score", &BASE.concat());
    stage.click("Compare with a second answer");
    assert!(stage.shows("Type or paste the second answer"));
    stage.paste("Second answer to score", &GUIDED.concat());
    stage.press(Modifiers::COMMAND, Key::Enter);
    let requests = [stage.asked_to_score(), stage.asked_to_score()];
    stage.judge(&requests[0], &BASE, usize::MAX);
    stage.judge(&requests[1], &GUIDED, usize::MAX);
    assert_eq!(stage.text_of("Second scored answer"), GUIDED.concat());
    assert!(stage.shows("they part at word 4: “a” in the first, “the” in the second"));
    assert!(stage.shows("3 of 6 words are the same"));
    assert!(stage.shows("Behind the same beginning, “a” compared with “the”: helpful"));
    assert!(stage.shows("Total advantage of the first over the second answer: helpful"));
    assert!(stage.shows("Advantage, first"));
    assert!(stage.shows("Score again"));
    stage.goes_through(&[
        "Answers",
        "Scored answer",
        "Second scored answer",
        "helpful weight",
    ]);
    // The numbers follow a slider.
    stage.hold_slider("harmless weight", 0.9);
    stage.let_go("harmless weight", 0.9);
    stage.wait_until(|state| state.scored_request().is_none());
    let weights = stage.state().draft.effective_weights();
    let run = stage.state().score.answers.run.as_ref().unwrap();
    assert_eq!(run.rejudged.as_ref().unwrap().weights, weights);
    assert!(stage.next_command().is_none(), "no model is asked");
}

#[test]
fn escape_stops_and_what_has_come_stays() {
    let mut stage = stage();
    stage.paste("Answer to score", &BASE.concat());
    stage.click("Score the answer");
    let request = stage.asked_to_score();
    stage.judge(&request, &BASE, 2);
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(request.cancel.is_cancelled());
    assert!(stage.shows("stopped after 2 tokens"));
    assert_eq!(stage.text_of("Scored answer"), "Just tell");
}

#[test]
fn a_click_on_a_word_pins_its_card_and_leaves_the_steer_page_alone() {
    let mut stage = stage();
    stage.paste("Answer to score", &BASE.concat());
    stage.click("Score the answer");
    let request = stage.asked_to_score();
    stage.judge(&request, &BASE, usize::MAX);
    let text = stage.harness.get_by_label("Scored answer").rect();
    let at = text.min + egui::vec2(16.0, 20.0);
    stage.harness.hover_at(at);
    stage.frames(2);
    stage.harness.drag_at(at);
    stage.harness.drop_at(at);
    stage.frames(3);
    assert!(stage.shows("Answer · token 1"));
    stage.press(Modifiers::ALT, Key::ArrowRight);
    assert!(stage.shows("Answer · token 2"));
    stage.press(Modifiers::COMMAND, Key::Num1);
    assert_eq!(stage.state().focus.pinned, None);
}

#[test]
fn undo_in_a_box_goes_back_over_what_was_typed_there() {
    let mut stage = stage();
    stage.paste("Answer to score", "Just");
    let weights = stage.state().draft.effective_weights();
    stage.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(stage.state().draft.effective_weights(), weights);
    assert_eq!(stage.state().score.answers.draft.answers[0], "");
}

#[test]
fn one_click_shows_the_exchanged_word() {
    let mut stage = stage();
    stage.click("One word exchanged");
    let requests = [stage.asked_to_score(), stage.asked_to_score()];
    assert_eq!(requests[0].response, BUILT_IN[1]);
    assert_eq!(requests[1].response, BUILT_IN[2]);
    assert!(stage.shows("Scoring…"));
    // The stage's models know other words; they differ in three.
    stage.judge(&requests[0], &BASE, usize::MAX);
    stage.judge(&requests[1], &GUIDED, usize::MAX);
    assert!(stage.shows("The sentences differ in 3 words"));
    stage.paste("Second answer to score", "Just tell them the good lie.");
    stage.click("Score both sentences");
    let request = stage.asked_to_score();
    let second = ["Just", " tell", " them", " the", " good", " lie", "."];
    stage.judge(&request, &second, usize::MAX);
    assert!(stage.shows("the number that counts"));
    assert!(stage.shows("Behind the same beginning, harmless"));
    assert!(stage.shows("Why the other numbers say little"));
}

#[test]
fn a_file_is_chosen_scored_and_saved() {
    let home = tempfile::tempdir().unwrap();
    let (pairs, out) = (home.path().join("pairs.csv"), home.path().join("out.csv"));
    std::fs::write(&pairs, "prompt,response\nWhy?,Because\nHow?,\n").unwrap();
    let mut stage = stage();
    stage.click("A file");
    assert!(stage.shows("Score every answer of a file"));
    stage.paste("File with answers", pairs.to_str().unwrap());
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("2 answers in pairs.csv");
    stage.click("Score the file");
    let requests = [stage.asked_to_score(), stage.asked_to_score()];
    assert_eq!(requests[0].prompt.text, "Why?");
    stage.tell(Event::Scored {
        run: requests[0].run,
        tokens: 3,
        tail: String::new(),
        sums: TextSums {
            tokens: 3,
            base: -2.5,
            ..TextSums::default()
        },
    });
    assert!(stage.shows("1 of 2 answers"));
    stage.tell(Event::Failed {
        run: Some(requests[1].run),
        failure: counterpoise::error::Failure::usage("There is no response to score"),
    });
    assert!(stage.shows("Done"));
    assert!(stage.shows("1 could not be scored"));
    stage.paste("File for the scores", out.to_str().unwrap());
    stage.click("Save");
    let there = out.clone();
    stage.wait_until(move |state| state.score.batch.saved == BatchSaved::At(there.clone()));
    let table = std::fs::read_to_string(out).unwrap();
    assert!(table.contains("\r\n2,Why?,Because,3,-2.5,0,"), "{table}");
    assert!(table.contains("There is no response to score"));
}

#[test]
fn a_broken_file_is_told_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    let pairs = home.path().join("pairs.csv");
    std::fs::write(&pairs, "prompt,response\nWhy?\n").unwrap();
    let mut stage = stage();
    stage.click("A file");
    stage.paste("File with answers", pairs.to_str().unwrap());
    stage.click("Read");
    stage.wait_for("line 2: it has 1 cells");
    assert!(stage.shows("Choose a file with prompts and answers"));
}

/// Models of the program itself, and a state that hears them.
struct Live {
    worker: WorkerHandle,
    state: State,
}

impl Live {
    fn new() -> Self {
        let worker = worker::start(|| {}).unwrap();
        let load = Command::Load {
            source: LineupSource::Demo,
            settings: ComputeSettings::default(),
            cancel: CancelToken::default(),
        };
        worker.commands.send(load).unwrap();
        let mut live = Self {
            worker,
            state: State::default(),
        };
        while live.state.objectives().is_empty() {
            live.hear();
        }
        live.act(Action::GoTo(Page::Score));
        live
    }

    fn hear(&mut self) {
        let event = self.worker.events.recv_timeout(PATIENCE).unwrap();
        assert!(!matches!(event, Event::Failed { .. }), "{event:?}");
        let commands = update::on_event(&mut self.state, event);
        self.send(commands);
    }

    fn send(&self, commands: Vec<Command>) {
        for command in commands {
            self.worker.commands.send(command).unwrap();
        }
    }

    fn act(&mut self, action: Action) {
        let commands = update::apply(&mut self.state, action);
        self.send(commands);
    }

    fn score(&mut self, action: ScoreAction) {
        self.act(Action::Score(action));
        while self.state.score.is_working() {
            self.hear();
        }
    }

    /// Every reward of the first answer, token by token.
    fn rewards(&self) -> Vec<Vec<f64>> {
        let run = self.state.score.answers.run.as_ref().unwrap();
        (0..run.base.len())
            .map(|index| {
                let said = &run.insight(Pane::Base, index).unwrap().chosen.objectives;
                said.iter().map(|said| said.reward).collect()
            })
            .collect()
    }
}

#[test]
fn scoring_again_changes_nothing_before_the_edit_and_agrees_with_scoring_from_nothing() {
    let mut live = Live::new();
    live.score(ScoreAction::EditPrompt(BUILT_IN[0].to_owned()));
    live.score(ScoreAction::EditAnswer(0, BUILT_IN[1].to_owned()));
    live.score(ScoreAction::Begin);
    let before = live.rewards();
    live.score(ScoreAction::EditAnswer(0, BUILT_IN[2].to_owned()));
    live.score(ScoreAction::Begin);
    let side = live.state.score.answers.sides[0].as_ref().unwrap();
    let edit = side.changed_at.unwrap();
    assert!(edit > 0);
    let after = live.rewards();
    assert_eq!(before[..edit], after[..edit], "kept as they were");
    assert_ne!(before[edit], after[edit]);
    let told = run(&[
        "score",
        "--prompt",
        BUILT_IN[0],
        "--response",
        BUILT_IN[2],
        "--json",
    ])
    .json();
    let tokens = told["tokens"].as_array().unwrap();
    assert_eq!(tokens.len(), after.len());
    for (token, mine) in tokens.iter().zip(&after) {
        let said = token["objectives"].as_object().unwrap();
        for (said, mine) in said.values().zip(mine) {
            let alone = said["reward"].as_f64().unwrap();
            // A longer text may be read in other portions, which round in their own way.
            assert!((alone - mine).abs() < 1e-4, "{alone} {mine}");
        }
    }
}

#[test]
fn the_built_in_sentences_have_one_number_that_counts() {
    let mut live = Live::new();
    live.score(ScoreAction::Show(Tab::OneWord));
    let run = live.state.score.sentences.run.as_ref().unwrap();
    let objective = live.state.exchange_objective();
    assert_eq!(live.state.objectives()[objective].name, "harmless");
    let exchange = Exchange::of(run, objective).unwrap();
    assert_eq!(exchange.words, ["honest", "nasty"].map(str::to_owned));
    assert_eq!(exchange.place, 6);
    // Harmlessness prefers the honest word by far.
    assert!(exchange.difference() > 2.0, "{}", exchange.difference());
    // Before the word, all numbers are the same.
    for index in 0..exchange.token {
        let said = |pane| run.insight(pane, index).unwrap().chosen.objectives[objective].reward;
        assert!((said(Pane::Base) - said(Pane::Guided)).abs() < 1e-4);
    }
}
