//! The recorded runs that come with the program open, and answer on their whole grid with no model.

use std::sync::Arc;

use counterpoise::demo::recordings::ALL;
use counterpoise::domain::{CancelToken, Pane, RunId, TokenId};
use counterpoise::error::Failure;
use counterpoise::record::{NEEDS_MODEL, Record, read};
use counterpoise::worker::{Beginning, Command, Event, GenerateRequest, WorkerHandle, start};

/// Largest recorded run: all of them are part of the program.
const LARGEST: usize = 300_000;

/// The guided text that the rows write under these weights.
fn answer(
    worker: &WorkerHandle,
    record: &Record,
    run: u64,
    weights: &[f64],
) -> Result<Vec<TokenId>, Failure> {
    worker
        .commands
        .send(Command::Generate(GenerateRequest {
            run: RunId(run),
            cancel: CancelToken::default(),
            prompt: record.prompt.clone(),
            weights: weights.into(),
            sampling: record.sampling.clone(),
            with_base: true,
            pace: None,
            beginning: Beginning::default(),
            live: false,
        }))
        .unwrap();
    let mut tokens = Vec::new();
    for event in &worker.events {
        if let Event::Failed { failure, .. } = event {
            return Err(failure);
        }
        if matches!(event, Event::Finished { .. }) {
            return Ok(tokens);
        }
        if let Event::Step { step, .. } = event
            && step.pane == Pane::Guided
        {
            tokens.push(step.step.token);
        }
    }
    panic!("the worker ended")
}

#[test]
fn recorded_runs_answer_on_their_grid_and_say_where_it_ends() {
    assert!(ALL.len() >= 2);
    for recording in ALL {
        let title = recording.title;
        assert!(recording.text.len() < LARGEST, "{title}");
        let record = Arc::new(read(recording.text).unwrap());
        assert!(record.branches.len() >= 9, "{title}");
        let worker = start(|| {}).unwrap();
        let replay = Command::Replay(Arc::clone(&record));
        worker.commands.send(replay).unwrap();
        let own = answer(&worker, &record, 1, &record.weights).unwrap();
        assert_eq!(own, record.guided.tokens(), "{title}");
        for (branch, run) in record.branches.iter().zip(2..) {
            let text = answer(&worker, &record, run, &branch.weights)
                .unwrap_or_else(|failure| panic!("{title} at {:?}: {failure}", branch.weights));
            assert_eq!(text, branch.tokens, "{title} at {:?}", branch.weights);
        }
        // Far beyond the grid another text is wanted.
        let mut far = record.weights.to_vec();
        far.fill(-8.0);
        let failure = answer(&worker, &record, 1000, &far).unwrap_err();
        assert_eq!(failure.summary, NEEDS_MODEL, "{title}");
        worker.commands.send(Command::Shutdown).unwrap();
    }
}
