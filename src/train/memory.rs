//! Whether a training fits into memory, asked before any of it is taken.

use super::config::{AdapterSettings, Settings};
use super::error::TrainError;
use super::net::layout::Layout;
use super::run::{GRAD_BUDGET, TAPE_BUDGET};
use crate::memory::free_bytes;
use crate::model::config::Config;

/// Bytes of a number.
const NUMBER: u64 = 4;

/// The most memory that a training takes at once, bytes: the base is read into one form and copied into another; then each
/// thread has its activations and, like the optimiser, its copy of what is trained.
#[must_use]
pub(super) fn needed(
    config: &Config,
    adapter: Option<&AdapterSettings>,
    settings: &Settings,
) -> u64 {
    let base = Layout::new(config).len as u64;
    let trained = match adapter {
        None => base,
        // A and B of every changed product; the widest of a block stands for all.
        Some(adapter) => {
            let widest = config.hidden_size + config.intermediate_size.max(config.hidden_size);
            (config.layers * adapter.targets.len() * adapter.rank * widest) as u64
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = settings.threads.unwrap_or(cores) as u64;
    let gradients = (threads * trained * NUMBER).min(GRAD_BUDGET as u64);
    let learning = gradients + 3 * trained * NUMBER + threads * TAPE_BUDGET as u64;
    base * NUMBER + learning.max(base * NUMBER)
}

/// Checks that a training fits.
///
/// # Errors
/// It does not.
pub(super) fn check(
    config: &Config,
    adapter: Option<&AdapterSettings>,
    settings: &Settings,
) -> Result<(), TrainError> {
    let need = needed(config, adapter, settings);
    match free_bytes() {
        Some(free) if need > free => Err(TrainError::Memory { need, free }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::LlamaShape;

    fn config(layers: usize, hidden: usize) -> Config {
        Config::llama_like(LlamaShape {
            vocab: 32_000,
            hidden,
            intermediate: hidden * 8 / 3,
            layers,
            heads: 32,
            kv_heads: 32,
            context: 2048,
            tied: false,
        })
    }

    #[test]
    fn a_large_base_is_refused_before_it_is_read_and_a_small_one_is_not() {
        let settings = Settings {
            threads: Some(1),
            ..Settings::default()
        };
        let adapter = AdapterSettings::default();
        // 6.7 billion parameters: in single precision, twice while it is read.
        let large = needed(&config(32, 4096), Some(&adapter), &settings);
        assert!((50..56).contains(&(large / 1_000_000_000)), "{large}");
        let small = needed(&config(2, 64), Some(&adapter), &settings);
        assert!(small < 1 << 30, "{small}");
        assert!(check(&config(2, 64), Some(&adapter), &settings).is_ok());
        let immense = check(&config(4000, 16_384), Some(&adapter), &settings);
        let words = immense.unwrap_err().to_string();
        assert!(words.contains("GB of memory"), "{words}");
    }
}
