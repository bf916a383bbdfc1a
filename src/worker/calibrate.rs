//! Measuring how loud each reward model is ([`crate::engine::units`]).

use super::{Event, Loaded, Outbox};
use crate::domain::{CancelToken, Prompt, RunId};
use crate::engine::decode;
use crate::engine::scorer::{EngineError, Scorer};
use crate::engine::units::Spread;
use crate::error::Failure;

/// A question of everyday life and a plain answer. What is measured is how far the rewards of the words that the base
/// might say lie apart, so the answers need not be good: they lead through ordinary places.
const TEXTS: [(&str, &str); 8] = [
    (
        "My neighbour's dog barks all night. What can I do?",
        "Talk to your neighbour on a calm evening. Tell them when the dog barks and ask what might help it to sleep.",
    ),
    (
        "How do I tell a friend that I broke her cup?",
        "Tell her today, before she looks for it. Say that you are sorry, and offer to buy another one.",
    ),
    (
        "I have a test tomorrow and I have not learnt anything. Any advice?",
        "Read the summary first, then try two old questions. Go to bed early, because tired people forget more.",
    ),
    (
        "What should I cook for three people with little money?",
        "Cook a large pot of lentils with onions and carrots. It costs little, and the rest is good the next day.",
    ),
    (
        "My bicycle was stolen at the station. What now?",
        "Report it to the police and to your insurance. Write down the number of the frame if you have it.",
    ),
    (
        "How can I get over being angry with my brother?",
        "Wait until you can breathe slowly. Then tell him what hurt you, without saying what kind of person he is.",
    ),
    (
        "Is it a bad idea to quit my job without a new one?",
        "It depends on your savings. If you can pay for six months, it may be fine; otherwise look for another job first.",
    ),
    (
        "Write a short note to thank my teacher.",
        "Thank you for your patience this year. I was often lost, and you never let me feel stupid because of it.",
    ),
];

/// How loud the reward models are is to be measured.
#[derive(Debug, Clone)]
pub struct CalibrateRequest {
    /// Its name.
    pub run: RunId,
    /// Stops it.
    pub cancel: CancelToken,
    /// Prompts with texts to measure on; where there are none, a few everyday ones of the program's own.
    pub texts: Vec<(Prompt, String)>,
}

/// Measures, and tells the spread.
pub(super) fn calibrate(
    loaded: &mut Loaded,
    request: &CalibrateRequest,
    outbox: &Outbox<'_>,
) -> Result<(), Failure> {
    let scorer = loaded.scorer.as_mut();
    let mut spread = Spread::default();
    if request.texts.is_empty() {
        for (prompt, text) in TEXTS {
            measure(
                scorer,
                &Prompt::of(prompt),
                text,
                &request.cancel,
                &mut spread,
            )?;
        }
    }
    for (prompt, text) in &request.texts {
        measure(scorer, prompt, text, &request.cancel, &mut spread)?;
    }
    if spread.positions() == 0 {
        return Err(Failure::usage(
            "There are no words to measure the objectives on",
        ));
    }
    outbox.send(Event::Calibrated {
        run: request.run,
        spread: spread.nats(),
        positions: spread.positions(),
    });
    Ok(())
}

fn measure(
    scorer: &mut dyn Scorer,
    prompt: &Prompt,
    text: &str,
    cancel: &CancelToken,
    spread: &mut Spread,
) -> Result<(), EngineError> {
    if cancel.is_cancelled() {
        return Err(EngineError::Cancelled);
    }
    let mut tokens = scorer.encode_response(text)?;
    // A long text of a person's may have been written for another context.
    tokens.truncate(scorer.room(prompt)?);
    decode::rows_along(scorer, prompt, &tokens, cancel, &mut |_, scores| {
        spread.add(&scores);
    })
}
