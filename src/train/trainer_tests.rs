//! Whole trainings on the thread, over a tiny base.

use std::path::Path;

use super::*;
use crate::model::config::{Config, LlamaShape};
use crate::train::base::Home;
use crate::train::config::{Projection, Settings};
use crate::train::data::Document;
use crate::train::tokenizer;
use crate::train::weights::Weights;

/// A base folder: a tokenizer of its own and random weights.
fn write_base(folder: &Path) {
    let text = "tell me how to fold a shirt, lay it flat and nobody knows\n".repeat(20);
    std::fs::create_dir(folder).unwrap();
    tokenizer::train(&[Document::Text(text)], 300, folder).unwrap();
    let (text, _) = Home::tokenizer(folder).text(&[], false).unwrap();
    let mut config = Config::llama_like(LlamaShape {
        vocab: text.size(),
        hidden: 16,
        intermediate: 32,
        layers: 2,
        heads: 2,
        kv_heads: 2,
        context: 128,
        tied: true,
    });
    config.eos = text.ends().to_vec();
    let mut weights = Weights::random(config, 5);
    // Else every token stays about as likely as every other, whatever is learnt.
    weights.sharpen(20.0);
    weights.save(folder).unwrap();
}

fn write_pairs(path: &Path, count: usize) {
    let pairs: Vec<serde_json::Value> = (0..count)
        .map(|i| {
            serde_json::json!({
                "prompt": format!("tell me how to fold shirt {i}"),
                "chosen": "lay it flat",
                "rejected": "nobody knows",
            })
        })
        .collect();
    std::fs::write(path, serde_json::to_vec(&pairs).unwrap()).unwrap();
}

fn order(dir: &Path) -> ArmOrder {
    let base = dir.join("base");
    if !base.exists() {
        write_base(&base);
        write_pairs(&dir.join("pairs.json"), 40);
    }
    ArmOrder {
        base: base.display().to_string(),
        data: dir.join("pairs.json"),
        out: dir.join("all").join("brief"),
        hold_out: Some(0.25),
        settings: Settings {
            epochs: 2,
            batch: 4,
            lr: 1e-2,
            warmup: 1,
            threads: Some(2),
            ..Settings::default()
        },
        ..ArmOrder::default()
    }
}

fn begin(trainer: &mut TrainerHandle, order: &ArmOrder, resume: bool) -> Control {
    let control = Control::default();
    assert!(trainer.send(Command::Start {
        run: RunId(1),
        order: Box::new(order.clone()),
        resume,
        control: control.clone(),
    }));
    control
}

fn trainer() -> TrainerHandle {
    start(&[], || {}).unwrap()
}

/// The next event, when it has come.
fn next(trainer: &TrainerHandle) -> Event {
    let events = trainer.events.as_ref().unwrap();
    events.recv_timeout(Duration::from_mins(2)).unwrap()
}

/// Takes events in until one is the wanted one.
fn until(trainer: &TrainerHandle, mut wanted: impl FnMut(&Event) -> bool) -> Event {
    loop {
        let event = next(trainer);
        if wanted(&event) {
            return event;
        }
        assert!(!matches!(event, Event::Failed(..)), "{event:?}");
    }
}

fn finished(event: &Event) -> bool {
    matches!(event, Event::Finished(..))
}

fn adapter(order: &ArmOrder) -> Vec<u8> {
    std::fs::read(order.out.join("adapter_model.safetensors")).unwrap()
}

#[test]
fn a_training_tells_its_steps_and_is_found_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let mut order = order(dir.path());
    // The preferred answer is the longer one, which is the less likely one to begin with: that takes some learning.
    order.settings.epochs = 8;
    order.loss.beta = 1.0;
    order.adapter.targets = Projection::ALL.to_vec();
    let mut trainer = trainer();
    begin(&mut trainer, &order, false);
    let Event::Data(_, data) = until(&trainer, |event| matches!(event, Event::Data(..))) else {
        unreachable!()
    };
    assert_eq!((data.examples, data.skipped.len()), (40, 0));
    let Event::Started(_, plan) = until(&trainer, |event| matches!(event, Event::Started(..)))
    else {
        unreachable!()
    };
    assert_eq!(
        (plan.steps, plan.examples, plan.eval_examples),
        (64, 30, 10)
    );
    let mut steps = 0;
    let end = until(&trainer, |event| {
        steps += u64::from(matches!(event, Event::Step(..)));
        finished(event)
    });
    assert_eq!(steps, 64);
    let Event::Finished(_, summary) = end else {
        unreachable!()
    };
    let eval = summary.eval.unwrap();
    let [low, high] = eval.eval_accuracy_95.unwrap();
    let share = eval.eval_accuracy.unwrap();
    assert!(
        low < share && share <= high && share > 0.7,
        "{low} {share} {high}"
    );
    trainer.send(Command::Look(dir.path().join("all")));
    let Event::Found(found) = until(&trainer, |event| matches!(event, Event::Found(_))) else {
        unreachable!()
    };
    assert_eq!(found[0].name, "brief");
    assert!(!found[0].can_go_on && found[0].record.result.is_some());
}

#[test]
fn a_run_waits_goes_on_and_ends_as_if_it_had_not_waited() {
    let dir = tempfile::tempdir().unwrap();
    let whole = order(dir.path());
    let waiting = ArmOrder {
        out: dir.path().join("waiting"),
        ..whole.clone()
    };
    let mut trainer = trainer();
    begin(&mut trainer, &whole, false);
    until(&trainer, finished);
    let control = begin(&mut trainer, &waiting, false);
    control.pause(true);
    let paused = until(&trainer, |event| matches!(event, Event::Paused(..)));
    let Event::Paused(_, step) = paused else {
        unreachable!()
    };
    assert!(step < 16);
    assert!(trainer.next().is_none(), "it waits");
    control.pause(false);
    until(&trainer, finished);
    assert!(adapter(&whole) == adapter(&waiting));
}

#[test]
fn a_stopped_run_is_found_again_and_goes_on_to_the_same_end() {
    let dir = tempfile::tempdir().unwrap();
    let whole = ArmOrder {
        out: dir.path().join("whole"),
        ..order(dir.path())
    };
    let mut first = trainer();
    begin(&mut first, &whole, false);
    until(&first, finished);
    let part = order(dir.path());
    let control = begin(&mut first, &part, false);
    until(
        &first,
        |event| matches!(event, Event::Step(_, report) if report.step == 5),
    );
    control.cancel.cancel();
    let end = until(&first, |event| matches!(event, Event::Stopped { .. }));
    assert!(
        matches!(
            end,
            Event::Stopped {
                step: 5..,
                saved: true,
                ..
            }
        ),
        "{end:?}"
    );
    drop(first);

    let mut second = trainer();
    second.send(Command::Look(dir.path().join("all")));
    let Event::Found(found) = next(&second) else {
        unreachable!()
    };
    assert!(found[0].can_go_on);
    let mut again = found[0].record.order.clone();
    again.settings.threads = Some(2);
    begin(&mut second, &again, true);
    let Event::Started(_, plan) = until(&second, |event| matches!(event, Event::Started(..)))
    else {
        unreachable!()
    };
    assert!(plan.resumed >= 5);
    until(&second, finished);
    assert!(adapter(&whole) == adapter(&part));
}

#[test]
fn a_window_that_closes_leaves_a_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let order = order(dir.path());
    let mut trainer = trainer();
    begin(&mut trainer, &order, false);
    until(&trainer, |event| matches!(event, Event::Step(..)));
    drop(trainer);
    assert!(order.out.join("checkpoint.safetensors").is_file());
    assert!(!order.out.join("adapter_model.safetensors").exists());
}

#[test]
fn what_fails_is_told_and_the_next_run_goes_well() {
    let dir = tempfile::tempdir().unwrap();
    let good = order(dir.path());
    let mut trainer = trainer();
    let nowhere = ArmOrder {
        data: dir.path().join("nowhere.jsonl"),
        ..good.clone()
    };
    begin(&mut trainer, &nowhere, false);
    let told = loop {
        if let Event::Failed(_, failure) = next(&trainer) {
            break failure;
        }
    };
    assert!(told.summary.contains("could not be read"), "{told:?}");
    begin(&mut trainer, &good, false);
    until(&trainer, finished);
}

#[test]
fn a_panic_becomes_an_event() {
    let (sender, events) = sync_channel(8);
    let outbox = Outbox {
        events: sender,
        wake: Box::new(|| {}),
    };
    outbox.guard(RunId(1), &Control::default(), |_| {
        panic!("index out of bounds")
    });
    let Event::Failed(_, failure) = events.recv().unwrap() else {
        panic!()
    };
    assert_eq!(failure.details.as_deref(), Some("index out of bounds"));
}
