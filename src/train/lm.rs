//! Language models: from random weights, or onwards from weights that are there.

use super::checkpoint::Store;
use super::config::Settings;
use super::error::TrainError;
use super::events::Observer;
use super::examples::{Examples, TextExample};
use super::net::pass::Network;
use super::run::{Job, Summary};
use super::weights::Weights;
use crate::domain::CancelToken;

/// Trains all weights to make the counted tokens of `examples` likely; `eval` only judges.
///
/// With a `store`, checkpoints are written there, and an earlier one is continued where the store says so.
///
/// # Errors
/// Settings or examples that cannot be; a full disk; an interruption; a loss that is no number.
pub fn train(
    settings: &Settings,
    mut weights: Weights,
    examples: &[TextExample],
    eval: &[TextExample],
    store: Option<&Store>,
    observer: &mut dyn Observer,
    cancel: &CancelToken,
) -> Result<(Weights, Summary), TrainError> {
    let (train, eval) = (Examples::Texts(examples), Examples::Texts(eval));
    let positions = train.longest().max(eval.longest());
    let job = Job {
        settings,
        network: Network::new(weights.config.clone(), None, positions),
        frozen: &[],
        trained: std::mem::take(&mut weights.values),
        preference: None,
        train,
        eval,
        store,
    };
    let (values, summary) = job.run(observer, cancel)?;
    weights.values = values;
    Ok((weights, summary))
}
